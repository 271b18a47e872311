#include "edit/patch.h"

#include "base/mem.h"

#include <stdlib.h>

/* ---- where edits belong ---------------------------------------------------------------- */

struct change { /* small: an object may have a million */
    json_at at; /* the value that is replaced, or the container that gets one more */
    bool adds;
    const struct engine_edit *edit; /* one array: what comes later is behind */
};

/* Where the last part of a pointer begins; 0: it has none. */
static size_t last_part(struct str pointer) {
    size_t at = pointer.n;
    while (at > 0 && pointer.p[at - 1] != '/')
        at--;
    return at;
}

static bool locate_edit(const struct json *j, struct json_cursor *near, json_at object,
                        const struct engine_edit *edit, struct change *out) {
    struct str pointer = edit->pointer;
    size_t part = last_part(pointer);
    if (part == 0)
        return false;
    struct str last = str_slice(pointer, part, pointer.n);
    json_at parent = json_find_next(j, near, object, str_slice(pointer, 0, part - 1));
    bool appends = str_eq(last, STR("-")) && json_is(j, parent, JSON_ARRAY);
    json_at value = json_get(j, parent, last);
    *out = (struct change){
        .at = value != JSON_NONE ? value : parent, .adds = value == JSON_NONE, .edit = edit};
    return parent != JSON_NONE && (appends || json_is(j, parent, JSON_OBJECT));
}

static int compare_changes(const void *pa, const void *pb) {
    const struct change *a = pa, *b = pb;
    if (a->at != b->at)
        return a->at < b->at ? -1 : 1;
    return (a->edit > b->edit) - (a->edit < b->edit);
}

/* ---- the walk -------------------------------------------------------------------------- */

struct walk {
    const struct json *j;
    const struct change *changes; /* in the order of the nodes */
    size_t n;
    const struct edit_patch_sink *to;
};

static void put_secret(const struct edit_patch_sink *to, struct str name) {
    to->begin(to->arg, JSON_OBJECT, 1);
    to->key(to->arg, STR("name"));
    to->string(to->arg, name);
    to->end(to->arg, JSON_OBJECT);
}

static void send_value(const struct edit_patch_sink *to, const struct engine_edit *e) {
    if (e->kind == EDIT_STRING) {
        to->string(to->arg, e->string);
        return;
    }
    if (e->kind == EDIT_SECRET) {
        put_secret(to, e->string);
        return;
    }
    to->begin(to->arg, JSON_ARRAY, e->n_names);
    for (size_t i = 0; i < e->n_names; i++)
        put_secret(to, e->names[i]);
    to->end(to->arg, JSON_ARRAY);
}

/* Changes of nodes before `end`. */
static bool next_is_before(const struct walk *w, json_at end) {
    return w->n != 0 && w->changes->at < end;
}

static const struct engine_edit *take_edit(struct walk *w) {
    w->n--;
    return (w->changes++)->edit;
}

static void walk_node(struct walk *w, json_at at);

/* Of the container itself, which come before those of what it holds. */
static size_t take_added(struct walk *w, json_at at) {
    size_t n = 0;
    for (; next_is_before(w, at + 1); n++)
        take_edit(w);
    return n;
}

static struct str last_key(const struct engine_edit *e) {
    return str_slice(e->pointer, last_part(e->pointer), e->pointer.n);
}

/* What a container holds already, then what it gets. */
static void walk_container(struct walk *w, json_at at) {
    const struct json *j = w->j;
    const struct edit_patch_sink *to = w->to;
    enum json_type type = json_type_of(j, at);
    const struct change *added = w->changes;
    size_t n_added = take_added(w, at);
    to->begin(to->arg, type, j->nodes[at].len + n_added);
    for (json_at i = json_first(j, at); i != JSON_NONE; i = json_next(j, at, i)) {
        if (type == JSON_OBJECT)
            to->key(to->arg, json_str(j, i++));
        walk_node(w, i);
    }
    for (size_t i = 0; i < n_added; i++) {
        if (type == JSON_OBJECT)
            to->key(to->arg, last_key(added[i].edit));
        send_value(to, added[i].edit);
    }
    to->end(to->arg, type);
}

/* Depth is bounded by the limits of the reader of the nodes. */
static void walk_node(struct walk *w, json_at at) {
    json_at end = w->j->nodes[at].next;
    if (!next_is_before(w, end)) {
        w->to->node(w->to->arg, w->j, at);
    } else if (w->changes->at == at && !w->changes->adds) {
        const struct engine_edit *last = NULL; /* of several the last holds */
        while (next_is_before(w, end))
            last = take_edit(w);
        send_value(w->to, last);
    } else {
        walk_container(w, at);
    }
}

enum ec edit_patch_walk(const struct json *j, json_at object, const struct engine_edit *edits,
                        size_t n_edits, const struct edit_patch_sink *to, struct err *err) {
    struct json_cursor near = JSON_CURSOR_INIT;
    AUTO(mem_freep)
    struct change *changes = mem_alloc(mem_array_bytes(n_edits + 1, sizeof *changes));
    if (changes == NULL)
        return err_set(err, EC_NOMEM, "out of memory");
    for (size_t i = 0; i < n_edits; i++)
        if (!locate_edit(j, &near, object, &edits[i], &changes[i]))
            return err_set(err, EC_BUG, "an edit has no location: %.*s",
                           STR_ARG(edits[i].pointer));
    if (n_edits != 0)
        qsort(changes, n_edits, sizeof *changes, compare_changes);
    struct walk w = {.j = j, .changes = changes, .n = n_edits, .to = to};
    walk_node(&w, object);
    return EC_OK;
}
