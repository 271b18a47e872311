/* The marks of copies, and the hash of what they hold. */
#include "sync/internal.h"

enum { TEXT_BYTES = 1024, SHA256_HEX = SYNC_SHA256_BYTES - 1 };

void sync_mark(char out[SYNC_MARK_BYTES], const struct sync_reader *r,
               const struct sync_secret *source, struct str namespace, struct str name) {
    char text[TEXT_BYTES], hex[SYNC_SHA256_BYTES];
    struct buf b = BUF_OVER(text, sizeof text);
    const struct str parts[] = {r->instance, source->namespace, source->name, namespace, name};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        buf_str(&b, parts[i]);
        buf_putc(&b, '\0');
    }
    out[0] = '\0';
    if (b.bad)
        return;
    r->sha256(buf_view(&b), hex);
    memcpy(out, hex, SYNC_MARK_BYTES - 1);
    out[SYNC_MARK_BYTES - 1] = '\0';
}

struct str sync_name_label(struct str name, sync_sha256_fn *sha256,
                           char room[SYNC_LABEL_BYTES]) {
    enum { LABEL_MAX = SYNC_LABEL_BYTES - 1, HASH = 16, START = LABEL_MAX - HASH - 1 };
    char hex[SYNC_SHA256_BYTES];
    if (name.n <= LABEL_MAX)
        return name;
    sha256(name, hex);
    memcpy(room, name.p, START);
    room[START] = '-';
    memcpy(room + START + 1, hex, HASH);
    return (struct str){room, LABEL_MAX};
}

/* Folded, one key after the other: its length is bounded, however many there are. */
bool sync_hash_content(struct sync_secret *out, sync_sha256_fn *sha256) {
    char text[TEXT_BYTES];
    sha256(out->type, out->content);
    for (size_t i = 0; i < out->n_keys; i++) {
        struct buf b = BUF_OVER(text, sizeof text);
        buf_add(&b, out->content, SHA256_HEX);
        buf_str(&b, out->keys[i].key);
        buf_putc(&b, '\0');
        buf_add(&b, out->keys[i].sha256, SHA256_HEX);
        if (b.bad)
            return false;
        sha256(buf_view(&b), out->content);
    }
    return true;
}
