#include "base/str.h"

int str_cmp(struct str a, struct str b) {
    size_t n = a.n < b.n ? a.n : b.n;
    int order = n ? memcmp(a.p, b.p, n) : 0;
    if (order != 0)
        return order;
    return a.n < b.n ? -1 : a.n > b.n;
}

uint32_t str_hash(struct str s, uint64_t seed) {
    uint64_t h = s.n * UINT64_C(0x9e3779b97f4a7c15) + seed;
    for (; s.n >= 8; s = str_slice(s, 8, s.n)) {
        uint64_t v;
        memcpy(&v, s.p, sizeof v);
        h = (h ^ v) * UINT64_C(0xc2b2ae3d27d4eb4f);
        h ^= h >> 32;
    }
    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (unsigned char)s.p[i]) * UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)(h >> 32);
}

struct str str_trim(struct str s) {
    while (s.n && ascii_is_blank(s.p[s.n - 1]))
        s.n--;
    while (s.n && ascii_is_blank(*s.p)) {
        s.p++;
        s.n--;
    }
    return s;
}

bool str_eq_nocase(struct str a, struct str b) {
    if (a.n != b.n)
        return false;
    if (a.n == 0 || memcmp(a.p, b.p, a.n) == 0) /* the usual case, and faster */
        return true;
    for (size_t i = 0; i < a.n; i++)
        if (ascii_lower(a.p[i]) != ascii_lower(b.p[i]))
            return false;
    return true;
}

bool str_to_uint(struct str s, uint64_t max, uint64_t *out) {
    uint64_t v = 0;
    if (s.n == 0)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (!ascii_is_digit(s.p[i]))
            return false;
        uint64_t digit = (uint64_t)(s.p[i] - '0');
        if (v > (UINT64_MAX - digit) / 10)
            return false;
        v = v * 10 + digit;
    }
    if (v > max)
        return false;
    *out = v;
    return true;
}

enum { NEAREST_MAX = 64 }; /* longer words are never called misspelt */

static size_t min3(size_t a, size_t b, size_t c) {
    size_t m = a < b ? a : b;
    return m < c ? m : c;
}

static bool same_letter(char a, char b) {
    return ascii_lower(a) == ascii_lower(b);
}

/* Levenshtein's distance with swapped neighbours as one edit (optimal string alignment), with three
 * rows; ASCII case is ignored. */
static size_t distance(struct str a, struct str b) {
    size_t rows[3][NEAREST_MAX + 1];
    for (size_t j = 0; j <= b.n; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a.n; i++) {
        size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *second = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b.n; j++) {
            size_t cost = same_letter(a.p[i - 1], b.p[j - 1]) ? 0 : 1;
            row[j] = min3(above[j] + 1, row[j - 1] + 1, above[j - 1] + cost);
            if (i > 1 && j > 1 && same_letter(a.p[i - 1], b.p[j - 2]) &&
                same_letter(a.p[i - 2], b.p[j - 1]) && second[j - 2] + 1 < row[j])
                row[j] = second[j - 2] + 1;
        }
    }
    return rows[a.n % 3][b.n];
}

int str_nearest(struct str s, const char *const candidates[], size_t n_candidates) {
    int best = -1;
    size_t best_distance = 0;
    if (s.n == 0 || s.n > NEAREST_MAX)
        return -1;
    for (size_t i = 0; i < n_candidates; i++) {
        struct str c = str_of(candidates[i]);
        if (c.n > NEAREST_MAX)
            continue;
        size_t d = distance(s, c);
        size_t allowed = c.n / 3 > 0 ? c.n / 3 : 1;
        if (d > allowed || (best >= 0 && d >= best_distance))
            continue;
        best = (int)i;
        best_distance = d;
    }
    return best;
}
