#include "program/scrape.h"

#include "base/clock.h"
#include "program/probes.h"
#include "version.h"

enum { EXEMPTIONS_SHOWN = 64 };

/* Lane 0: the addresses of its cells identify those of all lanes. */
static const struct meter_lane *cells_of(const struct service *s) {
    return metrics_lane(&s->meter.lanes, 0);
}

static int64_t total(const struct service *s, const struct metrics_cell *cell) {
    return (int64_t)metrics_total(&s->meter.lanes, cell);
}

/* ---- requests -------------------------------------------------------------------------- */

static const struct str webhook_paths[METER_WEBHOOKS] = {
    [METER_MUTATE] = STR_INIT("/mutate"), [METER_VALIDATE] = STR_INIT("/validate")};

static void put_requests(struct buf *out, const struct service *s) {
    static const struct metrics_family family = {
        .name = "controller_runtime_webhook_requests_total",
        .help = "Admission requests answered, by HTTP status.",
        .type = METRICS_COUNTER,
        .labels = {"webhook", "code"}};
    metrics_head(out, &family);
    for (size_t i = 0; i < METER_WEBHOOKS; i++)
        for (size_t k = 0; k < METER_STATUSES; k++) {
            char code[16];
            struct buf text = {.p = code, .cap = sizeof code, .max = sizeof code};
            int64_t n = total(s, &cells_of(s)->requests[i][k]);
            if (k < METER_STATUSES - 1)
                buf_uint(&text, meter_statuses[k]);
            else
                buf_puts(&text, "other");
            struct metrics_set set = {{webhook_paths[i], buf_view(&text)}};
            if (k < METER_STATUSES - 1 || n != 0)
                metrics_sample(out, &family, &set, n);
        }
}

static void put_latency(struct buf *out, const struct service *s) {
    const struct metrics_family family = {.name = "controller_runtime_webhook_latency_seconds",
                                          .help =
                                              "Time from a request's first line to its answer.",
                                          .type = METRICS_HISTOGRAM,
                                          .decimals = 9,
                                          .labels = {"webhook"},
                                          .bounds = meter_bounds_ns,
                                          .n_bounds = meter_n_bounds};
    metrics_head(out, &family);
    for (size_t i = 0; i < METER_WEBHOOKS; i++) {
        struct metrics_set set = {{webhook_paths[i]}};
        metrics_histogram(out, &family, &set, &s->meter.lanes, &cells_of(s)->latency[i]);
    }
}

static void put_in_flight(struct buf *out, const struct service *s) {
    static const struct metrics_family family = {
        .name = "controller_runtime_webhook_requests_in_flight",
        .help = "Admission requests being decided, at most one per worker.",
        .type = METRICS_GAUGE,
        .labels = {"webhook"}};
    metrics_head(out, &family);
    for (size_t i = 0; i < METER_WEBHOOKS; i++) {
        struct metrics_set set = {{webhook_paths[i]}};
        metrics_sample(out, &family, &set, total(s, &cells_of(s)->in_flight[i]));
    }
}

/* ---- decisions ------------------------------------------------------------------------- */

static void put_decisions(struct buf *out, const struct service *s) {
    static const struct metrics_family family = {
        .name = "pullgate_decisions_total",
        .help =
            "Decisions, by verdict and by the rule that decided; (none): no rule selected "
            "the object or there was nothing to judge, (other): rules beyond the first 256.",
        .type = METRICS_COUNTER,
        .labels = {"verdict", "rule", "mode"}};
    const struct metrics_sets *rules = &s->meter.rules;
    size_t n = atomic_load_explicit(&rules->n, memory_order_acquire);
    metrics_head(out, &family);
    for (size_t i = 0; i < n; i++)
        for (size_t v = 0; v < METER_VERDICTS; v++) {
            int64_t count = total(s, &cells_of(s)->decisions[i][v]);
            struct metrics_set set = rules->v[i];
            set.values[0] = str_of(engine_verdict_name((enum verdict)v));
            if (i >= METER_FIXED || count != 0)
                metrics_sample(out, &family, &set, count);
        }
}

static void put_image_counts(struct buf *out, const struct service *s) {
    static const struct metrics_family family = {.name = "pullgate_images_total",
                                                 .help = "Images judged, by result.",
                                                 .type = METRICS_COUNTER,
                                                 .labels = {"result"}};
    static const char *const results[METER_IMAGES] = {[METER_REWRITTEN] = "rewritten",
                                                      [METER_DENIED] = "denied",
                                                      [METER_WARNED] = "warned",
                                                      [METER_UNCHANGED] = "unchanged"};
    metrics_head(out, &family);
    for (size_t i = 0; i < METER_IMAGES; i++) {
        struct metrics_set set = {{str_of(results[i])}};
        metrics_sample(out, &family, &set, total(s, &cells_of(s)->images[i]));
    }
}

