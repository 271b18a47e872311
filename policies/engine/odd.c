/* Names that cannot be compared: U+0000 ends a name for some readers, and half a surrogate pair becomes
 * another character. When a rule needs one to select, the pod is refused. */
#include "engine/internal.h"

static bool labels_need(const struct match_selector *s, const struct workload *w,
                        const struct workload_odd *odd) {
    if (s->n_requirements != 0 && w->odd_labels_more)
        return true;
    for (size_t i = 0; i < s->n_requirements; i++)
        if (str_eq(s->requirements[i].key, odd->key))
            return true;
    return false;
}

static bool needs(const struct policy_match *m, const struct workload *w,
                  const struct workload_odd *odd) {
    switch (odd->what) {
    case ODD_NAMESPACE:
        return m->namespaces.n != 0;
    case ODD_SERVICE_ACCOUNT:
        return m->service_accounts.n != 0;
    case ODD_USER:
        return m->users.n != 0;
    case ODD_GROUP:
        return m->groups.n != 0;
    case ODD_LABEL:
        return labels_need(&m->pod_labels, w, odd);
    default:
        return false;
    }
}

static bool is_odd_question(const struct workload *w, enum engine_explain_question question) {
    static const enum engine_explain_question questions[] = {
        [ODD_NAMESPACE] = QUESTION_NAMESPACE, [ODD_SERVICE_ACCOUNT] = QUESTION_SERVICE_ACCOUNT,
        [ODD_USER] = QUESTION_USER,           [ODD_GROUP] = QUESTION_GROUP,
        [ODD_LABEL] = QUESTION_LABELS,        [ODD_SECRET] = N_QUESTIONS};
    for (size_t i = 0; i < w->n_odd; i++)
        if (questions[w->odd[i].what] == question)
            return true;
    return false;
}

/* Whether the rule may select the pod, by the names that can be compared. Labels are not checked: a pod can
 * have half a million. */
static bool may_select(struct ctx *c, const struct policy_match *m) {
    for (enum engine_explain_question q = 0; q < QUESTION_LABELS; q++)
        if (!is_odd_question(c->w, q) && engine_ask(m, c->w, q, &c->meter) == ANSWER_FAILS)
            return false;
    return true;
}

static const struct workload_odd *needed_by(struct ctx *c, const struct policy_match *m) {
    const struct workload *w = c->w;
    for (size_t i = 0; i < w->n_odd; i++)
        if (needs(m, w, &w->odd[i]))
            return may_select(c, m) ? &w->odd[i] : NULL;
    return NULL;
}

/* Exemptions select by namespace only. */
static const struct workload_odd *needed_by_exemptions(const struct ctx *c) {
    for (size_t i = 0; i < c->w->n_odd; i++)
        for (size_t k = 0; k < c->policy->n_exemptions; k++)
            if (c->w->odd[i].what == ODD_NAMESPACE &&
                c->policy->exemptions[k].namespaces.n != 0)
                return &c->w->odd[i];
    return NULL;
}

/* An update that changes no image is allowed: odd names decide nothing in it. */
static bool nothing_to_judge(const struct workload *w) {
    return w->operation == OPERATION_UPDATE && !engine_has_changed_image(w);
}

static bool refuse_odd(struct ctx *c, const struct workload_odd *odd) {
    const struct diagnosis what = {
        .code = REASON_MALFORMED, .weight = WEIGHT_DENY, .image = -1};
    c->rule = c->d->rule = NULL;
    engine_diagnose(c, &what, "%.*s", STR_ARG(odd->text));
    return true;
}

bool engine_refuse_odd(struct ctx *c) {
    const struct workload_odd *odd = NULL;
    if (c->w->n_odd == 0 || nothing_to_judge(c->w))
        return false;
    const struct policy_rule *end =
        c->rule ? c->rule + 1 : c->policy->rules + c->policy->n_rules;
    for (const struct policy_rule *r = c->policy->rules; r != end && odd == NULL; r++)
        odd = needed_by(c, &r->match);
    if (odd == NULL)
        odd = needed_by_exemptions(c);
    return odd != NULL && refuse_odd(c, odd);
}

bool engine_refuse_odd_secret(struct ctx *c) {
    for (size_t i = 0; i < c->w->n_odd; i++)
        if (c->w->odd[i].what == ODD_SECRET)
            return refuse_odd(c, &c->w->odd[i]);
    return false;
}
