#include "policyctl/policy.h"

#include "certs/certs.h"
#include "policyctl/verb.h"
#include "rules/rules.h"

static void warn(void *arg, enum rules_lint lint, const char *file, struct policy_pos pos,
                 const char *text) {
    (void)arg;
    (void)lint;
    verb_tell("%s:%u:%u: warning: %s", file, pos.line, pos.col, text);
}

enum ec policy_named(const char *path, struct err *err) {
    if (path == NULL || path[0] == '\0')
        return err_set(err, EC_USAGE,
                       "no rule file: give -p FILE or set PULLGATE_POLICY; try --help");
    return EC_OK;
}

/* Of several errors all but the last are told here; the last is the verb's to tell. */
struct errors {
    struct err last;
    size_t n;
};

static void tell(void *arg, const struct err *err, size_t n) {
    struct errors *e = arg;
    if (++e->n < n)
        (void)verb_fail(err);
    e->last = *err;
}

static struct rules_options options_at(int64_t now_s, struct errors *errors) {
    return (struct rules_options){.warn = warn,
                                  .arg = errors,
                                  .error = tell,
                                  .pipes = true,
                                  .now_s = now_s,
                                  .sha256 = certs_sha256_hex};
}

static enum ec keep_last(const struct errors *errors, enum ec ec, struct err *err) {
    if (ec != EC_OK && errors->n != 0)
        *err = errors->last;
    return err->code;
}

enum ec policy_load(struct policy **out, const char *path, int64_t now_s, struct err *err) {
    struct errors errors = {.n = 0};
    const struct rules_options options = options_at(now_s, &errors);
    if (policy_named(path, err) != EC_OK)
        return err->code;
    return keep_last(&errors, rules_load(out, path, &options, err), err);
}

enum ec policy_parse(struct policy **out, struct str text, const char *path, int64_t now_s,
                     struct err *err) {
    struct errors errors = {.n = 0};
    const struct rules_options options = options_at(now_s, &errors);
    return keep_last(&errors, rules_parse(out, text, path, &options, err), err);
}
