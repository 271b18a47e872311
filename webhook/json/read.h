/* read - what the reader's own files share; nobody else includes this.
 * Shape      a cursor is passed in and the cursor behind is answered, NULL after an error:
 *            kept in a register that way, where a field would be stored for every byte
 * Bounds     text[0..n) is read and written, text[n] is NUL while it is read: it stops whatever
 *            runs, and an error there means that the text ended. Behind it lie bytes of any value;
 *            no read goes farther than SCAN_AHEAD behind the text.
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
    SCAN_AHEAD = 16,  /* see Bounds */
    LEVELS = 32,      /* deeper key filters are not kept while an object inside is read */
    FEW_MEMBERS = 32, /* objects with more are checked for duplicates when they close */
    NODE_KEY = 1      /* json_node.flags: a key; the bits above hold a part of its hash */
};
_Static_assert((int)SCAN_AHEAD <= (int)JSON_PADDING,
               "reads behind the text stay in the padding");

struct reader {
    struct json *j;
    char *text, *end;
    struct json_node *nodes;
    uint32_t n;   /* nodes read, when something seldom is called: see struct front */
    json_at open; /* innermost open container; its `next` is the one around it */
    struct json_node *around; /* the node of `open`, or `outside` */
    struct json_node outside; /* stands for what holds the document */
    bool is_whole;            /* all members of what is read were read */
    uint64_t skim_bit;        /* in each filter: a key like limits.skim is looked at */
    const char *bad;          /* where the error is */
    const char *bad_str;      /* start of the string it is in, or bad: before that no byte of an
                                 unfinished string was changed */
    struct json_limits limits;
    struct err *err;
    uint64_t keys[LEVELS]; /* filters of the containers around, by depth */
};

/* Notes "unexpected character 'x', expected ..." (or the end of the text). Always NULL. */
char *read_unexpected(struct reader *r, const char *at, const char *expected);
/* Notes the text and the place. Always NULL. */
char *read_fail(struct reader *r, const char *at, enum ec code, const char *text);

/* The part of a string from `at`, its first byte that is not plain ASCII: checks UTF-8,
 * unescapes in place. Answers behind the closing quote. */
char *read_string_rest(struct reader *r, char *start, char *at, uint32_t *len);
/* The same, but the text stays as it is. */
char *check_string_rest(struct reader *r, char *start, char *at);

/* Compares key nodes[key] with the keys before it in the open object. */
bool read_key_is_new(struct reader *r, json_at key);
/* Compares all keys of a closed object with each other, in O(n log n) at worst. */
bool read_keys_differ(struct reader *r, json_at object);

/* First byte that is no plain ASCII character (control, above 0x7f, quote or backslash); the NUL
 * behind the text is none. */
static ALWAYS_INLINE char *scan_plain(char *p) {
#if JSON_SSE2
    const __m128i quote = _mm_set1_epi8('"'), escape = _mm_set1_epi8('\\');
    const __m128i space = _mm_set1_epi8(' ');
    for (;; p += 16) {
        __m128i x = _mm_loadu_si128((const __m128i *)(const void *)p);
        /* The mask is made of signs: those of bytes below ' ' and, as they are below 0, of bytes
         * from 0x80 up, which saturation keeps there. */
        __m128i hit =
            _mm_or_si128(_mm_subs_epi8(x, space),
                         _mm_or_si128(_mm_cmpeq_epi8(x, quote), _mm_cmpeq_epi8(x, escape)));
        unsigned mask = (unsigned)_mm_movemask_epi8(hit);
        if (mask != 0)
            return p + __builtin_ctz(mask);
    }
#else
    while (*(signed char *)p >= ' ' && *p != '"' && *p != '\\')
        p++;
    return p;
#endif
}

#endif
