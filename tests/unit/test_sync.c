/* What a plan has for a state; targets, contests, and copies as JSON. */
#include "test.h"

#include "base/buf.h"
#include "copies.h"
#include "mem_fault.h"
#include "rules/rules.h"
#include "json/json.h"

#define CFG "kubernetes.io/dockercfg"
#define NOW_S 1795000000

/* ---- plans --------------------------------------------------------------------------------- */

struct row {
    const char *name;
    struct copies_secret secrets[8]; /* the last has no name */
    const char *globs;               /* of a rule: regcred from platform/regcred; NULL: none */
    const char *expected;            /* lines of sync_explain, without the verb's request */
    int64_t grace_s, absent_s;       /* absent_s: platform/regcred is absent since */
    struct sync_unknown unknown;
    int64_t contested_s; /* airbyte/regcred is, until */
    bool respect_value;
};

#define SOURCE                                                                                 \
    { .namespace = "platform", .name = "regcred", .value = "e30=" }
#define COPY_V(v)                                                                              \
    .namespace = "airbyte", .name = "regcred", .value = v, .of = "platform/regcred"

static const struct row rows[] = {
    {.name = "a copy that is missing",
     .secrets = {SOURCE},
     .globs = "airbyte",
     .expected =
         "apply airbyte/regcred: there is no copy yet of platform/regcred (rules.yaml:9)"},
    {.name = "globs, and the source's own namespace",
     .secrets = {SOURCE},
     .globs = "a*,plat*,nowhere",
     .expected =
         "apply airbyte/regcred: there is no copy yet of platform/regcred (rules.yaml:9)\n"
         "apply analytics/regcred: there is no copy yet of platform/regcred (rules.yaml:9)"},
    {.name = "a copy that is current",
     .secrets = {SOURCE, {COPY_V("e30=")}},
     .globs = "airbyte",
     .expected = ""},
    {.name = "other data",
     .secrets = {SOURCE, {COPY_V("e30g")}},
     .globs = "airbyte",
     .expected =
         "apply airbyte/regcred: its data differs from platform/regcred (rules.yaml:9)"},
    {.name = "a key that is another's stays",
     .secrets = {SOURCE, {COPY_V("e30="), .more = "eA==", .noted = "platform"}},
     .globs = "airbyte",
     .expected = "apply airbyte/regcred: its labels or annotations are not those of a copy of "
                 "platform/regcred (rules.yaml:9)"},
    {.name = "a key that was ours goes",
     .secrets = {SOURCE, {COPY_V("e30="), .more = "eA==", .more_is_ours = true}},
     .globs = "airbyte",
     .expected =
         "apply airbyte/regcred: its data differs from platform/regcred (rules.yaml:9)"},
    {.name = "a label is gone",
     .secrets = {SOURCE, {COPY_V("e30="), .unlabelled = true}},
     .globs = "airbyte",
     .expected = "apply airbyte/regcred: its labels or annotations are not those of a copy of "
                 "platform/regcred (rules.yaml:9)"},
    {.name = "another source",
     .secrets =
         {SOURCE,
          {.namespace = "airbyte", .name = "regcred", .value = "e30=", .of = "old/regcred"}},
     .globs = "airbyte",
     .expected =
         "apply airbyte/regcred: it is a copy of old/regcred, expected platform/regcred "
         "(rules.yaml:9)"},
    {.name = "another type",
     .secrets = {SOURCE, {COPY_V("e30="), .type = CFG}},
     .globs = "airbyte",
     .expected =
         "recreate airbyte/regcred: its type is " CFG
         ", that of its source kubernetes.io/dockerconfigjson, and a type cannot change"},
    {.name = "immutable, and other data",
     .secrets = {SOURCE, {COPY_V("e30g"), .immutable = true}},
     .globs = "airbyte",
     .expected = "recreate airbyte/regcred: it is immutable, and its data differs from "
                 "platform/regcred (rules.yaml:9)"},
    {.name = "immutable, and the same data",
     .secrets = {SOURCE, {COPY_V("e30="), .immutable = true}},
     .globs = "airbyte",
     .expected = ""},
    {.name = "an immutable source is copied like any other",
     .secrets =
         {{.namespace = "platform", .name = "regcred", .value = "e30=", .immutable = true}},
     .globs = "airbyte",
     .expected =
         "apply airbyte/regcred: there is no copy yet of platform/regcred (rules.yaml:9)"},
    {.name = "a copy that is being deleted",
     .secrets = {SOURCE, {COPY_V("e30g"), .deleting = true}},
     .globs = "airbyte",
     .expected = "report airbyte/regcred: it is being deleted; applied once it is gone"},
    {.name = "a foreign secret",
     .secrets = {SOURCE, {.namespace = "airbyte", .name = "regcred", .value = "e30="}},
     .globs = "airbyte",
     .expected = "report airbyte/regcred: another Secret has this name; it is left alone, and "
                 "copied to once it is gone"},
    {.name = "a foreign secret of another syncer",
     .secrets = {SOURCE,
                 {.namespace = "airbyte",
                  .name = "regcred",
                  .value = "e30=",
                  .annotation = "reflector.v1.k8s.emberstack.com/reflects"}},
     .globs = "airbyte",
     .expected =
         "report airbyte/regcred: another Secret has this name, written by reflector; it "
         "is left alone, and copied to once it is gone"},
    {.name = "a copy of a copy, made by hand",
     .secrets = {SOURCE, {COPY_V("e30="), .of_place = "analytics/regcred"}},
     .globs = "airbyte",
     .expected =
         "report airbyte/regcred: another Secret has this name, a copy that was made by "
         "hand or by another pullgate-sync; it is left alone, and copied to once it is "
         "gone"},
    {.name = "... is not pruned either",
     .secrets = {SOURCE, {COPY_V("e30="), .of_place = "analytics/regcred"}},
     .expected = ""},
    {.name = "nothing asks for it",
     .secrets = {SOURCE, {COPY_V("e30=")}},
     .globs = "analytics",
     .expected =
         "delete airbyte/regcred: nothing requests a copy here of platform/regcred\n"
         "apply analytics/regcred: there is no copy yet of platform/regcred (rules.yaml:9)"},
    {.name = "a namespace that goes",
     .secrets =
         {SOURCE,
          {.namespace = "going", .name = "old", .value = "e30=", .of = "platform/regcred"}},
     .globs = "going",
     .expected = "report going/regcred: the namespace is terminating"},
    {.name = "the source is absent, for the first time",
     .secrets = {{COPY_V("e30=")}},
     .globs = "airbyte",
     .grace_s = 60,
     .expected =
         "report airbyte/regcred: kept for now, its source is not there: platform/regcred\n"
         "report platform/regcred: this source is not there (rules.yaml:9)"},
    {.name = "the source is absent, and the grace is over",
     .secrets = {{COPY_V("e30=")}},
     .globs = "airbyte",
     .grace_s = 60,
     .absent_s = NOW_S - 60,
     .expected = "delete airbyte/regcred: its source is gone: platform/regcred\n"
                 "report platform/regcred: this source is not there (rules.yaml:9)"},
    {.name = "the source of an annotation is absent",
     .secrets = {{COPY_V("e30=")}},
     .grace_s = 60,
     .absent_s = NOW_S - 59,
     .expected =
         "report airbyte/regcred: kept for now, its source is not there: platform/regcred"},
    {.name = "the source is not read: nothing is pruned",
     .secrets = {{COPY_V("e30=")}},
     .globs = "airbyte",
     .unknown = {STR_INIT("platform"), STR_INIT("regcred"), STR_INIT("403 Forbidden")},
     .expected = "report platform/regcred: not read: 403 Forbidden"},
    {.name = "the source's namespace is not read, and nothing asks",
     .secrets = {{COPY_V("e30=")}},
     .unknown = {STR_INIT("platform"), STR_INIT(""), STR_INIT("not listed yet")},
     .expected = "report platform/*: not read: not listed yet"},
    {.name = "copies are not read: nothing is applied",
     .secrets = {SOURCE},
     .globs = "airbyte",
     .unknown = {STR_INIT("airbyte"), STR_INIT("regcred"), STR_INIT("403 Forbidden")},
     .expected = "report airbyte/regcred: not read: 403 Forbidden"},
    {.name = "a source of another type",
     .secrets =
         {{.namespace = "platform", .name = "regcred", .type = "Opaque", .value = "e30="},
          {COPY_V("e30=")}},
     .globs = "airbyte,analytics",
     .expected = "report platform/regcred: this source is not copied: its type is neither "
                 "kubernetes.io/dockerconfigjson nor kubernetes.io/dockercfg, and the kubelet "
                 "ignores all others (rules.yaml:9)"},
    {.name = "a source that does not decode is not spread, and its copies stay",
     .secrets = {{.namespace = "platform", .name = "regcred", .value = "eyJhdXRocyI6e30="},
                 {COPY_V("e30=")}},
     .globs = "airbyte,analytics",
     .expected =
         "report platform/regcred: this source is not copied: its .dockerconfigjson does "
         "not decode: line 1, column 12: not JSON: the text ends too early (rules.yaml:9)"},
    {.name = "a source that is no base64",
     .secrets = {{.namespace = "platform", .name = "regcred", .value = "e3*="}},
     .globs = "airbyte",
     .expected =
         "report platform/regcred: this source is not copied: its .dockerconfigjson is not "
         "base64, at byte 2 (rules.yaml:9)"},
    {.name = "a source without the key",
     .secrets = {{.namespace = "platform", .name = "regcred", .type = CFG, .more = "e30="}},
     .globs = "airbyte",
     .expected = "report platform/regcred: this source is not copied: it has no key .dockercfg "
                 "(rules.yaml:9)"},
    {.name = "a source that is empty",
     .secrets = {{.namespace = "platform", .name = "regcred", .value = ""}},
     .globs = "airbyte",
     .expected = "report platform/regcred: this source is not copied: its .dockerconfigjson is "
                 "empty (rules.yaml:9)"},
    {.name = "a source that is a copy",
     .secrets = {{.namespace = "platform", .name = "regcred", .value = "e30=", .of = "a/b"}},
     .globs = "airbyte",
     .unknown = {STR_INIT("a"), STR_INIT("b"), STR_INIT("403 Forbidden")},
     .expected =
         "report a/b: not read: 403 Forbidden\n"
         "report platform/regcred: this source is a copy itself; name the Secret that it "
         "is a copy of instead (rules.yaml:9)"},
    {.name = "a source whose data was not kept",
     .secrets =
         {{.namespace = "platform", .name = "regcred", .value = "e30=", .without_data = true}},
     .globs = "airbyte",
     .expected = "report platform/regcred: not read: its data was not read"},
    {.name = "a contest",
     .secrets = {SOURCE, {COPY_V("e30g"), .manager = "kubectl-edit"}},
     .globs = "airbyte",
     .contested_s = NOW_S + 1,
     .expected =
         "report airbyte/regcred: kubectl-edit changes it each time it was applied; it is "
         "left alone for a while"},
    {.name = "a contest that is over",
     .secrets = {SOURCE, {COPY_V("e30g"), .manager = "kubectl-edit"}},
     .globs = "airbyte",
     .contested_s = NOW_S,
     .expected =
         "apply airbyte/regcred: its data differs from platform/regcred (rules.yaml:9)"},
    {.name = "annotation: globs",
     .secrets = {{.namespace = "platform",
                  .name = "tls",
                  .type = "kubernetes.io/tls",
                  .value = "e30=",
                  .sync_to = "air*, nowhere"}},
     .expected = "apply airbyte/tls: there is no copy yet of platform/tls (its annotation "
                 "pullgate.dev/sync-to)"},
    {.name = "annotation: a label selector",
     .secrets = {{.namespace = "platform",
                  .name = "s",
                  .value = "e30=",
                  .sync_to = "team in (b,c),!frozen"}},
     .expected = "apply analytics/s: there is no copy yet of platform/s (its annotation "
                 "pullgate.dev/sync-to)"},
    {.name = "annotation: every namespace",
     .secrets = {{.namespace = "platform", .name = "s", .value = "e30=", .sync_to = "*"}},
     .expected = "apply airbyte/s: there is no copy yet of platform/s (its annotation "
                 "pullgate.dev/sync-to)\n"
                 "apply analytics/s: there is no copy yet of platform/s (its annotation "
                 "pullgate.dev/sync-to)\n"
                 "report going/s: the namespace is terminating"},
    {.name = "annotation: not readable, and its copies stay",
     .secrets =
         {{.namespace = "platform", .name = "regcred", .value = "e30=", .sync_to = "A B"},
          {COPY_V("e30=")}},
     .expected =
         "report platform/regcred: its annotation is not read, byte 0: expected names of "
         "namespaces with * for any run of characters, separated by commas, or a label "
         "selector such as team=a (its annotation pullgate.dev/sync-to)"},
    {.name = "annotation: in a namespace whose annotations do not count",
     .secrets = {{.namespace = "airbyte", .name = "regcred", .value = "e30=", .sync_to = "*"}},
     .expected =
         "report airbyte/regcred: its annotation has no effect: annotations do not count in "
         "this namespace (its annotation pullgate.dev/sync-to)"},
    {.name = "annotation: gone, and the copy with it",
     .secrets = {SOURCE, {COPY_V("e30=")}},
     .expected = "delete airbyte/regcred: nothing requests a copy here of platform/regcred"},
    {.name = "commander-sync: the key alone",
     .secrets = {{.namespace = "platform",
                  .name = "s",
                  .type = "Opaque",
                  .value = "e30=",
                  .commander = "team=b"}},
     .expected = "apply airbyte/s: there is no copy yet of platform/s (its annotation "
                 "astronomer.io/commander-sync)\n"
                 "apply analytics/s: there is no copy yet of platform/s (its annotation "
                 "astronomer.io/commander-sync)\n"
                 "report going/s: the namespace is terminating"},
    {.name = "commander-sync: an empty value",
     .secrets = {{.namespace = "platform", .name = "s", .value = "e30=", .commander = ""},
                 {.namespace = "airbyte", .name = "s", .value = "e30=", .of = "platform/s"},
                 {.namespace = "analytics", .name = "s", .value = "e30=", .of = "platform/s"}},
     .respect_value = true,
     .expected = "report going/s: the namespace is terminating"},
    {.name = "commander-sync: its value as a selector",
     .secrets =
         {{.namespace = "platform", .name = "s", .value = "e30=", .commander = "team=b"}},
     .respect_value = true,
     .expected = "apply analytics/s: there is no copy yet of platform/s (its annotation "
                 "astronomer.io/commander-sync)"},
    {.name = "never a token",
     .secrets = {{.namespace = "platform",
                  .name = "s",
                  .type = "kubernetes.io/service-account-token",
                  .value = "e30=",
                  .sync_to = "*"}},
     .expected = "report platform/s: this source is not copied: it is the token of a "
                 "ServiceAccount (its annotation pullgate.dev/sync-to)"},
    {.name = "two sources: the rule wins",
     .secrets = {SOURCE,
                 {.namespace = "platform-b",
                  .name = "regcred",
                  .value = "e30K",
                  .sync_to = "airbyte"}},
     .globs = "airbyte",
     .expected =
         "apply airbyte/regcred: there is no copy yet of platform/regcred (rules.yaml:9)\n"
         "report airbyte/regcred: two sources: copied from platform/regcred "
         "(rules.yaml:9), not from platform-b/regcred (its annotation "
         "pullgate.dev/sync-to)"},
    {.name = "two requests for one source are none",
     .secrets = {{.namespace = "platform",
                  .name = "regcred",
                  .value = "e30=",
                  .sync_to = "airbyte",
                  .commander = ""}},
     .globs = "airbyte,analytics",
     .expected =
         "apply airbyte/regcred: there is no copy yet of platform/regcred (rules.yaml:9)\n"
         "apply analytics/regcred: there is no copy yet of platform/regcred "
         "(rules.yaml:9)\n"
         "report going/regcred: the namespace is terminating"},
    {.name = "of two with one name the later counts",
     .secrets = {SOURCE, {COPY_V("e30g")}, {COPY_V("e30=")}},
     .globs = "airbyte",
     .expected = ""},
};

