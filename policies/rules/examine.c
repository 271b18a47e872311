/* Checks of a policy that loads: what works as written but may do harm. */
#include "rules/examine.h"

#include "base/buf.h"
#include "engine/engine.h"
#include "rules/groups.h"

#include <stdarg.h>
#include <stdio.h>

void rules_add_finding(const struct examine *x, enum rules_lint lint, struct policy_pos pos,
                       const char *format, ...) {
    char text[768];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    x->options->warn(x->options->arg, lint, x->policy->files[pos.file].p, pos, text);
}

bool rules_may_examine(const struct examine *x, uint64_t n, struct policy_pos pos) {
    bool before = *x->n_looked <= RULES_STEPS_MAX;
    *x->n_looked += n;
    if (*x->n_looked <= RULES_STEPS_MAX)
        return true;
    if (before)
        rules_add_finding(x, LINT_NOT_CHECKED, pos, RULES_NOT_CHECKED);
    return false;
}

static struct str cut(struct str s) {
    return str_slice(s, 0, 200);
}

/* ---- pull secrets -------------------------------------------------------------------- */

/* Images below one prefix may need different secrets: a secret for a part of it is not enough. */
static bool has_secret_for(const struct policy_rule *rule, const struct policy_prefix *prefix) {
    for (size_t i = 0; i < rule->n_secrets; i++) {
        const struct policy_secret *s = &rule->secrets[i];
        if (s->always || (str_eq(s->prefix.host, prefix->host) &&
                          match_path_prefix(s->prefix.path, prefix->path)))
            return true;
    }
    return false;
}

static void examine_target(const struct examine *c, const char *what,
                           const struct policy_prefix *prefix, struct policy_pos pos) {
    if (!has_secret_for(c->rule, prefix))
        rules_add_finding(c, LINT_NO_PULL_SECRET, pos,
                          "%s \"%.*s\": none of rule \"%.*s\"'s pull secrets is for it", what,
                          STR_ARG(cut(prefix->text)), STR_ARG(cut(c->rule->name)));
}

static void examine_secrets(const struct examine *c) {
    const struct policy_rule *rule = c->rule;
    if (rule->mode == MODE_AUDIT)
        return;
    if (rule->n_secrets == 0) {
        if (rule->registry.text.n != 0 || rule->n_mirrors != 0)
            rules_add_finding(
                c, LINT_SECRETS_ELSEWHERE, rule->pos,
                "rule \"%.*s\" rewrites images to another registry and adds no pull secrets",
                STR_ARG(cut(rule->name)));
        return;
    }
    if (!rules_may_examine(c, (1 + rule->n_mirrors) * rule->n_secrets, rule->pos))
        return;
    if (rule->registry.text.n != 0)
        examine_target(c, "registry", &rule->registry, rule->registry_pos);
    for (size_t i = 0; i < rule->n_mirrors; i++)
        examine_target(c, "mirror", &rule->mirrors[i].to, rule->mirrors[i].pos);
}

/* ---- patterns that deny -------------------------------------------------------------- */

static bool is_one_component(struct str path) {
    return path.n != 0 && str_find(path, '/') == path.n && str_find(path, '*') == path.n;
}

/* Does a mirror of docker.io in this file point to the registry? */
static bool is_hub_mirror(const struct examine *c) {
    const struct policy_rule *rule = c->rule;
    const struct policy_origins *o = &c->policy->origins[rule->pos.file];
    struct str host = engine_fold_host(rule->registry.host);
    for (size_t i = 0; i < o->n; i++) {
        const struct policy_mirror *m = o->v[i];
        if (str_eq(m->from.host, STR("docker.io")) &&
            str_eq(engine_fold_host(m->to.host), host) &&
            match_path_prefix(m->to.path, rule->registry.path))
            return true;
    }
    return false;
}

