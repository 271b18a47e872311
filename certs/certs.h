/* certs - keys and certificates: make, read, check, rotate. OpenSSL lives here, nowhere else.
 * Shape      PEM text in buffers; a folder holds four files:
 *
 *                ca.crt   the CA; for a while after a change also the one before it
 *                ca.key   the CA's key: for certs_rotate alone, never for a server
 *                tls.crt  the serving certificate; after a change of CA also a link
 *                         to the CA before
 *                tls.key  its key
 *
 * Rules      keys are PKCS#8, written 0600 and wiped from memory when released;
 *            certificates are 0644; every file is replaced in one step; the time
 *            comes in as a parameter (Unix seconds)
 * Ownership  results are written into the caller's buffers; struct certs_info owns
 *            nothing but fixed fields
 * Limits     CERTS_PEM_MAX bytes per PEM text, else EC_LIMIT
 * Memory     OpenSSL has its own heap (one hook for the whole process, to be set before
 *            its first call: not a library's business). Where it reports that memory ran
 *            out, so do we; some of its yes-or-no answers just turn into "no"
 * Threads    no shared state beyond OpenSSL's own, which is safe
 * Source     RFC 5280; what the API server demands of a webhook's certificate: a DNS
 *            SAN `<service>.<namespace>.svc`, serverAuth, valid dates, ECDHE        */
#ifndef PULLGATE_CERTS_CERTS_H
#define PULLGATE_CERTS_CERTS_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

enum {
    CERTS_PEM_MAX = 64 << 10,
    CERTS_DAYS_MAX = 36500, /* the longest life that can be asked for */
    CERTS_SKEW_S = 300,     /* a new certificate starts this long ago: clocks differ */
    CERTS_OVERLAP_DAYS = 30 /* how long a replaced CA stays in the bundle unless told */
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
    int32_t days;    /* life of the serving certificate; it never outlives its CA */
    int32_t ca_days; /* life of the CA */
};

struct certs_files {
    struct buf ca_crt, ca_key, tls_crt, tls_key;
};
#define CERTS_FILES_INIT                                                                       \
    {                                                                                          \
        BUF_INIT(CERTS_PEM_MAX), BUF_INIT(CERTS_PEM_MAX), BUF_INIT(CERTS_PEM_MAX),             \
            BUF_INIT(CERTS_PEM_MAX)                                                            \
    }

/* A new CA and a serving certificate signed by it. SANs: <svc>.<ns>.svc, <svc>.<ns>, <svc>,
 * localhost, 127.0.0.1, ::1, and the request's own. What `out` held is wiped and replaced.
 * Errors: EC_USAGE (a name that is none, a life that is none), EC_CRYPTO, EC_NOMEM. */
enum ec certs_make(struct certs_files *out, const struct certs_request *request,
                   struct err *err) MUST_CHECK;
void certs_files_done(struct certs_files *f); /* key bytes are wiped */

/* Writes the four files into an existing or new folder (0700). Without `force` existing files
 * are an error, and nothing is written. All four are on the disk under other names before the
 * first takes its place, and they take it in this order: ca.crt, ca.key, tls.key, tls.crt. So
 * whoever sees the new tls.crt finds its key and its CA; between the last two renames, and only
 * there, the pair does not match: keep the pair you have, and read again.
 * Errors: EC_IO (os is EEXIST for an existing file, EWOULDBLOCK while another call is writing
 * to the folder), EC_NOMEM. */
enum ec certs_save(const struct certs_files *f, const char *dir, bool force, struct err *err)
    MUST_CHECK;

/* -- Read ---------------------------------------------------------------------------------- */

/* Appends a PEM file's bytes to an empty `out` of any maximum from CERTS_READ_ROOM on. Unlike
 * file_read() it leaves no copies of a key behind in memory given back while growing; release
 * it with certs_wipe(). Errors: EC_IO, EC_LIMIT, EC_NOMEM. */
enum { CERTS_READ_ROOM = CERTS_PEM_MAX * 3 };
enum ec certs_read(struct buf *out, const char *path, struct err *err) MUST_CHECK;

/* true when somebody besides the owner and the group can read or write the file: no place for a private
 * key. *mode then holds its permission bits. False where the file cannot be looked at. */
bool certs_key_is_exposed(const char *path, unsigned *mode);

/* buf_done() for a buffer that may hold a key: its bytes are overwritten first. */
void certs_wipe(struct buf *b);

