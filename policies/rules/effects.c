/* Settings of rules and exemptions that have no effect. */
#include "rules/check.h"

#include "engine/engine.h"
#include "rules/groups.h"

/* ---- approved, but denied all the same --------------------------------------------------- */

static bool matches_everything(const struct match_image *m) {
    return str_eq(match_image_text(m), STR("**"));
}

/* By hosts and paths alone; a denial covers the aliases of a registry. */
static bool denies_all_of(const struct match_image *denied,
                          const struct match_image *approved) {
    if (matches_everything(denied))
        return true;
    if (!match_image_is_prefix(denied) || match_image_host(approved).n == 0)
        return false;
    if (!str_eq(engine_fold_host(match_image_host(denied)),
                engine_fold_host(match_image_host(approved))))
        return false;
    return match_image_path(denied).n == 0 ||
           (match_image_is_prefix(approved) &&
            match_path_prefix(match_image_path(denied), match_image_path(approved)));
}

static void check_approved(struct reader *r, const struct policy_rule *rule,
                           const struct policy_pattern *approved) {
    for (size_t i = 0; i < rule->denied.n; i++) {
        const struct policy_pattern *denied = &rule->denied.v[i];
        if (!denies_all_of(denied->image, approved->image))
            continue;
        rules_warn_at(r, LINT_DENIED_WINS, approved->pos,
                      "approved: %s has no effect, denied %s%s covers it",
                      rules_quote(match_image_text(approved->image)).z,
                      rules_quote(match_image_text(denied->image)).z,
                      rules_location(r, denied->pos, approved->pos).z);
        return;
    }
}

/* ---- secrets for nowhere ----------------------------------------------------------------- */

static bool prefixes_meet(const struct policy_prefix *a, const struct policy_prefix *b) {
    return rules_prefix_holds(a, b) || rules_prefix_holds(b, a);
}

/* A regex, or a glob over hosts, may match any prefix. */
static bool pattern_meets(const struct match_image *m, const struct policy_prefix *prefix) {
    struct policy_prefix p = {.host = match_image_host(m), .path = match_image_path(m)};
    if (p.host.n == 0)
        return true;
    return match_image_is_prefix(m) ? prefixes_meet(&p, prefix) : str_eq(p.host, prefix->host);
}

static bool patterns_meet(const struct policy_patterns *list,
                          const struct policy_prefix *prefix) {
    for (size_t i = 0; i < list->n; i++)
        if (pattern_meets(list->v[i].image, prefix))
            return true;
    return false;
}

/* Warn and audit allow images from anywhere; so may exemptions. */
static bool may_come_from(const struct reader *r, const struct policy_rule *rule,
                          const struct policy_prefix *prefix) {
    if (rule->mode != MODE_ENFORCE)
        return true;
    if (rule->registry.text.n != 0 && prefixes_meet(&rule->registry, prefix))
        return true;
    for (size_t i = 0; i < rule->n_mirrors; i++)
        if (prefixes_meet(&rule->mirrors[i].to, prefix))
            return true;
    for (size_t i = 0; i < r->policy->n_exemptions; i++) {
        const struct policy_exemption *e = &r->policy->exemptions[i];
        if (engine_exemption_holds_for(e, rule) && patterns_meet(&e->images, prefix))
            return true;
    }
    return patterns_meet(&rule->approved, prefix);
}

static void check_secret_effects(struct reader *r, const struct policy_rule *rule,
                                 size_t n_exempted) {
    for (size_t i = 0; i < rule->n_secrets; i++) {
        const struct policy_secret *s = &rule->secrets[i];
        if (s->always)
            continue;
        if (!rules_may_look(r, 1 + rule->n_mirrors + rule->approved.n + n_exempted, rule->pos))
            return;
        if (!may_come_from(r, rule, &s->prefix))
            rules_warn_at(
                r, LINT_UNUSED_SECRET, s->pos,
                "imagePullSecrets: %s is never added: rule %s allows no image from %s",
                rules_quote(s->name).z, rules_quote(rule->name).z,
                rules_quote(s->prefix.text).z);
    }
}

/* ---- exemptions without effect --------------------------------------------------------------- */

void rules_check_exemptions(struct reader *r) {
    const struct policy *p = r->policy;
    bool *has_rules = ARENA_ARRAY(&r->scratch, bool, p->n_files);
    if (has_rules == NULL) {
        r->no_memory = true;
        return;
    }
    memset(has_rules, 0, p->n_files * sizeof *has_rules);
    for (size_t i = 0; i < p->n_rules; i++)
        has_rules[p->rules[i].pos.file] = true;
    for (size_t i = 0; i < p->n_exemptions; i++)
        if (p->exemptions[i].scope == SCOPE_FILE && !has_rules[p->exemptions[i].pos.file])
            rules_warn_at(
                r, LINT_EXEMPTS_NOTHING, p->exemptions[i].pos,
                "the exemption has no effect: it applies to the rules of its own file, "
                "which has none (scope: all applies to every file)");
}

/* ---- all of a rule ----------------------------------------------------------------------- */

static void check_rule_effects(struct reader *r, const struct policy_rule *rule) {
    if (rule->registry.text.n == 0 && rule->n_mirrors == 0 && rule->approved.n == 0)
        rules_warn_at(r, LINT_APPROVES_NOTHING, rule->pos,
                      "rule %s approves no registry: every image is denied%s",
                      rules_quote(rule->name).z,
                      rule->denied.n != 0 ? " (approved: [\"**\"] allows all others)" : "");
}

static void check_patterns(struct reader *r, const struct policy_rule *rule) {
    for (size_t i = 0; i < rule->approved.n; i++)
        if (rules_may_look(r, 1 + rule->denied.n, rule->pos))
            check_approved(r, rule, &rule->approved.v[i]);
}

static size_t count_exempted(const struct policy *p) {
    size_t n = 0;
    for (size_t i = 0; i < p->n_exemptions; i++)
        n += 1 + p->exemptions[i].images.n;
    return n;
}

void rules_check_effects(struct reader *r) {
    const struct policy *p = r->policy;
    const uint32_t *patterns = rules_group(&r->scratch, p, rules_key_patterns);
    size_t n_exempted = count_exempted(p);
    for (size_t i = 0; i < p->n_rules; i++) {
        check_rule_effects(r, &p->rules[i]);
        if (rules_is_first(patterns, i))
            check_patterns(r, &p->rules[i]);
        check_secret_effects(r, &p->rules[i], n_exempted);
    }
}