static void put_reasons(struct buf *out, const struct service *s) {
    static const struct metrics_family family = {
        .name = "pullgate_reasons_total",
        .help = "Reasons given in decisions, including warnings and notes.",
        .type = METRICS_COUNTER,
        .labels = {"code"}};
    metrics_head(out, &family);
    for (size_t i = 0; i < METER_REASONS; i++) {
        struct metrics_set set = {{str_of(engine_code_name((enum reason_code)i))}};
        metrics_sample(out, &family, &set, total(s, &cells_of(s)->reasons[i]));
    }
}

/* ---- exemptions ------------------------------------------------------------------------ */

struct nearest {
    const struct policy_exemption *v[EXEMPTIONS_SHOWN];
    size_t n;
    int64_t now_s;
};

/* Future ends first, the soonest before the others; then past ones. */
static bool is_nearer(const struct nearest *n, const struct policy_exemption *a,
                      const struct policy_exemption *b) {
    bool a_ended = a->until_s <= n->now_s, b_ended = b->until_s <= n->now_s;
    return a_ended != b_ended ? b_ended : a->until_s < b->until_s;
}

/* Two in one line of a file would be one time series: only the nearer one is kept. */
static bool drop_namesake(struct nearest *n, const struct policy_exemption *e) {
    for (size_t i = 0; i < n->n; i++) {
        if (n->v[i]->pos.file != e->pos.file || n->v[i]->pos.line != e->pos.line)
            continue;
        if (!is_nearer(n, e, n->v[i]))
            return false;
        n->n--;
        memmove(&n->v[i], &n->v[i + 1], (n->n - i) * sizeof *n->v);
    }
    return true;
}

static void note_exemption(struct nearest *n, const struct policy_exemption *e) {
    if (!drop_namesake(n, e))
        return;
    size_t at = n->n;
    while (at > 0 && is_nearer(n, e, n->v[at - 1]))
        at--;
    if (at == EXEMPTIONS_SHOWN)
        return;
    if (n->n == EXEMPTIONS_SHOWN)
        n->n--;
    memmove(&n->v[at + 1], &n->v[at], (n->n - at) * sizeof *n->v);
    n->v[at] = e;
    n->n++;
}

static void put_exemptions(struct buf *out, const struct policy *p, int64_t now_s) {
    static const struct metrics_family family = {
        .name = "pullgate_exemption_expiry_seconds",
        .help = "Time until an exemption ends, negative after its end; the nearest 64.",
        .type = METRICS_GAUGE,
        .labels = {"exemption"}};
    struct nearest nearest = {.now_s = now_s};
    for (size_t i = 0; p != NULL && i < p->n_exemptions; i++)
        if (p->exemptions[i].until_s != INT64_MAX)
            note_exemption(&nearest, &p->exemptions[i]);
    metrics_head(out, &family);
    for (size_t i = 0; i < nearest.n; i++) {
        const struct policy_exemption *e = nearest.v[i];
        struct buf name = BUF_INIT(8192);
        buf_str(&name, engine_policy_file(p, e->pos));
        buf_printf(&name, ":%u", e->pos.line);
        struct metrics_set set = {{buf_view(&name)}};
        metrics_sample(out, &family, &set, e->until_s - now_s);
        buf_done(&name);
    }
}

/* ---- rules, certificate, audit, server ------------------------------------------------- */

struct row {
    const char *name;
    enum metrics_type type;
    int64_t value;
    const char *label, *word; /* NULL: none */
    const char *help;         /* NULL: a further row of the family before it */
};

static void put_rows(struct buf *out, const struct row *rows, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const struct metrics_family family = {.name = rows[i].name,
                                              .help = rows[i].help,
                                              .type = rows[i].type,
                                              .labels = {rows[i].label}};
        struct metrics_set set = {{str_of(rows[i].word)}};
        if (family.help != NULL)
            metrics_head(out, &family);
        metrics_sample(out, &family, &set, rows[i].value);
    }
}

#define ROW_COUNT(rows) (sizeof(rows) / sizeof *(rows))
#define COUNTER(name, label, word, value, help)                                                \
    { name, METRICS_COUNTER, (int64_t)(value), label, word, help }
#define GAUGE(name, value, help)                                                               \
    { name, METRICS_GAUGE, (int64_t)(value), NULL, NULL, help }

