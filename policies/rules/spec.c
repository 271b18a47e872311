/* spec: settings, rules, exemptions. */
#include "rules/check.h"

#include "base/clock.h"
#include "rules/schema.h"

#include <stdlib.h>

enum { NAME_MAX_BYTES = 128, MESSAGE_MAX_BYTES = 1024, DAY_S = 86400 };

/* ---- small settings ---------------------------------------------------------------------- */

enum ec rules_read_name(const struct cursor *c, void *out) {
    struct str name = rules_str(c);
    rules_warn_comment(c);
    if (name.n == 0 || name.n > NAME_MAX_BYTES)
        return rules_fail(c, EC_SCHEMA, "%zu bytes long, expected 1 to %d", name.n,
                          NAME_MAX_BYTES);
    if (str_trim(name).n != name.n)
        return rules_fail(c, EC_SCHEMA, "%s starts or ends with whitespace",
                          rules_quote(name).z);
    return rules_copy(c->r, name, out);
}

enum ec rules_read_message(const struct cursor *c, void *out) {
    rules_warn_comment(c);
    if (rules_str(c).n > MESSAGE_MAX_BYTES)
        return rules_fail(c, EC_LIMIT, "%zu bytes long, at most %d are allowed", rules_str(c).n,
                          MESSAGE_MAX_BYTES);
    return rules_copy(c->r, rules_str(c), out);
}

enum ec rules_read_tag(const struct cursor *c, void *out) {
    *(bool *)out = !rules_is(c, JSON_NULL);
    return *(bool *)out ? rules_read_word_only(c, NULL) : EC_OK;
}

enum ec rules_read_require(const struct cursor *c, void *out) {
    struct policy_rule *rule = out;
    rule->require_digest = rule->require_tag = false;
    return rules_is(c, JSON_NULL) ? EC_OK : rules_read_object(c, c->field->object, rule);
}

/* One setting for all files: it is for pods that no rule of any file selects. */
enum ec rules_read_unmatched(const struct cursor *c, void *out) {
    struct reader *r = c->r;
    unsigned word;
    (void)out;
    enum ec ec = rules_read_word(c, &word);
    if (ec != EC_OK)
        return ec;
    struct policy_pos pos = rules_locate(c);
    if (r->unmatched_pos.line != 0 && r->policy->unmatched != (enum engine_unmatched)word)
        return rules_fail(c, EC_SCHEMA,
                          "%s contradicts another file%s, expected the same in all files",
                          c->field->words[word], rules_location(r, r->unmatched_pos, pos).z);
    r->policy->unmatched = (enum engine_unmatched)word;
    r->unmatched_pos = pos;
    return EC_OK;
}

/* ---- rules ------------------------------------------------------------------------------- */

static void append_rule(struct reader *r, struct draft *d) {
    d->next = NULL;
    d->index = r->n_rules++;
    *(r->last_rule != NULL ? &r->last_rule->next : &r->first_rule) = d;
    r->last_rule = d;
}

static int compare_rule_names(const void *pa, const void *pb) {
    const struct draft *const *a = pa, *const *b = pb;
    int order = str_cmp((*a)->rule.name, (*b)->rule.name);
    return order != 0 ? order : ((*a)->index > (*b)->index) - ((*a)->index < (*b)->index);
}

enum ec rules_check_names(struct reader *r) {
    struct draft **all = ARENA_ARRAY(&r->scratch, struct draft *, r->n_rules);
    if (all == NULL)
        return rules_no_room(r, &r->scratch);
    for (struct draft *d = r->first_rule; d != NULL; d = d->next)
        all[d->index] = d;
    if (r->n_rules != 0)
        qsort(all, r->n_rules, sizeof(struct draft *), compare_rule_names);
    for (size_t i = 1, first = 0; i < r->n_rules; i++) {
        const struct policy_rule *rule = &all[i]->rule;
        if (!str_eq(all[first]->rule.name, rule->name)) {
            first = i;
            continue;
        }
        enum ec ec = rules_fail_at(
            r, rule->pos, "a second rule named %s%s, expected another name",
            rules_quote(rule->name).z, rules_location(r, all[first]->rule.pos, rule->pos).z);
        if (rules_is_over(r, ec))
            return ec;
    }
    return EC_OK;
}

