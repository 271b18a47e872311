/* policyctl/images_check - images --check: each row is asked for at its registry.
 * Ownership  checks are in the arena of the images
 * Threads    one at a time                                                                  */
#ifndef PULLGATE_POLICYCTL_IMAGES_CHECK_H
#define PULLGATE_POLICYCTL_IMAGES_CHECK_H

#include "policyctl/images_secrets.h"
#include "policyctl/options.h"
#include "report/images.h"

/* *out is NULL where nothing is to be checked. Errors: EC_USAGE (options that do not fit), and
 * images_secrets_new's; *out untouched. */
enum ec images_check_begin(struct images_secrets **out, const struct options_images *o,
                           const struct policy *policy, struct err *err) MUST_CHECK;

/* Asks for all rows that are not denied. *bad: not all are as they should be; those are on standard error too
 * where the format does not show them. Errors: registry_ask's, and images_secrets_ask's. */
enum ec images_check(struct report_images *images, const struct options_images *o,
                     const struct images_secrets *secrets, bool *bad, struct err *err)
    MUST_CHECK;

#endif
