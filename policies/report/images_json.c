/* Images as JSON; its keys are a promise. */
#include "report/images.h"
#include "report/images_check.h"
#include "report/json_text.h"

static void put_row(struct buf *out, const struct report_image_row *row) {
    bool denied = row->denied.n != 0;
    report_json(out, "{\"source\":", row->source);
    report_json_string(out, denied ? "reason" : "target", denied ? row->denied : row->target);
    if (!denied)
        report_json_bool(out, "rewritten", report_images_moves(row));
    report_json_number(out, "uses", row->uses);
    report_json_string(out, "file", str_of(row->file));
    report_json_position(out, row->pos.line, row->pos.col);
    if (row->check != NULL)
        report_images_json_check(out, row->check);
    buf_putc(out, '}');
}

static void put_rows(struct buf *out, const struct report_images *m, bool denied) {
    const char *separator = "\n";
    for (size_t i = 0; i < m->n; i++) {
        if ((m->rows[i].denied.n != 0) != denied)
            continue;
        buf_puts(out, separator);
        put_row(out, &m->rows[i]);
        separator = ",\n";
    }
}

size_t report_images_print_json(struct buf *out, const struct report_images *m) {
    buf_puts(out, "{\"images\":[");
    put_rows(out, m, false);
    buf_puts(out, "\n],\"denied\":[");
    put_rows(out, m, true);
    buf_printf(out, "\n],\"notJudged\":%zu}\n", m->n_unjudged);
    return 0;
}
