/* JUnit XML: a suite a file, a test case an object. What the common schemas hold alike (Ant,
 * Jenkins, pytest's xunit2), and nothing besides: places go into the texts.
 *
 * Sums stand at the head, so all suites wait in `aside` for the end. */
#include "report/report.h"

static void put_attribute(struct buf *out, const char *name, struct str value) {
    buf_printf(out, " %s=\"", name);
    escape_xml(out, value);
    buf_putc(out, '"');
}

static void put_element(struct buf *out, const char *name, struct str text) {
    buf_printf(out, "      <%s>", name);
    escape_xml_lines(out, text);
    buf_printf(out, "</%s>\n", name);
}

static const struct reason *first_denial(const struct decision *d) {
    for (size_t i = 0; i < d->n_reasons; i++)
        if (d->reasons[i].weight == WEIGHT_DENY)
            return &d->reasons[i];
    return NULL;
}

static void put_case(struct report *p, const char *file, struct str name) {
    buf_puts(&p->out, "    <testcase");
    put_attribute(&p->out, "name", name);
    put_attribute(&p->out, "classname", str_of(file));
    p->n_out++;
}

/* A failure has all that is to be said; a warning or a rewrite is output of a case that
 * passes. */
static void put_body(struct report *p, const struct decision *d, struct str lines) {
    const struct reason *denial = first_denial(d);
    if (d->verdict != VERDICT_DENY) {
        put_element(&p->out, "system-out", lines);
        return;
    }
    buf_puts(&p->out, "      <failure");
    put_attribute(&p->out, "message", denial ? denial->message : STR("denied"));
    put_attribute(&p->out, "type", str_of(denial ? engine_code_name(denial->code) : "denied"));
    buf_putc(&p->out, '>');
    escape_xml_lines(&p->out, lines);
    buf_puts(&p->out, "</failure>\n");
}

/* Its lines say why. */
static void put_skipped(struct report *p, const struct object *s, struct str lines) {
    report_scratch(p);
    object_put_unjudged(&p->scratch, s);
    buf_puts(&p->out, "      <skipped");
    put_attribute(&p->out, "message", buf_view(&p->scratch));
    buf_puts(&p->out, "/>\n");
    put_element(&p->out, "system-out", lines);
}

static enum ec put_object(struct report *p, const struct object *s, struct err *err) {
    struct buf text = BUF_INIT((size_t)1 << 28);
    (void)err;
    object_put_name(&text, s);
    buf_printf(&text, " (line %u)", s->line); /* two objects of a file may have one name */
    put_case(p, s->file, buf_view(&text));
    report_carry(p, &text);
    buf_reset(&text);
    report_text_lines(p, &text, s);
    if (text.n == 0 && s->decision->verdict != VERDICT_DENY) {
        buf_puts(&p->out, "/>\n");
    } else {
        buf_puts(&p->out, ">\n");
        if (s->unjudged != NULL)
            put_skipped(p, s, buf_view(&text));
        else
            put_body(p, s->decision, buf_view(&text));
        buf_puts(&p->out, "    </testcase>\n");
    }
    enum ec ec = text.bad ? err_set(err, (enum ec)text.bad, "no room for the output") : EC_OK;
    buf_done(&text);
    return ec;
}

static void put_fault(struct report *p, const struct object_fault *f) {
    report_scratch(p);
    err_print(f->err, &p->scratch);
    put_case(p, f->file, STR("cannot be judged"));
    buf_puts(&p->out, ">\n      <error");
    put_attribute(&p->out, "message", str_of(f->err->msg));
    put_attribute(&p->out, "type", str_of(ec_name(f->err->code)));
    buf_putc(&p->out, '>');
    escape_xml_lines(&p->out, buf_view(&p->scratch));
    buf_puts(&p->out, "</error>\n    </testcase>\n");
}

static void put_sums(struct buf *out, const struct object_totals *t) {
    buf_printf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\"",
               t->objects + t->unreadable, t->denied_objects, t->unreadable);
}

static void join(struct report *run, struct report *file, const char *name,
                 const struct object_totals *of_file) {
    if (file->n_out == 0)
        return;
    buf_puts(&run->aside, "  <testsuite");
    put_attribute(&run->aside, "name", str_of(name));
    put_sums(&run->aside, of_file);
    buf_printf(&run->aside, " skipped=\"%zu\">\n", of_file->unjudged_objects);
    buf_str(&run->aside, buf_view(&file->out));
    buf_puts(&run->aside, "  </testsuite>\n");
}

static void end(struct report *run, const struct object_totals *t) {
    buf_puts(&run->out, XML_HEAD "<testsuites name=\"policyctl test\"");
    put_sums(&run->out, t);
    buf_puts(&run->out, ">\n");
    buf_str(&run->out, buf_view(&run->aside));
    buf_puts(&run->out, "</testsuites>\n");
}

const struct report_format report_junit = {.begin = report_nothing,
                                           .object = put_object,
                                           .fault = put_fault,
                                           .join = join,
                                           .end = end};
