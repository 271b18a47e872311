/* Dumps in the forms that kubectl and people give them; what is found in each; nothing of a Secret in a finding;
 * out of memory, at each allocation once. That each code is found, and gone after its mend, is tests/cli/doctor.py. */
#include "mem_fault.h"
#include "test.h"

#include "certs/certs.h"
#include "doctor/doctor.h"
#include "rules/rules.h"

#include <stdlib.h>

enum { ALLOCATIONS_MAX = 20000 };

static const int64_t now_s = 1795176000; /* 2026-11-20 12:00 */
static struct policy *policy;

static int load(void **state) {
    static const char text[] = "apiVersion: pullgate/v1\nkind: ImagePolicy\nspec:\n  rules:\n"
                               "  - name: jobs\n    match: {namespaces: [airbyte]}\n"
                               "    registry: ghcr.io/acme\n    imagePullSecrets: [regcred]\n";
    const struct rules_options options = {.now_s = now_s};
    struct err err = ERR_INIT;
    (void)state;
    return rules_parse(&policy, str_of(text), "rules.yaml", &options, &err) != EC_OK;
}

static int unload(void **state) {
    (void)state;
    engine_policy_free(policy);
    return 0;
}

/* ---- a run ---------------------------------------------------------------------------------- */

struct run {
    const char *namespace, *values;
    size_t n_faults;
    struct buf codes; /* "PG101 Secret/a/b\n" ... of warnings and errors */
    struct buf texts; /* all texts of all findings */
};

static void count_fault(void *arg, const struct object_fault *f) {
    struct run *r = arg;
    assert_null(f->lines); /* they may hold credentials */
    r->n_faults++;
}

static void take_findings(struct run *r, const struct doctor *d) {
    size_t n;
    const struct doctor_finding *v = doctor_findings(d, &n);
    for (size_t i = 0; i < n; i++) {
        const struct doctor_finding *f = &v[i];
        assert_true(f->message.n != 0 && f->effect.n != 0 && f->mend.n != 0);
        assert_int_equal(f->mend.p[f->mend.n], '\0');
        buf_printf(&r->texts, "%.*s\n%.*s\n%.*s\n%.*s\n", STR_ARG(f->object),
                   STR_ARG(f->message), STR_ARG(f->effect), STR_ARG(f->mend));
        if (f->level != DOCTOR_NOTE)
            buf_printf(&r->codes, "%s %.*s\n", doctor_codes[f->code].id, STR_ARG(f->object));
    }
}

static enum ec examine(struct run *r, struct str dump, struct err *err) {
    const struct doctor_options options = {.policy = policy,
                                           .namespace = str_of(r->namespace),
                                           .now_s = now_s,
                                           .soon_s = 7200,
                                           .fault = count_fault,
                                           .arg = r};
    struct doctor *d = NULL;
    if (doctor_new(&d, &options, err) == EC_OK &&
        doctor_read(d, "dump.json", dump, err) == EC_OK &&
        (r->values == NULL ||
         doctor_read_values(d, "values.yaml", str_of(r->values), err) == EC_OK) &&
        doctor_examine(d, err) == EC_OK)
        take_findings(r, d);
    doctor_free(d);
    return err->code;
}

static void start(struct run *r) {
    *r = (struct run){.codes = BUF_INIT(1 << 20), .texts = BUF_INIT(1 << 22)};
}

static void end(struct run *r) {
    buf_done(&r->codes);
    buf_done(&r->texts);
}

/* ---- forms of dumps ------------------------------------------------------------------------- */

#define META(name) "\"metadata\":{\"name\":\"" name "\",\"namespace\":\"airbyte\"}"
#define SECRET_BODY META("regcred") ",\"type\":\"kubernetes.io/dockerconfigjson\""
/* {"auths":{"ghcr.io":{"username":"u","password":"nobodyknows"}}} */
#define AUTHS                                                                                  \
    "eyJhdXRocyI6eyJnaGNyLmlvIjp7InVzZXJuYW1lIjoidSIsInBhc3N3b3JkIjoibm9ib2R5a25vd3MifX19"
#define GOOD SECRET_BODY ",\"data\":{\".dockerconfigjson\":\"" AUTHS "\"}"
#define SPEC                                                                                   \
    "\"spec\":{\"containers\":[{\"name\":\"a\",\"image\":\"ghcr.io/acme/x:1\"}],"              \
    "\"imagePullSecrets\":[{\"name\":\"regcred\"}]}"