/* Names, separated by commas, as a list in YAML. */
static void put_list(struct buf *out, const char *names) {
    buf_puts(out, "[\"");
    for (const char *c = names; *c != '\0'; c++) {
        if (*c == ',')
            buf_puts(out, "\", \"");
        else
            buf_putc(out, *c);
    }
    buf_puts(out, "\"]");
}

/* A rule file in which the entry of spec.secrets is in line 9. */
static struct policy *load_policy(const char *globs) {
    struct buf yaml = BUF_INIT(4096);
    struct err err = ERR_INIT;
    struct policy *p = NULL;
    buf_puts(&yaml, "apiVersion: pullgate/v1\nkind: ImagePolicy\nspec:\n  registry: a.io\n"
                    "  imagePullSecrets: [regcred]\n  rules:\n    - {name: r, match: "
                    "{namespaces: ");
    put_list(&yaml, globs);
    buf_puts(&yaml, "}}\n  secrets:\n"
                    "    - {name: regcred, from: {namespace: platform, name: regcred}}\n");
    assert_ok(rules_parse(&p, buf_view(&yaml), "rules.yaml", NULL, &err), &err);
    buf_done(&yaml);
    return p;
}

static void fill(struct copies *c, const struct row *row) {
    copies_init(c);
    copies_namespace(c, "platform", "team=ops", false);
    copies_namespace(c, "analytics", "team=b", false);
    copies_namespace(c, "airbyte", "team=a,frozen=yes", false);
    copies_namespace(c, "going", "team=a", true);
    for (size_t i = 0; row->secrets[i].name != NULL; i++)
        copies_secret(c, &row->secrets[i]);
}

