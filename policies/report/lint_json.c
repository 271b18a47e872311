/* Findings of lint as one JSON document; its keys are a promise. */
#include "report/json_text.h"
#include "report/lint.h"

static void begin(struct report *run) {
    buf_puts(&run->out, "{\"findings\":[");
}

static void add_finding(struct report *file, const struct report_finding *f) {
    struct buf *out = &file->out;
    report_json(out, file->n_out++ ? ",\n{\"file\":" : "{\"file\":", f->at.file);
    report_json_position(out, f->at.line, f->at.col);
    report_json_string(out, "level", str_of(report_level_words[f->level]));
    report_json_string(out, "id", str_of(file->tool->rule(f->rule).id));
    report_json_string(out, "message", f->message);
    report_json_string(out, "fix", str_of(f->advice));
    buf_putc(out, '}');
}

static void end(struct report *run, const struct report_sums *sums) {
    const size_t *n = sums->levels;
    buf_printf(&run->out, "\n],\"summary\":{\"errors\":%zu,\"warnings\":%zu,\"notes\":%zu}}\n",
               n[REPORT_ERROR], n[REPORT_WARNING], n[REPORT_NOTE]);
}

const struct report_writer report_lint_json = {
    .begin = begin, .add_finding = add_finding, .join = report_join_lists, .end = end};
