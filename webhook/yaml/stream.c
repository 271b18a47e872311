#include "yaml/internal.h"

#include "base/mem.h"
#include "base/utf8.h"

#include <stdio.h>

/* --- blanks --- */

size_t yaml_stream_blank(struct str s) {
    static const struct str wide[] = {STR_INIT("\xc2\x85"),     STR_INIT("\xc2\xa0"),
                                      STR_INIT("\xe1\x9a\x80"), STR_INIT("\xe2\x80\xa8"),
                                      STR_INIT("\xe2\x80\xa9"), STR_INIT("\xe2\x80\xaf"),
                                      STR_INIT("\xe2\x81\x9f"), STR_INIT("\xe3\x80\x80")};
    if (s.n == 0)
        return 0;
    if (s.p[0] == ' ' || (s.p[0] >= '\t' && s.p[0] <= '\r'))
        return 1;
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++)
        if (str_starts(s, wide[i]))
            return wide[i].n;
    /* U+2000 to U+200A: spaces of all widths. */
    bool spaces = s.n >= 3 && str_starts(s, STR("\xe2\x80")) && (unsigned char)s.p[2] >= 0x80 &&
                  (unsigned char)s.p[2] <= 0x8a;
    return spaces ? 3 : 0;
}

static struct str skip_blanks(struct str s) {
    for (size_t n; (n = yaml_stream_blank(s)) != 0;)
        s = str_slice(s, n, s.n);
    return s;
}

/* --- UTF-16 --- */

struct utf16 {
    struct str text;
    bool big;
    size_t at;
};

static uint32_t unit(const struct utf16 *u, size_t at) {
    unsigned a = (unsigned char)u->text.p[at], b = (unsigned char)u->text.p[at + 1];
    return u->big ? a << 8 | b : b << 8 | a;
}

/* The next code point; a lone surrogate is returned as it is, and utf8_put() refuses it. */
static uint32_t next_code_point(struct utf16 *u) {
    uint32_t c = unit(u, u->at);
    u->at += 2;
    if (c < 0xd800 || c > 0xdbff || u->at + 2 > u->text.n)
        return c;
    uint32_t low = unit(u, u->at);
    if (low < 0xdc00 || low > 0xdfff)
        return c;
    u->at += 2;
    return 0x10000 + ((c & 0x3ff) << 10) + (low & 0x3ff);
}

/* After the text read so far. */
static enum ec locate_end(const struct buf *read, struct err *err) {
    struct yaml_location end = {.line = 1, .col = 1};
    for (size_t i = 0; i < read->n; i++) {
        bool ends = read->p[i] == '\n';
        end.line += ends;
        end.col = ends ? 1 : end.col + 1;
    }
    return yaml_err_at(err, end);
}

enum ec yaml_stream_from_utf16(struct buf *out, struct str text, struct err *err) {
    struct utf16 u = {.big = text.p[0] == '\xfe', .at = 2};
    u.text = str_slice(text, 0, text.n - text.n % 2);
    while (u.at < u.text.n) {
        char bytes[4];
        size_t at = u.at, n = utf8_put(bytes, next_code_point(&u));
        if (n == 0) {
            err_set(err, EC_SYNTAX, "UTF-16 text with half a surrogate pair at byte %zu", at);
            err->offset = at;
            return locate_end(out, err);
        }
        buf_add(out, bytes, n);
    }
    if (out->bad)
        return err_set(err, (enum ec)out->bad, "no room for the text in UTF-8");
    if (u.text.n == text.n)
        return EC_OK;
    err_set(err, EC_SYNTAX, "UTF-16 text with an odd number of bytes");
    return locate_end(out, err);
}

/* --- documents --- */

static struct str line_at(struct str text, size_t at) {
    struct str rest = str_slice(text, at, text.n);
    size_t end = str_find(rest, '\n');
    return str_slice(rest, 0, end < rest.n ? end + 1 : end);
}

/* A "---" that begins the document is part of it: libyaml reads it as a document start. */
enum ec yaml_stream_cut(struct str text, size_t at, struct str *chunk, size_t *next,
                        size_t *bad, struct err *err) {
    for (size_t i = at; i < text.n; i = *next) {
        struct str line = line_at(text, i);
        *next = i + line.n;
        if (!str_starts(line, STR("---")))
            continue;
        struct str more = skip_blanks(str_slice(line, 3, line.n));
        if (more.n > 0 && more.p[0] != '#') {
            *bad = (size_t)(more.p - text.p);
            return err_set(err, EC_SYNTAX,
                           "a line that begins with \"---\" separates documents, and only "
                           "blanks or a comment may follow");
        }
        if (i > at) {
            *chunk = str_slice(text, at, i);
            return EC_OK;
        }
    }
    *chunk = str_slice(text, at, text.n);
    *next = text.n;
    return EC_OK;
}

bool yaml_stream_loses_line(struct str text, size_t from, size_t *at) {
    const size_t room = 4096; /* of Go's bufio */
    size_t line = text.n;
    while (line > from && text.p[line - 1] != '\n')
        line--;
    *at = line;
    if (line == text.n || str_starts(str_slice(text, line, text.n), STR("---")))
        return false;
    while (text.n - line >= room) /* a CR at the end of a full buffer is read again */
        line += text.p[line + room - 1] == '\r' ? room - 1 : room;
    return line == text.n;
}

bool yaml_stream_looks_json(struct str text) {
    const size_t peeked = 4096; /* as many as cli-runtime looks at */
    return str_starts(skip_blanks(str_slice(text, 0, peeked)), STR("{"));
}

