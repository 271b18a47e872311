/* Limits on requests and memory, slow clients, lack of memory: over plain sockets. */
#include "server_fixture.h"

#include <stdlib.h>
#include <sys/socket.h>

static void over_the_in_flight_limit_is_busy(void **state) {
    (void)state;
    struct server_config config = fixture_config();
    config.max_in_flight = 1;
    struct server *s = fixture_start(&config);
    struct client *slow = client_new(server_port(s)), *other = client_new(server_port(s));
    half_an_answer(slow);
    wait_until(fixture_stats(s).in_flight == 1);
    for (int i = 0; i < 3; i++) {
        struct reply r;
        client_post(other, "/echo", "application/json", "{}", 2, &r);
        assert_int_equal(r.status, 503);
        assert_string_equal(reply_header(&r, "Retry-After"), "1");
        reply_done(&r);
    }
    assert_int_equal(fixture_stats(s).refused[SERVER_BUSY], 3);
    the_other_half(slow);
    wait_until(fixture_stats(s).in_flight == 0);
    assert_int_equal(client_ask(other, post_echo), 200);
    client_free(slow);
    client_free(other);
    server_stop(s);
}

/* Nor is one in flight whose body is only thrown away. */
static void slow_bodies_are_not_in_flight(void **state) {
    (void)state;
    enum { SLOW = 10 };
    struct server_config config = fixture_config();
    config.max_in_flight = 1;
    struct server *s = fixture_start(&config);
    struct client *slow[SLOW], *good = client_new(server_port(s));
    for (size_t i = 0; i < SLOW; i++) {
        slow[i] = client_new(server_port(s));
        half_a_post(slow[i], i % 2 ? 4 : 2 * MAX_BODY, "bo", 2);
    }
    wait_until(fixture_stats(s).requests == SLOW);
    assert_int_equal(fixture_stats(s).in_flight, 0);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(client_ask(good, post_echo), 200);
        wait_until(fixture_stats(s).in_flight == 0);
    }
    for (size_t i = 1; i < SLOW; i += 2) {
        assert_int_equal(client_ask(slow[i], "dy"), 200);
        wait_until(fixture_stats(s).in_flight == 0);
    }
    assert_int_equal(fixture_stats(s).refused[SERVER_BUSY], 0);
    for (size_t i = 0; i < SLOW; i++)
        client_free(slow[i]);
    client_free(good);
    server_stop(s);
}

static unsigned post_bytes(struct client *c, const char *body, size_t n, struct reply *r) {
    client_post(c, "/echo", "application/json", body, n, r);
    reply_done(r);
    return r->status;
}

static void over_the_memory_budget_is_busy(void **state) {
    (void)state;
    enum { BYTES = 90000 };
    struct server_config config = fixture_config();
    config.memory_budget_bytes = 250000; /* one echo of BYTES with its reply, not two */
    struct server *s = fixture_start(&config);
    struct client *slow = client_new(server_port(s)), *other = client_new(server_port(s));
    char *body = calloc(1, BYTES);
    struct reply r;
    assert_int_equal(post_bytes(other, body, BYTES, &r), 200);
    wait_until(fixture_stats(s).in_flight == 0); /* the memory is back */
    half_a_post(slow, BYTES, body, BYTES - 1);
    wait_until(fixture_stats(s).memory_bytes >= BYTES);
    assert_int_equal(post_bytes(other, body, BYTES, &r), 503);
    assert_string_equal(reply_header(&r, "Retry-After"), "1");
    assert_true(fixture_stats(s).refused[SERVER_MEMORY] >= 1);
    assert_int_equal(client_ask(slow, "x"), 200);
    wait_until(fixture_stats(s).in_flight == 0);
    assert_int_equal(post_bytes(other, body, BYTES, &r), 200);
    client_free(slow);
    client_free(other);
    wait_until(fixture_stats(s).connections_open == 0);
    /* What connections held is given back with them. */
    for (int i = 0; i < 10; i++) {
        struct client *c = client_new(server_port(s));
        assert_int_equal(post_bytes(c, body, BYTES, &r), 200);
        client_free(c);
        wait_until(fixture_stats(s).connections_open == 0);
        assert_int_equal(fixture_stats(s).memory_bytes, 0);
    }
    free(body);
    server_stop(s);
}