/* Only where there is one, so that alerts can tell the two ways of getting a certificate apart. */
static void put_ca(struct buf *out, const struct service *s, int64_t now_s) {
    int64_t not_after_s = atomic_load(&s->ca_not_after_s);
    const struct row rows[] = {
        GAUGE(
            "pullgate_certificate_ca_expiry_seconds", not_after_s - now_s,
            "With --tls-ca-cert: time until the CA expires, the last one if there are several; "
            "negative after that."),
    };
    if (not_after_s != 0)
        put_rows(out, rows, ROW_COUNT(rows));
}

static void put_loads(struct buf *out, struct service *s, int64_t now_s) {
    const struct meter *m = &s->meter;
    const struct row rows[] = {
        GAUGE("pullgate_ready", probes_is_ready(s), "1 if /readyz reports ok, else 0."),
        GAUGE("pullgate_rules", atomic_load(&m->n_rules), "Rules in force."),
        GAUGE("pullgate_rules_last_reload_successful",
              live_has_policy(s->live) && !atomic_load(&m->rules_are_old),
              "1 if the rules in force are those of the file, 0 if the file is not valid."),
        GAUGE("pullgate_rules_last_reload_success_timestamp_seconds",
              atomic_load(&m->rules_loaded_s),
              "Unix time at which valid rules were last loaded; 0: never."),
        COUNTER("pullgate_rules_reload_total", "result", "success",
                metrics_get(&m->loads.rules_good),
                "Times the rule file was loaded, at the start and by reloads."),
        COUNTER("pullgate_rules_reload_total", "result", "error",
                metrics_get(&m->loads.rules_bad), NULL),
        COUNTER("certwatcher_read_certificate_total", NULL, NULL,
                metrics_get(&m->loads.certificate),
                "Times the certificate was read, or made with --tls-ca-cert."),
        COUNTER("certwatcher_read_certificate_errors_total", NULL, NULL,
                metrics_get(&m->loads.certificate_bad),
                "Times the certificate could not be read, made or used."),
        GAUGE("pullgate_certificate_expiry_seconds", atomic_load(&s->cert_not_after_s) - now_s,
              "Time until the serving certificate expires, negative after that."),
        GAUGE("pullgate_certificate_lifetime_seconds",
              atomic_load(&s->cert_not_after_s) - atomic_load(&s->cert_not_before_s),
              "Lifetime of the serving certificate, from its first second to its last."),
    };
    put_rows(out, rows, ROW_COUNT(rows));
    put_ca(out, s, now_s);
}

static void put_audit(struct buf *out, const struct service *s) {
    struct audit_stats stats;
    audit_stats(s->audit, &stats);
    const struct row rows[] = {
        GAUGE("pullgate_audit_queue_bytes", stats.pending_bytes,
              "Audit lines waiting to be written."),
        GAUGE("pullgate_audit_queue_max_bytes", s->options->audit_queue,
              "Size of the audit queue (--audit-queue)."),
        COUNTER("pullgate_audit_lines_total", "result", "written", stats.written,
                "Audit lines, by result."),
        COUNTER("pullgate_audit_lines_total", "result", "dropped", stats.dropped, NULL),
        COUNTER("pullgate_audit_lines_total", "result", "failed", stats.failed, NULL),
        COUNTER("pullgate_audit_unrecorded_total", NULL, NULL, stats.unrecorded,
                "Decisions whose line found no room in time (--audit-when-full block)."),
        GAUGE("pullgate_audit_stalled_seconds", stats.stalled_ns / 1000000000,
              "Time for which lines have been waiting and none was written; 0 while lines are "
              "being written."),
    };
    put_rows(out, rows, ROW_COUNT(rows));
}

static void put_refused(struct buf *out, const struct server_stats *stats) {
    static const struct metrics_family family = {
        .name = "pullgate_server_refused_total",
        .help =
            "Requests refused before any review: 503 (busy, memory), 413 (too_large), 415 "
            "(not_json), 403 (forbidden: no accepted client certificate), 400 (framing), 404 "
            "(not_found), 405 (method).",
        .type = METRICS_COUNTER,
        .labels = {"reason"}};
    static const char *const reasons[SERVER_N_REFUSALS] = {
        [SERVER_BUSY] = "busy",           [SERVER_MEMORY] = "memory",
        [SERVER_TOO_LARGE] = "too_large", [SERVER_NOT_JSON] = "not_json",
        [SERVER_FORBIDDEN] = "forbidden", [SERVER_FRAMING] = "framing",
        [SERVER_NOT_FOUND] = "not_found", [SERVER_METHOD] = "method"};
    metrics_head(out, &family);
    for (size_t i = 0; i < SERVER_N_REFUSALS; i++) {
        struct metrics_set set = {{str_of(reasons[i])}};
        metrics_sample(out, &family, &set, (int64_t)stats->refused[i]);
    }
}

