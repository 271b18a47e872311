/* What nobody asks for: the same grammar once more, without a node for anything.
 *
 * It gives up, without a word, where something is wrong, too deep, or not certain (two keys of one
 * hash): that container is then read as all others are, which tells what and where. The next try begins
 * no earlier than this one came, so that nothing is skimmed twice. */
#include "json/read.h"

struct skim {
    char *p;          /* what is looked at next */
    uint64_t objects; /* of the open containers, the innermost in the lowest bit: an object? */
    uint64_t keys;    /* filter of the open object's keys */
    uint32_t depth;   /* containers open */
};

_Static_assert((int)LEVELS <= 64, "a bit for each open container");

static ALWAYS_INLINE bool is_next(struct skim *s, char wanted) {
    if (*s->p != wanted)
        s->p = read_blanks(s->p);
    return *s->p == wanted;
}

/* Goes on at `p`, if that is anywhere. */
static ALWAYS_INLINE bool go_on(struct skim *s, char *p) {
    if (p != NULL)
        s->p = p;
    return p != NULL;
}

/* Stands at the opening quote. */
static ALWAYS_INLINE bool skim_string(struct reader *r, struct skim *s) {
    char *start = s->p + 1, *end = scan_plain(start);
    return go_on(s, *end == '"' ? end + 1 : check_string_rest(r, start, end));
}

static ALWAYS_INLINE bool skim_scalar(struct reader *r, struct skim *s) {
    enum json_type type;
    return go_on(s, read_scalar(r, s->p, &type));
}

/* Keys are compared by their bytes: what one with escapes says is not certain. */
static ALWAYS_INLINE bool skim_new_key(struct skim *s) {
    char *start = s->p + 1, *end = scan_plain(start);
    if (*end != '"' || filter_hit(&s->keys, key_hash(start, (uint32_t)(end - start))))
        return false;
    s->p = end + 1;
    return true;
}

/* `"key":` */
static ALWAYS_INLINE bool skim_key(struct reader *r, struct skim *s, bool repeats) {
    if (!is_next(s, '"') || !(repeats ? skim_string(r, s) : skim_new_key(s)) ||
        !is_next(s, ':'))
        return false;
    s->p++;
    return true;
}

/* Stands at '{' or '['; an empty container is over at once. Deeper than LEVELS is too deep for a
 * filter. */
static ALWAYS_INLINE bool skim_open(struct reader *r, struct skim *s) {
    char opener = *s->p++, closer = opener == '{' ? '}' : ']';
    if (s->depth >= LEVELS || s->depth >= r->limits.max_depth)
        return false;
    if (is_next(s, closer)) {
        s->p++;
        return true;
    }
    r->keys[s->depth++] = s->keys;
    s->keys = 0;
    s->objects = s->objects << 1 | (opener == '{');
    return true;
}

/* Stands behind a value: closes what ends here, and goes on behind the comma. False when there is
 * none: at the end of it all, `depth` containers are open again. */
static ALWAYS_INLINE bool skim_leave(const struct reader *r, struct skim *s, uint32_t depth) {
    while (is_next(s, s->objects & 1 ? '}' : ']')) {
        s->p++;
        s->objects >>= 1;
        s->keys = r->keys[--s->depth];
        if (s->depth == depth)
            return false;
    }
    return *s->p++ == ',';
}

static ALWAYS_INLINE bool skim_value(struct reader *r, struct skim *s) {
    if ((unsigned char)*s->p <= ' ')
        s->p = read_blanks(s->p);
    switch (*s->p) {
    case '"':
        return skim_string(r, s);
    case '{':
    case '[':
        return skim_open(r, s);
    default:
        return skim_scalar(r, s);
    }
}

/* Stands at '{' or '['. */
static ALWAYS_INLINE char *skim(struct reader *r, char *start, uint32_t depth, bool repeats) {
    struct skim s = {.p = start, .depth = depth};
    uint32_t before = depth;
    bool good = skim_open(r, &s);
    while (good && (s.depth > before || (s.depth > depth && skim_leave(r, &s, depth)))) {
        before = s.depth;
        good = (!(s.objects & 1) || skim_key(r, &s, repeats)) && skim_value(r, &s);
    }
    if (good && s.depth == depth)
        return s.p;
    r->skims_from = s.p;
    r->err->code = EC_OK; /* whoever reads it will find the error that counts */
    return NULL;
}

uint64_t read_skimmed_keys(const struct json_limits *limits) {
    uint64_t keys = 0;
    for (uint32_t i = 0; i < limits->n_skim; i++)
        filter_hit(&keys, key_hash(limits->skim[i].key.p, (uint32_t)limits->skim[i].key.n));
    return keys;
}

char *read_skimmed(struct reader *r, char *start, uint32_t depth) {
    const struct json_node *key = &r->nodes[r->n - 1];
    const struct json_skim *skims = r->limits.skim, *end = skims + r->limits.n_skim;
    struct str name = {r->text + key->off, key->len};
    if ((*start != '{' && *start != '[') || start < r->skims_from)
        return NULL;
    while (skims < end && !str_eq(skims->key, name))
        skims++;
    if (skims == end)
        return NULL;
    return skims->repeats ? skim(r, start, depth, true) : skim(r, start, depth, false);
}
