/* str - borrowed bytes with a length; never NUL-terminated by promise.
 * Shape      {p, n}; {NULL, 0} and {"", 0} are both the empty string
 * Ownership  borrows; the owner of the bytes keeps them valid
 * Threads    pure functions                                              */
#ifndef PULLGATE_BASE_STR_H
#define PULLGATE_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
    const char *p;
    size_t n;
};

/* STR_INIT is for static tables, where a compound literal is not a constant. */
#define STR_INIT(literal)                                                                      \
    { "" literal, sizeof(literal) - 1 }
#define STR(literal) ((struct str)STR_INIT(literal))
#define STR_NONE ((struct str){NULL, 0})
/* For printf's "%.*s": a length of at most INT_MAX and the bytes. */
#define STR_ARG(s) ((s).n > 0x7fffffff ? 0x7fffffff : (int)(s).n), ((s).p ? (s).p : "")

static inline struct str str_of(const char *z) {
    return z ? (struct str){z, strlen(z)} : STR_NONE;
}

static inline bool str_eq(struct str a, struct str b) {
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool str_starts(struct str s, struct str prefix) {
    return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

static inline bool str_ends(struct str s, struct str suffix) {
    return s.n >= suffix.n &&
           (suffix.n == 0 || memcmp(s.p + s.n - suffix.n, suffix.p, suffix.n) == 0);
}

/* The bytes from `from` up to (not including) `to`; both are cut to the length of s. */
static inline struct str str_slice(struct str s, size_t from, size_t to) {
    if (to > s.n)
        to = s.n;
    if (from > to)
        from = to;
    return s.n == 0 ? s : (struct str){s.p + from, to - from};
}

/* Position of the first byte c, or s.n when there is none. */
static inline size_t str_find(struct str s, char c) {
    const char *hit = s.n ? memchr(s.p, c, s.n) : NULL;
    return hit ? (size_t)(hit - s.p) : s.n;
}

static inline bool str_contains(struct str s, struct str part) {
    return part.n == 0 || (s.n >= part.n && memmem(s.p, s.n, part.p, part.n) != NULL);
}

/* Orders by bytes, then by length: <0, 0, >0. */
int str_cmp(struct str a, struct str b);

/* For tables in memory, not for files: it depends on the byte order. Collisions are easy to make, so a
 * table has to bound their cost. */
uint32_t str_hash(struct str s, uint64_t seed);

/* Without ASCII blanks, tabs and line ends at either end. */
struct str str_trim(struct str s);

/* ASCII case is ignored; all other bytes are compared as they are. */
bool str_eq_nocase(struct str a, struct str b);

/* Only decimal digits, at least one; a value of at most max. *out is untouched on failure. */
bool str_to_uint(struct str s, uint64_t max, uint64_t *out);

/* The candidate nearest to s by edit distance, if s may be a misspelling of it (edits up to a third of
 * its length, at least one; two swapped neighbours are one edit); -1 when there is none. */
int str_nearest(struct str s, const char *const candidates[], size_t n_candidates);

static inline char ascii_lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Space, tab, line ends. */
static inline bool ascii_is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static inline bool ascii_is_digit(char c) {
    return c >= '0' && c <= '9';
}

#endif
