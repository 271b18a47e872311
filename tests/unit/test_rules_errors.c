/* What rule files are refused for, and warned of: place and text. */
#include "test.h"

#include "base/buf.h"
#include "rules/rules.h"

#define HEAD "apiVersion: pullgate/v1\nkind: ImagePolicy\nspec:\n" /* spec begins in line 4 */
#define NOW_S 1795000000                                           /* 2026-11-18 */

struct bad_row {
    const char *yaml;
    enum ec ec;
    uint32_t line, col;
    const char *msg; /* with a `*` at its end: how it begins; the rest is another's wording */
};

static bool says(const char *found, const char *expected) {
    struct str e = str_of(expected);
    if (!str_ends(e, STR("*")))
        return str_eq(str_of(found), e);
    return str_starts(str_of(found), str_slice(e, 0, e.n - 1));
}

static void refuse_rows(const struct bad_row *rows, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const struct bad_row *row = &rows[i];
        struct err err = ERR_INIT;
        struct policy *p = NULL;
        enum ec ec = rules_parse(&p, str_of(row->yaml), "rules.yaml", NULL, &err);
        if (ec != row->ec || err.code != ec || p != NULL || err.line != row->line ||
            err.col != row->col || !says(err.msg, row->msg) ||
            strcmp(err.where, "rules.yaml") != 0)
            fail_row("%s\n  found    %s %s:%u:%u %s\n  expected %s %u:%u %s", row->yaml,
                     ec_name(ec), err.where, err.line, err.col, err.msg, ec_name(row->ec),
                     row->line, row->col, row->msg);
    }
}

#define ROWS(table) (table), sizeof(table) / sizeof *(table)
#define SETTINGS                                                                               \
    "mode, registry, officialImages, mirrors, approved, denied, imagePullSecrets, "            \
    "imagePullPolicy, require, templates, message"

static const struct bad_row files[] = {
    {"", EC_SCHEMA, 1, 1, "the file is empty, expected an ImagePolicy"},
    {"# nothing\n---\n", EC_SCHEMA, 1, 1, "the file is empty, expected an ImagePolicy"},
    {"a: [", EC_SYNTAX, 1, 5, "*"},
    {"[]", EC_SCHEMA, 1, 1, "expected a map, found a list"},
    {"policy", EC_SCHEMA, 1, 1, "expected a map, found a string"},
    {"{\"a\": 1e400}", EC_SCHEMA, 1, 1, "\"apiVersion\" is missing, expected pullgate/v1"},
    {"{\"apiVersion\": 1e400}", EC_SCHEMA, 1, 16,
     "apiVersion: expected a string, found a number; put quotes around it"},
    {"kind: ImagePolicy\nspec: {}", EC_SCHEMA, 1, 1,
     "\"apiVersion\" is missing, expected pullgate/v1"},
    {"apiVersion: v1\nkind: Pod\nstatus: {}", EC_SCHEMA, 1, 13,
     "apiVersion: expected pullgate/v1, found \"v1\""},
    {"apiVersion: pullgate/v2\nkind: ImagePolicy\n", EC_SCHEMA, 1, 13,
     "apiVersion: expected pullgate/v1, found \"pullgate/v2\""},
    {"apiVersion: 1\nkind: ImagePolicy\n", EC_SCHEMA, 1, 13,
     "apiVersion: expected a string, found a number; put quotes around it"},
    {"apiVersion: pullgate/v1\nspec: {}", EC_SCHEMA, 1, 1,
     "\"kind\" is missing, expected ImagePolicy"},
    {"apiVersion: pullgate/v1\nkind: ImagePolicies\nstatus: {}", EC_SCHEMA, 2, 7,
     "kind: expected ImagePolicy, found \"ImagePolicies\""},
    {"apiVersion: pullgate/v1\nkind: ImagePolicy\n", EC_SCHEMA, 1, 1,
     "\"spec\" is missing, expected settings, rules and exemptions"},
    {"apiVersion: pullgate/v1\nkind: ImagePolicy\nspec:\n", EC_SCHEMA, 1, 1,
     "\"spec\" is missing, expected settings, rules and exemptions"},
    {"apiVersion: pullgate/v1\nkind: ImagePolicy\nspec: []\n", EC_SCHEMA, 3, 7,
     "spec: expected a map, found a list"},
    {"apiVersion: pullgate/v1\nkind: ImagePolicy\nspecs: {}\n", EC_SCHEMA, 3, 1,
     "unknown key \"specs\" in policy, expected one of apiVersion, kind, metadata, spec; did "
     "you "
     "mean \"spec\"?"},
    {"apiVersion: pullgate/v1\nkind: ImagePolicy\nmetadata: {name: 7}\nspec: {}", EC_SCHEMA, 3,
     18, "name: expected a string, found a number; put quotes around it"},
    {"apiVersion: pullgate/v1\nkind: ImagePolicy\nmetadata: {name: \"\"}\nspec: {}", EC_SCHEMA,
     3, 18, "name: 0 bytes long, expected 1 to 128"},
    {"apiVersion: pullgate/v1\nkind: ImagePolicy\nmetadata: {namespace: x}\nspec: {}",
     EC_SCHEMA, 3, 12, "unknown key \"namespace\" in metadata, expected name"},
    {HEAD "  approved: [a.io]\n---\nkind: more\n", EC_SCHEMA, 6, 1,
     "a second document starts here, expected one ImagePolicy per file"},
    {HEAD "  approved: [a.io]\n---\na: [\n", EC_SYNTAX, 7, 1, "*"},
    {HEAD "  approved: [a.io]\n...\n  denied: [b.io]\n", EC_SCHEMA, 6, 1,
     "text after the end of the document is ignored, up to the next \"---\""},
    {HEAD "  approved: [a.io]\n  approved: [b.io]\n", EC_SCHEMA, 5, 3,
     "duplicate key \"approved\"*"},
};

static void whole_files_are_refused(void **state) {
    (void)state;
    refuse_rows(ROWS(files));
}

