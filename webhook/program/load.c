#include "program/load.h"

#include "base/clock.h"
#include "base/log.h"
#include "certs/certs.h"
#include "program/certificate.h"
#include "program/priorities.h"
#include "program/probes.h"
#include "rules/rules.h"

enum { YIELD_MS = 1000 };

/* Each probe opens a connection and sends its request at once: a connection that has been silent for a
 * moment can be closed to make room. */
enum { PROBE_YIELD_MS = 20, PROBE_HEADER_MAX = 8 * 1024, PROBE_TIMEOUT_MS = 5000 };

/* ---- rules --------------------------------------------------------------------------- */

static void warn_of_rules(void *arg, enum rules_lint lint, const char *file,
                          struct policy_pos pos, const char *text) {
    (void)arg;
    LOG(LOG_WARN, "rules_warning", F_Z("lint", rules_lints[lint].id), F_Z("warning", text),
        F_Z("file", file), F_INT("line", pos.line), F_INT("column", pos.col), F_END);
}

bool load_may_mend(enum ec ec) {
    return ec == EC_IO || ec == EC_NOMEM;
}

enum { ERRORS_LOGGED = 8 };

struct rules_errors {
    const struct daemon *d;
    size_t n;
};

static const char *kept_word(const struct daemon *d) {
    return live_has_policy(d->service.live) ? "rules_kept" : "rules_invalid";
}

/* The event of the first error tells the consequence. */
static void log_error_of_rules(void *arg, const struct err *err, size_t n) {
    struct rules_errors *e = arg;
    if (e->n < ERRORS_LOGGED)
        log_err(LOG_ERROR, e->n == 0 ? kept_word(e->d) : "rules_error", err);
    else if (e->n == ERRORS_LOGGED)
        LOG(LOG_ERROR, "rules_errors_left_out", F_INT("errors", n - ERRORS_LOGGED), F_END);
    e->n++;
}

static enum ec keep_rules(struct daemon *d, const struct err *err, bool logged, bool again) {
    if (again && load_may_mend(err->code))
        return err->code;
    if (!logged)
        log_err(LOG_ERROR, kept_word(d), err);
    meter_rules_kept(&d->service.meter);
    return err->code;
}

enum ec load_rules(struct daemon *d, bool again) {
    struct err err = ERR_INIT;
    struct policy *policy = NULL;
    struct meter *meter = &d->service.meter;
    struct rules_errors errors = {.d = d};
    const struct rules_options options = {.warn = warn_of_rules,
                                          .arg = &errors,
                                          .error = log_error_of_rules,
                                          .now_s = clock_wall_us() / 1000000,
                                          .sha256 = certs_sha256_hex};
    if (rules_load(&policy, d->options->policy, &options, &err) != EC_OK)
        return keep_rules(d, &err, errors.n != 0, again);
    size_t n_rules = policy->n_rules;
    char sha256[sizeof policy->sha256];
    memcpy(sha256, policy->sha256, sizeof sha256);
    const struct live_rules rules = {policy, meter_slots(meter, policy)};
    if (!live_set_take(d->service.live, rules)) {
        err_set(&err, EC_NOMEM, "out of memory");
        return keep_rules(d, &err, false, again);
    }
    meter_rules_loaded(meter, n_rules, options.now_s);
    LOG(LOG_INFO, "rules_loaded", F_Z("policy", d->options->policy), F_INT("rules", n_rules),
        F_Z("sha256", sha256), F_END);
    return EC_OK;
}

/* ---- listening ----------------------------------------------------------------------- */

static void on_server_event(void *arg, const char *event, struct str detail) {
    (void)arg;
    LOG(LOG_WARN, event, F_STR("detail", detail), F_END);
    if (strcmp(event, "http_library_panic") == 0)
        log_flush(); /* abort(3) follows */
}

