/* The queue: two buffers that change places, so that writers copy and never wait for the disk.
 */
#include "audit/audit.h"

#include "base/clock.h"
#include "base/mem.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    PIPE_CHUNK = 4096, /* PIPE_BUF: what a pipe that polls writable takes */
    FILE_CHUNK = 1 << 20,
    POLL_MS = 200,
    GATHER_NS = 5000000,
    GATHER_BYTES = 64 << 10,
    KEEP_BYTES = 1 << 20 /* a larger buffer is one of a time when nobody read */
};

struct audit {
    int fd;
    size_t chunk;                   /* bytes for one write */
    enum audit_when_full when_full; /* under lock */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t has_bytes, has_room; /* has_room also when all is written */
    struct buf pending;                 /* under lock */
    struct buf writing;                 /* the thread's own */
    bool torn;                          /* the thread's own: an error cut the last line short */
    bool busy;                          /* under lock: the thread has lines in `writing` */
    bool closing;                       /* under lock */
    int64_t deadline_ns;                /* under lock; when closing */
    struct audit_stats stats;           /* under lock */
};

static uint64_t count_lines(struct str s) {
    uint64_t n = 0;
    for (size_t at; (at = str_find(s, '\n')) != s.n; n++)
        s = str_slice(s, at + 1, s.n);
    return n;
}

static bool gave_up(struct audit *a) {
    pthread_mutex_lock(&a->lock);
    bool over = a->closing && clock_mono_ns() >= a->deadline_ns;
    pthread_mutex_unlock(&a->lock);
    return over;
}

/* Waits until the descriptor takes bytes; false when it is time to give up. */
static bool wait_writable(struct audit *a) {
    struct pollfd p = {.fd = a->fd, .events = POLLOUT};
    while (poll(&p, 1, POLL_MS) == 0)
        if (gave_up(a))
            return false;
    return true;
}

/* As many whole lines as fit a chunk, or one part of a longer line. */
static size_t chunk_of(const struct audit *a, struct str rest) {
    if (rest.n <= a->chunk)
        return rest.n;
    for (size_t n = a->chunk; n > 0; n--)
        if (rest.p[n - 1] == '\n')
            return n;
    return a->chunk;
}

/* A line that an error cut short is ended, so that the next one is whole. */
static void mend(struct audit *a) {
    if (a->torn && wait_writable(a) && write(a->fd, "\n", 1) == 1)
        a->torn = false;
}

/* The bytes that could not be written; *os says why: 0 when closing took too long. */
static struct str write_out(struct audit *a, struct str rest, int *os) {
    *os = 0;
    while (rest.n != 0) {
        if (!wait_writable(a))
            return rest;
        ssize_t n = write(a->fd, rest.p, chunk_of(a, rest));
        if (n < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (n < 0) {
            *os = errno;
            return rest;
        }
        rest = str_slice(rest, (size_t)n, rest.n);
    }
    return rest;
}

static void account(struct audit *a, struct str all, struct str lost, int os) {
    uint64_t n_lost = count_lines(lost);
    a->stats.written += count_lines(all) - n_lost;
    if (os != 0) {
        a->stats.failed += n_lost;
        a->stats.last_errno = a->stats.failed_errno = os;
    } else {
        a->stats.dropped += n_lost;
        if (n_lost == 0)
            a->stats.last_errno = 0;
    }
}

static size_t enough(const struct audit *a) {
    return a->pending.max / 2 < GATHER_BYTES ? a->pending.max / 2 : GATHER_BYTES;
}

/* Lines that come close together go out together: to wake this thread for each of them would cost
 * as much as the decision it tells of. */
static void wait_for_lines(struct audit *a) {
    while (a->pending.n == 0 && !a->closing)
        pthread_cond_wait(&a->has_bytes, &a->lock);
    int64_t until_ns = clock_mono_ns() + GATHER_NS;
    const struct timespec until = {.tv_sec = until_ns / 1000000000,
                                   .tv_nsec = until_ns % 1000000000};
    while (!a->closing && a->pending.n < enough(a))
        if (pthread_cond_timedwait(&a->has_bytes, &a->lock, &until) != 0)
            return;
}

static void *run(void *arg) {
    struct audit *a = arg;
    pthread_mutex_lock(&a->lock);
    for (;;) {
        wait_for_lines(a);
        if (a->pending.n == 0)
            break;
        struct buf full = a->pending;
        a->pending = a->writing;
        a->writing = full;
        a->busy = true;
        pthread_cond_broadcast(&a->has_room);
        pthread_mutex_unlock(&a->lock);
        int os;
        mend(a);
        struct str all = buf_view(&a->writing), lost = write_out(a, all, &os);
        a->torn = lost.n != 0 && (lost.n == all.n ? a->torn : lost.p[-1] != '\n');
        pthread_mutex_lock(&a->lock);
        account(a, all, lost, os);
        buf_reset(&a->writing);
        if (a->writing.cap > KEEP_BYTES)
            buf_done(&a->writing);
        a->busy = false;
        pthread_cond_broadcast(&a->has_room);
    }
    pthread_mutex_unlock(&a->lock);
    return NULL;
}

/* A pipe has to be asked before each write, or one that blocks could never be given up. */
static size_t chunk_for(int fd) {
    struct stat st;
    return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? FILE_CHUNK : PIPE_CHUNK;
}

static void init_conditions(struct audit *a) {
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&a->has_bytes, &attr);
    pthread_cond_init(&a->has_room, &attr);
    pthread_condattr_destroy(&attr);
}

