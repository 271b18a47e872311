/* Unified diffs of texts in lines. Equal lines are walked over; where the texts differ, a window of both
 * is compared by the classic table of longest common subsequences, of which the first part is kept, and
 * the walk goes on. So the cost grows with the lines alone; a shift by more than a window is shown as
 * replaced. */
#include "report/objects.h"

#include "base/mem.h"

enum { CONTEXT = 3, WINDOW = 64, KEPT_OF_WINDOW = WINDOW / 2 };

struct line { /* of a text below 4 GiB */
    uint32_t at, n;
};

struct lines {
    const char *text;
    struct line *v;
    size_t n;
};

static struct str line_at(const struct lines *l, size_t i) {
    return (struct str){l->text + l->v[i].at, l->v[i].n};
}

static bool same_line(const struct lines *a, size_t i, const struct lines *b, size_t k) {
    return str_eq(line_at(a, i), line_at(b, k));
}

static bool split(struct lines *out, struct str text) {
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++)
        n += text.p[i] == '\n';
    n += text.n != 0 && text.p[text.n - 1] != '\n';
    *out = (struct lines){.text = text.p};
    out->v = mem_alloc(mem_array_bytes(n + 1, sizeof *out->v));
    if (out->v == NULL)
        return false;
    for (size_t at = 0; at < text.n;) {
        size_t length = str_find(str_slice(text, at, text.n), '\n');
        out->v[out->n++] = (struct line){(uint32_t)at, (uint32_t)length};
        at += length + 1;
    }
    return true;
}

/* ---- marks of lines ------------------------------------------------------------------ */

enum mark { KEPT = ' ', GONE = '-', CAME = '+' };

struct script {
    struct lines a, b;
    char *marks; /* one for each line that is kept, gone or came, in order */
    size_t n;
    size_t i, k;                          /* lines of a and b that have theirs */
    uint16_t lcs[WINDOW + 1][WINDOW + 1]; /* common lines of the window behind i, k */
};

/* Without its table, which is filled before it is read. */
static struct script *script_new(void) {
    struct script *s = mem_alloc(sizeof *s);
    if (s == NULL)
        return NULL;
    s->a = s->b = (struct lines){.v = NULL};
    s->marks = NULL;
    s->n = s->i = s->k = 0;
    return s;
}

static void put(struct script *s, enum mark mark) {
    s->marks[s->n++] = (char)mark;
    s->i += mark != CAME;
    s->k += mark != GONE;
}

static size_t window_of(const struct lines *l, size_t from) {
    return l->n - from < WINDOW ? l->n - from : WINDOW;
}

static void fill(struct script *s, size_t n_a, size_t n_b) {
    for (size_t x = 0; x <= n_a; x++)
        s->lcs[x][n_b] = 0;
    for (size_t y = 0; y <= n_b; y++)
        s->lcs[n_a][y] = 0;
    for (size_t x = n_a; x-- > 0;)
        for (size_t y = n_b; y-- > 0;) {
            uint16_t down = s->lcs[x + 1][y], right = s->lcs[x][y + 1];
            s->lcs[x][y] = same_line(&s->a, s->i + x, &s->b, s->k + y)
                               ? (uint16_t)(s->lcs[x + 1][y + 1] + 1)
                           : down > right ? down
                                          : right;
        }
}

/* The window behind i, k: all of it when it reaches both ends, else its first part. */
static void compare_window(struct script *s) {
    size_t n_a = window_of(&s->a, s->i), n_b = window_of(&s->b, s->k), x = 0, y = 0;
    bool is_last = s->i + n_a == s->a.n && s->k + n_b == s->b.n;
    size_t stop = is_last ? WINDOW : KEPT_OF_WINDOW;
    const size_t i = s->i, k = s->k;
    fill(s, n_a, n_b);
    while ((x < n_a || y < n_b) && x < stop && y < stop) {
        if (x < n_a && y < n_b && same_line(&s->a, i + x, &s->b, k + y))
            put(s, KEPT), x++, y++;
        else if (y == n_b || (x < n_a && s->lcs[x + 1][y] >= s->lcs[x][y + 1]))
            put(s, GONE), x++;
        else
            put(s, CAME), y++;
    }
}

static void make_script(struct script *s) {
    while (s->i < s->a.n || s->k < s->b.n) {
        if (s->i < s->a.n && s->k < s->b.n && same_line(&s->a, s->i, &s->b, s->k))
            put(s, KEPT);
        else
            compare_window(s);
    }
}

/* First mark of a change at or behind `from`, or n. */
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

/* ---- printing -------------------------------------------------------------------------- */

/* Marks [from, to), the first of which is about line i of a and line k of b. */
static void put_hunk(struct buf *out, const struct script *s, size_t from, size_t to, size_t i,
                     size_t k) {
    size_t n_a = 0, n_b = 0;
    for (size_t m = from; m < to; m++) {
        n_a += s->marks[m] != CAME;
        n_b += s->marks[m] != GONE;
    }
    buf_printf(out, "@@ -%zu,%zu +%zu,%zu @@\n", n_a ? i + 1 : i, n_a, n_b ? k + 1 : k, n_b);
    for (size_t m = from; m < to; m++) {
        bool came = s->marks[m] == CAME;
        buf_putc(out, s->marks[m]);
        buf_str(out, came ? line_at(&s->b, k) : line_at(&s->a, i));
        buf_putc(out, '\n');
        i += !came;
        k += s->marks[m] != GONE;
    }
}

static void put_hunks(struct buf *out, const struct script *s) {
    size_t at = next_change(s, 0), done = 0, i = 0, k = 0;
    while (at < s->n) {
        size_t from = at - done > CONTEXT ? at - CONTEXT : done;
        size_t to = hunk_end(s, at);
        for (size_t m = done; m < to; m++) {
            if (m == from)
                put_hunk(out, s, from, to, i, k);
            i += s->marks[m] != CAME;
            k += s->marks[m] != GONE;
        }
        done = to;
        at = next_change(s, to);
    }
}

enum ec report_unified(struct buf *out, const char *name_before, const char *name_after,
                       struct str before, struct str after, struct err *err) {
    if (str_eq(before, after))
        return EC_OK;
    struct script *s = script_new();
    bool ok = s != NULL && split(&s->a, before) && split(&s->b, after);
    if (ok) {
        s->marks = mem_alloc(s->a.n + s->b.n + 1);
        ok = s->marks != NULL;
    }
    if (ok) {
        make_script(s);
        buf_printf(out, "--- %s\n+++ %s\n", name_before, name_after);
        put_hunks(out, s);
    }
    if (s != NULL) {
        mem_free(s->a.v);
        mem_free(s->b.v);
        mem_free(s->marks);
    }
    mem_free(s);
    return ok ? EC_OK : err_set(err, EC_NOMEM, "out of memory");
}
