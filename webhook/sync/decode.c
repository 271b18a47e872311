/* Whether a source can be spread: the kubelet would decode it. */
#include "sync/internal.h"

#include "base/mem.h"
#include "credentials/credentials.h"

bool sync_is_pull_secret(struct str type) {
    return str_eq(type, STR(CREDENTIALS_TYPE_JSON)) || str_eq(type, STR(CREDENTIALS_TYPE_CFG));
}

static struct str wanted_key(struct str type) {
    return str_eq(type, STR(CREDENTIALS_TYPE_JSON)) ? STR(CREDENTIALS_KEY_JSON)
                                                    : STR(CREDENTIALS_KEY_CFG);
}

static const struct sync_key *find_key(const struct sync_secret *s, struct str key) {
    for (size_t i = 0; i < s->n_keys; i++)
        if (str_eq(s->keys[i].key, key))
            return &s->keys[i];
    return NULL;
}

static void put_fault(struct buf *out, const struct credentials_set *set, struct str key) {
    if (set->state == CREDENTIALS_NO_BYTES)
        buf_printf(out, "its %.*s is empty", STR_ARG(key));
    if (set->state != CREDENTIALS_UNDECODABLE)
        return;
    buf_printf(out, "its %.*s does not decode: ", STR_ARG(key));
    if (set->fault.line != 0)
        buf_printf(out, "line %u, column %u: ", set->fault.line, set->fault.col);
    buf_puts(out, set->fault.msg);
}

/* The bytes are those of a file. */
static enum ec judge_bytes(struct buf *out, const struct sync_secret *s, struct str key,
                           struct str bytes, struct err *err) {
    const struct credentials_datum datum = {key, bytes};
    const struct credentials_secret secret = {.namespace = s->namespace,
                                              .name = s->name,
                                              .type = s->type,
                                              .data = &datum,
                                              .n_data = 1};
    struct credentials_set *set = NULL;
    enum ec ec = credentials_set_new(&set, &secret, err);
    if (ec == EC_LIMIT) {
        buf_printf(out, "its %.*s is too large: %s", STR_ARG(key), err->msg);
        *err = (struct err)ERR_INIT;
        return EC_OK;
    }
    if (ec == EC_OK)
        put_fault(out, set, key);
    credentials_set_free(set);
    return ec;
}

static enum ec judge_key(struct buf *out, const struct sync_secret *s,
                         const struct sync_key *key, struct err *err) {
    size_t n = 0, position = 0;
    char *bytes = mem_alloc(key->value.n + 1);
    enum ec ec = EC_OK;
    if (bytes == NULL)
        return err_set(err, EC_NOMEM, "out of memory");
    if (credentials_base64(bytes, &n, key->value, &position))
        ec = judge_bytes(out, s, key->key, (struct str){bytes, n}, err);
    else
        buf_printf(out, "its %.*s is not base64, at byte %zu", STR_ARG(key->key), position);
    credentials_wipe(bytes, key->value.n + 1);
    mem_free(bytes);
    return ec;
}

enum ec sync_find_fault(struct sync_secret *s, struct arena *arena, struct err *err) {
    char text[sizeof err->msg + 100];
    struct buf out = BUF_OVER(text, sizeof text);
    struct str wanted = wanted_key(s->type);
    const struct sync_key *key = find_key(s, wanted);
    enum ec ec = EC_OK;
    if (!sync_is_pull_secret(s->type))
        return EC_OK;
    if (key == NULL)
        buf_printf(&out, "it has no key %.*s", STR_ARG(wanted));
    else
        ec = judge_key(&out, s, key, err);
    if (ec != EC_OK)
        return ec;
    return arena_str(arena, buf_view(&out), &s->fault) ? EC_OK : arena_fail(arena, err);
}
