/* sync - which copies of pull secrets must be where: state in, actions out.
 *
 *      rule file --sync_requests--> requests --\
 *      Secrets   --sync_read_secret-----------  \
 *      Namespaces --sync_read_namespace--------  +--> sync_plan --> actions, sorted by namespace and name
 *      what is unknown, absent, contested; now -/         apply | recreate | delete | report
 *
 * Level      the plan is made from the whole state each time, never from an event. Applied and planned
 *            again, nothing is left to do; a plan of any state leads there (of copies of copies, which only
 *            a person makes, each plan ends one)
 * Source     a Secret that a request names (spec.secrets of a rule file), or with an annotation in a
 *            namespace whose annotations count. It is spread only if it decodes (`fault` is empty)
 * Copy       the Secret at (namespace, name) of a request, with the source's type and data, and our marks:
 *              labels       app.kubernetes.io/managed-by: pullgate
 *                           pullgate.dev/source-namespace, pullgate.dev/source-name (hashed beyond 63 bytes)
 *                           pullgate.dev/copy: 32 hex digits over instance, source, namespace and name
 *              annotations  pullgate.dev/source: namespace/name
 *                           pullgate.dev/content-sha256: over type, keys and values
 *            Nothing else of the source is copied: labels of Helm and Argo CD, last-applied-configuration,
 *            ownerReferences and the annotations that ask for copies would each do harm there
 * Ours       is what has managed-by, the annotation source, and a mark `copy` that fits them and the place. A copy that somebody made of a
 *            copy has marks that do not fit: it is foreign, like any other Secret. What is foreign is
 *            never changed and never deleted, but reported until it goes
 * Keys       server-side apply leaves keys of other writers alone. A copy is current when it has each of
 *            the source's keys with its value, and no other key that is ours
 * Pruning    a copy of ours that nothing requests is deleted. A copy whose source is gone is kept for
 *            grace_s after it was first found absent; one whose source is unknown or refused is kept
 * Pure       no input, output, clock or global; hashing is the caller's function
 * Cost       n log n in Secrets and in namespaces, plus namespaces x requests
 * Ownership  structs borrow their texts; a plan borrows from the state and the arena
 * Threads    pure functions
 * Source     Kubernetes server-side apply (KEP-555), structured-merge-diff; Astronomer's
 *            commander-sync; labels: apimachinery labels/selector.go                         */
#ifndef PULLGATE_SYNC_SYNC_H
#define PULLGATE_SYNC_SYNC_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "engine/policy.h"
#include "match/match.h"

/* ---- names on the wire --------------------------------------------------------------- */

#define SYNC_FIELD_MANAGER "pullgate-sync"
#define SYNC_MANAGED_BY_KEY "app.kubernetes.io/managed-by"
#define SYNC_MANAGED_BY "pullgate"
/* The selector of all copies of all instances. */
#define SYNC_COPIES_SELECTOR "app.kubernetes.io/managed-by=pullgate,pullgate.dev/copy"
#define SYNC_COPY_KEY "pullgate.dev/copy"
#define SYNC_SOURCE_NAMESPACE_KEY "pullgate.dev/source-namespace"
#define SYNC_SOURCE_NAME_KEY "pullgate.dev/source-name"
#define SYNC_SOURCE_KEY "pullgate.dev/source"
#define SYNC_CONTENT_KEY "pullgate.dev/content-sha256"
#define SYNC_TO_KEY "pullgate.dev/sync-to"
#define SYNC_COMMANDER_KEY "astronomer.io/commander-sync"

enum { SYNC_SHA256_BYTES = 65, SYNC_MARK_BYTES = 33 }; /* hex, with a NUL */

/* Lower-case hex and a NUL, as certs_sha256_hex. */
typedef void sync_sha256_fn(struct str bytes, char out[SYNC_SHA256_BYTES]);

/* ---- the state ----------------------------------------------------------------------- */

struct sync_key { /* of a Secret's data */
    struct str key;
    struct str value; /* base64 as the API prints it; empty where data was not kept */
    char sha256[SYNC_SHA256_BYTES]; /* of that text */
    bool ours;                      /* managedFields: applied by SYNC_FIELD_MANAGER */
};

enum sync_owner {
    SYNC_FOREIGN,
    SYNC_MISFIT, /* foreign: has our marks, but of another place or instance */
    SYNC_OURS
};

struct sync_secret {
    struct str namespace, name, uid, resource_version, type;
    bool immutable;
    bool deleting; /* has a deletionTimestamp: a finalizer holds it */
    enum sync_owner owner;
    struct str source_namespace, source_name; /* of ours: from the annotation */
    struct str noted;                         /* of ours: SYNC_CONTENT_KEY */
    bool labelled;                            /* of ours: the labels of the source are right */
    struct str rival; /* the tool or field manager that also writes it; empty: none is seen */
    struct str sync_to, commander; /* annotations that ask for copies; p is NULL: absent */
    const struct sync_key *keys;   /* sorted by key */
    size_t n_keys;
    char content[SYNC_SHA256_BYTES]; /* of type, keys and values as they are */
    struct str
        fault; /* why it must not be spread ("not JSON ..."); never has a password. Empty: it may */
    bool has_data; /* values were kept: it can be a source */
};

