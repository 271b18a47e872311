#include "rules/hints.h"

#include <stdio.h>

/* clang-format off */

/* Names that other tools, and people, use. */
static const struct {
    const char *what, *found, *meant;
} other_names[] = {
    {"a pull secret", "registry", "for"}, {"a pull secret", "registries", "for"},
    {"a pull secret", "host", "for"}, {"a pull secret", "hosts", "for"},
    {"a pull secret", "server", "for"}, {"a pull secret", "url", "for"},
    {"a pull secret", "domain", "for"}, {"a pull secret", "prefix", "for"},
    {"a pull secret", "image", "for"}, {"a pull secret", "images", "for"},
    {"a pull secret", "secret", "name"}, {"a pull secret", "secretName", "name"},
    {"a secret's source", "secret", "name"}, {"a secret's source", "secretName", "name"},
    {"a secret's source", "source", "from"}, {"a secret's source", "copyFrom", "from"},
    {"from", "ns", "namespace"}, {"from", "secret", "name"}, {"from", "secretName", "name"},
    {"spec", "sources", "secrets"}, {"spec", "syncSecrets", "secrets"},
    {"a pattern", "pattern", "regex"}, {"a pattern", "expression", "regex"},
    {"exemption", "pattern", "images"}, {"exemption", "patterns", "images"},
    {"exemption", "expires", "until"}, {"exemption", "expiry", "until"},
    {"exemption", "expiration", "until"}, {"exemption", "end", "until"},
    {"exemption", "ends", "until"}, {"exemption", "validUntil", "until"},
    {"exemption", "comment", "reason"}, {"exemption", "description", "reason"},
    {"exemption", "justification", "reason"}, {"exemption", "message", "reason"},
    {"exemption", "why", "reason"}, {"exemption", "ticket", "reason"},
    {"exemption", "contact", "owner"}, {"exemption", "team", "owner"},
    {"exemption", "approver", "owner"}, {"exemption", "author", "owner"},
    {"match", "labels", "podLabels"}, {"match", "labelSelector", "podLabels"},
    {"match", "podSelector", "podLabels"}, {"match", "selector", "podLabels"},
    {"match", "username", "users"}, {"match", "subjects", "users"},
    {"match", "namespaceSelector", "namespaces"}, {"match", "ns", "namespaces"},
    {"match", "sa", "serviceAccounts"}, {"match", "serviceAccountName", "serviceAccounts"},
    {"matchExpressions", "op", "operator"}, {"matchExpressions", "label", "key"},
    {"matchExpressions", "value", "values"},
    {"", "allow", "approved"}, {"", "allowed", "approved"}, {"", "allowlist", "approved"},
    {"", "allowList", "approved"}, {"", "allowedRegistries", "approved"},
    {"", "whitelist", "approved"}, {"", "trusted", "approved"}, {"", "repos", "approved"},
    {"", "registries", "approved"}, {"", "approvedRegistries", "approved"},
    {"", "deny", "denied"}, {"", "block", "denied"}, {"", "blocked", "denied"},
    {"", "forbidden", "denied"}, {"", "blacklist", "denied"}, {"", "denylist", "denied"},
    {"", "denyList", "denied"}, {"", "disallowed", "denied"},
    {"", "pullSecrets", "imagePullSecrets"}, {"", "pullSecret", "imagePullSecrets"},
    {"", "secrets", "imagePullSecrets"}, {"", "secret", "imagePullSecrets"},
    {"", "pullPolicy", "imagePullPolicy"}, {"", "enforcement", "mode"}, {"", "action", "mode"},
    {"", "enforce", "mode"}, {"", "failureAction", "mode"}, {"", "enforcementAction", "mode"},
    {"", "validationFailureAction", "mode"}, {"", "defaultRegistry", "registry"},
    {"", "registryUrl", "registry"}, {"", "imageRegistry", "registry"},
    {"", "mirrorOf", "mirrors"}, {"", "proxy", "mirrors"}, {"", "proxies", "mirrors"},
    {"", "rewrite", "mirrors"}, {"", "rewrites", "mirrors"}, {"", "msg", "message"},
    {"", "exceptions", "exemptions"}, {"", "exclude", "exemptions"},
    {"", "default", "unmatched"}, {"", "defaultAction", "unmatched"},
    {"", "requires", "require"}, {"", "required", "require"}, {"", "selector", "match"},
    {"", "when", "match"}, {"", "title", "name"}, {"", "id", "name"},
    {"mode", "deny", "enforce"}, {"mode", "block", "enforce"}, {"mode", "strict", "enforce"},
    {"mode", "dryrun", "audit"}, {"mode", "dry-run", "audit"}, {"mode", "log", "audit"},
    {"mode", "monitor", "audit"}, {"mode", "off", "audit"}, {"mode", "warning", "warn"},
    {"unmatched", "reject", "deny"}, {"unmatched", "refuse", "deny"},
    {"unmatched", "enforce", "deny"}, {"unmatched", "permit", "allow"},
    {"unmatched", "ignore", "allow"}, {"unmatched", "audit", "allow"},
    {"templates", "enforce", "validate"}, {"templates", "deny", "validate"},
    {"templates", "audit", "ignore"}, {"templates", "off", "ignore"},
    {"officialImages", "prefix", "library"}, {"officialImages", "none", "bare"},
    {"tag", "required", "explicit"}, {"tag", "notLatest", "explicit"},
};

