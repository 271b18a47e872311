/* members - which member of a mapping counts, where "<<" brings some that it has already.
 *
 *      {a: 1, <<: [*x, *y], b: 2}      a, then y's, then x's, then b: in the order in which
 *                                      go-yaml takes them, each in place of one of its name
 *
 * Shape      one stack for all mappings that are open; a mapping's own segment is on top of it
 * Rules      what does not count is taken out of the JSON and the nodes when its mapping ends. An
 *            anchor in there may be asked for later: its text is put aside first
 * Threads    one at a time                                                                  */
#ifndef PULLGATE_YAML_MEMBERS_H
#define PULLGATE_YAML_MEMBERS_H

#include "yaml/anchors.h"

struct member {
    uint32_t at;   /* of its key's quote in the JSON */
    uint32_t len;  /* of its key, with the quotes */
    uint32_t node; /* its key */
    uint32_t run;  /* the item of a list behind "<<" that brought it */
    uint64_t kind; /* of the key (yaml_scalar_print_key) */
    bool own;      /* written in this mapping, brought by no "<<" */
    bool lost;     /* another one counts */
};

struct members {
    struct member *v;
    uint32_t n, cap;
};

/* Errors: EC_NOMEM. */
enum ec yaml_members_add(struct members *m, struct member one, struct err *err) MUST_CHECK;

/* A list behind "<<" ends, its items numbered by their runs: the first item counts, so it is taken
 * last. */
void yaml_members_reverse_runs(struct members *m, uint32_t first);

/* A mapping ends. */
struct members_of {
    uint32_t first; /* of the stack */
    uint32_t from;  /* its JSON begins here */
    uint32_t mapping_id;
};

/* Each key once. Errors: EC_SCHEMA at a key that stands twice in the mapping itself, or reads like
 * another one; EC_NOMEM, EC_LIMIT. */
enum ec yaml_members_settle(struct members *m, const struct members_of *of, struct emitted *out,
                            struct anchors *anchors, struct err *err) MUST_CHECK;

#endif
