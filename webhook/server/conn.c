#include "server/internal.h"

#include "base/clock.h"
#include "base/mem.h"

#include <unistd.h>

static void link_to(struct conn **list, struct conn *c) {
    c->previous = NULL;
    c->next = *list;
    if (*list)
        (*list)->previous = c;
    *list = c;
}

static void unlink_from(struct conn **list, struct conn *c) {
    if (c->previous)
        c->previous->next = c->next;
    else
        *list = c->next;
    if (c->next)
        c->next->previous = c->previous;
}

void server_conn_shaken(struct conn *c) {
    struct server *s = c->worker->server;
    if (c->is_denied)
        atomic_fetch_sub(&s->handshakes_denied, 1);
    c->is_denied = false;
    if (!atomic_exchange(&c->is_shaking, false))
        return;
    atomic_fetch_sub(&s->handshakes, 1);
    server_acceptor_wake(s);
}

/* Removed from the list and from the count in one step: code that makes room must see both change
 * together. */
static void forget(struct conn **list, struct conn *c) {
    struct server *s = c->worker->server;
    server_body_give_back(s, &c->room);
    server_tls_creds_unref(c->creds);
    server_conn_shaken(c);
    if (atomic_fetch_sub(&c->worker->connections, 1) == 1)
        server_body_give_back(s, &c->worker->spare);
    pthread_mutex_lock(&s->list_lock);
    unlink_from(list, c);
    atomic_fetch_sub(&s->connections, 1);
    pthread_mutex_unlock(&s->list_lock);
    mem_free(c);
    server_acceptor_wake(s);
}

void server_conn_enter(struct conn *c, enum stage stage, int64_t since_ns) {
    atomic_store(&c->stage, (uint64_t)since_ns << 3 | (uint64_t)stage);
}

struct conn *server_conn_new(struct worker *w, int fd, const struct sockaddr_storage *peer,
                             socklen_t peer_bytes) {
    struct server *s = w->server;
    struct conn *c = mem_zalloc(sizeof *c);
    if (c == NULL)
        return NULL;
    c->worker = w;
    c->fd = fd;
    c->peer = *peer;
    c->peer_bytes = peer_bytes;
    c->room.reply = (struct buf)BUF_INIT(s->config.memory_budget_bytes);
    server_conn_enter(c, s->config.tls ? STAGE_HANDSHAKE : STAGE_IDLE, clock_mono_ns());
    atomic_fetch_add(&w->connections, 1);
    atomic_fetch_add(&s->connections, 1);
    pthread_mutex_lock(&s->list_lock);
    link_to(&s->pending, c);
    pthread_mutex_unlock(&s->list_lock);
    return c;
}

struct conn *server_conn_take(struct worker *w) {
    struct server *s = w->server;
    struct conn *c = w->adding;
    if (c == NULL)
        return NULL;
    w->adding = NULL;
    pthread_mutex_lock(&s->list_lock);
    unlink_from(&s->pending, c);
    link_to(&s->open, c);
    pthread_mutex_unlock(&s->list_lock);
    return c;
}

void server_conn_drop_pending(struct conn *c) {
    forget(&c->worker->server->pending, c);
}

static unsigned count_in(const struct conn *list, const struct sockaddr_storage *peer) {
    unsigned n = 0;
    for (const struct conn *c = list; c != NULL; c = c->next)
        n += server_addr_same_host(&c->peer, peer);
    return n;
}

unsigned server_conn_count_of(struct server *s, const struct sockaddr_storage *peer) {
    pthread_mutex_lock(&s->list_lock);
    unsigned n = count_in(s->pending, peer) + count_in(s->open, peer);
    pthread_mutex_unlock(&s->list_lock);
    return n;
}

void server_conn_free(struct conn *c) {
    struct server *s = c->worker->server;
    server_worker_pulled(c, PULLED_END);
    server_tls_drop_ahead(c);
    if (server_conn_stage_of(atomic_load(&c->stage)) == STAGE_HANDSHAKE)
        atomic_fetch_add(&s->handshakes_failed, 1);
    forget(&s->open, c);
}

void server_conn_free_pending(struct server *s) {
    while (s->pending) {
        struct conn *c = s->pending;
        close(c->fd);
        forget(&s->pending, c);
    }
}
