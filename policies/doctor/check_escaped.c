/* Pods that run and are not as the policy would make them today. */
#include "doctor/model.h"

#include <stdlib.h>

bool doctor_is_changed(const struct doctor_work *w) {
    bool changed = w->n_added != 0 || w->denial.n != 0;
    for (size_t i = 0; i < w->n_images && !changed; i++)
        changed = w->images[i].rewritten;
    return changed;
}

struct group { /* of one workload */
    const struct doctor_work *first;
    size_t n;
    bool before; /* the webhook's registration */
};

static const struct doctor_hook *find_hook(const struct doctor *d) {
    for (size_t i = 0; i < d->hooks.n; i++)
        if (d->hooks.v[i].ours && d->hooks.v[i].mutating && d->hooks.v[i].takes_pods)
            return &d->hooks.v[i];
    return NULL;
}

/* Those of namespaces that are left out are PG305, or meant. */
static bool is_asked(const struct doctor *d, const struct doctor_hook *h,
                     const struct doctor_work *w) {
    const struct doctor_namespace *ns = doctor_namespace_of(d, w->at.namespace);
    bool left_out = ns != NULL && ns->known && !doctor_selects(&h->namespaces, &ns->labels);
    return !left_out && doctor_selects(&h->objects, &w->labels);
}

/* ---- words ---------------------------------------------------------------------------------------- */

static void put_change(struct buf *out, const struct doctor_work *w) {
    size_t i = 0;
    if (w->denial.n != 0) {
        buf_printf(out, "the policy refuses it: %.*s", STR_ARG(str_slice(w->denial, 0, 300)));
        return;
    }
    while (i < w->n_images && !w->images[i].rewritten)
        i++;
    if (i < w->n_images)
        buf_printf(out, "image %.*s is not rewritten to %.*s", STR_ARG(w->images[i].before),
                   STR_ARG(w->images[i].after));
    else
        buf_printf(out, "the pull secret %.*s is not in imagePullSecrets",
                   STR_ARG(w->secrets.v[w->secrets.n - 1]));
}

/* A ReplicaSet is called after its Deployment. */
static void say_restart(struct doctor *d, struct doctor_finding *f,
                        const struct doctor_work *w) {
    static const struct {
        const char *owner, *kind;
    } kinds[] = {{"ReplicaSet", "deployment"},
                 {"StatefulSet", "statefulset"},
                 {"DaemonSet", "daemonset"}};
    const struct str namespace = doctor_word(d, w->at.namespace);
    struct str owner = w->owner;
    if (str_eq(w->owner_kind, STR("ReplicaSet")))
        while (owner.n != 0 && owner.p[owner.n - 1] != '-')
            owner.n--;
    owner.n -= str_ends(owner, STR("-"));
    const struct str name = doctor_word(d, owner), pod = doctor_word(d, w->at.name);
    doctor_say(d, &f->mend, "kubectl delete pod %.*s -n %.*s", STR_ARG(pod),
               STR_ARG(namespace));
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (owner.n != 0 && str_eq(w->owner_kind, str_of(kinds[i].owner)))
            doctor_say(d, &f->mend, "kubectl rollout restart %s/%.*s -n %.*s", kinds[i].kind,
                       STR_ARG(name), STR_ARG(namespace));
}

static void tell(struct doctor *d, const struct group *g) {
    const struct doctor_work *w = g->first;
    struct buf text = BUF_INIT(1 << 14);
    struct doctor_finding *f =
        doctor_find(d, g->before ? DOCTOR_POD_BEFORE : DOCTOR_POD_ESCAPED, &w->at, w->rule);
    put_change(&text, w);
    buf_puts(&text, g->before ? "; it is older than the webhook's registration"
                              : "; it was created after the webhook was registered");
    if (g->n > 1)
        buf_printf(&text, "; so are %zu more pods of %.*s %.*s", g->n - 1,
                   STR_ARG(w->owner_kind), STR_ARG(w->owner));
    doctor_say_buf(d, &f->message, &text);
    buf_done(&text);
    say_restart(d, f, w);
}

/* ---- all ------------------------------------------------------------------------------------------ */

static int compare_owners(const struct doctor_work *a, const struct doctor_work *b) {
    int order = str_cmp(a->at.namespace, b->at.namespace);
    if (order == 0)
        order = str_cmp(a->owner_kind, b->owner_kind);
    return order != 0 ? order : str_cmp(a->owner, b->owner);
}

static int compare(const void *pa, const void *pb) {
    const struct group *a = pa, *b = pb;
    int order = compare_owners(a->first, b->first);
    if (order == 0)
        order = (a->before > b->before) - (a->before < b->before);
    return order != 0 ? order : str_cmp(a->first->at.name, b->first->at.name);
}

static bool are_together(const struct group *a, const struct group *b) {
    return a->first->owner.n != 0 && a->before == b->before &&
           compare_owners(a->first, b->first) == 0;
}

void doctor_check_escaped(struct doctor *d) {
    const struct doctor_hook *h = find_hook(d);
    DOCTOR_LIST(struct group) all = {NULL, 0};
    size_t to = 0;
    for (size_t i = 0; h != NULL && i < d->works.n; i++) {
        const struct doctor_work *w = &d->works.v[i];
        if (w->pod && !w->ended && w->created_s != 0 && doctor_is_changed(w) &&
            is_asked(d, h, w))
            DOCTOR_ADD(d, all, (struct group){w, 1, w->created_s < h->created_s});
    }
    if (all.n != 0)
        qsort(all.v, all.n, sizeof *all.v, compare);
    for (size_t from = 0; from < all.n && d->bad == 0; from = to) {
        for (to = from + 1; to < all.n && are_together(&all.v[from], &all.v[to]);)
            to++;
        all.v[from].n = to - from;
        tell(d, &all.v[from]);
    }
}
