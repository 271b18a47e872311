#include "test.h"

#include "base/buf.h"
#include "rules/docs.h"
#include "rules/rules.h"
#include "rules/slow_name.h"

#define HEAD "apiVersion: pullgate/v1\nkind: ImagePolicy\nspec:\n"

/* ---- regexes ----------------------------------------------------------------------------- */

static const struct {
    const char *regex;
    enum rules_regex_cost cost;
} costs[] = {
    {"ghcr\\.io/a", REGEX_CHEAP},
    {"(a|aa)+x", REGEX_BACKTRACKS},
    /* Words of unknown lengths are not compared by what was read of them. */
    {"(a|ab{2})+x", REGEX_CHEAP},
    {"(a|ab?+)+x", REGEX_CHEAP},
    {".*a.*b", REGEX_SEVERAL_LOOPS},
    {".*a.*+b", REGEX_CHEAP},
    /* Classes that have their second character in common. */
    {"([xa]|[ya])+z", REGEX_BACKTRACKS},
};

static void regexes_have_a_cost(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof costs / sizeof *costs; i++) {
        enum rules_regex_cost found = rules_regex_cost(str_of(costs[i].regex));
        if (found != costs[i].cost)
            fail_row("%s: found %d, expected %d", costs[i].regex, (int)found,
                     (int)costs[i].cost);
    }
}

static const struct {
    const char *regex;
    enum rules_regex_hosts hosts;
} hosts[] = {
    {"ghcr\\.io/a", REGEX_HOSTS_NAMED},
    {"[[:digit:]]+/a", REGEX_HOSTS_NAMED}, /* no letters */
    {"\\p{L}/a", REGEX_HOSTS_NAMED},       /* the braces are the property's */
    {"\\w{2}/a", REGEX_HOSTS_ANY},         /* ... the quantifier's */
};

static void regexes_have_hosts(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        enum rules_regex_hosts found = rules_regex_hosts(str_of(hosts[i].regex));
        if (found != hosts[i].hosts)
            fail_row("%s: found %d, expected %d", hosts[i].regex, (int)found,
                     (int)hosts[i].hosts);
    }
}

/* Its beginning is the regex's own, and it has the letter without which no match is tried. */
static void a_slow_name_is_made_of_its_regex(void **state) {
    (void)state;
    struct match_image *pattern = NULL;
    struct rules_slow_name slow;
    struct err err = ERR_INIT;
    assert_int_equal(match_image_compile_regex(&pattern, STR("ghcr\\.io/team/(a+b?)+x"), &err),
                     EC_OK);
    rules_slow_name_find(&slow, pattern);
    if (!str_starts(str_of(slow.text), STR("ghcr.io/team/a")) || slow.steps < 1000)
        fail_row("%s takes %llu steps", slow.text, (unsigned long long)slow.steps);
    match_image_free(pattern);
}

/* 4^24 combinations of alternatives: as many are tried as the limit allows, not all. */
static void hosts_of_a_regex_are_judged_within_a_limit(void **state) {
    (void)state;
    struct buf regex = BUF_INIT(1024);
    for (int i = 0; i < 24; i++)
        buf_puts(&regex, "(a|b|c|d)");
    buf_puts(&regex, "\\.io/x");
    assert_int_equal(rules_regex_hosts(buf_view(&regex)), REGEX_HOSTS_NAMED);
    buf_done(&regex);
}

/* ---- what rules_examine finds ------------------------------------------------------------ */

static void put_finding(void *arg, enum rules_lint lint, const char *file,
                        struct policy_pos pos, const char *text) {
    struct buf *out = arg;
    (void)file;
    (void)text;
    buf_printf(out, "%s%u:%u %s", out->n ? "\n" : "", pos.line, pos.col, rules_lints[lint].id);
}

