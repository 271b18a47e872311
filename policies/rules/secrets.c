/* imagePullSecrets. */
#include "rules/draft.h"

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
    struct str name = walk_str(c);
    if (name.n == 0)
        return walk_fail(c, EC_SCHEMA, "is empty, expected the name of a secret");
    if (str_find(name, ',') < name.n)
        return walk_fail_byte(c, EC_SCHEMA, str_find(name, ','),
                              "%s has a comma in it, expected one entry of the list per name",
                              walk_quote(name).z);
    if (str_find(name, ' ') < name.n || str_find(name, '\t') < name.n)
        return walk_fail(c, EC_SCHEMA,
                         "%s has a blank in it, expected one entry of the list per name",
                         walk_quote(name).z);
    if (!is_subdomain(name))
        return walk_fail(
            c, EC_SCHEMA,
            "%s is no name of a secret, expected lower-case letters, digits, \"-\" "
            "and \".\", at most %d bytes",
            walk_quote(name).z, SECRET_NAME_MAX);
    return EC_OK;
}

enum ec read_secret_name(const struct cursor *c, void *out) {
    struct draft_secret *d = out;
    enum ec ec = check_name(c);
    return ec != EC_OK ? ec : walk_copy(c->r, walk_str(c), &d->secret.name);
}

enum ec read_secret_place(const struct cursor *c, void *out) {
    struct draft_secret *d = out;
    d->secret.always = false;
    return place_read(&d->secret.place, c, walk_str(c), PLACE_FOR);
}

static enum ec read_secret(const struct cursor *c, void *out) {
    struct draft_secret *d = out;
    d->secret.always = true;
    d->secret.pos = walk_pos(c);
    return walk_is(c, JSON_STRING) ? read_secret_name(c, d) : walk_object(c, &schema_secret, d);
}

static bool same(const struct policy_secret *a, const struct policy_secret *b) {
    return a->always == b->always && str_eq(a->name, b->name) &&
           str_eq(a->place.text, b->place.text);
}

static bool is_twin(const struct cursor *c, const struct draft_secret *d, size_t i) {
    for (size_t j = 0; j < i; j++) {
        if (!same(&d[j].secret, &d[i].secret))
            continue;
        walk_warn_at(c->r, LINT_DUPLICATE_SECRET, d[i].secret.pos, "%s: %s stands here twice%s",
                     c->field->key, walk_quote(d[i].secret.name).z,
                     walk_place(c->r, d[j].secret.pos, d[i].secret.pos).z);
        return true;
    }
    return false;
}

enum ec read_secrets(const struct cursor *c, void *out) {
    struct draft *draft = out;
    struct reader *r = c->r;
    size_t n = walk_is(c, JSON_NULL) ? 0 : walk_count(c);
    struct draft_secret *d = ARENA_ARRAY(&r->scratch, struct draft_secret, n);
    struct policy_secret *secrets = ARENA_ARRAY(&r->policy->arena, struct policy_secret, n);
    if (d == NULL)
        return walk_no_room(r, &r->scratch);
    if (secrets == NULL)
        return walk_no_room(r, &r->policy->arena);
    draft->rule.secrets = secrets;
    draft->rule.n_secrets = 0;
    enum ec ec = n == 0 ? EC_OK : walk_each(c, read_secret, d, sizeof *d);
    for (size_t i = 0; i < n && ec == EC_OK; i++) {
        if (!is_twin(c, d, i))
            secrets[draft->rule.n_secrets++] = d[i].secret;
    }
    return ec;
}
