/* buf - growing bytes, with a maximum.
 *
 *      p                n              cap            max
 *      |---- written ---|---- room ----|.... may grow ....|
 *
 * Errors     sticky: a writer that runs out of memory or room notes it in `bad` and ignores all
 *            further writes, so that long writers need one check at their end (buf_status).
 *            An exception to MUST_CHECK: forty checks in a row would hide the text they write.
 * Ownership  owns p; done() frees it; str() borrows until the next write
 * Threads    one at a time                                                                  */
#ifndef PULLGATE_BASE_BUF_H
#define PULLGATE_BASE_BUF_H

#include "base/attrs.h"
#include "base/str.h"

#include <stdarg.h>

struct buf {
    char *p;
    size_t n;
    size_t cap;
    size_t max;
    int bad; /* an enum ec; 0 while all writes succeeded */
};

#define BUF_INIT(max_bytes)                                                                    \
    { .p = NULL, .n = 0, .cap = 0, .max = (max_bytes), .bad = 0 }

/* Over bytes that it does not own: never grows; no buf_done. */
#define BUF_OVER(bytes, n_bytes)                                                               \
    { .p = (bytes), .n = 0, .cap = (n_bytes), .max = (n_bytes), .bad = 0 }

void buf_done(struct buf *b);
/* Empty again, memory kept, `bad` cleared. */
void buf_reset(struct buf *b);
/* The slow path of buf_room: too little room, or the buffer is bad. */
char *buf_grow(struct buf *b, size_t n);

/* Room for n more bytes; the pointer to it, or NULL (then `bad` is set). Not NULL for n = 0: pointer
 * arithmetic on NULL is undefined. */
static inline char *buf_room(struct buf *b, size_t n) {
    bool fits = !b->bad && b->p != NULL && b->cap - b->n >= n;
    return fits ? b->p + b->n : buf_grow(b, n);
}

/* Inline, since most writes are a few bytes of known length. */
static inline void buf_add(struct buf *b, const void *bytes, size_t n) {
    char *to;
    if (n == 0 || (to = buf_room(b, n)) == NULL)
        return;
    memcpy(to, bytes, n);
    b->n += n;
}

static inline void buf_putc(struct buf *b, char c) {
    char *to = buf_room(b, 1);
    if (to == NULL)
        return;
    *to = c;
    b->n++;
}

static inline void buf_str(struct buf *b, struct str s) {
    buf_add(b, s.p, s.n);
}

static inline void buf_puts(struct buf *b, const char *z) {
    buf_add(b, z, strlen(z));
}

void buf_printf(struct buf *b, const char *format, ...) PRINTF(2, 3);
void buf_vprintf(struct buf *b, const char *format, va_list args) PRINTF(2, 0);
void buf_uint(struct buf *b, uint64_t v);
void buf_int(struct buf *b, int64_t v);

static inline struct str buf_view(const struct buf *b) {
    return (struct str){b->p, b->n};
}

/* The text with a NUL after it, for a C library; NULL when b is bad. */
const char *buf_z(struct buf *b);

/* A key as a token of a JSON pointer (RFC 6901): ~ and / escaped. */
void buf_pointer(struct buf *b, struct str key);

/* A JSON string with its quotes (RFC 8259, section 7): `"`, `\` and control characters are
 * escaped, as are DEL, C1 controls and invisible characters that change how others are shown (zero
 * width, direction, U+2028, U+FEFF and the like); bytes that are not UTF-8 become U+FFFD, so that the
 * output is valid for any input. It is here, not in json/, since logs need it as well. */
void buf_json(struct buf *b, struct str s);

/* Standard base64 with padding (RFC 4648, section 4). */
void buf_base64(struct buf *b, struct str s);

#endif
