/* syncd/places - where a copy is, or should be: what is in progress there, what failed, who else writes.
 * Life       a place is there while one of these is so; places_sweep() drops the others
 * Threads    one                                                                             */
#ifndef PULLGATE_SYNCD_PLACES_H
#define PULLGATE_SYNCD_PLACES_H

#include "kube/kube.h"
#include "sync/sync.h"

struct place {
    char *namespace, *name;
    bool in_progress;
    int64_t due_ns; /* after a failure: not before */
    struct kube_backoff backoff;

    char applied[SYNC_SHA256_BYTES]; /* content of the last apply; "": none */
    int64_t applied_s;
    struct sync_contest contest; /* n is 0: none */

    uint64_t version;     /* of the copy, when the call was sent; 0: there was none */
    unsigned looks;       /* before a deletion: answers that are awaited */
    bool has_objection;   /* one of them speaks against it */
    int64_t confirmed_ns; /* when they all agreed; 0: never */
};

struct places {
    struct place **v; /* sorted by namespace and name */
    size_t n, cap;
};

void places_done(struct places *p);

/* NULL: no memory. */
struct place *places_get(struct places *p, struct str namespace, struct str name,
                         uint64_t seed);

void places_sweep(struct places *p, int64_t now_ns, int64_t now_s);

void places_succeeded(struct place *p);
void places_failed(struct place *p, int64_t now_ns);

#endif
