#include "rules/groups.h"

#include <stdlib.h>

struct keyed {
    struct rules_key key;
    uint32_t rule;
};

static void put_list_key(struct rules_key *key, size_t at, const void *v, size_t n) {
    key->v[at] = (uintptr_t)v;
    key->v[at + 1] = n;
}

void rules_key_approved(const struct policy_rule *rule, struct rules_key *key) {
    put_list_key(key, 0, rule->approved.v, rule->approved.n);
}

void rules_key_denied(const struct policy_rule *rule, struct rules_key *key) {
    put_list_key(key, 0, rule->denied.v, rule->denied.n);
    put_list_key(key, 2, rule->registry.text.p, rule->registry.text.n);
}

void rules_key_patterns(const struct policy_rule *rule, struct rules_key *key) {
    put_list_key(key, 0, rule->approved.v, rule->approved.n);
    put_list_key(key, 2, rule->denied.v, rule->denied.n);
}

void rules_key_mirrors(const struct policy_rule *rule, struct rules_key *key) {
    put_list_key(key, 0, rule->mirrors, rule->n_mirrors);
}

void rules_key_moves(const struct policy_rule *rule, struct rules_key *key) {
    put_list_key(key, 0, rule->mirrors, rule->n_mirrors);
    put_list_key(key, 2, rule->registry.text.p, rule->registry.text.n);
    key->v[4] = rule->official;
}

void rules_key_targets(const struct policy_rule *rule, struct rules_key *key) {
    rules_key_moves(rule, key);
    put_list_key(key, 5, rule->approved.v, rule->approved.n);
}

void rules_key_passing(const struct policy_rule *rule, struct rules_key *key) {
    rules_key_targets(rule, key);
    bool demands = rule->denied.n != 0 || rule->require_digest || rule->require_tag;
    key->v[4] = demands + 2u * (rule->mode != MODE_ENFORCE);
}

static int compare_keys(const void *pa, const void *pb) {
    const struct keyed *a = pa, *b = pb;
    for (size_t i = 0; i < sizeof a->key.v / sizeof *a->key.v; i++)
        if (a->key.v[i] != b->key.v[i])
            return a->key.v[i] < b->key.v[i] ? -1 : 1;
    return (a->rule > b->rule) - (a->rule < b->rule);
}

static bool is_same_key(const struct rules_key *a, const struct rules_key *b) {
    return memcmp(a, b, sizeof *a) == 0;
}

uint32_t *rules_group(struct arena *arena, const struct policy *p, rules_key_fn *key) {
    struct keyed *all = ARENA_ARRAY(arena, struct keyed, p->n_rules);
    uint32_t *first = ARENA_ARRAY(arena, uint32_t, p->n_rules);
    if (all == NULL || first == NULL)
        return NULL;
    for (size_t i = 0; i < p->n_rules; i++) {
        all[i] = (struct keyed){.rule = (uint32_t)i};
        key(&p->rules[i], &all[i].key);
    }
    if (p->n_rules != 0)
        qsort(all, p->n_rules, sizeof *all, compare_keys);
    for (size_t i = 0, begin = 0; i < p->n_rules; i++) {
        begin = is_same_key(&all[begin].key, &all[i].key) ? begin : i;
        first[all[i].rule] = all[begin].rule;
    }
    return first;
}
