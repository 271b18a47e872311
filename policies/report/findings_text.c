/* Findings for people: where, what is wrong, and what to do. Of a rule file file:line:col is where; of a cluster
 * the object is, and the rule has its place in a line of its own. */
#include "report/report.h"

static void put_place(struct buf *out, const struct report_location *at) {
    escape_text(out, at->file);
    if (at->line != 0)
        buf_printf(out, ":%u:%u", at->line, at->col);
}

static void put_labelled(struct buf *out, const char *label, struct str text) {
    if (text.n == 0)
        return;
    buf_printf(out, "    %s: ", label);
    escape_text(out, text);
    buf_putc(out, '\n');
}

static void put_rule(struct buf *out, const struct report_finding *f) {
    if (f->because.line == 0)
        return;
    buf_puts(out, "    rule: ");
    escape_text(out, f->rule_name);
    buf_puts(out, " (");
    put_place(out, &f->because);
    buf_puts(out, ")\n");
}

static void put_object_lines(struct buf *out, const char *id, const struct report_finding *f) {
    buf_printf(out, "%s %s: ", id, report_level_words[f->level]);
    escape_text(out, f->object);
    buf_puts(out, ": ");
    escape_text(out, f->message);
    buf_putc(out, '\n');
    put_rule(out, f);
    put_labelled(out, "effect", f->effect);
    put_labelled(out, "mend", str_of(f->advice));
}

static void put_lines(struct buf *out, const struct report_tool *tool,
                      const struct report_finding *f) {
    if (f->effect.n != 0) {
        put_object_lines(out, tool->rule(f->rule).id, f);
        return;
    }
    put_place(out, &f->at);
    buf_printf(out, "%s%s: ", f->at.file.n ? ": " : "", report_level_words[f->level]);
    escape_text(out, f->message);
    buf_printf(out, " [%s]\n", tool->rule(f->rule).id);
    if (f->level == REPORT_ERROR && f->at.lines != NULL) /* the others quote the text */
        object_excerpt_print(out, f->at.lines, f->at.line, f->at.col);
    buf_printf(out, "    %s\n", f->advice);
}

static void add_finding(struct report *file, const struct report_finding *f) {
    put_lines(&file->out, file->tool, f);
}

static void end(struct report *run, const struct report_sums *sums) {
    struct buf *out = &run->out;
    report_count(out, sums->levels[REPORT_ERROR], "error");
    buf_puts(out, ", ");
    report_count(out, sums->levels[REPORT_WARNING], "warning");
    buf_puts(out, ", ");
    report_count(out, sums->levels[REPORT_NOTE], "note");
    buf_putc(out, '\n');
}

const struct report_writer report_findings_text = {.add_finding = add_finding, .end = end};

void report_findings_add_case(struct report *file, const struct report_finding *f) {
    struct buf name = BUF_INIT(1 << 20), text = BUF_INIT(1 << 20);
    struct str id = str_of(file->tool->rule(f->rule).id);
    buf_printf(&name, "%.*s: ", STR_ARG(id));
    if (f->object.n != 0)
        buf_printf(&name, "%.*s: ", STR_ARG(f->object));
    buf_str(&name, f->message);
    if (f->object.n == 0 && f->at.line != 0)
        buf_printf(&name, " (line %u)", f->at.line);
    put_lines(&text, file->tool, f);
    const struct report_case c = {.name = buf_view(&name),
                                  .file = f->at.file,
                                  .outcome =
                                      f->level == REPORT_NOTE ? REPORT_PASSED : REPORT_FAILED,
                                  .message = f->message,
                                  .type = id,
                                  .text = buf_view(&text),
                                  .seconds = -1};
    report_add_case(file, &c);
    report_carry(file, &name);
    report_carry(file, &text);
    buf_done(&name);
    buf_done(&text);
}
