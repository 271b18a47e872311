/* Hosts with an optional path: registry, mirrors, `for`. */
#include "rules/fields.h"

#include "engine/engine.h"
#include "imgref/imgref.h"

#include <stdlib.h>

/* Leaves room for the image's own path after it. */
enum { PREFIX_PATH_MAX = 200 };

typedef enum ec fail_fn(const struct cursor *c, enum ec code, const char *format, ...)
    PRINTF(3, 4);
typedef void warn_fn(const struct cursor *c, enum rules_lint lint, const char *format, ...)
    PRINTF(3, 4);

/* A text and how its errors are reported: a mirror's key is not a value. */
struct spelling {
    const struct cursor *c;
    enum prefix_use use;
    struct str text;
    fail_fn *fail;
    warn_fn *warn;
};

static bool has_any(struct str s, const char *bytes) {
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] != '\0' && strchr(bytes, s.p[i]) != NULL)
            return true;
    return false;
}

static bool has_upper(struct str s) {
    for (size_t i = 0; i < s.n; i++)
        if (ascii_lower(s.p[i]) != s.p[i])
            return true;
    return false;
}

/* ---- from a spelling to host and path ---------------------------------------------------- */

static void strip_scheme(struct str *s) {
    static const struct str schemes[] = {STR_INIT("http://"), STR_INIT("https://")};
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        if (str_eq_nocase(str_slice(*s, 0, schemes[i].n), schemes[i])) {
            *s = str_slice(*s, schemes[i].n, s->n);
            return;
        }
}

/* People often write a URL (Airbyte's own values.yaml shows one). */
static void strip(struct spelling *s) {
    struct str text = s->text;
    strip_scheme(&text);
    while (text.n != 0 && text.p[text.n - 1] == '/')
        text.n--;
    if (text.n != s->text.n && text.n != 0)
        s->warn(s->c, LINT_SCHEME_IGNORED,
                "%s is read as %s: an image reference has no scheme and no trailing slash",
                rules_quote(s->text).z, rules_quote(text).z);
    s->text = text;
}

static enum ec check_spelling(const struct spelling *s) {
    struct str path = str_slice(s->text, str_find(s->text, '/'), s->text.n);
    if (s->text.n == 0)
        return s->fail(s->c, EC_SCHEMA, "is empty, expected host[:port] or host[:port]/path");
    if (has_any(s->text, " \t"))
        return s->fail(s->c, EC_SCHEMA, "%s contains whitespace", rules_quote(s->text).z);
    if (has_any(s->text, "@"))
        return s->fail(s->c, EC_SCHEMA,
                       "%s has a digest or a user, expected host[:port][/path]",
                       rules_quote(s->text).z);
    if (has_any(path, ":"))
        return s->fail(s->c, EC_SCHEMA, "%s has a tag, expected host[:port][/path]",
                       rules_quote(s->text).z);
    return EC_OK;
}

/* Why the first component is not a host, for each field it can be in. */
static enum ec fail_host(const struct spelling *s, struct str host) {
    struct str shown = s->text;
    bool word = !has_any(host, ".:");
    if (!word)
        return s->fail(
            s->c, EC_SCHEMA,
            "%s is not a registry host, expected name[:port] of letters, digits, \"-\" "
            "and \".\", the port at most 65535",
            rules_quote(host).z);
    if (s->use == PREFIX_REGISTRY)
        return s->fail(
            s->c, EC_SCHEMA,
            "%s is not a registry host: without a dot or a port it is read as a name on "
            "Docker Hub, so images would move to docker.io/%.*s and get longer with "
            "every pass; write its domain or port",
            rules_quote(host).z, STR_ARG(str_slice(shown, 0, 100)));
    if (imgref_is_path(shown))
        return s->fail(s->c, EC_SCHEMA,
                       "%s is not a registry host, it has no dot and no port; did you mean "
                       "\"docker.io/%.*s\"?",
                       rules_quote(host).z, STR_ARG(str_slice(shown, 0, 100)));
    return s->fail(s->c, EC_SCHEMA, "%s is not a registry host, it has no dot and no port",
                   rules_quote(host).z);
}

static enum ec check_path(const struct spelling *s, struct str path) {
    if (path.n > PREFIX_PATH_MAX)
        return s->fail(s->c, EC_LIMIT, "the path is %zu bytes long, at most %d are allowed",
                       path.n, PREFIX_PATH_MAX);
    if (path.n == 0 || imgref_is_path(path))
        return EC_OK;
    if (has_upper(path))
        return s->fail(s->c, EC_SCHEMA,
                       "the path %s has upper-case letters, which image names cannot have",
                       rules_quote(path).z);
    return s->fail(
        s->c, EC_SCHEMA,
        "%s is not a repository path, expected lower-case letters and digits joined by "
        "\".\", \"_\", \"-\" or \"/\"",
        rules_quote(path).z);
}

/* The host's normal form. A mirror covers all names of a registry; elsewhere only what the
 * grammar folds is folded, because aliases must not widen what is approved. */
static struct str normal_host(const struct spelling *s, struct str host) {
    if (s->use == PREFIX_MIRROR_KEY)
        return engine_fold_host(host);
    if (!str_eq(host, STR("index.docker.io")))
        return host;
    s->warn(s->c, LINT_ALIAS_READ,
            "\"index.docker.io\" is read as \"docker.io\", its name in image references");
    return STR("docker.io");
}

