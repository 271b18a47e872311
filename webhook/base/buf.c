#include "base/buf.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>

#if defined(__SSE2__) && !defined(BUF_SCALAR)
#include <emmintrin.h>
#define BUF_SSE2 1
#else
#define BUF_SSE2 0
#endif

void buf_done(struct buf *b) {
    mem_free(b->p);
    *b = (struct buf)BUF_INIT(b->max);
}

void buf_reset(struct buf *b) {
    b->n = 0;
    b->bad = 0;
}

static bool grow_buf(struct buf *b, size_t n) {
    if (b->bad)
        return false;
    if (n > b->max || b->n > b->max - n) {
        b->bad = EC_LIMIT;
        return false;
    }
    size_t cap = b->cap < 128 ? 256 : b->cap * 2;
    if (cap < b->n + n)
        cap = b->n + n;
    if (cap > b->max)
        cap = b->max;
    char *p = mem_realloc(b->p, cap);
    if (p == NULL) {
        b->bad = EC_NOMEM;
        return false;
    }
    b->p = p;
    b->cap = cap;
    return true;
}

char *buf_grow(struct buf *b, size_t n) {
    return grow_buf(b, n) ? b->p + b->n : NULL;
}

/* Prints into the existing room; again only if that was too little. */
void buf_vprintf(struct buf *b, const char *format, va_list args) {
    size_t room = b->bad || b->p == NULL ? 0 : b->cap - b->n;
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(room != 0 ? b->p + b->n : NULL, room, format, args);
    /* One byte more than is kept, for vsnprintf's NUL. */
    if (n > 0 && (size_t)n >= room) {
        char *to = buf_room(b, (size_t)n + 1);
        n = to != NULL ? vsnprintf(to, (size_t)n + 1, format, again) : 0;
    }
    va_end(again);
    b->n += n > 0 ? (size_t)n : 0;
}

void buf_printf(struct buf *b, const char *format, ...) {
    va_list args;
    va_start(args, format);
    buf_vprintf(b, format, args);
    va_end(args);
}

void buf_uint(struct buf *b, uint64_t v) {
    if (v < 10) { /* most indexes */
        buf_putc(b, (char)('0' + v));
        return;
    }
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + v % 10);
        v /= 10;
    } while (v != 0);
    buf_add(b, digits + at, sizeof digits - at);
}

