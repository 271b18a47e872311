/* syncd/calls - the actions of a plan as calls, and their answers.
 *
 *      apply      PATCH (server-side apply)
 *      recreate   DELETE with preconditions; what is missing then is applied by the next plan
 *      delete     GET source, GET namespace; if the next plan still wants it: DELETE with preconditions
 *
 * Threads    one                                                                             */
#ifndef PULLGATE_SYNCD_CALLS_H
#define PULLGATE_SYNCD_CALLS_H

#include "syncd/daemon.h"

/* Sends what the action needs next, unless the place has to wait. Errors: EC_NOMEM. */
enum ec calls_act(struct daemon *d, const struct sync_action *a, int64_t now_s, struct err *err)
    MUST_CHECK;

/* Posts a warning about a source. */
struct calls_subject {
    struct str namespace, name, uid; /* uid may be empty */
};
void calls_post_event(struct daemon *d, const struct calls_subject *source, const char *reason,
                      struct str message);

#endif
