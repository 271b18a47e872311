/* Renewal: reads the files, decides what is due, makes and writes it. */
#include "certs/internal.h"

#include "base/mem.h"

#include <errno.h>

static const int64_t day_s = 86400;

/* A replaced CA with less left does not sign: its last leaf would end before the next rotation. */
static const int64_t signer_left_s = (int64_t)CERTS_OVERLAP_DAYS * 86400;

/* -- The files ----------------------------------------------------------------------------- */

struct estate {
    STACK_OF(X509) * bundle; /* ca.crt; never empty */
    struct signers signers;  /* those of the bundle whose keys are in ca.key */
    struct issuer ca;        /* the newest of them; both NULL without any */
    struct issuer signer;    /* the one that signs a leaf now, or NULL */
    STACK_OF(X509) * chain;  /* tls.crt; NULL when it cannot be read */
    X509 *leaf;              /* the first of chain, or NULL */
    X509 *leaf_ca;           /* the one of the bundle that signed it, or NULL */
    bool key_fits;           /* tls.key is the leaf's */
};

static void estate_done(struct estate *e) {
    sk_X509_pop_free(e->bundle, X509_free);
    sk_X509_pop_free(e->chain, X509_free);
    certs_signers_done(&e->signers);
}

static enum ec read_file(struct buf *text, const char *dir, const char *name, struct err *err) {
    AUTO(mem_freep) char *path = certs_save_path(dir, name);
    if (path == NULL)
        return err_set(err, EC_NOMEM, "out of memory");
    return certs_read(text, path, err);
}

static enum ec load_certs(STACK_OF(X509) * *out, const char *dir, const char *name,
                          struct err *err) {
    struct buf text = BUF_INIT(CERTS_READ_ROOM);
    if (read_file(&text, dir, name, err) == EC_OK &&
        certs_pem_read_certs(out, buf_view(&text), err) != EC_OK)
        err_wrap(err, "%s/%s", dir, name);
    certs_wipe(&text); /* a key may be there by mistake */
    return err->code;
}

static enum ec load_key(EVP_PKEY **out, const char *dir, const char *name, struct err *err) {
    struct buf text = BUF_INIT(CERTS_READ_ROOM);
    if (read_file(&text, dir, name, err) == EC_OK &&
        certs_pem_read_key(out, buf_view(&text), err) != EC_OK)
        err_wrap(err, "%s/%s", dir, name);
    certs_wipe(&text);
    return err->code;
}

/* Missing or damaged files are replaced; a file without read permission is not. */
static bool is_curable(const struct err *err) {
    return err->code == EC_CRYPTO || (err->code == EC_IO && err->os == ENOENT);
}

static enum ec load_leaf(struct estate *e, const char *dir, struct err *err) {
    AUTO(key_freep) EVP_PKEY *key = NULL;
    struct err found = ERR_INIT;
    if (load_certs(&e->chain, dir, "tls.crt", &found) != EC_OK && !is_curable(&found)) {
        *err = found;
        return err->code;
    }
    found = (struct err)ERR_INIT;
    if (load_key(&key, dir, "tls.key", &found) != EC_OK && !is_curable(&found)) {
        *err = found;
        return err->code;
    }
    e->leaf = sk_X509_value(e->chain, 0); /* NULL for NULL */
    e->key_fits = e->leaf != NULL && key != NULL && X509_check_private_key(e->leaf, key);
    return EC_OK;
}

/* A crash between two renames may leave a newer CA at the head whose key was never written. */
static enum ec load_signers(struct estate *e, const char *dir, bool needed, struct err *err) {
    struct buf text = BUF_INIT(CERTS_READ_ROOM);
    struct err found = ERR_INIT;
    if (read_file(&text, dir, "ca.key", &found) == EC_OK &&
        certs_signers_read(&e->signers, e->bundle, buf_view(&text), &found) != EC_OK)
        err_wrap(&found, "%s/ca.key", dir);
    certs_wipe(&text);
    if (found.code == EC_OK && e->signers.n == 0)
        err_set(&found, EC_CRYPTO, "%s/ca.key matches no certificate in ca.crt", dir);
    if (found.code == EC_OK || (!needed && is_curable(&found)))
        return EC_OK;
    *err = found;
    return err->code;
}

static struct issuer issuer_of(const struct signer *s) {
    return s ? s->ca : (struct issuer){NULL, NULL};
}

