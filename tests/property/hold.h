/* hold - what has to be true of any answer, whatever the rules and the review.
 * Use        hold_answers() for one review: NULL, or the property that is broken
 * Threads    one struct hold each                                                           */
#ifndef PULLGATE_TESTS_PROPERTY_HOLD_H
#define PULLGATE_TESTS_PROPERTY_HOLD_H

#include "oracle.h"

#include "review/review.h"

#include <stdio.h>

struct hold {
    struct review_session session;
    struct buf body, reply, patch;
    FILE *patches; /* NULL, or where each patch is written, for tests/oracles/patch -compare */
    unsigned n_reviews, n_allowed, n_denied, n_patched; /* what was seen, of /mutate */
};

void hold_init(struct hold *h);
void hold_done(struct hold *h);

struct answer {
    bool allowed;
    json_t *patch; /* or NULL; answer_done */
};
void answer_done(struct answer *a);

enum { HOLD_NOW_S = 1800000000 };

/* Asks once; NULL, or what is wrong with the answer itself. */
const char *hold_ask(struct hold *h, const struct policy *policy, const json_t *review,
                     unsigned flags, struct answer *out);

/* /mutate's patch applies, changes images, pull secrets and pull policies alone and only where the API
 * server lets them be changed; what comes of it needs no other patch and /validate allows it; without it
 * /validate refuses what would have been changed; what is suggested is let pass, what is denied is denied by its
 * other names; and the engine explains the very same decision. */
const char *hold_answers(struct hold *h, const struct policy *policy, const json_t *review);

/* Rules as a policy; NULL where they do not load. */
struct policy *hold_rules(const json_t *rules);

/* One line of JSON on standard error. */
void hold_show(const char *what, const json_t *tree);

#endif
