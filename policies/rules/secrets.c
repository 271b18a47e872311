/* imagePullSecrets. */
#include "rules/fields.h"

#include "rules/schema.h"

#include <stdlib.h>

enum { SECRET_NAME_MAX = 253 };

static bool is_lower_alnum(char c) {
    return (c >= 'a' && c <= 'z') || ascii_is_digit(c);
}

/* RFC 1123 subdomain as Kubernetes checks it (apimachinery, validation.go: IsDNS1123Subdomain).
 */
static bool is_subdomain(struct str s) {
    bool inside = false; /* after a letter, a digit or a dash of this label */
    for (size_t i = 0; i < s.n; i++) {
        bool alnum = is_lower_alnum(s.p[i]);
        bool last = i + 1 == s.n || s.p[i + 1] == '.';
        if (s.p[i] == '.' ? !inside : !(alnum || (s.p[i] == '-' && inside && !last)))
            return false;
        inside = s.p[i] != '.';
    }
    return inside && s.n <= SECRET_NAME_MAX;
}

enum ec rules_check_secret_name(const struct cursor *c) {
    struct str name = rules_str(c);
    if (name.n == 0)
        return rules_fail(c, EC_SCHEMA, "is empty, expected the name of a secret");
    if (str_find(name, ',') < name.n)
        return rules_fail_byte(c, EC_SCHEMA, str_find(name, ','),
                               "%s contains a comma, expected one entry of the list per name",
                               rules_quote(name).z);
    if (str_find(name, ' ') < name.n || str_find(name, '\t') < name.n)
        return rules_fail(c, EC_SCHEMA,
                          "%s contains whitespace, expected one entry of the list per name",
                          rules_quote(name).z);
    if (!is_subdomain(name))
        return rules_fail(
            c, EC_SCHEMA,
            "%s is not a valid secret name, expected lower-case letters, digits, \"-\" "
            "and \".\", at most %d bytes",
            rules_quote(name).z, SECRET_NAME_MAX);
    return EC_OK;
}

enum ec rules_read_secret_name(const struct cursor *c, void *out) {
    struct draft_secret *d = out;
    enum ec ec = rules_check_secret_name(c);
    return ec != EC_OK ? ec : rules_copy(c->r, rules_str(c), &d->secret.name);
}

enum ec rules_read_secret_for(const struct cursor *c, void *out) {
    struct draft_secret *d = out;
    d->secret.always = false;
    return rules_read_prefix(&d->secret.prefix, c, rules_str(c), PREFIX_FOR);
}

static enum ec read_secret(const struct cursor *c, void *out) {
    struct draft_secret *d = out;
    d->secret.always = true;
    d->secret.pos = rules_locate(c);
    return rules_is(c, JSON_STRING) ? rules_read_secret_name(c, d)
                                    : rules_read_object(c, &rules_schema_secret, d);
}

static int compare_secrets(const struct policy_secret *a, const struct policy_secret *b) {
    int order = str_cmp(a->name, b->name);
    if (order == 0)
        order = (int)a->always - (int)b->always;
    return order != 0 ? order : str_cmp(a->prefix.text, b->prefix.text);
}

/* All are in one array, so addresses are in the order of the file. */
static int by_meaning(const void *pa, const void *pb) {
    const struct draft_secret *const *a = pa, *const *b = pb;
    int order = compare_secrets(&(*a)->secret, &(*b)->secret);
    return order != 0 ? order : (*a > *b) - (*a < *b);
}

/* Marks all but the first of equal ones, with a warning. */
static enum ec mark_duplicates(const struct cursor *c, struct draft_secret *d, size_t n) {
    struct arena *a = &c->r->scratch;
    struct draft_secret **sorted = ARENA_ARRAY(a, struct draft_secret *, n);
    if (sorted == NULL)
        return rules_no_room(c->r, a);
    for (size_t i = 0; i < n; i++)
        sorted[i] = &d[i];
    if (n != 0)
        qsort(sorted, n, sizeof(struct draft_secret *), by_meaning);
    for (size_t i = 1, first = 0; i < n; i++) {
        struct draft_secret *one = sorted[i];
        one->duplicate = compare_secrets(&sorted[first]->secret, &one->secret) == 0;
        if (!one->duplicate) {
            first = i;
            continue;
        }
        rules_warn_at(c->r, LINT_DUPLICATE_SECRET, one->secret.pos, "%s: %s appears twice%s",
                      c->field->key, rules_quote(one->secret.name).z,
                      rules_location(c->r, sorted[first]->secret.pos, one->secret.pos).z);
    }
    return EC_OK;
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
    if (ec == EC_OK)
        ec = mark_duplicates(c, d, n);
    for (size_t i = 0; i < n && ec == EC_OK; i++)
        if (!d[i].duplicate)
            secrets[draft->rule.n_secrets++] = d[i].secret;
    return ec;
}
