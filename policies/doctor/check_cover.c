/* Images against keyrings: what the policy adds must cover what it rewrites to. */
#include "doctor/model.h"

struct rings {
    struct doctor_ring all, ours;
    DOCTOR_LIST(struct doctor_miss) misses;
};

/* ---- what the policy means ------------------------------------------------------------------------ */

/* Does the rule send images there, or provide a secret for it? */
static bool is_meant(const struct policy_rule *rule, const struct doctor_image *image) {
    bool meant = image->rewritten || doctor_is_from(&rule->registry, image->after);
    for (size_t i = 0; i < rule->n_mirrors && !meant; i++)
        meant = doctor_is_from(&rule->mirrors[i].to, image->after);
    for (size_t i = 0; i < rule->n_secrets && !meant; i++)
        meant =
            !rule->secrets[i].always && doctor_is_from(&rule->secrets[i].prefix, image->after);
    return meant;
}

static bool is_ours(const struct policy_rule *rule, struct str name) {
    for (size_t i = 0; rule != NULL && i < rule->n_secrets; i++)
        if (str_eq(rule->secrets[i].name, name))
            return true;
    return false;
}

static struct doctor_names ours_of(struct doctor *d, const struct doctor_work *w,
                                   const struct doctor_names *all) {
    DOCTOR_LIST(struct str) out = {NULL, 0};
    for (size_t i = 0; i < all->n; i++)
        if (is_ours(w->rule, all->v[i]))
            DOCTOR_ADD(d, out, all->v[i]);
    return (struct doctor_names){out.v, out.n};
}

/* Are all of them there and in use? Else that is what is wrong. */
static bool all_count(const struct doctor *d, struct str namespace,
                      const struct doctor_names *names) {
    for (size_t i = 0; i < names->n; i++) {
        const struct doctor_secret *s = doctor_secret_of(d, namespace, names->v[i]);
        if (s == NULL || s->set == NULL || s->set->state != CREDENTIALS_COUNTS ||
            s->set->n_entries == 0)
            return false;
    }
    return names->n != 0;
}

/* ---- one image ------------------------------------------------------------------------------------ */

static bool look_up(struct doctor *d, struct credentials_answer *out,
                    const struct credentials_keyring *ring, struct str image) {
    struct err err = ERR_INIT;
    if (ring != NULL && credentials_lookup(out, ring, image, &d->arena, &err) == EC_OK)
        return true;
    doctor_no_room(d);
    return false;
}

static void note_near(struct doctor *d, struct rings *r, const struct credentials_keyring *ring,
                      struct doctor_miss miss) {
    const struct credentials_near *near = NULL;
    size_t n = 0;
    struct err err = ERR_INIT;
    if (credentials_near(&near, &n, ring, miss.image, &d->arena, &err) != EC_OK)
        doctor_no_room(d);
    miss.code = DOCTOR_KEY_NEAR;
    for (size_t i = 0; i < n; i++) {
        if (near[i].at.entry->never != CREDENTIALS_CAN_MATCH)
            continue; /* PG108 */
        miss.set = near[i].at.set;
        miss.entry = near[i].at.entry;
        miss.miss = near[i].miss;
        DOCTOR_ADD(d, r->misses, miss);
    }
}

static void note_uncovered(struct doctor *d, struct rings *r, const struct doctor_work *w,
                           const struct doctor_names *ours, const struct doctor_image *image,
                           struct doctor_miss miss) {
    if (w->rule == NULL || !is_meant(w->rule, image) || !all_count(d, w->at.namespace, ours))
        return;
    miss.code = DOCTOR_UNCOVERED;
    DOCTOR_ADD(d, r->misses, miss);
}

/* Two credentials for one key, of different secrets; a secret of others before one of ours. */
static void note_order(struct doctor *d, struct rings *r, const struct doctor_work *w,
                       const struct credentials_answer *a, struct doctor_miss miss) {
    const struct credentials_hit *first = &a->hits[0];
    bool first_ours = is_ours(w->rule, first->set->name);
    for (size_t i = 1; i < a->n_hits; i++) {
        const struct credentials_hit *hit = &a->hits[i];
        bool before = !first_ours && is_ours(w->rule, hit->set->name);
        bool same = str_eq(hit->entry->normal, first->entry->normal) && hit->set != first->set;
        miss.code = before ? DOCTOR_ACCOUNT_FIRST : DOCTOR_KEY_TWICE;
        miss.set = first->set;
        miss.other = hit->set;
        miss.entry = first->entry;
        if (before || same)
            DOCTOR_ADD(d, r->misses, miss);
    }
}

/* A key of docker.io, of another secret, turns our index.docker.io off. */
static void note_switched_off(struct doctor *d, struct rings *r, const struct doctor_work *w,
                              const struct doctor_names *ours,
                              const struct credentials_answer *a, struct doctor_miss miss) {
    struct credentials_answer alone;
    for (size_t i = 0; i < a->n_hits; i++)
        if (is_ours(w->rule, a->hits[i].set->name))
            return;
    if (ours->n == 0 ||
        !look_up(d, &alone, doctor_ring_of(d, &r->ours, w->at.namespace, ours), miss.image) ||
        alone.outcome != CREDENTIALS_FOUND || !alone.fallback)
        return;
    miss.code = DOCTOR_ACCOUNT_FIRST;
    miss.set = a->hits[0].set;
    miss.entry = a->hits[0].entry;
    miss.other = alone.hits[0].set;
    miss.switched_off = true;
    DOCTOR_ADD(d, r->misses, miss);
}

