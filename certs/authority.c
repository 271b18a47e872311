/* CAs in memory that sign certificates for the process that has them. */
#include "certs/internal.h"

#include "base/mem.h"

#include <openssl/err.h>

struct certs_authority {
    STACK_OF(X509) * bundle;
    struct signers signers;
};

void certs_authority_free(struct certs_authority *a) {
    if (a == NULL)
        return;
    certs_signers_done(&a->signers);
    sk_X509_pop_free(a->bundle, X509_free);
    mem_free(a);
}

static void authority_freep(struct certs_authority **p) {
    certs_authority_free(*p);
}

void certs_authority_count(const struct certs_authority *a, size_t *n_cas, size_t *n_signers) {
    *n_cas = (size_t)sk_X509_num(a->bundle);
    *n_signers = a->signers.n;
}

int64_t certs_authority_end_s(const struct certs_authority *a) {
    int64_t end_s = a->signers.v[0].life.to_s;
    for (size_t i = 1; i < a->signers.n; i++)
        if (a->signers.v[i].life.to_s > end_s)
            end_s = a->signers.v[i].life.to_s;
    return end_s;
}

void certs_leaf_done(struct certs_leaf *leaf) {
    certs_wipe(&leaf->cert);
    certs_wipe(&leaf->key);
}

/* -- What can sign ------------------------------------------------------------------------- */

static enum ec refuse_ca(struct err *err, const char *found, struct str expected) {
    return err_set(err, EC_CRYPTO, "CA: %s, expected %.*s", found, STR_ARG(expected));
}

static enum ec check_leaf_names(const struct signer *s, struct str name, int64_t now_s,
                                struct err *err) {
    AUTO(names_freep) GENERAL_NAMES *names = NULL;
    bool permits = false;
    if (certs_names_one(&names, name, err) != EC_OK)
        return err->code;
    const struct leaf_request asked = {
        .names = names, .name = name, .life = certs_issue_life(now_s, 1)};
    if (certs_issue_permits(&permits, s->ca, &asked, err) != EC_OK || permits)
        return err->code;
    return err_set(err, EC_CRYPTO,
                   "CA: its name constraints exclude %.*s, expected permitted;DNS:%.*s",
                   STR_ARG(name), STR_ARG(name));
}

static enum ec check_signer(const struct signer *s, struct str name, int64_t now_s,
                            struct err *err) {
    if ((X509_get_extension_flags(s->ca.cert) & EXFLAG_CA) == 0)
        return refuse_ca(err, "it is not a CA", STR("basic constraints CA:TRUE"));
    if (X509_check_ca(s->ca.cert) != 1)
        return refuse_ca(err, "its key usage lacks keyCertSign",
                         STR("a CA that may sign certificates"));
    if (!certs_check_can_sign(s->ca.key))
        return refuse_ca(err, "its key is too weak or of a type that is not supported",
                         str_of(certs_check_keys));
    return check_leaf_names(s, name, now_s, err);
}

static size_t place_of(const STACK_OF(X509) * bundle, const X509 *cert) {
    int i = 0;
    while (i < sk_X509_num(bundle) && sk_X509_value(bundle, i) != cert)
        i++;
    return (size_t)i;
}

static enum ec locate_signer(const struct certs_authority *a, struct str ca_pem,
                             const struct signer *s, struct err *err) {
    err_locate(err, NULL, certs_pem_line(ca_pem, place_of(a->bundle, s->ca.cert)), 1);
    return err->code;
}

static enum ec check_signers(const struct certs_authority *a, struct str ca_pem,
                             struct str name, int64_t now_s, struct err *err) {
    for (size_t i = 0; i < a->signers.n; i++) {
        const struct signer *s = &a->signers.v[i];
        if (now_s < s->life.to_s && check_signer(s, name, now_s, err) != EC_OK)
            return locate_signer(a, ca_pem, s, err);
    }
    if (certs_signers_pick(&a->signers, now_s, 1) != NULL)
        return certs_crypto_settle(err);
    (void)!refuse_ca(err, "it has expired", STR("one that is valid"));
    return locate_signer(a, ca_pem, certs_signers_newest(&a->signers), err);
}

enum ec certs_authority_new(struct certs_authority **out, struct str ca_pem, struct str key_pem,
                            struct str name, int64_t now_s, struct err *err) {
    AUTO(authority_freep) struct certs_authority *a = mem_zalloc(sizeof *a);
    if (a == NULL)
        return err_set(err, EC_NOMEM, "out of memory");
    if (certs_pem_read_certs(&a->bundle, ca_pem, err) != EC_OK)
        return err_wrap(err, "CA");
    if (certs_signers_read(&a->signers, a->bundle, key_pem, err) != EC_OK)
        return err_wrap(err, "CA key");
    if (a->signers.n == 0)
        return err_set(err, EC_CRYPTO,
                       "CA key: it belongs to none of the %d certificates of the CA file, "
                       "expected the key of one of them",
                       sk_X509_num(a->bundle));
    if (check_signers(a, ca_pem, name, now_s, err) != EC_OK)
        return err->code;
    *out = a;
    a = NULL;
    return EC_OK;
}