/* Keys that are one level too high or too low. */
static const struct {
    const char *map, *key, *where;
} other_prefixes[] = {
    {"spec", "match", "in an entry of rules"}, {"spec", "namespaces", "under match, in an entry of rules"},
    {"spec", "name", "under metadata"}, {"spec", "digest", "under require"},
    {"spec", "tag", "under require"}, {"spec", "officialimages", "in spec, as officialImages"},
    {"rule", "exemptions", "under spec, beside rules"}, {"rule", "unmatched", "under spec, beside rules"},
    {"policy", "secrets", "under spec"},
    {"rule", "namespaces", "under match"}, {"rule", "podLabels", "under match"},
    {"rule", "serviceAccounts", "under match"}, {"rule", "users", "under match"},
    {"rule", "groups", "under match"}, {"rule", "digest", "under require"},
    {"rule", "tag", "under require"}, {"rule", "rules", "under spec"},
    {"match", "matchLabels", "under podLabels"}, {"match", "matchExpressions", "under podLabels"},
    {"match", "name", "in the rule, beside match"},
    {"policy", "registry", "under spec"}, {"policy", "mirrors", "under spec"},
    {"policy", "approved", "under spec"}, {"policy", "denied", "under spec"},
    {"policy", "imagePullSecrets", "under spec"}, {"policy", "imagePullPolicy", "under spec"},
    {"policy", "mode", "under spec"}, {"policy", "rules", "under spec"},
    {"policy", "exemptions", "under spec"}, {"policy", "require", "under spec"},
    {"policy", "templates", "under spec"}, {"policy", "unmatched", "under spec"},
    {"policy", "message", "under spec"}, {"policy", "officialImages", "under spec"},
    {"policy", "name", "under metadata"},
};

/* A key, the wrong value, and the right one. */
static const struct {
    const char *key, *found, *right;
} other_values[] = {
    {"require", "digest", "{digest: true}"}, {"require", "digests", "{digest: true}"},
    {"require", "tag", "{tag: explicit}"}, {"require", "explicit", "{tag: explicit}"},
    {"require", "", "{digest: true} or {tag: explicit}"},
    {"match", "", "{namespaces: [...]}"},
    {"podLabels", "", "{matchLabels: {...}}"},
    {"metadata", "", "{name: ...}"},
    {"mirrors", "", "a map such as {quay.io: registry.example/quay}"},
    {"rules", "", "a list, each rule beginning with \"- name:\""},
    {"exemptions", "", "{images: [...], reason: ..., owner: ...}"},
    {"secrets", "", "{name: ..., from: {namespace: ..., name: ...}}"},
    {"from", "", "{namespace: ..., name: ...}"},
    {"digest", "true", "true without quotes"}, {"digest", "required", "true"},
    {"digest", "false", "false without quotes"},
};
/* clang-format on */

