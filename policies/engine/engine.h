/* engine - rules x workload -> decision: pure.
 *
 *      struct policy   --\
 *      struct workload ---+--> engine_decide --> struct decision: verdict, reasons, images, edits
 *      now             --/
 *
 * Uses       imgref (grammar) and match (patterns); no JSON, YAML, HTTP, clock, file, log or
 *            global
 * Ownership  a decision borrows from the policy, the workload and the arena given
 * Threads    pure functions; a policy is shared by any number of callers
 * Errors     EC_NOMEM and EC_LIMIT (the arena is full); whatever the author of an object wrote is a
 *            reason of the decision, never an error
 * Source     Kubernetes API 1.36 for what may be patched when; github.com/distribution/reference */
#ifndef PULLGATE_ENGINE_ENGINE_H
#define PULLGATE_ENGINE_ENGINE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "engine/policy.h"

/* ---- the workload -------------------------------------------------------------------- */

enum workload_operation {
    OPERATION_CREATE,
    OPERATION_UPDATE,
    OPERATION_DELETE,
    OPERATION_CONNECT
};

enum workload_shape {
    SHAPE_OTHER,     /* nothing here runs an image: always allowed, never patched */
    SHAPE_POD,       /* pods */
    SHAPE_EPHEMERAL, /* pods/ephemeralcontainers */
    SHAPE_TEMPLATE   /* an object with a pod template: judged, never rewritten */
};

enum workload_image_list { LIST_CONTAINER, LIST_INIT, LIST_EPHEMERAL, LIST_VOLUME };

struct workload_image {
    enum workload_image_list list;
    uint32_t index;             /* in its list */
    struct str name;            /* of the container or volume; may be empty */
    struct str text;            /* the image as written; empty when empty or absent */
    struct str pull_policy;     /* as written; empty when absent */
    struct str old_pull_policy; /* UPDATE: that of the old object's of same index and name */
    struct str old_reference;   /* UPDATE: the same of an image volume's reference */
    bool has_image;             /* the field is there */
    bool has_pull_policy;
    bool changed; /* CREATE: always; UPDATE: differs from the old object's of same index and
                     name */
};

enum workload_secrets_state { SECRETS_ABSENT, SECRETS_NULL, SECRETS_LIST };

/* Names that cannot be compared: they hold U+0000 or half a surrogate pair, which other readers read
 * differently. They matter only where a rule needs them. */
enum workload_odd_name {
    ODD_NAMESPACE,
    ODD_SERVICE_ACCOUNT,
    ODD_USER,
    ODD_GROUP,
    ODD_LABEL,
    ODD_SECRET,
    N_ODD
};
enum { ENGINE_ODD_LABELS = 64 };

struct workload_odd {
    enum workload_odd_name what;
    struct str key;  /* of a label */
    struct str text; /* what is wrong, and where: "label (/metadata/labels/a): ..." */
};

struct workload {
    enum workload_shape shape;
    enum workload_operation operation;
    struct str spec; /* JSON pointer of the pod spec: "/spec", "/spec/template/spec", "" */
    struct str api_version, kind; /* "apps/v1", "Deployment" */
    struct str namespace, name, generate_name;
    struct str user;
    const struct str *groups;
    size_t n_groups;
    struct str service_account;       /* "default" when the spec names none */
    const struct match_label *labels; /* of the pod or the pod template */
    size_t n_labels;
    const struct workload_image *images;
    size_t n_images;
    enum workload_secrets_state secrets_state;
    const struct str *secrets; /* names in order; "" for an entry without one */
    size_t n_secrets;
    const struct str *old_secrets; /* UPDATE of a pod: the stored pod's; NULL: it has no list */
    size_t n_old_secrets;
    const struct workload_odd
        *odd; /* one of each kind; of labels the first ENGINE_ODD_LABELS */
    size_t n_odd;
    bool odd_labels_more; /* there are others, which may be any */
    bool mirror_pod;      /* annotation kubernetes.io/config.mirror: never mutated */
};

/* ---- the decision -------------------------------------------------------------------- */

enum verdict { VERDICT_ALLOW, VERDICT_WARN, VERDICT_DENY };

enum reason_code {
    REASON_INVALID,        /* no image reference by the kubelet's grammar */
    REASON_DENIED,         /* a `denied` pattern */
    REASON_NOT_APPROVED,   /* from a registry that nothing approves */
    REASON_NOT_REWRITTEN,  /* can no longer be rewritten, or /mutate would still change it */
    REASON_DIGEST_MISSING, /* require.digest */
    REASON_TAG_MISSING,    /* require.tag */
    REASON_UNMATCHED,      /* no rule selects it, and unmatched: deny */
    REASON_PATTERN_LIMIT,  /* a regex gave up, or all patterns together took ENGINE_STEPS_MAX */
    REASON_EXEMPTED,       /* allowed by an exemption: for the record */
    REASON_MALFORMED       /* not decodable as its kind (set by review) */
};

