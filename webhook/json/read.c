/* The grammar: one loop, no recursion. An open container keeps the one around it in its `next`,
 * and its count of members in `len` while one inside it is read, so the nodes are the stack. */
#include "json/internal.h"

#include "base/mem.h"

#include <stdio.h>

_Static_assert(sizeof(struct json_node) == 16, "four nodes in a cache line");

char *json_read_fail(struct json_reader *r, const char *at, enum ec code, const char *text) {
    r->bad = r->bad_str = at < r->end ? at : r->end;
    err_set(r->err, code, "%s", text);
    return NULL;
}

/* The text may end anywhere; the one thing surely missing is the end of the innermost container. */
static char *fail_at_end(struct json_reader *r) {
    char text[120] = "unexpected end of text, expected a value";
    uint32_t line, col;
    if (r->open != JSON_NONE) {
        char opener = r->text[r->nodes[r->open].off];
        r->j->n_nodes = r->n;
        json_line_col(r->j, r->nodes[r->open].off, &line, &col);
        snprintf(text, sizeof text,
                 "unexpected end of text, expected '%c' for the '%c' at %u:%u",
                 opener == '{' ? '}' : ']', opener, line, col);
    }
    return json_read_fail(r, r->end, EC_SYNTAX, text);
}

char *json_read_unexpected(struct json_reader *r, const char *at, const char *expected) {
    char text[160];
    unsigned char c = (unsigned char)*at;
    if (at >= r->end)
        return fail_at_end(r);
    if (c >= 0x20 && c < 0x7f)
        snprintf(text, sizeof text, "unexpected character '%c', expected %s", c, expected);
    else
        snprintf(text, sizeof text, "unexpected character 0x%02x, expected %s", c, expected);
    return json_read_fail(r, at, EC_SYNTAX, text);
}

/* --- the front --- */

/* The state that changes with each value. It is local to the one function into which all below is
 * inlined, with copies in struct json_reader at most, and so stays in registers. */
struct front {
    char *p;                           /* what is read next */
    struct json_node *node, *room_end; /* the next node; the end of the room for nodes */
    uint64_t keys;                     /* filter of the open object's keys */
    uint32_t members;                  /* of the open container, with the one being read */
    uint32_t depth;                    /* containers open */
    struct window window;              /* of the text around p */
    char closer; /* of the open container: ']', '}', or NUL for the document */
};

static ALWAYS_INLINE json_at index_of(const struct json_reader *r,
                                      const struct json_node *node) {
    return (json_at)(node - r->nodes);
}

/* For functions that are called rarely, and may fail. */
static ALWAYS_INLINE void show_front(struct json_reader *r, const struct front *f) {
    r->n = index_of(r, f->node);
    r->around->len = f->members;
}

static ALWAYS_INLINE bool stop(struct json_reader *r, const struct front *f,
                               const char *expected) {
    show_front(r, f);
    json_read_unexpected(r, f->p, expected);
    return false;
}

/* --- nodes --- */

/* Makes room for at least one more node, within the limit. */
static NEVER_INLINE bool grow_nodes(struct json_reader *r, const char *at) {
    struct json *j = r->j;
    if (r->n >= r->limits.max_nodes) {
        char text[80];
        snprintf(text, sizeof text, "more than %u values and keys", r->limits.max_nodes);
        json_read_fail(r, at, EC_LIMIT, text);
        return false;
    }
    uint32_t cap = j->cap_nodes < UINT32_MAX / 2 ? j->cap_nodes * 2 : UINT32_MAX;
    if (cap > r->limits.max_nodes)
        cap = r->limits.max_nodes;
    struct json_node *nodes = mem_realloc(j->nodes, mem_array_bytes(cap, sizeof *nodes));
    if (nodes == NULL) {
        json_read_fail(r, at, EC_NOMEM, "no memory for the values of a JSON text");
        return false;
    }
    j->nodes = r->nodes = nodes;
    j->cap_nodes = cap;
    if (r->open != JSON_NONE)
        r->around = &nodes[r->open];
    return true;
}

