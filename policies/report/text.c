/* file:line:col: what, for people and editors. */
#include "report/report.h"

static void put_place(struct buf *out, const struct subject *s, struct yaml_pos pos) {
    escape_text(out, str_of(s->file));
    buf_printf(out, ":%u:%u: ", pos.line, pos.col);
}

/* Colours of the words alone, so that the rest can be copied. */
static void put_word(const struct print *p, struct buf *out, const char *word) {
    static const char *const colors[][2] = {
        {"deny", "\033[1;31m"}, {"warn", "\033[1;33m"}, {"rewrite", "\033[1;32m"}};
    for (size_t i = 0; p->look->color && i < sizeof colors / sizeof *colors; i++)
        if (strcmp(word, colors[i][0]) == 0) {
            buf_printf(out, "%s%s\033[0m", colors[i][1], word);
            return;
        }
    buf_puts(out, word);
}

static void put_reason(struct print *p, struct buf *out, const struct subject *s,
                       const struct reason *r) {
    if (p->look->quiet && r->weight == WEIGHT_NOTE)
        return;
    put_place(out, s, subject_reason_where(s, r, print_scratch(p)));
    put_word(p, out, print_weight_name(r->weight));
    buf_puts(out, ": ");
    escape_text(out, r->message);
    buf_putc(out, '\n');
}

static void put_image(struct print *p, struct buf *out, const struct subject *s,
                      const struct decision_image *d) {
    const char *why;
    struct str to = print_rewrite(s, d, &why);
    if (to.n == 0)
        return;
    put_place(out, s, subject_image_where(s, d->image, print_scratch(p)));
    put_word(p, out, *why == '\0' ? "rewrite" : "note");
    buf_puts(out, ": ");
    escape_text(out, d->image->name);
    buf_puts(out, ": ");
    escape_text(out, d->before);
    buf_puts(out, " -> ");
    escape_text(out, to);
    buf_printf(out, "%s\n", why);
}

static void put_secrets(struct buf *out, const struct subject *s) {
    const struct decision *d = s->decision;
    if (d->n_secrets_added == 0)
        return;
    put_place(out, s, subject_secrets_where(s));
    buf_puts(out, "secret: ");
    for (size_t i = 0; i < d->n_secrets_added; i++) {
        buf_puts(out, i ? ", " : "");
        escape_text(out, d->secrets_added[i]);
    }
    buf_puts(out, " added to imagePullSecrets\n");
}

void print_text_lines(struct print *p, struct buf *out, const struct subject *s) {
    const struct decision *d = s->decision;
    for (size_t i = 0; i < d->n_reasons; i++)
        put_reason(p, out, s, &d->reasons[i]);
    if (d->n_reasons_omitted != 0) {
        put_place(out, s, subject_where(s, STR("")));
        buf_printf(out, "note: %zu more reasons are not shown\n", d->n_reasons_omitted);
    }
    if (s->unjudged != NULL)
        print_unjudged_line(out, s);
    if (p->look->quiet)
        return;
    for (size_t i = 0; i < d->n_images; i++)
        put_image(p, out, s, &d->images[i]);
    put_secrets(out, s);
}

static enum ec put_object(struct print *file, const struct subject *s, struct err *err) {
    (void)err;
    print_text_lines(file, &file->out, s);
    return EC_OK;
}

static void join(struct print *run, struct print *file, const char *name,
                 const struct subject_totals *of_file) {
    run->n_out += file->out.n != 0;
    print_append(run, file, name, of_file);
}

/* Silence when all is well. Where nothing was looked at, or not all of it, all is not well. */
static void end(struct print *run, const struct subject_totals *t) {
    bool well = run->n_out == 0 && t->unreadable == 0 && t->objects != 0;
    bool shown = !run->look->quiet && (run->look->terminal || !well);
    if (shown || run->look->summary)
        print_summary(&run->out, t);
}

const struct print_format print_text = {.sums_up = true,
                                        .begin = print_nothing,
                                        .object = put_object,
                                        .fault = print_no_fault,
                                        .join = join,
                                        .end = end};
