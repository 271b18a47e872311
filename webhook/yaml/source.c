/* The bytes of one YAML document, as libyaml gets them. */
#include "yaml/internal.h"

#include "base/utf8.h"

/* Blanks, line ends and comments. */
void yaml_source_skip_gap(struct str text, size_t *at) {
    while (*at < text.n && memchr(" \t\r\n#", text.p[*at], 5) != NULL) {
        if (text.p[*at] != '#')
            (*at)++;
        else
            while (*at < text.n && text.p[*at] != '\n' && text.p[*at] != '\r')
                (*at)++;
    }
}

void yaml_source_skip_word(struct str text, size_t *at) {
    while (*at < text.n && memchr(" \t\r\n", text.p[*at], 4) == NULL)
        (*at)++;
    yaml_source_skip_gap(text, at);
}

/* As kubectl's line reader: CRLF becomes LF, and the last line gets an end. */
size_t yaml_source_feed(struct source *s, unsigned char *to, size_t size) {
    size_t made = 0;
    for (; made < size && s->at < s->text.n; s->at++) {
        char c = s->text.p[s->at];
        if (c == '\'' && s->n_quotes < s->quotes->n && s->quotes->p[s->n_quotes] + 1 == s->at) {
            s->n_quotes++;
            c = 'a';
        }
        if (c != '\r' || s->at + 1 == s->text.n || s->text.p[s->at + 1] != '\n')
            to[made++] = (unsigned char)c;
    }
    if (made < size && !s->ended) {
        s->ended = true;
        if (s->text.n > 0 && s->text.p[s->text.n - 1] != '\n')
            to[made++] = '\n';
    }
    return made;
}

/* --- characters --- */

/* YAML's printable characters. libyaml checks them too, but only as far as it reads. */
static bool is_allowed(const unsigned char *p, size_t length) {
    switch (length) {
    case 1:
        return p[0] == '\t' || p[0] == '\n' || p[0] == '\r' || (p[0] >= 0x20 && p[0] < 0x7f);
    case 2:
        return p[0] != 0xc2 || p[1] >= 0xa0 || p[1] == 0x85;
    case 3:
        return p[0] != 0xef || p[1] != 0xbf || p[2] < 0xbe;
    default:
        return length == 4;
    }
}

static bool ends_line(struct str s) {
    static const struct str ends[] = {STR_INIT("\n"), STR_INIT("\r"), STR_INIT("\xc2\x85"),
                                      STR_INIT("\xe2\x80\xa8"), STR_INIT("\xe2\x80\xa9")};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (str_ends(s, ends[i]))
            return true;
    return false;
}

/* yaml.c removes a BOM at the start of a document. At the start of another line, or a second time,
 * libyaml skips it, while go-yaml reads it as text. */
static bool is_stray_bom(struct str text, size_t i, size_t start) {
    return utf8_mark_bytes(str_slice(text, i, text.n)) != 0 &&
           (i == start || ends_line(str_slice(text, start, i)));
}

static const char *bad_char(struct str text, size_t i, size_t length, size_t start) {
    const unsigned char *p = (const unsigned char *)text.p + i;
    if (length == 0)
        return "is not UTF-8";
    if (!is_allowed(p, length))
        return "is part of a control character";
    return is_stray_bom(text, i, start) ? "begins a byte order mark inside the text" : NULL;
}

enum ec yaml_source_check(struct str text, const struct yaml_cursor *start, struct err *err) {
    size_t length;
    for (size_t i = start->off; i < text.n; i += length) {
        length = utf8_length((const unsigned char *)text.p + i, text.n - i);
        const char *bad = bad_char(text, i, length, start->off);
        if (bad == NULL)
            continue;
        struct yaml_cursor at = *start;
        yaml_cursor_to_offset(&at, text, i);
        err_set(err, EC_SYNTAX, "byte 0x%02x %s", (unsigned char)text.p[i], bad);
        return yaml_err_at(err, yaml_cursor_location(&at));
    }
    return EC_OK;
}
