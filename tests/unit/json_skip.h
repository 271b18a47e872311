/* json_skip - is a text that was skipped the same as one that was kept whole, but for what no one
 * asks for?
 * Use     json_parse(&whole, a, n, limits, &err); limits.skip = ...; json_parse(&skipped, b, n, ...)
 *         skip_agrees(&whole, &skipped, limits)                                              */
#ifndef PULLGATE_TESTS_JSON_SKIP_H
#define PULLGATE_TESTS_JSON_SKIP_H

#include "json/json.h"

static inline bool skip_names(struct json_limits limits, struct str key) {
    for (uint32_t i = 0; i < limits.n_skip; i++)
        if (str_eq(limits.skip[i].key, key))
            return true;
    return false;
}

/* Is the value at `at` below a key that is skipped? */
static inline bool skip_is_asked(const struct json *j, json_at at, struct json_limits limits) {
    if (at < 2 || !skip_names(limits, json_str(j, at - 1)))
        return false;
    json_at around = at;
    while (j->nodes[around].depth != j->nodes[at].depth - 1 || j->nodes[around].next <= at)
        around--;
    return j->nodes[around].type == JSON_OBJECT;
}

static inline bool skip_agrees(const struct json *whole, const struct json *skipped,
                               struct json_limits limits) {
    json_at w = 0;
    for (json_at s = 0; s < skipped->n_nodes; s++) {
        const struct json_node *a = &whole->nodes[w], *b = &skipped->nodes[s];
        if (w >= whole->n_nodes || a->type != b->type || a->depth != b->depth ||
            a->off != b->off || !str_eq(json_str(whole, w), json_str(skipped, s)))
            return false;
        bool is_skipped = a->type >= JSON_ARRAY && a->len != 0 && b->len == 0;
        if (is_skipped ? !skip_is_asked(whole, w, limits) || b->next != s + 1
                       : a->len != b->len)
            return false;
        w = is_skipped ? a->next : w + 1;
    }
    return w == whole->n_nodes;
}

#endif
