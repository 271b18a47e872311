/* spec.secrets: what is read of it, refused and warned of. */
#include "test.h"

#include "base/buf.h"
#include "rules/rules.h"

#define HEAD "apiVersion: pullgate/v1\nkind: ImagePolicy\nspec:\n  registry: a.io\n"
#define FROM "from: {namespace: platform, name: s}"

static void put_warning(void *arg, enum rules_lint lint, const char *file,
                        struct policy_pos pos, const char *text) {
    struct buf *b = arg;
    (void)file;
    buf_printf(b, "%s%s %u:%u %s", b->n ? "\n" : "", rules_lints[lint].id, pos.line, pos.col,
               text);
}

static enum ec load(struct policy **p, const char *yaml, struct buf *warnings,
                    struct err *err) {
    const struct rules_options options = {.warn = put_warning, .arg = warnings};
    return rules_parse(p, str_of(yaml), "rules.yaml", &options, err);
}

static void sources_are_read_and_found(void **state) {
    (void)state;
    struct buf warnings = BUF_INIT(1 << 16);
    struct err err = ERR_INIT;
    struct policy *p = NULL;
    assert_ok(load(&p,
                   HEAD
                   "  imagePullSecrets: [regcred, harbor]\n  secrets:\n"
                   "    - {name: regcred, from: {namespace: platform, name: pull.secret}}\n"
                   "    - name: harbor\n      from: {namespace: \"0\", name: h}\n",
                   &warnings, &err),
              &err);
    assert_str(buf_view(&warnings), STR(""));
    assert_int_equal(p->n_sources, 2);
    const struct policy_source *s = engine_policy_source(p, 0, STR("regcred"));
    assert_non_null(s);
    assert_str(s->from_namespace, STR("platform"));
    assert_str(s->from_name, STR("pull.secret"));
    assert_int_equal(s->pos.line, 7);
    assert_int_equal(s->pos.col, 7);
    s = engine_policy_source(p, 0, STR("harbor"));
    assert_non_null(s);
    assert_str(s->from_namespace, STR("0"));
    assert_null(engine_policy_source(p, 0, STR("other")));
    assert_null(engine_policy_source(p, 1, STR("regcred")));
    engine_policy_free(p);
    buf_done(&warnings);
}

static void there_need_be_none(void **state) {
    (void)state;
    static const char *const rows[] = {HEAD, HEAD "  secrets: []\n",
                                       HEAD "  imagePullSecrets: [regcred]\n"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf warnings = BUF_INIT(1 << 16);
        struct err err = ERR_INIT;
        struct policy *p = NULL;
        assert_ok(load(&p, rows[i], &warnings, &err), &err);
        assert_str(buf_view(&warnings), STR(""));
        assert_int_equal(p->n_sources, 0);
        assert_null(engine_policy_source(p, 0, STR("regcred")));
        engine_policy_free(p);
        buf_done(&warnings);
    }
}

static const struct {
    const char *yaml;
    uint32_t line, col;
    const char *msg;
} refused[] = {
    {"  secrets: [regcred]\n", 5, 13,
     "secrets[0]: expected a map, found a string; write {name: ..., from: {namespace: ..., "
     "name: ...}}"},
    {"  secrets: {name: a}\n", 5, 12,
     "secrets: expected a list, found a map; a list has a \"- \" before each entry"},
    {"  secrets: ~\n", 5, 12,
     "secrets: expected a list, found null; write {name: ..., from: "
     "{namespace: ..., name: ...}}"},
    {"  secrets: [{" FROM "}]\n", 5, 13,
     "secrets[0]: \"name\" is missing, expected the name of the copies, as the rules of this "
     "file have it in imagePullSecrets"},
    {"  secrets: [{name: a}]\n", 5, 13,
     "secrets[0]: \"from\" is missing, expected the Secret that is copied"},
    {"  secrets: [{name: a, from: platform/s}]\n", 5, 29,
     "from: expected a map, found a string; write {namespace: ..., name: ...}"},
    {"  secrets: [{name: a, from: {name: s}}]\n", 5, 29,
     "from: \"namespace\" is missing, expected the namespace of the source"},
    {"  secrets: [{name: a, from: {namespace: p}}]\n", 5, 29,
     "from: \"name\" is missing, expected the name of the source, a Secret of type "
     "kubernetes.io/dockerconfigjson or kubernetes.io/dockercfg"},
    {"  secrets: [{name: a, from: {namespace: \"p*\", name: s}}]\n", 5, 41,
     "namespace: \"p*\" is not the name of a namespace, expected lower-case letters, digits "
     "and \"-\", at most 63 bytes, without globs"},
    {"  secrets: [{name: a, from: {namespace: p-, name: s}}]\n", 5, 41,
     "namespace: \"p-\" is not the name of a namespace, expected lower-case letters, digits "
     "and \"-\", at most 63 bytes, without globs"},
    {"  secrets: [{name: a, from: {namespace: \"\", name: s}}]\n", 5, 41,
     "namespace: is empty, expected the name of a namespace"},
    {"  secrets: [{name: a_b, " FROM "}]\n", 5, 20,
     "name: \"a_b\" is not a valid secret name, expected lower-case letters, digits, \"-\" and "
     "\".\", at most 253 bytes"},
    {"  secrets: [{name: a, from: {namespace: p, name: \"\"}}]\n", 5, 50,
     "name: is empty, expected the name of a secret"},
    {"  secrets: [{name: a, form: {namespace: p, name: s}}]\n", 5, 23,
     "unknown key \"form\" in a secret's source, expected one of name, from; did you mean "
     "\"from\"?"},
    {"  secrets: [{name: a, source: {namespace: p, name: s}}]\n", 5, 23,
     "unknown key \"source\" in a secret's source, expected one of name, from; did you mean "
     "\"from\"?"},
    {"  secrets: [{name: a, from: {ns: p, name: s}}]\n", 5, 30,
     "unknown key \"ns\" in from, expected one of namespace, name; did you mean "
     "\"namespace\"?"},
    {"  secrets:\n    - {name: a, " FROM "}\n    - {name: b, " FROM "}\n    - {name: a, " FROM
     "}\n",
     8, 7, "a second source for the pull secret \"a\" (line 6), expected one"},
    {"  rules:\n    - {name: r, secrets: [a]}\n", 6, 17,
     "unknown key \"secrets\" in rule, expected one of mode, registry, officialImages, "
     "mirrors, "
     "approved, denied, imagePullSecrets, imagePullPolicy, require, templates, message, name, "
     "match; did you mean \"imagePullSecrets\"?"},
};

