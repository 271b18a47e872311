/* The body of a copy's server-side apply. */
#include "sync/internal.h"

static void put_member(struct buf *out, const char *key, struct str value) {
    buf_printf(out, "\"%s\":", key);
    buf_json(out, value);
}

static void put_labels(struct buf *out, const struct sync_reader *r,
                       const struct sync_action *a) {
    char mark[SYNC_MARK_BYTES], room[SYNC_LABEL_BYTES];
    sync_mark(mark, r, a->source, a->namespace, a->name);
    buf_puts(out, "\"labels\":{");
    put_member(out, SYNC_MANAGED_BY_KEY, STR(SYNC_MANAGED_BY));
    buf_putc(out, ',');
    put_member(out, SYNC_COPY_KEY, str_of(mark));
    buf_putc(out, ',');
    put_member(out, SYNC_SOURCE_NAMESPACE_KEY, a->source->namespace);
    buf_putc(out, ',');
    put_member(out, SYNC_SOURCE_NAME_KEY, sync_name_label(a->source->name, r->sha256, room));
    buf_putc(out, '}');
}

static void put_annotations(struct buf *out, const struct sync_action *a) {
    char text[1024];
    struct buf from = BUF_OVER(text, sizeof text);
    buf_str(&from, a->source->namespace);
    buf_putc(&from, '/');
    buf_str(&from, a->source->name);
    buf_puts(out, "\"annotations\":{");
    put_member(out, SYNC_SOURCE_KEY, buf_view(&from));
    buf_putc(out, ',');
    put_member(out, SYNC_CONTENT_KEY, str_of(a->source->content));
    buf_putc(out, '}');
}

/* Room for all of it at once: a buffer that grows leaves what it held behind. */
static bool make_room(struct buf *out, const struct sync_secret *source) {
    size_t n = 8192;
    for (size_t i = 0; i < source->n_keys; i++)
        n += source->keys[i].key.n + source->keys[i].value.n + 16;
    return buf_room(out, n) != NULL;
}

void sync_print_copy(struct buf *out, const struct sync_reader *r,
                     const struct sync_action *a) {
    if (!make_room(out, a->source))
        return;
    buf_puts(out, "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{");
    put_member(out, "name", a->name);
    buf_putc(out, ',');
    put_member(out, "namespace", a->namespace);
    buf_putc(out, ',');
    put_labels(out, r, a);
    buf_putc(out, ',');
    put_annotations(out, a);
    buf_puts(out, "},");
    put_member(out, "type", a->source->type);
    buf_puts(out, ",\"data\":{");
    for (size_t i = 0; i < a->source->n_keys; i++) {
        buf_puts(out, i != 0 ? "," : "");
        buf_json(out, a->source->keys[i].key);
        buf_putc(out, ':');
        buf_json(out, a->source->keys[i].value);
    }
    buf_puts(out, "}}");
}
