/* utf8 - UTF-8 (RFC 3629: no overlong forms, no surrogates, at most U+10FFFF).
 * Threads    pure functions                                                              */
#ifndef PULLGATE_BASE_UTF8_H
#define PULLGATE_BASE_UTF8_H

#include "base/str.h"

/* Bytes of the well-formed character at p (n bytes are readable): 1 to 4, or 0 if malformed. */
static inline size_t utf8_length(const unsigned char *p, size_t n) {
    if (n == 0)
        return 0;
    if (p[0] < 0x80)
        return 1;
    if (p[0] < 0xc2)
        return 0;
    if (p[0] < 0xe0)
        return n >= 2 && (p[1] & 0xc0) == 0x80 ? 2 : 0;
    if (p[0] < 0xf0) {
        if (n < 3 || (p[1] & 0xc0) != 0x80 || (p[2] & 0xc0) != 0x80)
            return 0;
        if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] >= 0xa0))
            return 0;
        return 3;
    }
    if (p[0] > 0xf4 || n < 4)
        return 0;
    if ((p[1] & 0xc0) != 0x80 || (p[2] & 0xc0) != 0x80 || (p[3] & 0xc0) != 0x80)
        return 0;
    if ((p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] >= 0x90))
        return 0;
    return 4;
}

/* The code point of a well-formed character of n bytes. */
static inline uint32_t utf8_code(const unsigned char *p, size_t n) {
    uint32_t c = n == 1 ? p[0] : p[0] & (0xffu >> (n + 1));
    for (size_t i = 1; i < n; i++)
        c = c << 6 | (p[i] & 0x3fu);
    return c;
}

/* Characters that are invisible, and change how others are shown: controls (C0, DEL, C1), line and
 * paragraph separators, zero-width and bidirectional marks, interlinear marks, tags. A name must not
 * control the terminal that shows it. */
static inline bool utf8_is_unseen(uint32_t c) {
    static const struct {
        uint32_t first, last;
    } unseen[] = {
        /* ascending */
        {0x00, 0x1f},     {0x7f, 0x9f},     {0x61c, 0x61c},     {0x180e, 0x180e},
        {0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f},   {0xfeff, 0xfeff},
        {0xfff9, 0xfffb}, {0xfffe, 0xffff}, {0xe0000, 0xe007f},
    };
    size_t i = 0;
    while (i < sizeof unseen / sizeof *unseen && c > unseen[i].last)
        i++;
    return i < sizeof unseen / sizeof *unseen && c >= unseen[i].first;
}

/* Length of the byte order mark at the start of a text: 3, or 0. */
static inline size_t utf8_mark_bytes(struct str s) {
    return str_starts(s, STR("\xef\xbb\xbf")) ? 3 : 0;
}

/* Whether a text begins with a byte order mark of UTF-16. */
static inline bool utf8_is_utf16(struct str s) {
    return str_starts(s, STR("\xff\xfe")) || str_starts(s, STR("\xfe\xff"));
}

static inline bool utf8_is_valid(struct str s) {
    for (size_t i = 0; i < s.n;) {
        size_t length = utf8_length((const unsigned char *)s.p + i, s.n - i);
        if (length == 0)
            return false;
        i += length;
    }
    return true;
}

/* The first bytes of a text, at most max, up to a border between two characters. */
static inline struct str utf8_cut(struct str s, size_t max) {
    size_t n = max;
    if (s.n <= max)
        return s;
    while (n > 0 && max - n < 3 && ((unsigned char)s.p[n] & 0xc0) == 0x80)
        n--;
    return str_slice(s, 0, n);
}

/* Writes a code point as UTF-8; the number of bytes (1 to 4), 0 for a surrogate or > U+10FFFF.
 */
static inline size_t utf8_put(char out[4], uint32_t c) {
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xc0 | c >> 6);
        out[1] = (char)(0x80 | (c & 63));
        return 2;
    }
    if (c >= 0xd800 && c <= 0xdfff)
        return 0;
    if (c < 0x10000) {
        out[0] = (char)(0xe0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 63));
        out[2] = (char)(0x80 | (c & 63));
        return 3;
    }
    if (c > 0x10ffff)
        return 0;
    out[0] = (char)(0xf0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 63));
    out[2] = (char)(0x80 | (c >> 6 & 63));
    out[3] = (char)(0x80 | (c & 63));
    return 4;
}

#endif