#define V1(kind) "\"apiVersion\":\"v1\",\"kind\":\"" kind "\""
#define SECRET "{" V1("Secret") "," GOOD "}"
#define POD "{" V1("Pod") "," META("p") "," SPEC "}"
#define LIST(items) "{" V1("List") ",\"items\":[" items "]}"
#define MISSING "PG101 Secret/airbyte/regcred\n"
#define EVENT(kind, about, text)                                                               \
    "{\"apiVersion\":\"" kind "\",\"kind\":\"Event\"," META(                                   \
        "e") ",\"" about "\":{\"kind\":\"Pod\",\"namespace\":\"airbyte\",\"name\":\"gone\"},"  \
             "\"reason\":\"Failed\",\"" text "\":\"Failed to pull image \\\"x\\\": denied\"}"

static const struct row {
    const char *name, *dump, *codes;
    const char *namespace, *values;
} rows[] = {
    {"an empty List", LIST(""), ""},
    {"a pod and its secret", LIST(SECRET "," POD), ""},
    {"a pod without it", LIST(POD), MISSING},
    {"objects one after the other", SECRET POD, ""},
    {"Lists one after the other", LIST(POD) "\n" LIST(SECRET), ""},
    {"a List of a kind, whose items do not name it",
     "{" V1("PodList") ",\"items\":[{" META("p") "," SPEC "}]}{" V1(
         "SecretList") ",\"items\":[{" GOOD "}]}",
     ""},
    {"a List in a List", LIST(LIST(POD)), MISSING},
    {"YAML",
     "apiVersion: v1\nkind: Secret\nmetadata: {name: regcred, namespace: airbyte}\n"
     "type: kubernetes.io/dockerconfigjson\nstringData:\n  .dockerconfigjson: "
     "'{\"auths\":{\"ghcr.io\":"
     "{\"username\":\"u\",\"password\":\"nobodyknows\"}}}'\n---\n" POD "\n",
     ""},
    {"stringData wins",
     "{" V1("Secret") "," GOOD ",\"stringData\":{\".dockerconfigjson\":\"{}\"}}",
     "PG105 Secret/airbyte/regcred\n"},
    {"data that is not base64",
     "{" V1("Secret") "," SECRET_BODY ",\"data\":{\".dockerconfigjson\":\"nobodyknows!\"}}" POD,
     "PG104 Secret/airbyte/regcred\n"},
    {"data that is no text",
     "{" V1("Secret") "," SECRET_BODY ",\"data\":{\".dockerconfigjson\":[1]}}" POD,
     "PG103 Secret/airbyte/regcred\n"},
    {"data that is no mapping", "{" V1("Secret") "," SECRET_BODY ",\"data\":3}" POD,
     "PG103 Secret/airbyte/regcred\n"},
    {"a pod that is over",
     "{" V1("Pod") "," META("p") "," SPEC ",\"status\":{\"phase\":\"Succeeded\"}}"
                                 "{" V1("Secret") "," GOOD "}",
     ""},
    {"a ReplicaSet of a Deployment is the Deployment's",
     SECRET "{\"apiVersion\":\"apps/"
            "v1\",\"kind\":\"ReplicaSet\",\"metadata\":{\"name\":\"r\",\"namespace\":"
            "\"airbyte\",\"ownerReferences\":[{\"kind\":\"Deployment\",\"name\":\"d\"}]},"
            "\"spec\":{\"template\":"
            "{\"spec\":{\"containers\":[{\"name\":\"a\",\"image\":\"x\"}],\"imagePullSecrets\":"
            "[{\"name\":\"gone\"}]"
            "}}}}",
     ""},
    {"an event that is about no object",
     "{" V1("Event") "," META("e") ",\"reason\":\"Failed\",\"message\":\"Failed to pull image "
                                   "\\\"x\\\": denied\"}",
     "PG401 Event/airbyte/e\n"},
    {"events of core/v1", SECRET EVENT("v1", "involvedObject", "message"),
     "PG401 Pod/airbyte/gone\n"},
    {"events of events.k8s.io", SECRET EVENT("events.k8s.io/v1", "regarding", "note"),
     "PG401 Pod/airbyte/gone\n"},
    {"an event twice",
     SECRET EVENT("v1", "involvedObject", "message") EVENT("v1", "involvedObject", "message"),
     "PG401 Pod/airbyte/gone\n"},
    {"an Event of another group", SECRET EVENT("example.com/v1", "involvedObject", "message"),
     ""},
    {"another namespace is asked for", LIST(POD), "", .namespace = "other"},
    {"values that agree", SECRET, "",
     .values = "global: {imagePullSecrets: [{name: regcred}]}"},
    {"values that differ", SECRET, "PG209 Values/global.imagePullSecrets\n",
     .values = "global: {imagePullSecrets: [{name: old}]}"},
    {"values without the key", SECRET, "", .values = "global: {}"},
};

