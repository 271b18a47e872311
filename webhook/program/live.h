/* program/live - the rules in force, swapped while workers read them.
 *
 *      loader --live_set--> current (counted, under a lock) , generation + 1
 *      worker: generation unchanged? use the reference it holds : take the new one
 *
 * Threads    live_set from one thread; live_use from any worker, each with its own reader. A worker
 *            reads one atomic number per request; it takes the lock once per reload
 * Ownership  policies are counted; the last user frees                                      */
#ifndef PULLGATE_PROGRAM_LIVE_H
#define PULLGATE_PROGRAM_LIVE_H

#include "engine/policy.h"

struct live;
struct live_policy;

struct live_reader {
    struct live_policy *held;
    uint64_t generation;
};

struct live *live_new(void); /* NULL: no memory */
void live_free(struct live *l);

struct live_rules {
    struct policy *policy;
    uint16_t *slots; /* of its rules in the meter (meter.h); may be NULL */
};

/* Takes ownership of both, also on failure (false: no memory, the old ones are kept). */
bool live_set_take(struct live *l, struct live_rules rules) MUST_CHECK;
bool live_has_policy(const struct live *l);

/* The rules in force for this request, or NULL before there are any; valid until the next call
 * with the same reader. */
const struct live_rules *live_use(struct live *l, struct live_reader *reader);
void live_reader_done(struct live *l, struct live_reader *reader);

#endif
