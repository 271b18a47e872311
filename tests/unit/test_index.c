/* The indexes of a policy: with and without them, each pod meets the same rule, and each image the same
 * pattern. Rules and pods are made of few words, so that they meet often. */
#include "test.h"

#include "engine/engine.h"
#include "rules/rules.h"

enum { POLICIES = 60, PODS = 60, NOW_S = 1800000000 };

static uint64_t seed = 20260301;

static unsigned roll(unsigned n) {
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(seed >> 33) % n;
}

static const char *one_of(const char *const *words, unsigned n) {
    return words[roll(n)];
}

#define ONE_OF(words) one_of((words), sizeof(words) / sizeof *(words))

static const char *const names[] = {"a", "b", "c", "d", "e"};
static const char *const globs[] = {"a", "b", "c", "a*", "*", "d"};
static const char *const hosts[] = {"h1.io", "h2.io:5000", "quay.io", "docker.io"};
static const char *const patterns[] = {"h1.io",
                                       "h2.io:5000/x",
                                       "quay.io/a/b",
                                       "'*.io/x/**'",
                                       "'{regex: \"h1.io/.*\"}'",
                                       "docker.io/library",
                                       "'quay.io/**'",
                                       "h9.io",
                                       "h8.io/x"};

/* ---- rule files ---------------------------------------------------------------------- */

static void put_list(struct buf *b, const char *key, const char *const *words, unsigned n) {
    if (roll(3) != 0)
        return;
    buf_printf(b, "        %s: [\"%s\"", key, one_of(words, n));
    if (roll(2) == 0)
        buf_printf(b, ", \"%s\"", one_of(words, n));
    buf_puts(b, "]\n");
}

#define PUT_LIST(b, key, words) put_list(b, key, words, sizeof(words) / sizeof *(words))

static void put_patterns(struct buf *b, const char *key) {
    buf_printf(b, "      %s:\n", key);
    for (unsigned n = 1 + roll(14); n > 0; n--) {
        const char *pattern = ONE_OF(patterns);
        if (pattern[1] == '{')
            buf_puts(b, "        - {regex: 'h1[.]io/.*'}\n");
        else
            buf_printf(b, "        - %s\n", pattern);
    }
}

static void put_rule(struct buf *b, unsigned i) {
    buf_printf(b, "    - name: r%u\n      match:\n", i);
    if (roll(2) == 0)
        PUT_LIST(b, "namespaces", globs);
    PUT_LIST(b, "serviceAccounts", globs);
    PUT_LIST(b, "users", names);
    PUT_LIST(b, "groups", globs);
    if (roll(2) == 0)
        buf_printf(b, "        podLabels: {matchLabels: {%s: \"%s\"}}\n", ONE_OF(names),
                   ONE_OF(names));
    else if (roll(3) == 0)
        buf_printf(
            b,
            "        podLabels: {matchExpressions: [{key: %s, operator: In, values: [%s, "
            "%s]}]}\n",
            ONE_OF(names), ONE_OF(names), ONE_OF(names));
    else
        buf_puts(b, "        podLabels: {matchExpressions: [{key: zz, operator: "
                    "DoesNotExist}]}\n");
    put_patterns(b, "approved");
    if (roll(2) == 0)
        put_patterns(b, "denied");
}

static struct policy *make_policy(void) {
    struct buf b = BUF_INIT(1 << 20);
    struct policy *policy = NULL;
    struct err err = ERR_INIT;
    const struct rules_options options = {.warn = NULL};
    buf_puts(&b, "apiVersion: pullgate/v1\nkind: ImagePolicy\nspec:\n  rules:\n");
    for (unsigned i = 0, n = 1 + roll(40); i < n; i++)
        put_rule(&b, i);
    assert_ok(rules_parse(&policy, buf_view(&b), "r.yaml", &options, &err), &err);
    buf_done(&b);
    return policy;
}

/* ---- pods ---------------------------------------------------------------------------- */

struct pod {
    struct workload w;
    struct match_label labels[3];
    struct str groups[2];
    struct workload_image image;
    char text[64];
};

static void make_pod(struct pod *p) {
    *p = (struct pod){.w = {.shape = SHAPE_POD, .operation = OPERATION_CREATE}};
    snprintf(p->text, sizeof p->text, "%s/%s", ONE_OF(hosts), roll(2) ? "a/b/c" : "x/y");
    p->image = (struct workload_image){.list = LIST_CONTAINER,
                                       .name = STR("main"),
                                       .text = str_of(p->text),
                                       .has_image = true,
                                       .changed = true};
    for (unsigned i = 0; i < 3; i++)
        p->labels[i] = (struct match_label){str_of(names[i]), str_of(ONE_OF(names))};
    for (unsigned i = 0; i < 2; i++)
        p->groups[i] = str_of(ONE_OF(names));
    p->w.namespace = str_of(ONE_OF(names));
    p->w.service_account = str_of(ONE_OF(names));
    p->w.user = str_of(ONE_OF(names));
    p->w.labels = p->labels;
    p->w.n_labels = roll(4);
    p->w.groups = p->groups;
    p->w.n_groups = roll(3);
    p->w.images = &p->image;
    p->w.n_images = 1;
    p->w.spec = STR("/spec");
}

/* ---- the same with and without ------------------------------------------------------- */

static size_t set_built(struct policy *p, bool is) {
    struct policy_rule *rules = (struct policy_rule *)p->rules;
    size_t n = p->rule_index.n_words + p->rule_index.n_others != 0;
    p->rule_index.is_built = is && n != 0;
    for (size_t i = 0; i < p->n_rules; i++) {
        struct policy_patterns *both[] = {&rules[i].approved, &rules[i].denied};
        for (int k = 0; k < 2; k++) {
            both[k]->index.is_built = is && both[k]->index.words != NULL;
            n += both[k]->index.is_built;
        }
    }
    return n;
}

static void compare(struct policy *policy, const struct workload *w) {
    struct arena arena = ARENA_INIT(16384, 1 << 22);
    struct err err = ERR_INIT;
    struct decision with, without;
    set_built(policy, true);
    assert_ok(engine_decide(&with, policy, w, NOW_S, 0, &arena, &err), &err);
    set_built(policy, false);
    assert_ok(engine_decide(&without, policy, w, NOW_S, 0, &arena, &err), &err);
    if (with.rule != without.rule)
        fail_row("with the index %.*s, without %.*s",
                 STR_ARG(with.rule ? with.rule->name : STR("none")),
                 STR_ARG(without.rule ? without.rule->name : STR("none")));
    assert_int_equal(with.verdict, without.verdict);
    assert_int_equal(with.n_reasons, without.n_reasons);
    for (size_t i = 0; i < with.n_reasons; i++) {
        assert_int_equal(with.reasons[i].code, without.reasons[i].code);
        assert_int_equal(with.reasons[i].pos.line, without.reasons[i].pos.line);
    }
    arena_done(&arena);
}

static void indexes_change_nothing(void **state) {
    (void)state;
    size_t n_indexes = 0;
    for (int i = 0; i < POLICIES; i++) {
        struct policy *policy = make_policy();
        n_indexes += set_built(policy, true);
        for (int k = 0; k < PODS; k++) {
            struct pod pod;
            make_pod(&pod);
            compare(policy, &pod.w);
        }
        engine_policy_free(policy);
    }
    assert_true(n_indexes > POLICIES); /* there is something to compare */
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(indexes_change_nothing)};
TEST_MAIN(tests)