static void what_is_wrong_has_its_place(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        char yaml[1024];
        struct err err = ERR_INIT;
        struct policy *p = NULL;
        snprintf(yaml, sizeof yaml, HEAD "%s", refused[i].yaml);
        enum ec ec = rules_parse(&p, str_of(yaml), "rules.yaml", NULL, &err);
        if (ec != EC_SCHEMA || p != NULL || err.line != refused[i].line ||
            err.col != refused[i].col || strcmp(err.msg, refused[i].msg) != 0)
            fail_row("%s\n  found    %s %u:%u %s\n  expected schema %u:%u %s", yaml,
                     ec_name(ec), err.line, err.col, err.msg, refused[i].line, refused[i].col,
                     refused[i].msg);
    }
}

static const struct {
    const char *yaml, *warnings;
} warned[] = {
    {"  imagePullSecrets: [a, b]\n  secrets: [{name: a, " FROM "}]\n",
     "secret-without-source 5:25 imagePullSecrets: \"b\" has no source: secrets, under spec, "
     "does not name it"},
    {"  imagePullSecrets: [a]\n  secrets:\n    - {name: a, " FROM "}\n    - {name: b, " FROM
     "}\n",
     "unused-source 8:7 secrets: \"b\" is copied nowhere: no rule of this file adds it"},
    {"  secrets: [{name: b, " FROM "}]\n",
     "unused-source 5:13 secrets: \"b\" is copied nowhere: no rule of this file adds it"},
    /* inherited by two rules: one warning */
    {"  imagePullSecrets: [a, b]\n  secrets: [{name: a, " FROM "}]\n  rules:\n"
     "    - {name: r, match: {namespaces: [x]}}\n    - {name: q}\n",
     "secret-without-source 5:25 imagePullSecrets: \"b\" has no source: secrets, under spec, "
     "does not name it"},
    {"  secrets: [{name: a, " FROM "}]\n  rules:\n"
     "    - {name: r, match: {namespaces: [x]}}\n    - {name: q, imagePullSecrets: [a]}\n",
     ""},
};

static void what_is_not_meant_is_warned_of(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof warned / sizeof *warned; i++) {
        char yaml[1024];
        struct buf warnings = BUF_INIT(1 << 16);
        struct err err = ERR_INIT;
        struct policy *p = NULL;
        snprintf(yaml, sizeof yaml, HEAD "%s", warned[i].yaml);
        assert_ok(load(&p, yaml, &warnings, &err), &err);
        if (!str_eq(buf_view(&warnings), str_of(warned[i].warnings)))
            fail_row("%s\n  found    %.*s\n  expected %s", yaml, STR_ARG(buf_view(&warnings)),
                     warned[i].warnings);
        engine_policy_free(p);
        buf_done(&warnings);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(sources_are_read_and_found),
    cmocka_unit_test(there_need_be_none),
    cmocka_unit_test(what_is_wrong_has_its_place),
    cmocka_unit_test(what_is_not_meant_is_warned_of),
};

TEST_MAIN(tests)
