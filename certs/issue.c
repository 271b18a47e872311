/* New keys, and certificates for them. */
#include "certs/internal.h"

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <stdio.h>

static const int64_t day_s = 86400;
/* The last second of the year 9999, where ASN.1 times end, less the longest lifetime. */
static const int64_t now_max_s = 253402300799 - (int64_t)CERTS_DAYS_MAX * 86400;

enum ec certs_issue_check_life(const struct certs_request *r, struct err *err) {
    if (r->days < 1 || r->days > CERTS_DAYS_MAX)
        return err_set(err, EC_USAGE, "lifetime of %d days, expected 1 to %d", r->days,
                       CERTS_DAYS_MAX);
    if (r->ca_days < 1 || r->ca_days > CERTS_DAYS_MAX)
        return err_set(err, EC_USAGE, "lifetime of %d days for the CA, expected 1 to %d",
                       r->ca_days, CERTS_DAYS_MAX);
    if (r->now_s < CERTS_SKEW_S || r->now_s > now_max_s)
        return err_set(err, EC_USAGE, "no certificate can be made for %lld s since 1970",
                       (long long)r->now_s);
    return EC_OK;
}

enum ec certs_issue_key(EVP_PKEY **out, enum certs_key type, struct err *err) {
    ERR_clear_error();
    EVP_PKEY *key = type == CERTS_KEY_RSA2048 ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
    if (key == NULL)
        return certs_crypto_fail(err, "cannot make a key");
    *out = key;
    return EC_OK;
}

/* -- Pieces -------------------------------------------------------------------------------- */

static bool set_serial(X509 *cert) {
    BIGNUM *bn = BN_new();
    /* 128 random bits: unpredictable, and never the same twice. */
    bool ok = bn != NULL && BN_rand(bn, 128, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) &&
              !BN_is_zero(bn) && BN_to_ASN1_INTEGER(bn, X509_get_serialNumber(cert)) != NULL;
    BN_free(bn);
    return ok;
}

/* Everything but names, extensions and signature. */
static bool fill_certificate(X509 *cert, EVP_PKEY *key, struct span life) {
    return X509_set_version(cert, X509_VERSION_3) && set_serial(cert) &&
           ASN1_TIME_set(X509_getm_notBefore(cert), (time_t)life.from_s) != NULL &&
           ASN1_TIME_set(X509_getm_notAfter(cert), (time_t)life.to_s) != NULL &&
           X509_set_pubkey(cert, key);
}

static bool add_entry(X509_NAME *name, const char *field, const char *z) {
    return X509_NAME_add_entry_by_txt(name, field, MBSTRING_ASC, (const unsigned char *)z, -1,
                                      -1, 0);
}

/* A number in the name tells two CAs apart for readers that compare names only. */
static bool name_ca(X509 *cert) {
    char text[64];
    unsigned long tail = 0;
    X509_NAME *name = X509_get_subject_name(cert);
    const ASN1_INTEGER *serial = X509_get0_serialNumber(cert);
    const unsigned char *bytes = ASN1_STRING_get0_data(serial);
    for (int i = 0; i < ASN1_STRING_length(serial) && i < 4; i++)
        tail = tail << 8 | bytes[i];
    snprintf(text, sizeof text, "pullgate CA %08lx", tail);
    return add_entry(name, "O", "pullgate") && add_entry(name, "CN", text) &&
           X509_set_issuer_name(cert, name);
}

/* The API server ignores it; people and tools read it. A common name has at most 64 bytes. */
static bool name_leaf(X509 *cert, struct str name) {
    enum { COMMON_NAME_MAX = 64 };
    char text[COMMON_NAME_MAX + 1];
    if (certs_names_is_ip(
            name)) /* in a common name, OpenSSL's name constraints see a DNS name */
        name = STR("pullgate");
    if (name.n > COMMON_NAME_MAX)
        name.n = str_find(name, '.'); /* a label, of 63 at most */
    snprintf(text, sizeof text, "%.*s", STR_ARG(name));
    return add_entry(X509_get_subject_name(cert), "CN", text);
}

struct extension {
    int nid;
    const char *value;
};

static bool extend(X509 *cert, X509 *issuer, const struct extension *rows, size_t n) {
    X509V3_CTX ctx;
    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    for (size_t i = 0; i < n; i++) {
        /* A CA made by other software may have no key identifier. */
        if (rows[i].nid == NID_authority_key_identifier &&
            X509_get0_subject_key_id(issuer) == NULL)
            continue;
        X509_EXTENSION *e = X509V3_EXT_nconf_nid(NULL, &ctx, rows[i].nid, rows[i].value);
        bool ok = e != NULL && X509_add_ext(cert, e, -1);
        X509_EXTENSION_free(e);
        if (!ok)
            return false;
    }
    return true;
}

