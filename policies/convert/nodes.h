/* convert/nodes - what formats that configure nodes and proxies share: mirrors, search lists.
 * Threads    one at a time                                                                   */
#ifndef PULLGATE_CONVERT_NODES_H
#define PULLGATE_CONVERT_NODES_H

#include "convert/draft.h"

/* A mirror; `note` NULL: exactly. Not taken when the place has another mirror already.
 * Returns its item, which is not NULL. */
struct convert_item *convert_mirror(struct convert *c, struct convert_block *b, json_at at,
                                    struct str from, struct str to, const char *note);

/* The registries in which images without one are searched: one of them is `registry`. */
void convert_search_list(struct convert *c, struct convert_block *b, json_at list);

/* Of a block that approves nothing: everything, since mirrors refuse nothing. */
void convert_approve_rest(struct convert *c, struct convert_block *b, const char *why);

/* The first mirror of nodes, which try others, and the source at last. */
#define NODES_FIRST_MIRROR                                                                     \
    "the name in the pod is rewritten, without trying other mirrors and the source"

#endif