static void check_beside_registry(const struct examine *c, const struct policy_pattern *p) {
    const struct policy_rule *rule = c->rule;
    if (rule->registry.text.n == 0 ||
        !rules_may_examine(c, c->policy->origins[rule->pos.file].n, rule->pos))
        return;
    if (!is_hub_mirror(c))
        rules_add_finding(
            c, LINT_DENIED_BESIDE_REGISTRY, p->pos,
            "denied: \"%.*s\" does not deny images without a registry: they come from "
            "\"%.*s\", and no mirror of docker.io points there",
            STR_ARG(cut(match_image_text(p->image))), STR_ARG(cut(rule->registry.text)));
}

static void check_denied(const struct examine *c, const struct policy_pattern *p) {
    struct str host = match_image_host(p->image);
    struct str text = cut(match_image_text(p->image));
    if (host.n == 0)
        return;
    struct str folded = engine_fold_host(host);
    if (str_eq(folded, STR("docker.io")))
        check_beside_registry(c, p);
    if (!str_eq(host, folded))
        rules_add_finding(c, LINT_DENIED_ALIAS, p->pos,
                          "denied: \"%.*s\" uses an alias of \"%.*s\", and denies images under "
                          "both names",
                          STR_ARG(text), STR_ARG(cut(folded)));
    else if (str_eq(host, STR("docker.io")) && match_image_is_prefix(p->image) &&
             is_one_component(match_image_path(p->image)))
        rules_add_finding(
            c, LINT_DENIED_SHORT, p->pos,
            "denied: \"%.*s\" is both the official image and the account of that name",
            STR_ARG(text));
}

/* ---- patterns that let pass ---------------------------------------------------------- */

/* Without a prefix of no meaning: `^`, `(`, `(?:`. */
static struct str behind_opening(struct str regex) {
    static const struct str openings[] = {STR_INIT("^"), STR_INIT("(?:"), STR_INIT("(")};
    for (size_t i = 0; i < sizeof openings / sizeof *openings;) {
        if (str_starts(regex, openings[i])) {
            regex = str_slice(regex, openings[i].n, regex.n);
            i = 0;
        } else {
            i++;
        }
    }
    return regex;
}

/* An account with an open end: its first letters, then a star, or `.*` in a regex. */
static void check_account(const struct examine *c, const char *list,
                          const struct policy_pattern *p, struct str account,
                          struct str ending) {
    struct str text = cut(match_image_text(p->image));
    if (!str_ends(account, ending) || account.n == ending.n)
        return;
    struct str begin = str_slice(account, 0, account.n - ending.n);
    if (str_ends(begin, STR("*")))
        return;
    rules_add_finding(c, LINT_ACCOUNT_OPEN_END, p->pos,
                      "%s: \"%.*s\" also matches accounts such as \"%.*s%sevil\"", list,
                      STR_ARG(text), STR_ARG(cut(begin)), str_ends(begin, STR("-")) ? "" : "-");
}

static struct str first_part(struct str text) {
    size_t slash = str_find(text, '/');
    struct str path = str_slice(text, slash + 1, text.n);
    return str_slice(path, 0, str_find(path, '/'));
}

/* The account in a regex, without the `(`, `)` and `$` around it. */
static struct str account_of_regex(struct str regex) {
    struct str account = behind_opening(first_part(regex));
    while (str_ends(account, STR(")")) || str_ends(account, STR("$")))
        account.n--;
    return account;
}

static void check_regex_account(const struct examine *c, const char *list,
                                const struct policy_pattern *p, struct str regex) {
    struct str account = account_of_regex(regex);
    check_account(c, list, p, account, STR(".*"));
    check_account(c, list, p, account, STR(".+"));
}

