/* Where images go: the registry for images that name no host, mirrors for those that do. */
#include "engine/internal.h"

static bool is_hub(struct str host) {
    static const struct str names[] = {STR_INIT("docker.io"), STR_INIT("index.docker.io"),
                                       STR_INIT("registry-1.docker.io"),
                                       STR_INIT("registry.hub.docker.com")};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_eq(host, names[i]))
            return true;
    return false;
}

/* The default ports of HTTPS and, for registries without TLS, HTTP; leading zeros are legal. */
static bool is_default_port(struct str digits) {
    uint64_t port;
    return str_to_uint(digits, 65535, &port) && (port == 443 || port == 80);
}

struct str engine_fold_host(struct str host) {
    size_t colon = host.n;
    while (colon > 0 && host.p[colon - 1] != ':' && host.p[colon - 1] != ']')
        colon--;
    if (colon > 0 && host.p[colon - 1] == ':' &&
        is_default_port(str_slice(host, colon, host.n)))
        host = str_slice(host, 0, colon - 1);
    return is_hub(host) ? STR("docker.io") : host;
}

bool engine_prefix_covers(const struct policy_prefix *prefix, struct str host,
                          struct str repository) {
    return str_eq(prefix->host, host) && match_path_prefix(prefix->path, repository);
}

/* An image named just as the mirrored place would become a host alone where the mirror has no
 * path, and that is read as a name on Docker Hub. */
static bool leaves_a_path(const struct policy_mirror *m, struct str repository) {
    return m->to.path.n != 0 || repository.n > m->from.path.n;
}

const struct policy_mirror *engine_find_mirror(const struct policy_rule *rule, struct str host,
                                               struct str repository) {
    struct str folded = engine_fold_host(host);
    for (size_t i = 0; i < rule->n_mirrors; i++)
        if (engine_prefix_covers(&rule->mirrors[i].from, folded, repository) &&
            leaves_a_path(&rule->mirrors[i], repository))
            return &rule->mirrors[i];
    return NULL;
}

/* prefix[/repository][:tag][@digest]: tag and digest stay byte for byte. */
static struct str compose(struct arena *arena, struct str prefix, struct str repository,
                          const struct reference *from) {
    const struct str parts[] = {prefix, repository.n ? STR("/") : STR_NONE, repository,
                                from->tail};
    return engine_join(arena, parts, sizeof parts / sizeof *parts);
}

struct str engine_to_registry(struct arena *arena, const struct policy_rule *rule,
                              const struct reference *from) {
    bool bare = rule->official == OFFICIAL_BARE && from->ref.library;
    return compose(arena, rule->registry.text, bare ? from->ref.path : from->target.repository,
                   from);
}

/* docker.io/nginx is read as docker.io/library/nginx: what goes there is written as it is read, or the
 * next pass would rewrite it again (registry-1.docker.io/nginx comes without library/). */
static bool is_official(const struct policy_prefix *to, struct str repository) {
    return str_eq(to->text, STR("docker.io")) && str_find(repository, '/') == repository.n;
}

static struct str to_mirror(struct arena *arena, const struct policy_mirror *mirror,
                            const struct reference *from) {
    struct str rest =
        str_slice(from->target.repository, mirror->from.path.n, from->target.repository.n);
    if (mirror->from.path.n != 0 && rest.n != 0)
        rest = str_slice(rest, 1, rest.n); /* the slash at the border */
    return compose(arena,
                   is_official(&mirror->to, rest) ? STR("docker.io/library") : mirror->to.text,
                   rest, from);
}

struct route engine_find_route(const struct policy_rule *rule, const struct reference *from) {
    if (!from->ref.qualified && rule->registry.text.n != 0)
        return (struct route){.way = WAY_REGISTRY};
    const struct policy_mirror *mirror =
        engine_find_mirror(rule, from->target.host, from->target.repository);
    return (struct route){.way = mirror ? WAY_MIRROR : WAY_STAYS, .mirror = mirror};
}

struct str engine_apply_route(struct arena *arena, const struct policy_rule *rule,
                              const struct reference *from, const struct route *route) {
    if (route->way == WAY_REGISTRY)
        return engine_to_registry(arena, rule, from);
    return route->mirror ? to_mirror(arena, route->mirror, from) : from->text;
}

