/* policyctl/certs_actions - what `policyctl certs` can do, one function an action: init and rotate write,
 * check, show and bundle read.
 * Out        lines for standard output, appended; on errors of no use
 * Returns    the exit status; EXIT_DENIED when a certificate is not as it should be
 * Errors     those of certs/certs.h, and EC_USAGE                                           */
#ifndef PULLGATE_POLICYCTL_CERTS_ACTIONS_H
#define PULLGATE_POLICYCTL_CERTS_ACTIONS_H

#include "policyctl/options.h"

typedef int certs_action_fn(const struct options_certs *o, struct buf *out, struct err *err);
certs_action_fn certs_actions_init, certs_actions_rotate;
certs_action_fn certs_actions_check, certs_actions_show, certs_actions_bundle;

#endif
