/* One image: whether it is a reference, where it goes, what approves or denies it. */
#include "engine/internal.h"

/* ---- placeholders (templates only) --------------------------------------------------- */

/* Templates may hold white space, also around an image (OpenShift's image trigger), nothing (image
 * volumes) or Istio's `auto`: the image that replaces it later is judged with the pod. */
static bool is_placeholder(struct str text) {
    struct str bare = str_trim(text);
    return bare.n == 0 || bare.n != text.n || str_eq(text, STR("auto"));
}

/* ---- one image ----------------------------------------------------------------------- */

struct judged {
    int32_t index;
    const struct workload_image *image;
    struct reference source;    /* as written in the object */
    struct match_target result; /* what is pulled: where the rule sends it, or the source */
    struct exemption_hit exemption;
    bool can;           /* this image may be rewritten here */
    bool from_registry; /* the source names no host, and the rule has a registry for those */
    struct engine_explain_image *note; /* what was checked */
};

static struct diagnosis about(const struct ctx *c, const struct judged *j,
                              enum reason_code code) {
    return (struct diagnosis){
        .code = code, .weight = c->weight, .image = j->index, .pos = c->rule->pos};
}

static void diagnose_denied(struct ctx *c, const struct judged *j, const struct denial *d) {
    struct diagnosis what = about(c, j, REASON_DENIED);
    struct str pattern = match_image_text(d->by->image);
    what.pos = d->by->pos;
    if (d->as->mirrored)
        engine_diagnose(
            c, &what, "is denied by pattern \"%.*s\": through mirrors it is \"%.*s\"",
            STR_ARG(pattern), STR_ARG(str_slice(d->as->target.whole, 0, SHOWN_MAX)));
    else
        engine_diagnose(c, &what, "is denied by pattern \"%.*s\"", STR_ARG(pattern));
}

static void diagnose_many_names(struct ctx *c, const struct judged *j) {
    const struct diagnosis what = about(c, j, REASON_PATTERN_LIMIT);
    engine_diagnose(c, &what,
                    "has more than %d names through mirrors, too many to match against denied",
                    NAMES_MAX);
}

static void diagnose_gave_up(struct ctx *c, const struct judged *j,
                             const struct policy_pattern *by) {
    struct diagnosis what = about(c, j, REASON_PATTERN_LIMIT);
    what.pos = by->pos;
    engine_diagnose(c, &what, "is too costly to match against regex \"%.*s\"",
                    STR_ARG(match_image_text(by->image)));
}

static struct str suggestion(struct ctx *c, const struct reference *image) {
    struct str text = engine_other_name(c, image);
    return engine_is_admitted(c, text) ? text : STR_NONE;
}

static void diagnose_not_approved(struct ctx *c, const struct judged *j) {
    struct diagnosis what = about(c, j, REASON_NOT_APPROVED);
    struct str host = str_slice(j->result.host, 0, SHOWN_MAX);
    what.suggestion = suggestion(c, &j->source);
    const struct policy_exemption *over = j->exemption.expired;
    if (over != NULL)
        engine_diagnose(
            c, &what,
            "comes from %.*s, which is not approved (the exemption on line %u expired: until "
            "%.*s)",
            STR_ARG(host), over->pos.line, STR_ARG(over->until));
    else
        engine_diagnose(c, &what, "comes from %.*s, which is not approved", STR_ARG(host));
}

static void note_denial(struct ctx *c, struct judged *j, const struct denial *d) {
    struct engine_explain_image *note = j->note;
    note->denied_asked = true;
    note->denied = d->by;
    note->gave_up = d->gave_up;
    if (c->notes == NULL)
        return;
    note->own_registry = j->from_registry && c->rule->denied.n != 0;
    if (d->by != NULL && d->as->mirrored)
        c->full |= !arena_str(c->arena, d->as->target.whole, &note->denied_as);
}

static bool is_denied(struct ctx *c, struct judged *j) {
    struct denial d =
        engine_find_denial(c, j->from_registry ? NULL : &j->source.target, &j->result);
    note_denial(c, j, &d);
    if (d.by != NULL)
        diagnose_denied(c, j, &d);
    else if (d.gave_up != NULL)
        diagnose_gave_up(c, j, d.gave_up);
    else if (d.too_many_names)
        diagnose_many_names(c, j);
    return !engine_is_clean(&d);
}