static struct str lower(struct arena *arena, struct str s) {
    char *p = arena_alloc(arena, s.n);
    if (p == NULL)
        return STR_NONE;
    for (size_t i = 0; i < s.n; i++)
        p[i] = ascii_lower(s.p[i]);
    return (struct str){p, s.n};
}

/* GHCR.IO/x and ghcr.io/x are one registry in DNS, and two in the credentials and mirrors of runtimes: the
 * host is folded and the whole parsed again (DOCKER.IO/nginx is docker.io/library/nginx). A first component
 * that is a host only because of its upper case (EVIL/x) keeps it, so that nothing approves it. */
static bool fold_case(struct arena *arena, struct str *text, struct imgref *ref,
                      struct err *err) {
    struct str host = lower(arena, ref->host);
    struct str rest = str_slice(*text, ref->host.n, text->n);
    const struct str parts[] = {host, rest};
    *text = host.p != NULL ? engine_join(arena, parts, 2) : STR_NONE;
    if (text->p == NULL) {
        arena_fail(arena, err);
        return false;
    }
    return imgref_parse(ref, *text, err) == EC_OK;
}

/* host "/" [library/] path [:tag] [@digest], which all pullers read alike; the text itself where it is
 * just that. */
static struct str canonical_text(struct arena *arena, struct str text,
                                 const struct imgref *ref) {
    struct str from_path = {ref->path.p, (size_t)(text.p + text.n - ref->path.p)};
    const struct str parts[] = {ref->host, STR("/"), ref->library ? STR("library/") : STR_NONE,
                                from_path};
    if (ref->host.p == text.p && !ref->library)
        return text;
    return engine_join(arena, parts, sizeof parts / sizeof *parts);
}

static bool read_reference(struct arena *arena, struct str text, struct reference *out,
                           struct err *err) {
    const struct imgref *ref = &out->ref;
    if (imgref_parse(&out->ref, text, err) != EC_OK)
        return false;
    if ((ref->quirks & IMGREF_UPPER_HOST) && !(ref->quirks & IMGREF_UPPER_WORD) &&
        !fold_case(arena, &text, &out->ref, err))
        return false;
    struct str canonical = canonical_text(arena, text, ref);
    if (canonical.p == NULL) {
        arena_fail(arena, err);
        return false;
    }
    const char *path_end = ref->path.p + ref->path.n;
    out->tail = (struct str){path_end, (size_t)(text.p + text.n - path_end)};
    struct str whole = str_slice(canonical, 0, canonical.n - out->tail.n);
    out->target = (struct match_target){
        .host = str_slice(whole, 0, ref->host.n),
        .repository = str_slice(whole, ref->host.n + 1, whole.n),
        .whole = whole,
    };
    out->text = ref->qualified ? text : canonical;
    return true;
}

bool engine_read_reference(struct ctx *c, struct str text, struct reference *out,
                           struct err *err) {
    bool ok = read_reference(c->arena, text, out, err);
    if (err->code == EC_NOMEM || err->code == EC_LIMIT)
        c->full = true;
    return ok;
}

/* The place a rule sends images to and a valid repository are a valid reference together: it is parsed
 * again only where its length or docker.io's implied library/ may make it another one. */
bool engine_read_target(struct ctx *c, const struct reference *from, const struct route *route,
                        struct str text, struct match_target *out) {
    const struct policy_prefix *to =
        route->mirror != NULL ? &route->mirror->to : &c->rule->registry;
    struct str whole = str_slice(text, 0, text.n - from->tail.n);
    struct reference parsed;
    if (whole.n <= IMGREF_PATH_MAX && str_starts(whole, to->host) && !is_hub(to->host)) {
        *out = (struct match_target){.host = str_slice(whole, 0, to->host.n),
                                     .repository = str_slice(whole, to->host.n + 1, whole.n),
                                     .whole = whole};
        return true;
    }
    if (!engine_read_reference(c, text, &parsed, c->err))
        return false;
    *out = parsed.target;
    return true;
}

enum ec engine_rewrite(struct str *out, const struct policy_rule *rule, struct str text,
                       struct arena *arena, struct err *err) {
    struct reference from;
    if (!read_reference(arena, text, &from, err))
        return err->code;
    struct route route = engine_find_route(rule, &from);
    struct str to = engine_apply_route(arena, rule, &from, &route);
    if (to.p == NULL)
        return arena_fail(arena, err);
    *out = to;
    return EC_OK;
}
