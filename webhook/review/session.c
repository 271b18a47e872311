/* One request from bytes to bytes, with memory that is reused for the next request. */
#include "review/internal.h"

enum { ARENA_BLOCK = 64 * 1024, PATCH_MAX = 32 << 20 };
enum { FAULT_MAX = 4096 }; /* a fault and a policy's message */
enum { KEEP_NODES = 32 * 1024, KEEP_PATCH_BYTES = 64 * 1024 };

/* Duplicate keys in managedFields are harmless: only the API server writes them. */
const struct json_skip review_skip[REVIEW_N_SKIP] = {
    {STR_INIT("managedFields"), true}, {STR_INIT("affinity"), false},
    {STR_INIT("args"), false},         {STR_INIT("command"), false},
    {STR_INIT("env"), false},          {STR_INIT("envFrom"), false},
    {STR_INIT("lifecycle"), false},    {STR_INIT("livenessProbe"), false},
    {STR_INIT("options"), false},      {STR_INIT("ports"), false},
    {STR_INIT("projected"), false},    {STR_INIT("readinessProbe"), false},
    {STR_INIT("requestKind"), false},  {STR_INIT("requestResource"), false},
    {STR_INIT("resources"), false},    {STR_INIT("securityContext"), false},
    {STR_INIT("startupProbe"), false}, {STR_INIT("status"), false},
    {STR_INIT("tolerations"), false},  {STR_INIT("volumeMounts"), false},
};

void review_session_init(struct review_session *s, struct review_limits limits) {
    *s = (struct review_session){.json = JSON_INIT,
                                 .arena = ARENA_INIT(ARENA_BLOCK, limits.arena_bytes),
                                 .patch = BUF_INIT(PATCH_MAX),
                                 .limits = limits.json};
}

void review_session_done(struct review_session *s) {
    json_done(&s->json);
    arena_done(&s->arena);
    buf_done(&s->patch);
}

static bool put_fault_answer(struct str *out, const struct review_fault *fault,
                             const struct policy *policy, struct arena *arena) {
    char *room = arena_room(arena, FAULT_MAX);
    struct buf text = BUF_OVER(room, room != NULL ? FAULT_MAX : 0);
    buf_puts(&text, fault->msg);
    engine_put_message(&text, policy);
    if (room == NULL || text.bad)
        return false;
    arena_keep(arena, text.n);
    *out = buf_view(&text);
    return true;
}

enum ec review_refuse(struct decision *out, const struct review_fault *fault,
                      const struct policy *policy, struct arena *arena, struct err *err) {
    struct reason *reason = ARENA_NEW(arena, struct reason);
    struct str text;
    *out = (struct decision){.verdict = VERDICT_DENY, .reasons = reason, .n_reasons = 1};
    if (reason == NULL || !put_fault_answer(&text, fault, policy, arena))
        return arena_fail(arena, err);
    *reason = (struct reason){
        .code = REASON_MALFORMED, .weight = WEIGHT_DENY, .image = -1, .message = text};
    return EC_OK;
}

static enum ec decide_review(struct review_session *s, const struct policy *policy,
                             int64_t now_s, unsigned flags, struct err *err) {
    const struct review *r = &s->review;
    if (r->fault.is)
        return review_refuse(&s->decision, &r->fault, policy, &s->arena, err);
    return engine_decide(&s->decision, policy, &r->workload, now_s, flags, &s->arena, err);
}

/* Value of a member at `depth` in the nodes that were read before the error, between from and to;
 * *end is the end of the value's own nodes. */
static json_at salvage_member(const struct json *j, json_at from, json_at to, uint16_t depth,
                              struct str key, json_at *end) {
    for (json_at at = from; at + 1 < to;) {
        json_at next = at + 2;
        while (next < to && j->nodes[next].depth > depth)
            next++;
        if (str_eq(json_str(j, at), key)) {
            *end = next;
            return at + 1;
        }
        at = next;
    }
    return JSON_NONE;
}

/* A review that cannot be read to its end (too deep, too many nodes, a duplicate key) but whose uid
 * is known: it can be denied, while failurePolicy Ignore would turn an HTTP error into an admission. */