struct planned {
    struct copies copies;
    struct policy *policy;
    struct arena arena;
    struct sync_state state;
    struct sync_absence absence;
    struct sync_contest contest;
    struct sync_plan plan;
};

static const struct str annotated[] = {STR_INIT("platform*")};

static enum ec make_plan(struct planned *p, const struct row *row, struct err *err) {
    enum ec ec = EC_OK;
    p->state = (struct sync_state){.now_s = NOW_S,
                                   .grace_s = row->grace_s,
                                   .respect_value = row->respect_value,
                                   .annotated = annotated,
                                   .n_annotated = 1};
    p->absence = (struct sync_absence){STR("platform"), STR("regcred"), row->absent_s};
    p->contest = (struct sync_contest){
        .namespace = STR("airbyte"), .name = STR("regcred"), .until_s = row->contested_s};
    p->state.absent = &p->absence;
    p->state.n_absent = row->absent_s != 0;
    p->state.contests = &p->contest;
    p->state.n_contests = row->contested_s != 0;
    p->state.unknown = &row->unknown;
    p->state.n_unknown = row->unknown.why.n != 0;
    copies_state(&p->copies, &p->state);
    if (p->policy != NULL)
        ec = sync_requests(&p->state.requests, &p->state.n_requests, p->policy, &p->arena, err);
    return ec == EC_OK ? sync_plan(&p->plan, &p->state, &p->arena, err) : ec;
}

