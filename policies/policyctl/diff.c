/* Unified diffs of short texts: common lines at both ends are cut off, the middle is compared
 * by the classic table of longest common subsequences, bounded; beyond the bound it is shown as
 * replaced. */
#include "policyctl/print.h"

#include "base/mem.h"

enum { CONTEXT = 3, TABLE_MAX = 4096 };

struct lines {
    struct str *v;
    size_t n;
};

static bool split(struct lines *out, struct str text) {
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++)
        n += text.p[i] == '\n';
    n += text.n != 0 && text.p[text.n - 1] != '\n';
    out->n = 0;
    out->v = mem_alloc(mem_array_bytes(n + 1, sizeof *out->v));
    if (out->v == NULL)
        return false;
    while (text.n != 0) {
        size_t end = str_find(text, '\n');
        out->v[out->n++] = str_slice(text, 0, end);
        text = str_slice(text, end + 1, text.n);
    }
    return true;
}

enum mark { KEPT = ' ', GONE = '-', CAME = '+' };

struct script { /* one line each: what happened to it */
    char *marks;
    struct str *lines;
    size_t n;
};

static void put(struct script *s, enum mark mark, struct str line) {
    s->marks[s->n] = (char)mark;
    s->lines[s->n++] = line;
}

static void replace_all(struct script *s, struct lines a, struct lines b) {
    for (size_t i = 0; i < a.n; i++)
        put(s, GONE, a.v[i]);
    for (size_t i = 0; i < b.n; i++)
        put(s, CAME, b.v[i]);
}

/* lcs[i][j]: common lines of a[i..] and b[j..]. */
static bool compare(struct script *s, struct lines a, struct lines b) {
    if (a.n * b.n > (size_t)TABLE_MAX * TABLE_MAX || a.n == 0 || b.n == 0) {
        replace_all(s, a, b);
        return true;
    }
    size_t width = b.n + 1, i = 0, j = 0;
    uint32_t *lcs = mem_zalloc(mem_array_bytes((a.n + 1) * width, sizeof *lcs));
    if (lcs == NULL)
        return false;
    for (size_t x = a.n; x-- > 0;)
        for (size_t y = b.n; y-- > 0;) {
            uint32_t down = lcs[(x + 1) * width + y], right = lcs[x * width + y + 1];
            lcs[x * width + y] = str_eq(a.v[x], b.v[y]) ? lcs[(x + 1) * width + y + 1] + 1
                                 : down > right         ? down
                                                        : right;
        }
    while (i < a.n || j < b.n) {
        if (i < a.n && j < b.n && str_eq(a.v[i], b.v[j])) {
            put(s, KEPT, a.v[i++]);
            j++;
        } else if (j == b.n ||
                   (i < a.n && lcs[(i + 1) * width + j] >= lcs[i * width + j + 1])) {
            put(s, GONE, a.v[i++]);
        } else {
            put(s, CAME, b.v[j++]);
        }
    }
    mem_free(lcs);
    return true;
}

static bool make_script(struct script *s, struct lines a, struct lines b) {
    size_t head = 0, tail = 0;
    while (head < a.n && head < b.n && str_eq(a.v[head], b.v[head]))
        head++;
    while (tail < a.n - head && tail < b.n - head &&
           str_eq(a.v[a.n - 1 - tail], b.v[b.n - 1 - tail]))
        tail++;
    for (size_t i = 0; i < head; i++)
        put(s, KEPT, a.v[i]);
    if (!compare(s, (struct lines){a.v + head, a.n - head - tail},
                 (struct lines){b.v + head, b.n - head - tail}))
        return false;
    for (size_t i = a.n - tail; i < a.n; i++)
        put(s, KEPT, a.v[i]);
    return true;
}

/* First line that changes at or behind `from`, or n. */
static size_t next_change(const struct script *s, size_t from) {
    while (from < s->n && s->marks[from] == KEPT)
        from++;
    return from;
}

/* Where the hunk ends that begins with the change at `at`: changes nearer than two contexts
 * share it. */
static size_t hunk_end(const struct script *s, size_t at) {
    size_t end = at;
    while (at < s->n && at <= end + (size_t)2 * CONTEXT) {
        end = at + 1;
        at = next_change(s, at + 1);
    }
    return end + CONTEXT < s->n ? end + CONTEXT : s->n;
}

static void put_hunk(struct buf *out, const struct script *s, size_t from, size_t to,
                     size_t line_a, size_t line_b) {
    size_t n_a = 0, n_b = 0;
    for (size_t i = from; i < to; i++) {
        n_a += s->marks[i] != CAME;
        n_b += s->marks[i] != GONE;
    }
    buf_printf(out, "@@ -%zu,%zu +%zu,%zu @@\n", n_a ? line_a + 1 : line_a, n_a,
               n_b ? line_b + 1 : line_b, n_b);
    for (size_t i = from; i < to; i++) {
        buf_putc(out, s->marks[i]);
        buf_str(out, s->lines[i]);
        buf_putc(out, '\n');
    }
}

static void put_hunks(struct buf *out, const struct script *s) {
    size_t at = next_change(s, 0), done = 0, line_a = 0, line_b = 0;
    while (at < s->n) {
        size_t from = at - done > CONTEXT ? at - CONTEXT : done;
        size_t to = hunk_end(s, at);
        for (size_t i = done; i < to; i++) {
            if (i == from)
                put_hunk(out, s, from, to, line_a, line_b);
            line_a += s->marks[i] != CAME;
            line_b += s->marks[i] != GONE;
        }
        done = to;
        at = next_change(s, to);
    }
}

enum ec print_unified(struct buf *out, const char *name_before, const char *name_after,
                      struct str before, struct str after, struct err *err) {
    struct lines a = {.v = NULL}, b = {.v = NULL};
    struct script s = {.n = 0};
    if (str_eq(before, after))
        return EC_OK;
    bool ok = split(&a, before) && split(&b, after);
    if (ok) {
        s.marks = mem_alloc(a.n + b.n + 1);
        s.lines = mem_alloc(mem_array_bytes(a.n + b.n + 1, sizeof *s.lines));
        ok = s.marks != NULL && s.lines != NULL && make_script(&s, a, b);
    }
    if (ok) {
        buf_printf(out, "--- %s\n+++ %s\n", name_before, name_after);
        put_hunks(out, &s);
    }
    mem_free(a.v);
    mem_free(b.v);
    mem_free(s.marks);
    mem_free(s.lines);
    return ok ? EC_OK : err_set(err, EC_NOMEM, "out of memory");
}
