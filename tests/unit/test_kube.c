#include "mem_fault.h"
#include "test.h"

#include "kube/kube.h"
#include "json/json.h"

#include <stdlib.h>
#include <unistd.h>

/* ---- lines --------------------------------------------------------------------------------- */

struct seen {
    char text[512];
    struct buf all; /* "line|" each */
    unsigned left;  /* lines until false */
};

static bool take(void *arg, char *line, size_t n) {
    struct seen *s = arg;
    buf_add(&s->all, line, n);
    buf_putc(&s->all, '|');
    memset(line, '#', n + JSON_PADDING); /* as json_parse() may */
    return s->left == 0 || --s->left != 0;
}

static void seen_init(struct seen *s) {
    *s = (struct seen){.left = 0};
    s->all = (struct buf)BUF_OVER(s->text, sizeof s->text);
}

static void lines_are_the_same_however_they_arrive(void **state) {
    (void)state;
    static const struct str stream = STR_INIT("{\"a\":1}\n\n\r\n{\"b\":2}\r\nccc\nrest");
    for (size_t piece = 1; piece <= stream.n; piece++) {
        struct kube_lines l = {.max = 100};
        struct seen s;
        struct err err = ERR_INIT;
        seen_init(&s);
        for (size_t at = 0; at < stream.n; at += piece)
            assert_ok(kube_lines_add(&l, str_slice(stream, at, at + piece), take, &s, &err),
                      &err);
        assert_str(buf_view(&s.all), STR("{\"a\":1}|{\"b\":2}|ccc|"));
        assert_str(((struct str){l.line.p, l.line.n}), STR("rest"));
        kube_lines_done(&l);
    }
}

static void a_long_line_is_an_error_not_memory(void **state) {
    (void)state;
    struct kube_lines l = {.max = 8};
    struct seen s;
    struct err err = ERR_INIT;
    seen_init(&s);
    assert_ok(kube_lines_add(&l, STR("12345678\n"), take, &s, &err), &err);
    assert_int_equal(kube_lines_add(&l, STR("123456789\n"), take, &s, &err), EC_LIMIT);
    kube_lines_done(&l);
    err = (struct err)ERR_INIT;
    for (int i = 0; i < 8; i++)
        assert_ok(kube_lines_add(&l, STR("x"), take, &s, &err), &err);
    assert_int_equal(kube_lines_add(&l, STR("x"), take, &s, &err), EC_LIMIT);
    assert_str(buf_view(&s.all), STR("12345678|"));
    kube_lines_done(&l);
}

static void a_user_who_has_enough_gets_no_more(void **state) {
    (void)state;
    struct kube_lines l = {.max = 100};
    struct seen s;
    struct err err = ERR_INIT;
    seen_init(&s);
    s.left = 2;
    assert_ok(kube_lines_add(&l, STR("a\nb\nc\n"), take, &s, &err), &err);
    assert_str(buf_view(&s.all), STR("a|b|"));
    kube_lines_done(&l);
}

/* ---- events -------------------------------------------------------------------------------- */

static enum ec parse(struct kube_line *out, struct json *j, struct kube_bytes *b,
                     struct str text, struct err *err) {
    b->n = 0;
    assert_int_equal(kube_bytes_add(b, text, SIZE_MAX, err), EC_OK);
    return kube_line_parse(out, j, b->p, b->n, err);
}

#define META                                                                                   \
    "\"metadata\":{\"name\":\"n\",\"namespace\":\"s\",\"uid\":\"u\",\"resourceVersion\":"      \
    "\"7\"}"

