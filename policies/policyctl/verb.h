/* policyctl/verb - one table of verbs: dispatch, help and completion come from its rows. */
#ifndef PULLGATE_POLICYCTL_VERB_H
#define PULLGATE_POLICYCTL_VERB_H

#include "base/err.h"
#include "base/opts.h"

/* Exit statuses, for all verbs alike. */
enum {
    EXIT_ALLOWED = 0,
    EXIT_DENIED = 1, /* something is denied, or not as it should be */
    EXIT_INPUT = 2,  /* usage, or input that cannot be read or is not valid */
    EXIT_WARNED = 3, /* only warnings, and --fail-on-warn */
    EXIT_LEFT_OUT =
        4,           /* what was request for cannot be said in this format, or not all of it */
    EXIT_BROKEN = 70 /* a bug of ours */
};

/* Rows of verbs that read manifests; `type` is the struct of their options. */
/* clang-format off */
#define STRICT_ROW(type)                                                                       \
    {"strict", 0, OPT_FLAG, NULL, NULL,                                                        \
     "Exit with 1 when something is not judged: an object of another kind with images in it, a "\
     "template in a folder that was not rendered.",                                            \
     .offset = offsetof(type, strict)}
#define EXCLUDE_ROW(type)                                                                      \
    {"exclude", 0, OPT_LIST, "GLOB", NULL,                                                     \
     "Leave out what matches in folders, from the folder given on; ** is any number of "       \
     "folders, a glob without a slash holds at any depth. May be given several times; lines of "\
     ".pullgateignore say the same.",                                                          \
     .offset = offsetof(type, exclude)}
/* clang-format on */

struct verb {
    const char *name;
    const char *usage;    /* "[OPTION...] FILE..." */
    const char *summary;  /* half a line */
    const char *details;  /* paragraphs for its own --help; may be NULL */
    const char *examples; /* lines for its own --help, each run by tests/cli/usage.sh */
    const struct opt_table *options;
    int (*run)(const struct verb *self, int argc, char **argv);
};

extern const struct verb verbs[];
extern const size_t n_verbs;

int cmd_test(const struct verb *self, int argc, char **argv);
int cmd_verify(const struct verb *self, int argc, char **argv);
int cmd_bench(const struct verb *self, int argc, char **argv);
int cmd_review(const struct verb *self, int argc, char **argv);
int cmd_parse(const struct verb *self, int argc, char **argv);
int cmd_certs(const struct verb *self, int argc, char **argv);
int cmd_apply(const struct verb *self, int argc, char **argv);
int cmd_completion(const struct verb *self, int argc, char **argv);
int cmd_explain(const struct verb *self, int argc, char **argv);
int cmd_images(const struct verb *self, int argc, char **argv);
int cmd_lint(const struct verb *self, int argc, char **argv);
int cmd_render(const struct verb *self, int argc, char **argv);

extern const struct opt_table test_options, review_options, parse_options, certs_options;
extern const struct opt_table verify_options, bench_options, completion_options,
    explain_options;
extern const struct opt_table images_options, lint_options, render_options, apply_options;

/* Parses a verb's options into *target. false: nothing is left to do, *status is the exit
 * status
 * (--help was printed, or a usage error told). `text` keeps what options borrow. */
bool verb_options(const struct verb *v, void *target, int argc, char **argv,
                  struct opt_result *out, struct buf *text, int *status);

/* "policyctl: what" on standard error; EXIT_INPUT, or EXIT_BROKEN for a bug. */
int verb_fail(const struct err *err);

/* One line on standard error, escaped as a whole: what it names is from outside. */
void verb_tell(const char *format, ...) PRINTF(1, 2);

/* Writes a buffer to standard output; false, told on standard error, when that fails. */
bool verb_print(struct buf *text);

#endif
