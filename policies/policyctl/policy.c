#include "policyctl/policy.h"
#include "policyctl/verb.h"

#include "certs/certs.h"
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

static struct rules_options options_at(int64_t now_s) {
    return (struct rules_options){
        .warn = warn, .pipes = true, .now_s = now_s, .sha256 = certs_sha256_hex};
}

enum ec policy_load(struct policy **out, const char *path, int64_t now_s, struct err *err) {
    const struct rules_options options = options_at(now_s);
    enum ec ec = policy_named(path, err);
    return ec != EC_OK ? ec : rules_load(out, path, &options, err);
}

enum ec policy_parse(struct policy **out, struct str text, const char *path, int64_t now_s,
                     struct err *err) {
    const struct rules_options options = options_at(now_s);
    return rules_parse(out, text, path, &options, err);
}
