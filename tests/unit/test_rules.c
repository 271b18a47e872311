#include "mem_fault.h"
#include "test.h"

#include "base/buf.h"
#include "base/file.h"
#include "engine/engine.h"
#include "rules/rules.h"
#include "yaml/yaml.h"
#include "json/json.h"

#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD "apiVersion: pullgate/v1\nkind: ImagePolicy\nspec:\n" /* spec begins in line 4 */
#define NOW_S 1795000000                                           /* 2026-11-18 */

/* ---- readers, whose calls are counted (the linker's --wrap) ------------------------------- */

static struct { unsigned opened, documents, parsed; } reads;

enum ec __real_yaml_open(struct yaml **out, struct str text, struct yaml_limits limits,
                         struct err *err) MUST_CHECK;
enum ec __wrap_yaml_open(struct yaml **out, struct str text, struct yaml_limits limits,
                         struct err *err) MUST_CHECK;
enum ec __real_yaml_next(struct yaml *y, struct yaml_doc **doc, struct err *err) MUST_CHECK;
enum ec __wrap_yaml_next(struct yaml *y, struct yaml_doc **doc, struct err *err) MUST_CHECK;
enum ec __real_json_parse(struct json *j, char *text, size_t n, struct json_limits limits,
                          struct err *err) MUST_CHECK;
enum ec __wrap_json_parse(struct json *j, char *text, size_t n, struct json_limits limits,
                          struct err *err) MUST_CHECK;

enum ec __wrap_yaml_open(struct yaml **out, struct str text, struct yaml_limits limits,
                         struct err *err) {
    reads.opened++;
    return __real_yaml_open(out, text, limits, err);
}

enum ec __wrap_yaml_next(struct yaml *y, struct yaml_doc **doc, struct err *err) {
    enum ec ec = __real_yaml_next(y, doc, err);
    reads.documents += *doc != NULL;
    return ec;
}

enum ec __wrap_json_parse(struct json *j, char *text, size_t n, struct json_limits limits,
                          struct err *err) {
    reads.parsed++;
    return __real_json_parse(j, text, n, limits, err);
}

/* ---- a policy as text -------------------------------------------------------------------- */

static void put_names(struct buf *b, const char *what, const struct policy_names *names) {
    if (names->n == 0)
        return;
    buf_printf(b, " %s", what);
    for (size_t i = 0; i < names->n; i++)
        buf_printf(b, ",%.*s", STR_ARG(names->v[i]));
}

static void put_labels(struct buf *b, const struct match_selector *s) {
    static const char *const ops[] = {"in", "not-in", "exists", "absent"};
    for (size_t i = 0; i < s->n_requirements; i++) {
        const struct match_requirement *r = &s->requirements[i];
        buf_printf(b, " label:%.*s:%s", STR_ARG(r->key), ops[r->op]);
        for (size_t v = 0; v < r->n_values; v++)
            buf_printf(b, ",%.*s", STR_ARG(r->values[v]));
    }
}

static void put_place(struct buf *b, const struct policy_prefix *p) {
    buf_printf(b, "%.*s", STR_ARG(p->text));
    bool whole = p->path.n == 0
                     ? str_eq(p->text, p->host)
                     : p->text.n == p->host.n + 1 + p->path.n && str_starts(p->text, p->host) &&
                           str_ends(p->text, p->path);
    if (!whole)
        buf_puts(b, "(torn)");
}

static void put_patterns(struct buf *b, const char *what, const struct policy_patterns *list) {
    for (size_t i = 0; i < list->n; i++)
        buf_printf(b, "\n  %s %u:%u %.*s", what, list->v[i].pos.line, list->v[i].pos.col,
                   STR_ARG(match_image_text(list->v[i].image)));
}

static void put_settings(struct buf *b, const struct policy_rule *r) {
    static const char *const modes[] = {"", " warn", " audit"};
    static const char *const templates[] = {"", " templates:warn", " templates:ignore"};
    buf_puts(b, modes[r->mode]);
    buf_puts(b, templates[r->templates]);
    buf_puts(b, r->official == OFFICIAL_LIBRARY ? " library" : "");
    buf_puts(b, r->require_digest ? " digest" : "");
    buf_puts(b, r->require_tag ? " tag" : "");
    buf_printf(b, "%s%.*s", r->pull_policy.n ? " pull:" : "", STR_ARG(r->pull_policy));
    buf_printf(b, "%s%.*s", r->message.n ? " message:" : "", STR_ARG(r->message));
    if (r->registry.text.n != 0) {
        buf_puts(b, " registry:");
        put_place(b, &r->registry);
    }
}

