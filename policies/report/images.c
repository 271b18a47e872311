#include "report/images.h"

#include "base/escape.h"
#include "base/mem.h"
#include "imgref/imgref.h"

#include <stdlib.h>

enum { TEXT_MAX = 1 << 20 };

static struct report_image_row *next_row(struct report_images *m) {
    if (m->n == m->cap) {
        size_t cap = m->cap ? 2 * m->cap : 64;
        struct report_image_row *more =
            mem_realloc(m->rows, mem_array_bytes(cap, sizeof(struct report_image_row)));
        if (more == NULL)
            return NULL;
        m->rows = more;
        m->cap = cap;
    }
    return &m->rows[m->n];
}

static const char *keep_file(struct report_images *m, const char *file) {
    struct str copy;
    if (m->file != NULL && strcmp(m->file, file) == 0)
        return m->file;
    if (!arena_str(&m->arena, (struct str){file, strlen(file) + 1}, &copy))
        return NULL;
    return m->file = copy.p;
}

static bool print_whole(struct str text, struct buf *out) {
    struct imgref ref;
    struct err ignored = ERR_INIT;
    if (imgref_parse(&ref, text, &ignored) != EC_OK)
        return false;
    imgref_print(&ref, IMGREF_PLAIN, out);
    return true;
}

/* As the engine reads it (hosts in lower case), its host written out; what is not a reference
 * stays as it is. */
static enum ec normal_form(struct report_images *m, struct str text, struct str *out,
                           struct err *err) {
    static const struct policy_rule nothing = {.name = STR_INIT("")};
    struct err ignored = ERR_INIT;
    struct buf whole = BUF_INIT(TEXT_MAX);
    struct str read = text;
    enum ec ec = engine_rewrite(&read, &nothing, text, &m->arena, &ignored);
    bool copied = ec == EC_OK && print_whole(read, &whole)
                      ? !whole.bad && arena_str(&m->arena, buf_view(&whole), out)
                      : arena_str(&m->arena, text, out);
    buf_done(&whole);
    return copied ? EC_OK : arena_fail(&m->arena, err);
}

/* What a pod with it pulls. In a denied object nothing is rewritten, and in a template never:
 * there it is what a pod would get. */
static struct str target_of(const struct workload *w, const struct decision *d,
                            const struct decision_image *image) {
    if (d->rule == NULL || d->rule->mode == MODE_AUDIT)
        return image->before;
    bool as_is = d->verdict != VERDICT_DENY && w->shape != SHAPE_TEMPLATE;
    return as_is ? image->after : image->proposed;
}

/* The reason that keeps an image out: its own, or one about the whole object. */
static struct str denial_of(const struct decision *d, size_t image) {
    for (size_t i = 0; i < d->n_reasons; i++)
        if (d->reasons[i].weight == WEIGHT_DENY &&
            (d->reasons[i].image == (int32_t)image || d->reasons[i].image < 0))
            return d->reasons[i].message;
    return d->images[image].weight == WEIGHT_DENY ? STR("is denied") : STR_NONE;
}

/* Of a name in a list, "container 0: " is of no use. */
static struct str without_container(struct str reason, struct yaml_location pos) {
    static const struct str nothing = STR_INIT("container 0: ");
    bool in_list = pos.col == 0 && str_starts(reason, nothing);
    return in_list ? str_slice(reason, nothing.n, reason.n) : reason;
}

/* A row that counts once to->n does. */
static struct report_image_row *start_row(struct report_images *to, const char *file,
                                          struct yaml_location pos, struct err *err) {
    struct report_image_row *row = next_row(to);
    if (row == NULL) {
        err_set(err, EC_NOMEM, "out of memory");
        return NULL;
    }
    *row = (struct report_image_row){.file = keep_file(to, file), .pos = pos, .uses = 1};
    if (row->file != NULL && arena_str(&to->arena, to->pull_secrets, &row->pull_secrets))
        return row;
    arena_fail(&to->arena, err);
    return NULL;
}

static enum ec add_denial(struct report_images *to, struct str why, const char *file,
                          struct yaml_location pos, struct err *err) {
    struct report_image_row *row = start_row(to, file, pos, err);
    if (row == NULL)
        return err->code;
    if (!arena_str(&to->arena, why, &row->denied))
        return arena_fail(&to->arena, err);
    to->n++;
    return EC_OK;
}

