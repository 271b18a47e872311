/* The queue: two buffers that are swapped, so that writers copy and never wait for the disk.
 */
#include "audit/audit.h"

#include "base/clock.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    PIPE_CHUNK = 4096, /* PIPE_BUF: a pipe that polls writable accepts as much, in one piece */
    FILE_CHUNK = 1 << 20,
    POLL_MS = 200,
    JOIN_MS = 500, /* for the thread to notice the end */
    REST_NS = 20000000,
    REST_BYTES = 64 << 10,
    KEEP_BYTES = 256 << 10 /* a larger buffer comes from a time when the output was not read */
};

struct audit {
    int fd;
    bool is_file;       /* always writable */
    size_t empty_chunk; /* bytes for one write to a pipe that is empty; 0: no pipe */
    enum audit_when_full when_full; /* under lock */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t has_bytes, has_room; /* has_room also when all is written */
    struct buf pending;                 /* under lock */
    struct buf writing;                 /* the thread's own */
    uint64_t n_writes;                  /* the thread's own: since the last account() */
    bool torn;                          /* the thread's own: an error cut the last line short */
    bool busy;                          /* under lock: the thread has lines in `writing` */
    bool sleeps;              /* under lock: the thread waits for has_bytes for any time */
    bool is_urgent;           /* under lock: the thread is to end its rest */
    bool closing, impatient;  /* under lock */
    bool ended, abandoned;    /* under lock: the thread is done; nothing waits for that */
    int64_t deadline_ns;      /* under lock; when closing */
    int64_t in_vain_ns;       /* under lock: when a wait for room timed out; 0: never */
    _Atomic int64_t moved_ns; /* bytes were written, or began to wait */
    struct audit_stats stats; /* under lock */
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

/* Waits until the descriptor is writable; false when it is time to give up. */
static bool wait_writable(struct audit *a) {
    struct pollfd p = {.fd = a->fd, .events = POLLOUT};
    while (poll(&p, 1, POLL_MS) == 0)
        if (gave_up(a))
            return false;
    return true;
}

/* As many whole lines as fit a chunk, or one part of a longer line. */
static size_t whole_lines(struct str rest, size_t chunk) {
    if (rest.n <= chunk)
        return rest.n;
    for (size_t n = chunk; n > 0; n--)
        if (rest.p[n - 1] == '\n')
            return n;
    return chunk;
}

static bool is_empty_pipe(const struct audit *a) {
    int n;
    return a->empty_chunk != 0 && ioctl(a->fd, FIONREAD, &n) == 0 && n == 0;
}

/* Waits until so many bytes can be written without blocking; 0: it is time to give up. */
static size_t wait_for_chunk(struct audit *a) {
    if (a->is_file)
        return FILE_CHUNK;
    if (is_empty_pipe(a))
        return a->empty_chunk;
    return wait_writable(a) ? PIPE_CHUNK : 0;
}

/* A line that an error cut short gets its line end, so that the next one is whole. */
static void finish_torn_line(struct audit *a) {
    if (a->torn && wait_writable(a) && write(a->fd, "\n", 1) == 1)
        a->torn = false;
}

/* Returns the bytes that could not be written; *os is the errno, or 0 when closing took too long. */
static struct str write_out(struct audit *a, struct str rest, int *os) {
    *os = 0;
    while (rest.n != 0) {
        size_t chunk = wait_for_chunk(a);
        if (chunk == 0)
            return rest;
        a->n_writes++;
        ssize_t n = write(a->fd, rest.p, whole_lines(rest, chunk));
        if (n < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (n < 0) {
            *os = errno;
            return rest;
        }
        atomic_store(&a->moved_ns, clock_mono_ns());
        rest = str_slice(rest, (size_t)n, rest.n);
    }
    return rest;
}

static void account(struct audit *a, struct str all, struct str lost, int os) {
    uint64_t n_lost = count_lines(lost);
    a->stats.writes += a->n_writes;
    a->n_writes = 0;
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

static struct timespec timespec_of(int64_t ns) {
    return (struct timespec){.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
}

static size_t enough(const struct audit *a) {
    return a->pending.max / 2 < REST_BYTES ? a->pending.max / 2 : REST_BYTES;
}

/* Waking this thread costs as much as a decision. After a write it rests: lines that arrive meanwhile are
 * written together, and no writer wakes it. */
static void rest(struct audit *a) {
    const struct timespec until = timespec_of(clock_mono_ns() + REST_NS);
    while (!a->closing && !a->is_urgent)
        if (pthread_cond_timedwait(&a->has_bytes, &a->lock, &until) != 0)
            return;
}

static void wait_for_lines(struct audit *a) {
    rest(a);
    a->sleeps = true;
    while (a->pending.n == 0 && !a->closing)
        pthread_cond_wait(&a->has_bytes, &a->lock);
    a->sleeps = a->is_urgent = false;
}

/* Under lock: what is pending is written now. */
static void hurry(struct audit *a) {
    a->is_urgent = true;
    pthread_cond_signal(&a->has_bytes);
}

static void free_all(struct audit *a) {
    buf_done(&a->pending);
    buf_done(&a->writing);
    pthread_cond_destroy(&a->has_bytes);
    pthread_cond_destroy(&a->has_room);
    pthread_mutex_destroy(&a->lock);
    mem_free(a);
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
        finish_torn_line(a);
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
    a->ended = true;
    bool abandoned = a->abandoned;
    pthread_cond_broadcast(&a->has_room);
    pthread_mutex_unlock(&a->lock);
    if (abandoned)
        free_all(a);
    return NULL;
}

/* Before a write there is room for it, or a write that blocks could never be abandoned. Half of a pipe is
 * left to others that write to it at the same moment. */
static void learn_output(struct audit *a) {
    struct stat st;
    int bytes = fcntl(a->fd, F_GETPIPE_SZ);
    a->is_file = fstat(a->fd, &st) == 0 && S_ISREG(st.st_mode);
    if (bytes > 0)
        a->empty_chunk = (size_t)bytes / 2 > PIPE_CHUNK ? (size_t)bytes / 2 : PIPE_CHUNK;
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
    learn_output(a);
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

static bool line_fits(const struct audit *a, struct str line) {
    return line.n <= a->pending.max - a->pending.n;
}

/* A wait timed out and nothing was written since. */
static bool is_stuck(struct audit *a) {
    return a->in_vain_ns > atomic_load(&a->moved_ns);
}

/* A thread that is not writing takes what is pending at once, whether the output is read or not. */
static bool may_wait(struct audit *a) {
    bool patient = a->when_full == AUDIT_BLOCK && !is_stuck(a);
    return (patient || !a->busy) && !a->closing && !a->impatient && a->pending.n != 0;
}

static void wait_for_room(struct audit *a, struct str line, int64_t until_ns) {
    const struct timespec until = timespec_of(until_ns);
    while (!line_fits(a, line) && may_wait(a)) {
        hurry(a);
        if (pthread_cond_timedwait(&a->has_room, &a->lock, &until) == 0)
            continue;
        a->in_vain_ns = clock_mono_ns();
        return;
    }
}

static bool put_pending(struct audit *a, struct str line) {
    size_t before = a->pending.n;
    if (!line_fits(a, line))
        return false;
    buf_str(&a->pending, line);
    a->pending.bad = 0;
    if (a->pending.n == before) /* no memory */
        return false;
    if (before == 0 && !a->busy)
        atomic_store(&a->moved_ns, clock_mono_ns());
    if (before < enough(a) && a->pending.n >= enough(a))
        hurry(a);
    else if (before == 0 && a->sleeps)
        pthread_cond_signal(&a->has_bytes);
    return true;
}

bool audit_write(struct audit *a, struct str line, int64_t until_ns) {
    pthread_mutex_lock(&a->lock);
    wait_for_room(a, line, until_ns);
    bool queued = put_pending(a, line), blocks = a->when_full == AUDIT_BLOCK;
    if (!queued) {
        uint64_t n = count_lines(line);
        a->stats.dropped += n;
        a->stats.unrecorded += blocks ? n : 0;
    }
    pthread_mutex_unlock(&a->lock);
    return queued || !blocks;
}

void audit_wait_no_more(struct audit *a) {
    if (a == NULL)
        return;
    pthread_mutex_lock(&a->lock);
    a->impatient = true;
    pthread_cond_broadcast(&a->has_room);
    pthread_mutex_unlock(&a->lock);
}

bool audit_flush(struct audit *a, unsigned ms) {
    const struct timespec until = timespec_of(clock_mono_ns() + (int64_t)ms * 1000000);
    if (a == NULL)
        return true;
    pthread_mutex_lock(&a->lock);
    if (a->pending.n != 0)
        hurry(a);
    while ((a->pending.n != 0 || a->busy) &&
           pthread_cond_timedwait(&a->has_room, &a->lock, &until) == 0)
        ;
    bool done = a->pending.n == 0 && !a->busy;
    pthread_mutex_unlock(&a->lock);
    return done;
}

void audit_stats(struct audit *a, struct audit_stats *out) {
    pthread_mutex_lock(&a->lock);
    bool waits = a->pending.n != 0 || a->busy;
    *out = a->stats;
    out->pending_bytes = a->pending.n;
    out->stalled_ns = waits ? clock_mono_ns() - atomic_load(&a->moved_ns) : 0;
    pthread_mutex_unlock(&a->lock);
}

/* The thread may hang in a write(2) that blocks although poll(2) reported room. */
static void wait_for_end(struct audit *a) {
    const struct timespec until = timespec_of(a->deadline_ns + (int64_t)JOIN_MS * 1000000);
    pthread_mutex_lock(&a->lock);
    while (!a->ended && pthread_cond_timedwait(&a->has_room, &a->lock, &until) == 0)
        ;
    if (!a->ended)
        a->stats.dropped +=
            count_lines(buf_view(&a->pending)) + count_lines(buf_view(&a->writing));
    pthread_mutex_unlock(&a->lock);
}

/* False: the thread will free it, if it ever returns. */
static bool take_back(struct audit *a) {
    pthread_mutex_lock(&a->lock);
    bool ended = a->ended;
    a->abandoned = !ended;
    pthread_mutex_unlock(&a->lock);
    return ended;
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
    wait_for_end(a);
    if (last != NULL)
        audit_stats(a, last);
    pthread_t thread = a->thread;
    if (!take_back(a)) {
        pthread_detach(thread);
        return;
    }
    pthread_join(thread, NULL);
    free_all(a);
}
