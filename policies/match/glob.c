#include "match/glob.h"

#include "match/match.h"

enum { NO_BARRIER = -1 };

/* `*` is any run of bytes without the barrier. Going back to the last `*` alone is enough: what
 * an earlier one could take more, the last one could take as well; and a barrier in the text
 * pairs with one in the pattern, so that an earlier `*` cannot step over it either. */
static bool match_run(struct str pattern, struct str text, int barrier) {
    size_t p = 0, t = 0, star = SIZE_MAX, mark = 0;
    while (t < text.n) {
        if (p < pattern.n && pattern.p[p] == '*') {
            star = ++p;
            mark = t;
        } else if (p < pattern.n && pattern.p[p] == text.p[t]) {
            p++;
            t++;
        } else if (star != SIZE_MAX && (unsigned char)text.p[mark] != barrier) {
            p = star;
            t = ++mark;
        } else {
            return false;
        }
    }
    while (p < pattern.n && pattern.p[p] == '*')
        p++;
    return p == pattern.n;
}

struct str match_component(struct str s, size_t at) {
    struct str rest = str_slice(s, at, s.n);
    return str_slice(rest, 0, str_find(rest, '/'));
}

bool match_is_any_depth(struct str component) {
    return str_eq(component, STR("**"));
}

/* The same walk as above, over components. A position is where a component begins; behind the
 * last one it is n + 1. */
bool match_glob(struct str pattern, struct str text) {
    size_t p = 0, t = 0, star = SIZE_MAX, mark = 0;
    while (t <= text.n) {
        struct str want = match_component(pattern, p), have = match_component(text, t);
        if (p <= pattern.n && match_is_any_depth(want)) {
            star = p += want.n + 1;
            mark = t;
        } else if (p <= pattern.n && match_run(want, have, ':')) {
            p += want.n + 1;
            t += have.n + 1;
        } else if (star != SIZE_MAX) {
            p = star;
            t = mark += match_component(text, mark).n + 1;
        } else {
            return false;
        }
    }
    while (p <= pattern.n && match_is_any_depth(match_component(pattern, p)))
        p += sizeof("**/") - 1;
    return p > pattern.n;
}

bool match_name(struct str pattern, struct str name) {
    return match_run(pattern, name, NO_BARRIER);
}