static enum ec load(struct estate *e, const char *dir, const struct certs_rotation *how,
                    struct err *err) {
    if (load_certs(&e->bundle, dir, "ca.crt", err) != EC_OK ||
        load_signers(e, dir, !how->new_ca, err) != EC_OK || load_leaf(e, dir, err) != EC_OK)
        return err->code;
    e->ca = issuer_of(certs_signers_newest(&e->signers));
    if (e->leaf != NULL)
        e->leaf_ca = certs_signer_of(e->bundle, e->leaf);
    return certs_crypto_settle(err);
}

/* -- What is due --------------------------------------------------------------------------- */

static enum ec permits_names(bool *out, struct issuer ca, const GENERAL_NAMES *names,
                             int64_t now_s, struct err *err) {
    const struct leaf_request asked = {
        .names = names, .name = STR("name"), .life = certs_issue_life(now_s, 1)};
    return certs_issue_permits(out, ca, &asked, err);
}

static enum ec judge_ca(unsigned *why, const struct estate *e, const GENERAL_NAMES *names,
                        bool leaf_is_due, const struct certs_rotation *how, struct err *err) {
    int64_t now_s = how->request.now_s;
    bool permits = false;
    struct span life;
    *why = how->new_ca ? CERTS_WHY_ASKED : 0;
    if (e->ca.cert == NULL) {
        *why |= CERTS_WHY_UNFIT;
        return EC_OK;
    }
    if (certs_info_span(&life, e->ca.cert, err) != EC_OK)
        return err_wrap(err, "ca.crt");
    /* A wrong clock must not start a change of CA. */
    if (now_s < life.from_s)
        return err_set(
            err, EC_CRYPTO,
            "ca.crt is not valid yet: now %lld, valid from %lld (seconds since 1970)",
            (long long)now_s, (long long)life.from_s);
    if (X509_check_ca(e->ca.cert) != 1)
        *why |= CERTS_WHY_UNFIT;
    if (permits_names(&permits, e->ca, names, now_s, err) != EC_OK)
        return err->code;
    if (!permits)
        *why |= CERTS_WHY_NAMES;
    if (certs_span_is_low(life, how->left_percent, now_s))
        *why |= CERTS_WHY_SOON;
    /* Not before a leaf is needed: otherwise CAs that live no longer than their leaves would be
     * replaced at every call. */
    if (leaf_is_due && life.to_s - now_s < how->request.days * day_s / 2)
        *why |= CERTS_WHY_SHORT;
    return EC_OK;
}

static bool has_names(X509 *leaf, const GENERAL_NAMES *names) {
    AUTO(names_freep)
    GENERAL_NAMES *present = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
    return present != NULL && certs_names_equal(present, names);
}

static enum ec judge_leaf(unsigned *why, const struct estate *e, const GENERAL_NAMES *names,
                          const struct certs_rotation *how, struct err *err) {
    struct span life;
    char unfit[160];
    *why = how->new_leaf ? CERTS_WHY_ASKED : 0;
    if (e->leaf == NULL || !e->key_fits || certs_check_unfit(unfit, e->leaf))
        *why |= CERTS_WHY_UNFIT;
    if (e->leaf == NULL)
        return EC_OK;
    if (certs_info_span(&life, e->leaf, err) != EC_OK)
        return err_wrap(err, "tls.crt");
    if (certs_span_is_low(life, how->left_percent, how->request.now_s))
        *why |= CERTS_WHY_SOON;
    if (e->leaf_ca == NULL || e->leaf_ca != e->signer.cert)
        *why |= CERTS_WHY_CA;
    if (!has_names(e->leaf, names))
        *why |= CERTS_WHY_NAMES;
    return EC_OK;
}

/* -- The bundle ---------------------------------------------------------------------------- */

/* The time at which the next CA was made; if there is none, its own (its key was never written). */
static enum ec replaced_at(int64_t *out, X509 *old, const STACK_OF(X509) * bundle,
                           int64_t newest_s, struct err *err) {
    struct span own, other;
    if (certs_info_span(&own, old, err) != EC_OK)
        return err->code;
    int64_t at = newest_s > own.from_s ? newest_s : own.from_s;
    for (int i = 0; i < sk_X509_num(bundle); i++) {
        if (certs_info_span(&other, sk_X509_value(bundle, i), err) != EC_OK)
            return err->code;
        if (other.from_s > own.from_s && other.from_s < at)
            at = other.from_s;
    }
    *out = at;
    return EC_OK;
}

