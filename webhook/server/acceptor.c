/* Accepts, and gives each connection to the worker with the fewest. The limits on connections and
 * handshakes are enforced here, by leaving clients in the backlog: MHD_add_connection() at libmicrohttpd's
 * own limit (0.9.75) deadlocks the worker; and a worker does one step of each handshake before it returns
 * to a request, so their number determines how long an established connection may have to wait. */
#include "server/internal.h"

#include "base/clock.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    BATCH = 4096,       /* so that orders are seen during a flood */
    BACK_OFF_MS = 100,  /* after an error of accept that would recur at once */
    FULL_POLL_MS = 250, /* between checks of waiting clients */
    SHAKING_POLL_MS = 50
};

static enum ec set_up_socket(int fd, const struct sockaddr_storage *a, socklen_t bytes) {
    int on = 1, off = 0;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0)
        return EC_IO;
    /* "[::]" means both families, regardless of the host's net.ipv6.bindv6only. */
    if (a->ss_family == AF_INET6 &&
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) != 0)
        return EC_IO;
    /* Inherited by accepted sockets. */
    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0)
        return EC_IO;
    if (bind(fd, (const struct sockaddr *)a, bytes) != 0 || listen(fd, SOMAXCONN) != 0)
        return EC_IO;
    return EC_OK;
}

