/* anchors - what the anchors of one YAML document stand for.
 * Why        an alias is expanded by copying what its anchor has already become: JSON text and
 *            positions. So expansion is bounded by the size of its result, and nothing recurses
 * Shape      definitions in the order of the text; an index by name holds the latest of each
 * Limits     ANCHORS_MAX definitions; the index is kept sorted, so nobody can choose names
 *            that make it slow
 * Threads    one at a time                                                                  */
#ifndef PULLGATE_YAML_ANCHORS_H
#define PULLGATE_YAML_ANCHORS_H

#include "base/arena.h"
#include "yaml/inner.h"

enum { ANCHORS_MAX = 16384 };

enum anchor_kind {
    ANCHOR_SCALAR,
    ANCHOR_MAP,
    ANCHOR_LIST,
    ANCHOR_MERGE_LIST /* the list behind a "<<": it never became a JSON array */
};

struct anchor {
    struct str name;
    enum anchor_kind kind;
    bool open;             /* its end has not been seen */
    struct scalar scalar;  /* of a scalar */
    struct yaml_pos pos;   /* of the scalar or container */
    size_t from, to;       /* of a container: the JSON text between its brackets ... */
    uint32_t first, after; /* ... and the nodes of that text */
    size_t steps;          /* what go-yaml counts for decoding it */
};

struct anchors {
    struct arena names; /* and texts of scalars */
    struct anchor *defined;
    uint32_t n, cap;
    uint32_t *by_name; /* numbers of definitions, one per name, sorted by name */
    uint32_t n_names, cap_names;
};

void anchors_init(struct anchors *a, size_t max_bytes);
void anchors_done(struct anchors *a);

/* A new definition with its name alone, not NULL on EC_OK; the pointer holds until the next. */
enum ec anchors_define(struct anchors *a, struct str name, struct anchor **out, struct err *err)
    MUST_CHECK;
/* The latest definition of a name, or NULL. */
const struct anchor *anchors_find(const struct anchors *a, struct str name);

/* go-yaml's rule: of `steps` of decoding so many may come from aliases. */
bool anchors_are_too_much(size_t steps, size_t alias_steps);

#endif
