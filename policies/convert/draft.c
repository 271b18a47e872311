#include "convert/draft.h"

#include "base/attrs.h"

#include <stdarg.h>
#include <stdio.h>

enum ec convert_full(const struct convert *c, struct err *err) {
    if (c->arena.bad != 0)
        return arena_fail(&c->arena, err);
    return err_set(err, EC_NOMEM, "out of memory");
}

/* ---- text ---------------------------------------------------------------------------- */

PRINTF(2, 0)
static struct str text_v(struct convert *c, const char *format, va_list args) {
    struct buf b = BUF_INIT(1 << 16);
    struct str out = STR_NONE;
    buf_vprintf(&b, format, args);
    buf_putc(&b, '\0');
    if (b.bad || !arena_str(&c->arena, buf_view(&b), &out)) {
        c->full = true;
        out = STR_NONE;
    }
    buf_done(&b);
    return str_slice(out, 0, out.n ? out.n - 1 : 0);
}

struct str convert_text(struct convert *c, const char *format, ...) {
    va_list args;
    va_start(args, format);
    struct str out = text_v(c, format, args);
    va_end(args);
    return out;
}

/* ---- the document -------------------------------------------------------------------- */

static void place_children(struct convert *c, json_at container) {
    const struct json *j = c->json;
    bool object = json_is(j, container, JSON_OBJECT);
    uint32_t index = 0;
    json_at at = json_first(j, container);
    while (at != JSON_NONE) {
        json_at value = object ? at + 1 : at;
        c->places[value] = (struct convert_place){container, index++};
        c->places[at].parent = container;
        at = json_next(j, container, value);
    }
}

void convert_take_document(struct convert *c, const struct json *json,
                           const struct yaml_location *pos) {
    c->json = json;
    c->pos = pos;
    c->places = ARENA_ARRAY(&c->arena, struct convert_place, json->n_nodes);
    if (c->places == NULL) {
        c->full = true;
        return;
    }
    c->places[0].parent = JSON_NONE;
    for (json_at at = 0; at < json->n_nodes; at++)
        if (json->nodes[at].type >= JSON_ARRAY)
            place_children(c, at);
}

json_at convert_get(const struct convert *c, json_at from, const char *path) {
    struct str rest = str_of(path);
    while (rest.n != 0 && from != JSON_NONE) {
        size_t dot = str_find(rest, '.');
        from = json_get(c->json, from, str_slice(rest, 0, dot));
        rest = str_slice(rest, dot + 1, rest.n);
    }
    return from;
}

struct str convert_string(const struct convert *c, json_at from, const char *path) {
    json_at at = convert_get(c, from, path);
    return json_is(c->json, at, JSON_STRING) ? json_str(c->json, at) : STR_NONE;
}

bool convert_is_true(const struct convert *c, json_at from, const char *path) {
    return json_is(c->json, convert_get(c, from, path), JSON_TRUE);
}

enum ec convert_fail(const struct convert *c, json_at at, struct err *err, const char *format,
                     ...) {
    char msg[400];
    va_list args;
    va_start(args, format);
    vsnprintf(msg, sizeof msg, format, args);
    va_end(args);
    err_set(err, EC_SCHEMA, "%s", msg);
    err_locate(err, c->file, c->pos[at].line, c->pos[at].col);
    return err->code;
}

json_at convert_first(const struct convert *c, json_at list) {
    return json_is(c->json, list, JSON_ARRAY) ? json_first(c->json, list) : JSON_NONE;
}

json_at convert_next(const struct convert *c, json_at list, json_at element) {
    return json_next(c->json, list, element);
}

json_at convert_first_value(const struct convert *c, json_at map) {
    json_at key = json_is(c->json, map, JSON_OBJECT) ? json_first(c->json, map) : JSON_NONE;
    return key == JSON_NONE ? JSON_NONE : key + 1;
}