static const struct {
    const char *name, *yaml, *findings;
} rows[] = {
    {"an exemption that every rule makes needless",
     HEAD "  approved: [quay.io]\n"
          "  rules: [{name: a, match: {users: [a]}}, {name: b, match: {users: [b]}}]\n"
          "  exemptions: [{images: [quay.io/x], reason: r, owner: o}]\n",
     "6:16 exemption-not-needed"},
    {"an exemption that the second rule needs",
     HEAD "  approved: [quay.io]\n"
          "  rules: [{name: a, match: {users: [a]}}, {name: b, approved: [a.io]}]\n"
          "  exemptions: [{images: [quay.io/x], reason: r, owner: o}]\n",
     ""},
    {"an exemption that the first rule needs",
     HEAD "  approved: [quay.io]\n"
          "  rules: [{name: a, match: {users: [a]}, approved: [a.io]}, {name: b}]\n"
          "  exemptions: [{images: [quay.io/x], reason: r, owner: o}]\n",
     ""},
    {"rules alike but for their mode, what they deny or require",
     HEAD "  approved: [quay.io]\n"
          "  rules: [{name: a, match: {users: [a]}}, {name: b, denied: [quay.io/x/y]}]\n"
          "  exemptions: [{images: [quay.io/x], reason: r, owner: o}]\n",
     ""},
    {"what rules inherit is found once",
     HEAD "  approved: [\"*/x\", quay.io]\n  denied: [\"ghcr.io:443/bad\"]\n"
          "  rules: [{name: a, match: {users: [a]}}, {name: b, match: {users: [b]}}]\n",
     "4:14 glob-any-host\n5:12 denied-alias"},
    {"lists of their own are found for each, empty ones beside them too",
     HEAD "  approved: [\"*/x\"]\n"
          "  rules:\n  - {name: a, match: {users: [a]}, approved: [], mode: warn}\n"
          "  - {name: b, match: {users: [b]}, approved: [\"*/y\"]}\n"
          "  - {name: c, match: {users: [c]}, approved: [], mode: warn}\n"
          "  - {name: d}\n",
     "7:47 glob-any-host\n4:14 glob-any-host"},
    {"a registry of one's own beside a denial that is inherited",
     HEAD
     "  denied: [docker.io/evil]\n  imagePullSecrets: [s]\n"
     "  rules: [{name: a, registry: a.io, match: {users: [a]}}, {name: b, registry: b.io}]\n",
     "4:12 denied-beside-registry\n4:12 denied-short\n"
     "4:12 denied-beside-registry\n4:12 denied-short"},
};

static void policies_are_examined(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf found = BUF_INIT(1 << 16);
        const struct rules_examine_options options = {.warn = put_finding, .arg = &found};
        struct policy *p = NULL;
        struct err err = ERR_INIT;
        assert_ok(rules_parse(&p, str_of(rows[i].yaml), "x.yaml", NULL, &err), &err);
        rules_examine(p, &options);
        if (!str_eq(buf_view(&found), str_of(rows[i].findings)))
            fail_row("%s\n  found    %.*s\n  expected %s", rows[i].name,
                     STR_ARG(buf_view(&found)), rows[i].findings);
        engine_policy_free(p);
        buf_done(&found);
    }
}

/* ---- docs -------------------------------------------------------------------------------- */

static void contains(struct buf *text, const char *part, bool expected) {
    if ((strstr(buf_z(text), part) != NULL) != expected)
        fail_row("%s: %s", expected ? "missing" : "not expected", part);
}

/* Every table is a section; words are listed where there is a choice. */
static void the_manual_has_all_tables(void **state) {
    (void)state;
    static const char *const parts[] = {
        ".Ss The file\n",
        ".Ss spec: settings\n",
        ".Ss spec: rules and exemptions\n",
        ".Ss A rule\n",
        ".Ss match\n",
        ".Ss podLabels\n",
        ".Ss matchExpressions\n",
        ".Ss A pull secret\n",
        ".Ss A pattern that is a map\n",
        ".Ss require\n",
        ".Ss An exemption\n",
        "One of\n.Cm \\&enforce ,\n.Cm \\&warn ,\n.Cm \\&audit .\n",
        "When absent: enforce.\n"};
    struct buf text = BUF_INIT(1 << 20);
    rules_mdoc(&text);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        contains(&text, parts[i], true);
    contains(&text, "One of\n.Cm \\&explicit .\n", false);
    contains(&text, "One of\n.Cm \\&ImagePolicy .\n", false);
    buf_done(&text);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(regexes_have_a_cost),
    cmocka_unit_test(regexes_have_hosts),
    cmocka_unit_test(a_slow_name_is_made_of_its_regex),
    cmocka_unit_test(hosts_of_a_regex_are_judged_within_a_limit),
    cmocka_unit_test(policies_are_examined),
    cmocka_unit_test(the_manual_has_all_tables),
};

TEST_MAIN(tests)
