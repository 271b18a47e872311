/* What registries say of an image, as a text and as JSON. */
#include "report/images_check.h"
#include "base/escape.h"
#include "report/images.h"
#include "report/json_text.h"

static void put_words(struct buf *out, const char *before, const struct str *words, size_t n) {
    for (size_t i = 0; i < n; i++) {
        buf_puts(out, i == 0 ? before : ", ");
        escape_text(out, words[i]);
    }
}

static void put_part(struct buf *out, const char *before, struct str text, const char *after) {
    if (text.n == 0)
        return;
    buf_puts(out, before);
    escape_text(out, text);
    buf_puts(out, after);
}

void report_images_put_check(struct buf *out, const struct report_image_check *c) {
    bool compared = c->source.n != 0 && !str_eq(c->source, STR("same"));
    escape_text(out, c->status);
    put_words(out, ", without ", c->lacking, c->n_lacking);
    put_part(out, ": ", c->reason, "");
    put_part(out, " (", c->credential, ")");
    if (compared)
        put_part(out, "; source: ", c->source, "");
    put_part(out, "; rate limit: ", c->limit, "");
    put_part(out, "; warning: ", c->warning, "");
}

static void put_list(struct buf *out, const char *before, const struct str *words, size_t n) {
    buf_puts(out, before);
    for (size_t i = 0; i < n; i++)
        report_json(out, i != 0 ? "," : "", words[i]);
    buf_putc(out, ']');
}

static void put_optional(struct buf *out, const char *key, struct str value) {
    if (value.n != 0)
        report_json_string(out, key, value);
}

void report_images_json_check(struct buf *out, const struct report_image_check *c) {
    report_json(out, ",\"check\":{\"status\":", c->status);
    report_json_bool(out, "good", c->good);
    put_optional(out, "reason", c->reason);
    put_optional(out, "credential", c->credential);
    put_optional(out, "digest", c->digest);
    put_list(out, ",\"platforms\":[", c->platforms, c->n_platforms);
    put_list(out, ",\"lacking\":[", c->lacking, c->n_lacking);
    put_optional(out, "source", c->source);
    put_optional(out, "sourceDigest", c->source_digest);
    put_optional(out, "rateLimit", c->limit);
    put_optional(out, "warning", c->warning);
    buf_putc(out, '}');
}
