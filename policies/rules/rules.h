/* rules - the rule file (design: "The rule file") to a compiled policy; strict.
 * Shape      apiVersion pullgate/v1, kind ImagePolicy; YAML or JSON; one file or a folder
 * Rules      unknown or misspelt keys, wrong types, impossible values are errors with
 *            file:line:column, what was found, what was expected and a suggestion; what is
 *            legal but surely not meant (a rule never reached, a pattern without effect) is a
 *            warning or, where it would fail open, an error. All errors of all files are found in one
 *            go
 * Ownership  the policy owns all it needs; the text may be freed after loading
 * Limits     RULES_FILE_MAX bytes a file, a thousand files; a policy of 64 MiB
 * Threads    each loading on one thread, any number of them at a time; the result immutable
 * Source     webhook/yaml for values and their positions                                     */
#ifndef PULLGATE_RULES_RULES_H
#define PULLGATE_RULES_RULES_H

#include "base/err.h"
#include "engine/policy.h"
#include "rules/lint.h"

/* Everything that keeps the files from being loaded, in the order of its place: one of `n`. */
typedef void rules_error_fn(void *arg, const struct err *err, size_t n);

enum { RULES_ERRORS_MAX = 1000 }; /* then reading ends */

struct rules_options {
    rules_warn_fn *warn; /* may be NULL */
    void *arg;
    rules_error_fn *error; /* may be NULL; not called where there is no place to tell */
    bool
        closely; /* for a linter: what patterns look like is told too, and warnings of files that
                     are not loaded */
    bool pipes;  /* `path` may be a pipe, read to its end however long that takes: for tools */
    int64_t now_s; /* to warn of exemptions that ran out; 0: do not */
    /* Fills policy.sha256: lower-case hex and a NUL; NULL: it stays empty. Of one file the
     * bytes are hashed, of several name NUL size NUL bytes of each (the name without its
     * folder). */
    void (*sha256)(struct str bytes, char out[65]);
};

enum { RULES_FILE_MAX = 8 << 20 }; /* bytes of one rule file */

/* Loads a file, or all *.yaml, *.yml and *.json of a folder in the order of their names (names
 * that begin with a dot are left out: a mounted ConfigMap's `..data`; so are folders). The
 * settings of a file hold for its own rules alone, and so do exemptions, unless they say `scope: all`;
 * rules are joined in order, `unmatched` holds for all of them (two files may not contradict each other
 * there).
 * Errors: EC_IO, EC_SYNTAX, EC_SCHEMA, EC_LIMIT, EC_NOMEM, with err->where, line and col where
 * they are about a place; *out untouched. Of several, err is the first; options->error has all.
 * Warnings come sorted, once all has been read. */
enum ec rules_load(struct policy **out, const char *path, const struct rules_options *options,
                   struct err *err) MUST_CHECK;

/* The same from bytes; `file` is its name in messages. */
enum ec rules_parse(struct policy **out, struct str text, const char *file,
                    const struct rules_options *options, struct err *err) MUST_CHECK;

#endif
