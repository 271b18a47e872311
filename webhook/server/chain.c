/* GnuTLS decodes each certificate three times, at up to 2 us per part (a name of a SAN is one), and
 * verifies CertificateVerify with whatever key it finds. DER is parsed here only as far as needed to count
 * parts and find the key; for malformed DER GnuTLS reports the error. Parts within an extension count,
 * since GnuTLS decodes them as well. */
#include "server/chain.h"

#include <gnutls/abstract.h>

enum {
    CERTIFICATES = 5, /* a leaf, three intermediates, and the root, which is optional */
    PARTS = 200,      /* of a certificate; those of a cluster have about a hundred */
    PARTS_OF_ALL = 400,
    RSA_BITS = 4096,
    EXPONENT_BYTES = 4
};

static const char not_read[] = "client certificate: malformed";

/* ---- DER --------------------------------------------------------------------------------- */

enum { DER_OCTETS = 0x04, DER_SEQUENCE = 0x30, DER_VERSION = 0xa0, DER_CONSTRUCTED = 0x20 };

struct element {
    unsigned tag;
    struct str whole, content;
};

/* A big-endian number of n bytes, at most 4. */
static bool take_big_endian(struct str *rest, size_t bytes, size_t *out) {
    *out = 0;
    if (rest->n < bytes || bytes > 4)
        return false;
    for (size_t i = 0; i < bytes; i++)
        *out = *out << 8 | (unsigned char)rest->p[i];
    *rest = str_slice(*rest, bytes, rest->n);
    return true;
}

static bool take_bytes(struct str *rest, size_t n, struct str *out) {
    if (rest->n < n)
        return false;
    *out = str_slice(*rest, 0, n);
    *rest = str_slice(*rest, n, rest->n);
    return true;
}

static bool take_element(struct str *rest, struct element *out) {
    struct str start = *rest;
    size_t tag, n;
    if (!take_big_endian(rest, 1, &tag) || (tag & 0x1f) == 0x1f ||
        !take_big_endian(rest, 1, &n))
        return false;
    if (n >= 0x80 && (n == 0x80 || !take_big_endian(rest, n & 0x7f, &n)))
        return false;
    out->tag = (unsigned)tag;
    if (!take_bytes(rest, n, &out->content))
        return false;
    out->whole = str_slice(start, 0, start.n - rest->n);
    return true;
}

/* The number of elements, nested ones included; `most` + 1 when there are more, or DER ends early. */
static size_t count_parts(struct str der, size_t most) {
    struct element e;
    size_t n = 0;
    for (struct str rest = der; rest.n > 0; n++) {
        struct str here = rest;
        if (n == most || !take_element(&rest, &e))
            return most + 1;
        bool is_wrapped = e.tag == DER_OCTETS && e.content.n > 1 &&
                          (unsigned char)*e.content.p == DER_SEQUENCE;
        if (e.tag & DER_CONSTRUCTED || is_wrapped)
            rest = str_slice(here, e.whole.n - e.content.n, here.n);
    }
    return n;
}

/* SubjectPublicKeyInfo (RFC 5280, 4.1): after serial, signature, issuer, validity and subject. */
static bool find_public_key(struct str certificate, struct str *out) {
    struct element e, signed_part;
    if (!take_element(&certificate, &e) || e.tag != DER_SEQUENCE || certificate.n != 0 ||
        !take_element(&e.content, &signed_part) || signed_part.tag != DER_SEQUENCE)
        return false;
    struct str rest = signed_part.content;
    if (!take_element(&rest, &e) || (e.tag == DER_VERSION && !take_element(&rest, &e)))
        return false;
    for (int i = 0; i < 5; i++)
        if (!take_element(&rest, &e))
            return false;
    *out = e.whole;
    return e.tag == DER_SEQUENCE;
}

/* ---- keys -------------------------------------------------------------------------------- */

static const char *rsa_trouble(gnutls_pubkey_t key, unsigned bits) {
    gnutls_datum_t exponent = {NULL, 0};
    if (bits > RSA_BITS)
        return "client certificate: an RSA key of more than 4096 bits is too expensive to "
               "verify";
    if (gnutls_pubkey_export_rsa_raw2(key, NULL, &exponent, GNUTLS_EXPORT_FLAG_NO_LZ) != 0)
        return not_read;
    bool is_long = exponent.size > EXPONENT_BYTES;
    gnutls_free(exponent.data);
    return is_long
               ? "client certificate: an RSA exponent of more than 32 bits is too expensive "
                 "to verify"
               : NULL;
}

static const char *curve_trouble(gnutls_pubkey_t key) {
    gnutls_ecc_curve_t curve = GNUTLS_ECC_CURVE_INVALID;
    if (gnutls_pubkey_export_ecc_raw2(key, &curve, NULL, NULL, 0) == 0 &&
        (curve == GNUTLS_ECC_CURVE_SECP256R1 || curve == GNUTLS_ECC_CURVE_SECP384R1 ||
         curve == GNUTLS_ECC_CURVE_SECP521R1))
        return NULL;
    return "client certificate: expected an ECDSA key on P-256, P-384 or P-521";
}

static const char *kind_trouble(gnutls_pubkey_t key) {
    unsigned bits = 0;
    switch (gnutls_pubkey_get_pk_algorithm(key, &bits)) {
    case GNUTLS_PK_RSA:
    case GNUTLS_PK_RSA_PSS:
        return rsa_trouble(key, bits);
    case GNUTLS_PK_ECDSA:
        return curve_trouble(key);
    case GNUTLS_PK_EDDSA_ED25519:
        return NULL;
    default:
        return "client certificate: expected an RSA, ECDSA or Ed25519 key";
    }
}

static const char *key_trouble(struct str der) {
    const gnutls_datum_t datum = {(unsigned char *)der.p, (unsigned)der.n};
    gnutls_pubkey_t key;
    if (gnutls_pubkey_init(&key) != 0)
        return not_read;
    const char *trouble = gnutls_pubkey_import(key, &datum, GNUTLS_X509_FMT_DER) == 0
                              ? kind_trouble(key)
                              : not_read;
    gnutls_pubkey_deinit(key);
    return trouble;
}

/* ---- the message ------------------------------------------------------------------------- */

static const char *certificate_trouble(struct str der, size_t *parts_left) {
    size_t most = *parts_left < PARTS ? *parts_left : PARTS;
    size_t n = count_parts(der, most);
    struct str key;
    if (n > most)
        return "client certificate: more names and extensions than any client needs";
    *parts_left -= n;
    return find_public_key(der, &key) ? key_trouble(key) : not_read;
}

static bool take_sized(struct str *rest, size_t length_bytes, struct str *out) {
    size_t n;
    return take_big_endian(rest, length_bytes, &n) && take_bytes(rest, n, out);
}

/* TLS 1.3 (RFC 8446, 4.4.2) has a context before the list, and extensions after each certificate. */
const char *server_chain_trouble(struct str message, bool is_1_3) {
    struct str list, certificate, unused;
    size_t parts_left = PARTS_OF_ALL;
    if ((is_1_3 && !take_sized(&message, 1, &unused)) || !take_sized(&message, 3, &list))
        return not_read;
    for (size_t n = 0; list.n > 0; n++) {
        if (n == CERTIFICATES)
            return "client certificate: a chain of more than 5 certificates";
        if (!take_sized(&list, 3, &certificate) || (is_1_3 && !take_sized(&list, 2, &unused)))
            return not_read;
        const char *trouble = certificate_trouble(certificate, &parts_left);
        if (trouble != NULL)
            return trouble;
    }
    return NULL;
}
