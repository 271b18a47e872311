/* A guess at regexes that take exponential time: a group that is repeated without bound, and in it
 * something that is, too - unless the turns of the outer loop are told apart by a character the
 * inner one cannot match, as the slash in ([a-z]+/)*.
 * Source     pcre2pattern(3); only what rule files are likely to hold is understood          */
#include "rules/lint.h"

enum { DEPTH_MAX = 64 };

struct set { /* of bytes */
    uint32_t bits[8];
};

static void set_add(struct set *s, unsigned char c) {
    s->bits[c / 32] |= 1u << c % 32;
}

static bool set_has(const struct set *s, unsigned char c) {
    return s->bits[c / 32] & 1u << c % 32;
}

static void set_add_all(struct set *s) {
    memset(s->bits, 0xff, sizeof s->bits);
}

static void set_join(struct set *s, const struct set *more) {
    for (size_t i = 0; i < 8; i++)
        s->bits[i] |= more->bits[i];
}

struct group {
    struct set loops; /* what its unbounded parts match */
    struct set fixed; /* characters it cannot be passed without */
    bool has_loop, has_choice, atomic;
};

struct scan {
    struct str regex;
    size_t at;
    struct group stack[DEPTH_MAX];
    size_t depth;
    bool found;
};

/* ---- atoms --------------------------------------------------------------------------- */

static char peek(const struct scan *s) {
    return s->at < s->regex.n ? s->regex.p[s->at] : '\0';
}

/* `\.` is a dot; `\d` and its kind are taken for anything. */
static bool read_escape(struct scan *s, struct set *out) {
    char c = s->at + 1 < s->regex.n ? s->regex.p[s->at + 1] : '\\';
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || ascii_is_digit(c);
    s->at += 2;
    if (letter)
        set_add_all(out);
    else
        set_add(out, (unsigned char)c);
    return !letter;
}

static void read_class(struct scan *s, struct set *out) {
    struct set in = {{0}};
    bool negated = s->at + 1 < s->regex.n && s->regex.p[s->at + 1] == '^';
    s->at += negated ? 2 : 1;
    size_t begin = s->at;
    while (s->at < s->regex.n && (s->regex.p[s->at] != ']' || s->at == begin)) {
        unsigned char c = (unsigned char)s->regex.p[s->at];
        if (c == '\\') {
            read_escape(s, &in);
        } else if (s->at + 2 < s->regex.n && s->regex.p[s->at + 1] == '-' &&
                   s->regex.p[s->at + 2] != ']') {
            for (unsigned i = c; i <= (unsigned char)s->regex.p[s->at + 2]; i++)
                set_add(&in, (unsigned char)i);
            s->at += 3;
        } else {
            set_add(&in, c);
            s->at++;
        }
    }
    s->at++;
    for (size_t i = 0; i < 8; i++)
        out->bits[i] |= negated ? ~in.bits[i] : in.bits[i];
}

/* One atom that is no group; true for a single literal character, which *literal then is. */
static bool read_atom(struct scan *s, struct set *out, unsigned char *literal) {
    char c = peek(s);
    if (c == '\\') {
        *literal = s->at + 1 < s->regex.n ? (unsigned char)s->regex.p[s->at + 1] : '\\';
        return read_escape(s, out);
    }
    if (c == '[') {
        read_class(s, out);
        return false;
    }
    s->at++;
    if (c == '.') {
        set_add_all(out);
        return false;
    }
    set_add(out, (unsigned char)c);
    *literal = (unsigned char)c;
    return true;
}

/* ---- quantifiers --------------------------------------------------------------------- */

struct quantifier {
    bool any, unbounded, possessive, optional;
};

static struct quantifier read_quantifier(struct scan *s) {
    struct quantifier q = {.any = false};
    char c = peek(s);
    if (c == '*' || c == '+' || c == '?') {
        q = (struct quantifier){.any = true, .unbounded = c != '?', .optional = c != '+'};
        s->at++;
    } else if (c == '{') {
        struct str rest = str_slice(s->regex, s->at, s->regex.n);
        size_t end = str_find(rest, '}');
        struct str inner = str_slice(rest, 1, end);
        if (end == rest.n || inner.n == 0 || !ascii_is_digit(inner.p[0]))
            return q;
        q = (struct quantifier){
            .any = true, .unbounded = str_ends(inner, STR(",")), .optional = inner.p[0] == '0'};
        s->at += end + 1;
    }
    if (q.any && (peek(s) == '+' || peek(s) == '?')) {
        q.possessive = peek(s) == '+';
        s->at++;
    }
    return q;
}

/* ---- groups -------------------------------------------------------------------------- */

/* Behind "(": flags of a group, `?:` or `?>`. */
static void open_group(struct scan *s) {
    struct group g = {.has_loop = false};
    s->at++;
    if (peek(s) == '?' && s->at + 1 < s->regex.n) {
        g.atomic = s->regex.p[s->at + 1] == '>';
        s->at += 2;
    }
    if (s->depth < DEPTH_MAX)
        s->stack[s->depth] = g;
    s->depth++;
}

/* Some character stands between the turns that no inner loop matches. */
static bool has_separator(const struct group *g) {
    for (unsigned c = 0; c < 256; c++)
        if (set_has(&g->fixed, (unsigned char)c) && !set_has(&g->loops, (unsigned char)c))
            return !g->has_choice;
    return false;
}

static void close_group(struct scan *s) {
    s->at++;
    struct quantifier q = read_quantifier(s);
    if (s->depth < 2)
        return;
    struct group g = s->stack[--s->depth];
    struct group *up = &s->stack[s->depth - 1];
    if (g.atomic || q.possessive)
        return;
    s->found |= q.unbounded && g.has_loop && !has_separator(&g);
    if (q.unbounded)
        set_join(&g.loops, &g.fixed);
    up->has_loop |= g.has_loop || q.unbounded;
    set_join(&up->loops, &g.loops);
    if (!q.optional && !g.has_choice && !q.unbounded)
        set_join(&up->fixed, &g.fixed);
}

static void take_atom(struct scan *s) {
    struct set atom = {{0}};
    unsigned char literal = 0;
    bool single = read_atom(s, &atom, &literal);
    struct quantifier q = read_quantifier(s);
    struct group *g = &s->stack[s->depth - 1];
    if (q.unbounded && !q.possessive) {
        g->has_loop = true;
        set_join(&g->loops, &atom);
    }
    if (single && !q.any)
        set_add(&g->fixed, literal);
}

bool rules_regex_backtracks(struct str regex) {
    struct scan s = {.regex = regex, .depth = 1};
    while (s.at < regex.n && s.depth <= DEPTH_MAX) {
        char c = peek(&s);
        if (c == '(')
            open_group(&s);
        else if (c == ')')
            close_group(&s);
        else if (c == '|')
            s.at++, s.stack[s.depth - 1].has_choice = true;
        else
            take_atom(&s);
    }
    return s.found;
}
