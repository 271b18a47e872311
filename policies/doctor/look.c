/* Objects found by namespace and name. */
#include "doctor/model.h"

#include <stdlib.h>

int doctor_compare(const struct doctor_place *a, const struct doctor_place *b) {
    int order = str_cmp(a->namespace, b->namespace);
    return order != 0 ? order : str_cmp(a->name, b->name);
}

/* Every element of a list begins with its place. */
static int compare(const void *a, const void *b) {
    return doctor_compare(a, b);
}

static void sort(void *v, size_t n, size_t size) {
    if (n != 0)
        qsort(v, n, size, compare);
}

static const void *find(const void *v, size_t n, size_t size, struct str namespace,
                        struct str name) {
    const struct doctor_place key = {.namespace = namespace, .name = name};
    return v == NULL ? NULL : bsearch(&key, v, n, size, compare);
}

/* ---- namespaces --------------------------------------------------------------------------------- */

static void add_namespace(struct doctor *d, const struct doctor_place *of, size_t n_known) {
    struct doctor_place at = {
        .kind = STR("Namespace"), .name = of->namespace, .file = of->file};
    const struct doctor_namespace *last =
        d->namespaces.n > n_known ? &d->namespaces.v[d->namespaces.n - 1] : NULL;
    if (of->namespace.n == 0 || (last != NULL && str_eq(last->at.name, at.name)) ||
        find(d->namespaces.v, n_known, sizeof *d->namespaces.v, STR_NONE, at.name) != NULL)
        return;
    DOCTOR_ADD(d, d->namespaces, (struct doctor_namespace){.at = at});
}

/* Of a dump without Namespace objects. */
static void add_namespaces(struct doctor *d) {
    size_t n = d->namespaces.n;
    for (size_t i = 0; i < d->works.n; i++)
        add_namespace(d, &d->works.v[i].at, n);
    sort(d->namespaces.v, d->namespaces.n, sizeof *d->namespaces.v);
    n = d->namespaces.n;
    for (size_t i = 0; i < d->accounts.n; i++)
        add_namespace(d, &d->accounts.v[i].at, n);
    sort(d->namespaces.v, d->namespaces.n, sizeof *d->namespaces.v);
    n = d->namespaces.n;
    for (size_t i = 0; i < d->secrets.n; i++)
        add_namespace(d, &d->secrets.v[i].at, n);
    sort(d->namespaces.v, d->namespaces.n, sizeof *d->namespaces.v);
    if (d->options.namespace.n != 0 && doctor_namespace_of(d, d->options.namespace) == NULL)
        add_namespace(d, &(struct doctor_place){.namespace = d->options.namespace},
                      d->namespaces.n);
    sort(d->namespaces.v, d->namespaces.n, sizeof *d->namespaces.v);
}

#define SORT(list) sort((list).v, (list).n, sizeof *(list).v)
#define FIND(list, namespace, name) find((list).v, (list).n, sizeof *(list).v, namespace, name)

void doctor_sort(struct doctor *d) {
    SORT(d->namespaces);
    SORT(d->secrets);
    SORT(d->accounts);
    SORT(d->events);
    SORT(d->works);
    SORT(d->config_maps);
    SORT(d->services);
    add_namespaces(d);
}

/* ---- one of them --------------------------------------------------------------------------------- */

struct doctor_secret *doctor_secret_of(const struct doctor *d, struct str namespace,
                                       struct str name) {
    const struct doctor_secret *s = FIND(d->secrets, namespace, name);
    return s == NULL ? NULL : &d->secrets.v[s - d->secrets.v];
}

const struct doctor_account *doctor_account_of(const struct doctor *d, struct str namespace,
                                               struct str name) {
    return FIND(d->accounts, namespace, name);
}

const struct doctor_namespace *doctor_namespace_of(const struct doctor *d, struct str name) {
    return FIND(d->namespaces, STR_NONE, name);
}

const struct doctor_config_map *doctor_config_map_of(const struct doctor *d,
                                                     struct str namespace, struct str name) {
    return FIND(d->config_maps, namespace, name);
}

const struct doctor_service *doctor_service_of(const struct doctor *d, struct str namespace,
                                               struct str name) {
    return FIND(d->services, namespace, name);
}

/* A pod may have the name of a Deployment. */
const struct doctor_work *doctor_pod_of(const struct doctor *d, struct str namespace,
                                        struct str name) {
    const struct doctor_work *end = d->works.v + d->works.n,
                             *w = FIND(d->works, namespace, name);
    while (w != NULL && w != d->works.v && doctor_compare(&w[-1].at, &w->at) == 0)
        w--;
    for (; w != NULL && w != end && str_eq(w->at.namespace, namespace) &&
           str_eq(w->at.name, name);
         w++)
        if (w->pod)
            return w;
    return NULL;
}

static size_t first_work(const struct doctor *d, struct str namespace, bool behind) {
    size_t from = 0, to = d->works.n;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        int order = str_cmp(d->works.v[middle].at.namespace, namespace);
        if (order < 0 || (behind && order == 0))
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

size_t doctor_works_of(const struct doctor *d, struct str namespace, size_t *n) {
    size_t from = first_work(d, namespace, false);
    *n = first_work(d, namespace, true) - from;
    return from;
}

/* ---- names and selectors -------------------------------------------------------------------------- */

int doctor_compare_names(const struct doctor_names *a, const struct doctor_names *b) {
    int order = (a->n > b->n) - (a->n < b->n);
    for (size_t i = 0; i < a->n && order == 0; i++)
        order = str_cmp(a->v[i], b->v[i]);
    return order;
}

bool doctor_has_name(const struct doctor_names *names, struct str name) {
    for (size_t i = 0; i < names->n; i++)
        if (str_eq(names->v[i], name))
            return true;
    return false;
}

bool doctor_selects(const struct match_selector *s, const struct doctor_labels *labels) {
    struct match_meter meter = MATCH_METER(ENGINE_STEPS_MAX, NULL);
    return match_labels(s, labels->v, labels->n, &meter);
}

bool doctor_rule_takes(const struct policy_rule *rule, struct str namespace) {
    const struct policy_names *names = &rule->match.namespaces;
    struct match_meter meter = MATCH_METER(ENGINE_STEPS_MAX, NULL);
    for (size_t i = 0; i < names->n; i++)
        if (match_name(names->v[i], namespace, &meter))
            return true;
    return names->n == 0;
}

bool doctor_policy_names(const struct policy *p, struct str secret) {
    for (size_t i = 0; i < p->n_rules; i++)
        for (size_t k = 0; k < p->rules[i].n_secrets; k++)
            if (str_eq(p->rules[i].secrets[k].name, secret))
                return true;
    return false;
}
