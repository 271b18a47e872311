#include "json/json.h"

#include "base/buf.h"
#include "json/internal.h"

/* One bit for each depth: whether the container open there is an object. */
struct kinds {
    uint8_t bits[(UINT16_MAX + 1) / 8];
};

static void set_kind(struct kinds *k, unsigned depth, bool object) {
    uint8_t bit = (uint8_t)(1u << depth % 8);
    k->bits[depth / 8] =
        (uint8_t)(object ? k->bits[depth / 8] | bit : k->bits[depth / 8] & ~bit);
}

static char closer(const struct kinds *k, unsigned depth) {
    return k->bits[depth / 8] >> depth % 8 & 1 ? '}' : ']';
}

static void print_scalar(const struct json *j, json_at at, struct buf *out) {
    static const struct str words[] = {STR_INIT("null"), STR_INIT("false"), STR_INIT("true")};
    enum json_type type = json_type_of(j, at);
    if (type == JSON_STRING)
        buf_json(out, json_str(j, at));
    else
        buf_str(out, type == JSON_NUMBER ? json_str(j, at) : words[type]);
}

/* True when this completes a value: a scalar or an empty container. */
static bool print_node(const struct json *j, json_at at, struct kinds *kinds, struct buf *out) {
    const struct json_node *node = &j->nodes[at];
    if (node->type < JSON_ARRAY) {
        print_scalar(j, at, out);
        return true;
    }
    bool object = node->type == JSON_OBJECT;
    set_kind(kinds, node->depth, object);
    buf_putc(out, object ? '{' : '[');
    if (node->next > at + 1)
        return false;
    buf_putc(out, object ? '}' : ']');
    return true;
}

void json_print(const struct json *j, json_at at, struct buf *out) {
    struct kinds kinds;
    if (at == JSON_NONE)
        return;
    const struct json_node *nodes = j->nodes;
    json_at end = nodes[at].next;
    unsigned base = nodes[at].depth;
    for (json_at i = at; i < end && !out->bad; i++) {
        if (!print_node(j, i, &kinds, out))
            continue;
        if ((nodes[i].flags & JSON_KEY) && i != at) {
            buf_putc(out, ':');
            continue;
        }
        unsigned to = i + 1 < end ? nodes[i + 1].depth : base;
        for (unsigned depth = nodes[i].depth; depth > to; depth--)
            buf_putc(out, closer(&kinds, depth - 1));
        if (i + 1 < end)
            buf_putc(out, ',');
    }
}
