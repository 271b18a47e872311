/* What rules need before there is a pod. */
#include "policyctl/needs.h"

#include <stdlib.h>

enum { MATCH_STEPS = 1 << 20 };

static bool is_name(struct str s) {
    return str_find(s, '*') == s.n;
}

/* Whether a rule selects every pod of the namespaces that it matches. */
static bool is_whole(const struct policy_rule *rule) {
    const struct policy_match *m = &rule->match;
    return m->service_accounts.n == 0 && m->users.n == 0 && m->groups.n == 0 &&
           m->pod_labels.n_requirements == 0;
}

static bool selects(const struct policy_rule *rule, struct str namespace) {
    struct match_meter meter = {.left = MATCH_STEPS};
    for (size_t i = 0; i < rule->match.namespaces.n; i++)
        if (match_name(rule->match.namespaces.v[i], namespace, &meter))
            return true;
    return rule->match.namespaces.n == 0;
}

/* What the API server needs for itself, and a webhook leaves out. */
static bool is_system(struct str namespace) {
    return str_eq(namespace, STR("kube-system")) || str_eq(namespace, STR("kube-public")) ||
           str_eq(namespace, STR("kube-node-lease"));
}

struct adding {
    struct needs *needs;
    const struct policy *policy;
    struct err *err;
};

static void add_place(const struct adding *a, const struct policy_secret *s,
                      struct str namespace, struct str place) {
    if (a->err->code != EC_OK)
        return;
    struct str file = engine_policy_file(a->policy, s->pos);
    char name[1024];
    if (file.n >= sizeof name)
        file.n = sizeof name - 1;
    memcpy(name, file.p, file.n);
    name[file.n] = '\0';
    (void)!needs_add_row(a->needs,
                         (struct needs_row){.namespace = namespace,
                                            .secret = s->name,
                                            .place = place,
                                            .file = name,
                                            .line = s->pos.line,
                                            .is_glob = !is_name(namespace)},
                         a->err);
}

static bool has_for(const struct policy_rule *rule, struct str host) {
    for (size_t i = 0; i < rule->n_secrets; i++)
        if (!rule->secrets[i].always && rule->secrets[i].prefix.path.n == 0 &&
            str_eq(rule->secrets[i].prefix.host, host))
            return true;
    return false;
}

/* A secret without `for` serves where the rule sends images to, but for hosts that have a secret of their
 * own. */
static void add_targets(const struct adding *a, const struct policy_rule *rule,
                        const struct policy_secret *s, struct str namespace) {
    add_place(a, s, namespace, STR_NONE);
    if (rule->registry.text.n != 0 && !has_for(rule, rule->registry.host))
        add_place(a, s, namespace, rule->registry.text);
    for (size_t i = 0; i < rule->n_mirrors; i++)
        if (!has_for(rule, rule->mirrors[i].to.host))
            add_place(a, s, namespace, rule->mirrors[i].to.text);
}

static void add_rule(const struct adding *a, const struct policy_rule *rule,
                     struct str namespace) {
    for (size_t i = 0; i < rule->n_secrets && rule->mode != MODE_AUDIT; i++) {
        if (rule->secrets[i].always)
            add_targets(a, rule, &rule->secrets[i], namespace);
        else
            add_place(a, &rule->secrets[i], namespace, rule->secrets[i].prefix.text);
    }
}

/* Rules in their order, up to the first that selects all pods of the namespace. One without namespaces is for
 * those that are known to exist, and not for the cluster's own. */
static void add_namespace(const struct adding *a, struct str namespace, bool exists) {
    for (size_t i = 0; i < a->policy->n_rules; i++) {
        const struct policy_rule *rule = &a->policy->rules[i];
        if (!selects(rule, namespace))
            continue;
        if (rule->match.namespaces.n != 0 || (exists && !is_system(namespace)))
            add_rule(a, rule, namespace);
        if (is_whole(rule))
            return;
    }
}

static bool is_known(const struct needs *n, struct str pattern) {
    struct match_meter meter = {.left = MATCH_STEPS};
    for (size_t i = 0; i < n->n_namespaces; i++)
        if (match_name(pattern, n->namespaces[i].name, &meter))
            return true;
    return false;
}

static bool has_objects(const struct needs *n) {
    for (size_t i = 0; i < n->n_namespaces; i++)
        if (n->namespaces[i].is_object)
            return true;
    return false;
}

/* What a rule names itself, and is not in the input. */
static void add_named(const struct adding *a, const struct policy_rule *rule) {
    const struct policy_names *names = &rule->match.namespaces;
    if (names->n == 0 && a->needs->n_namespaces == 0)
        add_rule(a, rule, STR("*"));
    for (size_t i = 0; i < names->n; i++) {
        if (is_known(a->needs, names->v[i]))
            continue;
        if (is_name(names->v[i]))
            add_namespace(a, names->v[i], false);
        else if (!has_objects(a->needs))
            add_rule(a, rule, names->v[i]);
    }
}

static int compare_namespaces(const void *pa, const void *pb) {
    const struct needs_namespace *a = pa, *b = pb;
    return str_cmp(a->name, b->name);
}

static void sort_namespaces(struct needs *n) {
    size_t kept = 0;
    if (n->n_namespaces == 0)
        return;
    qsort(n->namespaces, n->n_namespaces, sizeof *n->namespaces, compare_namespaces);
    for (size_t i = 1; i < n->n_namespaces; i++) {
        if (!str_eq(n->namespaces[kept].name, n->namespaces[i].name))
            n->namespaces[++kept] = n->namespaces[i];
        else if (n->namespaces[i].is_object)
            n->namespaces[kept].is_object = true;
    }
    n->n_namespaces = kept + 1;
}

enum ec needs_add_rules(struct needs *n, const struct policy *policy, struct err *err) {
    const struct adding a = {n, policy, err};
    sort_namespaces(n);
    for (size_t i = 0; i < n->n_namespaces; i++)
        add_namespace(&a, n->namespaces[i].name, n->namespaces[i].is_object);
    for (size_t i = 0; i < policy->n_rules; i++)
        add_named(&a, &policy->rules[i]);
    return err->code;
}