enum ec server_acceptor_listen(struct server *s, struct err *err) {
    struct sockaddr_storage a;
    socklen_t bytes;
    const char *text = s->config.listen;
    if (server_addr_parse(str_of(text), &a, &bytes, err) != EC_OK)
        return err->code;
    s->listen_fd = socket(a.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (s->listen_fd < 0)
        return err_set_os(err, errno, "listen on %s", text);
    if (set_up_socket(s->listen_fd, &a, bytes) != EC_OK)
        return err_set_os(err, errno, "listen on %s", text);
    bytes = sizeof a;
    if (getsockname(s->listen_fd, (struct sockaddr *)&a, &bytes) != 0)
        return err_set_os(err, errno, "listen on %s", text);
    s->port = server_addr_print(&a, s->address, sizeof s->address);
    return EC_OK;
}

static bool connections_are_full(struct server *s) {
    return atomic_load(&s->connections) >= s->config.max_connections;
}

/* When finishing, all waiting clients are accepted: no more can follow. */
static bool is_full(struct server *s) {
    if (connections_are_full(s))
        return true;
    return s->config.tls && atomic_load(&s->handshakes) >= s->config.max_handshakes &&
           atomic_load(&s->acceptor_order) == ACCEPTOR_RUN;
}

/* Clients in the backlog. For a listening socket Linux reports it as tcpi_unacked. */
static unsigned n_waiting(const struct server *s) {
    struct pollfd listener = {.fd = s->listen_fd, .events = POLLIN};
    struct tcp_info info;
    socklen_t bytes = sizeof info;
    if (poll(&listener, 1, 0) != 1)
        return 0;
    if (getsockopt(s->listen_fd, IPPROTO_TCP, TCP_INFO, &info, &bytes) != 0)
        return 1;
    return info.tcpi_unacked > 0 ? info.tcpi_unacked : 1;
}

/* Waits until there is a client or an order; without `clients`, for an order or a time. */
static void wait_for_events(struct server *s, bool clients, int timeout_ms) {
    struct pollfd fds[2] = {{.fd = s->acceptor_wake_fd, .events = POLLIN},
                            {.fd = s->listen_fd, .events = POLLIN}};
    if (poll(fds, clients ? 2 : 1, timeout_ms) > 0 && fds[0].revents != 0) {
        eventfd_t n;
        (void)eventfd_read(s->acceptor_wake_fd, &n);
    }
}

static void make_room(struct server *s, unsigned waiting) {
    if (connections_are_full(s)) {
        if (server_watchdog_make_room(s, waiting) > 0)
            server_event(s, "connections_full",
                         STR("idle and slow connections are closed for waiting clients"));
        return;
    }
    s->n_delayed = waiting > s->n_delayed ? waiting : s->n_delayed;
    server_watchdog_end_handshakes(s, waiting);
}

/* The longest wait until the next check: a connection may have become slow since the last one. */
static int poll_ms_of(struct server *s) {
    uint64_t yield_ms = s->config.yield_ms;
    if (!connections_are_full(s))
        return SHAKING_POLL_MS;
    return yield_ms != 0 && yield_ms < FULL_POLL_MS ? (int)yield_ms : FULL_POLL_MS;
}

static void wait_while_full(struct server *s) {
    unsigned waiting = n_waiting(s);
    if (waiting > 0)
        make_room(s, waiting);
    atomic_store(&s->acceptor_is_full, true);
    /* Checked again after the flag is set: a connection that closed in between is not missed.
     */
    if (is_full(s) && atomic_load(&s->acceptor_order) == ACCEPTOR_RUN)
        wait_for_events(s, waiting == 0, poll_ms_of(s));
    atomic_store(&s->acceptor_is_full, false);
}

void server_acceptor_wake(struct server *s) {
    if (atomic_load(&s->acceptor_is_full))
        (void)eventfd_write(s->acceptor_wake_fd, 1);
}

static struct worker *least_loaded(struct server *s) {
    struct worker *best = &s->workers[0];
    unsigned fewest = atomic_load(&best->connections);
    for (unsigned i = 1; i < s->config.n_workers; i++) {
        unsigned n = atomic_load(&s->workers[i].connections);
        if (n < fewest) {
            fewest = n;
            best = &s->workers[i];
        }
    }
    return best;
}

static void hand_over_connection(struct server *s, int fd, const struct sockaddr_storage *peer,
                                 socklen_t bytes) {
    unsigned share = s->config.max_per_address;
    if (share != 0 && server_conn_count_of(s, peer) >= share) {
        atomic_fetch_add(&s->refused_address, 1); /* before the client can see it */
        close(fd);
        return;
    }
    struct conn *c = server_conn_new(least_loaded(s), fd, peer, bytes);
    if (c == NULL) {
        close(fd);
        server_event(s, "connection_refused", STR("no memory"));
        return;
    }
    atomic_fetch_add(&s->accepted, 1);
    if (s->n_delayed > 0) {
        s->n_delayed--;
        c->was_delayed = true;
    }
    server_worker_give(c);
}

/* The client's error, or a temporary one: the next accept may succeed. */
static bool is_of_one_connection(int error) {
    static const int errors[] = {EINTR,       ECONNABORTED, EPROTO,       ENETDOWN,
                                 ENOPROTOOPT, EHOSTDOWN,    EHOSTUNREACH, ENETUNREACH};
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (error == errors[i])
            return true;
    return false;
}

/* Accepts the clients in the backlog, up to the limit. False: back off. */
static bool accept_waiting(struct server *s) {
    for (int i = 0; i < BATCH && !is_full(s); i++) {
        struct sockaddr_storage peer;
        socklen_t bytes = sizeof peer;
        int fd = accept4(s->listen_fd, (struct sockaddr *)&peer, &bytes,
                         SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            hand_over_connection(s, fd, &peer, bytes);
            continue;
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK)
            return true;
        if (is_of_one_connection(errno))
            continue;
        server_event(s, "accept_failed", str_of(strerrordesc_np(errno)));
        return false;
    }
    return true;
}

static void *acceptor_main(void *arg) {
    struct server *s = arg;
    while (atomic_load(&s->acceptor_order) == ACCEPTOR_RUN) {
        if (is_full(s)) {
            wait_while_full(s);
            continue;
        }
        wait_for_events(s, true, -1);
        if (!accept_waiting(s))
            wait_for_events(s, false, BACK_OFF_MS);
    }
    if (atomic_load(&s->acceptor_order) == ACCEPTOR_FINISH)
        (void)accept_waiting(s);
    close(s->listen_fd);
    return NULL;
}

enum ec server_acceptor_start(struct server *s, struct err *err) {
    int error = pthread_create(&s->acceptor, NULL, acceptor_main, s);
    if (error != 0)
        return err_set_os(err, error, "start the acceptor thread");
    s->acceptor_runs = true;
    return EC_OK;
}

void server_acceptor_end(struct server *s, enum acceptor_order order) {
    if (!s->acceptor_runs)
        return;
    atomic_store(&s->acceptor_order, order);
    (void)eventfd_write(s->acceptor_wake_fd, 1);
    pthread_join(s->acceptor, NULL);
    s->acceptor_runs = false;
    s->listen_fd = -1;
}
