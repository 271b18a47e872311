/* Names that cannot be compared: refused where a rule that may select the pod, or an exemption, needs one. */
#include "engine_fixture.h"

#define RULES(list) SPEC "  registry: ghcr.io/acme\n  rules: [" list "]\n"
#define RULE(match) RULES("{name: a, match: {" match "}}, {name: b}")
#define EXEMPTION(more)                                                                        \
    SPEC "  registry: ghcr.io/acme\n  exemptions: [{images: [q.io/**], reason: r, owner: "     \
         "o" more "}]\n"
#define TIER "podLabels: {matchLabels: {tier: a}}"
#define OTHERS "users: [jane], groups: [dev], serviceAccounts: [runner], namespaces: [team]"

/* The pod is of jane, of the group dev, in team, as runner, with the label tier=b. */
static const struct row {
    const char *policy;
    enum workload_odd_name odd[3]; /* ends with N_ODD */
    const char *key;               /* of labels */
    const char *refused;           /* the word of the name; NULL: allowed */
    bool more_labels;
} rows[] = {
    {RULE(""), {ODD_NAMESPACE, ODD_USER, N_ODD}, NULL, NULL, false},
    {RULE("namespaces: [a]"), {ODD_NAMESPACE, N_ODD}, NULL, "namespace", false},
    {RULE("serviceAccounts: [a]"), {ODD_SERVICE_ACCOUNT, N_ODD}, NULL, "account", false},
    {RULE("users: [a]"), {ODD_USER, N_ODD}, NULL, "user", false},
    {RULE("groups: [a]"), {ODD_GROUP, N_ODD}, NULL, "group", false},
    {RULE(TIER), {ODD_LABEL, N_ODD}, "tier", "label", false},
    {RULE(TIER), {ODD_LABEL, N_ODD}, "other", NULL, false},
    {RULE(TIER), {ODD_LABEL, N_ODD}, "other", "label", true},
    {RULE(""), {ODD_LABEL, N_ODD}, "tier", NULL, true},
    {RULE("users: [jane]"), {ODD_SERVICE_ACCOUNT, N_ODD}, NULL, NULL, false},
    {RULE("serviceAccounts: [runner]"), {ODD_NAMESPACE, N_ODD}, NULL, NULL, false},
    {RULE("namespaces: [team]"), {ODD_USER, N_ODD}, NULL, NULL, false},
    {RULE("users: [jane]"), {ODD_GROUP, N_ODD}, NULL, NULL, false},
    {RULE("groups: [dev]"), {ODD_LABEL, N_ODD}, "tier", NULL, false},
    {RULE("users: [jane]"), {ODD_SECRET, N_ODD}, NULL, NULL, false},
    /* the second of two */
    {RULE("groups: [a]"), {ODD_USER, ODD_GROUP, N_ODD}, NULL, "group", false},
    /* all other names are the rule's; each is another's */
    {RULE(OTHERS ", " TIER), {ODD_LABEL, N_ODD}, "tier", "label", false},
    {RULE(OTHERS), {ODD_NAMESPACE, N_ODD}, NULL, "namespace", false},
    {RULE(OTHERS), {ODD_SERVICE_ACCOUNT, N_ODD}, NULL, "account", false},
    {RULE(OTHERS), {ODD_USER, N_ODD}, NULL, "user", false},
    {RULE(OTHERS), {ODD_GROUP, N_ODD}, NULL, "group", false},
    {RULE("users: [a], groups: [dev]"), {ODD_GROUP, N_ODD}, NULL, NULL, false},
    {RULE("namespaces: [a], groups: [dev]"), {ODD_GROUP, N_ODD}, NULL, NULL, false},
    {RULE("serviceAccounts: [a], users: [b]"), {ODD_USER, N_ODD}, NULL, NULL, false},
    {RULE("groups: [a], users: [b]"), {ODD_USER, N_ODD}, NULL, NULL, false},
    {RULE("groups: [a], users: [b]"), {ODD_USER, ODD_GROUP, N_ODD}, NULL, "user", false},
    /* labels are not looked at */
    {RULE("users: [b], " TIER), {ODD_USER, N_ODD}, NULL, "user", false},
    {RULE("podLabels: {matchLabels: {one: a, tier: a}}"),
     {ODD_LABEL, N_ODD},
     "tier",
     "label",
     false},
    /* what is behind the rule that selects the pod needs nothing; what is before it does */
    {RULES("{name: a}, {name: b, match: {users: [a]}}"), {ODD_USER, N_ODD}, NULL, NULL, false},
    {RULES("{name: a, match: {users: [jane]}}, {name: b, match: {groups: [dev]}}"),
     {ODD_GROUP, N_ODD},
     NULL,
     NULL,
     false},
    {RULES("{name: a, match: {users: [a]}}, {name: b}"),
     {ODD_USER, N_ODD},
     NULL,
     "user",
     false},
    /* exemptions, by namespace alone */
    {EXEMPTION(""), {ODD_NAMESPACE, N_ODD}, NULL, NULL, false},
    {EXEMPTION(", namespaces: [a]"), {ODD_NAMESPACE, N_ODD}, NULL, "namespace", false},
    {EXEMPTION(", namespaces: [a]"), {ODD_USER, N_ODD}, NULL, NULL, false},
    {EXEMPTION(", namespaces: [a]"),
     {ODD_USER, ODD_NAMESPACE, N_ODD},
     NULL,
     "namespace",
     false},
    {SPEC "  registry: ghcr.io/acme\n  exemptions: [{images: [q.io], reason: r, owner: o}, "
          "{images: [q.io], reason: r, owner: o, namespaces: [a]}]\n",
     {ODD_NAMESPACE, N_ODD},
     NULL,
     "namespace",
     false},
};

