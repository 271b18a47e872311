/* syncd/plan - from what is known to the calls that are sent.
 * Threads    one                                                                             */
#ifndef PULLGATE_SYNCD_PLAN_H
#define PULLGATE_SYNCD_PLAN_H

#include "syncd/daemon.h"

/* Calls in progress or queued, and how few are left when the next ones are planned. */
enum { PLAN_CALLS_MAX = 256, PLAN_CALLS_LOW = 32 };

/* Makes a plan when one is due, and sends its calls. Errors: EC_NOMEM, EC_LIMIT. */
enum ec plan_run(struct daemon *d, struct err *err) MUST_CHECK;

/* When the next plan is due, as far as that is known; INT64_MAX: when something changes. */
int64_t plan_next_ns(const struct daemon *d);

#endif
