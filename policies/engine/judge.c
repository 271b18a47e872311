/* One image: is it a reference, where does it go, who approves or denies it. */
#include "engine/internal.h"

/* ---- what stands for an image but is none (templates only) --------------------------- */

/* Templates may hold white space, also around an image (OpenShift's image trigger), nothing (image
 * volumes) or Istio's `auto`: whatever fills them in later is judged when the pod comes. */
static bool is_placeholder(struct str text) {
    struct str bare = str_trim(text);
    return bare.n == 0 || bare.n != text.n || str_eq(text, STR("auto"));
}

/* ---- patterns ------------------------------------------------------------------------ */

/* One pattern; what gave up is kept in *gave_up, unless that is NULL. */
static bool is_match(struct ctx *c, const struct policy_pattern *pattern,
                     const struct match_target *target, const struct policy_pattern **gave_up) {
    enum match_result r = match_image(pattern->image, target, &c->meter);
    if (r == MATCH_GAVE_UP && gave_up != NULL)
        *gave_up = pattern;
    return r == MATCH_YES;
}

static const struct policy_pattern *find_indexed(struct ctx *c,
                                                 const struct policy_patterns *patterns,
                                                 const struct match_target *target,
                                                 const struct policy_pattern **gave_up) {
    const struct index *x = &patterns->index;
    const struct index_word host = {INDEX_HOST, target->host, STR_NONE};
    size_t best = patterns->n, n, i = 0;
    const struct index_entry *under = index_find(x, &host, &n);
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
        return find_indexed(c, patterns, target, gave_up);
    for (size_t i = 0; i < patterns->n; i++)
        if (is_match(c, &patterns->v[i], target, gave_up))
            return &patterns->v[i];
    return NULL;
}

struct exemption_hit {
    const struct policy_exemption *valid;
    const struct policy_exemption *expired;
};

static void find_exemption(struct ctx *c, const struct match_target *target,
                           struct exemption_hit *hit) {
    for (size_t i = 0; i < c->policy->n_exemptions && hit->valid == NULL; i++) {
        const struct policy_exemption *e = &c->policy->exemptions[i];
        if (!names_cover(c, &e->namespaces, c->w->namespace) ||
            find_pattern(c, &e->images, target, NULL) == NULL)
            continue;
        if (c->now_s < e->until_s)
            hit->valid = e;
        else
            hit->expired = e;
    }
}

/* ---- approved, denied ---------------------------------------------------------------- */

/* Where a rule sends images is approved by that alone. */
static enum explain_approval serves_itself(const struct policy_rule *rule,
                                           const struct match_target *t,
                                           const struct policy_mirror **served) {
    if (rule->registry.text.n && place_covers(&rule->registry, t->host, t->repository))
        return APPROVAL_REGISTRY;
    for (size_t i = 0; i < rule->n_mirrors; i++)
        if (place_covers(&rule->mirrors[i].to, t->host, t->repository)) {
            *served = &rule->mirrors[i];
            return APPROVAL_MIRROR;
        }
    return APPROVAL_NONE;
}

/* The same image under another name. */
static struct match_target renamed(struct ctx *c, struct str host, const char *prefix,
                                   struct str repository) {
    const struct str parts[] = {host, STR("/"), str_of(prefix), repository};
    struct str text = join(c->arena, parts, 4);
    c->full |= text.p == NULL;
    return (struct match_target){.host = str_slice(text, 0, host.n),
                                 .repository = str_slice(text, host.n + 1, text.n),
                                 .whole = text};
}

/* A denial sees through an image's other names: aliases and default ports are folded, and
 * Docker Hub's official images are looked up both as library/x and as x. */
static const struct policy_pattern *find_denied(struct ctx *c, const struct match_target *t,
                                                const struct policy_pattern **gave_up) {
    static const struct str library = STR_INIT("library/");
    if (c->rule->denied.n == 0)
        return NULL;
    struct str host = engine_fold_host(t->host), repository = t->repository;
    struct match_target other;
    const struct policy_pattern *hit = find_pattern(c, &c->rule->denied, t, gave_up);
    if (hit == NULL && !str_eq(host, t->host)) {
        other = renamed(c, host, "", repository);
        hit = find_pattern(c, &c->rule->denied, &other, gave_up);
    }
    if (hit != NULL || !str_eq(host, STR("docker.io")))
        return hit;
    if (str_starts(repository, library))
        other = renamed(c, host, "", str_slice(repository, library.n, repository.n));
    else
        other = renamed(c, host, "library/", repository);
    return find_pattern(c, &c->rule->denied, &other, gave_up);
}

/* ---- one image ----------------------------------------------------------------------- */

struct judged {
    int32_t index;
    const struct workload_image *image;
    struct located source; /* as it stands in the object */
    struct located result; /* what would be pulled: where the rule sends it, or as it stands */
    struct exemption_hit exemption;
    bool can;    /* this image may be rewritten here */
    bool nobody; /* the source names no host and the registry claims it: it comes from nowhere
                    else */
    struct explain_image *note; /* what was looked at */
};

