#include "program/load.h"

#include "base/clock.h"
#include "base/log.h"
#include "certs/certs.h"
#include "program/priorities.h"
#include "program/probes.h"
#include "rules/rules.h"

#include <stdio.h>

enum { DAY_S = 24 * 60 * 60, YIELD_MS = 1000 };

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

/* ---- certificate --------------------------------------------------------------------- */

struct pair {
    struct buf cert, key, client_ca; /* the files; with --tls-ca-cert those of the CA */
    struct selfsigned_offer self;
    struct str cert_pem, key_pem; /* to be served */
    struct certs_info info;
    unsigned problems; /* of certs_check() */
};
#define PAIR_INIT                                                                              \
    {                                                                                          \
        .cert = BUF_INIT(CERTS_READ_ROOM), .key = BUF_INIT(CERTS_READ_ROOM),                   \
        .client_ca = BUF_INIT(CERTS_READ_ROOM)                                                 \
    }

static void pair_done(struct pair *p) {
    certs_wipe(&p->cert);
    certs_wipe(&p->key);
    certs_wipe(&p->client_ca);
    selfsigned_offer_done(&p->self);
}

static const char *cert_file(const struct daemon *d) {
    const struct options *o = d->options;
    return options_signs_itself(o) ? o->tls_ca_cert : o->tls_cert;
}

static const char *key_file(const struct daemon *d) {
    const struct options *o = d->options;
    return options_signs_itself(o) ? o->tls_ca_key : o->tls_key;
}

/* GnuTLS signs in 1.4 ms with RSA 2048, in 4 with 3072, in 8 with 4096, for any client. */
static bool key_is_slow(const struct certs_info *info) {
    struct str key = str_of(info->key_type),
               bits = str_slice(key, str_find(key, ' ') + 1, key.n);
    uint64_t n;
    return str_starts(key, STR("RSA")) && str_to_uint(bits, UINT64_MAX, &n) && n > 2048;
}