static void check_regex(const struct examine *c, const char *list,
                        const struct policy_pattern *p) {
    struct str regex = match_image_text(p->image);
    enum rules_regex_hosts hosts = rules_regex_hosts(regex);
    if (hosts == REGEX_HOSTS_ANY)
        rules_add_finding(c, LINT_REGEX_UNANCHORED, p->pos,
                          "%s: regex \"%.*s\" matches any host", list, STR_ARG(cut(regex)));
    else if (hosts == REGEX_HOSTS_OPEN)
        rules_add_finding(c, LINT_REGEX_OPEN_END, p->pos,
                          "%s: the host of regex \"%.*s\" has an open end", list,
                          STR_ARG(cut(regex)));
    else if (hosts == REGEX_HOSTS_LOOSE_DOT)
        rules_add_finding(c, LINT_REGEX_LOOSE_DOT, p->pos,
                          "%s: a dot in the host of regex \"%.*s\" matches any character", list,
                          STR_ARG(cut(regex)));
    else
        check_regex_account(c, list, p, behind_opening(regex));
}

static bool is_everything(struct str glob) {
    static const char *const all[] = {"**", "*/**", "**/**", "**/*"};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (str_eq(glob, str_of(all[i])))
            return true;
    return false;
}

static void examine_glob(const struct examine *c, const char *list,
                         const struct policy_pattern *p) {
    struct str text = match_image_text(p->image);
    check_account(c, list, p, first_part(text), STR("*"));
    if (is_everything(text))
        rules_add_finding(c, LINT_APPROVES_EVERYTHING, p->pos,
                          "%s: \"%.*s\" matches every image: only denied patterns are refused",
                          list, STR_ARG(text));
    struct str host = str_slice(text, 0, str_find(text, '/'));
    host = str_slice(host, 0, str_find(host, ':'));
    size_t star = str_find(host, '*');
    bool any_host = str_eq(host, STR("*")) || str_eq(host, STR("**"));
    if (any_host && !is_everything(text))
        rules_add_finding(c, LINT_GLOB_ANY_HOST, p->pos,
                          "%s: \"%.*s\" matches this path on any host", list,
                          STR_ARG(cut(text)));
    if (any_host || star == host.n)
        return;
    bool at_end = host.p[host.n - 1] == '*';
    for (; star < host.n; star++)
        if (host.p[star] == '*' && star + 1 < host.n && host.p[star + 1] != '.')
            break;
    if (star < host.n)
        rules_add_finding(c, LINT_GLOB_WITHOUT_DOT, p->pos,
                          "%s: \"%.*s\" matches hosts such as \"evil%.*s\"", list,
                          STR_ARG(cut(text)), STR_ARG(cut(str_slice(host, star + 1, host.n))));
    if (at_end)
        rules_add_finding(c, LINT_GLOB_OPEN_END, p->pos,
                          "%s: \"%.*s\" matches hosts such as \"%.*sevil.example\"", list,
                          STR_ARG(cut(text)), STR_ARG(cut(str_slice(host, 0, host.n - 1))));
}

static void check_passing(const struct examine *c, const char *list,
                          const struct policy_patterns *patterns) {
    for (size_t i = 0; i < patterns->n; i++) {
        if (match_image_is_regex(patterns->v[i].image))
            check_regex(c, list, &patterns->v[i]);
        else
            examine_glob(c, list, &patterns->v[i]);
    }
}

static void tell_cost(const struct examine *c, const char *list,
                      const struct policy_pattern *pattern, const char *what) {
    struct buf better = BUF_INIT((size_t)MATCH_PATTERN_MAX * 4);
    struct str regex = match_image_text(pattern->image);
    const char *known = rules_regex_better(regex, &better);
    rules_add_finding(c, LINT_REGEX_BACKTRACKS, pattern->pos,
                      "%s: regex \"%.*s\" %s%s%s%s%.*s%s", list, STR_ARG(cut(regex)), what,
                      known ? ": write " : "", known ? known : "", known ? "\"" : "",
                      STR_ARG(known ? cut(buf_view(&better)) : STR_NONE), known ? "\"" : "");
    buf_done(&better);
}

static void check_cost(const struct examine *c, const char *list,
                       const struct policy_patterns *patterns) {
    static const char *const whats[] = {
        [REGEX_SEVERAL_LOOPS] = "has several loops over the same characters",
        [REGEX_BACKTRACKS] = "can match the same characters in many ways"};
    for (size_t i = 0; i < patterns->n; i++) {
        if (!match_image_is_regex(patterns->v[i].image))
            continue;
        enum rules_regex_cost cost = rules_regex_cost(match_image_text(patterns->v[i].image));
        if (cost != REGEX_CHEAP)
            tell_cost(c, list, &patterns->v[i], whats[cost]);
    }
}

