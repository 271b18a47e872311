/* policyctl/kubectl - kubectl as a subprocess: what it prints, and what it complains of.
 * Program    $KUBECTL, else kubectl of the PATH; credentials stay with it
 * Secrecy    its standard output may hold credentials: see secret_text.h
 * Errors     EC_IO: it cannot be started; that it fails is no error here
 * Threads    one at a time                                                                  */
#ifndef PULLGATE_POLICYCTL_KUBECTL_H
#define PULLGATE_POLICYCTL_KUBECTL_H

#include "base/buf.h"
#include "base/err.h"

struct kubectl {
    const char *context, *kubeconfig; /* or NULL */
    const char *namespace;            /* NULL: all of them */
    bool verbose;                     /* each command on standard error */
};

struct kubectl_answer {
    struct buf out, complaint;
    bool failed; /* its exit status was not 0 */
};
#define KUBECTL_ANSWER_INIT                                                                    \
    { .out = BUF_INIT((size_t)1 << 30), .complaint = BUF_INIT(1 << 16), .failed = false }
void kubectl_answer_done(struct kubectl_answer *a);

/* kubectl get RESOURCE -o json, of the namespace or all of them unless the resource is one of the cluster. */
enum ec kubectl_get(struct kubectl_answer *out, const struct kubectl *k, const char *resource,
                    bool of_cluster, struct err *err) MUST_CHECK;

#endif
