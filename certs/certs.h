/* certs - keys and certificates: make, read, check, rotate. The only user of OpenSSL.
 * Shape      PEM text in buffers; a folder holds four files:
 *
 *                ca.crt   the CA; for a while after a change also the one before it
 *                ca.key   their keys, in the same order: for certs_rotate, and for a server
 *                         that makes its own certificates
 *                tls.crt  the serving certificate
 *                tls.key  its key
 *
 * Rules      keys are PKCS#8, written 0600 and wiped from memory when released;
 *            certificates are 0644; every file is replaced in one step; the time
 *            comes in as a parameter (Unix seconds)
 * Ownership  results are written into the caller's buffers; struct certs_info owns
 *            nothing but fixed fields
 * Limits     CERTS_PEM_MAX bytes per PEM text, else EC_LIMIT
 * Memory     OpenSSL has its own heap (its hook is one per process and must be set before its
 *            first call, which a library cannot do). Where it reports that memory ran out,
 *            the result is EC_NOMEM; some of its yes-or-no functions return "no" instead
 * Threads    no shared state but OpenSSL's own, which is safe
 * Source     RFC 5280; the API server's requirements on a webhook's certificate: a DNS
 *            SAN `<service>.<namespace>.svc`, serverAuth, valid dates, ECDHE        */
#ifndef PULLGATE_CERTS_CERTS_H
#define PULLGATE_CERTS_CERTS_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

enum {
    CERTS_PEM_MAX = 64 << 10,
    CERTS_DAYS_MAX = 36500,  /* the longest lifetime of a request */
    CERTS_SKEW_S = 300,      /* a new certificate is valid from this long ago: clocks differ */
    CERTS_OVERLAP_DAYS = 30, /* how long a replaced CA stays in the bundle by default */
    CERTS_SETTLE_S = 86400   /* a new CA signs from then on, unless it is the only one */
};

/* -- Make ---------------------------------------------------------------------------------- */

enum certs_key { CERTS_KEY_P256, CERTS_KEY_RSA2048 };

struct certs_request {
    enum certs_key key;
    struct str service;    /* Kubernetes Service name, "pullgate" */
    struct str namespace;  /* its namespace */
    const struct str *dns; /* further DNS names or IP addresses */
    size_t n_dns;
    int64_t now_s;
    int32_t days;    /* lifetime of the serving certificate; it never outlives its CA */
    int32_t ca_days; /* lifetime of the CA */
};

struct certs_files {
    struct buf ca_crt, ca_key, tls_crt, tls_key;
};
#define CERTS_FILES_INIT                                                                       \
    {                                                                                          \
        BUF_INIT(CERTS_PEM_MAX), BUF_INIT(CERTS_PEM_MAX), BUF_INIT(CERTS_PEM_MAX),             \
            BUF_INIT(CERTS_PEM_MAX)                                                            \
    }

/* A new CA and a serving certificate signed by it. SANs: <svc>.<ns>.svc, localhost, 127.0.0.1,
 * ::1, and the request's own. The CA can sign for these names alone (critical name constraints),
 * and no other CA (path length 0). The previous contents of `out` are wiped.
 * Errors: EC_USAGE (an invalid name or lifetime), EC_CRYPTO, EC_NOMEM. */
enum ec certs_make(struct certs_files *out, const struct certs_request *request,
                   struct err *err) MUST_CHECK;
void certs_files_done(struct certs_files *f); /* key bytes are wiped */

/* Writes the four files into an existing or new folder (0700). Without `force` existing files
 * are an error, and nothing is written. All four are on the disk under other names before the
 * first is renamed, and they are renamed in this order: ca.crt, ca.key, tls.key, tls.crt. So a
 * reader of the new tls.crt finds its key and its CA; between the last two renames, and only
 * then, the pair does not match: keep the pair you have, and read again.
 * Errors: EC_IO (os is EEXIST for an existing file, EWOULDBLOCK while another call is writing
 * to the folder), EC_NOMEM. */
