/* file:line:col: what, for people and editors. */
#include "policyctl/print.h"

static const char *const weight_words[] = {"note", "warn", "deny"};

static void put_place(struct print *p, const struct subject *s, struct yaml_pos pos) {
    buf_printf(&p->out, "%s:%u:%u: ", s->file, pos.line, pos.col);
}

static struct yaml_pos place_of(struct print *p, const struct subject *s, int32_t image) {
    if (image < 0)
        return subject_where(s, STR(""));
    return print_where(p, s, s->decision->images[image].image);
}

static void put_reason(struct print *p, const struct subject *s, const struct reason *r) {
    put_place(p, s, place_of(p, s, r->image));
    buf_printf(&p->out, "%s: %.*s\n", weight_words[r->weight], STR_ARG(r->message));
}

/* Why a rewrite is not made in this object. */
static const char *later(const struct subject *s) {
    if (s->workload->shape == SHAPE_TEMPLATE)
        return " (in its pods)";
    return s->decision->verdict == VERDICT_DENY ? " (once the rest is allowed)"
                                                : " (if enforced)";
}

static void put_image(struct print *p, const struct subject *s,
                      const struct decision_image *d) {
    bool rewritten = !str_eq(d->before, d->after);
    bool proposed = !str_eq(d->after, d->proposed) && d->weight == WEIGHT_NOTE && d->judged;
    if (!rewritten && !proposed)
        return;
    put_place(p, s, print_where(p, s, d->image));
    buf_printf(&p->out, "%s: %.*s: %.*s -> %.*s%s\n", rewritten ? "rewrite" : "note",
               STR_ARG(d->image->name), STR_ARG(d->before),
               STR_ARG(rewritten ? d->after : d->proposed), rewritten ? "" : later(s));
}

static void put_secrets(struct print *p, const struct subject *s) {
    const struct decision *d = s->decision;
    struct buf pointer = BUF_INIT(256);
    if (d->n_secrets_added == 0)
        return;
    buf_str(&pointer, s->workload->spec);
    buf_puts(&pointer, "/imagePullSecrets");
    put_place(p, s, subject_where(s, buf_view(&pointer)));
    buf_puts(&p->out, "secret: ");
    for (size_t i = 0; i < d->n_secrets_added; i++)
        buf_printf(&p->out, "%s%.*s", i ? ", " : "", STR_ARG(d->secrets_added[i]));
    buf_puts(&p->out, " added to imagePullSecrets\n");
    buf_done(&pointer);
}

void print_text_begin(struct print *p) {
    (void)p;
}

enum ec print_text_object(struct print *p, const struct subject *s, struct err *err) {
    const struct decision *d = s->decision;
    (void)err;
    for (size_t i = 0; i < d->n_reasons; i++)
        put_reason(p, s, &d->reasons[i]);
    for (size_t i = 0; i < d->n_images; i++)
        put_image(p, s, &d->images[i]);
    put_secrets(p, s);
    return EC_OK;
}

static void put_count(struct buf *out, size_t n, const char *word) {
    buf_printf(out, "%zu %s%s", n, word, n == 1 ? "" : "s");
}

void print_text_end(struct print *p, const struct subject_totals *t) {
    put_count(&p->out, t->objects, "object");
    buf_puts(&p->out, ", ");
    put_count(&p->out, t->images, "image");
    buf_printf(&p->out, ": %zu rewritten, %zu denied, %zu warned, %zu unchanged\n",
               t->rewritten, t->denied, t->warned, t->unchanged);
}
