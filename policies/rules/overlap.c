#include "rules/examine.h"

#include "base/arena.h"
#include "engine/engine.h"

#include <stdio.h>

static struct str cut_name(struct str s) {
    return str_slice(s, 0, 120);
}

/* ---- names of one image -------------------------------------------------------------- */

struct names {
    const char *bare, *full;
    const char *host, *repository, *whole; /* the full one, in normal form */
};

static bool rule_approves(const struct policy_rule *rule, const struct names *n) {
    const struct match_target target = {str_of(n->host), str_of(n->repository),
                                        str_of(n->whole)};
    struct match_meter meter = MATCH_METER(ENGINE_STEPS_MAX, NULL);
    for (size_t i = 0; i < rule->approved.n; i++)
        if (match_image(rule->approved.v[i].image, &target, &meter) == MATCH_YES)
            return true;
    return false;
}

/* False where both become the same image, or where the second is denied with its own reason. */
static bool check_both_names(const struct examine *c, const struct policy_rule *rule,
                             const struct names *n, struct arena *arena) {
    struct err ignored = ERR_INIT;
    struct str bare, full;
    if (engine_rewrite(&bare, rule, str_of(n->bare), arena, &ignored) != EC_OK ||
        engine_rewrite(&full, rule, str_of(n->full), arena, &ignored) != EC_OK ||
        str_eq(bare, full))
        return false;
    bool stays = str_eq(full, str_of(n->full));
    if (stays && !rule_approves(rule, n))
        return false;
    /* Without the rule's name, so that rules that inherit the registry share one finding. */
    rules_add_finding(c, LINT_TWO_NAMES, rule->registry_pos,
                      "\"%s\" becomes %.*s, but \"%s\", the same image, %s %.*s", n->bare,
                      STR_ARG(cut_name(bare)), n->full, stays ? "stays" : "becomes",
                      STR_ARG(cut_name(full)));
    return true;
}

void rules_overlap_names(const struct examine *c) {
    const struct policy_rule *rule = c->rule;
    static const struct names all[] = {
        {"nginx", "docker.io/nginx", "docker.io", "library/nginx", "docker.io/library/nginx"},
        {"team/app", "docker.io/team/app", "docker.io", "team/app", "docker.io/team/app"}};
    struct arena arena = ARENA_INIT(4096, 1 << 20);
    bool found = rule->registry.text.n == 0; /* then a mirror of docker.io applies to both */
    if (!found && !rules_may_examine(c, rule->n_mirrors + rule->approved.n, rule->pos))
        return;
    for (size_t i = 0; i < sizeof all / sizeof *all && !found; i++)
        found = check_both_names(c, rule, &all[i], &arena);
    arena_done(&arena);
}

/* ---- let pass twice ------------------------------------------------------------------ */

static bool covers(const struct policy_prefix *prefix, const struct match_image *m) {
    return prefix->text.n != 0 && match_image_is_prefix(m) &&
           str_eq(prefix->host, match_image_host(m)) &&
           match_path_prefix(prefix->path, match_image_path(m));
}

/* The registry or mirror target that covers all the pattern matches. */
static const struct policy_prefix *target_of(const struct policy_rule *rule,
                                             const struct match_image *m) {
    if (covers(&rule->registry, m))
        return &rule->registry;
    for (size_t i = 0; i < rule->n_mirrors; i++)
        if (covers(&rule->mirrors[i].to, m))
            return &rule->mirrors[i].to;
    return NULL;
}

void rules_overlap_approved(const struct examine *c) {
    const struct policy_rule *rule = c->rule;
    for (size_t i = 0; i < rule->approved.n; i++) {
        const struct policy_pattern *p = &rule->approved.v[i];
        if (!rules_may_examine(c, 1 + rule->n_mirrors, rule->pos))
            return;
        const struct policy_prefix *prefix = target_of(rule, p->image);
        if (prefix != NULL)
            rules_add_finding(c, LINT_APPROVED_ANYWAY, p->pos,
                              "approved: \"%.*s\" is already approved by \"%.*s\", to which "
                              "the rule rewrites images",
                              STR_ARG(cut_name(match_image_text(p->image))),
                              STR_ARG(cut_name(prefix->text)));
    }
}

static bool is_let_pass(const struct policy_rule *rule, const struct match_image *m) {
    if (rule->denied.n != 0 || rule->require_digest || rule->require_tag)
        return false;
    if (rule->mode != MODE_ENFORCE || target_of(rule, m) != NULL)
        return true;
    for (size_t i = 0; i < rule->approved.n; i++) {
        const struct match_image *a = rule->approved.v[i].image;
        if (match_image_is_prefix(a) && match_image_is_prefix(m) &&
            str_eq(match_image_host(a), match_image_host(m)) &&
            match_path_prefix(match_image_path(a), match_image_path(m)))
            return true;
    }
    return false;
}

void rules_overlap_exemption(const struct examine *c, const struct policy_exemption *e) {
    const struct policy *p = c->policy;
    for (size_t i = 0; i < c->n_passing; i++) {
        const struct policy_rule *rule = &p->rules[c->passing[i]];
        if (!rules_may_examine(c, e->images.n * (1 + rule->n_mirrors + rule->approved.n),
                               e->pos))
            return;
        for (size_t k = 0; k < e->images.n; k++)
            if (!is_let_pass(rule, e->images.v[k].image))
                return;
    }
    if (c->n_passing != 0 && p->unmatched == UNMATCHED_ALLOW)
        rules_add_finding(c, LINT_EXEMPTION_NOT_NEEDED, e->pos,
                          "the exemption has no effect: every rule allows its images");
}
