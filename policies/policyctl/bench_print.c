#include "base/file.h"
#include "policyctl/bench.h"

#include <stdio.h>

enum { BASE_MAX = 1 << 20 };

/* ---- figures ------------------------------------------------------------------------- */

static void put_time(struct buf *out, uint64_t ns) {
    char text[32];
    if (ns < 10000)
        snprintf(text, sizeof text, "%llu ns", (unsigned long long)ns);
    else if (ns < 10000000)
        snprintf(text, sizeof text, "%.1f us", (double)ns / 1e3);
    else
        snprintf(text, sizeof text, "%.1f ms", (double)ns / 1e6);
    buf_printf(out, " %10s", text);
}

static void put_row(struct buf *out, const char *name, const struct bench_result *r) {
    buf_printf(out, "%-8s %10llu %12.0f", name, (unsigned long long)r->decisions,
               r->per_second);
    put_time(out, r->mean_ns);
    put_time(out, r->p50_ns);
    put_time(out, r->p95_ns);
    put_time(out, r->p99_ns);
    put_time(out, r->max_ns);
    buf_putc(out, '\n');
}

void bench_print_text(struct buf *out, const struct bench *b, const struct bench_figures *f) {
    buf_printf(out, "%zu objects, %zu of them reviews; each %llu times, %u at a time\n",
               b->n_items, b->n_reviews, (unsigned long long)b->rounds, b->concurrency);
    buf_printf(out, "%-8s %10s %12s %10s %10s %10s %10s %10s\n", "", "decisions", "per second",
               "mean", "p50", "p95", "p99", "max");
    if (f->has_engine)
        put_row(out, "engine", &f->engine);
    if (f->has_review)
        put_row(out, "review", &f->review);
}

static void put_figures(struct buf *out, const char *name, const struct bench_result *r) {
    buf_printf(out,
               ",\"%s\":{\"decisions\":%llu,\"perSecond\":%.0f,\"meanNs\":%llu,\"p50Ns\":%llu,"
               "\"p95Ns\":%llu,\"p99Ns\":%llu,\"maxNs\":%llu}",
               name, (unsigned long long)r->decisions, r->per_second,
               (unsigned long long)r->mean_ns, (unsigned long long)r->p50_ns,
               (unsigned long long)r->p95_ns, (unsigned long long)r->p99_ns,
               (unsigned long long)r->max_ns);
}

void bench_print_json(struct buf *out, const struct bench *b, const struct bench_figures *f) {
    buf_printf(out,
               "{\"objects\":%zu,\"reviews\":%zu,\"iterations\":%llu,\"warmup\":%llu,"
               "\"concurrency\":%u",
               b->n_items, b->n_reviews, (unsigned long long)b->rounds,
               (unsigned long long)b->warmup, b->concurrency);
    if (f->has_engine)
        put_figures(out, "engine", &f->engine);
    if (f->has_review)
        put_figures(out, "review", &f->review);
    buf_puts(out, "}\n");
}

/* ---- comparing ----------------------------------------------------------------------- */

static enum ec base_number(const struct json *j, json_at object, const char *key, uint64_t *out,
                           struct err *err) {
    json_at at = json_get(j, object, str_of(key));
    if (json_is(j, at, JSON_NUMBER) && str_to_uint(json_str(j, at), UINT64_MAX, out))
        return EC_OK;
    return err_set(err, EC_SCHEMA, "not written by policyctl bench --save: %s is missing", key);
}

/* One decimal; the median, since a busy machine moves it least. */
static enum ec compare_one(struct bench_comparison *c, const struct json *j, const char *name,
                           const struct bench_result *now, struct err *err) {
    json_at at = json_get(j, 0, str_of(name));
    uint64_t before = 0;
    if (at == JSON_NONE)
        return EC_OK;
    if (base_number(j, at, "p50Ns", &before, err) != EC_OK)
        return err->code;
    double percent = before ? ((double)now->p50_ns / (double)before - 1) * 100 : 0;
    bool slower = percent > (double)c->threshold;
    buf_printf(c->out, "%s: p50", name);
    put_time(c->out, before);
    buf_puts(c->out, " ->");
    put_time(c->out, now->p50_ns);
    buf_printf(c->out, ", %+.1f %%%s\n", percent, slower ? ": too slow" : "");
    c->slower |= slower;
    return EC_OK;
}

