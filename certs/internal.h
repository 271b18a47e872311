/* internal - shared by certs' own files, OpenSSL types included.
 * Ownership  functions named _new, _read or _issue give an object to the caller
 * Errors     certs_crypto_fail() empties OpenSSL's error queue, and so does every reader that
 *            succeeds: its entries always belong to the last call                        */
#ifndef PULLGATE_CERTS_INTERNAL_H
#define PULLGATE_CERTS_INTERNAL_H

#include "certs/certs.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

/* For AUTO(); each is fine with NULL. */
static inline void bio_freep(BIO **p) {
    BIO_free(*p);
}
static inline void x509_freep(X509 **p) {
    X509_free(*p);
}
static inline void key_freep(EVP_PKEY **p) {
    EVP_PKEY_free(*p);
}
static inline void names_freep(GENERAL_NAMES **p) {
    GENERAL_NAMES_free(*p);
}
static inline void constraints_freep(NAME_CONSTRAINTS **p) {
    NAME_CONSTRAINTS_free(*p);
}
static inline void chain_freep(STACK_OF(X509) * *p) {
    sk_X509_pop_free(*p, X509_free);
}

/* "what: <OpenSSL's reason>"; EC_NOMEM when memory ran out. */
enum ec certs_crypto_fail(struct err *err, const char *what);

/* After calls that return yes or no: empties the queue; EC_NOMEM when memory ran out, since "no"
 * then means nothing. */
enum ec certs_crypto_settle(struct err *err) MUST_CHECK;

/* pem.c */
/* One certificate or more, and nothing else. */
enum ec certs_pem_read_certs(STACK_OF(X509) * *out, struct str pem, struct err *err) MUST_CHECK;
enum ec certs_pem_read_key(EVP_PKEY **out, struct str pem, struct err *err) MUST_CHECK;
/* One key or more, at most max; what was read before an error is in out as well. */
enum ec certs_pem_read_keys(EVP_PKEY **out, size_t *n, size_t max, struct str pem,
                            struct err *err) MUST_CHECK;
/* The line of the n-th block (from 0) that begins in the text, or 0. */
uint32_t certs_pem_line(struct str pem, size_t n);
/* Appends the certificate, which the list then holds as well. Errors: EC_NOMEM. */
enum ec certs_push_shared(STACK_OF(X509) * certs, X509 *cert, struct err *err) MUST_CHECK;

enum ec certs_pem_put_cert(struct buf *out, X509 *cert, struct err *err) MUST_CHECK;
enum ec certs_pem_put_certs(struct buf *out, const STACK_OF(X509) * certs, struct err *err)
    MUST_CHECK;
enum ec certs_pem_put_key(struct buf *out, EVP_PKEY *key, struct err *err) MUST_CHECK;

/* names.c */
/* An IPv4 or IPv6 address. */
bool certs_names_is_ip(struct str name);
/* A DNS name without `*`. */
bool certs_names_is_host(struct str name);
enum ec certs_names_new(GENERAL_NAMES **out, const struct certs_request *request,
                        struct err *err) MUST_CHECK;
/* One DNS name or IP address. */
enum ec certs_names_one(GENERAL_NAMES **out, struct str name, struct err *err) MUST_CHECK;
/* The first of them, borrowed; empty when it is no DNS name. */
struct str certs_names_first(const GENERAL_NAMES *names);
/* What a CA for these names and no others permits; a wildcard is permitted by what it covers. */
enum ec certs_names_permit(NAME_CONSTRAINTS **out, const GENERAL_NAMES *names, struct err *err)
    MUST_CHECK;
/* The same names in the same order. */
bool certs_names_equal(const GENERAL_NAMES *a, const GENERAL_NAMES *b);

/* info.c */
struct span {
    int64_t from_s, to_s;
};
enum ec certs_info_span(struct span *out, const X509 *cert, struct err *err) MUST_CHECK;
enum ec certs_info_read(struct certs_info *out, X509 *cert, size_t n_certs, struct err *err)
    MUST_CHECK;