/* What a certificate and key say, and whether they fit each other and their purpose. */
struct certs_info {
    int64_t not_before_s, not_after_s; /* of the leaf */
    char subject[256], issuer[256];    /* RFC 4514; cut when longer */
    char key_type[32];                 /* "ECDSA P-256" */
    char serial[64], sha256[65];       /* hex */
    bool is_ca;
    size_t n_certs;   /* in the file: leaf and chain */
    char names[2048]; /* SANs, joined by ", "; ends in "..." when they do not fit */
    char chain[128];  /* with CERTS_CHAIN: why no chain to the bundle holds */
    char unfit[160];  /* with CERTS_UNFIT: why */
};

/* Whole days until not_after_s; negative once it has passed. */
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
                     CERTS_SOON = 32,        /* a third or less of its life is left */
                     CERTS_UNFIT = 64        /* no handshake can succeed with it */
};

/* Reads a PEM certificate (chain) and key. Dates, name, purpose, kind of key and chain do not
 * fail: they come as bits in *problems, since a server with an expired certificate may still have to
 * start. `name`, a DNS name or IP address, may be empty, and so may ca_pem, the CA bundle. Out
 * is untouched on failure. Errors: EC_CRYPTO (no certificate, no key), EC_SCHEMA (the key does not
 * match), EC_LIMIT, EC_NOMEM. */
enum ec certs_check(struct certs_info *out, unsigned *problems, struct str cert_pem,
                    struct str key_pem, struct str ca_pem, struct str name, int64_t now_s,
                    struct err *err) MUST_CHECK;

/* Calls visit for every certificate of a PEM text, in order, n_certs being their number.
 * Nothing is visited unless all of them can be read; what visit answers other than EC_OK ends
 * the walk and is returned. Errors: EC_CRYPTO (anything but certificates), EC_LIMIT, EC_NOMEM.
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

/*              new CA                          drop
 *                |        overlap_days          |
 *   ca.crt  A    | B A                          | B
 *   tls.crt a    | b (B's key signed by A)      | b
 *
 * A leaf-only change touches tls.key and tls.crt. With a new CA the bundle holds both, so it
 * verifies the leaf before and the leaf after; and since the new leaf brings the new CA's key
 * signed by the old CA, whoever still has the old bundle verifies the new leaf too: caBundle
 * and Secret may reach the API server in any order. */
struct certs_rotation {
    struct certs_request request; /* service empty: names and subject of the present leaf */
    bool new_leaf;                /* even when none is due */
    bool new_ca;                  /* the same; needs no ca.key */
    bool dry_run;                 /* decide, write nothing */
    bool keep_key;        /* the kind of the present leaf's key, if it can be made here */
    bool keep_days;       /* its life, unless its CA cut that short; both over the request's */
    int32_t left_percent; /* renew what has this part of its life or less left; 0: a third */
    int32_t overlap_days; /* a replaced CA stays this long; 0: CERTS_OVERLAP_DAYS */
};

enum certs_why { /* bits */
                 CERTS_WHY_ASKED = 1,
                 CERTS_WHY_UNFIT = 2,  /* missing, damaged, of another key, or CERTS_UNFIT */
                 CERTS_WHY_SOON = 4,   /* little or nothing of its life is left */
                 CERTS_WHY_SHORT = 8,  /* the CA would cut a new leaf to half its life */
                 CERTS_WHY_NAMES = 16, /* the leaf has other names than asked for */
                 CERTS_WHY_CA = 32     /* the leaf's CA is, or becomes, another */
};

struct certs_outcome {
    unsigned leaf_why, ca_why; /* 0: kept; else renewed, and enum certs_why tells why */
    size_t n_cas, n_dropped;   /* in the bundle afterwards; left out of it this time */
    /* As they are now; in a dry run those of the old ones. 0: there is none. */
    int64_t leaf_not_after_s, ca_not_after_s;
};

/* Renews in `dir` what is due, and drops CAs from the bundle that have expired, or that were
 * replaced overlap_days ago and did not sign the leaf found. tls.crt and tls.key may be missing
 * or damaged (service is then needed). Nothing is written that does not verify. Saves as
 * certs_save() does; ca.crt belongs to this module: other CAs added to it by hand go the same
 * way. Errors: EC_USAGE, EC_IO, EC_CRYPTO (ca.crt or ca.key unfit, the CA not valid yet),
 * EC_LIMIT, EC_NOMEM; out is then untouched, and so are the files unless a rename itself
 * failed. */
enum ec certs_rotate(struct certs_outcome *out, const char *dir,
                     const struct certs_rotation *how, struct err *err) MUST_CHECK;

#endif