/* -- Signing ------------------------------------------------------------------------------- */

/* The leaf and the CAs above it, but no root: a client may trust a root alone. */
static enum ec make_chain(STACK_OF(X509) * chain, const struct certs_authority *a, X509 *leaf,
                          X509 *ca, struct err *err) {
    if (certs_push_shared(chain, leaf, err) != EC_OK)
        return err->code;
    for (int i = 0; i < sk_X509_num(a->bundle) && ca != NULL; i++) {
        if (X509_check_issued(ca, ca) == X509_V_OK)
            break;
        if (certs_push_shared(chain, ca, err) != EC_OK)
            return err->code;
        ca = certs_signer_of(a->bundle, ca);
    }
    return certs_crypto_settle(err);
}

static enum ec prove(STACK_OF(X509) * chain, const struct certs_authority *a, int64_t now_s,
                     struct err *err) {
    const char *why = NULL;
    if (certs_check_chain(&why, chain, a->bundle, now_s, err) != EC_OK || why == NULL)
        return err->code;
    return err_set(err, EC_CRYPTO, "CA: a certificate signed by it does not verify: %s", why);
}

static enum ec write_leaf(struct certs_leaf *out, const STACK_OF(X509) * chain, EVP_PKEY *key,
                          X509 *ca, struct err *err) {
    struct certs_leaf leaf = CERTS_LEAF_INIT;
    struct span life = {0, 0};
    if (certs_info_span(&life, sk_X509_value(chain, 0), err) != EC_OK ||
        certs_info_read(&leaf.ca, ca, 1, err) != EC_OK ||
        certs_pem_put_certs(&leaf.cert, chain, err) != EC_OK ||
        certs_pem_put_key(&leaf.key, key, err) != EC_OK) {
        certs_leaf_done(&leaf);
        return err->code;
    }
    leaf.not_before_s = life.from_s;
    leaf.not_after_s = life.to_s;
    certs_leaf_done(out);
    *out = leaf;
    return EC_OK;
}

/* A CA whose chain cannot be proved is not valid yet, or this clock is slow: the leaf's own dates do
 * not depend on it. */
static int64_t time_of_proof(const struct signer *s, int64_t now_s) {
    return now_s < s->life.from_s ? s->life.from_s : now_s;
}

enum ec certs_authority_sign(struct certs_leaf *out, const struct certs_authority *a,
                             struct str name, int64_t now_s, int64_t life_s, struct err *err) {
    AUTO(names_freep) GENERAL_NAMES *names = NULL;
    AUTO(key_freep) EVP_PKEY *key = NULL;
    AUTO(x509_freep) X509 *leaf = NULL;
    AUTO(chain_freep) STACK_OF(X509) *chain = sk_X509_new_null();
    const struct signer *s = certs_signers_pick(&a->signers, now_s, CERTS_AUTHORITY_LEFT_S);
    if (s == NULL)
        return refuse_ca(err, "it has expired", STR("one that is valid"));
    if (chain == NULL)
        return err_set(err, EC_NOMEM, "out of memory");
    if (certs_names_one(&names, name, err) != EC_OK)
        return err->code;
    const struct leaf_request wanted = {
        .names = names, .name = name, .life = {now_s - CERTS_LEAF_SKEW_S, now_s + life_s}};
    if (certs_issue_key(&key, CERTS_KEY_P256, err) != EC_OK ||
        certs_issue_leaf(&leaf, key, s->ca, &wanted, err) != EC_OK ||
        make_chain(chain, a, leaf, s->ca.cert, err) != EC_OK ||
        prove(chain, a, time_of_proof(s, now_s), err) != EC_OK)
        return err->code;
    return write_leaf(out, chain, key, s->ca.cert, err);
}

enum ec certs_authority_keeps(bool *out, const struct certs_authority *a,
                              struct certs_leaf *leaf, struct str name, int64_t now_s,
                              struct err *err) {
    AUTO(chain_freep) STACK_OF(X509) *chain = NULL;
    struct certs_info ca;
    struct span life;
    *out = false;
    if (certs_pem_read_certs(&chain, buf_view(&leaf->cert), err) != EC_OK)
        return err->code;
    X509 *signer = certs_signer_of(a->bundle, sk_X509_value(chain, 0));
    if (signer == NULL || !certs_check_has_name(sk_X509_value(chain, 0), name))
        return certs_crypto_settle(err);
    if (certs_info_span(&life, signer, err) != EC_OK ||
        certs_info_read(&ca, signer, 1, err) != EC_OK)
        return err->code;
    *out = now_s < life.to_s;
    if (*out)
        leaf->ca = ca;
    return certs_crypto_settle(err);
}