/* One request on each of n new connections, one after the other. */
static void post_from_each(const struct server *s, struct client **clients, size_t n,
                           size_t bytes) {
    char *body = calloc(1, bytes);
    struct reply r;
    for (size_t i = 0; i < n; i++) {
        clients[i] = client_new(server_port(s));
        assert_int_equal(post_bytes(clients[i], body, bytes, &r), 200);
        wait_until(fixture_stats(s).in_flight == 0);
    }
    free(body);
}

/* Between requests memory is the worker's: there are two, and each keeps that of one. */
static void idle_connections_hold_no_memory(void **state) {
    (void)state;
    enum { CONNECTIONS = 10, BYTES = 90000, ROUGHLY_ONE = 3 * BYTES };
    struct server *s = fixture_start_default();
    struct client *clients[CONNECTIONS];
    char *body = calloc(1, BYTES);
    post_from_each(s, clients, CONNECTIONS, BYTES);
    wait_until(fixture_stats(s).memory_bytes < 2 * ROUGHLY_ONE);
    /* Two at once have one each: what the second leaves is too much for the worker. */
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < CONNECTIONS; i++)
            half_a_post(clients[i], BYTES, body, BYTES - 1);
        wait_until(fixture_stats(s).memory_bytes >= (size_t)CONNECTIONS * BYTES);
        for (size_t i = 0; i < CONNECTIONS; i++)
            assert_int_equal(client_ask(clients[i], "x"), 200);
        wait_until(fixture_stats(s).memory_bytes < 2 * ROUGHLY_ONE);
    }
    for (size_t i = 0; i < CONNECTIONS; i++)
        client_free(clients[i]);
    wait_until(fixture_stats(s).connections_open == 0);
    assert_int_equal(fixture_stats(s).memory_bytes, 0);
    free(body);
    server_stop(s);
}

/* What is kept is not the whole budget. */
static void kept_memory_starves_no_connection(void **state) {
    (void)state;
    enum { CONNECTIONS = 10, BYTES = 90000 };
    struct server_config config = fixture_config();
    config.memory_budget_bytes = 400000;
    struct server *s = fixture_start(&config);
    struct client *clients[CONNECTIONS];
    post_from_each(s, clients, CONNECTIONS, BYTES);
    assert_int_equal(fixture_stats(s).refused[SERVER_MEMORY], 0);
    for (size_t i = 0; i < CONNECTIONS; i++)
        client_free(clients[i]);
    server_stop(s);
}

static void announced_bytes_are_not_memory(void **state) {
    (void)state;
    struct server_config config = fixture_config();
    config.max_body_bytes = 32 << 20;
    config.memory_budget_bytes = 33 << 20;
    struct server *s = fixture_start(&config);
    struct client *liars[4];
    for (size_t i = 0; i < 4; i++) {
        liars[i] = client_new(server_port(s));
        half_a_post(liars[i], 32 << 20, "x", 1);
    }
    wait_until(fixture_stats(s).memory_bytes >=
               (size_t)4 * 65536); /* each has its first step */
    struct client *c = client_new(server_port(s));
    assert_int_equal(client_ask(c, post_echo), 200);
    assert_int_equal(fixture_stats(s).refused[SERVER_MEMORY], 0);
    for (size_t i = 0; i < 4; i++)
        client_free(liars[i]);
    client_free(c);
    server_stop(s);
}

static void replies_count_against_the_budget(void **state) {
    (void)state;
    struct server_config config = fixture_config();
    config.memory_budget_bytes = 1000000;
    struct server *s = fixture_start(&config);
    struct client *c = client_new(server_port(s));
    struct reply r;
    client_post(c, "/sized", "x/y", "2000000", 7, &r);
    assert_int_equal(r.status, 503);
    assert_string_equal(reply_header(&r, "Retry-After"), "1");
    reply_done(&r);
    assert_int_equal(fixture_stats(s).refused[SERVER_MEMORY], 1);
    client_post(c, "/sized", "x/y", "500000", 6, &r);
    assert_int_equal(r.status, 200);
    assert_int_equal(r.body_bytes, 500000);
    reply_done(&r);
    client_free(c);
    server_stop(s);
}

