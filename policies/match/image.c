#include "match/match.h"

#include "base/buf.h"
#include "base/mem.h"
#include "imgref/imgref.h"
#include "match/glob.h"
#include "match/refuse.h"
#include "match/regex.h"

/* bytes: | text as written | folded: its host in lower case |
 *                            ^host     ^path                     */
struct match_image {
    struct str text;
    struct str folded;
    struct str host;           /* empty when not literal */
    struct str path;           /* of a prefix */
    struct match_glob *glob;   /* or NULL */
    struct match_regex *regex; /* or NULL */
    char bytes[];
};

/* A pattern cut at its first `/`, its host folded. */
struct parts {
    struct str whole, host, path;
    size_t path_at;
    bool has_path;
};

static bool has_star(struct str s) {
    return str_find(s, '*') != s.n;
}

/* ---- what can never match ------------------------------------------------------------ */

/* imgref's verdict on the two texts joined, with `a` for each `*`; *is_host: it begins with a host.
 * Positions in the first stay valid. */
static enum ec ask_imgref(struct str before, struct str after, bool *is_host, struct err *err) {
    struct buf probe = BUF_INIT((size_t)2 * MATCH_PATTERN_MAX);
    struct imgref r = {.qualified = false};
    buf_str(&probe, before);
    buf_str(&probe, after);
    for (size_t i = 0; i < probe.n; i++)
        if (probe.p[i] == '*')
            probe.p[i] = 'a';
    enum ec ec = probe.bad ? err_set(err, EC_NOMEM, "out of memory")
                           : imgref_parse(&r, buf_view(&probe), err);
    if (ec == EC_OK)
        *is_host = r.qualified;
    buf_done(&probe);
    return ec;
}

static enum ec refuse_no_host(const struct parts *p, struct err *err) {
    if (p->has_path)
        return refuse(err, 0,
                      "\"%.*s\" is not a registry host (no '.', no ':', not localhost): write "
                      "docker.io/%.*s/ before the rest if Docker Hub is meant",
                      STR_ARG(p->host), STR_ARG(p->host));
    return refuse(err, 0,
                  "\"%.*s\" is not a registry host (no '.', no ':', not localhost): write "
                  "docker.io/library/%.*s or docker.io/%.*s if Docker Hub is meant",
                  STR_ARG(p->host), STR_ARG(p->host), STR_ARG(p->host));
}

static enum ec check_literal_host(const struct parts *p, struct err *err) {
    bool is_host = false;
    size_t colon = str_find(p->host, ':');
    if (p->host.n == 0)
        return refuse(err, 0, "pattern begins with '/', expected a registry host");
    enum ec ec = ask_imgref(p->host, STR("/a"), &is_host, err);
    /* For a word too long for a repository, imgref reports a position after its end. */
    if (ec == EC_SYNTAX && err->offset > p->host.n)
        err->offset = p->host.n;
    if (ec == EC_SYNTAX && !p->has_path && colon < p->host.n && err->offset > colon)
        return err_wrap(err, "a pattern has no tag, and as a host");
    if (ec != EC_OK)
        return ec;
    if (!is_host)
        return refuse_no_host(p, err);
    if (str_eq(p->host, STR("index.docker.io")))
        return refuse(err, 0,
                      "images of index.docker.io are those of docker.io: write docker.io");
    return EC_OK;
}

/* After the `:` of a host with `*`: digits and `*`. */
static enum ec check_starred_port(struct str host, size_t from, struct err *err) {
    if (from == host.n)
        return refuse(err, from - 1, "port is empty");
    for (size_t at = from; at < host.n; at++)
        if (!ascii_is_digit(host.p[at]) && host.p[at] != '*')
            return refuse(err, at, "port has a byte that is neither a digit nor '*'");
    return EC_OK;
}

