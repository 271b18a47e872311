/* policyctl/render_sync - the objects of pullgate-sync: its rights, by name, NetworkPolicy, Deployment.
 * Rights     namespaces: get, list, watch, of all. Secrets: the names of copies in every namespace, create (which
 *            no name can limit), and each source in its own namespace; where annotations count, all Secrets of that
 *            namespace. `wide`: every Secret of the cluster
 * Needs      the namespace, and the ConfigMap pullgate-policy of the webhook, which it mounts
 * Threads    one                                                                             */
#ifndef PULLGATE_POLICYCTL_RENDER_SYNC_H
#define PULLGATE_POLICYCTL_RENDER_SYNC_H

#include "base/opts.h"
#include "sync/sync.h"

struct render_sync_request {
    struct str namespace, image;
    const struct sync_request *requests; /* of the rule files */
    size_t n_requests;
    const struct opt_list *annotated; /* namespaces whose annotations count */
    const struct opt_list *names;     /* of copies that they ask for, and of former ones */
    bool respect_value, wide;
};

/* Appends the objects as one JSON array, in the order in which they should be applied. Errors: EC_USAGE
 * (nothing to copy; a name that is none; annotations without names), EC_NOMEM, EC_LIMIT. */
enum ec render_sync_objects(struct buf *out, const struct render_sync_request *request,
                            struct err *err) MUST_CHECK;

#endif
