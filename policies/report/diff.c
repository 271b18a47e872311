/* Unified diffs of texts in lines. Equal lines are walked over; where the texts differ, a window of both
 * is compared by the classic table of longest common subsequences, of which the first part is kept, and
 * the walk goes on. So the cost grows with the lines alone; a shift by more than a window is shown as
 * replaced. */
#include "report/objects.h"

#include "base/mem.h"

enum { CONTEXT = 3, WINDOW = 64, KEPT_OF_WINDOW = WINDOW / 2, SLOTS = 256 };

/* A text in lines, walked over once: no line is kept. */
struct lines {
    struct str text;
    size_t at; /* where the next line begins; text.n: there is none */
    size_t n;  /* its bytes */
};

static struct lines lines_of(struct str text) {
    return (struct lines){.text = text, .n = str_find(text, '\n')};
}

static bool is_over(const struct lines *l) {
    return l->at >= l->text.n;
}

static struct str current_line(const struct lines *l) {
    return str_slice(l->text, l->at, l->at + l->n);
}

static void go_to_next(struct lines *l) {
    l->at += l->n + 1;
    l->n = str_find(str_slice(l->text, l->at, l->text.n), '\n');
}

static size_t count_lines(struct str text) {
    size_t n = 0;
    for (struct lines l = lines_of(text); !is_over(&l); n++)
        go_to_next(&l);
    return n;
}

/* ---- marks of lines ------------------------------------------------------------------ */

enum mark { KEPT = ' ', GONE = '-', CAME = '+' };

struct window { /* the lines to come */
    struct str v[WINDOW];
    uint8_t id[WINDOW]; /* equal lines of both windows have the same */
    size_t n;
    bool is_last; /* none is after them */
};

struct script {
    struct lines a, b; /* of which the next lines have no mark yet */
    char *marks;       /* one for each line that is kept, gone or came, in order */
    size_t n;
    struct window in_a, in_b;
    struct str slots[SLOTS];              /* lines by their hash; the index is their id */
    uint16_t lcs[WINDOW + 1][WINDOW + 1]; /* common lines of the windows */
};

/* Without its windows and its table, which are filled before they are read. */
static struct script *script_new(struct str a, struct str b) {
    struct script *s = mem_alloc(sizeof *s);
    if (s == NULL)
        return NULL;
    s->a = lines_of(a);
    s->b = lines_of(b);
    s->marks = mem_alloc(count_lines(a) + count_lines(b) + 1);
    s->n = 0;
    return s;
}

static void put_mark(struct script *s, enum mark mark) {
    s->marks[s->n++] = (char)mark;
    if (mark != CAME)
        go_to_next(&s->a);
    if (mark != GONE)
        go_to_next(&s->b);
}

static void look_ahead(struct window *w, struct lines from) {
    for (w->n = 0; w->n < WINDOW && !is_over(&from); go_to_next(&from))
        w->v[w->n++] = current_line(&from);
    w->is_last = is_over(&from);
}

/* There are twice as many slots as lines. */
static void number_lines(struct script *s, struct window *w) {
    for (size_t i = 0; i < w->n; i++) {
        uint8_t id = (uint8_t)str_hash(w->v[i], 0);
        while (s->slots[id].p != NULL && !str_eq(s->slots[id], w->v[i]))
            id++; /* 0 comes after 255 */
        s->slots[id] = w->v[i];
        w->id[i] = id;
    }
}

static bool are_equal(const struct script *s, size_t x, size_t y) {
    return s->in_a.id[x] == s->in_b.id[y];
}

static void fill_marks(struct script *s) {
    const size_t n_a = s->in_a.n, n_b = s->in_b.n;
    for (size_t x = 0; x <= n_a; x++)
        s->lcs[x][n_b] = 0;
    for (size_t y = 0; y <= n_b; y++)
        s->lcs[n_a][y] = 0;
    for (size_t x = n_a; x-- > 0;)
        for (size_t y = n_b; y-- > 0;) {
            uint16_t down = s->lcs[x + 1][y], right = s->lcs[x][y + 1];
            s->lcs[x][y] = are_equal(s, x, y) ? (uint16_t)(s->lcs[x + 1][y + 1] + 1)
                           : down > right     ? down
                                              : right;
        }
}

