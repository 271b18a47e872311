/* suite/outcome - private to suite: what came of a case's objects, and what differs from what the case
 * expects.
 *
 *      object_read_* --suite_outcome_take, suite_outcome_fault--> outcome --suite_outcome_check--> failures
 *
 * Ownership  everything is in the suite's arena, but for what is borrowed from its document
 * Errors     no memory is noted in the outcome, and reported by suite_run                   */
#ifndef PULLGATE_SUITE_OUTCOME_H
#define PULLGATE_SUITE_OUTCOME_H

#include "suite/suite.h"

struct suite_seen_image {
    struct suite_seen_image *next;
    struct str object, container, image;
};

struct suite_seen_object { /* one that runs pods */
    struct suite_seen_object *next;
    const struct str *secrets;
    size_t n_secrets;
};

/* Of verdicts, by weight. */
enum suite_rank { RANK_ALLOW, RANK_NOT_JUDGED, RANK_WARN, RANK_DENY };

struct suite_outcome {
    struct suite *s;
    struct suite_case *c;
    struct suite_failure **end; /* of the case's failures */
    size_t n_objects;
    enum suite_rank rank;
    const char *verdict; /* the heaviest */
    const char *rule;    /* of the first object that is judged by a rule */
    bool rules_differ;
    struct suite_seen_image *images, **last_image;
    struct suite_reason **last_reason; /* of the case's reasons */
    struct suite_seen_object *objects, **last_object;
    bool no_memory;
};

/* For an object_sink; arg is the outcome. */
enum ec suite_outcome_take(void *arg, const struct object *s, struct err *err);
void suite_outcome_fault(void *arg, const struct object_fault *f);

/* Compares all that is expected; each difference becomes a failure of the case. */
void suite_outcome_check(struct suite_outcome *o);

/* Appends a failure. `what` is a constant, or in the suite's arena. */
void suite_outcome_fail(struct suite_outcome *o, struct yaml_location pos, const char *what,
                        struct str found, struct str expected);

/* A copy of the bytes, which frees the buffer; empty when there is no memory. */
struct str suite_outcome_copy(struct suite_outcome *o, struct buf *b);

#endif
