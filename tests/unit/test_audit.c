/* The queue of audit lines and a pipe that no one reads for a while. */
#include "test.h"

#include "audit/audit.h"
#include "base/clock.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <termios.h>
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

enum { QUEUE_BYTES = 1 << 16 };

static struct audit *open_queue(int fd, enum audit_when_full when_full) {
    struct audit *a = NULL;
    struct err err = ERR_INIT;
    assert_ok(audit_open(&a, fd, QUEUE_BYTES, when_full, &err), &err);
    return a;
}

static struct audit *open_audit(int fd) {
    return open_queue(fd, AUDIT_BLOCK);
}

static int64_t in_ms(int ms) {
    return clock_mono_ns() + (int64_t)ms * 1000000;
}

static void wait_until_taken(struct audit *a) {
    struct audit_stats stats = {.pending_bytes = 1};
    while (stats.pending_bytes != 0)
        audit_stats(a, &stats);
}

/* Until no further line fits: the thread has taken the first one, and waits with it. */
static unsigned fill_queue(struct audit *a) {
    unsigned n = 1;
    assert_true(audit_write(a, line, 0));
    wait_until_taken(a);
    while (n <= 2 * QUEUE_BYTES / line.n && audit_write(a, line, 0))
        n++;
    return n;
}

static void flush_waits_for_the_last_line(void **state) {
    (void)state;
    int fds[2], n = fill_pipe(fds);
    char bytes[4096];
    struct audit_stats last;
    struct audit *a = open_audit(fds[1]);
    assert_true(audit_flush(NULL, 0));
    assert_true(audit_flush(a, 0));
    assert_true(audit_write(a, line, 0));
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
    assert_true(audit_write(a, line, 0));
    audit_close(a, 0, &last);
    assert_int_equal(last.written, 0);
    assert_int_equal(last.dropped, 1);
    assert_int_equal(last.failed, 0);
    close(fds[0]);
    close(fds[1]);
}

/* A thread waits until its deadline; those after it not at all, until bytes move again. */
static void a_wait_has_its_end(void **state) {
    (void)state;
    int fds[2], full = fill_pipe(fds);
    char bytes[4096];
    struct audit_stats stats;
    struct audit *a = open_audit(fds[1]);
    unsigned n = fill_queue(a);
    int64_t before_ns = clock_mono_ns();
    assert_false(audit_write(a, line, in_ms(50)));
    assert_false(audit_write(a, line, in_ms(3600 * 1000))); /* in vain already */
    audit_stats(a, &stats);
    assert_true(stats.unrecorded >= 2);
    assert_true(stats.dropped == stats.unrecorded && stats.written == 0);
    assert_true(stats.stalled_ns > 0 && stats.stalled_ns >= clock_mono_ns() - before_ns);
    while (full > 0)
        full -= (int)read(fds[0], bytes, sizeof bytes);
    fcntl(fds[0], F_SETFL, O_NONBLOCK);
    while (!audit_flush(a, 1))
        while (read(fds[0], bytes, sizeof bytes) > 0)
            ;
    assert_true(audit_write(a, line, in_ms(60000)));
    assert_true(audit_flush(a, 60000));
    audit_close(a, 0, &stats);
    assert_int_equal(stats.written, n + 1);
    assert_int_equal(stats.stalled_ns, 0);
    close(fds[0]);
    close(fds[1]);
}

static void what_is_dropped_is_no_refusal(void **state) {
    (void)state;
    int fds[2];
    struct audit_stats last;
    (void)fill_pipe(fds);
    struct audit *a = open_queue(fds[1], AUDIT_DROP);
    for (unsigned i = 0; i <= 2 * QUEUE_BYTES / line.n; i++)
        assert_true(audit_write(a, line, 0));
    audit_close(a, 0, &last);
    assert_int_equal(last.dropped, 2 * QUEUE_BYTES / line.n + 1);
    assert_int_equal(last.unrecorded, 0);
    close(fds[0]);
    close(fds[1]);
}

static void *wait_for_ever(void *a) {
    return (void *)(intptr_t)audit_write(a, line, in_ms(3600 * 1000));
}

static void the_end_calls_those_that_wait(void **state) {
    (void)state;
    int fds[2];
    pthread_t waiter;
    void *queued;
    (void)fill_pipe(fds);
    struct audit *a = open_audit(fds[1]);
    assert_true(audit_write(a, line, 0));
    wait_until_taken(a); /* and the thread takes no more */
    for (unsigned i = 0; i < QUEUE_BYTES / line.n; i++)
        assert_true(audit_write(a, line, 0));
    assert_int_equal(pthread_create(&waiter, NULL, wait_for_ever, a), 0);
    audit_wait_no_more(a);
    pthread_join(waiter, &queued);
    assert_null(queued);
    audit_close(a, 0, NULL);
    close(fds[0]);
    close(fds[1]);
}

static void read_bytes(int fd, size_t n) {
    char bytes[4096];
    for (size_t left = n; left > 0;) {
        ssize_t got = read(fd, bytes, left < sizeof bytes ? left : sizeof bytes);
        assert_true(got > 0);
        left -= (size_t)got;
    }
}

static void read_lines(int fd, unsigned n) {
    read_bytes(fd, n * line.n);
}

