/* anchors - what the anchors of one YAML document stand for.
 * Why        an alias is expanded by copying what its anchor has already become: JSON text,
 *            positions, and the members of a mapping for "<<". So expansion is bounded by the size of its result, and nothing recurses
 * Shape      definitions in the order of the text; an index by name holds the latest of each
 * Limits     ANCHORS_MAX definitions; the index is kept sorted, so nobody can choose names
 *            that make it slow
 * Threads    one at a time                                                                  */
#ifndef PULLGATE_YAML_ANCHORS_H
#define PULLGATE_YAML_ANCHORS_H

#include "base/arena.h"
#include "yaml/internal.h"

enum { ANCHORS_MAX = 16384 };

enum anchor_kind {
    ANCHOR_SCALAR,
    ANCHOR_MAP,
    ANCHOR_LIST,
    ANCHOR_MERGE_LIST /* the list behind a "<<": it never became a JSON array */
};

struct member;

/* What an anchored container has become: the JSON text between its brackets, and its nodes. */
struct expansion {
    const char *text;
    size_t bytes;
    const struct yaml_pos *pos;
    const struct origin *origin; /* or NULL: node i of the document was written as the i-th */
    uint32_t n_nodes;
};

struct anchor {
    struct str name;
    enum anchor_kind kind;
    bool open;              /* its end has not been seen */
    struct scalar scalar;   /* of a scalar */
    struct yaml_pos pos;    /* of the scalar or container */
    uint32_t id;            /* of its node, or ORIGIN_GONE: there is none behind a "<<" */
    size_t from, to;        /* of a container: the JSON text between its brackets ... */
    uint32_t first, after;  /* ... and the nodes of that text */
    size_t steps;           /* what go-yaml counts for decoding it */
    struct member *members; /* of a mapping; places from the text's and the nodes' beginning */
    uint32_t n_members;
    const struct expansion *aside; /* the document's text has changed since */
};

struct anchors {
    struct arena names; /* and texts of scalars */
    struct anchor *defined;
    uint32_t n, cap;
    uint32_t *by_name; /* numbers of definitions, one per name, sorted by name */
    uint32_t n_names, cap_names;
};

void yaml_anchors_init(struct anchors *a, size_t max_bytes);
void yaml_anchors_done(struct anchors *a);

/* A new definition with its name alone, not NULL on EC_OK; the pointer holds until the next. */
enum ec yaml_anchors_define(struct anchors *a, struct str name, struct anchor **out,
                            struct err *err) MUST_CHECK;
/* The latest definition of a name, or NULL. */
const struct anchor *yaml_anchors_find(const struct anchors *a, struct str name);

/* The text of the document is about to change behind `from`: anchors there get copies of theirs.
 * Errors: EC_NOMEM, EC_LIMIT. */
enum ec yaml_anchors_put_aside(struct anchors *a, size_t from, const struct emitted *out,
                               struct err *err) MUST_CHECK;
/* What a closed container stands for; borrowed from the document, or put aside. */
struct expansion yaml_anchors_expand(const struct anchor *a, const struct emitted *out);

/* go-yaml's rule: of `steps` of decoding so many may come from aliases. */
bool yaml_anchors_are_too_much(size_t steps, size_t alias_steps);

#endif