/* Nothing where no image is named and none is missing. pos.col 0: unknown. */
static enum ec add_image(struct report_images *to, const struct workload *w,
                         const struct decision *d, size_t image, const char *file,
                         struct yaml_location pos, struct err *err) {
    struct report_image_row *row = start_row(to, file, pos, err);
    if (row == NULL || (d->images[image].before.n == 0 && denial_of(d, image).n == 0))
        return err->code;
    if (normal_form(to, d->images[image].before, &row->source, err) != EC_OK ||
        normal_form(to, target_of(w, d, &d->images[image]), &row->target, err) != EC_OK)
        return err->code;
    if (!arena_str(&to->arena, without_container(denial_of(d, image), pos), &row->denied))
        return arena_fail(&to->arena, err);
    to->n++;
    return EC_OK;
}

bool report_images_is_placeholder(const struct workload_image *image) {
    return str_eq(image->text, STR("auto"));
}

static enum ec add_images(struct report_images *to, const struct object *o, struct buf *pointer,
                          struct err *err) {
    const struct decision *d = o->decision;
    for (size_t i = 0; i < d->n_images; i++)
        if (!report_images_is_placeholder(d->images[i].image) &&
            add_image(to, o->workload, d, i, o->file,
                      object_image_where(o, d->images[i].image, pointer), err) != EC_OK)
            return err->code;
    for (size_t i = 0; i < d->n_reasons && d->n_images == 0; i++)
        if (d->reasons[i].weight == WEIGHT_DENY &&
            add_denial(to, d->reasons[i].message, o->file,
                       object_reason_where(o, &d->reasons[i], pointer), err) != EC_OK)
            return err->code;
    return EC_OK;
}

enum ec report_images_add_object(struct report_images *to, const struct object *o,
                                 struct err *err) {
    struct buf pointer = BUF_INIT(1 << 20);
    enum ec ec = add_images(to, o, &pointer, err);
    buf_done(&pointer);
    return ec;
}

enum ec report_images_add_name(struct report_images *to, const struct policy *policy,
                               const struct workload *pod, int64_t now_s, const char *file,
                               uint32_t line, struct err *err) {
    struct decision d;
    struct arena arena = ARENA_INIT(4096, 64 << 20);
    if (engine_decide(&d, policy, pod, now_s, 0, &arena, err) == EC_OK)
        (void)!add_image(to, pod, &d, 0, file, (struct yaml_location){line, 0}, err);
    arena_done(&arena);
    return err->code;
}

static int by_image(const struct report_image_row *a, const struct report_image_row *b) {
    int order = str_cmp(a->source, b->source);
    if (order == 0)
        order = (a->denied.n != 0) - (b->denied.n != 0);
    if (order == 0 && a->denied.n == 0)
        order = str_cmp(a->target, b->target);
    return order != 0 ? order : str_cmp(a->pull_secrets, b->pull_secrets);
}

static int compare_rows(const void *pa, const void *pb) {
    const struct report_image_row *a = pa, *b = pb;
    int order = by_image(a, b);
    if (order == 0)
        order = strcmp(a->file, b->file);
    if (order == 0)
        order = (a->pos.line > b->pos.line) - (a->pos.line < b->pos.line);
    return order != 0 ? order : (a->pos.col > b->pos.col) - (a->pos.col < b->pos.col);
}

void report_images_sort(struct report_images *m) {
    size_t kept = 0;
    if (m->n == 0)
        return;
    qsort(m->rows, m->n, sizeof *m->rows, compare_rows);
    for (size_t i = 1; i < m->n; i++) {
        /* Rows without an image are kept one by one. */
        if (m->rows[i].source.n != 0 && by_image(&m->rows[kept], &m->rows[i]) == 0)
            m->rows[kept].uses++;
        else
            m->rows[++kept] = m->rows[i];
    }
    m->n = kept + 1;
}

static void put_denied(struct buf *out, const struct report_image_row *row) {
    escape_text(out, str_of(row->file));
    buf_printf(out, ":%u:", row->pos.line);
    if (row->pos.col != 0)
        buf_printf(out, "%u:", row->pos.col);
    buf_puts(out, " deny: ");
    escape_text(out, row->denied);
    if (row->uses > 1)
        buf_printf(out, " (and %zu more)", row->uses - 1);
    buf_putc(out, '\n');
}

bool report_images_put_denials(struct buf *out, const struct report_images *m) {
    bool any = false;
    for (size_t i = 0; i < m->n; i++) {
        if (m->rows[i].denied.n == 0)
            continue;
        any = true;
        put_denied(out, &m->rows[i]);
    }
    return any;
}

bool report_images_moves(const struct report_image_row *row) {
    return row->denied.n == 0 && !str_eq(row->source, row->target);
}

bool report_images_copies(const struct report_images *m, const struct report_image_row *row) {
    bool needed = !m->only_missing || (row->check != NULL && row->check->copy);
    return report_images_moves(row) && needed;
}

void report_images_done(struct report_images *m) {
    mem_free(m->rows);
    arena_done(&m->arena);
    *m = (struct report_images){.rows = NULL};
}
