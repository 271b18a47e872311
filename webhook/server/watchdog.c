/* Absolute deadlines. libmicrohttpd's timeout is one of inactivity: an occasional byte keeps a
 * connection open forever. A late connection is shut down; the worker notices and closes it.
 *
 *     handshake, header    header_timeout_ms since accept, or since the request line
 *     request              request_timeout_ms since the request line, or ?timeout= if that is less,
 *                          until the answer is sent
 *     answer               header_timeout_ms since it was ready, however slowly it is read
 *     body, answer         yield_slow_ms, while others wait for room, or are refused for lack of memory
 *                          or of a slot in flight
 *     handshake            a quarter of yield_ms, while others wait for one
 *     idle                 idle_timeout_s; yield_ms, while others wait for room; an incomplete request
 *                          line has at least header_timeout_ms and at most three times that
 *
 * A connection that never sent a request is idle, not slow: Go's transport dials ahead and keeps
 * the connection for later, and does not repeat a POST when it is cut on first use. The kernel's
 * count of received bytes tells it from a connection that sends its request line byte by byte. */
#include "server/internal.h"

#include "base/clock.h"

#include <errno.h>
/* linux/tcp.h, not netinet/tcp.h: glibc's struct tcp_info ends before tcpi_bytes_received. */
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
    TICK_MS = 250,
    SLOW_A_TICK = 64,    /* connections cut per tick to free memory */
    HANDSHAKE_SHARE = 4, /* of yield_ms: a handshake waits for a round trip only */
    FRESH_MS = 250       /* a connection without a request yet may get one any moment */
};

#define NEVER_NS (INT64_MAX / 32)

uint64_t server_watchdog_bytes_received(int fd) {
    struct tcp_info info;
    socklen_t bytes = sizeof info;
    size_t needed =
        offsetof(struct tcp_info, tcpi_bytes_received) + sizeof info.tcpi_bytes_received;
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &bytes) != 0 || bytes < needed)
        return BYTES_UNKNOWN;
    return info.tcpi_bytes_received;
}

static bool is_slow_request_line(struct conn *c, uint64_t stage, int64_t now_ns,
                                 int64_t limit_ns) {
    if (c->watch.stage != stage) {
        c->watch.stage = stage;
        c->watch.bytes = atomic_load(&c->idle_bytes);
        c->watch.next_check_ns = server_conn_since_of(stage) + limit_ns;
        c->watch.moved = false;
    }
    if (now_ns < c->watch.next_check_ns)
        return false;
    if (c->watch.moved)
        return true;
    c->watch.next_check_ns = now_ns + limit_ns;
    uint64_t bytes = server_watchdog_bytes_received(c->fd);
    c->watch.moved = c->watch.bytes != BYTES_UNKNOWN && bytes != c->watch.bytes;
    c->watch.bytes = bytes;
    return false;
}

static bool is_late(struct conn *c, uint64_t stage, int64_t now_ns) {
    const struct server_config *config = &c->worker->server->config;
    int64_t header_ns = (int64_t)config->header_timeout_ms * NS_PER_MS;
    int64_t age_ns = now_ns - server_conn_since_of(stage);
    switch (server_conn_stage_of(stage)) {
    case STAGE_IDLE:
        return is_slow_request_line(c, stage, now_ns, header_ns);
    case STAGE_BODY:
    case STAGE_ANSWER:
        return now_ns >= atomic_load(&c->deadline_ns);
    case STAGE_WRITE:
        return now_ns >= atomic_load(&c->deadline_ns) || age_ns >= header_ns;
    default:
        return age_ns >= header_ns;
    }
}

static bool is_idle_for(uint64_t stage, int64_t now_ns, int64_t limit_ns) {
    return server_conn_stage_of(stage) == STAGE_IDLE &&
           now_ns - server_conn_since_of(stage) >= limit_ns;
}

/* Only the reading side, so that the worker can still close TLS properly. */
static void close_idle(struct conn *c) {
    if (c->watch.cut == CUT_NOT) {
        c->watch.cut = CUT_READING;
        atomic_store(&c->is_let_go, true);
        shutdown(c->fd, SHUT_RD);
    }
}

static void cut_connection(struct conn *c) {
    if (c->watch.cut != CUT_WHOLE)
        atomic_fetch_add(&c->worker->server->timed_out, 1);
    c->watch.cut = CUT_WHOLE;
    shutdown(c->fd, SHUT_RDWR);
}

/* Not one that received a request in the last moment: its answer is sent, however slowly it is read. */
static bool goes_already(const struct conn *c) {
    if (c->watch.cut == CUT_READING)
        return server_conn_stage_of(atomic_load(&c->stage)) < STAGE_ANSWER;
    return c->watch.cut == CUT_WHOLE;
}

