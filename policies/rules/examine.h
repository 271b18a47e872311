/* examine - what the linter's files share: the policy that they look at, and how a finding is told.
 * Threads    one at a time                                                                  */
#ifndef PULLGATE_RULES_EXAMINE_H
#define PULLGATE_RULES_EXAMINE_H

#include "rules/lint.h"

struct examine {
    const struct policy *policy;
    const struct rules_examine_options *options;
    const struct policy_rule *rule; /* the one that is looked at; NULL: none */
    const uint32_t *
        passing; /* groups of rules by rules_key_passing: their first ones, n_passing of them */
    size_t n_passing;
    uint64_t *n_looked; /* entries looked at: rules_may_examine */
};

/* Hands a finding to the options' `warn`; a long text is cut. */
void rules_add_finding(const struct examine *x, enum rules_lint lint, struct policy_pos pos,
                       const char *format, ...) PRINTF(4, 5);

/* Before `n` entries are compared: false once RULES_STEPS_MAX were, which is a finding of its own. */
bool rules_may_examine(const struct examine *x, uint64_t n, struct policy_pos pos);

/* overlap.c: two ways to say the same of an image: names that come to different places, and what is let
 * pass twice. */
void rules_overlap_names(const struct examine *c);
void rules_overlap_approved(const struct examine *c);
void rules_overlap_exemption(const struct examine *c, const struct policy_exemption *e);

#endif