static ALWAYS_INLINE bool add_node(struct json_reader *r, struct front *f, const char *at,
                                   size_t len, enum json_type type, unsigned flags) {
    if (f->node == f->room_end) {
        show_front(r, f);
        if (!grow_nodes(r, at))
            return false;
        f->node = r->nodes + r->n;
        f->room_end = r->nodes + r->j->cap_nodes;
    }
    f->node->off = (uint32_t)(at - r->text);
    f->node->len = (uint32_t)len;
    f->node->next = index_of(r, f->node) + 1;
    f->node->type = (uint8_t)type;
    f->node->flags = (uint8_t)flags;
    f->node->depth = (uint16_t)f->depth;
    f->node++;
    return true;
}

/* --- tokens --- */

char *json_read_more_blanks(char *p) {
    while (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')
        p++;
    return p;
}

/* Skips blanks before `wanted`. Compact text has none, so `wanted` is tried first. */
static ALWAYS_INLINE bool is_next(struct front *f, char wanted) {
    if (*f->p != wanted)
        f->p = read_blanks(f->p);
    return *f->p == wanted;
}

/* At the opening quote; continues after the closing one. */
static ALWAYS_INLINE bool read_string(struct json_reader *r, struct front *f, uint32_t *len,
                                      unsigned *odd) {
    char *start = f->p + 1, *end = scan_plain(&f->window, start);
    if (*end == '"') {
        *len = (uint32_t)(end - start);
        f->p = end + 1;
        return true;
    }
    uint32_t rest = 0; /* *len itself would have to be in memory */
    show_front(r, f);
    r->odd = 0;
    f->p = json_read_string_rest(r, start, end, &rest);
    *len = rest;
    *odd = r->odd;
    return f->p != NULL;
}

static bool is_digit(const char *p) {
    return *p >= '0' && *p <= '9';
}

/* At least one digit, and all that follow. */
static char *read_digits(struct json_reader *r, char *p) {
    if (!is_digit(p))
        return json_read_unexpected(r, p, "a digit");
    while (is_digit(p))
        p++;
    return p;
}

static char *read_fraction(struct json_reader *r, char *p) {
    if (*p == '.' && (p = read_digits(r, p + 1)) == NULL)
        return NULL;
    if ((*p | 0x20) != 'e')
        return p;
    p++;
    if (*p == '+' || *p == '-')
        p++;
    return read_digits(r, p);
}

static char *read_number(struct json_reader *r, char *p) {
    if (*p == '-')
        p++;
    char *first = p;
    if ((p = read_digits(r, p)) == NULL)
        return NULL;
    if (*first == '0' && p - first > 1)
        return json_read_fail(r, first, EC_SYNTAX, "leading zero in a number");
    return read_fraction(r, p);
}

static char *read_word(struct json_reader *r, char *p, struct str word) {
    for (size_t i = 0; i < word.n; i++)
        if (p[i] != word.p[i]) {
            char expected[32];
            snprintf(expected, sizeof expected, "the word %.*s", STR_ARG(word));
            return json_read_unexpected(r, p + i, expected);
        }
    return p + word.n;
}

char *json_read_scalar(struct json_reader *r, char *p, enum json_type *type) {
    switch (*p) {
    case 't':
        *type = JSON_TRUE;
        return read_word(r, p, STR("true"));
    case 'f':
        *type = JSON_FALSE;
        return read_word(r, p, STR("false"));
    case 'n':
        *type = JSON_NULL;
        return read_word(r, p, STR("null"));
    default:
        *type = JSON_NUMBER;
        if (*p == '-' || is_digit(p))
            return read_number(r, p);
        return json_read_unexpected(r, p, "a value");
    }
}

static ALWAYS_INLINE bool add_scalar(struct json_reader *r, struct front *f) {
    enum json_type type;
    char *start = f->p;
    show_front(r, f);
    f->p = json_read_scalar(r, start, &type);
    if (f->p == NULL)
        return false;
    return add_node(r, f, start, type == JSON_NUMBER ? (size_t)(f->p - start) : 0, type, 0);
}

static ALWAYS_INLINE bool add_string(struct json_reader *r, struct front *f) {
    uint32_t len = 0;
    unsigned odd = 0;
    const char *start = f->p + 1;
    return read_string(r, f, &len, &odd) && add_node(r, f, start, len, JSON_STRING, odd);
}

/* --- keys --- */

/* Reads `"key":` and stops at the value. */
static ALWAYS_INLINE bool add_key(struct json_reader *r, struct front *f, unsigned *hash) {
    uint32_t len = 0;
    unsigned odd = 0;
    if (!is_next(f, '"'))
        return stop(r, f, "a key in double quotes");
    const char *start = f->p + 1;
    if (!read_string(r, f, &len, &odd))
        return false;
    *hash = key_hash(start, len);
    if (!add_node(r, f, start, len, JSON_STRING, JSON_KEY | odd | (*hash << HASH_SHIFT & 0xff)))
        return false;
    if (filter_hit(&f->keys, *hash) && f->members <= FEW_MEMBERS) {
        show_front(r, f);
        if (!json_read_key_is_new(r, r->n - 1))
            return false;
    }
    if (!is_next(f, ':'))
        return stop(r, f, "':'");
    f->p++;
    return true;
}

/* --- containers --- */

static ALWAYS_INLINE char closer_of(enum json_type type) {
    return type == JSON_OBJECT ? '}' : ']';
}

static bool fail_depth(struct json_reader *r, const char *at) {
    char text[80];
    snprintf(text, sizeof text, "nested deeper than %u levels", r->limits.max_depth);
    json_read_fail(r, at, EC_LIMIT, text);
    return false;
}

/* At '{' or '['; continues after it or, for an empty container, after its end. */
static ALWAYS_INLINE bool open_container(struct json_reader *r, struct front *f,
                                         enum json_type type) {
    if (f->depth >= r->limits.max_depth) {
        show_front(r, f);
        return fail_depth(r, f->p);
    }
    if (!add_node(r, f, f->p++, 0, type, 0))
        return false;
    if (is_next(f, closer_of(type))) {
        f->p++;
        return true;
    }
    r->around->len = f->members;
    if (f->depth < LEVELS)
        r->keys[f->depth] = f->keys;
    r->around = f->node - 1;
    r->around->next = r->open;
    r->open = index_of(r, r->around);
    f->closer = closer_of(type);
    f->members = 0;
    f->keys = 0;
    f->depth++;
    return true;
}

/* False: it has a duplicate key. */
static ALWAYS_INLINE bool close_container(struct json_reader *r, struct front *f) {
    json_at closed = r->open;
    bool is_large = f->closer == '}' && f->members > FEW_MEMBERS;
    struct json_node *node = r->around;
    node->len = f->members;
    r->open = node->next;
    node->next = index_of(r, f->node);
    f->p++;
    f->depth--;
    f->keys = f->depth < LEVELS ? r->keys[f->depth] : UINT64_MAX;
    r->around = node = r->open == JSON_NONE ? &r->outside : &r->nodes[r->open];
    f->members = node->len;
    f->closer = r->open == JSON_NONE ? '\0' : closer_of((enum json_type)node->type);
    if (!is_large)
        return true;
    show_front(r, f);
    return json_read_keys_differ(r, closed);
}

/* --- the loop --- */

/* Reads a scalar, an empty container, or the start of a container, which is then open. */
static ALWAYS_INLINE bool add_value(struct json_reader *r, struct front *f) {
    f->p = read_blanks(f->p);
    switch (*f->p) {
    case '"':
        return add_string(r, f);
    case '{':
        return open_container(r, f, JSON_OBJECT);
    case '[':
        return open_container(r, f, JSON_ARRAY);
    default:
        return add_scalar(r, f);
    }
}

/* At a container that may have to be skipped: if so, its node is that of an empty one. */
static ALWAYS_INLINE bool add_skipped(struct json_reader *r, struct front *f, unsigned hash) {
    char *start = f->p;
    show_front(r, f);
    r->window = f->window;
    char *end = json_read_skipped(r, hash, start, f->depth);
    f->window = r->window;
    if (end == NULL)
        return add_value(r, f);
    f->p = end;
    return add_node(r, f, start, 0, *start == '{' ? JSON_OBJECT : JSON_ARRAY, 0);
}

static ALWAYS_INLINE bool add_member(struct json_reader *r, struct front *f) {
    unsigned hash = 0;
    if (!add_key(r, f, &hash))
        return false;
    f->p = read_blanks(f->p);
    bool may_skip = (*f->p | 0x20) == '{' && (r->skipped_keys >> hash % 64 & 1); /* or '[' */
    return may_skip ? add_skipped(r, f, hash) : add_value(r, f);
}

static const char *what_may_follow(char closer) {
    return closer == '}' ? "',' or '}'" : closer == ']' ? "',' or ']'" : "the end of the text";
}

/* After a value: closes what ends here, and continues after the comma. False when there is none. */
static ALWAYS_INLINE bool leave(struct json_reader *r, struct front *f) {
    for (;;) {
        if (*f->p == ',' && f->depth != 0) {
            f->p++;
            return true;
        }
        if (*f->p == f->closer && f->depth != 0) {
            if (!close_container(r, f))
                return false;
            continue;
        }
        char *next = read_blanks(f->p);
        if (next == f->p)
            break;
        f->p = next;
    }
    r->is_whole = f->p == r->end && f->depth == 0;
    return r->is_whole ? false : stop(r, f, what_may_follow(f->closer));
}

/* The document is read as the element of an imaginary container that NUL ends. */
static bool read_document(struct json_reader *r, uint32_t room) {
    struct front f = {.p = r->text, .node = r->nodes, .room_end = r->nodes + room};
    uint32_t depth;
    window_at(&f.window, f.p);
    do {
        depth = f.depth;
        f.members++;
        if (f.closer == '}' ? !add_member(r, &f) : !add_value(r, &f))
            return false;
    } while (f.depth > depth || leave(r, &f));
    show_front(r, &f);
    return r->is_whole;
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

static enum ec failed(struct json_reader *r) {
    uint32_t line = 0, col = 0;
    r->j->n_nodes = r->n;
    json_line_col(r->j, (size_t)(r->bad_str - r->text), &line, &col);
    r->j->n_nodes = 0;
    r->j->n_partial = r->n;
    r->err->offset = (size_t)(r->bad - r->text);
    err_locate(r->err, NULL, line, col + (uint32_t)(r->bad - r->bad_str));
    return r->err->code;
}

/* While the text is read it ends with NUL, which is not a value, blank or plain character: every search
 * ends there, and a quote, comma or bracket that is found is inside the text. */
enum ec json_parse(struct json *j, char *text, size_t n, struct json_limits limits,
                   struct err *err) {
    j->text = text;
    j->text_bytes = n;
    j->n_nodes = j->n_partial = 0;
    if (n > INT32_MAX)
        return err_set(err, EC_LIMIT, "text of %zu bytes, expected at most %d", n, INT32_MAX);
    if (limits.max_depth > UINT16_MAX)
        limits.max_depth = UINT16_MAX;
    if (!first_nodes(j, n, limits))
        return err_set(err, EC_NOMEM, "no memory for the values of a JSON text");
    struct json_reader r;
    r.j = j;
    r.text = text;
    r.end = text + n;
    r.nodes = j->nodes;
    r.n = 0;
    r.open = JSON_NONE;
    r.outside = (struct json_node){.type = JSON_ARRAY};
    r.around = &r.outside;
    r.is_whole = r.any_bytes = false;
    r.odd = 0;
    r.skips_from = text;
    r.limits = limits;
    json_read_skip_table(&r);
    r.err = err;
    r.bad = r.bad_str = text;
    char after = *r.end;
    *r.end = '\0';
    uint32_t room = j->cap_nodes < limits.max_nodes ? j->cap_nodes : limits.max_nodes;
    bool is_read = read_document(&r, room);
    *r.end = after;
    if (!is_read)
        return failed(&r);
    j->n_nodes = r.n;
    return EC_OK;
}
