#include "base/mem.h"
#include "doctor/model.h"

#include <stdlib.h>

const struct doctor_resource doctor_resources[] = {
    {"namespaces", true, true},
    {"secrets", false, true},
    {"serviceaccounts", false, true},
    {"pods", false, true},
    {"events", false, false},
    {"services", false, false},
    {"configmaps", false, false},
    {"deployments.apps", false, true},
    {"statefulsets.apps", false, false},
    {"daemonsets.apps", false, false},
    {"cronjobs.batch", false, false},
    {"mutatingwebhookconfigurations.admissionregistration.k8s.io", true, true},
    {"validatingwebhookconfigurations.admissionregistration.k8s.io", true, true},
};
const size_t doctor_n_resources = sizeof doctor_resources / sizeof *doctor_resources;

enum { ARENA_MAX = 1 << 30 };

enum ec doctor_new(struct doctor **out, const struct doctor_options *options, struct err *err) {
    struct doctor *d = mem_zalloc(sizeof *d);
    if (d == NULL)
        return err_set(err, EC_NOMEM, "out of memory");
    d->options = *options;
    d->arena = (struct arena)ARENA_INIT(64 << 10, ARENA_MAX);
    d->request = (struct object_request){
        .groups = &d->no_groups, .now_s = options->now_s, .undecided = true};
    object_judge_init(&d->judge, options->policy, &d->request);
    *out = d;
    return EC_OK;
}

void doctor_free(struct doctor *d) {
    if (d == NULL)
        return;
    for (size_t i = 0; i < d->secrets.n; i++)
        credentials_set_free(d->secrets.v[i].set);
    object_judge_done(&d->judge);
    arena_done(&d->arena);
    mem_free(d);
}

/* ---- memory ------------------------------------------------------------------------------- */

void doctor_no_room(struct doctor *d) {
    if (d->bad == 0)
        d->bad = d->arena.bad != 0 ? d->arena.bad : EC_NOMEM;
}

void *doctor_more(struct doctor *d, void *v, size_t n, size_t size) {
    if ((n & (n - 1)) != 0)
        return v;
    void *more = arena_array(&d->arena, n != 0 ? 2 * n : 1, size);
    if (more == NULL)
        doctor_no_room(d);
    else if (n != 0)
        memcpy(more, v, n * size);
    return more;
}

struct str doctor_copy(struct doctor *d, struct str s) {
    char *copy = arena_alloc(&d->arena, s.n + 1);
    if (copy == NULL) {
        doctor_no_room(d);
        return STR_NONE;
    }
    if (s.n != 0)
        memcpy(copy, s.p, s.n);
    copy[s.n] = '\0';
    return (struct str){copy, s.n};
}

/* ---- what is known of a resource ------------------------------------------------------------ */

size_t doctor_resource_of(const char *name) {
    size_t i = 0, n = strlen(name);
    while (i < doctor_n_resources &&
           (strncmp(doctor_resources[i].name, name, n) != 0 ||
            (doctor_resources[i].name[n] != '\0' && doctor_resources[i].name[n] != '.')))
        i++;
    return i;
}

void doctor_given(struct doctor *d, size_t i) {
    d->given[i] = true;
}

bool doctor_is_refused(const struct doctor *d, const char *resource) {
    return d->refused[doctor_resource_of(resource)];
}

enum ec doctor_refused(struct doctor *d, size_t i, struct str why, struct err *err) {
    const struct doctor_place at = {.kind = STR("Resource"),
                                    .name = str_of(doctor_resources[i].name),
                                    .namespace = d->options.namespace};
    struct doctor_finding *f = doctor_find(d, DOCTOR_FORBIDDEN, &at, NULL);
    d->refused[i] = true;
    doctor_say(d, &f->message, "%s cannot be read: %.*s", doctor_resources[i].name,
               STR_ARG(str_slice(str_trim(why), 0, 300)));
    if (!doctor_resources[i].of_cluster && d->options.namespace.n == 0)
        doctor_say(d, &f->mend,
                   "look at one namespace (-n), or ask for get and list of %s in all of them",
                   doctor_resources[i].name);
    return d->bad == 0 ? EC_OK : arena_fail(&d->arena, err);
}

size_t doctor_n_unreadable(const struct doctor *d) {
    return d->totals.unreadable;
}

/* ---- all checks ------------------------------------------------------------------------------ */

static int compare_findings(const void *pa, const void *pb) {
    const struct doctor_finding *a = pa, *b = pb;
    int order = str_cmp(a->file, b->file);
    if (order == 0)
        order = str_cmp(a->namespace, b->namespace);
    if (order == 0)
        order = str_cmp(a->object, b->object);
    if (order == 0)
        order = (a->code > b->code) - (a->code < b->code);
    return order != 0 ? order : str_cmp(a->message, b->message);
}

enum ec doctor_examine(struct doctor *d, struct err *err) {
    static void (*const checks[])(struct doctor *) = {
        doctor_sort,          doctor_check_needs,   doctor_check_secrets, doctor_check_cover,
        doctor_check_lists,   doctor_check_airbyte, doctor_check_hooks,   doctor_check_scope,
        doctor_check_escaped, doctor_check_pulls,   doctor_check_events};
    for (size_t i = 0; i < sizeof checks / sizeof *checks && d->bad == 0; i++)
        checks[i](d);
    if (d->bad != 0)
        return err_set(err, (enum ec)d->bad, "no room for the state of the cluster");
    if (d->findings.n != 0)
        qsort(d->findings.v, d->findings.n, sizeof *d->findings.v, compare_findings);
    return EC_OK;
}

const struct doctor_finding *doctor_findings(const struct doctor *d, size_t *n) {
    *n = d->findings.n;
    return d->findings.v;
}
