/* Globs over names: the text is cut at the first place of each piece between two stars, and each
 * piece is looked for from where the last one ended. */
#include "match/match.h"

/* Bytes of a name that are looked at in the time of one step. */
enum { BYTES_A_STEP = 4 };

/* how[i]: length of the longest beginning of the piece that also ends its first i + 1 bytes. */
static void prepare_glob(struct str piece, uint16_t *how) {
    size_t n = 0;
    how[0] = 0;
    for (size_t i = 1; i < piece.n; i++) {
        while (n > 0 && piece.p[i] != piece.p[n])
            n = how[n - 1];
        n += piece.p[i] == piece.p[n];
        how[i] = (uint16_t)n;
    }
}

/* Where the piece first ends in the text, or 0. Source: Knuth, Morris, Pratt, "Fast pattern matching
 * in strings" (1977): no byte of the text is read twice. */
static size_t end_of_first(struct str piece, struct str text) {
    uint16_t how[MATCH_PATTERN_MAX] = {0};
    size_t n = 0;
    prepare_glob(piece, how);
    for (size_t i = 0; i < text.n; i++) {
        while (n > 0 && text.p[i] != piece.p[n])
            n = how[n - 1];
        n += text.p[i] == piece.p[n];
        if (n == piece.n)
            return i + 1;
    }
    return 0;
}

/* The pieces, each after the one before. */
static bool holds_pieces(struct str pieces, struct str text) {
    while (pieces.n != 0) {
        struct str piece = str_slice(pieces, 0, str_find(pieces, '*'));
        pieces = str_slice(pieces, piece.n + 1, pieces.n);
        if (piece.n == 0)
            continue;
        size_t end = end_of_first(piece, text);
        if (end == 0)
            return false;
        text = str_slice(text, end, text.n);
    }
    return true;
}

/* The first byte rules out most names. */
static bool begins_otherwise(struct str pattern, struct str name) {
    return pattern.n != 0 && pattern.p[0] != '*' && (name.n == 0 || name.p[0] != pattern.p[0]);
}

bool match_name(struct str pattern, struct str name, struct match_meter *meter) {
    if (begins_otherwise(pattern, name)) {
        match_charge(meter, 1);
        return false;
    }
    size_t first = str_find(pattern, '*'), last = pattern.n;
    if (!match_charge(meter, 1 + pattern.n / BYTES_A_STEP) || pattern.n > MATCH_PATTERN_MAX)
        return false;
    if (first == pattern.n)
        return str_eq(pattern, name);
    while (pattern.p[last - 1] != '*')
        last--;
    struct str head = str_slice(pattern, 0, first), tail = str_slice(pattern, last, pattern.n);
    if (name.n < head.n + tail.n || !str_starts(name, head) || !str_ends(name, tail))
        return false;
    struct str pieces = str_slice(pattern, first + 1, last);
    struct str between = str_slice(name, head.n, name.n - tail.n);
    return pieces.n == 0 ||
           (match_charge(meter, between.n / BYTES_A_STEP) && holds_pieces(pieces, between));
}
