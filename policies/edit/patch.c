#include "edit/patch.h"

#include "base/mem.h"

#include <stdlib.h>

/* ---- where edits belong ---------------------------------------------------------------- */

struct change {
    json_at at;     /* the value that is replaced, or the container that gets one more */
    struct str key; /* of a new member; {NULL, 0} of a new element */
    bool adds;
    size_t order;
    const struct edit *edit;
};

static bool locate(const struct json *j, struct json_cursor *near, json_at object,
                   const struct edit *edit, struct change *out) {
    struct str pointer = edit->pointer;
    size_t slash = pointer.n;
    while (slash > 0 && pointer.p[slash - 1] != '/')
        slash--;
    if (slash == 0)
        return false;
    struct str last = str_slice(pointer, slash, pointer.n);
    json_at parent = json_find_next(j, near, object, str_slice(pointer, 0, slash - 1));
    bool appends = str_eq(last, STR("-")) && json_is(j, parent, JSON_ARRAY);
    json_at value = json_get(j, parent, last);
    *out = (struct change){.at = value != JSON_NONE ? value : parent,
                           .key = appends ? STR_NONE : last,
                           .adds = value == JSON_NONE,
                           .edit = edit};
    return parent != JSON_NONE && (appends || json_is(j, parent, JSON_OBJECT));
}

static int compare(const void *pa, const void *pb) {
    const struct change *a = pa, *b = pb;
    if (a->at != b->at)
        return a->at < b->at ? -1 : 1;
    return (a->order > b->order) - (a->order < b->order);
}

/* ---- printing -------------------------------------------------------------------------- */

struct printer {
    const struct json *j;
    const struct change *changes; /* in the order of the nodes */
    size_t n;
    struct buf *out;
};

static void put_secret(struct buf *out, struct str name) {
    buf_puts(out, "{\"name\":");
    buf_json(out, name);
    buf_putc(out, '}');
}

static void put_value(struct buf *out, const struct edit *e) {
    if (e->kind == EDIT_STRING) {
        buf_json(out, e->string);
        return;
    }
    if (e->kind == EDIT_SECRET) {
        put_secret(out, e->string);
        return;
    }
    buf_putc(out, '[');
    for (size_t i = 0; i < e->n_names; i++) {
        buf_puts(out, i ? "," : "");
        put_secret(out, e->names[i]);
    }
    buf_putc(out, ']');
}

/* Changes of nodes before `end`. */
static bool next_is_before(const struct printer *p, json_at end) {
    return p->n != 0 && p->changes->at < end;
}

static const struct edit *take(struct printer *p) {
    p->n--;
    return (p->changes++)->edit;
}

static void put_node(struct printer *p, json_at at);

/* What a container holds already, then what it gets. `added` are the changes of the container itself,
 * which come before those of what it holds. */
static void put_container(struct printer *p, json_at at) {
    const struct json *j = p->j;
    bool object = json_is(j, at, JSON_OBJECT);
    const struct change *added = p->changes;
    const char *separator = "";
    size_t n_added = 0;
    for (; next_is_before(p, at + 1); n_added++)
        take(p);
    buf_putc(p->out, object ? '{' : '[');
    for (json_at i = json_first(j, at); i != JSON_NONE; separator = ",") {
        buf_puts(p->out, separator);
        if (object) {
            buf_json(p->out, json_str(j, i++));
            buf_putc(p->out, ':');
        }
        put_node(p, i);
        i = json_next(j, at, i);
    }
    for (size_t i = 0; i < n_added; i++, separator = ",") {
        buf_puts(p->out, separator);
        if (object) {
            buf_json(p->out, added[i].key);
            buf_putc(p->out, ':');
        }
        put_value(p->out, added[i].edit);
    }
    buf_putc(p->out, object ? '}' : ']');
}

/* Depth is bounded by the limits of whoever read the nodes. */
static void put_node(struct printer *p, json_at at) {
    json_at end = p->j->nodes[at].next;
    if (!next_is_before(p, end)) {
        json_print(p->j, at, p->out);
    } else if (p->changes->at == at && !p->changes->adds) {
        const struct edit *last = NULL; /* of several the last holds */
        while (next_is_before(p, end))
            last = take(p);
        put_value(p->out, last);
    } else {
        put_container(p, at);
    }
}

enum ec edit_patch_apply(const struct json *j, json_at object, const struct edit *edits,
                         size_t n_edits, struct buf *out, struct err *err) {
    struct json_cursor near = JSON_CURSOR_INIT;
    AUTO(mem_freep)
    struct change *changes = mem_alloc(mem_array_bytes(n_edits + 1, sizeof *changes));
    if (changes == NULL)
        return err_set(err, EC_NOMEM, "out of memory");
    for (size_t i = 0; i < n_edits; i++) {
        if (!locate(j, &near, object, &edits[i], &changes[i]))
            return err_set(err, EC_BUG, "an edit is nowhere: %.*s", STR_ARG(edits[i].pointer));
        changes[i].order = i;
    }
    if (n_edits != 0)
        qsort(changes, n_edits, sizeof *changes, compare);
    struct printer p = {.j = j, .changes = changes, .n = n_edits, .out = out};
    put_node(&p, object);
    return out->bad ? err_set(err, (enum ec)out->bad, "no room for the object") : EC_OK;
}

/* ---- comparing ------------------------------------------------------------------------- */

struct pair {
    const struct json *a, *b;
};

static bool are_equal(const struct pair *p, json_at x, json_at y);

static bool are_lists_equal(const struct pair *p, json_at x, json_at y) {
    json_at i = json_first(p->a, x), k = json_first(p->b, y);
    while (i != JSON_NONE && k != JSON_NONE) {
        if (!are_equal(p, i, k))
            return false;
        i = json_next(p->a, x, i);
        k = json_next(p->b, y, k);
    }
    return i == k;
}

/* Keys mostly come in the same order: a key is looked for behind the one before it first. */
static bool are_members_equal(const struct pair *p, json_at x, json_at y) {
    json_at expected = json_first(p->b, y);
    for (json_at key = json_first(p->a, x); key != JSON_NONE;
         key = json_next(p->a, x, key + 1)) {
        struct str name = json_str(p->a, key);
        json_at value = expected != JSON_NONE && str_eq(name, json_str(p->b, expected))
                            ? expected + 1
                            : json_get(p->b, y, name);
        if (value == JSON_NONE || !are_equal(p, key + 1, value))
            return false;
        expected = json_next(p->b, y, value);
    }
    return true;
}

static bool are_equal(const struct pair *p, json_at x, json_at y) {
    enum json_type type = json_type_of(p->a, x);
    if (type != json_type_of(p->b, y))
        return false;
    if (type == JSON_STRING || type == JSON_NUMBER)
        return str_eq(json_str(p->a, x), json_str(p->b, y));
    if (type < JSON_ARRAY)
        return true;
    if (p->a->nodes[x].len != p->b->nodes[y].len)
        return false;
    return type == JSON_ARRAY ? are_lists_equal(p, x, y) : are_members_equal(p, x, y);
}

bool edit_patch_equal(const struct json *a, json_at in_a, const struct json *b, json_at in_b) {
    const struct pair p = {a, b};
    return are_equal(&p, in_a, in_b);
}
