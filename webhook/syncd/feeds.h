/* syncd/feeds - the watches, and what they have reported.
 *
 *      namespaces   all Namespaces
 *      copies       Secrets of one name, in every namespace: copies, and foreign ones in their places
 *      marked       Secrets with the labels of copies: --all-copies
 *      annotated    Secrets of a namespace whose annotations count
 *      source       one Secret that the rule file names
 *
 * Rights     one name each is what RBAC can grant (resourceNames with a field selector on metadata.name)
 * Order      a Secret may be in several feeds: in those with its data last, as sync_plan() wants it
 * Threads    one                                                                             */
#ifndef PULLGATE_SYNCD_FEEDS_H
#define PULLGATE_SYNCD_FEEDS_H

#include "kube/kube.h"
#include "syncd/store.h"

struct daemon;

enum feed_kind { FEED_NAMESPACES, FEED_COPIES, FEED_MARKED, FEED_ANNOTATED, FEED_SOURCE };

struct feed {
    struct feed *next;
    struct daemon *daemon;
    enum feed_kind kind;
    char *namespace, *name; /* "" where the kind has none */
    struct kube_watch *watch;
    struct store store;
    bool wanted, listed, troubled;
};

struct feeds {
    struct feed *first; /* sorted by kind */
};

/* Starts and ends watches as the requests and the annotations want it. Errors: EC_NOMEM. */
enum ec feeds_update(struct daemon *d, struct err *err) MUST_CHECK;
void feeds_done(struct feeds *f);

struct feed *feeds_find(const struct feeds *f, enum feed_kind kind, struct str namespace,
                        struct str name);
/* The feed that would hold this source; NULL: none does. */
struct feed *feeds_of_source(const struct daemon *d, struct str namespace, struct str name);

/* What it has is complete as of some moment. */
bool feeds_is_known(const struct feed *f);

/* What a GET or an apply has found; false: no memory. */
bool feeds_put(struct feed *f, const struct kube_object *object) MUST_CHECK;
void feeds_gone(struct feed *f, struct str namespace, struct str name);

/* "secrets a/b", "namespaces": for messages. */
void feeds_describe(const struct feed *f, struct buf *out);

#endif
