/* overlap - two ways to say the same of an image: names that come to different places, and what is let
 * pass twice.
 * Threads    pure functions                                                              */
#ifndef PULLGATE_RULES_OVERLAP_H
#define PULLGATE_RULES_OVERLAP_H

#include "rules/lint.h"

void overlap_check_rule(const struct policy *p, const struct policy_rule *rule,
                        const struct rules_examine_options *options);
void overlap_check_exemption(const struct policy *p, const struct policy_exemption *e,
                             const struct rules_examine_options *options);

#endif
