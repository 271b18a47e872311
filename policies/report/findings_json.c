/* Findings as one JSON document; its keys are a promise. */
#include "report/json_text.h"
#include "report/report.h"

static void begin(struct report *run) {
    buf_puts(&run->out, "{\"findings\":[");
}

static void put_rule(struct buf *out, const struct report_finding *f) {
    if (f->because.line == 0)
        return;
    report_json(out, ",\"rule\":{\"name\":", f->rule_name);
    report_json_string(out, "file", f->because.file);
    report_json_position(out, f->because.line, f->because.col);
    buf_putc(out, '}');
}

/* Of an object of a cluster. */
static void put_object(struct buf *out, const char *id, const struct report_finding *f) {
    report_json_string(out, "code", str_of(id));
    report_json_string(out, "namespace", f->namespace);
    report_json_string(out, "object", f->object);
    report_json_string(out, "message", f->message);
    report_json_string(out, "effect", f->effect);
    report_json_string(out, "mend", str_of(f->advice));
    put_rule(out, f);
}

static void add_finding(struct report *file, const struct report_finding *f) {
    struct buf *out = &file->out;
    const char *id = file->tool->rule(f->rule).id;
    report_json(out, file->n_out++ ? ",\n{\"file\":" : "{\"file\":", f->at.file);
    report_json_position(out, f->at.line, f->at.col);
    report_json_string(out, "level", str_of(report_level_words[f->level]));
    if (f->effect.n != 0) {
        put_object(out, id, f);
    } else {
        report_json_string(out, "id", str_of(id));
        report_json_string(out, "message", f->message);
        report_json_string(out, "fix", str_of(f->advice));
    }
    buf_putc(out, '}');
}

static void end(struct report *run, const struct report_sums *sums) {
    const size_t *n = sums->levels;
    buf_printf(&run->out, "\n],\"summary\":{\"errors\":%zu,\"warnings\":%zu,\"notes\":%zu}}\n",
               n[REPORT_ERROR], n[REPORT_WARNING], n[REPORT_NOTE]);
}

const struct report_writer report_findings_json = {
    .begin = begin, .add_finding = add_finding, .join = report_join_lists, .end = end};