static void a_header_has_its_limit(void **state) {
    (void)state;
    char request[12000];
    struct server_config config = fixture_config();
    config.max_header_bytes = 8192;
    struct server *s = fixture_start(&config);
    static const struct {
        int bytes;
        unsigned status;
    } rows[] = {{100, 200}, {6000, 200}, {9000, 431}, {11000, 431}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct client *c = client_new(server_port(s));
        snprintf(request, sizeof request, "GET /inspect HTTP/1.1\r\nHost: h\r\nX: %0*d\r\n\r\n",
                 rows[i].bytes, 7);
        unsigned status = client_ask(c, request);
        if (status != rows[i].status)
            fail_row("%d bytes: %u, expected %u", rows[i].bytes, status, rows[i].status);
        client_free(c);
    }
    server_stop(s);
}

/* The kinds of slow clients: what they send first, and then a byte now and then. */
static void slow_clients_are_cut_and_good_ones_served(void **state) {
    (void)state;
    static const struct {
        const char *name, *first, *second;
        char drip; /* 0: sends nothing more */
    } rows[] = {
        {"drips a request line", "GET /", NULL, 'a'},
        {"stops in a request line", "GET /insp", NULL, 0},
        {"sends empty lines", "\r\n", NULL, '\n'},
        {"drips a header", "GET /inspect HTTP/1.1\r\n", NULL, 'a'},
        {"stops in a header", "GET /inspect HTTP/1.1\r\nHost", NULL, 0},
        {"drips a body",
         "POST /echo HTTP/1.1\r\n" HOST JSON_TYPE "Content-Length: 90000\r\n\r\n", NULL, 'a'},
        {"stops in a body",
         "POST /echo HTTP/1.1\r\n" HOST JSON_TYPE "Content-Length: 9\r\n\r\nx", NULL, 0},
        {"drips a body that is drained",
         "POST /nope HTTP/1.1\r\n" HOST "Content-Length: 900000\r\n\r\n", NULL, 'a'},
        {"drips chunks",
         "POST /echo HTTP/1.1\r\n" HOST JSON_TYPE "Transfer-Encoding: chunked\r\n\r\n5000\r\n",
         NULL, 'a'},
        {"drips its second request", get_inspect, "GET /", 'a'},
    };
    enum { ROWS = sizeof rows / sizeof *rows };
    struct server_config config = fixture_config();
    config.header_timeout_ms = 800;
    config.request_timeout_ms = 1600;
    struct server *s = fixture_start(&config);
    struct client *good = client_new(server_port(s)), *slow[ROWS];
    for (size_t i = 0; i < ROWS; i++) {
        slow[i] = client_new(server_port(s));
        if (rows[i].second)
            assert_int_equal(client_ask(slow[i], rows[i].first), 200);
        client_puts(slow[i], rows[i].second ? rows[i].second : rows[i].first);
    }
    size_t left = ROWS;
    for (int tries = HANG_S * 500; left > 0; tries--) {
        assert_int_equal(client_ask(good, post_echo), 200);
        for (size_t i = 0; i < ROWS; i++) {
            if (slow[i] == NULL)
                continue;
            bool open = rows[i].drip == 0 || client_drip(slow[i], rows[i].drip);
            if (open && !client_sees_end(slow[i]))
                continue;
            client_free(slow[i]);
            slow[i] = NULL;
            left--;
        }
        if (tries == 0)
            for (size_t i = 0; i < ROWS; i++)
                if (slow[i])
                    fail_row("row %s: still open", rows[i].name);
        client_pause();
    }
    wait_until(fixture_stats(s).connections_open == 1);
    assert_int_equal(fixture_stats(s).timed_out, ROWS);
    wait_until(fixture_stats(s).in_flight == 0);
    assert_int_equal(client_ask(good, post_echo), 200);
    client_free(good);
    server_stop(s);
}

static void readers_that_do_not_read_are_cut(void **state) {
    (void)state;
    struct server_config config = fixture_config();
    config.request_timeout_ms = 500;
    struct server *s = fixture_start(&config);
    struct client *slow = client_new(server_port(s)), *good = client_new(server_port(s));
    half_an_answer(slow);
    wait_until(fixture_stats(s).in_flight == 1);
    wait_until((client_ask(good, post_echo), fixture_stats(s).timed_out == 1));
    wait_until(fixture_stats(s).connections_open == 1);
    wait_until(fixture_stats(s).in_flight == 0);
    client_free(slow);
    client_free(good);
    server_stop(s);
}