#define N(table) (sizeof(table) / sizeof *(table))

static int find_nocase(struct str found, const char *const candidates[], size_t n) {
    for (size_t i = 0; i < n; i++)
        if (str_eq_nocase(str_of(candidates[i]), found))
            return (int)i;
    return -1;
}

static int find_other_name(const char *what, struct str found, const char *const candidates[],
                           size_t n) {
    for (size_t i = 0; i < N(other_names); i++) {
        const char *where = other_names[i].what;
        if ((where[0] != '\0' && strcmp(where, what) != 0) ||
            !str_eq_nocase(str_of(other_names[i].found), found))
            continue;
        int hit = find_nocase(str_of(other_names[i].meant), candidates, n);
        if (hit >= 0)
            return hit;
    }
    return -1;
}

const char *rules_hint_meant(const char *what, struct str found, const char *const candidates[],
                             size_t n) {
    int hit = find_nocase(found, candidates, n);
    if (hit < 0)
        hit = find_other_name(what, found, candidates, n);
    if (hit < 0)
        hit = str_nearest(found, candidates, n);
    return hit < 0 ? NULL : candidates[hit];
}

const char *rules_hint_elsewhere(const char *map, struct str key) {
    for (size_t i = 0; i < N(other_prefixes); i++)
        if (strcmp(other_prefixes[i].map, map) == 0 &&
            str_eq(str_of(other_prefixes[i].key), key))
            return other_prefixes[i].where;
    return NULL;
}

static struct str scalar_text(const struct cursor *c) {
    if (rules_is(c, JSON_STRING))
        return rules_str(c);
    return rules_is(c, JSON_TRUE) ? STR("true") : STR("false");
}

static const char *right_value(const struct cursor *c) {
    struct str found = scalar_text(c);
    if (c->field == NULL || (c->key.p != NULL && !str_eq(c->key, str_of(c->field->key))))
        return NULL;
    for (size_t i = 0; i < N(other_values); i++) {
        bool any = other_values[i].found[0] == '\0';
        if (strcmp(other_values[i].key, c->field->key) == 0 &&
            (any || str_eq_nocase(str_of(other_values[i].found), found)))
            return other_values[i].right;
    }
    return NULL;
}

/* A scalar or a map where a list of them is expected. */
static bool wants_brackets(const struct cursor *c, unsigned wanted) {
    return c->field != NULL && (wanted & TYPE_LIST) && c->key.p != NULL &&
           ((rules_is(c, JSON_STRING) && (c->field->items & TYPE_STRING)) ||
            (rules_is(c, JSON_OBJECT) && (c->field->items & TYPE_MAP)));
}

/* "a,b c" is three entries. */
static void write_list(char *out, size_t room, struct str text) {
    size_t n = (size_t)snprintf(out, room, "; write [");
    for (size_t at = 0, parts = 0; at <= text.n && n < room; parts++) {
        size_t end = at;
        while (end < text.n && strchr(", \t", text.p[end]) == NULL)
            end++;
        struct str part = str_slice(text, at, end);
        at = end + 1;
        if (part.n != 0)
            n += (size_t)snprintf(out + n, room - n, "%s%s", parts ? ", " : "",
                                  rules_quote(part).z);
        else
            parts--;
    }
    if (n < room)
        snprintf(out + n, room - n, "]");
}

void rules_hint_type(char *out, size_t room, const struct cursor *c, unsigned wanted) {
    const char *right = right_value(c);
    out[0] = '\0';
    if (wants_brackets(c, wanted) && rules_is(c, JSON_STRING))
        write_list(out, room, rules_str(c));
    else if (wants_brackets(c, wanted))
        snprintf(out, room, "; a list has a \"- \" before each entry");
    else if (right != NULL)
        snprintf(out, room, "; write %s", right);
    else if ((wanted & TYPE_STRING) && rules_is(c, JSON_ARRAY))
        snprintf(out, room, "; write one value, without brackets and dashes");
}
