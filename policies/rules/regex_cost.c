/* Heuristics for regexes that can match the same characters by their loops in too many ways:
 *      (a+)+    an unbounded group that contains something unbounded, unless each turn of the outer
 *               loop has a character that the inner one cannot match, as the slash in
 *               ([a-z]+/)*
 *      (a|aa)*  alternatives of a loop that form one text in two ways
 *      a*a*a*   three adjacent loops over the same characters
 * and, less bad, .*a.*b: two loops that both match what is between them, and something after them.
 * Source     pcre2pattern(3); only what rule files are likely to hold is understood          */
#include "rules/lint.h"

enum {
    DEPTH_MAX = 64,
    SEPARATORS_MAX = 4,
    RUN_MAX = 2, /* neighbours: with one more a name of 255 bytes is enough to give up */
};

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

static bool set_meets(const struct set *a, const struct set *b) {
    for (size_t i = 0; i < 8; i++)
        if (a->bits[i] & b->bits[i])
            return true;
    return false;
}

struct group {
    struct set loops;                      /* what its unbounded parts match */
    struct set fixed;                      /* characters it cannot be passed without */
    struct set separators[SEPARATORS_MAX]; /* classes it cannot be passed without */
    size_t n_separators;
    struct set run; /* what the most recent adjacent loops all match */
    unsigned n_run;
    struct set wide; /* common to the loops that match all that is between them */
    unsigned n_wide;
    struct set between[SEPARATORS_MAX]; /* what follows the last of them */
    size_t n_between;
    size_t body; /* where its text begins */
    bool has_loop, has_choice, atomic;
};

struct scan {
    struct str regex;
    size_t at;
    struct group stack[DEPTH_MAX];
    size_t depth;
    bool found, several;
};

/* ---- atoms --------------------------------------------------------------------------- */

static char peek(const struct scan *s) {
    return s->at < s->regex.n ? s->regex.p[s->at] : '\0';
}

/* \d, \w, \s and their complements; false for other letters. */
static bool add_kind(struct set *out, char c) {
    static const char *const blanks = " \t\n\v\f\r";
    char kind = ascii_lower(c);
    if (kind != 'd' && kind != 'w' && kind != 's')
        return false;
    for (unsigned i = 0; i < 256; i++) {
        char low = ascii_lower((char)i);
        bool digit = ascii_is_digit((char)i);
        bool in = kind == 'd'   ? digit
                  : kind == 'w' ? digit || i == '_' || (low >= 'a' && low <= 'z')
                                : i != 0 && strchr(blanks, (int)i) != NULL;
        if (in == (c == kind))
            set_add(out, (unsigned char)i);
    }
    return true;
}

/* `\.` is a dot; other letters are taken for any character. */
static bool read_escape(struct scan *s, struct set *out) {
    char c = s->at + 1 < s->regex.n ? s->regex.p[s->at + 1] : '\\';
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || ascii_is_digit(c);
    s->at += 2;
    if (!letter)
        set_add(out, (unsigned char)c);
    else if (!add_kind(out, c))
        set_add_all(out);
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

/* One atom that is not a group; true for a single literal character, which *literal then is. */
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
    bool any, unbounded, possessive, optional, counted;
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
        q = (struct quantifier){.any = true,
                                .unbounded = str_ends(inner, STR(",")),
                                .optional = inner.p[0] == '0',
                                .counted = true};
        s->at += end + 1;
    }
    if (q.any && (peek(s) == '+' || peek(s) == '?')) {
        q.possessive = peek(s) == '+';
        s->at++;
    }
    return q;
}

/* ---- alternatives -------------------------------------------------------------------- */

enum { ATOMS_MAX = 128, WORDS_MAX = 32, LENGTH_MAX = 32 };

/* The texts a group can match, where they have known lengths. */
struct choice {
    struct set atoms[ATOMS_MAX];
    unsigned char words[WORDS_MAX][LENGTH_MAX]; /* of atoms */
    size_t lengths[WORDS_MAX];
    size_t n_atoms, n;
};

