/* anchors - the values of the anchors of one YAML document.
 * Why        an alias is expanded by copying what its anchor was converted to: JSON text, locations,
 *            and, for "<<", the members of a mapping. So expansion is bounded by the size of its
 *            result, and nothing recurses
 * Shape      definitions in the order of the text; an index by name holds the latest of each
 * Limits     ANCHORS_MAX definitions; the index is sorted, so no choice of names makes it slow
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
    ANCHOR_MERGE_LIST /* the list after a "<<": there is no JSON array of it */
};

struct member;

/* The value of an anchored container: the JSON text between its brackets, and its nodes. */
struct expansion {
    const char *text;
    size_t bytes;
    const struct yaml_location *pos;
    const struct origin *origin; /* NULL: no node of the document is a copy or was removed */
    uint32_t n_nodes;
};

struct anchor {
    struct str name;
    enum anchor_kind kind;
    bool open;                /* its end has not been seen */
    struct scalar scalar;     /* of a scalar */
    struct yaml_location pos; /* of the scalar or container */
    uint32_t id;              /* of its node, or ORIGIN_GONE: after a "<<" there is none */
    size_t from, to;          /* of a container: the JSON text between its brackets ... */
    uint32_t first, after;    /* ... and the nodes of that text */
    size_t steps;             /* go-yaml's count for decoding it */
    struct member *members;   /* of a mapping; offsets relative to `from`, nodes to `first` */
    uint32_t n_members;
    const struct expansion *aside; /* a copy: the document's text has changed since */
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

/* A new definition with nothing but its name; the pointer is valid until the next call. */
enum ec yaml_anchors_define(struct anchors *a, struct str name, struct anchor **out,
                            struct err *err) MUST_CHECK;
/* The latest definition of a name, or NULL. */
const struct anchor *yaml_anchors_find(const struct anchors *a, struct str name);

/* The document's text is about to change from `from` on: anchors defined there get copies of their
 * values. Errors: EC_NOMEM, EC_LIMIT. */
enum ec yaml_anchors_put_aside(struct anchors *a, size_t from, const struct emitted *out,
                               struct err *err) MUST_CHECK;
/* The value of a closed container, borrowed from the document or from the copy put aside. */
struct expansion yaml_anchors_expand(const struct anchor *a, const struct emitted *out);

/* go-yaml's rule on the share of decoding steps that may come from aliases. */
bool yaml_anchors_are_too_much(size_t steps, size_t alias_steps);

#endif
