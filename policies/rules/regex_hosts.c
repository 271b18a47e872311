/* Which hosts a regex matches beyond those it seems to name.
 *      ghcr\.io.*          open end of the host: ghcr.io.evil.example
 *      .*\.corp/x          open beginning, across slashes: evil.example/y.corp/x
 *      ghcr\.io/a|.*       one alternative has either
 * Alternatives before the first slash are examined one by one.
 * Source     pcre2pattern(3); only what rule files are likely to hold is understood           */
#include "rules/lint.h"

#include "match/match.h"

enum { TRIALS_MAX = 64, DEPTH_MAX = 24 };

struct search {
    unsigned trials;
    enum rules_regex_hosts worst;
};

/* ---- one thing after the other ------------------------------------------------------- */

struct atom {
    bool wild;    /* matches letters at will */
    bool crosses; /* ... and slashes */
    bool dot, slash;
    bool quantified, looped; /* by any quantifier; by one that repeats */
};

static bool is_letter(char c) {
    c = ascii_lower(c);
    return c >= 'a' && c <= 'z';
}

static size_t escape_end(struct str s, size_t at) {
    at += 2;
    if (at < s.n && s.p[at] == '{' && memchr("pPxo", s.p[at - 1], 4) != NULL)
        at += str_find(str_slice(s, at, s.n), '}') + 1;
    return at < s.n ? at : s.n;
}

static void read_escape(struct atom *a, char c) {
    a->slash = c == '/';
    a->crosses = memchr("SDWNX", c, 5) != NULL;
    a->wild = a->crosses || memchr("wpP", c, 3) != NULL;
}

/* What is between [ and ]; *at then is after the ]. */
static struct str class_body(struct str s, size_t *at) {
    size_t from = *at + 1, i = from;
    i += i < s.n && s.p[i] == '^';
    i += i < s.n && s.p[i] == ']';
    while (i < s.n && s.p[i] != ']') {
        bool named = str_starts(str_slice(s, i, s.n), STR("[:"));
        size_t length = named ? str_find(str_slice(s, i, s.n), ']') + 1 : 1;
        i += s.p[i] == '\\' ? 2 : length;
    }
    i = i < s.n ? i : s.n;
    *at = i < s.n ? i + 1 : i;
    return str_slice(s, from, i);
}

static void read_class(struct atom *a, struct str body) {
    bool negated = str_starts(body, STR("^")), slash = false;
    for (size_t i = negated; i < body.n; i++) {
        struct atom one = {.wild = is_letter(body.p[i]), .slash = body.p[i] == '/'};
        if (str_starts(str_slice(body, i, body.n), STR("[:digit:]")))
            i += strlen("[:digit:]") - 1, one.wild = false;
        else if (body.p[i] == '\\' && i + 1 < body.n)
            read_escape(&one, body.p[++i]);
        a->wild |= one.wild;
        slash |= one.slash || one.crosses;
    }
    a->slash = str_eq(body, STR("/"));
    a->wild |= negated;
    a->crosses = a->wild && slash != negated;
}

static void read_quantifier(struct atom *a, struct str s, size_t *at) {
    if (*at >= s.n || memchr("*+?{", s.p[*at], 4) == NULL)
        return;
    a->quantified = true;
    a->looped = s.p[*at] != '?';
    *at += s.p[*at] == '{' ? str_find(str_slice(s, *at, s.n), '}') + 1 : 1;
    *at += *at < s.n && (s.p[*at] == '?' || s.p[*at] == '+'); /* lazy, possessive */
}

static struct atom next_atom(struct str s, size_t *at) {
    struct atom a = {.wild = false};
    char c = s.p[*at];
    if (c == '\\' && *at + 1 < s.n) {
        read_escape(&a, s.p[*at + 1]);
        *at = escape_end(s, *at);
    } else if (c == '[') {
        read_class(&a, class_body(s, at));
    } else {
        a.dot = a.wild = a.crosses = c == '.';
        a.slash = c == '/';
        (*at)++;
    }
    read_quantifier(&a, s, at);
    return a;
}

/* ---- a host without groups ----------------------------------------------------------- */

