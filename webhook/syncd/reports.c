#include "syncd/reports.h"

#include "base/log.h"
#include "base/mem.h"
#include "syncd/calls.h"

static void free_report(struct report *r) {
    mem_free(r->namespace);
    mem_free(r->name);
}

void reports_done(struct reports *r) {
    for (size_t i = 0; i < r->n; i++)
        free_report(&r->v[i]);
    mem_free(r->v);
    *r = (struct reports){.v = NULL};
}

void reports_begin(struct reports *r) {
    r->mark++;
    r->events = 0;
}

static int compare(const struct report *r, const struct sync_action *a) {
    int c = str_cmp(str_of(r->namespace), a->namespace);
    if (c == 0)
        c = str_cmp(str_of(r->name), a->name);
    return c != 0 ? c : (int)r->reason - (int)a->reason;
}

static size_t spot_of(const struct reports *r, const struct sync_action *a) {
    size_t low = 0, high = r->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare(&r->v[middle], a) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool make_room(struct reports *r) {
    if (r->n < r->cap)
        return true;
    size_t cap = r->cap ? 2 * r->cap : 16;
    struct report *v = mem_realloc(r->v, mem_array_bytes(cap, sizeof *v));
    if (v == NULL)
        return false;
    r->v = v;
    r->cap = cap;
    return true;
}

static bool insert(struct reports *r, size_t at, const struct sync_action *a) {
    struct report new = {.namespace = mem_strdup(a->namespace),
                         .name = mem_strdup(a->name),
                         .reason = a->reason,
                         .mark = r->mark};
    if (new.namespace == NULL || new.name == NULL || r->n >= REPORTS_MAX || !make_room(r)) {
        free_report(&new);
        return false;
    }
    memmove(&r->v[at + 1], &r->v[at], (r->n - at) * sizeof *r->v);
    r->v[at] = new;
    r->n++;
    return true;
}

/* What ends by itself. */
static bool is_passing(enum sync_reason reason) {
    return reason == SYNC_TERMINATING || reason == SYNC_DELETING || reason == SYNC_NOT_READ;
}

/* "Foreign-secret" would be "ForeignSecret": reasons of events are in camel case. */
static void put_camel(struct buf *out, const char *word) {
    bool upper = true;
    for (; *word != '\0'; word++) {
        bool is_letter = *word != '-' && *word != '_';
        if (is_letter)
            buf_putc(out,
                     upper && *word >= 'a' && *word <= 'z' ? (char)(*word - 'a' + 'A') : *word);
        upper = !is_letter;
    }
}

/* The source that it is about: named itself, or that of the copy. */
static bool subject_of(struct calls_subject *out, const struct daemon *d,
                       const struct sync_action *a) {
    if (a->reason >= SYNC_SOURCE_MISSING)
        *out = (struct calls_subject){a->namespace, a->name, STR_NONE};
    else if (a->request != NULL)
        *out = (struct calls_subject){a->request->source_namespace, a->request->source_name,
                                      STR_NONE};
    else
        return false;
    const struct feed *f = feeds_of_source(d, out->namespace, out->name);
    const struct store_item *item =
        f != NULL ? store_find(&f->store, out->namespace, out->name) : NULL;
    if (item != NULL)
        out->uid = item->secret->uid;
    return out->name.n != 0;
}

static void post(struct daemon *d, const struct sync_action *a, struct str text) {
    char word[64];
    struct buf reason = BUF_OVER(word, sizeof word);
    struct calls_subject subject;
    if (d->options->no_events || d->reports.events_refused || !subject_of(&subject, d, a) ||
        d->reports.events++ >= REPORTS_EVENTS)
        return;
    put_camel(&reason, sync_reason_name(a->reason));
    if (buf_z(&reason) != NULL)
        calls_post_event(d, &subject, word, text);
}

static void tell(struct daemon *d, const struct sync_action *a) {
    AUTO(buf_done) struct buf text = BUF_INIT(8192);
    sync_explain(a, d->policy, &text);
    LOG(is_passing(a->reason) ? LOG_DEBUG : LOG_WARN, "report",
        F_Z("reason", sync_reason_name(a->reason)), F_STR("namespace", a->namespace),
        F_STR("name", a->name), F_STR("text", buf_view(&text)), F_END);
    if (!is_passing(a->reason))
        post(d, a, buf_view(&text));
}

void reports_note(struct daemon *d, const struct sync_action *a) {
    struct reports *r = &d->reports;
    size_t at = spot_of(r, a);
    if (at < r->n && compare(&r->v[at], a) == 0)
        r->v[at].mark = r->mark;
    else if (insert(r, at, a))
        tell(d, a);
}

static void tell_gone(const struct report *r) {
    LOG(is_passing(r->reason) ? LOG_DEBUG : LOG_INFO, "report_over",
        F_Z("reason", sync_reason_name(r->reason)), F_Z("namespace", r->namespace),
        F_Z("name", r->name), F_END);
}

void reports_end(struct reports *r) {
    size_t kept = 0;
    for (size_t i = 0; i < r->n; i++)
        if (r->v[i].mark == r->mark) {
            r->v[kept++] = r->v[i];
        } else {
            tell_gone(&r->v[i]);
            free_report(&r->v[i]);
        }
    r->n = kept;
}
