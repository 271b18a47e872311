/* check - checks of the policy as a whole, once all files are read: names that are not unique and rewriting
 * that does not converge (errors), rules and settings without effect (warnings).
 * Threads    one at a time                                                                  */
#ifndef PULLGATE_RULES_CHECK_H
#define PULLGATE_RULES_CHECK_H

#include "rules/fields.h"

/* Names of rules are unique among all files. Errors: EC_SCHEMA at the second, EC_NOMEM. */
enum ec rules_check_names(struct reader *r) MUST_CHECK;

/* Applying a rule's registry and mirrors twice must change no more than applying them once.
 * Errors: EC_SCHEMA at the registry or mirror, EC_NOMEM. */
enum ec rules_check_converges(struct reader *r) MUST_CHECK;

/* Names of sources are unique in each file. Sorts them into the policy.
 * Errors: EC_SCHEMA at the second, EC_NOMEM, EC_LIMIT. */
enum ec rules_check_sources(struct reader *r) MUST_CHECK;

/* Warnings only. A pattern that is a string, with options->closely. */
void rules_check_shape(const struct cursor *c);
void rules_check_effects(struct reader *r);
void rules_check_exemptions(struct reader *r);
void rules_check_reach(struct reader *r);
void rules_check_secrets(struct reader *r); /* against their sources */

/* To be called before `n` comparisons for the rule at `pos`. False once the checks that warn have taken
 * RULES_STEPS_MAX; that is reported once, as a warning. */
bool rules_may_look(struct reader *r, uint64_t n, struct policy_pos pos);

#endif
