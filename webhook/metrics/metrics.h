/* metrics - counters, gauges and histograms to Prometheus text, format 0.0.4.
 *
 *      lane 0   [ cells of worker 0 ........ | pad ]   each lane in its own cache lines,
 *      lane 1   [ cells of worker 1 ........ | pad ]   written by its worker alone
 *                 ^ the same cell of every lane: summed by the scrape
 *
 * Knows      numbers and names, not their meaning
 * Ownership  families are constant tables of the caller; sets copy their values
 * Limits     a histogram has at most METRICS_BUCKETS bounds, a table of label sets its own size
 * Threads    a cell is written by one thread and read by any, without locks; a table of label
 *            sets is written by one thread and read by any; all else: one thread at a time
 * Source     prometheus.io/docs/instrumenting/exposition_formats, text-based format       */
#ifndef PULLGATE_METRICS_METRICS_H
#define PULLGATE_METRICS_METRICS_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#include <stdatomic.h>

/* ---- counting -------------------------------------------------------------------------- */

struct metrics_cell {
    _Atomic uint64_t n;
};

/* Only by the thread that owns the cell: a plain load and store are then enough, where an atomic
 * addition would cost a locked instruction. Subtractions wrap, and the sum is still right. */
static inline void metrics_add(struct metrics_cell *c, uint64_t n) {
    atomic_store_explicit(&c->n, atomic_load_explicit(&c->n, memory_order_relaxed) + n,
                          memory_order_relaxed);
}

static inline uint64_t metrics_get(const struct metrics_cell *c) {
    return atomic_load_explicit(&c->n, memory_order_relaxed);
}

enum { METRICS_BUCKETS = 24 };

struct metrics_histogram {
    struct metrics_cell buckets[METRICS_BUCKETS + 1]; /* the last used one: above all bounds */
    struct metrics_cell sum;
};

/* Counts v in the first bucket whose bound is not below it; bounds ascend. */
static inline void metrics_observe(struct metrics_histogram *h, const int64_t *bounds,
                                   size_t n_bounds, int64_t v) {
    size_t i = 0;
    while (i < n_bounds && v > bounds[i])
        i++;
    metrics_add(&h->buckets[i], 1);
    metrics_add(&h->sum, (uint64_t)v);
}

/* One block of cells for each of n writers. The block is a struct of the caller with nothing but
 * cells. */
struct metrics_lanes {
    void *memory;
    char *first;
    size_t stride;
    unsigned n;
};

/* All cells 0. Errors: EC_NOMEM. */
enum ec metrics_lanes_init(struct metrics_lanes *l, unsigned n_lanes, size_t lane_bytes,
                           struct err *err) MUST_CHECK;
void metrics_lanes_done(struct metrics_lanes *l);

static inline void *metrics_lane(const struct metrics_lanes *l, unsigned i) {
    return l->first + (size_t)i * l->stride;
}

/* The sum of a cell over all lanes; the cell is given by its address in lane 0. */
uint64_t metrics_total(const struct metrics_lanes *l, const struct metrics_cell *cell);

/* ---- dynamic label sets ---------------------------------------------------------------- */

/* Names chosen by users become label values; a table of fixed size bounds the number of time
 * series. */
enum { METRICS_LABELS = 3 };

struct metrics_set {
    struct str values[METRICS_LABELS];
};

struct metrics_sets {
    struct arena texts;
    struct metrics_set *v;
    size_t max;
    _Atomic size_t n;
};

/* Errors: EC_NOMEM. */
enum ec metrics_sets_init(struct metrics_sets *s, size_t max, struct err *err) MUST_CHECK;
void metrics_sets_done(struct metrics_sets *s);

/* The set's slot in the table, a new one if needed; `otherwise` when the table is full. */
size_t metrics_sets_slot(struct metrics_sets *s, const struct metrics_set *set,
                         size_t otherwise);

/* ---- the text -------------------------------------------------------------------------- */

enum metrics_type { METRICS_COUNTER, METRICS_GAUGE, METRICS_HISTOGRAM };

struct metrics_family {
    const char *name, *help;
    enum metrics_type type;
    unsigned decimals;                  /* 9: values and bounds are whole numbers of 10^-9 */
    const char *labels[METRICS_LABELS]; /* names; NULL ends */
    const int64_t *bounds;              /* of a histogram */
    size_t n_bounds;
};

/* Its HELP and TYPE lines. */
void metrics_head(struct buf *out, const struct metrics_family *f);

/* One line; set may be NULL for a family without labels. Label values may be any bytes. */
void metrics_sample(struct buf *out, const struct metrics_family *f,
                    const struct metrics_set *set, int64_t value);

/* All lines of a histogram, summed over all lanes; h is its address in lane 0. */
void metrics_histogram(struct buf *out, const struct metrics_family *f,
                       const struct metrics_set *set, const struct metrics_lanes *l,
                       const struct metrics_histogram *h);

/* metrics_head and metrics_sample for a family of one value. */
void metrics_value(struct buf *out, const struct metrics_family *f, int64_t value);

/* ---- the process itself ---------------------------------------------------------------- */

struct metrics_process {
    int64_t start_us; /* Unix time; 0: unknown */
};

/* Notes when the process started. */
void metrics_process_init(struct metrics_process *p, int64_t now_us);

/* The process_* families of every Prometheus client, from /proc/self; what cannot be read is left
 * out. Allocates nothing and calls only open, read, close and poll, so that it works in a sandbox. */
void metrics_process_print(struct buf *out, const struct metrics_process *p);

#endif
