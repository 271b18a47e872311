/* policyctl/emit - needs and credentials to the objects to apply: a Secret, or an ExternalSecret, for
 * each secret of a namespace.
 * Secret     type kubernetes.io/dockerconfigjson, `auth` alone for each key: what the kubelet reads, and
 *            nothing of the source besides (no email, no token). The keys are those that cover an image,
 *            or are for a place, that the secret serves: all of the source where none is known. Sorted
 *            by key, so that equal input gives equal bytes
 * Left out   namespaces that are globs; secrets that no credential of the source is for. Each is
 *            reported
 * Secrecy    `out` holds passwords: emit_secrets makes all its room at once, emit_done wipes it
 * Threads    one at a time                                                                  */
#ifndef PULLGATE_POLICYCTL_EMIT_H
#define PULLGATE_POLICYCTL_EMIT_H

#include "policyctl/needs.h"
#include "policyctl/source.h"

struct emit {
    struct buf out;
    bool json;          /* one List; else YAML documents */
    size_t n;           /* objects written */
    size_t n_globs;     /* left out: namespaces that are globs */
    size_t n_uncovered; /* places without a credential */
};
#define EMIT_INIT(as_json)                                                                     \
    { .out = BUF_INIT(SIZE_MAX / 2), .json = (as_json) }

/* Errors: EC_NOMEM, EC_LIMIT. */
enum ec emit_secrets(struct emit *e, const struct needs *needs, const struct source *source,
                     struct err *err) MUST_CHECK;

/* [KIND/]NAME of the store, kind ClusterSecretStore if there is none; `key` of the remote value, NULL: the
 * secret's name. The remote value is a docker config.json. Errors: as above. */
enum ec emit_external(struct emit *e, const struct needs *needs, const char *store,
                      const char *key, struct err *err) MUST_CHECK;

void emit_done(struct emit *e);

#endif
