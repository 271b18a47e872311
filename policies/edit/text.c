#include "edit/text.h"

#include "base/mem.h"

#include <stdlib.h>

enum { ARENA_MAX = 1 << 30 };

/* ---- lines --------------------------------------------------------------------------- */

static size_t line_end_bytes(struct str text, size_t at) {
    if (text.p[at] == '\n')
        return 1;
    if (text.p[at] != '\r')
        return 0;
    return at + 1 < text.n && text.p[at + 1] == '\n' ? 2 : 1;
}

static size_t scan_lines(struct str text, size_t *lines) {
    size_t n = 0;
    if (lines != NULL)
        lines[n] = 0;
    n++;
    for (size_t at = 0; at < text.n;) {
        size_t end = line_end_bytes(text, at);
        at += end ? end : 1;
        if (end != 0 && lines != NULL)
            lines[n] = at;
        n += end != 0;
    }
    return n;
}

enum ec edit_text_init(struct edit_text *out, struct str text, struct err *err) {
    *out = (struct edit_text){.text = text, .arena = ARENA_INIT(4096, ARENA_MAX)};
    size_t n = scan_lines(text, NULL);
    out->lines = mem_alloc(mem_array_bytes(n, sizeof *out->lines));
    if (out->lines == NULL)
        return err_set(err, EC_NOMEM, "out of memory");
    out->n_lines = scan_lines(text, out->lines);
    out->eol = "\n";
    if (n > 1 && text.p[out->lines[1] - 1] == '\r')
        out->eol = "\r";
    else if (n > 1 && out->lines[1] >= 2 && text.p[out->lines[1] - 2] == '\r')
        out->eol = "\r\n";
    return EC_OK;
}

void edit_text_done(struct edit_text *t) {
    mem_free(t->lines);
    mem_free(t->v);
    arena_done(&t->arena);
    *t = (struct edit_text){.lines = NULL};
}

size_t edit_text_offset(const struct edit_text *t, struct yaml_location pos) {
    if (pos.line == 0 || pos.col == 0 || pos.line > t->n_lines)
        return t->text.n;
    size_t at = t->lines[pos.line - 1] + (pos.col - 1);
    return at < t->text.n ? at : t->text.n;
}

/* ---- changes ------------------------------------------------------------------------- */

enum ec edit_text_add(struct edit_text *t, struct edit_text_change change, struct err *err) {
    if (t->n == t->cap) {
        size_t cap = t->cap ? 2 * t->cap : 32;
        struct edit_text_change *more = mem_realloc(t->v, mem_array_bytes(cap, sizeof *more));
        if (more == NULL)
            return err_set(err, EC_NOMEM, "out of memory");
        t->v = more;
        t->cap = cap;
    }
    change.order = t->n;
    if (!arena_str(&t->arena, change.with, &change.with))
        return arena_fail(&t->arena, err);
    t->v[t->n++] = change;
    return EC_OK;
}

static int compare_edits(const void *pa, const void *pb) {
    const struct edit_text_change *a = pa, *b = pb;
    if (a->at != b->at)
        return a->at < b->at ? -1 : 1;
    if (a->n != b->n)
        return a->n < b->n ? -1 : 1;
    return (a->order > b->order) - (a->order < b->order);
}

static enum ec check_apart(const struct edit_text *t, struct err *err) {
    for (size_t i = 1; i < t->n; i++) {
        const struct edit_text_change *c = &t->v[i], *before = &t->v[i - 1];
        if (c->at >= before->at + before->n)
            continue;
        err_locate(err, NULL, c->pos.line, c->pos.col);
        return err_set(err, EC_SCHEMA,
                       "two changes overlap in this value and cannot be made in place");
    }
    return EC_OK;
}

enum ec edit_text_apply(struct edit_text *t, struct buf *out, struct err *err) {
    size_t at = 0;
    if (t->n != 0)
        qsort(t->v, t->n, sizeof *t->v, compare_edits);
    if (check_apart(t, err) != EC_OK)
        return err->code;
    for (size_t i = 0; i < t->n; i++) {
        const struct edit_text_change *c = &t->v[i];
        buf_str(out, str_slice(t->text, at, c->at));
        buf_str(out, c->with);
        at = c->at + c->n;
    }
    buf_str(out, str_slice(t->text, at, t->text.n));
    return out->bad ? err_set(err, (enum ec)out->bad, "no room for the text") : EC_OK;
}
