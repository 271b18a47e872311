/* What an object should become: changes of the text, and the digest that the new text is held against. */
#include "edit/wanted.h"

#include "base/mem.h"

enum { POINTER_MAX = 1 << 16 };

/* ---- what is to be changed ----------------------------------------------------------- */

struct edits {
    struct engine_edit *v;
    size_t n;
};

/* What pods of a template will have, written into the template. */
static enum ec template_edits(struct edit_apply *a, const struct object *o, struct edits *out,
                              struct err *err) {
    const struct decision *d = o->decision;
    out->v = ARENA_ARRAY(&a->arena, struct engine_edit, d->n_images);
    if (out->v == NULL)
        return arena_fail(&a->arena, err);
    for (size_t i = 0; i < d->n_images && d->rule != NULL && d->rule->mode != MODE_AUDIT; i++) {
        struct buf pointer = BUF_INIT(POINTER_MAX);
        struct engine_edit edit = {.kind = EDIT_STRING, .op = EDIT_REPLACE};
        if (str_eq(d->images[i].proposed, d->images[i].before))
            continue;
        engine_image_pointer(o->workload, d->images[i].image, &pointer);
        edit.string = d->images[i].proposed;
        bool kept = !pointer.bad && arena_str(&a->arena, buf_view(&pointer), &edit.pointer);
        buf_done(&pointer);
        if (!kept)
            return arena_fail(&a->arena, err);
        out->v[out->n++] = edit;
    }
    return EC_OK;
}

static enum ec edits_of(struct edit_apply *a, const struct object *o, struct edits *out,
                        struct err *err) {
    *out = (struct edits){.v = o->decision->edits, .n = o->decision->n_edits};
    if (o->decision->verdict == VERDICT_DENY || !a->templates ||
        o->workload->shape != SHAPE_TEMPLATE)
        return EC_OK;
    out->n = 0;
    return template_edits(a, o, out, err);
}

/* ---- edits to changes of the text ---------------------------------------------------- */

/* A literal for a key that is changed. */
static const char *known_key(struct str key) {
    static const char *const keys[] = {"image", "imagePullPolicy", "imagePullSecrets",
                                       "reference", "pullPolicy"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (str_eq(str_of(keys[i]), key))
            return keys[i];
    return NULL;
}

/* The container of the pointer's last token, and that token. */
static enum ec find_parent(const struct object *o, struct str pointer, json_at *parent,
                           struct str *last, struct err *err) {
    size_t slash = pointer.n;
    while (slash > 0 && pointer.p[slash - 1] != '/')
        slash--;
    *last = str_slice(pointer, slash, pointer.n);
    *parent = json_find_next(o->doc->json, o->near, o->object,
                             str_slice(pointer, 0, slash ? slash - 1 : 0));
    bool known = *parent != JSON_NONE && known_key(*last) != NULL;
    return known ? EC_OK : err_set(err, EC_BUG, "an edit has no location");
}

/* A pull policy that was not there goes before its image. */
static enum ec change_string(struct edit_apply *a, const struct object *o,
                             const struct engine_edit *e, struct err *err) {
    struct str last;
    struct edit_change one = {.string = e->string};
    if (find_parent(o, e->pointer, &one.mapping, &last, err) != EC_OK)
        return err->code;
    one.value = json_get(o->doc->json, one.mapping, last);
    one.key = known_key(last);
    one.before = str_eq(last, STR("pullPolicy")) ? "reference" : "image";
    return edit_changes_add(&a->changes, one, err);
}

/* Both kinds of edits of a list: the list as it will be. */
static enum ec change_secrets(struct edit_apply *a, const struct object *o,
                              const struct engine_edit *e, struct err *err) {
    const struct decision *d = o->decision;
    struct edit_change one = {.is_list = true, .names = d->secrets, .n_names = d->n_secrets};
    struct str last, pointer = e->pointer;
    if (str_ends(pointer, STR("/-")))
        pointer.n -= 2;
    if (find_parent(o, pointer, &one.mapping, &last, err) != EC_OK)
        return err->code;
    one.value = json_get(o->doc->json, one.mapping, last);
    one.key = known_key(last);
    one.before = "";
    return edit_changes_add(&a->changes, one, err);
}

static enum ec gather_changes(struct edit_apply *a, const struct object *o,
                              const struct edits *edits, struct err *err) {
    bool secrets = false; /* are done: one change for all their edits */
    enum ec ec = EC_OK;
    for (size_t i = 0; i < edits->n && ec == EC_OK; i++) {
        const struct engine_edit *e = &edits->v[i];
        if (e->kind == EDIT_STRING)
            ec = change_string(a, o, e, err);
        else if (!secrets)
            ec = change_secrets(a, o, e, err);
        secrets |= e->kind != EDIT_STRING;
    }
    return ec;
}

/* ---- what it should become ----------------------------------------------------------- */

static enum ec keep_digest(struct edit_apply *a, const struct object *o,
                           const struct edits *edits, struct err *err) {
    if (a->n_wanted == a->cap_wanted) {
        size_t cap = a->cap_wanted ? 2 * a->cap_wanted : 64;
        struct edit_digest *more = mem_realloc(a->wanted, mem_array_bytes(cap, sizeof *more));
        if (more == NULL)
            return err_set(err, EC_NOMEM, "out of memory");
        a->wanted = more;
        a->cap_wanted = cap;
    }
    return edit_patch_digest(&a->wanted[a->n_wanted++], o->doc->json, o->object, edits->v,
                             edits->n, err);
}

enum ec edit_wanted_add(struct edit_apply *a, const struct object *o, struct err *err) {
    struct edits edits = {.n = 0};
    enum ec ec = edits_of(a, o, &edits, err);
    if (ec == EC_OK)
        ec = gather_changes(a, o, &edits, err);
    return ec == EC_OK ? keep_digest(a, o, &edits, err) : ec;
}
