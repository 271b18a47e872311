/* Edits of images and pull policies: what may be patched, and with what. */
#include "engine/internal.h"

/* ---- what may be patched: the one table -------------------------------------------------- */

/* Kubernetes: a pod's images may change later, its pull secrets, volumes and pull policies may not (but an
 * update's change of any of these may be taken back); ephemeral containers that exist
 * must stay as they are (`changed` is set for new ones alone); pod templates are never rewritten (GitOps
 * tools would fight it, and a secret there hides those of the ServiceAccount). */
unsigned engine_may_patch(const struct workload *w) {
    static const struct {
        enum workload_shape shape;
        enum workload_operation operation;
        unsigned may;
    } rows[] = {
        {SHAPE_POD, OPERATION_CREATE,
         MAY_IMAGES | MAY_EPHEMERAL | MAY_VOLUMES | MAY_PULL_POLICY | MAY_SECRETS},
        {SHAPE_POD, OPERATION_UPDATE,
         MAY_IMAGES | MAY_SECRETS_BACK | MAY_PULL_POLICY_BACK | MAY_VOLUMES_BACK},
        {SHAPE_EPHEMERAL, OPERATION_UPDATE, MAY_EPHEMERAL | MAY_PULL_POLICY},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].shape == w->shape && rows[i].operation == w->operation)
            return w->mirror_pod ? 0 : rows[i].may;
    return 0;
}

/* ---- edits --------------------------------------------------------------------------- */

void engine_add_edit(struct ctx *c, struct engine_edit edit) {
    struct decision *d = c->d;
    if (d->n_edits == c->cap_edits) {
        size_t cap = c->cap_edits ? c->cap_edits * 2 : 8;
        struct engine_edit *more = ARENA_ARRAY(c->arena, struct engine_edit, cap);
        if (more == NULL) {
            c->full = true;
            return;
        }
        if (d->n_edits != 0)
            memcpy(more, d->edits, d->n_edits * sizeof *more);
        d->edits = more;
        c->cap_edits = cap;
    }
    d->edits[d->n_edits++] = edit;
}

static struct str pointer_of(struct ctx *c, const struct workload_image *image) {
    struct buf b = engine_text_start(c, POINTER_MAX);
    engine_image_pointer(c->w, image, &b);
    return engine_text_take(c, &b);
}

static void edit_image(struct ctx *c, const struct decision_image *d) {
    if (str_eq(d->after, d->before))
        return;
    engine_add_edit(c, (struct engine_edit){.op = EDIT_REPLACE,
                                            .kind = EDIT_STRING,
                                            .pointer = pointer_of(c, d->image),
                                            .string = d->after});
}

bool engine_wants_pull_policy(const struct ctx *c, const struct decision_image *d) {
    return (c->may & MAY_PULL_POLICY) && d->judged && c->rule->pull_policy.n != 0 &&
           c->rule->mode != MODE_AUDIT && !str_eq(d->image->pull_policy, c->rule->pull_policy);
}

/* The stored pod has what the rule asks for, since CREATE wrote it, and the update has what its author wrote,
 * as server-side apply sends it again. The field cannot change: left as it is, the update would be
 * refused. */
static bool takes_pull_policy_back(const struct ctx *c, const struct workload_image *image) {
    return (c->may & MAY_PULL_POLICY_BACK) && c->rule->pull_policy.n != 0 &&
           c->rule->mode != MODE_AUDIT &&
           str_eq(image->old_pull_policy, c->rule->pull_policy) &&
           !str_eq(image->pull_policy, c->rule->pull_policy);
}

static void edit_pull_policy(struct ctx *c, const struct decision_image *d) {
    const struct workload_image *image = d->image;
    struct buf b = engine_text_start(c, POINTER_MAX);
    engine_image_pointer(c->w, image, &b);
    bool volume = image->list == LIST_VOLUME;
    if (!b.bad)
        b.n -= volume ? strlen("reference") : strlen("image");
    buf_puts(&b, volume ? "pullPolicy" : "imagePullPolicy");
    engine_add_edit(c,
                    (struct engine_edit){.op = image->has_pull_policy ? EDIT_REPLACE : EDIT_ADD,
                                         .kind = EDIT_STRING,
                                         .pointer = engine_text_take(c, &b),
                                         .string = c->rule->pull_policy});
}

void engine_edit_images(struct ctx *c) {
    const struct decision *d = c->d;
    for (size_t i = 0; i < d->n_images; i++)
        edit_image(c, &d->images[i]);
    for (size_t i = 0; i < d->n_images; i++)
        if (engine_wants_pull_policy(c, &d->images[i]) ||
            takes_pull_policy_back(c, d->images[i].image))
            edit_pull_policy(c, &d->images[i]);
}

/* Denied and validated objects are not patched: their images and pull secrets stay as they are. */
void engine_drop_edits(struct decision *d, const struct workload *w) {
    for (size_t i = 0; i < d->n_images; i++)
        d->images[i].after = d->images[i].before;
    d->n_edits = 0;
    d->secrets = w->secrets;
    d->n_secrets = w->n_secrets;
    d->n_secrets_added = 0;
}