static const struct bad_row settings[] = {
    {HEAD "  registery: a.io\n", EC_SCHEMA, 4, 3,
     "unknown key \"registery\" in spec, expected one of " SETTINGS
     ", unmatched, rules, exemptions, secrets; did you mean \"registry\"?"},
    {HEAD "  \"a\\tb\": a.io\n", EC_SCHEMA, 4, 3,
     "unknown key \"a\\x09b\" in spec, expected one of " SETTINGS
     ", unmatched, rules, exemptions, secrets"},
    {HEAD "  approved: a.io\n", EC_SCHEMA, 4, 13,
     "approved: expected a list, found a string; write [\"a.io\"]"},
    {HEAD "  approved: {a.io: true}\n", EC_SCHEMA, 4, 13,
     "approved: expected a list, found a map; a list has a \"- \" before each entry"},
    {HEAD "  approved: [[a.io]]\n", EC_SCHEMA, 4, 14,
     "approved[0]: expected a string or a map, found a list; write one value, without brackets "
     "and dashes"},
    {HEAD "  approved: [a.io, 5]\n", EC_SCHEMA, 4, 20,
     "approved[1]: expected a string or a map, found a number; put quotes around it"},
    {HEAD "  approved: [a.io, ~]\n", EC_SCHEMA, 4, 20,
     "approved[1]: expected a string or a map, found null"},
    {HEAD "  mode: enforced\n", EC_SCHEMA, 4, 9,
     "mode: expected one of enforce, warn, audit, found \"enforced\"; did you mean "
     "\"enforce\"?"},
    {HEAD "  mode: off\n", EC_SCHEMA, 4, 9,
     "mode: expected a string, found the boolean false; YAML reads yes, no, on and off as "
     "booleans too: put quotes around it"},
    {HEAD "  mode: null\n", EC_SCHEMA, 4, 9, "mode: expected a string, found null"},
    {HEAD "  mode: \"\"\n", EC_SCHEMA, 4, 9,
     "mode: expected one of enforce, warn, audit, found \"\""},
    {HEAD "  templates: validated\n", EC_SCHEMA, 4, 14,
     "templates: expected one of validate, warn, ignore, found \"validated\"; did you mean "
     "\"validate\"?"},
    {HEAD "  officialImages: Library\n", EC_SCHEMA, 4, 19,
     "officialImages: expected one of bare, library, found \"Library\"; did you mean "
     "\"library\"?"},
    {HEAD "  unmatched: refuse\n", EC_SCHEMA, 4, 14,
     "unmatched: expected one of allow, deny, found \"refuse\"; did you mean \"deny\"?"},
    {HEAD "  imagePullPolicy: always\n", EC_SCHEMA, 4, 20,
     "imagePullPolicy: expected one of Always, IfNotPresent, Never, found \"always\"; did you "
     "mean \"Always\"?"},
    {HEAD "  require: {digest: \"yes\"}\n", EC_SCHEMA, 4, 21,
     "digest: expected true or false, found a string"},
    {HEAD "  require: {tag: latest}\n", EC_SCHEMA, 4, 18,
     "tag: expected explicit, found \"latest\""},
    {HEAD "  require: {tag: 1.25}\n", EC_SCHEMA, 4, 18,
     "tag: expected a string, found a number; put quotes around it"},
    {HEAD "  require: {tags: explicit}\n", EC_SCHEMA, 4, 13,
     "unknown key \"tags\" in require, expected one of digest, tag; did you mean \"tag\"?"},
    {HEAD "  require: digest\n", EC_SCHEMA, 4, 12,
     "require: expected a map, found a string; write {digest: true}"},
    {HEAD "  message: |\n    two\n    lines\n", EC_SCHEMA, 4, 12,
     "message: contains a line break, expected one line (\">-\" folds a block into one)"},
    {HEAD "  message: \"a\\eb\"\n", EC_SCHEMA, 4, 12,
     "message: contains the control character U+001B"},
};

static void settings_are_refused(void **state) {
    (void)state;
    refuse_rows(ROWS(settings));
}

