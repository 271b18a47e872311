/* bench_rules - what a rule file costs to load, and a decision as the rule file grows, and as the pod does.
 *
 *   bench_rules      (cmake --build --preset release --target bench)
 *
 * Shows      microseconds of CPU time to load a file with more rules or patterns, the best of LOADS;
 *            nanoseconds of CPU time for one engine_decide, the best of ROUNDS rounds: with more rules,
 *            where the last one selects the pod; with more approved patterns, where the last one
 *            approves the image; with more images in the pod */
#include "base/buf.h"
#include "engine/engine.h"
#include "rules/rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
    ROUNDS = 15,
    TIMES = 3000,
    LOADS = 7,
    IMAGES_MAX = 100,
    NOW_S = 1800000000,
    FILE_MAX = 4 << 20
};

static double cpu_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static struct policy *load(struct str text) {
    struct policy *policy = NULL;
    struct rules_options options = {.warn = NULL};
    struct err err = ERR_INIT;
    if (rules_parse(&policy, text, "bench.yaml", &options, &err) != EC_OK) {
        fprintf(stderr, "bench.yaml:%u:%u: %s\n", err.line, err.col, err.msg);
        exit(1);
    }
    return policy;
}

static void begin(struct buf *b) {
    buf_puts(b, "apiVersion: pullgate/v1\nkind: ImagePolicy\nmetadata: {name: bench}\nspec:\n"
                "  registry: ghcr.io/acme-data\n  imagePullSecrets: [regcred]\n");
}

static void put_rules(struct buf *b, size_t n, const char *before, const char *behind) {
    begin(b);
    buf_puts(b, "  rules:\n");
    for (size_t i = 1; i <= n; i++)
        buf_printf(b, "    - {name: r%zu, match: {%s%zu%s}}\n", i, before, n - i, behind);
}

static void put_patterns(struct buf *b, size_t n) {
    begin(b);
    buf_puts(b, "  approved:\n");
    for (size_t i = 1; i <= n; i++)
        buf_printf(b, "    - registry-%zu.corp.example/team\n", n - i);
}

static struct policy *with_rules(size_t n, const char *before, const char *behind) {
    struct buf b = BUF_INIT(FILE_MAX);
    put_rules(&b, n, before, behind);
    struct policy *policy = load(buf_view(&b));
    buf_done(&b);
    return policy;
}

static struct policy *with_patterns(size_t n) {
    struct buf b = BUF_INIT(FILE_MAX);
    put_patterns(&b, n);
    struct policy *policy = load(buf_view(&b));
    buf_done(&b);
    return policy;
}

/* ---- loading ----------------------------------------------------------------------------- */

static double measure_load(struct str text) {
    double best = 0;
    for (int i = 0; i < LOADS; i++) {
        double start = cpu_ns();
        engine_policy_free(load(text));
        double us = (cpu_ns() - start) / 1000;
        if (best <= 0 || us < best)
            best = us;
    }
    return best;
}

static void show_loads(const char *name, bool of_rules, const size_t *counts, size_t n) {
    printf("%-34s", name);
    for (size_t i = 0; i < n; i++) {
        struct buf b = BUF_INIT(FILE_MAX);
        if (of_rules)
            put_rules(&b, counts[i], "namespaces: [team-", "]");
        else
            put_patterns(&b, counts[i]);
        printf(" %9.0f", measure_load(buf_view(&b)));
        buf_done(&b);
    }
    printf("\n");
}

/* ---- deciding ---------------------------------------------------------------------------- */

static double measure(const struct policy *policy, size_t n_images, const char *image) {
    static struct workload_image images[IMAGES_MAX];
    static const struct match_label labels[] = {{STR_INIT("app"), STR_INIT("team-0")}};
    struct arena arena = ARENA_INIT(64 << 10, 1 << 24);
    struct err err = ERR_INIT;
    struct decision d;
    double best = 0;
    for (size_t i = 0; i < n_images; i++)
        images[i] = (struct workload_image){.index = (uint32_t)i,
                                            .name = STR("main"),
                                            .text = str_of(image),
                                            .has_image = true,
                                            .changed = true};
    const struct workload w = {.shape = SHAPE_POD,
                               .spec = STR("/spec"),
                               .namespace = STR("team-0"),
                               .service_account = STR("default"),
                               .labels = labels,
                               .n_labels = 1,
                               .images = images,
                               .n_images = n_images};
    for (int round = 0; round < ROUNDS; round++) {
        double start = cpu_ns();
        for (int i = 0; i < TIMES; i++) {
            arena_reset(&arena);
            if (engine_decide(&d, policy, &w, NOW_S, 0, &arena, &err) != EC_OK ||
                d.verdict != VERDICT_ALLOW || d.rule == NULL) {
                fprintf(stderr, "bench_rules: not the decision that is to be measured\n");
                exit(1);
            }
        }
        double ns = (cpu_ns() - start) / TIMES;
        if (best <= 0 || ns < best)
            best = ns;
    }
    arena_done(&arena);
    return best;
}

int main(void) {
    static const size_t counts[] = {1, 10, 100, 1000};
    static const char image[] = "airbyte/source-postgres:3.6.11";
    static const char elsewhere[] = "registry-0.corp.example/team/x:1";
    printf("%-34s %9s %9s %9s %9s\n", "one load, us", "1", "10", "100", "1000");
    show_loads("rules", true, counts, 4);
    show_loads("approved hosts", false, counts, 4);
    printf("\n%-34s %9s %9s %9s %9s\n", "one decision, ns", "1", "10", "100", "1000");
    static const struct {
        const char *name, *before, *behind;
    } rows[] = {{"rules, by namespace", "namespaces: [team-", "]"},
                {"rules, by label", "podLabels: {matchLabels: {app: team-", "}}"},
                {"rules, by glob", "namespaces: ['team-", "*']"}};
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        printf("%-34s", rows[r].name);
        for (size_t i = 0; i < 4; i++) {
            struct policy *policy = with_rules(counts[i], rows[r].before, rows[r].behind);
            printf(" %9.0f", measure(policy, 1, image));
            engine_policy_free(policy);
        }
        printf("\n");
    }
    printf("%-34s", "approved hosts");
    for (size_t i = 0; i < 4; i++) {
        struct policy *policy = with_patterns(counts[i]);
        printf(" %9.0f", measure(policy, 1, elsewhere));
        engine_policy_free(policy);
    }
    printf("\n%-34s", "images");
    for (size_t i = 0; i < 3; i++) {
        struct policy *policy = with_rules(1, "namespaces: [team-", "]");
        printf(" %9.0f", measure(policy, counts[i], image));
        engine_policy_free(policy);
    }
    printf("\n");
    return 0;
}