static enum ec check_starred_host(struct str host, struct err *err) {
    bool is_host = false;
    size_t colon = str_find(host, ':');
    if (host.p[0] == '[')
        return refuse(err, 0, "an IPv6 host must be written out, without '*'");
    /* With a port it is a host, so that `air*` is checked as one. */
    enum ec ec = ask_imgref(str_slice(host, 0, colon), STR(":1/a"), &is_host, err);
    if (ec != EC_OK || colon == host.n)
        return ec;
    return check_starred_port(host, colon + 1, err);
}

static enum ec check_pattern_host(const struct parts *p, struct err *err) {
    size_t n = p->host.n;
    if (n != 0 && p->host.p[n - 1] == ':' && str_starts(p->path, STR("/")))
        return refuse(err, n - 1, "pattern has a scheme, \"://\": write host/path alone");
    if (match_is_any_depth(p->host))
        return EC_OK;
    return has_star(p->host) ? check_starred_host(p->host, err) : check_literal_host(p, err);
}

static enum ec check_no_tag(const struct parts *p, struct err *err) {
    size_t colon = str_find(p->path, ':');
    if (colon == p->path.n)
        return EC_OK;
    return refuse(err, p->path_at + colon,
                  "pattern has a tag: patterns name repositories, with all their tags");
}

static enum ec check_pattern_path(const struct parts *p, struct err *err) {
    bool is_host;
    if (!p->has_path)
        return EC_OK;
    if (p->path.n == 0)
        return refuse(err, p->path_at - 1, "pattern ends with '/'");
    const struct str host = STR("a.a/");
    enum ec ec = ask_imgref(host, p->path, &is_host, err);
    if (ec == EC_SYNTAX)
        err->offset = err->offset - host.n + p->path_at;
    return ec;
}

/* `a**` could be meant to stop at `/` or to go past it. */
static enum ec check_stars(struct str whole, struct err *err) {
    for (size_t at = 0; at <= whole.n;) {
        struct str c = match_component(whole, at);
        for (size_t i = 0; i + 1 < c.n && !match_is_any_depth(c); i++)
            if (c.p[i] == '*' && c.p[i + 1] == '*')
                return refuse(err, at + i, "\"**\" must be a whole component, between '/'");
        at += c.n + 1;
    }
    return EC_OK;
}

/* Globs are matched whole: a host needs a repository after it, and a repository of docker.io
 * has two components at least (library/nginx). */
static enum ec check_depth(const struct parts *p, struct err *err) {
    if (!has_star(p->whole) || match_is_any_depth(p->host))
        return EC_OK;
    if (!p->has_path)
        return refuse(
            err, 0,
            "a glob is matched against host/path, and this is only a host: write %.*s/**",
            STR_ARG(p->host));
    if (str_eq(p->host, STR("docker.io")) && !match_is_any_depth(p->path) &&
        str_find(p->path, '/') == p->path.n)
        return refuse(err, p->path_at,
                      "repositories of docker.io have at least two components: write "
                      "docker.io/library/%.*s or docker.io/**/%.*s",
                      STR_ARG(p->path), STR_ARG(p->path));
    return EC_OK;
}

static enum ec check_pattern(const struct parts *p, struct err *err) {
    size_t digest = str_find(p->whole, '@');
    enum ec ec;
    if (digest != p->whole.n)
        return refuse(err, digest,
                      "pattern has '@': patterns name repositories, without digest or user");
    if ((ec = check_pattern_host(p, err)) != EC_OK || (ec = check_no_tag(p, err)) != EC_OK ||
        (ec = check_stars(p->whole, err)) != EC_OK ||
        (ec = check_pattern_path(p, err)) != EC_OK)
        return ec;
    return check_depth(p, err);
}

/* ---- compiling ----------------------------------------------------------------------- */

static enum ec check_length(struct str pattern, const char *what, struct err *err) {
    if (pattern.n == 0)
        return refuse(err, 0, "%s is empty", what);
    if (pattern.n > MATCH_PATTERN_MAX)
        return err_set(err, EC_LIMIT, "%s is %zu bytes long, at most %d are allowed", what,
                       pattern.n, MATCH_PATTERN_MAX);
    return EC_OK;
}

