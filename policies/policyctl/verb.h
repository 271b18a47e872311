/* policyctl/verb - what all verbs share: one row for each, one way to run them, one way to end.
 *
 *      argv --verb_main--> options (policyctl/options) --cmd_<verb>--> exit status
 *
 * The row of a verb holds its options and help; cmd_<verb>.c reads, decides and prints. Results go to standard output, all else to standard error.
 * Name       of a program called kubectl-pullgate, help and hints say "kubectl pullgate": texts are
 *            written with "policyctl", and printed by verb_put_text. Messages begin with "policyctl: "
 *            in any case
 * Threads    the main thread's, but for verb_tell and verb_fail                              */
#ifndef PULLGATE_POLICYCTL_VERB_H
#define PULLGATE_POLICYCTL_VERB_H

#include "base/err.h"
#include "base/opts.h"

struct object_totals;
struct policy;
union options;

/* Exit statuses, for all verbs alike. */
enum {
    EXIT_ALLOWED = 0,
    EXIT_DENIED = 1,   /* something is denied, or not as it should be */
    EXIT_INPUT = 2,    /* usage, or input that cannot be read or is not valid */
    EXIT_WARNED = 3,   /* only warnings, and --fail-on-warn */
    EXIT_INEXACT = 3,  /* a rule file that does not mean all that its input does */
    EXIT_LEFT_OUT = 4, /* the output format cannot hold all of the answer */
    EXIT_BROKEN = 70   /* a bug of ours */
};

typedef int verb_run_fn(const union options *options, const struct opt_result *args);

struct verb {
    const char *name;
    const char *usage;    /* "[OPTION...] FILE..." */
    const char *summary;  /* half a line */
    const char *details;  /* paragraphs for its own --help; may be NULL */
    const char *examples; /* lines for its own --help, each run by tests/cli/usage.sh */
    struct opt_table options;
    verb_run_fn *run;
};

extern const struct verb *const verb_list[]; /* in the order of the overview */
extern const size_t verb_n;

/* Parses the verb's options, and runs it or prints its help. Returns the exit status. */
int verb_main(const struct verb *v, int argc, char **argv);

/* ---- input --------------------------------------------------------------------------- */

/* Errors: EC_USAGE with the text `missing` when there are no operands. */
enum ec verb_operands(const struct opt_result *args, const char *missing, struct err *err)
    MUST_CHECK;
#define VERB_NO_INPUT "no input: give files, folders or - for standard input"

/* The path of the rule file: what -p gives, else PULLGATE_POLICY; NULL when there is none. */
const char *verb_policy_path(const char *flag);

/* EC_USAGE: there is no rule file. */
enum ec verb_no_policy(struct err *err);

/* Loads it. Warnings go to standard error, and so do all errors but the last, which *err has.
 * Errors: EC_USAGE when there is no path, and rules_load's. */
enum ec verb_policy(struct policy **out, const char *flag, int64_t now_s, struct err *err)
    MUST_CHECK;

/* The same from one file's bytes, for a verb that needs those too: a pipe can be read once. */
enum ec verb_policy_parse(struct policy **out, struct str text, const char *path, int64_t now_s,
                          struct err *err) MUST_CHECK;

/* ---- the end --------------------------------------------------------------------------- */

/* Of objects that were read: EXIT_INPUT when not all of them could be; EXIT_DENIED when the verb found
 * one `denied`, or with --strict one that is not judged. */
int verb_status(const struct object_totals *t, bool denied, bool strict);

/* ---- output -------------------------------------------------------------------------- */

/* "policyctl: what" on standard error; EXIT_INPUT, or EXIT_BROKEN for a bug. */
int verb_fail(const struct err *err);

/* One line on standard error, escaped as a whole: what it names is from outside. */
void verb_tell(const char *format, ...) PRINTF(1, 2);

/* Bytes on standard error that are escaped already; that they cannot be written is ignored. */
void verb_talk(struct str text);

/* Writes a buffer to standard output; false, reported on standard error, when that fails. */
bool verb_print(struct buf *text);

/* Ends a verb: reports the error if there is one, else prints *out, and frees *out. Returns the exit
 * status: `status` on success. */
int verb_end(struct buf *out, int status, const struct err *err);

/* "policyctl" or "kubectl pullgate" */
const char *verb_program(void);

/* Appends a text, with verb_program() in place of each "policyctl". */
void verb_put_text(struct buf *to, const char *text);

#endif
