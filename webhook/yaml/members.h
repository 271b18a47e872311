/* members - which member of a mapping counts, when "<<" adds names that it already has.
 *
 *      {a: 1, <<: [*x, *y], b: 2}      a, then y's, then x's, then b: the order in which go-yaml
 *                                      sets them, each replacing an earlier one of its name
 *
 * Shape      one stack for all open mappings; a mapping's own segment is on top of it
 * Rules      overridden members are removed from the JSON and the nodes when their mapping ends.
 *            An anchor in them may be used later: its text is put aside first
 * Threads    one at a time                                                                  */
#ifndef PULLGATE_YAML_MEMBERS_H
#define PULLGATE_YAML_MEMBERS_H

#include "yaml/anchors.h"

struct member {
    uint32_t at;   /* of its key's quote in the JSON */
    uint32_t len;  /* of its key, with the quotes */
    uint32_t node; /* its key */
    uint32_t run;  /* number of the item of a list after "<<" that it comes from */
    uint64_t kind; /* of the key (yaml_scalar_print_key) */
    bool own;      /* written in this mapping, not added by a "<<" */
    bool lost;     /* overridden */
};

struct members {
    struct member *v;
    uint32_t n, cap;
};

/* Errors: EC_NOMEM. */
enum ec yaml_members_add(struct members *m, struct member one, struct err *err) MUST_CHECK;

/* A list after "<<" ends. Its items are the runs; the first one wins, so it is moved to the end. */
void yaml_members_reverse_runs(struct members *m, uint32_t first);

/* A mapping ends. */
struct members_of {
    uint32_t first; /* of the stack */
    uint32_t from;  /* its JSON begins here */
    uint32_t mapping_id;
};

/* Leaves each key once. Errors: EC_SCHEMA at a key that is a duplicate in the mapping itself, or has
 * the same text as another one; EC_NOMEM, EC_LIMIT. */
enum ec yaml_members_settle(struct members *m, const struct members_of *of, struct emitted *out,
                            struct anchors *anchors, struct err *err) MUST_CHECK;

#endif