/* Appends to the words from `first` on; an optional atom to copies of them. */
static bool add_atom(struct choice *c, size_t first, bool optional) {
    size_t end = c->n, copies = optional ? end - first : 0;
    if (end + copies > WORDS_MAX)
        return false;
    for (size_t i = 0; i < copies; i++) {
        memcpy(c->words[end + i], c->words[first + i], LENGTH_MAX);
        c->lengths[end + i] = c->lengths[first + i];
    }
    c->n += copies;
    for (size_t i = first; i < end; i++) {
        if (c->lengths[i] == LENGTH_MAX)
            return false;
        c->words[i][c->lengths[i]++] = (unsigned char)c->n_atoms;
    }
    c->n_atoms++;
    return true;
}

static bool read_choice(struct choice *c, struct str body) {
    struct scan s = {.regex = body};
    size_t first = 0;
    *c = (struct choice){.n = 1};
    while (s.at < body.n) {
        unsigned char literal = 0;
        char byte = peek(&s);
        if (byte == '|') {
            if (c->n == WORDS_MAX)
                return false;
            first = c->n++;
            s.at++;
            continue;
        }
        if (strchr("()^$", byte) != NULL || c->n_atoms == ATOMS_MAX)
            return false;
        (void)!read_atom(&s, &c->atoms[c->n_atoms], &literal);
        struct quantifier q = read_quantifier(&s);
        if (q.unbounded || q.counted || q.possessive || !add_atom(c, first, q.optional))
            return false;
    }
    return true;
}

struct tails {
    bool left[WORDS_MAX][LENGTH_MAX]; /* seen: the rest of a word from there on */
    bool more, twice;
};

/* Compares the rest of a word with a word: one may be a prefix of the other and leave a rest. */
static void compare_tail(const struct choice *c, struct tails *t, size_t a, size_t from,
                         size_t b) {
    size_t n_a = c->lengths[a] - from, n_b = c->lengths[b], n = n_a < n_b ? n_a : n_b;
    if (n == 0)
        return;
    for (size_t i = 0; i < n; i++)
        if (!set_meets(&c->atoms[c->words[a][from + i]], &c->atoms[c->words[b][i]]))
            return;
    bool *over = n_a > n ? &t->left[a][from + n] : &t->left[b][n % LENGTH_MAX];
    t->twice |= n_a == n_b;
    t->more |= n_a != n_b && !*over;
    if (n_a != n_b)
        *over = true;
}

/* Sardinas and Patterson, "A necessary and sufficient condition for the unique decomposition of
 * coded messages" (1953). */
static bool is_ambiguous(const struct choice *c) {
    struct tails t = {.more = false};
    for (size_t a = 0; a < c->n; a++)
        for (size_t b = 0; b < c->n; b++)
            if (a != b)
                compare_tail(c, &t, a, 0, b);
    while (t.more && !t.twice) {
        t.more = false;
        for (size_t a = 0; a < c->n; a++)
            for (size_t from = 1; from < c->lengths[a]; from++)
                for (size_t b = 0; t.left[a][from] && b < c->n; b++)
                    compare_tail(c, &t, a, from, b);
    }
    return t.twice;
}

static bool has_ambiguous_words(struct str body) {
    struct choice c;
    return read_choice(&c, body) && is_ambiguous(&c);
}

/* ---- groups -------------------------------------------------------------------------- */

/* After "(": flags of a group, `?:` or `?>`. */
static void open_group(struct scan *s) {
    struct group g = {.has_loop = false};
    s->at++;
    if (peek(s) == '?' && s->at + 1 < s->regex.n) {
        g.atomic = s->regex.p[s->at + 1] == '>';
        s->at += 2;
    }
    g.body = s->at;
    if (s->depth < DEPTH_MAX)
        s->stack[s->depth] = g;
    s->depth++;
}

/* Is there a character between the turns that no inner loop matches? */
static bool has_group_separator(const struct group *g) {
    for (size_t i = 0; i < g->n_separators; i++)
        if (!set_meets(&g->separators[i], &g->loops))
            return !g->has_choice;
    for (unsigned c = 0; c < 256; c++)
        if (set_has(&g->fixed, (unsigned char)c) && !set_has(&g->loops, (unsigned char)c))
            return !g->has_choice;
    return false;
}

static bool is_loop_alone(const struct group *g) {
    static const struct set nothing = {{0}};
    return g->has_loop && !g->has_choice && g->n_separators == 0 &&
           memcmp(&g->fixed, &nothing, sizeof nothing) == 0;
}

