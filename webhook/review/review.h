/* review - AdmissionReview in, AdmissionReview out; objects to workloads.
 *
 *      body --json_parse--> nodes --review_decode--> struct review (with its workload)
 *      struct decision + struct review --review_encode--> response with a JSON Patch
 *      review_answer: all of it, for pullgate and `policyctl review`
 *
 * Versions   admission.k8s.io/v1 and v1beta1, answered in kind
 * Fails      closed, with a reason: an AdmissionReview with a uid is always answered by a review;
 *            if its object is not a pod (or too deep, too large, has duplicate keys) the answer is
 *            a denial (code 422). Only a body that is not an AdmissionReview is an error (HTTP
 *            4xx): under failurePolicy Ignore an HTTP error is an admission
 * Ownership  everything borrows from the body, the nodes and the arena
 * Threads    one session per thread
 * Source     k8s.io/api/admission/v1; RFC 6902; facts measured against kube-apiserver 1.20.2 */
#ifndef PULLGATE_REVIEW_REVIEW_H
#define PULLGATE_REVIEW_REVIEW_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "engine/engine.h"
#include "json/json.h"

enum { REVIEW_UID_MAX = 256 }; /* bytes; the API server's are UUIDs, of 36, and are sent back */

struct review_fault { /* the object cannot be judged */
    bool is;
    json_at at; /* the malformed value, or JSON_NONE: it is absent, or outside the object */
    char msg[512];
};

struct review {
    bool v1beta1;
    struct str uid;
    struct str group, version, kind;
    struct str resource, subresource;
    struct str operation; /* as sent */
    bool dry_run;
    json_at object; /* node of request.object, or JSON_NONE */
    struct workload workload;
    struct review_fault fault;
};

/* Errors: EC_SCHEMA when the document is not an AdmissionReview that can be answered (err->where is
 * a JSON pointer); EC_LIMIT, EC_NOMEM. */
enum ec review_decode(struct review *out, const struct json *j, struct arena *arena,
                      struct err *err) MUST_CHECK;

/* A bare object, as in a manifest, to a workload, by its apiVersion and kind. A kind that runs no
 * image is SHAPE_OTHER. *fault is set when the object is malformed. The caller sets operation, user
 * and groups beforehand; namespace, kind and apiVersion are kept only if the object has none (items
 * of a PodList). */
enum ec review_object(struct workload *out, struct review_fault *fault, const struct json *j,
                      json_at object, struct arena *arena, struct err *err) MUST_CHECK;

/* Whether the kind of the root is AdmissionReview. */
bool review_is_review(const struct json *j, json_at root);

/* The decision for an object that cannot be judged; the policy's message follows the fault. */
enum ec review_refuse(struct decision *out, const struct review_fault *fault,
                      const struct policy *policy, struct arena *arena, struct err *err)
    MUST_CHECK;

/* The decision's edits as a JSON Patch (RFC 6902); "[]" when there are none. */
void review_patch(struct buf *out, const struct decision *d);

/* The response; `patch` is scratch. Check both with their `bad`. */
void review_encode(struct buf *out, const struct review *r, const struct policy *p,
                   const struct decision *d, struct buf *patch);

/* ---- all of it, with its memory ------------------------------------------------------ */

struct review_limits {
    struct json_limits json;
    size_t arena_bytes;
};
/* Keys of reviews, and of the pods and templates in them, that no decision depends on: the greater
 * part of most reviews. */
#define REVIEW_N_SKIP 20
extern const struct json_skip review_skip[REVIEW_N_SKIP];

#define REVIEW_LIMITS_DEFAULT                                                                  \
    ((struct review_limits){.json = {.max_depth = 128,                                         \
                                     .max_nodes = 4u << 20,                                    \
                                     .skip = review_skip,                                      \
                                     .n_skip = REVIEW_N_SKIP},                                 \
                            .arena_bytes = 64u << 20})

struct review_session { /* reused from request to request */
    struct json json;
    struct arena arena;
    struct buf patch;
    struct json_limits limits;
    struct review review;
    struct decision decision;
};

void review_session_init(struct review_session *s, struct review_limits limits);
void review_session_done(struct review_session *s);

/* Answers one review: body[0..n) is changed, JSON_PADDING bytes after it must be readable. The
 * reply is appended to `reply`; s->review and s->decision are valid until the next call, the nodes
 * may not be. An answer that does not fit in the reply is a denial.
 * Errors: EC_SYNTAX, EC_SCHEMA (not an AdmissionReview), EC_LIMIT (too large to be answered),
 * EC_NOMEM; the contents of reply are then undefined. */
enum ec review_answer(struct review_session *s, const struct policy *policy, int64_t now_s,
                      unsigned engine_flags, char *body, size_t n, struct buf *reply,
                      struct err *err) MUST_CHECK;

/* The denial of a review for a reason of the server, not of its object. */
void review_deny(struct buf *out, const struct review *r, unsigned code, const char *reason,
                 struct str message);

/* Gives back the memory of one huge review; the decision is no longer valid. */
void review_session_trim(struct review_session *s);

/* A metav1.Status, the body of an HTTP error: the API server shows its message to the user. */
void review_status(struct buf *out, unsigned code, const char *reason, struct str message);

/* False for a built-in kind that runs pods with a Kubernetes group (one without a dot) or version
 * that never had it: such an object would pass as one without images. *expected is then the right
 * one: "apps/v1". */
bool review_is_version(struct str api_version, struct str kind, struct str *expected);

/* The built-in kind that runs pods and differs from this one only in case, in a group without a dot;
 * empty when there is none. */
struct str review_kind_near(struct str api_version, struct str kind);

#endif
