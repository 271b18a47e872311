/* program/memory - how much memory there is, and what each part of the daemon may take of it.
 *
 *      program       code, libraries, stacks, two sets of rules
 *      connections   --max-connections of them, each with its TLS session and a header
 *      probes        the same for the plain listener, and answers that wait there
 *      audit         the queue, and the bytes that are being written
 *      workers       what each needs for a review of LARGE bytes or less
 *      large         what one larger review needs: they are decided one at a time
 *      requests      --memory-budget: bodies, and answers that wait to be read
 *
 * Limits     together at most three quarters of the limit: the rest is malloc's, and what was not
 *            thought of. What an option gives is taken, the others divide what is left
 * Source     measured: 28 kB for an idle TLS connection, 49 kB with half a record */
#ifndef PULLGATE_PROGRAM_MEMORY_H
#define PULLGATE_PROGRAM_MEMORY_H

#include "base/buf.h"
#include "base/err.h"
#include "program/options.h"

enum memory_source { MEMORY_ASSUMED, MEMORY_OPTION, MEMORY_CGROUP };
enum memory_part {
    MEMORY_PROGRAM,
    MEMORY_CONNECTIONS,
    MEMORY_PROBES,
    MEMORY_AUDIT,
    MEMORY_WORKERS,
    MEMORY_LARGE,
    MEMORY_REQUESTS,
    MEMORY_PARTS
};
extern const char *const memory_sources[];
extern const char *const memory_parts[MEMORY_PARTS];

enum {
    MEMORY_LARGE_BODY = 32 * 1024, /* a review with more is large */
    MEMORY_SMALL_ARENA = 2 << 20,  /* of a review that is not large */
    MEMORY_SMALL_PATCH = 1 << 20,
    MEMORY_SMALL_REPLY = 2 << 20
};

struct memory_plan {
    enum memory_source source;
    uint64_t limit_bytes;
    uint64_t parts[MEMORY_PARTS];
    uint64_t probe_connections;
};

/* Sets what the options leave open: *o then has all limits in force.
 * In   root     as cgroup_memory_limit() has it
 * Errors: EC_USAGE, what is given or the limit leaves too little to work */
enum ec memory_divide(struct memory_plan *out, struct options *o, const char *root,
                      struct err *err) MUST_CHECK;

uint64_t memory_sum(const struct memory_plan *p);

#endif
