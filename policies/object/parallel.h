/* object/parallel - many items worked on by several threads, results taken in their order.
 *
 *      items   0 1 2 | 3 4 5 6 7 8 | 9 10 ...        window: items begun and not yet taken
 *              taken   slots (item % n_slots)
 *
 * Threads    work runs on any of them, take on the caller's alone; with one job, or one item, no
 *            thread is made
 * Limits     never more than n_slots items begun and not taken                               */
#ifndef PULLGATE_OBJECT_PARALLEL_H
#define PULLGATE_OBJECT_PARALLEL_H

#include "base/err.h"

enum { OBJECT_PARALLEL_JOBS_MAX = 64, OBJECT_PARALLEL_SLOTS_PER_JOB = 4 };

struct object_parallel {
    size_t n_items;
    unsigned jobs; /* 1 to OBJECT_PARALLEL_JOBS_MAX */
    void *arg;
    /* `slot` is below jobs * OBJECT_PARALLEL_SLOTS_PER_JOB, `job` below jobs. */
    void (*work)(void *arg, unsigned job, size_t item, size_t slot);
    bool (*take)(void *arg, size_t item, size_t slot); /* false: the rest is left alone */
};

/* Errors: EC_NOMEM; too few threads are not an error. */
enum ec object_parallel_run(const struct object_parallel *in, struct err *err) MUST_CHECK;

/* Processors this process may run on, at most `max`. */
unsigned object_parallel_processors(unsigned max);

#endif
