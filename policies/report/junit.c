/* JUnit XML: a suite a file, its cases below it. What the common schemas have alike (Ant, Jenkins,
 * pytest's xunit2), and nothing besides: locations are part of the texts.
 *
 * Sums are at the head of the document, so all suites wait in `aside` for the end. */
#include "report/report.h"

#define HEAD "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"

static void put_attribute(struct buf *out, const char *name, struct str value) {
    buf_printf(out, " %s=\"", name);
    escape_xml(out, value);
    buf_putc(out, '"');
}

static void put_seconds(struct buf *out, double seconds) {
    if (seconds >= 0)
        buf_printf(out, " time=\"%.6f\"", seconds);
}

static void put_case(struct report *p, struct str name, struct str file, double seconds) {
    buf_puts(&p->out, "    <testcase");
    put_attribute(&p->out, "name", name);
    put_attribute(&p->out, "classname", file);
    put_seconds(&p->out, seconds);
    p->n_out++;
}

static void put_output(struct buf *out, struct str text) {
    buf_puts(out, "      <system-out>");
    escape_xml_lines(out, text);
    buf_puts(out, "</system-out>\n");
}

static void put_skipped(struct buf *out, struct str message) {
    buf_puts(out, "      <skipped");
    put_attribute(out, "message", message);
    buf_puts(out, "/>\n");
}

static void put_failure(struct buf *out, const char *element, struct str message,
                        struct str type, struct str text) {
    buf_printf(out, "      <%s", element);
    put_attribute(out, "message", message);
    put_attribute(out, "type", type);
    buf_putc(out, '>');
    escape_xml_lines(out, text);
    buf_printf(out, "</%s>\n", element);
}

/* A failure has all lines; warnings and notes are output of a case that passed. */
static void add_case(struct report *p, const struct report_case *c) {
    struct buf *out = &p->out;
    put_case(p, c->name, c->file, c->seconds);
    if (c->outcome == REPORT_PASSED && c->text.n == 0) {
        buf_puts(out, "/>\n");
        return;
    }
    buf_puts(out, ">\n");
    if (c->outcome == REPORT_SKIPPED)
        put_skipped(out, c->message);
    if (c->outcome == REPORT_FAILED)
        put_failure(out, "failure", c->message, c->type, c->text);
    else
        put_output(out, c->text);
    buf_puts(out, "    </testcase>\n");
}

static void add_unread(struct report *p, const struct report_unread *u) {
    struct buf *text = report_scratch(p);
    err_print(u->err, text);
    put_case(p, str_of(u->what), u->file, -1);
    buf_puts(&p->out, ">\n");
    put_failure(&p->out, "error", str_of(u->err->msg), str_of(ec_name(u->err->code)),
                buf_view(text));
    buf_puts(&p->out, "    </testcase>\n");
}

static void put_sums(struct buf *out, const struct report_sums *sums) {
    buf_printf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\"", sums->cases, sums->failed,
               sums->unread);
}

/* A suite without cases is left out: the schemas do not allow it. */
static void join(struct report *run, struct report *file, struct str name,
                 const struct report_sums *of_file) {
    struct buf *out = &run->aside;
    if (file->n_out == 0)
        return;
    buf_puts(out, "  <testsuite");
    put_attribute(out, "name", name);
    put_sums(out, of_file);
    buf_printf(out, " skipped=\"%zu\"", of_file->skipped);
    put_seconds(out, of_file->seconds);
    buf_puts(out, ">\n");
    buf_str(out, buf_view(&file->out));
    buf_puts(out, "  </testsuite>\n");
}

static void end(struct report *run, const struct report_sums *sums) {
    buf_puts(&run->out, HEAD "<testsuites");
    put_attribute(&run->out, "name", str_of(run->tool->suites_name));
    put_sums(&run->out, sums);
    buf_puts(&run->out, ">\n");
    buf_str(&run->out, buf_view(&run->aside));
    buf_puts(&run->out, "</testsuites>\n");
}

const struct report_writer report_junit = {
    .add_case = add_case, .add_unread = add_unread, .join = join, .end = end};
