/* Addresses and HTTP, over plain sockets. */
#include "server_fixture.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

static void bad_addresses_are_usage_errors(void **state) {
    (void)state;
    static const char *const rows[] = {
        "",         "127.0.0.1",      ":9443",         "127.0.0.1:", "127.0.0.1:65536",
        "[::1]",    "[::1",           "::1:9443",      "[]:9443",    "localhost:9443",
        "1.2.3:80", "127.0.0.1:80 ",  "127.0.0.1:+80", "[::1]9443",  "[127.0.0.1]:9443",
        "[::1]:-1", "256.0.0.1:9443", "[::1%lo]:9443"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct server_config config = fixture_config();
        struct err err = ERR_INIT;
        struct server *s = NULL;
        config.listen = rows[i];
        if (server_start(&s, &config, &err) != EC_USAGE ||
            strstr(err.msg, "expected HOST:PORT") == NULL || strstr(err.msg, rows[i]) == NULL)
            fail_row("row \"%s\": %s", rows[i], err.msg);
        assert_null(s);
    }
}

static void address_in_use_is_an_io_error(void **state) {
    (void)state;
    struct server *s = fixture_start_default();
    struct server_config config = fixture_config();
    struct err err = ERR_INIT;
    struct server *second = NULL;
    config.listen = server_address(s);
    assert_int_equal(server_start(&second, &config, &err), EC_IO);
    assert_int_equal(err.os, EADDRINUSE);
    assert_non_null(strstr(err.msg, server_address(s)));
    server_stop(s);
}

static void zero_limits_are_usage_errors(void **state) {
    (void)state;
    struct server_config config = fixture_config();
    struct err err = ERR_INIT;
    struct server *s = NULL;
    config.max_in_flight = 0;
    assert_int_equal(server_start(&s, &config, &err), EC_USAGE);
    assert_non_null(strstr(err.msg, "max_in_flight"));
}