json_at convert_next_value(const struct convert *c, json_at map, json_at value) {
    json_at key = json_next(c->json, map, value);
    return key == JSON_NONE ? JSON_NONE : key + 1;
}

struct str convert_key_of(const struct convert *c, json_at value) {
    return json_str(c->json, value - 1);
}

/* ---- blocks and items ---------------------------------------------------------------- */

struct convert_block *convert_add_block(struct convert *c, struct convert_blocks *to,
                                        struct str name) {
    struct convert_block *b = ARENA_NEW(&c->arena, struct convert_block);
    if (b == NULL || !arena_str(&c->arena, name, &b->name)) {
        c->full = true;
        return &c->spare_block;
    }
    *(to->last ? &to->last->next : &to->first) = b;
    to->last = b;
    return b;
}

struct convert_block *convert_block_of(struct convert *c, struct convert_blocks *in,
                                       struct str name) {
    for (struct convert_block *b = in->first; b != NULL; b = b->next)
        if (str_eq(b->name, name))
            return b;
    return convert_add_block(c, in, name);
}

/* Items are equal when they are of one field and have the same key; in lists, the same value. */
static bool is_map(enum convert_key key) {
    return key == KEY_MIRRORS || key == KEY_LABELS;
}

static uint32_t hash_of(const struct convert_items *field, struct str key, struct str value) {
    return str_hash(key, (uintptr_t)field) ^ (value.n ? str_hash(value, 77) * 31u : 0);
}

/* The item's slot in the index: its own, or a free one. */
static struct convert_item **find_slot(struct convert *c, const struct convert_items *field,
                                       bool map, struct str key, struct str value,
                                       const struct convert_item *const skip) {
    size_t mask = c->cap_index - 1;
    size_t at = hash_of(field, key, map ? STR_NONE : value) & mask;
    for (;; at = (at + 1) & mask) {
        struct convert_item **slot = &c->index[at];
        if (*slot == NULL ||
            (skip == NULL && (*slot)->field == field && str_eq((*slot)->key, key) &&
             (map || str_eq((*slot)->value, value))))
            return slot;
    }
}

static bool grow_index(struct convert *c) {
    struct convert_item **old = c->index;
    size_t n = c->cap_index;
    if (c->n_index * 2 < n)
        return true;
    struct convert_item **grown =
        ARENA_ARRAY(&c->arena, struct convert_item *, n ? 2 * n : 256);
    if (grown == NULL)
        return false;
    c->index = grown;
    c->cap_index = n ? 2 * n : 256;
    for (size_t i = 0; i < n; i++)
        if (old[i] != NULL)
            *find_slot(c, old[i]->field, old[i]->map, old[i]->key, old[i]->value, old[i]) =
                old[i];
    return true;
}

static struct convert_item *new_item(struct convert *c, struct convert_items *field, bool map,
                                     struct str key, struct str value) {
    struct convert_item *item = ARENA_NEW(&c->arena, struct convert_item);
    if (item == NULL || !arena_str(&c->arena, key, &item->key) ||
        !arena_str(&c->arena, value, &item->value))
        return NULL;
    item->field = field;
    item->map = map;
    *(field->last ? &field->last->next : &field->first) = item;
    field->last = item;
    c->n_index++;
    return item;
}

struct convert_item *convert_add_pair(struct convert *c, struct convert_block *b,
                                      enum convert_key key, struct str name, struct str value) {
    struct convert_items *field = &b->field[key];
    if (c->full || !grow_index(c)) {
        c->full = true;
        return &c->spare;
    }
    struct convert_item **slot = find_slot(c, field, is_map(key), name, value, NULL);
    if (*slot == NULL && (*slot = new_item(c, field, is_map(key), name, value)) == NULL) {
        c->full = true;
        return &c->spare;
    }
    return *slot;
}

struct convert_item *convert_add(struct convert *c, struct convert_block *b,
                                 enum convert_key key, struct str value) {
    return convert_add_pair(c, b, key, STR_NONE, value);
}