enum ec certs_save(const struct certs_files *f, const char *dir, bool force, struct err *err)
    MUST_CHECK;

/* -- Read ---------------------------------------------------------------------------------- */

/* Appends a PEM file's bytes to an empty `out` of any maximum from CERTS_READ_ROOM on. Unlike
 * file_read() it leaves no copies of a key in memory that was freed while growing; release
 * it with certs_wipe(). Errors: EC_IO, EC_LIMIT, EC_NOMEM. */
enum { CERTS_READ_ROOM = CERTS_PEM_MAX * 3 };
enum ec certs_read(struct buf *out, const char *path, struct err *err) MUST_CHECK;

/* Whether others than the owner and the group can read or write the file: not safe for a private
 * key. *mode are its permission bits. False when stat(2) fails. */
bool certs_key_is_exposed(const char *path, unsigned *mode);

/* buf_done() for a buffer that may hold a key: its bytes are overwritten first. */
void certs_wipe(struct buf *b);

/* The contents of a certificate and its key. */
struct certs_info {
    int64_t not_before_s, not_after_s; /* of the leaf */
    char subject[256], issuer[256];    /* RFC 4514; cut when longer */
    char key_type[32];                 /* "ECDSA P-256" */
    char serial[64], sha256[65];       /* hex */
    bool is_ca;
    size_t n_certs;         /* in the file: leaf and chain */
    int64_t ca_not_after_s; /* of the CA that the chain ends at; 0: no bundle, no chain */
    char names[2048];       /* SANs, joined by ", "; ends in "..." when they do not fit */
    char chain[128];        /* with CERTS_CHAIN: why there is no valid chain to the bundle */
    char unfit[160];        /* with CERTS_UNFIT: why */
};

/* Whole days until not_after_s; negative after it. */
static inline int64_t certs_days_left(const struct certs_info *info, int64_t now_s) {
    int64_t left_s = info->not_after_s - now_s;
    return (left_s < 0 ? left_s - 86399 : left_s) / 86400;
}

enum certs_problem { /* bits */
                     CERTS_EXPIRED = 1,
                     CERTS_NOT_YET_VALID = 2,
                     CERTS_NAME_MISSING = 4, /* `name` is in no SAN */
                     CERTS_NOT_SERVER = 8,   /* extended key usage without serverAuth */
                     CERTS_CHAIN = 16,       /* no chain to a certificate of the bundle */
                     CERTS_SOON = 32,        /* a third or less of its lifetime is left */
                     CERTS_UNFIT = 64,       /* no handshake can succeed with it */
                     CERTS_CA_SOON = 128     /* its CA ends in CERTS_CA_SOON_DAYS or less */
};

enum { CERTS_CA_SOON_DAYS = 30 };

/* Reads a PEM certificate (chain) and key. Dates, name, purpose, type of key and chain are not
 * errors but bits in *problems, since a server with an expired certificate may still have to
 * start. `name`, a DNS name or IP address, may be empty, and so may ca_pem, the CA bundle. Out
 * is untouched on failure. Errors: EC_CRYPTO (no certificate, no key), EC_SCHEMA (the key does not
 * match), EC_LIMIT, EC_NOMEM. */
enum ec certs_check(struct certs_info *out, unsigned *problems, struct str cert_pem,
                    struct str key_pem, struct str ca_pem, struct str name, int64_t now_s,
                    struct err *err) MUST_CHECK;

/* The same where the key is not at hand: the certificate that a server shows. */
enum ec certs_check_public(struct certs_info *out, unsigned *problems, struct str cert_pem,
                           struct str ca_pem, struct str name, int64_t now_s, struct err *err)
    MUST_CHECK;

