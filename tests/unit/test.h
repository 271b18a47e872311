/* test - our asserts over cmocka, in one file, since cmocka 2 renames some of its own.
 * Use     include this instead of <cmocka.h>; TEST_MAIN(unit_test_list) ends a test file
 * Source  cmocka 1.1.5 (Debian bookworm)                                                    */
#ifndef PULLGATE_TESTS_TEST_H
#define PULLGATE_TESTS_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/str.h"

/* Fails with both texts shown. */
#define assert_str(actual, expected)                                                           \
    test_assert_str(actual, expected, #actual, __FILE__, __LINE__)

static inline void test_assert_str(struct str actual, struct str expected, const char *what,
                                   const char *file, int line) {
    if (str_eq(actual, expected))
        return;
    print_error("%s:\n  found    \"%.*s\"\n  expected \"%.*s\"\n", what, STR_ARG(actual),
                STR_ARG(expected));
    _fail(file, line);
}

/* Fails with the error's code and text shown. */
#define assert_ok(call, err) test_assert_ok((call), (err), #call, __FILE__, __LINE__)

static inline void test_assert_ok(enum ec ec, const struct err *err, const char *what,
                                  const char *file, int line) {
    if (ec == EC_OK)
        return;
    print_error("%s: %s: %s\n", what, ec_name(ec), err->msg);
    _fail(file, line);
}

/* A row of a table failed: say which one. */
#define fail_row(...)                                                                          \
    do {                                                                                       \
        print_error(__VA_ARGS__);                                                              \
        print_error("\n");                                                                     \
        _fail(__FILE__, __LINE__);                                                             \
    } while (0)

#define TEST_MAIN(tests)                                                                       \
    int main(void) {                                                                           \
        return cmocka_run_group_tests(tests, NULL, NULL);                                      \
    }

#endif
