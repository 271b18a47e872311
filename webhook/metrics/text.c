/* The text format: lines and escapes. */
#include "metrics/metrics.h"

#include "base/utf8.h"

static const char *const type_words[] = {"counter", "gauge", "histogram"};

/* HELP texts escape backslash and line feed; label values the double quote as well. A byte that is not
 * UTF-8 becomes U+FFFD: Prometheus would reject the whole scrape. */
static void put_escaped(struct buf *out, struct str s, bool quotes) {
    for (size_t i = 0; i < s.n;) {
        size_t n = utf8_length((const unsigned char *)s.p + i, s.n - i);
        if (n == 0)
            buf_puts(out, "\xef\xbf\xbd");
        else if (s.p[i] == '\n')
            buf_puts(out, "\\n");
        else if (s.p[i] == '\\' || (quotes && s.p[i] == '"'))
            buf_add(out, (const char[]){'\\', s.p[i]}, 2);
        else
            buf_add(out, s.p + i, n);
        i += n == 0 ? 1 : n;
    }
}

/* 2500000 with 9 decimals is 0.0025: exact, where a double would not be. */
static void put_number(struct buf *out, int64_t v, unsigned decimals) {
    uint64_t unit = 1, rest;
    uint64_t size = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    for (unsigned i = 0; i < decimals; i++)
        unit *= 10;
    if (v < 0)
        buf_putc(out, '-');
    buf_uint(out, size / unit);
    rest = size % unit;
    if (rest != 0)
        buf_putc(out, '.');
    for (; rest != 0; rest %= unit) {
        unit /= 10;
        buf_putc(out, (char)('0' + rest / unit));
    }
}

static void put_label(struct buf *out, const char *name, struct str value, bool *any) {
    buf_putc(out, *any ? ',' : '{');
    *any = true;
    buf_puts(out, name);
    buf_puts(out, "=\"");
    put_escaped(out, value, true);
    buf_putc(out, '"');
}

static bool put_labels(struct buf *out, const struct metrics_family *f,
                       const struct metrics_set *set) {
    bool any = false;
    for (size_t i = 0; set != NULL && i < METRICS_LABELS && f->labels[i] != NULL; i++)
        put_label(out, f->labels[i], set->values[i], &any);
    return any;
}

static void put_end(struct buf *out, bool has_labels, int64_t value, unsigned decimals) {
    buf_puts(out, has_labels ? "} " : " ");
    put_number(out, value, decimals);
    buf_putc(out, '\n');
}

void metrics_head(struct buf *out, const struct metrics_family *f) {
    buf_puts(out, "# HELP ");
    buf_puts(out, f->name);
    buf_putc(out, ' ');
    put_escaped(out, str_of(f->help), false);
    buf_puts(out, "\n# TYPE ");
    buf_puts(out, f->name);
    buf_putc(out, ' ');
    buf_puts(out, type_words[f->type]);
    buf_putc(out, '\n');
}

void metrics_sample(struct buf *out, const struct metrics_family *f,
                    const struct metrics_set *set, int64_t value) {
    buf_puts(out, f->name);
    put_end(out, put_labels(out, f, set), value, f->decimals);
}

void metrics_value(struct buf *out, const struct metrics_family *f, int64_t value) {
    metrics_head(out, f);
    metrics_sample(out, f, NULL, value);
}

static void put_bucket(struct buf *out, const struct metrics_family *f,
                       const struct metrics_set *set, const int64_t *bound, uint64_t count) {
    char room[32];
    struct buf le = {.p = room, .cap = sizeof room, .max = sizeof room};
    buf_puts(out, f->name);
    buf_puts(out, "_bucket");
    bool any = put_labels(out, f, set);
    if (bound != NULL)
        put_number(&le, *bound, f->decimals);
    else
        buf_puts(&le, "+Inf");
    put_label(out, "le", buf_view(&le), &any);
    put_end(out, any, (int64_t)count, 0);
}

static void put_total(struct buf *out, const struct metrics_family *f, const char *suffix,
                      const struct metrics_set *set, int64_t value, unsigned decimals) {
    buf_puts(out, f->name);
    buf_puts(out, suffix);
    put_end(out, put_labels(out, f, set), value, decimals);
}

void metrics_histogram(struct buf *out, const struct metrics_family *f,
                       const struct metrics_set *set, const struct metrics_lanes *l,
                       const struct metrics_histogram *h) {
    uint64_t count = 0;
    /* The count is the sum of the buckets: it agrees with them although counting continues. */
    for (size_t i = 0; i <= f->n_bounds; i++) {
        count += metrics_total(l, &h->buckets[i]);
        put_bucket(out, f, set, i < f->n_bounds ? &f->bounds[i] : NULL, count);
    }
    put_total(out, f, "_sum", set, (int64_t)metrics_total(l, &h->sum), f->decimals);
    put_total(out, f, "_count", set, (int64_t)count, 0);
}