/* A byte now and then is not an excuse. */
static void trickling_readers_are_cut(void **state) {
    (void)state;
    struct server_config config = fixture_config();
    config.header_timeout_ms = 500; /* for an answer as well */
    struct server *s = fixture_start(&config);
    struct client *slow = client_new(server_port(s)), *good = client_new(server_port(s));
    char byte;
    half_an_answer(slow);
    wait_until(fixture_stats(s).in_flight == 1);
    wait_until((client_ask(good, post_echo), recv(slow->fd, &byte, 1, MSG_DONTWAIT),
                fixture_stats(s).timed_out == 1));
    wait_until(fixture_stats(s).in_flight == 0 && fixture_stats(s).connections_open == 1);
    client_free(slow);
    client_free(good);
    server_stop(s);
}

/* A client that does not read its answer delays no other: it loses its place. */
static void unread_answers_lose_their_place(void **state) {
    (void)state;
    enum { SLOW = 4 };
    struct server_config config = fixture_config();
    config.max_in_flight = SLOW;
    config.memory_budget_bytes = 1 << 30;
    config.yield_ms = config.yield_slow_ms = 1;
    struct server *s = fixture_start(&config);
    struct client *slow[SLOW], *good = client_new(server_port(s));
    for (size_t i = 0; i < SLOW; i++) {
        slow[i] = client_new(server_port(s));
        half_an_answer(slow[i]);
        wait_until(fixture_stats(s).in_flight == i + 1);
    }
    for (unsigned i = 1; i <= SLOW; i++) {
        wait_until(client_ask(good, post_echo) == 200); /* a millisecond may not be over */
        wait_until(fixture_stats(s).timed_out >= 1);
    }
    wait_until(fixture_stats(s).in_flight <= SLOW - 1);
    for (size_t i = 0; i < SLOW; i++)
        client_free(slow[i]);
    wait_until(fixture_stats(s).in_flight == 0 && fixture_stats(s).connections_open == 1);
    assert_int_equal(client_ask(good, post_echo), 200);
    client_free(good);
    server_stop(s);
}

/* Nor of memory. */
static void unread_answers_make_memory_room(void **state) {
    (void)state;
    struct server_config config = fixture_config();
    config.memory_budget_bytes = 40 << 20; /* one of these, not two */
    config.yield_ms = config.yield_slow_ms = 1000;
    struct server *s = fixture_start(&config);
    struct client *slow = client_new(server_port(s)), *good = client_new(server_port(s));
    half_an_answer(slow);
    wait_until(fixture_stats(s).memory_bytes >= 33000000);
    struct reply r = {.status = 0};
    do {
        reply_done(&r);
        client_post(good, "/sized", "x/y", "33000000", 8, &r);
    } while (r.status == 503);
    assert_int_equal(r.status, 200);
    reply_done(&r);
    assert_int_equal(fixture_stats(s).timed_out, 1);
    client_free(slow);
    client_free(good);
    server_stop(s);
}

/* A buffer that doubled is fitted to its answer, and what is charged and kept is what is allocated: the bytes and
 * one, with the page of the body. */
static void an_answer_is_charged_to_the_byte(void **state) {
    (void)state;
    enum { BYTES = 700000, BODY_PAGE = 4096 };
    struct server *s = fixture_start_default();
    struct client *c = client_new(server_port(s));
    struct reply r;
    static const char *const sizes[] = {"600000", "700000"};
    for (size_t i = 0; i < 2; i++) {
        client_post(c, "/sized", "x/y", sizes[i], 6, &r);
        assert_int_equal(r.status, 200);
        reply_done(&r);
        wait_until(fixture_stats(s).in_flight == 0);
    }
    wait_until(fixture_stats(s).memory_bytes == BYTES + 1 + BODY_PAGE);
    client_free(c);
    wait_until(fixture_stats(s).memory_bytes == 0);
    server_stop(s);
}

/* What a request brought is not kept while its answer waits to be read. */
static void unread_answers_hold_no_body(void **state) {
    (void)state;
    enum { BYTES = 90000 };
    struct server_config config = fixture_config();
    config.max_body_bytes = 64 << 20;
    struct server *s = fixture_start(&config);
    struct client *slow = client_new(server_port(s));
    char *body = calloc(1, 8 << 20);
    client_puts(slow, "POST /sized HTTP/1.1\r\n" HOST "Content-Length: 8388608\r\n\r\n");
    memcpy(body, "33000000", 8);
    client_send(slow, body, 8 << 20);
    wait_until(fixture_stats(s).memory_bytes >= 33000000 && fixture_stats(s).in_flight == 1);
    wait_until(fixture_stats(s).memory_bytes < 33000000 + BYTES);
    the_other_half(slow);
    client_free(slow);
    free(body);
    server_stop(s);
}

