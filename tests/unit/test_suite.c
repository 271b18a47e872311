/* Suites: what is read, what is refused and where, and what comes of a case. */
#include "test.h"

#include "rules/rules.h"
#include "suite/suite.h"

#define HEAD "apiVersion: pullgate/v1\nkind: PolicyTest\npolicy: rules.yaml\ncases:\n"
#define POD "{apiVersion: v1, kind: Pod, spec: {containers: [{name: a, image: x}]}}"
#define CASE "- {name: c, object: " POD ", expect: {verdict: allow}}\n"

static enum ec parse(struct suite *s, const char *text, struct err *err) {
    return suite_parse(s, str_of(text), "folder/a.test.yaml", err);
}

static void a_suite_is_read(void **state) {
    (void)state;
    struct err err = ERR_INIT;
    struct suite s;
    assert_ok(parse(&s,
                    HEAD "- name: first\n  file: pods.yaml\n  namespace: team\n  user: jane\n"
                         "  groups: [dev, ops]\n  serviceAccount: builder\n"
                         "  operation: UPDATE\n  endpoint: validate\n  now: 2027-01-31\n"
                         "  expect: {verdict: deny, code: not-approved, rule: r}\n"
                         "- {name: second, review: /r.json, expect: {message: refused}}\n" CASE,
                    &err),
              &err);
    assert_int_equal(s.n_cases, 3);
    assert_string_equal(s.policy_path, "folder/rules.yaml");
    assert_int_equal(s.policy_pos.line, 3);
    const struct suite_case *c = &s.cases[0];
    assert_str(c->name, STR("first"));
    assert_int_equal(c->pos.line, 5);
    assert_string_equal(c->file, "folder/pods.yaml");
    assert_string_equal(c->request.namespace, "team");
    assert_string_equal(c->request.user, "jane");
    assert_int_equal(c->groups.n, 2);
    assert_string_equal(c->groups.v[1], "ops");
    assert_string_equal(c->request.service_account, "builder");
    assert_int_equal(c->request.operation, OPERATION_UPDATE);
    assert_int_equal(c->request.engine_flags, ENGINE_VALIDATE);
    assert_int_equal(c->request.now_s, 1801353600);
    assert_true(s.cases[1].is_review);
    assert_string_equal(s.cases[1].file, "/r.json");
    assert_null(s.cases[2].file);
    assert_int_not_equal(s.cases[2].object, JSON_NONE);
    suite_close(&s);
}