void convert_drop(struct convert *c, struct convert_item *item, struct str why) {
    item->gone = true;
    for (struct convert_note *n = item->notes.first; n != NULL; n = n->next)
        if (n->mark != MARK_REMARK) {
            n->mark = MARK_LEFT;
            n->text = why;
        }
    convert_move_notes(&c->left, &item->notes);
}

struct convert_item *convert_set(struct convert *c, struct convert_block *b,
                                 enum convert_key key, struct str value) {
    for (struct convert_item *i = b->field[key].first; i != NULL; i = i->next)
        if (!i->gone && !str_eq(i->value, value))
            convert_drop(c, i, STR("a later value replaces it"));
    struct convert_item *item = convert_add(c, b, key, value);
    item->gone = false;
    return item;
}

/* ---- notes --------------------------------------------------------------------------- */

static bool is_number(struct str s) {
    uint64_t ignored;
    return str_to_uint(s, UINT32_MAX, &ignored);
}

/* spec.repos[0]; a key with a dot in quotes. */
static void put_path(const struct convert *c, json_at at, struct buf *out) {
    const struct convert_place *p = &c->places[at];
    if (p->parent == JSON_NONE)
        return;
    put_path(c, p->parent, out);
    if (json_is(c->json, p->parent, JSON_ARRAY)) {
        buf_printf(out, "[%u]", (unsigned)p->index);
        return;
    }
    struct str key = convert_key_of(c, at);
    bool plain = str_find(key, '.') == key.n && key.n != 0 && !is_number(key);
    buf_puts(out, out->n ? "." : "");
    buf_puts(out, plain ? "" : "\"");
    buf_str(out, key);
    buf_puts(out, plain ? "" : "\"");
}

static struct str where(struct convert *c, json_at at) {
    struct buf path = BUF_INIT(1 << 16);
    put_path(c, at, &path);
    c->full |= path.bad != 0;
    struct str out =
        convert_text(c, "%s:%u:%u%s%.*s", c->file, (unsigned)c->pos[at].line,
                     (unsigned)c->pos[at].col, path.n ? ": " : "", STR_ARG(buf_view(&path)));
    buf_done(&path);
    return out;
}

static void add_note(struct convert *c, struct convert_notes *to, enum convert_mark mark,
                     struct str where, struct str text) {
    struct convert_note *note = ARENA_NEW(&c->arena, struct convert_note);
    if (note == NULL) {
        c->full = true;
        return;
    }
    *note = (struct convert_note){.mark = mark, .where = where, .text = text};
    *(to->last ? &to->last->next : &to->first) = note;
    to->last = note;
}

void convert_exact(struct convert *c, struct convert_notes *to, json_at at) {
    if (!c->full)
        add_note(c, to, MARK_EXACT, where(c, at), STR_NONE);
}

void convert_note(struct convert *c, struct convert_notes *to, json_at at, const char *format,
                  ...) {
    va_list args;
    va_start(args, format);
    struct str text = text_v(c, format, args);
    va_end(args);
    if (!c->full)
        add_note(c, to, MARK_NOTED, where(c, at), text);
}

void convert_left(struct convert *c, json_at at, const char *format, ...) {
    va_list args;
    va_start(args, format);
    struct str text = text_v(c, format, args);
    va_end(args);
    if (!c->full)
        add_note(c, &c->left, MARK_LEFT, where(c, at), text);
}

void convert_remark(struct convert *c, struct convert_notes *to, const char *format, ...) {
    va_list args;
    va_start(args, format);
    struct str text = text_v(c, format, args);
    va_end(args);
    if (!c->full)
        add_note(c, to, MARK_REMARK, STR_NONE, text);
}

void convert_move_notes(struct convert_notes *to, struct convert_notes *from) {
    if (from->first == NULL)
        return;
    *(to->last ? &to->last->next : &to->first) = from->first;
    to->last = from->last;
    *from = (struct convert_notes){NULL, NULL};
}
