#include "syncd/figures.h"

#include "base/clock.h"
#include "syncd/daemon.h"
#include "version.h"

#define NS_PER_S INT64_C(1000000000)

/* ---- noting ---------------------------------------------------------------------------------- */

static const char *const verbs[FIGURES_VERBS] = {"apply", "recreate", "delete"};

/* By HTTP status; the first is for answers that did not come, the last for all others. */
static const struct {
    unsigned status;
    const char *word;
} errors[FIGURES_ERRORS] = {{0, "no_answer"},   {400, "bad_request"}, {401, "unauthorized"},
                            {403, "forbidden"}, {404, "not_found"},   {409, "conflict"},
                            {422, "invalid"},   {429, "throttled"},   {1000, "other"}};

void figures_init(struct figures *f, int64_t now_us) {
    *f = (struct figures){.now = {.turned_ns = clock_mono_ns()}};
    pthread_mutex_init(&f->lock, NULL);
    metrics_process_init(&f->process, now_us);
    f->shown = f->now;
}

void figures_done(struct figures *f) {
    pthread_mutex_destroy(&f->lock);
}

void figures_note_plan(struct figures *f, const struct sync_plan *plan, int64_t now_s) {
    struct figures_values *v = &f->now;
    for (size_t i = 0; i < SYNC_N_REASONS; i++)
        v->counts[i] = plan->counts[i];
    v->wanted = plan->n_wanted;
    v->current = plan->n_current;
    v->open = sync_plan_n_open(plan);
    v->plans++;
    if (v->current == v->wanted)
        v->settled_s = now_s;
}

void figures_note_done(struct figures *f, const char *verb) {
    for (size_t i = 0; i < FIGURES_VERBS; i++)
        f->now.done[i] += strcmp(verbs[i], verb) == 0;
}

void figures_note_error(struct figures *f, unsigned status) {
    size_t i = 0;
    while (i < FIGURES_ERRORS - 1 && errors[i].status != status)
        i++;
    f->now.errors[i]++;
}

static void put_stale(struct buf *out, const struct feed *f) {
    const struct err *err = kube_watch_error(f->watch);
    buf_puts(out, out->n ? "; " : "");
    feeds_describe(f, out);
    buf_printf(out, ": %s", err->code == EC_OK ? "not listed yet" : err->msg);
}

static void count_watches(const struct daemon *d, struct figures_values *v) {
    char text[FIGURES_WHY - 1];
    struct buf why = BUF_OVER(text, sizeof text);
    v->watches = v->fresh = 0;
    for (const struct feed *f = d->feeds.first; f != NULL; f = f->next) {
        v->watches++;
        if (feeds_is_known(f))
            v->fresh++;
        else
            put_stale(&why, f);
    }
    memcpy(v->why, why.p, why.n);
    v->why[why.n] = '\0';
}

void figures_publish(struct daemon *d) {
    struct figures *f = &d->figures;
    struct figures_values *v = &f->now;
    kube_stats(d->kube, &v->kube);
    count_watches(d, v);
    v->in_progress = d->in_progress;
    v->draining = d->draining;
    v->rules_needed = d->options->policy != NULL;
    v->rules_valid = d->policy != NULL;
    v->turned_ns = clock_mono_ns();
    pthread_mutex_lock(&f->lock);
    f->shown = *v;
    pthread_mutex_unlock(&f->lock);
}

static struct figures_values shown(struct figures *f) {
    pthread_mutex_lock(&f->lock);
    struct figures_values v = f->shown;
    pthread_mutex_unlock(&f->lock);
    return v;
}

/* ---- probes ---------------------------------------------------------------------------------- */

static bool turns(const struct figures_values *v) {
    return clock_mono_ns() - v->turned_ns < FIGURES_STALL_S * NS_PER_S;
}

static void put_check(struct buf *out, bool good, const char *name, const char *why) {
    buf_printf(out, "[%c] %s: %s\n", good ? '+' : '-', name, why);
}

static bool run_checks(const struct figures_values *v, struct buf *out) {
    bool rules = v->rules_valid || !v->rules_needed;
    bool watches = v->watches != 0 && v->fresh == v->watches;
    put_check(out, rules, "rules",
              !v->rules_needed ? "none are given"
              : !rules         ? "no valid rules are loaded"
              : v->rules_old   ? "in force; the file has changed since then and is not valid"
                               : "in force");
    put_check(out, watches, "watches", watches ? "all fresh" : v->why[0] ? v->why : "none yet");
    put_check(out, turns(v), "loop", turns(v) ? "turning" : "stalled");
    put_check(out, !v->draining, "drain", v->draining ? "shutting down" : "not shutting down");
    return rules && watches && turns(v) && !v->draining;
}

static void answer_text(struct server_reply *reply, bool good) {
    reply->content_type = "text/plain; charset=utf-8";
    reply->status = good ? 200 : 503;
}

static void answer_healthz(void *arg, const struct server_request *request,
                           struct server_reply *reply) {
    struct figures_values v = shown(arg);
    (void)request;
    answer_text(reply, turns(&v));
    buf_puts(reply->body, turns(&v) ? "ok\n" : "the main loop does not turn\n");
}

