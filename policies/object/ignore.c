#include "object/ignore.h"

#include "base/mem.h"
#include "base/utf8.h"

void object_ignore_done(struct object_ignore *g) {
    mem_free(g->v);
    arena_done(&g->texts);
    *g = (struct object_ignore){.v = NULL};
}

/* ---- globs --------------------------------------------------------------------------- */

/* `[a-z]`, `[!a-z]`: the bytes it takes in the glob, 0 where no bracket closes it. */
static size_t match_set(struct str glob, char c, bool *hit) {
    bool not = glob.n > 1 && (glob.p[1] == '!' || glob.p[1] == '^');
    size_t i = not ? 2 : 1, first = i;
    *hit = false;
    for (; i < glob.n && (glob.p[i] != ']' || i == first); i++) {
        unsigned char low = (unsigned char)glob.p[i], high = low;
        if (i + 2 < glob.n && glob.p[i + 1] == '-' && glob.p[i + 2] != ']') {
            high = (unsigned char)glob.p[i + 2];
            i += 2;
        }
        *hit |= (unsigned char)c >= low && (unsigned char)c <= high;
    }
    *hit ^= not ;
    return i < glob.n ? i + 1 : 0;
}

/* The bytes of the glob that match this one byte, or 0. */
static size_t match_one(struct str glob, char c) {
    bool hit;
    if (glob.n == 0 || glob.p[0] == '*')
        return 0;
    if (glob.p[0] == '?')
        return 1;
    size_t n = glob.p[0] == '[' ? match_set(glob, c, &hit) : 0;
    if (n != 0)
        return hit ? n : 0;
    if (glob.p[0] == '\\' && glob.n > 1)
        return glob.p[1] == c ? 2 : 0;
    return glob.p[0] == c ? 1 : 0;
}

/* Going back to the last `*` alone is enough: it could take what an earlier one takes more. */
static bool match_name(struct str glob, struct str name) {
    size_t g = 0, t = 0, star = SIZE_MAX, mark = 0;
    while (t < name.n) {
        size_t n = match_one(str_slice(glob, g, glob.n), name.p[t]);
        if (n != 0) {
            g += n;
            t++;
        } else if (g < glob.n && glob.p[g] == '*') {
            star = ++g;
            mark = t;
        } else if (star != SIZE_MAX) {
            g = star;
            t = ++mark;
        } else {
            return false;
        }
    }
    while (g < glob.n && glob.p[g] == '*')
        g++;
    return g == glob.n;
}

static struct str part(struct str s, size_t at) {
    struct str rest = str_slice(s, at, s.n);
    return str_slice(rest, 0, str_find(rest, '/'));
}

/* The same walk over the parts between slashes; after the last one a position is n + 1. `**` at the
 * end matches what is in a folder, not the folder. */
bool object_ignore_glob(struct str glob, struct str path) {
    size_t g = 0, t = 0, star = SIZE_MAX, mark = 0;
    while (t <= path.n) {
        struct str want = part(glob, g), have = part(path, t);
        if (g <= glob.n && str_eq(want, STR("**"))) {
            star = g += want.n + 1;
            mark = t;
            if (g > glob.n)
                return true;
        } else if (g <= glob.n && match_name(want, have)) {
            g += want.n + 1;
            t += have.n + 1;
        } else if (star != SIZE_MAX) {
            g = star;
            t = mark += part(path, mark).n + 1;
        } else {
            return false;
        }
    }
    return g > glob.n;
}

/* ---- rules --------------------------------------------------------------------------- */

static enum ec push_rule(struct object_ignore *g, struct object_ignore_rule rule,
                         struct err *err) {
    if (g->n == g->cap) {
        size_t cap = g->cap ? 2 * g->cap : 16;
        struct object_ignore_rule *more = mem_realloc(g->v, mem_array_bytes(cap, sizeof *more));
        if (more == NULL)
            return err_set(err, EC_NOMEM, "out of memory");
        g->v = more;
        g->cap = cap;
    }
    g->v[g->n++] = rule;
    return EC_OK;
}

enum ec object_ignore_add(struct object_ignore *g, struct str glob, size_t base,
                          struct err *err) {
    struct object_ignore_rule rule = {.base = base};
    while (str_starts(glob, STR("./")))
        glob = str_slice(glob, 2, glob.n);
    rule.folders = str_ends(glob, STR("/"));
    while (str_ends(glob, STR("/")))
        glob = str_slice(glob, 0, glob.n - 1);
    rule.anywhere = str_find(glob, '/') == glob.n;
    while (str_starts(glob, STR("/")))
        glob = str_slice(glob, 1, glob.n);
    rule.glob = glob;
    return glob.n != 0 ? push_rule(g, rule, err) : EC_OK;
}

/* Blanks at the end do not count, unless a backslash is in front. */
static struct str without_blanks(struct str line) {
    while (line.n != 0 &&
           (line.p[line.n - 1] == ' ' || line.p[line.n - 1] == '\t' ||
            line.p[line.n - 1] == '\r') &&
           !(line.n > 1 && line.p[line.n - 2] == '\\'))
        line.n--;
    return line;
}

static enum ec add_line(struct object_ignore *g, struct str line, size_t base,
                        struct err *err) {
    size_t before = g->n;
    struct str kept;
    line = without_blanks(line);
    if (line.n == 0 || line.p[0] == '#')
        return EC_OK;
    bool back = line.p[0] == '!';
    if (!arena_str(&g->texts, str_slice(line, back, line.n), &kept))
        return arena_fail(&g->texts, err);
    if (object_ignore_add(g, kept, base, err) == EC_OK && g->n != before)
        g->v[before].back = back;
    return err->code;
}

enum ec object_ignore_add_lines(struct object_ignore *g, struct str text, size_t base,
                                struct err *err) {
    text = str_slice(text, utf8_mark_bytes(text), text.n);
    while (text.n != 0) {
        size_t n = str_find(text, '\n');
        if (add_line(g, str_slice(text, 0, n), base, err) != EC_OK)
            return err->code;
        text = str_slice(text, n + 1, text.n);
    }
    return EC_OK;
}

void object_ignore_cut(struct object_ignore *g, size_t n) {
    g->n = n;
}

static bool matches(const struct object_ignore_rule *rule, struct str path, bool is_folder) {
    if (rule->folders && !is_folder)
        return false;
    path = str_slice(path, rule->base, path.n);
    if (!rule->anywhere)
        return object_ignore_glob(rule->glob, path);
    while (str_find(path, '/') != path.n)
        path = str_slice(path, str_find(path, '/') + 1, path.n);
    return match_name(rule->glob, path);
}

int object_ignore_says(const struct object_ignore *g, struct str path, bool is_folder) {
    for (size_t i = g->n; i-- > 0;)
        if (matches(&g->v[i], path, is_folder))
            return g->v[i].back ? -1 : 1;
    return 0;
}