/* A slow request line is cut after one to three times header_timeout_ms; these take four
 * times that, one after the other, by the server's own clock. */
enum { WITNESSES = 2 };
static void outlast_slow_clients(struct server *s) {
    for (int i = 0; i < WITNESSES; i++) {
        struct client *witness = client_new(server_port(s));
        client_puts(witness, "GET /");
        client_wait_end(witness);
        client_free(witness);
    }
}

/* Go dials ahead: a connection without a request so far is idle, not slow. */
static void silent_connections_are_not_slow(void **state) {
    (void)state;
    struct server_config config = fixture_config();
    config.header_timeout_ms = 400;
    struct server *s = fixture_start(&config);
    struct client *fresh = client_new(server_port(s)), *used = client_new(server_port(s));
    assert_int_equal(client_ask(used, post_echo), 200);
    outlast_slow_clients(s);
    assert_int_equal(client_ask(fresh, post_echo), 200);
    assert_int_equal(client_ask(used, post_echo), 200);
    assert_int_equal(fixture_stats(s).timed_out, WITNESSES);
    client_free(fresh);
    client_free(used);
    server_stop(s);
}

/* Every allocation of a start fails once: an error each time, and nothing is left behind. */
static void start_without_memory_is_an_error(void **state) {
    (void)state;
    struct server_config config = fixture_config();
    struct server *s = NULL;
    enum ec ec = EC_NOMEM;
    int failed = -1;
    while (ec == EC_NOMEM) {
        struct err err = ERR_INIT;
        fixture_fail_allocation(++failed);
        ec = server_start(&s, &config, &err);
        fixture_fail_allocation(-1);
    }
    assert_int_equal(ec, EC_OK);
    assert_true(failed >= 3);
    server_stop(s);
}

/* The connection itself, its body, its reply: the first is closed, the others are a 503. */
static void requests_without_memory_are_refused(void **state) {
    (void)state;
    enum { BYTES = 5000 };
    static const unsigned expected[] = {0, 503, 503, 200};
    struct server *s = fixture_start_default();
    char body[BYTES] = {0};
    for (int i = 0; i < 4; i++) {
        fixture_fail_allocation(i);
        struct client *c = client_new(server_port(s));
        struct reply r;
        if (expected[i] == 0) {
            client_wait_end(c);
        } else {
            client_post(c, "/echo", "application/json", body, BYTES, &r);
            assert_int_equal(r.status, expected[i]);
            reply_done(&r);
            fixture_fail_allocation(-1);
            assert_int_equal(client_ask(c, post_echo), 200);
        }
        fixture_fail_allocation(-1);
        client_free(c);
        wait_until(fixture_stats(s).connections_open == 0);
    }
    assert_int_equal(fixture_stats(s).refused[SERVER_MEMORY], 2);
    assert_int_equal(fixture_stats(s).memory_bytes, 0);
    server_stop(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(over_the_in_flight_limit_is_busy),
        cmocka_unit_test(slow_bodies_are_not_in_flight),
        cmocka_unit_test(over_the_memory_budget_is_busy),
        cmocka_unit_test(idle_connections_hold_no_memory),
        cmocka_unit_test(kept_memory_starves_no_connection),
        cmocka_unit_test(announced_bytes_are_not_memory),
        cmocka_unit_test(replies_count_against_the_budget),
        cmocka_unit_test(a_header_has_its_limit),
        cmocka_unit_test(slow_clients_are_cut_and_good_ones_served),
        cmocka_unit_test(readers_that_do_not_read_are_cut),
        cmocka_unit_test(trickling_readers_are_cut),
        cmocka_unit_test(unread_answers_lose_their_place),
        cmocka_unit_test(unread_answers_make_memory_room),
        cmocka_unit_test(unread_answers_hold_no_body),
        cmocka_unit_test(an_answer_is_charged_to_the_byte),
        cmocka_unit_test(silent_connections_are_not_slow),
        cmocka_unit_test(start_without_memory_is_an_error),
        cmocka_unit_test(requests_without_memory_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
