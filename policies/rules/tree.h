/* tree - JSON bytes to jansson's tree in an arena, its allocations behind base/mem.h.
 * Ownership  the tree lives in its arena until tree_done: no json_decref, no changes to it
 * Limits     256 MiB for one tree
 * Threads    any; a tree belongs to the one that made it
 * Source     jansson 2.14, whose lexer overlooks that an allocation failed while it gathers a
 *            token, and then reads and writes beyond the token's end (seen under ASan)      */
#ifndef PULLGATE_RULES_TREE_H
#define PULLGATE_RULES_TREE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#include <jansson.h>

struct tree {
    json_t *root;
    struct arena arena;
};

/* Errors: EC_SYNTAX (numbers beyond a double: the bytes come from a reader of JSON), EC_LIMIT,
 * EC_NOMEM. *out needs tree_done in any case. */
enum ec tree_parse(struct tree *out, struct str json, struct err *err) MUST_CHECK;
void tree_done(struct tree *t);

#endif
