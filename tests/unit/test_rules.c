#include "test.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "rules/rules.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD "apiVersion: pullgate/v1\nkind: ImagePolicy\nspec:\n" /* spec begins in line 4 */
#define NOW_S 1795000000                                           /* 2026-11-18 */

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

static void put_place(struct buf *b, const struct policy_place *p) {
    buf_printf(b, "%.*s", STR_ARG(p->text));
    bool whole = p->path.n == 0 ? str_eq(p->text, p->host)
                                : p->text.n == p->host.n + 1 + p->path.n &&
                                      str_starts(p->text, p->host) && str_ends(p->text, p->path);
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
        put_place(b, &r->secrets[i].place);
    }
}

static void put_policy(struct buf *b, const struct policy *p) {
    buf_printf(b, "policy %.*s%s", STR_ARG(p->name),
               p->unmatched == UNMATCHED_DENY ? " unmatched:deny" : "");
    for (size_t i = 0; i < p->n_rules; i++)
        put_rule(b, &p->rules[i]);
    for (size_t i = 0; i < p->n_exemptions; i++) {
        const struct policy_exemption *e = &p->exemptions[i];
        buf_printf(b, "\nexemption %u:%u %.*s/%.*s", e->pos.line, e->pos.col, STR_ARG(e->reason),
                   STR_ARG(e->owner));
        put_names(b, "ns", &e->namespaces);
        if (e->until_s != INT64_MAX)
            buf_printf(b, " until %.*s=%lld", STR_ARG(e->until), (long long)e->until_s);
        put_patterns(b, "image", &e->images);
    }
}

static void put_warning(void *arg, const char *file, struct policy_pos pos, const char *text) {
    struct buf *b = arg;
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
    struct loaded l = {.err = ERR_INIT, .text = BUF_INIT(1 << 20), .warnings = BUF_INIT(1 << 20)};
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
    policy_free(l->policy);
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
    {"no name at all", HEAD "  registry: ghcr.io\n", "policy \nrule 3:1 policy registry:ghcr.io"},
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
    {"mirrors: identities come to rest",
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
     "rule 6:7 jobs ns,airbyte,airbyte-* sa,airbyte-admin users,system:serviceaccount:airbyte:* "
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
          "    - {images: [{regex: b\\.io/.*}], reason: r, owner: o, until: \"2027-01-31T01:00:00+01:00\"}\n"
          "    - {images: [c.io], reason: r, owner: o}\n",
     "policy \n"
     "rule 3:1 policy\n"
     "  approved 4:14 a.io\n"
     "exemption 6:7 not mirrored yet/data-platform ns,analytics until 2027-01-31=1801440000\n"
     "  image 6:16 ghcr.io/dbt-labs/**\n"
     "exemption 11:7 r/o until 2027-01-31T01:00:00+01:00=1801353600\n"
     "  image 11:25 b\\.io/.*\n"
     "exemption 12:7 r/o\n"
     "  image 12:17 c.io"},
    {"exemptions alone", HEAD "  rules: []\n  exemptions: []\n  unmatched: deny\n",
     "policy  unmatched:deny"},
    {"anchors", HEAD "  approved: &a [a.io]\n  denied: [b.io]\n  rules:\n    - {name: x, approved: *a}\n",
     "policy \nrule 7:7 x\n  approved 4:17 a.io\n  denied 5:12 b.io"},
};

static void policies_are_read(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct loaded l = load_text(good[i].yaml);
        if (l.ec != EC_OK)
            fail_row("row \"%s\": %u:%u %s", good[i].name, l.err.line, l.err.col, l.err.msg);
        if (!str_eq(buf_view(&l.text), str_of(good[i].policy)))
            fail_row("row \"%s\":\n%.*s\nexpected\n%s", good[i].name, STR_ARG(buf_view(&l.text)),
                     good[i].policy);
        loaded_done(&l);
    }
}
TEST_MAIN(((const struct CMUnitTest[]){cmocka_unit_test(policies_are_read)}))
