#include "program/probes.h"

#include "base/clock.h"
#include "program/scrape.h"

enum { STALL_S = 10 };
#define NS_PER_S INT64_C(1000000000)

/* TROUBLE is only reported; UNFIT makes /readyz fail. */
enum health { FIT, TROUBLED, UNFIT };

/* ---- checks: each writes why it is good or bad ----------------------------------------- */

static enum health check_rules(struct service *s, struct buf *why) {
    const struct meter *m = &s->meter;
    if (!live_has_policy(s->live)) {
        buf_puts(why, "no valid rules are loaded");
        return UNFIT;
    }
    buf_int(why, atomic_load(&m->n_rules));
    buf_puts(why, " in force since ");
    clock_print_s(why, atomic_load(&m->rules_loaded_s));
    if (atomic_load(&m->rules_are_old))
        buf_puts(why, "; the rule file has changed since then and is not valid (see the log)");
    return FIT;
}

static enum health check_certificate(struct service *s, struct buf *why) {
    int64_t not_before_s = atomic_load(&s->cert_not_before_s);
    int64_t not_after_s = atomic_load(&s->cert_not_after_s);
    int64_t now_s = clock_wall_us() / 1000000;
    bool good = now_s < not_after_s;
    buf_puts(why, good ? "valid until " : "expired ");
    clock_print_s(why, not_after_s);
    if (now_s < not_before_s) {
        /* Still good: a slow clock must not stop the cluster's pods. */
        buf_puts(why, ", but not before ");
        clock_print_s(why, not_before_s);
    }
    return good ? FIT : UNFIT;
}

/* Lost lines do not make a webhook that still decides unready: with failurePolicy Fail that would stop
 * the cluster's pods. One that cannot decide because its lines wait is unready, so that other replicas get
 * the requests. */
static enum health check_audit(struct service *s, struct buf *why) {
    struct audit_stats stats;
    struct err err = ERR_INIT;
    audit_stats(s->audit, &stats);
    size_t max = s->options->audit_queue;
    int64_t stalled_s = stats.stalled_ns / NS_PER_S;
    bool full = stats.pending_bytes > max - max / 16;
    buf_printf(why, "%zu of %zu bytes queued", stats.pending_bytes, max);
    if (stalled_s >= STALL_S)
        buf_printf(why, "; none written for %lld s", (long long)stalled_s);
    if (stats.last_errno != 0) {
        err_set_os(&err, stats.last_errno, "; %llu lines lost",
                   (unsigned long long)stats.failed);
        buf_puts(why, err.msg);
    }
    if (stalled_s >= STALL_S && s->options->audit_when_full == AUDIT_BLOCK)
        return UNFIT;
    return full || stats.last_errno != 0 ? TROUBLED : FIT;
}

static enum health check_drain(struct service *s, struct buf *why) {
    bool draining = atomic_load(&s->draining);
    buf_puts(why, draining ? "shutting down" : "not shutting down");
    return draining ? UNFIT : FIT;
}

static const struct {
    const char *name;
    enum health (*look)(struct service *s, struct buf *why);
} checks[] = {{"rules", check_rules},
              {"certificate", check_certificate},
              {"audit", check_audit},
              {"drain", check_drain}};
enum { N_CHECKS = sizeof checks / sizeof *checks };

/* "[+] rules: 3 in force since ..." */
static bool run_checks(struct service *s, struct buf *out) {
    bool ready = true;
    for (size_t i = 0; i < N_CHECKS; i++) {
        struct buf why = BUF_INIT(1024);
        enum health health = checks[i].look(s, &why);
        buf_printf(out, "[%c] %s: ", health == FIT ? '+' : '-', checks[i].name);
        buf_str(out, buf_view(&why));
        buf_putc(out, '\n');
        buf_done(&why);
        ready &= health != UNFIT;
    }
    return ready;
}

bool probes_is_ready(struct service *s) {
    struct buf unread = BUF_INIT(8192);
    bool ready = run_checks(s, &unread);
    buf_done(&unread);
    return ready;
}

/* ---- answers --------------------------------------------------------------------------- */

/* "verbose" or "verbose=..." among the arguments. */
static bool is_verbose(struct str query) {
    while (query.n != 0) {
        size_t end = str_find(query, '&');
        struct str argument = str_slice(query, 0, end);
        if (str_eq(str_slice(argument, 0, str_find(argument, '=')), STR("verbose")))
            return true;
        query = str_slice(query, end + 1, query.n);
    }
    return false;
}

void probes_healthz(void *service, const struct server_request *request,
                    struct server_reply *reply) {
    (void)service;
    (void)request;
    reply->content_type = "text/plain; charset=utf-8";
    buf_puts(reply->body, "ok\n");
}

void probes_readyz(void *service, const struct server_request *request,
                   struct server_reply *reply) {
    bool ready = run_checks(service, reply->body);
    reply->status = ready ? 200 : 503;
    reply->content_type = "text/plain; charset=utf-8";
    if (!ready || is_verbose(request->query))
        return;
    buf_reset(reply->body);
    buf_puts(reply->body, "ok\n");
}

static void answer_metrics(void *service, const struct server_request *request,
                           struct server_reply *reply) {
    (void)request;
    reply->content_type = "text/plain; version=0.0.4; charset=utf-8";
    scrape_print(reply->body, service);
}

const struct server_route probes_routes[] = {
    {"/healthz", SERVER_GET, false, probes_healthz},
    {"/readyz", SERVER_GET, false, probes_readyz},
    {"/metrics", SERVER_GET, false, answer_metrics},
};
const size_t probes_n_routes = sizeof probes_routes / sizeof *probes_routes;
