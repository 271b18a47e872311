/* Strings with more than plain ASCII: escapes and UTF-8. */
#include "json/internal.h"

#include "base/utf8.h"

#include <stdio.h>

enum { REPLACEMENT = 0xfffd };

/* An error inside a string: the bytes before it may have been unescaped already. */
static char *fail_in_string(struct json_reader *r, const char *start, const char *at,
                            const char *text) {
    json_read_fail(r, at, EC_SYNTAX, text);
    r->bad_str = start;
    return NULL;
}

static char *fail_control(struct json_reader *r, const char *start, const char *at) {
    char text[80];
    unsigned c = (unsigned char)*at;
    snprintf(text, sizeof text, "control character 0x%02x in a string, expected \\u%04x", c, c);
    return fail_in_string(r, start, at, text);
}

static char *fail_utf8(struct json_reader *r, const char *start, const char *at) {
    char text[80];
    snprintf(text, sizeof text, "byte 0x%02x is not UTF-8", (unsigned)(unsigned char)*at);
    return fail_in_string(r, start, at, text);
}

static char *fail_end(struct json_reader *r, const char *start) {
    if (start > r->end)
        return json_read_unexpected(r, r->end, NULL);
    return fail_in_string(r, start, r->end, "unexpected end of text, expected a closing '\"'");
}

static char *fail_unexpected(struct json_reader *r, const char *start, const char *at,
                             const char *expected) {
    if (at >= r->end)
        return fail_end(r, start);
    json_read_unexpected(r, at, expected);
    r->bad_str = start;
    return NULL;
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Four hexadecimal digits to a number; or -1, and *bad is the first byte that is not a digit. */
static int32_t hex4(const char *p, const char **bad) {
    int32_t v = 0;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(p[i]);
        if (digit < 0) {
            *bad = p + i;
            return -1;
        }
        v = v << 4 | digit;
    }
    return v;
}

/* The second half of a surrogate pair at p ("\udc00"), or 0 when there is none. */
static uint32_t low_surrogate(const char *p) {
    const char *bad;
    int32_t v = p[0] == '\\' && p[1] == 'u' ? hex4(p + 2, &bad) : -1;
    return v >= 0xdc00 && v <= 0xdfff ? (uint32_t)v : 0;
}

/* q is at the backslash of a \u escape, *c becomes its character: for half a surrogate pair the one
 * that Go substitutes. */
static char *read_u(struct json_reader *r, const char *start, char *q, uint32_t *c) {
    const char *bad = NULL;
    if (r->end - q < 6)
        return fail_end(r, start);
    int32_t v = hex4(q + 2, &bad);
    if (v < 0)
        return fail_unexpected(r, start, bad, "four hexadecimal digits after \\u");
    *c = (uint32_t)v;
    if (v != 0 && (v < 0xd800 || v > 0xdfff))
        return q + 6;
    uint32_t low = v < 0xd800 || v >= 0xdc00 || r->end - q < 12 ? 0 : low_surrogate(q + 6);
    if (low != 0) {
        *c = 0x10000 + ((*c - 0xd800) << 10) + (low - 0xdc00);
        return q + 12;
    }
    *c = v == 0 ? 0 : REPLACEMENT;
    r->odd = JSON_ODD;
    return q + 6;
}

