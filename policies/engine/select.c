/* Which rule decides: the first whose match selects the pod. */
#include "engine/internal.h"

bool engine_names_cover(const struct policy_names *names, struct str name,
                        struct match_meter *meter) {
    for (size_t i = 0; i < names->n; i++)
        if (match_name(names->v[i], name, meter))
            return true;
    return names->n == 0;
}

static bool any_group(const struct policy_names *globs, const struct workload *w,
                      struct match_meter *meter) {
    if (globs->n == 0)
        return true;
    for (size_t i = 0; i < w->n_groups && !meter->spent; i++)
        if (engine_names_cover(globs, w->groups[i], meter))
            return true;
    return false;
}

static enum engine_explain_answer answer_of(bool asked, bool holds) {
    return !asked ? ANSWER_NOT_ASKED : holds ? ANSWER_HOLDS : ANSWER_FAILS;
}

enum engine_explain_answer engine_ask(const struct policy_match *m, const struct workload *w,
                                      enum engine_explain_question question,
                                      struct match_meter *meter) {
    switch (question) {
    case QUESTION_NAMESPACE:
        return answer_of(m->namespaces.n != 0,
                         engine_names_cover(&m->namespaces, w->namespace, meter));
    case QUESTION_SERVICE_ACCOUNT:
        return answer_of(m->service_accounts.n != 0,
                         engine_names_cover(&m->service_accounts, w->service_account, meter));
    case QUESTION_USER:
        return answer_of(m->users.n != 0, engine_names_cover(&m->users, w->user, meter));
    case QUESTION_GROUP:
        return answer_of(m->groups.n != 0, any_group(&m->groups, w, meter));
    case QUESTION_LABELS:
        return answer_of(m->pod_labels.n_requirements != 0,
                         match_labels(&m->pod_labels, w->labels, w->n_labels, meter));
    default:
        return ANSWER_NOT_ASKED;
    }
}

/* false also when the meter runs out. */
static bool selects(struct ctx *c, size_t rule) {
    const struct policy_match *m = &c->policy->rules[rule].match;
    const struct workload *w = c->w;
    struct match_meter *meter = &c->meter;
    return engine_charge(c, 1) && engine_names_cover(&m->namespaces, w->namespace, meter) &&
           engine_names_cover(&m->service_accounts, w->service_account, meter) &&
           engine_names_cover(&m->users, w->user, meter) && any_group(&m->groups, w, meter) &&
           match_labels(&m->pod_labels, w->labels, w->n_labels, meter) && !meter->spent;
}

/* The first rule under the word that selects the pod, if it comes before `best`; else that. */
static size_t first_under(struct ctx *c, const struct index_word *word, size_t best) {
    size_t n;
    const struct index_entry *under = engine_index_find(&c->policy->rule_index, word, &n);
    for (size_t i = 0; i < n && under[i].at < best && !c->meter.spent; i++)
        if (selects(c, under[i].at))
            return under[i].at;
    return best;
}

/* Finds the same rule as a linear search: each rule is indexed under one of its conditions, or is among the
 * others. */
static size_t find_indexed_rule(struct ctx *c) {
    const struct policy *p = c->policy;
    const struct workload *w = c->w;
    const struct index_word words[] = {{INDEX_NAMESPACE, w->namespace, STR_NONE},
                                       {INDEX_SERVICE_ACCOUNT, w->service_account, STR_NONE},
                                       {INDEX_USER, w->user, STR_NONE}};
    size_t best = p->n_rules;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        best = first_under(c, &words[i], best);
    for (size_t i = 0; i < w->n_groups; i++)
        best = first_under(c, &(struct index_word){INDEX_GROUP, w->groups[i], STR_NONE}, best);
    for (size_t i = 0; i < w->n_labels; i++)
        best = first_under(
            c, &(struct index_word){INDEX_LABEL, w->labels[i].key, w->labels[i].value}, best);
    for (size_t i = 0; i < p->rule_index.n_others && p->rule_index.others[i] < best; i++)
        if (selects(c, p->rule_index.others[i]))
            best = p->rule_index.others[i];
    return best;
}

static size_t find_first(struct ctx *c) {
    size_t i = 0;
    while (i < c->policy->n_rules && !c->meter.spent && !selects(c, i))
        i++;
    return i;
}

const struct policy_rule *engine_select(struct ctx *c) {
    const struct policy *p = c->policy;
    size_t at = p->rule_index.is_built ? find_indexed_rule(c) : find_first(c);
    if (c->meter.spent)
        return NULL;
    for (size_t i = 0; c->notes != NULL && i < p->n_rules && i <= at; i++)
        engine_note_rule(c, i, i == at);
    return at < p->n_rules ? &p->rules[at] : NULL;
}
