/* Every name by which the same content is reached, for denials: an image is its own name, the one it is
 * pulled by, and whatever these are called elsewhere.
 *
 *      harbor.corp/hub/evil --mirror docker.io -> harbor.corp/hub, backwards--> docker.io/evil
 *      docker.io/evil       --official images------------------------------->  docker.io/library/evil
 *      docker.io/library/evil --the rule's mirror--------------------------->  harbor.corp/hub/library/evil
 *
 * Backwards, all mirrors of the file that lead to a name are followed: what a mirror serves does not depend on
 * the rule that names it. Forwards, only the mirrors of the deciding rule are, as it would rewrite. Each mirror
 * and each pattern that is compared is a step of the review's budget. */
#include "engine/internal.h"

enum { ROOM_MIN = 2048 };

/* n bytes for this image. Earlier rooms stay valid: names borrow from them. */
static char *take_room(struct ctx *c, size_t n) {
    struct names *names = c->names;
    if (n > names->cap - names->used) {
        size_t cap = 2 * names->cap;
        cap = cap < ROOM_MIN ? ROOM_MIN : cap;
        cap = cap < n ? n : cap;
        char *room = arena_alloc(c->arena, cap);
        c->full |= room == NULL;
        if (room == NULL)
            return NULL;
        names->room = room;
        names->cap = cap;
        names->used = 0;
    }
    names->used += n;
    return names->room + names->used - n;
}

static bool is_known_name(const struct names *names, const struct match_target *t) {
    for (size_t i = 0; i < names->n; i++)
        if (str_eq(names->v[i].target.whole, t->whole))
            return true;
    return false;
}

static void add_image_name(struct names *names, const struct match_target *t, bool mirrored) {
    if (is_known_name(names, t))
        return;
    if (names->n == NAMES_MAX)
        names->more = true;
    else
        names->v[names->n++] = (struct name){.target = *t, .mirrored = mirrored};
}

/* host "/" prefix ["/"] rest */
static void add_joined(struct ctx *c, struct str host, struct str prefix, struct str rest,
                       bool mirrored) {
    bool slash = prefix.n != 0 && rest.n != 0;
    size_t before = c->names->used, n = host.n + 1 + prefix.n + slash + rest.n;
    const struct str parts[] = {host, STR("/"), prefix, slash ? STR("/") : STR_NONE, rest};
    char *p = take_room(c, n), *at = p;
    if (p == NULL)
        return;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (parts[i].n != 0)
            memcpy(at, parts[i].p, parts[i].n);
        at += parts[i].n;
    }
    struct str whole = {p, n};
    const struct match_target t = {.host = str_slice(whole, 0, host.n),
                                   .repository = str_slice(whole, host.n + 1, n),
                                   .whole = whole};
    if (is_known_name(c->names, &t) && c->names->used == before + n)
        c->names->used = before;
    add_image_name(c->names, &t, mirrored);
}

/* ---- aliases, default ports, official images --------------------------------------------- */

static void add_alias(struct ctx *c, const struct name *of, struct str host) {
    if (!str_eq(host, of->target.host))
        add_joined(c, host, STR_NONE, of->target.repository, of->mirrored);
}

/* A denial that names registry-1.docker.io means docker.io as well. */
static void add_hosts_of_denials(struct ctx *c, const struct name *of, struct str host) {
    const struct policy_patterns *denied = &c->rule->denied;
    for (size_t i = 0; denied->aliased && i < denied->n && engine_charge(c, 1); i++) {
        struct str other = match_image_host(denied->v[i].image);
        if (!str_eq(other, host) && str_eq(engine_fold_host(other), host))
            add_joined(c, other, STR_NONE, of->target.repository, of->mirrored);
    }
}

/* Of one component alone: library/a/b is another image than a/b. */
static void add_official(struct ctx *c, const struct name *of, struct str host) {
    static const struct str library = STR_INIT("library/");
    struct str repository = of->target.repository;
    bool official = str_starts(repository, library);
    struct str name = str_slice(repository, official ? library.n : 0, repository.n);
    if (!str_eq(host, STR("docker.io")) || str_find(name, '/') != name.n)
        return;
    add_joined(c, host, official ? STR_NONE : STR("library"), name, of->mirrored);
}

/* ---- mirrors ----------------------------------------------------------------------------- */

/* What is left of the path after the prefix. */
static struct str below(const struct policy_prefix *prefix, struct str repository) {
    struct str rest = str_slice(repository, prefix->path.n, repository.n);
    return str_starts(rest, STR("/")) ? str_slice(rest, 1, rest.n) : rest;
}

static void add_moved(struct ctx *c, const struct policy_prefix *from,
                      const struct policy_prefix *to, struct str repository) {
    struct str rest = below(from, repository);
    if (to->path.n != 0 || rest.n != 0)
        add_joined(c, to->host, to->path, rest, true);
}

static void add_origin(struct ctx *c, const struct policy_mirror *m, struct str host,
                       struct str repository) {
    if (str_eq(engine_fold_host(m->to.host), host) && match_path_prefix(m->to.path, repository))
        add_moved(c, &m->to, &m->from, repository);
}

/* The first mirror of the file that leads to the host, or one after it. */
static size_t first_to(const struct policy_origins *o, struct str host) {
    size_t from = 0, to = o->n;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (str_cmp(engine_fold_host(o->v[middle]->to.host), host) < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

static void add_origins(struct ctx *c, struct str host, struct str repository) {
    const struct policy_rule *rule = c->rule;
    if (c->policy->origins == NULL) {
        if (!engine_charge(c, rule->n_mirrors))
            return;
        for (size_t i = 0; i < rule->n_mirrors; i++)
            add_origin(c, &rule->mirrors[i], host, repository);
        return;
    }
    const struct policy_origins *o = &c->policy->origins[rule->pos.file];
    for (size_t i = first_to(o, host);
         i < o->n && str_eq(engine_fold_host(o->v[i]->to.host), host) && engine_charge(c, 1);
         i++)
        add_origin(c, o->v[i], host, repository);
}

static void add_destination(struct ctx *c, struct str host, struct str repository) {
    if (!engine_charge(c, c->rule->n_mirrors))
        return;
    const struct policy_mirror *m = engine_find_mirror(c->rule, host, repository);
    if (m != NULL)
        add_moved(c, &m->from, &m->to, repository);
}

/* ---- all of them ------------------------------------------------------------------------- */

static void expand(struct ctx *c, struct name of) {
    struct str host = engine_fold_host(of.target.host);
    add_alias(c, &of, host);
    add_official(c, &of, host);
    add_hosts_of_denials(c, &of, host);
    add_origins(c, host, of.target.repository);
    add_destination(c, host, of.target.repository);
}

const struct names *engine_names_of(struct ctx *c, const struct match_target *own,
                                    const struct match_target *pulled) {
    if (c->names == NULL)
        c->names = ARENA_NEW(c->arena, struct names);
    if (c->names == NULL) {
        c->full = true;
        return NULL;
    }
    c->names->n = c->names->used = 0;
    c->names->more = false;
    if (own != NULL)
        add_image_name(c->names, own, false);
    add_image_name(c->names, pulled, false);
    for (size_t i = 0; i < c->names->n && !c->full; i++)
        expand(c, c->names->v[i]);
    return c->full ? NULL : c->names;
}