/* The character of each escape of two bytes; \u is not among them. */
static const char escaped[256] = {['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
                                  ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t'};

static char *fail_escape(struct json_reader *r, const char *start, const char *at) {
    return fail_unexpected(r, start, at, "one of \" \\ / b f n r t u after a backslash");
}

/* q is at a byte above 0x7f: the end of the run of such characters. */
static char *read_utf8(struct json_reader *r, const char *start, char *q) {
    while (q < r->end && (unsigned char)*q >= 0x80) {
        size_t n = utf8_length((const unsigned char *)q, (size_t)(r->end - q));
        if (n == 0)
            return fail_utf8(r, start, q);
        q += n;
    }
    return q;
}

/* --- strings that are kept --- */

static char *skip_plain(char *q) {
    unsigned odd;
    while ((odd = odd_bytes(q)) == 0)
        q += BLOCK;
    return q + __builtin_ctz(odd);
}

/* q is at a backslash; the character is written to *w, which is at most q. */
static ALWAYS_INLINE char *unescape(struct json_reader *r, const char *start, char *q,
                                    char **w) {
    uint32_t c;
    char plain = escaped[(unsigned char)q[1]];
    if (plain != '\0') {
        *(*w)++ = plain;
        return q + 2;
    }
    if (q[1] != 'u')
        return fail_escape(r, start, q + 1);
    char *next = read_u(r, start, q, &c);
    if (next != NULL)
        *w += utf8_put(*w, c);
    return next;
}

/* Moves bytes down by any distance; each block is loaded whole before it is stored. Most runs
 * between two escapes are too short for a call of memmove(). */
static inline void move_down(char *to, const char *from, size_t n) {
    uint64_t first, last;
    if (n > 2 * sizeof first) {
        memmove(to, from, n);
        return;
    }
    if (n < sizeof first) {
        while (n-- > 0)
            *to++ = *from++;
        return;
    }
    memcpy(&first, from, sizeof first);
    memcpy(&last, from + n - sizeof last, sizeof last);
    memcpy(to, &first, sizeof first);
    memcpy(to + n - sizeof last, &last, sizeof last);
}

/* Keeps the bytes from q to `to`; `to` may be NULL, after an error. */
static ALWAYS_INLINE char *keep_run(char *q, char *to, char **w) {
    if (to == NULL)
        return NULL;
    size_t n = (size_t)(to - q);
    move_down(*w, q, n);
    *w += n;
    return to;
}

char *json_read_string_rest(struct json_reader *r, char *start, char *at, uint32_t *len) {
    char *w = at, *q = at;
    while (q != NULL && q < r->end) {
        unsigned char c = (unsigned char)*q;
        if (c == '"') {
            *len = (uint32_t)(w - start);
            return q + 1;
        }
        if (c == '\\')
            q = unescape(r, start, q, &w);
        else if (c >= 0x80)
            q = keep_run(q, read_utf8(r, start, q), &w);
        else
            return fail_control(r, start, q);
        if (q != NULL && q < r->end)
            q = keep_run(q, skip_plain(q), &w);
    }
    return q == NULL ? NULL : fail_end(r, start);
}

/* --- strings that are not --- */

/* Bits of the bytes after a backslash, and one more if the last byte of the block is one. In a row
 * of backslashes every second one is escaped. */
static ALWAYS_INLINE unsigned escaped_bytes(unsigned slashes, unsigned first_is_escaped) {
    unsigned bits = first_is_escaped;
    slashes &= ~first_is_escaped;
    if ((slashes & slashes << 1) == 0)
        return bits | slashes << 1;
    for (; slashes != 0; slashes &= ~(bits | (slashes & -slashes)))
        bits |= (slashes & -slashes) << 1;
    return bits;
}

/* Skips plain characters and escapes of two bytes; returns the quote, the odd character or the
 * backslash at which it stops. Works on whole blocks: a branch per escape is too slow. */
static char *skip_escapes(char *q) {
    unsigned escapes = 0;
    for (;; q += BLOCK) {
        unsigned slashes = bytes_like(q, '\\'), quotes = bytes_like(q, '"');
        unsigned odd = odd_bytes(q), block = (1U << BLOCK) - 1;
        escapes = escaped_bytes(slashes, escapes >> BLOCK);
        unsigned letters = escapes & ~(quotes | slashes) & block;
        for (unsigned stops = (odd & ~(slashes | escapes)) | letters; stops != 0;
             stops &= stops - 1) {
            char *at = q + __builtin_ctz(stops);
            if ((letters & stops & -stops) == 0)
                return at;
            if (escaped[(unsigned char)*at] == '\0')
                return at - 1;
        }
    }
}

/* The API server stores names in managedFields as its clients sent them; they need not be UTF-8. */
static char *skip_bytes(char *q) {
    while ((unsigned char)*q >= 0x80)
        q++;
    return q;
}

/* Skips what skip_escapes() stopped at, which is not a quote. */
static char *check_odd(struct json_reader *r, const char *start, char *at) {
    uint32_t c;
    if (at >= r->end)
        return fail_end(r, start);
    if ((unsigned char)*at >= 0x80)
        return r->any_bytes ? skip_bytes(at) : read_utf8(r, start, at);
    if (*at != '\\')
        return fail_control(r, start, at);
    return at[1] == 'u' ? read_u(r, start, at, &c) : fail_escape(r, start, at + 1);
}

char *json_check_string_rest(struct json_reader *r, char *start, char *at) {
    while (at != NULL) {
        at = skip_escapes(at);
        if (*at == '"')
            return at + 1;
        at = check_odd(r, start, at);
    }
    return NULL;
}
