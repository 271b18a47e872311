/* json_skim - is a text that was skimmed the same as one that was kept whole, but for what nobody
 * asks for?
 * Use     json_parse(&whole, a, n, limits, &err); limits.skim = ...; json_parse(&skimmed, b, n, ...)
 *         skim_agrees(&whole, &skimmed, limits)                                              */
#ifndef PULLGATE_TESTS_JSON_SKIM_H
#define PULLGATE_TESTS_JSON_SKIM_H

#include "json/json.h"

/* The container at `at` is the value of `skim` in an object that is the value of `skim_in`. */
static inline bool skim_is_asked(const struct json *j, json_at at, struct json_limits limits) {
    if (at < 2 || !str_eq(json_str(j, at - 1), limits.skim) || j->nodes[at].depth < 2)
        return false;
    json_at around = at;
    while (j->nodes[around].depth != j->nodes[at].depth - 1 || j->nodes[around].next <= at)
        around--;
    return j->nodes[around].type == JSON_OBJECT && around != 0 &&
           j->nodes[around - 1].depth == j->nodes[around].depth &&
           str_eq(json_str(j, around - 1), limits.skim_in);
}

static inline bool skim_agrees(const struct json *whole, const struct json *skimmed,
                               struct json_limits limits) {
    json_at w = 0;
    for (json_at s = 0; s < skimmed->n_nodes; s++) {
        const struct json_node *a = &whole->nodes[w], *b = &skimmed->nodes[s];
        if (w >= whole->n_nodes || a->type != b->type || a->len != b->len ||
            a->depth != b->depth || a->off != b->off ||
            !str_eq(json_str(whole, w), json_str(skimmed, s)))
            return false;
        bool is_skimmed = a->type >= JSON_ARRAY && skim_is_asked(whole, w, limits);
        if (is_skimmed && b->next != s + 1)
            return false;
        w = is_skimmed ? a->next : w + 1;
    }
    return w == whole->n_nodes;
}

#endif
