/* The whole decision in one screen; each step is a file.
 *
 *      odd.c       names that cannot be compared, refused where a rule needs them
 *      select.c    the rule that decides
 *      memo.c      all images, equal ones once
 *      judge.c     one image: approve.c (denied, approved, exempted), names.c (its other names),
 *                  rewrite.c (where it goes), suggest.c (what to write instead)
 *      validate.c  /validate: what /mutate would still change
 *      edits.c     /mutate: edits of images and pull policies
 *      secrets.c   pull secrets
 *      reasons.c   what is wrong, in words
 *      budget.c    what all of it may cost */
#include "engine/internal.h"

static bool start_images(struct ctx *c) {
    const struct workload *w = c->w;
    struct decision_image *images = ARENA_ARRAY(c->arena, struct decision_image, w->n_images);
    if (images == NULL)
        return false;
    for (size_t i = 0; i < w->n_images; i++) {
        struct str text = w->images[i].text;
        images[i] = (struct decision_image){
            .image = &w->images[i], .before = text, .after = text, .proposed = text};
    }
    c->d->images = images;
    c->d->n_images = w->n_images;
    return true;
}

static bool runs_images(const struct workload *w) {
    return w->shape != SHAPE_OTHER && w->operation != OPERATION_DELETE &&
           w->operation != OPERATION_CONNECT;
}

static void diagnose_unmatched(struct ctx *c) {
    const struct diagnosis what = {
        .code = REASON_UNMATCHED, .weight = engine_unmatched_weight(c), .image = -1};
    struct str file = engine_policy_file(c->policy, (struct policy_pos){0});
    engine_diagnose(c, &what, "no rule of %.*s selects this pod, and unmatched pods are denied",
                    STR_ARG(file));
}

/* Changes that leave all images alone are allowed, or finalizers could not be removed. */
static void decide_unmatched(struct ctx *c) {
    if (!engine_has_changed_image(c->w))
        return;
    if (c->meter.spent)
        engine_diagnose_unselected(c);
    else if (c->policy->unmatched == UNMATCHED_DENY)
        diagnose_unmatched(c);
}

static void decide_selected(struct ctx *c) {
    if (c->w->shape == SHAPE_TEMPLATE && c->rule->templates == TEMPLATES_IGNORE)
        return;
    c->weight = engine_weight_of(c->rule, c->w->shape);
    c->may = engine_may_patch(c->w);
    engine_judge_images(c);
    if (c->validate)
        engine_refuse_pull_policies(c);
    else
        engine_edit_images(c);
    engine_decide_secrets(c);
    if (c->validate)
        engine_refuse_missing_secrets(c);
    if (c->meter.spent && !c->over)
        engine_diagnose_spent(c, c->d->n_images);
}

static void decide(struct ctx *c) {
    c->rule = c->d->rule = engine_select(c);
    if (!c->meter.spent && engine_refuse_odd(c))
        return;
    if (c->rule == NULL)
        decide_unmatched(c);
    else
        decide_selected(c);
}

static enum verdict verdict_of(enum reason_weight heaviest) {
    static const enum verdict by_weight[] = {[WEIGHT_NOTE] = VERDICT_ALLOW,
                                             [WEIGHT_WARN] = VERDICT_WARN,
                                             [WEIGHT_DENY] = VERDICT_DENY};
    return by_weight[heaviest];
}

enum ec engine_decide_with(struct ctx *c, unsigned flags) {
    const struct workload *w = c->w;
    *c->d = (struct decision){
        .verdict = VERDICT_ALLOW, .secrets = w->secrets, .n_secrets = w->n_secrets};
    if (!start_images(c))
        return arena_fail(c->arena, c->err);
    if (!runs_images(w))
        return EC_OK;
    if (c->notes != NULL)
        c->notes->nothing = false;
    c->validate = (flags & ENGINE_VALIDATE) != 0;
    decide(c);
    if (c->full)
        return arena_fail(c->arena, c->err);
    c->d->verdict = verdict_of(c->heaviest);
    c->d->n_steps = ENGINE_STEPS_MAX - c->meter.left;
    if (c->d->verdict == VERDICT_DENY || c->validate)
        engine_drop_edits(c->d, w);
    return EC_OK;
}

enum ec engine_decide(struct decision *out, const struct policy *policy,
                      const struct workload *workload, int64_t now_s, unsigned flags,
                      struct arena *arena, struct err *err) {
    struct ctx c = {.policy = policy,
                    .w = workload,
                    .arena = arena,
                    .d = out,
                    .now_s = now_s,
                    .err = err,
                    .meter = MATCH_METER(ENGINE_STEPS_MAX, arena)};
    return engine_decide_with(&c, flags);
}
