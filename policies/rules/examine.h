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
void examine_tell(const struct examine *x, enum rules_lint lint, struct policy_pos pos,
                  const char *format, ...) PRINTF(4, 5);

#endif
