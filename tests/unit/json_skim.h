/* json_skim - is a text that was skimmed the same as one that was kept whole, but for what nobody
 * asks for?
 * Use     json_parse(&whole, a, n, limits, &err); limits.skim = ...; json_parse(&skimmed, b, n, ...)
 *         skim_agrees(&whole, &skimmed, limits)                                              */
#ifndef PULLGATE_TESTS_JSON_SKIM_H
#define PULLGATE_TESTS_JSON_SKIM_H

#include "json/json.h"

static inline bool skim_names(struct json_limits limits, struct str key) {
    for (uint32_t i = 0; i < limits.n_skim; i++)
        if (str_eq(limits.skim[i].key, key))
            return true;
    return false;
}

/* Stands a value at `at` under a key that is skimmed? */
static inline bool skim_is_asked(const struct json *j, json_at at, struct json_limits limits) {
    if (at < 2 || !skim_names(limits, json_str(j, at - 1)))
        return false;
    json_at around = at;
    while (j->nodes[around].depth != j->nodes[at].depth - 1 || j->nodes[around].next <= at)
        around--;
    return j->nodes[around].type == JSON_OBJECT;
}

static inline bool skim_agrees(const struct json *whole, const struct json *skimmed,
                               struct json_limits limits) {
    json_at w = 0;
    for (json_at s = 0; s < skimmed->n_nodes; s++) {
        const struct json_node *a = &whole->nodes[w], *b = &skimmed->nodes[s];
        if (w >= whole->n_nodes || a->type != b->type || a->depth != b->depth ||
            a->off != b->off || !str_eq(json_str(whole, w), json_str(skimmed, s)))
            return false;
        bool is_skimmed = a->type >= JSON_ARRAY && a->len != 0 && b->len == 0;
        if (is_skimmed ? !skim_is_asked(whole, w, limits) || b->next != s + 1
                       : a->len != b->len)
            return false;
        w = is_skimmed ? a->next : w + 1;
    }
    return w == whole->n_nodes;
}

#endif
