/* report/lint - findings about rule files, gathered and shown.
 *
 *      rules_load, rules_examine --report_lint_add--> findings --report_lint_sort--> printers
 *
 * Ownership  texts are copied into the arena
 * Threads    one at a time                                                                  */
#ifndef PULLGATE_REPORT_LINT_H
#define PULLGATE_REPORT_LINT_H

#include "base/arena.h"
#include "base/buf.h"
#include "rules/lint.h"

enum report_lint_level { LEVEL_NOTE, LEVEL_WARNING, LEVEL_ERROR };

/* The loader's warnings and rules_examine's, then what keeps a file from being loaded. */
enum { LINT_UNREADABLE = N_RULES_LINTS, LINT_SYNTAX, LINT_SCHEMA, LINT_TOO_LARGE, N_LINTS };

const struct rules_lint_row *report_lint_row(unsigned kind);
enum report_lint_level report_lint_level(unsigned kind);
extern const char *const report_lint_level_words[];
/* The kind of that id; N_LINTS when there is none. */
unsigned report_lint_find(struct str id);

struct finding {
    unsigned kind;
    struct str file, text;
    uint32_t line, col; /* 0: unknown */
    size_t order;       /* which operand brought it */
};

struct findings {
    struct arena arena;
    struct buf standard_input; /* the text of file "<stdin>": it cannot be read again */
    struct finding *v;
    size_t n, cap;
    size_t n_level[LEVEL_ERROR + 1];
    size_t order;
    bool no_memory;
};

void report_lint_add(struct findings *to, unsigned kind, struct str file, uint32_t line,
                     uint32_t col, struct str text);
/* By operand, file, line and column; each once. Counts n_level. */
void report_lint_sort(struct findings *f);
void report_lint_done(struct findings *f);

typedef void report_lint_print_fn(struct buf *out, const struct findings *f);
report_lint_print_fn report_lint_print_text, report_lint_print_json, report_lint_print_sarif,
    report_lint_print_github;

#endif
