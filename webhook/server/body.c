/* One request's bytes, in memory that the connection keeps for the next one.
 *
 * The budget counts memory that was touched, in use or kept: a client that announces 32 MiB and
 * sends nothing holds addresses, not memory. */
#include "server/internal.h"

#include "base/mem.h"

enum {
    ROUND_BYTES = 4096,
    CHARGE_BYTES = 64 * 1024, /* steps in which a body is charged */
    KEEP_BYTES = 1024 * 1024  /* larger buffers are given back after the request */
};

static size_t round_up(size_t n, size_t step) {
    return n > SIZE_MAX - step ? n : (n + step - 1) / step * step;
}

/* Raises what the connection has charged to `bytes`. */
static bool charge(struct server *s, size_t *charged, size_t bytes) {
    if (bytes <= *charged)
        return true;
    size_t more = bytes - *charged;
    size_t before = atomic_fetch_add(&s->memory_used, more);
    if (before > s->config.memory_budget_bytes ||
        more > s->config.memory_budget_bytes - before) {
        atomic_fetch_sub(&s->memory_used, more);
        return false;
    }
    *charged = bytes;
    return true;
}

static void uncharge(struct server *s, size_t *charged) {
    atomic_fetch_sub(&s->memory_used, *charged);
    *charged = 0;
}

void body_drop(struct conn *c) {
    mem_free(c->body);
    c->body = NULL;
    c->body_cap = c->body_bytes = 0;
    uncharge(c->worker->server, &c->body_charged);
}

static void free_reply(struct conn *c) {
    buf_done(&c->reply);
    uncharge(c->worker->server, &c->reply_charged);
}

/* The announced size at once; without one, doubling. */
static size_t next_cap(const struct conn *c, size_t needed) {
    size_t cap = needed;
    if (c->body_expected < SIZE_MAX - SERVER_BODY_PADDING &&
        cap < c->body_expected + SERVER_BODY_PADDING)
        cap = (size_t)c->body_expected + SERVER_BODY_PADDING;
    if (cap / 2 < c->body_cap && c->body_bytes > 0 && c->body_cap <= SIZE_MAX / 2)
        cap = c->body_cap * 2;
    return round_up(cap, ROUND_BYTES);
}

static bool reserve(struct conn *c, size_t n) {
    struct server *s = c->worker->server;
    size_t needed = c->body_bytes + n + SERVER_BODY_PADDING; /* below upload_cap: no overflow */
    if (needed > c->body_cap) {
        size_t cap = next_cap(c, needed);
        if (c->body_bytes == 0)
            body_drop(c); /* nothing to carry over */
        char *p = mem_realloc(c->body, cap);
        if (p == NULL)
            return false;
        c->body = p;
        c->body_cap = cap;
    }
    size_t touched = round_up(needed, CHARGE_BYTES);
    return charge(s, &c->body_charged, touched < c->body_cap ? touched : c->body_cap);
}

bool body_add(struct conn *c, const char *bytes, size_t n) {
    if (!reserve(c, n))
        return false;
    memcpy(c->body + c->body_bytes, bytes, n);
    c->body_bytes += n;
    return true;
}

bool body_finish(struct conn *c) {
    if (!reserve(c, 0))
        return false;
    memset(c->body + c->body_bytes, 0, SERVER_BODY_PADDING);
    return true;
}

bool body_charge_reply(struct conn *c) {
    if (!c->reply.bad && charge(c->worker->server, &c->reply_charged, c->reply.cap))
        return true;
    free_reply(c);
    return false;
}

void body_reset(struct conn *c) {
    struct server *s = c->worker->server;
    /* What idle connections keep must not starve the busy ones. */
    bool is_tight = atomic_load(&s->memory_used) > s->config.memory_budget_bytes / 2;
    if (is_tight || c->body_cap > KEEP_BYTES)
        body_drop(c);
    if (is_tight || c->reply.cap > KEEP_BYTES)
        free_reply(c);
    c->body_bytes = 0;
    buf_reset(&c->reply);
}

void body_done(struct conn *c) {
    body_drop(c);
    free_reply(c);
}
