/* Anchors, aliases and "<<". */
#include "yaml/emitter.h"

#include "base/mem.h"

static struct frame *top(struct emitter *e) {
    return &e->frames[e->depth - 1];
}

/* ---- definitions --------------------------------------------------------------------- */

static enum ec define(struct emitter *e, const yaml_char_t *name, struct yaml_location pos,
                      enum anchor_kind kind, struct anchor **out, struct err *err) {
    if (yaml_anchors_define(&e->anchors, emitter_str(name), out, err) != EC_OK)
        return yaml_err_at(err, pos);
    (*out)->kind = kind;
    (*out)->pos = pos;
    return EC_OK;
}

static enum ec no_room(struct emitter *e, struct yaml_location pos, struct err *err) {
    arena_fail(&e->anchors.names, err);
    return yaml_err_at(err, pos);
}

enum ec yaml_expand_define_scalar(struct emitter *e, const yaml_char_t *name,
                                  const struct scalar *scalar, struct yaml_location pos,
                                  struct err *err) {
    struct anchor *a;
    if (name == NULL)
        return EC_OK;
    if (define(e, name, pos, ANCHOR_SCALAR, &a, err) != EC_OK)
        return err->code;
    a->scalar = *scalar;
    a->steps = 1;
    a->id = yaml_locations_next_id(e->out->locations);
    if (!arena_str(&e->anchors.names, scalar->text, &a->scalar.text))
        return no_room(e, pos, err);
    return EC_OK;
}

enum ec yaml_expand_define_container(struct emitter *e, const yaml_char_t *name,
                                     enum anchor_kind kind, struct yaml_location pos,
                                     struct err *err) {
    struct anchor *a;
    if (name == NULL)
        return EC_OK;
    if (define(e, name, pos, kind, &a, err) != EC_OK)
        return err->code;
    a->open = true;
    a->id = top(e)->id;
    a->from = e->out->json->n;
    a->first = e->out->locations->n;
    top(e)->anchor = e->anchors.n - 1;
    return EC_OK;
}

/* The members of an anchored mapping, for a "<<" that names it. */
static enum ec keep_members(struct emitter *e, const struct frame *frame, struct anchor *a,
                            struct err *err) {
    const struct expansion text = yaml_anchors_expand(a, e->out);
    const uint32_t begin = (uint32_t)(a->to - text.bytes);
    const uint32_t n = e->members.n - frame->first_member;
    struct member *v = ARENA_ARRAY(&e->anchors.names, struct member, n);
    if (v == NULL)
        return no_room(e, a->pos, err);
    for (uint32_t i = 0; i < n; i++) {
        v[i] = e->members.v[frame->first_member + i];
        v[i].at -= begin;
        v[i].node -= a->first;
        v[i].own = false;
    }
    a->members = v;
    a->n_members = n;
    return EC_OK;
}

static enum ec close_anchor(struct emitter *e, const struct frame *frame, struct err *err) {
    if (frame->anchor == NO_ANCHOR)
        return EC_OK;
    struct anchor *a = &e->anchors.defined[frame->anchor];
    a->open = false;
    a->to = e->out->json->n;
    a->after = e->out->locations->n;
    a->steps = e->steps - frame->steps;
    return a->kind == ANCHOR_MAP ? keep_members(e, frame, a, err) : EC_OK;
}

/* ---- "<<" ---------------------------------------------------------------------------- */

bool yaml_expand_is_merging(const struct emitter *e) {
    return e->transparent != 0 || emitter_state(e) == MERGE;
}

enum ec yaml_expand_begin_merge(struct emitter *e, struct yaml_location key, struct err *err) {
    top(e)->state = MERGE;
    top(e)->merges = true;
    top(e)->merge = key;
    return yaml_locations_track(e->out->locations, err);
}

/* The end of an item of a list after "<<", or of the value of a mapping's "<<". */
static void end_value(struct emitter *e) {
    struct frame *frame = top(e);
    if (frame->state != MERGE_ITEM) {
        frame->end = e->end;
        return;
    }
    for (uint32_t i = frame->run_from; i < e->members.n; i++)
        e->members.v[i].run = frame->run;
    frame->run++;
    frame->run_from = e->members.n;
}

void yaml_expand_end_merge(struct emitter *e) {
    e->transparent--;
    end_value(e);
}

static enum ec keep_merge(struct emitter *e, const struct frame *frame, struct err *err) {
    struct merges *m = e->out->merges;
    if (m->n == m->cap) {
        uint32_t cap = m->cap ? 2 * m->cap : 16;
        struct yaml_merge *more = mem_realloc(m->v, mem_array_bytes(cap, sizeof *more));
        if (more == NULL)
            return err_set(err, EC_NOMEM, "no memory for merges");
        m->v = more;
        m->cap = cap;
    }
    m->v[m->n++] = (struct yaml_merge){frame->id, frame->merge, frame->end};
    return EC_OK;
}

/* Members of a mapping without "<<" are not checked here: the JSON reader finds duplicates. */
static enum ec end_mapping(struct emitter *e, struct err *err) {
    const struct frame *frame = top(e);
    const struct members_of of = {frame->first_member, frame->from, frame->id};
    if (!frame->merges && frame->closer != '\0')
        return EC_OK;
    if (yaml_members_settle(&e->members, &of, e->out, &e->anchors, err) != EC_OK)
        return err->code;
    return frame->merges && frame->closer != '\0' ? keep_merge(e, frame, err) : EC_OK;
}