static const struct str words[N_ODD] = {
    [ODD_NAMESPACE] = STR_INIT("namespace"), [ODD_SERVICE_ACCOUNT] = STR_INIT("account"),
    [ODD_USER] = STR_INIT("user"),           [ODD_GROUP] = STR_INIT("group"),
    [ODD_LABEL] = STR_INIT("label"),         [ODD_SECRET] = STR_INIT("secret")};

static struct workload pod(const struct row *row, struct workload_odd *odd) {
    static const struct str groups[] = {STR_INIT("dev")};
    static const struct match_label labels[] = {{STR_INIT("tier"), STR_INIT("b")}};
    static struct workload_image images[1];
    images[0] = container("busybox");
    struct workload w = {.shape = SHAPE_POD,
                         .operation = OPERATION_CREATE,
                         .spec = STR("/spec"),
                         .api_version = STR("v1"),
                         .kind = STR("Pod"),
                         .namespace = STR("team"),
                         .name = STR("p"),
                         .user = STR("jane"),
                         .groups = groups,
                         .n_groups = 1,
                         .service_account = STR("runner"),
                         .labels = labels,
                         .n_labels = 1,
                         .images = images,
                         .n_images = 1,
                         .odd = odd,
                         .odd_labels_more = row->more_labels};
    for (; row->odd[w.n_odd] != N_ODD; w.n_odd++)
        odd[w.n_odd] = (struct workload_odd){.what = row->odd[w.n_odd],
                                             .key = str_of(row->key ? row->key : ""),
                                             .text = words[row->odd[w.n_odd]]};
    odd[w.n_odd] = (struct workload_odd){.what = ODD_NAMESPACE, .text = STR("behind the end")};
    return w;
}

static void check_row(size_t i, const struct workload *w, const char *refused) {
    struct policy *policy = load(rows[i].policy);
    struct arena arena = ARENA_INIT(1024, 1 << 20);
    struct err err = ERR_INIT;
    struct decision d;
    assert_ok(engine_decide(&d, policy, w, NOW_S, 0, &arena, &err), &err);
    bool is = d.n_reasons != 0 && d.reasons[0].code == REASON_MALFORMED;
    if (is != (refused != NULL) || (d.verdict == VERDICT_DENY) != is ||
        (is && !str_eq(d.reasons[0].message, str_of(refused))))
        fail_row("row %zu: expected %s, found %.*s", i, refused ? refused : "no refusal",
                 STR_ARG(is ? d.reasons[0].message : STR("none")));
    arena_done(&arena);
    engine_policy_free(policy);
}

static void odd_names_are_refused_where_one_is_needed(void **state) {
    struct workload_odd odd[4];
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct workload w = pod(&rows[i], odd);
        check_row(i, &w, rows[i].refused);
    }
}

static void updates_of_no_image_are_allowed(void **state) {
    struct workload_odd odd[4];
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct workload w = pod(&rows[i], odd);
        struct workload_image same = w.images[0];
        w.operation = OPERATION_UPDATE;
        check_row(i, &w, rows[i].refused);
        same.changed = false;
        w.images = &same;
        check_row(i, &w, NULL);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(odd_names_are_refused_where_one_is_needed),
    cmocka_unit_test(updates_of_no_image_are_allowed),
};

TEST_MAIN(tests)