static bool is_approved(struct ctx *c, struct judged *j) {
    j->note->approval = engine_find_approval(c, &j->result, j->note);
    if (j->note->approval != APPROVAL_NONE)
        return true;
    if (j->note->gave_up != NULL)
        diagnose_gave_up(c, j, j->note->gave_up);
    else
        diagnose_not_approved(c, j);
    return false;
}

static bool meets_requirements(struct ctx *c, struct judged *j) {
    j->note->need = engine_find_need(c->rule, &j->source.ref);
    if (j->note->need == NEED_DIGEST) {
        struct diagnosis what = about(c, j, REASON_DIGEST_MISSING);
        engine_diagnose(c, &what, "has no digest, and one is required (@sha256:...)");
    } else if (j->note->need == NEED_TAG) {
        struct diagnosis what = about(c, j, REASON_TAG_MISSING);
        engine_diagnose(c, &what, "%s, and an explicit tag is required",
                        j->source.ref.tag.n ? "has the tag latest" : "has no tag");
    }
    return j->note->need != NEED_DIGEST && j->note->need != NEED_TAG;
}

/* It cannot be rewritten here, and kubelet, containerd and CRI-O read short names and upper-case hosts
 * differently. */
static bool can_stay(struct ctx *c, const struct judged *j, struct str proposed) {
    if (j->can || c->w->shape == SHAPE_TEMPLATE || str_eq(j->source.text, j->image->text))
        return true;
    struct diagnosis what = about(c, j, REASON_NOT_REWRITTEN);
    what.suggestion = engine_is_admitted(c, proposed) ? proposed : STR_NONE;
    if (j->source.ref.qualified)
        engine_diagnose(c, &what, "has a host in upper case, which runtimes read differently");
    else
        engine_diagnose(c, &what, "names no registry, and it cannot be rewritten here");
    return false;
}

/* /mutate would have written another image. For an image that is refused as it is, this is a second reason
 * where that other image would be allowed. */
static void diagnose_not_rewritten(struct ctx *c, const struct judged *j, struct str proposed,
                                   bool passed) {
    struct diagnosis what = about(c, j, REASON_NOT_REWRITTEN);
    if (str_eq(proposed, j->image->text) ||
        (!passed && c->weight == WEIGHT_DENY && !engine_is_admitted(c, proposed)))
        return;
    what.suggestion = passed ? proposed : STR_NONE;
    engine_refuse_image(c, &what, proposed);
}

static void note_exemption(struct ctx *c, const struct judged *j) {
    const struct policy_exemption *e = j->exemption.valid;
    const struct diagnosis what = {
        .code = REASON_EXEMPTED, .weight = WEIGHT_NOTE, .image = j->index, .pos = e->pos};
    engine_diagnose(c, &what, "is exempted: %.*s (owner %.*s%s%.*s)", STR_ARG(e->reason),
                    STR_ARG(e->owner), e->until.n ? ", until " : "", STR_ARG(e->until));
}

static void diagnose_invalid(struct ctx *c, int32_t index, struct err *err) {
    const struct diagnosis what = {
        .code = REASON_INVALID, .weight = c->weight, .image = index, .pos = c->rule->pos};
    engine_diagnose(c, &what, "is not an image reference: %s at byte %zu", err->msg,
                    err->offset);
    err->code = EC_OK;
}

/* The stored pod has the reference that CREATE wrote, and the update its author's, as server-side apply sends it
 * again. Volumes cannot change: put back, the update is the one that changes nothing. */
static bool puts_reference_back(const struct ctx *c, const struct workload_image *image,
                                struct str proposed) {
    return (c->may & MAY_VOLUMES_BACK) && image->old_reference.n != 0 &&
           c->rule->mode != MODE_AUDIT && str_eq(image->old_reference, proposed);
}