static const struct bad_row places[] = {
    {HEAD "  registry: yes\n", EC_SCHEMA, 4, 13,
     "registry: expected a string, found the boolean true; YAML reads yes, no, on and off as "
     "booleans too: put quotes around it"},
    {HEAD "  registry: [a.io]\n", EC_SCHEMA, 4, 13,
     "registry: expected a string, found a list; write one value, without brackets and dashes"},
    {HEAD "  registry: my-registry\n", EC_SCHEMA, 4, 13,
     "registry: \"my-registry\" is not a registry host: without a dot or a port it is read as "
     "a "
     "name on Docker Hub, so images would move to docker.io/my-registry and get longer with "
     "every pass; write its domain or port"},
    {HEAD "  registry: MyRegistry/data\n", EC_SCHEMA, 4, 13,
     "registry: \"myregistry\" is not a registry host: without a dot or a port it is read as a "
     "name on Docker Hub, so images would move to docker.io/MyRegistry/data and get longer "
     "with every pass; write its domain or port"},
    {HEAD "  registry: /\n", EC_SCHEMA, 4, 13,
     "registry: is empty, expected host[:port] or host[:port]/path"},
    {HEAD "  registry: https://\n", EC_SCHEMA, 4, 13,
     "registry: is empty, expected host[:port] or host[:port]/path"},
    {HEAD "  registry: \" ghcr.io\"\n", EC_SCHEMA, 4, 13,
     "registry: \" ghcr.io\" contains whitespace"},
    {HEAD "  registry: ghcr.io/acme/data:1\n", EC_SCHEMA, 4, 13,
     "registry: \"ghcr.io/acme/data:1\" has a tag, expected host[:port][/path]"},
    {HEAD "  registry: ghcr.io:latest\n", EC_SCHEMA, 4, 13,
     "registry: \"ghcr.io:latest\" is not a registry host, expected name[:port] of letters, "
     "digits, \"-\" and \".\", the port at most 65535"},
    {HEAD "  registry: a.io:65536\n", EC_SCHEMA, 4, 13,
     "registry: \"a.io:65536\" is not a registry host, expected name[:port] of letters, "
     "digits, "
     "\"-\" and \".\", the port at most 65535"},
    {HEAD "  registry: a_b.io\n", EC_SCHEMA, 4, 13,
     "registry: \"a_b.io\" is not a registry host, expected name[:port] of letters, digits, "
     "\"-\" and \".\", the port at most 65535"},
    {HEAD "  registry: user@ghcr.io\n", EC_SCHEMA, 4, 13,
     "registry: \"user@ghcr.io\" has a digest or a user, expected host[:port][/path]"},
    {HEAD "  registry: oci://ghcr.io/x\n", EC_SCHEMA, 4, 13,
     "registry: \"oci:\" is not a registry host, expected name[:port] of letters, digits, "
     "\"-\" "
     "and \".\", the port at most 65535"},
    {HEAD "  registry: ghcr.io/Acme\n", EC_SCHEMA, 4, 13,
     "registry: the path \"Acme\" has upper-case letters, which image names cannot have"},
    {HEAD "  registry: ghcr.io//acme\n", EC_SCHEMA, 4, 13,
     "registry: \"/acme\" is not a repository path, expected lower-case letters and digits "
     "joined "
     "by \".\", \"_\", \"-\" or \"/\""},
    {HEAD "  registry: ghcr.io/-x\n", EC_SCHEMA, 4, 13,
     "registry: \"-x\" is not a repository path, expected lower-case letters and digits joined "
     "by \".\", \"_\", \"-\" or \"/\""},
    {HEAD "  mirrors: [docker.io]\n", EC_SCHEMA, 4, 12,
     "mirrors: expected a map, found a list; write a map such as {quay.io: "
     "registry.example/quay}"},
    {HEAD "  mirrors:\n    airbyte: a.io\n", EC_SCHEMA, 5, 5,
     "mirrors[\"airbyte\"]: \"airbyte\" is not a registry host, it has no dot and no port; did "
     "you "
     "mean \"docker.io/airbyte\"?"},
    {HEAD "  mirrors:\n    airbyte/source-x: a.io\n", EC_SCHEMA, 5, 5,
     "mirrors[\"airbyte/source-x\"]: \"airbyte\" is not a registry host, it has no dot and no "
     "port; did you mean \"docker.io/airbyte/source-x\"?"},
    {HEAD "  mirrors:\n    \"*\": a.io\n", EC_SCHEMA, 5, 5,
     "mirrors[\"*\"]: \"*\" is not a registry host, it has no dot and no port"},
    {HEAD "  mirrors:\n    quay.io: harbor/quay\n", EC_SCHEMA, 5, 14,
     "mirrors[\"quay.io\"]: \"harbor\" is not a registry host, it has no dot and no port; did "
     "you "
     "mean \"docker.io/harbor/quay\"?"},
    {HEAD "  mirrors:\n    quay.io:\n", EC_SCHEMA, 5, 13,
     "mirrors[\"quay.io\"]: expected a string, found null"},
    {HEAD "  mirrors:\n    quay.io: \"\"\n", EC_SCHEMA, 5, 14,
     "mirrors[\"quay.io\"]: is empty, expected host[:port] or host[:port]/path"},
    {HEAD "  mirrors:\n    docker.io: a.io\n    index.docker.io: b.io\n", EC_SCHEMA, 6, 5,
     "mirrors: a second entry for \"docker.io\", which another spelling (line 5) already "
     "names"},
    {HEAD "  mirrors: {docker.io: a.io,\n    index.docker.io: b.io}\n", EC_SCHEMA, 5, 5,
     "mirrors: a second entry for \"docker.io\", which another spelling (line 4) already "
     "names"},
    {HEAD "  mirrors:\n    quay.io: a.io\n    gcr.io: b.io\n    QUAY.io: c.io\n", EC_SCHEMA, 7,
     5,
     "mirrors: a second entry for \"quay.io\", which another spelling (line 5) already names"},
    {HEAD "  mirrors:\n    quay.io:443/a: a.io\n    QUAY.io/a: b.io\n", EC_SCHEMA, 6, 5,
     "mirrors: a second entry for \"quay.io/a\", which another spelling (line 5) already "
     "names"},
    /* A rewrite comes to rest. */
    {HEAD "  mirrors:\n    a.io: b.io/x\n    b.io: c.io\n", EC_SCHEMA, 5, 5,
     "mirror \"a.io\" -> \"b.io/x\" does not converge: \"b.io\" is itself mirrored to "
     "\"c.io\""},
    {HEAD "  mirrors:\n    a.io: b.io:443/x\n    b.io: c.io\n", EC_SCHEMA, 5, 5,
     "mirror \"a.io\" -> \"b.io:443/x\" does not converge: \"b.io\" is itself mirrored to "
     "\"c.io\""},
    {HEAD "  mirrors:\n    a.io: b.io\n    b.io: b.io:443\n", EC_SCHEMA, 5, 5,
     "mirror \"a.io\" -> \"b.io\" does not converge: \"b.io\" is itself mirrored to "
     "\"b.io:443\""},
    {HEAD "  mirrors:\n    a.io: b.io\n    b.io/x: c.io\n", EC_SCHEMA, 5, 5,
     "mirror \"a.io\" -> \"b.io\" does not converge: \"b.io/x\" is itself mirrored to "
     "\"c.io\""},
    {HEAD "  mirrors:\n    a.io: b.io\n    b.io: b.io\n    b.io/x: b.io/y\n", EC_SCHEMA, 5, 5,
     "mirror \"a.io\" -> \"b.io\" does not converge: \"b.io/x\" is itself mirrored to "
     "\"b.io/y\""},
    {HEAD "  mirrors: {docker.io: docker.io/mirror}\n", EC_SCHEMA, 4, 13,
     "mirror \"docker.io\" -> \"docker.io/mirror\" does not converge: what it rewrites is "
     "still under \"docker.io\" and would be rewritten again"},
    {HEAD "  mirrors:\n    a.io: b.io\n    b.io: a.io\n", EC_SCHEMA, 5, 5,
     "mirror \"a.io\" -> \"b.io\" does not converge: \"b.io\" is itself mirrored to \"a.io\""},
    /* seen by trying alone: the identity of docker.io spells out library/ */
    {HEAD "  registry: docker.io\n  mirrors: {docker.io: docker.io}\n", EC_SCHEMA, 4, 13,
     "rewriting does not converge: \"busybox\" becomes \"docker.io/busybox\", then "
     "\"docker.io/library/busybox\""},
    {HEAD "  registry: docker.io/acme\n  mirrors: {docker.io: a.io}\n", EC_SCHEMA, 4, 13,
     "registry \"docker.io/acme\" does not converge: \"docker.io\" is itself mirrored to "
     "\"a.io\""},
    {HEAD "  mirrors: {docker.io: a.io}\n  rules:\n    - {name: x, match: {users: [u]}}\n"
          "    - name: z\n      registry: docker.io\n",
     EC_SCHEMA, 8, 17,
     "registry \"docker.io\" does not converge: \"docker.io\" is itself mirrored to \"a.io\""},
};

