/* Needs as a table and as JSON; the keys of the latter are a promise. */
#include "base/escape.h"
#include "policyctl/needs.h"

enum { WIDTH_MAX = 60 };

/* Different places of a group: each once, the rows are sorted. */
static bool is_new_place(const struct needs *n, size_t from, size_t i) {
    return i == from || !str_eq(n->rows[i - 1].place, n->rows[i].place);
}

static void put_column(struct buf *out, struct str text, size_t width) {
    escape_text(out, text);
    for (size_t i = escape_width(text); i < width; i++)
        buf_putc(out, ' ');
    buf_puts(out, "  ");
}

static size_t wider(size_t width, struct str text) {
    size_t n = escape_width(text);
    n = n > WIDTH_MAX ? WIDTH_MAX : n;
    return n > width ? n : width;
}

static void put_places(struct buf *out, const struct needs *n, size_t from, size_t end) {
    if (n->rows[from].place.n == 0)
        buf_putc(out, '-');
    for (size_t i = from; i < end; i++) {
        if (!is_new_place(n, from, i))
            continue;
        buf_puts(out, i > from ? "," : "");
        escape_text(out, n->rows[i].place);
    }
}

void needs_print_table(struct buf *out, const struct needs *n) {
    size_t namespace = strlen("NAMESPACE"), secret = strlen("SECRET");
    for (size_t i = 0; i < n->n; i++) {
        namespace = wider(namespace, n->rows[i].namespace);
        secret = wider(secret, n->rows[i].secret);
    }
    put_column(out, STR("NAMESPACE"), namespace);
    put_column(out, STR("SECRET"), secret);
    buf_puts(out, "HOSTS\n");
    for (size_t i = 0, end; i < n->n; i = end) {
        end = needs_group_end(n, i);
        put_column(out, n->rows[i].namespace, namespace);
        put_column(out, n->rows[i].secret, secret);
        put_places(out, n, i, end);
        buf_putc(out, '\n');
    }
}

static void put_member(struct buf *out, const char *key, struct str value) {
    buf_printf(out, "\"%s\":", key);
    buf_json(out, value);
}

static void put_json_places(struct buf *out, const struct needs *n, size_t from, size_t end) {
    const char *separator = "";
    buf_puts(out, ",\"hosts\":[");
    for (size_t i = from; i < end; i++) {
        if (n->rows[i].place.n == 0 || !is_new_place(n, from, i))
            continue;
        buf_puts(out, separator);
        buf_json(out, n->rows[i].place);
        separator = ",";
    }
    buf_putc(out, ']');
}

static void put_json_rows(struct buf *out, const struct needs *n, size_t from, size_t end) {
    const char *separator = "";
    buf_puts(out, ",\"because\":[");
    for (size_t i = from; i < end; i++) {
        buf_printf(out, "%s{", separator);
        if (n->rows[i].repository.n != 0) {
            put_member(out, "repository", n->rows[i].repository);
            buf_putc(out, ',');
        }
        put_member(out, "file", str_of(n->rows[i].file));
        buf_printf(out, ",\"line\":%u}", n->rows[i].line);
        separator = ",";
    }
    buf_putc(out, ']');
}

void needs_print_json(struct buf *out, const struct needs *n) {
    const char *separator = "\n";
    buf_puts(out, "{\"secrets\":[");
    for (size_t i = 0, end; i < n->n; i = end) {
        end = needs_group_end(n, i);
        buf_printf(out, "%s{", separator);
        put_member(out, "namespace", n->rows[i].namespace);
        buf_printf(out, ",\"glob\":%s,", n->rows[i].is_glob ? "true" : "false");
        put_member(out, "name", n->rows[i].secret);
        put_json_places(out, n, i, end);
        put_json_rows(out, n, i, end);
        buf_putc(out, '}');
        separator = ",\n";
    }
    buf_printf(out, "\n],\"denied\":%zu}\n", n->n_denied);
}
