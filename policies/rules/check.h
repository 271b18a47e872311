/* check - what a policy says as a whole, once all files are read: rewriting that does not come
 * to rest (an error), rules and settings without effect (warnings).
 * Threads    one at a time                                                                  */
#ifndef PULLGATE_RULES_CHECK_H
#define PULLGATE_RULES_CHECK_H

#include "rules/fields.h"

/* Applying a rule's registry and mirrors twice must change no more than applying them once.
 * `before` is the rule checked last, or NULL: what both inherit is not looked at again.
 * Errors: EC_SCHEMA at the registry or mirror, EC_NOMEM. */
enum ec rules_check_converges(struct reader *r, const struct draft *d,
                              const struct draft *before) MUST_CHECK;

/* Warnings alone. A pattern that is a string, where a linter asks. */
void rules_check_shape(const struct cursor *c);
void rules_check_effects(struct reader *r, const struct draft *d);
void rules_check_exemptions(struct reader *r);
void rules_check_reach(struct reader *r);

#endif