/* Figures of other objects, or of another number of threads, cannot be compared. */
static enum ec same_ground(const struct bench *b, const struct json *j, struct err *err) {
    const struct {
        const char *key;
        uint64_t now;
    } ground[] = {
        {"objects", b->n_items}, {"reviews", b->n_reviews}, {"concurrency", b->concurrency}};
    for (size_t i = 0; i < sizeof ground / sizeof *ground; i++) {
        uint64_t before = 0;
        if (base_number(j, 0, ground[i].key, &before, err) != EC_OK)
            return err->code;
        if (before != ground[i].now)
            return err_set(
                err, EC_USAGE, "%s: %llu then, %llu now: the figures cannot be compared",
                ground[i].key, (unsigned long long)before, (unsigned long long)ground[i].now);
    }
    return EC_OK;
}

enum ec bench_compare(struct bench_comparison *c, const struct bench *b,
                      const struct bench_figures *f, struct err *err) {
    struct buf text = BUF_INIT((size_t)BASE_MAX * 2);
    struct json j = JSON_INIT;
    if (file_read_any(&text, c->path, BASE_MAX, err) != EC_OK) {
        buf_done(&text);
        return err->code;
    }
    char *padding = buf_room(&text, JSON_PADDING);
    if (padding == NULL)
        err_set(err, EC_NOMEM, "out of memory");
    else {
        memset(padding, 0, JSON_PADDING);
        if (json_parse(&j, text.p, text.n, JSON_LIMITS_DEFAULT, err) == EC_OK &&
            same_ground(b, &j, err) == EC_OK &&
            compare_one(c, &j, "engine", &f->engine, err) == EC_OK)
            (void)!compare_one(c, &j, "review", &f->review, err);
    }
    if (err->code != EC_OK)
        err_locate(err, c->path, 0, 0);
    json_done(&j);
    buf_done(&text);
    return err->code;
}

/* ---- the worst reviews --------------------------------------------------------------- */

void bench_worst_text(struct buf *out, const struct bench_worst *w,
                      const struct policy *policy) {
    buf_printf(out, "%-24s %9s %10s %10s %9s  %s\n", "", "images", "bytes", "steps", "time",
               "verdict");
    for (size_t i = 0; i < w->n_rows; i++) {
        const struct bench_worst_row *r = &w->rows[i];
        buf_printf(out, "%-24s %9zu %10zu %10llu %6.1f ms  %s%s\n", r->what, r->n_images,
                   r->n_bytes, (unsigned long long)r->steps, (double)r->ns / 1e6, r->verdict,
                   r->is_limited ? " (pattern-limit)" : "");
        if (r->regex != NULL)
            buf_printf(out, "    %.*s:%u: %.*s\n",
                       STR_ARG(engine_policy_file(policy, r->regex->pos)), r->regex->pos.line,
                       STR_ARG(match_image_text(r->regex->image)));
    }
    buf_printf(out, "a review may use %d steps; one that needs more is denied\n",
               ENGINE_STEPS_MAX);
}

void bench_worst_json(struct buf *out, const struct bench_worst *w,
                      const struct policy *policy) {
    buf_printf(out, "{\"limit\":%d,\"worst\":[", ENGINE_STEPS_MAX);
    for (size_t i = 0; i < w->n_rows; i++) {
        const struct bench_worst_row *r = &w->rows[i];
        buf_puts(out, i ? ",{\"what\":" : "{\"what\":");
        buf_json(out, str_of(r->what));
        if (r->regex != NULL) {
            buf_puts(out, ",\"regex\":");
            buf_json(out, match_image_text(r->regex->image));
            buf_puts(out, ",\"file\":");
            buf_json(out, engine_policy_file(policy, r->regex->pos));
            buf_printf(out, ",\"line\":%u,\"column\":%u", r->regex->pos.line,
                       r->regex->pos.col);
        }
        buf_printf(
            out,
            ",\"images\":%zu,\"bytes\":%zu,\"steps\":%llu,\"ns\":%lld,\"verdict\":\"%s\","
            "\"limited\":%s}",
            r->n_images, r->n_bytes, (unsigned long long)r->steps, (long long)r->ns, r->verdict,
            r->is_limited ? "true" : "false");
    }
    buf_puts(out, "]}\n");
}
