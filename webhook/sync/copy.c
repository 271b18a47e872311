/* Secrets and Namespaces in memory of their own. */
#include "sync/sync.h"

#include "base/mem.h"

#include <string.h>

struct room { /* where texts go, behind the structs */
    char *at;
};

static struct str put(struct room *room, struct str s) {
    struct str out = {room->at, s.n};
    if (s.p == NULL)
        return STR_NONE;
    if (s.n != 0)
        memcpy(room->at, s.p, s.n);
    room->at += s.n;
    return out;
}

/* ---- Secrets ---------------------------------------------------------------------------- */

enum { N_TEXTS = 12 };

static void list_texts(struct sync_secret *s, struct str *texts[N_TEXTS]) {
    struct str *const all[N_TEXTS] = {
        &s->namespace, &s->name,     &s->uid,     &s->resource_version, &s->type,
        &s->rival,     &s->noted,    &s->sync_to, &s->source_namespace, &s->source_name,
        &s->fault,     &s->commander};
    memcpy(texts, all, sizeof all);
}

static size_t secret_bytes(const struct sync_secret *s) {
    struct sync_secret copy = *s;
    struct str *texts[N_TEXTS];
    size_t n = sizeof *s + s->n_keys * sizeof *s->keys;
    list_texts(&copy, texts);
    for (size_t i = 0; i < N_TEXTS; i++)
        n += texts[i]->n;
    for (size_t i = 0; i < s->n_keys; i++)
        n += s->keys[i].key.n + s->keys[i].value.n;
    return n;
}

struct sync_secret *sync_secret_new(const struct sync_secret *s) {
    struct str *texts[N_TEXTS];
    struct sync_secret *out = mem_alloc(secret_bytes(s));
    if (out == NULL)
        return NULL;
    struct sync_key *keys = (struct sync_key *)(out + 1);
    struct room room = {(char *)(keys + s->n_keys)};
    *out = *s;
    list_texts(out, texts);
    for (size_t i = 0; i < N_TEXTS; i++)
        *texts[i] = put(&room, *texts[i]);
    for (size_t i = 0; i < s->n_keys; i++) {
        keys[i] = s->keys[i];
        keys[i].key = put(&room, s->keys[i].key);
        keys[i].value = put(&room, s->keys[i].value);
    }
    out->keys = keys;
    return out;
}

void sync_secret_free(struct sync_secret *s) {
    if (s != NULL)
        explicit_bzero(s, secret_bytes(s));
    mem_free(s);
}

/* ---- Namespaces ------------------------------------------------------------------------- */

struct sync_namespace *sync_namespace_new(const struct sync_namespace *n) {
    size_t bytes = sizeof *n + n->n_labels * sizeof *n->labels + n->name.n;
    for (size_t i = 0; i < n->n_labels; i++)
        bytes += n->labels[i].key.n + n->labels[i].value.n;
    struct sync_namespace *out = mem_alloc(bytes);
    if (out == NULL)
        return NULL;
    struct match_label *labels = (struct match_label *)(out + 1);
    struct room room = {(char *)(labels + n->n_labels)};
    *out = *n;
    out->name = put(&room, n->name);
    for (size_t i = 0; i < n->n_labels; i++)
        labels[i] =
            (struct match_label){put(&room, n->labels[i].key), put(&room, n->labels[i].value)};
    out->labels = labels;
    return out;
}

void sync_namespace_free(struct sync_namespace *n) {
    mem_free(n);
}
