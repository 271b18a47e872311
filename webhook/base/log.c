#include "base/log.h"

#include "base/clock.h"
#include "base/file.h"

#include <stdatomic.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 16 * 1024 };

static const char *const level_names[] = {"debug", "info", "warn", "error"};
static _Atomic int lowest = LOG_INFO; /* the one mutable global of the house (style, rule 33) */

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

void log_event(enum log_level level, const char *event, const struct log_field *fields) {
    if ((int)level < atomic_load(&lowest))
        return;
    struct buf line = BUF_INIT(LINE_MAX_BYTES);
    struct err ignored = ERR_INIT;
    buf_puts(&line, "{\"time\":\"");
    clock_print_us(&line, clock_wall_us());
    buf_printf(&line, "\",\"level\":\"%s\",\"event\":\"%s\"", level_names[level], event);
    for (; fields->key != NULL; fields++)
        put_field(&line, fields);
    buf_puts(&line, "}\n");
    /* Nobody is left to tell when standard error cannot be written. */
    if (!line.bad)
        (void)!file_write_fd(STDERR_FILENO, buf_view(&line), &ignored);
    buf_done(&line);
}

void log_err(enum log_level level, const char *event, const struct err *e) {
    LOG(level, event, F_Z("error", e->msg), F_Z("code", ec_name(e->code)),
        F_Z("file", e->where), F_INT("line", e->line), F_INT("column", e->col), F_END);
}
