/* JSON as encoding/json of Go reads it: scanner.go, decode.go (unquoteBytes), fold.go.
 * A text is checked as a whole first, as there; what reads it afterwards needs no checks of its own. */
#include "credentials/internal.h"

#include "base/utf8.h"

enum { DEPTH_MAX = 10000, REPLACEMENT = 0xfffd };

struct scan {
    struct str s;
    size_t at;
    size_t depth;
    uint8_t objects[DEPTH_MAX / 8 + 1]; /* a bit per level: an object, else an array */
    const char *why;
};

static int peek(const struct scan *c) {
    return c->at < c->s.n ? (unsigned char)c->s.p[c->at] : -1;
}

static bool is_blank(int c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_digit(int c) {
    return c >= '0' && c <= '9';
}

static void skip_blanks(struct scan *c) {
    while (is_blank(peek(c)))
        c->at++;
}

static bool fail(struct scan *c, const char *why) {
    c->why = c->at < c->s.n ? why : "the text ends too early";
    return false;
}

static int hex_value(int c) {
    if (is_digit(c))
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool scan_escape(struct scan *c) {
    int kind = peek(c);
    if (kind < 0 || strchr("\"\\/bfnrtu", kind) == NULL || kind == 0)
        return fail(c, "an escape that JSON does not have");
    c->at++;
    for (int i = 0; kind == 'u' && i < 4; i++, c->at++)
        if (hex_value(peek(c)) < 0)
            return fail(c, "\\u without four hexadecimal digits");
    return true;
}

static bool scan_string(struct scan *c) { /* behind its opening quote */
    for (;;) {
        int byte = peek(c);
        if (byte < 0x20)
            return fail(c, "a control character in a string");
        c->at++;
        if (byte == '"')
            return true;
        if (byte == '\\' && !scan_escape(c))
            return false;
    }
}

static bool scan_digits(struct scan *c) {
    if (!is_digit(peek(c)))
        return fail(c, "a digit was expected");
    while (is_digit(peek(c)))
        c->at++;
    return true;
}

static bool scan_number(struct scan *c) {
    if (peek(c) == '-')
        c->at++;
    if (peek(c) == '0')
        c->at++;
    else if (!scan_digits(c))
        return false;
    if (peek(c) == '.') {
        c->at++;
        if (!scan_digits(c))
            return false;
    }
    if (peek(c) != 'e' && peek(c) != 'E')
        return true;
    c->at++;
    if (peek(c) == '+' || peek(c) == '-')
        c->at++;
    return scan_digits(c);
}

static bool scan_word(struct scan *c, const char *word) {
    for (; *word != '\0'; word++, c->at++)
        if (peek(c) != *word)
            return fail(c, "no value of JSON starts like this");
    return true;
}

static bool scan_scalar(struct scan *c) {
    switch (peek(c)) {
    case '"':
        c->at++;
        return scan_string(c);
    case 't':
        return scan_word(c, "true");
    case 'f':
        return scan_word(c, "false");
    case 'n':
        return scan_word(c, "null");
    case '-':
        return scan_number(c);
    default:
        return is_digit(peek(c)) ? scan_number(c) : fail(c, "a value was expected");
    }
}

static bool scan_key(struct scan *c) {
    skip_blanks(c);
    if (peek(c) != '"')
        return fail(c, "a key in double quotes was expected");
    c->at++;
    if (!scan_string(c))
        return false;
    skip_blanks(c);
    if (peek(c) != ':')
        return fail(c, "a colon was expected after a key");
    c->at++;
    return true;
}

static bool in_object(const struct scan *c) {
    size_t top = c->depth - 1;
    return (c->objects[top / 8] >> top % 8 & 1) != 0;
}

static bool push(struct scan *c) {
    bool object = peek(c) == '{';
    if (c->depth == DEPTH_MAX)
        return fail(c, "more than 10000 levels");
    uint8_t bit = (uint8_t)(1u << c->depth % 8);
    uint8_t *byte = &c->objects[c->depth / 8];
    *byte = (uint8_t)(object ? *byte | bit : *byte & ~bit);
    c->depth++;
    c->at++;
    skip_blanks(c);
    return true;
}

static bool is_close(const struct scan *c) {
    return c->depth != 0 && peek(c) == (in_object(c) ? '}' : ']');
}

static void pop(struct scan *c) {
    c->depth--;
    c->at++;
}

/* After a value: closes what ends here, and moves to the next value of what stays open. */
static bool after_value(struct scan *c) {
    for (skip_blanks(c); is_close(c); skip_blanks(c))
        pop(c);
    if (c->depth == 0)
        return true;
    if (peek(c) != ',')
        return fail(c,
                    in_object(c) ? "a comma or } was expected" : "a comma or ] was expected");
    c->at++;
    return !in_object(c) || scan_key(c);
}

static bool scan_value(struct scan *c) {
    skip_blanks(c);
    if (peek(c) != '{' && peek(c) != '[')
        return scan_scalar(c) && after_value(c);
    if (!push(c))
        return false;
    if (is_close(c))
        return after_value(c);
    return !in_object(c) || scan_key(c);
}

bool credentials_json_check(struct str text, size_t *position, const char **why) {
    struct scan c = {.s = text};
    bool ok;
    do
        ok = scan_value(&c);
    while (ok && c.depth != 0);
    if (ok && c.at < text.n)
        ok = fail(&c, "more text after the value");
    *position = c.at;
    *why = c.why;
    return ok;
}

/* ---- a text that was checked --------------------------------------------------------- */

static size_t behind_blanks(struct str s, size_t at) {
    while (at < s.n && is_blank(s.p[at]))
        at++;
    return at;
}

static size_t behind_string(struct str s, size_t at) { /* from its opening quote */
    for (at++; at < s.n && s.p[at] != '"'; at++)
        at += s.p[at] == '\\';
    return at + 1;
}

static size_t behind_value(struct str s, size_t at) {
    size_t depth = 0;
    do {
        char c = s.p[at];
        depth += c == '{' || c == '[';
        depth -= c == '}' || c == ']';
        at = c == '"' ? behind_string(s, at) : at + 1;
        /* a number or a word ends where another byte of the grammar starts */
        if (depth == 0 && (at >= s.n || strchr(",}] \t\r\n\"", s.p[at]) != NULL || c == '"'))
            break;
    } while (at < s.n);
    return at;
}

bool credentials_json_next(struct str object, size_t *at, struct credentials_member *out) {
    size_t key = behind_blanks(object, *at == 0 ? 1 : *at);
    if (key < object.n && object.p[key] == ',')
        key = behind_blanks(object, key + 1);
    if (key >= object.n || object.p[key] != '"')
        return false;
    size_t end = behind_string(object, key);
    size_t value = behind_blanks(object, behind_blanks(object, end) + 1);
    *at = behind_value(object, value);
    out->key = str_slice(object, key + 1, end - 1);
    out->value = str_slice(object, value, *at);
    return true;
}

static uint32_t four_digits(struct str s, size_t at) {
    uint32_t code = 0;
    for (size_t i = at; i < at + 4; i++)
        code = code << 4 | (uint32_t)hex_value(s.p[i]);
    return code;
}

/* The code point of \uXXXX at *at, with a second \uXXXX where both are one character. */
static uint32_t read_unicode(struct str s, size_t *at) {
    uint32_t code = four_digits(s, *at + 2);
    *at += 6;
    if (code < 0xd800 || code > 0xdfff)
        return code;
    bool second = *at + 6 <= s.n && s.p[*at] == '\\' && s.p[*at + 1] == 'u';
    uint32_t low = second ? four_digits(s, *at + 2) : 0;
    if (code > 0xdbff || low < 0xdc00 || low > 0xdfff)
        return REPLACEMENT;
    *at += 6;
    return 0x10000 + ((code - 0xd800) << 10 | (low - 0xdc00));
}

static uint32_t read_escape(struct str s, size_t *at) {
    static const char kinds[] = "bfnrt", codes[] = "\b\f\n\r\t";
    char kind = s.p[*at + 1];
    if (kind == 'u')
        return read_unicode(s, at);
    const char *found = strchr(kinds, kind);
    *at += 2;
    return (unsigned char)(found != NULL ? codes[found - kinds] : kind);
}

/* The next character of a string; a byte that is not UTF-8 is one by itself. */
static uint32_t read_character(struct str s, size_t *at) {
    const unsigned char *p = (const unsigned char *)s.p + *at;
    if (*p == '\\')
        return read_escape(s, at);
    size_t length = utf8_length(p, s.n - *at);
    *at += length != 0 ? length : 1;
    return length != 0 ? utf8_code(p, length) : REPLACEMENT;
}

static size_t unescape(char *out, struct str raw) { /* out NULL: only the length */
    size_t n = 0;
    char room[4];
    for (size_t at = 0; at < raw.n;)
        n += utf8_put(out != NULL ? out + n : room, read_character(raw, &at));
    return n;
}

bool credentials_json_text(struct credentials_block **list, struct str raw, struct str *out) {
    /* utf8_put may write 4 bytes at once, and never more than it counts */
    size_t n = unescape(NULL, raw);
    char *text = credentials_alloc(list, n);
    if (text == NULL)
        return false;
    *out = (struct str){text, unescape(text, raw)};
    return true;
}

/* The smallest character of those that differ by case alone, for the letters of our fields. */
static uint32_t fold(uint32_t c) {
    if (c == 0x17f) /* long s */
        return 'S';
    if (c == 0x212a) /* kelvin */
        return 'K';
    return c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c;
}

bool credentials_json_names(struct str raw, const char *field) {
    size_t at = 0;
    for (; *field != '\0' && at < raw.n; field++)
        if (fold(read_character(raw, &at)) != fold((unsigned char)*field))
            return false;
    return *field == '\0' && at == raw.n;
}

const char *credentials_json_type(struct str value) {
    switch (value.n != 0 ? value.p[0] : 0) {
    case '{':
        return "an object";
    case '[':
        return "an array";
    case '"':
        return "a string";
    case 'n':
        return "null";
    case 't':
    case 'f':
        return "a boolean";
    default:
        return "a number";
    }
}
