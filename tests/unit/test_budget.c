/* What one review may cost: pattern steps are counted, so that nothing here depends on a clock. */
#include "engine_fixture.h"

#include "base/buf.h"
#include "base/mem.h"
#include "engine/explain.h"

#include <stdlib.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))
/* A regex that takes all the steps it gets for a name of many short components. */
#define COSTLY SPEC "  approved: [docker.io]\n  denied: [{regex: '.*/.*/.*/.*/.*evil'}]\n"

enum { TEXT_BYTES = 300, ARENA_BYTES = 64 << 20 };

static struct workload pod_of(const struct workload_image *images, size_t n) {
    return (struct workload){.shape = SHAPE_POD,
                             .operation = OPERATION_CREATE,
                             .spec = STR("/spec"),
                             .api_version = STR("v1"),
                             .kind = STR("Pod"),
                             .namespace = STR("ns"),
                             .name = STR("p"),
                             .user = STR("u"),
                             .service_account = STR("default"),
                             .images = images,
                             .n_images = n};
}

/* docker.io/evil-<number>/a/a/a/... */
static void write_costly(char *to, size_t number) {
    int n = snprintf(to, TEXT_BYTES, "docker.io/evil-%zu", number);
    for (size_t i = (size_t)n; i + 2 < 260; i += 2)
        memcpy(to + i, "/a", 3);
}

struct asked {
    struct arena arena;
    struct decision d;
};

static void decide(struct asked *a, const char *yaml, const struct workload *w,
                   unsigned flags) {
    struct err err = ERR_INIT;
    struct policy *policy = load(yaml);
    a->arena = (struct arena)ARENA_INIT(1 << 16, ARENA_BYTES);
    assert_ok(engine_decide(&a->d, policy, w, NOW_S, flags, &a->arena, &err), &err);
    a->d.rule = NULL; /* it goes with the policy */
    engine_policy_free(policy);
}

static void done(struct asked *a) {
    arena_done(&a->arena);
}

/* ---- copies -------------------------------------------------------------------------- */

enum { COPIES = 100000 };

static uint64_t steps_of(const char *yaml, const struct workload_image *images, size_t n) {
    struct workload w = pod_of(images, n);
    struct asked a;
    decide(&a, yaml, &w, 0);
    uint64_t steps = a.d.n_steps;
    done(&a);
    return steps;
}

static void copies_cost_what_one_does(void **state) {
    static const char *const policies[] = {
        COSTLY, SPEC "  registry: ghcr.io/acme\n  denied: ['**/a*/**/b*']\n",
        SPEC "  approved: ['*.io/**/x*']\n  exemptions: [{images: ['*.io/**/z*'], reason: r, "
             "owner: o}]\n",
        SPEC "  registry: ghcr.io/acme\n"
             "  imagePullSecrets: [{name: a, for: ghcr.io/x}, {name: b, for: ghcr.io/y}]\n"};
    static const size_t counts[] = {2, 8, 9, 1500, COPIES};
    char costly[TEXT_BYTES];
    (void)state;
    struct workload_image *images = malloc(COPIES * sizeof *images);
    assert_non_null(images);
    write_costly(costly, 0);
    for (size_t i = 0; i < COPIES; i++)
        images[i] = container(costly);
    for (size_t p = 0; p < COUNT(policies); p++) {
        uint64_t one = steps_of(policies[p], images, 1);
        assert_true(one > 0 && one < ENGINE_STEPS_MAX);
        for (size_t i = 0; i < COUNT(counts); i++)
            if (steps_of(policies[p], images, counts[i]) != one)
                fail_row("policy %zu: %zu copies take other steps than one", p, counts[i]);
    }
    free(images);
}