static void answer_readyz(void *arg, const struct server_request *request,
                          struct server_reply *reply) {
    struct figures_values v = shown(arg);
    bool ready = run_checks(&v, reply->body);
    answer_text(reply, ready);
    if (!ready || str_starts(request->query, STR("verbose")))
        return;
    buf_reset(reply->body);
    buf_puts(reply->body, "ok\n");
}

/* ---- metrics --------------------------------------------------------------------------------- */

struct value {
    struct metrics_family family;
    int64_t value;
};

#define ROW(kind, row_name, row_value, text)                                                   \
    { {.name = (row_name), .help = (text), .type = METRICS_##kind}, (int64_t)(row_value) }

static void put_copies(struct buf *out, const struct figures_values *v) {
    static const struct metrics_family family = {
        .name = "pullgate_sync_copies",
        .help = "Copies and sources by state, of the last plan: current, or the reason of what "
                "is to be "
                "done or reported.",
        .type = METRICS_GAUGE,
        .labels = {"state"}};
    struct metrics_set set = {{STR("current")}};
    metrics_head(out, &family);
    metrics_sample(out, &family, &set, (int64_t)v->current);
    for (size_t i = 0; i < SYNC_N_REASONS; i++) {
        set.values[0] = str_of(sync_reason_name((enum sync_reason)i));
        metrics_sample(out, &family, &set, (int64_t)v->counts[i]);
    }
}

static void put_labelled(struct buf *out, const struct metrics_family *family,
                         const char *const words[], const uint64_t values[], size_t n) {
    metrics_head(out, family);
    for (size_t i = 0; i < n; i++) {
        struct metrics_set set = {{str_of(words[i])}};
        metrics_sample(out, family, &set, (int64_t)values[i]);
    }
}

static void put_counts(struct buf *out, const struct figures_values *v) {
    static const struct metrics_family done = {
        .name = "pullgate_sync_done_total",
        .help =
            "Copies written and deleted; recreate is the deletion that a change of type needs.",
        .type = METRICS_COUNTER,
        .labels = {"verb"}};
    static const struct metrics_family failed = {
        .name = "pullgate_sync_errors_total",
        .help = "Calls that failed after all attempts, by reason.",
        .type = METRICS_COUNTER,
        .labels = {"reason"}};
    const char *words[FIGURES_ERRORS];
    for (size_t i = 0; i < FIGURES_ERRORS; i++)
        words[i] = errors[i].word;
    put_labelled(out, &done, verbs, v->done, FIGURES_VERBS);
    put_labelled(out, &failed, words, v->errors, FIGURES_ERRORS);
}

static void put_values(struct buf *out, const struct figures_values *v) {
    const struct value rows[] = {
        ROW(GAUGE, "pullgate_sync_wanted", v->wanted,
            "Copies that are asked for, of sources that can be copied, in namespaces that "
            "stay."),
        ROW(GAUGE, "pullgate_sync_open", v->open,
            "What is to be done, or to be mended by somebody."),
        ROW(GAUGE, "pullgate_sync_last_success_timestamp_seconds", v->settled_s,
            "When all copies were last seen as they should be; 0: never."),
        ROW(GAUGE, "pullgate_sync_in_progress", v->in_progress,
            "Calls for copies in progress."),
        ROW(GAUGE, "pullgate_sync_watches", v->watches, "Watches."),
        ROW(GAUGE, "pullgate_sync_watches_fresh", v->fresh, "Watches that have no gap."),
        ROW(COUNTER, "pullgate_sync_plans_total", v->plans, "Plans made."),
        ROW(COUNTER, "pullgate_sync_requests_total", v->kube.requests,
            "Requests sent to the API server, attempts and watches counted."),
        ROW(COUNTER, "pullgate_sync_retries_total", v->kube.retries, "Requests sent again."),
        ROW(COUNTER, "pullgate_sync_throttled_total", v->kube.throttled,
            "Answers 429: the API server asked to wait."),
        ROW(COUNTER, "pullgate_sync_relists_total", v->kube.relists,
            "Lists after the first of a watch."),
        ROW(COUNTER, "pullgate_sync_watch_restarts_total", v->kube.restarts,
            "Watches begun again, after their time or an error."),
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        metrics_value(out, &rows[i].family, rows[i].value);
}

static void put_build(struct buf *out) {
    static const struct metrics_family family = {.name = "pullgate_sync_build_info",
                                                 .help = "Always 1; the labels have the build.",
                                                 .type = METRICS_GAUGE,
                                                 .labels = {"version", "commit"}};
    const struct metrics_set set = {{STR(VERSION_NUMBER), STR(VERSION_COMMIT)}};
    metrics_head(out, &family);
    metrics_sample(out, &family, &set, 1);
}

static void answer_metrics(void *arg, const struct server_request *request,
                           struct server_reply *reply) {
    struct figures *f = arg;
    struct figures_values v = shown(f);
    (void)request;
    reply->content_type = "text/plain; version=0.0.4; charset=utf-8";
    put_copies(reply->body, &v);
    put_counts(reply->body, &v);
    put_values(reply->body, &v);
    put_build(reply->body);
    metrics_process_print(reply->body, &f->process);
}

const struct server_route figures_routes[] = {
    {"/healthz", SERVER_GET, false, answer_healthz},
    {"/readyz", SERVER_GET, false, answer_readyz},
    {"/metrics", SERVER_GET, false, answer_metrics},
};
const size_t figures_n_routes = sizeof figures_routes / sizeof *figures_routes;
