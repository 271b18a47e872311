#include "base/log.h"

#include "base/clock.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

enum {
    LINE_MAX_BYTES = 16 * 1024,
    WAITING_MAX_BYTES = 64 * 1024,
    PATIENCE_MS = 100, /* of the writing thread */
    RETRY_S = 1,
    FLUSH_S = 2
};

static const char *const level_names[] = {"debug", "info", "warn", "error"};
static _Atomic int lowest =
    LOG_INFO; /* with `output` the only mutable globals of the programs */

void log_set_level(enum log_level level) {
    atomic_store(&lowest, (int)level);
}

static void put_field(struct buf *line, const struct log_field *f) {
    buf_putc(line, ',');
    buf_json(line, str_of(f->key));
    buf_putc(line, ':');
    switch (f->kind) {
    case LOG_KIND_STR:
        buf_json(line, str_slice(f->s, 0, LINE_MAX_BYTES / 8));
        break;
    case LOG_KIND_INT:
        buf_int(line, f->i);
        break;
    case LOG_KIND_BOOL:
        buf_puts(line, f->i ? "true" : "false");
        break;
    }
}

/* ---- standard error -------------------------------------------------------------------- */

/* It may be a pipe without a reader, or a stopped terminal. Then lines are lost and counted. Between
 * log_start() and log_stop() a separate thread writes, so that no other thread waits even for a write(2)
 * that never returns: the result of poll(2) is not reliable when other processes share the pipe. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool runs, ends, busy; /* under lock: the thread */
    pthread_t thread;
    struct buf waiting; /* under lock: whole lines */
    int64_t lost;       /* under lock: lines, not reported yet */
    bool stuck;         /* the writer's: the last wait timed out */
    bool torn;          /* the writer's: the last line was cut short */
} output = {.lock = PTHREAD_MUTEX_INITIALIZER,
            .changed = PTHREAD_COND_INITIALIZER,
            .waiting = BUF_INIT(WAITING_MAX_BYTES)};

/* The reader may only be slow: only the first wait is long. */
static bool is_writable(void) {
    struct pollfd p = {.fd = STDERR_FILENO, .events = POLLOUT};
    int n;
    do
        n = poll(&p, 1, output.stuck ? 0 : PATIENCE_MS);
    while (n < 0 && errno == EINTR);
    output.stuck = n == 0;
    return n > 0;
}

/* A pipe that polls writable accepts PIPE_BUF bytes without blocking. */
static bool put_bytes(struct str s) {
    while (s.n != 0) {
        if (!is_writable())
            return false;
        ssize_t n = write(STDERR_FILENO, s.p, s.n < PIPE_BUF ? s.n : PIPE_BUF);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        output.torn = s.p[n - 1] != '\n';
        s = str_slice(s, (size_t)n, s.n);
    }
    return true;
}

static bool write_line(struct str line) {
    return (!output.torn || put_bytes(STR("\n"))) && put_bytes(line);
}

/* ---- lines ----------------------------------------------------------------------------- */

static void begin_line(struct buf *line, enum log_level level, const char *event) {
    buf_puts(line, "{\"time\":\"");
    clock_print_us(line, clock_wall_us());
    buf_printf(line, "\",\"level\":\"%s\",\"event\":\"%s\"", level_names[level], event);
}

static bool report_lost_lines(int64_t lost) {
    struct buf line = BUF_INIT(LINE_MAX_BYTES);
    const struct log_field lines = F_INT("lines", lost);
    begin_line(&line, LOG_WARN, "log_lines_lost");
    put_field(&line, &lines);
    buf_puts(&line, "}\n");
    bool reported = !line.bad && write_line(buf_view(&line));
    buf_done(&line);
    return reported;
}

/* Writes all of them; returns the number of lines lost, earlier ones included. */
static int64_t put_lines(struct str lines, int64_t lost) {
    if (lost != 0 && report_lost_lines(lost))
        lost = 0;
    while (lines.n != 0) {
        size_t n = str_find(lines, '\n') + 1;
        lost += !write_line(str_slice(lines, 0, n));
        lines = str_slice(lines, n, lines.n);
    }
    return lost;
}