static enum rules_regex_hosts judge(struct str s) {
    enum rules_regex_hosts worst = REGEX_HOSTS_NAMED;
    struct atom last = {.wild = false};
    size_t n = 0;
    for (size_t at = str_starts(s, STR("^")); at < s.n && s.p[at] != '$'; n++) {
        struct atom a = next_atom(s, &at);
        if (a.slash)
            break;
        if (a.wild && a.crosses && a.quantified)
            return n == 0 ? REGEX_HOSTS_ANY : REGEX_HOSTS_OPEN;
        if (a.dot)
            worst = REGEX_HOSTS_LOOSE_DOT;
        last = a;
    }
    if (last.wild && last.looped)
        return n == 1 ? REGEX_HOSTS_ANY : REGEX_HOSTS_OPEN;
    return worst;
}

/* ---- groups and alternatives --------------------------------------------------------- */

/* The first of `wanted` outside of groups and classes; s.n when there is none. */
static size_t find_outside(struct str s, size_t at, const char *wanted) {
    unsigned depth = 0;
    while (at < s.n) {
        char c = s.p[at];
        if (depth == 0 && c != '\0' && strchr(wanted, c) != NULL)
            return at;
        depth += c == '(';
        depth -= c == ')' && depth != 0;
        if (c == '\\')
            at += 2;
        else if (c == '[')
            (void)class_body(s, &at);
        else
            at++;
    }
    return s.n;
}

/* Length of a group's prefix such as "?:"; `nothing` for groups that match no text. */
static size_t opening(struct str group, bool *nothing) {
    *nothing = false;
    if (!str_starts(group, STR("?")))
        return 0;
    if (str_starts(group, STR("?:")) || str_starts(group, STR("?>")))
        return 2;
    size_t name = str_find(group, '>'), flags = str_find(group, ':');
    bool around = memchr("=!#", group.n > 1 ? group.p[1] : '#', 3) != NULL ||
                  str_starts(group, STR("?<=")) || str_starts(group, STR("?<!"));
    if (!around && name < group.n && memchr("<P", group.p[1], 2) != NULL)
        return name + 1;
    *nothing = around || flags == group.n;
    return *nothing ? group.n : flags + 1;
}

static void examine(struct search *s, struct str regex, unsigned depth);

static void examine_joined(struct search *s, struct str a, struct str b, struct str c,
                           unsigned depth) {
    char joined[MATCH_PATTERN_MAX];
    struct str parts[] = {a, b, c};
    size_t n = 0;
    for (size_t i = 0; i < 3 && n + parts[i].n <= sizeof joined; i++) {
        if (parts[i].n != 0)
            memcpy(joined + n, parts[i].p, parts[i].n);
        n += parts[i].n;
    }
    examine(s, (struct str){joined, n}, depth + 1);
}

/* Examines each alternative in place of the group. */
static void examine_group(struct search *s, struct str regex, size_t open, unsigned depth) {
    size_t close = find_outside(regex, open + 1, ")"), after = close + 1;
    struct str group = str_slice(regex, open + 1, close);
    struct str before = str_slice(regex, 0, open);
    struct atom turns = {.wild = false};
    bool nothing;
    group = str_slice(group, opening(group, &nothing), group.n);
    bool leaves_out = after < regex.n && memchr("?*", regex.p[after], 2) != NULL;
    read_quantifier(&turns, regex, &after);
    struct str rest = str_slice(regex, after, regex.n);
    if (nothing || leaves_out)
        examine_joined(s, before, STR(""), rest, depth);
    for (size_t at = 0, bar; !nothing && at <= group.n; at = bar + 1) {
        bar = find_outside(group, at, "|");
        examine_joined(s, before, str_slice(group, at, bar), rest, depth);
    }
}

static void examine(struct search *s, struct str regex, unsigned depth) {
    if (depth == DEPTH_MAX || s->trials++ >= TRIALS_MAX)
        return;
    for (size_t at = 0, bar = find_outside(regex, 0, "|"); bar < regex.n && at <= regex.n;
         at = bar + 1) {
        bar = find_outside(regex, at, "|");
        examine(s, str_slice(regex, at, bar), depth + 1);
        if (bar == regex.n)
            return;
    }
    size_t stop = find_outside(regex, 0, "(/");
    if (stop < regex.n && regex.p[stop] == '(') {
        examine_group(s, regex, stop, depth);
        return;
    }
    enum rules_regex_hosts found = judge(regex);
    s->worst = found > s->worst ? found : s->worst;
}

enum rules_regex_hosts rules_regex_hosts(struct str regex) {
    struct search s = {.trials = 0};
    examine(&s, regex, 0);
    return s.worst;
}
