/* Findings of lint by a writer: a rule file is one suite, a finding one case. */
#include "base/file.h"
#include "report/lint.h"
#include "rules/rules.h"

/* The file's text, read again; empty when that is no longer possible. Without memory, `text` is bad. */
static void read_again(struct buf *text, const struct report_lint_findings *f,
                       struct str file) {
    struct err err = ERR_INIT;
    struct buf path = BUF_INIT(1 << 20);
    if (str_eq(file, STR("<stdin>"))) {
        buf_str(text, buf_view(&f->standard_input));
        return;
    }
    buf_str(&path, file);
    const char *z = buf_z(&path);
    enum ec ec = z == NULL ? EC_NOMEM : file_read(text, z, RULES_FILE_MAX, &err);
    if (ec != EC_OK)
        buf_reset(text);
    if (ec == EC_NOMEM)
        text->bad = EC_NOMEM;
    buf_done(&path);
}

static void add_counted(struct report *file, const struct report_finding *f,
                        struct report_sums *of_file) {
    of_file->cases++;
    of_file->failed += f->level != REPORT_NOTE;
    of_file->unread += f->rule == LINT_UNREADABLE && !report_shows_cases(file);
    if (report_shows_cases(file))
        report_findings_add_case(file, f);
    else
        report_add_finding(file, f);
}

static void add_sums(struct report_sums *to, const struct report_sums *more) {
    to->cases += more->cases;
    to->failed += more->failed;
    to->unread += more->unread;
}

static bool same_file(const struct report_lint_finding *a,
                      const struct report_lint_finding *b) {
    return a->operand == b->operand && str_eq(a->finding.at.file, b->finding.at.file);
}

/* The findings of one file, from the one at `from` on; the index after them. */
static size_t show_file(struct report *run, struct report *file,
                        const struct report_lint_findings *f, size_t from,
                        struct report_sums *sums) {
    struct buf text = BUF_INIT(RULES_FILE_MAX + 1);
    struct str name = f->v[from].finding.at.file;
    struct report_sums of_file = {.seconds = -1};
    size_t i = from;
    read_again(&text, f, name);
    report_carry(run, &text);
    struct object_excerpt lines = OBJECT_EXCERPT_INIT(buf_view(&text));
    for (; i < f->n && same_file(&f->v[from], &f->v[i]); i++) {
        struct report_finding one = f->v[i].finding;
        one.at.lines = text.n != 0 ? &lines : NULL;
        add_counted(file, &one, &of_file);
    }
    report_join(run, file, name, &of_file);
    report_reset(file);
    add_sums(sums, &of_file);
    object_excerpt_done(&lines);
    buf_done(&text);
    return i;
}

/* An operand without findings is a case that passed, where cases are shown. */
static void show_clean(struct report *run, struct report *file, const char *operand,
                       struct report_sums *sums) {
    const struct report_sums one = {.cases = 1, .seconds = -1};
    const struct report_case c = {
        .name = STR("no findings"), .file = str_of(operand), .seconds = -1};
    report_add_case(file, &c);
    report_join(run, file, str_of(operand), &one);
    report_reset(file);
    add_sums(sums, &one);
}

void report_lint_show(struct report *run, const struct report_lint_findings *f,
                      char *const *operands, size_t n_operands) {
    struct report file = REPORT_INIT(run->look, run->writer, run->tool);
    struct report_sums sums = {.seconds = -1};
    size_t at = 0;
    report_begin(run);
    for (size_t i = 0; i < n_operands; i++) {
        if (at >= f->n || f->v[at].operand != i + 1)
            show_clean(run, &file, operands[i], &sums);
        while (at < f->n && f->v[at].operand == i + 1)
            at = show_file(run, &file, f, at, &sums);
    }
    memcpy(sums.levels, f->n_level, sizeof sums.levels);
    report_end(run, &sums);
    report_done(&file);
}
