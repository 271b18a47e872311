/* Findings: made, and put into words. */
#include "base/escape.h"
#include "doctor/model.h"

#include <stdarg.h>

enum { TEXT_MAX = 1 << 16, NAMES_SHOWN = 5 };

static struct str object_of(struct doctor *d, const struct doctor_place *at) {
    struct buf name = BUF_INIT(TEXT_MAX);
    struct str out = STR_NONE;
    buf_str(&name, at->kind);
    if (at->namespace.n != 0)
        buf_putc(&name, '/');
    buf_str(&name, at->namespace);
    if (at->name.n != 0)
        buf_putc(&name, '/');
    buf_str(&name, at->name);
    doctor_say_buf(d, &out, &name);
    buf_done(&name);
    return out;
}

struct doctor_finding *doctor_find(struct doctor *d, enum doctor_code code,
                                   const struct doctor_place *at,
                                   const struct policy_rule *rule) {
    void *v = doctor_more(d, d->findings.v, d->findings.n, sizeof *d->findings.v);
    struct doctor_finding *f = &d->spare;
    if (v != NULL) {
        d->findings.v = v;
        f = &d->findings.v[d->findings.n++];
    }
    *f = (struct doctor_finding){.code = code,
                                 .level = doctor_codes[code].level,
                                 .namespace = at->namespace,
                                 .object = object_of(d, at),
                                 .file = at->file.n != 0 ? at->file : d->file,
                                 .line = at->line,
                                 .col = at->col,
                                 .message = str_of(doctor_codes[code].about),
                                 .effect = str_of(doctor_codes[code].effect),
                                 .mend = str_of(doctor_codes[code].mend)};
    if (rule != NULL) {
        f->rule = rule->name;
        f->rule_file = engine_policy_file(d->options.policy, rule->pos);
        f->rule_line = rule->pos.line;
        f->rule_col = rule->pos.col;
    }
    return f;
}

void doctor_say_buf(struct doctor *d, struct str *out, const struct buf *text) {
    if (text->bad && d->bad == 0)
        d->bad = text->bad;
    *out = doctor_copy(d, buf_view(text));
}

void doctor_say(struct doctor *d, struct str *out, const char *format, ...) {
    struct buf text = BUF_INIT(TEXT_MAX);
    va_list args;
    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    doctor_say_buf(d, out, &text);
    buf_done(&text);
}

struct str doctor_word(struct doctor *d, struct str s) {
    struct buf text = BUF_INIT(TEXT_MAX);
    struct str out = STR_NONE;
    escape_shell(&text, s);
    doctor_say_buf(d, &out, &text);
    buf_done(&text);
    return out;
}

void doctor_lower(struct doctor_finding *f, enum doctor_level level) {
    if (f->level > level)
        f->level = level;
}

void doctor_put_names(struct buf *out, const struct doctor_names *names) {
    if (names->n == 0)
        buf_puts(out, "none");
    for (size_t i = 0; i < names->n && i < NAMES_SHOWN; i++) {
        if (i != 0)
            buf_puts(out, ", ");
        if (names->v[i].n != 0)
            buf_str(out, names->v[i]);
        else
            buf_puts(out, "\"\"");
    }
    if (names->n > NAMES_SHOWN)
        buf_printf(out, " and %zu more", names->n - NAMES_SHOWN);
}
