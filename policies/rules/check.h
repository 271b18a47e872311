/* check - what a policy says as a whole, once all files are read: rewriting that does not come
 * to rest (an error), rules and settings without effect (warnings).
 * Threads    one at a time                                                                  */
#ifndef PULLGATE_RULES_CHECK_H
#define PULLGATE_RULES_CHECK_H

#include "rules/fields.h"

/* Names of rules are unique among all files. Errors: EC_SCHEMA at the second, EC_NOMEM. */
enum ec rules_check_names(struct reader *r) MUST_CHECK;

/* Applying a rule's registry and mirrors twice must change no more than applying them once.
 * Errors: EC_SCHEMA at the registry or mirror, EC_NOMEM. */
enum ec rules_check_converges(struct reader *r) MUST_CHECK;

/* Warnings alone. A pattern that is a string, where a linter asks. */
void rules_check_shape(const struct cursor *c);
void rules_check_effects(struct reader *r);
void rules_check_exemptions(struct reader *r);
void rules_check_reach(struct reader *r);

/* Before `n` entries are looked at for the rule at `pos`: false once all checks that warn have looked at
 * RULES_STEPS_MAX, which is a warning of its own. */
bool rules_may_look(struct reader *r, uint64_t n, struct policy_pos pos);

#endif
