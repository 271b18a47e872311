/* policyctl/render - the objects that make a running webhook: kustomize's base, filled in.
 * Shape      deploy/kustomize/base/NAME.yaml is embedded at build time; its objects are edited
 *            as trees, and a ConfigMap and a Secret are added
 * Knows      neither files nor certificates: their bytes come in
 * Source     deploy/kustomize/base; tests/deploy holds the result against kustomize's       */
#ifndef PULLGATE_POLICYCTL_RENDER_H
#define PULLGATE_POLICYCTL_RENDER_H

#include "base/buf.h"
#include "base/err.h"

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
 * name that is no key), EC_NOMEM, EC_BUG. */
enum ec render_objects(struct buf *out, const struct render_request *request, struct err *err)
    MUST_CHECK;

#endif
