/* groups - rules that share what they inherit: a list that is shared has to be looked at once.
 * Use        a key says what counts; rules with equal keys are a group, named by the first of them
 * Limits     n log n in the number of rules
 * Threads    pure functions                                                              */
#ifndef PULLGATE_RULES_GROUPS_H
#define PULLGATE_RULES_GROUPS_H

#include "base/arena.h"
#include "engine/policy.h"

/* Lists by address and length: what is inherited has both in common. */
struct rules_key {
    uint64_t v[7];
};
typedef void rules_key_fn(const struct policy_rule *rule, struct rules_key *key);

/* For each rule the number of its group's first rule; NULL: no memory. */
uint32_t *rules_group(struct arena *arena, const struct policy *p, rules_key_fn *key);

/* What each check asks of a rule. */
rules_key_fn rules_key_mirrors;  /* its mirrors */
rules_key_fn rules_key_moves;    /* where it sends images */
rules_key_fn rules_key_patterns; /* approved, denied */
rules_key_fn rules_key_approved; /* approved */
rules_key_fn rules_key_denied;   /* denied, and the registry beside it */
rules_key_fn rules_key_targets;  /* approved, and where the rule sends images */
rules_key_fn
    rules_key_passing; /* which images it lets pass, unless it denies or requires something */

static inline bool rules_is_first(const uint32_t *group, size_t rule) {
    return group == NULL || group[rule] == rule; /* without memory each is on its own */
}

#endif