struct sync_namespace {
    struct str name;
    const struct match_label *labels;
    size_t n_labels;
    bool terminating;
};

enum sync_origin { SYNC_BY_RULE, SYNC_BY_ANNOTATION, SYNC_BY_COMMANDER }; /* the first wins */

struct sync_request {
    struct str source_namespace, source_name;
    struct str name; /* of the copies */
    enum sync_origin origin;
    bool everywhere;         /* else by one of: */
    const struct str *globs; /* names of namespaces, any of */
    size_t n_globs;
    struct match_selector selector; /* their labels; n_globs is 0 */
    struct policy_pos pos;          /* of the entry of spec.secrets; line 0: an annotation */
};

/* What could not be read, such as what RBAC refuses, or was not listed yet. Nothing is written to it and
 * nothing is pruned because of it. */
struct sync_unknown {
    struct str namespace, name; /* empty: every one */
    struct str why;
};

/* A source that was looked for and is not there, since when without interruption. A missing source
 * without an entry is absent since now. */
struct sync_absence {
    struct str namespace, name;
    int64_t since_s;
};

/* A copy that somebody else changes or deletes each time after it was applied. Kept by the caller
 * for a copy once sync_contest_note() was called for it. */
struct sync_contest {
    struct str namespace, name;
    unsigned n;      /* changes by others, near each other */
    int64_t since_s; /* the first of them */
    int64_t until_s; /* until then the copy is left alone */
};

struct sync_state {
    int64_t now_s;
    int64_t grace_s;    /* how long copies of an absent source stay */
    bool respect_value; /* a commander-sync of the form k=v selects namespaces by label */
    const struct str
        *annotated; /* globs: the namespaces whose Secrets may ask for copies by annotation */
    size_t n_annotated;
    /* In any order. Of two with the same namespace and name the later counts. */
    const struct sync_secret
        *secrets; /* sources, copies, and foreign Secrets where copies should be */
    size_t n_secrets;
    const struct sync_namespace *namespaces;
    size_t n_namespaces;
    const struct sync_request *requests; /* of the rule files */
    size_t n_requests;
    const struct sync_unknown *unknown;
    size_t n_unknown;
    const struct sync_absence *absent;
    size_t n_absent;
    const struct sync_contest *contests;
    size_t n_contests;
};

/* ---- the plan ------------------------------------------------------------------------ */

enum sync_verb { SYNC_APPLY, SYNC_RECREATE, SYNC_DELETE, SYNC_REPORT };

enum sync_reason {
    /* apply */
    SYNC_MISSING, /* there is no copy yet: apply without force, so that one made meanwhile is a 409 */
    SYNC_CONTENT, /* its data differs */
    SYNC_MARKS,   /* its labels or annotations differ */
    SYNC_MOVED,   /* it is of another source */
    /* recreate: delete with the copy's uid and resourceVersion as preconditions, then apply */
    SYNC_TYPE,      /* the type differs, and cannot change */
    SYNC_IMMUTABLE, /* the copy is immutable and differs */
    /* delete, with the same preconditions */
    SYNC_UNREQUESTED, /* nothing requests it any more */
    SYNC_SOURCE_GONE, /* its source is absent, and the grace is over */
    /* report, of a copy */
    SYNC_FOREIGN_SECRET, /* there is another Secret of that name */
    SYNC_CONTESTED,   /* another syncer writes it as well: left alone until the contest's end */
    SYNC_CONFLICT,    /* two sources for one copy: that of `request` is taken, not `other`'s */
    SYNC_TERMINATING, /* the namespace is going: nothing is created there */
    SYNC_DELETING,    /* the copy is going: applied once it is gone */
    SYNC_KEPT,        /* its source is absent: kept until the grace is over */
    /* report, of a source */
    SYNC_SOURCE_MISSING, /* requested, and not there */
    SYNC_SOURCE_REFUSED, /* does not decode, or is of a type that must not be spread: `text` */
    SYNC_SOURCE_COPY,    /* it is a copy itself */
    SYNC_BAD_ANNOTATION, /* its annotation is neither a selector nor globs: `text` */
    SYNC_NOT_COUNTED,    /* it asks for copies by annotation, and its namespace may not */
    SYNC_NOT_READ,       /* of `unknown`: `text` is why */
    SYNC_N_REASONS
};