/* Two texts in turn, in all four places; each image has all that it has alone, under its own name. */
static void copies_are_answered_each(void **state) {
    enum { N = 24 };
    static const char *const texts[] = {"quay.io/evil/x", "quay.io/ok/y", "nginx"};
    struct workload_image images[N];
    char names[N][8];
    (void)state;
    for (size_t i = 0; i < N; i++) {
        snprintf(names[i], sizeof names[i], "c%zu", i);
        images[i] = container(texts[i % 3]);
        images[i].list = (enum workload_image_list)(i % 4);
        images[i].name = str_of(names[i]);
        images[i].index = (uint32_t)i;
    }
    struct workload w = pod_of(images, N);
    struct asked a;
    decide(&a,
           SPEC "  registry: ghcr.io/acme\n  imagePullPolicy: Always\n  mode: warn\n  "
                "approved: [quay.io/ok]\n",
           &w, 0);
    assert_int_equal(a.d.n_reasons, N / 3);
    for (size_t i = 0; i < N; i++) {
        const struct decision_image *d = &a.d.images[i];
        bool evil = i % 3 == 0;
        assert_true(d->judged);
        assert_int_equal(d->weight, evil ? WEIGHT_WARN : WEIGHT_NOTE);
        assert_str(d->after, str_of(i % 3 == 2 ? "ghcr.io/acme/nginx" : texts[i % 3]));
        const struct reason *r = &a.d.reasons[i / 3];
        if (!evil)
            continue;
        assert_int_equal(r->image, i);
        char name[16];
        snprintf(name, sizeof name, " \"%s\": ", names[i]);
        struct str head = str_slice(r->message, 0, str_find(r->message, ':') + 2);
        assert_true(str_ends(head, str_of(name)));
        assert_true(str_ends(r->message, STR("; approved: \"ghcr.io/acme\", \"quay.io/ok\"")));
    }
    assert_int_equal(a.d.n_edits, N / 3 + N);
    assert_str(a.d.edits[N / 3].string, STR("Always"));
    done(&a);
}

/* More of them than reasons are kept: the rest is counted, as without copies. */
static void reasons_of_copies_are_counted(void **state) {
    enum { N = ENGINE_REASONS_MAX + 100 };
    static struct workload_image images[N];
    (void)state;
    for (size_t i = 0; i < N; i++)
        images[i] = container("evil.com/x");
    struct workload w = pod_of(images, N);
    struct asked a;
    decide(&a, SPEC "  registry: ghcr.io/acme\n", &w, 0);
    assert_int_equal(a.d.n_reasons, ENGINE_REASONS_MAX);
    assert_int_equal(a.d.n_reasons_omitted, 100);
    assert_int_equal(a.d.n_denials_omitted, 100);
    for (size_t i = 0; i < N; i++)
        assert_int_equal(a.d.images[i].weight, WEIGHT_DENY);
    done(&a);
}

/* The text before is not a copy of the new one. */
static void unchanged_images_are_no_copies(void **state) {
    struct workload_image images[] = {container("evil.com/x"), container("evil.com/x"),
                                      container("evil.com/x")};
    (void)state;
    images[0].changed = images[2].changed = false;
    struct workload w = pod_of(images, COUNT(images));
    w.operation = OPERATION_UPDATE;
    struct asked a;
    decide(&a, SPEC "  registry: ghcr.io/acme\n", &w, 0);
    assert_int_equal(a.d.n_reasons, 1);
    assert_int_equal(a.d.reasons[0].image, 1);
    assert_true(!a.d.images[0].judged && a.d.images[1].judged && !a.d.images[2].judged);
    done(&a);
}

/* ---- the limit ----------------------------------------------------------------------- */

enum { DECOYS = 400 };

struct decoys {
    char texts[DECOYS][TEXT_BYTES];
    struct workload_image images[DECOYS + 1];
};

/* Different costly images, and a denied one after them. */
static struct decoys *new_decoys(void) {
    struct decoys *d = malloc(sizeof *d);
    assert_non_null(d);
    for (size_t i = 0; i < DECOYS; i++) {
        write_costly(d->texts[i], i);
        d->images[i] = container(d->texts[i]);
    }
    d->images[DECOYS] = container("docker.io/x/y/z/w/evil:1");
    return d;
}

