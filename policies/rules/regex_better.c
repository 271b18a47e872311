/* A cheaper regex of the probable meaning: each `.*` after the first, or inside a loop, is kept within its
 * component, and a loop of one loop becomes a single loop. Or a glob, whose cost does not grow with its
 * stars. */
#include "rules/lint.h"

#include "base/buf.h"
#include "match/match.h"

struct rewrite {
    struct str from;
    size_t at;
    struct buf *to;
    unsigned depth, n_wide;
};

static char char_ahead(const struct rewrite *r, size_t ahead) {
    return r->at + ahead < r->from.n ? r->from.p[r->at + ahead] : '\0';
}

/* Bytes of the atom at `at`: one, an escape or a class. */
static size_t atom_bytes(struct str s, size_t at) {
    if (at >= s.n)
        return 0;
    if (s.p[at] == '\\')
        return at + 1 < s.n ? 2 : 1;
    if (s.p[at] != '[')
        return 1;
    size_t end = at + 1;
    end += end < s.n && s.p[end] == '^';
    end += end < s.n && s.p[end] == ']';
    while (end < s.n && s.p[end] != ']')
        end += s.p[end] == '\\' ? 2 : 1;
    return end < s.n ? end + 1 - at : s.n - at;
}

static bool is_loop(char c) {
    return c == '*' || c == '+';
}

/* (a+)+ and (?:a*)*: true, and written as one loop. */
static bool join_loops(struct rewrite *r) {
    size_t body = r->at + (char_ahead(r, 1) == '?' && char_ahead(r, 2) == ':' ? 3 : 1);
    size_t n = atom_bytes(r->from, body), inner = body + n;
    if (n == 0 || strchr("()?*+|{^$", r->from.p[body]) != NULL || inner + 2 >= r->from.n ||
        !is_loop(r->from.p[inner]) || r->from.p[inner + 1] != ')' ||
        !is_loop(r->from.p[inner + 2]))
        return false;
    bool empty = r->from.p[inner] == '*' || r->from.p[inner + 2] == '*';
    buf_str(r->to, str_slice(r->from, body, inner));
    buf_putc(r->to, empty ? '*' : '+');
    r->at = inner + 3;
    return true;
}

static void copy_atom(struct rewrite *r) {
    size_t n = atom_bytes(r->from, r->at);
    bool wide = char_ahead(r, 0) == '.' && is_loop(char_ahead(r, 1));
    bool narrow = wide && (r->depth != 0 || r->n_wide != 0);
    r->n_wide += wide;
    buf_str(r->to, narrow ? STR("[^/]") : str_slice(r->from, r->at, r->at + n));
    r->at += n;
}

/* ---- as a glob ----------------------------------------------------------------------- */

/* A component of literal bytes and `.*` as a glob; false where it has anything else. */
static bool glob_component(struct str c, struct buf *out, bool *is_wide) {
    *is_wide = false;
    for (size_t at = 0; at < c.n;) {
        size_t n = atom_bytes(c, at);
        bool any = c.p[at] == '.' || str_eq(str_slice(c, at, at + n), STR("[^/]"));
        if (any && (at + n == c.n || !is_loop(c.p[at + n])))
            return false;
        if (!any && n == 1 && strchr("()[]{}|?*+^$", c.p[at]) != NULL)
            return false;
        if (!any && n != 1 && (c.p[at] != '\\' || strchr(".-", c.p[at + 1]) == NULL))
            return false;
        *is_wide |= c.p[at] == '.';
        buf_putc(out, any ? '*' : c.p[at + n - 1]);
        at += n + any;
    }
    return true;
}

/* The first `.*` may match any number of components; later ones are taken for one. */
static bool as_glob(struct str regex, struct buf *out) {
    struct match_image *m = NULL;
    struct err err = ERR_INIT;
    bool any_depth = false, is_wide;
    for (size_t at = 0; at < regex.n;) {
        struct str c = str_slice(regex, at, at + str_find(str_slice(regex, at, regex.n), '/'));
        size_t before = out->n;
        if (!glob_component(c, out, &is_wide))
            return false;
        if (is_wide && !any_depth && c.n == 2) {
            buf_putc(out, '*');
        } else if (is_wide && !any_depth) {
            out->n = before;
            buf_puts(out, "**/");
            (void)glob_component(c, out, &is_wide);
        }
        any_depth |= is_wide;
        at += c.n + 1;
        if (at <= regex.n)
            buf_putc(out, '/');
    }
    bool ok = !out->bad && match_image_compile(&m, buf_view(out), &err) == EC_OK;
    match_image_free(m);
    return ok;
}

/* ---- either -------------------------------------------------------------------------- */

static bool as_regex(struct str regex, struct buf *out) {
    struct rewrite r = {.from = regex, .to = out};
    while (r.at < regex.n) {
        char c = char_ahead(&r, 0);
        if (c == '(' && join_loops(&r))
            continue;
        r.depth += c == '(';
        r.depth -= c == ')' && r.depth != 0;
        if (c == '|' && r.depth == 0)
            r.n_wide = 0;
        copy_atom(&r);
    }
    return !out->bad && !str_eq(buf_view(out), regex);
}

const char *rules_regex_better(struct str regex, struct buf *out) {
    if (as_regex(regex, out) && rules_regex_cost(buf_view(out)) == REGEX_CHEAP)
        return "";
    buf_reset(out);
    return as_glob(regex, out) ? "the glob " : NULL;
}
