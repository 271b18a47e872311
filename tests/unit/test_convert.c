/* Other tools' rules as rule files: what is read, what is left out, and where the notes say it is. */
#include "test.h"

#include "convert/convert.h"
#include "rules/rules.h"

enum { OUT_MAX = 16 << 20 };

struct converted {
    struct buf out;
    struct convert_counts counts;
    struct err err;
    enum ec ec;
};

static struct converted convert(const char *format, const char *file, struct str text) {
    const struct convert_options options = {.n_namespaces = 0};
    const struct convert_input input = {file, text};
    struct converted r = {.out = BUF_INIT(OUT_MAX), .err = ERR_INIT};
    r.ec = convert_rules(&r.out, &r.counts, convert_find(format), &input, 1, &options, &r.err);
    return r;
}

static bool holds(const struct converted *r, const char *text) {
    return memmem(r->out.p, r->out.n, text, strlen(text)) != NULL;
}

static void assert_loads(const struct converted *r) {
    const struct rules_options options = {.now_s = 1795000000};
    struct policy *policy = NULL;
    struct err err = ERR_INIT;
    assert_ok(r->ec, &r->err);
    assert_ok(rules_parse(&policy, buf_view(&r->out), "import", &options, &err), &err);
    engine_policy_free(policy);
}

/* ---- rows ---------------------------------------------------------------------------- */