static void address_and_port_are_the_real_ones(void **state) {
    (void)state;
    static const char *const rows[][2] = {{"127.0.0.1:0", "127.0.0.1:"}, {"[::]:0", "[::]:"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct server_config config = fixture_config();
        struct err err = ERR_INIT;
        struct server *s = NULL;
        char expected[64];
        config.listen = rows[i][0];
        if (server_start(&s, &config, &err) != EC_OK) {
            assert_int_equal(err.os, EAFNOSUPPORT); /* a machine without IPv6 */
            continue;
        }
        snprintf(expected, sizeof expected, "%s%u", rows[i][1], server_port(s));
        assert_string_equal(server_address(s), expected);
        struct client *c = client_new(server_port(s)); /* [::] takes IPv4 too */
        assert_int_equal(client_ask(c, get_inspect), 200);
        client_free(c);
        server_stop(s);
    }
}

static void one_connection_serves_many(void **state) {
    (void)state;
    struct server *s = fixture_start_default();
    struct client *c = client_new(server_port(s));
    for (int i = 0; i < 200; i++) {
        struct reply r;
        char body[32];
        int n = snprintf(body, sizeof body, "{\"n\":%d}", i);
        client_post(c, "/echo", "application/json", body, (size_t)n, &r);
        assert_int_equal(r.status, 200);
        assert_string_equal(r.body, body);
        reply_done(&r);
    }
    assert_int_equal(fixture_stats(s).connections_accepted, 1);
    assert_int_equal(fixture_stats(s).requests, 200);
    client_free(c);
    server_stop(s);
}

static void replies_carry_the_headers(void **state) {
    (void)state;
    struct server *s = fixture_start_default();
    struct client *c = client_new(server_port(s));
    struct reply r;
    client_post(c, "/echo", "application/json", "{}", 2, &r);
    assert_string_equal(reply_header(&r, "Content-Type"), "application/json");
    assert_string_equal(reply_header(&r, "Content-Length"), "2");
    assert_string_equal(reply_header(&r, "Cache-Control"), "no-store");
    assert_string_equal(reply_header(&r, "Retry-After"), "");
    assert_string_not_equal(reply_header(&r, "Connection"), "close");
    reply_done(&r);
    client_free(c);
    server_stop(s);
}

static void pipelined_requests_are_answered_in_turn(void **state) {
    (void)state;
    struct server *s = fixture_start_default();
    struct client *c = client_new(server_port(s));
    client_puts(c, "POST /echo HTTP/1.1\r\n" HOST JSON_TYPE "Content-Length: 3\r\n\r\none"
                   "GET /nope HTTP/1.1\r\n" HOST "\r\n"
                   "POST /echo HTTP/1.1\r\n" HOST JSON_TYPE "Content-Length: 5\r\n\r\nthree");
    static const char *const bodies[] = {
        "one",
        ("{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\","
         "\"message\":\"no such path\",\"reason\":\"NotFound\",\"code\":404}\n"),
        "three"};
    for (size_t i = 0; i < 3; i++) {
        struct reply r;
        client_read(c, true, &r);
        assert_int_equal(r.status, i == 1 ? 404 : 200);
        assert_string_equal(r.body, bodies[i]);
        reply_done(&r);
    }
    client_free(c);
    server_stop(s);
}

static void requests_may_come_byte_by_byte(void **state) {
    (void)state;
    struct server *s = fixture_start_default();
    struct client *c = client_new(server_port(s));
    for (const char *p = post_echo; *p; p++)
        client_send(c, p, 1);
    struct reply r;
    client_read(c, true, &r);
    assert_int_equal(r.status, 200);
    assert_string_equal(r.body, "body");
    reply_done(&r);
    client_free(c);
    server_stop(s);
}

/* Each row on its own connection: the answer, and then the connection closes or works. */
static void refusals_say_why(void **state) {
    (void)state;
    static const struct {
        const char *name, *request;
        unsigned status;
        const char *allow;
        bool closes;
    } rows[] = {
        {"path", "GET /nope HTTP/1.1\r\n" HOST "\r\n", 404, "", false},
        {"longer path", "GET /inspect/ HTTP/1.1\r\n" HOST "\r\n", 404, "", false},
        {"root", "POST / HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n{}", 404, "", false},
        {"path with NUL", "GET /inspect%00/x HTTP/1.1\r\n" HOST "\r\n", 404, "", false},
        {"path in capitals", "GET /INSPECT HTTP/1.1\r\n" HOST "\r\n", 404, "", false},
        {"GET to POST", "GET /echo HTTP/1.1\r\n" HOST "\r\n", 405, "POST", false},
        {"DELETE to POST", "DELETE /echo HTTP/1.1\r\n" HOST "\r\n", 405, "POST", false},
        {"POST to GET", "POST /get HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n{}", 405,
         "GET, HEAD", false},
        {"PUT to both", "PUT /inspect HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\nx", 405,
         "GET, HEAD, POST", false},
        {"lower-case method", "get /get HTTP/1.1\r\n" HOST "\r\n", 405, "GET, HEAD", false},
        {"OPTIONS", "OPTIONS /get HTTP/1.1\r\n" HOST "\r\n", 405, "GET, HEAD", false},
        {"no type", "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n{}", 415, "",
         false},
        {"text",
         "POST /echo HTTP/1.1\r\n" HOST
         "Content-Type: text/json\r\nContent-Length: 2\r\n\r\n{}",
         415, "", false},
        {"longer type",
         "POST /echo HTTP/1.1\r\n" HOST
         "Content-Type: application/json5\r\nContent-Length: 2\r\n\r\n{}",
         415, "", false},
        {"patch type",
         "POST /echo HTTP/1.1\r\n" HOST
         "Content-Type: application/json-patch+json\r\nContent-Length: 2\r\n\r\n{}",
         415, "", false},
        {"chunked text",
         "POST /echo HTTP/1.1\r\n" HOST "Content-Type: text/plain\r\n"
         "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
         415, "", false},
        {"empty", "POST /echo HTTP/1.1\r\n" HOST JSON_TYPE "Content-Length: 0\r\n\r\n", 400, "",
         false},
        {"too large, waits",
         "POST /echo HTTP/1.1\r\n" HOST JSON_TYPE
         "Content-Length: 100001\r\nExpect: 100-continue\r\n\r\n",
         413, "", true},
        {"absurdly large",
         "POST /echo HTTP/1.1\r\n" HOST JSON_TYPE "Content-Length: 99999999999\r\n\r\n", 413,
         "", true},
        {"beyond 64 bits",
         "POST /echo HTTP/1.1\r\n" HOST JSON_TYPE
         "Content-Length: 99999999999999999999\r\n\r\n",
         413, "", true},
        {"two lengths",
         "POST /echo HTTP/1.1\r\n" HOST JSON_TYPE
         "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
         400, "", true},
        {"two lengths that differ",
         "POST /echo HTTP/1.1\r\n" HOST JSON_TYPE
         "Content-Length: 2\r\nContent-Length: 4\r\n\r\n{}  ",
         400, "", true},
        {"length and chunks",
         "POST /echo HTTP/1.1\r\n" HOST JSON_TYPE "Content-Length: 2\r\n"
         "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
         400, "", true},
        {"unknown encoding",
         "POST /echo HTTP/1.1\r\n" HOST JSON_TYPE "Transfer-Encoding: gzip\r\n\r\n{}", 400, "",
         true},
        {"two encodings in one",
         "POST /echo HTTP/1.1\r\n" HOST JSON_TYPE
         "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
         400, "", true},
        {"two encodings",
         "POST /echo HTTP/1.1\r\n" HOST JSON_TYPE "Transfer-Encoding: chunked\r\n"
         "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         400, "", true},
        {"chunks in 1.0",
         "POST /echo HTTP/1.0\r\n" HOST JSON_TYPE "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         400, "", true},
        {"space before colon",
         "POST /echo HTTP/1.1\r\n" HOST JSON_TYPE "Content-Length : 2\r\n\r\n{}", 400, "",
         true},
        {"length of letters",
         "POST /echo HTTP/1.1\r\n" HOST JSON_TYPE "Content-Length: two\r\n\r\n{}", 400, "",
         true},
        {"negative length",
         "POST /echo HTTP/1.1\r\n" HOST JSON_TYPE "Content-Length: -2\r\n\r\n{}", 400, "",
         true},
        {"bad chunk",
         "POST /echo HTTP/1.1\r\n" HOST JSON_TYPE
         "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
         400, "", true},
        {"no host", "GET /get HTTP/1.1\r\n\r\n", 400, "", true},
        {"no colon", "GET /get HTTP/1.1\r\n" HOST "nonsense\r\n\r\n", 400, "", true},
    };
    struct server *s = fixture_start_default();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct client *c = client_new(server_port(s));
        struct reply r;
        client_puts(c, rows[i].request);
        client_read(c, true, &r);
        if (r.status != rows[i].status ||
            strcmp(reply_header(&r, "Allow"), rows[i].allow) != 0 ||
            (strcmp(reply_header(&r, "Connection"), "close") == 0) != rows[i].closes)
            fail_row("row %s: %s", rows[i].name, r.head);
        reply_done(&r);
        if (rows[i].closes)
            client_wait_end(c);
        else if (client_ask(c, post_echo) != 200)
            fail_row("row %s: the connection does not work any more", rows[i].name);
        client_free(c);
    }
    server_stop(s);
}

static void json_types_are_known_by_all_their_spellings(void **state) {
    (void)state;
    static const char *const rows[] = {
        "application/json",       "application/json; charset=utf-8",
        "Application/JSON",       "application/json;charset=UTF-8",
        "application/json ; q=1", "application/json;"};
    struct server *s = fixture_start_default();
    struct client *c = client_new(server_port(s));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct reply r;
        client_post(c, "/echo", rows[i], "{}", 2, &r);
        if (r.status != 200)
            fail_row("row %s: %u", rows[i], r.status);
        reply_done(&r);
    }
    client_free(c);
    server_stop(s);
}

/* GETs and what the answer function is given. */
static void requests_are_told_as_they_came(void **state) {
    (void)state;
    static const struct {
        const char *request, *told;
    } rows[] = {
        {"GET /inspect HTTP/1.1\r\n" HOST "\r\n",
         "GET /inspect timeout=60000 trace= body=0 padding=1"},
        {"GET /inspect?a=/nope&b HTTP/1.1\r\n" HOST "\r\n",
         "GET /inspect timeout=60000 trace= body=0 padding=1"},
        {"GET /insp%65ct HTTP/1.1\r\n" HOST "\r\n",
         "GET /inspect timeout=60000 trace= body=0 padding=1"},
        {"POST /inspect?timeout=10s HTTP/1.1\r\n" HOST "traceparent: 00-ab-cd-01\r\n"
         "Content-Length: 3\r\n\r\nabc",
         "POST /inspect timeout=10000 trace=00-ab-cd-01 body=3 padding=1"},
        {"POST /inspect HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
         "3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nTrailer: x\r\n\r\n",
         "POST /inspect timeout=60000 trace= body=7 padding=1"},
        {"POST /inspect HTTP/1.1\r\n" HOST "\r\n",
         "POST /inspect timeout=60000 trace= body=0 padding=1"},
    };
    struct server *s = fixture_start_default();
    struct client *c = client_new(server_port(s));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct reply r;
        client_puts(c, rows[i].request);
        client_read(c, true, &r);
        if (r.status != 200 || strstr(r.body, rows[i].told) == NULL)
            fail_row("row %s\n  found \"%s\"", rows[i].request, r.body);
        assert_string_equal(reply_header(&r, "Content-Type"), "text/plain");
        reply_done(&r);
    }
    client_free(c);
    server_stop(s);
}

