#include "base/escape.h"

#include "base/utf8.h"

/* ---- characters ----------------------------------------------------------------------- */

struct unit { /* one character, or one byte that is not UTF-8 */
    struct str bytes;
    bool seen;
};

static struct unit unit_at(struct str s, size_t at) {
    const unsigned char *p = (const unsigned char *)s.p + at;
    size_t n = utf8_length(p, s.n - at);
    return (struct unit){.bytes = str_slice(s, at, at + (n ? n : 1)),
                         .seen = n != 0 && !utf8_is_unseen(utf8_code(p, n))};
}

static void put_hex(struct buf *out, struct str bytes) {
    for (size_t i = 0; i < bytes.n; i++)
        buf_printf(out, "\\x%02x", (unsigned char)bytes.p[i]);
}

/* Printable ASCII that begins no command of any CI system: nearly all text. */
static size_t plain_bytes(struct str s, size_t at) {
    size_t i = at;
    while (i < s.n && s.p[i] >= 0x20 && s.p[i] < 0x7f && s.p[i] != ':' && s.p[i] != '#')
        i++;
    return i - at;
}

/* ---- text ----------------------------------------------------------------------------- */

static bool is_graph(char c) {
    return c > 0x20 && c < 0x7f;
}

/* Log readers trim lines, also of blanks other than ASCII. */
static bool is_line_start(const struct buf *out) {
    for (size_t i = out->n; i-- > 0;) {
        if (out->p[i] == '\n')
            return true;
        if (is_graph(out->p[i]))
            return false;
    }
    return true;
}

/* "##[", "##vso[" */
static bool begins_command(struct str s) {
    size_t i = 2;
    if (!str_starts(s, STR("##")))
        return false;
    while (i < s.n && ascii_lower(s.p[i]) >= 'a' && ascii_lower(s.p[i]) <= 'z')
        i++;
    return i < s.n && s.p[i] == '[';
}

/* "ok 1", "not ok", "1..9" */
static bool begins_test_point(struct str s) {
    size_t i = str_starts(s, STR("not ")) ? 4 : 0;
    if (!str_starts(str_slice(s, i, s.n), STR("ok")))
        return false;
    i += 2;
    return i == s.n || s.p[i] == ' ' || s.p[i] == '\t' || ascii_is_digit(s.p[i]);
}

static bool begins_plan(struct str s) {
    size_t i = 0;
    while (i < s.n && ascii_is_digit(s.p[i]))
        i++;
    return i != 0 && str_starts(str_slice(s, i, s.n), STR(".."));
}

static bool begins_line_command(struct str s) {
    return s.p[0] == ':' || begins_test_point(s) || begins_plan(s);
}

/* Prints one character; returns its length in bytes. *start: only blanks precede it in its line. */
static size_t put_text(struct buf *out, struct str s, size_t at, bool *start) {
    struct unit u = unit_at(s, at);
    struct str rest = str_slice(s, at, s.n);
    bool command = begins_command(rest) || (*start && begins_line_command(rest));
    *start &= u.seen && !command && !is_graph(s.p[at]);
    if (!u.seen || command)
        put_hex(out, u.bytes);
    else
        buf_str(out, u.bytes);
    return u.bytes.n;
}

void escape_text(struct buf *out, struct str s) {
    bool start = is_line_start(out);
    for (size_t i = 0; i < s.n;) {
        size_t n = start ? 0 : plain_bytes(s, i);
        buf_str(out, str_slice(s, i, i + n));
        i += n;
        if (i < s.n)
            i += put_text(out, s, i, &start);
    }
}

void escape_line(struct buf *out, const char *format, ...) {
    struct buf line = BUF_INIT(out->max);
    va_list args;
    va_start(args, format);
    buf_vprintf(&line, format, args);
    va_end(args);
    escape_text(out, buf_view(&line));
    buf_putc(out, '\n');
    if (line.bad && !out->bad)
        out->bad = line.bad;
    buf_done(&line);
}

void escape_comment(struct buf *out, struct str s) {
    escape_text(out, s);
}

/* Whether all bytes are printable ASCII, eight at a time. */
static bool are_printable(const char *p) {
    const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
    uint64_t x, del;
    memcpy(&x, p, sizeof x);
    del = (x ^ ones * 0x7f) - ones;
    return ((x | (x - ones * 0x20) | del) & tops) == 0;
}

bool escape_is_command(struct str line) {
    line = str_trim(line);
    return str_starts(line, STR("::")) || begins_command(line);
}

bool escape_is_seen(struct str s) {
    for (size_t i = 0; i < s.n;) {
        if (s.n - i >= 8 && are_printable(s.p + i)) {
            i += 8;
            continue;
        }
        struct unit u = unit_at(s, i);
        if (!u.seen && !str_eq(u.bytes, STR("\n")))
            return false;
        i += u.bytes.n;
    }
    return true;
}

size_t escape_cell(struct buf *out, struct str s, size_t at) {
    struct unit u = unit_at(s, at);
    struct str rest = str_slice(s, at, s.n);
    if (s.p[at] == '\t')
        buf_putc(out, ' ');
    else if (!u.seen || begins_command(rest) ||
             (begins_line_command(rest) && is_line_start(out)))
        buf_putc(out, '?');
    else
        buf_str(out, u.bytes);
    return u.bytes.n;
}

