/* Checks a certificate against its key, its purpose, its dates and its CA. */
#include "certs/internal.h"

#include <openssl/err.h>
#include <stdio.h>

enum { RSA_MIN_BITS = 2048 };

static X509 *first(const STACK_OF(X509) * certs) {
    return sk_X509_value(certs, 0);
}

/* The leaf's own dates are reported separately; those of the others break the chain. */
static int pass_dates_of_leaf(int ok, X509_STORE_CTX *ctx) {
    int error = X509_STORE_CTX_get_error(ctx);
    return ok ||
           (X509_STORE_CTX_get_error_depth(ctx) == 0 &&
            (error == X509_V_ERR_CERT_HAS_EXPIRED || error == X509_V_ERR_CERT_NOT_YET_VALID));
}

/* As in Go's verifier: each certificate of the bundle is an anchor, self-signed or not; SHA-1
 * signatures and keys below 1024 bits (security level 1) are not accepted. */
static bool set_up_store(X509_STORE_CTX *ctx, X509_STORE *store, STACK_OF(X509) * certs,
                         STACK_OF(X509) * bundle, int64_t now_s) {
    for (int i = 0; i < sk_X509_num(bundle); i++)
        if (!X509_STORE_add_cert(store, sk_X509_value(bundle, i)))
            return false;
    if (!X509_STORE_CTX_init(ctx, store, first(certs), certs))
        return false;
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
    X509_VERIFY_PARAM_set_time(param, (time_t)now_s);
    X509_VERIFY_PARAM_set_auth_level(param, 1);
    X509_STORE_CTX_set_verify_cb(ctx, pass_dates_of_leaf);
    return X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
}

enum ec certs_check_chain(const char **why, STACK_OF(X509) * certs, STACK_OF(X509) * bundle,
                          int64_t now_s, struct err *err) {
    *why = NULL;
    ERR_clear_error();
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    if (store == NULL || ctx == NULL || !set_up_store(ctx, store, certs, bundle, now_s)) {
        certs_crypto_fail(err, "cannot verify the chain");
    } else if (X509_verify_cert(ctx) != 1 && certs_crypto_settle(err) == EC_OK) {
        int error = X509_STORE_CTX_get_error(ctx);
        *why = X509_verify_cert_error_string(error);
        if (error == X509_V_ERR_OUT_OF_MEM)
            err_set(err, EC_NOMEM, "out of memory");
    }
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    return err->code;
}

bool certs_check_has_name(X509 *cert, struct str name) {
    char ip[64];
    /* To OpenSSL, ".svc" matches any name that ends with it. */
    if (!certs_names_is_ip(name))
        return certs_names_is_host(name) &&
               X509_check_host(cert, name.p, name.n,
                               X509_CHECK_FLAG_NEVER_CHECK_SUBJECT |
                                   X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS,
                               NULL) == 1;
    snprintf(ip, sizeof ip, "%.*s", STR_ARG(name));
    return X509_check_ip_asc(cert, ip, 0) == 1;
}

/* No extended key usage at all (UINT32_MAX) means any. */
static bool is_server(X509 *cert) {
    return (X509_get_extended_key_usage(cert) & (XKU_SSL_SERVER | XKU_ANYEKU)) != 0;
}

const char certs_check_keys[] =
    "ECDSA P-256, P-384 or P-521, Ed25519, or RSA of 2048 bits or more";
_Static_assert(RSA_MIN_BITS == 2048, "the text has the number");

bool certs_check_can_sign(const EVP_PKEY *key) {
    static const char *const curves[] = {"prime256v1", "secp384r1", "secp521r1"};
    char curve[24] = "";
    if (key == NULL)
        return false;
    if (EVP_PKEY_is_a(key, "RSA"))
        return EVP_PKEY_get_bits(key) >= RSA_MIN_BITS;
    if (EVP_PKEY_is_a(key, "ED25519"))
        return true;
    if (!EVP_PKEY_is_a(key, "EC") || !EVP_PKEY_get_group_name(key, curve, sizeof curve, NULL))
        return false;
    for (size_t i = 0; i < sizeof curves / sizeof *curves; i++)
        if (strcmp(curve, curves[i]) == 0)
            return true;
    return false;
}

/* The server signs every handshake of TLS 1.3, and of ECDHE in 1.2: RFC 8446, 4.2.3 (schemes)
 * and 4.4.2.2 (key usage). No key usage at all (UINT32_MAX) means any. */
bool certs_check_unfit(char why[160], X509 *cert) {
    why[0] = '\0';
    if ((X509_get_key_usage(cert) & KU_DIGITAL_SIGNATURE) == 0)
        snprintf(why, 160, "its key usage lacks digitalSignature, which every handshake needs");
    else if (!certs_check_can_sign(X509_get0_pubkey(cert)))
        snprintf(why, 160, "its key type is not supported: expected %s", certs_check_keys);
    return why[0] != '\0';
}

