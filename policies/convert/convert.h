/* convert - the rules that other tools have, as a rule file.
 *
 *      files of a tool --convert_<format>--> draft: rules, each value with its notes
 *                                             |          --rules_parse--> what does not load is left out
 *                                             '--print--> rule file, a comment for each construct
 *
 * Marks      each construct of the input that is about images is marked in a comment with its
 *            file:line:column and its path:
 *              taken exactly        the rule file means the same
 *              taken with a note    it means nearly the same, the note says what differs
 *              not taken            a rule file cannot mean it, or it means nothing there
 * Rules      what is printed loads. What would refuse more than the tool did is marked, and so is what
 *            would allow more. Nothing that narrows a selection of pods is dropped: a rule whose selection cannot
 *            be expressed is not taken at all
 * Limits     CONVERT_FILE_MAX bytes a file
 * Uses       yaml for YAML and JSON; toml.h for TOML; rules to check what is printed
 * Threads    no shared state
 * Source     above the functions of each format                                             */
#ifndef PULLGATE_CONVERT_CONVERT_H
#define PULLGATE_CONVERT_CONVERT_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

enum { CONVERT_FILE_MAX = 4 << 20 };

struct convert_input {
    const char *file; /* its name in comments and errors; some formats read a host from it */
    struct str text;
};

/* How many constructs got which mark. */
struct convert_counts {
    size_t exact, noted, left;
};

struct convert_options {
    const char *const
        *namespaces; /* globs: where the tool's pods run, if its files do not say so */
    size_t n_namespaces;
};

struct convert_format; /* a tool's format */

/* By its word ("airbyte"), or NULL. */
const struct convert_format *convert_find(const char *word);
/* All words, in the order of the documents; NULL after the last. */
extern const char *const convert_words[];

/* Appends the rule file. Errors: EC_SYNTAX and EC_SCHEMA (input that is not of the format), with
 * err->where, line and col; EC_LIMIT, EC_NOMEM. What out holds after an error is undefined. */
enum ec convert_rules(struct buf *out, struct convert_counts *counts,
                      const struct convert_format *format, const struct convert_input *inputs,
                      size_t n_inputs, const struct convert_options *options, struct err *err)
    MUST_CHECK;

#endif