static struct server_config config_of(struct daemon *d) {
    const struct options *o = d->options;
    return (struct server_config){.listen = o->listen,
                                  .tls = true,
                                  .routes = serve_routes,
                                  .n_routes = serve_n_routes,
                                  .arg = &d->service,
                                  .n_workers = (unsigned)o->workers,
                                  .max_body_bytes = o->max_body,
                                  .memory_budget_bytes = o->memory_budget,
                                  .max_header_bytes = o->max_header,
                                  .max_connections = (unsigned)o->max_connections,
                                  .max_handshakes = (unsigned)o->max_handshakes,
                                  .max_per_address = (unsigned)o->max_per_address,
                                  .yield_ms = YIELD_MS,
                                  .yield_slow_ms = YIELD_MS,
                                  .max_in_flight = (unsigned)o->max_in_flight,
                                  .idle_timeout_s = (unsigned)(o->idle_timeout_ms / 1000),
                                  .header_timeout_ms = (unsigned)o->header_timeout_ms,
                                  .request_timeout_ms = (unsigned)o->request_timeout_ms,
                                  .on_event = on_server_event};
}

static enum ec listen_tls(struct daemon *d, struct err *err) {
    struct server_config config = config_of(d);
    config.client_names = d->options->client_names.v;
    config.n_client_names = d->options->client_names.n;
    config.priorities = d->priorities.p;
    return certificate_listen(d, &config, err);
}

static enum ec listen_probes(struct daemon *d, struct err *err) {
    struct server_config config = config_of(d);
    if (d->options->metrics_listen == NULL || d->options->metrics_listen[0] == '\0')
        return EC_OK;
    config.listen = d->options->metrics_listen;
    config.tls = false;
    config.routes = probes_routes;
    config.n_routes = probes_n_routes;
    config.n_workers = 1;
    config.max_connections =
        d->probe_connections != 0 ? (unsigned)d->probe_connections : PROBES_MIN;
    config.max_in_flight = config.max_connections;
    config.yield_ms = PROBE_YIELD_MS;
    config.memory_budget_bytes = PROBE_MEMORY;
    if (config.max_header_bytes > PROBE_HEADER_MAX)
        config.max_header_bytes = PROBE_HEADER_MAX;
    config.max_per_address = 0; /* all probes of a node have one address */
    config.max_body_bytes = 0;
    if (config.header_timeout_ms > PROBE_TIMEOUT_MS)
        config.header_timeout_ms = PROBE_TIMEOUT_MS;
    config.request_timeout_ms = config.header_timeout_ms; /* there is nothing to wait for */
    return server_start(&d->probes, &config, err);
}

/* Lists in the environment are separated by commas; on the command line a comma is a mistake. */
static enum ec check_list(const char *flag, const struct opt_list *list, struct err *err) {
    for (size_t i = 0; i < list->n; i++)
        if (strchr(list->v[i], ',') != NULL)
            return err_set(
                err, EC_USAGE,
                "--%s: found \"%.200s\" with a comma; repeat the option for each name", flag,
                list->v[i]);
    return EC_OK;
}

static void warn_of_limits(const struct options *o) {
    if (o->max_body > o->memory_budget)
        LOG(LOG_WARN, "max_body_exceeds_memory_budget", F_INT("maxBody", o->max_body),
            F_INT("memoryBudget", o->memory_budget), F_END);
}

enum ec load_and_listen(struct daemon *d, struct err *err) {
    const struct options *o = d->options;
    warn_of_limits(o);
    if (check_list("tls-ciphers", &o->tls_ciphers, err) != EC_OK ||
        check_list("client-name", &o->client_names, err) != EC_OK)
        return err->code;
    if (priorities_print(&d->priorities, (enum priorities_min)o->tls_min, o->tls_ciphers.v,
                         o->tls_ciphers.n, err) != EC_OK)
        return err->code;
    if (o->client_names.n != 0 && o->client_ca == NULL)
        return err_set(err, EC_USAGE, "--client-name has no effect without --client-ca");
    if (listen_tls(d, err) != EC_OK)
        return err->code;
    d->service.server = d->server;
    return listen_probes(d, err);
}

void load_done(struct daemon *d) {
    selfsigned_done(&d->self);
    buf_done(&d->priorities);
}
