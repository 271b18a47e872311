/* Rules that no pod gets to: the first that selects it decides alone. */
#include "rules/check.h"

/* A star of the narrow glob can only be taken by a star of the wide one, so that matching it as
 * if it were a name is right whatever it stands for. */
static bool is_among(const struct policy_names *wide, struct str narrow) {
    struct match_meter meter = MATCH_METER(UINT64_MAX, NULL);
    for (size_t i = 0; i < wide->n; i++)
        if (match_name(wide->v[i], narrow, &meter))
            return true;
    return false;
}

static bool names_cover(const struct policy_names *wide, const struct policy_names *narrow) {
    if (wide->n == 0)
        return true;
    for (size_t i = 0; i < narrow->n; i++)
        if (!is_among(wide, narrow->v[i]))
            return false;
    return narrow->n != 0 || is_among(wide, STR("*"));
}

static bool is_same(const struct match_requirement *a, const struct match_requirement *b) {
    if (a->op != b->op || !str_eq(a->key, b->key) || a->n_values != b->n_values)
        return false;
    for (size_t i = 0; i < a->n_values; i++)
        if (!str_eq(a->values[i], b->values[i]))
            return false;
    return true;
}

static bool demands(const struct match_selector *s, const struct match_requirement *wanted) {
    for (size_t i = 0; i < s->n_requirements; i++)
        if (is_same(&s->requirements[i], wanted))
            return true;
    return false;
}

/* Whatever the wide one demands, the narrow one demands too. */
static bool labels_cover(const struct match_selector *wide,
                         const struct match_selector *narrow) {
    for (size_t i = 0; i < wide->n_requirements; i++)
        if (!demands(narrow, &wide->requirements[i]))
            return false;
    return true;
}

static bool selects_all_of(const struct policy_match *wide, const struct policy_match *narrow) {
    return names_cover(&wide->namespaces, &narrow->namespaces) &&
           names_cover(&wide->service_accounts, &narrow->service_accounts) &&
           names_cover(&wide->users, &narrow->users) &&
           names_cover(&wide->groups, &narrow->groups) &&
           labels_cover(&wide->pod_labels, &narrow->pod_labels);
}

static bool asks_nothing(const struct policy_match *m) {
    return m->namespaces.n == 0 && m->service_accounts.n == 0 && m->users.n == 0 &&
           m->groups.n == 0 && m->pod_labels.n_requirements == 0;
}

static void check_rule(struct reader *r, const struct policy_rule *late) {
    for (const struct draft *d = r->first_rule; &d->rule != late; d = d->next) {
        if (!selects_all_of(&d->rule.match, &late->match))
            continue;
        walk_warn_at(r, LINT_UNREACHABLE_RULE, late->pos,
                     "rule %s is never reached: rule %s%s selects %s", walk_quote(late->name).z,
                     walk_quote(d->rule.name).z, walk_place(r, d->rule.pos, late->pos).z,
                     asks_nothing(&d->rule.match) ? "every pod" : "the same pods");
        return;
    }
}

void check_reach(struct reader *r) {
    for (const struct draft *d = r->first_rule; d != NULL; d = d->next)
        check_rule(r, &d->rule);
}