static void places_are_refused(void **state) {
    (void)state;
    refuse_rows(ROWS(places));
}

static const struct bad_row lists[] = {
    {HEAD "  approved: [\"\"]\n", EC_SCHEMA, 4, 14,
     "approved[0]: is empty, expected a pattern"},
    {HEAD "  approved: [airbyte/x]\n", EC_SYNTAX, 4, 14,
     "approved[0]: \"airbyte\" is not a registry host (no '.', no ':', not localhost): write "
     "docker.io/airbyte/ before the rest if Docker Hub is meant"},
    {HEAD "  denied:\n    - a.io\n    - a.io/x:1\n", EC_SYNTAX, 6, 13,
     "denied[1]: pattern has a tag: patterns name repositories, with all their tags; did you "
     "mean \"a.io/x\"?"},
    {HEAD "  denied:\n    - \"a.io/x:1\"\n", EC_SYNTAX, 5, 14,
     "denied[0]: pattern has a tag: patterns name repositories, with all their tags; did you "
     "mean \"a.io/x\"?"},
    {HEAD "  denied:\n    - \"a.io/\\x78:1\"\n", EC_SYNTAX, 5, 7,
     "denied[0]: pattern has a tag: patterns name repositories, with all their tags; did you "
     "mean \"a.io/x\"?"},
    {HEAD "  approved: [{regexp: a}]\n", EC_SCHEMA, 4, 15,
     "unknown key \"regexp\" in a pattern, expected regex; did you mean \"regex\"?"},
    {HEAD "  approved: [{}]\n", EC_SCHEMA, 4, 14,
     "approved[0]: \"regex\" is missing, expected a regular expression over host/repository, "
     "anchored at both ends"},
    {HEAD "  approved: [{regex: \"a(\"}]\n", EC_SYNTAX, 4, 25, "regex: *"},
    {HEAD "  approved: [{regex: \"\"}]\n", EC_SCHEMA, 4, 22,
     "regex: is empty, expected a pattern"},
    {HEAD "  imagePullSecrets: regcred,other\n", EC_SCHEMA, 4, 21,
     "imagePullSecrets: expected a list, found a string; write [\"regcred\", \"other\"]"},
    {HEAD "  imagePullSecrets: [\"regcred,other\"]\n", EC_SCHEMA, 4, 30,
     "imagePullSecrets[0]: \"regcred,other\" contains a comma, expected one entry of the list "
     "per name"},
    {HEAD "  imagePullSecrets: [\" regcred\"]\n", EC_SCHEMA, 4, 22,
     "imagePullSecrets[0]: \" regcred\" contains whitespace, expected one entry of the list "
     "per "
     "name"},
    {HEAD "  imagePullSecrets: [\"\"]\n", EC_SCHEMA, 4, 22,
     "imagePullSecrets[0]: is empty, expected the name of a secret"},
    {HEAD "  imagePullSecrets: [\"map[name:regcred]\"]\n", EC_SCHEMA, 4, 22,
     "imagePullSecrets[0]: \"map[name:regcred]\" is not a valid secret name, expected "
     "lower-case "
     "letters, digits, \"-\" and \".\", at most 253 bytes"},
    {HEAD "  imagePullSecrets: [a.-b]\n", EC_SCHEMA, 4, 22,
     "imagePullSecrets[0]: \"a.-b\" is not a valid secret name, expected lower-case letters, "
     "digits, \"-\" and \".\", at most 253 bytes"},
    {HEAD "  imagePullSecrets: [a-.b]\n", EC_SCHEMA, 4, 22,
     "imagePullSecrets[0]: \"a-.b\" is not a valid secret name, expected lower-case letters, "
     "digits, \"-\" and \".\", at most 253 bytes"},
    {HEAD "  imagePullSecrets: [{for: a.io}]\n", EC_SCHEMA, 4, 22,
     "imagePullSecrets[0]: \"name\" is missing, expected the name of a Secret of type "
     "kubernetes.io/dockerconfigjson in the pod's namespace"},
    {HEAD "  imagePullSecrets: [{name: a, for: ~}]\n", EC_SCHEMA, 4, 37,
     "for: expected a string, found null"},
    {HEAD "  imagePullSecrets: [{name: a, for: \"\"}]\n", EC_SCHEMA, 4, 37,
     "for: is empty, expected host[:port] or host[:port]/path"},
    {HEAD "  imagePullSecrets: [{name: a, host: a.io}]\n", EC_SCHEMA, 4, 32,
     "unknown key \"host\" in a pull secret, expected one of name, for; did you mean \"for\"?"},
};

static void lists_are_refused(void **state) {
    (void)state;
    refuse_rows(ROWS(lists));
}

#define RULE HEAD "  approved: [a.io]\n  rules:\n    - name: x\n" /* goes on in line 7 */