static bool salvage(struct review_session *s, struct err *err) {
    struct json *j = &s->json;
    struct review *r = &s->review;
    json_at n = j->n_partial, end, request_end;
    *r = (struct review){.object = JSON_NONE};
    if (err->code == EC_NOMEM || n == 0)
        return false;
    json_at kind = salvage_member(j, 1, n, 1, STR("kind"), &end);
    json_at version = salvage_member(j, 1, n, 1, STR("apiVersion"), &end);
    json_at request = salvage_member(j, 1, n, 1, STR("request"), &request_end);
    if (!str_eq(json_str(j, kind), STR("AdmissionReview")) || !json_is(j, request, JSON_OBJECT))
        return false;
    json_at uid = salvage_member(j, request + 1, request_end, 2, STR("uid"), &end);
    r->uid = json_str(j, uid);
    if (r->uid.n > REVIEW_UID_MAX)
        return review_refuse_long_uid(r->uid, err) == EC_OK;
    r->v1beta1 = str_eq(json_str(j, version), STR("admission.k8s.io/v1beta1"));
    if (r->uid.n == 0 || json_is_odd(j, uid) ||
        (!r->v1beta1 && !str_eq(json_str(j, version), STR("admission.k8s.io/v1"))))
        return false;
    review_fault_at(&r->fault, JSON_NONE, "the review cannot be judged: %s at byte %zu",
                    err->msg, err->offset);
    *err = (struct err)ERR_INIT;
    return true;
}

/* Too large for one request's memory: a review with a known uid is denied, since an HTTP error may
 * become an admission. */
static enum ec refuse_too_large(struct review_session *s, const char *what,
                                const struct policy *policy, struct err *err) {
    struct review_fault fault = {.is = false};
    if (err->code != EC_LIMIT || s->review.uid.n == 0)
        return err->code;
    review_fault_at(&fault, JSON_NONE, "the object cannot be judged: %s %s", what, err->msg);
    arena_reset(&s->arena);
    s->review.workload = (struct workload){.operation = s->review.workload.operation,
                                           .namespace = s->review.workload.namespace,
                                           .name = s->review.workload.name,
                                           .user = s->review.workload.user};
    *err = (struct err)ERR_INIT;
    return review_refuse(&s->decision, &fault, policy, &s->arena, err);
}

/* Gives back many nodes and a large patch: nodes are not needed any more when the answer is made, the
 * patch not after it. */
static void drop_nodes(struct review_session *s) {
    if (s->json.cap_nodes > KEEP_NODES)
        json_done(&s->json);
}

static void drop_patch(struct review_session *s) {
    if (s->patch.cap > KEEP_PATCH_BYTES)
        buf_done(&s->patch);
}

void review_session_trim(struct review_session *s) {
    arena_reset(&s->arena);
    drop_nodes(s);
    drop_patch(s);
    s->decision = (struct decision){.verdict = VERDICT_DENY};
}

/* The memory of one huge review is not kept for the small ones after it. */
static void begin_review(struct review_session *s) {
    review_session_trim(s);
    buf_reset(&s->patch);
    s->review.uid = STR_NONE;
}

static void print_answer(struct review_session *s, const struct policy *policy,
                         struct buf *reply) {
    drop_nodes(s);
    review_encode(reply, &s->review, policy, &s->decision, &s->patch);
    drop_patch(s);
}

/* An answer that does not fit is a denial as well: under failurePolicy Ignore the pod would be stored
 * without the patch of so many images. */
static enum ec encode(struct review_session *s, const struct policy *policy, struct buf *reply,
                      struct err *err) {
    size_t before = reply->n;
    print_answer(s, policy, reply);
    if (reply->bad == EC_LIMIT) {
        err_set(err, EC_LIMIT, "of %zu changes does not fit", s->decision.n_edits);
        if (refuse_too_large(s, "the patch", policy, err) != EC_OK)
            return err->code;
        reply->n = before;
        reply->bad = 0;
        buf_reset(&s->patch);
        print_answer(s, policy, reply);
    }
    if (reply->bad)
        return err_set(err, (enum ec)reply->bad, "no room for the answer");
    return EC_OK;
}

enum ec review_answer(struct review_session *s, const struct policy *policy, int64_t now_s,
                      unsigned engine_flags, char *body, size_t n, struct buf *reply,
                      struct err *err) {
    begin_review(s);
    bool readable = json_parse(&s->json, body, n, s->limits, err) == EC_OK;
    if (!readable && !salvage(s, err))
        return err->code;
    if (readable)
        (void)!review_decode(&s->review, &s->json, &s->arena, err);
    if (err->code == EC_OK)
        (void)!decide_review(s, policy, now_s, engine_flags, err);
    if (err->code != EC_OK && refuse_too_large(s, "it", policy, err) != EC_OK)
        return err->code;
    return encode(s, policy, reply, err);
}
