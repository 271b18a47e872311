/* What cannot be judged, in words and with its place. */
#include "review/internal.h"

#include <stdarg.h>
#include <stdio.h>

enum { PLACE_BYTES = 400, OLD_FAULTS_MAX = 16 };

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

/* A place that is too long is cut; one that found no memory must not be taken for none. */
static void done_place(struct decoder *d, struct buf *place) {
    d->full |= place->bad == EC_NOMEM;
    buf_done(place);
}

/* ---- what stood there before --------------------------------------------------------- */

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

/* On UPDATE: does the old object have the same value in the same place? The API server never sends
 * so many that are malformed: who does is not to make us compare all of them. */
static bool stood_before(struct decoder *d, json_at at) {
    struct buf place = BUF_INIT(PLACE_BYTES);
    json_at before = JSON_NONE;
    if (d->old == JSON_NONE || d->n_old_faults >= OLD_FAULTS_MAX)
        return false;
    if (at >= d->old && at < d->j->nodes[d->old].next)
        return true;
    d->n_old_faults++;
    if (json_path(d->j, d->object, at, &place) && !place.bad)
        before = json_find_from(d->j, d->old, buf_view(&place));
    done_place(d, &place);
    at += json_is_key(d->j, at); /* which has the place of its value */
    return before != JSON_NONE && same_value(d->j, before, at);
}

/* ---- places -------------------------------------------------------------------------- */

/* As seen from the object or, of what stands elsewhere, from the whole text; keys may hold NUL. */
static bool put_place(struct decoder *d, json_at at, struct buf *out) {
    struct buf path = BUF_INIT(PLACE_BYTES);
    bool stands = json_path(d->j, d->object, at, &path);
    if (!stands)
        json_path(d->j, 0, at, &path);
    for (size_t i = 0; i < path.n; i++) {
        if (path.p[i] == '\0')
            buf_puts(out, "\\u0000");
        else
            buf_putc(out, path.p[i]);
    }
    done_place(d, &path);
    return stands;
}

const char *review_odd_character(const struct json *j, json_at at) {
    struct str text = json_str(j, at);
    return text.n != 0 && memchr(text.p, '\0', text.n) != NULL ? "the character U+0000"
                                                               : "half a surrogate pair";
}

void review_fault_value(struct decoder *d, json_at at, const char *what, const char *format,
                        ...) {
    struct buf place = BUF_INIT(PLACE_BYTES);
    char rest[200];
    va_list args;
    struct review_fault *to = d->fault;
    if (d->fault->is)
        return;
    if (d->old_fault != NULL && stood_before(d, at))
        to = d->old_fault;
    bool stands = put_place(d, at, &place);
    va_start(args, format);
    vsnprintf(rest, sizeof rest, format, args);
    va_end(args);
    review_fault_at(to, stands ? at : JSON_NONE, "%s (%.*s): %s", what,
                    STR_ARG(buf_view(&place)), rest);
    done_place(d, &place);
}

void review_fault_odd(struct decoder *d, json_at at, const char *what) {
    review_fault_value(d, at, what, "expected plain text, found %s in it",
                       review_odd_character(d->j, at));
}

/* ---- names that cannot be compared --------------------------------------------------- */

/* One of each kind says enough, but for labels: which one is asked for is the rules' matter. */
static bool is_noted(struct workload *w, enum odd_name what) {
    size_t n = 0;
    for (size_t i = 0; i < w->n_odd; i++)
        n += w->odd[i].what == what;
    if (what != ODD_LABEL)
        return n != 0;
    w->odd_labels_more |= n == ENGINE_ODD_LABELS;
    return n == ENGINE_ODD_LABELS;
}

static void add_odd(struct decoder *d, json_at at, enum odd_name what, struct str key) {
    static const char *const words[] = {"namespace", "service account", "user",
                                        "group",     "label",           "pull secret"};
    struct buf text = BUF_INIT((size_t)2 * PLACE_BYTES);
    if (d->odd == NULL)
        d->w->odd = d->odd =
            ARENA_ARRAY(d->arena, struct workload_odd, ENGINE_ODD_LABELS + N_ODD);
    buf_puts(&text, words[what]);
    buf_puts(&text, " (");
    put_place(d, at, &text);
    buf_printf(&text, "): expected plain text, found %s in it", review_odd_character(d->j, at));
    struct workload_odd odd = {.what = what, .key = key};
    if (d->odd == NULL || !arena_str(d->arena, buf_view(&text), &odd.text))
        d->full = true;
    else
        d->odd[d->w->n_odd++] = odd;
    done_place(d, &text);
}

void review_note_odd_name(struct decoder *d, json_at at, enum odd_name what, struct str key) {
    if (d->w != NULL && !is_noted(d->w, what))
        add_odd(d, at, what, key);
}
