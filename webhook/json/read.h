/* read - what the reader's own files share; nobody else includes this.
 * Shape      a cursor is passed in and the cursor behind is answered, NULL after an error:
 *            kept in a register that way, where a field would be stored for every byte
 * Bounds     text[0..n) is read and written; behind it lie JSON_PADDING bytes that are read
 *            only. Values begin and end inside the text, each checks that; keys, colons and
 *            commas are looked at without, so an error behind the text means that it ended.
 *            No read goes farther than SCAN_AHEAD behind it.
 * Threads    one struct reader per parse                                                    */
#ifndef PULLGATE_JSON_READ_H
#define PULLGATE_JSON_READ_H

#include "json/json.h"

#if defined(__SSE2__) && !defined(JSON_SCALAR)
#include <emmintrin.h>
#define JSON_SSE2 1
#else
#define JSON_SSE2 0
#endif

enum {
    SCAN_AHEAD = 32,  /* see Bounds */
    ROW_WORDS = 8,    /* 512 bits of key filter for an object: one cache line */
    ROWS = 32,        /* deeper objects share one that is never cleared: it asks more often */
    FEW_MEMBERS = 32, /* objects with more are checked for duplicates when they close */
    NODE_KEY = 1      /* json_node.flags: a key; the bits above hold a part of its hash */
};
_Static_assert((int)SCAN_AHEAD <= (int)JSON_PADDING,
               "reads behind the text stay in the padding");

struct reader {
    struct json *j;
    char *text, *end;
    struct json_node *nodes;
    uint32_t n, room;         /* nodes read, nodes there is room for */
    json_at open;             /* innermost open container; its `next` is the one around it */
    uint32_t depth;           /* containers open */
    struct json_node *around; /* the node of `open` */
    uint64_t *row;            /* key filter of `open` */
    char closer;              /* ']' or '}', what ends `open` */
    const char *bad;          /* where the error is */
    const char *bad_str;      /* start of the string it is in, or bad: before that no byte of an
                                 unfinished string was changed */
    struct json_limits limits;
    struct err *err;
    uint64_t rows[ROWS + 1][ROW_WORDS]; /* by depth; the last is shared */
};

/* Notes "unexpected character 'x', expected ..." (or the end of the text). Always NULL. */
char *read_unexpected(struct reader *r, const char *at, const char *expected);
/* Notes the text and the place. Always NULL. */
char *read_fail(struct reader *r, const char *at, enum ec code, const char *text);

/* The part of a string from `at`, its first byte that is not plain ASCII: checks UTF-8,
 * unescapes in place. Answers behind the closing quote. */
char *read_string_rest(struct reader *r, char *start, char *at, uint32_t *len);

/* Compares key nodes[key] with the keys before it in the open object. */
bool read_key_is_new(struct reader *r, json_at key);
/* Compares all keys of a closed object with each other, in O(n log n) at worst. */
bool read_keys_differ(struct reader *r, json_at object);

/* First byte that is no plain ASCII character (control, above 0x7f, quote or backslash); may
 * lie up to 18 bytes behind `end` when there is none before it. */
static inline char *scan_plain(char *p, const char *end) {
#if JSON_SSE2
    const __m128i quote = _mm_set1_epi8('"'), escape = _mm_set1_epi8('\\');
    const __m128i space = _mm_set1_epi8(' ');
    do {
        __m128i x = _mm_loadu_si128((const __m128i *)(const void *)p);
        /* Signed: bytes from 0x80 up are below ' ' too. */
        __m128i hit =
            _mm_or_si128(_mm_cmplt_epi8(x, space),
                         _mm_or_si128(_mm_cmpeq_epi8(x, quote), _mm_cmpeq_epi8(x, escape)));
        unsigned mask = (unsigned)_mm_movemask_epi8(hit);
        if (mask != 0)
            return p + __builtin_ctz(mask);
        p += 16;
    } while (p < end);
    return p;
#else
    while (p < end && *(signed char *)p >= ' ' && *p != '"' && *p != '\\')
        p++;
    return p;
#endif
}

#endif
