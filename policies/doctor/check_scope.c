/* Namespaces that the webhook leaves out though a rule selects them. */
#include "doctor/model.h"

/* Left out on purpose: nodes, network and DNS, and the webhook itself, start before it. */
static bool is_system(const struct doctor_hook *h, struct str namespace) {
    static const char *const names[] = {"kube-system", "kube-public", "kube-node-lease"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_eq(namespace, str_of(names[i])))
            return true;
    return str_eq(namespace, h->service_namespace);
}

/* Whether a rule is about the namespace: it names it, or it judges a pod there that it would change. */
static const struct policy_rule *find_rule(const struct doctor *d, struct str namespace,
                                           size_t *n_changed) {
    const struct policy *p = d->options.policy;
    const struct policy_rule *found = NULL;
    size_t n, from = doctor_works_of(d, namespace, &n);
    *n_changed = 0;
    for (size_t i = 0; i < p->n_rules && found == NULL; i++)
        if (p->rules[i].match.namespaces.n != 0 && doctor_rule_takes(&p->rules[i], namespace))
            found = &p->rules[i];
    for (size_t i = from; i < from + n; i++) {
        const struct doctor_work *w = &d->works.v[i];
        if (w->rule == NULL || w->ended || !doctor_is_changed(w))
            continue;
        found = found != NULL ? found : w->rule;
        ++*n_changed;
    }
    return found;
}

static void check(struct doctor *d, const struct doctor_hook *h,
                  const struct doctor_namespace *ns) {
    size_t n_changed;
    const struct policy_rule *rule;
    bool wanted = d->options.namespace.n == 0 || str_eq(ns->at.name, d->options.namespace);
    if (!ns->known || !wanted || doctor_selects(&h->namespaces, &ns->labels))
        return;
    rule = find_rule(d, ns->at.name, &n_changed);
    if (rule == NULL)
        return;
    struct doctor_finding *f = doctor_find(d, DOCTOR_NAMESPACE_ESCAPES, &ns->at, rule);
    if (is_system(h, ns->at.name))
        doctor_lower(f, DOCTOR_NOTE);
    if (n_changed != 0)
        doctor_say(d, &f->message,
                   "namespaceSelector of webhook %.*s leaves it out; the policy would change "
                   "%zu of its pods and templates",
                   STR_ARG(h->name), n_changed);
    else
        doctor_say(d, &f->message, "namespaceSelector of webhook %.*s leaves it out",
                   STR_ARG(h->name));
}

void doctor_check_scope(struct doctor *d) {
    for (size_t i = 0; i < d->hooks.n; i++) {
        const struct doctor_hook *h = &d->hooks.v[i];
        if (!h->ours || !h->mutating || !h->takes_pods)
            continue;
        for (size_t k = 0; k < d->namespaces.n && d->bad == 0; k++)
            check(d, h, &d->namespaces.v[k]);
    }
}