static void begin(struct planned *p, const struct row *row) {
    memset(p, 0, sizeof *p);
    p->arena = (struct arena)ARENA_INIT(4096, 1 << 24);
    p->policy = row->globs != NULL ? load_policy(row->globs) : NULL;
    fill(&p->copies, row);
}

static void end(struct planned *p) {
    copies_done(&p->copies);
    arena_done(&p->arena);
    engine_policy_free(p->policy);
}

static void put_plan(struct buf *out, const struct planned *p) {
    for (size_t i = 0; i < p->plan.n; i++) {
        buf_puts(out, i != 0 ? "\n" : "");
        sync_explain(&p->plan.v[i], p->policy, out);
    }
}

static struct planned planned; /* large */

static void a_state_has_its_plan(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct err err = ERR_INIT;
        struct buf out = BUF_INIT(1 << 16);
        begin(&planned, &rows[i]);
        assert_ok(make_plan(&planned, &rows[i], &err), &err);
        put_plan(&out, &planned);
        if (!str_eq(buf_view(&out), str_of(rows[i].expected)))
            fail_row("%s\n  found\n%.*s\n  expected\n%s", rows[i].name, STR_ARG(buf_view(&out)),
                     rows[i].expected);
        buf_done(&out);
        end(&planned);
    }
}

