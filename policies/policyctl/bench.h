/* policyctl/bench - how long decisions take.
 *
 *      items --engine_decide--> engine: a workload in, a decision out
 *      reviews --review_answer--> review: JSON bytes in, JSON bytes out, as in the webhook
 *
 * Each decision is timed by itself, its cost in a histogram of 128 steps per power of two: what
 * is told of it is within one percent.
 * Threads    makes its own; items are shared and not changed                                */
#ifndef PULLGATE_POLICYCTL_BENCH_H
#define PULLGATE_POLICYCTL_BENCH_H

#include "object/object.h"

struct bench_item {
    struct str bytes; /* JSON, as read */
    bool is_review;
    struct json json; /* of a copy, which the workload borrows from */
    struct workload workload;
    bool is_malformed; /* nothing for the engine */
};

struct bench {
    const struct policy *policy;
    const struct object_request *request;
    uint64_t rounds, warmup; /* over all items, all threads together */
    unsigned concurrency;
    struct arena arena; /* of the items */
    struct bench_item *items;
    size_t n_items, n_reviews;
    size_t n_faults; /* objects that could not be read, each told on standard error */
};

struct bench_result {
    uint64_t decisions;
    double per_second;
    uint64_t mean_ns, p50_ns, p95_ns, p99_ns, max_ns;
};

/* Adds a file's objects, but for those that are faulty. Errors: EC_NOMEM, EC_LIMIT, and what is wrong
 * with the file; the objects before it stay. */
enum ec bench_load(struct bench *b, const char *path, bool found, struct err *err) MUST_CHECK;
void bench_done(struct bench *b);

/* Errors: EC_NOMEM, EC_LIMIT; EC_SYNTAX and EC_SCHEMA cannot be: the items were judged once. */
enum ec bench_engine(const struct bench *b, struct bench_result *out, struct err *err)
    MUST_CHECK;
enum ec bench_review(const struct bench *b, struct bench_result *out, struct err *err)
    MUST_CHECK;

#endif
