#include "report/lint.h"

#include "base/mem.h"

#include <stdlib.h>

/* ---- the rules ---------------------------------------------------------------------------- */

static struct report_rule rule_at(unsigned i) {
    static const struct report_rule errors[] = {
        {"unreadable", NULL, "A rule file cannot be read.", "Check its path and permissions.",
         REPORT_ERROR},
        {"invalid-syntax", NULL,
         "A rule file is not YAML, or a pattern, host or expression in it is invalid.",
         "Correct it at that location.", REPORT_ERROR},
        {"invalid-policy", NULL,
         "A rule file is not an ImagePolicy: a key, type or value is wrong.",
         "Correct it at that location; policyctl lint --schema prints the keys and values that "
         "are allowed.",
         REPORT_ERROR},
        {"too-large", NULL, "A rule file exceeds the size limit.", "Make it smaller.",
         REPORT_ERROR},
    };
    if (i >= N_RULES_LINTS)
        return errors[i - N_RULES_LINTS];
    const struct rules_lint_row *row = &rules_lints[i];
    return (struct report_rule){row->id, NULL, row->about, row->fix,
                                row->note ? REPORT_NOTE : REPORT_WARNING};
}

const struct report_tool report_lint_tool = {.name = "policyctl lint",
                                             .suites_name = "policyctl lint",
                                             .object_kind = "resource",
                                             .rule = rule_at,
                                             .n_rules = N_LINTS};

/* ---- gathering ----------------------------------------------------------------------------- */

static struct report_lint_finding *next_finding(struct report_lint_findings *f) {
    if (f->n == f->cap) {
        size_t cap = f->cap ? 2 * f->cap : 32;
        struct report_lint_finding *more =
            mem_realloc(f->v, mem_array_bytes(cap, sizeof *more));
        if (more == NULL)
            return NULL;
        f->v = more;
        f->cap = cap;
    }
    return &f->v[f->n];
}

void report_lint_add(struct report_lint_findings *to, unsigned rule, struct str file,
                     uint32_t line, uint32_t col, struct str message) {
    struct report_lint_finding *one = next_finding(to);
    struct str path, text;
    if (one == NULL || !arena_str(&to->arena, file, &path) ||
        !arena_str(&to->arena, message, &text)) {
        to->no_memory = true;
        return;
    }
    struct report_rule of = rule_at(rule);
    one->operand = to->operand;
    one->finding = (struct report_finding){.rule = rule,
                                           .level = of.level,
                                           .message = text,
                                           .at = {.file = path, .line = line, .col = col},
                                           .advice = of.help};
    to->n++;
}

void report_lint_add_error(struct report_lint_findings *to, const char *path,
                           const struct err *err) {
    unsigned rule = err->code == EC_SYNTAX  ? LINT_SYNTAX
                    : err->code == EC_LIMIT ? LINT_TOO_LARGE
                    : err->code == EC_IO    ? LINT_UNREADABLE
                                            : LINT_SCHEMA;
    report_lint_add(to, rule, str_of(err->where[0] ? err->where : path), err->line, err->col,
                    str_of(err->msg));
}

/* N_LINTS: there is none of that id. */
static unsigned find_rule(struct str id) {
    unsigned rule = 0;
    while (rule < N_LINTS && !str_eq(str_of(rule_at(rule).id), id))
        rule++;
    return rule;
}

static enum ec fail_unknown(const char *id, struct err *err) {
    const char *known[N_RULES_LINTS];
    for (unsigned i = 0; i < N_RULES_LINTS; i++)
        known[i] = rules_lints[i].id;
    int near = str_nearest(str_of(id), known, N_RULES_LINTS);
    if (near >= 0)
        return err_set(err, EC_USAGE, "unknown id \"%.100s\"; did you mean %s?", id,
                       known[near]);
    return err_set(err, EC_USAGE, "unknown id \"%.100s\"", id);
}

enum ec report_lint_ignore(bool ignored[N_LINTS], const char *const *ids, size_t n,
                           struct err *err) {
    for (size_t i = 0; i < n; i++) {
        unsigned rule = find_rule(str_of(ids[i]));
        if (rule >= N_RULES_LINTS)
            return fail_unknown(ids[i], err);
        ignored[rule] = true;
    }
    return EC_OK;
}

/* ---- sorting ------------------------------------------------------------------------------- */

static int compare_numbers(uint64_t a, uint64_t b) {
    return (a > b) - (a < b);
}

static int compare_findings(const struct report_finding *a, const struct report_finding *b) {
    int order = str_cmp(a->at.file, b->at.file);
    if (order == 0)
        order = compare_numbers(a->at.line, b->at.line);
    if (order == 0)
        order = compare_numbers(a->at.col, b->at.col);
    if (order == 0)
        order = compare_numbers(a->rule, b->rule);
    return order != 0 ? order : str_cmp(a->message, b->message);
}

static int compare_by_location(const void *pa, const void *pb) {
    const struct report_lint_finding *a = pa, *b = pb;
    int order = compare_numbers(a->operand, b->operand);
    return order != 0 ? order : compare_findings(&a->finding, &b->finding);
}

void report_lint_sort(struct report_lint_findings *f) {
    size_t kept = 0;
    if (f->n != 0)
        qsort(f->v, f->n, sizeof *f->v, compare_by_location);
    for (size_t i = 0; i < f->n; i++) {
        if (kept != 0 && compare_by_location(&f->v[kept - 1], &f->v[i]) == 0)
            continue;
        f->v[kept++] = f->v[i];
        f->n_level[f->v[i].finding.level]++;
    }
    f->n = kept;
}

void report_lint_done(struct report_lint_findings *f) {
    mem_free(f->v);
    arena_done(&f->arena);
    buf_done(&f->standard_input);
    *f = (struct report_lint_findings){.v = NULL};
}
