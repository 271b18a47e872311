/* syncd/reports - what somebody has to mend: logged and posted when it comes, logged when it goes.
 * Use        begin; note each report of a plan; end finds what is no longer reported
 * Limits     REPORTS_MAX are remembered; further ones are counted by the metrics alone
 * Threads    one                                                                             */
#ifndef PULLGATE_SYNCD_REPORTS_H
#define PULLGATE_SYNCD_REPORTS_H

#include "sync/sync.h"

enum { REPORTS_MAX = 20000, REPORTS_EVENTS = 16 /* of one plan */ };

struct daemon;

struct report {
    char *namespace, *name;
    enum sync_reason reason;
    uint32_t mark;
};

struct reports {
    struct report *v; /* sorted by namespace, name, reason */
    size_t n, cap;
    uint32_t mark;
    unsigned events; /* of this plan */
    bool events_refused;
};

void reports_done(struct reports *r);
void reports_begin(struct reports *r);
void reports_note(struct daemon *d, const struct sync_action *a);
void reports_end(struct reports *r);

#endif
