/* What is counted. */
#include "object/walk.h"

/* Denied as a whole: nothing of it runs, and where its images are unknown, it counts as one. */
static bool is_denied_whole(const struct decision *d) {
    for (size_t i = 0; i < d->n_reasons; i++)
        if (d->reasons[i].weight == WEIGHT_DENY && d->reasons[i].image < 0)
            return true;
    return false;
}

void object_totals_count(struct object_totals *t, const struct decision *d) {
    bool whole = is_denied_whole(d);
    t->objects++;
    t->denied += whole && d->n_images == 0;
    t->images += d->n_images;
    t->denied_objects += d->verdict == VERDICT_DENY;
    t->warned_objects += d->verdict == VERDICT_WARN;
    for (size_t i = 0; i < d->n_images; i++) {
        const struct decision_image *image = &d->images[i];
        if (whole || image->weight == WEIGHT_DENY)
            t->denied++;
        else if (image->weight == WEIGHT_WARN)
            t->warned++;
        else if (!str_eq(image->before, image->after))
            t->rewritten++;
        else
            t->unchanged++;
    }
}

void object_totals_add(struct object_totals *to, const struct object_totals *more) {
    to->objects += more->objects;
    to->images += more->images;
    to->rewritten += more->rewritten;
    to->denied += more->denied;
    to->warned += more->warned;
    to->unchanged += more->unchanged;
    to->denied_objects += more->denied_objects;
    to->warned_objects += more->warned_objects;
    to->malformed_objects += more->malformed_objects;
    to->unjudged_objects += more->unjudged_objects;
    to->unreadable += more->unreadable;
    to->skipped += more->skipped;
    to->unrendered += more->unrendered;
}