/* ---- rules, exemptions --------------------------------------------------------------- */

static void check_match(const struct examine *c) {
    const struct policy_match *m = &c->rule->match;
    if (m->pod_labels.n_requirements != 0 && m->namespaces.n == 0 && m->users.n == 0 &&
        m->groups.n == 0 && m->service_accounts.n == 0)
        rules_add_finding(
            c, LINT_POD_LABELS_ONLY, c->rule->pos,
            "rule \"%.*s\" selects by pod labels alone, which a pod's author can omit",
            STR_ARG(cut(c->rule->name)));
}

/* Groups of rules that share an inherited list, so that each list is examined once. */
struct shared {
    const uint32_t *approved, *denied, *targets;
};

static void examine_rule(const struct examine *c, const struct shared *shared, size_t i) {
    check_match(c);
    examine_secrets(c);
    rules_overlap_names(c);
    if (rules_is_first(shared->targets, i))
        rules_overlap_approved(c);
    if (rules_is_first(shared->approved, i)) {
        check_passing(c, "approved", &c->rule->approved);
        check_cost(c, "approved", &c->rule->approved);
    }
    if (!rules_is_first(shared->denied, i))
        return;
    check_cost(c, "denied", &c->rule->denied);
    for (size_t k = 0; k < c->rule->denied.n; k++)
        check_denied(c, &c->rule->denied.v[k]);
}

static void examine_rules(struct examine *c) {
    struct arena arena = ARENA_INIT(4096, 64 << 20);
    const struct shared shared = {.approved =
                                      rules_group(&arena, c->policy, rules_key_approved),
                                  .denied = rules_group(&arena, c->policy, rules_key_denied),
                                  .targets = rules_group(&arena, c->policy, rules_key_targets)};
    for (size_t i = 0; i < c->policy->n_rules; i++) {
        c->rule = &c->policy->rules[i];
        examine_rule(c, &shared, i);
    }
    c->rule = NULL;
    arena_done(&arena);
}

/* Without memory there are none, and no exemption is reported as not needed. */
static void find_passing(struct examine *c, struct arena *arena) {
    uint32_t *first = rules_group(arena, c->policy, rules_key_passing);
    for (size_t i = 0; first != NULL && i < c->policy->n_rules; i++)
        if (first[i] == i)
            first[c->n_passing++] = (uint32_t)i;
    c->passing = first;
}

static void check_end(const struct examine *c, const struct policy_exemption *e) {
    int64_t now_s = c->options->now_s;
    if (e->until_s == INT64_MAX || now_s >= e->until_s ||
        e->until_s - now_s > c->options->soon_s)
        return;
    int64_t days = (e->until_s - now_s + 86399) / 86400;
    rules_add_finding(c, LINT_EXEMPTION_ENDS_SOON, e->pos,
                      "the exemption ends in %lld day%s, %s %.*s", (long long)days,
                      days == 1 ? "" : "s", e->until.n == 10 ? "on" : "at",
                      STR_ARG(cut(e->until)));
}

void rules_examine(const struct policy *p, const struct rules_examine_options *options) {
    uint64_t n_looked = 0;
    struct examine c = {.policy = p, .options = options, .n_looked = &n_looked};
    struct arena arena = ARENA_INIT(4096, 64 << 20);
    examine_rules(&c);
    find_passing(&c, &arena);
    for (size_t i = 0; i < p->n_exemptions; i++) {
        check_passing(&c, "images", &p->exemptions[i].images);
        check_cost(&c, "images", &p->exemptions[i].images);
        check_end(&c, &p->exemptions[i]);
        rules_overlap_exemption(&c, &p->exemptions[i]);
    }
    arena_done(&arena);
}