/* Calls visit for every certificate of a PEM text, in order, n_certs being their number.
 * Nothing is visited unless all of them can be read; a result of visit other than EC_OK ends
 * the loop and is returned. Errors: EC_CRYPTO (anything but certificates), EC_LIMIT, EC_NOMEM.
 */
typedef enum ec certs_visit(void *arg, const struct certs_info *info, struct err *err);
enum ec certs_each(struct str cert_pem, certs_visit *visit, void *arg, struct err *err)
    MUST_CHECK;

/* Appends the value of a webhook's caBundle: base64, on one line, of the certificates alone
 * (comments and line lengths are made uniform; a private key or anything else is an error).
 * Errors: EC_CRYPTO, EC_LIMIT, EC_NOMEM; out is then untouched. */
enum ec certs_bundle(struct buf *out, struct str ca_pem, struct err *err) MUST_CHECK;

/* SHA-256 of bytes as 64 lower-case hex digits and a NUL; 64 zeros when there is no memory. */
void certs_sha256_hex(struct str bytes, char out[65]);

/* -- Rotate -------------------------------------------------------------------------------- */

/*              new CA          settled         drop
 *                |   CERTS_SETTLE_S |             |
 *                |          overlap_days          |
 *   ca.crt  A    | B A              | B A         | B
 *   ca.key  A    | B A              | B A         | B
 *   signs   A    | A                | B           | B
 *
 * With a new CA the bundle holds both, and for a day the old one, whose key is still there, goes on
 * signing; the leaf is changed by the first call after that. So at each step the leaf of before and
 * of after verify with the bundle of before and of after: caBundle and Secret may reach the API server
 * in any order, within that day. A certificate that makes the new CA an intermediate of the old one
 * would be shorter, but path length 0 forbids it. Without the old key, or with less than
 * CERTS_OVERLAP_DAYS to its end, the new CA signs at once: caBundle has to be updated first. */
struct certs_rotation {
    struct certs_request request; /* service empty: names and subject of the present leaf */
    bool new_leaf;                /* even when none is due */
    bool new_ca;                  /* the same; needs no ca.key */
    bool dry_run;                 /* decide, write nothing */
    bool keep_key; /* keep the type of the present leaf's key, if it can be made here */
    bool
        keep_days; /* keep its lifetime, unless its CA cut it short; both override the request */
    int32_t left_percent; /* renew when this part of the lifetime or less is left; 0: a third */
    int32_t overlap_days; /* a replaced CA stays this long; 0: CERTS_OVERLAP_DAYS */
};

enum certs_why { /* bits */
                 CERTS_WHY_ASKED = 1,
                 CERTS_WHY_UNFIT = 2,  /* missing, damaged, of another key, or CERTS_UNFIT */
                 CERTS_WHY_SOON = 4,   /* little or nothing of its lifetime is left */
                 CERTS_WHY_SHORT = 8,  /* the CA would cut a new leaf to half its lifetime */
                 CERTS_WHY_NAMES = 16, /* the leaf's names differ from the request's, or the
                                        * CA does not permit them */
                 CERTS_WHY_CA = 32     /* another CA signs than the leaf's */
};

struct certs_outcome {
    unsigned leaf_why, ca_why; /* 0: kept; else renewed, for the reasons of enum certs_why */
    size_t n_cas, n_dropped;   /* in the bundle afterwards; removed from it by this call */
    /* After the call; in a dry run those of the old ones. 0: there is none. */
    int64_t leaf_not_after_s, ca_not_after_s;
};

/* Renews in `dir` what is due, and removes CAs from the bundle that have expired, or that were
 * replaced overlap_days ago and did not sign the present leaf. tls.crt and tls.key may be missing
 * or damaged (service is then required). Nothing is written that does not verify. Saves like
 * certs_save(); ca.crt belongs to this module: other CAs added to it by hand are removed by the
 * same rule. Errors: EC_USAGE, EC_IO, EC_CRYPTO (ca.crt or ca.key unfit, the CA not valid yet),
 * EC_LIMIT, EC_NOMEM; out is then untouched, and so are the files unless a rename itself
 * failed. */
