#include "object/excerpt.h"

#include "base/escape.h"
#include "base/mem.h"
#include "base/utf8.h"

enum { WIDTH_MAX = 160, BEFORE_MAX = 100, STRIDE = 512 };

/* ---- marks ---------------------------------------------------------------------------- */

struct object_excerpt_mark { /* a spot between two characters */
    size_t off;
    size_t line_at; /* where its line begins */
    size_t saved;   /* bytes up to there less the units of UTF-16 that they take */
    uint32_t line;
};

static size_t char_bytes(struct str s, size_t i) {
    size_t n = utf8_length((const unsigned char *)s.p + i, s.n - i);
    return n ? n : 1;
}

/* Over characters of one byte that end no line, up to `end`: most of any text. */
static void skip_plain(struct object_excerpt_mark *m, struct str text, size_t end) {
    while (m->off < end && (unsigned char)text.p[m->off] < 0x80 && text.p[m->off] != '\n' &&
           text.p[m->off] != '\r')
        m->off++;
}

static void step_columns(struct object_excerpt_mark *m, struct str text) {
    char c = text.p[m->off];
    size_t n = char_bytes(text, m->off);
    m->saved += n == 4 ? 2 : n - 1;
    m->off += n;
    if (c == '\r' && m->off < text.n && text.p[m->off] == '\n') {
        m->off++;
        m->saved++;
    }
    if (c != '\n' && c != '\r')
        return;
    m->line++;
    m->line_at = m->off;
}

static void make_marks(struct object_excerpt *e) {
    struct object_excerpt_mark at = {.line = 1};
    size_t max = e->text.n / STRIDE + 1;
    for (e->words = e->text.n; e->words != 0 && ascii_is_blank(e->text.p[e->words - 1]);)
        e->words--;
    e->marks = mem_alloc(mem_array_bytes(max, sizeof *e->marks));
    while (e->marks != NULL && e->n < max) {
        size_t end = e->n * STRIDE < e->text.n ? e->n * STRIDE : e->text.n;
        for (skip_plain(&at, e->text, end); at.off < end; skip_plain(&at, e->text, end))
            step_columns(&at, e->text);
        e->marks[e->n++] = at;
    }
}

void object_excerpt_done(struct object_excerpt *e) {
    mem_free(e->marks);
    *e = (struct object_excerpt)OBJECT_EXCERPT_INIT(STR_NONE);
}

/* The spot at or after `off`, between two characters. */
static struct object_excerpt_mark spot_at(const struct object_excerpt *e, size_t off) {
    size_t k = off / STRIDE;
    struct object_excerpt_mark at = {.line = 1};
    while (k < e->n && k > 0 && e->marks[k].off > off)
        k--;
    if (k < e->n)
        at = e->marks[k];
    size_t end = off < e->text.n ? off : e->text.n;
    for (skip_plain(&at, e->text, end); at.off < end; skip_plain(&at, e->text, end))
        step_columns(&at, e->text);
    return at;
}