static void put_rule(struct buf *b, const struct policy_rule *r) {
    buf_printf(b, "\nrule %u:%u %.*s", r->pos.line, r->pos.col, STR_ARG(r->name));
    put_names(b, "ns", &r->match.namespaces);
    put_names(b, "sa", &r->match.service_accounts);
    put_names(b, "users", &r->match.users);
    put_names(b, "groups", &r->match.groups);
    put_labels(b, &r->match.pod_labels);
    put_settings(b, r);
    for (size_t i = 0; i < r->n_mirrors; i++) {
        buf_printf(b, "\n  mirror %u:%u ", r->mirrors[i].pos.line, r->mirrors[i].pos.col);
        put_place(b, &r->mirrors[i].from);
        buf_puts(b, " -> ");
        put_place(b, &r->mirrors[i].to);
    }
    put_patterns(b, "approved", &r->approved);
    put_patterns(b, "denied", &r->denied);
    for (size_t i = 0; i < r->n_secrets; i++) {
        buf_printf(b, "\n  secret %.*s%s", STR_ARG(r->secrets[i].name),
                   r->secrets[i].always ? "" : " for ");
        put_place(b, &r->secrets[i].prefix);
    }
}

static void put_policy(struct buf *b, const struct policy *p) {
    buf_printf(b, "policy %.*s%s", STR_ARG(p->name),
               p->unmatched == UNMATCHED_DENY ? " unmatched:deny" : "");
    for (size_t i = 0; i < p->n_rules; i++)
        put_rule(b, &p->rules[i]);
    for (size_t i = 0; i < p->n_exemptions; i++) {
        const struct policy_exemption *e = &p->exemptions[i];
        buf_printf(b, "\nexemption %u:%u %.*s/%.*s", e->pos.line, e->pos.col,
                   STR_ARG(e->reason), STR_ARG(e->owner));
        put_names(b, "ns", &e->namespaces);
        if (e->scope == SCOPE_ALL)
            buf_puts(b, " all");
        if (e->until_s != INT64_MAX)
            buf_printf(b, " until %.*s=%lld", STR_ARG(e->until), (long long)e->until_s);
        put_patterns(b, "image", &e->images);
    }
}

static void put_warning(void *arg, enum rules_lint lint, const char *file,
                        struct policy_pos pos, const char *text) {
    struct buf *b = arg;
    (void)lint;
    (void)file;
    buf_printf(b, "%s%u:%u %s", b->n ? "\n" : "", pos.line, pos.col, text);
}

struct loaded {
    enum ec ec;
    struct err err;
    struct policy *policy;
    struct buf text, warnings;
};

static struct loaded load_text(const char *yaml) {
    struct loaded l = {
        .err = ERR_INIT, .text = BUF_INIT(1 << 20), .warnings = BUF_INIT(1 << 20)};
    struct rules_options options = {.warn = put_warning, .now_s = NOW_S};
    options.arg = &l.warnings;
    l.ec = rules_parse(&l.policy, str_of(yaml), "rules.yaml", &options, &l.err);
    if (l.ec == EC_OK)
        put_policy(&l.text, l.policy);
    return l;
}

static void loaded_done(struct loaded *l) {
    buf_done(&l->text);
    buf_done(&l->warnings);
    engine_policy_free(l->policy);
}

/* ---- what is read ------------------------------------------------------------------------ */