static const struct row *find_row(const char *name) {
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    fail_row("no row %s", name);
    return NULL;
}

static void a_plan_has_counts_and_its_next_time(void **state) {
    (void)state;
    struct err err = ERR_INIT;
    const struct row *row = find_row("the source is absent, for the first time");
    begin(&planned, row);
    assert_ok(make_plan(&planned, row, &err), &err);
    assert_int_equal(planned.plan.counts[SYNC_KEPT], 1);
    assert_int_equal(planned.plan.counts[SYNC_SOURCE_MISSING], 1);
    assert_true(planned.plan.next_s == NOW_S + 60);
    assert_true(planned.plan.v[0].until_s == NOW_S + 60);
    assert_int_equal(sync_plan_n_open(&planned.plan), 1);
    end(&planned);
    row = find_row("a copy that is current");
    begin(&planned, row);
    assert_ok(make_plan(&planned, row, &err), &err);
    assert_int_equal(planned.plan.n_wanted, 1);
    assert_int_equal(planned.plan.n_current, 1);
    assert_int_equal(sync_plan_n_open(&planned.plan), 0);
    assert_true(planned.plan.next_s == INT64_MAX);
    end(&planned);
}

static void a_plan_survives_the_lack_of_memory(void **state) {
    (void)state;
    const struct row *row = find_row("two sources: the rule wins");
    bool failed = true;
    size_t n = 0;
    begin(&planned, row);
    while (failed) {
        struct err err = ERR_INIT;
        arena_done(&planned.arena);
        mem_fault_arm(++n, MEM_FAULT_ONCE);
        enum ec ec = make_plan(&planned, row, &err);
        failed = mem_fault_disarm();
        if (ec != EC_OK && ec != EC_NOMEM)
            fail_row("allocation %zu: %s", n, err.msg);
        assert_int_equal(failed, ec == EC_NOMEM);
    }
    assert_true(n > 1);
    for (size_t room = 64; room < 8192; room += 64) { /* every arena that is too small */
        struct err err = ERR_INIT;
        arena_done(&planned.arena);
        planned.arena = (struct arena)ARENA_INIT(64, room);
        enum ec ec = make_plan(&planned, row, &err);
        if (ec != EC_OK && ec != EC_LIMIT)
            fail_row("room %zu: %s %s", room, ec_name(ec), err.msg);
    }
    end(&planned);
}

/* ---- targets ------------------------------------------------------------------------------- */