/* --- JSON: only the end of a value; json/ reads it --- */

struct scan {
    struct str text;
    size_t at;
    struct buf open; /* the closers of the open containers, innermost last */
    const char *expected;
};

static char peek(const struct scan *s) {
    return s->at < s->text.n ? s->text.p[s->at] : '\0';
}

static void scan_blanks(struct scan *s) {
    while (s->at < s->text.n && memchr(" \t\r\n", s->text.p[s->at], 4) != NULL)
        s->at++;
}

static bool scan_char(struct scan *s, char c, const char *expected) {
    s->expected = expected;
    if (s->at >= s->text.n || s->text.p[s->at] != c)
        return false;
    s->at++;
    return true;
}

static bool is_hex(char c) {
    return ascii_is_digit(c) || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'f');
}

static bool scan_escape(struct scan *s) {
    s->expected = "an escape";
    if (peek(s) == '\0' || memchr("\"\\/bfnrtu", peek(s), 9) == NULL)
        return false;
    if (s->text.p[s->at++] != 'u')
        return true;
    for (int i = 0; i < 4; i++, s->at++)
        if (!is_hex(peek(s)))
            return false;
    return true;
}

static bool scan_string(struct scan *s, const char *expected) {
    if (!scan_char(s, '"', expected))
        return false;
    s->expected = "the end of a string";
    while (s->at < s->text.n && (unsigned char)s->text.p[s->at] >= ' ') {
        char c = s->text.p[s->at++];
        if (c == '"')
            return true;
        if (c == '\\' && !scan_escape(s))
            return false;
    }
    return false;
}

static bool scan_digits(struct scan *s) {
    size_t from = s->at;
    while (ascii_is_digit(peek(s)))
        s->at++;
    return s->at > from;
}

static bool scan_number(struct scan *s) {
    s->expected = "a digit";
    if (peek(s) == '-')
        s->at++;
    if (peek(s) == '0')
        s->at++;
    else if (!scan_digits(s))
        return false;
    if (peek(s) == '.') {
        s->at++;
        if (!scan_digits(s))
            return false;
    }
    if (ascii_lower(peek(s)) != 'e')
        return true;
    s->at++;
    if (peek(s) == '+' || peek(s) == '-')
        s->at++;
    return scan_digits(s);
}

static bool scan_word(struct scan *s) {
    static const struct str words[] = {STR_INIT("null"), STR_INIT("true"), STR_INIT("false")};
    struct str rest = str_slice(s->text, s->at, s->text.n);
    s->expected = "a value";
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (str_starts(rest, words[i])) {
            s->at += words[i].n;
            return true;
        }
    return false;
}

static bool scan_scalar(struct scan *s) {
    char c = peek(s);
    if (c == '"')
        return scan_string(s, "a value");
    if (c == '-' || ascii_is_digit(c))
        return scan_number(s);
    return scan_word(s);
}

static bool scan_key(struct scan *s) {
    scan_blanks(s);
    if (!scan_string(s, "a key in quotes"))
        return false;
    scan_blanks(s);
    return scan_char(s, ':', "':'");
}

/* Enters a container; *inside is false when it is empty. */
static bool scan_open(struct scan *s, bool *inside) {
    char closer = peek(s) == '{' ? '}' : ']';
    s->at++;
    scan_blanks(s);
    *inside = peek(s) != closer;
    if (!*inside) {
        s->at++;
        return true;
    }
    buf_putc(&s->open, closer);
    return s->open.bad == 0 && (closer == ']' || scan_key(s));
}

/* After a value: closes containers until a comma leads to the next value, or all are closed. */
static bool scan_close(struct scan *s, bool *inside) {
    *inside = false;
    while (s->open.n > 0) {
        char closer = s->open.p[s->open.n - 1];
        scan_blanks(s);
        if (peek(s) == closer) {
            s->at++;
            s->open.n--;
            continue;
        }
        *inside = true;
        return scan_char(s, ',', closer == '}' ? "',' or '}'" : "',' or ']'") &&
               (closer == ']' || scan_key(s));
    }
    return true;
}

static bool scan_value(struct scan *s) {
    bool inside = true;
    while (inside) {
        scan_blanks(s);
        if (peek(s) == '{' || peek(s) == '[') {
            if (!scan_open(s, &inside))
                return false;
            if (inside)
                continue;
        } else if (!scan_scalar(s)) {
            return false;
        }
        if (!scan_close(s, &inside))
            return false;
    }
    return true;
}

static enum ec scan_fail(const struct scan *s, struct err *err) {
    char c = peek(s);
    if (s->open.bad == EC_LIMIT)
        return err_set(err, EC_LIMIT, "more than %zu levels of JSON", s->open.max);
    if (s->open.bad)
        return err_set(err, EC_NOMEM, "no memory to read JSON");
    if (s->at >= s->text.n)
        return err_set(err, EC_SYNTAX, "end of JSON, expected %s", s->expected);
    if (c > ' ' && c < 0x7f)
        return err_set(err, EC_SYNTAX, "'%c' in JSON, expected %s", c, s->expected);
    return err_set(err, EC_SYNTAX, "byte 0x%02x in JSON, expected %s", (unsigned char)c,
                   s->expected);
}

enum ec yaml_stream_json_end(struct str text, size_t at, uint32_t max_depth, size_t *end,
                             struct err *err) {
    struct scan s = {.text = text, .at = at, .open = BUF_INIT(max_depth)};
    bool ok = scan_value(&s);
    *end = s.at;
    if (!ok)
        scan_fail(&s, err);
    buf_done(&s.open);
    return ok ? EC_OK : err->code;
}
