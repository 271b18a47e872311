#include "match/glob.h"

#include "base/mem.h"

enum { WORD_BITS = 64, N_BYTES = 128 /* of ASCII: patterns have no others */ };
/* Bytes of a text that a word of the pattern reads in the time of one step. */
enum { BYTES_A_STEP = 4 };

/* Bit i: the first i elements of the pattern are matched. An element is a byte, a `*` or a
 * whole `**` + `/`; pattern and text end with a `/` of their own.
 *
 * words: | stars | depths | moves of no byte (none) | moves of the first byte | ... |
 * A byte's moves are the bits whose next element is that byte. */
struct match_glob {
    size_t n_words; /* of one set of bits */
    size_t end;     /* the bit after the last element */
    unsigned char row_of[N_BYTES];
    uint64_t words[];
};

enum row { ROW_STARS, ROW_DEPTHS, ROW_NONE, N_ROWS };

static uint64_t *row(struct match_glob *g, size_t i) {
    return g->words + i * g->n_words;
}

static void set_bit(uint64_t *bits, size_t i) {
    bits[i / WORD_BITS] |= UINT64_C(1) << i % WORD_BITS;
}

struct str match_component(struct str s, size_t at) {
    struct str rest = str_slice(s, at, s.n);
    return str_slice(rest, 0, str_find(rest, '/'));
}

bool match_is_any_depth(struct str component) {
    return str_eq(component, STR("**"));
}

/* ---- compiling ----------------------------------------------------------------------- */

/* The next element of a pattern; '\0' for `**`. */
static char next_element(struct str pattern, size_t *at) {
    bool begins = *at == 0 || pattern.p[*at - 1] == '/';
    if (begins && match_is_any_depth(match_component(pattern, *at))) {
        *at += sizeof("**/") - 1;
        return '\0';
    }
    char c = *at < pattern.n ? pattern.p[*at] : '/';
    ++*at;
    return c;
}

static size_t number_rows(unsigned char *row_of, struct str pattern) {
    size_t n = N_ROWS;
    memset(row_of, ROW_NONE, N_BYTES);
    row_of['/'] = (unsigned char)n++;
    for (size_t i = 0; i < pattern.n; i++) {
        unsigned char c = (unsigned char)pattern.p[i];
        if (c < N_BYTES && c != '*' && row_of[c] == ROW_NONE)
            row_of[c] = (unsigned char)n++;
    }
    return n;
}

struct match_glob *match_glob_compile(struct str pattern) {
    unsigned char row_of[N_BYTES];
    size_t n_rows = number_rows(row_of, pattern);
    size_t n_words = (pattern.n + 1) / WORD_BITS + 1;
    struct match_glob *g = mem_zalloc(sizeof *g + n_rows * n_words * sizeof(uint64_t));
    if (g == NULL)
        return NULL;
    g->n_words = n_words;
    memcpy(g->row_of, row_of, sizeof g->row_of);
    bool was_depth = false; /* one more `**` changes nothing */
    for (size_t at = 0; at <= pattern.n;) {
        unsigned char c = (unsigned char)next_element(pattern, &at);
        if (c == '\0' && was_depth)
            continue;
        was_depth = c == '\0';
        size_t of = was_depth ? ROW_DEPTHS : c == '*' ? ROW_STARS : row_of[c % N_BYTES];
        set_bit(row(g, of), g->end++);
    }
    return g;
}

void match_glob_free(struct match_glob *g) {
    mem_free(g);
}

/* ---- matching ------------------------------------------------------------------------ */

/* to |= from << 1 */
static void add_next(uint64_t *to, const uint64_t *from, const uint64_t *among, size_t n) {
    uint64_t carry = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t bits = from[i] & among[i];
        to[i] |= bits << 1 | carry;
        carry = bits >> (WORD_BITS - 1);
    }
}

/* What is after a `*`, and between components after a `**`, is reached without a byte. */
static void step_over(const struct match_glob *g, uint64_t *set, bool at_border) {
    if (at_border)
        add_next(set, set, g->words + ROW_DEPTHS * g->n_words, g->n_words);
    add_next(set, set, g->words + ROW_STARS * g->n_words, g->n_words);
}

/* One byte further; false: no place is left. */
static bool read_byte(const struct match_glob *g, uint64_t *set, unsigned char c) {
    uint64_t next[MATCH_PATTERN_MAX / WORD_BITS + 2], any = 0;
    const uint64_t *stars = g->words + ROW_STARS * g->n_words;
    const uint64_t *depths = g->words + ROW_DEPTHS * g->n_words;
    bool stays = c != '/' && c != ':';
    for (size_t i = 0; i < g->n_words; i++)
        next[i] = set[i] & (depths[i] | (stays ? stars[i] : 0));
    add_next(next, set, g->words + (c < N_BYTES ? g->row_of[c] : ROW_NONE) * g->n_words,
             g->n_words);
    step_over(g, next, c == '/');
    for (size_t i = 0; i < g->n_words; i++)
        any |= set[i] = next[i];
    return any != 0;
}

/* The same for patterns that fit in one word. */
static bool read_short(const struct match_glob *g, struct str text) {
    const uint64_t stars = g->words[ROW_STARS], depths = g->words[ROW_DEPTHS];
    uint64_t set = 1;
    set |= (set & depths) << 1;
    set |= (set & stars) << 1;
    for (size_t i = 0; i <= text.n && set != 0; i++) {
        unsigned char c = i < text.n ? (unsigned char)text.p[i] : '/';
        uint64_t stay = set & (depths | (c != '/' && c != ':' ? stars : 0));
        uint64_t move = c < N_BYTES ? g->words[g->row_of[c]] : 0;
        set = (set & move) << 1 | stay;
        if (c == '/')
            set |= (set & depths) << 1;
        set |= (set & stars) << 1;
    }
    return set >> g->end & 1;
}

static bool read_long(const struct match_glob *g, struct str text) {
    uint64_t set[MATCH_PATTERN_MAX / WORD_BITS + 2] = {1};
    step_over(g, set, true);
    for (size_t i = 0; i <= text.n; i++)
        if (!read_byte(g, set, i < text.n ? (unsigned char)text.p[i] : '/'))
            return false;
    return set[g->end / WORD_BITS] >> g->end % WORD_BITS & 1;
}

bool match_glob(const struct match_glob *g, struct str text, struct match_meter *meter) {
    if (!match_charge(meter, 1 + (uint64_t)text.n * g->n_words / BYTES_A_STEP))
        return false;
    return g->n_words == 1 ? read_short(g, text) : read_long(g, text);
}
