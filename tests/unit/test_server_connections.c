/* Connections: how many there may be, who makes room, drain and stop, lack of descriptors: over plain
 * sockets. */
#include "server_fixture.h"

#include "base/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static void clients_over_the_limit_wait_in_the_backlog(void **state) {
    (void)state;
    struct server_config config = fixture_config();
    config.max_connections = 2;
    struct server *s = fixture_start(&config);
    struct client *a = client_new(server_port(s)), *b = client_new(server_port(s));
    assert_int_equal(client_ask(a, get_inspect), 200);
    assert_int_equal(client_ask(b, get_inspect), 200);
    struct client *c = client_new(server_port(s));
    client_puts(c, post_echo);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(client_ask(a, get_inspect), 200);
        assert_int_equal(client_ask(b, get_inspect), 200);
    }
    char byte;
    assert_int_equal(recv(c->fd, &byte, 1, MSG_DONTWAIT), -1);
    assert_int_equal(fixture_stats(s).connections_accepted, 2);
    assert_int_equal(fixture_stats(s).connections_open, 2);
    client_free(a);
    assert_int_equal(client_ask(c, get_inspect), 200);
    assert_int_equal(fixture_stats(s).connections_accepted, 3);
    client_free(b);
    client_free(c);
    server_stop(s);
}

static void an_address_has_its_share(void **state) {
    (void)state;
    struct server_config config = fixture_config();
    config.max_per_address = 2;
    struct server *s = fixture_start(&config);
    struct client *a = client_new(server_port(s)), *b = client_new(server_port(s));
    assert_int_equal(client_ask(a, get_inspect), 200);
    assert_int_equal(client_ask(b, get_inspect), 200);
    for (int i = 0; i < 10; i++) {
        struct client *more = client_new(server_port(s));
        client_wait_end(more);
        client_free(more);
        assert_int_equal(client_ask(a, get_inspect), 200);
    }
    assert_int_equal(fixture_stats(s).refused_address, 10);
    assert_int_equal(fixture_stats(s).connections_accepted, 2);
    client_free(b);
    wait_until(fixture_stats(s).connections_open == 1);
    struct client *next = client_new(server_port(s));
    assert_int_equal(client_ask(next, get_inspect), 200);
    client_free(next);
    client_free(a);
    server_stop(s);
}

static void idle_connections_make_room(void **state) {
    (void)state;
    struct server_config config = fixture_config();
    config.max_connections = 3;
    config.yield_ms = 1;
    struct server *s = fixture_start(&config);
    struct client *used = client_new(server_port(s)), *busy = client_new(server_port(s));
    assert_int_equal(client_ask(used, get_inspect), 200);
    half_an_answer(busy);
    wait_until(fixture_stats(s).in_flight == 1);
    struct client *silent = client_new(server_port(s));
    wait_until(fixture_stats(s).connections_open == 3);
    struct client *fourth = client_new(server_port(s));
    assert_int_equal(client_ask(fourth, get_inspect), 200);
    wait_until(client_sees_end(silent) || client_sees_end(used));
    struct client *fifth = client_new(server_port(s));
    assert_int_equal(client_ask(fifth, get_inspect), 200);
    the_other_half(busy); /* and never one with a request */
    assert_int_equal(fixture_stats(s).connections_accepted, 5);
    client_free(used);
    client_free(busy);
    client_free(silent);
    client_free(fourth);
    client_free(fifth);
    server_stop(s);
}

static atomic_int room_was_made;

static void on_full(void *arg, const char *event, struct str detail) {
    (void)arg, (void)detail;
    atomic_fetch_add(&room_was_made, strcmp(event, "connections_full") == 0);
}

/* A request reaches a connection that was closed a moment before, to make room: it is answered,
 * and another one makes room while that answer is read slowly. */
static void a_late_request_keeps_its_place(void **state) {
    (void)state;
    struct server_config config = fixture_config();
    config.n_workers = 1;
    config.max_connections = 3;
    config.yield_ms = 1;
    config.on_event = on_full;
    struct server *s = fixture_start(&config);
    struct client *late = client_new(server_port(s)), *holder = client_new(server_port(s));
    assert_int_equal(client_ask(late, get_inspect), 200);
    wait_until(fixture_stats(s).in_flight == 0);
    fixture_hold(true);
    client_puts(holder, "GET /held HTTP/1.1\r\n" HOST "\r\n");
    wait_until(fixture_stats(s).in_flight == 1);
    struct client *silent = client_new(server_port(s)), *fourth = client_new(server_port(s));
    wait_until(atomic_load(&room_was_made) == 1);
    half_an_answer(late);
    fixture_hold(false);
    assert_int_equal(client_ask(fourth, get_inspect), 200);
    the_other_half(late);
    client_free(late);
    client_free(holder);
    client_free(silent);
    client_free(fourth);
    server_stop(s);
}