/* All of them far off: a request that is not answered in its time is cut. */
static void timeouts_are_read_as_go_writes_them(void **state) {
    (void)state;
    static const struct {
        const char *query;
        unsigned ms; /* 60000: ignored, or capped */
    } rows[] = {{"timeout=10s", 10000},        {"timeout=21.5s", 21500},
                {"timeout=20500ms", 20500},    {"timeout=1m", 60000},
                {"timeout=0.5m", 30000},       {"timeout=.5m", 30000},
                {"timeout=21s500ms", 21500},   {"timeout=2h", 60000},
                {"timeout=30000000us", 30000}, {"timeout=50000000000ns", 50000},
                {"x=1&timeout=30s", 30000},    {"timeout=20001000%C2%B5s", 20001},
                {"timeout=%320s", 20000},      {"timeout=99999999999999999999999999h", 60000},
                {"timeout=", 60000},           {"timeout", 60000},
                {"timeout=10", 60000},         {"timeout=s", 60000},
                {"timeout=.s", 60000},         {"timeout=-5s", 60000},
                {"timeout=+5s", 60000},        {"timeout=0s", 60000},
                {"timeout=10x", 60000},        {"timeout=10s ", 60000},
                {"timeout=1..5s", 60000},      {"timeout=1s5", 60000},
                {"timeout=1e3s", 60000},       {"timeout=nan", 60000},
                {"timeout=infs", 60000},       {"timeoutx=5s", 60000},
                {"Timeout=50s", 50000}};
    struct server *s = fixture_start_default();
    struct client *c = client_new(server_port(s));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct reply r;
        char request[256], told[64];
        size_t n = strcspn(rows[i].query, " "); /* a space ends a target */
        snprintf(request, sizeof request, "GET /inspect?%.*s HTTP/1.1\r\n" HOST "\r\n", (int)n,
                 rows[i].query);
        if (rows[i].query[n] == ' ')
            snprintf(request, sizeof request, "GET /inspect?%.*s%%20 HTTP/1.1\r\n" HOST "\r\n",
                     (int)n, rows[i].query);
        snprintf(told, sizeof told, "timeout=%u ", rows[i].ms);
        client_puts(c, request);
        client_read(c, true, &r);
        if (strstr(r.body, told) == NULL)
            fail_row("row %s\n  found \"%s\"", rows[i].query, r.body);
        reply_done(&r);
    }
    client_free(c);
    server_stop(s);
}

