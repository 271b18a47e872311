/* One budget per review. The author of an object chooses the number and names of its images, labels and
 * groups, and a rule file has lists of any length: each product of two such counts is charged to one meter.
 * When it runs out the object is denied, and nothing more is judged. */
#include "engine/internal.h"

/* The weight of the strictest rule, since any of them might have been selected. */
static enum reason_weight heaviest_weight(const struct ctx *c) {
    const struct policy *p = c->policy;
    enum reason_weight heaviest = engine_unmatched_weight(c);
    for (size_t i = 0; i < p->n_rules; i++) {
        enum reason_weight weight = engine_weight_of(&p->rules[i], c->w->shape);
        if (weight > heaviest)
            heaviest = weight;
    }
    return heaviest;
}

/* That nothing more was judged is the first reason, whatever came before. */
static void put_first(struct decision *d) {
    if (d->n_reasons == 0 || d->reasons[d->n_reasons - 1].code != REASON_PATTERN_LIMIT)
        return;
    struct reason last = d->reasons[d->n_reasons - 1];
    memmove(d->reasons + 1, d->reasons, (d->n_reasons - 1) * sizeof *d->reasons);
    d->reasons[0] = last;
}

static void make_place(struct decision *d) {
    if (d->n_reasons < ENGINE_REASONS_MAX)
        return;
    d->n_reasons--;
    d->n_reasons_omitted++;
    d->n_denials_omitted += d->reasons[d->n_reasons].weight == WEIGHT_DENY;
}

void engine_diagnose_unselected(struct ctx *c) {
    const struct diagnosis what = {
        .code = REASON_PATTERN_LIMIT, .weight = heaviest_weight(c), .image = -1};
    c->over = true;
    engine_diagnose(
        c, &what,
        "selecting the rule for this object takes more than %d pattern steps, the limit of one "
        "review: use fewer or shorter groups, labels and user names, or fewer rules",
        ENGINE_STEPS_MAX);
}

void engine_diagnose_spent(struct ctx *c, size_t i) {
    struct diagnosis what = {
        .code = REASON_PATTERN_LIMIT, .weight = c->weight, .image = -1, .pos = c->rule->pos};
    c->over = true;
    make_place(c->d);
    if (i == c->d->n_images) {
        engine_diagnose(
            c, &what,
            "the images and pull secrets of this object take more than %d pattern steps, the "
            "limit of one review: use fewer of them in one object, or fewer secrets with "
            "\"for\"",
            ENGINE_STEPS_MAX);
        return;
    }
    what.image = (int32_t)i;
    c->d->images[i].judged = true;
    if (c->notes != NULL)
        c->notes->images[i] = (struct engine_explain_image){.state = STATE_LIMIT};
    engine_diagnose(
        c, &what,
        "is where the review reached its limit of %d pattern steps (image %zu of %zu): use "
        "fewer different images in one object, or simpler patterns",
        ENGINE_STEPS_MAX, i + 1, c->w->n_images);
    put_first(c->d);
}