static enum ec is_needed(bool *out, X509 *old, const struct estate *e,
                         const struct certs_rotation *how, int64_t newest_s, struct err *err) {
    int32_t days = how->overlap_days ? how->overlap_days : CERTS_OVERLAP_DAYS;
    int64_t at_s = 0, now_s = how->request.now_s;
    struct span own, leaf = {0, 0};
    if (certs_info_span(&own, old, err) != EC_OK ||
        (e->leaf != NULL && certs_info_span(&leaf, e->leaf, err) != EC_OK) ||
        replaced_at(&at_s, old, e->bundle, newest_s, err) != EC_OK)
        return err->code;
    bool signed_leaf = old == e->leaf_ca && now_s <= leaf.to_s;
    *out = now_s <= own.to_s && (signed_leaf || now_s < at_s + days * day_s);
    return EC_OK;
}

/* The CA, and its predecessors as long as they are needed. */
static enum ec fill_bundle(STACK_OF(X509) * out, X509 *ca, const struct estate *e,
                           const struct certs_rotation *how, struct err *err) {
    struct span life;
    if (certs_info_span(&life, ca, err) != EC_OK || certs_push_shared(out, ca, err) != EC_OK)
        return err->code;
    for (int i = 0; i < sk_X509_num(e->bundle); i++) {
        X509 *old = sk_X509_value(e->bundle, i);
        bool needed = false;
        if (X509_cmp(old, ca) == 0)
            continue;
        if (is_needed(&needed, old, e, how, life.from_s, err) != EC_OK ||
            (needed && certs_push_shared(out, old, err) != EC_OK))
            return err->code;
    }
    return EC_OK;
}

/* -- New keys and certificates --------------------------------------------------------------- */

/* Owns all of it; NULL for what is kept. */
struct product {
    EVP_PKEY *ca_key, *key;
    X509 *ca;
    STACK_OF(X509) * chain;  /* the new tls.crt */
    STACK_OF(X509) * bundle; /* the ca.crt to be, new or not */
};

static void product_done(struct product *p) {
    EVP_PKEY_free(p->ca_key);
    EVP_PKEY_free(p->key);
    X509_free(p->ca);
    sk_X509_pop_free(p->chain, X509_free);
    sk_X509_pop_free(p->bundle, X509_free);
}

static enum ec push_own(STACK_OF(X509) * certs, X509 *cert, struct err *err) {
    if (sk_X509_push(certs, cert) > 0)
        return EC_OK;
    X509_free(cert);
    return err_set(err, EC_NOMEM, "out of memory");
}

static enum ec make_ca(struct product *p, const GENERAL_NAMES *names,
                       const struct certs_request *r, struct err *err) {
    if (certs_issue_key(&p->ca_key, r->key, err) != EC_OK)
        return err->code;
    return certs_issue_ca(&p->ca, p->ca_key, names, r, err);
}

static enum ec make_leaf(struct product *p, const struct estate *e, const GENERAL_NAMES *names,
                         const struct certs_request *r, struct err *err) {
    struct issuer ca = e->signer.cert ? e->signer : (struct issuer){p->ca, p->ca_key};
    const struct leaf_request wanted = {
        .names = names,
        .subject = r->service.n ? NULL : X509_get_subject_name(e->leaf),
        .name = certs_names_first(names),
        .life = certs_issue_life(r->now_s, r->days)};
    X509 *leaf = NULL;
    if (certs_issue_key(&p->key, r->key, err) != EC_OK ||
        certs_issue_leaf(&leaf, p->key, ca, &wanted, err) != EC_OK)
        return err->code;
    if ((p->chain = sk_X509_new_null()) == NULL) {
        X509_free(leaf);
        return err_set(err, EC_NOMEM, "out of memory");
    }
    return push_own(p->chain, leaf, err);
}

static enum ec make_bundle(struct product *p, const struct estate *e,
                           const struct certs_rotation *how, struct err *err) {
    if ((p->bundle = sk_X509_new_null()) == NULL)
        return err_set(err, EC_NOMEM, "out of memory");
    return fill_bundle(p->bundle, p->ca ? p->ca : e->ca.cert, e, how, err);
}

static enum ec prove(const struct product *p, int64_t now_s, struct err *err) {
    const char *why = NULL;
    if (certs_check_chain(&why, p->chain, p->bundle, now_s, err) != EC_OK)
        return err->code;
    if (why != NULL)
        return err_set(
            err, EC_CRYPTO,
            "a certificate signed by the CA does not verify: %s; nothing was written", why);
    return EC_OK;
}

static enum ec make(struct product *p, const struct estate *e, const GENERAL_NAMES *names,
                    const struct certs_rotation *how, const struct certs_outcome *plan,
                    struct err *err) {
    const struct certs_request *r = &how->request;
    if ((plan->ca_why && make_ca(p, names, r, err) != EC_OK) ||
        make_bundle(p, e, how, err) != EC_OK)
        return err->code;
    if (!plan->leaf_why)
        return EC_OK;
    if (make_leaf(p, e, names, r, err) != EC_OK)
        return err->code;
    return prove(p, r->now_s, err);
}

