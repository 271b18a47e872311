/* syncd/absences - sources that are not there, and since when.
 * Use        begin; note each that is absent, keep those of which nothing is known now; end drops the others
 * Memory     one that cannot be noted counts as absent since now
 * Threads    one                                                                             */
#ifndef PULLGATE_SYNCD_ABSENCES_H
#define PULLGATE_SYNCD_ABSENCES_H

#include "sync/sync.h"

struct absences {
    struct sync_absence *v; /* own their texts */
    bool *marked;
    size_t n, cap;
};

void absences_done(struct absences *a);
void absences_begin(struct absences *a);
void absences_note(struct absences *a, struct str namespace, struct str name, int64_t now_s);
/* An empty name or namespace: any. */
void absences_keep(struct absences *a, struct str namespace, struct str name);
void absences_end(struct absences *a);

#endif