static const struct row {
    const char *name, *format, *text;
    size_t exact, noted, left;
    const char *has; /* a part of the output */
} rows[] = {
    {"nothing", "airbyte", "", 0, 0, 0, "Nothing was taken"},
    {"other values", "airbyte", "a: {image: {tag: x}, b: [1, {c: null}]}\n", 0, 0, 0,
     "Nothing was taken"},
    {"a later document", "airbyte",
     "global: {image: {registry: a.example}}\n---\nglobal: {image: {registry: b.example}}\n", 1,
     0, 1, "a later value replaces it"},
    {"a name that is none", "airbyte", "global: {imagePullSecrets: [{name: \"a b\"}]}\n", 0, 0,
     1, "not taken: in.yaml:1:36: global.imagePullSecrets[0].name: "},
    {"an entry that is none", "airbyte", "global: {imagePullSecrets: [[], 7]}\n", 0, 0, 2,
     "global.imagePullSecrets[1]: is not the name of a Secret"},
    {"a text with a line end", "airbyte", "global: {image: {registry: \"a\\n- b: c\"}}\n", 0, 0,
     1, "not taken"},
    {"a key with a line end", "airbyte", "\"x\\ny: z\": {image: {registry: \"a.example\"}}\n",
     0, 0, 1, "not taken: in.yaml:1:31: x\\x0ay"},
    {"a prefix of everything", "gatekeeper",
     "apiVersion: constraints.gatekeeper.sh/v1beta1\nkind: K8sAllowedRepos\nmetadata: {name: "
     "a}\n"
     "spec: {parameters: {repos: [\"\"]}}\n",
     2, 0, 0, "- \"**\" # taken exactly"},
    {"a list of nothing", "gatekeeper",
     "apiVersion: constraints.gatekeeper.sh/v1beta1\nkind: K8sAllowedRepos\n", 1, 0, 0,
     "every image is refused"},
    {"namespaces that overlap", "gatekeeper",
     "apiVersion: constraints.gatekeeper.sh/v1beta1\nkind: K8sAllowedRepos\nmetadata: {name: "
     "a}\n"
     "spec: {match: {namespaces: [\"kube-*\"]}, parameters: {repos: [a.example/]}}\n---\n"
     "apiVersion: constraints.gatekeeper.sh/v1beta1\nkind: K8sAllowedRepos\nmetadata: {name: "
     "b}\n"
     "spec: {match: {namespaces: [\"*-system\"]}, parameters: {repos: [b.example/]}}\n",
     4, 0, 0, "matches both \"*-system\" and \"kube-*\""},
    {"generated objects", "gatekeeper",
     "apiVersion: constraints.gatekeeper.sh/v1beta1\nkind: K8sImageDigests\n"
     "spec: {match: {source: Generated}}\n",
     0, 0, 1, "does not match the pods that are created"},
    {"an unknown action", "gatekeeper",
     "apiVersion: constraints.gatekeeper.sh/v1beta1\nkind: K8sImageDigests\n"
     "spec: {enforcementAction: scoped}\n",
     0, 0, 1, "none of deny, warn and dryrun"},
    {"a selection by name", "gatekeeper",
     "apiVersion: constraints.gatekeeper.sh/v1beta1\nkind: K8sImageDigests\n"
     "spec: {match: {name: x}}\n",
     0, 0, 1, "selects by something else"},
    {"an audit beside a rule", "gatekeeper",
     "apiVersion: constraints.gatekeeper.sh/v1beta1\nkind: K8sImageDigests\n"
     "spec: {enforcementAction: dryrun}\n---\n"
     "apiVersion: constraints.gatekeeper.sh/v1beta1\nkind: K8sAllowedRepos\n"
     "spec: {parameters: {repos: [a.example/]}}\n",
     2, 0, 2, "reports only, where another rule refuses"},
    {"patterns joined with &", "kyverno",
     "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nspec: {rules: [{name: a, match: {any: "
     "[{resources: {kinds: [Pod]}}]}, validate: {pattern: {spec: {containers: [{image: "
     "\"a.example/* & !a.example/b/*\"}]}}}}]}\n",
     1, 0, 1, "joins patterns with"},
    {"a match of several filters", "kyverno",
     "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nspec: {rules: [{name: a, match: {any: "
     "[{resources: {kinds: [Pod], namespaces: [a]}}, {resources: {kinds: [Pod]}}]}, validate: "
     "{pattern: {spec: {containers: [{image: \"a.example/*\"}]}}}}]}\n",
     0, 0, 1, "one of them for all namespaces"},
    {"a mirror with a tag", "openshift",
     "apiVersion: config.openshift.io/v1\nkind: ImageTagMirrorSet\nspec: {imageTagMirrors: "
     "[{source: \"a.example/x:1\", mirrors: [b.example/x]}]}\n",
     0, 0, 1, "a tag, expected host"},
    {"mirrors in a circle", "openshift",
     "apiVersion: config.openshift.io/v1\nkind: ImageTagMirrorSet\nspec: {imageTagMirrors: "
     "[{source: a.example, mirrors: [b.example/x]}, {source: b.example, mirrors: "
     "[a.example/y]}]}\n",
     0, 1, 1, "is itself mirrored to"},
    {"nothing that loads", "openshift",
     "apiVersion: config.openshift.io/v1\nkind: Image\nspec: {registrySources: "
     "{allowedRegistries: [\"a.example/x:1\"], containerRuntimeSearchRegistries: [\"a b\"]}}\n",
     0, 0, 2, "Nothing was taken"},
    {"several search registries", "openshift",
     "apiVersion: config.openshift.io/v1\nkind: Image\nspec: {registrySources: "
     "{containerRuntimeSearchRegistries: [a.example, b.example]}}\n",
     0, 0, 1, "a rule has one registry"},
    {"an expression of a host", "harbor-container-webhook",
     "rules: [{name: a, matches: [\"^gcr\\\\.io/\"], replace: h.example/gcr}]\n", 1, 0, 0,
     "gcr.io: h.example/gcr # taken exactly"},
    {"a rule without a replacement", "harbor-container-webhook",
     "rules: [{name: a, matches: [\"^gcr.io\"]}]\n", 0, 0, 1, "replaces by nothing"},
    {"a target without a region", "k8s-image-swapper", "target: {aws: {accountId: 1}}\n", 0, 0,
     1, "has no account and region"},
    {"TOML: quotes and escapes", "registries",
     "[[registry]] # a comment\nprefix = 'a.example'\nlocation=\"b.ex\\u0061mple\\U0000002fx\" "
     "\n",
     1, 0, 0, "a.example: b.example/x # taken exactly: in.yaml:3:10: registry[0].location"},
    {"TOML: lists over lines", "registries",
     "unqualified-search-registries = [ # first\r\n  'a.example', # second\r\n]\r\n", 1, 0, 0,
     "registry: a.example # taken exactly: in.yaml:2:3: "},
    {"TOML: other keys", "registries",
     "a = 7\nb = [[], [true, false]]\n[c.\"d.e\".f]\ng = ''\n", 0, 0, 0, "Nothing was taken"},
    {"a blocked host", "registries", "[[registry]]\nlocation='a.example'\nblocked=true\n", 0, 1,
     0, "narrower: without ports"},
    {"a prefix with a tag", "registries",
     "[[registry]]\nlocation='a.example/x:1'\nblocked=true\n", 0, 0, 1, "names a tag"},
    {"nothing to look for", "registries", "[[registry]]\ninsecure=true\n", 0, 0, 2,
     "has neither prefix nor location"},
    {"a server alone", "containerd", "server = 'https://a.example'\n", 0, 0, 0,
     "Nothing was taken"},
    {"a host that does not pull", "containerd",
     "server = 'https://a.example'\n[host.'https://b.example']\ncapabilities=['push']\n", 0, 0,
     1, "does not pull"},
    {"connectors without a registry", "airbyte",
     "workloadLauncher: {connector: {image: {registry: \"\"}}}\n", 1, 0, 0, "airbyte: job-pod"},
};