/* A loop; it joins the loops before it as long as all of them match some common character. */
static void add_to_run(struct scan *s, struct group *g, const struct set *loop) {
    bool beside = g->n_run != 0 && set_meets(&g->run, loop);
    for (size_t i = 0; i < 8; i++)
        g->run.bits[i] = beside ? g->run.bits[i] & loop->bits[i] : loop->bits[i];
    g->n_run = beside ? g->n_run + 1 : 1;
    s->found |= g->n_run > RUN_MAX;
}

/* A loop that cannot match what is before it can begin at one position only. */
static bool can_repeat(const struct group *g, const struct set *loop) {
    for (size_t i = 0; i < g->n_between; i++)
        if (!set_meets(&g->between[i], loop))
            return false;
    return g->n_wide != 0 && set_meets(&g->wide, loop);
}

static void widen_loop(struct group *g, const struct set *loop) {
    bool more = can_repeat(g, loop);
    for (size_t i = 0; i < 8; i++)
        g->wide.bits[i] = more ? g->wide.bits[i] & loop->bits[i] : loop->bits[i];
    g->n_wide = more ? g->n_wide + 1 : 1;
    g->n_between = 0;
}

/* An atom after several loops makes matching backtrack into them. */
static void stop_at(struct scan *s, struct group *g, const struct set *atom) {
    s->several |= g->n_wide > 1;
    if (!set_meets(&g->wide, atom))
        g->n_wide = 0;
    else if (g->n_between < SEPARATORS_MAX)
        g->between[g->n_between++] = *atom;
}

/* Adds a finished group to the group around it. */
static void end_group(struct scan *s, struct group *g, struct group *up, struct quantifier q) {
    if (is_loop_alone(g)) {
        add_to_run(s, up, &g->loops);
        widen_loop(up, &g->loops);
    } else if (!q.optional) {
        up->n_run = 0;
        up->n_wide = 0;
    }
    if (q.unbounded)
        set_join(&g->loops, &g->fixed);
    for (size_t i = 0; q.unbounded && i < g->n_separators; i++)
        set_join(&g->loops, &g->separators[i]);
    up->has_loop |= g->has_loop || q.unbounded;
    set_join(&up->loops, &g->loops);
    if (!q.optional && !g->has_choice && !q.unbounded)
        set_join(&up->fixed, &g->fixed);
}

static void close_group(struct scan *s) {
    size_t end = s->at++;
    struct quantifier q = read_quantifier(s);
    if (s->depth < 2)
        return;
    struct group g = s->stack[--s->depth];
    struct group *up = &s->stack[s->depth - 1];
    if (g.atomic || q.possessive) {
        up->n_run = 0;
        up->n_wide = 0;
        return;
    }
    s->found |= q.unbounded && g.has_loop && !has_group_separator(&g);
    s->found |= q.unbounded && has_ambiguous_words(str_slice(s->regex, g.body, end));
    end_group(s, &g, up, q);
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
        add_to_run(s, g, &atom);
        widen_loop(g, &atom);
    } else if (!q.optional || q.possessive) {
        g->n_run = 0;
        stop_at(s, g, &atom);
    }
    if (single && !q.any)
        set_add(&g->fixed, literal);
    else if (!q.any && g->n_separators < SEPARATORS_MAX)
        g->separators[g->n_separators++] = atom;
}

static void take_bar(struct scan *s) {
    s->at++;
    s->stack[s->depth - 1].has_choice = true;
    s->stack[s->depth - 1].n_run = 0;
    s->stack[s->depth - 1].n_wide = 0;
}

enum rules_regex_cost rules_regex_cost(struct str regex) {
    struct scan s = {.regex = regex, .depth = 1};
    while (s.at < regex.n && s.depth <= DEPTH_MAX) {
        char c = peek(&s);
        if (c == '(')
            open_group(&s);
        else if (c == ')')
            close_group(&s);
        else if (c == '|')
            take_bar(&s);
        else
            take_atom(&s);
    }
    return s.found ? REGEX_BACKTRACKS : s.several ? REGEX_SEVERAL_LOOPS : REGEX_CHEAP;
}
