/* json - JSON bytes to a flat array of nodes, without copying; strict, with limits.
 *
 *   {"a":[1,true],"b":"x"}        nodes in the order of the text (depth first), keys included:
 *
 *   0 OBJECT next=7   1 STRING "a"   2 ARRAY next=5   3 NUMBER   4 TRUE
 *   5 STRING "b"      6 STRING "x"
 *
 *   children of an ARRAY at i: i+1, then next of each, until next of i
 *   members of an OBJECT at i: key i+1, value i+2, then key = next of the value, until next of i
 *
 * Accepts    RFC 8259, UTF-8 without BOM; blanks before and after the one value
 * Refuses    duplicate keys in an object (after unescaping: two parsers could see two values),
 *            invalid UTF-8, control characters in strings, leading zeros and all else the RFC
 *            refuses; numbers are kept as text of any size
 * Marks      strings and keys with \u0000 or half a surrogate pair: json_is_odd(). They are legal
 *            JSON, and harmless as long as they are not used; code that uses one has to refuse it.
 *            The first is kept as a NUL byte; the second becomes U+FFFD, as in Go
 * Ownership  nodes borrow from the text; strings with escapes are unescaped IN PLACE, so the
 *            text must be writable and is changed; the text must be followed by JSON_PADDING
 *            readable bytes of any value, the first of which must be writable: it is changed
 *            during the call. struct json owns only its node array; json_parse may be called again
 *            without json_done, which frees everything
 * Limits     struct json_limits; text below 2 GiB
 * Threads    one struct json per thread
 * Source     RFC 8259, RFC 6901 (pointers)                                                  */
#ifndef PULLGATE_JSON_JSON_H
#define PULLGATE_JSON_JSON_H

#include "base/err.h"
#include "base/str.h"

enum { JSON_PADDING = 64 };

enum json_type {
    JSON_NULL,
    JSON_FALSE,
    JSON_TRUE,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT
};

/* Index of a node, or JSON_NONE. */
typedef uint32_t json_at;
#define JSON_NONE UINT32_MAX

struct json_node { /* 16 bytes */
    uint32_t off;  /* first byte of the value's text in the original: of a string, the one after
                     its opening quote; of an array or object, its bracket */
    uint32_t
        len; /* bytes of a (unescaped) string or number; elements or members of a container */
    json_at next;  /* the node after this value and its children */
    uint8_t type;  /* enum json_type */
    uint8_t flags; /* JSON_KEY, JSON_ODD; the other bits are the reader's own */
    uint16_t depth;
};

/* A key whose value is not needed, at any depth. A container there is checked like all others, but
 * its children are neither kept nor counted: its node is that of an empty one. It is kept after all
 * when its keys can only be compared that way. */
struct json_skip {
    struct str key;
    bool
        repeats; /* its keys are not compared, so that duplicates pass; and its strings need not be
                     UTF-8 */
};

struct json_limits {
    uint32_t max_depth; /* 0 is a scalar document */
    uint32_t max_nodes;
    const struct json_skip *skip; /* borrowed */
    uint32_t n_skip;
};
#define JSON_LIMITS_DEFAULT ((struct json_limits){.max_depth = 128, .max_nodes = 8u << 20})

struct json {
    char *text; /* the text last parsed */
    size_t text_bytes;
    struct json_node *nodes;
    uint32_t n_nodes;
    uint32_t n_partial; /* after an error: nodes read until then. off, len, type and depth are
                           valid, next is not: enough to find the identity of a document */
    uint32_t cap_nodes;
};
#define JSON_INIT                                                                              \
    { .text = NULL }

/* Reads one value. text[0..n) is changed in place; text[n..n+JSON_PADDING) must be readable.
 * Errors: EC_SYNTAX (err->offset is the byte, line and col are set), EC_SCHEMA
 * (a duplicate key), EC_LIMIT (size, depth or
 * count), EC_NOMEM. After an error j holds no nodes (n_nodes is 0). */
enum ec json_parse(struct json *j, char *text, size_t n, struct json_limits limits,
                   struct err *err) MUST_CHECK;

void json_done(struct json *j);

static inline enum json_type json_type_of(const struct json *j, json_at at) {
    return at == JSON_NONE ? JSON_NULL : (enum json_type)j->nodes[at].type;
}

static inline bool json_is(const struct json *j, json_at at, enum json_type type) {
    return at != JSON_NONE && j->nodes[at].type == type;
}

enum { JSON_KEY = 1, JSON_ODD = 2 }; /* json_node.flags */

static inline bool json_is_key(const struct json *j, json_at at) {
    return at != JSON_NONE && (j->nodes[at].flags & JSON_KEY) != 0;
}

/* A string or key that another reader may read differently: see "Marks". */
static inline bool json_is_odd(const struct json *j, json_at at) {
    return at != JSON_NONE && (j->nodes[at].flags & JSON_ODD) != 0;
}

/* Bytes of a string, key or number; empty for anything else. */
static inline struct str json_str(const struct json *j, json_at at) {
    if (at == JSON_NONE ||
        (j->nodes[at].type != JSON_STRING && j->nodes[at].type != JSON_NUMBER))
        return STR_NONE;
    return (struct str){j->text + j->nodes[at].off, j->nodes[at].len};
}

/* First child of a container (an object's first key), or JSON_NONE. */
static inline json_at json_first(const struct json *j, json_at container) {
    return container != JSON_NONE && j->nodes[container].next > container + 1 &&
                   j->nodes[container].type >= JSON_ARRAY
               ? container + 1
               : JSON_NONE;
}

/* The sibling after a value of `container`, or JSON_NONE. In an object, pass the value to get the
 * next key. */
static inline json_at json_next(const struct json *j, json_at container, json_at value) {
    return j->nodes[value].next < j->nodes[container].next ? j->nodes[value].next : JSON_NONE;
}

/* Value of a member, or JSON_NONE (also when `object` is JSON_NONE or no object). */
json_at json_get(const struct json *j, json_at object, struct str key);

/* The node at a JSON pointer (RFC 6901, "" is the root, ~0 ~1 escapes), or JSON_NONE. */
json_at json_find(const struct json *j, struct str pointer);
/* The same, with the pointer relative to the value `from`. */
json_at json_find_from(const struct json *j, json_at from, struct str pointer);

/* The element of an array that was found last: the search for later ones starts there. */
struct json_cursor {
    char prefix[112]; /* the pointer to the array, relative to the value `from` */
    size_t prefix_bytes;
    json_at from, array;
    json_at at; /* JSON_NONE: nothing was found yet */
    uint32_t index;
};
#define JSON_CURSOR_INIT                                                                       \
    { .at = JSON_NONE }

/* The same, for many pointers into one document: looking up all elements of an array in their order
 * costs one pass over the array in total. */
json_at json_find_next(const struct json *j, struct json_cursor *cursor, json_at from,
                       struct str pointer);

/* Appends the pointer to the value `at`, relative to the value `from`; false, and nothing appended,
 * if `at` is not inside `from`. The inverse of json_find_from(). */
struct buf;
bool json_path(const struct json *j, json_at from, json_at at, struct buf *out);

/* 1-based line and column (in bytes) of byte `offset` of the text last parsed. Uses the nodes as well:
 * unescaping in place may have put line ends into strings. */
void json_line_col(const struct json *j, size_t offset, uint32_t *line, uint32_t *col);

/* The word for messages: "a string", "an object" ... */
const char *json_type_name(enum json_type type);

/* Writes a node and its children as compact JSON, keys in their order. Needs the text of `j`. */
void json_print(const struct json *j, json_at at, struct buf *out);

#endif
