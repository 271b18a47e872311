/* policyctl/each - all inputs judged one after the other, in this thread, for verbs that show each
 * object in a way of their own. (test's many printers go through sweep.h.)
 * Errors     an input that cannot be read is told on standard error, counted, and the rest goes on
 * Threads    one                                                                               */
#ifndef PULLGATE_POLICYCTL_EACH_H
#define PULLGATE_POLICYCTL_EACH_H

#include "policyctl/subject.h"

/* false ends the walk (output cannot be written). */
typedef bool each_fn(void *arg, const struct subject *s);

/* Errors: EC_NOMEM. */
enum ec each_subject(char *const *operands, size_t n, const struct policy *policy,
                     const struct asked *asked, each_fn *show, void *arg,
                     struct subject_totals *totals, struct err *err) MUST_CHECK;

#endif
