/* report/lint - findings about rule files: gathered, sorted, shown.
 *
 *      rules_load, rules_examine --report_lint_add--> findings --report_lint_sort--> report_lint_show --> writer
 *
 * Ownership  texts are copied into the arena
 * Errors     no_memory is set where a finding is lost
 * Threads    one at a time                                                                  */
#ifndef PULLGATE_REPORT_LINT_H
#define PULLGATE_REPORT_LINT_H

#include "base/arena.h"
#include "report/report.h"
#include "rules/lint.h"

/* The rules of a finding are rows of rules_lints, the loader's warnings and those of rules_examine; then what
 * keeps a file from being loaded. */
enum { LINT_UNREADABLE = N_RULES_LINTS, LINT_SYNTAX, LINT_SCHEMA, LINT_TOO_LARGE, N_LINTS };

extern const struct report_tool report_lint_tool;

struct report_lint_finding {
    struct report_finding finding; /* without its lines */
    size_t operand;                /* by which it was found, from 1 */
};

struct report_lint_findings {
    struct arena arena;
    struct buf standard_input; /* the text of file "<stdin>": it cannot be read again */
    struct report_lint_finding *v;
    size_t n, cap;
    size_t n_level[REPORT_N_LEVELS];
    size_t operand; /* the one that is being read, from 1 */
    bool no_memory;
};

void report_lint_add(struct report_lint_findings *to, unsigned rule, struct str file,
                     uint32_t line, uint32_t col, struct str message);
/* A file that cannot be loaded; at err->where if that is known, else in `path`. */
void report_lint_add_error(struct report_lint_findings *to, const char *path,
                           const struct err *err);

/* Marks the warnings of these ids. Errors: EC_USAGE, with the nearest id. */
enum ec report_lint_ignore(bool ignored[N_LINTS], const char *const *ids, size_t n,
                           struct err *err) MUST_CHECK;

/* By operand, file, line and column; each once. Counts n_level. */
void report_lint_sort(struct report_lint_findings *f);
void report_lint_done(struct report_lint_findings *f);

/* All of it into run->out, by the writer of `run`; reads the files again for their lines. */
void report_lint_show(struct report *run, const struct report_lint_findings *f,
                      char *const *operands, size_t n_operands);

#endif