static const struct {
    const char *name, *yaml, *policy;
} good[] = {
    {"five lines",
     "apiVersion: pullgate/v1\n"
     "kind: ImagePolicy\n"
     "metadata: {name: airbyte}\n"
     "spec:\n"
     "  registry: ghcr.io/acme-data\n"
     "  imagePullSecrets: [regcred]\n"
     "  approved:\n"
     "    - registry.corp.example:5000/data\n",
     "policy airbyte\n"
     "rule 4:1 airbyte registry:ghcr.io/acme-data\n"
     "  approved 8:7 registry.corp.example:5000/data\n"
     "  secret regcred"},
    {"no name at all", HEAD "  registry: ghcr.io\n",
     "policy \nrule 3:1 policy registry:ghcr.io"},
    {"JSON",
     "{\"apiVersion\": \"pullgate/v1\", \"kind\": \"ImagePolicy\",\n"
     " \"spec\": {\"approved\": [\"a.io\",\n  \"b.io\"]}}",
     "policy \nrule 2:2 policy\n  approved 2:24 a.io\n  approved 3:3 b.io"},
    {"comments and a separator", "# rules\n---\n" HEAD "  approved: [a.io] # one\n",
     "policy \nrule 5:1 policy\n  approved 6:14 a.io"},
    {"every setting",
     HEAD "  mode: audit\n"
          "  templates: warn\n"
          "  officialImages: library\n"
          "  imagePullPolicy: IfNotPresent\n"
          "  require: {digest: true, tag: explicit}\n"
          "  message: \"ask data-platform\"\n"
          "  registry: localhost:5000\n"
          "  unmatched: deny\n",
     "policy  unmatched:deny\n"
     "rule 3:1 policy audit templates:warn library digest tag pull:IfNotPresent "
     "message:ask data-platform registry:localhost:5000"},
    {"mirrors: sorted, longest path first, hosts folded",
     HEAD "  mirrors:\n"
          "    index.docker.io: harbor.corp/hub\n"
          "    QUAY.io:443/astronomer: Harbor.Corp/astronomer\n"
          "    quay.io: harbor.corp/quay\n"
          "    docker.io/library: harbor.corp/library\n",
     "policy \n"
     "rule 3:1 policy\n"
     "  mirror 6:5 quay.io/astronomer -> harbor.corp/astronomer\n"
     "  mirror 8:5 docker.io/library -> harbor.corp/library\n"
     "  mirror 5:5 docker.io -> harbor.corp/hub\n"
     "  mirror 7:5 quay.io -> harbor.corp/quay"},
    {"mirrors: identities converge",
     HEAD "  mirrors:\n"
          "    a.io: b.io/x\n"
          "    b.io: b.io\n"
          "    b.io/x/keep: b.io/x/keep\n"
          "    c.io: c.io:443\n",
     "policy \n"
     "rule 3:1 policy\n"
     "  mirror 7:5 b.io/x/keep -> b.io/x/keep\n"
     "  mirror 5:5 a.io -> b.io/x\n"
     "  mirror 6:5 b.io -> b.io\n"
     "  mirror 8:5 c.io -> c.io:443"},
    {"mirrors: a host alone for a place with a path",
     HEAD "  mirrors: {quay.io/astronomer: astronomer.corp}\n",
     "policy \nrule 3:1 policy\n  mirror 4:13 quay.io/astronomer -> astronomer.corp"},
    {"patterns of all kinds",
     HEAD "  approved:\n"
          "    - harbor.corp/**\n"
          "    - {regex: \"ghcr\\\\.io/acme-.*\"}\n"
          "    - regex: quay\\.io/.*\n"
          "    - \"**\"\n"
          "  denied: [docker.io/**/evil*]\n",
     "policy \n"
     "rule 3:1 policy\n"
     "  approved 5:7 harbor.corp/**\n"
     "  approved 6:15 ghcr\\.io/acme-.*\n"
     "  approved 7:14 quay\\.io/.*\n"
     "  approved 8:7 **\n"
     "  denied 9:12 docker.io/**/evil*"},
    {"secrets",
     HEAD "  registry: harbor.corp/hub\n"
          "  imagePullSecrets:\n"
          "    - regcred\n"
          "    - {name: harbor-cred, for: HARBOR.corp}\n"
          "    - name: all.of-them\n",
     "policy \n"
     "rule 3:1 policy registry:harbor.corp/hub\n"
     "  secret regcred\n"
     "  secret harbor-cred for harbor.corp\n"
     "  secret all.of-them"},
    {"a rule's match",
     HEAD "  approved: [a.io]\n"
          "  rules:\n"
          "    - name: jobs\n"
          "      match:\n"
          "        namespaces: [airbyte, \"airbyte-*\"]\n"
          "        podLabels:\n"
          "          matchExpressions:\n"
          "            - {key: tier, operator: NotIn, values: [a, \"\"]}\n"
          "            - {key: x.io/y, operator: Exists}\n"
          "            - {key: gone, operator: DoesNotExist, values: []}\n"
          "          matchLabels: {airbyte: job-pod}\n"
          "        serviceAccounts: [airbyte-admin]\n"
          "        users: [\"system:serviceaccount:airbyte:*\"]\n"
          "        groups: []\n",
     "policy \n"
     "rule 6:7 jobs ns,airbyte,airbyte-* sa,airbyte-admin "
     "users,system:serviceaccount:airbyte:* "
     "label:airbyte:in,job-pod label:tier:not-in,a, label:x.io/y:exists label:gone:absent\n"
     "  approved 4:14 a.io"},
    {"a rule's own settings replace the inherited ones wholly, whatever the order of keys",
     HEAD "  rules:\n"
          "    - {name: inherits, match: {namespaces: [a]}}\n"
          "    - name: replaces\n"
          "      match: {namespaces: [b]}\n"
          "      mode: enforce\n"
          "      registry: b.io\n"
          "      approved: [c.io]\n"
          "      mirrors: {quay.io: b.io/quay}\n"
          "      imagePullSecrets: [b]\n"
          "      require: {digest: true}\n"
          "    - name: switches-off\n"
          "      match: {namespaces: [c]}\n"
          "      registry: \"\"\n"
          "      approved: [\"**\"]\n"
          "      mirrors: {}\n"
          "      imagePullSecrets: []\n"
          "      imagePullPolicy: null\n"
          "      require: null\n"
          "      message: \"\"\n"
          "    - name: by-null\n"
          "      registry: ~\n"
          "      approved: [d.io]\n"
          "      denied:\n"
          "      mirrors: null\n"
          "      imagePullSecrets: null\n"
          "  mode: warn\n"
          "  registry: a.io\n"
          "  approved: [a.io:5000]\n"
          "  denied: [evil.io]\n"
          "  mirrors: {gcr.io: a.io/gcr}\n"
          "  imagePullSecrets: [a]\n"
          "  imagePullPolicy: Always\n"
          "  require: {tag: explicit}\n"
          "  message: ask\n",
     "policy \n"
     "rule 5:7 inherits ns,a warn tag pull:Always message:ask registry:a.io\n"
     "  mirror 33:13 gcr.io -> a.io/gcr\n"
     "  approved 31:14 a.io:5000\n"
     "  denied 32:12 evil.io\n"
     "  secret a\n"
     "rule 6:7 replaces ns,b digest pull:Always message:ask registry:b.io\n"
     "  mirror 11:17 quay.io -> b.io/quay\n"
     "  approved 10:18 c.io\n"
     "  denied 32:12 evil.io\n"
     "  secret b\n"
     "rule 14:7 switches-off ns,c warn\n"
     "  approved 17:18 **\n"
     "  denied 32:12 evil.io\n"
     "rule 23:7 by-null warn tag pull:Always message:ask\n"
     "  approved 25:18 d.io"},
    {"exemptions",
     HEAD "  approved: [a.io]\n"
          "  exemptions:\n"
          "    - images: [\"ghcr.io/dbt-labs/**\"]\n"
          "      namespaces: [analytics]\n"
          "      reason: not mirrored yet\n"
          "      owner: data-platform\n"
          "      until: 2027-01-31\n"
          "    - {images: [{regex: b\\.io/.*}], reason: r, owner: o, until: "
          "\"2027-01-31T01:00:00+01:00\"}\n"
          "    - {images: [c.io], reason: r, owner: o, scope: all}\n",
     "policy \n"
     "rule 3:1 policy\n"
     "  approved 4:14 a.io\n"
     "exemption 6:7 not mirrored yet/data-platform ns,analytics until 2027-01-31=1801440000\n"
     "  image 6:16 ghcr.io/dbt-labs/**\n"
     "exemption 11:7 r/o until 2027-01-31T01:00:00+01:00=1801353600\n"
     "  image 11:25 b\\.io/.*\n"
     "exemption 12:7 r/o all\n"
     "  image 12:17 c.io"},
    {"exemptions alone", HEAD "  rules: []\n  exemptions: []\n  unmatched: deny\n",
     "policy  unmatched:deny"},
    {"anchors",
     HEAD "  approved: &a [a.io]\n  denied: [b.io]\n  rules:\n    - {name: x, approved: *a}\n",
     "policy \nrule 7:7 x\n  approved 4:17 a.io\n  denied 5:12 b.io"},
};

