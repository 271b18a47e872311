/* opts - command lines from a table: long options, environment and help from the same rows.
 * Shape      rows refer to members of an options struct by offset; defaults are texts, parsed like
 *            values
 * Order      default, then the environment (PREFIX_NAME, `-` as `_`), then the command line
 * Errors     EC_USAGE: what was given, what was expected, the nearest option
 * Threads    getopt_long's globals: once per process, before threads
 * Source     getopt_long(3)                                                                 */
#ifndef PULLGATE_BASE_OPTS_H
#define PULLGATE_BASE_OPTS_H

#include "base/buf.h"
#include "base/err.h"

enum opt_kind {
    OPT_FLAG,   /* bool; takes no value; in the environment 1, true, 0, false */
    OPT_STRING, /* const char * */
    OPT_LIST, /* struct opt_list; repeated, or separated by commas in the environment; not empty */
    OPT_WORD,     /* int: index into words */
    OPT_NUMBER,   /* uint64_t within min and max */
    OPT_SIZE,     /* uint64_t bytes: 64, 64KiB, 32MiB, 1GiB; 64K, 64Ki are 64KiB */
    OPT_DURATION, /* uint64_t milliseconds: 500ms, 30s, 5m, 1h; a bare number is seconds */
    OPT_HELP      /* ends parsing: *help is set */
};

enum { OPT_LIST_MAX = 64 };

struct opt_list {
    const char *v[OPT_LIST_MAX];
    size_t n;
    bool of_environment; /* the first value of the command line replaces all */
};

struct opt_row {
    const char *name; /* "tls-cert" */
    char letter;      /* 'p', or 0 */
    enum opt_kind kind;
    const char *value;    /* name of the value in help: "FILE"; NULL for a flag */
    const char *fallback; /* default as text; NULL: none (0, NULL, false) */
    const char *help;     /* one or two sentences; the reason for the default belongs here */
    size_t offset;        /* in the options struct */
    const char *const *words; /* OPT_WORD: ended by NULL */
    uint64_t min, max;        /* numbers, sizes, durations; max 0: no upper bound */
};

struct opt_table {
    const struct opt_row *rows;
    size_t n_rows;
    const char *env_prefix; /* "PULLGATE"; NULL: no environment */
};

enum { OPT_ROWS_MAX = 96 };

struct opt_result {
    bool given[OPT_ROWS_MAX]; /* by row: not left at its default */
    bool help;                /* --help was given */
    bool version;             /* --version was given, where the table has a row of that name */
    char **operands;          /* arguments that are not options, in order */
    size_t n_operands;
};

/* Parses into *target. Strings borrow from argv and the environment; lists from the environment borrow
 * from `text`, which the caller keeps. */
enum ec opts_parse(const struct opt_table *table, void *target, int argc, char **argv,
                   struct opt_result *out, struct buf *text, struct err *err) MUST_CHECK;

/* Whether the option was given on the command line or in the environment. */
bool opts_is_given(const struct opt_table *table, const struct opt_result *result,
                   const char *name);

/* The next environment variable that has the table's prefix but is not an option; a misspelt one would
 * otherwise be ignored silently.
 * In   *at      where to continue, 0 at first
 * Out  *name    its name; it borrows from the environment
 *      *near    the option that was probably meant, or NULL
 *      untouched when there is no further one: false */
bool opts_unknown_variable(const struct opt_table *table, size_t *at, struct str *name,
                           const char **near);

/* The options for --help: one or more lines each, wrapped at 96 columns. */
void opts_help(const struct opt_table *table, struct buf *out);

/* The same as an mdoc(7) list, for manual pages. */
void opts_mdoc(const struct opt_table *table, struct buf *out);

#endif