static void test_forms(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct run r;
        struct err err = ERR_INIT;
        start(&r);
        r.namespace = rows[i].namespace;
        r.values = rows[i].values;
        assert_ok(examine(&r, str_of(rows[i].dump), &err), &err);
        const struct str expected = str_of(rows[i].codes);
        if (!str_eq(buf_view(&r.codes), expected) || r.n_faults != 0)
            fail_row("%s:\n  found    %.*s\n  expected %.*s", rows[i].name,
                     STR_ARG(buf_view(&r.codes)), STR_ARG(expected));
        if (r.texts.n != 0 && memmem(r.texts.p, r.texts.n, "nobodyknows", 11) != NULL)
            fail_row("%s: a finding has content of a Secret", rows[i].name);
        end(&r);
    }
}

/* ---- what cannot be read --------------------------------------------------------------------- */

static void test_faults(void **state) {
    static const struct {
        const char *dump;
        size_t n_faults;
    } broken[] = {
        {"[1]", 1},
        {"{\"a\":1}", 1},
        {"{" V1("Pod") ",\"spec\":{\"containers\":3}}",
         0}, /* a pod that is refused: a finding */
        {LIST("1," SECRET ",{}"), 2},
        {"{" V1("Secret") "," GOOD, 1},
        {SECRET "{", 1},
        {"{" V1("Pod") ",\"apiVersion\":\"v1\"}", 1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        struct run r;
        struct err err = ERR_INIT;
        start(&r);
        assert_ok(examine(&r, str_of(broken[i].dump), &err), &err);
        if (r.n_faults != broken[i].n_faults)
            fail_row("%s: %zu faults, expected %zu", broken[i].dump, r.n_faults,
                     broken[i].n_faults);
        end(&r);
    }
}

static void test_values_that_are_none(void **state) {
    static const char *const values[] = {"[a]", "a: b: c", "text"};
    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        struct run r;
        struct err err = ERR_INIT;
        start(&r);
        r.values = values[i];
        assert_int_not_equal(examine(&r, STR(LIST("")), &err), EC_OK);
        assert_string_equal(err.where, "values.yaml");
        end(&r);
    }
}

/* ---- codes ------------------------------------------------------------------------------------ */

static void test_codes(void **state) {
    struct buf text = BUF_INIT(1 << 20), page = BUF_INIT(1 << 20);
    (void)state;
    doctor_codes_text(&text);
    doctor_codes_markdown(&page);
    assert_int_equal(text.bad + page.bad, 0);
    for (size_t i = 0; i < DOCTOR_N_CODES; i++) {
        const struct doctor_code_row *row = &doctor_codes[i];
        assert_true(strlen(row->id) == 5 && row->about[0] && row->effect[0] && row->mend[0]);
        assert_true(i == 0 || strcmp(doctor_codes[i - 1].id, row->id) < 0);
        assert_ptr_equal(doctor_code_find(str_of(row->id)), row);
        assert_ptr_equal(doctor_code_find(str_of(row->word)), row);
        assert_non_null(memmem(text.p, text.n, row->id, 5));
        assert_non_null(memmem(page.p, page.n, row->id, 5));
    }
    assert_null(doctor_code_find(STR("PG000")));
    assert_null(doctor_code_find(STR_NONE));
    buf_done(&text);
    buf_done(&page);
}

/* ---- out of memory ---------------------------------------------------------------------------- */

