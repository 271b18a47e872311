/* bench_metrics - what counting adds to a request.
 * Build   cc -std=c11 -D_GNU_SOURCE -O2 -Iwebhook -Ipolicies -o bench_metrics
 *             tests/bench/bench_metrics.c webhook/program/meter.c webhook/metrics/?*.c
 *             policies/engine/words.c webhook/base/?*.c -lpthread      (the `?` keeps this
 *             comment one)
 * Run     ./bench_metrics [THREADS]
 * Shows   nanoseconds of processor time, so that a busy machine tells the truth, per request of
 *         an ordinary pod (three images, one reason), the best of ROUNDS rounds: alone, and
 *         with every thread counting in its own lane; apart from it the clock that ends the
 *         latency, which is the largest part                                              */
#include "base/clock.h"
#include "program/meter.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROUNDS = 10, REQUESTS = 2000000, THREADS_MAX = 64 };

static struct meter meter;
static const struct policy_rule rule = {.name = STR_INIT("airbyte"), .mode = MODE_ENFORCE};
static const struct policy policy = {.rules = &rule, .n_rules = 1};
static uint16_t *slots;

static int64_t spent_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void count_one(struct meter_lane *lane, const struct decision *d, int64_t took_ns) {
    meter_begin(lane, METER_MUTATE);
    meter_decision(lane, &policy, slots, d);
    meter_end(lane, METER_MUTATE, 200, took_ns);
}

static void *run(void *arg) {
    struct decision_image images[3] = {
        {.before = STR("busybox:1.35"), .after = STR("r/busybox:1.35")},
        {.before = STR("a/b:1"), .after = STR("r/a/b:1")},
        {.before = STR("r/c:1"), .after = STR("r/c:1")}};
    struct reason reason = {.code = REASON_TAG_MISSING, .image = 0};
    const struct decision d = {.verdict = VERDICT_ALLOW,
                               .rule = &rule,
                               .images = images,
                               .n_images = 3,
                               .reasons = &reason,
                               .n_reasons = 1};
    struct meter_lane *lane = arg;
    double *best = malloc(sizeof *best);
    *best = 1e9;
    for (int round = 0; round < ROUNDS; round++) {
        int64_t start_ns = spent_ns();
        for (int i = 0; i < REQUESTS; i++)
            count_one(lane, &d, 20000 + i % 100000);
        double ns = (double)(spent_ns() - start_ns) / REQUESTS;
        *best = ns < *best ? ns : *best;
    }
    return best;
}

static double clock_ns(void) {
    int64_t start_ns = spent_ns(), last_ns = 0;
    for (int i = 0; i < REQUESTS; i++)
        last_ns ^= clock_mono_ns();
    return last_ns == 0 ? 0 : (double)(spent_ns() - start_ns) / REQUESTS;
}

int main(int argc, char **argv) {
    struct err err = ERR_INIT;
    unsigned n = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 2;
    pthread_t threads[THREADS_MAX];
    if (n == 0 || n > THREADS_MAX || meter_init(&meter, n, &err) != EC_OK ||
        (slots = meter_slots(&meter, &policy)) == NULL)
        return 1;
    double *alone = run(meter_lane(&meter, 0));
    printf("one thread          %5.1f ns per request\n", *alone);
    free(alone);
    for (unsigned i = 0; i < n; i++)
        if (pthread_create(&threads[i], NULL, run, meter_lane(&meter, i)) != 0)
            return 1;
    for (unsigned i = 0; i < n; i++) {
        void *best;
        pthread_join(threads[i], &best);
        printf("thread %2u of %-2u     %5.1f ns per request\n", i, n, *(double *)best);
        free(best);
    }
    printf("reading the clock   %5.1f ns\n", clock_ns());
    return 0;
}