static void policies_are_read(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct loaded l = load_text(good[i].yaml);
        if (l.ec != EC_OK)
            fail_row("row \"%s\": %u:%u %s", good[i].name, l.err.line, l.err.col, l.err.msg);
        if (!str_eq(buf_view(&l.text), str_of(good[i].policy)))
            fail_row("row \"%s\":\n%.*s\nexpected\n%s", good[i].name,
                     STR_ARG(buf_view(&l.text)), good[i].policy);
        loaded_done(&l);
    }
}

/* Positions included: 200 patterns, of which each has its own, and a warning. */
static void a_file_is_parsed_once(void **state) {
    (void)state;
    static const char *const heads[] = {
        HEAD "  approved: [", "{\"apiVersion\": \"pullgate/v1\", \"kind\": \"ImagePolicy\", "
                              "\"spec\": {\"approved\": ["};
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        struct buf text = BUF_INIT(1 << 20);
        buf_puts(&text, heads[i]);
        for (size_t k = 0; k < 200; k++)
            buf_printf(&text, "\"h%zu.io\",\n", k / 2);
        buf_puts(&text, i == 0 ? "\"x.io\"]\n" : "\"x.io\"]}}");
        memset(&reads, 0, sizeof reads);
        struct loaded l = load_text(buf_z(&text));
        assert_ok(l.ec, &l.err);
        assert_int_equal(l.policy->rules[0].approved.v[200].pos.line, i == 0 ? 204 : 201);
        assert_int_not_equal(l.warnings.n, 0);
        assert_int_equal(reads.opened, 1);
        assert_int_equal(reads.documents, 1);
        assert_int_equal(reads.parsed, 1);
        loaded_done(&l);
        buf_done(&text);
    }
}

/* ---- policies that are too large for all checks ------------------------------------------- */

struct not_checked {
    unsigned n;
    uint32_t line;
};

static void count_not_checked(void *arg, enum rules_lint lint, const char *file,
                              struct policy_pos pos, const char *text) {
    struct not_checked *seen = arg;
    (void)file;
    (void)text;
    seen->n += lint == LINT_NOT_CHECKED;
    seen->line = lint == LINT_NOT_CHECKED ? pos.line : seen->line;
}

static void put_hosts(struct buf *out, const char *key, char letter) {
    buf_printf(out, "%s: [", key);
    for (size_t i = 0; i < 4096; i++)
        buf_printf(out, "%s%c%zu.io", i ? "," : "", letter, i);
    buf_puts(out, "]");
}

/* Three lists of approved patterns, each to be compared with all that is denied: the third is not. */
static void checks_of_huge_policies_end(void **state) {
    (void)state;
    struct buf text = BUF_INIT(1 << 20);
    struct not_checked seen = {.n = 0};
    const struct rules_options options = {.warn = count_not_checked, .arg = &seen};
    struct policy *p = NULL;
    struct err err = ERR_INIT;
    buf_puts(&text, HEAD "  ");
    put_hosts(&text, "denied", 'd');
    buf_puts(&text, "\n  rules:\n");
    for (int i = 0; i < 3; i++) {
        buf_printf(&text, "  - {name: r%d, match: {users: [u%d]}, ", i, i);
        put_hosts(&text, "approved", 'a');
        buf_puts(&text, "}\n");
    }
    assert_ok(rules_parse(&p, buf_view(&text), "huge.yaml", &options, &err), &err);
    assert_int_equal(p->n_rules, 3);
    assert_int_equal(seen.n, 1);
    assert_int_equal(seen.line, 8);
    engine_policy_free(p);
    buf_done(&text);
}