/* At most this percentage of the lifetime is left, 0 meaning a third; or none at all. */
bool certs_span_is_low(struct span life, int32_t percent, int64_t now_s);

/* issue.c */
struct issuer {
    X509 *cert; /* borrowed */
    EVP_PKEY *key;
};
struct leaf_request {
    const GENERAL_NAMES *names;
    const X509_NAME *subject; /* NULL: `name` as the common name */
    struct str name;
    struct span life; /* cut to the CA's */
};
enum ec certs_issue_check_life(const struct certs_request *request, struct err *err) MUST_CHECK;
struct span certs_issue_life(int64_t now_s, int32_t days);
enum ec certs_issue_key(EVP_PKEY **out, enum certs_key type, struct err *err) MUST_CHECK;
/* A CA for these names alone. */
enum ec certs_issue_ca(X509 **out, EVP_PKEY *key, const GENERAL_NAMES *names,
                       const struct certs_request *request, struct err *err) MUST_CHECK;
enum ec certs_issue_leaf(X509 **out, EVP_PKEY *key, struct issuer ca,
                         const struct leaf_request *request, struct err *err) MUST_CHECK;
/* Whether the CA's name constraints permit all names of the request. */
enum ec certs_issue_permits(bool *out, struct issuer ca, const struct leaf_request *request,
                            struct err *err) MUST_CHECK;

/* signer.c */
enum { SIGNERS_MAX = 8 };
struct signer {
    struct issuer ca; /* the certificate is the bundle's, the key its own */
    struct span life;
};
struct signers { /* the CAs of a bundle whose keys are at hand */
    struct signer v[SIGNERS_MAX];
    size_t n;
};
void certs_signers_done(struct signers *s);
/* Keys that are no CA's are dropped. Errors: EC_CRYPTO, EC_LIMIT, EC_NOMEM. */
enum ec certs_signers_read(struct signers *out, const STACK_OF(X509) * bundle,
                           struct str key_pem, struct err *err) MUST_CHECK;
/* The one that signs now, or NULL: all have expired. Who has less than left_s to live signs only if
 * there is no other. */
const struct signer *certs_signers_pick(const struct signers *s, int64_t now_s, int64_t left_s);
/* The one made last, or NULL. */
const struct signer *certs_signers_newest(const struct signers *s);
/* The certificate of the bundle that signed this one, or NULL. */
X509 *certs_signer_of(const STACK_OF(X509) * bundle, X509 *cert);

/* check.c */
/* *why is NULL when certs[0] has a chain to a certificate of the bundle, its own dates aside.
 */
enum ec certs_check_chain(const char **why, STACK_OF(X509) * certs, STACK_OF(X509) * bundle,
                          int64_t now_s, struct err *err) MUST_CHECK;

/* Whether a DNS name or an IP address is in a SAN. */
bool certs_check_has_name(X509 *cert, struct str name);

/* Whether a key of this type and size is accepted, as a server's or a CA's. */
bool certs_check_can_sign(const EVP_PKEY *key);
extern const char certs_check_keys[]; /* which ones are */

/* Whether no handshake can succeed with it, and why; `why` is "" otherwise. */
bool certs_check_unfit(char why[160], X509 *cert);

/* save.c */
/* One writer at a time per folder; the lock lasts until the descriptor is closed. */
enum ec certs_save_lock(int *fd, const char *dir, struct err *err) MUST_CHECK;
void certs_save_unlockp(const int *fd);
/* As certs_save() describes; a file whose text is empty is kept. */
enum ec certs_save_files(const struct certs_files *f, const char *dir, struct err *err)
    MUST_CHECK;
/* "dir/name" for mem_free(); NULL when there is no memory. */
char *certs_save_path(const char *dir, const char *name) MUST_CHECK;

#endif
