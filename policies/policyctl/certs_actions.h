/* policyctl/certs_actions - actions of `policyctl certs` that only read; cmd_certs.c has those that
 * write, init and rotate.
 * Out        lines for standard output, appended; on errors of no use
 * Returns    the exit status; EXIT_DENIED when a certificate is not as it should be
 * Errors     those of certs/certs.h, and EC_USAGE                                           */
#ifndef PULLGATE_POLICYCTL_CERTS_ACTIONS_H
#define PULLGATE_POLICYCTL_CERTS_ACTIONS_H

#include "policyctl/options.h"

typedef int certs_action_fn(const struct options_certs *o, struct buf *out, struct err *err);
certs_action_fn certs_action_init, certs_action_rotate; /* certs_make.c */
certs_action_fn certs_actions_check, certs_actions_show,
    certs_actions_bundle; /* certs_check.c */

/* Of the webhook's Service: from the options, else "pullgate". */
const char *certs_action_service(const struct options_certs *o);
const char *certs_action_namespace(const struct options_certs *o);

#endif
