/* One request's bytes, in memory that the worker keeps for the next request of any connection: most
 * requests are answered in the turn in which they arrive, and idle connections have none.
 *
 * The budget counts memory that was touched, in use or kept: a client that announces 32 MiB and
 * sends nothing holds addresses, not memory. */
#include "server/internal.h"

#include "base/mem.h"

enum {
    ROUND_BYTES = 4096,
    CHARGE_BYTES = 64 * 1024, /* steps in which a body is charged */
    KEEP_BYTES = 1024 * 1024  /* larger buffers are freed after the request */
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

static void free_body(struct server *s, struct room *r) {
    mem_free(r->body);
    r->body = NULL;
    r->body_cap = 0;
    uncharge(s, &r->body_charged);
}

static void free_reply(struct server *s, struct room *r) {
    buf_done(&r->reply);
    uncharge(s, &r->reply_charged);
}

static void move_body(struct room *to, struct room *from) {
    to->body = from->body;
    to->body_cap = from->body_cap;
    to->body_charged = from->body_charged;
    from->body = NULL;
    from->body_cap = from->body_charged = 0;
}

static void move_reply(struct room *to, struct room *from) {
    to->reply = from->reply;
    to->reply_charged = from->reply_charged;
    from->reply = (struct buf)BUF_INIT(to->reply.max);
    from->reply_charged = 0;
}

/* Kept memory must not starve requests. */
static bool may_keep(const struct server *s) {
    return atomic_load(&s->memory_used) <= s->config.memory_budget_bytes / 4;
}

static void put_away_body(struct conn *c) {
    struct room *spare = &c->worker->spare;
    if (spare->body == NULL && c->room.body_cap <= KEEP_BYTES && may_keep(c->worker->server))
        move_body(spare, &c->room);
    else
        free_body(c->worker->server, &c->room);
    c->body_bytes = 0;
}

static void put_away_reply(struct conn *c) {
    struct room *spare = &c->worker->spare;
    buf_reset(&c->room.reply);
    if (spare->reply.p == NULL && c->room.reply.cap <= KEEP_BYTES &&
        may_keep(c->worker->server))
        move_reply(spare, &c->room);
    else
        free_reply(c->worker->server, &c->room);
}

void server_body_drop(struct conn *c) {
    free_body(c->worker->server, &c->room);
    c->body_bytes = 0;
}

/* The announced size at once; without one, doubling. */
static size_t next_cap(const struct conn *c, size_t needed) {
    size_t cap = needed;
    if (c->body_expected < SIZE_MAX - SERVER_BODY_PADDING &&
        cap < c->body_expected + SERVER_BODY_PADDING)
        cap = (size_t)c->body_expected + SERVER_BODY_PADDING;
    if (cap / 2 < c->room.body_cap && c->body_bytes > 0 && c->room.body_cap <= SIZE_MAX / 2)
        cap = c->room.body_cap * 2;
    return round_up(cap, ROUND_BYTES);
}

static bool reserve_bytes(struct conn *c, size_t n) {
    struct server *s = c->worker->server;
    size_t needed = c->body_bytes + n + SERVER_BODY_PADDING; /* below upload_cap: no overflow */
    if (needed > c->room.body_cap) {
        size_t cap = next_cap(c, needed);
        if (c->body_bytes == 0)
            server_body_drop(c); /* nothing to carry over */
        char *p = mem_realloc(c->room.body, cap);
        if (p == NULL)
            return false;
        c->room.body = p;
        c->room.body_cap = cap;
    }
    size_t touched = round_up(needed, CHARGE_BYTES);
    return charge(s, &c->room.body_charged,
                  touched < c->room.body_cap ? touched : c->room.body_cap);
}

bool server_body_add(struct conn *c, const char *bytes, size_t n) {
    if (!reserve_bytes(c, n))
        return false;
    memcpy(c->room.body + c->body_bytes, bytes, n);
    c->body_bytes += n;
    return true;
}

bool server_body_finish(struct conn *c) {
    if (!reserve_bytes(c, 0))
        return false;
    memset(c->room.body + c->body_bytes, 0, SERVER_BODY_PADDING);
    return true;
}

/* A buffer that grew by doubling may be half empty. */
static void fit(struct buf *b) {
    if (b->cap - b->n < CHARGE_BYTES)
        return;
    char *p = mem_realloc(b->p, b->n + 1);
    if (p == NULL)
        return;
    b->p = p;
    b->cap = b->n + 1;
}

static bool charge_small(struct server *s, size_t *charged, size_t bytes) {
    if (bytes > SERVER_SMALL_REPLY)
        return false;
    atomic_fetch_add(&s->memory_used, bytes - *charged);
    *charged = bytes;
    return true;
}

void server_body_answered(struct conn *c) {
    put_away_body(c);
}

/* Body and reply exist at the same time, so both are counted. */
bool server_body_charge_reply(struct conn *c) {
    struct server *s = c->worker->server;
    struct buf *reply = &c->room.reply;
    size_t *charged = &c->room.reply_charged;
    fit(reply);
    bool fits =
        !reply->bad && (charge(s, charged, reply->cap) || charge_small(s, charged, reply->cap));
    if (!fits)
        free_reply(s, &c->room);
    return fits;
}

void server_body_begin(struct conn *c) {
    struct room *spare = &c->worker->spare;
    if (c->room.body == NULL)
        move_body(&c->room, spare);
    if (c->room.reply.p == NULL)
        move_reply(&c->room, spare);
}

void server_body_end(struct conn *c) {
    put_away_body(c);
    put_away_reply(c);
}

void server_body_give_back(struct server *s, struct room *r) {
    free_body(s, r);
    free_reply(s, r);
}