enum reason_weight { WEIGHT_NOTE, WEIGHT_WARN, WEIGHT_DENY };

struct reason {
    enum reason_code code;
    enum reason_weight weight;
    int32_t image;         /* index into decision.images, or -1 */
    struct str message;    /* one line for people, names container, image, rule (file:line) */
    struct str suggestion; /* the image to write instead; may be empty */
    struct policy_pos pos; /* of the rule, pattern or exemption; line 0 when none */
};

struct decision_image {
    const struct workload_image *image;
    struct str before; /* as written */
    struct str after;  /* what the object will say; before, when denied or not to be touched */
    struct str proposed; /* what a pod with it gets (templates), or would get (audit, validate);
                            equals after where nothing more would change */
    bool judged;         /* false: unchanged on UPDATE, or nothing to judge */
    enum reason_weight weight; /* the heaviest of its reasons */
};

enum engine_edit_op { EDIT_ADD, EDIT_REPLACE };
enum engine_edit_kind {
    EDIT_STRING, /* value: string */
    EDIT_SECRET, /* value: {"name": string} */
    EDIT_SECRETS /* value: [{"name": names[0]}, ...] */
};

struct engine_edit {
    enum engine_edit_op op;
    enum engine_edit_kind kind;
    struct str pointer; /* RFC 6901 */
    struct str string;
    const struct str *names;
    size_t n_names;
};

enum { ENGINE_REASONS_MAX = 256 };
/* Pattern steps (match.h) of one decision: the choice of the rule, all images, exemptions, pull
 * secrets. Beyond it nothing more is judged, and what was not judged is refused. */
enum { ENGINE_STEPS_MAX = 10000000 };

struct decision {
    enum verdict verdict;
    const struct policy_rule *rule; /* NULL: none selected, or nothing to judge */
    struct decision_image *images;  /* one per workload image, in its order */
    size_t n_images;
    struct reason *reasons;
    size_t n_reasons;
    size_t n_reasons_omitted;  /* beyond ENGINE_REASONS_MAX, the lightest: they count for the
                                 verdict all the same */
    size_t n_denials_omitted;  /* of those, the ones that deny */
    struct engine_edit *edits; /* in the order to apply; none when denied */
    size_t n_edits;
    const struct str *secrets; /* the object's pull secrets after the edits */
    size_t n_secrets;
    const struct str *secrets_added;
    size_t n_secrets_added;
    uint64_t n_steps; /* of patterns, ENGINE_STEPS_MAX at most */
};

enum engine_flag {
    ENGINE_VALIDATE = 1 /* nothing is edited; each edit without the flag is a reason instead */
};

/* Decides. Errors: EC_NOMEM, EC_LIMIT (the arena is full); *out is then undefined. */
enum ec engine_decide(struct decision *out, const struct policy *policy,
                      const struct workload *workload, int64_t now_s, unsigned flags,
                      struct arena *arena, struct err *err) MUST_CHECK;

/* "containers", "initContainers" ... and the JSON pointer of an image within its object. */
const char *engine_list_name(enum workload_image_list list);
void engine_image_pointer(const struct workload *w, const struct workload_image *image,
                          struct buf *out);

/* "not-approved": stable words for audit lines, metrics, -o json. */
const char *engine_code_name(enum reason_code code);
const char *engine_verdict_name(enum verdict v);
const char *engine_mode_name(enum engine_mode m);
const char *engine_operation_name(enum workload_operation o);

/* Appends "; " and the policy's own message, for denials that no rule decides. */
void engine_put_message(struct buf *out, const struct policy *policy);

/* ---- shared with the loader and with explainers -------------------------------------- */

/* Where an image goes by a rule, ignoring approvals: the text to write, in the arena; equal to
 * `text` where nothing changes. EC_SYNTAX when text is not an image reference. */
enum ec engine_rewrite(struct str *out, const struct policy_rule *rule, struct str text,
                       struct arena *arena, struct err *err) MUST_CHECK;

/* The host as deny rules and mirrors see it: other names of docker.io folded, :443 and :80 cut.
 * The result borrows from host or is a constant. */
struct str engine_fold_host(struct str host);

/* The mirror an image of host/path takes (host folded; longest prefix), or NULL. */
const struct policy_mirror *engine_find_mirror(const struct policy_rule *rule, struct str host,
                                               struct str repository);

#endif
