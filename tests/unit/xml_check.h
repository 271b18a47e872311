/* xml_check - is a text well-formed XML 1.0, as far as writers of reports use it?
 * Shape      a declaration, one root element, elements with attributes in double quotes, text, references
 *            to characters and to the five entities; no DTD, comments, sections or instructions
 * Source     XML 1.0, sections 2.1, 2.2, 3.1 and 4.1                                        */
#ifndef PULLGATE_TESTS_XML_CHECK_H
#define PULLGATE_TESTS_XML_CHECK_H

#include "base/str.h"

enum { XML_DEPTH_MAX = 32 };

struct xml_cursor {
    const char *p, *end;
    struct str open[XML_DEPTH_MAX];
    size_t depth, n_roots;
};

static inline bool xml_skip(struct xml_cursor *c, const char *word) {
    size_t n = strlen(word);
    if ((size_t)(c->end - c->p) < n || memcmp(c->p, word, n) != 0)
        return false;
    c->p += n;
    return true;
}

static inline bool xml_is_char(uint32_t c) {
    return c == '\t' || c == '\n' || c == '\r' || (c >= 0x20 && c <= 0xd7ff) ||
           (c >= 0xe000 && c <= 0xfffd) || (c >= 0x10000 && c <= 0x10ffff);
}

/* One character of UTF-8; 0 when it is none. */
static inline uint32_t xml_decode(struct xml_cursor *c) {
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char first = (unsigned char)*c->p;
    size_t n = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    uint32_t value = first & (n == 1 ? 0x7f : 0x7f >> n);
    if ((first >= 0x80 && first < 0xc0) || first >= 0xf8 || (size_t)(c->end - c->p) < n)
        return 0;
    for (size_t i = 1; i < n; i++) {
        if (((unsigned char)c->p[i] & 0xc0) != 0x80)
            return 0;
        value = value << 6 | ((unsigned char)c->p[i] & 0x3f);
    }
    c->p += n;
    return value >= least[n] ? value : 0;
}

static inline bool xml_number(struct xml_cursor *c, unsigned base) {
    static const char digits[] = "0123456789abcdef";
    uint32_t value = 0;
    const char *start = c->p;
    for (; c->p < c->end && *c->p != ';'; c->p++) {
        char lower = *c->p >= 'A' && *c->p <= 'F' ? (char)(*c->p | 0x20) : *c->p;
        const char *digit = lower ? strchr(digits, lower) : NULL;
        if (digit == NULL || (unsigned)(digit - digits) >= base || value > 0x10ffff)
            return false;
        value = value * base + (uint32_t)(digit - digits);
    }
    return c->p != start && xml_skip(c, ";") && xml_is_char(value);
}

static inline bool xml_reference(struct xml_cursor *c) {
    static const char *const names[] = {"amp;", "lt;", "gt;", "quot;", "apos;"};
    if (xml_skip(c, "#x"))
        return xml_number(c, 16);
    if (xml_skip(c, "#"))
        return xml_number(c, 10);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (xml_skip(c, names[i]))
            return true;
    return false;
}

/* Text up to `stop`, which is left. */
static inline bool xml_text(struct xml_cursor *c, char stop) {
    while (c->p < c->end && *c->p != stop) {
        bool good =
            xml_skip(c, "&") ? xml_reference(c) : *c->p != '<' && xml_is_char(xml_decode(c));
        if (!good)
            return false;
    }
    return true;
}

static inline struct str xml_name(struct xml_cursor *c) {
    const char *start = c->p;
    while (c->p < c->end && ((*c->p >= 'a' && *c->p <= 'z') || *c->p == '-'))
        c->p++;
    return (struct str){start, (size_t)(c->p - start)};
}

static inline bool xml_start(struct xml_cursor *c) {
    struct str name = xml_name(c);
    if (name.n == 0 || c->depth == XML_DEPTH_MAX || (c->depth == 0 && c->n_roots++ != 0))
        return false;
    while (xml_skip(c, " "))
        if (xml_name(c).n == 0 || !xml_skip(c, "=\"") || !xml_text(c, '"') ||
            !xml_skip(c, "\""))
            return false;
    if (xml_skip(c, "/>"))
        return true;
    c->open[c->depth++] = name;
    return xml_skip(c, ">");
}

static inline bool xml_end(struct xml_cursor *c) {
    struct str name = xml_name(c);
    return c->depth != 0 && str_eq(c->open[--c->depth], name) && xml_skip(c, ">");
}

static inline bool xml_is_well_formed(struct str text) {
    struct xml_cursor c = {.p = text.p, .end = text.p + text.n};
    if (!xml_skip(&c, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"))
        return false;
    while (c.p < c.end) {
        const char *before = c.p;
        if (!xml_text(&c, '<') ||
            (c.depth == 0 && str_trim((struct str){before, (size_t)(c.p - before)}).n != 0))
            return false;
        if (xml_skip(&c, "</") ? !xml_end(&c) : xml_skip(&c, "<") && !xml_start(&c))
            return false;
    }
    return c.depth == 0 && c.n_roots == 1;
}

#endif
