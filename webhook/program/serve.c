#include "program/serve.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "program/probes.h"

#define NS_PER_S INT64_C(1000000000)

static void init_turns(struct service *s) {
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_mutex_init(&s->large_lock, NULL);
    pthread_cond_init(&s->large_ends, &attr);
    pthread_condattr_destroy(&attr);
}

enum ec serve_init(struct service *s, const struct options *o, struct err *err) {
    struct review_limits limits = REVIEW_LIMITS_DEFAULT;
    limits.json.max_depth = (uint32_t)o->max_depth;
    limits.json.max_nodes = (uint32_t)o->max_nodes;
    unsigned n_workers = (unsigned)o->workers;
    s->options = o;
    s->live = live_new();
    s->workers = mem_zalloc(mem_array_bytes(n_workers, sizeof *s->workers));
    init_turns(s);
    if (s->live == NULL || s->workers == NULL)
        return err_set(err, EC_NOMEM, "out of memory");
    s->n_workers = n_workers;
    metrics_process_init(&s->process, clock_wall_us());
    if (meter_init(&s->meter, n_workers, err) != EC_OK)
        return err->code;
    for (unsigned i = 0; i < n_workers; i++) {
        review_session_init(&s->workers[i].session, limits);
        s->workers[i].line = (struct buf)BUF_INIT(o->max_audit_line + AUDIT_LINE_ROOM);
        if (buf_room(&s->workers[i].line, s->workers[i].line.max) == NULL)
            return err_set(err, EC_NOMEM, "out of memory");
    }
    return EC_OK;
}

void serve_done(struct service *s) {
    for (unsigned i = 0; i < s->n_workers; i++) {
        live_reader_done(s->live, &s->workers[i].rules);
        review_session_done(&s->workers[i].session);
        buf_done(&s->workers[i].line);
    }
    mem_free(s->workers);
    live_free(s->live);
    meter_done(&s->meter);
}

static const struct {
    struct str name;
    unsigned flags;
} webhooks[METER_WEBHOOKS] = {[METER_MUTATE] = {STR_INIT("mutate"), 0},
                              [METER_VALIDATE] = {STR_INIT("validate"), ENGINE_VALIDATE}};

/* An HTTP error as a Kubernetes Status: the API server shows its message to the user. */
static void reply_refusal(struct server_reply *reply, unsigned status, const char *reason,
                          unsigned retry_after_s, struct str message) {
    buf_reset(reply->body);
    reply->status = status;
    reply->retry_after_s = retry_after_s;
    review_status(reply->body, status, reason, message);
}

static void refuse_err(struct server_reply *reply, const struct err *err) {
    struct buf text = BUF_INIT(2048);
    buf_puts(&text, err->msg);
    if (err->code == EC_SYNTAX)
        buf_printf(&text, " at byte %zu", err->offset);
    switch (err->code) {
    case EC_NOMEM:
        reply_refusal(reply, 503, "ServiceUnavailable", 1, buf_view(&text));
        break;
    case EC_LIMIT:
        reply_refusal(reply, 413, "RequestEntityTooLarge", 0, buf_view(&text));
        break;
    case EC_BUG:
        reply_refusal(reply, 500, "InternalError", 0, buf_view(&text));
        break;
    default:
        reply_refusal(reply, 400, "BadRequest", 0, buf_view(&text));
    }
    buf_done(&text);
}

/* Early enough before the deadline to send a denial. */
static int64_t patience_of(const struct server_request *request) {
    return request->deadline_ns - (request->deadline_ns - request->received_ns) / 10;
}

/* Writes the line of the decision. */
static void print_audit_line(const struct service *s, struct serve_worker *w,
                             const struct policy *policy, const struct server_request *request,
                             struct str endpoint, int64_t now_us) {
    const struct review *r = &w->session.review;
    const struct audit_entry entry = {.time_us = now_us,
                                      .duration_ns = clock_mono_ns() - request->received_ns,
                                      .endpoint = endpoint,
                                      .uid = r->uid,
                                      .group = r->group,
                                      .version = r->version,
                                      .kind = r->kind,
                                      .resource = r->resource,
                                      .subresource = r->subresource,
                                      .traceparent = request->traceparent,
                                      .dry_run = r->dry_run,
                                      .workload = &r->workload,
                                      .decision = &w->session.decision,
                                      .policy = policy};
    buf_reset(&w->line);
    audit_line(&w->line, &entry, s->options->max_audit_line);
}

/* False: --audit-when-full block, and the decision has no line. May wait. */
static bool record(struct service *s, const struct serve_worker *w,
                   const struct server_request *request) {
    return audit_write(s->audit, buf_view(&w->line), patience_of(request));
}

/* An admission that needs its line: rules in mode warn or audit never deny, so theirs do not. */
static bool needs_line(const struct decision *d) {
    bool refuses = d->rule == NULL || d->rule->mode == MODE_ENFORCE;
    return d->verdict != VERDICT_DENY && refuses;
}

static void refuse_unrecorded(const struct serve_worker *w, struct server_reply *reply) {
    buf_reset(reply->body);
    review_deny(
        reply->body, &w->session.review, 503, "ServiceUnavailable",
        STR("pullgate: the decision cannot be recorded, because standard output is not being "
            "read (--audit-when-full block): check the container's log driver, and repeat the "
            "request"));
}

/* ---- the memory of one review ------------------------------------------------------------ */

