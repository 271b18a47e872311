/* policyctl/render - the objects that make a running webhook: kustomize's base, filled in.
 * Shape      deploy/kustomize/base/NAME.yaml is embedded at build time; its objects are edited
 *            as trees, and a ConfigMap and a Secret are added
 * Knows      render.c neither files nor certificates: their bytes come from render_input.c
 * Source     deploy/kustomize/base; tests/deploy holds the result against kustomize's       */
#ifndef PULLGATE_POLICYCTL_RENDER_H
#define PULLGATE_POLICYCTL_RENDER_H

#include "base/buf.h"
#include "base/err.h"
#include "certs/certs.h"
#include "rules/files.h"

/* Generated from deploy/kustomize/base: a YAML stream. */
extern const unsigned char render_base[];
extern const size_t render_base_bytes;

enum { RENDER_CONFIGMAP_MAX = 1000 << 10 }; /* the API server takes 1 MiB, keys included */

struct render_file {
    struct str key, text; /* of the ConfigMap */
};

struct render_request {
    struct str namespace, image;
    const char *failure_policy; /* for pods: "Ignore", "Fail" */
    uint32_t replicas;
    const struct render_file *files; /* the rule files */
    size_t n_files;
    struct str ca_crt, tls_crt, tls_key; /* PEM */
    struct str ca_bundle;                /* base64 */
};

/* Appends the objects as one JSON array, in the order in which they should be applied.
 * Errors: EC_LIMIT (rule files too large for a ConfigMap), EC_SCHEMA (one is not UTF-8, or has a
 * name that is not a key), EC_NOMEM, EC_BUG. */
enum ec render_objects(struct buf *out, const struct render_request *request, struct err *err)
    MUST_CHECK;

/* ---- what goes in -------------------------------------------------------------------- */

enum { RENDER_FILES_MAX = 1000 };

struct render_input {
    struct rules_files files;                  /* the rule files ... */
    struct render_file keys[RENDER_FILES_MAX]; /* ... as the ConfigMap has them */
    struct buf ca_crt, tls_crt, tls_key, ca_bundle;
};
#define RENDER_INPUT_INIT                                                                      \
    {                                                                                          \
        .ca_crt = BUF_INIT(CERTS_READ_ROOM), .tls_crt = BUF_INIT(CERTS_READ_ROOM),             \
        .tls_key = BUF_INIT(CERTS_READ_ROOM), .ca_bundle = BUF_INIT(1 << 20)                   \
    }

/* Reads the rule file, or all of a folder, and loads it. `flag` as for verb_policy.
 * Errors: those of reading and loading; EC_USAGE, EC_LIMIT. */
enum ec render_input_policy(struct render_input *r, const char *flag, struct err *err)
    MUST_CHECK;

/* Reads ca.crt, tls.crt and tls.key, and checks that the API server accepts them for the Service in
 * this namespace. A certificate that ends soon is a warning on standard error.
 * Errors: those of certs/certs.h, EC_CRYPTO; EC_USAGE when there is no folder. */
enum ec render_input_certs(struct render_input *r, const char *dir, const char *namespace,
                           struct err *err) MUST_CHECK;

/* Warns on standard error of rule files too large for a plain kubectl apply. */
void render_input_warn(const struct render_input *r);
void render_input_done(struct render_input *r); /* wipes the key */

#endif