/* ---- the thread -------------------------------------------------------------------------- */

static void write_waiting(void) {
    struct buf lines = output.waiting;
    int64_t lost = output.lost;
    output.waiting = (struct buf)BUF_INIT(WAITING_MAX_BYTES);
    output.lost = 0;
    output.busy = true;
    pthread_mutex_unlock(&output.lock);
    lost = put_lines(buf_view(&lines), lost);
    buf_done(&lines);
    pthread_mutex_lock(&output.lock);
    output.lost += lost;
    output.busy = false;
    pthread_cond_broadcast(&output.changed);
}

static struct timespec seconds_from_now(int seconds) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += seconds;
    return t;
}

/* Under lock. False: nothing changed up to then. */
static bool wait_until(const struct timespec *then) {
    return pthread_cond_clockwait(&output.changed, &output.lock, CLOCK_MONOTONIC, then) == 0;
}

/* Lost lines are reported as soon as standard error is writable again, although nothing is logged. */
static void wait_for_lines(void) {
    if (output.lost == 0) {
        pthread_cond_wait(&output.changed, &output.lock);
        return;
    }
    struct timespec retry = seconds_from_now(RETRY_S);
    if (!wait_until(&retry))
        write_waiting();
}

static void *run(void *arg) {
    (void)arg;
    pthread_mutex_lock(&output.lock);
    while (!output.ends || output.waiting.n != 0)
        if (output.waiting.n != 0)
            write_waiting();
        else
            wait_for_lines();
    pthread_mutex_unlock(&output.lock);
    return NULL;
}

void log_start(void) {
    pthread_mutex_lock(&output.lock);
    output.ends = false;
    output.runs = pthread_create(&output.thread, NULL, run, NULL) == 0;
    pthread_mutex_unlock(&output.lock);
}

/* Under lock. */
static bool is_all_written(void) {
    struct timespec deadline = seconds_from_now(FLUSH_S);
    while (output.waiting.n != 0 || output.busy)
        if (!wait_until(&deadline))
            return false;
    return true;
}

void log_flush(void) {
    pthread_mutex_lock(&output.lock);
    if (output.runs)
        (void)is_all_written();
    pthread_mutex_unlock(&output.lock);
}

/* A thread that hangs keeps its lines: nothing is written any more. */
void log_stop(void) {
    pthread_mutex_lock(&output.lock);
    bool joins = output.runs && is_all_written();
    output.ends = true;
    pthread_cond_broadcast(&output.changed);
    pthread_t thread = output.thread;
    pthread_mutex_unlock(&output.lock);
    if (!joins)
        return;
    pthread_join(thread, NULL);
    output.runs = false;
}

static void hand_over_line(struct str line) {
    pthread_mutex_lock(&output.lock);
    size_t before = output.waiting.n;
    if (line.n <= WAITING_MAX_BYTES - before)
        buf_str(&output.waiting, line);
    output.waiting.bad = 0;
    output.lost += output.waiting.n == before;
    while (!output.runs && output.busy)
        pthread_cond_wait(&output.changed, &output.lock);
    if (output.runs)
        pthread_cond_broadcast(&output.changed);
    else if (output.waiting.n != 0)
        write_waiting();
    pthread_mutex_unlock(&output.lock);
}

void log_event(enum log_level level, const char *event, const struct log_field *fields) {
    if ((int)level < atomic_load(&lowest))
        return;
    struct buf line = BUF_INIT(LINE_MAX_BYTES);
    begin_line(&line, level, event);
    for (; fields->key != NULL; fields++)
        put_field(&line, fields);
    buf_puts(&line, "}\n");
    hand_over_line(line.bad ? STR_NONE : buf_view(&line));
    buf_done(&line);
}

void log_err(enum log_level level, const char *event, const struct err *e) {
    LOG(level, event, F_Z("error", e->msg), F_Z("code", ec_name(e->code)),
        F_Z("file", e->where), F_INT("line", e->line), F_INT("column", e->col), F_END);
}
