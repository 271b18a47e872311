/* object_rules - rule files and requests for the tests of object and edit.
 * Ownership  the caller frees the policy                                                    */
#ifndef PULLGATE_TESTS_OBJECT_RULES_H
#define PULLGATE_TESTS_OBJECT_RULES_H

#include "test.h"

#include "object/object.h"
#include "rules/rules.h"

static inline struct policy *load_rules(const char *spec) {
    static const struct rules_options options = {.now_s = 1795000000};
    char text[2048];
    struct policy *p = NULL;
    struct err err = ERR_INIT;
    snprintf(text, sizeof text, "apiVersion: pullgate/v1\nkind: ImagePolicy\nspec:\n%s", spec);
    assert_ok(rules_parse(&p, str_of(text), "rules.yaml", &options, &err), &err);
    return p;
}

static inline struct object_request plain_request(void) {
    static const struct opt_list no_groups = {.n = 0};
    return (struct object_request){.user = "", .groups = &no_groups, .now_s = 1795000000};
}

#endif