struct sync_action {
    enum sync_verb verb;
    enum sync_reason reason;
    struct str namespace, name;         /* of the copy, or of the source that is reported */
    const struct sync_secret *source;   /* to apply; NULL: there is none */
    const struct sync_secret *copy;     /* as it is; NULL: there is none */
    const struct sync_request *request; /* by which it is wanted; NULL: by none */
    const struct sync_request *other;   /* SYNC_CONFLICT */
    struct str text;
    int64_t until_s; /* SYNC_CONTESTED, SYNC_KEPT */
};

struct sync_plan {
    const struct sync_action *v;
    size_t n;
    size_t
        n_wanted; /* copies that are requested, of sources that can be spread, in namespaces that stay */
    size_t n_current; /* of those: nothing to do */
    size_t counts[SYNC_N_REASONS];
    int64_t next_s; /* when time alone changes the plan; INT64_MAX: never */
};

/* Actions in the order of namespace, name, verb. Errors: EC_NOMEM and EC_LIMIT (the arena is full), *out is
 * then undefined. */
enum ec sync_plan(struct sync_plan *out, const struct sync_state *state, struct arena *arena,
                  struct err *err) MUST_CHECK;

/* The number of actions that are not done by waiting: those that change something, and reports of what
 * somebody has to mend. */
size_t sync_plan_n_open(const struct sync_plan *p);

/* "apply", "missing": stable words for JSON, metrics and events. */
const char *sync_verb_name(enum sync_verb v);
const char *sync_reason_name(enum sync_reason r);
/* One line for people: "apply airbyte/regcred: there is no copy of platform/regcred yet". The policy
 * names the files of requests; or NULL. Escaping is the caller's. */
void sync_explain(const struct sync_action *a, const struct policy *policy, struct buf *out);

/* ---- requests ------------------------------------------------------------------------ */

/* One for each entry of spec.secrets that rules of its file use: its namespaces are theirs.
 * Errors: EC_NOMEM, EC_LIMIT. */
enum ec sync_requests(const struct sync_request **out, size_t *n, const struct policy *policy,
                      struct arena *arena, struct err *err) MUST_CHECK;

/* Reads the value of SYNC_TO_KEY into globs, everywhere or selector: names of namespaces with `*`,
 * separated by commas; or, when it has one of = ! ( /, a label selector as kubectl takes it
 * ("team=a,tier in (x,y),!legacy"). Errors: EC_SYNTAX with offset, EC_NOMEM, EC_LIMIT. */
enum ec sync_read_targets(struct sync_request *out, struct str text, struct arena *arena,
                          struct err *err) MUST_CHECK;

/* ---- contests ------------------------------------------------------------------------ */

enum { SYNC_CONTEST_MAX = 3, SYNC_CONTEST_WINDOW_S = 60, SYNC_CONTEST_PAUSE_S = 600 };

/* Notes that a copy was found changed or deleted by somebody else after we had applied it: the third time
 * within a minute, it is left alone for ten. */
void sync_contest_note(struct sync_contest *c, int64_t now_s);
/* Whether the entry can be dropped. */
bool sync_contest_is_over(const struct sync_contest *c, int64_t now_s);

/* ---- from and to JSON ---------------------------------------------------------------- */

struct json; /* json/json.h: the document an object is read from; must outlive what is read */

struct sync_reader {
    sync_sha256_fn *sha256;
    struct str instance; /* of this pullgate-sync, in the mark `copy` */
    bool keep_data; /* keep values, and look whether they decode: for what may be a source */
};

/* Reads an object of kind Secret or Namespace, node `at`. Texts borrow from the document, the rest is in
 * the arena. Errors: EC_SCHEMA (not of that kind, without a name, a field of the wrong type, a text that
 * other readers read differently), EC_NOMEM, EC_LIMIT. */
enum ec sync_read_secret(struct sync_secret *out, const struct sync_reader *r,
                         const struct json *j, uint32_t at, struct arena *arena,
                         struct err *err) MUST_CHECK;
enum ec sync_read_namespace(struct sync_namespace *out, const struct json *j, uint32_t at,
                            struct arena *arena, struct err *err) MUST_CHECK;

/* Deep copies in one block of mem.h each, values only if they are kept; NULL: no memory. What has values
 * is wiped by its free. NULL is fine there. */
struct sync_secret *sync_secret_new(const struct sync_secret *s) MUST_CHECK;
void sync_secret_free(struct sync_secret *s);
struct sync_namespace *sync_namespace_new(const struct sync_namespace *n) MUST_CHECK;
void sync_namespace_free(struct sync_namespace *n);

/* Appends the body of the server-side apply of an action (SYNC_APPLY, SYNC_RECREATE) as JSON. It holds
 * the credential: wipe it. Whether it goes with force: when there is a copy, which is ours. */
void sync_print_copy(struct buf *out, const struct sync_reader *r, const struct sync_action *a);

#endif