size_t escape_width(struct str s) {
    size_t width = 0;
    for (size_t i = 0; i < s.n;) {
        struct unit u = unit_at(s, i);
        width += u.seen ? 1 : 4 * u.bytes.n;
        i += u.bytes.n;
    }
    return width;
}

/* ---- GitHub and TAP ------------------------------------------------------------------- */

static bool is_of(char c, struct str set) {
    return str_find(set, c) != set.n;
}

void escape_github(struct buf *out, struct str s, enum escape_github where) {
    struct str own = where == ESCAPE_PROPERTY ? STR("%\r\n:,") : STR("%\r\n");
    bool start = is_line_start(out);
    for (size_t i = 0; i < s.n;) {
        if (!is_of(s.p[i], own)) {
            i += put_text(out, s, i, &start);
            continue;
        }
        buf_printf(out, "%%%02X", (unsigned char)s.p[i++]);
    }
}

void escape_tap(struct buf *out, struct str s) {
    struct buf text = BUF_INIT(out->max);
    escape_text(&text, s);
    for (size_t i = 0; i < text.n; i++) {
        if (is_of(text.p[i], STR("\\#")))
            buf_putc(out, '\\');
        buf_putc(out, text.p[i]);
    }
    if (text.bad && !out->bad)
        out->bad = text.bad;
    buf_done(&text);
}

/* ---- JSON strings in lines ------------------------------------------------------------ */

static void put_u(struct buf *out, uint32_t c) {
    if (c >= 0x10000) {
        buf_printf(out, "\\u%04x", 0xd800 + ((c - 0x10000) >> 10));
        c = 0xdc00 + (c & 0x3ff);
    }
    buf_printf(out, "\\u%04x", c);
}

void escape_quoted(struct buf *out, struct str s) {
    struct buf json = BUF_INIT(out->max);
    buf_json(&json, s);
    for (size_t i = 0; i < json.n;) {
        struct unit u = unit_at(buf_view(&json), i);
        if (!u.seen || begins_command(str_slice(buf_view(&json), i, json.n)))
            put_u(out, utf8_code((const unsigned char *)u.bytes.p, u.bytes.n));
        else
            buf_str(out, u.bytes);
        i += u.bytes.n;
    }
    if (json.bad && !out->bad)
        out->bad = json.bad;
    buf_done(&json);
}

/* ---- XML ------------------------------------------------------------------------------ */

static const char *markup(uint32_t c) {
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    default:
        return NULL;
    }
}

/* Section 2.2: characters that are not allowed in a document, not even as a reference. */
static bool is_outside_xml(uint32_t c) {
    return (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0xfffe || c == 0xffff;
}

static size_t put_xml(struct buf *out, struct str s, size_t at) {
    struct unit u = unit_at(s, at);
    bool is_text = u.seen || utf8_length((const unsigned char *)u.bytes.p, u.bytes.n) != 0;
    uint32_t c = utf8_code((const unsigned char *)u.bytes.p, u.bytes.n);
    if (!is_text || is_outside_xml(c))
        buf_puts(out, "\xef\xbf\xbd");
    else if (markup(c) != NULL)
        buf_puts(out, markup(c));
    else if (c < 0x20)
        buf_printf(out, "&#%u;", c);
    else if (!u.seen)
        buf_printf(out, "&#x%x;", c);
    else
        buf_str(out, u.bytes);
    return u.bytes.n;
}

void escape_xml(struct buf *out, struct str s) {
    for (size_t i = 0; i < s.n;)
        i += put_xml(out, s, i);
}

void escape_xml_lines(struct buf *out, struct str s) {
    for (size_t end; s.n != 0; s = str_slice(s, end + 1, s.n)) {
        end = str_find(s, '\n');
        escape_xml(out, str_slice(s, 0, end));
        if (end != s.n)
            buf_putc(out, '\n');
    }
}

/* ---- shell ---------------------------------------------------------------------------- */

static bool is_harmless(struct str s) {
    static const struct str harmless =
        STR_INIT("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/:@+=");
    for (size_t i = 0; i < s.n; i++)
        if (!is_of(s.p[i], harmless))
            return false;
    return s.n != 0;
}

/* POSIX.1-2024, section 2.2.4: a byte is \ooo there, of always three digits. */
static void put_dollar_quoted(struct buf *out, struct str s) {
    buf_puts(out, "$'");
    for (size_t i = 0; i < s.n;) {
        struct unit u = unit_at(s, i);
        for (size_t k = 0; k < u.bytes.n && !u.seen; k++)
            buf_printf(out, "\\%03o", (unsigned char)u.bytes.p[k]);
        if (u.seen && is_of(u.bytes.p[0], STR("\\'")))
            buf_putc(out, '\\');
        if (u.seen)
            buf_str(out, u.bytes);
        i += u.bytes.n;
    }
    buf_putc(out, '\'');
}

static void put_quoted(struct buf *out, struct str s) {
    buf_putc(out, '\'');
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\'')
            buf_puts(out, "'\\''");
        else
            buf_putc(out, s.p[i]);
    }
    buf_putc(out, '\'');
}

void escape_shell(struct buf *out, struct str s) {
    if (is_harmless(s))
        buf_str(out, s);
    else if (escape_is_seen(s) && str_find(s, '\n') == s.n)
        put_quoted(out, s);
    else
        put_dollar_quoted(out, s);
}
