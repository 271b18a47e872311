/* internal - shared by json's own files.
 * Shape      functions take a cursor and return the cursor after what they read, NULL after an
 *            error: it stays in a register, where a field would be stored for every byte
 * Bounds     text[0..n) is read and written, text[n] is NUL during the call: it stops every scan,
 *            and an error there means that the text ended. The bytes after it have any value; no
 *            read goes farther than WINDOW after the text.
 * Threads    one struct json_reader per parse                                                    */
#ifndef PULLGATE_JSON_INTERNAL_H
#define PULLGATE_JSON_INTERNAL_H

#include "json/json.h"

#if defined(__SSE2__) && !defined(JSON_SCALAR)
#include <emmintrin.h>
#define JSON_SSE2 1
#else
#define JSON_SSE2 0
#endif

enum {
    BLOCK = 16, /* bytes that are examined together */
    WINDOW = 4 * BLOCK,
    LEVELS = 32,      /* deeper key filters are not kept while an object inside is read */
    FEW_MEMBERS = 32, /* objects with more are checked for duplicates when they close */
    HASH_SHIFT = 2    /* of json_node.flags: the bits that hold a part of a key's hash */
};
_Static_assert((int)WINDOW <= (int)JSON_PADDING, "reads after the text stay in the padding");

/* The odd bytes around the cursor: the end of a string then follows from its start by a shift,
 * without waiting for its bytes. */
struct window {
    const char *from;
    uint64_t odd; /* bit i: from[i] is not a plain ASCII character */
};

struct json_reader {
    struct json *j;
    char *text, *end;
    struct json_node *nodes;
    uint32_t n;   /* nodes read; set before rarely called functions: see struct front */
    json_at open; /* innermost open container; its `next` is the one around it */
    struct json_node *around; /* the node of `open`, or `outside` */
    struct json_node outside; /* the imaginary container of the document */
    bool is_whole;            /* the text was read to its end */
    bool any_bytes;           /* what is skipped need not be UTF-8 */
    unsigned odd;             /* JSON_ODD: the string read last is */
    uint64_t skipped_keys;    /* filter of limits.skip */
    uint8_t skip_at[64];      /* of each bit of that: the first in limits.skip */
    const char *skips_from;   /* before this nothing is skipped */
    struct window window;     /* the front's, while something is skipped */
    const char *bad;          /* position of the error */
    const char *bad_str;      /* start of the string it is in, or bad: no byte of an unfinished
                                 string was changed before that */
    struct json_limits limits;
    struct err *err;
    uint64_t keys[LEVELS]; /* filters of the containers around, by depth */
};

/* Notes "unexpected character 'x', expected ..." (or the end of the text). Always NULL. */
NEVER_INLINE char *json_read_unexpected(struct json_reader *r, const char *at,
                                        const char *expected);
/* Notes the text and the position. Always NULL. */
NEVER_INLINE char *json_read_fail(struct json_reader *r, const char *at, enum ec code,
                                  const char *text);

/* The part of a string from `at`, its first byte that is not plain ASCII: checks UTF-8 and
 * unescapes in place. Returns the position after the closing quote. */
NEVER_INLINE char *json_read_string_rest(struct json_reader *r, char *start, char *at,
                                         uint32_t *len);
/* The same, without changing the text. */
NEVER_INLINE char *json_check_string_rest(struct json_reader *r, char *start, char *at);

/* Reads any value that is neither a string nor a container: returns its end, and its type. */
NEVER_INLINE char *json_read_scalar(struct json_reader *r, char *p, enum json_type *type);

/* Makes skipped_keys and skip_at. */
void json_read_skip_table(struct json_reader *r);
/* The last key has this hash, its value is a container at `start`, and `depth` containers are open:
 * returns the end of the value if it is to be skipped and certainly correct. NULL: it has to be
 * read. */
NEVER_INLINE char *json_read_skipped(struct json_reader *r, unsigned hash, char *start,
                                     uint32_t depth);

/* Compares key nodes[key] with the keys before it in the open object. */
NEVER_INLINE bool json_read_key_is_new(struct json_reader *r, json_at key);
/* Compares all keys of a closed object with each other, in O(n log n) at worst. */
NEVER_INLINE bool json_read_keys_differ(struct json_reader *r, json_at object);

/* A hash of the length, the first and the last byte: cheap, and enough for a filter. For an empty
 * key the bytes are its quotes. */
static ALWAYS_INLINE unsigned key_hash(const char *p, uint32_t len) {
    const unsigned char *bytes = (const unsigned char *)p;
    return bytes[0] + 5U * bytes[(ptrdiff_t)len - 1] + 9U * len;
}

/* Notes the hash of a key; true if one like it may have been there before. */
static ALWAYS_INLINE bool filter_hit(uint64_t *keys, unsigned hash) {
    bool hit = *keys >> hash % 64 & 1;
    *keys |= UINT64_C(1) << hash % 64;
    return hit;
}

NEVER_INLINE char *json_read_more_blanks(char *p);

/* Compact text has none. */
static ALWAYS_INLINE char *read_blanks(char *p) {
    return (unsigned char)*p <= ' ' ? json_read_more_blanks(p) : p;
}

/* A bit for each of the BLOCK bytes at p: whether it is `c`; whether it is odd (struct window). */
#if JSON_SSE2
static ALWAYS_INLINE unsigned bytes_like(const char *p, char c) {
    __m128i x = _mm_loadu_si128((const __m128i *)(const void *)p);
    return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(x, _mm_set1_epi8(c)));
}

static ALWAYS_INLINE unsigned odd_bytes(const char *p) {
    __m128i x = _mm_loadu_si128((const __m128i *)(const void *)p);
    /* The mask is made of sign bits: set for bytes below ' ' and, since they are negative and stay
     * so by saturation, for bytes from 0x80 up. */
    __m128i odd = _mm_or_si128(_mm_subs_epi8(x, _mm_set1_epi8(' ')),
                               _mm_or_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8('"')),
                                            _mm_cmpeq_epi8(x, _mm_set1_epi8('\\'))));
    return (unsigned)_mm_movemask_epi8(odd);
}
#else
static ALWAYS_INLINE unsigned bytes_like(const char *p, char c) {
    unsigned bits = 0;
    for (int i = 0; i < BLOCK; i++)
        bits |= (unsigned)(p[i] == c) << i;
    return bits;
}

static ALWAYS_INLINE unsigned odd_bytes(const char *p) {
    unsigned bits = 0;
    for (int i = 0; i < BLOCK; i++)
        bits |= (unsigned)(p[i] == '"' || p[i] == '\\' || *(const signed char *)&p[i] < ' ')
                << i;
    return bits;
}
#endif

static ALWAYS_INLINE void window_at(struct window *w, const char *p) {
    w->from = p;
    w->odd = 0;
    for (size_t i = 0; i < WINDOW; i += BLOCK)
        w->odd |= (uint64_t)odd_bytes(p + i) << i;
}

/* First byte that is not a plain ASCII character (control, above 0x7f, quote or backslash); the NUL
 * after the text is such a byte. */
static ALWAYS_INLINE char *scan_plain(struct window *w, char *p) {
    size_t at = (size_t)(p - w->from);
    if (at >= WINDOW) {
        window_at(w, at < (size_t)2 * WINDOW ? w->from + WINDOW : p);
        at = (size_t)(p - w->from);
    }
    uint64_t odd = w->odd >> at;
    while (odd == 0) {
        p += WINDOW - at;
        at = 0;
        window_at(w, w->from + WINDOW);
        odd = w->odd;
    }
    return p + __builtin_ctzll(odd);
}

#endif