static const struct bad_row rules[] = {
    {HEAD "  rules: {}\n", EC_SCHEMA, 4, 10,
     "rules: expected a list, found a map; a list has a \"- \" before each entry"},
    {HEAD "  rules:\n", EC_SCHEMA, 4, 9,
     "rules: expected a list, found null; write a list, each rule beginning with \"- name:\""},
    {HEAD "  rules: [a]\n", EC_SCHEMA, 4, 11,
     "rules[0]: expected a map, found a string; write a list, each rule beginning with \"- "
     "name:\""},
    {HEAD "  rules:\n    - registry: a.io\n", EC_SCHEMA, 5, 7,
     "rules[0]: \"name\" is missing, expected the rule's name in messages and audit records"},
    {HEAD "  rules:\n    - name:\n", EC_SCHEMA, 5, 7,
     "rules[0]: \"name\" is missing, expected the rule's name in messages and audit records"},
    {HEAD "  rules: [{name: \"\"}]\n", EC_SCHEMA, 4, 18,
     "name: 0 bytes long, expected 1 to 128"},
    {HEAD "  rules: [{name: \"a \"}]\n", EC_SCHEMA, 4, 18,
     "name: \"a \" starts or ends with whitespace"},
    {HEAD "  rules:\n    - {name: a, match: {users: [u]}}\n    - {name: a}\n", EC_SCHEMA, 6, 7,
     "a second rule named \"a\" (line 5), expected another name"},
    {RULE "      registery: a.io\n", EC_SCHEMA, 7, 7,
     "unknown key \"registery\" in rule, expected one of " SETTINGS
     ", name, match; did you mean \"registry\"?"},
    {RULE "      unmatched: deny\n", EC_SCHEMA, 7, 7,
     "unknown key \"unmatched\" in rule, expected one of " SETTINGS
     ", name, match; it belongs under spec, beside rules"},
    {RULE "      mode:\n", EC_SCHEMA, 7, 12, "mode: expected a string, found null"},
    {RULE "      match:\n", EC_SCHEMA, 7, 13,
     "match: expected a map, found null; write {namespaces: [...]}"},
    {RULE "      match: {namespace: [a]}\n", EC_SCHEMA, 7, 15,
     "unknown key \"namespace\" in match, expected one of namespaces, podLabels, "
     "serviceAccounts, users, groups; did you mean \"namespaces\"?"},
    {RULE "      match: {namespaces: a}\n", EC_SCHEMA, 7, 27,
     "namespaces: expected a list, found a string; write [\"a\"]"},
    {RULE "      match: {namespaces: ~}\n", EC_SCHEMA, 7, 27,
     "namespaces: expected a list, found null"},
    {RULE "      match: {namespaces: [\"\"]}\n", EC_SCHEMA, 7, 28,
     "namespaces[0]: is empty, expected a name or a glob"},
    {RULE "      match: {namespaces: [on]}\n", EC_SCHEMA, 7, 28,
     "namespaces[0]: expected a string, found the boolean true; YAML reads yes, no, on and off "
     "as booleans too: put quotes around it"},
    {RULE "      match: {namespaces: [team_a]}\n", EC_SCHEMA, 7, 32,
     "namespaces[0]: \"team_a\" matches no namespace: names have only lower-case letters, "
     "digits and \"-\""},
    {RULE "      match: {serviceAccounts: [\"airbyte:admin\"]}\n", EC_SCHEMA, 7, 41,
     "serviceAccounts[0]: \"airbyte:admin\" matches no service account, expected its name "
     "without the namespace (\"system:serviceaccount:...\" is a user)"},
    {RULE "      match: {podLabels: {airbyte: job-pod}}\n", EC_SCHEMA, 7, 27,
     "unknown key \"airbyte\" in podLabels, expected one of matchLabels, matchExpressions; for "
     "a label, write matchLabels: {\"airbyte\": ...}"},
    {RULE "      match: {podLabels: {matchLabels: {airbyte: yes}}}\n", EC_SCHEMA, 7, 50,
     "matchLabels[\"airbyte\"]: expected a string, found the boolean true; YAML reads yes, no, "
     "on and off as booleans too: put quotes around it"},
    {RULE "      match: {podLabels: {matchLabels: {\"a b\": c}}}\n", EC_SCHEMA, 7, 41,
     "matchLabels[\"a b\"]: name of the label key *"},
    {RULE "      match: {podLabels: {matchLabels: {a: \"b c\"}}}\n", EC_SCHEMA, 7, 44,
     "matchLabels[\"a\"]: label value *"},
    {RULE "      match: {podLabels: {matchExpressions: [{key: a}]}}\n", EC_SCHEMA, 7, 46,
     "matchExpressions[0]: \"operator\" is missing, expected how the label is compared: In, "
     "NotIn, Exists or DoesNotExist"},
    {RULE "      match: {podLabels: {matchExpressions: [{key: a, operator: in}]}}\n", EC_SCHEMA,
     7, 65,
     "operator: expected one of In, NotIn, Exists, DoesNotExist, found \"in\"; did you mean "
     "\"In\"?"},
    {RULE "      match: {podLabels: {matchExpressions: [{key: a, operator: NotIn}]}}\n",
     EC_SCHEMA, 7, 46, "matchExpressions[0]: operator NotIn needs at least one of values"},
    {RULE
     "      match: {podLabels: {matchExpressions: [{key: a, operator: In, values: []}]}}\n",
     EC_SCHEMA, 7, 46, "matchExpressions[0]: operator In needs at least one of values"},
    {RULE "      match: {podLabels: {matchExpressions: [{key: a, operator: Exists, values: "
          "[b]}]}}\n",
     EC_SCHEMA, 7, 46, "matchExpressions[0]: operator Exists takes no values"},
    {RULE
     "      match: {podLabels: {matchExpressions: [{key: a, operator: In, values: [1]}]}}\n",
     EC_SCHEMA, 7, 78, "values[0]: expected a string, found a number; put quotes around it"},
    {RULE "      match: {podLabels: {matchExpressions: [{operator: Exists}]}}\n", EC_SCHEMA, 7,
     46, "matchExpressions[0]: \"key\" is missing, expected a label key"},
};

static void rules_are_refused(void **state) {
    (void)state;
    refuse_rows(ROWS(rules));
}

#define EXEMPT HEAD "  approved: [a.io]\n  exemptions:\n" /* goes on in line 6 */

