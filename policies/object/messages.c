#include "object/messages.h"

#include "base/escape.h"
#include "base/file.h"

#include <unistd.h>

/* ---- names --------------------------------------------------------------------------- */

void object_put_name(struct buf *out, const struct object *o) {
    const struct workload *w = o->workload;
    const struct str parts[] = {w->kind, w->namespace, object_name(o)};
    bool any = false;
    for (size_t i = 0; i < 3; i++) {
        if (parts[i].n == 0)
            continue;
        if (any)
            buf_putc(out, '/');
        buf_str(out, parts[i]);
        any = true;
    }
    if (!any)
        buf_puts(out, "object");
}

const char *object_weight_name(enum reason_weight weight) {
    static const char *const words[] = {"note", "warn", "deny"};
    return words[weight];
}

/* ---- what is not judged -------------------------------------------------------------- */

static void put_why(struct buf *out, const struct object *o) {
    const struct workload *w = o->workload;
    switch (o->unjudged->why) {
    case OBJECT_UNJUDGED_EMPTY:
        buf_puts(out, "no containers, which the API server refuses");
        return;
    case OBJECT_UNJUDGED_CASE:
        buf_puts(out, "no kind \"");
        escape_text(out, w->kind);
        buf_printf(out, "\", expected %.*s", STR_ARG(o->unjudged->kind));
        return;
    default:
        buf_puts(out, "kind ");
        escape_text(out, w->kind);
        buf_puts(out, " of ");
        escape_text(out, w->api_version);
        buf_puts(out, " is not one that pullgate judges");
    }
}

static void put_unjudged(struct buf *out, const struct object *o,
                         const struct object_unjudged_value *value) {
    struct buf text = BUF_INIT(1 << 16);
    if (value->name.n != 0) {
        object_unjudged_put_image(&text, value);
        buf_puts(out, "image \"");
        escape_text(out, buf_view(&text));
        buf_puts(out, "\" at ");
    }
    buf_reset(&text);
    json_path(o->doc->json, o->object, value->at, &text);
    escape_text(out, buf_view(&text));
    buf_done(&text);
}

void object_put_unjudged(struct buf *out, const struct object *o) {
    const struct object_unjudged *u = o->unjudged;
    put_why(out, o);
    for (size_t i = 0; i < u->n && i < OBJECT_UNJUDGED_MAX; i++) {
        buf_puts(out, i == 0 ? "; seen: " : ", ");
        put_unjudged(out, o, &u->values[i]);
    }
    if (u->n > OBJECT_UNJUDGED_MAX)
        buf_printf(out, " and %zu more", u->n - OBJECT_UNJUDGED_MAX);
}

struct yaml_location object_unjudged_where(const struct object *o) {
    return o->doc->pos[o->unjudged->values[0].at];
}

void object_put_unjudged_line(struct buf *out, const struct object *o) {
    struct yaml_location pos = object_unjudged_where(o);
    struct buf name = BUF_INIT(1 << 20);
    escape_text(out, str_of(o->file));
    buf_printf(out, ":%u:%u: not judged: ", pos.line, pos.col);
    object_put_name(&name, o);
    escape_text(out, buf_view(&name));
    buf_done(&name);
    buf_puts(out, ": ");
    object_put_unjudged(out, o);
    buf_putc(out, '\n');
}

/* ---- what cannot be judged, and notes ------------------------------------------------ */

void object_put_fault(struct buf *out, const struct object_fault *f) {
    if (f->whole)
        buf_puts(out, "policyctl: ");
    err_print(f->err, out);
    buf_putc(out, '\n');
    if (!f->whole && f->lines != NULL)
        object_excerpt_print(out, f->lines, f->err->line, f->err->col);
}

void object_put_note(struct buf *out, const char *file, uint32_t line, const char *text) {
    escape_line(out, "%s:%u: note: %s", file, line, text);
}

/* ---- on standard error --------------------------------------------------------------- */

/* What cannot be written there is lost. */
static void print_line(struct buf *text) {
    struct err ignored = ERR_INIT;
    (void)!file_write_fd(STDERR_FILENO, buf_view(text), &ignored);
    buf_done(text);
}

void object_report_fault(void *arg, const struct object_fault *f) {
    struct buf text = BUF_INIT(64 << 10);
    (void)arg;
    object_put_fault(&text, f);
    print_line(&text);
}

void object_report_note(void *arg, const char *file, uint32_t line, const char *text) {
    struct buf note = BUF_INIT(64 << 10);
    (void)arg;
    object_put_note(&note, file, line, text);
    print_line(&note);
}

void object_report_reason(void *arg, const struct object *o, const struct reason *r) {
    struct buf line = BUF_INIT(64 << 10), pointer = BUF_INIT(1 << 16);
    struct yaml_location pos = object_reason_where(o, r, &pointer);
    (void)arg;
    escape_line(&line, "%s:%u:%u: %s: %.*s", o->file, pos.line, pos.col,
                object_weight_name(r->weight), STR_ARG(r->message));
    print_line(&line);
    buf_done(&pointer);
}

void object_report_unjudged(void *arg, const struct object *o) {
    struct buf line = BUF_INIT(1 << 20);
    (void)arg;
    object_put_unjudged_line(&line, o);
    print_line(&line);
}

void object_report_templates(void *arg) {
    struct buf line = BUF_INIT(1 << 10);
    (void)arg;
    buf_puts(
        &line,
        "policyctl: note: pod templates get no imagePullSecrets, which would take the place "
        "of their service account's; the webhook adds them to each pod\n");
    print_line(&line);
}

void object_report_placeholder(const struct object *o, const struct workload_image *image) {
    struct buf line = BUF_INIT(64 << 10), pointer = BUF_INIT(1 << 20);
    struct yaml_location pos = object_image_where(o, image, &pointer);
    escape_line(&line,
                "%s:%u:%u: note: image \"auto\" is a placeholder for the one that Istio's "
                "injector sets: left out",
                o->file, pos.line, pos.col);
    print_line(&line);
    buf_done(&pointer);
}
