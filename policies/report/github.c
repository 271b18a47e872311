/* Workflow commands of GitHub Actions: one annotation a line, its title the rule's id and the object.
 * Source     actions/toolkit, packages/core/src/command.ts (what is escaped how) */
#include "report/report.h"

static void put_head(struct buf *out, enum report_level level,
                     const struct report_location *at) {
    static const char *const commands[] = {"notice", "warning", "error"};
    buf_printf(out, "::%s file=", commands[level]);
    escape_github(out, report_path(at->file), ESCAPE_PROPERTY);
    if (at->line != 0)
        buf_printf(out, ",line=%u", at->line);
    if (at->line != 0 && at->col != 0)
        buf_printf(out, ",col=%u", at->col);
    buf_puts(out, ",title=");
}

static void put_title(struct report *p, const struct report_finding *f) {
    struct buf *title = report_scratch(p);
    buf_puts(title, p->tool->rule(f->rule).id);
    if (f->object.n != 0)
        buf_puts(title, ": ");
    buf_str(title, f->object);
    escape_github(&p->out, buf_view(title), ESCAPE_PROPERTY);
}

static void put_message(struct buf *out, struct str message, const char *advice) {
    buf_puts(out, "::");
    escape_github(out, message, ESCAPE_DATA);
    if (advice != NULL) {
        buf_puts(out, str_ends(message, STR("?")) ? " " : ". ");
        escape_github(out, str_of(advice), ESCAPE_DATA);
    }
    buf_putc(out, '\n');
}

static void add_finding(struct report *p, const struct report_finding *f) {
    put_head(&p->out, f->level, &f->at);
    put_title(p, f);
    put_message(&p->out, f->message, f->advice);
}

static void add_unread(struct report *p, const struct report_unread *u) {
    put_head(&p->out, REPORT_ERROR, &u->at);
    buf_puts(&p->out, u->what);
    put_message(&p->out, str_of(u->err->msg), NULL);
}

const struct report_writer report_github = {.add_finding = add_finding,
                                            .add_unread = add_unread};