/* Something of each kind, with a certificate. */
static void put_all(struct buf *out) {
    struct certs_files files = CERTS_FILES_INIT;
    const struct certs_request request = {.service = STR("pullgate"),
                                          .namespace = STR("pullgate"),
                                          .now_s = now_s,
                                          .days = 365,
                                          .ca_days = 3650};
    struct err err = ERR_INIT;
    assert_ok(certs_make(&files, &request, &err), &err);
    buf_puts(out, LIST(SECRET "," POD "," EVENT("v1", "involvedObject", "message")));
    buf_puts(
        out,
        "{" V1(
            "Namespace") ",\"metadata\":{\"name\":\"airbyte\",\"labels\":{\"a\":\"b\"}}}"
                         "{" V1("ServiceAccount") "," META(
                             "default") ",\"imagePullSecrets\":[{\"name\":\"sa\"}]}"
                                        "{" V1(
                                            "Service") ",\"metadata\":{\"name\":\"pullgate\","
                                                       "\"namespace\":\"pullgate\"},"
                                                       "\"spec\":{\"selector\":{\"a\":\"b\"}}}"
                                                       "{" V1("ConfigMap") "," META(
                                                           "env") ",\"data\":{\"JOB_KUBE_MAIN_"
                                                                  "CONTAINER_IMAGE_PULL_"
                                                                  "SECRET\":\"c\"}}"
                                                                  "{\"apiVersion\":\"apps/"
                                                                  "v1\",\"kind\":"
                                                                  "\"Deployment\"," META(
                                                                      "d") ",\"spec\":{"
                                                                           "\"template\":{"
                                                                           "\"spec\":"
                                                                           "{\"containers\":[{"
                                                                           "\"name\":\"a\","
                                                                           "\"image\":\"x\","
                                                                           "\"env\":[{\"name\":"
                                                                           "\"JOB_KUBE_MAIN_"
                                                                           "CONTAINER_IMAGE_"
                                                                           "PULL_SECRET\","
                                                                           "\"value\":\"a, "
                                                                           "b\"}]}],"
                                                                           "\"imagePullSecrets"
                                                                           "\":[{}]}}}}");
    buf_puts(out, "{" V1("Pod") "," META(
                      "waits") ",\"spec\":{\"containers\":[{\"name\":\"a\",\"image\":"
                               "\"ghcr.io/acme/"
                               "y\"}],\"imagePullSecrets\":[{\"name\":\"regcred\"}]},"
                               "\"status\":{\"containerStatuses\":"
                               "[{\"name\":\"a\",\"state\":{\"waiting\":{\"reason\":"
                               "\"ErrImagePull\",\"message\":\"denied\"}}}]}}");
    buf_puts(out, "{" V1("Secret") ",\"metadata\":{\"name\":\"tls\",\"namespace\":\"pullgate\"}"
                                   ",\"data\":{\"tls.crt\":\"");
    buf_base64(out, buf_view(&files.tls_crt));
    buf_puts(out, "\"}}{\"apiVersion\":\"admissionregistration.k8s.io/"
                  "v1\",\"kind\":\"MutatingWebhookConfiguration\","
                  "\"metadata\":{\"name\":\"pullgate\"},\"webhooks\":[{\"name\":\"mutate."
                  "pullgate.svc\",\"clientConfig\":"
                  "{\"service\":{\"name\":\"pullgate\",\"namespace\":\"pullgate\",\"path\":\"/"
                  "mutate\"},\"caBundle\":\"");
    buf_base64(out, buf_view(&files.ca_crt));
    buf_puts(out, "\"},\"rules\":[{\"apiGroups\":[\"\"],\"operations\":[\"CREATE\"],"
                  "\"resources\":[\"pods\"]}],"
                  "\"namespaceSelector\":{\"matchLabels\":{\"c\":\"d\"}},\"failurePolicy\":"
                  "\"Ignore\"}]}");
    certs_files_done(&files);
}

static void test_no_memory(void **state) {
    struct buf dump = BUF_INIT(1 << 20);
    struct run good;
    struct err err = ERR_INIT;
    bool hit = true;
    (void)state;
    put_all(&dump);
    start(&good);
    good.values = "global: {imagePullSecrets: [{name: old}]}";
    assert_ok(examine(&good, buf_view(&dump), &err), &err);
    assert_true(good.codes.n > 100 && good.n_faults == 0);
    for (size_t n = 1; hit && n < ALLOCATIONS_MAX; n++) {
        struct run r;
        size_t live = mem_fault_live();
        start(&r);
        r.values = good.values;
        err = (struct err)ERR_INIT;
        mem_fault_arm(n, MEM_FAULT_ONCE);
        enum ec ec = examine(&r, buf_view(&dump), &err);
        hit = mem_fault_disarm();
        assert_true(ec == EC_OK || ec == EC_NOMEM);
        if (ec == EC_OK && r.codes.bad == 0 && r.n_faults == 0)
            assert_str(buf_view(&r.codes), buf_view(&good.codes));
        end(&r);
        assert_int_equal(mem_fault_live(), live);
    }
    assert_false(hit);
    end(&good);
    buf_done(&dump);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_forms),
    cmocka_unit_test(test_faults),
    cmocka_unit_test(test_values_that_are_none),
    cmocka_unit_test(test_codes),
    cmocka_unit_test(test_no_memory),
};

int main(void) {
    return cmocka_run_group_tests(tests, load, unload);
}