static const struct bad_row exemptions[] = {
    {HEAD "  exemptions: none\n", EC_SCHEMA, 4, 15,
     "exemptions: expected a list, found a string; write {images: [...], reason: ..., owner: "
     "...}"},
    {EXEMPT "    - {reason: r, owner: o}\n", EC_SCHEMA, 6, 7,
     "exemptions[0]: \"images\" is missing, expected patterns of the exempt images"},
    {EXEMPT "    - {images: [], reason: r, owner: o}\n", EC_SCHEMA, 6, 16,
     "images: is empty, expected patterns of the exempt images"},
    {EXEMPT "    - {images: [b.io], owner: o}\n", EC_SCHEMA, 6, 7,
     "exemptions[0]: \"reason\" is missing, expected why the images are exempt"},
    {EXEMPT "    - {images: [b.io], reason: r}\n", EC_SCHEMA, 6, 7,
     "exemptions[0]: \"owner\" is missing, expected who is responsible for the exemption"},
    {EXEMPT "    - {images: [b.io], reason: \"\", owner: o}\n", EC_SCHEMA, 6, 32,
     "reason: is empty, expected why the images are exempt"},
    {EXEMPT "    - {images: [b.io], reason: r, owner: o, until: 2027-02-30}\n", EC_SCHEMA, 6,
     52,
     "until: \"2027-02-30\" is not a date, expected one such as 2027-01-31 or "
     "2027-01-31T12:00:00Z"},
    {EXEMPT "    - {images: [b.io], reason: r, owner: o, until: next year}\n", EC_SCHEMA, 6, 52,
     "until: \"next year\" is not a date, expected one such as 2027-01-31 or "
     "2027-01-31T12:00:00Z"},
    {EXEMPT "    - {images: [b.io], reason: r, owner: o, until: 2027}\n", EC_SCHEMA, 6, 52,
     "until: expected a string, found a number; put quotes around it"},
    {EXEMPT "    - {images: [b.io:1/x:2], reason: r, owner: o}\n", EC_SYNTAX, 6, 25,
     "images[0]: pattern has a tag: patterns name repositories, with all their tags; did you "
     "mean \"b.io:1/x\"?"},
    {EXEMPT "    - {images: [b.io], reason: r, owner: o, expires: 2027-01-01}\n", EC_SCHEMA, 6,
     45,
     "unknown key \"expires\" in exemption, expected one of images, namespaces, reason, owner, "
     "until, scope; did you mean \"until\"?"},
    {EXEMPT "    - {images: [b.io], reason: r, owner: o, scope: folder}\n", EC_SCHEMA, 6, 52,
     "scope: expected one of file, all, found \"folder\""},
    {EXEMPT "    - {images: [b.io], reason: r, owner: o, scope: [all]}\n", EC_SCHEMA, 6, 52,
     "scope: expected a string, found a list; write one value, without brackets and dashes"},
};

static void exemptions_are_refused(void **state) {
    (void)state;
    refuse_rows(ROWS(exemptions));
}
/* ---- what loads with a warning -------------------------------------------------------- */

static void put_warning(void *arg, enum rules_lint lint, const char *file,
                        struct policy_pos pos, const char *text) {
    struct buf *b = arg;
    (void)lint;
    (void)file;
    buf_printf(b, "%s%u:%u %s", b->n ? "\n" : "", pos.line, pos.col, text);
}

#define MATCH_A ", match: {namespaces: [a]}"

static const struct {
    const char *yaml, *warnings;
} warned[] = {
    {HEAD "  registry: ghcr.io\n", ""},
    {HEAD "  registry: http://my-registry:8000/\n",
     "4:13 registry: \"http://my-registry:8000/\" is read as \"my-registry:8000\": an image "
     "reference has no scheme and no trailing slash"},
    {HEAD "  registry: HTTPS://ghcr.io/acme//\n",
     "4:13 registry: \"HTTPS://ghcr.io/acme//\" is read as \"ghcr.io/acme\": an image "
     "reference has no scheme and no trailing slash"},
    {HEAD "  registry: index.docker.io/acme\n",
     "4:13 registry: \"index.docker.io\" is read as \"docker.io\", its name in image "
     "references"},
    {HEAD "  mirrors:\n    quay.io/: harbor.corp/quay/\n",
     "5:5 mirrors[\"quay.io/\"]: \"quay.io/\" is read as \"quay.io\": an image reference has "
     "no scheme and no trailing slash\n"
     "5:15 mirrors[\"quay.io/\"]: \"harbor.corp/quay/\" is read as \"harbor.corp/quay\": an "
     "image reference has no scheme and no trailing slash"},
    {HEAD "  approved: [a.io/x, b.io, A.io/x]\n",
     "4:28 approved: \"A.io/x\" appears twice (line 4)"},
    {HEAD "  approved: [a.io, \"a.io/**\", {regex: a.io}]\n", ""},
    {HEAD "  approved: [\"**\"]\n  denied: [a.io/*/x, b.io, a.io/*/x]\n",
     "5:28 denied: \"a.io/*/x\" appears twice (line 5)"},
    /* approved to no effect */
    {HEAD "  approved: [a.io/x/y, a.io/xy, b.io]\n  denied: [c.io, a.io/x]\n",
     "4:14 approved: \"a.io/x/y\" has no effect, denied \"a.io/x\" (line 5) covers it"},
    {HEAD "  approved: [\"a.io/*\", docker.io/x]\n  denied: [a.io, registry-1.docker.io]\n",
     "4:14 approved: \"a.io/*\" has no effect, denied \"a.io\" (line 5) covers it\n"
     "4:24 approved: \"docker.io/x\" has no effect, denied \"registry-1.docker.io\" (line 5) "
     "covers it"},
    {HEAD "  approved: [\"a.io/x/*\", \"*.io/x\", {regex: a}]\n  denied: [a.io/x]\n", ""},
    {HEAD "  approved: [a.io]\n  denied: [\"**\"]\n",
     "4:14 approved: \"a.io\" has no effect, denied \"**\" (line 5) covers it"},
    {HEAD "  approved: [a.io]\n  rules:\n    - {name: x" MATCH_A ", denied: [a.io]}\n"
          "    - {name: z, denied: [b.io]}\n",
     "4:14 approved: \"a.io\" has no effect, denied \"a.io\" (line 6) covers it"},
    {HEAD "  approved: [a.io]\n  denied: [a.io]\n  rules:\n    - {name: x" MATCH_A "}\n"
          "    - {name: z}\n",
     "4:14 approved: \"a.io\" has no effect, denied \"a.io\" (line 5) covers it"},
    /* nothing allowed */
    {HEAD "  imagePullSecrets: [a]\n",
     "3:1 rule \"policy\" approves no registry: every image is denied"},
    {HEAD "  rules:\n    - {name: x, denied: [a.io]}\n",
     "5:7 rule \"x\" approves no registry: every image is denied (approved: [\"**\"] allows "
     "all others)"},
    {HEAD "  mirrors: {a.io: b.io}\n", ""},
    {HEAD "  rules: []\n", "1:1 no rules: every pod is allowed"},
    {HEAD "  rules: []\n  unmatched: deny\n", "1:1 no rules: every pod is denied"},
    /* secrets */
    {HEAD "  registry: a.io\n  imagePullSecrets: [b, a, {name: b, for: a.io}, b]\n",
     "5:50 imagePullSecrets: \"b\" appears twice (line 5)"},
    {HEAD "  registry: a.io/x\n  mirrors: {q.io: b.io/y}\n  approved: [c.io/z, \"d.io/*\"]\n"
          "  imagePullSecrets:\n"
          "    - {name: s1, for: a.io}\n    - {name: s2, for: a.io/x/y}\n"
          "    - {name: s3, for: b.io}\n    - {name: s4, for: c.io/z}\n"
          "    - {name: s5, for: d.io/q}\n    - {name: s6, for: q.io}\n"
          "    - {name: s7, for: a.io/y}\n",
     "13:7 imagePullSecrets: \"s6\" is never added: rule \"policy\" allows no image from "
     "\"q.io\"\n"
     "14:7 imagePullSecrets: \"s7\" is never added: rule \"policy\" allows no image from "
     "\"a.io/y\""},
    {HEAD "  approved: [{regex: a}]\n  imagePullSecrets: [{name: s, for: b.io}]\n", ""},
    {HEAD "  approved: [a.io]\n  imagePullSecrets: [{name: s, for: b.io}]\n  exemptions:\n"
          "    - {images: [b.io/x], reason: r, owner: o}\n",
     ""},
    {HEAD "  approved: [a.io]\n  mode: warn\n  imagePullSecrets: [{name: s, for: b.io}]\n", ""},
    /* rules out of reach */
    {HEAD "  approved: [a.io]\n  rules:\n    - {name: a}\n    - {name: b" MATCH_A "}\n",
     "7:7 rule \"b\" is never reached: rule \"a\" (line 6) selects every pod"},
    {HEAD "  approved: [a.io]\n  rules:\n    - {name: a" MATCH_A "}\n    - {name: b" MATCH_A
          "}\n    - {name: c}\n",
     "7:7 rule \"b\" is never reached: rule \"a\" (line 6) selects the same pods"},
    {HEAD
     "  approved: [a.io]\n  rules:\n"
     "    - {name: a, match: {namespaces: [\"x-*\", w], podLabels: {matchLabels: {k: v}}}}\n"
     "    - {name: b, match: {namespaces: [x-1, x-1-*, w], users: [u],\n"
     "        podLabels: {matchLabels: {j: v, k: v}}}}\n",
     "7:7 rule \"b\" is never reached: rule \"a\" (line 6) selects the same pods"},
    {HEAD "  approved: [a.io]\n  rules:\n"
          "    - {name: a, match: {namespaces: [\"*\"]}}\n    - {name: b}\n",
     "7:7 rule \"b\" is never reached: rule \"a\" (line 6) selects the same pods"},
    {HEAD "  approved: [a.io]\n  rules:\n"
          "    - {name: a, match: {namespaces: [x, w]}}\n"
          "    - {name: b, match: {namespaces: [w, z]}}\n"
          "    - {name: c, match: {namespaces: [\"x*\"]}}\n"
          "    - {name: d, match: {users: [x]}}\n"
          "    - {name: e, match: {namespaces: [q], podLabels: {matchLabels: {k: v}}}}\n"
          "    - {name: f, match: {namespaces: [q], podLabels: {matchLabels: {k: w}}}}\n"
          "    - {name: g, match: {namespaces: [q], podLabels: {matchExpressions:\n"
          "        [{key: k, operator: Exists}]}}}\n"
          "    - {name: h, match: {namespaces: [q]}}\n"
          "    - {name: i}\n",
     ""},
    /* exemptions that ran out */
    {HEAD "  approved: [a.io]\n  exemptions:\n"
          "    - {images: [b.io], reason: r, owner: o, until: 2026-11-17}\n"
          "    - {images: [b.io], reason: r, owner: o, until: \"2026-11-18T11:06:40Z\"}\n"
          "    - {images: [b.io], reason: r, owner: o, until: 2026-11-18}\n"
          "    - {images: [b.io], reason: r, owner: o, until: \"2026-11-18T11:06:41Z\"}\n",
     "6:7 exemptions[0]: the exemption ended on 2026-11-17, its images are judged like all "
     "others\n"
     "7:7 exemptions[1]: the exemption ended at 2026-11-18T11:06:40Z, its images are judged "
     "like all others"},
};

