/* TAP version 13: one test point an object, with its findings in a YAML block.
 * Source     testanything.org/tap-version-13-specification.html
 *
 * The numbers of test points are not known while a file is read: NUMBER is written, a byte that escaped
 * text never has, and replaced as files are joined. */
#include "report/objects.h"

enum { NUMBER = '\x01' };

/* A reason to skip may be empty. */
static void put_point(struct report *p, bool ok, struct str description, struct str skipped) {
    buf_printf(&p->out, "%sok %c - ", ok ? "" : "not ", NUMBER);
    escape_tap(&p->out, description);
    if (skipped.n != 0)
        buf_puts(&p->out, " # SKIP ");
    escape_tap(&p->out, skipped);
    buf_putc(&p->out, '\n');
    p->n_out++;
}

/* A JSON string is a YAML scalar. */
static void put(struct report *p, const char *indent, const char *key, struct str value) {
    buf_printf(&p->out, "%s%s: ", indent, key);
    escape_quoted(&p->out, value);
    buf_putc(&p->out, '\n');
}

static void put_at(struct report *p, const char *file, uint32_t line, uint32_t col) {
    put(p, "      ", "file", str_of(file));
    buf_printf(&p->out, "      line: %u\n      column: %u\n", line, col);
}

static void put_reason(struct report *p, const struct object *s, const struct reason *r) {
    static const char *const severities[] = {"comment", "warning", "fail"};
    struct yaml_location pos = object_reason_where(s, r, report_scratch(p));
    if (p->look->quiet && r->weight == WEIGHT_NOTE)
        return;
    put(p, "    - ", "message", r->message);
    put(p, "      ", "severity", str_of(severities[r->weight]));
    put(p, "      ", "code", str_of(engine_code_name(r->code)));
    if (r->suggestion.n != 0)
        put(p, "      ", "suggestion", r->suggestion);
    put_at(p, s->file, pos.line, pos.col);
}

static void put_rewrite(struct report *p, const struct object *s,
                        const struct decision_image *d) {
    const char *why;
    struct str to = report_objects_rewrite(s, d, &why);
    if (to.n == 0)
        return;
    struct yaml_location pos = object_image_where(s, d->image, report_scratch(p));
    put(p, "    - ", "rewrite", d->before);
    put(p, "      ", *why ? "proposed" : "to", to);
    put_at(p, s->file, pos.line, pos.col);
}

static enum ec put_object(struct report *p, const struct object *s, struct err *err) {
    static const struct str block = STR_INIT("  ---\n  findings:\n");
    const struct decision *d = s->decision;
    (void)err;
    report_scratch(p);
    buf_printf(&p->scratch, "%s:%u ", s->file, s->line);
    object_put_name(&p->scratch, s);
    struct buf why = BUF_INIT(1 << 20);
    if (s->unjudged != NULL) {
        buf_puts(&why, "not judged: ");
        object_put_unjudged(&why, s);
    }
    put_point(p, d->verdict != VERDICT_DENY, buf_view(&p->scratch), buf_view(&why));
    report_carry(p, &why);
    buf_done(&why);
    size_t head = p->out.n;
    buf_str(&p->out, block);
    for (size_t i = 0; i < d->n_reasons; i++)
        put_reason(p, s, &d->reasons[i]);
    for (size_t i = 0; i < d->n_images && !p->look->quiet; i++)
        put_rewrite(p, s, &d->images[i]);
    if (p->out.n == head + block.n)
        p->out.n = head; /* no findings */
    else
        buf_puts(&p->out, "  ...\n");
    return EC_OK;
}

static void put_fault(struct report *p, const struct object_fault *f) {
    report_scratch(p);
    buf_printf(&p->scratch, "%s:%u cannot be judged", f->file, f->err->line);
    put_point(p, false, buf_view(&p->scratch), STR_NONE);
    buf_puts(&p->out, "  ---\n  findings:\n");
    put(p, "    - ", "message", str_of(f->err->msg));
    put(p, "      ", "severity", STR("fail"));
    put_at(p, f->file, f->err->line, f->err->col);
    buf_puts(&p->out, "  ...\n");
}

static void begin(struct report *run) {
    buf_puts(&run->out, "TAP version 13\n");
}

static void join(struct report *run, struct report *file, const char *name,
                 const struct object_totals *of_file) {
    struct str rest = buf_view(&file->out);
    (void)name;
    (void)of_file;
    while (rest.n != 0) {
        size_t n = str_find(rest, NUMBER);
        buf_str(&run->out, str_slice(rest, 0, n));
        if (n != rest.n)
            buf_uint(&run->out, ++run->n_out);
        rest = str_slice(rest, n + 1, rest.n);
    }
}

static void end(struct report *run, const struct object_totals *t) {
    (void)t;
    buf_printf(&run->out, "1..%zu%s\n", run->n_out, run->n_out ? "" : " # SKIP no objects");
}

const struct report_format report_objects_tap = {
    .begin = begin, .object = put_object, .fault = put_fault, .join = join, .end = end};
