/* Texts in the arena. */
#include "engine/internal.h"

#include "base/utf8.h"

enum { QUOTE_MAX = 320 };

/* Quoted for people: what cannot be seen is shown as \xHH, also since the API server drops a warning
 * that holds a control character, and what is too long is cut. */
void engine_put_quoted(struct buf *b, struct str s) {
    const unsigned char *p = (const unsigned char *)s.p;
    size_t shown = s.n < QUOTE_MAX ? s.n : QUOTE_MAX;
    buf_putc(b, '"');
    for (size_t i = 0; i < shown;) {
        size_t plain = i;
        while (plain < shown && p[plain] >= 0x20 && p[plain] < 0x7f)
            plain++;
        buf_add(b, p + i, plain - i);
        if ((i = plain) == shown)
            break;
        size_t n = utf8_length(p + i, s.n - i);
        if (n == 0 || utf8_is_unseen(utf8_code(p + i, n))) {
            n = n ? n : 1;
            for (size_t k = 0; k < n; k++)
                buf_printf(b, "\\x%02x", p[i + k]);
        } else {
            buf_add(b, p + i, n);
        }
        i += n;
    }
    buf_puts(b, shown < s.n ? "...\"" : "\"");
}

struct buf engine_text_start(struct ctx *c, size_t max) {
    char *room = arena_room(c->arena, max);
    struct buf b = BUF_OVER(room, room != NULL ? max : 0);
    return b;
}

struct str engine_text_take(struct ctx *c, const struct buf *b) {
    if (b->p == NULL || b->bad) {
        c->full = true;
        return STR_NONE;
    }
    arena_keep(c->arena, b->n);
    return buf_view(b);
}

struct str engine_join(struct arena *arena, const struct str *parts, size_t n_parts) {
    size_t n = 0, at = 0;
    for (size_t i = 0; i < n_parts; i++)
        n += parts[i].n;
    char *p = arena_alloc(arena, n);
    if (p == NULL)
        return STR_NONE;
    for (size_t i = 0; i < n_parts; i++) {
        if (parts[i].n != 0)
            memcpy(p + at, parts[i].p, parts[i].n);
        at += parts[i].n;
    }
    return (struct str){p, n};
}
