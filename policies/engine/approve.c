/* What a rule says about an image's name: exempted, denied, approved, with tag and digest as required. */
#include "engine/internal.h"

/* ---- patterns ------------------------------------------------------------------------ */

/* One pattern; a regex that gave up is stored in *gave_up, unless that is NULL. */
static bool is_match(struct ctx *c, const struct policy_pattern *pattern,
                     const struct match_target *target, const struct policy_pattern **gave_up) {
    enum match_result r = match_image(pattern->image, target, &c->meter);
    if (r == MATCH_GAVE_UP && gave_up != NULL)
        *gave_up = pattern;
    return r == MATCH_YES;
}

static const struct policy_pattern *
find_indexed_pattern(struct ctx *c, const struct policy_patterns *patterns,
                     const struct match_target *target, const struct policy_pattern **gave_up) {
    const struct index *x = &patterns->index;
    const struct index_word host = {INDEX_HOST, target->host, STR_NONE};
    size_t best = patterns->n, n, i = 0;
    const struct index_entry *under = engine_index_find(x, &host, &n);
    while (i < n && !is_match(c, &patterns->v[under[i].at], target, gave_up))
        i++;
    if (i < n)
        best = under[i].at;
    for (i = 0; i < x->n_others && x->others[i] < best; i++)
        if (is_match(c, &patterns->v[x->others[i]], target, gave_up))
            best = x->others[i];
    return best < patterns->n ? &patterns->v[best] : NULL;
}

/* The first that matches. */
static const struct policy_pattern *find_pattern(struct ctx *c,
                                                 const struct policy_patterns *patterns,
                                                 const struct match_target *target,
                                                 const struct policy_pattern **gave_up) {
    if (patterns->index.is_built)
        return find_indexed_pattern(c, patterns, target, gave_up);
    for (size_t i = 0; i < patterns->n; i++)
        if (is_match(c, &patterns->v[i], target, gave_up))
            return &patterns->v[i];
    return NULL;
}

void engine_find_exemption(struct ctx *c, const struct match_target *target,
                           struct exemption_hit *hit) {
    for (size_t i = 0; i < c->policy->n_exemptions && hit->valid == NULL; i++) {
        const struct policy_exemption *e = &c->policy->exemptions[i];
        bool ours = engine_exemption_holds_for(e, c->rule);
        if ((!ours && c->notes == NULL) ||
            !engine_names_cover(&e->namespaces, c->w->namespace, &c->meter) ||
            find_pattern(c, &e->images, target, NULL) == NULL)
            continue;
        if (!ours)
            hit->elsewhere = e;
        else if (c->now_s < e->until_s)
            hit->valid = e;
        else
            hit->expired = e;
    }
}

/* ---- denied, approved ---------------------------------------------------------------- */

/* The places a rule sends images to are approved without a pattern. */
static enum engine_explain_approval serves_itself(const struct policy_rule *rule,
                                                  const struct match_target *t,
                                                  const struct policy_mirror **served) {
    if (rule->registry.text.n && engine_prefix_covers(&rule->registry, t->host, t->repository))
        return APPROVAL_REGISTRY;
    for (size_t i = 0; i < rule->n_mirrors; i++)
        if (engine_prefix_covers(&rule->mirrors[i].to, t->host, t->repository)) {
            *served = &rule->mirrors[i];
            return APPROVAL_MIRROR;
        }
    return APPROVAL_NONE;
}

/* A pattern that matches any name of an image denies it. */
struct denial engine_find_denial(struct ctx *c, const struct match_target *own,
                                 const struct match_target *pulled) {
    struct denial out = {.by = NULL};
    if (c->rule->denied.n == 0)
        return out;
    const struct names *names = engine_names_of(c, own, pulled);
    if (names == NULL)
        return out;
    for (size_t i = 0; i < names->n && out.by == NULL; i++) {
        out.as = &names->v[i];
        out.by = find_pattern(c, &c->rule->denied, &names->v[i].target, &out.gave_up);
    }
    out.too_many_names = names->more;
    return out;
}

bool engine_is_clean(const struct denial *d) {
    return d->by == NULL && d->gave_up == NULL && !d->too_many_names;
}

enum engine_explain_approval engine_find_approval(struct ctx *c, const struct match_target *t,
                                                  struct engine_explain_image *note) {
    note->gave_up = NULL;
    enum engine_explain_approval by = serves_itself(c->rule, t, &note->served);
    if (by != APPROVAL_NONE)
        return by;
    note->approved = find_pattern(c, &c->rule->approved, t, &note->gave_up);
    return note->approved ? APPROVAL_PATTERN : APPROVAL_NONE;
}

/* With a digest the tag decides nothing and is not checked. */
enum engine_explain_need engine_find_need(const struct policy_rule *rule,
                                          const struct imgref *ref) {
    if (!rule->require_digest && !rule->require_tag)
        return NEED_NOTHING;
    if (ref->digest.n != 0)
        return NEED_MET;
    if (rule->require_digest)
        return NEED_DIGEST;
    return ref->tag.n != 0 && !str_eq(ref->tag, STR("latest")) ? NEED_MET : NEED_TAG;
}

bool engine_is_admitted(struct ctx *c, struct str text) {
    const struct policy_pattern *gave_up = NULL;
    const struct policy_mirror *served;
    struct reference there;
    struct err ignored = ERR_INIT;
    if (text.n == 0 || !engine_read_reference(c, text, &there, &ignored))
        return false;
    struct denial d = engine_find_denial(c, &there.target, &there.target);
    enum engine_explain_need need = engine_find_need(c->rule, &there.ref);
    return engine_is_clean(&d) && need != NEED_DIGEST && need != NEED_TAG &&
           (serves_itself(c->rule, &there.target, &served) != APPROVAL_NONE ||
            find_pattern(c, &c->rule->approved, &there.target, &gave_up) != NULL);
}
