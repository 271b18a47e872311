/* report/sarif_rules - what SARIF calls rules: one per reason code, and one per change.
 * Threads    constant data                                                                  */
#ifndef PULLGATE_REPORT_SARIF_RULES_H
#define PULLGATE_REPORT_SARIF_RULES_H

#include "engine/engine.h"

struct sarif_rule {
    const char *id;   /* engine_code_name's word */
    const char *name; /* the same in one word of capitals, as SARIF wants it */
    const char *level;
    const char *brief; /* one sentence */
    const char *help;  /* what to do about it */
};

/* Reason codes in their order, then the two changes, then what is not judged. */
enum {
    SARIF_REWRITTEN = REASON_MALFORMED + 1,
    SARIF_SECRET_ADDED,
    SARIF_NOT_JUDGED,
    SARIF_N_RULES
};

extern const struct sarif_rule report_sarif_rules[SARIF_N_RULES];

#endif