static void a_row_is_converted(const struct row *row) {
    struct converted r = convert(row->format, "in.yaml", str_of(row->text));
    assert_loads(&r);
    if (r.counts.exact != row->exact || r.counts.noted != row->noted ||
        r.counts.left != row->left || !holds(&r, row->has))
        fail_row("%s: %zu exact, %zu noted, %zu left:\n%.*s", row->name, r.counts.exact,
                 r.counts.noted, r.counts.left, STR_ARG(buf_view(&r.out)));
    buf_done(&r.out);
}

static void constructs_are_marked(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        a_row_is_converted(&rows[i]);
}

static const struct wrong {
    const char *name, *format, *text;
    enum ec ec;
    uint32_t line, col;
    const char *msg;
} wrongs[] = {
    {"no map", "airbyte", "- a\n", EC_SCHEMA, 1, 1, "not a values.yaml"},
    {"no YAML", "airbyte", "a: [\n", EC_SYNTAX, 0, 0, ""},
    {"no object", "gatekeeper", "a: 1\n", EC_SCHEMA, 1, 1, "expected apiVersion and kind"},
    {"no object", "kyverno", "[1]\n", EC_SCHEMA, 1, 1, "expected apiVersion and kind"},
    {"no target", "k8s-image-swapper", "a: 1\n", EC_SCHEMA, 1, 1, "it has no target"},
    {"no map", "harbor-container-webhook", "7\n", EC_SCHEMA, 1, 1, "expected a map with rules"},
    {"no registry", "containerd", "a = 1\n", EC_SCHEMA, 1, 1, "the registry is not known"},
    {"TOML: no end of a string", "registries", "a = \"x\n", EC_SYNTAX, 1, 7,
     "does not end on its line"},
    {"TOML: a string of several lines", "registries", "a = '''x\n'''\n", EC_SYNTAX, 1, 8,
     "strings of several lines"},
    {"TOML: a dotted key", "registries", "a.b = 1\n", EC_SYNTAX, 1, 2, "keys with dots"},
    {"TOML: an inline table", "registries", "\na = {b = 1}\n", EC_SYNTAX, 2, 5,
     "expected a string"},
    {"TOML: a date", "registries", "a = 2026-01-01\n", EC_SYNTAX, 1, 5, "expected a string"},
    {"TOML: a float", "registries", "a = 1.5\n", EC_SYNTAX, 1, 5, "expected a string"},
    {"TOML: a leading zero", "registries", "a = 01\n", EC_SYNTAX, 1, 5, "expected a string"},
    {"TOML: a key twice", "registries", "a = 1\na = 2\n", EC_SYNTAX, 2, 3, "a key twice"},
    {"TOML: a table twice", "registries", "[a]\n[a]\n", EC_SYNTAX, 2, 3, "a table twice"},
    {"TOML: a key that is a table", "registries", "a = 1\n[a.b]\n", EC_SYNTAX, 2, 3,
     "once as a table"},
    {"TOML: a table that is a list", "registries", "[a]\n[[a]]\n", EC_SYNTAX, 2, 4,
     "once as a list of tables"},
    {"TOML: no end of a heading", "registries", "[[a]\n", EC_SYNTAX, 1, 4,
     "end of the table's name"},
    {"TOML: text behind a value", "registries", "a = 1 b\n", EC_SYNTAX, 1, 7,
     "end of the line"},
    {"TOML: no end of a list", "registries", "a = [1,\n", EC_SYNTAX, 2, 1, "expected a string"},
    {"TOML: no comma", "registries", "a = [1 2]\n", EC_SYNTAX, 1, 8, "expected \",\""},
    {"TOML: an escape", "registries", "a = \"\\x41\"\n", EC_SYNTAX, 1, 7, "unknown escape"},
    {"TOML: half a pair", "registries", "a = \"\\ud800\"\n", EC_SYNTAX, 1, 12,
     "not a character"},
    {"TOML: a control character", "registries", "a = '\1'\n", EC_SYNTAX, 1, 6,
     "a control character"},
    {"TOML: deep lists", "registries", "a = [[[[[[[[[[[[[[[[[[[[1]\n", EC_SYNTAX, 0, 0,
     "too deeply"},
    {"TOML: deep tables", "registries", "[a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a]\n", EC_SYNTAX, 0,
     0, "too deeply"},
    {"a string that readers differ on", "airbyte", "a: \"\\0\"\n", EC_SCHEMA, 1, 4, "U+0000"},
};

