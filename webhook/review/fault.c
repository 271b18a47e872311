/* Why an object cannot be judged: messages with JSON pointers. */
#include "review/internal.h"

#include <stdarg.h>
#include <stdio.h>

enum { PATH_BYTES = 400, OLD_FAULTS_MAX = 16 };

void review_fault_at(struct review_fault *f, json_at at, const char *format, ...) {
    va_list args;
    if (f->is)
        return;
    f->is = true;
    f->at = at;
    va_start(args, format);
    vsnprintf(f->msg, sizeof f->msg, format, args);
    va_end(args);
}

/* A pointer that is too long is cut; one without memory must not pass for an empty one. */
static void done_path(struct decoder *d, struct buf *path) {
    d->full |= path->bad == EC_NOMEM;
    buf_done(path);
}

/* ---- faults of the old object --------------------------------------------------------- */

static bool same_value(const struct json *j, json_at a, json_at b) {
    json_at n = j->nodes[a].next - a;
    if (j->nodes[b].next - b != n)
        return false;
    for (json_at i = 0; i < n; i++)
        if (j->nodes[a + i].type != j->nodes[b + i].type ||
            j->nodes[a + i].len != j->nodes[b + i].len ||
            !str_eq(json_str(j, a + i), json_str(j, b + i)))
            return false;
    return true;
}

/* On UPDATE: whether the old object has the same value at the same pointer. The number of
 * comparisons is limited: the API server never sends so many malformed values. */
static bool was_there_before(struct decoder *d, json_at at) {
    struct buf path = BUF_INIT(PATH_BYTES);
    json_at before = JSON_NONE;
    if (d->old == JSON_NONE || d->n_old_faults >= OLD_FAULTS_MAX)
        return false;
    if (at >= d->old && at < d->j->nodes[d->old].next)
        return true;
    d->n_old_faults++;
    if (json_path(d->j, d->object, at, &path) && !path.bad)
        before = json_find_from(d->j, d->old, buf_view(&path));
    done_path(d, &path);
    at += json_is_key(d->j, at); /* the path of a key is that of its value */
    return before != JSON_NONE && same_value(d->j, before, at);
}

/* ---- pointers ------------------------------------------------------------------------ */

/* Appends the pointer relative to the object or, for a value outside it, to the whole text; keys may
 * have NUL. True: inside the object. */
static bool put_path(struct decoder *d, json_at at, struct buf *out) {
    struct buf path = BUF_INIT(PATH_BYTES);
    bool inside = json_path(d->j, d->object, at, &path);
    if (!inside)
        json_path(d->j, 0, at, &path);
    for (size_t i = 0; i < path.n; i++) {
        if (path.p[i] == '\0')
            buf_puts(out, "\\u0000");
        else
            buf_putc(out, path.p[i]);
    }
    done_path(d, &path);
    return inside;
}

static const char *odd_character(const struct json *j, json_at at) {
    struct str text = json_str(j, at);
    return text.n != 0 && memchr(text.p, '\0', text.n) != NULL ? "the character U+0000"
                                                               : "half a surrogate pair";
}

void review_fault_value(struct decoder *d, json_at at, const char *what, const char *format,
                        ...) {
    struct buf path = BUF_INIT(PATH_BYTES);
    char rest[200];
    va_list args;
    struct review_fault *to = d->fault;
    if (d->fault->is)
        return;
    if (d->old_fault != NULL && was_there_before(d, at))
        to = d->old_fault;
    bool inside = put_path(d, at, &path);
    va_start(args, format);
    vsnprintf(rest, sizeof rest, format, args);
    va_end(args);
    review_fault_at(to, inside ? at : JSON_NONE, "%s (%.*s): %s", what,
                    STR_ARG(buf_view(&path)), rest);
    done_path(d, &path);
}

void review_fault_odd(struct decoder *d, json_at at, const char *what) {
    review_fault_value(d, at, what, "expected plain text, found %s in it",
                       odd_character(d->j, at));
}

/* ---- names that cannot be compared --------------------------------------------------- */

/* One of each kind is enough, except for labels: it depends on the rules which of them matter. */
static bool is_noted(struct workload *w, enum workload_odd_name what) {
    size_t n = 0;
    for (size_t i = 0; i < w->n_odd; i++)
        n += w->odd[i].what == what;
    if (what != ODD_LABEL)
        return n != 0;
    w->odd_labels_more |= n == ENGINE_ODD_LABELS;
    return n == ENGINE_ODD_LABELS;
}

static void add_odd(struct decoder *d, json_at at, enum workload_odd_name what,
                    struct str key) {
    static const char *const words[] = {"namespace", "service account", "user",
                                        "group",     "label",           "pull secret"};
    struct buf text = BUF_INIT((size_t)2 * PATH_BYTES);
    if (d->odd == NULL)
        d->w->odd = d->odd =
            ARENA_ARRAY(d->arena, struct workload_odd, ENGINE_ODD_LABELS + N_ODD);
    buf_puts(&text, words[what]);
    buf_puts(&text, " (");
    put_path(d, at, &text);
    buf_printf(&text, "): expected plain text, found %s in it", odd_character(d->j, at));
    struct workload_odd odd = {.what = what, .key = key};
    if (d->odd == NULL || !arena_str(d->arena, buf_view(&text), &odd.text))
        d->full = true;
    else
        d->odd[d->w->n_odd++] = odd;
    done_path(d, &text);
}

void review_note_odd_name(struct decoder *d, json_at at, enum workload_odd_name what,
                          struct str key) {
    if (d->w != NULL && !is_noted(d->w, what))
        add_odd(d, at, what, key);
}
