/* filepath.Match of Go on Linux, on the labels of a host. */
#include "credentials/internal.h"

#include "base/utf8.h"

enum { REPLACEMENT = 0xfffd };

enum result { NO, YES, BAD };

static uint32_t take_rune(struct str *s, bool *malformed) {
    size_t length = utf8_length((const unsigned char *)s->p, s->n);
    uint32_t c = length != 0 ? utf8_code((const unsigned char *)s->p, length) : REPLACEMENT;
    *malformed = length == 0;
    *s = str_slice(*s, length != 0 ? length : 1, s->n);
    return c;
}

/* A character of a class, maybe escaped; something has to follow it. */
static bool take_escaped(struct str *chunk, uint32_t *c) {
    bool malformed;
    if (chunk->n == 0 || chunk->p[0] == '-' || chunk->p[0] == ']')
        return false;
    if (chunk->p[0] == '\\')
        *chunk = str_slice(*chunk, 1, chunk->n);
    if (chunk->n == 0)
        return false;
    *c = take_rune(chunk, &malformed);
    return !malformed && chunk->n != 0;
}

static bool take_range(struct str *chunk, uint32_t *low, uint32_t *high) {
    if (!take_escaped(chunk, low))
        return false;
    *high = *low;
    if (chunk->p[0] != '-')
        return true;
    *chunk = str_slice(*chunk, 1, chunk->n);
    return take_escaped(chunk, high);
}

/* A class, behind its bracket. */
static enum result match_class(struct str *chunk, uint32_t c) {
    bool negated = chunk->n != 0 && chunk->p[0] == '^', match = false;
    if (negated)
        *chunk = str_slice(*chunk, 1, chunk->n);
    for (size_t n = 0;; n++) {
        uint32_t low, high;
        if (chunk->n != 0 && chunk->p[0] == ']' && n > 0)
            break;
        if (!take_range(chunk, &low, &high))
            return BAD;
        match = match || (low <= c && c <= high);
    }
    *chunk = str_slice(*chunk, 1, chunk->n);
    return match != negated ? YES : NO;
}

/* The first element of a chunk, and what it matches of s. Where `failed` is set, only the pattern is
 * read. */
static enum result match_element(struct str *chunk, struct str *s, bool failed) {
    char first = chunk->p[0];
    bool ignored;
    *chunk = str_slice(*chunk, 1, chunk->n);
    if (first == '[') {
        uint32_t c = failed ? 0 : take_rune(s, &ignored);
        return match_class(chunk, c);
    }
    if (first == '?') {
        bool separator = !failed && s->p[0] == '/';
        if (!failed)
            (void)take_rune(s, &ignored);
        return separator ? NO : YES;
    }
    if (first == '\\') {
        if (chunk->n == 0)
            return BAD;
        first = chunk->p[0];
        *chunk = str_slice(*chunk, 1, chunk->n);
    }
    bool same = failed || s->p[0] == first;
    if (!failed)
        *s = str_slice(*s, 1, s->n);
    return same ? YES : NO;
}

static enum result match_chunk(struct str chunk, struct str s, struct str *rest) {
    bool failed = false;
    while (chunk.n != 0) {
        failed = failed || s.n == 0;
        enum result result = match_element(&chunk, &s, failed);
        if (result == BAD)
            return BAD;
        failed = failed || result == NO;
    }
    *rest = s;
    return failed ? NO : YES;
}

/* Splits stars and the text up to the next star off the pattern. */
static struct str take_chunk(struct str *pattern, bool *star) {
    bool in_class = false;
    size_t from = 0, at;
    while (from < pattern->n && pattern->p[from] == '*')
        from++;
    *star = from != 0;
    for (at = from; at < pattern->n; at++) {
        char c = pattern->p[at];
        if (c == '\\' && at + 1 < pattern->n)
            at++;
        else if (c == '[' || c == ']')
            in_class = c == '[';
        else if (c == '*' && !in_class)
            break;
    }
    struct str chunk = str_slice(*pattern, from, at);
    *pattern = str_slice(*pattern, at, pattern->n);
    return chunk;
}

/* The first place behind one or more bytes of *name where the chunk matches; *name becomes what is left. */
static enum result match_later(struct str chunk, struct str *name, bool last) {
    for (size_t i = 0; i < name->n && name->p[i] != '/'; i++) {
        struct str rest;
        enum result result = match_chunk(chunk, str_slice(*name, i + 1, name->n), &rest);
        if (result == BAD)
            return BAD;
        if (result == NO || (last && rest.n != 0))
            continue;
        *name = rest;
        return YES;
    }
    return NO;
}

static enum result match(struct str pattern, struct str name) {
    while (pattern.n != 0) {
        bool star;
        struct str rest, chunk = take_chunk(&pattern, &star);
        if (star && chunk.n == 0)
            return str_find(name, '/') == name.n ? YES : NO;
        enum result result = match_chunk(chunk, name, &rest);
        if (result == YES && (rest.n == 0 || pattern.n != 0)) {
            name = rest;
            continue;
        }
        if (result == BAD)
            return BAD;
        result = star ? match_later(chunk, &name, pattern.n == 0) : NO;
        if (result != YES)
            return result;
    }
    return name.n == 0 ? YES : NO;
}

bool credentials_glob(struct str pattern, struct str name) {
    return match(pattern, name) == YES;
}

bool credentials_glob_is_bad(struct str pattern) {
    while (pattern.n != 0) {
        bool star;
        struct str rest, chunk = take_chunk(&pattern, &star);
        if (match_chunk(chunk, STR_NONE, &rest) == BAD)
            return true;
    }
    return false;
}

bool credentials_label_next(struct str host, size_t *at, struct str *label) {
    if (*at > host.n)
        return false;
    struct str rest = str_slice(host, *at, host.n);
    *label = str_slice(rest, 0, str_find(rest, '.'));
    *at += label->n + 1;
    return true;
}

bool credentials_labels_match(struct str glob, struct str host) {
    size_t i = 0, j = 0;
    struct str pattern, label;
    for (;;) {
        bool more = credentials_label_next(glob, &i, &pattern);
        if (more != credentials_label_next(host, &j, &label))
            return false;
        if (!more)
            return true;
        if (!credentials_glob(pattern, label))
            return false;
    }
}