static bool has_certificate(const STACK_OF(X509) * certs, const X509 *cert) {
    for (int i = 0; i < sk_X509_num(certs); i++)
        if (X509_cmp(sk_X509_value(certs, i), cert) == 0)
            return true;
    return false;
}

static size_t count_kept(const struct signers *s, const STACK_OF(X509) * bundle) {
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++)
        n += has_certificate(bundle, s->v[i].ca.cert);
    return n;
}

/* The new key first: software that reads one key finds that of the first CA. */
static enum ec put_ca_keys(struct buf *out, const struct product *p, const struct estate *e,
                           struct err *err) {
    /* A buffer that grew would leave a copy of a key in freed memory. */
    if (buf_room(out, CERTS_PEM_MAX / 2) == NULL)
        return err_set(err, (enum ec)out->bad, "no room for the keys of the CAs");
    if (p->ca_key != NULL && certs_pem_put_key(out, p->ca_key, err) != EC_OK)
        return err->code;
    for (size_t i = 0; i < e->signers.n; i++)
        if (has_certificate(p->bundle, e->signers.v[i].ca.cert) &&
            certs_pem_put_key(out, e->signers.v[i].ca.key, err) != EC_OK)
            return err->code;
    return EC_OK;
}

static enum ec write_texts(struct certs_files *f, const struct product *p,
                           const struct estate *e, bool new_bundle, struct err *err) {
    bool new_keys = p->ca_key != NULL || count_kept(&e->signers, p->bundle) != e->signers.n;
    if (new_bundle && certs_pem_put_certs(&f->ca_crt, p->bundle, err) != EC_OK)
        return err->code;
    if (new_keys && put_ca_keys(&f->ca_key, p, e, err) != EC_OK)
        return err->code;
    if (p->key != NULL && certs_pem_put_key(&f->tls_key, p->key, err) != EC_OK)
        return err->code;
    return p->chain ? certs_pem_put_certs(&f->tls_crt, p->chain, err) : EC_OK;
}

static enum ec write_files(const char *dir, const struct product *p, const struct estate *e,
                           bool new_bundle, struct err *err) {
    struct certs_files f = CERTS_FILES_INIT;
    enum ec ec = write_texts(&f, p, e, new_bundle, err);
    if (ec == EC_OK)
        ec = certs_save_files(&f, dir, err);
    certs_files_done(&f);
    return ec;
}

/* -- The whole ----------------------------------------------------------------------------- */

static enum ec check_rotation(const struct certs_rotation *how, struct err *err) {
    const struct certs_request *r = &how->request;
    if (certs_issue_check_life(r, err) != EC_OK)
        return err->code;
    if (how->left_percent < 0 || how->left_percent > 99)
        return err_set(err, EC_USAGE, "%d%% of the lifetime left, expected 1 to 99",
                       how->left_percent);
    if (how->overlap_days < 0 || how->overlap_days > CERTS_DAYS_MAX)
        return err_set(err, EC_USAGE, "overlap of %d days, expected 1 to %d", how->overlap_days,
                       CERTS_DAYS_MAX);
    if (r->service.n == 0 && (r->namespace.n != 0 || r->n_dns != 0))
        return err_set(err, EC_USAGE,
                       "names without a service: give the service as well, or no names to keep "
                       "those of the present certificate");
    return EC_OK;
}

static enum ec wanted_names(GENERAL_NAMES **out, const struct estate *e,
                            const struct certs_request *r, struct err *err) {
    if (r->service.n != 0)
        return certs_names_new(out, r, err);
    if (e->leaf != NULL)
        *out = X509_get_ext_d2i(e->leaf, NID_subject_alt_name, NULL, NULL);
    if (certs_crypto_settle(err) != EC_OK)
        return err->code;
    if (*out == NULL)
        return err_set(err, EC_USAGE,
                       "the names of tls.crt cannot be read; give service and namespace");
    return EC_OK;
}

/* The CA that signs a leaf now; none: a new one has to. While a new CA is made, one that ends soon or
 * does not permit the names gives way to it. */
static enum ec choose_signer(struct estate *e, const GENERAL_NAMES *names, bool new_ca,
                             int64_t now_s, struct err *err) {
    const struct signer *s = certs_signers_pick(&e->signers, now_s, signer_left_s);
    bool permits = false;
    e->signer = issuer_of(s);
    if (s == NULL || !new_ca)
        return EC_OK;
    if (permits_names(&permits, s->ca, names, now_s, err) != EC_OK)
        return err->code;
    if (!permits || X509_check_ca(s->ca.cert) != 1 || s->life.to_s - now_s < signer_left_s)
        e->signer = issuer_of(NULL);
    return EC_OK;
}

