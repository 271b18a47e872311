/* One thread, one libmicrohttpd daemon, all of its calls.
 *
 *     acceptor --queue, eventfd--> [ add new ones ] -> MHD_run_wait -> [ rest ] -> again
 *
 * libmicrohttpd's own thread is not used: during a handshake that waits for its client, version 0.9.75
 * treats the socket as readable and loops: one client that stops in the middle of a handshake takes a
 * CPU until its timeout, and each ordinary handshake takes one for a round trip. The same happens with a
 * chunk header longer than its buffer, which it treats as a body for us to consume. Here a turn without
 * progress, with waiting handshakes and no bytes left in GnuTLS' buffers, is followed by a rest on the
 * epoll descriptor; and so are many such turns in a row, for any reason. That descriptor also has our
 * eventfd, with a null pointer as its data: the library takes such an event as a reason to poll all. */
#include "server/internal.h"

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    NO_LIMIT = 1000000,
    REST_MS = 50,
    STILL_MAX = 64, /* turns: GnuTLS' buffer, 16 KiB at most, is consumed in small pieces */
    BROKEN_MS = 100 /* between attempts that fail at once */
};

/* ---- new connections --------------------------------------------------------------------- */

static struct conn *next_in_queue(struct worker *w) {
    pthread_mutex_lock(&w->server->list_lock);
    struct conn *c = w->queue;
    if (c != NULL)
        w->queue = c->next_in_queue;
    if (w->queue == NULL)
        w->queue_end = &w->queue;
    pthread_mutex_unlock(&w->server->list_lock);
    return c;
}

/* NOTIFY_STARTED is called within MHD_add_connection() and takes w->adding. */
static void add_conn(struct worker *w, struct conn *c) {
    w->adding = c;
    if (MHD_add_connection(w->daemon, c->fd, (const struct sockaddr *)&c->peer,
                           c->peer_bytes) != MHD_YES)
        server_event(w->server, "connection_refused", STR("the HTTP library rejected it"));
    if (w->adding != NULL)
        server_conn_drop_pending(c); /* MHD has closed it */
    w->adding = NULL;
}

static void add_new(struct worker *w) {
    eventfd_t n;
    struct conn *c;
    if (!atomic_exchange(&w->is_called, false))
        return;
    (void)eventfd_read(w->wake_fd, &n);
    while ((c = next_in_queue(w)) != NULL)
        add_conn(w, c);
}

static void call(struct worker *w) {
    atomic_store(&w->is_called, true);
    (void)eventfd_write(w->wake_fd, 1);
}

void server_worker_give(struct conn *c) {
    struct worker *w = c->worker;
    pthread_mutex_lock(&w->server->list_lock);
    *w->queue_end = c;
    w->queue_end = &c->next_in_queue;
    pthread_mutex_unlock(&w->server->list_lock);
    call(w);
}

/* ---- turning ----------------------------------------------------------------------------- */

void server_worker_pulled(struct conn *c, enum pulled what) {
    struct worker *w = c->worker;
    bool is_fed = what == PULLED_BYTES;
    bool waits = what == PULLED_NOTHING &&
                 server_conn_stage_of(atomic_load(&c->stage)) == STAGE_HANDSHAKE;
    w->n_waiting += (unsigned)waits - (unsigned)c->waits;
    w->n_fed += (unsigned)is_fed - (unsigned)c->is_fed;
    c->waits = waits;
    c->is_fed = is_fed;
    w->has_moved |= !waits;
}

static void rest(const struct worker *w) {
    struct pollfd p = {.fd = w->epoll_fd, .events = POLLIN};
    bool waits = w->n_still > 0 && w->n_waiting > 0 && w->n_fed == 0;
    if (waits || w->n_still > STILL_MAX)
        (void)poll(&p, 1, REST_MS);
}

static void *worker_main(void *arg) {
    struct worker *w = arg;
    while (!atomic_load(&w->ends)) {
        add_new(w);
        w->has_moved = !w->server->config.tls; /* without TLS, progress is not visible */
        if (MHD_run_wait(w->daemon, -1) != MHD_YES) {
            server_event(w->server, "worker_trouble", str_of(strerrordesc_np(errno)));
            poll(NULL, 0, BROKEN_MS);
        }
        w->n_still = w->has_moved ? 0 : w->n_still + 1;
        rest(w);
    }
    return NULL;
}

/* ---- start and end ----------------------------------------------------------------------- */

static enum ec start_library_daemon(struct worker *w, struct err *err) {
    const struct server_config *config = &w->server->config;
    unsigned flags = MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET;
    /* No MHD_USE_ERROR_LOG: its lines contain what clients sent, and little else. No
     * MHD_OPTION_CONNECTION_TIMEOUT: the watchdog has all deadlines, and the library would read the
     * clock and take a lock on each read and write. An early MHD_OPTION_END hides the options of
     * TLS. */
    w->daemon = MHD_start_daemon(
        config->tls ? flags | MHD_USE_TLS : flags, 0, NULL, NULL, server_http_on_request, w,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, config->max_header_bytes,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)NO_LIMIT, MHD_OPTION_NOTIFY_CONNECTION,
        server_http_on_connection, w, MHD_OPTION_NOTIFY_COMPLETED, server_http_on_completed, w,
        MHD_OPTION_URI_LOG_CALLBACK, server_http_on_request_line, w,
        MHD_OPTION_STRICT_FOR_CLIENT, 1,
        config->tls ? MHD_OPTION_HTTPS_CERT_CALLBACK2 : MHD_OPTION_END,
        server_tls_no_certificate, MHD_OPTION_HTTPS_PRIORITIES, config->priorities,
        MHD_OPTION_TLS_NO_ALPN, 1, MHD_OPTION_END);
    return w->daemon != NULL
               ? EC_OK
               : err_set_os(err, errno != 0 ? errno : EIO, "start HTTP worker %u", w->index);
}

static enum ec watch_calls(struct worker *w, struct err *err) {
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(w->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    w->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (info == NULL || w->wake_fd < 0 ||
        epoll_ctl(info->epoll_fd, EPOLL_CTL_ADD, w->wake_fd, &event) != 0)
        return err_set_os(err, errno != 0 ? errno : EIO, "start HTTP worker %u", w->index);
    w->epoll_fd = info->epoll_fd;
    return EC_OK;
}

enum ec server_worker_start(struct worker *w, struct err *err) {
    if (start_library_daemon(w, err) != EC_OK || watch_calls(w, err) != EC_OK)
        return err->code;
    int error = pthread_create(&w->thread, NULL, worker_main, w);
    if (error != 0)
        return err_set_os(err, error, "start HTTP worker %u", w->index);
    w->runs = true;
    return EC_OK;
}

void server_worker_end(struct worker *w) {
    if (w->runs) {
        atomic_store(&w->ends, true);
        call(w);
        pthread_join(w->thread, NULL);
    }
    if (w->daemon != NULL)
        MHD_stop_daemon(w->daemon);
    server_tls_free_ahead(w);
    if (w->wake_fd >= 0)
        close(w->wake_fd);
}