static void head_has_the_length_and_no_body(void **state) {
    (void)state;
    struct server *s = fixture_start_default();
    struct client *c = client_new(server_port(s));
    struct reply r;
    client_puts(c, "HEAD /inspect HTTP/1.1\r\n" HOST "\r\n");
    client_read(c, false, &r);
    assert_int_equal(r.status, 200);
    assert_true(strtoul(reply_header(&r, "Content-Length"), NULL, 10) > 10);
    reply_done(&r);
    assert_int_equal(client_ask(c, post_echo), 200); /* no body precedes this answer */
    client_free(c);
    server_stop(s);
}

/* Finding 9 of the measurements: an early 413 is lost, and takes the connection with it. */
static void too_large_bodies_are_drained_first(void **state) {
    (void)state;
    enum { BYTES = 5 << 20 };
    struct server *s = fixture_start_default();
    struct client *c = client_new(server_port(s));
    char *body = calloc(1, BYTES);
    for (int i = 0; i < 3; i++) {
        struct reply r;
        client_post(c, "/echo", "application/json", body, BYTES, &r);
        assert_int_equal(r.status, 413);
        assert_string_equal(r.body,
                            "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},"
                            "\"status\":\"Failure\",\"message\":\"the body is too "
                            "large\",\"reason\":\"RequestEntityTooLarge\",\"code\":413}\n");
        reply_done(&r);
        client_post(c, "/echo", "application/json", body, MAX_BODY, &r);
        assert_int_equal(r.status, 200);
        assert_int_equal(r.body_bytes, MAX_BODY);
        reply_done(&r);
        client_post(c, "/echo", "application/json", body, MAX_BODY + 1, &r);
        assert_int_equal(r.status, 413);
        reply_done(&r);
    }
    assert_int_equal(fixture_stats(s).connections_accepted, 1);
    free(body);
    client_free(c);
    server_stop(s);
}