static bool is_large(const struct server_request *request) {
    return request->body_bytes > MEMORY_LARGE_BODY;
}

/* False: timed out. */
static bool begin_large(struct service *s, int64_t until_ns) {
    const struct timespec until = {.tv_sec = until_ns / NS_PER_S,
                                   .tv_nsec = until_ns % NS_PER_S};
    int os = 0;
    pthread_mutex_lock(&s->large_lock);
    while (s->large_runs && os == 0)
        os = pthread_cond_timedwait(&s->large_ends, &s->large_lock, &until);
    bool mine = !s->large_runs;
    s->large_runs = true;
    pthread_mutex_unlock(&s->large_lock);
    return mine;
}

static void end_large(struct service *s) {
    pthread_mutex_lock(&s->large_lock);
    s->large_runs = false;
    pthread_cond_signal(&s->large_ends);
    pthread_mutex_unlock(&s->large_lock);
    atomic_store(&s->had_large, true);
}

/* A large review waits until no other one is running; false: timed out. */
static bool begin_turn(struct service *s, struct serve_worker *w,
                       const struct server_request *request, struct server_reply *reply) {
    const struct options *o = s->options;
    bool large = is_large(request), divided = o->large.arena_bytes != 0;
    if (large && !begin_large(s, patience_of(request)))
        return false;
    if (!divided)
        return true;
    w->session.arena.max_bytes = large ? o->large.arena_bytes : MEMORY_SMALL_ARENA;
    w->session.patch.max = large ? o->large.patch_bytes : MEMORY_SMALL_PATCH;
    reply->body->max = large ? o->large.reply_bytes : MEMORY_SMALL_REPLY;
    return true;
}

/* From now on only the answer takes memory, and that is counted. */
static bool end_turn(struct service *s, struct serve_worker *w,
                     const struct server_request *request, struct server_reply *reply) {
    bool fits = server_charge_reply(reply);
    review_session_trim(&w->session);
    if (is_large(request))
        end_large(s);
    return fits;
}

/* ---- a review ---------------------------------------------------------------------------- */

/* Decides, and writes the line; false: the reply is an error. */
static bool decide_request(struct service *s, const struct live_rules *rules,
                           const struct server_request *request, struct server_reply *reply,
                           enum meter_webhook webhook, bool *needs) {
    struct serve_worker *w = &s->workers[request->worker];
    struct err err = ERR_INIT;
    int64_t now_us = clock_wall_us();
    if (review_answer(&w->session, rules->policy, now_us / 1000000, webhooks[webhook].flags,
                      request->body, request->body_bytes, reply->body, &err) != EC_OK) {
        LOG(LOG_WARN, "review_refused", F_Z("error", err.msg), F_Z("code", ec_name(err.code)),
            F_STR("endpoint", webhooks[webhook].name), F_END);
        refuse_err(reply, &err);
        return false;
    }
    meter_decision(meter_lane(&s->meter, request->worker), rules->policy, rules->slots,
                   &w->session.decision);
    print_audit_line(s, w, rules->policy, request, webhooks[webhook].name, now_us);
    *needs = needs_line(&w->session.decision);
    return true;
}

static void review(struct service *s, const struct server_request *request,
                   struct server_reply *reply, enum meter_webhook webhook) {
    struct serve_worker *w = &s->workers[request->worker];
    bool needs = false;
    const struct live_rules *rules = live_use(s->live, &w->rules);
    if (rules == NULL) {
        reply_refusal(reply, 503, "ServiceUnavailable", 1, STR("no valid rules are loaded"));
        return;
    }
    if (request->body_bytes == 0) {
        reply_refusal(reply, 400, "BadRequest", 0,
                      STR("the body is empty, expected an AdmissionReview"));
        return;
    }
    if (!begin_turn(s, w, request, reply)) {
        reply_refusal(reply, 503, "ServiceUnavailable", 1,
                      STR("too many large reviews at once"));
        return;
    }
    bool decided = decide_request(s, rules, request, reply, webhook, &needs);
    bool fits = end_turn(s, w, request, reply);
    if (decided && !record(s, w, request) && needs)
        refuse_unrecorded(w, reply);
    else if (!fits)
        reply_refusal(reply, 503, "ServiceUnavailable", 1,
                      STR("not enough memory for this answer now"));
}

static void answer(struct service *s, const struct server_request *request,
                   struct server_reply *reply, enum meter_webhook webhook) {
    struct meter_lane *lane = meter_lane(&s->meter, request->worker);
    meter_begin(lane, webhook);
    review(s, request, reply, webhook);
    meter_end(lane, webhook, reply->status, clock_mono_ns() - request->received_ns);
}

static void answer_mutate(void *arg, const struct server_request *request,
                          struct server_reply *reply) {
    answer(arg, request, reply, METER_MUTATE);
}

static void answer_validate(void *arg, const struct server_request *request,
                            struct server_reply *reply) {
    answer(arg, request, reply, METER_VALIDATE);
}

const struct server_route serve_routes[] = {
    {"/mutate", SERVER_POST, true, answer_mutate},
    {"/validate", SERVER_POST, true, answer_validate},
    {"/healthz", SERVER_GET, false, probes_healthz},
    {"/readyz", SERVER_GET, false, probes_readyz},
};
const size_t serve_n_routes = sizeof serve_routes / sizeof *serve_routes;
