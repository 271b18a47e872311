#include "program/certificate.h"

#include "base/clock.h"
#include "base/log.h"
#include "certs/certs.h"

#include <stdio.h>

enum { DAY_S = 24 * 60 * 60 };

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

void certificate_remind(struct daemon *d, int64_t now_s) {
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
    certificate_remind(d, now_s);
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

enum ec certificate_listen(struct daemon *d, struct server_config *config, struct err *err) {
    AUTO(pair_done) struct pair pair = PAIR_INIT;
    if (read_pair(d, &pair, err) != EC_OK)
        return err->code;
    config->cert_pem = pair.cert_pem;
    config->key_pem = pair.key_pem;
    config->client_ca_pem = buf_view(&pair.client_ca);
    if (server_start(&d->server, config, err) != EC_OK) {
        blame_file(d, err);
        return err->code;
    }
    if (keep_pair(d, &pair, err) != EC_OK)
        return err->code;
    meter_certificate_read(&d->service.meter, true);
    tell_of_pair(d, &pair);
    return EC_OK;
}

enum ec certificate_load(struct daemon *d, bool again) {
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

void certificate_renew(struct daemon *d, int64_t now_s) {
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

int64_t certificate_idle_ms(const struct daemon *d) {
    int64_t poll_ms = (int64_t)d->options->poll_ms;
    int64_t due_ms = d->self.due_s * 1000 - clock_wall_us() / 1000;
    if (d->self.authority == NULL || due_ms >= poll_ms)
        return poll_ms;
    return due_ms > 0 ? due_ms : 0;
}

bool certificate_is_due(const struct daemon *d, int64_t now_s) {
    return d->certificate_due_s != 0 && now_s >= d->certificate_due_s;
}
