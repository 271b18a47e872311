/* Images as JSON; its keys are a promise. */
#include "report/images.h"

static void put_key(struct buf *out, const char *key, struct str value) {
    buf_printf(out, "\"%s\":", key);
    buf_json(out, value);
}

static void put_row(struct buf *out, const struct image_row *row) {
    buf_putc(out, '{');
    put_key(out, "source", row->source);
    buf_putc(out, ',');
    if (row->denied.n != 0)
        put_key(out, "reason", row->denied);
    else
        put_key(out, "target", row->target);
    if (row->denied.n == 0)
        buf_printf(out, ",\"rewritten\":%s", report_images_moves(row) ? "true" : "false");
    buf_printf(out, ",\"uses\":%zu,", row->uses);
    put_key(out, "file", str_of(row->file));
    buf_printf(out, ",\"line\":%u,\"column\":%u}", row->pos.line, row->pos.col);
}

static void put_rows(struct buf *out, const struct images *m, bool denied) {
    const char *separator = "\n";
    for (size_t i = 0; i < m->n; i++) {
        if ((m->rows[i].denied.n != 0) != denied)
            continue;
        buf_puts(out, separator);
        put_row(out, &m->rows[i]);
        separator = ",\n";
    }
}

size_t report_images_print_json(struct buf *out, const struct images *m) {
    buf_puts(out, "{\"images\":[");
    put_rows(out, m, false);
    buf_puts(out, "\n],\"denied\":[");
    put_rows(out, m, true);
    buf_printf(out, "\n],\"notJudged\":%zu}\n", m->n_unjudged);
    return 0;
}