/* What the image becomes: an exempted one stays, all others go where the rule sends them. */
static bool find_result(struct ctx *c, struct judged *j, struct str *proposed) {
    if (!j->from_registry)
        engine_find_exemption(c, &j->source.target, &j->exemption);
    struct route route = engine_find_route(c->rule, &j->source);
    if (j->exemption.valid != NULL)
        route = (struct route){.way = WAY_EXEMPTED};
    j->note->way = route.way;
    j->note->mirror = route.mirror;
    *proposed = engine_apply_route(c->arena, c->rule, &j->source, &route);
    j->can = j->can || puts_reference_back(c, j->image, *proposed);
    j->note->can_rewrite = j->can;
    bool pulled =
        (j->can && !c->validate) || c->w->shape == SHAPE_TEMPLATE || !j->source.ref.qualified;
    if (!pulled || str_eq(*proposed, j->source.text)) {
        j->result = j->source.target;
        return true;
    }
    if (!engine_read_target(c, &j->source, &route, *proposed, &j->result)) {
        struct diagnosis what = about(c, j, REASON_INVALID);
        engine_diagnose(c, &what, "would become \"%.*s\", which is not an image reference: %s",
                        STR_ARG(str_slice(*proposed, 0, SHOWN_MAX)), c->err->msg);
        c->err->code = EC_OK;
        return false;
    }
    if (j->exemption.valid == NULL)
        engine_find_exemption(c, &j->result, &j->exemption);
    return true;
}

static bool passes(struct ctx *c, struct judged *j, struct str proposed) {
    j->note->result = j->result.whole;
    j->note->exemption = j->exemption.valid;
    j->note->expired = j->exemption.expired;
    j->note->elsewhere = j->exemption.elsewhere;
    if (j->exemption.valid != NULL)
        note_exemption(c, j);
    else if (is_denied(c, j) || !is_approved(c, j) || !meets_requirements(c, j))
        return false;
    return can_stay(c, j, proposed);
}

static bool can_rewrite(const struct ctx *c, enum workload_image_list list) {
    static const unsigned bits[] = {[LIST_CONTAINER] = MAY_IMAGES,
                                    [LIST_INIT] = MAY_IMAGES,
                                    [LIST_EPHEMERAL] = MAY_EPHEMERAL,
                                    [LIST_VOLUME] = MAY_VOLUMES};
    return (c->may & bits[list]) != 0;
}

/* STATE_JUDGED, or why there is nothing to judge. */
static enum engine_explain_state state_of(const struct ctx *c,
                                          const struct workload_image *image) {
    if (!image->changed)
        return STATE_UNCHANGED;
    bool filled_later = c->w->shape == SHAPE_TEMPLATE && is_placeholder(image->text);
    return filled_later ? STATE_PLACEHOLDER : STATE_JUDGED;
}

static void note_source(struct engine_explain_image *note, const struct judged *j) {
    note->normal = j->source.target.whole;
    note->qualified = j->source.ref.qualified;
    note->tag = j->source.ref.tag;
    note->digest = j->source.ref.digest;
}

bool engine_has_changed_image(const struct workload *w) {
    for (size_t i = 0; i < w->n_images; i++)
        if (w->images[i].changed)
            return true;
    return false;
}

void engine_judge_image(struct ctx *c, size_t i) {
    struct decision_image *d = &c->d->images[i];
    struct judged j = {.index = (int32_t)i,
                       .image = d->image,
                       .note = c->notes ? &c->notes->images[i] : &c->no_notes};
    j.note->state = state_of(c, d->image);
    if (j.note->state != STATE_JUDGED)
        return;
    d->judged = true;
    j.can = can_rewrite(c, d->image->list);
    if (!engine_read_reference(c, d->image->text, &j.source, c->err)) {
        j.note->state = STATE_INVALID;
        diagnose_invalid(c, j.index, c->err);
        return;
    }
    note_source(j.note, &j);
    j.from_registry = !j.source.ref.qualified && c->rule->registry.text.n != 0;
    if (!find_result(c, &j, &d->proposed))
        return;
    bool passed = passes(c, &j, d->proposed);
    if (c->validate && j.can)
        diagnose_not_rewritten(c, &j, d->proposed, passed);
    bool stays = !passed && c->weight == WEIGHT_DENY;
    if (!stays && j.can && c->rule->mode != MODE_AUDIT)
        d->after = d->proposed;
}
