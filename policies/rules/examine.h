/* examine - what the linter's files share: the policy that they look at, and how a finding is told.
 * Threads    one at a time                                                                  */
#ifndef PULLGATE_RULES_EXAMINE_H
#define PULLGATE_RULES_EXAMINE_H

#include "rules/lint.h"

struct examine {
    const struct policy *policy;
    const struct rules_examine_options *options;
    const struct policy_rule *rule; /* the one that is looked at; NULL: none */
};

/* Hands a finding to the options' `warn`; a long text is cut. */
void rules_add_finding(const struct examine *x, enum rules_lint lint, struct policy_pos pos,
                       const char *format, ...) PRINTF(4, 5);

/* overlap.c: two ways to say the same of an image: names that come to different places, and what is let
 * pass twice. */
void rules_overlap_rule(const struct policy *p, const struct policy_rule *rule,
                        const struct rules_examine_options *options);
void rules_overlap_exemption(const struct policy *p, const struct policy_exemption *e,
                             const struct rules_examine_options *options);

#endif
