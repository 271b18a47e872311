/* A rewrite is a fixed point: an image that was rewritten once must not be rewritten again. */
#include "rules/check.h"

#include "engine/engine.h"
#include "rules/groups.h"

#include <stdio.h>

/* Where images are rewritten to: by the registry or by a mirror. */
struct target {
    const struct policy_prefix *to;
    const struct policy_mirror *mirror; /* NULL: the registry */
    struct policy_pos pos;
};

static void print_target(const struct target *t, char *out, size_t room) {
    if (t->mirror != NULL)
        snprintf(out, room, "mirror %s -> %s", rules_quote(t->mirror->from.text).z,
                 rules_quote(t->to->text).z);
    else
        snprintf(out, room, "registry %s", rules_quote(t->to->text).z);
}

static enum ec fail_to_converge(struct reader *r, const struct target *t,
                                const struct policy_mirror *next) {
    char what[320];
    print_target(t, what, sizeof what);
    if (next == t->mirror)
        return rules_fail_at(
            r, t->pos,
            "%s does not converge: what it rewrites is still under %s and would be "
            "rewritten again",
            what, rules_quote(next->from.text).z);
    return rules_fail_at(r, t->pos, "%s does not converge: %s is itself mirrored to %s", what,
                         rules_quote(next->from.text).z, rules_quote(next->to.text).z);
}

/* The mirror that applies to an image directly below `p`, found by host and path as in the engine. */
static const struct policy_mirror *covering(const struct policy_rule *rule,
                                            const struct policy_prefix *p) {
    struct policy_prefix folded = {.host = engine_fold_host(p->host), .path = p->path};
    for (size_t i = 0; i < rule->n_mirrors; i++) /* longest first */
        if (rules_prefix_holds(&rule->mirrors[i].from, &folded))
            return &rule->mirrors[i];
    return NULL;
}

/* to + the part of `path` below `from` spells `text`: the mirror leaves it as it is. */
static bool spells(const struct policy_mirror *m, struct str path, struct str text) {
    struct str rest = str_slice(path, m->from.path.n, path.n);
    bool slash = m->from.path.n == 0 && rest.n != 0;
    struct str to = m->to.text;
    return text.n == to.n + slash + rest.n && str_starts(text, to) &&
           (!slash || text.p[to.n] == '/') &&
           str_eq(str_slice(text, to.n + slash, text.n), rest);
}

static bool keeps(const struct policy_mirror *m, const struct policy_prefix *p) {
    return spells(m, p->path, p->text);
}

/* A mirror for a prefix below the target rewrites some of the images there again, unless it leaves them
 * as they are. */
static bool takes_from_below(const struct policy_mirror *m, const struct policy_prefix *p) {
    struct policy_prefix folded = {.host = engine_fold_host(p->host), .path = p->path};
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): m is an element of an array */
    if (!rules_prefix_holds(&folded, &m->from) || m->from.path.n == folded.path.n)
        return false;
    struct str below = str_slice(m->from.path, p->path.n, m->from.path.n);
    if (below.p[0] == '/')
        below = str_slice(below, 1, below.n);
    return !(m->to.text.n == p->text.n + 1 + below.n && str_starts(m->to.text, p->text) &&
             m->to.text.p[p->text.n] == '/' && str_ends(m->to.text, below));
}

static enum ec check_target(struct reader *r, const struct policy_rule *rule,
                            const struct target *t) {
    const struct policy_mirror *next = covering(rule, t->to);
    if (next != NULL && !keeps(next, t->to))
        return fail_to_converge(r, t, next);
    for (size_t i = 0; i < rule->n_mirrors; i++)
        if (takes_from_below(&rule->mirrors[i], t->to))
            return fail_to_converge(r, t, &rule->mirrors[i]);
    return EC_OK;
}

/* ---- and by trying ----------------------------------------------------------------------- */

struct trial {
    struct reader *r;
    const struct policy_rule *rule;
    struct arena arena; /* of one image */
};

