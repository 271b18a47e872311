#include "report/doctor.h"

static enum report_level level_of(enum doctor_level level) {
    static const enum report_level levels[] = {[DOCTOR_NOTE] = REPORT_NOTE,
                                               [DOCTOR_WARNING] = REPORT_WARNING,
                                               [DOCTOR_ERROR] = REPORT_ERROR};
    return levels[level];
}

static struct report_rule rule_at(unsigned i) {
    const struct doctor_code_row *row = &doctor_codes[i];
    return (struct report_rule){row->id, NULL, row->about, row->mend, level_of(row->level)};
}

const struct report_tool report_doctor_tool = {.name = "policyctl doctor",
                                               .suites_name = "policyctl doctor",
                                               .object_kind = "resource",
                                               .rule = rule_at,
                                               .n_rules = DOCTOR_N_CODES};

enum ec report_doctor_ignore(bool ignored[DOCTOR_N_CODES], const char *const *ids, size_t n,
                             struct err *err) {
    for (size_t i = 0; i < n; i++) {
        const struct doctor_code_row *row = doctor_code_find(str_of(ids[i]));
        if (row == NULL)
            return err_set(err, EC_USAGE, "unknown code \"%.100s\"; try policyctl help codes",
                           ids[i]);
        ignored[row - doctor_codes] = true;
    }
    return EC_OK;
}

/* ---- one finding ---------------------------------------------------------------------------- */

static struct report_finding finding_of(const struct doctor_finding *f) {
    return (struct report_finding){
        .rule = (unsigned)f->code,
        .level = level_of(f->level),
        .message = f->message,
        .at = {.file = f->file, .line = f->line, .col = f->col},
        .object = f->object,
        .advice = f->mend.n != 0 ? f->mend.p : NULL,
        .because = {.file = f->rule_file, .line = f->rule_line, .col = f->rule_col},
        .effect = f->effect,
        .namespace = f->namespace,
        .rule_name = f->rule};
}

static void add(struct report *file, const struct doctor_finding *from,
                struct report_sums *of_file) {
    const struct report_finding f = finding_of(from);
    of_file->cases++;
    of_file->failed += f.level != REPORT_NOTE;
    of_file->levels[f.level]++;
    if (report_shows_cases(file))
        report_findings_add_case(file, &f);
    else
        report_add_finding(file, &f);
}

/* ---- all of them ---------------------------------------------------------------------------- */

static void add_sums(struct report_sums *to, const struct report_sums *more) {
    to->cases += more->cases;
    to->failed += more->failed;
    for (size_t i = 0; i < REPORT_N_LEVELS; i++)
        to->levels[i] += more->levels[i];
}

/* Those of one dump, from the one at `from` on; the index after them. */
static size_t show_file(struct report *run, struct report *file, const struct doctor_finding *v,
                        size_t n, size_t from, const bool ignored[DOCTOR_N_CODES],
                        struct report_sums *sums) {
    struct report_sums of_file = {.seconds = -1};
    size_t i = from;
    for (; i < n && str_eq(v[i].file, v[from].file); i++)
        if (!ignored[v[i].code])
            add(file, &v[i], &of_file);
    report_join(run, file, v[from].file, &of_file);
    report_reset(file);
    add_sums(sums, &of_file);
    return i;
}

/* Where cases are shown, none would look as if nothing had been done. */
static void show_clean(struct report *run, struct report *file, struct report_sums *sums) {
    const struct report_sums one = {.cases = 1, .seconds = -1};
    const struct report_case c = {
        .name = STR("no findings"), .file = STR("cluster"), .seconds = -1};
    report_add_case(file, &c);
    report_join(run, file, STR("cluster"), &one);
    report_reset(file);
    add_sums(sums, &one);
}

void report_doctor_show(struct report *run, const struct doctor_finding *v, size_t n,
                        const bool ignored[DOCTOR_N_CODES], struct report_sums *sums) {
    struct report file = REPORT_INIT(run->look, run->writer, run->tool);
    report_begin(run);
    for (size_t at = 0; at < n;)
        at = show_file(run, &file, v, n, at, ignored, sums);
    if (sums->cases == 0)
        show_clean(run, &file, sums);
    report_end(run, sums);
    report_done(&file);
}