static unsigned find_problems(X509 *cert, struct certs_info *info, struct str name,
                              int64_t now_s) {
    struct span life = {info->not_before_s, info->not_after_s};
    unsigned found = 0;
    if (now_s > life.to_s)
        found |= CERTS_EXPIRED;
    if (now_s < life.from_s)
        found |= CERTS_NOT_YET_VALID;
    if (certs_span_is_low(life, 0, now_s))
        found |= CERTS_SOON;
    if (name.n != 0 && !certs_check_has_name(cert, name))
        found |= CERTS_NAME_MISSING;
    if (!is_server(cert))
        found |= CERTS_NOT_SERVER;
    if (certs_check_unfit(info->unfit, cert))
        found |= CERTS_UNFIT;
    return found;
}

static enum ec check_key(X509 *cert, struct str key_pem, struct err *err) {
    AUTO(key_freep) EVP_PKEY *key = NULL;
    if (certs_pem_read_key(&key, key_pem, err) != EC_OK)
        return err_wrap(err, "key");
    if (X509_check_private_key(cert, key) || certs_crypto_settle(err) != EC_OK)
        return err->code;
    return err_set(err, EC_SCHEMA, "the key does not match the certificate");
}

/* The end of the CA that the chain ends at: the first of the bundle that signed one of its
 * certificates. */
static enum ec check_anchor(struct certs_info *info, unsigned *problems,
                            const STACK_OF(X509) * certs, const STACK_OF(X509) * bundle,
                            int64_t now_s, struct err *err) {
    struct span life;
    X509 *ca = NULL;
    for (int i = 0; i < sk_X509_num(certs) && ca == NULL; i++)
        ca = certs_signer_of(bundle, sk_X509_value(certs, i));
    if (ca == NULL)
        return certs_crypto_settle(err);
    if (certs_info_span(&life, ca, err) != EC_OK)
        return err->code;
    info->ca_not_after_s = life.to_s;
    if (life.to_s - now_s <= CERTS_CA_SOON_DAYS * INT64_C(86400))
        *problems |= CERTS_CA_SOON;
    return certs_crypto_settle(err);
}

/* Checks the chain to the bundle: adds to *info and *problems. */
static enum ec check_bundle(struct certs_info *info, unsigned *problems, STACK_OF(X509) * certs,
                            struct str ca_pem, int64_t now_s, struct err *err) {
    AUTO(chain_freep) STACK_OF(X509) *bundle = NULL;
    const char *why = NULL;
    if (ca_pem.n == 0)
        return EC_OK;
    if (certs_pem_read_certs(&bundle, ca_pem, err) != EC_OK)
        return err_wrap(err, "CA bundle");
    if (certs_check_chain(&why, certs, bundle, now_s, err) != EC_OK)
        return err->code;
    if (why == NULL)
        return check_anchor(info, problems, certs, bundle, now_s, err);
    *problems |= CERTS_CHAIN;
    snprintf(info->chain, sizeof info->chain, "%s", why);
    return EC_OK;
}

/* Without a key, when there is none to look at. */
static enum ec check(struct certs_info *out, unsigned *problems, struct str cert_pem,
                     const struct str *key_pem, struct str ca_pem, struct str name,
                     int64_t now_s, struct err *err) {
    AUTO(chain_freep) STACK_OF(X509) *certs = NULL;
    struct certs_info info;
    if (certs_pem_read_certs(&certs, cert_pem, err) != EC_OK)
        return err_wrap(err, "certificate");
    if (certs_info_read(&info, first(certs), (size_t)sk_X509_num(certs), err) != EC_OK ||
        (key_pem != NULL && check_key(first(certs), *key_pem, err) != EC_OK))
        return err->code;
    unsigned found = find_problems(first(certs), &info, name, now_s);
    if (certs_crypto_settle(err) != EC_OK ||
        check_bundle(&info, &found, certs, ca_pem, now_s, err) != EC_OK)
        return err->code;
    *out = info;
    *problems = found;
    return EC_OK;
}

enum ec certs_check(struct certs_info *out, unsigned *problems, struct str cert_pem,
                    struct str key_pem, struct str ca_pem, struct str name, int64_t now_s,
                    struct err *err) {
    return check(out, problems, cert_pem, &key_pem, ca_pem, name, now_s, err);
}

enum ec certs_check_public(struct certs_info *out, unsigned *problems, struct str cert_pem,
                           struct str ca_pem, struct str name, int64_t now_s, struct err *err) {
    return check(out, problems, cert_pem, NULL, ca_pem, name, now_s, err);
}

enum ec certs_each(struct str cert_pem, certs_visit *visit, void *arg, struct err *err) {
    AUTO(chain_freep) STACK_OF(X509) *certs = NULL;
    struct certs_info info;
    if (certs_pem_read_certs(&certs, cert_pem, err) != EC_OK)
        return err->code;
    int n = sk_X509_num(certs);
    for (int i = 0; i < n; i++)
        if (certs_info_read(&info, sk_X509_value(certs, i), (size_t)n, err) != EC_OK)
            return err_wrap(err, "certificate %d", i + 1);
    for (int i = 0; i < n; i++) {
        if (certs_info_read(&info, sk_X509_value(certs, i), (size_t)n, err) != EC_OK)
            return err->code;
        enum ec ec = visit(arg, &info, err);
        if (ec != EC_OK)
            return ec;
    }
    return EC_OK;
}