static void check_spent(const struct decision *d, enum verdict verdict,
                        enum reason_weight weight) {
    const struct reason *first = &d->reasons[0];
    assert_int_equal(d->verdict, verdict);
    assert_int_equal(d->n_steps, ENGINE_STEPS_MAX);
    assert_int_equal(first->code, REASON_PATTERN_LIMIT);
    assert_int_equal(first->weight, weight);
    assert_true(first->image > 0 && first->image < DECOYS);
    assert_false(d->images[DECOYS].judged);
    assert_str(d->images[DECOYS].after, STR("docker.io/x/y/z/w/evil:1"));
}

static void a_review_has_one_budget(void **state) {
    static const struct {
        const char *policy;
        unsigned flags;
        enum verdict verdict;
        enum reason_weight weight;
    } rows[] = {{COSTLY, 0, VERDICT_DENY, WEIGHT_DENY},
                {COSTLY, ENGINE_VALIDATE, VERDICT_DENY, WEIGHT_DENY},
                {COSTLY "  mode: warn\n", 0, VERDICT_WARN, WEIGHT_WARN},
                {COSTLY "  mode: audit\n", 0, VERDICT_ALLOW, WEIGHT_NOTE},
                {SPEC "  approved: [docker.io, {regex: '.*/.*/.*/.*/.*evil'}]\n  exemptions: "
                      "[{images: [{regex: "
                      "'.*/.*/.*/.*/.*evil'}], reason: r, owner: o}]\n",
                 0, VERDICT_DENY, WEIGHT_DENY}};
    (void)state;
    struct decoys *decoys = new_decoys();
    struct workload w = pod_of(decoys->images, DECOYS + 1);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct asked a;
        decide(&a, rows[i].policy, &w, rows[i].flags);
        if (a.d.verdict != rows[i].verdict)
            fail_row("row %zu", i);
        check_spent(&a.d, rows[i].verdict, rows[i].weight);
        done(&a);
    }
    free(decoys);
}

/* Globs alone do it as well: what they cost depends on lengths. */
static void globs_count(void **state) {
    char policy[16384];
    size_t n = (size_t)snprintf(policy, sizeof policy, "%s",
                                SPEC "  approved: [docker.io]\n  denied:\n");
    (void)state;
    struct decoys *decoys = new_decoys();
    struct workload w = pod_of(decoys->images, DECOYS + 1);
    for (size_t i = 0; i < 500; i++)
        n += (size_t)snprintf(policy + n, sizeof policy - n, "    - \"**/b%zu*/**/c*\"\n", i);
    struct asked a;
    decide(&a, policy, &w, 0);
    check_spent(&a.d, VERDICT_DENY, WEIGHT_DENY);
    done(&a);
    free(decoys);
}

/* Whatever was said before it: the limit is reported first, in each mode. */
static void the_limit_is_said_first(void **state) {
    static const char *const policies[] = {
        SPEC "  approved: [quay.io]\n  denied: [{regex: '.*/.*/.*/.*/.*evil'}]\n", SPEC
        "  approved: [quay.io]\n  mode: audit\n  denied: [{regex: '.*/.*/.*/.*/.*evil'}]\n"};
    enum { BEFORE = ENGINE_REASONS_MAX + 10 };
    (void)state;
    struct decoys *decoys = new_decoys();
    char texts[BEFORE][32];
    struct workload_image *images = malloc((BEFORE + DECOYS) * sizeof *images);
    assert_non_null(images);
    for (size_t i = 0; i < BEFORE; i++) {
        snprintf(texts[i], sizeof texts[i], "gcr.io/%zu", i);
        images[i] = container(texts[i]);
    }
    memcpy(images + BEFORE, decoys->images, DECOYS * sizeof *images);
    struct workload w = pod_of(images, BEFORE + DECOYS);
    for (size_t i = 0; i < COUNT(policies); i++) {
        struct asked a;
        decide(&a, policies[i], &w, 0);
        assert_int_equal(a.d.n_reasons, ENGINE_REASONS_MAX);
        assert_int_equal(a.d.reasons[0].code, REASON_PATTERN_LIMIT);
        assert_true(a.d.reasons[0].image >= BEFORE);
        assert_int_equal(a.d.reasons[1].code, REASON_NOT_APPROVED);
        done(&a);
    }
    free(images);
    free(decoys);
}

