/* Any bytes are a suite whose cases run, or an error that says where. Files that a case names are not
 * read: the fuzzer would find those of the machine. */
#include "rules/rules.h"
#include "suite/suite.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CASES_MAX = 50 };

static struct policy *load(void) {
    static const char text[] = "apiVersion: pullgate/v1\nkind: ImagePolicy\nspec:\n"
                               "  registry: ghcr.io/acme\n  imagePullSecrets: [regcred]\n"
                               "  approved: [ghcr.io/other]\n";
    const struct rules_options options = {.now_s = 1795000000};
    struct policy *policy = NULL;
    struct err err = ERR_INIT;
    if (rules_parse(&policy, str_of(text), "rules.yaml", &options, &err) != EC_OK)
        abort();
    return policy;
}

static void check_case(struct suite *s, struct suite_case *c, const struct policy *policy) {
    struct err err = ERR_INIT;
    assert(c->name.n != 0 && c->pos.line != 0);
    assert((c->file != NULL) != (c->object != JSON_NONE));
    if (c->file != NULL)
        return;
    enum ec ec = suite_run(s, c, policy, &err);
    assert(ec == EC_OK || ec == EC_LIMIT);
    for (const struct suite_failure *f = c->failures; f != NULL; f = f->next)
        assert(f->what[0] != '\0' && f->pos.line != 0);
}

static void check_error(const struct err *err, enum ec ec) {
    assert(err->code == ec && err->msg[0] != '\0');
    assert(ec == EC_SYNTAX || ec == EC_SCHEMA || ec == EC_LIMIT);
    assert(str_eq(str_of(err->where), STR("folder/fuzz.test.yaml")));
    bool empty = str_eq(str_of(err->msg), STR("not a suite: the file is empty"));
    assert(ec == EC_LIMIT || empty || (err->line != 0 && err->col != 0));
}

static void check_text(struct str text, const struct policy *policy) {
    struct suite s;
    struct err err = ERR_INIT;
    enum ec ec = suite_parse(&s, text, "folder/fuzz.test.yaml", &err);
    if (ec != EC_OK)
        check_error(&err, ec);
    for (size_t i = 0; ec == EC_OK && i < s.n_cases && i < CASES_MAX; i++)
        check_case(&s, &s.cases[i], policy);
    suite_close(&s);
}

/* The bytes are a file; and, so that not all of them fail at its first line, a list of cases. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct policy *policy;
    struct buf file = BUF_INIT(64 << 20);
    if (policy == NULL)
        policy = load();
    struct str text = {(const char *)data, size};
    check_text(text, policy);
    buf_puts(&file, "apiVersion: pullgate/v1\nkind: PolicyTest\npolicy: p\ncases:\n");
    buf_str(&file, text);
    if (!file.bad)
        check_text(buf_view(&file), policy);
    buf_done(&file);
    return 0;
}
