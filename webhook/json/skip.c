/* Containers that are checked but not kept: the same grammar again, without nodes.
 *
 * It gives up without an error where something is wrong, too deep, or uncertain (two keys of one
 * hash): the container is then read like all others, which finds the error and its position. The next
 * attempt begins no earlier than this one came, so that nothing is skipped twice. */
#include "json/internal.h"

struct skip {
    char *p;          /* what is read next */
    uint64_t objects; /* a bit for each open container, the innermost lowest: it is an object */
    uint64_t keys;    /* filter of the open object's keys */
    uint32_t depth;   /* containers open */
    struct window window; /* the front's */
};

_Static_assert((int)LEVELS <= 64, "a bit for each open container");

static ALWAYS_INLINE bool is_next(struct skip *s, char wanted) {
    if (*s->p != wanted)
        s->p = read_blanks(s->p);
    return *s->p == wanted;
}

/* Continues at `p`, unless it is NULL. */
static ALWAYS_INLINE bool go_on(struct skip *s, char *p) {
    if (p != NULL)
        s->p = p;
    return p != NULL;
}

/* At the opening quote. */
static ALWAYS_INLINE bool skip_string(struct reader *r, struct skip *s) {
    char *start = s->p + 1, *end = scan_plain(&s->window, start);
    return go_on(s, *end == '"' ? end + 1 : json_check_string_rest(r, start, end));
}

static ALWAYS_INLINE bool skip_scalar(struct reader *r, struct skip *s) {
    enum json_type type;
    return go_on(s, json_read_scalar(r, s->p, &type));
}

/* Keys are compared by their bytes: one with escapes is uncertain. */
static ALWAYS_INLINE bool skip_new_key(struct skip *s) {
    char *start = s->p + 1, *end = scan_plain(&s->window, start);
    if (*end != '"' || filter_hit(&s->keys, key_hash(start, (uint32_t)(end - start))))
        return false;
    s->p = end + 1;
    return true;
}

/* `"key":` */
static ALWAYS_INLINE bool skip_key(struct reader *r, struct skip *s, bool repeats) {
    if (!is_next(s, '"') || !(repeats ? skip_string(r, s) : skip_new_key(s)) ||
        !is_next(s, ':'))
        return false;
    s->p++;
    return true;
}

/* At '{' or '['; an empty container is closed at once. There are filters for LEVELS levels only. */
static ALWAYS_INLINE bool skip_open(struct reader *r, struct skip *s) {
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

/* After a value: closes what ends here, and continues after the comma. False when there is none: at
 * the end of the skipped container, `depth` containers are open again. */
static ALWAYS_INLINE bool skip_leave(const struct reader *r, struct skip *s, uint32_t depth) {
    while (is_next(s, s->objects & 1 ? '}' : ']')) {
        s->p++;
        s->objects >>= 1;
        s->keys = r->keys[--s->depth];
        if (s->depth == depth)
            return false;
    }
    return *s->p++ == ',';
}

static ALWAYS_INLINE bool skip_value(struct reader *r, struct skip *s) {
    s->p = read_blanks(s->p);
    switch (*s->p) {
    case '"':
        return skip_string(r, s);
    case '{':
    case '[':
        return skip_open(r, s);
    default:
        return skip_scalar(r, s);
    }
}

/* At '{' or '['. */
static char *skip(struct reader *r, char *start, uint32_t depth, bool repeats) {
    struct skip s = {.p = start, .depth = depth};
    uint32_t before = depth;
    s.window = r->window;
    r->any_bytes = repeats;
    bool good = skip_open(r, &s);
    while (good && (s.depth > before || (s.depth > depth && skip_leave(r, &s, depth)))) {
        before = s.depth;
        good = (!(s.objects & 1) || skip_key(r, &s, repeats)) && skip_value(r, &s);
    }
    r->window = s.window;
    if (good && s.depth == depth)
        return s.p;
    r->skips_from = s.p;
    r->err->code = EC_OK; /* reading it will find the error that counts */
    return NULL;
}

void json_read_skip_table(struct reader *r) {
    r->skipped_keys = 0;
    for (uint32_t i = r->limits.n_skip; i-- > 0;) {
        struct str key = r->limits.skip[i].key;
        unsigned slot = key_hash(key.p, (uint32_t)key.n) % 64;
        r->skipped_keys |= UINT64_C(1) << slot;
        r->skip_at[slot] = (uint8_t)i;
    }
}

char *json_read_skipped(struct reader *r, unsigned hash, char *start, uint32_t depth) {
    const struct json_node *key = &r->nodes[r->n - 1];
    const struct json_skip *end = r->limits.skip + r->limits.n_skip;
    struct str name = {r->text + key->off, key->len};
    if (start < r->skips_from)
        return NULL;
    for (const struct json_skip *s = r->limits.skip + r->skip_at[hash % 64]; s < end; s++)
        if (str_eq(s->key, name))
            return skip(r, start, depth, s->repeats);
    return NULL;
}