/* A request that has arrived but was not processed yet: in the kernel, or on its way from there.
 * Checked in this order, it cannot be missed between the two. */
static bool has_unread(const struct conn *c) {
    int n = 0;
    return (ioctl(c->fd, FIONREAD, &n) == 0 && n > 0) || atomic_load(&c->is_taking);
}

/* Its stage is unchanged, and nothing is about to change it. Requests pipelined after an answer that is
 * not read do not count. */
static bool is_quiet(const struct conn *c, uint64_t stage) {
    return (server_conn_stage_of(stage) == STAGE_WRITE || !has_unread(c)) &&
           atomic_load(&c->stage) == stage;
}

/* Ranks connections by what is lost when they are closed, the least first. */
enum way { WAY_HANDSHAKE, WAY_NOTHING_CAME, WAY_USED_BEFORE, WAY_BODY, WAY_ANSWER, WAY_NONE };

static enum way way_of(const struct conn *c, uint64_t stage) {
    switch (server_conn_stage_of(stage)) {
    case STAGE_HANDSHAKE:
        return atomic_load(&c->is_shaking) ? WAY_HANDSHAKE : WAY_NOTHING_CAME;
    case STAGE_ANSWER:
        return WAY_NONE;
    case STAGE_BODY:
        return WAY_BODY;
    case STAGE_WRITE:
        return WAY_ANSWER;
    case STAGE_IDLE:
        return atomic_load(&c->idle_bytes) == BYTES_UNKNOWN ? WAY_USED_BEFORE
                                                            : WAY_NOTHING_CAME;
    default:
        return WAY_NOTHING_CAME;
    }
}

static unsigned yield(struct server *s, enum way way, int64_t least_ns, unsigned n,
                      int64_t now_ns) {
    unsigned closed = 0;
    for (struct conn *c = s->open; c && closed < n; c = c->next) {
        uint64_t stage = atomic_load(&c->stage);
        if (c->watch.cut != CUT_NOT || way_of(c, stage) != way ||
            now_ns - server_conn_since_of(stage) < least_ns || !is_quiet(c, stage))
            continue;
        if (server_conn_stage_of(stage) == STAGE_IDLE)
            close_idle(c);
        else
            cut_connection(c);
        closed++;
    }
    return closed;
}

static int64_t least_ns_of(const struct server *s, enum way way) {
    const struct server_config *config = &s->config;
    if (way == WAY_ANSWER && config->yield_slow_ms == 0)
        return NEVER_NS;
    bool slow = way >= WAY_BODY && config->yield_slow_ms != 0;
    return (int64_t)(slow ? config->yield_slow_ms : config->yield_ms) * NS_PER_MS;
}

/* The oldest first, by powers of two: sorting all of them would hold the lists' lock too long. */
static unsigned yield_oldest(struct server *s, enum way way, int64_t least_ns, unsigned n,
                             int64_t now_ns) {
    unsigned closed = 0;
    for (int64_t times = 16; times > 0 && closed < n; times /= 2)
        closed += yield(s, way, times * least_ns, n - closed, now_ns);
    return closed;
}

/* Of n needed, those that are not being closed already. */
static unsigned still_needed(const struct server *s, unsigned n) {
    for (const struct conn *c = s->open; c && n > 0; c = c->next)
        n -= goes_already(c);
    return n;
}

unsigned server_watchdog_make_room(struct server *s, unsigned n) {
    int64_t now_ns = clock_mono_ns();
    unsigned closed = 0;
    if (s->config.yield_ms == 0)
        return 0;
    pthread_mutex_lock(&s->list_lock);
    unsigned open = atomic_load(&s->connections), most = s->config.max_connections;
    unsigned room = open < most ? most - open : 0;
    n = still_needed(s, n - (room < n ? room : n));
    for (enum way way = WAY_HANDSHAKE; way < WAY_NONE; way++)
        closed += yield_oldest(s, way, least_ns_of(s, way), n - closed, now_ns);
    pthread_mutex_unlock(&s->list_lock);
    return closed;
}

void server_watchdog_end_handshakes(struct server *s, unsigned n) {
    int64_t now_ns = clock_mono_ns();
    int64_t least_ns = (int64_t)s->config.yield_ms * NS_PER_MS / HANDSHAKE_SHARE;
    if (least_ns == 0 || atomic_load(&s->handshakes) < s->config.max_handshakes)
        return;
    pthread_mutex_lock(&s->list_lock);
    unsigned closed = yield_oldest(s, WAY_HANDSHAKE, least_ns, still_needed(s, n), now_ns);
    pthread_mutex_unlock(&s->list_lock);
    if (closed > 0)
        server_event(s, "handshakes_full",
                     STR("slow handshakes are aborted for waiting clients"));
}

