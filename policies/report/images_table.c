/* Images as a table. */
#include "report/images.h"

#include "base/escape.h"

enum { WIDTH_MAX = 80 };

static void put_column(struct buf *out, struct str text, size_t width) {
    escape_text(out, text);
    for (size_t i = escape_width(text); i < width; i++)
        buf_putc(out, ' ');
    buf_puts(out, "  ");
}

size_t report_images_print_table(struct buf *out, const struct report_images *m) {
    size_t width = strlen("IMAGE");
    for (size_t i = 0; i < m->n; i++)
        if (m->rows[i].denied.n == 0 && escape_width(m->rows[i].source) > width)
            width = escape_width(m->rows[i].source);
    if (width > WIDTH_MAX)
        width = WIDTH_MAX;
    put_column(out, STR("IMAGE"), width);
    buf_puts(out, "FROM\n");
    for (size_t i = 0; i < m->n; i++) {
        const struct report_image_row *row = &m->rows[i];
        if (row->denied.n != 0)
            continue;
        put_column(out, row->source, width);
        escape_text(out, report_images_moves(row) ? row->target : STR("(unchanged)"));
        buf_putc(out, '\n');
    }
    return 0;
}
