/* match: which pods a rule decides about. */
#include "rules/fields.h"

#include "rules/schema.h"

/* ---- globs ------------------------------------------------------------------------------- */

static enum ec read_glob(const struct cursor *c, void *out) {
    if (rules_str(c).n == 0)
        return rules_fail(c, EC_SCHEMA, "is empty, expected a name or a glob");
    if (rules_str(c).n > MATCH_PATTERN_MAX)
        return rules_fail(c, EC_LIMIT, "%zu bytes long, at most %d are allowed", rules_str(c).n,
                          MATCH_PATTERN_MAX);
    return rules_copy(c->r, rules_str(c), out);
}

static enum ec read_list(const struct cursor *c, struct policy_names *names, read_fn *each) {
    struct arena *a = &c->r->policy->arena;
    struct str *v = ARENA_ARRAY(a, struct str, rules_count(c));
    if (v == NULL)
        return rules_no_room(c->r, a);
    enum ec ec = rules_read_each(c, each, v, sizeof *v);
    if (ec == EC_OK)
        *names = (struct policy_names){.v = v, .n = rules_count(c)};
    return ec;
}

/* The first byte that no name of the kind has, and that is not the glob's star; s.n if none. */
static size_t foreign_byte(struct str s, const char *more) {
    for (size_t i = 0; i < s.n; i++) {
        bool alnum = (s.p[i] >= 'a' && s.p[i] <= 'z') || ascii_is_digit(s.p[i]);
        if (!alnum && strchr(more, s.p[i]) == NULL)
            return i;
    }
    return s.n;
}

/* A rule that can never select would let its pods fall through to the next: an error. */
static enum ec read_namespace(const struct cursor *c, void *out) {
    size_t at = foreign_byte(rules_str(c), "-*");
    if (at < rules_str(c).n)
        return rules_fail_byte(
            c, EC_SCHEMA, at,
            "%s can match no namespace, which has lower-case letters, digits "
            "and \"-\" alone",
            rules_quote(rules_str(c)).z);
    return read_glob(c, out);
}

static enum ec read_account(const struct cursor *c, void *out) {
    size_t at = foreign_byte(rules_str(c), "-.*");
    if (at < rules_str(c).n)
        return rules_fail_byte(c, EC_SCHEMA, at,
                               "%s can match no service account, expected its name without the "
                               "namespace (\"system:serviceaccount:...\" is a user)",
                               rules_quote(rules_str(c)).z);
    return read_glob(c, out);
}

enum ec rules_read_globs(const struct cursor *c, void *out) {
    return read_list(c, out, read_glob);
}

enum ec rules_read_namespaces(const struct cursor *c, void *out) {
    return read_list(c, out, read_namespace);
}

enum ec rules_read_accounts(const struct cursor *c, void *out) {
    return read_list(c, out, read_account);
}

/* ---- labels ------------------------------------------------------------------------------ */

enum ec rules_read_label_key(const struct cursor *c, void *out) {
    struct err why = ERR_INIT;
    enum ec ec = match_check_label_key(rules_str(c), &why);
    if (ec != EC_OK)
        return rules_fail(c, EC_SCHEMA, "%s", why.msg);
    return rules_copy(c->r, rules_str(c), out);
}

static enum ec read_label_value(const struct cursor *c, void *out) {
    struct err why = ERR_INIT;
    enum ec ec = match_check_label_value(rules_str(c), &why);
    if (ec != EC_OK)
        return rules_fail(c, EC_SCHEMA, "%s", why.msg);
    return rules_copy(c->r, rules_str(c), out);
}

enum ec rules_read_label_values(const struct cursor *c, void *out) {
    struct match_requirement *requirement = out;
    struct policy_names values = {.v = NULL};
    enum ec ec = read_list(c, &values, read_label_value);
    requirement->values = values.v;
    requirement->n_values = values.n;
    return ec;
}

static enum ec read_match_label(const struct cursor *c, void *out) {
    struct match_requirement *requirement = out;
    struct err why = ERR_INIT;
    enum ec ec = match_check_label_key(c->key, &why);
    if (ec != EC_OK)
        return rules_fail_name(c, EC_SCHEMA, "%s", why.msg);
    struct str *value = ARENA_NEW(&c->r->policy->arena, struct str);
    if (value == NULL)
        return rules_no_room(c->r, &c->r->policy->arena);
    requirement->op = MATCH_IN;
    requirement->values = value;
    requirement->n_values = 1;
    ec = read_label_value(c, value);
    return ec != EC_OK ? ec : rules_copy(c->r, c->key, &requirement->key);
}

/* As apimachinery's LabelSelectorAsSelector has it. */
static enum ec read_expression(const struct cursor *c, void *out) {
    struct draft_expression e = {.op = MATCH_IN};
    enum ec ec = rules_read_object(c, &rules_schema_expression, &e);
    if (ec != EC_OK)
        return ec;
    e.requirement.op = (enum match_op)e.op;
    bool wants_values = e.op == MATCH_IN || e.op == MATCH_NOT_IN;
    const struct json *j = c->r->doc->json;
    struct str word = json_str(j, json_get(j, c->value, STR("operator")));
    if (wants_values && e.requirement.n_values == 0)
        return rules_fail(c, EC_SCHEMA, "operator %.*s needs at least one of values",
                          STR_ARG(word));
    if (!wants_values && e.requirement.n_values != 0)
        return rules_fail(c, EC_SCHEMA, "operator %.*s takes no values", STR_ARG(word));
    *(struct match_requirement *)out = e.requirement;
    return EC_OK;
}

/* matchLabels and matchExpressions end up in one list. */
static enum ec append(const struct cursor *c, struct match_selector *s, read_fn *each) {
    struct arena *a = &c->r->policy->arena;
    size_t n = s->n_requirements + rules_count(c);
    struct match_requirement *all = ARENA_ARRAY(a, struct match_requirement, n);
    if (all == NULL)
        return rules_no_room(c->r, a);
    if (s->n_requirements != 0)
        memcpy(all, s->requirements, s->n_requirements * sizeof *all);
    enum ec ec = rules_read_each(c, each, all + s->n_requirements, sizeof *all);
    if (ec == EC_OK)
        *s = (struct match_selector){.requirements = all, .n_requirements = n};
    return ec;
}

enum ec rules_read_match_labels(const struct cursor *c, void *out) {
    return append(c, out, read_match_label);
}

enum ec rules_read_expressions(const struct cursor *c, void *out) {
    return append(c, out, read_expression);
}