/* A client that lets bodies drip, kept and thrown away ones, has taken all places but one, where an
 * answer is read slowly. Who comes now gets in each time. */
static void slow_bodies_make_room(void **state) {
    (void)state;
    enum { SLOW = 4, GOOD = 3 };
    struct server_config config = fixture_config();
    config.max_connections = SLOW + 1;
    config.yield_ms = 1;
    struct server *s = fixture_start(&config);
    struct client *busy = client_new(server_port(s)), *slow[SLOW + GOOD];
    half_an_answer(busy);
    uint64_t requests = 1;
    for (size_t i = 0; i < SLOW + GOOD; i++) {
        slow[i] = client_new(server_port(s));
        if (i >= SLOW) {
            assert_int_equal(client_ask(slow[i], post_echo), 200); /* then turns bad */
            requests++;
        }
        half_a_post(slow[i], i % 2 ? 4 : 2 * MAX_BODY, "bo", 2);
        requests++;
        wait_until(fixture_stats(s).requests ==
                   requests); /* or it is idle, and closed as that */
    }
    the_other_half(busy);
    assert_int_equal(fixture_stats(s).timed_out, GOOD);
    for (size_t i = 0; i < SLOW + GOOD; i++)
        client_free(slow[i]);
    client_free(busy);
    server_stop(s);
}

/* Finding 4: libmicrohttpd's pool gives all of a few connections to one thread. */
static void connections_are_balanced(void **state) {
    (void)state;
    enum { CONNECTIONS = 4 };
    struct server *s = fixture_start_default();
    struct client *clients[CONNECTIONS];
    unsigned of_worker[2] = {0, 0};
    for (size_t i = 0; i < CONNECTIONS; i++)
        clients[i] = client_new(server_port(s));
    for (size_t i = 0; i < CONNECTIONS; i++) {
        struct reply r;
        unsigned worker = 9;
        client_puts(clients[i], get_inspect);
        client_read(clients[i], true, &r);
        assert_int_equal(sscanf(r.body, "worker=%u", &worker), 1);
        assert_true(worker < 2);
        of_worker[worker]++;
        reply_done(&r);
    }
    assert_int_equal(of_worker[0], 2);
    assert_int_equal(of_worker[1], 2);
    for (size_t i = 0; i < CONNECTIONS; i++)
        client_free(clients[i]);
    server_stop(s);
}

static void sequential_connections_leave_nothing_open(void **state) {
    (void)state;
    struct server *s = fixture_start_default();
    for (int i = 0; i < 200; i++) {
        struct client *c = client_new(server_port(s));
        assert_int_equal(client_ask(c, post_echo), 200);
        client_free(c);
    }
    wait_until(fixture_stats(s).connections_open == 0);
    assert_int_equal(fixture_stats(s).in_flight, 0);
    assert_int_equal(fixture_stats(s).connections_accepted, 200);
    assert_int_equal(fixture_stats(s).timed_out, 0);
    server_stop(s);
}

static void idle_connections_end(void **state) {
    (void)state;
    struct server_config config = fixture_config();
    config.idle_timeout_s = 2;
    struct server *s = fixture_start(&config);
    struct client *fresh = client_new(server_port(s)), *used = client_new(server_port(s));
    assert_int_equal(client_ask(used, post_echo), 200);
    assert_int_equal(client_wait_end(fresh), 0);
    assert_int_equal(client_wait_end(used), 0);
    wait_until(fixture_stats(s).connections_open == 0);
    assert_int_equal(fixture_stats(s).timed_out, 0);
    client_free(fresh);
    client_free(used);
    server_stop(s);
}

static void answers_can_close_the_connection(void **state) {
    (void)state;
    struct server *s = fixture_start_default();
    struct client *c = client_new(server_port(s));
    assert_int_equal(client_ask(c, post_echo), 200);
    server_close_after_answer(s);
    struct reply r;
    client_post(c, "/echo", "application/json", "{}", 2, &r);
    assert_int_equal(r.status, 200);
    assert_string_equal(reply_header(&r, "Connection"), "close");
    reply_done(&r);
    assert_int_equal(client_wait_end(c), 0);
    client_free(c);
    c = client_new(server_port(s)); /* still accepted */
    assert_int_equal(client_ask(c, post_echo), 200);
    client_free(c);
    server_stop(s);
}

static bool is_refused(unsigned port) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool refused = connect(fd, (struct sockaddr *)&a, sizeof a) != 0 && errno == ECONNREFUSED;
    close(fd);
    return refused;
}

static void *drain(void *arg) {
    return server_drain(arg, HANG_S * 1000) ? arg : NULL;
}

