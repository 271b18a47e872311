/* base64 as encoding/base64 of Go decodes it: CR and LF are skipped everywhere, bits that are left over
 * may have any value. */
#include "credentials/internal.h"

enum { NO_VALUE = 64 };

static unsigned value_of(char c, enum credentials_alphabet alphabet) {
    bool url = alphabet == CREDENTIALS_RAW_URL;
    if (c >= 'A' && c <= 'Z')
        return (unsigned)(c - 'A');
    if (c >= 'a' && c <= 'z')
        return (unsigned)(c - 'a') + 26;
    if (ascii_is_digit(c))
        return (unsigned)(c - '0') + 52;
    if (c == (url ? '-' : '+'))
        return 62;
    return c == (url ? '_' : '/') ? 63 : NO_VALUE;
}

static bool is_line_end(char c) {
    return c == '\n' || c == '\r';
}

static size_t behind_line_ends(struct str s, size_t at) {
    while (at < s.n && is_line_end(s.p[at]))
        at++;
    return at;
}

/* The padding that starts with the `=` at `at`, after `have` digits: it is complete, and ends the text. */
static bool padding_ends(struct str s, size_t *at, unsigned have) {
    if (have < 2)
        return false;
    if (have == 2) {
        *at = behind_line_ends(s, *at + 1);
        if (*at >= s.n || s.p[*at] != '=')
            return false;
    }
    *at = behind_line_ends(s, *at + 1);
    return *at == s.n;
}

static void put_bytes(char *out, size_t *n, uint32_t bits, unsigned digits) {
    bits <<= 6 * (4 - digits);
    for (unsigned i = 0; i + 1 < digits; i++)
        out[(*n)++] = (char)(bits >> (16 - 8 * i) & 0xff);
}

bool credentials_unbase64(char *out, size_t *n_out, struct str text,
                          enum credentials_alphabet alphabet, size_t *position) {
    uint32_t bits = 0;
    unsigned have = 0;
    size_t at = 0;
    bool padded = alphabet == CREDENTIALS_STD, ended = false;
    *n_out = 0;
    for (; at < text.n && !ended; at++) {
        unsigned value = value_of(text.p[at], alphabet);
        if (value == NO_VALUE && is_line_end(text.p[at]))
            continue;
        if (value == NO_VALUE) {
            ended = padded && text.p[at] == '=' && padding_ends(text, &at, have);
            if (!ended)
                break;
            continue;
        }
        bits = bits << 6 | value;
        if (++have < 4)
            continue;
        put_bytes(out, n_out, bits, 4);
        have = 0;
        bits = 0;
    }
    *position = at < text.n ? at : text.n;
    if (at < text.n || have == 1 || (have != 0 && padded && !ended))
        return false;
    put_bytes(out, n_out, bits, have);
    return true;
}

bool credentials_base64(char *out, size_t *n_out, struct str text, size_t *position) {
    return credentials_unbase64(out, n_out, text, CREDENTIALS_STD, position);
}