static void events_are_read(void **state) {
    (void)state;
    static const struct {
        const char *line;
        enum ec ec;
        enum kube_event event;
        const char *name, *version, *reason;
        unsigned status;
    } rows[] = {
        {"{\"type\":\"ADDED\",\"object\":{" META "}}", EC_OK, KUBE_EVENT_SET, "n", "7", "", 0},
        {"{\"object\":{" META "},\"type\":\"MODIFIED\"}", EC_OK, KUBE_EVENT_SET, "n", "7", "",
         0},
        {"{\"type\":\"DELETED\",\"object\":{" META "}}", EC_OK, KUBE_EVENT_GONE, "n", "7", "",
         0},
        {"{\"type\":\"BOOKMARK\",\"object\":{\"kind\":\"Secret\",\"metadata\":{"
         "\"resourceVersion\":\"9\"}}}",
         EC_OK, KUBE_EVENT_BOOKMARK, "", "9", "", 0},
        {"{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":410,\"reason\":"
         "\"Expired\"}}",
         EC_OK, KUBE_EVENT_ERROR, "", "", "Expired", 410},
        {"{\"type\":\"ERROR\",\"object\":{\"code\":99999999999}}", EC_OK, KUBE_EVENT_ERROR, "",
         "", "", 0},
        {"{\"type\":\"ERROR\",\"object\":[]}", EC_SCHEMA, 0, NULL, NULL, NULL, 0},
        {"{\"type\":\"ERROR\"}", EC_SCHEMA, 0, NULL, NULL, NULL, 0},
        {"{\"type\":\"CHANGED\",\"object\":{" META "}}", EC_SCHEMA, 0, NULL, NULL, NULL, 0},
        {"{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"n\"}}}", EC_SCHEMA, 0, NULL,
         NULL, NULL, 0},
        {"{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"resourceVersion\":\"7\"}}}",
         EC_SCHEMA, 0, NULL, NULL, NULL, 0},
        {"{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"n\",\"resourceVersion\":7}}"
         "}",
         EC_SCHEMA, 0, NULL, NULL, NULL, 0},
        {"{\"type\":\"ADDED\"}", EC_SCHEMA, 0, NULL, NULL, NULL, 0},
        {"[]", EC_SCHEMA, 0, NULL, NULL, NULL, 0},
        {"{\"type\":\"ADDED\",\"obj", EC_SYNTAX, 0, NULL, NULL, NULL, 0},
        {"<html>", EC_SYNTAX, 0, NULL, NULL, NULL, 0},
    };
    struct json j = JSON_INIT;
    struct kube_bytes b = {.p = NULL};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct kube_line line = {.status = 0};
        struct err err = ERR_INIT;
        if (parse(&line, &j, &b, str_of(rows[i].line), &err) != rows[i].ec)
            fail_row("%s: found %s (%s)", rows[i].line, ec_name(err.code), err.msg);
        if (rows[i].ec != EC_OK)
            continue;
        assert_int_equal(line.event, rows[i].event);
        assert_str(line.object.name, str_of(rows[i].name));
        assert_str(line.object.resource_version, str_of(rows[i].version));
        assert_str(line.reason, str_of(rows[i].reason));
        assert_int_equal(line.status, rows[i].status);
    }
    kube_bytes_done(&b);
    json_done(&j);
}

/* What cannot be read may hold a password. */
static void errors_quote_no_bytes(void **state) {
    (void)state;
    static const char *const lines[] = {"{\"hunter2\":1,\"hunter2\":2}", "{\"hunter2",
                                        "{\"type\":\"hunter2\",\"object\":{" META "}}",
                                        "hunter2"};
    struct json j = JSON_INIT;
    struct kube_bytes b = {.p = NULL};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct kube_line line;
        struct err err = ERR_INIT;
        assert_int_not_equal(parse(&line, &j, &b, str_of(lines[i]), &err), EC_OK);
        if (strstr(err.msg, "hunter2") != NULL)
            fail_row("%s: found %s", lines[i], err.msg);
    }
    kube_bytes_done(&b);
    json_done(&j);
}

/* ---- pauses -------------------------------------------------------------------------------- */

static void pauses_double_up_to_a_limit(void **state) {
    (void)state;
    static const uint64_t at_least[] = {800, 1600, 3200, 6400, 12800, 25600, 30000, 30000};
    for (uint64_t seed = 0; seed < 100; seed++) {
        struct kube_backoff b = {.random = seed};
        for (size_t i = 0; i < sizeof at_least / sizeof *at_least; i++) {
            uint64_t ms = kube_backoff_next_ms(&b);
            assert_in_range(ms, at_least[i], 2 * at_least[i] - 1);
        }
    }
}

static void pauses_of_two_clients_differ(void **state) {
    (void)state;
    struct kube_backoff a = {.random = 1}, b = {.random = 2};
    unsigned same = 0;
    for (int i = 0; i < 20; i++)
        same += kube_backoff_next_ms(&a) == kube_backoff_next_ms(&b);
    assert_true(same < 5);
}

