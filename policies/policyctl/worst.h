/* policyctl/worst - what the worst objects cost that a rule file can be request about.
 *
 *      policy --> reviews of worst_body_bytes at most: as many images as fit; long names; for each of
 *      the costliest regexes the name that it takes longest for; many groups, labels, a long user name,
 *      where a rule asks for them --review_answer--> steps and time
 *
 * Threads    one at a time                                                                  */
#ifndef PULLGATE_POLICYCTL_WORST_H
#define PULLGATE_POLICYCTL_WORST_H

#include "base/buf.h"
#include "engine/policy.h"

struct worst_row {
    char what[96];
    const struct policy_pattern *regex; /* or NULL */
    size_t n_images, n_bytes;
    uint64_t steps;
    bool is_limited; /* denied, warned or noted with code pattern-limit */
    const char *verdict;
    int64_t ns; /* of CPU, from bytes to bytes */
};

enum { WORST_ROWS_MAX = 16 };
struct worst {
    struct worst_row rows[WORST_ROWS_MAX];
    size_t n_rows;
};

/* Errors: EC_NOMEM, EC_LIMIT. */
enum ec worst_measure(struct worst *out, const struct policy *policy, int64_t now_s,
                      unsigned engine_flags, struct err *err) MUST_CHECK;

void worst_text(struct buf *out, const struct worst *w, const struct policy *policy);
void worst_json(struct buf *out, const struct worst *w, const struct policy *policy);

#endif