/* Explaining decides with the same steps. */
static void explaining_knows_the_limit(void **state) {
    (void)state;
    struct decoys *decoys = new_decoys();
    struct workload w = pod_of(decoys->images, DECOYS + 1);
    struct asked a, b;
    struct engine_explanation how;
    struct err err = ERR_INIT;
    decide(&a, COSTLY, &w, 0);
    struct policy *policy = load(COSTLY);
    b.arena = (struct arena)ARENA_INIT(1 << 16, ARENA_BYTES);
    assert_ok(engine_explain(&how, &b.d, policy, &w, NOW_S, 0, &b.arena, &err), &err);
    check_spent(&b.d, VERDICT_DENY, WEIGHT_DENY);
    int32_t at = a.d.reasons[0].image;
    assert_int_equal(b.d.reasons[0].image, at);
    for (int32_t i = 0; i <= DECOYS; i++)
        assert_int_equal(how.images[i].state, i < at ? STATE_JUDGED : STATE_LIMIT);
    engine_policy_free(policy);
    done(&a);
    done(&b);
    free(decoys);
}

/* ---- which rule, which secret -------------------------------------------------------- */

/* The head, and the line so many times, with its number for each `#`. */
static char *rules_of(const char *head, size_t n, const char *line) {
    struct buf b = BUF_INIT(1 << 24);
    buf_puts(&b, head);
    for (size_t i = 0; i < n; i++)
        for (const char *p = line; *p != '\0'; p++)
            if (*p == '#')
                buf_uint(&b, i);
            else
                buf_putc(&b, *p);
    buf_putc(&b, '\0');
    assert_false(b.bad);
    return b.p;
}

static struct str *many_names(size_t n) {
    struct str *names = malloc(n * sizeof *names);
    assert_non_null(names);
    for (size_t i = 0; i < n; i++)
        names[i] = STR("group");
    return names;
}

static void check_unselected(const char *policy, const struct workload *w,
                             enum verdict verdict) {
    struct asked a;
    decide(&a, policy, w, 0);
    assert_int_equal(a.d.verdict, verdict);
    assert_int_equal(a.d.n_steps, ENGINE_STEPS_MAX);
    assert_int_equal(a.d.n_reasons, 1);
    assert_int_equal(a.d.reasons[0].code, REASON_PATTERN_LIMIT);
    assert_int_equal(a.d.reasons[0].image, -1);
    done(&a);
}

static void choosing_a_rule_counts(void **state) {
    enum { N = 300000, RULES = 60 };
    static const struct {
        const char *head;
        enum verdict verdict;
    } modes[] = {
        {SPEC "  registry: r.io\n  rules:\n", VERDICT_DENY},
        {SPEC "  registry: r.io\n  mode: warn\n  rules:\n", VERDICT_WARN},
        {SPEC "  registry: r.io\n  mode: audit\n  rules:\n", VERDICT_ALLOW},
        {SPEC "  registry: r.io\n  mode: audit\n  unmatched: deny\n  rules:\n", VERDICT_DENY}};
    (void)state;
    const struct workload_image image = container("nginx");
    struct workload w = pod_of(&image, 1);
    struct str *groups = many_names(N);
    w.groups = groups;
    w.n_groups = N;
    for (size_t i = 0; i < COUNT(modes); i++) {
        char *policy =
            rules_of(modes[i].head, RULES, "    - {name: r#, match: {groups: [\"z#*\"]}}\n");
        check_unselected(policy, &w, modes[i].verdict);
        mem_free(policy);
    }
    free(groups);
}

static void labels_and_long_names_count(void **state) {
    enum { N = 300000, RULES = 200, LONG = 4 << 20 };
    (void)state;
    const struct workload_image image = container("nginx");
    struct workload w = pod_of(&image, 1);
    struct match_label *labels = calloc(N, sizeof *labels);
    char *user = malloc(LONG);
    assert_true(labels != NULL && user != NULL);
    memset(user, 'a', LONG);
    w.labels = labels;
    w.n_labels = N;
    char *policy = rules_of(SPEC "  registry: r.io\n  rules:\n", RULES,
                            "    - {name: r#, match: {podLabels: {matchExpressions: [{key: z#, "
                            "operator: Exists}]}}}\n");
    check_unselected(policy, &w, VERDICT_DENY);
    mem_free(policy);
    w.n_labels = 0;
    w.user = (struct str){user, LONG};
    policy = rules_of(SPEC "  registry: r.io\n  rules:\n", RULES,
                      "    - {name: r#, match: {users: [\"*b#*\"]}}\n");
    check_unselected(policy, &w, VERDICT_DENY);
    mem_free(policy);
    free(user);
    free(labels);
}

