/* policyctl lint - rule files: do they load, and do they mean what they say? */
#include "base/file.h"
#include "policyctl/policy.h"
#include "policyctl/requester.h"
#include "policyctl/verb.h"
#include "report/lint.h"
#include "rules/manual.h"
#include "rules/rules.h"

#include <stdlib.h>

static const char *const output_words[] = {"text", "json", "junit", "sarif", "github", NULL};
static const struct report_writer *const writers[] = {
    &report_lint_text, &report_lint_json, &report_junit, &report_sarif, &report_github};

enum { DAY_S = 86400 };

struct options {
    const char *now;
    struct opt_list ignored;
    uint64_t soon_days;
    int output;
    bool schema, strict;
};

#define AT(field) .offset = offsetof(struct options, field)

static const struct opt_row rows[] = {
    {"output", 'o', OPT_WORD, "FORMAT", "text",
     "text: file:line:col lines and what to do. json: one document. junit: XML for CI systems. "
     "sarif: for code scanning. github: annotations of a workflow.",
     AT(output), .words = output_words},
    {"now", 0, OPT_STRING, "TIME", NULL,
     "Date (2027-01-31) or RFC 3339 time at which exemptions are looked at; the clock's when "
     "not "
     "given.",
     AT(now)},
    {"soon-days", 0, OPT_NUMBER, "DAYS", "30",
     "Exemptions that end within so many days are told.", AT(soon_days), .max = 36500},
    {"ignore", 0, OPT_LIST, "ID", NULL,
     "Leave findings of this id out; may be given several times.", AT(ignored)},
    {"strict", 0, OPT_FLAG, NULL, NULL, "Exit with 1 for notes as well.", AT(strict)},
    {"schema", 0, OPT_FLAG, NULL, NULL,
     "Print the JSON Schema (draft-07) of rule files instead, for editors.", AT(schema)},
    HELP_ROW,
};

const struct opt_table lint_options = {
    .rows = rows, .n_rows = sizeof rows / sizeof *rows, .env_prefix = NULL};

struct run {
    struct lint_findings findings;
    bool ignored[N_LINTS];
    int64_t now_s, soon_s;
    bool told; /* errors of the operand */
};

static void add(void *arg, enum rules_lint lint, const char *file, struct policy_pos pos,
                const char *text) {
    struct run *r = arg;
    if (!r->ignored[lint])
        report_lint_add(&r->findings, lint, str_of(file), pos.line, pos.col, str_of(text));
}

static void add_error(struct run *r, const char *path, const struct err *err) {
    unsigned kind = err->code == EC_SYNTAX  ? LINT_SYNTAX
                    : err->code == EC_LIMIT ? LINT_TOO_LARGE
                    : err->code == EC_IO    ? LINT_UNREADABLE
                                            : LINT_SCHEMA;
    report_lint_add(&r->findings, kind, str_of(err->where[0] ? err->where : path), err->line,
                    err->col, str_of(err->msg));
}

static void add_one(void *arg, const struct err *err, size_t n) {
    struct run *r = arg;
    (void)n;
    r->told = true;
    add_error(r, "", err);
}

static enum ec load(struct policy **out, const char *path, struct buf *standard_input,
                    const struct rules_options *options, struct err *err) {
    if (strcmp(path, "-") != 0)
        return rules_load(out, path, options, err);
    enum ec ec = file_read(standard_input, path, RULES_FILE_MAX, err);
    return ec != EC_OK ? ec
                       : rules_parse(out, buf_view(standard_input), "<stdin>", options, err);
}

