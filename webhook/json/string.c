/* Strings that hold more than plain ASCII: escapes and UTF-8. */
#include "json/read.h"

#include "base/utf8.h"

#include <stdio.h>

/* An error inside a string: the bytes before it may have been unescaped already. */
static char *fail(struct reader *r, const char *start, const char *at, const char *text) {
    read_fail(r, at, EC_SYNTAX, text);
    r->bad_str = start;
    return NULL;
}

static char *fail_control(struct reader *r, const char *start, const char *at) {
    char text[80];
    unsigned c = (unsigned char)*at;
    snprintf(text, sizeof text, "control character 0x%02x in a string, expected \\u%04x", c, c);
    return fail(r, start, at, text);
}

static char *fail_utf8(struct reader *r, const char *start, const char *at) {
    char text[80];
    snprintf(text, sizeof text, "byte 0x%02x is not UTF-8", (unsigned)(unsigned char)*at);
    return fail(r, start, at, text);
}

static char *fail_end(struct reader *r, const char *start) {
    if (start > r->end)
        return read_unexpected(r, r->end, NULL);
    return fail(r, start, r->end, "unexpected end of text, expected a closing '\"'");
}

static char *fail_unexpected(struct reader *r, const char *start, const char *at,
                             const char *expected) {
    if (at >= r->end)
        return fail_end(r, start);
    read_unexpected(r, at, expected);
    r->bad_str = start;
    return NULL;
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Four digits to a number; or -1, *bad then is the one that is none. */
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

/* The second half of a pair at p ("\udc00"), or 0 when it is none. */
static uint32_t low_surrogate(const char *p) {
    const char *bad;
    int32_t v = p[0] == '\\' && p[1] == 'u' ? hex4(p + 2, &bad) : -1;
    return v >= 0xdc00 && v <= 0xdfff ? (uint32_t)v : 0;
}

/* q stands at the backslash of a \u escape. */
static char *unescape_u(struct reader *r, const char *start, char *q, bool keeps, char **w) {
    const char *bad = NULL;
    if (r->end - q < 6)
        return fail_end(r, start);
    int32_t v = hex4(q + 2, &bad);
    if (v < 0)
        return fail_unexpected(r, start, bad, "four hexadecimal digits behind \\u");
    uint32_t c = (uint32_t)v;
    char *next = q + 6;
    if (c == 0)
        return fail(r, start, q, "\\u0000 in a string, which cannot be kept");
    if (c >= 0xdc00 && c <= 0xdfff)
        return fail(r, start, q, "second half of a surrogate pair without its first");
    if (c >= 0xd800 && c <= 0xdbff) {
        uint32_t low = r->end - next < 6 ? 0 : low_surrogate(next);
        if (low == 0)
            return fail(r, start, q, "first half of a surrogate pair without its second");
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
        next += 6;
    }
    if (keeps)
        *w += utf8_put(*w, c);
    return next;
}

/* q stands at a backslash; the character goes to *w, which is at most q. */
static ALWAYS_INLINE char *unescape(struct reader *r, const char *start, char *q, bool keeps,
                                    char **w) {
    static const char plain[256] = {['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
                                    ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t'};
    if (q[1] == 'u')
        return unescape_u(r, start, q, keeps, w);
    char c = plain[(unsigned char)q[1]];
    if (c == '\0')
        return fail_unexpected(r, start, q + 1,
                               "one of \" \\ / b f n r t u behind a backslash");
    if (keeps)
        *(*w)++ = c;
    return q + 2;
}

/* Down by any distance, where each piece is loaded whole before it is stored: most runs between
 * two escapes are too short for a call. */
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

/* q stands at a byte above 0x7f: checks and moves that character and all behind it. */
static char *copy_utf8(struct reader *r, const char *start, char *q, bool keeps, char **w) {
    while (q < r->end && (unsigned char)*q >= 0x80) {
        size_t n = utf8_length((const unsigned char *)q, (size_t)(r->end - q));
        if (n == 0)
            return fail_utf8(r, start, q);
        if (keeps)
            move_down(*w, q, n);
        *w += n;
        q += n;
    }
    return q;
}

static ALWAYS_INLINE char *copy_plain(char *q, bool keeps, char **w) {
    char *to = scan_plain(q);
    size_t n = (size_t)(to - q);
    if (keeps)
        move_down(*w, q, n);
    *w += n;
    return to;
}

/* From the first character that is not plain ASCII. */
static ALWAYS_INLINE char *read_rest(struct reader *r, char *start, char *at, bool keeps,
                                     uint32_t *len) {
    char *w = at, *q = at;
    while (q != NULL && q < r->end) {
        unsigned char c = (unsigned char)*q;
        if (c == '"') {
            *len = (uint32_t)(w - start);
            return q + 1;
        }
        if (c == '\\')
            q = unescape(r, start, q, keeps, &w);
        else if (c >= 0x80)
            q = copy_utf8(r, start, q, keeps, &w);
        else
            return fail_control(r, start, q);
        if (q != NULL && q < r->end)
            q = copy_plain(q, keeps, &w);
    }
    return q == NULL ? NULL : fail_end(r, start);
}

char *read_string_rest(struct reader *r, char *start, char *at, uint32_t *len) {
    return read_rest(r, start, at, true, len);
}

char *check_string_rest(struct reader *r, char *start, char *at) {
    uint32_t len;
    return read_rest(r, start, at, false, &len);
}
