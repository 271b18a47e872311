#include "test.h"

#include "mem_watch.h"

#include "metrics/metrics.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- the text -------------------------------------------------------------------------- */

static const struct metrics_family plain = {
    .name = "a_total", .help = "Things.", .type = METRICS_COUNTER};
static const struct metrics_family labelled = {.name = "b",
                                               .help = "One \\ two\nthree \"four\".",
                                               .type = METRICS_GAUGE,
                                               .labels = {"x", "y"}};

static void heads_say_help_and_type(void **state) {
    (void)state;
    struct buf b = BUF_INIT(1000);
    metrics_head(&b, &plain);
    metrics_head(&b, &labelled);
    assert_str(buf_view(&b), STR("# HELP a_total Things.\n# TYPE a_total counter\n"
                                 "# HELP b One \\\\ two\\nthree \"four\".\n# TYPE b gauge\n"));
    buf_done(&b);
}

static void numbers_are_exact(void **state) {
    (void)state;
    static const struct {
        int64_t value;
        unsigned decimals;
        const char *text;
    } rows[] = {
        {0, 0, "0"},
        {0, 9, "0"},
        {-1, 0, "-1"},
        {1, 9, "0.000000001"},
        {-1, 9, "-0.000000001"},
        {10000, 9, "0.00001"},
        {2500000000, 9, "2.5"},
        {1000000000, 9, "1"},
        {123, 2, "1.23"},
        {120, 2, "1.2"},
        {100, 2, "1"},
        {1795221670753980, 6, "1795221670.75398"},
        {INT64_MAX, 0, "9223372036854775807"},
        {INT64_MIN, 0, "-9223372036854775808"},
        {INT64_MAX, 9, "9223372036.854775807"},
        {INT64_MIN, 18, "-9.223372036854775808"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct metrics_family f = plain;
        struct buf b = BUF_INIT(100), expected = BUF_INIT(100);
        f.decimals = rows[i].decimals;
        buf_printf(&expected, "a_total %s\n", rows[i].text);
        metrics_sample(&b, &f, NULL, rows[i].value);
        if (!str_eq(buf_view(&b), buf_view(&expected)))
            fail_row("row %zu: found %.*s, expected %s", i, STR_ARG(buf_view(&b)),
                     rows[i].text);
        buf_done(&b);
        buf_done(&expected);
    }
}

static void label_values_may_be_any_bytes(void **state) {
    (void)state;
    static const struct {
        struct str value, text;
    } rows[] = {
        {STR_INIT(""), STR_INIT("")},
        {STR_INIT("airbyte-jobs"), STR_INIT("airbyte-jobs")},
        {STR_INIT("a\"b"), STR_INIT("a\\\"b")},
        {STR_INIT("a\\b"), STR_INIT("a\\\\b")},
        {STR_INIT("a\nb"), STR_INIT("a\\nb")},
        {STR_INIT("\\n"), STR_INIT("\\\\n")},
        {STR_INIT("\"} 1\nevil 2"), STR_INIT("\\\"} 1\\nevil 2")},
        {STR_INIT("\xc3\xa9\xe2\x82\xac"), STR_INIT("\xc3\xa9\xe2\x82\xac")},
        {STR_INIT("a\xff"), STR_INIT("a\xef\xbf\xbd")},
        {STR_INIT("\xed\xa0\x80"), STR_INIT("\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd")},
        {STR_INIT("a\xe2\x82"), STR_INIT("a\xef\xbf\xbd\xef\xbf\xbd")},
        {STR_INIT("a\tb{}=,"), STR_INIT("a\tb{}=,")},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf b = BUF_INIT(1000), expected = BUF_INIT(1000);
        const struct metrics_set set = {{rows[i].value, STR("z")}};
        buf_printf(&expected, "b{x=\"%.*s\",y=\"z\"} -5\n", STR_ARG(rows[i].text));
        metrics_sample(&b, &labelled, &set, -5);
        if (!str_eq(buf_view(&b), buf_view(&expected)))
            fail_row("row %zu: found %.*s", i, STR_ARG(buf_view(&b)));
        buf_done(&b);
        buf_done(&expected);
    }
}

static void a_full_buffer_is_noticed(void **state) {
    (void)state;
    struct buf b = BUF_INIT(20);
    metrics_head(&b, &plain);
    assert_int_equal(b.bad, EC_LIMIT);
    buf_done(&b);
}

/* ---- counting -------------------------------------------------------------------------- */

enum { WRITERS = 4, ROUNDS = 200000 };

struct lane {
    struct metrics_cell before, n;
    struct metrics_histogram h;
    struct metrics_cell behind;
};

static const int64_t bounds[] = {10, 20, 1000};

static void buckets_are_cumulative(void **state) {
    (void)state;
    static const int64_t values[] = {0, 10, 11, 20, 21, 1000, 1001, INT64_C(5000000000)};
    static const struct metrics_family family = {.name = "h_seconds",
                                                 .help = "Times.",
                                                 .type = METRICS_HISTOGRAM,
                                                 .decimals = 3,
                                                 .labels = {"path"},
                                                 .bounds = bounds,
                                                 .n_bounds = 3};
    const struct metrics_set set = {{STR("/m")}};
    struct metrics_lanes lanes;
    struct err err = ERR_INIT;
    struct buf b = BUF_INIT(10000);
    assert_ok(metrics_lanes_init(&lanes, 2, sizeof(struct lane), &err), &err);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        metrics_observe(&((struct lane *)metrics_lane(&lanes, i % 2))->h, bounds, 3, values[i]);
    metrics_histogram(&b, &family, &set, &lanes, &((struct lane *)metrics_lane(&lanes, 0))->h);
    assert_str(buf_view(&b), STR("h_seconds_bucket{path=\"/m\",le=\"0.01\"} 2\n"
                                 "h_seconds_bucket{path=\"/m\",le=\"0.02\"} 4\n"
                                 "h_seconds_bucket{path=\"/m\",le=\"1\"} 6\n"
                                 "h_seconds_bucket{path=\"/m\",le=\"+Inf\"} 8\n"
                                 "h_seconds_sum{path=\"/m\"} 5000002.063\n"
                                 "h_seconds_count{path=\"/m\"} 8\n"));
    buf_reset(&b);
    struct metrics_family bare = family;
    bare.labels[0] = NULL;
    metrics_histogram(&b, &bare, NULL, &lanes, &((struct lane *)metrics_lane(&lanes, 0))->h);
    assert_true(str_starts(buf_view(&b), STR("h_seconds_bucket{le=\"0.01\"} 2\n")));
    assert_true(str_ends(buf_view(&b), STR("h_seconds_sum 5000002.063\nh_seconds_count 8\n")));
    buf_done(&b);
    metrics_lanes_done(&lanes);
}

static void lanes_stand_apart_and_begin_at_zero(void **state) {
    (void)state;
    struct metrics_lanes lanes;
    struct err err = ERR_INIT;
    for (size_t bytes = 8; bytes < 300; bytes += 8) {
        assert_ok(metrics_lanes_init(&lanes, 3, bytes, &err), &err);
        for (unsigned i = 0; i < 3; i++) {
            char *lane = metrics_lane(&lanes, i);
            assert_int_equal((uintptr_t)lane % 64, 0);
            for (size_t k = 0; k < bytes; k++)
                assert_int_equal(lane[k], 0);
            memset(lane, (int)i + 1, bytes); /* stays inside, or asan says so */
        }
        metrics_lanes_done(&lanes);
    }
    assert_int_equal(metrics_lanes_init(&lanes, UINT32_MAX, SIZE_MAX / 8, &err), EC_NOMEM);
}

static void *count(void *arg) {
    struct lane *lane = arg;
    for (int i = 0; i < ROUNDS; i++) {
        metrics_add(&lane->before, 1);
        metrics_add(&lane->n, 3);
        metrics_observe(&lane->h, bounds, 3, i % 30);
        metrics_add(&lane->before, UINT64_MAX);
    }
    return NULL;
}

static void nothing_is_lost_between_writers_and_reader(void **state) {
    (void)state;
    struct metrics_lanes lanes;
    struct err err = ERR_INIT;
    pthread_t threads[WRITERS];
    uint64_t last = 0;
    assert_ok(metrics_lanes_init(&lanes, WRITERS, sizeof(struct lane), &err), &err);
    const struct lane *first = metrics_lane(&lanes, 0);
    for (unsigned i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count, metrics_lane(&lanes, i)), 0);
    for (int i = 0; i < 1000; i++) {
        uint64_t now = metrics_total(&lanes, &first->n);
        assert_true(now >= last && now % 3 == 0);
        last = now;
        assert_true(metrics_total(&lanes, &first->before) <= WRITERS);
    }
    for (unsigned i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(metrics_total(&lanes, &first->n), 3 * WRITERS * ROUNDS);
    assert_int_equal(metrics_total(&lanes, &first->before), 0);
    assert_int_equal(metrics_total(&lanes, &first->behind), 0);
    uint64_t observed = 0;
    for (size_t i = 0; i <= METRICS_BUCKETS; i++)
        observed += metrics_total(&lanes, &first->h.buckets[i]);
    assert_int_equal(observed, WRITERS * ROUNDS);
    metrics_lanes_done(&lanes);
}

/* ---- label sets ------------------------------------------------------------------------ */

static void sets_are_found_again_and_bounded(void **state) {
    (void)state;
    enum { MAX = 3, OTHERWISE = 77 };
    struct metrics_sets sets;
    struct err err = ERR_INIT;
    char name[] = "one";
    assert_ok(metrics_sets_init(&sets, MAX, &err), &err);
    const struct metrics_set a = {{STR("x"), str_of(name)}}, b = {{STR("x"), STR("two")}},
                             c = {{STR("x"), STR("one"), STR("z")}},
                             d = {{STR("xo"), STR("ne")}};
    assert_int_equal(metrics_sets_slot(&sets, &a, OTHERWISE), 0);
    name[0] = '?'; /* it was copied */
    const struct metrics_set again = {{STR("x"), STR("one")}};
    assert_int_equal(metrics_sets_slot(&sets, &again, OTHERWISE), 0);
    assert_int_equal(metrics_sets_slot(&sets, &b, OTHERWISE), 1);
    assert_int_equal(metrics_sets_slot(&sets, &c, OTHERWISE), 2);
    assert_int_equal(metrics_sets_slot(&sets, &d, OTHERWISE), OTHERWISE);
    assert_int_equal(metrics_sets_slot(&sets, &c, OTHERWISE), 2);
    assert_int_equal(atomic_load(&sets.n), MAX);
    assert_str(sets.v[0].values[1], STR("one"));
    metrics_sets_done(&sets);
}

static void sets_without_memory_are_counted_elsewhere(void **state) {
    (void)state;
    struct metrics_sets sets;
    struct err err = ERR_INIT;
    enum { BIG = 20000 };
    char *big = test_malloc(BIG);
    memset(big, 'x', BIG);
    const struct metrics_set a = {{STR_NONE, {big, BIG}}}, b = {{STR("small")}};
    assert_ok(metrics_sets_init(&sets, 4, &err), &err);
    mem_fail_at = 0;
    assert_int_equal(metrics_sets_slot(&sets, &a, 9), 9);
    mem_fail_at = -1;
    assert_int_equal(atomic_load(&sets.n), 0);
    assert_int_equal(metrics_sets_slot(&sets, &b, 9), 0);
    assert_int_equal(metrics_sets_slot(&sets, &a, 9), 1);
    metrics_sets_done(&sets);
    test_free(big);
}

static void no_memory_is_an_error(void **state) {
    (void)state;
    struct metrics_sets sets;
    struct metrics_lanes lanes;
    struct err err = ERR_INIT;
    mem_fail_at = 0;
    assert_int_equal(metrics_lanes_init(&lanes, 2, 64, &err), EC_NOMEM);
    err = (struct err)ERR_INIT;
    assert_int_equal(metrics_sets_init(&sets, 4, &err), EC_NOMEM);
    mem_fail_at = -1;
}

/* ---- the process ----------------------------------------------------------------------- */

/* The value of a family's only line; fails when it is not there, or twice. */
static double value_of(struct str text, const char *name) {
    struct buf line = BUF_INIT(200);
    buf_printf(&line, "\n%s ", name);
    const char *hit = memmem(text.p, text.n, line.p, line.n);
    if (hit == NULL)
        fail_row("%s is missing in\n%.*s", name, STR_ARG(text));
    double value = strtod(hit + line.n, NULL);
    struct str rest = {hit + 1, text.n - (size_t)(hit + 1 - text.p)};
    if (memmem(rest.p, rest.n, line.p, line.n) != NULL)
        fail_row("%s is there twice", name);
    buf_done(&line);
    return value;
}

static void print_process(struct buf *b, int64_t now_us) {
    struct metrics_process process;
    buf_reset(b);
    metrics_process_init(&process, now_us);
    metrics_process_print(b, &process);
    buf_putc(b, '\0'); /* for strtod */
    assert_int_equal(b->bad, EC_OK);
}

static void the_process_is_seen(void **state) {
    (void)state;
    struct buf b = BUF_INIT(10000);
    const int64_t now_s = 1800000000;
    print_process(&b, now_s * 1000000);
    double resident = value_of(buf_view(&b), "process_resident_memory_bytes");
    double started = value_of(buf_view(&b), "process_start_time_seconds");
    assert_true(resident > 100000);
    assert_true(value_of(buf_view(&b), "process_virtual_memory_bytes") >= resident);
    assert_true(value_of(buf_view(&b), "process_max_fds") == (double)sysconf(_SC_OPEN_MAX));
    assert_true(value_of(buf_view(&b), "process_cpu_seconds_total") >= 0);
    assert_true(started <= (double)now_s + 1 && started > (double)now_s - 3600);
    buf_done(&b);
}

static void open_descriptors_are_counted(void **state) {
    (void)state;
    enum { MORE = 100 }; /* more than the 64 that one call looks at */
    struct buf b = BUF_INIT(10000);
    int fds[MORE];
    print_process(&b, 1);
    double before = value_of(buf_view(&b), "process_open_fds");
    assert_true(before >= 3);
    for (int i = 0; i < MORE; i++) {
        fds[i] = dup(STDERR_FILENO);
        assert_true(fds[i] >= 0);
    }
    print_process(&b, 1);
    assert_true(value_of(buf_view(&b), "process_open_fds") == before + MORE);
    for (int i = 0; i < MORE; i++)
        close(fds[i]);
    print_process(&b, 1);
    assert_true(value_of(buf_view(&b), "process_open_fds") == before);
    buf_done(&b);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(heads_say_help_and_type),
    cmocka_unit_test(numbers_are_exact),
    cmocka_unit_test(label_values_may_be_any_bytes),
    cmocka_unit_test(a_full_buffer_is_noticed),
    cmocka_unit_test(buckets_are_cumulative),
    cmocka_unit_test(lanes_stand_apart_and_begin_at_zero),
    cmocka_unit_test(nothing_is_lost_between_writers_and_reader),
    cmocka_unit_test(sets_are_found_again_and_bounded),
    cmocka_unit_test(sets_without_memory_are_counted_elsewhere),
    cmocka_unit_test(no_memory_is_an_error),
    cmocka_unit_test(the_process_is_seen),
    cmocka_unit_test(open_descriptors_are_counted),
};

TEST_MAIN(tests)