static void check_image(struct doctor *d, struct rings *r, const struct doctor_work *w,
                        const struct doctor_names *all, const struct doctor_names *ours,
                        const struct doctor_image *image) {
    struct credentials_answer a;
    const struct credentials_keyring *ring = doctor_ring_of(d, &r->all, w->at.namespace, all);
    struct doctor_miss miss = {
        .namespace = w->at.namespace, .image = image->after, .who = &w->at, .rule = w->rule};
    if (image->after.n == 0 || !look_up(d, &a, ring, image->after))
        return;
    if (a.outcome == CREDENTIALS_ANONYMOUS) {
        note_near(d, r, ring, miss);
        note_uncovered(d, r, w, ours, image, miss);
    } else if (a.outcome == CREDENTIALS_FOUND) {
        note_order(d, r, w, &a, miss);
        note_switched_off(d, r, w, ours, &a, miss);
    }
}

static void check_work(struct doctor *d, struct rings *r, const struct doctor_work *w) {
    if (w->ended || w->denial.n != 0)
        return;
    struct doctor_names all = doctor_effective(d, w), ours = ours_of(d, w, &all);
    for (size_t i = 0; i < w->n_images && d->bad == 0 && all.n != 0; i++)
        check_image(d, r, w, &all, &ours, &w->images[i]);
}

/* ---- namespaces of which no pod is known ----------------------------------------------------------- */

static bool has_work(const struct doctor *d, const struct policy_rule *rule,
                     struct str namespace) {
    size_t n, from = doctor_works_of(d, namespace, &n);
    for (size_t i = from; i < from + n; i++)
        if (d->works.v[i].rule == rule)
            return true;
    return false;
}

static bool covers_host(struct doctor *d, const struct credentials_keyring *ring,
                        struct str image) {
    struct credentials_answer a;
    const struct credentials_near *near = NULL;
    size_t n = 0;
    struct err err = ERR_INIT;
    if (!look_up(d, &a, ring, image) || a.outcome != CREDENTIALS_ANONYMOUS)
        return true;
    if (credentials_near(&near, &n, ring, image, &d->arena, &err) != EC_OK)
        doctor_no_room(d);
    for (size_t i = 0; i < n; i++)
        if (near[i].miss == CREDENTIALS_MISS_PATH)
            return true;
    return false;
}

/* By an image that would be of the rule's registry. */
static void check_rule(struct doctor *d, struct rings *r, const struct policy_rule *rule,
                       const struct doctor_namespace *ns) {
    DOCTOR_LIST(struct str) names = {NULL, 0};
    struct str image = STR_NONE;
    for (size_t i = 0; i < rule->n_secrets; i++)
        if (rule->secrets[i].always)
            DOCTOR_ADD(d, names, rule->secrets[i].name);
    const struct doctor_names ours = {names.v, names.n};
    if (!all_count(d, ns->at.name, &ours) || has_work(d, rule, ns->at.name))
        return;
    doctor_say(d, &image, "%.*s/image", STR_ARG(rule->registry.text));
    if (covers_host(d, doctor_ring_of(d, &r->ours, ns->at.name, &ours), image) || d->bad != 0)
        return;
    DOCTOR_ADD(d, r->misses,
               (struct doctor_miss){.code = DOCTOR_UNCOVERED,
                                    .namespace = ns->at.name,
                                    .image = image,
                                    .who = &ns->at,
                                    .rule = rule});
}

static void check_namespace(struct doctor *d, struct rings *r,
                            const struct doctor_namespace *ns) {
    const struct policy *p = d->options.policy;
    bool asked = str_eq(ns->at.name, d->options.namespace);
    if (d->options.namespace.n != 0 && !asked)
        return;
    for (size_t i = 0; i < p->n_rules && d->bad == 0; i++) {
        const struct policy_rule *rule = &p->rules[i];
        if ((rule->match.namespaces.n != 0 || asked) && rule->registry.text.n != 0 &&
            rule->mode != MODE_AUDIT && doctor_rule_takes(rule, ns->at.name))
            check_rule(d, r, rule, ns);
    }
}

void doctor_check_cover(struct doctor *d) {
    struct rings r = {.all = {.ring = NULL}};
    if (doctor_is_refused(d, "secrets"))
        return;
    for (size_t i = 0; i < d->works.n && d->bad == 0; i++)
        check_work(d, &r, &d->works.v[i]);
    for (size_t i = 0; i < d->namespaces.n && d->bad == 0; i++)
        check_namespace(d, &r, &d->namespaces.v[i]);
    doctor_ring_done(&r.all);
    doctor_ring_done(&r.ours);
    if (d->bad == 0)
        doctor_tell_misses(d, r.misses.v, r.misses.n);
}
