/* Any bytes are a dump: findings, each whole, or documents that cannot be read. The bytes are a whole dump; and the
 * value of a Secret's key, beside a pod that needs it. */
#include "doctor/doctor.h"
#include "rules/rules.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NOW_S = 1795176000 };

static struct policy *load(void) {
    static const char text[] = "apiVersion: pullgate/v1\nkind: ImagePolicy\nspec:\n"
                               "  registry: ghcr.io/acme\n  imagePullSecrets: [regcred]\n"
                               "  rules:\n  - {name: a, match: {namespaces: [airbyte]}}\n"
                               "  - {name: b, mirrors: {quay.io: ghcr.io/q}}\n";
    const struct rules_options options = {.now_s = NOW_S};
    struct policy *policy = NULL;
    struct err err = ERR_INIT;
    if (rules_parse(&policy, str_of(text), "rules.yaml", &options, &err) != EC_OK)
        abort();
    return policy;
}

static void check_finding(const struct doctor_finding *f) {
    assert(f->code < DOCTOR_N_CODES && f->level <= DOCTOR_ERROR);
    assert(f->object.n != 0 && f->message.n != 0 && f->effect.n != 0 && f->mend.n != 0);
    assert(f->mend.p[f->mend.n] == '\0');
    assert((f->rule_line != 0) == (f->rule_file.n != 0));
}

static void examine(const struct policy *policy, struct str dump, struct str namespace) {
    const struct doctor_options options = {
        .policy = policy, .namespace = namespace, .now_s = NOW_S, .soon_s = 7200};
    struct doctor *d = NULL;
    struct err err = ERR_INIT;
    size_t n;
    if (doctor_new(&d, &options, &err) == EC_OK &&
        doctor_read(d, "dump", dump, &err) == EC_OK && doctor_examine(d, &err) == EC_OK) {
        const struct doctor_finding *v = doctor_findings(d, &n);
        for (size_t i = 0; i < n; i++)
            check_finding(&v[i]);
    }
    assert(err.code == EC_OK || err.code == EC_LIMIT);
    doctor_free(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct policy *policy;
    struct buf dump = BUF_INIT(64 << 20);
    const struct str bytes = {(const char *)data, size};
    if (policy == NULL)
        policy = load();
    examine(policy, bytes, STR_NONE);
    examine(policy, bytes, STR("airbyte"));
    buf_puts(&dump, "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"p\","
                    "\"namespace\":\"airbyte\"},"
                    "\"spec\":{\"containers\":[{\"name\":\"a\",\"image\":\"x\"}]}}"
                    "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":"
                    "\"regcred\",\"namespace\":"
                    "\"airbyte\"},\"type\":\"kubernetes.io/"
                    "dockerconfigjson\",\"data\":{\".dockerconfigjson\":\"");
    buf_base64(&dump, bytes);
    buf_puts(&dump, "\"}}");
    if (!dump.bad)
        examine(policy, buf_view(&dump), STR_NONE);
    buf_done(&dump);
    return 0;
}