/* Each error as "line:column message", as options->error has them. */
static void gather(void *arg, const struct err *err, size_t n) {
    struct buf *out = arg;
    buf_printf(out, "%zu %u:%u %.28s\n", n, err->line, err->col, err->msg);
}

static void all_errors_are_reported_in_order(void **state) {
    (void)state;
    static const char yaml[] = "apiVersion: pullgate/v1\nkind: ImagePolicy\n"
                               "spec:\n"
                               "  mirror: {}\n"
                               "  approved: [a, b.io, c.io:x/y]\n"
                               "  mode: Enforce\n"
                               "  mirrors: {x: y, quay.io: 1}\n"
                               "  rules:\n"
                               "    - match: {users: [1], namespaces: [A]}\n"
                               "      modus: warn\n"
                               "    - name: b\n"
                               "      imagePullSecrets: [{for: a}, B]\n"
                               "  exemptions: [{images: [\"**\"], reason: r}]\n"
                               "unknown: 1\n";
    static const char expected[] = "15 4:3 unknown key \"mirror\" in spec\n"
                                   "15 5:14 approved[0]: \"a\" is not a re\n"
                                   "15 5:28 approved[2]: port has 'x', e\n"
                                   "15 6:9 mode: expected one of enforc\n"
                                   "15 7:16 mirrors[\"x\"]: expected a str\n"
                                   "15 7:28 mirrors[\"quay.io\"]: expected\n"
                                   "15 9:7 rules[0]: \"name\" is missing,\n"
                                   "15 9:23 users[0]: expected a string,\n"
                                   "15 9:40 namespaces[0]: \"A\" matches n\n"
                                   "15 10:7 unknown key \"modus\" in rule,\n"
                                   "15 12:26 imagePullSecrets[0]: \"name\" \n"
                                   "15 12:32 for: \"a\" is not a registry h\n"
                                   "15 12:36 imagePullSecrets[1]: \"B\" is \n"
                                   "15 13:16 exemptions[0]: \"owner\" is mi\n"
                                   "15 14:1 unknown key \"unknown\" in pol\n";
    struct buf out = BUF_INIT(1 << 16);
    struct err err = ERR_INIT;
    struct policy *p = NULL;
    const struct rules_options options = {.error = gather, .arg = &out};
    assert_int_equal(rules_parse(&p, str_of(yaml), "r.yaml", &options, &err), EC_SCHEMA);
    assert_null(p);
    if (!str_eq(buf_view(&out), str_of(expected)))
        fail_row("%.*s", STR_ARG(buf_view(&out)));
    assert_int_equal(err.line, 4);
    buf_done(&out);
}

