/* program/memory - the memory limit, and its division among the parts of the daemon.
 *
 *      program       code, libraries, stacks, two sets of rules
 *      connections   --max-connections of them, each with its TLS session and a header
 *      probes        the same for the plain listener, and its answers waiting to be read
 *      audit         the queue, and the bytes being written
 *      workers       for each, a review of LARGE bytes or less
 *      large         one larger review: they are decided one at a time
 *      requests      --memory-budget: bodies, and answers waiting to be read
 *
 * Limits     together at most three quarters of the limit: the rest is for malloc's overhead and
 *            whatever is not listed. Parts set by an option are kept, the others divide the rest
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

/* Sets the limits that no option gives: *o then has all limits in force.
 * In   root     as for cgroup_memory_limit()
 * Errors: EC_USAGE: the options or the limit leave too little memory */
enum ec memory_divide(struct memory_plan *out, struct options *o, const char *root,
                      struct err *err) MUST_CHECK;

uint64_t memory_sum(const struct memory_plan *p);

#endif
