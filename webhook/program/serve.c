#include "program/serve.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "program/probes.h"

enum ec service_init(struct service *s, const struct options *o, struct err *err) {
    struct review_limits limits = REVIEW_LIMITS_DEFAULT;
    limits.json.max_depth = (uint32_t)o->max_depth;
    limits.json.max_nodes = (uint32_t)o->max_nodes;
    unsigned n_workers = (unsigned)o->workers;
    s->options = o;
    s->live = live_new();
    s->workers = mem_zalloc(mem_array_bytes(n_workers, sizeof *s->workers));
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

void service_done(struct service *s) {
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

/* An HTTP error in Kubernetes' own form: the API server shows its message to the user. */
static void refuse(struct server_reply *reply, unsigned status, const char *reason,
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
        refuse(reply, 503, "ServiceUnavailable", 1, buf_view(&text));
        break;
    case EC_LIMIT:
        refuse(reply, 413, "RequestEntityTooLarge", 0, buf_view(&text));
        break;
    case EC_BUG:
        refuse(reply, 500, "InternalError", 0, buf_view(&text));
        break;
    default:
        refuse(reply, 400, "BadRequest", 0, buf_view(&text));
    }
    buf_done(&text);
}

static void record(struct service *s, struct worker *w, const struct policy *policy,
                   const struct server_request *request, struct str endpoint, int64_t now_us) {
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
    audit_write(s->audit, buf_view(&w->line));
}

static void review(struct service *s, const struct server_request *request,
                   struct server_reply *reply, enum meter_webhook webhook) {
    struct worker *w = &s->workers[request->worker];
    struct err err = ERR_INIT;
    int64_t now_us = clock_wall_us();
    const struct live_rules *rules = live_use(s->live, &w->rules);
    if (rules == NULL) {
        refuse(reply, 503, "ServiceUnavailable", 1, STR("no valid rules are loaded"));
        return;
    }
    if (request->body_bytes == 0) {
        refuse(reply, 400, "BadRequest", 0,
               STR("the body is empty, expected an AdmissionReview"));
        return;
    }
    if (review_answer(&w->session, rules->policy, now_us / 1000000, webhooks[webhook].flags,
                      request->body, request->body_bytes, reply->body, &err) != EC_OK) {
        LOG(LOG_WARN, "review_refused", F_Z("error", err.msg), F_Z("code", ec_name(err.code)),
            F_STR("endpoint", webhooks[webhook].name), F_END);
        refuse_err(reply, &err);
        return;
    }
    meter_decision(meter_lane(&s->meter, request->worker), rules->policy, rules->places,
                   &w->session.decision);
    record(s, w, rules->policy, request, webhooks[webhook].name, now_us);
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

const struct server_route service_routes[] = {
    {"/mutate", SERVER_POST, true, answer_mutate},
    {"/validate", SERVER_POST, true, answer_validate},
    {"/healthz", SERVER_GET, false, probes_healthz},
    {"/readyz", SERVER_GET, false, probes_readyz},
};
const size_t service_n_routes = sizeof service_routes / sizeof *service_routes;
