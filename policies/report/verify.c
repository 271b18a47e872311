#include "report/verify.h"

#include "report/report.h"

enum { REASONS_SHOWN = 8 };

/* Why it was decided as it was; of several objects that are alike once. */
static void put_reasons(struct buf *out, const char *indent, const struct suite_case *c) {
    const struct suite_reason *before = NULL;
    size_t n = 0;
    for (const struct suite_reason *r = c->failures ? c->reasons : NULL; r != NULL;
         r = r->next) {
        if (before != NULL && str_eq(before->message, r->message))
            continue;
        before = r;
        if (n++ >= REASONS_SHOWN)
            continue;
        buf_printf(out, "%s    reason: ", indent);
        escape_text(out, r->message);
        buf_putc(out, '\n');
    }
    if (n > REASONS_SHOWN)
        buf_printf(out, "%s    and %zu more reasons\n", indent, n - REASONS_SHOWN);
}

static void put_failures(struct buf *out, const char *indent, const struct suite *s,
                         const struct suite_case *c) {
    for (const struct suite_failure *f = c->failures; f != NULL; f = f->next) {
        buf_puts(out, indent);
        escape_text(out, str_of(s->form.file));
        buf_printf(out, ":%u:%u: ", f->pos.line, f->pos.col);
        escape_text(out, str_of(f->what));
        buf_puts(out, ": found ");
        if (f->found.n == 0)
            buf_puts(out, "nothing");
        else
            escape_quoted(out, f->found);
        buf_puts(out, ", expected ");
        escape_quoted(out, f->expected);
        buf_putc(out, '\n');
    }
    put_reasons(out, indent, c);
}

static void nothing(struct verify *v) {
    (void)v;
}

/* ---- text, as go test ---------------------------------------------------------------- */

static void text_case(struct verify *v, const struct suite *s, const struct suite_case *c) {
    bool failed = c->failures != NULL;
    if (v->verbose) {
        buf_puts(&v->out, "=== RUN   ");
        escape_text(&v->out, c->name);
        buf_putc(&v->out, '\n');
    }
    if (!failed && !v->verbose)
        return;
    buf_printf(&v->out, "--- %s: ", failed ? "FAIL" : "PASS");
    escape_text(&v->out, c->name);
    buf_printf(&v->out, " (%.2fs)\n", c->seconds);
    put_failures(&v->out, "    ", s, c);
}

static void text_suite(struct verify *v, const struct report_verify_suite *of) {
    const char *word = of->err != NULL || of->n_failed != 0 ? "FAIL" : "ok  ";
    buf_printf(&v->out, "%s\t", word);
    escape_text(&v->out, str_of(of->path));
    buf_printf(&v->out, "\t%.2fs", of->seconds);
    if (of->err != NULL)
        buf_puts(&v->out, " [cannot be run]");
    else if (of->n_run == 0)
        buf_puts(&v->out, " [no cases to run]");
    buf_putc(&v->out, '\n');
}

static void text_end(struct verify *v) {
    bool failed = v->n_failed + v->n_unreadable != 0;
    buf_puts(&v->out, failed ? "FAIL\n" : v->n_run != 0 ? "PASS\n" : "no case was run\n");
}

const struct report_verify_format report_verify_text = {
    .begin = nothing, .of_case = text_case, .of_suite = text_suite, .end = text_end};

/* ---- JUnit XML: sums stand at the head ----------------------------------------------- */

static void put_attribute(struct buf *out, const char *name, struct str value) {
    buf_printf(out, " %s=\"", name);
    escape_xml(out, value);
    buf_putc(out, '"');
}

static void junit_case(struct verify *v, const struct suite *s, const struct suite_case *c) {
    struct buf lines = BUF_INIT(1 << 24);
    buf_puts(&v->aside, "    <testcase");
    put_attribute(&v->aside, "name", c->name);
    put_attribute(&v->aside, "classname", str_of(s->form.file));
    buf_printf(&v->aside, " time=\"%.6f\"", c->seconds);
    if (c->failures == NULL) {
        buf_puts(&v->aside, "/>\n");
        return;
    }
    put_failures(&lines, "", s, c);
    buf_puts(&v->aside, ">\n      <failure");
    put_attribute(&v->aside, "message", str_of(c->failures->what));
    buf_puts(&v->aside, " type=\"expectation\">");
    escape_xml_lines(&v->aside, buf_view(&lines));
    buf_puts(&v->aside, "</failure>\n    </testcase>\n");
    buf_done(&lines);
}

