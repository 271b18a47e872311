#include "base/err.h"

#include "base/escape.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

static void set_code(struct err *e, const char *src, int src_line, enum ec code) {
    e->code = code;
    e->src = src;
    e->src_line = src_line;
}

enum ec err_set_at(struct err *e, const char *src, int src_line, enum ec code,
                   const char *format, ...) {
    va_list args;
    if (e->code != EC_OK)
        return e->code;
    set_code(e, src, src_line, code);
    va_start(args, format);
    vsnprintf(e->msg, sizeof e->msg, format, args);
    va_end(args);
    return code;
}

enum ec err_set_os_at(struct err *e, const char *src, int src_line, int os, const char *format,
                      ...) {
    char reason[128];
    va_list args;
    if (e->code != EC_OK)
        return e->code;
    set_code(e, src, src_line, os == ENOMEM ? EC_NOMEM : EC_IO);
    e->os = os;
    va_start(args, format);
    int n = vsnprintf(e->msg, sizeof e->msg, format, args);
    va_end(args);
    if (n < 0 || (size_t)n >= sizeof e->msg)
        return e->code;
    /* strerror_r in its XSI form would need other feature macros; GNU's returns the text. */
    snprintf(e->msg + n, sizeof e->msg - (size_t)n, ": %s",
             strerror_r(os, reason, sizeof reason));
    return e->code;
}

enum ec err_wrap(struct err *e, const char *format, ...) {
    char old[sizeof e->msg];
    va_list args;
    memcpy(old, e->msg, sizeof old);
    va_start(args, format);
    int n = vsnprintf(e->msg, sizeof e->msg, format, args);
    va_end(args);
    if (n >= 0 && (size_t)n < sizeof e->msg)
        snprintf(e->msg + n, sizeof e->msg - (size_t)n, ": %s", old);
    return e->code;
}

void err_locate(struct err *e, const char *where, uint32_t line, uint32_t col) {
    if (e->where[0] == '\0' && where != NULL)
        snprintf(e->where, sizeof e->where, "%s", where);
    if (e->line == 0) {
        e->line = line;
        e->col = col;
    }
}

void err_print(const struct err *e, struct buf *out) {
    if (e->where[0] != '\0') {
        escape_text(out, str_of(e->where));
        buf_putc(out, ':');
    }
    if (e->line != 0)
        buf_printf(out, "%u:%u:", e->line, e->col);
    if (e->where[0] != '\0' || e->line != 0)
        buf_putc(out, ' ');
    escape_text(out, str_of(e->msg));
}

const char *ec_name(enum ec code) {
    static const char *const names[] = {"ok", "syntax", "schema", "limit", "no-memory",
                                        "io", "usage",  "crypto", "bug"};
    return (size_t)code < sizeof names / sizeof *names ? names[code] : "unknown";
}
