/* Workflow commands of GitHub Actions: one annotation a line.
 * Source     actions/toolkit, packages/core/src/command.ts (what is escaped how) */
#include "report/report.h"

static const char *const levels[] = {"notice", "warning", "error"};

static void put_head(struct buf *out, const char *level, const char *file, uint32_t line,
                     uint32_t col) {
    buf_printf(out, "::%s file=", level);
    escape_github(out, report_path(str_of(file)), ESCAPE_PROPERTY);
    if (line != 0)
        buf_printf(out, ",line=%u", line);
    if (line != 0 && col != 0)
        buf_printf(out, ",col=%u", col);
    buf_puts(out, ",title=");
}

static void put_title(struct report *p, const char *word, const struct object *s) {
    report_scratch(p);
    buf_printf(&p->scratch, "%s: ", word);
    object_put_name(&p->scratch, s);
    escape_github(&p->out, buf_view(&p->scratch), ESCAPE_PROPERTY);
}

static void put_reason(struct report *p, const struct object *s, const struct reason *r) {
    struct yaml_pos pos = object_reason_where(s, r, report_scratch(p));
    if (p->look->quiet && r->weight == WEIGHT_NOTE)
        return;
    put_head(&p->out, levels[r->weight], s->file, pos.line, pos.col);
    put_title(p, engine_code_name(r->code), s);
    buf_puts(&p->out, "::");
    escape_github(&p->out, r->message, ESCAPE_DATA);
    buf_putc(&p->out, '\n');
}

/* The same words as in SARIF. */
static void put_note(struct report *p, const struct object *s, const char *title,
                     struct yaml_pos pos, struct buf *text) {
    put_head(&p->out, levels[WEIGHT_NOTE], s->file, pos.line, pos.col);
    put_title(p, title, s);
    buf_puts(&p->out, "::");
    escape_github(&p->out, buf_view(text), ESCAPE_DATA);
    buf_putc(&p->out, '\n');
    report_carry(p, text);
    buf_done(text);
}

static void put_rewrite(struct report *p, const struct object *s,
                        const struct decision_image *d) {
    struct buf text = BUF_INIT(65536);
    const char *why;
    struct str to = report_rewrite(s, d, &why);
    if (to.n == 0)
        return;
    buf_printf(&text, "image \"%.*s\" is rewritten to \"%.*s\"%s", STR_ARG(d->before),
               STR_ARG(to), why);
    put_note(p, s, "rewritten", object_image_where(s, d->image, report_scratch(p)), &text);
}

static void put_secrets(struct report *p, const struct object *s) {
    for (size_t i = 0; i < s->decision->n_secrets_added; i++) {
        struct buf text = BUF_INIT(65536);
        buf_printf(&text, "pull secret \"%.*s\" is added to imagePullSecrets",
                   STR_ARG(s->decision->secrets_added[i]));
        put_note(p, s, "pull-secret-added", object_secrets_where(s), &text);
    }
}

static void put_unjudged(struct report *p, const struct object *s) {
    struct buf text = BUF_INIT(1 << 20);
    object_put_unjudged(&text, s);
    put_note(p, s, "not-judged", object_unjudged_where(s), &text);
}

static enum ec put_object(struct report *p, const struct object *s, struct err *err) {
    const struct decision *d = s->decision;
    (void)err;
    for (size_t i = 0; i < d->n_reasons; i++)
        put_reason(p, s, &d->reasons[i]);
    for (size_t i = 0; i < d->n_images && !p->look->quiet; i++)
        put_rewrite(p, s, &d->images[i]);
    if (!p->look->quiet)
        put_secrets(p, s);
    if (s->unjudged != NULL)
        put_unjudged(p, s);
    return EC_OK;
}

static void put_fault(struct report *p, const struct object_fault *f) {
    put_head(&p->out, levels[WEIGHT_DENY], f->file, f->err->line, f->err->col);
    buf_puts(&p->out, "cannot be judged::");
    escape_github(&p->out, str_of(f->err->msg), ESCAPE_DATA);
    buf_putc(&p->out, '\n');
}

const struct report_format report_github = {.begin = report_nothing,
                                            .object = put_object,
                                            .fault = put_fault,
                                            .join = report_append,
                                            .end = report_no_end};