static void put_error(struct buf *out, const struct report_verify_suite *of) {
    struct buf text = BUF_INIT(8192);
    err_print(of->err, &text);
    buf_puts(out, "    <testcase name=\"cannot be run\"");
    put_attribute(out, "classname", str_of(of->path));
    buf_puts(out, ">\n      <error");
    put_attribute(out, "message", str_of(of->err->msg));
    put_attribute(out, "type", str_of(ec_name(of->err->code)));
    buf_putc(out, '>');
    escape_xml_lines(out, buf_view(&text));
    buf_puts(out, "</error>\n    </testcase>\n");
    buf_done(&text);
}

static void put_sums(struct buf *out, size_t n_run, size_t n_failed, size_t n_errors) {
    buf_printf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\"", n_run + n_errors,
               n_failed, n_errors);
}

static void junit_suite(struct verify *v, const struct report_verify_suite *of) {
    size_t errors = of->err != NULL;
    struct buf head = BUF_INIT(1 << 20);
    if (of->n_run + errors == 0)
        return;
    buf_puts(&head, "  <testsuite");
    put_attribute(&head, "name", str_of(of->path));
    put_sums(&head, of->n_run, of->n_failed, errors);
    buf_printf(&head, " skipped=\"0\" time=\"%.6f\">\n", of->seconds);
    buf_str(&v->done, buf_view(&head));
    buf_str(&v->done, buf_view(&v->aside));
    if (errors != 0)
        put_error(&v->done, of);
    buf_puts(&v->done, "  </testsuite>\n");
    buf_reset(&v->aside);
    buf_done(&head);
}

static void junit_end(struct verify *v) {
    buf_puts(&v->out, XML_HEAD "<testsuites name=\"policyctl verify\"");
    put_sums(&v->out, v->n_run, v->n_failed, v->n_unreadable);
    buf_puts(&v->out, ">\n");
    buf_str(&v->out, buf_view(&v->done));
    buf_puts(&v->out, "</testsuites>\n");
}

const struct report_verify_format report_verify_junit = {
    .begin = nothing, .of_case = junit_case, .of_suite = junit_suite, .end = junit_end};

/* ---- JSON ---------------------------------------------------------------------------- */

static void put(struct buf *out, const char *before, struct str value) {
    buf_puts(out, before);
    buf_json(out, value);
}

static void json_failure(struct buf *out, const struct suite_failure *f) {
    put(out, "{\"what\":", str_of(f->what));
    put(out, ",\"found\":", f->found);
    put(out, ",\"expected\":", f->expected);
    buf_printf(out, ",\"line\":%u,\"column\":%u}", f->pos.line, f->pos.col);
}

static void json_case(struct verify *v, const struct suite *s, const struct suite_case *c) {
    struct buf *out = &v->aside;
    (void)s;
    put(out, v->n_aside++ ? ",\n{\"name\":" : "\n{\"name\":", c->name);
    buf_printf(out, ",\"line\":%u,\"passed\":%s,\"seconds\":%.6f,\"failures\":[", c->pos.line,
               c->failures == NULL ? "true" : "false", c->seconds);
    for (const struct suite_failure *f = c->failures; f != NULL; f = f->next) {
        json_failure(out, f);
        if (f->next != NULL)
            buf_putc(out, ',');
    }
    buf_puts(out, "],\"reasons\":[");
    for (const struct suite_reason *r = c->failures ? c->reasons : NULL; r != NULL;
         r = r->next) {
        put(out, "{\"code\":", str_of(r->code));
        put(out, ",\"message\":", r->message);
        buf_puts(out, r->next != NULL ? "}," : "}");
    }
    buf_puts(out, "]}");
}

static void json_begin(struct verify *v) {
    buf_puts(&v->out, "{\"suites\":[");
}

static void json_suite(struct verify *v, const struct report_verify_suite *of) {
    struct buf *out = &v->out;
    put(out, v->n_suites > 1 ? ",\n{\"file\":" : "\n{\"file\":", str_of(of->path));
    buf_printf(out, ",\"seconds\":%.6f", of->seconds);
    if (of->err != NULL) {
        put(out, ",\"error\":{\"message\":", str_of(of->err->msg));
        put(out, ",\"where\":", str_of(of->err->where));
        buf_printf(out, ",\"line\":%u,\"column\":%u}", of->err->line, of->err->col);
    }
    buf_puts(out, ",\"cases\":[");
    buf_str(out, buf_view(&v->aside));
    buf_puts(out, "]}");
    buf_reset(&v->aside);
    v->n_aside = 0;
}

static void json_end(struct verify *v) {
    buf_printf(&v->out,
               "\n],\"summary\":{\"suites\":%zu,\"cases\":%zu,\"passed\":%zu,\"failed\":%zu,"
               "\"unreadable\":%zu}}\n",
               v->n_suites, v->n_run, v->n_run - v->n_failed, v->n_failed, v->n_unreadable);
}

const struct report_verify_format report_verify_json = {
    .begin = json_begin, .of_case = json_case, .of_suite = json_suite, .end = json_end};
