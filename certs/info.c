/* The contents of a certificate. Its bytes are untrusted: all text is made printable. */
#include "certs/internal.h"

#include <arpa/inet.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdio.h>

static enum ec unix_time(int64_t *out, const ASN1_TIME *t, struct err *err) {
    int days = 0, seconds = 0;
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    bool ok = epoch != NULL && ASN1_TIME_diff(&days, &seconds, epoch, t);
    ASN1_TIME_free(epoch);
    if (!ok)
        return certs_crypto_fail(err, "the certificate's dates cannot be read");
    *out = (int64_t)days * 86400 + seconds;
    return EC_OK;
}

enum ec certs_info_span(struct span *out, const X509 *cert, struct err *err) {
    struct span life = {0, 0};
    if (unix_time(&life.from_s, X509_get0_notBefore(cert), err) != EC_OK ||
        unix_time(&life.to_s, X509_get0_notAfter(cert), err) != EC_OK)
        return err->code;
    *out = life;
    return EC_OK;
}

bool certs_span_is_low(struct span life, int32_t percent, int64_t now_s) {
    int64_t left_s = life.to_s - now_s, all_s = life.to_s - life.from_s;
    if (left_s <= 0)
        return true;
    return percent == 0 ? left_s * 3 <= all_s : left_s * 100 <= all_s * percent;
}

static enum ec name_text(char *out, size_t size, const X509_NAME *name, struct err *err) {
    AUTO(bio_freep) BIO *text = BIO_new(BIO_s_mem());
    char *p = NULL;
    if (text == NULL || X509_NAME_print_ex(text, name, 0, XN_FLAG_RFC2253) < 0)
        return certs_crypto_fail(err, "the certificate's name cannot be read");
    long n = BIO_get_mem_data(text, &p);
    snprintf(out, size, "%.*s", (int)n, n > 0 ? p : "");
    return EC_OK;
}

static enum ec serial_text(char out[64], const X509 *cert, struct err *err) {
    BIGNUM *bn = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert), NULL);
    char *hex = bn ? BN_bn2hex(bn) : NULL;
    BN_free(bn);
    if (hex == NULL)
        return certs_crypto_fail(err, "the certificate's serial number cannot be read");
    size_t n = 0;
    for (; hex[n] != '\0' && n < 63; n++)
        out[n] = ascii_lower(hex[n]);
    out[n] = '\0';
    OPENSSL_free(hex);
    return EC_OK;
}

static enum ec digest_text(char out[65], const X509 *cert, struct err *err) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int n = 0;
    if (!X509_digest(cert, EVP_sha256(), digest, &n))
        return certs_crypto_fail(err, "the certificate has no fingerprint");
    for (size_t i = 0; i < 32; i++)
        snprintf(out + 2 * i, 3, "%02x", digest[i]);
    return EC_OK;
}

static void describe_key(char out[32], const X509 *cert) {
    static const char *const curves[][2] = {
        {"prime256v1", "P-256"}, {"secp384r1", "P-384"}, {"secp521r1", "P-521"}};
    char curve[24] = "?";
    const EVP_PKEY *key = X509_get0_pubkey(cert);
    const char *type = key ? EVP_PKEY_get0_type_name(key) : NULL;
    snprintf(out, 32, "%s", "unknown");
    if (type == NULL)
        return;
    if (strcmp(type, "EC") != 0) {
        bool sized = str_starts(str_of(type), STR("RSA")) || strcmp(type, "DSA") == 0;
        snprintf(out, 32, sized ? "%.20s %d" : "%.20s", type, EVP_PKEY_get_bits(key));
        return;
    }
    EVP_PKEY_get_group_name(key, curve, sizeof curve, NULL);
    for (size_t i = 0; i < sizeof curves / sizeof *curves; i++)
        if (strcmp(curve, curves[i][0]) == 0)
            snprintf(curve, sizeof curve, "%s", curves[i][1]);
    snprintf(out, 32, "ECDSA %s", curve);
}

/* A comma or a control character in a name must not read as another name. */
static void put_clean(struct buf *out, const unsigned char *p, size_t n) {
    static const unsigned char hidden[] = "?";
    for (size_t i = 0; i < n; i++)
        buf_add(out, p[i] > ' ' && p[i] < 0x7f && p[i] != ',' ? p + i : hidden, 1);
}

static void put_name(struct buf *out, const GENERAL_NAME *name) {
    int type = 0;
    char z[INET6_ADDRSTRLEN] = "?";
    const ASN1_STRING *s = GENERAL_NAME_get0_value(name, &type);
    if (type != GEN_DNS && type != GEN_IPADD && type != GEN_URI && type != GEN_EMAIL) {
        buf_puts(out, "(other)");
        return;
    }
    const unsigned char *p = ASN1_STRING_get0_data(s);
    size_t n = (size_t)ASN1_STRING_length(s);
    if (type != GEN_IPADD) {
        put_clean(out, p, n);
        return;
    }
    if (n == 4 || n == 16)
        inet_ntop(n == 4 ? AF_INET : AF_INET6, p, z, sizeof z);
    buf_puts(out, z);
}

/* As many whole names as fit, then "...". */
static enum ec names_text(char *out, size_t size, X509 *cert, struct err *err) {
    AUTO(names_freep)
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    struct buf text = BUF_INIT(size - sizeof ", ...");
    size_t fits = 0;
    for (int i = 0; i < sk_GENERAL_NAME_num(names) && !text.bad; i++) {
        buf_puts(&text, i == 0 ? "" : ", ");
        put_name(&text, sk_GENERAL_NAME_value(names, i));
        fits = text.bad ? fits : text.n;
    }
    if (text.bad == EC_NOMEM) {
        buf_done(&text);
        return err_set(err, EC_NOMEM, "out of memory");
    }
    snprintf(out, size, "%.*s%s", (int)fits, fits ? text.p : "",
             !text.bad ? ""
             : fits    ? ", ..."
                       : "...");
    buf_done(&text);
    return EC_OK;
}

enum ec certs_info_read(struct certs_info *out, X509 *cert, size_t n_certs, struct err *err) {
    struct certs_info info = {.n_certs = n_certs};
    struct span life = {0, 0};
    if (certs_info_span(&life, cert, err) != EC_OK ||
        name_text(info.subject, sizeof info.subject, X509_get_subject_name(cert), err) !=
            EC_OK ||
        name_text(info.issuer, sizeof info.issuer, X509_get_issuer_name(cert), err) != EC_OK ||
        serial_text(info.serial, cert, err) != EC_OK ||
        digest_text(info.sha256, cert, err) != EC_OK ||
        names_text(info.names, sizeof info.names, cert, err) != EC_OK)
        return err->code;
    info.not_before_s = life.from_s;
    info.not_after_s = life.to_s;
    info.is_ca = X509_check_ca(cert) == 1;
    describe_key(info.key_type, cert);
    if (certs_crypto_settle(err) != EC_OK) /* malformed extensions are not an error here */
        return err->code;
    *out = info;
    return EC_OK;
}