static bool sign(X509 *cert, EVP_PKEY *key) {
    bool fixed = EVP_PKEY_is_a(key, "ED25519") || EVP_PKEY_is_a(key, "ED448");
    return X509_sign(cert, key, fixed ? NULL : EVP_sha256()) > 0;
}

struct span certs_issue_life(int64_t now_s, int32_t days) {
    return (struct span){now_s - CERTS_SKEW_S, now_s + days * day_s};
}

static enum ec life_within(struct span *life, const X509 *issuer, struct err *err) {
    struct span ca;
    if (certs_info_span(&ca, issuer, err) != EC_OK)
        return err->code;
    if (life->to_s > ca.to_s)
        life->to_s = ca.to_s;
    return EC_OK;
}

/* -- Certificates -------------------------------------------------------------------------- */

static const struct extension ca_rows[] = {
    {NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
    {NID_key_usage, "critical,keyCertSign,cRLSign"},
    {NID_subject_key_identifier, "hash"},
};

static bool build_ca(X509 *cert, EVP_PKEY *key, NAME_CONSTRAINTS *permitted, struct span life) {
    return fill_certificate(cert, key, life) && name_ca(cert) &&
           extend(cert, cert, ca_rows, sizeof ca_rows / sizeof *ca_rows) &&
           X509_add1_ext_i2d(cert, NID_name_constraints, permitted, 1, X509V3_ADD_DEFAULT) >
               0 &&
           sign(cert, key);
}

enum ec certs_issue_ca(X509 **out, EVP_PKEY *key, const GENERAL_NAMES *names,
                       const struct certs_request *r, struct err *err) {
    AUTO(x509_freep) X509 *cert = X509_new();
    AUTO(constraints_freep) NAME_CONSTRAINTS *permitted = NULL;
    if (certs_names_permit(&permitted, names, err) != EC_OK)
        return err->code;
    if (cert == NULL || !build_ca(cert, key, permitted, certs_issue_life(r->now_s, r->ca_days)))
        return certs_crypto_fail(err, "cannot make the CA");
    *out = cert;
    cert = NULL;
    return EC_OK;
}

static bool add_names(X509 *cert, const GENERAL_NAMES *names) {
    return X509_add1_ext_i2d(cert, NID_subject_alt_name, (void *)(uintptr_t)names, 0,
                             X509V3_ADD_DEFAULT) > 0;
}

static bool build_leaf(X509 *cert, EVP_PKEY *key, struct issuer ca, const GENERAL_NAMES *names,
                       struct span life) {
    /* Only an RSA key can encipher keys; some checkers require the usage to be listed. */
    const struct extension rows[] = {
        {NID_basic_constraints, "critical,CA:FALSE"},
        {NID_key_usage, EVP_PKEY_is_a(key, "RSA") ? "critical,digitalSignature,keyEncipherment"
                                                  : "critical,digitalSignature"},
        {NID_ext_key_usage, "serverAuth"},
        {NID_subject_key_identifier, "hash"},
        {NID_authority_key_identifier, "keyid"}};
    return fill_certificate(cert, key, life) &&
           X509_set_issuer_name(cert, X509_get_subject_name(ca.cert)) &&
           extend(cert, ca.cert, rows, sizeof rows / sizeof *rows) && add_names(cert, names) &&
           sign(cert, ca.key);
}

enum ec certs_issue_leaf(X509 **out, EVP_PKEY *key, struct issuer ca,
                         const struct leaf_request *r, struct err *err) {
    AUTO(x509_freep) X509 *cert = X509_new();
    struct span life = r->life;
    if (life_within(&life, ca.cert, err) != EC_OK)
        return err->code;
    if (cert == NULL ||
        !(r->subject ? X509_set_subject_name(cert, r->subject) : name_leaf(cert, r->name)) ||
        !build_leaf(cert, key, ca, r->names, life))
        return certs_crypto_fail(err, "cannot make the serving certificate");
    *out = cert;
    cert = NULL;
    return EC_OK;
}

/* By OpenSSL's own check, of a certificate that is thrown away. */
enum ec certs_issue_permits(bool *out, struct issuer ca, const struct leaf_request *r,
                            struct err *err) {
    AUTO(x509_freep) X509 *leaf = NULL;
    AUTO(constraints_freep)
    NAME_CONSTRAINTS *permitted = X509_get_ext_d2i(ca.cert, NID_name_constraints, NULL, NULL);
    *out = true;
    if (permitted == NULL)
        return certs_crypto_settle(err);
    if (certs_issue_leaf(&leaf, ca.key, ca, r, err) != EC_OK)
        return err->code;
    *out = X509_check_purpose(leaf, -1, 0) == 1 &&
           NAME_CONSTRAINTS_check(leaf, permitted) == X509_V_OK;
    return certs_crypto_settle(err);
}
