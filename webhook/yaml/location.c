#include "yaml/internal.h"

#include "base/mem.h"
#include "base/utf8.h"

static void step_cursor(struct yaml_cursor *c, struct str text) {
    char at = text.p[c->off];
    size_t length = utf8_length((const unsigned char *)text.p + c->off, text.n - c->off);
    bool crlf = at == '\r' && c->off + 1 < text.n && text.p[c->off + 1] == '\n';
    c->off += crlf ? 2 : length ? length : 1;
    c->index++;
    if (at == '\n' || at == '\r') {
        c->line++;
        c->line_at = c->off;
    }
}

void yaml_cursor_to_index(struct yaml_cursor *c, struct str text, size_t index) {
    while (c->index < index && c->off < text.n)
        step_cursor(c, text);
}

void yaml_cursor_to_offset(struct yaml_cursor *c, struct str text, size_t off) {
    while (c->off < off && c->off < text.n)
        step_cursor(c, text);
}

struct yaml_location yaml_cursor_location(const struct yaml_cursor *c) {
    size_t col = c->off - c->line_at + 1;
    return (struct yaml_location){c->line, col > UINT32_MAX ? UINT32_MAX : (uint32_t)col};
}

enum ec yaml_err_at(struct err *err, struct yaml_location pos) {
    err_locate(err, NULL, pos.line, pos.col);
    return err->code;
}

/* ---- locations ----------------------------------------------------------------------- */

void yaml_locations_reset(struct locations *to) {
    to->n = 0;
    to->tracked = false;
}

void yaml_locations_done(struct locations *to) {
    mem_free(to->p);
    mem_free(to->origin);
    *to = (struct locations){.p = NULL};
}

static bool grow_locations(struct locations *to, uint32_t cap) {
    void *p = mem_realloc(to->p, mem_array_bytes(cap, sizeof *to->p));
    if (p == NULL)
        return false;
    to->p = p;
    if (to->tracked) {
        void *origin = mem_realloc(to->origin, mem_array_bytes(cap, sizeof *to->origin));
        if (origin == NULL)
            return false;
        to->origin = origin;
    }
    to->cap = cap;
    return true;
}

enum ec yaml_locations_room(struct locations *to, size_t more, uint32_t max, struct err *err) {
    if (more > max || to->n > max - more)
        return err_set(err, EC_LIMIT, "more than %u values and keys in one document", max);
    if (more <= to->cap - to->n)
        return EC_OK;
    uint32_t cap = to->cap < max / 2 ? to->cap * 2 : max;
    if (cap < to->n + more)
        cap = to->n + (uint32_t)more;
    if (cap < 64 && max >= 64)
        cap = 64;
    return grow_locations(to, cap) ? EC_OK : err_set(err, EC_NOMEM, "no memory for locations");
}

enum ec yaml_locations_track(struct locations *to, struct err *err) {
    if (to->tracked)
        return EC_OK;
    void *origin = mem_realloc(to->origin, mem_array_bytes(to->cap + 1u, sizeof *to->origin));
    if (origin == NULL)
        return err_set(err, EC_NOMEM, "no memory for locations");
    to->origin = origin;
    for (uint32_t i = 0; i < to->n; i++)
        to->origin[i] = (struct origin){.id = i, .source = ORIGIN_NONE};
    to->next_id = to->n;
    to->tracked = true;
    return EC_OK;
}

void yaml_locations_add(struct locations *to, struct yaml_location pos, uint32_t source,
                        struct yaml_location alias) {
    if (to->tracked)
        to->origin[to->n] =
            (struct origin){.id = to->next_id++, .source = source, .alias = alias};
    to->p[to->n++] = pos;
}

uint32_t yaml_locations_next_id(const struct locations *to) {
    return to->tracked ? to->next_id : to->n;
}

uint32_t yaml_locations_find(const struct locations *of, uint32_t id) {
    uint32_t low = 0, high = of->n;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (of->origin[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < of->n && of->origin[low].id == id ? low : NODE_NONE;
}
