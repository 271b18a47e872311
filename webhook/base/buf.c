#include "base/buf.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>

void buf_done(struct buf *b) {
    mem_free(b->p);
    *b = (struct buf)BUF_INIT(b->max);
}

void buf_reset(struct buf *b) {
    b->n = 0;
    b->bad = 0;
}

static bool grow(struct buf *b, size_t n) {
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

char *buf_room(struct buf *b, size_t n) {
    /* Also for no bytes at all: there is no arithmetic on a null pointer. */
    if (b->bad || ((b->p == NULL || b->cap - b->n < n) && !grow(b, n)))
        return NULL;
    return b->p + b->n;
}

void buf_add(struct buf *b, const void *bytes, size_t n) {
    char *to;
    if (n == 0 || (to = buf_room(b, n)) == NULL)
        return;
    memcpy(to, bytes, n);
    b->n += n;
}

void buf_putc(struct buf *b, char c) {
    char *to = buf_room(b, 1);
    if (to == NULL)
        return;
    *to = c;
    b->n++;
}

void buf_printf(struct buf *b, const char *format, ...) {
    va_list args;
    va_start(args, format);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n <= 0)
        return;
    /* One byte more than is kept: vsnprintf ends its text with a NUL. */
    char *to = buf_room(b, (size_t)n + 1);
    if (to == NULL)
        return;
    va_start(args, format);
    vsnprintf(to, (size_t)n + 1, format, args);
    va_end(args);
    b->n += (size_t)n;
}

void buf_uint(struct buf *b, uint64_t v) {
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

static void json_escape(struct buf *b, unsigned char c) {
    static const char hex[] = "0123456789abcdef";
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
    default: {
        char u[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
        buf_add(b, u, sizeof u);
    }
    }
}

static bool is_plain(unsigned char c) {
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* One character outside of plain ASCII, at p with n bytes left; how many bytes it took. */
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
    if (length == 3 && p[0] == 0xe2 && p[1] == 0x80 && (p[2] == 0xa8 || p[2] == 0xa9))
        buf_puts(b, p[2] == 0xa8 ? "\\u2028" : "\\u2029");
    else
        buf_add(b, p, length);
    return length;
}

void buf_json(struct buf *b, struct str s) {
    const unsigned char *p = (const unsigned char *)s.p;
    size_t done = 0, i = 0;
    buf_putc(b, '"');
    while (i < s.n) {
        if (is_plain(p[i])) {
            i++;
            continue;
        }
        buf_add(b, p + done, i - done);
        i += json_special(b, p + i, s.n - i);
        done = i;
    }
    if (i > done)
        buf_add(b, p + done, i - done);
    buf_putc(b, '"');
}

void buf_base64(struct buf *b, struct str s) {
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *p = (const unsigned char *)s.p;
    size_t left = s.n;
    if (s.n > SIZE_MAX / 2) {
        b->bad = EC_LIMIT;
        return;
    }
    char *to = buf_room(b, (s.n + 2) / 3 * 4);
    if (to == NULL || s.n == 0)
        return;
    b->n += (s.n + 2) / 3 * 4;
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

void buf_hex(struct buf *b, const void *bytes, size_t n) {
    static const char hex[] = "0123456789abcdef";
    const unsigned char *p = bytes;
    for (size_t i = 0; i < n; i++) {
        buf_putc(b, hex[p[i] >> 4]);
        buf_putc(b, hex[p[i] & 15]);
    }
}