static void what_is_no_file_of_the_format_is_an_error(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof wrongs / sizeof *wrongs; i++) {
        const struct wrong *w = &wrongs[i];
        struct converted r = convert(w->format, "in.yaml", str_of(w->text));
        if (r.ec != w->ec || strcmp(r.err.where, "in.yaml") != 0 ||
            (w->line != 0 && (r.err.line != w->line || r.err.col != w->col)) ||
            strstr(r.err.msg, w->msg) == NULL)
            fail_row("%s: code %d, %s:%u:%u: %s", w->name, (int)r.ec, r.err.where,
                     (unsigned)r.err.line, (unsigned)r.err.col, r.err.msg);
        buf_done(&r.out);
    }
}

/* ---- sizes --------------------------------------------------------------------------- */

static void many_entries_are_one_each(void **state) {
    struct buf in = BUF_INIT(OUT_MAX);
    (void)state;
    buf_puts(&in, "global: {imagePullSecrets: [");
    for (int i = 0; i < 5000; i++)
        buf_printf(&in, "s%d, ", i % 2500);
    buf_puts(&in, "]}\n");
    struct converted r = convert("airbyte", "in.yaml", buf_view(&in));
    assert_loads(&r);
    assert_int_equal(r.counts.exact, 5000);
    assert_true(holds(&r, "- s2499 # taken exactly: in.yaml:1:"));
    buf_done(&r.out);
    buf_done(&in);
}

static void a_file_has_a_limit(void **state) {
    struct buf in = BUF_INIT(OUT_MAX);
    (void)state;
    while (in.n <= CONVERT_FILE_MAX)
        buf_puts(&in, "# a comment that makes the file longer than it may be\n");
    struct converted r = convert("airbyte", "in.yaml", buf_view(&in));
    assert_int_equal(r.ec, EC_LIMIT);
    assert_string_equal(r.err.where, "in.yaml");
    buf_done(&r.out);
    buf_done(&in);
}

static void formats_are_found_by_their_words(void **state) {
    (void)state;
    size_t n = 0;
    for (; convert_words[n] != NULL; n++)
        assert_non_null(convert_find(convert_words[n]));
    assert_true(n != 0);
    assert_null(convert_find("tugger"));
    assert_null(convert_find(""));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(constructs_are_marked),
    cmocka_unit_test(what_is_no_file_of_the_format_is_an_error),
    cmocka_unit_test(many_entries_are_one_each),
    cmocka_unit_test(a_file_has_a_limit),
    cmocka_unit_test(formats_are_found_by_their_words),
};
TEST_MAIN(tests)
