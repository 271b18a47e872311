#include "policyctl/excerpt.h"

#include "base/utf8.h"

enum { WIDTH_MAX = 160, BEFORE_MAX = 100 };

/* Offset behind the line that begins at `off`, with its end. */
static size_t line_after(struct str text, size_t off) {
    while (off < text.n && text.p[off] != '\n' && text.p[off] != '\r')
        off++;
    if (off < text.n)
        off += text.p[off] == '\r' && off + 1 < text.n && text.p[off + 1] == '\n' ? 2 : 1;
    return off;
}

struct str excerpt_line(struct excerpt_cursor *at, struct str text, uint32_t line) {
    if (text.p == NULL)
        return STR_NONE;
    if (at->text != text.p || at->line > line)
        *at = (struct excerpt_cursor){.text = text.p, .line = 1};
    while (at->line < line && at->off < text.n) {
        at->off = line_after(text, at->off);
        at->line++;
    }
    if (line == 0 || at->line != line)
        return STR_NONE;
    struct str found = str_slice(text, at->off, line_after(text, at->off));
    while (found.n != 0 && (found.p[found.n - 1] == '\n' || found.p[found.n - 1] == '\r'))
        found.n--;
    return found;
}

/* Nothing that a terminal would take for a command. */
static void put_char(struct buf *out, const char *p, size_t n) {
    unsigned char c = (unsigned char)*p;
    bool control = n == 1 ? (c < 0x20 && c != '\t') || c == 0x7f
                          : n == 2 && c == 0xc2 && (unsigned char)p[1] < 0xa0;
    if (n == 0 || control)
        buf_putc(out, '?');
    else
        buf_add(out, p, n);
}

static size_t step(struct str s, size_t i) {
    size_t n = utf8_length((const unsigned char *)s.p + i, s.n - i);
    return n ? n : 1;
}

void excerpt_safe(struct buf *out, struct str s) {
    for (size_t i = 0; i < s.n; i += step(s, i))
        put_char(out, s.p + i, utf8_length((const unsigned char *)s.p + i, s.n - i));
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static struct str without_end(struct str s) {
    while (s.n != 0 && is_blank(s.p[s.n - 1]))
        s.n--;
    return s;
}

static struct str last_line(struct str text) {
    size_t from = text.n;
    while (from != 0 && text.p[from - 1] != '\n' && text.p[from - 1] != '\r')
        from--;
    return str_slice(text, from, text.n);
}

/* The line to show, and from where in it *caret is. What is missed at the end of the text (a bracket, a
 * quote) is missed behind its last word. */
static struct str shown_line(struct str text, uint32_t line, uint32_t col, size_t *caret) {
    struct excerpt_cursor at = {.text = NULL};
    struct str s = excerpt_line(&at, text, line), words = without_end(text);
    if (text.p == NULL || line == 0 || col == 0)
        return STR_NONE;
    if (at.off >= words.n) {
        s = last_line(words);
        *caret = s.n;
    } else {
        *caret = col - 1 < s.n ? col - 1 : s.n;
    }
    return s;
}

void excerpt_print(struct buf *out, struct str text, uint32_t line, uint32_t col) {
    size_t caret = 0, from = 0;
    struct str s = shown_line(text, line, col, &caret);
    if (s.n == 0)
        return;
    while (caret - from > BEFORE_MAX && from < caret)
        from += step(s, from);
    excerpt_safe(out, str_slice(s, from, from + WIDTH_MAX));
    buf_putc(out, '\n');
    for (size_t i = from; i < caret; i += step(s, i))
        buf_putc(out, s.p[i] == '\t' ? '\t' : ' ');
    buf_puts(out, "^\n");
}

uint32_t excerpt_utf16_column(struct str line, uint32_t col) {
    uint32_t units = 1;
    for (size_t i = 0; line.p != NULL && i < line.n && i + 1 < col;) {
        size_t n = step(line, i);
        units += n == 4 ? 2 : 1;
        i += n;
    }
    return units;
}

/* Behind `&anchor` and `!!tag`. */
static size_t skip_properties(struct str s) {
    size_t i = 0;
    while (i < s.n && (s.p[i] == '&' || s.p[i] == '!')) {
        i += str_find(str_slice(s, i, s.n), ' ');
        while (i < s.n && s.p[i] == ' ')
            i++;
    }
    return i;
}

bool excerpt_value(struct str line, uint32_t col, struct str value, uint32_t *from,
                   uint32_t *to) {
    if (line.p == NULL || col == 0 || value.n == 0)
        return false;
    struct str s = str_slice(line, col - 1, line.n);
    size_t at = skip_properties(s);
    char quote = at < s.n && (s.p[at] == '"' || s.p[at] == '\'') ? s.p[at] : '\0';
    at += quote != '\0';
    s = str_slice(s, at, s.n);
    if (!str_starts(s, value) || (quote != '\0' && (s.n == value.n || s.p[value.n] != quote)))
        return false;
    *from = col + (uint32_t)at;
    *to = *from + (uint32_t)value.n;
    return true;
}
