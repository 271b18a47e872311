/* copies - a cluster of namespaces and Secrets in memory, and what the API server makes of a plan's actions.
 * Use        copies_namespace() and copies_secret() fill it, copies_state() is what sync_plan() takes,
 *            copies_apply() does an action as server-side apply does it
 * Ownership  it owns all it holds
 * Errors     without memory it aborts: it is for tests                                        */
#ifndef PULLGATE_TESTS_PROPERTY_COPIES_H
#define PULLGATE_TESTS_PROPERTY_COPIES_H

#include "sync/sync.h"

enum { COPIES_MAX = 512 };

struct copies {
    struct sync_secret *secrets[COPIES_MAX];
    size_t n_secrets;
    struct sync_namespace *namespaces[COPIES_MAX];
    size_t n_namespaces;
    struct sync_secret *gone[2 * COPIES_MAX]; /* from which the last plan still borrows */
    size_t n_gone;
    struct sync_reader reader;
    /* what copies_state() points to */
    struct sync_secret list[COPIES_MAX];
    struct sync_namespace names[COPIES_MAX];
};

struct copies_secret {                                  /* NULL: absent */
    const char *namespace, *name, *type, *value, *more; /* more: the value of a second key */
    const char *sync_to, *commander, *annotation; /* the last: a key with an empty value */
    const char *of;       /* "namespace/name": it is a copy of that source, of ours */
    const char *of_place; /* with marks for that place, "namespace/name" */
    const char *noted;    /* another SYNC_CONTENT_KEY */
    const char *manager;  /* which also has its data */
    bool immutable, deleting, unlabelled, more_is_ours;
    bool without_data;
};

void copies_init(struct copies *c);
void copies_done(struct copies *c);

/* labels: "team=a,tier=x" or "" */
void copies_namespace(struct copies *c, const char *name, const char *labels, bool terminating);
void copies_secret(struct copies *c, const struct copies_secret *s);

/* Valid until the next change. Requests and lists of what is not known are the caller's. */
void copies_state(struct copies *c, struct sync_state *out);

/* What is at that place, or NULL. */
const struct sync_secret *copies_find(const struct copies *c, struct str namespace,
                                      struct str name);

/* Does it, except reports. What no plan may do is the answer; else NULL. */
const char *copies_apply(struct copies *c, const struct sync_action *a);

/* A hash that is none: for tests alone. */
void copies_sha256(struct str bytes, char out[SYNC_SHA256_BYTES]);

#endif
