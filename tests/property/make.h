/* make - rule files and reviews by choice: small worlds whose names meet often.
 * Ownership  trees belong to the caller
 * Rules      most rule files load, and most reviews are such as an API server sends; the rest has
 *            odd images, empty names and lists of secrets that are not tidy                   */
#ifndef PULLGATE_TESTS_PROPERTY_MAKE_H
#define PULLGATE_TESTS_PROPERTY_MAKE_H

#include "choose.h"
#include "oracle.h"

json_t *make_rules(struct choose *c);

/* The same rules, asking for less in one to three things: a looser mode, a pattern more that approves, one
 * less that denies, an exemption more ... */
json_t *make_looser(struct choose *c, const json_t *rules);

/* An AdmissionReview of a pod, a debug container or a workload. */
json_t *make_review(struct choose *c);

/* A copy with the members of all objects in another order. */
json_t *make_shuffled(struct choose *c, const json_t *tree);

#endif
