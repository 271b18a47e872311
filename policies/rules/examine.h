/* examine - what the files of rules_examine share: the policy and how a finding is reported.
 * Threads    one at a time                                                                  */
#ifndef PULLGATE_RULES_EXAMINE_H
#define PULLGATE_RULES_EXAMINE_H

#include "rules/lint.h"

struct examine {
    const struct policy *policy;
    const struct rules_examine_options *options;
    const struct policy_rule *rule; /* the rule being examined; NULL: none */
    const uint32_t *
        passing; /* groups of rules by rules_key_passing: their first ones, n_passing of them */
    size_t n_passing;
    uint64_t *n_looked; /* comparisons so far: rules_may_examine */
};

/* Hands a finding to the options' `warn`; a long text is cut. */
void rules_add_finding(const struct examine *x, enum rules_lint lint, struct policy_pos pos,
                       const char *format, ...) PRINTF(4, 5);

/* To be called before `n` comparisons. False once RULES_STEPS_MAX were made; that is reported once. */
bool rules_may_examine(const struct examine *x, uint64_t n, struct policy_pos pos);

/* overlap.c: two names of one image that are rewritten differently, and images that are allowed twice. */
void rules_overlap_names(const struct examine *c);
void rules_overlap_approved(const struct examine *c);
void rules_overlap_exemption(const struct examine *c, const struct policy_exemption *e);

#endif
