/* sync/internal - what the files of the module share. */
#ifndef PULLGATE_SYNC_INTERNAL_H
#define PULLGATE_SYNC_INTERNAL_H

#include "sync/sync.h"

/* ---- marks.c ------------------------------------------------------------------------- */

/* The value of SYNC_COPY_KEY; empty for names that no object can have. */
void sync_mark(char out[SYNC_MARK_BYTES], const struct sync_reader *r,
               const struct sync_secret *source, struct str namespace, struct str name);

enum { SYNC_LABEL_BYTES = 64 };
/* The value of SYNC_SOURCE_NAME_KEY: the name, or its start and a hash. */
struct str sync_name_label(struct str name, sync_sha256_fn *sha256,
                           char room[SYNC_LABEL_BYTES]);

/* Sets out->content from its type and keys. false: a key is longer than any object can have. */
bool sync_hash_content(struct sync_secret *out, sync_sha256_fn *sha256) MUST_CHECK;

/* ---- decode.c ------------------------------------------------------------------------- */

/* The types that the kubelet reads. */
bool sync_is_pull_secret(struct str type);
/* Sets the fault of a pull secret that has its values. Errors: EC_NOMEM, EC_LIMIT (the arena). */
enum ec sync_find_fault(struct sync_secret *s, struct arena *arena, struct err *err) MUST_CHECK;

/* ---- spots.c: lists by place ---------------------------------------------------------- */

struct sync_spot {
    struct str namespace, name;
    size_t at; /* in its list */
};

struct sync_spots { /* sorted by namespace, then name; of equal ones the last of the list */
    struct sync_spot *v;
    size_t n;
};

void sync_spots_sort(struct sync_spots *spots);
/* NULL: there is none. */
const struct sync_spot *sync_spots_find(const struct sync_spots *spots, struct str namespace,
                                        struct str name);

/* ---- wants.c: requests with their sources ---------------------------------------------- */

enum sync_want_state {
    WANT_READY,
    WANT_HELD,   /* its source cannot be spread: what is there stays */
    WANT_MISSING /* its source is absent */
};

struct sync_want {
    const struct sync_request *request;
    const struct sync_secret *source; /* NULL unless WANT_READY */
    enum sync_want_state state;
    bool unclear;      /* which namespaces it is for is not known: its copies stay */
    struct str *names; /* of the globs, those without a star; sorted */
    size_t n_names;
    struct str *globs; /* the others */
    size_t n_globs;
};

/* What a plan is made with. */
struct sync_work {
    const struct sync_state *state;
    struct arena *arena;
    struct err *err;
    struct sync_spots secrets, absent, contests, unknown, unclear;
    struct sync_want *wants; /* by name, origin, source */
    size_t n_wants, cap_wants;
    struct sync_action *actions;
    size_t n_actions, cap_actions;
    struct sync_plan *plan;
};

/* All have EC_NOMEM and EC_LIMIT. */
enum ec sync_find_wants(struct sync_work *w) MUST_CHECK;
enum ec sync_add_action(struct sync_work *w, struct sync_action action) MUST_CHECK;
bool sync_want_covers(const struct sync_want *want, const struct sync_namespace *namespace);
/* NULL: it is known. */
const struct sync_unknown *sync_find_unknown(const struct sync_work *w, struct str namespace,
                                             struct str name);

#endif
