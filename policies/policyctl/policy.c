#include "policyctl/policy.h"

#include "certs/certs.h"
#include "rules/rules.h"

#include <stdio.h>

static void warn(void *arg, enum rules_lint lint, const char *file, struct policy_pos pos,
                 const char *text) {
    (void)arg;
    (void)lint;
    fprintf(stderr, "%s:%u:%u: warning: %s\n", file, pos.line, pos.col, text);
}

enum ec policy_load(struct policy **out, const char *path, int64_t now_s, struct err *err) {
    const struct rules_options options = {
        .warn = warn, .pipes = true, .now_s = now_s, .sha256 = certs_sha256_hex};
    if (path == NULL || path[0] == '\0')
        return err_set(err, EC_USAGE,
                       "no rule file: give -p FILE or set PULLGATE_POLICY; try --help");
    return rules_load(out, path, &options, err);
}