/* The windows: all of them when they reach both ends, else their first part. */
static void compare_windows(struct script *s) {
    size_t x = 0, y = 0;
    look_ahead(&s->in_a, s->a);
    look_ahead(&s->in_b, s->b);
    memset(s->slots, 0, sizeof s->slots);
    number_lines(s, &s->in_a);
    number_lines(s, &s->in_b);
    const size_t n_a = s->in_a.n, n_b = s->in_b.n;
    size_t stop = s->in_a.is_last && s->in_b.is_last ? WINDOW : KEPT_OF_WINDOW;
    fill_marks(s);
    while ((x < n_a || y < n_b) && x < stop && y < stop) {
        if (x < n_a && y < n_b && are_equal(s, x, y))
            put_mark(s, KEPT), x++, y++;
        else if (y == n_b || (x < n_a && s->lcs[x + 1][y] >= s->lcs[x][y + 1]))
            put_mark(s, GONE), x++;
        else
            put_mark(s, CAME), y++;
    }
}

static void make_script(struct script *s) {
    while (!is_over(&s->a) || !is_over(&s->b)) {
        if (!is_over(&s->a) && !is_over(&s->b) &&
            str_eq(current_line(&s->a), current_line(&s->b)))
            put_mark(s, KEPT);
        else
            compare_windows(s);
    }
}

/* First mark of a change at or after `from`, or n. */
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

/* Both texts again, from their beginning. */
struct walk {
    struct lines a, b;
    size_t i, k; /* numbers of their next lines */
};

static void walk_on(struct walk *w, char mark) {
    if (mark != CAME)
        go_to_next(&w->a);
    if (mark != GONE)
        go_to_next(&w->b);
    w->i += mark != CAME;
    w->k += mark != GONE;
}

/* Marks [from, to), the first of which is about the next lines. */
static void put_hunk(struct buf *out, const struct script *s, size_t from, size_t to,
                     struct walk *w) {
    size_t n_a = 0, n_b = 0;
    for (size_t m = from; m < to; m++) {
        n_a += s->marks[m] != CAME;
        n_b += s->marks[m] != GONE;
    }
    buf_printf(out, "@@ -%zu,%zu +%zu,%zu @@\n", n_a ? w->i + 1 : w->i, n_a,
               n_b ? w->k + 1 : w->k, n_b);
    for (size_t m = from; m < to; m++) {
        buf_putc(out, s->marks[m]);
        buf_str(out, current_line(s->marks[m] == CAME ? &w->b : &w->a));
        buf_putc(out, '\n');
        walk_on(w, s->marks[m]);
    }
}

static void put_hunks(struct report *to, const struct script *s) {
    struct walk w = {.a = lines_of(s->a.text), .b = lines_of(s->b.text)};
    size_t at = next_change(s, 0), done = 0;
    while (at < s->n) {
        size_t from = at - done > CONTEXT ? at - CONTEXT : done;
        for (size_t m = done; m < from; m++)
            walk_on(&w, s->marks[m]);
        done = hunk_end(s, at);
        put_hunk(&to->out, s, from, done, &w);
        report_flush(to);
        at = next_change(s, done);
    }
}

enum ec report_unified(struct report *to, const char *name_before, const char *name_after,
                       struct str before, struct str after, struct err *err) {
    if (str_eq(before, after))
        return EC_OK;
    struct script *s = script_new(before, after);
    bool ok = s != NULL && s->marks != NULL;
    if (ok) {
        make_script(s);
        buf_printf(&to->out, "--- %s\n+++ %s\n", name_before, name_after);
        put_hunks(to, s);
    }
    if (s != NULL)
        mem_free(s->marks);
    mem_free(s);
    return ok ? EC_OK : err_set(err, EC_NOMEM, "out of memory");
}