static enum ec rewrite_twice(struct trial *trial, const struct target *t, struct str image) {
    struct err why = ERR_INIT;
    struct str once, twice;
    arena_reset(&trial->arena);
    /* What is not an image any more (too long after rewriting) has nothing to converge. */
    enum ec ec = engine_rewrite(&once, trial->rule, image, &trial->arena, &why);
    if (ec == EC_OK)
        ec = engine_rewrite(&twice, trial->rule, once, &trial->arena, &why);
    if (ec == EC_SYNTAX)
        return EC_OK;
    if (ec != EC_OK)
        return err_set(trial->r->err, ec, "%s", why.msg);
    if (str_eq(once, twice))
        return EC_OK;
    return rules_fail_at(trial->r, t->pos,
                         "rewriting does not converge: %s becomes %s, then %s",
                         rules_quote(image).z, rules_quote(once).z, rules_quote(twice).z);
}

static enum ec try_below(struct trial *trial, const struct target *t,
                         const struct policy_prefix *prefix) {
    static const char *const samples[] = {"", "/sample:1", "/team/sample:1",
                                          "/library/sample:1"};
    char image[512];
    for (size_t i = prefix->path.n == 0; i < sizeof samples / sizeof *samples; i++) {
        int n = snprintf(image, sizeof image, "%.*s%s", STR_ARG(prefix->text), samples[i]);
        if (n < 0 || (size_t)n >= sizeof image)
            continue;
        enum ec ec = rewrite_twice(trial, t, str_of(image));
        if (ec != EC_OK)
            return ec;
    }
    return EC_OK;
}

static enum ec try_registry(struct trial *trial, const struct target *t) {
    static const struct str samples[] = {STR_INIT("busybox"), STR_INIT("busybox:1.35"),
                                         STR_INIT("library/busybox"),
                                         STR_INIT("airbyte/source-postgres:3.6.11")};
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        enum ec ec = rewrite_twice(trial, t, samples[i]);
        if (ec != EC_OK)
            return ec;
    }
    return try_below(trial, t, t->to);
}

static enum ec check_registry(struct trial *trial) {
    const struct policy_rule *rule = trial->rule;
    struct target t = {.to = &rule->registry, .mirror = NULL, .pos = rule->registry_pos};
    if (rule->registry.text.n == 0)
        return EC_OK;
    enum ec ec = check_target(trial->r, rule, &t);
    return ec != EC_OK ? ec : try_registry(trial, &t);
}

static enum ec check_mirror(struct trial *trial, const struct policy_mirror *m) {
    struct target t = {.to = &m->to, .mirror = m, .pos = m->pos};
    enum ec ec = check_target(trial->r, trial->rule, &t);
    if (ec == EC_OK)
        ec = try_below(trial, &t, &m->from);
    return ec != EC_OK ? ec : try_below(trial, &t, &m->to);
}

/* Mirrors apply to images that name a host; the registry does not affect those. */
static enum ec check_mirrors(struct trial *trial) {
    enum ec ec = EC_OK;
    for (size_t i = 0; i < trial->rule->n_mirrors && ec == EC_OK; i++)
        ec = check_mirror(trial, &trial->rule->mirrors[i]);
    return ec;
}

enum ec rules_check_converges(struct reader *r) {
    const struct policy *p = r->policy;
    struct trial trial = {.r = r, .arena = ARENA_INIT(4096, 1 << 20)};
    const uint32_t *moves = rules_group(&r->scratch, p, rules_key_moves);
    const uint32_t *mirrors = rules_group(&r->scratch, p, rules_key_mirrors);
    bool *done = ARENA_ARRAY(&r->scratch, bool, p->n_rules); /* for the mirrors of a group */
    enum ec ec = EC_OK;
    if (moves == NULL || mirrors == NULL || done == NULL)
        return rules_no_room(r, &r->scratch);
    memset(done, 0, p->n_rules * sizeof *done);
    for (size_t i = 0; i < p->n_rules && !rules_is_over(r, ec); i++) {
        if (!rules_is_first(moves, i))
            continue;
        trial.rule = &p->rules[i];
        ec = check_registry(&trial);
        if (ec != EC_OK || done[mirrors[i]])
            continue;
        done[mirrors[i]] = true;
        ec = check_mirrors(&trial);
    }
    arena_done(&trial.arena);
    return rules_is_over(r, ec) ? ec : EC_OK;
}
