/* Results of suites as one JSON document; its keys are a promise. */
#include "report/json_text.h"
#include "report/verify.h"

static void put_failure(struct buf *out, const struct suite_failure *f) {
    report_json(out, "{\"what\":", str_of(f->what));
    report_json(out, ",\"found\":", f->found);
    report_json(out, ",\"expected\":", f->expected);
    report_json_position(out, f->pos.line, f->pos.col);
    buf_putc(out, '}');
}

static void of_case(struct report_verify *v, const struct suite *s,
                    const struct suite_case *c) {
    struct buf *out = &v->file.out;
    (void)s;
    report_json(out, v->file.n_out++ ? ",\n{\"name\":" : "\n{\"name\":", c->name);
    buf_printf(out, ",\"line\":%u,\"passed\":%s,\"seconds\":%.6f,\"failures\":[", c->pos.line,
               c->failures == NULL ? "true" : "false", c->seconds);
    for (const struct suite_failure *f = c->failures; f != NULL; f = f->next) {
        put_failure(out, f);
        if (f->next != NULL)
            buf_putc(out, ',');
    }
    buf_puts(out, "],\"reasons\":[");
    for (const struct suite_reason *r = c->failures ? c->reasons : NULL; r != NULL;
         r = r->next) {
        report_json(out, "{\"code\":", str_of(r->code));
        report_json(out, ",\"message\":", r->message);
        buf_puts(out, r->next != NULL ? "}," : "}");
    }
    buf_puts(out, "]}");
}

static void begin(struct report_verify *v) {
    buf_puts(&v->run.out, "{\"suites\":[");
}

static void of_suite(struct report_verify *v, const struct report_verify_suite *of) {
    struct buf *out = &v->run.out;
    report_json(out, v->n_suites > 1 ? ",\n{\"file\":" : "\n{\"file\":", str_of(of->path));
    buf_printf(out, ",\"seconds\":%.6f", of->seconds);
    if (of->err != NULL) {
        report_json(out, ",\"error\":{\"message\":", str_of(of->err->msg));
        report_json(out, ",\"where\":", str_of(of->err->where));
        report_json_position(out, of->err->line, of->err->col);
        buf_putc(out, '}');
    }
    buf_puts(out, ",\"cases\":[");
    buf_str(out, buf_view(&v->file.out));
    buf_puts(out, "]}");
    report_carry(&v->run, &v->file.out);
    report_reset(&v->file);
}

static void end(struct report_verify *v) {
    buf_printf(&v->run.out,
               "\n],\"summary\":{\"suites\":%zu,\"cases\":%zu,\"passed\":%zu,\"failed\":%zu,"
               "\"unreadable\":%zu}}\n",
               v->n_suites, v->n_run, v->n_run - v->n_failed, v->n_failed, v->n_unreadable);
}

const struct report_verify_format report_verify_json = {
    .begin = begin, .of_case = of_case, .of_suite = of_suite, .end = end};
