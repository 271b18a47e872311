#include "report/report.h"

#include <stdio.h>
#include <unistd.h>

enum { KEPT_BYTES = 1 << 20 };

void report_done(struct report *p) {
    buf_done(&p->out);
    buf_done(&p->aside);
    buf_done(&p->scratch);
}

static void reset(struct buf *b) {
    if (b->cap > KEPT_BYTES)
        buf_done(b);
    buf_reset(b);
}

void report_carry(struct report *p, const struct buf *text) {
    if (text->bad && !p->out.bad)
        p->out.bad = text->bad;
}

struct buf *report_scratch(struct report *p) {
    report_carry(p, &p->scratch);
    buf_reset(&p->scratch);
    return &p->scratch;
}

void report_reset(struct report *p) {
    reset(&p->out);
    reset(&p->aside);
    reset(&p->scratch);
    p->n_out = p->n_aside = 0;
}

void report_nothing(struct report *run) {
    (void)run;
}

void report_no_fault(struct report *file, const struct object_fault *f) {
    (void)file;
    (void)f;
}

void report_no_end(struct report *run, const struct object_totals *t) {
    (void)run;
    (void)t;
}

/* All of `from` behind what `to` holds. */
static void take_over(struct buf *to, struct buf *from) {
    if (to->n != 0 || to->bad || from->bad) {
        buf_str(to, buf_view(from));
        return;
    }
    struct buf empty = *to;
    *to = *from;
    *from = empty;
}

void report_append(struct report *run, struct report *file, const char *name,
                   const struct object_totals *of_file) {
    (void)name;
    (void)of_file;
    take_over(&run->out, &file->out);
}

static void append_list(struct buf *to, size_t *n, const struct buf *more, size_t n_more) {
    if (n_more == 0)
        return;
    buf_puts(to, *n != 0 ? ",\n" : "\n");
    buf_str(to, buf_view(more));
    *n += n_more;
}

void report_join_lists(struct report *run, struct report *file, const char *name,
                       const struct object_totals *of_file) {
    (void)name;
    (void)of_file;
    append_list(&run->out, &run->n_out, &file->out, file->n_out);
    append_list(&run->aside, &run->n_aside, &file->aside, file->n_aside);
}

static void put_count(struct buf *out, size_t n, const char *word) {
    buf_printf(out, "%zu %s%s", n, word, n == 1 ? "" : "s");
}

void report_summary(struct buf *out, const struct object_totals *t) {
    put_count(out, t->objects, "object");
    buf_puts(out, ", ");
    put_count(out, t->images, "image");
    buf_printf(out, ": %zu rewritten, %zu denied, %zu warned, %zu unchanged", t->rewritten,
               t->denied, t->warned, t->unchanged);
    if (t->malformed_objects != 0) {
        buf_puts(out, "; ");
        put_count(out, t->malformed_objects, "malformed object");
    }
    if (t->unjudged_objects != 0)
        buf_printf(out, "; %zu not judged", t->unjudged_objects);
    if (t->skipped != 0) {
        buf_puts(out, "; ");
        put_count(out, t->skipped, "file");
        buf_puts(out, " skipped");
    }
    if (t->unrendered != 0) {
        buf_puts(out, "; ");
        put_count(out, t->unrendered, "template");
        buf_puts(out, " not rendered");
    }
    buf_putc(out, '\n');
}

struct str report_rewrite(const struct object *s, const struct decision_image *d,
                          const char **why) {
    *why = "";
    if (s->workload->shape == SHAPE_POD && str_eq(d->before, STR("auto")) &&
        !str_eq(d->after, d->before))
        *why =
            " (\"auto\" is Istio's placeholder: its injector sets the image, and that one is "
            "judged)";
    if (!str_eq(d->before, d->after))
        return d->after;
    if (str_eq(d->after, d->proposed) || d->weight != WEIGHT_NOTE || !d->judged)
        return STR_NONE;
    *why = s->workload->shape == SHAPE_TEMPLATE   ? " (in its pods)"
           : s->decision->verdict == VERDICT_DENY ? " (once the rest is allowed)"
                                                  : " (if enforced)";
    return d->proposed;
}

/* ---- URIs ---------------------------------------------------------------------------- */

static bool stays_in_uri(unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("-._~/@+,=!$&'()*;", c) != NULL);
}

static void put_uri_path(struct buf *out, struct str path) {
    for (size_t i = 0; i < path.n; i++) {
        unsigned char c = (unsigned char)path.p[i];
        if (stays_in_uri(c))
            buf_putc(out, (char)c);
        else
            buf_printf(out, "%%%02X", c);
    }
}

/* The part below the working directory; false when it is outside. */
static bool below_here(struct str *path) {
    char here[4096];
    if (getcwd(here, sizeof here) == NULL)
        return false;
    struct str folder = str_of(here);
    if (str_eq(folder, STR("/")))
        folder.n = 0;
    if (!str_starts(*path, folder) || path->n <= folder.n + 1 || path->p[folder.n] != '/')
        return false;
    *path = str_slice(*path, folder.n + 1, path->n);
    return true;
}

struct str report_path(struct str path) {
    while (str_starts(path, STR("./")))
        for (path = str_slice(path, 2, path.n); str_starts(path, STR("/"));)
            path = str_slice(path, 1, path.n);
    if (str_starts(path, STR("/")))
        (void)!below_here(&path);
    return path;
}

void report_uri(struct buf *out, const char *path) {
    struct str rest = report_path(str_of(path));
    if (str_starts(rest, STR("/")))
        buf_puts(out, "file://");
    put_uri_path(out, rest);
}
