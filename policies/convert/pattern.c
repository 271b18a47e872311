#include "convert/pattern.h"

#include "imgref/imgref.h"
#include "match/match.h"

/* ---- one pattern --------------------------------------------------------------------- */

static bool is_pattern(struct convert *c, struct str text, struct err *err) {
    struct match_image *m = NULL;
    enum ec ec = match_image_compile(&m, text, err);
    match_image_free(m);
    c->full |= ec == EC_NOMEM;
    return ec == EC_OK;
}

void convert_pattern(struct convert *c, struct convert_block *b, enum convert_key key,
                     json_at at, struct str pattern, const char *note) {
    struct err err = ERR_INIT;
    if (c->full)
        return;
    if (!is_pattern(c, pattern, &err)) {
        convert_left(c, at, "\"%.*s\" is not a pattern: %s",
                     STR_ARG(str_slice(pattern, 0, 200)), err.msg);
        return;
    }
    struct convert_item *item = convert_add(c, b, key, pattern);
    if (note != NULL && note[0] != '\0')
        convert_note(c, &item->notes, at, "%s", note);
    else
        convert_exact(c, &item->notes, at);
}

/* A further pattern of the same construct. */
static void add_more(struct convert *c, struct convert_block *b, enum convert_key key,
                     struct str pattern) {
    struct err err = ERR_INIT;
    if (is_pattern(c, pattern, &err))
        (void)convert_add(c, b, key, pattern);
}

/* ---- prefixes ------------------------------------------------------------------------ */

struct prefix {
    struct convert *c;
    struct convert_block *b;
    enum convert_key key;
    json_at at;
    struct str text;  /* as written */
    struct str scope; /* host[/path], without the slash at its end */
    bool hub;         /* of Docker Hub */
    bool border;      /* ends with a slash */
    const char *aside;
};

static bool is_hub_name(struct str host) {
    return str_eq(host, STR("docker.io")) || str_eq(host, STR("index.docker.io"));
}

/* Behind the host, or, where there is no "/", behind what may be a host with its port. */
static bool names_tag(struct str text) {
    size_t slash = str_find(text, '/');
    struct str rest = str_slice(text, slash, text.n);
    size_t colon = str_find(text, ':');
    uint64_t port;
    if (str_find(text, '@') != text.n)
        return true;
    if (slash != text.n)
        return str_find(rest, ':') != rest.n;
    return colon != text.n && colon + 1 != text.n &&
           !str_to_uint(str_slice(text, colon + 1, text.n), 65535, &port);
}

static struct str without_slash(struct str s) {
    while (s.n != 0 && s.p[s.n - 1] == '/')
        s.n--;
    return s;
}

/* "nginx" alone is docker.io/library/nginx, "team/" is docker.io/team. */
static void find_scope(struct prefix *p) {
    size_t slash = str_find(p->text, '/');
    struct str first = str_slice(p->text, 0, slash);
    struct str path = str_slice(p->text, slash, p->text.n);
    p->border = p->text.n != 0 && p->text.p[p->text.n - 1] == '/';
    if (is_hub_name(first)) {
        p->hub = true;
        p->scope = convert_text(p->c, "docker.io%.*s", STR_ARG(without_slash(path)));
    } else if (imgref_is_host(first)) {
        p->scope = without_slash(p->text);
    } else {
        p->hub = true;
        p->scope = convert_text(p->c, "docker.io/%s%.*s", slash == p->text.n ? "library/" : "",
                                STR_ARG(without_slash(p->text)));
    }
}

#define HUB_NOTE "wider: in all spellings of Docker Hub's images (nginx, docker.io/nginx)"

/* Texts joined with "; ", without those that are empty. */
static const char *join(struct convert *c, const char *a, const char *b, const char *more) {
    const char *first = a[0] && b[0] ? "; " : "";
    const char *second = (a[0] || b[0]) && more[0] ? "; " : "";
    return convert_text(c, "%s%s%s%s%s", a, first, b, second, more).p;
}

/* An approval names the same images as the text, or fewer; a denial the same, or more. */
static const char *note_of(const struct prefix *p) {
    bool path = str_find(p->scope, '/') != p->scope.n;
    const char *border = "";
    if (p->border && path)
        border = "wider: with the repository of that name itself";
    else if (!p->border && p->key != KEY_DENIED)
        border = "narrower: not what only begins with the text, up to a \"/\" or the tag";
    return join(p->c, p->hub ? HUB_NOTE : "", border, p->aside ? p->aside : "");
}

/* Without a border also what only begins with the text. */
static void deny(const struct prefix *p) {
    struct convert *c = p->c;
    bool word = str_find(p->text, '/') == p->text.n && !imgref_is_host(p->text);
    if (p->border) {
        convert_pattern(c, p->b, p->key, p->at, p->scope, note_of(p));
        return;
    }
    if (!word) {
        convert_pattern(c, p->b, p->key, p->at, convert_text(c, "%.*s*/**", STR_ARG(p->scope)),
                        note_of(p));
        return;
    }
    convert_pattern(c, p->b, p->key, p->at, convert_text(c, "%.*s*", STR_ARG(p->scope)),
                    note_of(p));
    add_more(c, p->b, p->key, convert_text(c, "docker.io/%.*s*/**", STR_ARG(p->text)));
    add_more(c, p->b, p->key, convert_text(c, "%.*s*/**", STR_ARG(p->text)));
}

void convert_prefix(struct convert *c, struct convert_block *b, enum convert_key key,
                    json_at at, struct str prefix, const char *aside) {
    struct prefix p = {.c = c, .b = b, .key = key, .at = at, .text = prefix, .aside = aside};
    if (c->full)
        return;
    if (names_tag(prefix)) {
        convert_left(c, at, "names a tag or digest: a pattern names repositories");
        return;
    }
    if (prefix.n == 0) {
        convert_pattern(c, b, key, at, STR("**"), aside);
        return;
    }
    find_scope(&p);
    if (key == KEY_DENIED)
        deny(&p);
    else
        convert_pattern(c, b, key, at, p.scope, note_of(&p));
}

void convert_scope(struct convert *c, struct convert_block *b, enum convert_key key, json_at at,
                   struct str scope, const char *aside) {
    struct prefix p = {.c = c, .text = scope};
    if (c->full)
        return;
    if (names_tag(scope)) {
        convert_left(c, at, "names a tag or digest: a pattern names repositories");
        return;
    }
    if (str_starts(scope, STR("*."))) {
        convert_pattern(c, b, key, at, convert_text(c, "%.*s/**", STR_ARG(scope)), aside);
        return;
    }
    find_scope(&p);
    convert_pattern(c, b, key, at, imgref_is_host(scope) ? scope : p.scope, aside);
}