static void lint_one(struct run *r, const char *path) {
    const struct rules_options options = {.warn = add,
                                          .arg = r,
                                          .error = add_one,
                                          .closely = true,
                                          .pipes = true,
                                          .now_s = r->now_s};
    const struct rules_examine_options closer = {
        .warn = add, .arg = r, .now_s = r->now_s, .soon_s = r->soon_s};
    struct policy *policy = NULL;
    struct err err = ERR_INIT;
    r->findings.operand++;
    r->told = false;
    if (load(&policy, path, &r->findings.standard_input, &options, &err) == EC_OK)
        rules_examine(policy, &closer);
    else if (err.code == EC_NOMEM)
        r->findings.no_memory = true;
    else if (!r->told)
        add_error(r, path, &err);
    policy_free(policy);
}

static enum ec read_ignored(struct run *r, const struct opt_list *ids, struct err *err) {
    const char *known[N_RULES_LINTS];
    for (unsigned i = 0; i < N_RULES_LINTS; i++)
        known[i] = rules_lints[i].id;
    for (size_t i = 0; i < ids->n; i++) {
        unsigned kind = report_lint_find(str_of(ids->v[i]));
        int near = str_nearest(str_of(ids->v[i]), known, N_RULES_LINTS);
        if (kind < N_RULES_LINTS)
            r->ignored[kind] = true;
        else if (near >= 0)
            return err_set(err, EC_USAGE, "--ignore: unknown id \"%.100s\"; did you mean %s?",
                           ids->v[i], known[near]);
        else
            return err_set(err, EC_USAGE, "--ignore: unknown id \"%.100s\"", ids->v[i]);
    }
    return EC_OK;
}

static int print_schema(void) {
    struct buf out = BUF_INIT(1 << 20);
    rules_json_schema(&out);
    bool printed = verb_print(&out);
    buf_done(&out);
    return printed ? EXIT_ALLOWED : EXIT_INPUT;
}

static int answer(const struct lint_findings *f, const struct options *o,
                  const struct opt_result *args) {
    static const struct report_look look = {.quiet = false};
    struct report run = REPORT_INIT(&look, writers[o->output], &report_lint_tool);
    report_lint_show(&run, f, args->operands, args->n_operands);
    bool printed = verb_print(&run.out);
    report_done(&run);
    if (!printed || f->n_level[REPORT_ERROR] != 0)
        return EXIT_INPUT;
    bool bad = f->n_level[REPORT_WARNING] != 0 || (o->strict && f->n_level[REPORT_NOTE] != 0);
    return bad ? EXIT_DENIED : EXIT_ALLOWED;
}

static int lint(const struct options *o, const struct opt_result *args) {
    struct run r = {.soon_s = (int64_t)o->soon_days * DAY_S};
    struct err err = ERR_INIT;
    int status = EXIT_INPUT;
    if (o->schema && args->n_operands == 0)
        return print_schema();
    r.findings.arena = (struct arena)ARENA_INIT(16 << 10, (size_t)1 << 30);
    r.findings.standard_input = (struct buf)BUF_INIT(RULES_FILE_MAX + 1);
    if (o->schema)
        err_set(&err, EC_USAGE, "--schema reads nothing: found \"%.100s\"", args->operands[0]);
    else if (args->n_operands == 0)
        err_set(&err, EC_USAGE, "no rule file: give files, folders or - for standard input");
    else if (requester_now(&r.now_s, o->now, &err) == EC_OK)
        (void)!read_ignored(&r, &o->ignored, &err);
    for (size_t i = 0; i < args->n_operands && err.code == EC_OK; i++)
        lint_one(&r, args->operands[i]);
    if (r.findings.no_memory)
        err_set(&err, EC_NOMEM, "out of memory");
    if (err.code == EC_OK) {
        report_lint_sort(&r.findings);
        status = answer(&r.findings, o, args);
    }
    report_lint_done(&r.findings);
    return err.code == EC_OK ? status : verb_fail(&err);
}

int cmd_lint(const struct verb *self, int argc, char **argv) {
    struct options options = {.now = NULL};
    struct opt_result result;
    struct buf text = BUF_INIT(1 << 20);
    int status;
    if (verb_options(self, &options, argc, argv, &result, &text, &status))
        status = lint(&options, &result);
    buf_done(&text);
    return status;
}
