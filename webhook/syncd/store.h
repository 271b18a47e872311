/* syncd/store - Secrets or Namespaces as one watch has reported them.
 *
 *      sorted by namespace and name; a list marks what it holds, its end drops what it did not
 *
 * Own write  the answer to an apply is stored at once, with the version that the watch will report: older events
 *            of the object, which are still on their way, are ignored until then
 * Ownership  owns its secrets and namespaces
 * Threads    one                                                                             */
#ifndef PULLGATE_SYNCD_STORE_H
#define PULLGATE_SYNCD_STORE_H

#include "sync/sync.h"

struct store_item {
    struct sync_secret *secret; /* one of both */
    struct sync_namespace *namespace;
    uint32_t mark;
    uint64_t version; /* store_version() of the object */
    uint64_t awaited; /* of the write whose event has not come; 0: none */
};

struct store {
    struct store_item *v;
    size_t n, cap;
    uint32_t mark; /* of the last list */
};

void store_done(struct store *s);

struct store_item *store_find(const struct store *s, struct str namespace, struct str name);

/* Takes the one of the two that is not NULL, in place of what was there; false, taken and freed: no memory. */
bool store_put_take(struct store *s, struct sync_secret *secret,
                    struct sync_namespace *namespace, uint64_t version) MUST_CHECK;
void store_drop(struct store *s, struct store_item *item);

void store_begin(struct store *s); /* of a list */
void store_end(struct store *s);

/* Of a resourceVersion, to compare; never 0. */
uint64_t store_version(struct str version);

#endif
