#include "policyctl/bench.h"

#include "base/clock.h"
#include "base/mem.h"

#include <pthread.h>

enum {
    STEP_BITS = 7, /* steps per power of two, as bits */
    STEPS = 1 << STEP_BITS,
    EXACT = 2 * STEPS, /* below, each value has its own bucket */
    N_BUCKETS = (64 - STEP_BITS + 1) * STEPS,
    REPLY_MAX = 1 << 30
};

/* ---- histogram ----------------------------------------------------------------------- */

struct histogram {
    uint64_t n, sum, max;
    uint64_t buckets[N_BUCKETS];
};

static size_t bucket_of(uint64_t v) {
    if (v < EXACT)
        return (size_t)v;
    unsigned shift = 63 - (unsigned)__builtin_clzll(v) - STEP_BITS;
    return (size_t)((size_t)shift * STEPS + (v >> shift));
}

/* The middle of a bucket. */
static uint64_t value_of(size_t bucket) {
    if (bucket < EXACT)
        return bucket;
    unsigned shift = (unsigned)(bucket / STEPS) - 1;
    return ((uint64_t)(bucket - (size_t)shift * STEPS) << shift) + ((uint64_t)1 << shift) / 2;
}

static void count_latency(struct histogram *h, int64_t ns) {
    uint64_t v = ns > 0 ? (uint64_t)ns : 0;
    h->n++;
    h->sum += v;
    h->max = v > h->max ? v : h->max;
    h->buckets[bucket_of(v)]++;
}

static void merge(struct histogram *to, const struct histogram *h) {
    to->n += h->n;
    to->sum += h->sum;
    to->max = h->max > to->max ? h->max : to->max;
    for (size_t i = 0; i < N_BUCKETS; i++)
        to->buckets[i] += h->buckets[i];
}

/* The value that at least `percent` of all do not exceed. */
static uint64_t percentile(const struct histogram *h, unsigned percent) {
    uint64_t seen = 0, wanted = (h->n * percent + 99) / 100;
    for (size_t i = 0; i < N_BUCKETS; i++) {
        seen += h->buckets[i];
        if (seen >= wanted)
            return value_of(i) < h->max ? value_of(i) : h->max;
    }
    return h->max;
}

/* ---- one thread ---------------------------------------------------------------------- */

struct worker;
typedef enum ec pass_fn(struct worker *w, const struct bench_item *item, struct err *err);

struct worker {
    const struct bench *b;
    pass_fn *pass; /* one decision: times it, unless it is for warming up */
    uint64_t rounds, warmup;
    bool timing;
    struct histogram *h;
    int64_t elapsed_ns;
    struct arena arena;
    struct review_session session;
    struct buf body, reply;
    struct err err;
    pthread_t thread;
};

static enum ec pass_engine(struct worker *w, const struct bench_item *item, struct err *err) {
    struct decision decision;
    const struct object_request *request = w->b->request;
    if (item->is_malformed)
        return EC_OK;
    int64_t start = clock_mono_ns();
    arena_reset(&w->arena);
    enum ec ec = engine_decide(&decision, w->b->policy, &item->workload, request->now_s,
                               request->engine_flags, &w->arena, err);
    if (w->timing)
        count_latency(w->h, clock_mono_ns() - start);
    return ec;
}

static enum ec pass_review(struct worker *w, const struct bench_item *item, struct err *err) {
    const struct object_request *request = w->b->request;
    if (!item->is_review)
        return EC_OK;
    /* The bytes are changed by reading them; bringing them there is not counted. */
    buf_reset(&w->body);
    buf_reset(&w->reply);
    buf_str(&w->body, item->bytes);
    char *padding = buf_room(&w->body, JSON_PADDING);
    if (padding == NULL)
        return err_no_memory(err);
    memset(padding, 0, JSON_PADDING);
    int64_t start = clock_mono_ns();
    enum ec ec = review_answer(&w->session, w->b->policy, request->now_s, request->engine_flags,
                               w->body.p, w->body.n, &w->reply, err);
    if (w->timing)
        count_latency(w->h, clock_mono_ns() - start);
    return ec;
}