/* With both copies of the text, the second still as written. */
static struct match_image *new_image(struct str text) {
    struct match_image *m = mem_zalloc(sizeof *m + 2 * text.n);
    if (m == NULL)
        return NULL;
    memcpy(m->bytes, text.p, text.n);
    memcpy(m->bytes + text.n, text.p, text.n);
    m->text = (struct str){m->bytes, text.n};
    m->folded = (struct str){m->bytes + text.n, text.n};
    return m;
}

static struct parts fold_and_cut(struct match_image *m) {
    struct str whole = m->folded;
    size_t slash = str_find(whole, '/');
    for (size_t i = 0; i < slash; i++)
        m->bytes[m->text.n + i] = ascii_lower(whole.p[i]);
    return (struct parts){.whole = whole,
                          .host = str_slice(whole, 0, slash),
                          .path = str_slice(whole, slash + 1, whole.n),
                          .path_at = slash + 1,
                          .has_path = slash < whole.n};
}

enum ec match_image_compile(struct match_image **out, struct str pattern, struct err *err) {
    enum ec ec = check_length(pattern, "pattern", err);
    if (ec != EC_OK)
        return ec;
    struct match_image *m = new_image(pattern);
    if (m == NULL)
        return err_set(err, EC_NOMEM, "out of memory");
    struct parts p = fold_and_cut(m);
    ec = check_pattern(&p, err);
    if (ec == EC_OK && has_star(m->folded) && (m->glob = match_glob_compile(m->folded)) == NULL)
        ec = err_set(err, EC_NOMEM, "out of memory");
    if (ec != EC_OK) {
        match_image_free(m);
        return ec;
    }
    m->host = has_star(p.host) ? STR_NONE : p.host;
    m->path = m->glob ? STR_NONE : p.path;
    *out = m;
    return EC_OK;
}

enum ec match_image_compile_regex(struct match_image **out, struct str regex, struct err *err) {
    enum ec ec = check_length(regex, "regex", err);
    if (ec != EC_OK)
        return ec;
    struct match_image *m = new_image(regex);
    if (m == NULL)
        return err_set(err, EC_NOMEM, "out of memory");
    ec = match_regex_compile(&m->regex, regex, err);
    if (ec != EC_OK) {
        match_image_free(m);
        return ec;
    }
    *out = m;
    return EC_OK;
}

void match_image_free(struct match_image *m) {
    if (m == NULL)
        return;
    match_glob_free(m->glob);
    match_regex_free(m->regex);
    mem_free(m);
}

/* ---- matching ------------------------------------------------------------------------ */

bool match_path_prefix(struct str prefix, struct str path) {
    if (!str_starts(path, prefix))
        return false;
    return prefix.n == 0 || path.n == prefix.n || path.p[prefix.n] == '/';
}

enum match_result match_image(const struct match_image *m, const struct match_target *t,
                              struct match_meter *meter) {
    if (m->regex != NULL)
        return match_regex(m->regex, t->whole, meter);
    if (!match_charge(meter, 1) || (m->host.n != 0 && !str_eq(m->host, t->host)))
        return MATCH_NO;
    bool yes = m->glob ? match_glob(m->glob, t->whole, meter)
                       : match_path_prefix(m->path, t->repository);
    return yes ? MATCH_YES : MATCH_NO;
}

struct str match_image_host(const struct match_image *m) {
    return m->host;
}

struct str match_image_path(const struct match_image *m) {
    return m->path;
}

bool match_image_is_prefix(const struct match_image *m) {
    return m->glob == NULL && m->regex == NULL;
}

bool match_image_is_regex(const struct match_image *m) {
    return m->regex != NULL;
}

struct str match_image_text(const struct match_image *m) {
    return m->text;
}
