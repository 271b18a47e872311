/* Start, stop, drain.
 *
 * libmicrohttpd's own thread pool is not used: with the few keep-alive connections of an API server
 * one thread gets them all, and MHD_quiesce_daemon() on a pool with epoll occasionally aborts the
 * process. Instead there are N daemons without a listening socket, each in a thread of worker.c, and
 * the acceptor of acceptor.c. Nothing is ever quiesced. */
#include "server/internal.h"

#include "base/clock.h"
#include "base/mem.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    TEXT_BYTES_MAX = 1024 * 1024,        /* of the configuration */
    DRAIN_MORE_BYTES = 64 * 1024 * 1024, /* of a body beyond the limit */
    DRAIN_POLL_MS = 5,
    EVENT_EVERY_MS = 10000
};

void server_event(struct server *s, const char *event, struct str detail) {
    int64_t now = clock_mono_ns();
    int64_t due = atomic_load(&s->event_due_ns);
    if (s->config.on_event == NULL || now < due)
        return;
    int64_t next = now + (int64_t)EVENT_EVERY_MS * NS_PER_MS;
    if (atomic_compare_exchange_strong(&s->event_due_ns, &due, next))
        s->config.on_event(s->config.arg, event, detail);
}

/* libmicrohttpd found an internal error. Its reasons are constants without client data. */
static void on_panic(void *arg, const char *file, unsigned line, const char *reason) {
    struct server *s = arg;
    (void)file, (void)line;
    if (s->config.on_event)
        s->config.on_event(s->config.arg, "http_library_panic", str_of(reason));
    abort();
}