enum ec yaml_expand_end(struct emitter *e, struct err *err) {
    const struct frame *frame = top(e);
    if (frame->state == MERGE_ITEM)
        yaml_members_reverse_runs(&e->members, frame->first_member);
    else if (frame->state == KEY && end_mapping(e, err) != EC_OK)
        return err->code;
    if (close_anchor(e, frame, err) != EC_OK)
        return err->code;
    if (frame->closer != '\0')
        e->members.n = frame->first_member;
    for (uint32_t i = frame->first_member; i < e->members.n; i++)
        e->members.v[i].own = false;
    return EC_OK;
}

/* ---- aliases ------------------------------------------------------------------------- */

/* Appends a copy of the anchor's value to the output. */
static enum ec copy_again(struct emitter *e, const struct anchor *a, struct yaml_location alias,
                          struct err *err) {
    struct buf *json = e->out->json;
    struct locations *locations = e->out->locations;
    struct expansion x = yaml_anchors_expand(a, e->out);
    if (yaml_locations_room(locations, x.n_nodes, e->limits->max_nodes, err) != EC_OK)
        return yaml_err_at(err, a->pos);
    char *to = buf_room(json, x.bytes);
    if (to == NULL)
        return yaml_emit_check_json(e, a->pos, err);
    x = yaml_anchors_expand(a, e->out); /* they may have moved */
    for (uint32_t i = 0; i < x.n_nodes; i++)
        yaml_locations_add(locations, x.pos[i], x.origin[i].id, alias);
    if (x.bytes != 0)
        memcpy(to, x.text, x.bytes);
    json->n += x.bytes;
    return EC_OK;
}

static enum ec add_members(struct emitter *e, const struct anchor *a, struct err *err) {
    const uint32_t at = (uint32_t)e->out->json->n, node = e->out->locations->n;
    for (uint32_t i = 0; i < a->n_members; i++) {
        struct member one = a->members[i];
        one.at += at;
        one.node += node;
        if (yaml_members_add(&e->members, one, err) != EC_OK)
            return err->code;
    }
    return EC_OK;
}

static enum ec merge_again(struct emitter *e, const struct anchor *a, struct yaml_location pos,
                           struct err *err) {
    if (a->kind != ANCHOR_MAP)
        return yaml_emit_bad_merge(pos, err);
    yaml_emit_take_value(e);
    if (a->n_members != 0) {
        yaml_emit_separate(e->out->json);
        if (add_members(e, a, err) != EC_OK || copy_again(e, a, pos, err) != EC_OK)
            return err->code;
    }
    end_value(e);
    return EC_OK;
}

static enum ec container_again(struct emitter *e, const struct anchor *a,
                               struct yaml_location pos, struct err *err) {
    bool map = a->kind == ANCHOR_MAP;
    yaml_emit_take_value(e);
    yaml_emit_separate(e->out->json);
    if (yaml_locations_room(e->out->locations, 1, e->limits->max_nodes, err) != EC_OK)
        return yaml_err_at(err, a->pos);
    yaml_locations_add(e->out->locations, a->pos, a->id, pos);
    buf_putc(e->out->json, map ? '{' : '[');
    if (copy_again(e, a, pos, err) != EC_OK)
        return err->code;
    buf_putc(e->out->json, map ? '}' : ']');
    return yaml_emit_check_json(e, a->pos, err);
}

static enum ec find_anchor(struct emitter *e, struct str name, struct yaml_location pos,
                           const struct anchor **out, struct err *err) {
    *out = yaml_anchors_find(&e->anchors, name);
    if (*out == NULL)
        err_set(err, EC_SCHEMA, "alias *%.*s, but there is no anchor &%.*s before it",
                STR_ARG(name), STR_ARG(name));
    else if ((*out)->open)
        err_set(err, EC_SCHEMA, "alias *%.*s is inside its own anchor", STR_ARG(name));
    else if ((*out)->kind == ANCHOR_MERGE_LIST)
        err_set(err, EC_SCHEMA, "alias *%.*s refers to a list of \"<<\", expected a value",
                STR_ARG(name));
    else
        return EC_OK;
    return yaml_err_at(err, pos);
}

enum ec yaml_expand_alias(struct emitter *e, struct str name, struct yaml_location pos,
                          struct err *err) {
    const struct anchor *a;
    enum emit_state state = emitter_state(e);
    if (find_anchor(e, name, pos, &a, err) != EC_OK ||
        yaml_emit_count(e, 1, a->steps, pos, err) != EC_OK ||
        yaml_locations_track(e->out->locations, err) != EC_OK)
        return err->code;
    e->out->aliases = true;
    if (state == MERGE || state == MERGE_ITEM)
        return merge_again(e, a, pos, err);
    if (state == KEY && a->kind != ANCHOR_SCALAR)
        return yaml_emit_bad_key(pos, a->kind == ANCHOR_MAP ? "a mapping" : "a list", err);
    if (a->kind != ANCHOR_SCALAR)
        return container_again(e, a, pos, err);
    return state == KEY ? yaml_emit_put_key(e, &a->scalar, a->pos, a->id, pos, err)
                        : yaml_emit_put_value(e, &a->scalar, a->pos, a->id, pos, err);
}
