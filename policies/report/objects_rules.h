/* report/objects_rules - the rules of findings about objects: one per reason code, and one per change.
 * Threads    constant data                                                                  */
#ifndef PULLGATE_REPORT_OBJECTS_RULES_H
#define PULLGATE_REPORT_OBJECTS_RULES_H

#include "engine/engine.h"
#include "report/report.h"

/* Reason codes in their order, then the two changes, then what is not judged. */
enum {
    OBJECTS_REWRITTEN = REASON_MALFORMED + 1,
    OBJECTS_SECRET_ADDED,
    OBJECTS_NOT_JUDGED,
    OBJECTS_N_RULES
};

extern const struct report_rule report_objects_rules[OBJECTS_N_RULES];

#endif
