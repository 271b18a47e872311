/* The grammar: one loop, no recursion. An open container keeps the one around it in its `next`,
 * so the nodes are the stack. */
#include "json/read.h"

#include "base/mem.h"

#include <stdio.h>

_Static_assert(sizeof(struct json_node) == 16, "four nodes in a cache line");

char *read_fail(struct reader *r, const char *at, enum ec code, const char *text) {
    r->bad = r->bad_str = at < r->end ? at : r->end;
    err_set(r->err, code, "%s", text);
    return NULL;
}

/* The text may end anywhere; what is missing for certain is what closes the innermost
 * container. */
static char *fail_at_end(struct reader *r) {
    char text[120] = "unexpected end of text, expected a value";
    uint32_t line, col;
    if (r->open != JSON_NONE) {
        r->j->n_nodes = r->n;
        json_line_col(r->j, r->nodes[r->open].off, &line, &col);
        snprintf(text, sizeof text,
                 "unexpected end of text, expected '%c' for the '%c' at %u:%u", r->closer,
                 r->text[r->nodes[r->open].off], line, col);
    }
    return read_fail(r, r->end, EC_SYNTAX, text);
}

char *read_unexpected(struct reader *r, const char *at, const char *expected) {
    char text[160];
    unsigned char c = (unsigned char)*at;
    if (at >= r->end)
        return fail_at_end(r);
    if (c >= 0x20 && c < 0x7f)
        snprintf(text, sizeof text, "unexpected character '%c', expected %s", c, expected);
    else
        snprintf(text, sizeof text, "unexpected character 0x%02x, expected %s", c, expected);
    return read_fail(r, at, EC_SYNTAX, text);
}

/* --- nodes --- */

/* Room for at least one more node, at most as many as allowed. */
static bool grow(struct reader *r) {
    struct json *j = r->j;
    if (r->n >= r->limits.max_nodes) {
        char text[80];
        snprintf(text, sizeof text, "more than %u values and keys", r->limits.max_nodes);
        read_fail(r, r->bad, EC_LIMIT, text);
        return false;
    }
    uint32_t cap = j->cap_nodes < UINT32_MAX / 2 ? j->cap_nodes * 2 : UINT32_MAX;
    if (cap > r->limits.max_nodes)
        cap = r->limits.max_nodes;
    struct json_node *nodes = mem_realloc(j->nodes, mem_array_bytes(cap, sizeof *nodes));
    if (nodes == NULL) {
        read_fail(r, r->bad, EC_NOMEM, "no memory for the values of a JSON text");
        return false;
    }
    j->nodes = r->nodes = nodes;
    j->cap_nodes = r->room = cap;
    if (r->open != JSON_NONE)
        r->around = &nodes[r->open];
    return true;
}

static inline bool add(struct reader *r, const char *at, size_t len, enum json_type type,
                       unsigned flags) {
    if (r->n == r->room) {
        r->bad = at;
        if (!grow(r))
            return false;
    }
    json_at next = r->n + 1;
    r->nodes[r->n] = (struct json_node){.off = (uint32_t)(at - r->text),
                                        .len = (uint32_t)len,
                                        .next = next,
                                        .type = (uint8_t)type,
                                        .flags = (uint8_t)flags,
                                        .depth = (uint16_t)r->depth};
    r->n = next;
    return true;
}

/* --- tokens --- */

