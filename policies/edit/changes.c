#include "edit/changes.h"

#include "base/mem.h"
#include "edit/spread.h"

enum { ARENA_MAX = 1 << 30 };

void edit_changes_init(struct edit_changes *c) {
    *c = (struct edit_changes){.arena = ARENA_INIT(16 << 10, ARENA_MAX)};
}

void edit_changes_done(struct edit_changes *c) {
    arena_done(&c->arena);
    mem_free(c->v);
    *c = (struct edit_changes){.v = NULL};
}

void edit_changes_reset(struct edit_changes *c) {
    arena_reset(&c->arena);
    c->n = 0;
}

static bool keep_value(struct arena *arena, struct edit_change *one) {
    struct str *names = ARENA_ARRAY(arena, struct str, one->n_names);
    bool kept = names != NULL && arena_str(arena, one->string, &one->string);
    for (size_t i = 0; i < one->n_names && kept; i++)
        kept = arena_str(arena, one->names[i], &names[i]);
    one->names = names;
    return kept;
}

enum ec edit_changes_add(struct edit_changes *c, struct edit_change one, struct err *err) {
    if (c->n == c->cap) {
        size_t cap = c->cap ? 2 * c->cap : 64;
        struct edit_change *more = mem_realloc(c->v, mem_array_bytes(cap, sizeof *more));
        if (more == NULL)
            return err_set(err, EC_NOMEM, "out of memory");
        c->v = more;
        c->cap = cap;
    }
    if (!keep_value(&c->arena, &one))
        return arena_fail(&c->arena, err);
    c->v[c->n++] = one;
    return EC_OK;
}

/* ---- one change ---------------------------------------------------------------------- */

enum ec edit_spread_member(const struct edit_splice *s, const struct edit_change *c,
                           struct err *err) {
    if (c->is_list)
        return edit_splice_names(s, c->mapping, c->key, c->names, c->n_names, err);
    return edit_splice_member(s, c->mapping, str_of(c->before), c->key, c->string, err);
}

enum ec edit_spread_value(const struct edit_splice *s, const struct edit_change *c,
                          struct err *err) {
    if (c->is_list)
        return edit_splice_name_list(s, c->value, c->names, c->n_names, err);
    return edit_splice_scalar(s, c->value, c->string, err);
}

enum ec edit_changes_make(struct edit_changes *c, const struct edit_splice *s,
                          struct err *err) {
    if (c->n != 0 && s->doc->aliases)
        return edit_spread(c, s, err);
    for (size_t i = 0; i < c->n; i++) {
        const struct edit_change *one = &c->v[i];
        enum ec ec = one->value != JSON_NONE ? edit_spread_value(s, one, err)
                                             : edit_spread_member(s, one, err);
        if (ec != EC_OK)
            return ec;
    }
    return EC_OK;
}