static enum ec run_rounds(struct worker *w, uint64_t rounds, bool timing) {
    w->timing = timing;
    for (uint64_t r = 0; r < rounds; r++)
        for (size_t i = 0; i < w->b->n_items; i++)
            if (w->pass(w, &w->b->items[i], &w->err) != EC_OK)
                return w->err.code;
    return EC_OK;
}

static void *run_worker(void *arg) {
    struct worker *w = arg;
    if (run_rounds(w, w->warmup, false) != EC_OK)
        return NULL;
    int64_t start = clock_mono_ns();
    (void)!run_rounds(w, w->rounds, true);
    w->elapsed_ns = clock_mono_ns() - start;
    return NULL;
}

/* ---- all threads --------------------------------------------------------------------- */

static uint64_t share(uint64_t all, unsigned n, unsigned i) {
    return all / n + (i < all % n);
}

static bool worker_init(struct worker *w, const struct bench *b, pass_fn *pass, unsigned i) {
    *w = (struct worker){.b = b,
                         .pass = pass,
                         .rounds = share(b->rounds, b->concurrency, i),
                         .warmup = share(b->warmup, b->concurrency, i),
                         .h = mem_zalloc(sizeof *w->h),
                         .arena = ARENA_INIT(16 << 10, (size_t)1 << 30),
                         .body = BUF_INIT((size_t)1 << 31),
                         .reply = BUF_INIT(REPLY_MAX),
                         .err = ERR_INIT};
    review_session_init(&w->session, REVIEW_LIMITS_DEFAULT);
    return w->h != NULL;
}

static void worker_done(struct worker *w) {
    mem_free(w->h);
    arena_done(&w->arena);
    review_session_done(&w->session);
    buf_done(&w->body);
    buf_done(&w->reply);
}

static enum ec run_threads(struct worker *workers, unsigned n, struct err *err) {
    unsigned started = 0;
    while (n > 1 && started < n) {
        int os = pthread_create(&workers[started].thread, NULL, run_worker, &workers[started]);
        if (os != 0) {
            err_set_os(err, os, "cannot make thread %u of %u", started + 1, n);
            break;
        }
        started++;
    }
    if (n == 1)
        run_worker(&workers[0]);
    for (unsigned i = 0; i < started; i++)
        pthread_join(workers[i].thread, NULL);
    return err->code;
}

static void sum_up(struct bench_result *out, struct worker *workers, unsigned n) {
    struct histogram *all = workers[0].h;
    double per_second = 0;
    for (unsigned i = 0; i < n; i++) {
        if (workers[i].elapsed_ns > 0)
            per_second += (double)workers[i].h->n * 1e9 / (double)workers[i].elapsed_ns;
        if (i != 0)
            merge(all, workers[i].h);
    }
    *out = (struct bench_result){.decisions = all->n,
                                 .per_second = per_second,
                                 .mean_ns = all->n ? all->sum / all->n : 0,
                                 .p50_ns = percentile(all, 50),
                                 .p95_ns = percentile(all, 95),
                                 .p99_ns = percentile(all, 99),
                                 .max_ns = all->max};
}

static enum ec run_workers(const struct bench *b, pass_fn *pass, struct bench_result *out,
                           struct err *err) {
    struct worker *workers = mem_zalloc(mem_array_bytes(b->concurrency, sizeof *workers));
    bool ok = workers != NULL;
    unsigned n = 0;
    for (; ok && n < b->concurrency; n++)
        ok = worker_init(&workers[n], b, pass, n);
    if (!ok)
        err_no_memory(err);
    else if (run_threads(workers, n, err) == EC_OK)
        sum_up(out, workers, n);
    for (unsigned i = 0; i < n; i++) {
        if (err->code == EC_OK)
            *err = workers[i].err;
        worker_done(&workers[i]);
    }
    mem_free(workers);
    return err->code;
}

enum ec bench_engine(const struct bench *b, struct bench_result *out, struct err *err) {
    return run_workers(b, pass_engine, out, err);
}

enum ec bench_review(const struct bench *b, struct bench_result *out, struct err *err) {
    return run_workers(b, pass_review, out, err);
}