static char *skip_blanks(const struct reader *r, char *p) {
    while (p < r->end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
        p++;
    return p;
}

/* To `wanted`, over blanks; where another byte stands if there is no such thing. Compact text
 * has no blanks, so they are looked for last. */
static inline char *find(const struct reader *r, char *p, char wanted) {
    return *p == wanted ? p : skip_blanks(r, p);
}

/* p stands behind the opening quote. */
static inline char *read_string(struct reader *r, char *p, uint32_t *len) {
    char *q = scan_plain(p, r->end);
    if (*q != '"' || q >= r->end) {
        uint32_t rest = 0; /* *len itself would have to live in memory */
        q = read_string_rest(r, p, q, &rest);
        *len = rest;
        return q;
    }
    *len = (uint32_t)(q - p);
    return q + 1;
}

static bool is_digit(const struct reader *r, const char *p) {
    return p < r->end && *p >= '0' && *p <= '9';
}

/* At least one digit, and all that follow. */
static char *read_digits(struct reader *r, char *p) {
    if (!is_digit(r, p))
        return read_unexpected(r, p, "a digit");
    while (is_digit(r, p))
        p++;
    return p;
}

static char *read_fraction(struct reader *r, char *p) {
    if (p < r->end && *p == '.' && (p = read_digits(r, p + 1)) == NULL)
        return NULL;
    if (p >= r->end || (*p | 0x20) != 'e')
        return p;
    p++;
    if (p < r->end && (*p == '+' || *p == '-'))
        p++;
    return read_digits(r, p);
}

static char *read_number(struct reader *r, char *p) {
    char *start = p;
    if (*p == '-')
        p++;
    char *first = p;
    if ((p = read_digits(r, p)) == NULL)
        return NULL;
    if (*first == '0' && p - first > 1)
        return read_fail(r, first, EC_SYNTAX, "leading zero in a number");
    if ((p = read_fraction(r, p)) == NULL)
        return NULL;
    return add(r, start, (size_t)(p - start), JSON_NUMBER, 0) ? p : NULL;
}

static char *read_word(struct reader *r, char *p, struct str word, enum json_type type) {
    for (size_t i = 0; i < word.n; i++)
        if (p + i >= r->end || p[i] != word.p[i]) {
            char expected[32];
            snprintf(expected, sizeof expected, "the word %.*s", STR_ARG(word));
            return read_unexpected(r, p + i, expected);
        }
    return add(r, p, 0, type, 0) ? p + word.n : NULL;
}

static inline char *read_string_value(struct reader *r, char *p) {
    uint32_t len = 0;
    char *next = read_string(r, p + 1, &len);
    return next != NULL && add(r, p + 1, len, JSON_STRING, 0) ? next : NULL;
}

static char *read_scalar(struct reader *r, char *p) {
    switch (*p) {
    case 't':
        return read_word(r, p, STR("true"), JSON_TRUE);
    case 'f':
        return read_word(r, p, STR("false"), JSON_FALSE);
    case 'n':
        return read_word(r, p, STR("null"), JSON_NULL);
    default:
        if (*p == '-' || is_digit(r, p))
            return read_number(r, p);
        return read_unexpected(r, p, "a value");
    }
}

/* --- keys --- */

static uint64_t load64(const void *p) {
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

/* Of the first and the last eight bytes and the length: cheap, and enough for a filter. Reads
 * up to seven bytes behind the key, and masks them. */
static inline uint64_t key_hash(const char *p, uint32_t len) {
    static const unsigned char ones[16] = {255, 255, 255, 255, 255, 255, 255, 255};
    uint32_t part = len < 8 ? len : 8;
    uint64_t mask = load64(ones + 8 - part);
    uint64_t a = load64(p) & mask, b = load64(p + len - part) & mask;
    uint64_t h = (a + len) ^ (b << 29 | b >> 35);
    return h * UINT64_C(0x9e3779b97f4a7c15);
}

/* Notes the hash in the open object's row; true if a key of this hash was there before. */
static inline bool filter_hit(struct reader *r, uint64_t hash) {
    uint64_t *word = &r->row[hash >> 61];
    uint64_t bit = UINT64_C(1) << (hash >> 55 & 63);
    bool hit = (*word & bit) != 0;
    *word |= bit;
    return hit;
}

/* Reads `"key":` and stops at the value. */
static inline char *read_key(struct reader *r, char *p) {
    uint32_t len = 0;
    p = find(r, p, '"');
    if (*p != '"')
        return read_unexpected(r, p, "a key in double quotes");
    char *start = p + 1;
    if ((p = read_string(r, start, &len)) == NULL)
        return NULL;
    uint64_t hash = key_hash(start, len);
    json_at key = r->n;
    if (!add(r, start, len, JSON_STRING, NODE_KEY | (hash >> 47 & 0xfe)))
        return NULL;
    if (filter_hit(r, hash) && r->around->len <= FEW_MEMBERS && !read_key_is_new(r, key))
        return NULL;
    p = find(r, p, ':');
    if (*p != ':')
        return read_unexpected(r, p, "':'");
    return p + 1;
}

/* --- containers --- */

static char *fail_depth(struct reader *r, const char *at) {
    char text[80];
    snprintf(text, sizeof text, "nested deeper than %u levels", r->limits.max_depth);
    return read_fail(r, at, EC_LIMIT, text);
}

static inline char closer_of(enum json_type type) {
    return type == JSON_OBJECT ? '}' : ']';
}

/* p stands at '{' or '['. Answers behind that or, of an empty container, behind its end. */
static inline char *open_container(struct reader *r, char *p) {
    enum json_type type = *p == '{' ? JSON_OBJECT : JSON_ARRAY;
    char closer = closer_of(type);
    char *first = find(r, p + 1, closer);
    json_at at = r->n;
    if (r->depth >= r->limits.max_depth)
        return fail_depth(r, p);
    if (!add(r, p, 0, type, 0))
        return NULL;
    if (*first == closer && first < r->end)
        return first + 1;
    r->around = &r->nodes[at];
    r->around->next = r->open;
    r->open = at;
    r->closer = closer;
    r->row = r->rows[r->depth < ROWS ? r->depth : ROWS];
    if (type == JSON_OBJECT && r->depth < ROWS)
        memset(r->row, 0, sizeof r->rows[0]);
    r->depth++;
    return first;
}

static inline bool close_container(struct reader *r) {
    struct json_node *node = r->around;
    json_at closed = r->open;
    r->depth--;
    r->open = node->next;
    node->next = r->n;
    if (r->open != JSON_NONE) {
        r->around = &r->nodes[r->open];
        r->closer = closer_of(r->around->type);
        r->row = r->rows[r->depth <= ROWS ? r->depth - 1 : ROWS];
    }
    return node->type == JSON_ARRAY || node->len <= FEW_MEMBERS || read_keys_differ(r, closed);
}

/* --- the loop --- */

/* A scalar or an empty container, or the beginning of a container that is then `open`. */
static inline char *read_value(struct reader *r, char *p) {
    if ((unsigned char)*p <= ' ')
        p = skip_blanks(r, p);
    if (p >= r->end)
        return fail_at_end(r);
    if (*p == '"')
        return read_string_value(r, p);
    if (*p == '{' || *p == '[')
        return open_container(r, p);
    return read_scalar(r, p);
}

/* p stands behind a value: closes what ends here. Answers behind the comma or, with nothing
 * open any more, where the document ends. */
static inline char *leave(struct reader *r, char *p) {
    while (r->open != JSON_NONE) {
        if (*p == ',')
            return p + 1;
        if (*p == r->closer && p < r->end) {
            p++;
            if (!close_container(r))
                return NULL;
            continue;
        }
        char *next = skip_blanks(r, p);
        if (next == p)
            return read_unexpected(r, p, r->closer == '}' ? "',' or '}'" : "',' or ']'");
        p = next;
    }
    return p;
}

/* The document is taken for the element of an array that is not there. Each call below has no
 * other place, so that all of it becomes one loop. */
static char *read_document(struct reader *r, char *p) {
    do {
        json_at open = r->open;
        r->around->len++;
        if (r->closer == '}')
            p = read_key(r, p);
        if (p != NULL)
            p = read_value(r, p);
        if (p != NULL && r->open == open)
            p = leave(r, p);
    } while (p != NULL && r->open != JSON_NONE);
    return p;
}

static bool read_all(struct reader *r) {
    char *p = read_document(r, r->text);
    if (p == NULL)
        return false;
    p = skip_blanks(r, p);
    return p >= r->end || read_unexpected(r, p, "the end of the text") != NULL;
}

/* --- the parse --- */

/* A review has a node for ten bytes or so; the array is kept for the next one. */
static bool first_nodes(struct json *j, size_t n, struct json_limits limits) {
    size_t cap = n / 8 + 16;
    if (cap > limits.max_nodes)
        cap = limits.max_nodes;
    if (cap <= j->cap_nodes)
        return true;
    struct json_node *nodes = mem_alloc(mem_array_bytes(cap, sizeof *nodes));
    if (nodes == NULL)
        return false;
    mem_free(j->nodes);
    j->nodes = nodes;
    j->cap_nodes = (uint32_t)cap;
    return true;
}

static enum ec failed(struct reader *r) {
    uint32_t line = 0, col = 0;
    r->j->n_nodes = r->n;
    json_line_col(r->j, (size_t)(r->bad_str - r->text), &line, &col);
    r->j->n_nodes = 0;
    r->j->n_partial = r->n;
    r->err->offset = (size_t)(r->bad - r->text);
    err_place(r->err, NULL, line, col + (uint32_t)(r->bad - r->bad_str));
    return r->err->code;
}

enum ec json_parse(struct json *j, char *text, size_t n, struct json_limits limits,
                   struct err *err) {
    struct reader r;
    struct json_node outside = {.type = JSON_ARRAY};
    j->text = text;
    j->text_bytes = n;
    j->n_nodes = j->n_partial = 0;
    if (n > INT32_MAX)
        return err_set(err, EC_LIMIT, "text of %zu bytes, at most %d can be read", n,
                       INT32_MAX);
    if (limits.max_depth > UINT16_MAX)
        limits.max_depth = UINT16_MAX;
    if (!first_nodes(j, n, limits))
        return err_set(err, EC_NOMEM, "no memory for the values of a JSON text");
    r.j = j;
    r.text = text;
    r.end = text + n;
    r.nodes = j->nodes;
    r.n = 0;
    r.room = j->cap_nodes < limits.max_nodes ? j->cap_nodes : limits.max_nodes;
    r.open = JSON_NONE;
    r.around = &outside;
    r.closer = ']';
    r.depth = 0;
    r.limits = limits;
    r.err = err;
    r.bad = r.bad_str = text;
    memset(r.rows[ROWS], 0, sizeof r.rows[ROWS]);
    if (!read_all(&r))
        return failed(&r);
    j->n_nodes = r.n;
    return EC_OK;
}