/* ---- from disk --------------------------------------------------------------------------- */

struct folder {
    char path[64];
};

static struct folder make_folder(void) {
    struct folder f;
    snprintf(f.path, sizeof f.path, "/tmp/test_rules.XXXXXX");
    assert_non_null(mkdtemp(f.path));
    return f;
}

static void put_file(const struct folder *f, const char *name, const char *text) {
    char path[256];
    struct err err = ERR_INIT;
    snprintf(path, sizeof path, "%s/%s", f->path, name);
    assert_ok(file_replace(path, 0644, str_of(text), &err), &err);
}

static void put_link(const struct folder *f, const char *name, const char *target) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s", f->path, name);
    unlink(path);
    assert_int_equal(symlink(target, path), 0);
}

static void put_folder(const struct folder *f, const char *name) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s", f->path, name);
    assert_int_equal(mkdir(path, 0755), 0);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *at) {
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

static void remove_folder(const struct folder *f) {
    assert_int_equal(nftw(f->path, remove_entry, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static struct loaded load_path(const char *path) {
    struct loaded l = {
        .err = ERR_INIT, .text = BUF_INIT(1 << 20), .warnings = BUF_INIT(1 << 20)};
    struct rules_options options = {.warn = put_warning, .now_s = NOW_S};
    options.arg = &l.warnings;
    l.ec = rules_load(&l.policy, path, &options, &l.err);
    if (l.ec == EC_OK)
        put_policy(&l.text, l.policy);
    return l;
}

#define NAMED(name)                                                                            \
    "apiVersion: pullgate/v1\nkind: ImagePolicy\nmetadata: {name: " name "}\nspec:\n"

static void folders_are_read_in_order_of_names(void **state) {
    (void)state;
    struct folder f = make_folder();
    put_file(&f, "20-b.yml",
             NAMED("b") "  mode: warn\n  unmatched: deny\n  approved: [b.io]\n"
                        "  rules: [{name: two, match: {users: [u]}}]\n");
    put_file(&f, "10-a.yaml",
             NAMED("a") "  approved: [a.io]\n  unmatched: deny\n"
                        "  rules: [{name: one, match: {users: [t]}}]\n");
    put_file(
        &f, "30-c.json",
        "{\"apiVersion\": \"pullgate/v1\", \"kind\": \"ImagePolicy\", \"metadata\": {\"name\": "
        "\"c\"}, \"spec\": {\"registry\": \"c.io\"}}");
    put_file(&f, ".hidden.yaml", "never: [read");
    put_file(&f, "README.md", "never: [read");
    put_file(&f, "40-d.yaml~", "never: [read");
    put_folder(&f, "50-e.yaml");
    struct loaded l = load_path(f.path);
    assert_ok(l.ec, &l.err);
    /* Each file's settings are its own. */
    assert_str(buf_view(&l.text), STR("policy a unmatched:deny\n"
                                      "rule 7:11 one users,t\n"
                                      "  approved 5:14 a.io\n"
                                      "rule 8:11 two users,u warn\n"
                                      "  approved 7:14 b.io\n"
                                      "rule 1:81 c registry:c.io"));
    assert_str(buf_view(&l.warnings), STR(""));
    assert_int_equal(l.policy->n_files, 3);
    char name[128];
    snprintf(name, sizeof name, "%s/30-c.json", f.path);
    assert_str(engine_policy_file(l.policy, l.policy->rules[2].pos), str_of(name));
    loaded_done(&l);
    remove_folder(&f);
}

/* The verdict on quay.io/x in the namespace that a folder's second rule selects. */
static enum verdict judge_in_b(const struct policy *policy) {
    struct arena arena = ARENA_INIT(4096, 1 << 20);
    struct err err = ERR_INIT;
    struct decision d;
    const struct workload_image image = {
        .list = LIST_CONTAINER, .text = STR("quay.io/x"), .has_image = true, .changed = true};
    const struct workload w = {.shape = SHAPE_POD,
                               .spec = STR("/spec"),
                               .namespace = STR("b"),
                               .images = &image,
                               .n_images = 1};
    assert_ok(engine_decide(&d, policy, &w, NOW_S, 0, &arena, &err), &err);
    enum verdict verdict = d.verdict;
    arena_done(&arena);
    return verdict;
}

static void exemptions_hold_for_the_rules_of_their_file(void **state) {
    (void)state;
    static const struct {
        const char *file, *more;
        enum verdict verdict;
        const char *warnings;
    } rows[] = {
        {"1.yaml", "  exemptions: [{images: [quay.io], reason: r, owner: o}]\n", VERDICT_DENY,
         ""},
        {"1.yaml", "  exemptions: [{images: [quay.io], reason: r, owner: o, scope: file}]\n",
         VERDICT_DENY, ""},
        {"1.yaml", "  exemptions: [{images: [quay.io], reason: r, owner: o, scope: all}]\n",
         VERDICT_ALLOW, ""},
        {"2.yaml", "  exemptions: [{images: [quay.io], reason: r, owner: o}]\n", VERDICT_ALLOW,
         ""},
        {"3.yaml",
         NAMED("c") "  rules: []\n  exemptions: [{images: [quay.io], reason: r, owner: o}]\n",
         VERDICT_DENY,
         "6:16 the exemption has no effect: it applies to the rules of its own file, which has "
         "none "
         "(scope: all applies to every file)"},
        {"3.yaml",
         NAMED("c") "  rules: []\n  exemptions: [{images: [quay.io], reason: r, owner: o, "
                    "scope: all}]\n",
         VERDICT_ALLOW, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        static const char *const files[][2] = {
            {"1.yaml",
             NAMED("a") "  approved: [a.io]\n  rules: [{name: a, match: {namespaces: [a]}}]\n"},
            {"2.yaml",
             NAMED(
                 "b") "  approved: [b.io]\n  rules: [{name: b, match: {namespaces: [b]}}]\n"}};
        struct folder f = make_folder();
        char text[1024];
        for (size_t k = 0; k < 2; k++) {
            bool here = strcmp(files[k][0], rows[i].file) == 0;
            snprintf(text, sizeof text, "%s%s", files[k][1], here ? rows[i].more : "");
            put_file(&f, files[k][0], text);
        }
        if (strcmp(rows[i].file, "3.yaml") == 0)
            put_file(&f, rows[i].file, rows[i].more);
        struct loaded l = load_path(f.path);
        assert_ok(l.ec, &l.err);
        if (judge_in_b(l.policy) != rows[i].verdict ||
            !str_eq(buf_view(&l.warnings), str_of(rows[i].warnings)))
            fail_row("%s %s: %.*s", rows[i].file, rows[i].more, STR_ARG(buf_view(&l.warnings)));
        loaded_done(&l);
        remove_folder(&f);
    }
}

/* After denials that no rule decides. */
static void the_message_of_the_policy_is_that_of_who_denies(void **state) {
    (void)state;
    static const struct {
        const char *first, *second, *message;
    } rows[] = {
        {"", "", ""},
        {"  message: a\n", "", "a"},
        {"", "  message: b\n", "b"},
        {"  message: a\n", "  message: b\n", "a"},
        {"  message: a\n", "  message: b\n  unmatched: deny\n", "b"},
        {"  message: a\n", "  unmatched: deny\n", "a"},
        {"  message: a\n  unmatched: deny\n", "  message: b\n  unmatched: deny\n", "a"},
        {"  message: a\n  unmatched: deny\n", "  message: b\n", "a"},
        {"  unmatched: deny\n", "  message: b\n", "b"},
        {"  rules: [{name: x, message: of a rule}]\n", "", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct folder f = make_folder();
        char text[512];
        snprintf(text, sizeof text, NAMED("a") "  registry: a.io\n%s", rows[i].first);
        put_file(&f, "1.yaml", text);
        snprintf(text, sizeof text, NAMED("b") "  registry: b.io\n%s", rows[i].second);
        put_file(&f, "2.yaml", text);
        struct loaded l = load_path(f.path);
        assert_ok(l.ec, &l.err);
        if (!str_eq(l.policy->message, str_of(rows[i].message)))
            fail_row("row %zu: \"%.*s\"", i, STR_ARG(l.policy->message));
        loaded_done(&l);
        remove_folder(&f);
    }
}

static void files_are_checked_against_each_other(void **state) {
    (void)state;
    static const struct {
        const char *second;
        uint32_t line, col;
        const char *msg; /* %s: the folder */
    } rows[] = {
        {NAMED("a") "  approved: [b.io]\n", 4, 1,
         "a second rule named \"a\" (%s/1.yaml:4), expected another name"},
        {NAMED("b") "  approved: [b.io]\n  unmatched: allow\n", 6, 14,
         "unmatched: allow contradicts another file (%s/1.yaml:6), expected the same in all "
         "files"},
        {NAMED("b") "  approved: b.io\n", 5, 13,
         "approved: expected a list, found a string; write [\"b.io\"]"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct folder f = make_folder();
        char where[128], msg[256];
        put_file(&f, "1.yaml", NAMED("a") "  approved: [a.io]\n  unmatched: deny\n");
        put_file(&f, "2.yaml", rows[i].second);
        struct loaded l = load_path(f.path);
        snprintf(where, sizeof where, "%s/2.yaml", f.path);
        const char *folder = strstr(rows[i].msg, "%s");
        int head = folder ? (int)(folder - rows[i].msg) : (int)strlen(rows[i].msg);
        snprintf(msg, sizeof msg, "%.*s%s%s", head, rows[i].msg, folder ? f.path : "",
                 folder ? folder + 2 : "");
        if (l.ec != EC_SCHEMA || l.err.line != rows[i].line || l.err.col != rows[i].col ||
            strcmp(l.err.where, where) != 0 || strcmp(l.err.msg, msg) != 0)
            fail_row("row %zu: %s:%u:%u %s, expected %s", i, l.err.where, l.err.line, l.err.col,
                     l.err.msg, msg);
        loaded_done(&l);
        remove_folder(&f);
    }
}

/* A warning about a rule of another file names that file; both say where they are. */
static void warnings_name_other_files(void **state) {
    (void)state;
    struct folder f = make_folder();
    char expected[256];
    put_file(&f, "1.yaml", NAMED("a") "  approved: [a.io]\n");
    put_file(&f, "2.yaml", NAMED("b") "  approved: [b.io]\n");
    struct loaded l = load_path(f.path);
    assert_ok(l.ec, &l.err);
    snprintf(expected, sizeof expected,
             "4:1 rule \"b\" is never reached: rule \"a\" (%s/1.yaml:4) selects every pod",
             f.path);
    assert_str(buf_view(&l.warnings), str_of(expected));
    loaded_done(&l);
    remove_folder(&f);
}

static void mounted_config_maps_are_read(void **state) {
    (void)state;
    struct folder f = make_folder();
    put_folder(&f, "..2026_11_20");
    put_file(&f, "..2026_11_20/rules.yaml", NAMED("old") "  approved: [a.io]\n");
    put_folder(&f, "..2026_11_21");
    put_file(&f, "..2026_11_21/rules.yaml", NAMED("new") "  approved: [a.io]\n");
    put_link(&f, "..data", "..2026_11_20");
    put_link(&f, "rules.yaml", "..data/rules.yaml");
    struct loaded l = load_path(f.path);
    assert_ok(l.ec, &l.err);
    assert_str(l.policy->name, STR("old"));
    assert_int_equal(l.policy->n_files, 1);
    loaded_done(&l);
    put_link(&f, "..data", "..2026_11_21");
    l = load_path(f.path);
    assert_ok(l.ec, &l.err);
    assert_str(l.policy->name, STR("new"));
    loaded_done(&l);
    remove_folder(&f);
}

static void folders_without_rules_are_refused(void **state) {
    (void)state;
    struct folder f = make_folder();
    struct loaded l = load_path(f.path);
    assert_int_equal(l.ec, EC_SCHEMA);
    assert_non_null(
        strstr(l.err.msg, "contains no rule files, expected *.yaml, *.yml or *.json"));
    loaded_done(&l);
    put_link(&f, "gone.yaml", "nowhere");
    l = load_path(f.path);
    assert_int_equal(l.ec, EC_IO);
    assert_non_null(strstr(l.err.msg, "gone.yaml: No such file or directory"));
    loaded_done(&l);
    remove_folder(&f);
    l = load_path(f.path);
    assert_int_equal(l.ec, EC_IO);
    loaded_done(&l);
}

/* A pipe could make the webhook wait; a tool asks for it. */
static void pipes_are_read_where_wanted(void **state) {
    (void)state;
    static const char text[] =
        "apiVersion: pullgate/v1\nkind: ImagePolicy\nspec: {registry: a.example}\n";
    const struct rules_options tool = {.pipes = true};
    struct policy *policy = NULL;
    struct err err = ERR_INIT, why = ERR_INIT;
    char path[64];
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], text, sizeof text - 1), sizeof text - 1);
    close(ends[1]);
    snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
    assert_int_equal(rules_load(&policy, path, NULL, &err), EC_IO);
    assert_non_null(strstr(err.msg, "not a regular file"));
    enum ec ec = rules_load(&policy, path, &tool, &why);
    assert_ok(ec, &why);
    engine_policy_free(policy);
    close(ends[0]);
}

static void examples_load_without_warnings(void **state) {
    (void)state;
    static const struct {
        const char *name;
        size_t n_rules;
    } rows[] = {{"airbyte", 1}, {"allow-list", 6}, {"astronomer", 4}, {"audit-only", 2}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char path[512];
        snprintf(path, sizeof path, TESTS_DIR "/../policies/examples/%s.yaml", rows[i].name);
        struct loaded l = load_path(path);
        if (l.ec != EC_OK || l.warnings.n != 0 || l.policy->n_rules != rows[i].n_rules)
            fail_row("%s: %u:%u %s%.*s", path, l.err.line, l.err.col, l.err.msg,
                     STR_ARG(buf_view(&l.warnings)));
        loaded_done(&l);
    }
}

/* A new example has to be named above. */
static void no_example_is_left_out(void **state) {
    (void)state;
    struct err err = ERR_INIT;
    struct policy *p = NULL;
    assert_ok(rules_load(&p, TESTS_DIR "/../policies/examples", NULL, &err), &err);
    assert_int_equal(p->n_files, 4);
    engine_policy_free(p);
}

/* ---- the hash ---------------------------------------------------------------------------- */

/* Stands for SHA-256: the bytes themselves, NULs as dots, as many as fit. */
static void fake_sha256(struct str bytes, char out[65]) {
    size_t n = bytes.n < 64 ? bytes.n : 64;
    for (size_t i = 0; i < n; i++)
        out[i] = bytes.p[i] ? bytes.p[i] : '.';
    out[n] = '\0';
}

static void files_are_hashed(void **state) {
    (void)state;
    struct rules_options options = {.sha256 = fake_sha256};
    struct err err = ERR_INIT;
    struct policy *p = NULL;
    const char *yaml = HEAD "  approved: [a.io]\n";
    assert_ok(rules_parse(&p, str_of(yaml), "x", NULL, &err), &err);
    assert_string_equal(p->sha256, "");
    engine_policy_free(p);
    assert_ok(rules_parse(&p, str_of(yaml), "x", &options, &err), &err);
    assert_int_equal(strncmp(p->sha256, yaml, 64), 0);
    engine_policy_free(p);

    struct folder f = make_folder();
    put_file(&f, "1.yaml", "#\n" HEAD "  approved: [a.io]\n");
    assert_ok(rules_load(&p, f.path, &options, &err), &err);
    assert_int_equal(strncmp(p->sha256, "#\napi", 5), 0);
    engine_policy_free(p);
    put_file(&f, "2.yaml", NAMED("b") "  approved: [a.io]\n");
    assert_ok(rules_load(&p, f.path, &options, &err), &err);
    assert_int_equal(strncmp(p->sha256, "1.yaml.69.#\napiVersion", 22), 0);
    engine_policy_free(p);
    remove_folder(&f);
}

/* ---- memory ------------------------------------------------------------------------------ */

static void survives_the_lack_of_memory(void **state) {
    (void)state;
    struct folder f = make_folder();
    put_file(
        &f, "1.yaml",
        NAMED("a") "  registry: https://R.io/x\n"
                   "  mirrors: {docker.io: r.io/hub, quay.io/a: r.io/a}\n"
                   "  approved: [a.io, {regex: \"b\\\\.io/.*\"}, \"c.io/**\"]\n"
                   "  denied: [a.io/x]\n"
                   "  imagePullSecrets: [x, {name: z, for: r.io}, x]\n"
                   "  rules:\n"
                   "    - {name: one, match: {namespaces: [ns], podLabels: {matchLabels: {k: "
                   "v}}}}\n"
                   "    - {name: two, approved: [], message: m}\n"
                   "    - {name: three, match: {users: [u]}}\n"
                   "  exemptions: [{images: [e.io], reason: r, owner: o, until: 2026-01-01}]\n"
                   "  secrets: [{name: x, from: {namespace: p, name: s}}, {name: unused, from: "
                   "{namespace: p, name: s}}]\n");
    put_file(&f, "2.yaml", NAMED("b") "  approved: [a.io]\n");
    size_t n = 0;
    bool failed;
    do {
        struct buf told = BUF_INIT(1 << 20);
        struct rules_options options = {
            .warn = put_warning, .arg = &told, .sha256 = fake_sha256};
        struct err err = ERR_INIT;
        struct policy *p = NULL;
        mem_fault_arm(++n, MEM_FAULT_ONCE);
        enum ec ec = rules_load(&p, f.path, &options, &err);
        failed = mem_fault_disarm();
        if (ec != EC_OK && (ec != EC_NOMEM || p != NULL || err.code != EC_NOMEM))
            fail_row("allocation %zu: %s: %s", n, ec_name(ec), err.msg);
        engine_policy_free(p);
        buf_done(&told);
    } while (failed);
    assert_true(n > 50);
    remove_folder(&f);
}

/* An error is an error also where the memory to tell its place is missing. */
static void errors_survive_the_lack_of_memory(void **state) {
    (void)state;
    const struct str yaml = STR(HEAD "  approved: [a.io, a.io/x:1]\n");
    bool schema = false;
    for (size_t n = 1; !schema; n++) {
        struct err err = ERR_INIT;
        struct policy *p = NULL;
        mem_fault_arm(n, MEM_FAULT_ONCE);
        enum ec ec = rules_parse(&p, yaml, "x", NULL, &err);
        mem_fault_disarm();
        if (ec != EC_NOMEM && ec != EC_SYNTAX)
            fail_row("allocation %zu: %s: %s", n, ec_name(ec), err.msg);
        schema = ec == EC_SYNTAX;
        assert_null(p);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(policies_are_read),
    cmocka_unit_test(a_file_is_parsed_once),
    cmocka_unit_test(checks_of_huge_policies_end),
    cmocka_unit_test(folders_are_read_in_order_of_names),
    cmocka_unit_test(exemptions_hold_for_the_rules_of_their_file),
    cmocka_unit_test(the_message_of_the_policy_is_that_of_who_denies),
    cmocka_unit_test(files_are_checked_against_each_other),
    cmocka_unit_test(warnings_name_other_files),
    cmocka_unit_test(mounted_config_maps_are_read),
    cmocka_unit_test(folders_without_rules_are_refused),
    cmocka_unit_test(pipes_are_read_where_wanted),
    cmocka_unit_test(examples_load_without_warnings),
    cmocka_unit_test(no_example_is_left_out),
    cmocka_unit_test(files_are_hashed),
    cmocka_unit_test(survives_the_lack_of_memory),
    cmocka_unit_test(errors_survive_the_lack_of_memory),
};

TEST_MAIN(tests)
