/* policyctl lint - rule files: do they load, and do they do what was intended? */
#include "base/file.h"
#include "policyctl/options.h"
#include "report/lint.h"
#include "rules/docs.h"
#include "rules/rules.h"

static const struct report_writer *const writers[] = {[LINT_TEXT] = &report_findings_text,
                                                      [LINT_JSON] = &report_findings_json,
                                                      [LINT_JUNIT] = &report_junit,
                                                      [LINT_SARIF] = &report_sarif,
                                                      [LINT_GITHUB] = &report_github};

enum { DAY_S = 86400 };

struct run {
    struct report_lint_findings findings;
    bool ignored[N_LINTS];
    int64_t now_s, soon_s;
    bool reported; /* errors of the operand */
};

static void add_lint_finding(void *arg, enum rules_lint lint, const char *file,
                             struct policy_pos pos, const char *text) {
    struct run *r = arg;
    if (!r->ignored[lint])
        report_lint_add(&r->findings, lint, str_of(file), pos.line, pos.col, str_of(text));
}

static void add_one(void *arg, const struct err *err, size_t n) {
    struct run *r = arg;
    (void)n;
    r->reported = true;
    report_lint_add_error(&r->findings, "", err);
}

static enum ec lint_rules(struct policy **out, const char *path, struct buf *standard_input,
                          const struct rules_options *options, struct err *err) {
    if (strcmp(path, "-") != 0)
        return rules_load(out, path, options, err);
    enum ec ec = file_read(standard_input, path, RULES_FILE_MAX, err);
    return ec != EC_OK ? ec
                       : rules_parse(out, buf_view(standard_input), "<stdin>", options, err);
}

static void lint_one(struct run *r, const char *path) {
    const struct rules_options options = {.warn = add_lint_finding,
                                          .arg = r,
                                          .error = add_one,
                                          .closely = true,
                                          .pipes = true,
                                          .now_s = r->now_s};
    const struct rules_examine_options closer = {
        .warn = add_lint_finding, .arg = r, .now_s = r->now_s, .soon_s = r->soon_s};
    struct policy *policy = NULL;
    struct err err = ERR_INIT;
    r->findings.operand++;
    r->reported = false;
    if (lint_rules(&policy, path, &r->findings.standard_input, &options, &err) == EC_OK)
        rules_examine(policy, &closer);
    else if (err.code == EC_NOMEM)
        r->findings.no_memory = true;
    else if (!r->reported)
        report_lint_add_error(&r->findings, path, &err);
    engine_policy_free(policy);
}

static int print_schema(const struct opt_result *args) {
    struct err err = ERR_INIT;
    struct buf out = BUF_INIT(1 << 20);
    if (args->n_operands != 0)
        err_set(&err, EC_USAGE, "--schema reads nothing: found \"%.100s\"", args->operands[0]);
    rules_json_schema(&out);
    return verb_end(&out, EXIT_ALLOWED, &err);
}

static int status_of(const struct report_lint_findings *f, bool strict) {
    if (f->n_level[REPORT_ERROR] != 0)
        return EXIT_INPUT;
    bool bad = f->n_level[REPORT_WARNING] != 0 || (strict && f->n_level[REPORT_NOTE] != 0);
    return bad ? EXIT_DENIED : EXIT_ALLOWED;
}

int cmd_lint(const union options *options, const struct opt_result *args) {
    const struct options_lint *o = &options->lint;
    struct run r = {.soon_s = (int64_t)o->soon_days * DAY_S};
    struct err err = ERR_INIT;
    static const struct report_look look = {.quiet = false};
    struct report run = REPORT_INIT(&look, writers[o->output], &report_lint_tool);
    if (o->schema)
        return print_schema(args);
    r.findings.arena = (struct arena)ARENA_INIT(16 << 10, (size_t)1 << 30);
    r.findings.standard_input = (struct buf)BUF_INIT(RULES_FILE_MAX + 1);
    if (verb_operands(args, "no rule file: give files, folders or - for standard input",
                      &err) == EC_OK &&
        requester_now(&r.now_s, o->now, &err) == EC_OK &&
        report_lint_ignore(r.ignored, o->ignored.v, o->ignored.n, &err) != EC_OK)
        err_wrap(&err, "--ignore");
    for (size_t i = 0; i < args->n_operands && err.code == EC_OK; i++)
        lint_one(&r, args->operands[i]);
    if (r.findings.no_memory)
        err_set(&err, EC_NOMEM, "out of memory");
    if (err.code == EC_OK) {
        report_lint_sort(&r.findings);
        report_lint_show(&run, &r.findings, args->operands, args->n_operands);
    }
    int status = verb_end(&run.out, status_of(&r.findings, o->strict), &err);
    report_done(&run);
    report_lint_done(&r.findings);
    return status;
}