/* A pod can always lose its finalizers. */
static void updates_without_new_images_are_let_pass(void **state) {
    enum { N = 300000 };
    (void)state;
    struct workload_image image = container("nginx");
    image.changed = false;
    struct workload w = pod_of(&image, 1);
    w.operation = OPERATION_UPDATE;
    struct str *groups = many_names(N);
    w.groups = groups;
    w.n_groups = N;
    char *policy = rules_of(SPEC "  registry: r.io\n  rules:\n", 60,
                            "    - {name: r#, match: {groups: [\"z#*\"]}}\n");
    struct asked a;
    decide(&a, policy, &w, 0);
    assert_int_equal(a.d.verdict, VERDICT_ALLOW);
    assert_int_equal(a.d.n_reasons, 0);
    done(&a);
    mem_free(policy);
    free(groups);
}

static void secrets_count(void **state) {
    enum { N = 4000, SECRETS = 400 };
    (void)state;
    struct workload_image *images = malloc(N * sizeof *images);
    char(*texts)[16] = malloc(N * sizeof *texts);
    assert_true(images != NULL && texts != NULL);
    for (size_t i = 0; i < N; i++) {
        snprintf(texts[i], sizeof texts[i], "x/%zu", i);
        images[i] = container(texts[i]);
    }
    struct workload w = pod_of(images, N);
    char *policy = rules_of(SPEC "  registry: r.io\n  approved: [s.io]\n  imagePullSecrets:\n",
                            SECRETS, "    - {name: n#, for: s.io/#}\n");
    struct asked a;
    decide(&a, policy, &w, 0);
    assert_int_equal(a.d.verdict, VERDICT_DENY);
    assert_int_equal(a.d.n_reasons, 1);
    assert_int_equal(a.d.reasons[0].code, REASON_PATTERN_LIMIT);
    assert_int_equal(a.d.reasons[0].image, -1);
    assert_int_equal(a.d.n_edits, 0);
    done(&a);
    mem_free(policy);
    free(texts);
    free(images);
}

/* What people have is far from the limit. */
static void ordinary_reviews_are_far_from_it(void **state) {
    (void)state;
    struct workload_image images[20];
    char texts[20][64];
    for (size_t i = 0; i < COUNT(images); i++) {
        snprintf(texts[i], sizeof texts[i], "quay.io/acme/team-%zu/service:1.%zu", i, i);
        images[i] = container(texts[i]);
    }
    char *policy = rules_of(SPEC "  registry: r.io\n  approved:\n", 1000,
                            "    - {regex: 'quay\\.io/acme/(team|unit)-[a-z]+#/.*'}\n");
    assert_true(steps_of(policy, images, COUNT(images)) < ENGINE_STEPS_MAX / 2);
    mem_free(policy);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(copies_cost_what_one_does),
    cmocka_unit_test(copies_are_answered_each),
    cmocka_unit_test(reasons_of_copies_are_counted),
    cmocka_unit_test(unchanged_images_are_no_copies),
    cmocka_unit_test(a_review_has_one_budget),
    cmocka_unit_test(globs_count),
    cmocka_unit_test(the_limit_is_said_first),
    cmocka_unit_test(explaining_knows_the_limit),
    cmocka_unit_test(choosing_a_rule_counts),
    cmocka_unit_test(labels_and_long_names_count),
    cmocka_unit_test(updates_without_new_images_are_let_pass),
    cmocka_unit_test(secrets_count),
    cmocka_unit_test(ordinary_reviews_are_far_from_it),
};

TEST_MAIN(tests)