enum ec certs_rotate(struct certs_outcome *out, const char *dir,
                     const struct certs_rotation *how, struct err *err) MUST_CHECK;

/* -- Sign for itself ----------------------------------------------------------------------- */

/* CAs with their keys, in memory: for a server that makes its own certificates, each for some days.
 * Shape    ca.crt is a bundle; a CA that fits a key of ca.key can sign, wherever it is in the file.
 *          With several, the rule of certs_rotate() decides: the newest that is at least
 *          CERTS_SETTLE_S old; else the oldest of them
 * Files    none are written. The key of a leaf exists in memory alone */
struct certs_authority;

enum {
    CERTS_LEAF_SKEW_S = 3600,          /* a leaf is valid from this long ago */
    CERTS_AUTHORITY_LEFT_S = 2 * 86400 /* a CA with less to live signs if there is no other */
};

/* Reads and checks both texts. Refused is a CA that is none, or may not sign certificates (basic
 * constraints, key usage), or not for `name` (name constraints); a weak key; keys without a CA, and a
 * file whose CAs have all expired. Errors: EC_CRYPTO, EC_USAGE (the name), EC_LIMIT, EC_NOMEM; those in
 * the texts begin with "CA: " or "CA key: ", and the line is that of the certificate. */
enum ec certs_authority_new(struct certs_authority **out, struct str ca_pem, struct str key_pem,
                            struct str name, int64_t now_s, struct err *err) MUST_CHECK;
void certs_authority_free(struct certs_authority *a); /* NULL is fine; keys are wiped */

/* The number of CAs in the bundle, and of those that can sign. */
void certs_authority_count(const struct certs_authority *a, size_t *n_cas, size_t *n_signers);
/* When the last of those that can sign expires. */
int64_t certs_authority_end_s(const struct certs_authority *a);

struct certs_leaf {
    struct buf cert, key; /* PEM; of any maximum that is large enough: CERTS_PEM_MAX */
    int64_t not_before_s, not_after_s;
    struct certs_info ca; /* the one that signed it */
};
#define CERTS_LEAF_INIT                                                                        \
    { .cert = BUF_INIT(CERTS_PEM_MAX), .key = BUF_INIT(CERTS_PEM_MAX) }
void certs_leaf_done(struct certs_leaf *leaf); /* the key's bytes are wiped */

/* A P-256 key and a certificate with `name` as its only SAN, for life_s from now on, or to the end of
 * its CA. CAs that are not self-signed follow it. Nothing is returned that does not verify. The
 * previous contents of `out` are wiped; on failure it is untouched.
 * Errors: EC_CRYPTO (all CAs have expired), EC_NOMEM. */
enum ec certs_authority_sign(struct certs_leaf *out, const struct certs_authority *a,
                             struct str name, int64_t now_s, int64_t life_s, struct err *err)
    MUST_CHECK;

/* Whether a CA of the bundle that has not expired signed this leaf, for this name: it can stay in use.
 * `leaf`: its `ca` becomes that CA. Errors: EC_CRYPTO, EC_NOMEM. */
enum ec certs_authority_keeps(bool *out, const struct certs_authority *a,
                              struct certs_leaf *leaf, struct str name, int64_t now_s,
                              struct err *err) MUST_CHECK;

/* -- Digests of bytes, as image references have them ---------------------------------------- */

enum certs_digest_kind { CERTS_SHA256, CERTS_SHA512 };
enum { CERTS_DIGEST_MAX = 2 * 64 + 1 };

/* Lower-case hexadecimal digits and a NUL; false: OpenSSL has no memory. */
bool certs_digest(char hex[CERTS_DIGEST_MAX], enum certs_digest_kind kind, struct str bytes)
    MUST_CHECK;

#endif
