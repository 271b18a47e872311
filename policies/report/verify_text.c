/* Results of suites for people, in the form of go test. */
#include "report/verify.h"

enum { REASONS_SHOWN = 8 };

/* Why it was decided as it was; of several objects that are alike once. */
void report_verify_reasons(struct buf *out, unsigned indent, const struct suite_case *c) {
    const struct suite_reason *before = NULL;
    size_t n = 0;
    for (const struct suite_reason *r = c->failures ? c->reasons : NULL; r != NULL;
         r = r->next) {
        if (before != NULL && str_eq(before->message, r->message))
            continue;
        before = r;
        if (n++ >= REASONS_SHOWN)
            continue;
        buf_printf(out, "%*sreason: ", (int)indent, "");
        escape_text(out, r->message);
        buf_putc(out, '\n');
    }
    if (n > REASONS_SHOWN)
        buf_printf(out, "%*sand %zu more reasons\n", (int)indent, "", n - REASONS_SHOWN);
}

void report_verify_failure(struct buf *out, const struct suite_failure *f) {
    escape_text(out, str_of(f->what));
    buf_puts(out, ": found ");
    if (f->found.n == 0)
        buf_puts(out, "nothing");
    else
        escape_quoted(out, f->found);
    buf_puts(out, ", expected ");
    escape_quoted(out, f->expected);
}

void report_verify_lines(struct buf *out, unsigned indent, const struct suite *s,
                         const struct suite_case *c) {
    for (const struct suite_failure *f = c->failures; f != NULL; f = f->next) {
        buf_printf(out, "%*s", (int)indent, "");
        escape_text(out, str_of(s->form.file));
        buf_printf(out, ":%u:%u: ", f->pos.line, f->pos.col);
        report_verify_failure(out, f);
        buf_putc(out, '\n');
    }
    report_verify_reasons(out, indent + 4, c);
}

/* Nothing is around the lines. */
static void begin(struct report_verify *v) {
    (void)v;
}

static void of_case(struct report_verify *v, const struct suite *s,
                    const struct suite_case *c) {
    bool failed = c->failures != NULL;
    if (v->verbose) {
        buf_puts(&v->run.out, "=== RUN   ");
        escape_text(&v->run.out, c->name);
        buf_putc(&v->run.out, '\n');
    }
    if (!failed && !v->verbose)
        return;
    buf_printf(&v->run.out, "--- %s: ", failed ? "FAIL" : "PASS");
    escape_text(&v->run.out, c->name);
    buf_printf(&v->run.out, " (%.2fs)\n", c->seconds);
    report_verify_lines(&v->run.out, 4, s, c);
}

static void of_suite(struct report_verify *v, const struct report_verify_suite *of) {
    const char *word = of->err != NULL || of->n_failed != 0 ? "FAIL" : "ok  ";
    buf_printf(&v->run.out, "%s\t", word);
    escape_text(&v->run.out, str_of(of->path));
    buf_printf(&v->run.out, "\t%.2fs", of->seconds);
    if (of->err != NULL)
        buf_puts(&v->run.out, " [cannot be run]");
    else if (of->n_run == 0)
        buf_puts(&v->run.out, " [no cases to run]");
    buf_putc(&v->run.out, '\n');
}

static void end(struct report_verify *v) {
    bool failed = v->n_failed + v->n_unreadable != 0;
    buf_puts(&v->run.out, failed ? "FAIL\n" : v->n_run != 0 ? "PASS\n" : "no case was run\n");
}

const struct report_verify_format report_verify_text = {
    .begin = begin, .of_case = of_case, .of_suite = of_suite, .end = end};