enum { SHOWN_MAX = 1024 }; /* of a host, or of an image, within a sentence */

static struct complaint about(const struct ctx *c, const struct judged *j,
                              enum reason_code code) {
    return (struct complaint){
        .code = code, .weight = c->weight, .image = j->index, .pos = c->rule->pos};
}

static void complain_denied(struct ctx *c, const struct judged *j,
                            const struct policy_pattern *by) {
    struct complaint what = about(c, j, REASON_DENIED);
    what.pos = by->pos;
    complain(c, &what, "is denied by pattern \"%.*s\"", STR_ARG(match_image_text(by->image)));
}

static void complain_gave_up(struct ctx *c, const struct judged *j,
                             const struct policy_pattern *by) {
    struct complaint what = about(c, j, REASON_PATTERN_LIMIT);
    what.pos = by->pos;
    complain(c, &what, "is too costly to match with regex \"%.*s\"",
             STR_ARG(match_image_text(by->image)));
}

static void complain_not_approved(struct ctx *c, const struct judged *j) {
    struct complaint what = about(c, j, REASON_NOT_APPROVED);
    struct str host = str_slice(j->result.target.host, 0, SHOWN_MAX);
    what.suggestion = suggestion(c, &j->source);
    const struct policy_exemption *over = j->exemption.expired;
    if (over != NULL)
        complain(
            c, &what,
            "comes from %.*s, which is not approved (the exemption in line %u ran out: until "
            "%.*s)",
            STR_ARG(host), over->pos.line, STR_ARG(over->until));
    else
        complain(c, &what, "comes from %.*s, which is not approved", STR_ARG(host));
}

static bool is_denied(struct ctx *c, struct judged *j) {
    const struct policy_pattern *gave_up = NULL;
    const struct policy_pattern *by = NULL;
    if (!j->nobody)
        by = find_denied(c, &j->source.target, &gave_up);
    if (by == NULL)
        by = find_denied(c, &j->result.target, &gave_up);
    j->note->denied_asked = true;
    j->note->denied = by;
    j->note->gave_up = gave_up;
    if (by != NULL)
        complain_denied(c, j, by);
    else if (gave_up != NULL)
        complain_gave_up(c, j, gave_up);
    return by != NULL || gave_up != NULL;
}

static enum explain_approval find_approval(struct ctx *c, struct judged *j) {
    struct explain_image *note = j->note;
    const struct match_target *t = &j->result.target;
    note->gave_up = NULL;
    enum explain_approval by = serves_itself(c->rule, t, &note->served);
    if (by != APPROVAL_NONE)
        return by;
    note->approved = find_pattern(c, &c->rule->approved, t, &note->gave_up);
    return note->approved ? APPROVAL_PATTERN : APPROVAL_NONE;
}

static bool is_approved(struct ctx *c, struct judged *j) {
    j->note->approval = find_approval(c, j);
    if (j->note->approval != APPROVAL_NONE)
        return true;
    if (j->note->gave_up != NULL)
        complain_gave_up(c, j, j->note->gave_up);
    else
        complain_not_approved(c, j);
    return false;
}

/* With a digest the tag proves nothing and is not asked for. */
static enum explain_need find_need(const struct policy_rule *rule, const struct imgref *ref) {
    if (!rule->require_digest && !rule->require_tag)
        return NEED_NOTHING;
    if (ref->digest.n != 0)
        return NEED_MET;
    if (rule->require_digest)
        return NEED_DIGEST;
    return ref->tag.n != 0 && !str_eq(ref->tag, STR("latest")) ? NEED_MET : NEED_TAG;
}

static bool meets_requirements(struct ctx *c, struct judged *j) {
    j->note->need = find_need(c->rule, &j->result.ref);
    if (j->note->need == NEED_DIGEST) {
        struct complaint what = about(c, j, REASON_DIGEST_MISSING);
        complain(c, &what, "has no digest, and one is required (@sha256:...)");
    } else if (j->note->need == NEED_TAG) {
        struct complaint what = about(c, j, REASON_TAG_MISSING);
        complain(c, &what, "%s, and an explicit tag is required",
                 j->result.ref.tag.n ? "has the tag latest" : "has no tag");
    }
    return j->note->need != NEED_DIGEST && j->note->need != NEED_TAG;
}

/* Nothing rewrites it here any more; short names and upper-case hosts are read differently by
 * kubelet, containerd and CRI-O, so they cannot stay. */
static bool stands_well(struct ctx *c, const struct judged *j, struct str proposed) {
    if (j->can || c->w->shape == SHAPE_TEMPLATE || str_eq(j->source.text, j->image->text))
        return true;
    struct complaint what = about(c, j, REASON_NOT_REWRITTEN);
    what.suggestion = proposed;
    if (j->source.ref.qualified)
        complain(c, &what, "has a host in upper case, which runtimes read differently");
    else
        complain(c, &what, "names no registry, and it cannot be rewritten here");
    return false;
}

