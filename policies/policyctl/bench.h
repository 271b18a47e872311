/* policyctl/bench - how long decisions take.
 *
 *      items --engine_decide--> engine: a workload in, a decision out
 *      reviews --review_answer--> review: JSON bytes in, JSON bytes out, as in the webhook
 *
 * Each decision is timed by itself, its cost in a histogram of 128 steps per power of two, so that
 * figures are within one percent.
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
    size_t n_faults; /* objects that could not be read, each reported on standard error */
};

struct bench_result {
    uint64_t decisions;
    double per_second;
    uint64_t mean_ns, p50_ns, p95_ns, p99_ns, max_ns;
};

struct bench_figures { /* of one run */
    struct bench_result engine, review;
    bool has_engine, has_review;
};

struct bench_comparison {
    const char *path;   /* of a document that bench_print_json wrote */
    uint64_t threshold; /* percent */
    struct buf *out;
    bool slower; /* the answer */
};

/* Adds a file's objects, except for faulty ones. Errors: EC_NOMEM, EC_LIMIT, and errors of the file;
 * objects added before the error remain. */
enum ec bench_load(struct bench *b, const char *path, bool found, struct err *err) MUST_CHECK;
void bench_done(struct bench *b);

/* Errors: EC_NOMEM, EC_LIMIT; EC_SYNTAX and EC_SCHEMA cannot be: the items were judged once. */
enum ec bench_engine(const struct bench *b, struct bench_result *out, struct err *err)
    MUST_CHECK;
enum ec bench_review(const struct bench *b, struct bench_result *out, struct err *err)
    MUST_CHECK;

void bench_print_text(struct buf *out, const struct bench *b, const struct bench_figures *f);
void bench_print_json(struct buf *out, const struct bench *b, const struct bench_figures *f);

/* Prints the medians of then and now. Errors: those of reading the file; EC_USAGE when it is of
 * other objects or of another number of threads, EC_SCHEMA when it holds no figures. */
enum ec bench_compare(struct bench_comparison *c, const struct bench *b,
                      const struct bench_figures *f, struct err *err) MUST_CHECK;

/* ---- the worst reviews ---------------------------------------------------------------
 * What the most expensive objects cost for a rule file. The reviews are made up to fit it: as many
 * images as fit 32 MiB; long names; for each of the costliest regexes the name that takes it the
 * most steps; many groups, many labels and a long user name, where a rule matches those. */

struct bench_worst_row {
    char what[96];
    const struct policy_pattern *regex; /* or NULL */
    size_t n_images, n_bytes;
    uint64_t steps;
    bool is_limited; /* denied, warned or noted with code pattern-limit */
    const char *verdict;
    int64_t ns; /* of CPU, from bytes to bytes */
};

enum { BENCH_WORST_ROWS_MAX = 16 };
struct bench_worst {
    struct bench_worst_row rows[BENCH_WORST_ROWS_MAX];
    size_t n_rows;
};

/* Errors: EC_NOMEM, EC_LIMIT. */
enum ec bench_worst_measure(struct bench_worst *out, const struct policy *policy, int64_t now_s,
                            unsigned engine_flags, struct err *err) MUST_CHECK;

void bench_worst_text(struct buf *out, const struct bench_worst *w,
                      const struct policy *policy);
void bench_worst_json(struct buf *out, const struct bench_worst *w,
                      const struct policy *policy);

#endif