/* The slot in flight goes to the first to take it: the connection's own end, or this function. */
static bool give_up_slot(struct conn *c, int64_t least_ns, int64_t now_ns) {
    uint64_t stage = atomic_load(&c->stage);
    if (server_conn_stage_of(stage) != STAGE_WRITE || c->watch.cut == CUT_WHOLE ||
        now_ns - server_conn_since_of(stage) < least_ns ||
        !atomic_exchange(&c->is_admitted, false))
        return false;
    cut_connection(c);
    return true;
}

bool server_watchdog_take_slot(struct server *s) {
    int64_t now_ns = clock_mono_ns(), least_ns = least_ns_of(s, WAY_ANSWER);
    bool taken = false;
    if (s->config.yield_ms == 0)
        return false;
    pthread_mutex_lock(&s->list_lock);
    for (struct conn *c = s->open; c && !taken; c = c->next)
        taken = give_up_slot(c, least_ns, now_ns);
    pthread_mutex_unlock(&s->list_lock);
    return taken;
}

/* Requests were refused for lack of memory since the last tick: slow bodies and unread answers hold
 * it. */
static void make_memory_room(struct server *s, uint64_t *refused_before, int64_t now_ns) {
    uint64_t refused = atomic_load(&s->refused[SERVER_MEMORY]);
    if (refused == *refused_before || s->config.yield_ms == 0)
        return;
    *refused_before = refused;
    pthread_mutex_lock(&s->list_lock);
    int64_t body_ns = least_ns_of(s, WAY_BODY), answer_ns = least_ns_of(s, WAY_ANSWER);
    unsigned bodies = yield_oldest(s, WAY_BODY, body_ns, SLOW_A_TICK, now_ns);
    yield_oldest(s, WAY_ANSWER, answer_ns, SLOW_A_TICK - bodies, now_ns);
    pthread_mutex_unlock(&s->list_lock);
}

static void look_at_all(struct server *s, int64_t now_ns) {
    int64_t idle_ns = (int64_t)s->config.idle_timeout_s * 1000 * NS_PER_MS;
    pthread_mutex_lock(&s->list_lock);
    for (struct conn *c = s->open; c; c = c->next) {
        uint64_t stage = atomic_load(&c->stage);
        if (is_idle_for(stage, now_ns, idle_ns) && is_quiet(c, stage))
            close_idle(c);
        else if (is_late(c, stage, now_ns))
            cut_connection(c);
    }
    pthread_mutex_unlock(&s->list_lock);
}

/* A connection that was answered before is idle; a new one gets some time for its first request. */
static bool may_close(const struct conn *c, uint64_t stage, int64_t now_ns) {
    if (server_conn_stage_of(stage) != STAGE_IDLE || !is_quiet(c, stage))
        return false;
    return atomic_load(&c->idle_bytes) == BYTES_UNKNOWN ||
           now_ns - server_conn_since_of(stage) >= (int64_t)FRESH_MS * NS_PER_MS;
}

unsigned server_watchdog_close_idle(struct server *s) {
    int64_t now_ns = clock_mono_ns();
    unsigned busy = 0;
    pthread_mutex_lock(&s->list_lock);
    for (struct conn *c = s->pending; c; c = c->next)
        busy++;
    for (struct conn *c = s->open; c; c = c->next) {
        if (may_close(c, atomic_load(&c->stage), now_ns))
            close_idle(c);
        else
            busy++;
    }
    pthread_mutex_unlock(&s->list_lock);
    return busy;
}

static void *watchdog_main(void *arg) {
    struct server *s = arg;
    struct pollfd end = {.fd = s->watchdog_wake_fd, .events = POLLIN};
    uint64_t refused_memory = 0;
    while (poll(&end, 1, TICK_MS) <= 0) {
        int64_t now_ns = clock_mono_ns();
        look_at_all(s, now_ns);
        make_memory_room(s, &refused_memory, now_ns);
        if (atomic_load(&s->handshakes_denied) > 0)
            server_watchdog_end_handshakes(s, atomic_load(&s->handshakes_denied));
    }
    return NULL;
}

enum ec server_watchdog_start(struct server *s, struct err *err) {
    int error = pthread_create(&s->watchdog, NULL, watchdog_main, s);
    if (error != 0)
        return err_set_os(err, error, "start the watchdog thread");
    s->watchdog_runs = true;
    return EC_OK;
}

void server_watchdog_end(struct server *s) {
    if (!s->watchdog_runs)
        return;
    (void)eventfd_write(s->watchdog_wake_fd, 1);
    pthread_join(s->watchdog, NULL);
    s->watchdog_runs = false;
}
