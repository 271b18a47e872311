/* spec.secrets: where pull secrets come from. */
#include "rules/check.h"

#include "rules/schema.h"

#include <stdlib.h>

enum { NAMESPACE_MAX = 63 };

/* ---- reading ----------------------------------------------------------------------------- */

/* RFC 1123 label as Kubernetes checks it (apimachinery, validation.go: IsDNS1123Label). */
static bool is_label(struct str s) {
    for (size_t i = 0; i < s.n; i++) {
        bool alnum = (s.p[i] >= 'a' && s.p[i] <= 'z') || ascii_is_digit(s.p[i]);
        bool end = i == 0 || i + 1 == s.n;
        if (!alnum && (end || s.p[i] != '-'))
            return false;
    }
    return s.n != 0 && s.n <= NAMESPACE_MAX;
}

enum ec rules_read_namespace(const struct cursor *c, void *out) {
    struct str name = rules_str(c);
    if (name.n == 0)
        return rules_fail(c, EC_SCHEMA, "is empty, expected the name of a namespace");
    if (!is_label(name))
        return rules_fail(c, EC_SCHEMA,
                          "%s is not the name of a namespace, expected lower-case letters, "
                          "digits and \"-\", at most %d bytes, without globs",
                          rules_quote(name).z, NAMESPACE_MAX);
    return rules_copy(c->r, name, out);
}

enum ec rules_read_source_name(const struct cursor *c, void *out) {
    enum ec ec = rules_check_secret_name(c);
    return ec != EC_OK ? ec : rules_copy(c->r, rules_str(c), out);
}

enum ec rules_read_from(const struct cursor *c, void *out) {
    return rules_read_object(c, c->field->object, out);
}

static enum ec read_source(const struct cursor *c, void *out) {
    struct reader *r = c->r;
    struct draft_source *d = ARENA_NEW(&r->scratch, struct draft_source);
    (void)out;
    if (d == NULL)
        return rules_no_room(r, &r->scratch);
    d->source.pos = rules_locate(c);
    enum ec ec = rules_read_object(c, &rules_schema_source, &d->source);
    if (ec != EC_OK)
        return ec;
    *(r->last_source != NULL ? &r->last_source->next : &r->first_source) = d;
    r->last_source = d;
    r->n_sources++;
    return EC_OK;
}

enum ec rules_read_sources(const struct cursor *c, void *out) {
    return rules_read_each(c, read_source, out, 0);
}

/* ---- all of them ------------------------------------------------------------------------- */

/* By file and name, which engine_policy_source() searches; then in the order of the file. */
static int compare_sources(const void *pa, const void *pb) {
    const struct policy_source *a = pa, *b = pb;
    int order = (a->pos.file > b->pos.file) - (a->pos.file < b->pos.file);
    if (order == 0)
        order = str_cmp(a->name, b->name);
    if (order == 0)
        order = (a->pos.line > b->pos.line) - (a->pos.line < b->pos.line);
    return order != 0 ? order : (a->pos.col > b->pos.col) - (a->pos.col < b->pos.col);
}

enum ec rules_check_sources(struct reader *r) {
    struct policy_source *all =
        ARENA_ARRAY(&r->policy->arena, struct policy_source, r->n_sources);
    size_t n = 0;
    enum ec ec = EC_OK;
    if (all == NULL)
        return rules_no_room(r, &r->policy->arena);
    for (const struct draft_source *d = r->first_source; d != NULL; d = d->next)
        all[n++] = d->source;
    if (n != 0)
        qsort(all, n, sizeof *all, compare_sources);
    r->policy->sources = all;
    r->policy->n_sources = n;
    for (size_t i = 1; i < n && !rules_is_over(r, ec); i++)
        if (all[i].pos.file == all[i - 1].pos.file && str_eq(all[i].name, all[i - 1].name))
            ec = rules_fail_at(
                r, all[i].pos, "a second source for the pull secret %s%s, expected one",
                rules_quote(all[i].name).z, rules_location(r, all[i - 1].pos, all[i].pos).z);
    return rules_is_over(r, ec) ? ec : EC_OK;
}

/* ---- against what rules add -------------------------------------------------------------- */

struct use {
    bool *of_source; /* by index in the policy's sources */
    bool *of_file;   /* it names sources */
};

static void check_rule(struct reader *r, const struct policy_rule *rule,
                       const struct use *used) {
    const struct policy *p = r->policy;
    if (!used->of_file[rule->pos.file] || !rules_may_look(r, rule->n_secrets, rule->pos))
        return;
    for (size_t i = 0; i < rule->n_secrets; i++) {
        const struct policy_secret *s = &rule->secrets[i];
        const struct policy_source *found = engine_policy_source(p, rule->pos.file, s->name);
        if (found != NULL)
            used->of_source[found - p->sources] = true;
        else
            rules_warn_at(r, LINT_SECRET_WITHOUT_SOURCE, s->pos,
                          "imagePullSecrets: %s has no source: secrets, under spec, does not "
                          "name it",
                          rules_quote(s->name).z);
    }
}

void rules_check_secrets(struct reader *r) {
    const struct policy *p = r->policy;
    struct use used = {.of_source = ARENA_ARRAY(&r->scratch, bool, p->n_sources),
                       .of_file = ARENA_ARRAY(&r->scratch, bool, p->n_files)};
    if (used.of_source == NULL || used.of_file == NULL) {
        r->no_memory = true;
        return;
    }
    for (size_t i = 0; i < p->n_sources; i++)
        used.of_file[p->sources[i].pos.file] = true;
    for (size_t i = 0; i < p->n_rules; i++)
        check_rule(r, &p->rules[i], &used);
    for (size_t i = 0; i < p->n_sources; i++)
        if (!used.of_source[i])
            rules_warn_at(r, LINT_UNUSED_SOURCE, p->sources[i].pos,
                          "secrets: %s is copied nowhere: no rule of this file adds it",
                          rules_quote(p->sources[i].name).z);
}
