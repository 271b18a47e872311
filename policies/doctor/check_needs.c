/* Which namespace needs which pull secret, by whom; those that are missing. */
#include "doctor/model.h"

#include <stdlib.h>

enum reason_for { BY_ACCOUNT, BY_NAMESPACE, BY_LIST, BY_RULE };

struct need {
    struct str namespace, name;
    enum reason_for why;
    const struct doctor_place *who; /* NULL: BY_NAMESPACE */
    const struct policy_rule *rule; /* or NULL */
    const struct policy_secret *secret;
};

struct needs {
    DOCTOR_LIST(struct need) all;
    DOCTOR_LIST(const struct doctor_secret *) by_name;
};

/* ---- gathering ------------------------------------------------------------------------------------ */

static const struct policy_secret *secret_of(const struct policy_rule *rule, struct str name) {
    for (size_t i = 0; rule != NULL && i < rule->n_secrets; i++)
        if (str_eq(rule->secrets[i].name, name))
            return &rule->secrets[i];
    return NULL;
}

static void add_work(struct doctor *d, struct needs *to, const struct doctor_work *w) {
    for (size_t i = 0; i < w->secrets.n && !w->ended; i++) {
        struct need n = {.namespace = w->at.namespace, .name = w->secrets.v[i], .who = &w->at};
        n.secret = secret_of(w->rule, n.name);
        n.rule = n.secret != NULL ? w->rule : NULL;
        n.why = n.rule != NULL ? BY_RULE : BY_LIST;
        if (n.name.n != 0)
            DOCTOR_ADD(d, to->all, n);
    }
}

static void add_account(struct doctor *d, struct needs *to, const struct doctor_account *a) {
    for (size_t i = 0; i < a->secrets.n; i++)
        if (a->secrets.v[i].n != 0)
            DOCTOR_ADD(d, to->all,
                       (struct need){.namespace = a->at.namespace,
                                     .name = a->secrets.v[i],
                                     .why = BY_ACCOUNT,
                                     .who = &a->at});
}

/* A rule that names the namespace gives its secrets to pods that are not there yet, as jobs of Airbyte. */
static void add_namespace(struct doctor *d, struct needs *to, const struct policy_rule *rule,
                          struct str namespace) {
    bool asked = str_eq(namespace, d->options.namespace);
    if ((rule->match.namespaces.n == 0 && !asked) || !doctor_rule_takes(rule, namespace) ||
        rule->mode == MODE_AUDIT)
        return;
    for (size_t i = 0; i < rule->n_secrets; i++)
        if (rule->secrets[i].always)
            DOCTOR_ADD(d, to->all,
                       (struct need){.namespace = namespace,
                                     .name = rule->secrets[i].name,
                                     .why = BY_NAMESPACE,
                                     .rule = rule,
                                     .secret = &rule->secrets[i]});
}

static void add_namespaces(struct doctor *d, struct needs *to) {
    const struct policy *p = d->options.policy;
    for (size_t i = 0; i < d->namespaces.n; i++) {
        struct str name = d->namespaces.v[i].at.name;
        bool wanted = d->options.namespace.n == 0 || str_eq(name, d->options.namespace);
        for (size_t k = 0; wanted && k < p->n_rules; k++)
            add_namespace(d, to, &p->rules[k], name);
    }
}

static int compare(const void *pa, const void *pb) {
    const struct need *a = pa, *b = pb;
    int order = str_cmp(a->namespace, b->namespace);
    if (order == 0)
        order = str_cmp(a->name, b->name);
    if (order == 0)
        order = (a->why < b->why) - (a->why > b->why);
    return order != 0 ? order : (a->who > b->who) - (a->who < b->who);
}

/* ---- missing -------------------------------------------------------------------------------------- */

static int compare_by_name(const void *pa, const void *pb) {
    const struct doctor_secret *const *a = pa, *const *b = pb;
    return str_cmp((*a)->at.name, (*b)->at.name);
}

/* The secrets that the kubelet would use. */
static void sort_by_name(struct doctor *d, struct needs *needs) {
    for (size_t i = 0; i < d->secrets.n; i++) {
        const struct doctor_secret *s = &d->secrets.v[i];
        if (s->set != NULL && s->set->state == CREDENTIALS_COUNTS && s->set->n_entries != 0)
            DOCTOR_ADD(d, needs->by_name, s);
    }
    if (needs->by_name.n != 0)
        qsort(needs->by_name.v, needs->by_name.n, sizeof *needs->by_name.v, compare_by_name);
}

/* One of that name in another namespace. */
static const struct doctor_secret *find_elsewhere(const struct needs *needs, struct str name) {
    const struct doctor_secret key = {.at = {.name = name}}, *wanted = &key;
    const struct doctor_secret *const *found =
        needs->by_name.n == 0 ? NULL
                              : bsearch(&wanted, needs->by_name.v, needs->by_name.n,
                                        sizeof *needs->by_name.v, compare_by_name);
    return found != NULL ? *found : NULL;
}

