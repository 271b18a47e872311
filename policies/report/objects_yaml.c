/* The object as the webhook would leave it, and the difference. */
#include "report/objects.h"

#include "edit/patch.h"
#include "yaml/print.h"

enum { JSON_BYTES_MAX = 512 << 20 };

/* ---- printing ------------------------------------------------------------------------ */

/* YAML of the object as it will be. */
static enum ec put_after(const struct object *s, struct buf *out, struct err *err) {
    const struct decision *d = s->decision;
    if (edit_patch_yaml(s->doc->json, s->object, d->edits, d->n_edits, out, err) != EC_OK)
        err_locate(err, s->file, s->line, 1);
    return err->code;
}

static enum ec put_yaml(struct report *p, const struct object *s, struct err *err) {
    if (s->object == JSON_NONE)
        return EC_OK;
    size_t start = p->out.n;
    if (p->n_out++ != 0)
        buf_puts(&p->out, "---\n");
    if (put_after(s, &p->out, err) != EC_OK) {
        p->out.n = start; /* without the object that cannot be printed */
        p->n_out--;
    }
    return err->code;
}

static void join_yaml(struct report *run, struct report *file, const char *name,
                      const struct object_totals *of_file) {
    (void)name;
    (void)of_file;
    if (file->n_out != 0 && run->n_out != 0)
        buf_puts(&run->out, "---\n");
    run->n_out += file->n_out;
    report_append(run, file);
}

const struct report_format report_objects_yaml = {.only_objects = true,
                                                  .begin = report_objects_no_begin,
                                                  .object = put_yaml,
                                                  .fault = report_objects_no_fault,
                                                  .join = join_yaml,
                                                  .end = report_objects_no_end};

static void put_title(struct buf *out, const struct object *s) {
    escape_text(out, str_of(s->file));
    buf_printf(out, ":%u ", s->line);
    escape_text(out, s->workload->kind);
    buf_putc(out, '/');
    escape_text(out, object_name(s));
}

static enum ec put_diff(struct report *p, const struct object *s, struct err *err) {
    struct buf before = BUF_INIT(JSON_BYTES_MAX), after = BUF_INIT(JSON_BYTES_MAX);
    struct buf name = BUF_INIT(8192);
    if (s->object == JSON_NONE || s->decision->n_edits == 0)
        return EC_OK;
    put_title(&name, s);
    const char *title = buf_z(&name);
    if (yaml_print(s->doc->json, s->object, &before, err) == EC_OK &&
        put_after(s, &after, err) == EC_OK)
        (void)!report_unified(p, title ? title : "", title ? title : "", buf_view(&before),
                              buf_view(&after), err);
    buf_done(&name);
    buf_done(&before);
    buf_done(&after);
    return err->code;
}

const struct report_format report_objects_diff = {.in_parts = true,
                                                  .only_objects = true,
                                                  .begin = report_objects_no_begin,
                                                  .object = put_diff,
                                                  .fault = report_objects_no_fault,
                                                  .join = report_objects_append,
                                                  .end = report_objects_no_end};