static void count(void *arg, const struct err *err, size_t n) {
    size_t *seen = arg;
    assert_int_equal(err->code, EC_SCHEMA);
    assert_int_equal(n, RULES_ERRORS_MAX);
    (*seen)++;
}

static void errors_are_bounded(void **state) {
    (void)state;
    struct buf yaml = BUF_INIT(1 << 20);
    struct err err = ERR_INIT;
    struct policy *p = NULL;
    size_t seen = 0;
    const struct rules_options options = {.error = count, .arg = &seen};
    buf_puts(&yaml, HEAD);
    for (int i = 0; i < 2 * RULES_ERRORS_MAX; i++)
        buf_printf(&yaml, "  k%d: 1\n", i);
    assert_int_equal(rules_parse(&p, buf_view(&yaml), "r.yaml", &options, &err), EC_SCHEMA);
    assert_int_equal(seen, RULES_ERRORS_MAX);
    assert_int_equal(err.line, 4);
    buf_done(&yaml);
}

static void warnings_are_reported(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof warned / sizeof *warned; i++) {
        struct err err = ERR_INIT;
        struct policy *p = NULL;
        struct buf told = BUF_INIT(1 << 20);
        struct rules_options options = {.warn = put_warning, .arg = &told, .now_s = NOW_S};
        enum ec ec = rules_parse(&p, str_of(warned[i].yaml), "rules.yaml", &options, &err);
        if (ec != EC_OK || !str_eq(buf_view(&told), str_of(warned[i].warnings)))
            fail_row("%s\n  found    %s%.*s\n  expected %s", warned[i].yaml, err.msg,
                     STR_ARG(buf_view(&told)), warned[i].warnings);
        engine_policy_free(p);
        buf_done(&told);
    }
}

/* Duplicates are dropped, not only reported. */
static void duplicate_secrets_are_dropped(void **state) {
    (void)state;
    struct err err = ERR_INIT;
    struct policy *p = NULL;
    assert_ok(rules_parse(&p, STR(HEAD "  imagePullSecrets: [a, a, b]\n"), "x", NULL, &err),
              &err);
    assert_int_equal(p->rules[0].n_secrets, 2);
    assert_str(p->rules[0].secrets[1].name, STR("b"));
    engine_policy_free(p);
}

/* ---- limits ------------------------------------------------------------------------------ */

static void refuse_built(struct buf *yaml, enum ec expected, const char *msg) {
    struct err err = ERR_INIT;
    struct policy *p = NULL;
    enum ec ec = rules_parse(&p, buf_view(yaml), "rules.yaml", NULL, &err);
    if (ec != expected || strcmp(err.msg, msg) != 0)
        fail_row("found %s %s, expected %s", ec_name(ec), err.msg, msg);
    engine_policy_free(p);
    buf_done(yaml);
}

static struct buf head_and(const char *text) {
    struct buf yaml = BUF_INIT(RULES_FILE_MAX + 1024);
    buf_puts(&yaml, HEAD);
    buf_puts(&yaml, text);
    return yaml;
}

static void fill(struct buf *yaml, const char *text, size_t n) {
    for (size_t i = 0; i < n; i++)
        buf_puts(yaml, text);
}

static void sizes_are_bounded(void **state) {
    (void)state;
    struct buf b = head_and("  message: ");
    fill(&b, "x", 1024);
    buf_putc(&b, '\n');
    refuse_built(&b, EC_OK, "");
    b = head_and("  message: ");
    fill(&b, "x", 1025);
    refuse_built(&b, EC_LIMIT, "message: 1025 bytes long, at most 1024 are allowed");
    b = head_and("  message: ");
    fill(&b, "x", 4097);
    refuse_built(&b, EC_LIMIT, "message: 4097 bytes long, at most 4096 are allowed");
    for (size_t n = 1024; n <= 1025; n++) {
        b = head_and("  registry: a.io\n  rules: [{name: a, match: {users: [");
        fill(&b, "u", n);
        buf_puts(&b, "]}}]\n");
        refuse_built(&b, n == 1024 ? EC_OK : EC_LIMIT,
                     n == 1024 ? "" : "users[0]: 1025 bytes long, at most 1024 are allowed");
    }
    b = head_and("  approved:\n");
    fill(&b, "    - a.io\n", 4097);
    refuse_built(&b, EC_LIMIT, "approved: 4097 entries, at most 4096 are allowed");
    b = head_and("  registry: a.io/");
    fill(&b, "x", 201);
    refuse_built(&b, EC_LIMIT, "registry: the path is 201 bytes long, at most 200 are allowed");
    b = head_and("  rules: [{name: ");
    fill(&b, "x", 129);
    fill(&b, "}]", 1);
    refuse_built(&b, EC_SCHEMA, "name: 129 bytes long, expected 1 to 128");
    b = head_and("");
    fill(&b, "#", RULES_FILE_MAX);
    refuse_built(&b, EC_LIMIT, "8388656 bytes, at most 8388608 are allowed");
}

/* A text that fills the message must not push the reason out. */
static void long_texts_are_cut_in_messages(void **state) {
    (void)state;
    struct buf b = head_and("  imagePullSecrets: [\"");
    fill(&b, "\xc3\xa9", 1500);
    buf_puts(&b, "\"]");
    struct err err = ERR_INIT;
    struct policy *p = NULL;
    assert_int_equal(rules_parse(&p, buf_view(&b), "rules.yaml", NULL, &err), EC_SCHEMA);
    assert_non_null(strstr(err.msg, "\xc3\xa9...\" is not a valid secret name"));
    buf_done(&b);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(whole_files_are_refused),
    cmocka_unit_test(settings_are_refused),
    cmocka_unit_test(places_are_refused),
    cmocka_unit_test(lists_are_refused),
    cmocka_unit_test(rules_are_refused),
    cmocka_unit_test(exemptions_are_refused),
    cmocka_unit_test(all_errors_are_reported_in_order),
    cmocka_unit_test(errors_are_bounded),
    cmocka_unit_test(warnings_are_reported),
    cmocka_unit_test(duplicate_secrets_are_dropped),
    cmocka_unit_test(sizes_are_bounded),
    cmocka_unit_test(long_texts_are_cut_in_messages),
};

TEST_MAIN(tests)
