#include "report/lint.h"

#include "base/mem.h"

#include <stdlib.h>

const char *const report_lint_level_words[] = {"note", "warning", "error"};

const struct rules_lint_row *report_lint_row(unsigned kind) {
    static const struct rules_lint_row errors[] = {
        {"unreadable", false, "A rule file cannot be read.", "Check its path and permissions."},
        {"invalid-syntax", false,
         "A rule file is no YAML, or a pattern, host or expression in it cannot be read.",
         "Mend it where it is said."},
        {"invalid-policy", false,
         "A rule file is no ImagePolicy: a key, type or value is wrong.",
         "Mend it where it is said; policyctl lint --schema prints what may stand where."},
        {"too-large", false, "A rule file is larger than rule files may be.",
         "Make it smaller."},
    };
    return kind < N_RULES_LINTS ? &rules_lints[kind] : &errors[kind - N_RULES_LINTS];
}

enum report_lint_level report_lint_level(unsigned kind) {
    if (kind >= N_RULES_LINTS)
        return LEVEL_ERROR;
    return rules_lints[kind].note ? LEVEL_NOTE : LEVEL_WARNING;
}

unsigned report_lint_find(struct str id) {
    unsigned kind = 0;
    while (kind < N_LINTS && !str_eq(str_of(report_lint_row(kind)->id), id))
        kind++;
    return kind;
}

static struct finding *next(struct findings *f) {
    if (f->n == f->cap) {
        size_t cap = f->cap ? 2 * f->cap : 32;
        struct finding *more = mem_realloc(f->v, mem_array_bytes(cap, sizeof *more));
        if (more == NULL)
            return NULL;
        f->v = more;
        f->cap = cap;
    }
    return &f->v[f->n];
}

void report_lint_add(struct findings *to, unsigned kind, struct str file, uint32_t line,
                     uint32_t col, struct str text) {
    struct finding *one = next(to);
    if (one == NULL || !arena_str(&to->arena, file, &one->file) ||
        !arena_str(&to->arena, text, &one->text)) {
        to->no_memory = true;
        return;
    }
    one->kind = kind;
    one->line = line;
    one->col = col;
    one->order = to->order;
    to->n++;
}

static int compare_numbers(uint64_t a, uint64_t b) {
    return (a > b) - (a < b);
}

static int compare(const void *pa, const void *pb) {
    const struct finding *a = pa, *b = pb;
    int order = compare_numbers(a->order, b->order);
    if (order == 0)
        order = str_cmp(a->file, b->file);
    if (order == 0)
        order = compare_numbers(a->line, b->line);
    if (order == 0)
        order = compare_numbers(a->col, b->col);
    if (order == 0)
        order = compare_numbers(a->kind, b->kind);
    return order != 0 ? order : str_cmp(a->text, b->text);
}

void report_lint_sort(struct findings *f) {
    size_t kept = 0;
    if (f->n != 0)
        qsort(f->v, f->n, sizeof *f->v, compare);
    for (size_t i = 0; i < f->n; i++) {
        if (kept != 0 && compare(&f->v[kept - 1], &f->v[i]) == 0)
            continue;
        f->v[kept++] = f->v[i];
        f->n_level[report_lint_level(f->v[i].kind)]++;
    }
    f->n = kept;
}

void report_lint_done(struct findings *f) {
    mem_free(f->v);
    arena_done(&f->arena);
    buf_done(&f->standard_input);
    *f = (struct findings){.v = NULL};
}