static void say_mend(struct doctor *d, const struct needs *needs, struct doctor_finding *f,
                     const struct need *n) {
    const struct doctor_secret *other = find_elsewhere(needs, n->name);
    const struct str name = doctor_word(d, n->name), namespace = doctor_word(d, n->namespace);
    if (other != NULL)
        doctor_say(
            d, &f->mend,
            "kubectl get secret %.*s -n %.*s -o json | jq '{apiVersion, kind, type, data, "
            "metadata: {name: .metadata.name}}' | kubectl apply -n %.*s -f -",
            STR_ARG(name), STR_ARG(other->at.namespace), STR_ARG(namespace));
    else
        doctor_say(d, &f->mend,
                   "kubectl create secret docker-registry %.*s -n %.*s "
                   "--from-file=.dockerconfigjson=FILE",
                   STR_ARG(name), STR_ARG(namespace));
}

static void put_who(struct buf *out, const struct need *group, size_t n) {
    size_t users = 0;
    for (size_t i = 0; i < n; i++)
        users += group[i].who != NULL && (i == 0 || group[i].who != group[i - 1].who);
    if (group->who == NULL) {
        buf_printf(out, "rule %.*s adds it to pods of this namespace",
                   STR_ARG(group->rule->name));
        return;
    }
    buf_printf(out, group->why == BY_RULE      ? "the policy adds it to "
                    : group->why == BY_ACCOUNT ? "it is in imagePullSecrets of "
                                               : "it is named by ");
    buf_printf(out, "%.*s/%.*s", STR_ARG(group->who->kind), STR_ARG(group->who->name));
    if (users > 1)
        buf_printf(out, " and %zu more", users - 1);
}

static void tell_missing(struct doctor *d, const struct needs *needs, const struct need *group,
                         size_t n) {
    struct buf text = BUF_INIT(1 << 12);
    struct doctor_place at = {.kind = STR("Secret")};
    if (group->who != NULL)
        at.file = group->who->file;
    at.namespace = group->namespace;
    at.name = group->name;
    struct doctor_finding *f = doctor_find(d, DOCTOR_SECRET_MISSING, &at, group->rule);
    if (group->secret != NULL) {
        f->rule_line = group->secret->pos.line;
        f->rule_col = group->secret->pos.col;
    }
    if (group->why < BY_LIST)
        doctor_lower(f, DOCTOR_WARNING);
    buf_printf(&text, "there is no Secret %.*s in namespace %.*s; ", STR_ARG(group->name),
               STR_ARG(group->namespace));
    put_who(&text, group, n);
    if (!d->seen_secret && !d->given[doctor_resource_of("secrets")])
        buf_puts(&text, " (the input has no Secret at all: were they asked for?)");
    doctor_say_buf(d, &f->message, &text);
    buf_done(&text);
    say_mend(d, needs, f, group);
}

/* A name that no Secret can have is PG206. */
static bool is_name(struct str name) {
    for (size_t i = 0; i < name.n; i++)
        if (!ascii_is_digit(name.p[i]) && !(name.p[i] >= 'a' && name.p[i] <= 'z') &&
            name.p[i] != '-' && name.p[i] != '.')
            return false;
    return name.n != 0;
}

static void check_group(struct doctor *d, const struct needs *needs, const struct need *group,
                        size_t n) {
    struct doctor_secret *s = doctor_secret_of(d, group->namespace, group->name);
    if (s != NULL)
        s->needed = true;
    else if (is_name(group->name) && !doctor_is_refused(d, "secrets"))
        tell_missing(d, needs, group, n);
}

void doctor_check_needs(struct doctor *d) {
    struct needs needs = {.all = {NULL, 0}, .by_name = {NULL, 0}};
    size_t to = 0;
    for (size_t i = 0; i < d->works.n; i++)
        add_work(d, &needs, &d->works.v[i]);
    for (size_t i = 0; i < d->accounts.n; i++)
        add_account(d, &needs, &d->accounts.v[i]);
    add_namespaces(d, &needs);
    sort_by_name(d, &needs);
    if (needs.all.n != 0)
        qsort(needs.all.v, needs.all.n, sizeof *needs.all.v, compare);
    for (size_t from = 0; from < needs.all.n && d->bad == 0; from = to) {
        const struct need *group = &needs.all.v[from];
        for (to = from; to < needs.all.n &&
                        str_eq(needs.all.v[to].namespace, group->namespace) &&
                        str_eq(needs.all.v[to].name, group->name);)
            to++;
        check_group(d, &needs, group, to - from);
    }
}
