/* Findings of lint for people: file:line:col, what is wrong, and what to do. */
#include "report/lint.h"

void report_lint_lines(struct buf *out, const struct report_finding *f) {
    escape_text(out, f->at.file);
    if (f->at.line != 0)
        buf_printf(out, ":%u:%u", f->at.line, f->at.col);
    buf_printf(out, "%s%s: ", f->at.file.n ? ": " : "", report_level_words[f->level]);
    escape_text(out, f->message);
    buf_printf(out, " [%s]\n", report_lint_tool.rule(f->rule).id);
    if (f->level == REPORT_ERROR && f->at.lines != NULL) /* the others quote the text */
        object_excerpt_print(out, f->at.lines, f->at.line, f->at.col);
    buf_printf(out, "    %s\n", f->advice);
}

static void add_finding(struct report *file, const struct report_finding *f) {
    report_lint_lines(&file->out, f);
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

const struct report_writer report_lint_text = {.add_finding = add_finding, .end = end};