static void note_exemption(struct ctx *c, const struct judged *j) {
    const struct policy_exemption *e = j->exemption.valid;
    const struct complaint what = {
        .code = REASON_EXEMPTED, .weight = WEIGHT_NOTE, .image = j->index, .pos = e->pos};
    complain(c, &what, "is exempted: %.*s (owner %.*s%s%.*s)", STR_ARG(e->reason),
             STR_ARG(e->owner), e->until.n ? ", until " : "", STR_ARG(e->until));
}

static void complain_invalid(struct ctx *c, int32_t index, const struct err *err) {
    const struct complaint what = {
        .code = REASON_INVALID, .weight = c->weight, .image = index, .pos = c->rule->pos};
    complain(c, &what, "is no image reference: %s at byte %zu", err->msg, err->offset);
}

/* An error's text needs no clearing, and is long. */
static struct err *said_anew(struct ctx *c) {
    c->said.code = EC_OK;
    return &c->said;
}

/* What the image becomes: an exempted one stays, all others go where the rule sends them. */
static bool find_result(struct ctx *c, struct judged *j, struct str *proposed) {
    struct err *err = said_anew(c);
    if (!j->nobody)
        find_exemption(c, &j->source.target, &j->exemption);
    struct route route = route_of(c->rule, &j->source);
    if (j->exemption.valid != NULL)
        route = (struct route){.way = WAY_EXEMPTED};
    j->note->way = route.way;
    j->note->mirror = route.mirror;
    *proposed = rewritten(c->arena, c->rule, &j->source, &route);
    bool pulled = j->can || c->w->shape == SHAPE_TEMPLATE || !j->source.ref.qualified;
    if (!pulled || str_eq(*proposed, j->source.text)) {
        j->result = j->source;
        return true;
    }
    if (!locate(c, *proposed, &j->result, err)) {
        struct complaint what = about(c, j, REASON_INVALID);
        complain(c, &what, "would become \"%.*s\", which is no image reference: %s",
                 STR_ARG(str_slice(*proposed, 0, SHOWN_MAX)), err->msg);
        return false;
    }
    if (j->exemption.valid == NULL)
        find_exemption(c, &j->result.target, &j->exemption);
    return true;
}

static bool passes(struct ctx *c, struct judged *j, struct str proposed) {
    j->note->result = j->result.target.whole;
    j->note->exemption = j->exemption.valid;
    j->note->expired = j->exemption.expired;
    if (j->exemption.valid != NULL)
        note_exemption(c, j);
    else if (is_denied(c, j) || !is_approved(c, j) || !meets_requirements(c, j))
        return false;
    return stands_well(c, j, proposed);
}

static bool can_rewrite(const struct ctx *c, enum image_place place) {
    static const unsigned bits[] = {[PLACE_CONTAINER] = MAY_IMAGES,
                                    [PLACE_INIT] = MAY_IMAGES,
                                    [PLACE_EPHEMERAL] = MAY_EPHEMERAL,
                                    [PLACE_VOLUME] = MAY_VOLUMES};
    return (c->may & bits[place]) != 0;
}

/* What there is nothing to judge about. */
static enum explain_state state_of(const struct ctx *c, const struct workload_image *image) {
    if (!image->changed)
        return STATE_UNCHANGED;
    bool filled_later = c->w->shape == SHAPE_TEMPLATE && is_placeholder(image->text);
    return filled_later ? STATE_PLACEHOLDER : STATE_JUDGED;
}

static void note_source(struct explain_image *note, const struct judged *j) {
    note->normal = j->source.target.whole;
    note->qualified = j->source.ref.qualified;
    note->tag = j->source.ref.tag;
    note->digest = j->source.ref.digest;
    note->can_rewrite = j->can;
}

void judge_image(struct ctx *c, size_t i) {
    struct decision_image *d = &c->d->images[i];
    struct judged j = {.index = (int32_t)i,
                       .image = d->image,
                       .note = c->notes ? &c->notes->images[i] : &c->unread};
    struct err *err = said_anew(c);
    j.note->state = state_of(c, d->image);
    if (j.note->state != STATE_JUDGED)
        return;
    d->judged = true;
    j.can = can_rewrite(c, d->image->place);
    if (!locate(c, d->image->text, &j.source, err)) {
        j.note->state = STATE_INVALID;
        complain_invalid(c, j.index, err);
        return;
    }
    note_source(j.note, &j);
    j.nobody = !j.source.ref.qualified && c->rule->registry.text.n != 0;
    if (!find_result(c, &j, &d->proposed))
        return;
    bool stays = !passes(c, &j, d->proposed) && c->weight == WEIGHT_DENY;
    if (!stays && j.can && c->rule->mode != MODE_AUDIT)
        d->after = d->proposed;
}
