/* Rules that never decide, because an earlier one selects all of their pods. */
#include "rules/check.h"

/* Only a star of the wide glob can match a star of the narrow one, so matching the narrow glob as if it
 * were a name is right for all it matches. */
static bool is_covered(struct reader *r, const struct policy_names *wide, struct str narrow) {
    r->n_looked += wide->n;
    struct match_meter meter = MATCH_METER(UINT64_MAX, NULL);
    for (size_t i = 0; i < wide->n; i++)
        if (match_name(wide->v[i], narrow, &meter))
            return true;
    return false;
}

static bool names_cover(struct reader *r, const struct policy_names *wide,
                        const struct policy_names *narrow) {
    if (wide->n == 0)
        return true;
    for (size_t i = 0; i < narrow->n; i++)
        if (!is_covered(r, wide, narrow->v[i]))
            return false;
    return narrow->n != 0 || is_covered(r, wide, STR("*"));
}

static bool is_same_requirement(const struct match_requirement *a,
                                const struct match_requirement *b) {
    if (a->op != b->op || !str_eq(a->key, b->key) || a->n_values != b->n_values)
        return false;
    for (size_t i = 0; i < a->n_values; i++)
        if (!str_eq(a->values[i], b->values[i]))
            return false;
    return true;
}

static bool demands(struct reader *r, const struct match_selector *s,
                    const struct match_requirement *wanted) {
    r->n_looked += s->n_requirements;
    for (size_t i = 0; i < s->n_requirements; i++)
        if (is_same_requirement(&s->requirements[i], wanted))
            return true;
    return false;
}

/* Each requirement of the wide selector is one of the narrow one. */
static bool labels_cover(struct reader *r, const struct match_selector *wide,
                         const struct match_selector *narrow) {
    for (size_t i = 0; i < wide->n_requirements; i++)
        if (!demands(r, narrow, &wide->requirements[i]))
            return false;
    return true;
}

static bool selects_all_of(struct reader *r, const struct policy_match *wide,
                           const struct policy_match *narrow) {
    return names_cover(r, &wide->namespaces, &narrow->namespaces) &&
           names_cover(r, &wide->service_accounts, &narrow->service_accounts) &&
           names_cover(r, &wide->users, &narrow->users) &&
           names_cover(r, &wide->groups, &narrow->groups) &&
           labels_cover(r, &wide->pod_labels, &narrow->pod_labels);
}

static bool asks_nothing(const struct policy_match *m) {
    return m->namespaces.n == 0 && m->service_accounts.n == 0 && m->users.n == 0 &&
           m->groups.n == 0 && m->pod_labels.n_requirements == 0;
}

/* Does the rule at `early` select all pods of that at `late`? False, too, once the limit is reached. */
static bool hides(struct reader *r, size_t early, size_t late) {
    const struct policy_rule *rules = r->policy->rules;
    return rules_may_look(r, 1, rules[late].pos) &&
           selects_all_of(r, &rules[early].match, &rules[late].match);
}

/* The first rule before `late` that selects all its pods, among those indexed under a word. */
static size_t first_hiding(struct reader *r, const struct index_word *word, size_t late,
                           size_t best) {
    size_t n;
    const struct index_entry *under = engine_index_find(&r->policy->rule_index, word, &n);
    for (size_t i = 0; i < n && under[i].at < best && under[i].at < late; i++)
        if (hides(r, under[i].at, late))
            return under[i].at;
    return best;
}

static size_t first_by_name(struct reader *r, enum index_kind kind,
                            const struct policy_names *names, size_t late, size_t best) {
    if (names->n == 0)
        return best;
    return first_hiding(r, &(struct index_word){kind, names->v[0], STR_NONE}, late, best);
}

/* A rule is indexed under one of its requirements, which every rule that it covers has too: look under the
 * first name of each kind and the values of each label. */
static size_t find_wider(struct reader *r, size_t late) {
    const struct policy *p = r->policy;
    const struct policy_match *m = &p->rules[late].match;
    size_t best = p->n_rules;
    best = first_by_name(r, INDEX_NAMESPACE, &m->namespaces, late, best);
    best = first_by_name(r, INDEX_SERVICE_ACCOUNT, &m->service_accounts, late, best);
    best = first_by_name(r, INDEX_USER, &m->users, late, best);
    best = first_by_name(r, INDEX_GROUP, &m->groups, late, best);
    for (size_t i = 0; i < m->pod_labels.n_requirements; i++) {
        const struct match_requirement *q = &m->pod_labels.requirements[i];
        if (q->op == MATCH_IN && q->n_values != 0)
            best = first_hiding(r, &(struct index_word){INDEX_LABEL, q->key, q->values[0]},
                                late, best);
    }
    const struct index *x = &p->rule_index;
    for (size_t i = 0; i < x->n_others && x->others[i] < best && x->others[i] < late; i++)
        if (hides(r, x->others[i], late))
            return x->others[i];
    return best;
}

static size_t find_wider_by_all(struct reader *r, size_t late) {
    for (size_t i = 0; i < late; i++)
        if (hides(r, i, late))
            return i;
    return r->policy->n_rules;
}

static void check_reach(struct reader *r, size_t i) {
    const struct policy *p = r->policy;
    size_t at = p->rule_index.is_built ? find_wider(r, i) : find_wider_by_all(r, i);
    if (at == p->n_rules)
        return;
    const struct policy_rule *late = &p->rules[i], *wide = &p->rules[at];
    rules_warn_at(r, LINT_UNREACHABLE_RULE, late->pos,
                  "rule %s is never reached: rule %s%s selects %s", rules_quote(late->name).z,
                  rules_quote(wide->name).z, rules_location(r, wide->pos, late->pos).z,
                  asks_nothing(&wide->match) ? "every pod" : "the same pods");
}

void rules_check_reach(struct reader *r) {
    for (size_t i = 0; i < r->policy->n_rules; i++)
        check_reach(r, i);
}
