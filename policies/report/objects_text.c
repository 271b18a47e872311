/* file:line:col: what, for people and editors. */
#include "report/objects.h"

static void put_location(struct buf *out, const struct object *s, struct yaml_location pos) {
    escape_text(out, str_of(s->file));
    buf_printf(out, ":%u:%u: ", pos.line, pos.col);
}

/* Colours of the words alone, so that the rest can be copied. */
static void put_word(const struct report *p, struct buf *out, const char *word) {
    static const char *const colors[][2] = {
        {"deny", "\033[1;31m"}, {"warn", "\033[1;33m"}, {"rewrite", "\033[1;32m"}};
    for (size_t i = 0; p->look->color && i < sizeof colors / sizeof *colors; i++)
        if (strcmp(word, colors[i][0]) == 0) {
            buf_printf(out, "%s%s\033[0m", colors[i][1], word);
            return;
        }
    buf_puts(out, word);
}

static void put_reason(struct report *p, struct buf *out, const struct object *s,
                       const struct reason *r) {
    if (p->look->quiet && r->weight == WEIGHT_NOTE)
        return;
    put_location(out, s, object_reason_where(s, r, report_scratch(p)));
    put_word(p, out, object_weight_name(r->weight));
    buf_puts(out, ": ");
    escape_text(out, r->message);
    buf_putc(out, '\n');
    report_flush(p);
}

struct str report_objects_rewrite(const struct object *s, const struct decision_image *d,
                                  const char **why) {
    *why = "";
    if (s->workload->shape == SHAPE_POD && str_eq(d->before, STR("auto")) &&
        !str_eq(d->after, d->before))
        *why = " (\"auto\" is Istio's placeholder: its injector sets the image, which is then "
               "judged)";
    if (!str_eq(d->before, d->after))
        return d->after;
    if (str_eq(d->after, d->proposed) || d->weight != WEIGHT_NOTE || !d->judged)
        return STR_NONE;
    *why = s->workload->shape == SHAPE_TEMPLATE   ? " (in its pods)"
           : s->decision->verdict == VERDICT_DENY ? " (once the rest is allowed)"
                                                  : " (if enforced)";
    return d->proposed;
}

static void put_image(struct report *p, struct buf *out, const struct object *s,
                      const struct decision_image *d) {
    const char *why;
    struct str to = report_objects_rewrite(s, d, &why);
    if (to.n == 0)
        return;
    put_location(out, s, object_image_where(s, d->image, report_scratch(p)));
    put_word(p, out, *why == '\0' ? "rewrite" : "note");
    buf_puts(out, ": ");
    escape_text(out, d->image->name);
    buf_puts(out, ": ");
    escape_text(out, d->before);
    buf_puts(out, " -> ");
    escape_text(out, to);
    buf_printf(out, "%s\n", why);
    report_flush(p);
}

static void put_secrets(struct buf *out, const struct object *s) {
    const struct decision *d = s->decision;
    if (d->n_secrets_added == 0)
        return;
    put_location(out, s, object_secrets_where(s));
    buf_puts(out, "secret: ");
    for (size_t i = 0; i < d->n_secrets_added; i++) {
        buf_puts(out, i ? ", " : "");
        escape_text(out, d->secrets_added[i]);
    }
    buf_puts(out, " added to imagePullSecrets\n");
}

void report_objects_lines(struct report *p, struct buf *out, const struct object *s) {
    const struct decision *d = s->decision;
    for (size_t i = 0; i < d->n_reasons; i++)
        put_reason(p, out, s, &d->reasons[i]);
    if (d->n_reasons_omitted != 0) {
        put_location(out, s, object_where(s, STR("")));
        buf_printf(out, "note: %zu more reasons are not shown\n", d->n_reasons_omitted);
    }
    if (s->unjudged != NULL)
        object_put_unjudged_line(out, s);
    if (p->look->quiet)
        return;
    for (size_t i = 0; i < d->n_images; i++)
        put_image(p, out, s, &d->images[i]);
    put_secrets(out, s);
}

static enum ec put_object(struct report *file, const struct object *s, struct err *err) {
    (void)err;
    report_objects_lines(file, &file->out, s);
    return EC_OK;
}

static void join(struct report *run, struct report *file, const char *name,
                 const struct object_totals *of_file) {
    (void)name;
    (void)of_file;
    run->n_out += file->out.n != 0;
    report_append(run, file);
}

void report_objects_summary(struct buf *out, const struct object_totals *t) {
    report_count(out, t->objects, "object");
    buf_puts(out, ", ");
    report_count(out, t->images, "image");
    buf_printf(out, ": %zu rewritten, %zu denied, %zu warned, %zu unchanged", t->rewritten,
               t->denied, t->warned, t->unchanged);
    if (t->malformed_objects != 0) {
        buf_puts(out, "; ");
        report_count(out, t->malformed_objects, "malformed object");
    }
    if (t->unjudged_objects != 0)
        buf_printf(out, "; %zu not judged", t->unjudged_objects);
    if (t->skipped != 0) {
        buf_puts(out, "; ");
        report_count(out, t->skipped, "file");
        buf_puts(out, " skipped");
    }
    if (t->unrendered != 0) {
        buf_puts(out, "; ");
        report_count(out, t->unrendered, "template");
        buf_puts(out, " not rendered");
    }
    buf_putc(out, '\n');
}

/* No summary where there is nothing to report: unless no object was read, or not every input. */
static void end(struct report *run, const struct object_totals *t) {
    bool well = run->n_out == 0 && t->unreadable == 0 && t->objects != 0;
    bool shown = !run->look->quiet && (run->look->terminal || !well);
    if (shown || run->look->summary)
        report_objects_summary(&run->out, t);
}

const struct report_format report_objects_text = {.sums_up = true,
                                                  .in_parts = true,
                                                  .begin = report_objects_no_begin,
                                                  .object = put_object,
                                                  .fault = report_objects_no_fault,
                                                  .join = join,
                                                  .end = end};