static void too_large_chunked_bodies_are_drained_too(void **state) {
    (void)state;
    struct server *s = fixture_start_default();
    struct client *c = client_new(server_port(s));
    static char chunk[0x4000];
    client_puts(c,
                "POST /echo HTTP/1.1\r\n" HOST JSON_TYPE "Transfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 10; i++) {
        client_puts(c, "4000\r\n");
        client_send(c, chunk, sizeof chunk);
        client_puts(c, "\r\n");
    }
    assert_int_equal(client_ask(c, "0\r\n\r\n"), 413);
    assert_int_equal(client_ask(c, post_echo), 200);
    client_free(c);
    server_stop(s);
}

static void endless_bodies_are_cut(void **state) {
    (void)state;
    enum { CHUNK = 1 << 20, LIMIT_MIB = 65, SOCKET_MIB = 64 };
    struct server *s = fixture_start_default();
    struct client *c = client_new(server_port(s));
    char *chunk = calloc(1, CHUNK + 2);
    memcpy(chunk + CHUNK, "\r\n", 2);
    client_puts(c,
                "POST /echo HTTP/1.1\r\n" HOST JSON_TYPE "Transfer-Encoding: chunked\r\n\r\n");
    int mib = 0;
    for (bool open = true; open && mib < LIMIT_MIB + SOCKET_MIB; mib++)
        open = send(c->fd, "100000\r\n", 8, MSG_NOSIGNAL) == 8 &&
               send(c->fd, chunk, CHUNK + 2, MSG_NOSIGNAL) == CHUNK + 2;
    assert_true(mib >= LIMIT_MIB - 1);
    assert_true(mib < LIMIT_MIB + SOCKET_MIB);
    wait_until(fixture_stats(s).connections_open == 0);
    assert_int_equal(fixture_stats(s).in_flight, 0);
    free(chunk);
    client_free(c);
    server_stop(s);
}

static void expect_continue_is_served(void **state) {
    (void)state;
    struct server *s = fixture_start_default();
    struct client *c = client_new(server_port(s));
    client_puts(c, "POST /echo HTTP/1.1\r\n" HOST JSON_TYPE
                   "Content-Length: 4\r\nExpect: 100-continue\r\n\r\n");
    char line[25];
    assert_int_equal(recv(c->fd, line, sizeof line, MSG_WAITALL), sizeof line);
    assert_memory_equal(line, "HTTP/1.1 100 Continue\r\n\r\n", sizeof line);
    assert_int_equal(client_ask(c, "body"), 200);
    assert_int_equal(client_ask(c, post_echo), 200);
    client_free(c);
    server_stop(s);
}

/* Sizes up and down on one connection: the kept buffers never show an older body's bytes. */
static void kept_buffers_hold_one_body_at_a_time(void **state) {
    (void)state;
    static const size_t sizes[] = {1, 5000, 4096, 4032, 4033, 99999, 0, 3, 65536, 65472};
    struct server *s = fixture_start_default();
    struct client *c = client_new(server_port(s));
    char *body = malloc(MAX_BODY);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct reply r;
        char told[64];
        memset(body, 'A' + (int)i, MAX_BODY);
        client_post(c, "/inspect", "x/y", body, sizes[i], &r);
        snprintf(told, sizeof told, "body=%zu padding=1", sizes[i]);
        if (strstr(r.body, told) == NULL)
            fail_row("%zu bytes: \"%s\"", sizes[i], r.body);
        reply_done(&r);
        client_post(c, "/echo", "application/json", body, sizes[i], &r);
        assert_int_equal(r.body_bytes, sizes[i]);
        assert_memory_equal(r.body, body, sizes[i]);
        reply_done(&r);
    }
    free(body);
    client_free(c);
    server_stop(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_addresses_are_usage_errors),
        cmocka_unit_test(address_in_use_is_an_io_error),
        cmocka_unit_test(zero_limits_are_usage_errors),
        cmocka_unit_test(address_and_port_are_the_real_ones),
        cmocka_unit_test(one_connection_serves_many),
        cmocka_unit_test(replies_carry_the_headers),
        cmocka_unit_test(pipelined_requests_are_answered_in_turn),
        cmocka_unit_test(requests_may_come_byte_by_byte),
        cmocka_unit_test(refusals_say_why),
        cmocka_unit_test(json_types_are_known_by_all_their_spellings),
        cmocka_unit_test(requests_are_told_as_they_came),
        cmocka_unit_test(timeouts_are_read_as_go_writes_them),
        cmocka_unit_test(head_has_the_length_and_no_body),
        cmocka_unit_test(too_large_bodies_are_drained_first),
        cmocka_unit_test(too_large_chunked_bodies_are_drained_too),
        cmocka_unit_test(endless_bodies_are_cut),
        cmocka_unit_test(expect_continue_is_served),
        cmocka_unit_test(kept_buffers_hold_one_body_at_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