static const struct {
    const char *text, *covered; /* of the namespaces below */
    size_t offset;              /* covered is NULL: where it is wrong */
    const char *msg;
} targets[] = {
    {"a", "a"},
    {"*", "a ab b", 0, NULL},
    {"a*", "a ab", 0, NULL},
    {" b , ab ", "ab b", 0, NULL},
    {"team=x", "a ab", 0, NULL},
    {"team==x,tier", "a", 0, NULL},
    {"team = x , tier=1", "a", 0, NULL},
    {"team!=x", "b", 0, NULL},
    {"!tier,team!=y", "ab", 0, NULL},
    {"team in (x, y)", "a ab b", 0, NULL},
    {"team notin (x)", "b", 0, NULL},
    {"team in (y),e.io/k", "b", 0, NULL},
    {"e.io/k=", "b", 0, NULL},
    {"", NULL, 0, "expected names of namespaces*"},
    {"a,", NULL, 2, "expected names of namespaces*"},
    {"a,B", NULL, 2, "expected names of namespaces*"},
    {"a b", NULL, 0, "expected names of namespaces*"},
    {"=x", NULL, 0, "label key is empty*"},
    {"a=b,", NULL, 4, "label key is empty*"},
    {"team in x,=", NULL, 8, "expected \"(\"*"},
    {"team in (x", NULL, 10, "expected \")\"*"},
    {"team in (x y)", NULL, 11, "expected \")\"*"},
    {"team=x y", NULL, 7, "expected a comma*"},
    {"team=x=y", NULL, 6, "expected a comma*"},
    {"team > (3)", NULL, 5, "expected =, !=, in (...)*"},
    {"a/b/c=d", NULL, 3, "name of the label key*"},
    {"team=-x", NULL, 5, "label value begins*"},
};

static void targets_are_read(void **state) {
    (void)state;
    const struct match_label la[] = {{STR("team"), STR("x")}, {STR("tier"), STR("1")}},
                             lab[] = {{STR("team"), STR("x")}},
                             lb[] = {{STR("team"), STR("y")}, {STR("e.io/k"), STR("")}};
    const struct sync_namespace all[] = {{STR("a"), la, 2, false},
                                         {STR("ab"), lab, 1, false},
                                         {STR("b"), lb, 2, false},
                                         {STR("src"), NULL, 0, true}};
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        struct arena arena = ARENA_INIT(4096, 1 << 20);
        struct err err = ERR_INIT;
        struct sync_request r = {
            .source_namespace = STR("src"), .source_name = STR("s"), .name = STR("s")};
        enum ec ec = sync_read_targets(&r, str_of(targets[i].text), &arena, &err);
        if (targets[i].covered == NULL) {
            struct str msg = str_of(targets[i].msg);
            if (ec != EC_SYNTAX || err.offset != targets[i].offset ||
                !str_starts(str_of(err.msg), str_slice(msg, 0, msg.n - 1)))
                fail_row("%s: %s at %zu: %s", targets[i].text, ec_name(ec), err.offset,
                         err.msg);
            arena_done(&arena);
            continue;
        }
        assert_ok(ec, &err);
        const struct sync_key key = {.key = STR(".dockerconfigjson"), .value = STR("e30=")};
        const struct sync_secret source = {.namespace = STR("src"),
                                           .name = STR("s"),
                                           .type = STR("kubernetes.io/dockerconfigjson"),
                                           .keys = &key,
                                           .n_keys = 1,
                                           .has_data = true};
        const struct sync_state st = {.secrets = &source,
                                      .n_secrets = 1,
                                      .namespaces = all,
                                      .n_namespaces = 4,
                                      .requests = &r,
                                      .n_requests = 1};
        struct sync_plan plan;
        struct buf found = BUF_INIT(1024);
        assert_ok(sync_plan(&plan, &st, &arena, &err), &err);
        for (size_t k = 0; k < plan.n; k++)
            buf_printf(&found, "%s%.*s", k ? " " : "", STR_ARG(plan.v[k].namespace));
        if (!str_eq(buf_view(&found), str_of(targets[i].covered)))
            fail_row("%s: found %.*s, expected %s", targets[i].text, STR_ARG(buf_view(&found)),
                     targets[i].covered);
        buf_done(&found);
        arena_done(&arena);
    }
}