static void what_is_no_suite_is_refused_with_its_location(void **state) {
    (void)state;
    static const struct {
        const char *text;
        uint32_t line, col;
        const char *message; /* or NULL: of another module */
    } rows[] = {
        {"", 0, 0, "not a suite: the file is empty"},
        {"[]", 1, 1, "a suite: expected an object, found an array"},
        {"a: [", 1, 5, NULL},
        {"kind: PolicyTest\n", 1, 1, "a suite: apiVersion is missing"},
        {"apiVersion: pullgate/v2\n", 1, 13,
         "apiVersion: found \"pullgate/v2\", expected one of pullgate/v1; did you mean "
         "\"pullgate/v1\"?"},
        {"apiVersion: pullgate/v1\nkind: PolicyTest\npolicy: ''\ncases: []\n", 3, 9,
         "expected the path of a file, found nothing"},
        {"apiVersion: pullgate/v1\nkind: PolicyTest\npolicy: a\ncases: []\n", 4, 8, NULL},
        {"apiVersion: pullgate/v1\nkind: PolicyTest\npolicy: a\nckases: []\n", 4, 1,
         "a suite: unknown key \"ckases\", expected one of apiVersion, kind, policy, cases; "
         "did "
         "you mean \"cases\"?"},
        {HEAD CASE "---\n" HEAD CASE, 7, 1,
         "found a second document, expected one suite per file"},
        {HEAD CASE CASE, 6, 3, NULL},
        {HEAD "- {name: c, object: " POD ", expect: {}}\n", 5, 101, NULL},
        {HEAD "- {name: c, expect: {verdict: deny}}\n", 5, 3,
         "a case: expected one of object, file and review, found none"},
        {HEAD "- {name: c, file: a, review: b, expect: {verdict: deny}}\n", 5, 3, NULL},
        {HEAD "- {name: c, file: a, expect: {verdict: denied}}\n", 5, 40, NULL},
        {HEAD "- {name: c, file: a, expect: {code: no-such}}\n", 5, 37, NULL},
        {HEAD "- {name: c, file: a, expect: {message: '('}}\n", 5, 40, NULL},
        {HEAD "- {name: c, file: a, expect: {secrets: [1]}}\n", 5, 41, NULL},
        {HEAD "- {name: c, file: a, expect: {images: {a: 1}}}\n", 5, 43, NULL},
        {HEAD "- {name: \"c\\nd\", file: a, expect: {verdict: deny}}\n", 5, 10,
         "name: expected one line of text"},
        {HEAD "- {name: c, file: a, now: soon, expect: {verdict: deny}}\n", 5, 27,
         "now: found \"soon\", expected a date such as 2027-01-31 or a time such as "
         "2027-01-31T12:00:00Z"},
        {HEAD "- {name: c, file: a, now: '', expect: {verdict: deny}}\n", 5, 27, NULL},
        {HEAD "- {name: c, review: a, user: b, expect: {verdict: deny}}\n", 5, 30, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct err err = ERR_INIT;
        struct suite s;
        if (parse(&s, rows[i].text, &err) == EC_OK)
            fail_row("row %zu is a suite", i);
        if (strcmp(err.where, "folder/a.test.yaml") != 0 || err.line != rows[i].line ||
            err.col != rows[i].col)
            fail_row("row %zu: %s:%u:%u: %s", i, err.where, err.line, err.col, err.msg);
        if (rows[i].message != NULL && strcmp(err.msg, rows[i].message) != 0)
            fail_row("row %zu: %s", i, err.msg);
        suite_close(&s);
    }
}

static struct policy *load(const char *spec) {
    const struct rules_options options = {.now_s = 1795000000};
    struct policy *policy = NULL;
    struct err err = ERR_INIT;
    struct buf text = BUF_INIT(4096);
    buf_puts(&text, "apiVersion: pullgate/v1\nkind: ImagePolicy\nmetadata: {name: p}\n");
    buf_puts(&text, spec);
    assert_ok(rules_parse(&policy, buf_view(&text), "rules.yaml", &options, &err), &err);
    buf_done(&text);
    return policy;
}

static void a_case_fails_where_it_expects_something_else(void **state) {
    (void)state;
    static const struct {
        const char *image, *expect;
        const char *what, *found; /* of the first failure; NULL: it passes */
    } rows[] = {
        {"x", "{verdict: allow, rule: p, images: {a: r.io/x}, secrets: [s]}", NULL, NULL},
        {"x", "{images: {pod/a: r.io/x}}", NULL, NULL},
        {"x", "{message: 'allows it'}", "message", ""},
        {"quay.io/x", "{verdict: deny, code: not-approved, message: 'quay'}", NULL, NULL},
        {"x", "{verdict: deny}", "verdict", "allow"},
        {"x", "{rule: q}", "rule", "p"},
        {"x", "{code: not-approved}", "code", ""},
        {"quay.io/x", "{code: tag-missing}", "code", "not-approved"},
        {"x", "{images: {a: x}}", "images: a", "r.io/x"},
        {"x", "{images: {b: x}}", "images: b", "no such container"},
        {"x", "{secrets: []}", "secrets", "[s]"},
        {"quay.io/x", "{message: '^y'}", "message", NULL},
    };
    struct policy *policy =
        load("spec: {registry: r.io, approved: [a.io], imagePullSecrets: [s]}\n");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct err err = ERR_INIT;
        struct suite s;
        struct buf text = BUF_INIT(4096);
        buf_printf(&text,
                   HEAD "- name: c\n  object: {apiVersion: v1, kind: Pod, metadata: {name: "
                        "pod}, spec: {containers: [{name: a, image: %s}]}}\n  expect: %s\n",
                   rows[i].image, rows[i].expect);
        assert_ok(suite_parse(&s, buf_view(&text), "a.test.yaml", &err), &err);
        assert_ok(suite_run(&s, &s.cases[0], policy, &err), &err);
        const struct suite_failure *f = s.cases[0].failures;
        if ((f != NULL) != (rows[i].what != NULL))
            fail_row("row %zu: %s", i, f ? f->what : "passed");
        if (f != NULL && (strcmp(f->what, rows[i].what) != 0 || f->pos.line != 7 ||
                          (rows[i].found && !str_eq(f->found, str_of(rows[i].found)))))
            fail_row("row %zu: %s in line %u, found %.*s", i, f->what, f->pos.line,
                     STR_ARG(f->found));
        suite_close(&s);
        buf_done(&text);
    }
    engine_policy_free(policy);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_suite_is_read),
    cmocka_unit_test(what_is_no_suite_is_refused_with_its_location),
    cmocka_unit_test(a_case_fails_where_it_expects_something_else),
};
TEST_MAIN(tests)
