/* The queue of audit lines and a pipe that nobody reads for a while. */
#include "test.h"

#include "audit/audit.h"

#include <fcntl.h>
#include <unistd.h>

static const struct str line = STR_INIT("{\"a\":\"line\"}\n");

/* A full pipe: the thread that writes waits for it. */
static int fill_pipe(int fds[2]) {
    static const char bytes[4096];
    assert_int_equal(pipe(fds), 0);
    fcntl(fds[1], F_SETFL, O_NONBLOCK);
    int n = 0;
    for (ssize_t put; (put = write(fds[1], bytes, sizeof bytes)) > 0;)
        n += (int)put;
    return n;
}

static struct audit *open_audit(int fd) {
    struct audit *a = NULL;
    struct err err = ERR_INIT;
    assert_ok(audit_open(&a, fd, 1 << 16, AUDIT_BLOCK, &err), &err);
    return a;
}

static void flush_waits_for_the_last_line(void **state) {
    (void)state;
    int fds[2], n = fill_pipe(fds);
    char bytes[4096];
    struct audit_stats last;
    struct audit *a = open_audit(fds[1]);
    assert_true(audit_flush(NULL, 0));
    assert_true(audit_flush(a, 0));
    audit_write(a, line);
    assert_false(audit_flush(a, 0));
    assert_false(audit_flush(a, 20));
    while (n > 0)
        n -= (int)read(fds[0], bytes, sizeof bytes);
    assert_true(audit_flush(a, 60000));
    audit_stats(a, &last);
    assert_int_equal(last.written, 1);
    assert_int_equal(read(fds[0], bytes, sizeof bytes), line.n);
    assert_memory_equal(bytes, line.p, line.n);
    audit_close(a, 0, &last);
    assert_int_equal(last.written, 1);
    assert_int_equal(last.dropped, 0);
    close(fds[0]);
    close(fds[1]);
}

static void without_patience_lines_are_dropped_and_counted(void **state) {
    (void)state;
    int fds[2];
    struct audit_stats last;
    (void)fill_pipe(fds);
    struct audit *a = open_audit(fds[1]);
    audit_write(a, line);
    audit_close(a, 0, &last);
    assert_int_equal(last.written, 0);
    assert_int_equal(last.dropped, 1);
    assert_int_equal(last.failed, 0);
    close(fds[0]);
    close(fds[1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flush_waits_for_the_last_line),
        cmocka_unit_test(without_patience_lines_are_dropped_and_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