/* Requests are of the rules of the same file that add the secret. */
static void requests_follow_from_rules(void **state) {
    (void)state;
    const char *yaml = "apiVersion: pullgate/v1\nkind: ImagePolicy\nspec:\n  registry: a.io\n"
                       "  rules:\n"
                       "    - {name: a, match: {namespaces: [x, \"y-*\"]}, imagePullSecrets: "
                       "[one, {name: one, for: a.io}]}\n"
                       "    - {name: b, match: {namespaces: [z]}, imagePullSecrets: [one]}\n"
                       "    - {name: c, imagePullSecrets: [two, other]}\n"
                       "  secrets:\n"
                       "    - {name: two, from: {namespace: p, name: q}}\n"
                       "    - {name: one, from: {namespace: p, name: r}}\n"
                       "    - {name: unused, from: {namespace: p, name: r}}\n";
    struct arena arena = ARENA_INIT(4096, 1 << 20);
    struct err err = ERR_INIT;
    struct policy *p = NULL;
    const struct sync_request *r;
    size_t n;
    assert_ok(rules_parse(&p, str_of(yaml), "rules.yaml", NULL, &err), &err);
    assert_ok(sync_requests(&r, &n, p, &arena, &err), &err);
    assert_int_equal(n, 2);
    assert_str(r[0].name, STR("one"));
    assert_str(r[0].source_name, STR("r"));
    assert_false(r[0].everywhere);
    assert_int_equal(r[0].n_globs, 3);
    assert_str(r[0].globs[0], STR("x"));
    assert_str(r[0].globs[1], STR("y-*"));
    assert_str(r[0].globs[2], STR("z"));
    assert_str(r[1].name, STR("two"));
    assert_true(r[1].everywhere);
    assert_int_equal(r[1].pos.line, 10);
    engine_policy_free(p);
    arena_done(&arena);
}

/* ---- contests ------------------------------------------------------------------------------ */

static void the_third_change_in_a_minute_is_a_contest(void **state) {
    (void)state;
    struct sync_contest c = {.n = 0};
    sync_contest_note(&c, 100);
    sync_contest_note(&c, 130);
    assert_true(c.until_s == 0);
    assert_false(sync_contest_is_over(&c, 131));
    sync_contest_note(&c, 159);
    assert_true(c.until_s == 159 + SYNC_CONTEST_PAUSE_S);
    assert_false(sync_contest_is_over(&c, 159 + SYNC_CONTEST_PAUSE_S - 1));
    assert_true(sync_contest_is_over(&c, 159 + SYNC_CONTEST_PAUSE_S));
    c = (struct sync_contest){.n = 0};
    for (int64_t t = 0; t < 1000; t += 30) /* two in a minute, for ever */
        sync_contest_note(&c, t);
    assert_true(c.until_s == 0);
    assert_true(sync_contest_is_over(&c, 2000));
}

/* ---- JSON ---------------------------------------------------------------------------------- */

static void a_copy_is_printed(void **state) {
    (void)state;
    const struct sync_reader r = {.sha256 = copies_sha256, .instance = STR("i")};
    const struct sync_key keys[] = {{.key = STR(".dockerconfigjson"), .value = STR("e30=")}};
    char name[101];
    memset(name, 'n', 100);
    name[100] = '\0';
    const struct sync_secret source = {.namespace = STR("platform"),
                                       .name = str_of(name),
                                       .type = STR("kubernetes.io/dockerconfigjson"),
                                       .keys = keys,
                                       .n_keys = 1,
                                       .content = "c0"};
    const struct sync_action a = {
        .namespace = STR("airbyte"), .name = STR("regcred"), .source = &source};
    struct buf out = BUF_INIT(1 << 16);
    char sha[SYNC_SHA256_BYTES], mark[SYNC_SHA256_BYTES], text[200], expected[2000];
    copies_sha256(str_of(name), sha);
    int n =
        snprintf(text, sizeof text, "i%cplatform%c%s%cairbyte%cregcred%c", 0, 0, name, 0, 0, 0);
    copies_sha256((struct str){text, (size_t)n}, mark);
    snprintf(expected, sizeof expected,
             "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"regcred\","
             "\"namespace\":\"airbyte\",\"labels\":{\"app.kubernetes.io/managed-by\":"
             "\"pullgate\",\"pullgate.dev/copy\":\"%.32s\","
             "\"pullgate.dev/source-namespace\":\"platform\",\"pullgate.dev/source-name\":"
             "\"%.46s-%.16s\"},\"annotations\":{\"pullgate.dev/source\":\"platform/%s\","
             "\"pullgate.dev/content-sha256\":\"c0\"}},\"type\":"
             "\"kubernetes.io/dockerconfigjson\",\"data\":{\".dockerconfigjson\":\"e30=\"}}",
             mark, name, sha, name);
    sync_print_copy(&out, &r, &a);
    assert_str(buf_view(&out), str_of(expected));
    buf_done(&out);
}