static void put_server(struct buf *out, const struct service *s) {
    struct server_stats stats;
    if (s->server == NULL)
        return;
    server_stats(s->server, &stats);
    const struct row rows[] = {
        GAUGE("pullgate_server_connections_open", stats.connections_open,
              "Connections of the webhook's listener."),
        GAUGE("pullgate_server_connections_max", s->options->max_connections,
              "Limit on open connections (--max-connections)."),
        GAUGE("pullgate_server_requests_in_flight", stats.in_flight,
              "Requests in progress, from the end of their body to their answer, or to the end "
              "of a large answer."),
        GAUGE("pullgate_server_requests_in_flight_max", s->options->max_in_flight,
              "Limit on requests in progress (--max-in-flight)."),
        GAUGE("pullgate_server_memory_bytes", stats.memory_bytes,
              "Memory of the bodies and answers of requests in progress."),
        GAUGE("pullgate_server_memory_max_bytes", s->options->memory_budget,
              "Limit on that memory (--memory-budget)."),
        COUNTER("pullgate_server_connections_accepted_total", NULL, NULL,
                stats.connections_accepted, "Connections accepted."),
        COUNTER("pullgate_server_connections_refused_total", NULL, NULL, stats.refused_address,
                "Connections closed at once (--max-connections-per-address)."),
        COUNTER("pullgate_server_timed_out_total", NULL, NULL, stats.timed_out,
                "Connections closed because a handshake, header or request took too long."),
        GAUGE("pullgate_server_handshakes_in_flight", stats.handshakes,
              "TLS handshakes in progress."),
        GAUGE("pullgate_server_handshakes_in_flight_max", s->options->max_handshakes,
              "Limit on TLS handshakes in progress (--max-handshakes)."),
        COUNTER("pullgate_server_handshakes_delayed_total", NULL, NULL,
                stats.handshakes_delayed, "Connections that waited for --max-handshakes."),
        COUNTER(
            "pullgate_server_handshakes_refused_total", NULL, NULL, stats.handshakes_refused,
            "TLS handshakes refused because the client's key, chain or message would have been "
            "too expensive to verify. They also count as failed."),
        COUNTER("pullgate_server_handshakes_failed_total", NULL, NULL, stats.handshakes_failed,
                "TLS handshakes that failed, including those that clients abandoned."),
    };
    put_rows(out, rows, ROW_COUNT(rows));
    put_refused(out, &stats);
}

static void put_memory(struct buf *out, const struct memory_plan *p) {
    static const struct metrics_family limit = {.name = "pullgate_memory_limit_bytes",
                                                .help =
                                                    "Memory that the budgets are derived from, "
                                                    "by source: --memory, the cgroup, or "
                                                    "assumed.",
                                                .type = METRICS_GAUGE,
                                                .labels = {"source"}};
    static const struct metrics_family planned = {
        .name = "pullgate_memory_planned_bytes",
        .help = "Memory planned for each part, together at most three quarters of the limit.",
        .type = METRICS_GAUGE,
        .labels = {"part"}};
    if (p == NULL)
        return;
    struct metrics_set set = {{str_of(memory_sources[p->source])}};
    metrics_head(out, &limit);
    metrics_sample(out, &limit, &set, (int64_t)p->limit_bytes);
    metrics_head(out, &planned);
    for (size_t i = 0; i < MEMORY_PARTS; i++) {
        set.values[0] = str_of(memory_parts[i]);
        metrics_sample(out, &planned, &set, (int64_t)p->parts[i]);
    }
}

static void put_build(struct buf *out) {
    static const struct metrics_family family = {.name = "pullgate_build_info",
                                                 .help = "Always 1; the labels have the build.",
                                                 .type = METRICS_GAUGE,
                                                 .labels = {"version", "commit"}};
    const struct metrics_set set = {{STR(VERSION_NUMBER), STR(VERSION_COMMIT)}};
    metrics_head(out, &family);
    metrics_sample(out, &family, &set, 1);
}

void scrape_print(struct buf *out, struct service *s) {
    int64_t now_s = clock_wall_us() / 1000000;
    struct live_reader reader = {.held = NULL};
    put_loads(out, s, now_s); /* before reading the rules, which are then at least as new */
    const struct live_rules *rules = live_use(s->live, &reader);
    put_requests(out, s);
    put_latency(out, s);
    put_in_flight(out, s);
    put_decisions(out, s);
    put_image_counts(out, s);
    put_reasons(out, s);
    put_exemptions(out, rules != NULL ? rules->policy : NULL, now_s);
    put_audit(out, s);
    put_server(out, s);
    put_memory(out, s->memory);
    put_build(out);
    metrics_process_print(out, &s->process);
    live_reader_done(s->live, &reader);
}