static enum ec check_config(const struct server_config *c, struct err *err) {
    const struct {
        const char *name;
        unsigned value;
    } numbers[] = {{"n_workers", c->n_workers},
                   {"max_header_bytes", (unsigned)(c->max_header_bytes != 0)},
                   {"max_connections", c->max_connections},
                   {"max_handshakes", c->tls ? c->max_handshakes : 1},
                   {"max_in_flight", c->max_in_flight},
                   {"idle_timeout_s", c->idle_timeout_s},
                   {"header_timeout_ms", c->header_timeout_ms},
                   {"request_timeout_ms", c->request_timeout_ms}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (numbers[i].value == 0)
            return err_set(err, EC_USAGE, "%s: expected a positive number, found 0",
                           numbers[i].name);
    return EC_OK;
}

static const char *keep_text(struct server *s, const char *z) {
    size_t n = strlen(z) + 1;
    char *copy = arena_alloc(&s->texts, n);
    return copy ? memcpy(copy, z, n) : NULL;
}

static bool keep_names(struct server *s, const char *const *names, size_t n) {
    const char **copy = ARENA_ARRAY(&s->texts, const char *, n);
    if (copy == NULL)
        return false;
    for (size_t i = 0; i < n; i++)
        if ((copy[i] = keep_text(s, names[i])) == NULL)
            return false;
    s->config.client_names = copy;
    return true;
}

static bool keep_routes(struct server *s, const struct server_route *routes, size_t n) {
    struct server_route *copy = ARENA_ARRAY(&s->texts, struct server_route, n);
    s->route_paths = ARENA_ARRAY(&s->texts, struct str, n);
    if (copy == NULL || s->route_paths == NULL)
        return false;
    for (size_t i = 0; i < n; i++) {
        copy[i] = routes[i];
        if ((copy[i].path = keep_text(s, routes[i].path)) == NULL)
            return false;
        s->route_paths[i] = str_of(copy[i].path);
    }
    s->config.routes = copy;
    return true;
}

static enum ec keep_config(struct server *s, const struct server_config *config,
                           struct err *err) {
    const char *priorities =
        config->priorities ? config->priorities : server_tls_default_priorities;
    s->config = *config;
    s->config.cert_pem = s->config.key_pem = s->config.client_ca_pem = STR_NONE;
    s->config.listen = keep_text(s, config->listen);
    s->config.priorities = keep_text(s, priorities);
    if (s->config.listen == NULL || s->config.priorities == NULL ||
        !keep_names(s, config->client_names, config->n_client_names) ||
        !keep_routes(s, config->routes, config->n_routes))
        return arena_fail(&s->texts, err);
    uint64_t limit = config->max_body_bytes;
    uint64_t four = limit > UINT64_MAX / 4 ? UINT64_MAX : limit * 4;
    uint64_t more =
        limit > UINT64_MAX - DRAIN_MORE_BYTES ? UINT64_MAX : limit + DRAIN_MORE_BYTES;
    s->upload_cap = limit == 0 ? 0 : four > more ? four : more;
    return EC_OK;
}

static enum ec start_tls(struct server *s, const struct server_config *config,
                         struct err *err) {
    if (!config->tls)
        return EC_OK;
    if (server_tls_check_priorities(s->config.priorities, err) != EC_OK)
        return err->code;
    return server_tls_creds_new(&s->creds, config->cert_pem, config->key_pem,
                                config->client_ca_pem, err);
}

static enum ec check_library(bool tls, struct err *err) {
    bool fits = MHD_is_feature_supported(MHD_FEATURE_EPOLL) == MHD_YES &&
                MHD_is_feature_supported(MHD_FEATURE_THREADS) == MHD_YES;
    if (tls)
        fits = fits && MHD_is_feature_supported(MHD_FEATURE_TLS) == MHD_YES &&
               MHD_is_feature_supported(MHD_FEATURE_HTTPS_CERT_CALLBACK2) == MHD_YES;
    if (!fits)
        return err_set(err, EC_IO, "libmicrohttpd %s was built without epoll, threads or TLS",
                       MHD_get_version());
    return EC_OK;
}

static enum ec start_workers(struct server *s, struct err *err) {
    unsigned n = s->config.n_workers;
    s->workers = mem_zalloc(mem_array_bytes(n, sizeof *s->workers));
    if (s->workers == NULL)
        return err_set(err, EC_NOMEM, "start %u HTTP workers: no memory", n);
    for (unsigned i = 0; i < n; i++) {
        s->workers[i].server = s;
        s->workers[i].index = i;
        s->workers[i].wake_fd = -1;
        s->workers[i].spare.reply = (struct buf)BUF_INIT(s->config.memory_budget_bytes);
        s->workers[i].queue_end = &s->workers[i].queue;
    }
    for (unsigned i = 0; i < n; i++)
        if (server_worker_start(&s->workers[i], err) != EC_OK)
            return err->code;
    return EC_OK;
}

static enum ec start_threads(struct server *s, struct err *err) {
    s->acceptor_wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    s->watchdog_wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (s->acceptor_wake_fd < 0 || s->watchdog_wake_fd < 0)
        return err_set_os(err, errno, "make an eventfd");
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are for the program's threads */
    enum ec ec = start_workers(s, err);
    if (ec == EC_OK)
        ec = server_watchdog_start(s, err);
    if (ec == EC_OK)
        ec = server_acceptor_start(s, err);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return ec;
}

static enum ec build_server(struct server *s, const struct server_config *config,
                            struct err *err) {
    if (check_config(config, err) != EC_OK || check_library(config->tls, err) != EC_OK ||
        keep_config(s, config, err) != EC_OK || start_tls(s, config, err) != EC_OK ||
        server_acceptor_listen(s, err) != EC_OK)
        return err->code;
    MHD_set_panic_func(on_panic, s); /* one per process: the last server reports for all */
    return start_threads(s, err);
}

enum ec server_start(struct server **out, const struct server_config *config, struct err *err) {
    struct server *s = mem_zalloc(sizeof *s);
    if (s == NULL)
        return err_set(err, EC_NOMEM, "start the server: no memory");
    s->texts = (struct arena)ARENA_INIT(4096, TEXT_BYTES_MAX);
    s->listen_fd = s->acceptor_wake_fd = s->watchdog_wake_fd = -1;
    pthread_mutex_init(&s->list_lock, NULL);
    pthread_mutex_init(&s->creds_lock, NULL);
    if (build_server(s, config, err) != EC_OK) {
        server_stop(s);
        return err->code;
    }
    *out = s;
    return EC_OK;
}

unsigned server_port(const struct server *s) {
    return s->port;
}

const char *server_address(const struct server *s) {
    return s->address;
}

enum ec server_set_tls(struct server *s, struct str cert_pem, struct str key_pem,
                       struct str client_ca_pem, struct err *err) {
    struct tls_creds *fresh;
    if (!s->config.tls)
        return err_set(err, EC_BUG, "certificate: this listener uses plain HTTP");
    if (server_tls_creds_new(&fresh, cert_pem, key_pem, client_ca_pem, err) != EC_OK)
        return err->code;
    pthread_mutex_lock(&s->creds_lock);
    struct tls_creds *old = s->creds;
    s->creds = fresh;
    pthread_mutex_unlock(&s->creds_lock);
    server_tls_creds_unref(old);
    return EC_OK;
}

void server_close_after_answer(struct server *s) {
    atomic_store(&s->closes_after_answer, true);
}

bool server_drain(struct server *s, unsigned deadline_ms) {
    int64_t end_ns = clock_mono_ns() + (int64_t)deadline_ms * NS_PER_MS;
    server_close_after_answer(s);
    server_acceptor_end(s, ACCEPTOR_FINISH);
    while (server_watchdog_close_idle(s) > 0) {
        if (clock_mono_ns() >= end_ns)
            return false;
        poll(NULL, 0, DRAIN_POLL_MS);
    }
    return true;
}

static void close_fd(int fd) {
    if (fd >= 0)
        close(fd);
}

void server_stop(struct server *s) {
    if (s == NULL)
        return;
    server_acceptor_end(s, ACCEPTOR_STOP);
    server_watchdog_end(s);
    for (unsigned i = 0; s->workers && i < s->config.n_workers; i++)
        server_worker_end(&s->workers[i]);
    MHD_set_panic_func(NULL, NULL);
    server_conn_free_pending(s);
    close_fd(s->listen_fd);
    close_fd(s->acceptor_wake_fd);
    close_fd(s->watchdog_wake_fd);
    server_tls_creds_unref(s->creds);
    mem_free(s->workers);
    pthread_mutex_destroy(&s->list_lock);
    pthread_mutex_destroy(&s->creds_lock);
    arena_done(&s->texts);
    mem_free(s);
}

void server_stats(const struct server *s, struct server_stats *out) {
    *out = (struct server_stats){.connections_accepted = atomic_load(&s->accepted),
                                 .in_flight = atomic_load(&s->in_flight),
                                 .connections_open = atomic_load(&s->connections),
                                 .memory_bytes = atomic_load(&s->memory_used),
                                 .refused_address = atomic_load(&s->refused_address),
                                 .timed_out = atomic_load(&s->timed_out),
                                 .handshakes = atomic_load(&s->handshakes),
                                 .handshakes_failed = atomic_load(&s->handshakes_failed),
                                 .handshakes_refused = atomic_load(&s->handshakes_refused),
                                 .handshakes_delayed = atomic_load(&s->handshakes_delayed)};
    for (size_t i = 0; i < SERVER_N_REFUSALS; i++)
        out->refused[i] = atomic_load(&s->refused[i]);
    for (unsigned i = 0; i < s->config.n_workers; i++)
        out->requests += atomic_load(&s->workers[i].requests);
}
