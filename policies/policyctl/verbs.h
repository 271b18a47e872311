/* verbs - the verbs of policyctl, in the order of `policyctl help`: `help` and `version` come after them.
 *
 * For each: `struct verb verb_<word>` in options_*.c and `cmd_<word>()` in cmd_<word>.c. */
#ifndef PULLGATE_POLICYCTL_VERBS_H
#define PULLGATE_POLICYCTL_VERBS_H

#include "policyctl/verb.h"

/* clang-format off */
#define VERBS(ROW)  \
    ROW(test)       \
    ROW(verify)     \
    ROW(bench)      \
    ROW(apply)      \
    ROW(explain)    \
    ROW(images)     \
    ROW(secrets)    \
    ROW(doctor)     \
    ROW(sync)       \
    ROW(lint)       \
    ROW(review)     \
    ROW(parse)      \
    ROW(certs)      \
    ROW(render)     \
    ROW(ask)        \
    ROW(import)     \
    ROW(completion)
/* clang-format on */

#define VERB_ROW(word)                                                                         \
    extern const struct verb verb_##word;                                                      \
    verb_run_fn cmd_##word;
VERBS(VERB_ROW)
#undef VERB_ROW

#endif