static enum ec plan_rotation(struct certs_outcome *plan, struct estate *e,
                             const GENERAL_NAMES *names, const struct certs_rotation *how,
                             struct err *err) {
    int64_t now_s = how->request.now_s;
    if (choose_signer(e, names, false, now_s, err) != EC_OK ||
        judge_leaf(&plan->leaf_why, e, names, how, err) != EC_OK ||
        judge_ca(&plan->ca_why, e, names, plan->leaf_why != 0, how, err) != EC_OK ||
        choose_signer(e, names, plan->ca_why != 0, now_s, err) != EC_OK)
        return err->code;
    if (e->signer.cert == NULL && plan->ca_why)
        plan->leaf_why |= CERTS_WHY_CA;
    return certs_crypto_settle(err);
}

static enum ec fill_outcome(struct certs_outcome *out, X509 *ca, X509 *leaf, struct err *err) {
    struct span life = {0, 0};
    if (ca != NULL && certs_info_span(&life, ca, err) != EC_OK)
        return err->code;
    out->ca_not_after_s = life.to_s;
    life = (struct span){0, 0};
    if (leaf != NULL && certs_info_span(&life, leaf, err) != EC_OK)
        return err->code;
    out->leaf_not_after_s = life.to_s;
    return EC_OK;
}

static enum ec carry_out(struct certs_outcome *plan, const char *dir, const struct estate *e,
                         const GENERAL_NAMES *names, const struct certs_rotation *how,
                         struct err *err) {
    AUTO(product_done) struct product p = {0};
    if (make(&p, e, names, how, plan, err) != EC_OK)
        return err->code;
    size_t n_new = p.ca ? 1 : 0;
    plan->n_cas = (size_t)sk_X509_num(p.bundle);
    plan->n_dropped = (size_t)sk_X509_num(e->bundle) + n_new - plan->n_cas;
    bool made = !how->dry_run;
    if (fill_outcome(plan, made && p.ca ? p.ca : e->ca.cert,
                     made && p.chain ? sk_X509_value(p.chain, 0) : e->leaf, err) != EC_OK)
        return err->code;
    return how->dry_run ? EC_OK : write_files(dir, &p, e, n_new || plan->n_dropped, err);
}

/* The intended lifetime of a leaf that ends with its CA is unknown. */
static enum ec keep_days(struct certs_request *r, const struct estate *e, struct err *err) {
    struct span life, ca = {0, 0};
    if (certs_info_span(&life, e->leaf, err) != EC_OK)
        return err_wrap(err, "tls.crt");
    if (e->leaf_ca != NULL && certs_info_span(&ca, e->leaf_ca, err) != EC_OK)
        return err_wrap(err, "ca.crt");
    int64_t days = (life.to_s - life.from_s + day_s / 2) / day_s;
    if (life.to_s != ca.to_s && days >= 1 && days <= CERTS_DAYS_MAX)
        r->days = (int32_t)days;
    return EC_OK;
}

static enum ec keep_ways(struct certs_rotation *how, const struct estate *e, struct err *err) {
    if (e->leaf == NULL)
        return EC_OK;
    const EVP_PKEY *key = X509_get0_pubkey(e->leaf);
    if (how->keep_key && key != NULL)
        how->request.key = EVP_PKEY_is_a(key, "RSA") ? CERTS_KEY_RSA2048 : CERTS_KEY_P256;
    return how->keep_days ? keep_days(&how->request, e, err) : EC_OK;
}

enum ec certs_rotate(struct certs_outcome *out, const char *dir,
                     const struct certs_rotation *how, struct err *err) {
    AUTO(certs_save_unlockp) int lock = -1;
    AUTO(estate_done) struct estate e = {0};
    AUTO(names_freep) GENERAL_NAMES *names = NULL;
    struct certs_outcome plan = {0};
    struct certs_rotation own = *how;
    if (check_rotation(&own, err) != EC_OK || certs_save_lock(&lock, dir, err) != EC_OK ||
        load(&e, dir, &own, err) != EC_OK || keep_ways(&own, &e, err) != EC_OK ||
        wanted_names(&names, &e, &own.request, err) != EC_OK ||
        plan_rotation(&plan, &e, names, &own, err) != EC_OK ||
        carry_out(&plan, dir, &e, names, &own, err) != EC_OK)
        return err->code;
    *out = plan;
    return EC_OK;
}