/* Marks in earlier lines. */
static size_t marks_before(const struct object_excerpt *e, uint32_t line) {
    size_t low = 0, high = e->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (e->marks[middle].line < line)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Where a line begins; false when there is not a line of that number. */
static bool line_start(const struct object_excerpt *e, uint32_t line, size_t *out) {
    size_t n = marks_before(e, line);
    struct object_excerpt_mark at = {.line = 1};
    if (n < e->n && e->marks[n].line == line) {
        *out = e->marks[n].line_at;
        return true;
    }
    if (n > 0)
        at = e->marks[n - 1];
    while (at.line < line && at.off < e->text.n) {
        skip_plain(&at, e->text, e->text.n);
        if (at.off < e->text.n)
            step_columns(&at, e->text);
    }
    *out = at.line_at;
    return line != 0 && at.line == line;
}

/* Leaves it in e->last. Lines and columns are those of UTF-8: a text in UTF-16 has none here. */
static bool find_line(struct object_excerpt *e, uint32_t line) {
    size_t from, to;
    if (e->text.p == NULL || line == 0 || utf8_is_utf16(e->text))
        return false;
    if (e->last.line == line)
        return true;
    if (e->marks == NULL)
        make_marks(e);
    if (!line_start(e, line, &from))
        return false;
    if (!line_start(e, line + 1, &to))
        to = e->text.n;
    while (to > from && (e->text.p[to - 1] == '\n' || e->text.p[to - 1] == '\r'))
        to--;
    e->last.line = line;
    e->last.from = from;
    e->last.to = to;
    e->last.saved = spot_at(e, from).saved;
    return true;
}

/* ---- lines ---------------------------------------------------------------------------- */

struct str object_excerpt_line(struct object_excerpt *e, uint32_t line) {
    return find_line(e, line) ? str_slice(e->text, e->last.from, e->last.to) : STR_NONE;
}

static struct str last_line(struct str text) {
    size_t from = text.n;
    while (from != 0 && text.p[from - 1] != '\n' && text.p[from - 1] != '\r')
        from--;
    return str_slice(text, from, text.n);
}

/* The line to show, and from where in it *caret is. What is missed at the end of the text (a bracket, a
 * quote) is missed after its last word. */
static struct str shown_line(struct object_excerpt *e, uint32_t line, uint32_t col,
                             size_t *caret) {
    struct str s = object_excerpt_line(e, line);
    if (e->text.p == NULL || line == 0 || col == 0)
        return STR_NONE;
    if (s.p == NULL || (size_t)(s.p - e->text.p) >= e->words) {
        s = last_line(str_slice(e->text, 0, e->words));
        *caret = s.n;
    } else {
        *caret = col - 1 < s.n ? col - 1 : s.n;
    }
    return s;
}

static bool is_inside(char c) {
    return ((unsigned char)c & 0xc0) == 0x80;
}

void object_excerpt_print(struct buf *out, struct object_excerpt *e, uint32_t line,
                          uint32_t col) {
    size_t caret = 0;
    struct str s = shown_line(e, line, col, &caret);
    size_t from = caret > BEFORE_MAX ? caret - BEFORE_MAX : 0;
    if (s.n == 0)
        return;
    while (from > 0 && from < caret && is_inside(s.p[from]))
        from++;
    s = str_slice(s, from, from + WIDTH_MAX);
    for (size_t i = 0; i < s.n;)
        i += escape_cell(out, s, i);
    buf_putc(out, '\n');
    for (size_t i = 0; i < caret - from; i += char_bytes(s, i))
        buf_putc(out, ' ');
    buf_puts(out, "^\n");
}

uint32_t object_excerpt_utf16_column(struct object_excerpt *e, uint32_t line, uint32_t col) {
    if (!find_line(e, line) || col == 0)
        return 1;
    size_t off = e->last.from + (col - 1);
    struct object_excerpt_mark end = spot_at(e, off < e->last.to ? off : e->last.to);
    return (uint32_t)(end.off - e->last.from - (end.saved - e->last.saved)) + 1;
}

/* ---- values --------------------------------------------------------------------------- */

/* After `&anchor` and `!!tag`. */
static size_t skip_properties(struct str s) {
    size_t i = 0;
    while (i < s.n && (s.p[i] == '&' || s.p[i] == '!')) {
        i += str_find(str_slice(s, i, s.n), ' ');
        while (i < s.n && s.p[i] == ' ')
            i++;
    }
    return i;
}

bool object_excerpt_value(struct object_excerpt *e, uint32_t line, uint32_t col,
                          struct str value, uint32_t *from, uint32_t *to) {
    struct str s = object_excerpt_line(e, line);
    if (s.p == NULL || col == 0 || value.n == 0)
        return false;
    s = str_slice(s, col - 1, s.n);
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