static enum ec new_rule(struct reader *r, struct draft **out, const struct draft *settings) {
    struct draft *d = ARENA_NEW(&r->scratch, struct draft);
    if (d == NULL)
        return rules_no_room(r, &r->scratch);
    *d = *settings;
    *out = d;
    return EC_OK;
}

static enum ec read_rule(const struct cursor *c, void *out) {
    struct draft *d = NULL;
    enum ec ec = new_rule(c->r, &d, out);
    if (d == NULL)
        return ec;
    d->rule.pos = rules_locate(c);
    ec = rules_read_object(c, &rules_schema_rule, d);
    if (ec == EC_OK)
        append_rule(c->r, d);
    return ec;
}

enum ec rules_read_rules(const struct cursor *c, void *out) {
    struct draft_file *file = out;
    file->has_rules = true;
    return rules_read_each(c, read_rule, &file->settings,
                           0); /* every rule begins with the settings */
}

/* The message for denials that no rule decides: of several files, that of the one with `unmatched: deny`,
 * else the first. */
static void keep_message(struct reader *r, struct str message) {
    struct policy *p = r->policy;
    bool denies = p->unmatched == UNMATCHED_DENY && r->unmatched_pos.line != 0 &&
                  r->unmatched_pos.file == r->file;
    if (message.n == 0 || (p->message.n != 0 && (r->has_deniers_message || !denies)))
        return;
    p->message = message;
    r->has_deniers_message = denies;
}

/* Without a list of rules, the settings are one rule for every pod. */
static enum ec only_rule(const struct cursor *spec, const struct draft_file *file) {
    struct draft *d = NULL;
    enum ec ec = new_rule(spec->r, &d, &file->settings);
    if (d == NULL)
        return ec;
    d->rule.pos = rules_locate_key(spec);
    d->rule.name = file->name.n != 0 ? file->name : STR("policy");
    append_rule(spec->r, d);
    return EC_OK;
}

enum ec rules_read_spec(const struct cursor *c, void *out) {
    struct draft_file *file = out;
    enum ec ec = rules_read_object(c, c->field->object, file);
    if (ec != EC_OK)
        return ec;
    keep_message(c->r, file->settings.rule.message);
    return file->has_rules ? EC_OK : only_rule(c, file);
}

/* ---- exemptions -------------------------------------------------------------------------- */

enum ec rules_read_until(const struct cursor *c, void *out) {
    struct policy_exemption *e = out;
    bool date_only = false;
    if (!clock_parse(rules_str(c), &e->until_s, &date_only))
        return rules_fail(c, EC_SCHEMA,
                          "%s is not a date, expected one such as 2027-01-31 or "
                          "2027-01-31T12:00:00Z",
                          rules_quote(rules_str(c)).z);
    if (date_only)
        e->until_s += DAY_S;
    return rules_copy(c->r, rules_str(c), &e->until);
}

static void warn_if_over(const struct cursor *c, const struct policy_exemption *e) {
    int64_t now_s = c->r->options->now_s;
    if (now_s != 0 && now_s >= e->until_s)
        rules_warn(c, LINT_EXPIRED_EXEMPTION,
                   "the exemption ended %s %.*s, its images are judged like all others",
                   e->until.n == 10 ? "on" : "at", STR_ARG(e->until));
}

static enum ec read_exemption(const struct cursor *c, void *out) {
    struct reader *r = c->r;
    struct draft_exemption *d = ARENA_NEW(&r->scratch, struct draft_exemption);
    (void)out;
    if (d == NULL)
        return rules_no_room(r, &r->scratch);
    d->exemption.pos = rules_locate(c);
    d->exemption.until_s = INT64_MAX;
    enum ec ec = rules_read_object(c, &rules_schema_exemption, &d->exemption);
    if (ec != EC_OK)
        return ec;
    warn_if_over(c, &d->exemption);
    *(r->last_exemption != NULL ? &r->last_exemption->next : &r->first_exemption) = d;
    r->last_exemption = d;
    r->n_exemptions++;
    return EC_OK;
}

enum ec rules_read_exemptions(const struct cursor *c, void *out) {
    return rules_read_each(c, read_exemption, out, 0);
}
