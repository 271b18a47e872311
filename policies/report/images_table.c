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

static struct str from_of(const struct report_image_row *row) {
    return report_images_moves(row) ? row->target : STR("(unchanged)");
}

struct widths {
    size_t image, from;
};

static size_t wider(size_t width, struct str text) {
    size_t own = escape_width(text);
    own = own > WIDTH_MAX ? WIDTH_MAX : own;
    return own > width ? own : width;
}

static struct widths widths_of(const struct report_images *m) {
    struct widths w = {strlen("IMAGE"), strlen("FROM")};
    for (size_t i = 0; i < m->n; i++) {
        if (m->rows[i].denied.n != 0)
            continue;
        w.image = wider(w.image, m->rows[i].source);
        w.from = wider(w.from, from_of(&m->rows[i]));
    }
    return w;
}

static void put_row(struct buf *out, struct widths w, const struct report_image_row *row) {
    put_column(out, row->source, w.image);
    if (row->check == NULL) {
        escape_text(out, from_of(row));
    } else {
        put_column(out, from_of(row), w.from);
        report_images_put_check(out, row->check);
    }
    buf_putc(out, '\n');
}

size_t report_images_print_table(struct buf *out, const struct report_images *m) {
    struct widths w = widths_of(m);
    put_column(out, STR("IMAGE"), w.image);
    if (m->checked)
        put_column(out, STR("FROM"), w.from);
    buf_puts(out, m->checked ? "CHECK\n" : "FROM\n");
    for (size_t i = 0; i < m->n; i++)
        if (m->rows[i].denied.n == 0)
            put_row(out, w, &m->rows[i]);
    return 0;
}
