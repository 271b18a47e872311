#include "yaml/lay.h"

#include "base/err.h"

bool yaml_lay_is_easy(struct str s) {
    unsigned char odd = 0;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        odd |= (unsigned char)(c - ' ') >= 0x7f - ' ';
    }
    return odd == 0;
}

/* ---- lines ------------------------------------------------------------------------------- */

static void start_line(struct lay *l, unsigned indent) {
    static const char blanks[] =
        "\n                                                              ";
    const unsigned most = sizeof blanks - 2;
    buf_add(l->out, blanks, 1 + (indent < most ? indent : most));
    for (; indent > most; indent--)
        buf_putc(l->out, ' ');
}

/* Before a member or an element: the first is on the line of a dash before it. */
static void begin_item(struct lay *l, struct lay_level *top) {
    if (top->any || l->after == LAY_KEY)
        start_line(l, top->indent);
    else if (l->after == LAY_DASH)
        buf_putc(l->out, ' ');
    top->any = true;
    if (top->object)
        return;
    buf_putc(l->out, '-');
    l->after = LAY_DASH;
}

/* Before a value: after a key, the key begins the item. */
static void begin_value(struct lay *l) {
    struct lay_level *top = l->depth != 0 ? &l->v[l->depth - 1] : NULL;
    if (top == NULL)
        return;
    if (top->object)
        top->is_key = true;
    else
        begin_item(l, top);
}

/* ---- scalars ----------------------------------------------------------------------------- */

static bool is_blank_at(struct str s, size_t i) {
    return i >= s.n || s.p[i] == ' ';
}

/* May it be without quotes, outside of brackets? */
static bool may_be_plain(struct str s) {
    if (s.n == 0 || s.p[0] == ' ' || s.p[s.n - 1] == ' ' || str_starts(s, STR("---")) ||
        str_starts(s, STR("...")) || memchr("#,[]{}&*!|>'\"%@`", s.p[0], 16) != NULL)
        return false;
    if (memchr("?:-", s.p[0], 3) != NULL && is_blank_at(s, 1))
        return false;
    for (size_t i = 1; i < s.n; i++)
        if ((s.p[i] == ':' && is_blank_at(s, i + 1)) || (s.p[i] == '#' && s.p[i - 1] == ' '))
            return false;
    return true;
}

static void put_quoted(struct buf *out, struct str s, char quote, const char *escaped) {
    buf_putc(out, quote);
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == quote || s.p[i] == escaped[0])
            buf_putc(out, escaped[0]);
        buf_putc(out, s.p[i]);
    }
    buf_putc(out, quote);
}

static void put_text(struct lay *l, struct str s, bool quoted) {
    if (quoted)
        put_quoted(l->out, s, '"', "\\");
    else if (may_be_plain(s))
        buf_str(l->out, s);
    else
        put_quoted(l->out, s, '\'', "'");
}

static void put_scalar(struct lay *l, struct str s, bool quoted) {
    struct lay_level *top = l->depth != 0 ? &l->v[l->depth - 1] : NULL;
    if (top != NULL && top->object && top->is_key) {
        begin_item(l, top);
        put_text(l, s, quoted);
        buf_putc(l->out, ':');
        top->is_key = false;
        l->after = LAY_KEY;
        return;
    }
    begin_value(l);
    if (top != NULL)
        buf_putc(l->out, ' ');
    put_text(l, s, quoted);
}

void yaml_lay_plain(struct lay *l, struct str s) {
    put_scalar(l, s, false);
}

void yaml_lay_quoted(struct lay *l, struct str s) {
    put_scalar(l, s, true);
}

/* ---- containers -------------------------------------------------------------------------- */

/* Lists are at the level of their key; all else is two columns further in. */
static uint16_t indent_of(const struct lay *l, bool object) {
    if (l->depth == 0)
        return 0;
    uint16_t outer = l->v[l->depth - 1].indent;
    return (uint16_t)(!object && l->after == LAY_KEY ? outer : outer + 2);
}

void yaml_lay_begin(struct lay *l, bool object, bool empty) {
    begin_value(l);
    if (empty) {
        if (l->depth != 0)
            buf_putc(l->out, ' ');
        buf_puts(l->out, object ? "{}" : "[]");
    }
    if (l->depth == YAML_LAY_DEPTH_MAX) {
        l->out->bad = l->out->bad ? l->out->bad : EC_LIMIT;
        return;
    }
    struct lay_level level = {
        .indent = indent_of(l, object), .object = object, .is_key = object};
    l->v[l->depth++] = level;
}

void yaml_lay_end(struct lay *l) {
    if (l->depth != 0)
        l->depth--;
}

void yaml_lay_close(struct lay *l) {
    buf_putc(l->out, '\n');
}