static const struct {
    const char *text, *msg;
} bad_secrets[] = {
    {"[]", "expected an object of kind Secret"},
    {"{\"kind\":\"ConfigMap\"}", "kind: expected Secret, found \"ConfigMap\""},
    {"{\"kind\":3}", "kind: expected a string without U+0000 and lone surrogates"},
    {"{}", "the object has no name"},
    {"{\"metadata\":[]}", "metadata: expected a map"},
    {"{\"metadata\":{\"name\":\"a\"}}", "Secret a has no namespace"},
    {"{\"metadata\":{\"name\":\"a\\u0000\"}}",
     "name: expected a string without U+0000 and lone surrogates"},
    {"{\"metadata\":{\"name\":\"a\",\"namespace\":\"b\"},\"data\":{\"k\":1}}",
     "data: expected strings in base64"},
    {"{\"metadata\":{\"name\":\"a\",\"namespace\":\"b\"},\"data\":\"k\"}",
     "data: expected a map"},
    {"{\"metadata\":{\"name\":\"a\",\"namespace\":\"b\",\"labels\":3}}",
     "labels: expected a map"},
    {"{\"metadata\":{\"name\":\"a\",\"namespace\":\"b\",\"annotations\":{"
     "\"pullgate.dev/sync-to\":true}}}",
     "pullgate.dev/sync-to: expected a string without U+0000 and lone surrogates"},
};

static enum ec read_text(const char *text, bool namespace, struct err *err) {
    const struct sync_reader r = {.sha256 = copies_sha256, .keep_data = true};
    struct arena arena = ARENA_INIT(4096, 1 << 20);
    struct json j = JSON_INIT;
    char room[2000] = "";
    struct sync_secret s;
    struct sync_namespace ns;
    snprintf(room, sizeof room - JSON_PADDING, "%s", text);
    enum ec ec = json_parse(&j, room, strlen(room), JSON_LIMITS_DEFAULT, err);
    if (ec == EC_OK)
        ec = namespace ? sync_read_namespace(&ns, &j, 0, &arena, err)
                       : sync_read_secret(&s, &r, &j, 0, &arena, err);
    json_done(&j);
    arena_done(&arena);
    return ec;
}

static void what_is_no_secret_is_refused(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof bad_secrets / sizeof *bad_secrets; i++) {
        struct err err = ERR_INIT;
        enum ec ec = read_text(bad_secrets[i].text, false, &err);
        if (ec != EC_SCHEMA || strcmp(err.msg, bad_secrets[i].msg) != 0)
            fail_row("%s: %s %s, expected %s", bad_secrets[i].text, ec_name(ec), err.msg,
                     bad_secrets[i].msg);
    }
    struct err err = ERR_INIT;
    assert_int_equal(read_text("{\"kind\":\"Namespace\",\"metadata\":{}}", true, &err),
                     EC_SCHEMA);
    err = (struct err)ERR_INIT;
    assert_int_equal(
        read_text("{\"metadata\":{\"name\":\"a\",\"labels\":{\"a\":1}}}", true, &err),
        EC_SCHEMA);
}

static void reading_survives_the_lack_of_memory(void **state) {
    (void)state;
#define PULL_SECRET(value)                                                                     \
    "{\"type\":\"kubernetes.io/dockerconfigjson\",\"metadata\":{\"name\":\"a\","               \
    "\"namespace\":\"b\"},\"data\":{\".dockerconfigjson\":\"" value "\"}}"
    static const char good[] = PULL_SECRET("eyJhdXRocyI6eyJhLmlvIjp7ImF1dGgiOiJkVHB3In19fQ==");
    static const char bad[] = PULL_SECRET("bm8=");
    static const char namespace[] = "{\"metadata\":{\"name\":\"a\",\"labels\":{\"a\":\"b\"}}}";
    static const char *const texts[] = {good, bad, namespace};
    for (size_t i = 0; i < 3; i++) {
        bool failed = true;
        for (size_t n = 1; failed; n++) {
            struct err err = ERR_INIT;
            mem_fault_arm(n, MEM_FAULT_ONCE);
            enum ec ec = read_text(texts[i], i == 2, &err);
            failed = mem_fault_disarm();
            if (ec != (failed ? EC_NOMEM : EC_OK))
                fail_row("%s: allocation %zu: %s %s", texts[i], n, ec_name(ec), err.msg);
        }
    }
    struct copies *c = &planned.copies;
    copies_init(c);
    copies_secret(c, &(struct copies_secret){.namespace = "a", .name = "b", .value = "e30="});
    copies_namespace(c, "a", "b=c", false);
    mem_fault_arm(1, MEM_FAULT_ON);
    assert_null(sync_secret_new(c->secrets[0]));
    assert_null(sync_namespace_new(c->namespaces[0]));
    mem_fault_disarm();
    copies_done(c);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_state_has_its_plan),
    cmocka_unit_test(a_plan_has_counts_and_its_next_time),
    cmocka_unit_test(a_plan_survives_the_lack_of_memory),
    cmocka_unit_test(targets_are_read),
    cmocka_unit_test(requests_follow_from_rules),
    cmocka_unit_test(the_third_change_in_a_minute_is_a_contest),
    cmocka_unit_test(a_copy_is_printed),
    cmocka_unit_test(what_is_no_secret_is_refused),
    cmocka_unit_test(reading_survives_the_lack_of_memory),
};

TEST_MAIN(tests)