/* No other line follows, and nothing is flushed: the read has no end otherwise. */
static void a_line_needs_no_other_one(void **state) {
    (void)state;
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    struct audit *a = open_audit(fds[1]);
    for (unsigned n = 1; n <= 3; n++) { /* in a rest of the thread, and after one */
        for (unsigned i = 0; i < n; i++)
            assert_true(audit_write(a, line, in_ms(60000)));
        read_lines(fds[0], n);
    }
    audit_close(a, 0, NULL);
    close(fds[0]);
    close(fds[1]);
}

/* At least twenty milliseconds are between two writes. However slow this test runs, that bounds their number. */
static void lines_that_come_one_by_one_are_written_together(void **state) {
    (void)state;
    enum { REST_MS = 20, TIMES = 10, LINES_MAX = 4000 };
    int fds[2];
    struct audit_stats stats;
    assert_int_equal(pipe(fds), 0);
    struct audit *a = open_audit(fds[1]);
    int64_t start_ns = clock_mono_ns(), end_ns = in_ms(TIMES * REST_MS);
    unsigned n = 0;
    for (; n < LINES_MAX && clock_mono_ns() < end_ns; n++) {
        assert_true(audit_write(a, line, in_ms(60000)));
        poll(NULL, 0, 1);
    }
    audit_stats(a, &stats);
    int64_t took_ms = (clock_mono_ns() - start_ns) / 1000000;
    assert_true(stats.writes >= 1 && stats.writes <= (uint64_t)took_ms / REST_MS + 1);
    assert_true(audit_flush(a, 60000));
    read_lines(fds[0], n);
    audit_close(a, 0, &stats);
    assert_int_equal(stats.written, n);
    close(fds[0]);
    close(fds[1]);
}

/* A burst is one write to a pipe that is empty, though it is longer than what a pipe takes in one piece from
 * several writers. */
static void a_burst_is_one_write(void **state) {
    (void)state;
    enum { LINES = 1000 };
    int fds[2];
    struct audit_stats before, after;
    struct buf lines = BUF_INIT(QUEUE_BYTES);
    assert_int_equal(pipe(fds), 0);
    if (fcntl(fds[1], F_GETPIPE_SZ) < QUEUE_BYTES)
        skip(); /* the user has too many pipes for one of full size */
    for (unsigned i = 0; i < LINES; i++)
        buf_str(&lines, line);
    struct audit *a = open_audit(fds[1]);
    audit_stats(a, &before);
    assert_true(audit_write(a, buf_view(&lines), in_ms(60000)));
    assert_true(audit_flush(a, 60000));
    audit_stats(a, &after);
    assert_int_equal(after.writes - before.writes, 1);
    assert_int_equal(after.written, LINES);
    read_lines(fds[0], LINES);
    audit_close(a, 0, NULL);
    buf_done(&lines);
    close(fds[0]);
    close(fds[1]);
}

/* The thread rests, its output is read, and the next line has no room beside the one that waits. */
static void no_line_is_dropped_for_a_rest(void **state) {
    (void)state;
    static char bytes[QUEUE_BYTES];
    int fds[2];
    struct audit_stats last;
    memset(bytes, 'x', sizeof bytes);
    bytes[sizeof bytes - 1] = '\n';
    assert_int_equal(pipe(fds), 0);
    struct audit *a = open_queue(fds[1], AUDIT_DROP);
    assert_true(audit_write(a, line, in_ms(60000)));
    assert_true(audit_flush(a, 60000));
    assert_true(audit_write(a, line, in_ms(60000)));
    assert_true(audit_write(a, (struct str){bytes, sizeof bytes}, in_ms(60000)));
    audit_stats(a, &last);
    assert_int_equal(last.dropped, 0);
    read_bytes(fds[0], 2 * line.n + sizeof bytes);
    audit_close(a, 60000, &last);
    assert_int_equal(last.dropped, 0);
    assert_int_equal(last.written, 3);
    close(fds[0]);
    close(fds[1]);
}

/* A terminal that polls writable may still block a write(2), as a pipe does that others write to. No one
 * reads it, ever, and the end comes all the same. */
static void a_write_that_never_returns_stops_no_end(void **state) {
    (void)state;
    struct termios raw;
    struct audit_stats last;
    int far = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(far >= 0 && grantpt(far) == 0 && unlockpt(far) == 0);
    int near = open(ptsname(far), O_RDWR | O_NOCTTY);
    assert_true(near >= 0 && tcgetattr(near, &raw) == 0);
    cfmakeraw(&raw);
    assert_int_equal(tcsetattr(near, TCSANOW, &raw), 0);
    struct audit *a = open_audit(near);
    unsigned n = 0;
    while (audit_write(a, line, in_ms(200)))
        n++;
    audit_close(a, 0, &last);
    assert_int_equal(last.dropped + last.written, n + 1); /* the last one found no room */
    close(far); /* `near` stays: the thread that was left behind writes to it */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flush_waits_for_the_last_line),
        cmocka_unit_test(without_patience_lines_are_dropped_and_counted),
        cmocka_unit_test(a_wait_has_its_end),
        cmocka_unit_test(what_is_dropped_is_no_refusal),
        cmocka_unit_test(the_end_calls_those_that_wait),
        cmocka_unit_test(a_line_needs_no_other_one),
        cmocka_unit_test(lines_that_come_one_by_one_are_written_together),
        cmocka_unit_test(a_burst_is_one_write),
        cmocka_unit_test(no_line_is_dropped_for_a_rest),
        cmocka_unit_test(a_write_that_never_returns_stops_no_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