static enum ec build_prefix(struct policy_prefix *out, const struct cursor *c, struct str host,
                            struct str path) {
    struct arena *a = &c->r->policy->arena;
    size_t n = host.n + (path.n != 0 ? 1 + path.n : 0);
    char *text = arena_alloc(a, n);
    if (text == NULL)
        return rules_no_room(c->r, a);
    if (host.n != 0)
        memcpy(text, host.p, host.n);
    out->text = (struct str){text, n};
    out->host = (struct str){text, host.n};
    out->path = STR_NONE;
    if (path.n == 0)
        return EC_OK;
    text[host.n] = '/';
    memcpy(text + host.n + 1, path.p, path.n);
    out->path = (struct str){text + host.n + 1, path.n};
    return EC_OK;
}

static enum ec lower(struct reader *r, struct str s, struct str *out) {
    char *p = arena_alloc(&r->scratch, s.n);
    if (p == NULL)
        return rules_no_room(r, &r->scratch);
    for (size_t i = 0; i < s.n; i++)
        p[i] = ascii_lower(s.p[i]);
    *out = (struct str){p, s.n};
    return EC_OK;
}

enum ec rules_read_prefix(struct policy_prefix *out, const struct cursor *c, struct str text,
                          enum prefix_use use) {
    bool key = use == PREFIX_MIRROR_KEY;
    struct spelling s = {.c = c, .use = use, .text = text};
    s.fail = key ? rules_fail_name : rules_fail;
    s.warn = key ? rules_warn_name : rules_warn;
    strip(&s);
    enum ec ec = check_spelling(&s);
    if (ec != EC_OK)
        return ec;
    size_t slash = str_find(s.text, '/');
    struct str host = STR_NONE, path = str_slice(s.text, slash + 1, s.text.n);
    ec = lower(c->r, str_slice(s.text, 0, slash), &host);
    if (ec == EC_OK && !imgref_is_host(host))
        return fail_host(&s, host);
    if (ec == EC_OK)
        ec = check_path(&s, path);
    return ec != EC_OK ? ec : build_prefix(out, c, normal_host(&s, host), path);
}

bool rules_prefix_holds(const struct policy_prefix *outer, const struct policy_prefix *inner) {
    return str_eq(outer->host, inner->host) && match_path_prefix(outer->path, inner->path);
}

/* ---- registry ---------------------------------------------------------------------------- */

enum ec rules_read_registry(const struct cursor *c, void *out) {
    struct draft *d = out;
    d->rule.registry = (struct policy_prefix){.text = STR_NONE};
    d->rule.registry_pos = rules_locate(c);
    if (rules_is(c, JSON_NULL) || rules_str(c).n == 0)
        return EC_OK;
    return rules_read_prefix(&d->rule.registry, c, rules_str(c), PREFIX_REGISTRY);
}

/* ---- mirrors ----------------------------------------------------------------------------- */

static enum ec read_mirror(const struct cursor *c, void *out) {
    struct policy_mirror *m = out;
    m->pos = rules_locate_key(c);
    enum ec ec = rules_read_prefix(&m->from, c, c->key, PREFIX_MIRROR_KEY);
    if (rules_is_over(c->r, ec))
        return ec;
    enum ec to = rules_read_prefix(&m->to, c, rules_str(c), PREFIX_MIRROR_TARGET);
    return ec != EC_OK ? ec : to;
}

/* Longest path first, as the engine looks; the rest by text, so that equal ones are neighbours.
 */
static int compare_mirrors(const void *pa, const void *pb) {
    const struct policy_mirror *a = pa, *b = pb;
    if (a->from.path.n != b->from.path.n)
        return a->from.path.n > b->from.path.n ? -1 : 1;
    int order = str_cmp(a->from.text, b->from.text);
    if (order != 0)
        return order;
    return a->pos.line != b->pos.line
               ? (a->pos.line > b->pos.line) - (a->pos.line < b->pos.line)
               : (a->pos.col > b->pos.col) - (a->pos.col < b->pos.col);
}

static enum ec no_duplicates(struct reader *r, const struct policy_mirror *m, size_t n) {
    for (size_t i = 1; i < n; i++)
        if (str_eq(m[i - 1].from.text, m[i].from.text))
            return rules_fail_at(r, m[i].pos,
                                 "mirrors: a second entry for %s, which another spelling%s "
                                 "already names",
                                 rules_quote(m[i].from.text).z,
                                 rules_location(r, m[i - 1].pos, m[i].pos).z);
    return EC_OK;
}

enum ec rules_read_mirrors(const struct cursor *c, void *out) {
    struct policy_rule *rule = out;
    struct arena *a = &c->r->policy->arena;
    rule->mirrors = NULL;
    rule->n_mirrors = 0;
    if (rules_is(c, JSON_NULL) || rules_count(c) == 0)
        return EC_OK;
    struct policy_mirror *m = ARENA_ARRAY(a, struct policy_mirror, rules_count(c));
    if (m == NULL)
        return rules_no_room(c->r, a);
    enum ec ec = rules_read_each(c, read_mirror, m, sizeof *m);
    if (ec != EC_OK)
        return ec;
    qsort(m, rules_count(c), sizeof *m, compare_mirrors);
    rule->mirrors = m;
    rule->n_mirrors = rules_count(c);
    return no_duplicates(c->r, m, rule->n_mirrors);
}
