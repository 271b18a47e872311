#include "edit/splice_scan.h"

/* Does the byte at i take the next one with it: an escape, or a doubled single quote? */
static bool is_pair(struct str text, size_t i, char quote) {
    if (quote == '"')
        return text.p[i] == '\\';
    return text.p[i] == quote && i + 1 < text.n && text.p[i + 1] == quote;
}

size_t edit_scan_quoted(struct str text, size_t at) {
    char quote = text.p[at];
    for (size_t i = at + 1; i < text.n; i++) {
        if (is_pair(text, i, quote))
            i++;
        else if (text.p[i] == quote)
            return i + 1 - at;
    }
    return 0;
}

size_t edit_scan_null(struct str text, size_t at) {
    static const struct str words[] = {STR_INIT("null"), STR_INIT("Null"), STR_INIT("NULL"),
                                       STR_INIT("~")};
    struct str rest = str_slice(text, at, text.n);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (str_starts(rest, words[i]))
            return words[i].n;
    return 0;
}

static size_t behind_comment(struct str text, size_t at) {
    while (at < text.n && text.p[at] != '\n' && text.p[at] != '\r')
        at++;
    return at;
}

size_t edit_scan_blanks(struct str text, size_t at) {
    while (at < text.n) {
        if (ascii_is_blank(text.p[at]))
            at++;
        else if (text.p[at] == '#')
            at = behind_comment(text, at);
        else
            break;
    }
    return at;
}

/* A quote begins a scalar only where one can begin; within a plain scalar it is a letter. */
static bool begins_scalar(struct str text, size_t at) {
    return at == 0 || ascii_is_blank(text.p[at - 1]) || strchr("[{,:", text.p[at - 1]) != NULL;
}

size_t edit_scan_bracket(struct str text, size_t at) {
    size_t depth = 0;
    while (at < text.n) {
        char c = text.p[at];
        if ((c == '"' || c == '\'') && begins_scalar(text, at)) {
            size_t n = edit_scan_quoted(text, at);
            at += n ? n : text.n - at;
            continue;
        }
        if (c == '#' && at > 0 && ascii_is_blank(text.p[at - 1])) {
            at = behind_comment(text, at);
            continue;
        }
        depth += c == '{' || c == '[';
        if ((c == '}' || c == ']') && --depth == 0)
            return at;
        at++;
    }
    return text.n;
}

static size_t behind_line(struct str text, size_t at) {
    at = behind_comment(text, at);
    at += at < text.n && text.p[at] == '\r';
    return at + (at < text.n && text.p[at] == '\n');
}

size_t edit_scan_block(struct str text, size_t at) {
    size_t end = behind_comment(text, at), indent = 0;
    for (size_t line = behind_line(text, at); line < text.n; line = behind_line(text, line)) {
        size_t first = line;
        while (first < text.n && text.p[first] == ' ')
            first++;
        if (first == text.n || ascii_is_blank(text.p[first]))
            continue;
        if (indent == 0)
            indent = first - line;
        if (indent == 0 || first - line < indent)
            break;
        end = behind_comment(text, first);
    }
    return end;
}

size_t edit_scan_comment(struct str text, size_t *at) {
    size_t i = *at;
    while (i < text.n) {
        char c = text.p[i];
        bool first = i == 0 || ascii_is_blank(text.p[i - 1]);
        if (c == '#' && first) {
            *at = i;
            return behind_comment(text, i) - i;
        }
        size_t n =
            (c == '"' || c == '\'') && begins_scalar(text, i) ? edit_scan_quoted(text, i) : 0;
        i += n ? n : 1;
    }
    return 0;
}

size_t edit_scan_block_line(struct str text, size_t *at, struct str value) {
    size_t line = behind_comment(text, *at);
    while (line < text.n && ascii_is_blank(text.p[line]))
        line++;
    size_t end = behind_comment(text, line);
    struct str found = str_trim(str_slice(text, line, end));
    if (found.n == 0 || !str_eq(found, str_trim(value)))
        return 0;
    *at = line;
    return found.n;
}