static void warn_of_certificate(const struct daemon *d, const struct certs_info *info,
                                unsigned problems) {
    static const struct {
        unsigned bit;
        const char *event;
    } rows[] = {{CERTS_NOT_YET_VALID, "certificate_not_yet_valid"},
                {CERTS_NAME_MISSING, "certificate_lacks_name"},
                {CERTS_NOT_SERVER, "certificate_not_for_servers"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (problems & rows[i].bit)
            LOG(LOG_WARN, rows[i].event, F_Z("file", cert_file(d)), F_Z("names", info->names),
                F_Z("expected", d->options->tls_name), F_END);
    if (key_is_slow(info))
        LOG(LOG_WARN, "certificate_key_slow", F_Z("file", cert_file(d)),
            F_Z("key", info->key_type), F_Z("expected", "ECDSA P-256, or RSA 2048"), F_END);
}

static void warn_of_key(const struct daemon *d) {
    char text[8];
    unsigned mode;
    if (!certs_key_is_exposed(key_file(d), &mode))
        return;
    snprintf(text, sizeof text, "%04o", mode);
    LOG(LOG_WARN, "key_readable_by_others", F_Z("file", key_file(d)), F_Z("mode", text), F_END);
}

/* A reminder more than a day ahead means that the clock was set back. */
static bool is_time(struct reminder *r, int64_t now_s) {
    bool reminded = now_s < r->next_s && r->next_s <= now_s + DAY_S;
    if (r->low_s == 0 || now_s < r->low_s || reminded)
        return false;
    r->next_s = now_s + DAY_S;
    return true;
}

void load_remind_of_certificate(struct daemon *d, int64_t now_s) {
    int64_t left_s = atomic_load(&d->service.cert_not_after_s) - now_s;
    int64_t ca_left_s = atomic_load(&d->service.ca_not_after_s) - now_s;
    if (is_time(&d->certificate, now_s))
        LOG(LOG_WARN, left_s > 0 ? "certificate_expires_soon" : "certificate_expired",
            F_Z("file", cert_file(d)), F_INT("secondsLeft", left_s), F_END);
    if (is_time(&d->ca, now_s))
        LOG(LOG_WARN, ca_left_s > 0 ? "ca_expires_soon" : "ca_expired",
            F_Z("file", cert_file(d)), F_INT("secondsLeft", ca_left_s), F_END);
}

/* Errors of certs and server begin with their subject; it is replaced by the file's name. */
static void blame_file(const struct daemon *d, struct err *err) {
    const struct {
        struct str part;
        const char *file;
    } rows[] = {{STR("certificate: "), cert_file(d)},
                {STR("key: "), key_file(d)},
                {STR("CA: "), cert_file(d)},
                {STR("CA key: "), key_file(d)},
                {STR("client CA: "), d->options->client_ca}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].file != NULL && str_starts(str_of(err->msg), rows[i].part))
            err_locate(err, rows[i].file, 0, 0);
}

/* To the server an empty text means that no client certificate is required. An empty file must not have
 * that effect: it may be in the middle of being written. */
static enum ec read_client_ca(const struct options *o, struct buf *out, struct err *err) {
    if (o->client_ca == NULL || certs_read(out, o->client_ca, err) != EC_OK || out->n != 0)
        return err->code;
    err_set(err, EC_CRYPTO, "client CA: the file is empty, expected certificates (PEM)");
    err_locate(err, o->client_ca, 0, 0);
    return err->code;
}

/* What is to be served: the pair of the files, or one made with the CA of the files. */
static enum ec make_pair(struct daemon *d, struct pair *p, int64_t now_s, struct err *err) {
    p->cert_pem = buf_view(&p->cert);
    p->key_pem = buf_view(&p->key);
    if (!options_signs_itself(d->options))
        return EC_OK;
    if (selfsigned_read(&p->self, &d->self, d->options, p->cert_pem, p->key_pem, now_s, err) !=
        EC_OK)
        return err->code;
    const struct certs_leaf *leaf = p->self.keeps ? &d->self.leaf : &p->self.leaf;
    p->cert_pem = buf_view(&leaf->cert);
    p->key_pem = buf_view(&leaf->key);
    return EC_OK;
}

static enum ec check_pair(const struct daemon *d, struct pair *p, int64_t now_s,
                          struct err *err) {
    if (certs_check(&p->info, &p->problems, p->cert_pem, p->key_pem, STR_NONE,
                    str_of(d->options->tls_name), now_s, err) != EC_OK)
        return err->code;
    if (p->problems & CERTS_UNFIT)
        err_set(err, EC_CRYPTO, "no client can use it: %s", p->info.unfit);
    return err->code;
}

static enum ec read_pair(struct daemon *d, struct pair *out, struct err *err) {
    int64_t now_s = clock_wall_us() / 1000000;
    if (certs_read(&out->cert, cert_file(d), err) != EC_OK ||
        certs_read(&out->key, key_file(d), err) != EC_OK ||
        read_client_ca(d->options, &out->client_ca, err) != EC_OK)
        return err->code;
    if (make_pair(d, out, now_s, err) == EC_OK && check_pair(d, out, now_s, err) == EC_OK)
        return EC_OK;
    blame_file(d, err);
    err_locate(err, cert_file(d), 0, 0);
    return err->code;
}

static void tell_of_ca(struct daemon *d, int64_t now_s) {
    const struct certs_authority *a = d->self.authority;
    int64_t life_s = (int64_t)(d->options->tls_leaf_lifetime_ms / 1000);
    int64_t ahead_s = CERTS_CA_SOON_DAYS * (int64_t)DAY_S, end_s = certs_authority_end_s(a);
    size_t n_cas = 0, n_signers = 0;
    certs_authority_count(a, &n_cas, &n_signers);
    LOG(LOG_INFO, "ca_loaded", F_Z("file", cert_file(d)), F_INT("cas", n_cas),
        F_INT("keys", n_signers), F_INT("secondsLeft", end_s - now_s), F_END);
    atomic_store(&d->service.ca_not_after_s, end_s);
    d->ca = (struct reminder){.low_s = end_s - (ahead_s > life_s ? ahead_s : life_s),
                              .next_s = now_s};
}

static void tell_of_leaf(struct daemon *d, const struct certs_info *info, int64_t now_s) {
    const struct certs_leaf *leaf = &d->self.leaf;
    LOG(LOG_INFO, "certificate_made", F_Z("names", info->names), F_Z("sha256", info->sha256),
        F_INT("secondsLeft", info->not_after_s - now_s),
        F_INT("renewedIn", d->self.due_s - now_s), F_Z("ca", leaf->ca.subject),
        F_Z("caSha256", leaf->ca.sha256), F_INT("caSecondsLeft", leaf->ca.not_after_s - now_s),
        F_END);
}

/* The server uses it: from now on log, metric and /readyz refer to this one. */
static void use_dates(struct daemon *d, const struct certs_info *info, int64_t now_s) {
    bool own = options_signs_itself(d->options);
    int64_t life_s = info->not_after_s - info->not_before_s;
    atomic_store(&d->service.cert_not_before_s, info->not_before_s);
    atomic_store(&d->service.cert_not_after_s, info->not_after_s);
    /* One that is made here is renewed before that, with a third left. */
    d->certificate =
        (struct reminder){.low_s = info->not_after_s - life_s / (own ? 6 : 3), .next_s = now_s};
}

static void tell_of_pair(struct daemon *d, const struct pair *pair) {
    const struct certs_info *info = &pair->info;
    int64_t now_s = clock_wall_us() / 1000000;
    bool own = options_signs_itself(d->options);
    warn_of_certificate(d, info, pair->problems);
    warn_of_key(d);
    if (own)
        tell_of_ca(d, now_s);
    else
        LOG(LOG_INFO, "certificate_loaded", F_Z("file", cert_file(d)),
            F_Z("names", info->names), F_Z("sha256", info->sha256),
            F_INT("secondsLeft", info->not_after_s - now_s), F_END);
    if (own && !pair->self.keeps)
        tell_of_leaf(d, info, now_s);
    use_dates(d, info, now_s);
    load_remind_of_certificate(d, now_s);
}

/* At the start any certificate is used, since an expired one may be the only one; at a reload a better one
 * is in use. One that is not valid yet is read again when it is. */
static enum ec check_trade(struct daemon *d, const struct pair *pair, struct err *err) {
    const struct certs_info *info = &pair->info;
    int64_t now_s = clock_wall_us() / 1000000;
    int64_t in_use_s = atomic_load(&d->service.cert_not_after_s);
    bool expired = pair->problems & CERTS_EXPIRED;
    struct buf text = BUF_INIT(256);
    if (options_signs_itself(d->options))
        return EC_OK; /* it was made now */
    if (!(pair->problems & (CERTS_EXPIRED | CERTS_NOT_YET_VALID)) || now_s >= in_use_s ||
        now_s < atomic_load(&d->service.cert_not_before_s))
        return EC_OK;
    d->certificate_due_s = expired ? 0 : info->not_before_s;
    buf_puts(&text, expired ? "it expired at " : "it is not valid before ");
    clock_print_s(&text, expired ? info->not_after_s : info->not_before_s);
    buf_puts(&text, ", the one in use is valid until ");
    clock_print_s(&text, in_use_s);
    err_set(err, EC_CRYPTO, "%.*s", STR_ARG(buf_view(&text)));
    err_locate(err, d->options->tls_cert, 0, 0);
    buf_done(&text);
    return err->code;
}

/* The server has it: now it is ours to keep and renew. */
static enum ec keep_pair(struct daemon *d, struct pair *pair, struct err *err) {
    if (!options_signs_itself(d->options))
        return EC_OK;
    return selfsigned_take(&d->self, &pair->self, buf_view(&pair->client_ca), d->options, err);
}

static enum ec renew_pair(struct daemon *d, struct err *err) {
    AUTO(pair_done) struct pair pair = PAIR_INIT;
    d->certificate_due_s = 0;
    if (read_pair(d, &pair, err) != EC_OK || check_trade(d, &pair, err) != EC_OK)
        return err->code;
    if (server_set_tls(d->server, pair.cert_pem, pair.key_pem, buf_view(&pair.client_ca),
                       err) != EC_OK) {
        blame_file(d, err);
        return err->code;
    }
    if (keep_pair(d, &pair, err) != EC_OK)
        return err->code;
    tell_of_pair(d, &pair);
    return EC_OK;
}

enum ec load_certificate(struct daemon *d, bool again) {
    struct err err = ERR_INIT;
    enum ec ec = renew_pair(d, &err);
    if (again && load_may_mend(ec))
        return ec;
    meter_certificate_read(&d->service.meter, ec == EC_OK);
    if (ec != EC_OK)
        log_err(LOG_ERROR, "certificate_kept", &err);
    return ec;
}

static enum ec renew_leaf(struct daemon *d, int64_t now_s, struct err *err) {
    AUTO(pair_done) struct pair p = PAIR_INIT;
    struct str client_ca = buf_view(&d->self.client_ca);
    if (selfsigned_renew(&p.self, &d->self, d->options, now_s, err) != EC_OK)
        return err->code;
    p.cert_pem = buf_view(&p.self.leaf.cert);
    p.key_pem = buf_view(&p.self.leaf.key);
    buf_str(&p.client_ca, client_ca);
    if (p.client_ca.bad)
        return err_set(err, EC_NOMEM, "out of memory");
    if (check_pair(d, &p, now_s, err) != EC_OK ||
        server_set_tls(d->server, p.cert_pem, p.key_pem, client_ca, err) != EC_OK ||
        keep_pair(d, &p, err) != EC_OK)
        return err->code;
    tell_of_leaf(d, &p.info, now_s);
    use_dates(d, &p.info, now_s);
    return EC_OK;
}

void load_renew_certificate(struct daemon *d, int64_t now_s) {
    struct err err = ERR_INIT;
    if (!selfsigned_is_due(&d->self, now_s))
        return;
    enum ec ec = renew_leaf(d, now_s, &err);
    meter_certificate_read(&d->service.meter, ec == EC_OK);
    if (ec == EC_OK)
        return;
    selfsigned_postpone(&d->self, now_s);
    blame_file(d, &err);
    log_err(LOG_ERROR, "certificate_kept", &err);
}

int64_t load_idle_ms(const struct daemon *d) {
    int64_t poll_ms = (int64_t)d->options->poll_ms;
    int64_t due_ms = d->self.due_s * 1000 - clock_wall_us() / 1000;
    if (d->self.authority == NULL || due_ms >= poll_ms)
        return poll_ms;
    return due_ms > 0 ? due_ms : 0;
}

bool load_certificate_is_due(const struct daemon *d, int64_t now_s) {
    return d->certificate_due_s != 0 && now_s >= d->certificate_due_s;
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
    AUTO(pair_done) struct pair pair = PAIR_INIT;
    struct server_config config = config_of(d);
    if (read_pair(d, &pair, err) != EC_OK)
        return err->code;
    config.cert_pem = pair.cert_pem;
    config.key_pem = pair.key_pem;
    config.client_ca_pem = buf_view(&pair.client_ca);
    config.client_names = d->options->client_names.v;
    config.n_client_names = d->options->client_names.n;
    config.priorities = d->priorities.p;
    if (server_start(&d->server, &config, err) != EC_OK) {
        blame_file(d, err);
        return err->code;
    }
    if (keep_pair(d, &pair, err) != EC_OK)
        return err->code;
    meter_certificate_read(&d->service.meter, true);
    tell_of_pair(d, &pair);
    return EC_OK;
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