enum ec audit_open(struct audit **out, int fd, size_t max_bytes, enum audit_when_full when_full,
                   struct err *err) {
    struct audit *a = mem_zalloc(sizeof *a);
    if (a == NULL)
        return err_set(err, EC_NOMEM, "out of memory");
    a->fd = fd;
    a->chunk = chunk_for(fd);
    a->when_full = when_full;
    a->pending = a->writing = (struct buf)BUF_INIT(max_bytes);
    pthread_mutex_init(&a->lock, NULL);
    init_conditions(a);
    int os = pthread_create(&a->thread, NULL, run, a);
    if (os != 0) {
        mem_free(a);
        return err_set_os(err, os, "cannot start the audit thread");
    }
    *out = a;
    return EC_OK;
}

static bool fits(const struct audit *a, struct str line) {
    return line.n <= a->pending.max - a->pending.n;
}

void audit_write(struct audit *a, struct str line) {
    pthread_mutex_lock(&a->lock);
    while (a->when_full == AUDIT_BLOCK && !a->closing && !fits(a, line) && a->pending.n != 0)
        pthread_cond_wait(&a->has_room, &a->lock);
    size_t before = a->pending.n;
    if (fits(a, line))
        buf_str(&a->pending, line);
    if (a->pending.n == before) { /* no room, no memory, or longer than the whole queue */
        a->stats.dropped += count_lines(line);
        a->pending.bad = 0;
    } else if (before == 0 || (before < enough(a) && a->pending.n >= enough(a))) {
        pthread_cond_signal(&a->has_bytes);
    }
    pthread_mutex_unlock(&a->lock);
}

void audit_wait_no_more(struct audit *a) {
    if (a == NULL)
        return;
    pthread_mutex_lock(&a->lock);
    a->when_full = AUDIT_DROP;
    pthread_cond_broadcast(&a->has_room);
    pthread_mutex_unlock(&a->lock);
}

bool audit_flush(struct audit *a, unsigned ms) {
    int64_t until_ns = clock_mono_ns() + (int64_t)ms * 1000000;
    const struct timespec until = {.tv_sec = until_ns / 1000000000,
                                   .tv_nsec = until_ns % 1000000000};
    if (a == NULL)
        return true;
    pthread_mutex_lock(&a->lock);
    while ((a->pending.n != 0 || a->busy) &&
           pthread_cond_timedwait(&a->has_room, &a->lock, &until) == 0)
        ;
    bool done = a->pending.n == 0 && !a->busy;
    pthread_mutex_unlock(&a->lock);
    return done;
}

void audit_close(struct audit *a, unsigned deadline_ms, struct audit_stats *last) {
    if (a == NULL)
        return;
    pthread_mutex_lock(&a->lock);
    a->closing = true;
    a->deadline_ns = clock_mono_ns() + (int64_t)deadline_ms * 1000000;
    pthread_cond_broadcast(&a->has_bytes);
    pthread_cond_broadcast(&a->has_room);
    pthread_mutex_unlock(&a->lock);
    pthread_join(a->thread, NULL);
    if (last != NULL)
        *last = a->stats;
    buf_done(&a->pending);
    buf_done(&a->writing);
    pthread_cond_destroy(&a->has_bytes);
    pthread_cond_destroy(&a->has_room);
    pthread_mutex_destroy(&a->lock);
    mem_free(a);
}

void audit_stats(struct audit *a, struct audit_stats *out) {
    pthread_mutex_lock(&a->lock);
    *out = a->stats;
    out->pending_bytes = a->pending.n;
    pthread_mutex_unlock(&a->lock);
}