static void drain_answers_what_is_in_flight(void **state) {
    (void)state;
    struct server *s = fixture_start_default();
    struct client *idle = client_new(server_port(s)), *busy = client_new(server_port(s));
    assert_int_equal(client_ask(idle, post_echo), 200);
    wait_until(fixture_stats(s).in_flight == 0);
    half_a_post(busy, 4, "bo", 2);
    wait_until(fixture_stats(s).requests == 2);
    pthread_t thread;
    void *drained = NULL;
    assert_int_equal(pthread_create(&thread, NULL, drain, s), 0);
    assert_int_equal(client_wait_end(idle), 0);
    wait_until(is_refused(server_port(s)));
    wait_until(fixture_stats(s).connections_open == 1);
    struct reply r;
    client_puts(busy, "dy");
    client_read(busy, true, &r);
    assert_int_equal(r.status, 200);
    assert_string_equal(reply_header(&r, "Connection"), "close");
    reply_done(&r);
    pthread_join(thread, &drained);
    assert_ptr_equal(drained, s);
    client_free(idle);
    client_free(busy);
    server_stop(s);
}

static void drain_does_not_wait_for_ever(void **state) {
    (void)state;
    struct server *s = fixture_start_default();
    struct client *busy = client_new(server_port(s));
    half_a_post(busy, 4, "bo", 2);
    wait_until(fixture_stats(s).requests == 1);
    assert_false(server_drain(s, 50));
    assert_true(is_refused(server_port(s)));
    assert_false(server_drain(s, 0));
    client_free(busy);
    wait_until(server_drain(s, 0));
    server_stop(s);
}

static void stop_ends_what_is_open(void **state) {
    (void)state;
    struct server *s = fixture_start_default();
    struct client *clients[10];
    for (size_t i = 0; i < 10; i++)
        clients[i] = client_new(server_port(s));
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(client_ask(clients[i], post_echo), 200);
    half_a_post(clients[5], 90000, "bo", 2);
    unsigned port = server_port(s);
    server_stop(s);
    assert_true(is_refused(port));
    for (size_t i = 0; i < 10; i++) {
        client_wait_end(clients[i]);
        client_free(clients[i]);
    }
    server_stop(NULL);
}

static atomic_int accept_failures;

static void on_event(void *arg, const char *event, struct str detail) {
    (void)arg;
    if (strcmp(event, "accept_failed") == 0 && detail.n > 0)
        atomic_fetch_add(&accept_failures, 1);
}

static double cpu_seconds(void) {
    struct rusage r;
    getrusage(RUSAGE_SELF, &r);
    return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
           (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}

/* No descriptors: reported once, not spun on, and served when there are some again. */
static void no_descriptors_is_waited_out(void **state) {
    (void)state;
    struct server_config config = fixture_config();
    struct rlimit before, none;
    config.on_event = on_event;
    struct server *s = fixture_start(&config);
    struct client *good = client_new(server_port(s)), *c = client_new(server_port(s));
    assert_int_equal(client_ask(good, post_echo), 200);
    assert_int_equal(client_ask(c, post_echo), 200);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    /* A client that is connected, but not accepted: its socket exists before the limit falls.
     */
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    none = before;
    none.rlim_cur = 3;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)server_port(s))};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int connected = connect(fd, (struct sockaddr *)&a, sizeof a);
    double cpu = cpu_seconds();
    int64_t wall = clock_mono_ns();
    for (int i = 0; i < HANG_S * 500 && atomic_load(&accept_failures) == 0; i++)
        client_pause();
    for (int i = 0; i < 100; i++)
        client_pause();
    cpu = cpu_seconds() - cpu;
    wall = clock_mono_ns() - wall;
    setrlimit(RLIMIT_NOFILE, &before);
    assert_int_equal(connected, 0);
    assert_int_equal(atomic_load(&accept_failures), 1);
    if (cpu * 1e9 > (double)wall / 2)
        fail_row("%f s of CPU in %f s: it spins", cpu, (double)wall / 1e9);
    close(fd);
    assert_int_equal(client_ask(good, post_echo), 200);
    wait_until(fixture_stats(s).connections_accepted == 3);
    client_free(c);
    c = client_new(server_port(s));
    assert_int_equal(client_ask(c, post_echo), 200);
    client_free(good);
    client_free(c);
    server_stop(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clients_over_the_limit_wait_in_the_backlog),
        cmocka_unit_test(idle_connections_make_room),
        cmocka_unit_test(a_late_request_keeps_its_place),
        cmocka_unit_test(slow_bodies_make_room),
        cmocka_unit_test(an_address_has_its_share),
        cmocka_unit_test(connections_are_balanced),
        cmocka_unit_test(sequential_connections_leave_nothing_open),
        cmocka_unit_test(idle_connections_end),
        cmocka_unit_test(answers_can_close_the_connection),
        cmocka_unit_test(drain_answers_what_is_in_flight),
        cmocka_unit_test(drain_does_not_wait_for_ever),
        cmocka_unit_test(stop_ends_what_is_open),
        cmocka_unit_test(no_descriptors_is_waited_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