static void a_pause_that_is_asked_for_is_bounded(void **state) {
    (void)state;
    static const struct {
        const char *value;
        bool is;
        uint64_t ms;
    } rows[] = {{"1", true, 1000},
                {" 30\r\n", true, 30000},
                {"0", true, 0},
                {"99999", true, 300000},
                {"4294967295", true, 300000},
                {"4294967296", false, 0},
                {"-1", false, 0},
                {"", false, 0},
                {"Fri, 31 Dec 1999 23:59:59 GMT", false, 0},
                {"1.5", false, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint64_t ms = 0;
        if (kube_retry_after(str_of(rows[i].value), &ms) != rows[i].is || ms != rows[i].ms)
            fail_row("\"%s\": found %llu", rows[i].value, (unsigned long long)ms);
    }
}

/* ---- configuration ------------------------------------------------------------------------- */

static void the_server_of_a_pod(void **state) {
    (void)state;
    static const struct {
        const char *host, *port, *server;
    } rows[] = {{"10.96.0.1", "443", "https://10.96.0.1:443"},
                {"fd00::1", "443", "https://[fd00::1]:443"},
                {NULL, "443", NULL},
                {"10.96.0.1", NULL, NULL},
                {"", "", NULL}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf out = BUF_INIT(1000);
        struct err err = ERR_INIT;
        enum ec ec = kube_server_in_cluster(&out, rows[i].host, rows[i].port, &err);
        assert_int_equal(ec, rows[i].server ? EC_OK : EC_USAGE);
        assert_str(buf_view(&out), str_of(rows[i].server));
        buf_done(&out);
    }
}

static const char *write_file(char path[], const char *text) {
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    return path;
}

static void a_client_is_refused_what_it_cannot_use(void **state) {
    (void)state;
    static const struct {
        const char *server, *token, *part; /* part of the message; NULL: it is made */
    } rows[] = {{"https://127.0.0.1:1", "secret\n", NULL},
                {"http://127.0.0.1:1", "secret", NULL},
                {"http://10.0.0.1:1", "secret", "expected https://"},
                {"ftp://127.0.0.1", "secret", "expected https://"},
                {NULL, "secret", "expected https://"},
                {"https://127.0.0.1:1", "", "empty"},
                {"https://127.0.0.1:1", "a\nX-Evil: 1", "control character"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char path[] = "/tmp/test_kube.XXXXXX";
        struct kube_config config = {.server = rows[i].server,
                                     .token_file = write_file(path, rows[i].token)};
        struct kube *k = NULL;
        struct err err = ERR_INIT;
        enum ec ec = kube_new(&k, &config, &err);
        unlink(path);
        if ((ec == EC_OK) != (rows[i].part == NULL) ||
            (rows[i].part != NULL && strstr(err.msg, rows[i].part) == NULL))
            fail_row("row %zu: found %s", i, err.msg);
        assert_null(strstr(err.msg, "secret"));
        kube_free(k);
    }
}

/* ---- out of memory --------------------------------------------------------------------------- */

static void answer(void *arg, const struct kube_answer *a) {
    (void)a;
    *(bool *)arg = true;
}

static void news(void *arg, enum kube_news what, const struct kube_object *object) {
    (void)object;
    *(bool *)arg = what == KUBE_TROUBLE;
}

/* Nobody listens on the port: both functions hear of it. */
static enum ec ask_nobody(struct err *err) {
    struct kube_config config = {.server = "http://127.0.0.1:1", .token_file = NULL};
    bool answered = false, told = false;
    struct kube_call call = {.verb = KUBE_APPLY,
                             .resource = STR("secrets"),
                             .namespace = STR("a"),
                             .name = STR("b"),
                             .body = STR("{}"),
                             .attempts = 1,
                             .answer = answer,
                             .arg = &answered};
    struct kube_watch_config watch = {.resource = STR("secrets"), .news = news, .arg = &told};
    struct kube *k = NULL;
    struct kube_watch *w;
    enum ec ec = kube_new(&k, &config, err);
    if (ec == EC_OK)
        ec = kube_send(k, &call, err);
    if (ec == EC_OK)
        ec = kube_watch_start(&w, k, &watch, err);
    for (int i = 0; i < 1000 && ec == EC_OK && !(answered && told); i++)
        ec = kube_run(k, -1, 100, err);
    kube_free(k);
    return ec != EC_OK || (answered && told) ? ec : err_set(err, EC_BUG, "no answer");
}

static void each_allocation_may_fail(void **state) {
    (void)state;
    for (size_t n = 1; n < 20000; n++) {
        struct err err = ERR_INIT;
        size_t live = mem_fault_live();
        mem_fault_arm(n, MEM_FAULT_ONCE);
        enum ec ec = ask_nobody(&err);
        bool hit = mem_fault_disarm();
        /* libcurl may go on without some of its memory, or an answer may have the failure */
        if (ec != EC_OK && ec != EC_NOMEM)
            fail_row("allocation %zu: %s", n, err.msg);
        assert_int_equal(mem_fault_live(), live);
        if (!hit)
            return;
    }
    fail();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_the_same_however_they_arrive),
        cmocka_unit_test(a_long_line_is_an_error_not_memory),
        cmocka_unit_test(a_user_who_has_enough_gets_no_more),
        cmocka_unit_test(events_are_read),
        cmocka_unit_test(errors_quote_no_bytes),
        cmocka_unit_test(pauses_double_up_to_a_limit),
        cmocka_unit_test(pauses_of_two_clients_differ),
        cmocka_unit_test(a_pause_that_is_asked_for_is_bounded),
        cmocka_unit_test(the_server_of_a_pod),
        cmocka_unit_test(a_client_is_refused_what_it_cannot_use),
        cmocka_unit_test(each_allocation_may_fail),
    };
    struct err err = ERR_INIT;
    if (kube_init(&err) != EC_OK)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    kube_quit();
    return failed;
}