void buf_int(struct buf *b, int64_t v) {
    if (v < 0)
        buf_putc(b, '-');
    buf_uint(b, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

const char *buf_z(struct buf *b) {
    char *end = buf_room(b, 1);
    if (end == NULL)
        return NULL;
    *end = '\0';
    return b->p;
}

static void json_unit(struct buf *b, uint32_t c) {
    static const char hex[] = "0123456789abcdef";
    char u[6] = {'\\', 'u', hex[c >> 12], hex[c >> 8 & 15], hex[c >> 4 & 15], hex[c & 15]};
    buf_add(b, u, sizeof u);
}

static void json_escape(struct buf *b, uint32_t c) {
    switch (c) {
    case '"':
        buf_add(b, "\\\"", 2);
        return;
    case '\\':
        buf_add(b, "\\\\", 2);
        return;
    case '\n':
        buf_add(b, "\\n", 2);
        return;
    case '\r':
        buf_add(b, "\\r", 2);
        return;
    case '\t':
        buf_add(b, "\\t", 2);
        return;
    default:
        if (c >= 0x10000)
            json_unit(b, 0xd7c0 + (c >> 10)); /* the first half of a pair */
        json_unit(b, c >= 0x10000 ? 0xdc00 | (c & 0x3ff) : c);
    }
}

static bool is_plain(unsigned char c) {
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* Copies plain bytes up to the first that is not; returns their number. */
static size_t copy_bytes(char *to, const char *p, size_t n) {
    size_t i = 0;
    for (; i < n && is_plain((unsigned char)p[i]); i++)
        to[i] = p[i];
    return i;
}

#if BUF_SSE2
/* Copies sixteen bytes; whether all of them are plain. Signed: bytes from 0x80 up are below ' ' as well. */
static bool copy_16(char *to, const char *p) {
    const __m128i quote = _mm_set1_epi8('"'), escape = _mm_set1_epi8('\\');
    const __m128i space = _mm_set1_epi8(' '), del = _mm_set1_epi8(0x7f);
    __m128i x = _mm_loadu_si128((const __m128i *)(const void *)p);
    _mm_storeu_si128((__m128i *)(void *)to, x);
    __m128i other = _mm_or_si128(_mm_cmpeq_epi8(x, quote), _mm_cmpeq_epi8(x, escape));
    __m128i outside = _mm_or_si128(_mm_cmplt_epi8(x, space), _mm_cmpeq_epi8(x, del));
    return _mm_movemask_epi8(_mm_or_si128(other, outside)) == 0;
}
#endif

/* Whether all eight bytes are plain. If no byte has its top bit set, a subtraction sets it in each byte
 * that was smaller, and otherwise only in bytes after such a one. */
static bool are_plain(uint64_t x) {
    const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
    uint64_t control = x - ones * 0x20, quote = (x ^ ones * '"') - ones;
    uint64_t escape = (x ^ ones * '\\') - ones, del = (x ^ ones * 0x7f) - ones;
    return ((x | control | quote | escape | del) & tops) == 0;
}

static bool copy_8(char *to, const char *p) {
    uint64_t x;
    memcpy(&x, p, sizeof x);
    memcpy(to, &x, sizeof x);
    return are_plain(x);
}

/* Four to seven bytes: the first four and the last. */
static bool copy_4_to_7(char *to, const char *p, size_t n) {
    uint32_t first, last;
    memcpy(&first, p, sizeof first);
    memcpy(&last, p + n - 4, sizeof last);
    memcpy(to, &first, sizeof first);
    memcpy(to + n - 4, &last, sizeof last);
    return are_plain((uint64_t)first << 32 | last);
}

/* As copy_bytes; after those, up to n bytes of `to` are overwritten with arbitrary values. The last step
 * copies the last eight or sixteen bytes, some of them again. */
static size_t copy_plain(char *to, const char *p, size_t n) {
    size_t i = 0;
    if (n >= 4 && n < 8 && copy_4_to_7(to, p, n))
        return n;
#if BUF_SSE2
    while (n - i >= 16 && copy_16(to + i, p + i))
        i += 16;
    if (n >= 16 && n - i < 16 && copy_16(to + n - 16, p + n - 16))
        return n;
#endif
    while (n - i >= 8 && copy_8(to + i, p + i))
        i += 8;
    if (n >= 8 && n - i < 8 && copy_8(to + n - 8, p + n - 8))
        return n;
    return i + copy_bytes(to + i, p + i, n - i);
}

/* Prints one character that is not plain ASCII, at p with n bytes left; returns its length in bytes. */
static size_t json_special(struct buf *b, const unsigned char *p, size_t n) {
    if (*p < 0x80) {
        json_escape(b, *p);
        return 1;
    }
    size_t length = utf8_length(p, n);
    if (length == 0) {
        buf_add(b, "\xef\xbf\xbd", 3);
        return 1;
    }
    uint32_t c = utf8_code(p, length);
    if (utf8_is_unseen(c))
        json_escape(b, c);
    else
        buf_add(b, p, length);
    return length;
}

/* Each byte becomes at least one: the room requested is needed in any case. */
void buf_json(struct buf *b, struct str s) {
    char *to = buf_room(b, s.n + 2);
    if (to == NULL)
        return;
    *to = '"';
    size_t n = copy_plain(to + 1, s.p, s.n);
    b->n += 1 + n;
    while (n < s.n) {
        n += json_special(b, (const unsigned char *)s.p + n, s.n - n);
        if ((to = buf_room(b, s.n - n + 1)) == NULL)
            return;
        size_t more = copy_plain(to, s.p + n, s.n - n);
        b->n += more;
        n += more;
    }
    buf_putc(b, '"');
}

#if BUF_SSE2
/* The three bytes at p in the upper part of a word; a fourth is read as well. */
static int upper_24(const unsigned char *p) {
    return (int)((uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]);
}

/* Sixteen digits for twelve bytes; thirteen are read. Each word becomes four numbers below 64, the
 * first in its lowest byte; to these the difference to their characters is added. */
static void digits_16(char *to, const unsigned char *p) {
    __m128i x = _mm_setr_epi32(upper_24(p), upper_24(p + 3), upper_24(p + 6), upper_24(p + 9));
    __m128i v = _mm_srli_epi32(x, 26);
    v = _mm_or_si128(v, _mm_and_si128(_mm_srli_epi32(x, 12), _mm_set1_epi32(0x3f00)));
    v = _mm_or_si128(v, _mm_and_si128(_mm_slli_epi32(x, 2), _mm_set1_epi32(0x3f0000)));
    v = _mm_or_si128(v, _mm_and_si128(_mm_slli_epi32(x, 16), _mm_set1_epi32(0x3f000000)));
    static const struct {
        char above, step;
    } steps[] = {{25, 'a' - 26 - 'A'},
                 {51, '0' - 52 - ('a' - 26)},
                 {61, '+' - 62 - ('0' - 52)},
                 {62, '/' - 63 - ('+' - 62)}};
    __m128i text = _mm_add_epi8(v, _mm_set1_epi8('A'));
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        __m128i is_above = _mm_cmpgt_epi8(v, _mm_set1_epi8(steps[i].above));
        text = _mm_add_epi8(text, _mm_and_si128(is_above, _mm_set1_epi8(steps[i].step)));
    }
    _mm_storeu_si128((__m128i *)(void *)to, text);
}
#endif

void buf_base64(struct buf *b, struct str s) {
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *p = (const unsigned char *)s.p;
    size_t left = s.n;
    if (s.n > SIZE_MAX / 2) {
        b->bad = EC_LIMIT;
        return;
    }
    char *to = s.n != 0 ? buf_room(b, (s.n + 2) / 3 * 4) : NULL;
    if (to == NULL)
        return;
    b->n += (s.n + 2) / 3 * 4;
#if BUF_SSE2
    for (; left > 12; left -= 12, p += 12, to += 16)
        digits_16(to, p);
#endif
    for (; left >= 3; left -= 3, p += 3) {
        uint32_t v = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
        *to++ = digits[v >> 18];
        *to++ = digits[v >> 12 & 63];
        *to++ = digits[v >> 6 & 63];
        *to++ = digits[v & 63];
    }
    if (left == 0)
        return;
    uint32_t v = (uint32_t)p[0] << 16 | (left == 2 ? (uint32_t)p[1] << 8 : 0);
    *to++ = digits[v >> 18];
    *to++ = digits[v >> 12 & 63];
    *to++ = left == 2 ? digits[v >> 6 & 63] : '=';
    *to = '=';
}

void buf_pointer(struct buf *b, struct str key) {
    for (size_t i = 0; i < key.n; i++) {
        if (key.p[i] == '~')
            buf_puts(b, "~0");
        else if (key.p[i] == '/')
            buf_puts(b, "~1");
        else
            buf_putc(b, key.p[i]);
    }
}
