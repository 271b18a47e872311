#include "server_fixture.h"

#include "mem_fault.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <stdlib.h>

const char get_inspect[] = "GET /inspect HTTP/1.1\r\n" HOST "\r\n";
const char post_echo[] =
    "POST /echo HTTP/1.1\r\n" HOST JSON_TYPE "Content-Length: 4\r\n\r\nbody";

void fixture_fail_allocation(int n) {
    mem_fault_arm((size_t)(n + 1), MEM_FAULT_ONCE);
}

static void answer_echo(void *arg, const struct server_request *request,
                        struct server_reply *reply) {
    (void)arg;
    if (request->body_bytes == 0)
        reply->status = 400;
    buf_add(reply->body, request->body, request->body_bytes);
}

static bool has_padding(const struct server_request *r) {
    static const char zeros[SERVER_BODY_PADDING];
    return r->body && memcmp(r->body + r->body_bytes, zeros, sizeof zeros) == 0;
}

static void answer_inspect(void *arg, const struct server_request *r,
                           struct server_reply *reply) {
    (void)arg;
    reply->content_type = "text/plain";
    buf_printf(reply->body, "worker=%u %.*s %.*s timeout=%lld trace=%.*s body=%zu padding=%d",
               r->worker, STR_ARG(r->method), STR_ARG(r->path),
               (long long)(r->deadline_ns - r->received_ns) / 1000000, STR_ARG(r->traceparent),
               r->body_bytes, has_padding(r));
}

static void answer_sized(void *arg, const struct server_request *request,
                         struct server_reply *reply) {
    (void)arg;
    size_t n = strtoul(request->body, NULL, 10); /* the padding ends the text */
    char *to = buf_room(reply->body, n);
    if (to == NULL)
        return;
    memset(to, 'x', n);
    reply->body->n += n;
}

static atomic_bool is_held;

void fixture_hold(bool held) {
    atomic_store(&is_held, held);
}

static void answer_held(void *arg, const struct server_request *request,
                        struct server_reply *reply) {
    (void)arg, (void)request;
    buf_puts(reply->body, "held");
    wait_until(!atomic_load(&is_held));
}

static const struct server_route routes[] = {
    {"/echo", SERVER_POST, true, answer_echo},
    {"/inspect", SERVER_GET | SERVER_POST, false, answer_inspect},
    {"/get", SERVER_GET, false, answer_inspect},
    {"/sized", SERVER_POST, false, answer_sized},
    {"/held", SERVER_GET, false, answer_held},
};

struct server_config fixture_config(void) {
    return (struct server_config){.listen = "127.0.0.1:0",
                                  .routes = routes,
                                  .n_routes = sizeof routes / sizeof *routes,
                                  .n_workers = 2,
                                  .max_body_bytes = MAX_BODY,
                                  .memory_budget_bytes = 64 << 20,
                                  .max_header_bytes = 16 << 10,
                                  .max_connections = 100,
                                  .max_handshakes = 100,
                                  .max_in_flight = 50,
                                  .idle_timeout_s = 180,
                                  .header_timeout_ms = HANG_S * 1000,
                                  .request_timeout_ms = HANG_S * 1000};
}

struct server *fixture_start(const struct server_config *config) {
    struct err err = ERR_INIT;
    struct server *s = NULL;
    if (getenv("JITTER_US") != NULL)
        assert_non_null(dlsym(RTLD_DEFAULT, "jitter_is_loaded"));
    assert_ok(server_start(&s, config, &err), &err);
    return s;
}

struct server *fixture_start_default(void) {
    struct server_config config = fixture_config();
    return fixture_start(&config);
}

struct server_stats fixture_stats(const struct server *s) {
    struct server_stats stats;
    server_stats(s, &stats);
    return stats;
}

void half_a_post(struct client *c, size_t announced, const char *body, size_t n) {
    char head[256];
    int head_bytes = snprintf(
        head, sizeof head,
        "POST /echo HTTP/1.1\r\n" HOST JSON_TYPE "Content-Length: %zu\r\n\r\n", announced);
    client_send(c, head, (size_t)head_bytes);
    client_send(c, body, n);
}

void half_an_answer(struct client *c) {
    client_puts(c, "POST /sized HTTP/1.1\r\n" HOST "Content-Length: 8\r\n\r\n33000000");
}

void the_other_half(struct client *c) {
    struct reply r;
    client_read(c, true, &r);
    assert_int_equal(r.status, 200);
    assert_int_equal(r.body_bytes, 33000000);
    reply_done(&r);
}
