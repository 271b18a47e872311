#include "base/log.h"

#include "base/clock.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 16 * 1024, PATIENCE_MS = 1000 };

static const char *const level_names[] = {"debug", "info", "warn", "error"};
static _Atomic int lowest =
    LOG_INFO; /* with `output` the mutable globals of the house (style, rule 33) */

void log_set_level(enum log_level level) {
    atomic_store(&lowest, (int)level);
}

bool log_parse_level(struct str word, enum log_level *out) {
    for (size_t i = 0; i < sizeof level_names / sizeof *level_names; i++) {
        if (!str_eq(word, str_of(level_names[i])))
            continue;
        *out = (enum log_level)i;
        return true;
    }
    return false;
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

/* It may be a pipe that nobody reads. Then lines are lost and counted; whoever logs does not wait,
 * but for the first of them, as its reader may only be slow. */
static struct {
    pthread_mutex_t lock; /* of all below */
    bool stuck;           /* the last wait was in vain */
    bool torn;            /* the last line was cut short */
    int64_t lost;         /* lines, not told yet */
} output = {.lock = PTHREAD_MUTEX_INITIALIZER};

static bool is_writable(void) {
    struct pollfd p = {.fd = STDERR_FILENO, .events = POLLOUT};
    int n;
    do
        n = poll(&p, 1, output.stuck ? 0 : PATIENCE_MS);
    while (n < 0 && errno == EINTR);
    output.stuck = n == 0;
    return n > 0;
}

/* A pipe that polls writable takes PIPE_BUF bytes without waiting. */
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

static bool put_line(struct buf *line) {
    if (!line->bad && (!output.torn || put_bytes(STR("\n"))) && put_bytes(buf_view(line)))
        return true;
    output.lost++;
    return false;
}

/* ---- lines ----------------------------------------------------------------------------- */

static void begin(struct buf *line, enum log_level level, const char *event) {
    buf_puts(line, "{\"time\":\"");
    clock_print_us(line, clock_wall_us());
    buf_printf(line, "\",\"level\":\"%s\",\"event\":\"%s\"", level_names[level], event);
}

static void tell_of_lost_lines(void) {
    struct buf line = BUF_INIT(LINE_MAX_BYTES);
    const struct log_field lines = F_INT("lines", output.lost);
    begin(&line, LOG_WARN, "log_lines_lost");
    put_field(&line, &lines);
    buf_puts(&line, "}\n");
    if (put_line(&line))
        output.lost = 0;
    else
        output.lost--; /* it was none of those that count */
    buf_done(&line);
}

void log_event(enum log_level level, const char *event, const struct log_field *fields) {
    if ((int)level < atomic_load(&lowest))
        return;
    struct buf line = BUF_INIT(LINE_MAX_BYTES);
    begin(&line, level, event);
    for (; fields->key != NULL; fields++)
        put_field(&line, fields);
    buf_puts(&line, "}\n");
    pthread_mutex_lock(&output.lock);
    if (output.lost != 0)
        tell_of_lost_lines();
    put_line(&line);
    pthread_mutex_unlock(&output.lock);
    buf_done(&line);
}

void log_err(enum log_level level, const char *event, const struct err *e) {
    LOG(level, event, F_Z("error", e->msg), F_Z("code", ec_name(e->code)),
        F_Z("file", e->where), F_INT("line", e->line), F_INT("column", e->col), F_END);
}
