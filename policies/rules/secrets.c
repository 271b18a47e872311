/* imagePullSecrets. */
#include "rules/fields.h"

#include "rules/schema.h"

enum { SECRET_NAME_MAX = 253 };

static bool is_alnum(char c) {
    return (c >= 'a' && c <= 'z') || ascii_is_digit(c);
}

/* RFC 1123 subdomain as Kubernetes checks it (apimachinery, validation.go: IsDNS1123Subdomain).
 */
static bool is_subdomain(struct str s) {
    bool inside = false; /* behind a letter or digit of this label, or a dash */
    for (size_t i = 0; i < s.n; i++) {
        bool alnum = is_alnum(s.p[i]);
        bool last = i + 1 == s.n || s.p[i + 1] == '.';
        if (s.p[i] == '.' ? !inside : !(alnum || (s.p[i] == '-' && inside && !last)))
            return false;
        inside = s.p[i] != '.';
    }
    return inside && s.n <= SECRET_NAME_MAX;
}

static enum ec check_name(const struct cursor *c) {
    struct str name = rules_str(c);
    if (name.n == 0)
        return rules_fail(c, EC_SCHEMA, "is empty, expected the name of a secret");
    if (str_find(name, ',') < name.n)
        return rules_fail_byte(c, EC_SCHEMA, str_find(name, ','),
                               "%s has a comma in it, expected one entry of the list per name",
                               rules_quote(name).z);
    if (str_find(name, ' ') < name.n || str_find(name, '\t') < name.n)
        return rules_fail(c, EC_SCHEMA,
                          "%s has a blank in it, expected one entry of the list per name",
                          rules_quote(name).z);
    if (!is_subdomain(name))
        return rules_fail(
            c, EC_SCHEMA,
            "%s is no name of a secret, expected lower-case letters, digits, \"-\" "
            "and \".\", at most %d bytes",
            rules_quote(name).z, SECRET_NAME_MAX);
    return EC_OK;
}

enum ec rules_read_secret_name(const struct cursor *c, void *out) {
    struct draft_secret *d = out;
    enum ec ec = check_name(c);
    return ec != EC_OK ? ec : rules_copy(c->r, rules_str(c), &d->secret.name);
}

enum ec rules_read_secret_for(const struct cursor *c, void *out) {
    struct draft_secret *d = out;
    d->secret.always = false;
    return rules_read_prefix(&d->secret.place, c, rules_str(c), PREFIX_FOR);
}

static enum ec read_secret(const struct cursor *c, void *out) {
    struct draft_secret *d = out;
    d->secret.always = true;
    d->secret.pos = rules_locate(c);
    return rules_is(c, JSON_STRING) ? rules_read_secret_name(c, d)
                                    : rules_read_object(c, &rules_schema_secret, d);
}

static bool same(const struct policy_secret *a, const struct policy_secret *b) {
    return a->always == b->always && str_eq(a->name, b->name) &&
           str_eq(a->place.text, b->place.text);
}

static bool is_twin(const struct cursor *c, const struct draft_secret *d, size_t i) {
    for (size_t j = 0; j < i; j++) {
        if (!same(&d[j].secret, &d[i].secret))
            continue;
        rules_warn_at(c->r, LINT_DUPLICATE_SECRET, d[i].secret.pos,
                      "%s: %s stands here twice%s", c->field->key,
                      rules_quote(d[i].secret.name).z,
                      rules_location(c->r, d[j].secret.pos, d[i].secret.pos).z);
        return true;
    }
    return false;
}

enum ec rules_read_secrets(const struct cursor *c, void *out) {
    struct draft *draft = out;
    struct reader *r = c->r;
    size_t n = rules_is(c, JSON_NULL) ? 0 : rules_count(c);
    struct draft_secret *d = ARENA_ARRAY(&r->scratch, struct draft_secret, n);
    struct policy_secret *secrets = ARENA_ARRAY(&r->policy->arena, struct policy_secret, n);
    if (d == NULL)
        return rules_no_room(r, &r->scratch);
    if (secrets == NULL)
        return rules_no_room(r, &r->policy->arena);
    draft->rule.secrets = secrets;
    draft->rule.n_secrets = 0;
    enum ec ec = n == 0 ? EC_OK : rules_read_each(c, read_secret, d, sizeof *d);
    for (size_t i = 0; i < n && ec == EC_OK; i++) {
        if (!is_twin(c, d, i))
            secrets[draft->rule.n_secrets++] = d[i].secret;
    }
    return ec;
}
