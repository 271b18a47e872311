/* certs - keys and certificates: make, read, check. OpenSSL lives here and nowhere else.
 * Shape      PEM text in buffers; a folder holds ca.crt ca.key tls.crt tls.key
 * Rules      keys are written 0600, certificates 0644, each file replaced in one step
 * (base/file); the time comes in as a parameter (Unix seconds) Ownership  results are written
 * into the caller's buffers; struct certs_info owns nothing but fixed fields Threads    no
 * shared state beyond OpenSSL's own, which is safe Source     RFC 5280; what the API server
 * demands of a webhook's certificate: a DNS SAN
 *            `<service>.<namespace>.svc`, serverAuth, valid dates, ECDHE                    */
#ifndef PULLGATE_CERTS_CERTS_H
#define PULLGATE_CERTS_CERTS_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

enum certs_key { CERTS_KEY_P256, CERTS_KEY_RSA2048 };

struct certs_request {
    enum certs_key key;
    struct str service;    /* Kubernetes Service name, "pullgate" */
    struct str namespace;  /* its namespace */
    const struct str *dns; /* further DNS names or IP addresses */
    size_t n_dns;
    int64_t now_s;
    int32_t days;    /* life of the serving certificate */
    int32_t ca_days; /* life of the CA */
};

/* A new CA and a serving certificate signed by it. SANs: <svc>.<ns>.svc, <svc>.<ns>, <svc>,
 * localhost, 127.0.0.1, ::1, and the request's own. Errors: EC_USAGE (a name that is none),
 * EC_CRYPTO, EC_NOMEM. */
struct certs_files {
    struct buf ca_crt, ca_key, tls_crt, tls_key;
};
#define CERTS_FILES_INIT                                                                       \
    { BUF_INIT(64 << 10), BUF_INIT(64 << 10), BUF_INIT(64 << 10), BUF_INIT(64 << 10) }
enum ec certs_make(struct certs_files *out, const struct certs_request *request,
                   struct err *err) MUST_CHECK;
void certs_files_done(struct certs_files *f); /* key bytes are wiped */

/* Writes the four files into an existing or new folder (0700). Without `force` existing files
 * are an error, and nothing is written. */
enum ec certs_save(const struct certs_files *f, const char *dir, bool force, struct err *err)
    MUST_CHECK;

/* What a certificate and key say, and whether they fit each other and their purpose. */
struct certs_info {
    int64_t not_before_s, not_after_s; /* of the leaf */
    char subject[256], issuer[256];
    char key_type[32];           /* "ECDSA P-256" */
    char serial[64], sha256[65]; /* hex */
    size_t n_certs;              /* in the file: leaf and chain */
    char names[2048];            /* SANs, joined by ", " */
};

enum certs_problem { /* bits */
                     CERTS_EXPIRED = 1,
                     CERTS_NOT_YET_VALID = 2,
                     CERTS_NAME_MISSING = 4, /* `name` is in no SAN */
                     CERTS_NOT_SERVER = 8    /* extended key usage without serverAuth */
};

/* Reads a PEM certificate (chain) and key. Errors, all EC_CRYPTO unless the file cannot be
 * read: no certificate, no key, the key does not match. Dates, name and purpose do not fail:
 * they come as bits in *problems, since a server with an expired certificate may still have to
 * start. `name` may be empty. */
enum ec certs_check(struct certs_info *out, unsigned *problems, struct str cert_pem,
                    struct str key_pem, struct str name, int64_t now_s, struct err *err)
    MUST_CHECK;

/* SHA-256 of bytes as 64 lower-case hex digits and a NUL. */
void certs_sha256_hex(struct str bytes, char out[65]);

#endif
