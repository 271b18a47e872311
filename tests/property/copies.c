#include "copies.h"

#include "base/buf.h"
#include "json/json.h"

#include <stdio.h>
#include <stdlib.h>

#define TYPE_JSON "kubernetes.io/dockerconfigjson"

void copies_sha256(struct str bytes, char out[SYNC_SHA256_BYTES]) {
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < bytes.n; i++)
        h = (h ^ (unsigned char)bytes.p[i]) * UINT64_C(0x100000001b3);
    for (int i = 0; i < 4; i++) {
        snprintf(out + 16 * i, 17, "%016llx", (unsigned long long)h);
        h = (h ^ h >> 29) * UINT64_C(0xbf58476d1ce4e5b9);
    }
}

void copies_init(struct copies *c) {
    memset(c, 0, sizeof *c);
    c->reader = (struct sync_reader){
        .sha256 = copies_sha256, .instance = STR("pullgate"), .keep_data = true};
}

static void bury(struct copies *c) {
    while (c->n_gone != 0)
        sync_secret_free(c->gone[--c->n_gone]);
}

void copies_done(struct copies *c) {
    bury(c);
    for (size_t i = 0; i < c->n_secrets; i++)
        sync_secret_free(c->secrets[i]);
    for (size_t i = 0; i < c->n_namespaces; i++)
        sync_namespace_free(c->namespaces[i]);
    c->n_secrets = c->n_namespaces = 0;
}

static void must(bool holds, const char *what) {
    if (holds)
        return;
    fprintf(stderr, "copies: %s\n", what);
    abort();
}

/* ---- objects from JSON -------------------------------------------------------------------- */

static struct sync_secret *read_secret(const struct copies *c, struct buf *text) {
    struct json j = JSON_INIT;
    struct err err = ERR_INIT;
    struct arena arena = ARENA_INIT(4096, 1 << 20);
    struct sync_secret s;
    must(buf_room(text, JSON_PADDING) != NULL, "no memory");
    memset(text->p + text->n, 0, JSON_PADDING);
    enum ec ec = json_parse(&j, text->p, text->n, JSON_LIMITS_DEFAULT, &err);
    if (ec == EC_OK)
        ec = sync_read_secret(&s, &c->reader, &j, 0, &arena, &err);
    must(ec == EC_OK, err.msg);
    struct sync_secret *kept = sync_secret_new(&s);
    must(kept != NULL, "no memory");
    json_done(&j);
    arena_done(&arena);
    return kept;
}

static struct str before(const char *place) {
    struct str s = str_of(place);
    return str_slice(s, 0, str_find(s, '/'));
}

static struct str behind(const char *place) {
    struct str s = str_of(place);
    return str_slice(s, str_find(s, '/') + 1, s.n);
}

static void put_pair(struct buf *b, bool *some, const char *key, struct str value) {
    buf_printf(b, "%s\"%s\":", *some ? "," : "", key);
    buf_json(b, value);
    *some = true;
}

/* The marks of a copy, from the printer itself: a body of what would be applied. */
static void put_marks(const struct copies *c, const struct copies_secret *s, struct buf *labels,
                      struct buf *annotations) {
    const struct sync_secret source = {.namespace = before(s->of), .name = behind(s->of)};
    const char *place = s->of_place;
    const struct sync_action a = {.namespace = place ? before(place) : str_of(s->namespace),
                                  .name = place ? behind(place) : str_of(s->name),
                                  .source = &source};
    struct buf body = BUF_INIT(1 << 20);
    struct json j = JSON_INIT;
    struct err err = ERR_INIT;
    sync_print_copy(&body, &c->reader, &a);
    must(!body.bad && buf_room(&body, JSON_PADDING) != NULL, "no memory");
    memset(body.p + body.n, 0, JSON_PADDING);
    must(json_parse(&j, body.p, body.n, JSON_LIMITS_DEFAULT, &err) == EC_OK, err.msg);
    bool some = false, more = false;
    json_at map = json_find(&j, STR("/metadata/labels"));
    for (json_at at = json_first(&j, map); at != JSON_NONE; at = json_next(&j, map, at + 1))
        if (!s->unlabelled || !str_eq(json_str(&j, at), STR(SYNC_SOURCE_NAME_KEY))) {
            char key[100];
            snprintf(key, sizeof key, "%.*s", STR_ARG(json_str(&j, at)));
            put_pair(labels, &some, key, json_str(&j, at + 1));
        }
    put_pair(annotations, &more, SYNC_SOURCE_KEY, str_of(s->of));
    json_done(&j);
    buf_done(&body);
}

static const char *data_key(const struct copies_secret *s) {
    bool cfg = s->type != NULL && strcmp(s->type, "kubernetes.io/dockercfg") == 0;
    return cfg ? ".dockercfg" : ".dockerconfigjson";
}

static void put_secret(const struct copies *c, const struct copies_secret *s, const char *noted,
                       struct buf *out) {
    struct buf labels = BUF_INIT(1 << 16), annotations = BUF_INIT(1 << 16);
    if (s->of != NULL)
        put_marks(c, s, &labels, &annotations);
    bool some = annotations.n != 0, more = false;
    if (noted != NULL)
        put_pair(&annotations, &some, SYNC_CONTENT_KEY, str_of(noted));
    if (s->sync_to != NULL)
        put_pair(&annotations, &some, SYNC_TO_KEY, str_of(s->sync_to));
    if (s->commander != NULL)
        put_pair(&annotations, &some, SYNC_COMMANDER_KEY, str_of(s->commander));
    if (s->annotation != NULL)
        put_pair(&annotations, &some, s->annotation, STR(""));
    buf_printf(out, "{\"kind\":\"Secret\",\"type\":\"%s\",%s\"data\":{",
               s->type ? s->type : TYPE_JSON, s->immutable ? "\"immutable\":true," : "");
    if (s->value != NULL)
        put_pair(out, &more, data_key(s), str_of(s->value));
    if (s->more != NULL)
        put_pair(out, &more, "more", str_of(s->more));
    buf_printf(out,
               "},\"metadata\":{\"namespace\":\"%s\",\"name\":\"%s\",\"uid\":\"u\","
               "\"resourceVersion\":\"7\",%s",
               s->namespace, s->name,
               s->deleting ? "\"deletionTimestamp\":\"2026-11-30T00:00:00Z\"," : "");
    buf_printf(out, "\"labels\":{%.*s},\"annotations\":{%.*s},\"managedFields\":[",
               STR_ARG(buf_view(&labels)), STR_ARG(buf_view(&annotations)));
    if (s->of != NULL)
        buf_printf(out,
                   "{\"manager\":\"" SYNC_FIELD_MANAGER "\",\"operation\":\"Apply\","
                   "\"fieldsV1\":{\"f:data\":{\".\":{},\"f:%s\":{}%s}}}%s",
                   data_key(s), s->more_is_ours ? ",\"f:more\":{}" : "", s->manager ? "," : "");
    if (s->manager != NULL)
        buf_printf(out,
                   "{\"manager\":\"%s\",\"operation\":\"Update\",\"fieldsV1\":{\"f:data\":{}}}",
                   s->manager);
    buf_puts(out, "]}}");
    buf_done(&labels);
    buf_done(&annotations);
}

static void add(struct copies *c, struct sync_secret *s) {
    must(c->n_secrets < COPIES_MAX, "too many secrets");
    c->secrets[c->n_secrets++] = s;
}

void copies_secret(struct copies *c, const struct copies_secret *s) {
    struct buf text = BUF_INIT(1 << 20);
    const char *noted = s->noted;
    char content[SYNC_SHA256_BYTES];
    if (s->of != NULL && noted == NULL) { /* what it holds */
        put_secret(c, s, NULL, &text);
        struct sync_secret *once = read_secret(c, &text);
        memcpy(content, once->content, sizeof content);
        sync_secret_free(once);
        buf_reset(&text);
        noted = content;
    }
    put_secret(c, s, noted, &text);
    c->reader.keep_data = !s->without_data;
    add(c, read_secret(c, &text));
    c->reader.keep_data = true;
    buf_done(&text);
}

void copies_namespace(struct copies *c, const char *name, const char *labels,
                      bool terminating) {
    struct match_label list[8];
    struct sync_namespace n = {.name = str_of(name), .labels = list};
    struct str rest = str_of(labels);
    while (rest.n != 0) {
        struct str one = str_slice(rest, 0, str_find(rest, ','));
        size_t equals = str_find(one, '=');
        list[n.n_labels++] =
            (struct match_label){str_slice(one, 0, equals), str_slice(one, equals + 1, one.n)};
        rest = str_slice(rest, one.n + 1, rest.n);
    }
    n.terminating = terminating;
    must(c->n_namespaces < COPIES_MAX, "too many namespaces");
    c->namespaces[c->n_namespaces] = sync_namespace_new(&n);
    must(c->namespaces[c->n_namespaces++] != NULL, "no memory");
}

/* ---- the state, and actions ---------------------------------------------------------------- */

void copies_state(struct copies *c, struct sync_state *out) {
    bury(c);
    for (size_t i = 0; i < c->n_secrets; i++)
        c->list[i] = *c->secrets[i];
    for (size_t i = 0; i < c->n_namespaces; i++)
        c->names[i] = *c->namespaces[i];
    out->secrets = c->list;
    out->n_secrets = c->n_secrets;
    out->namespaces = c->names;
    out->n_namespaces = c->n_namespaces;
}

static size_t index_of(const struct copies *c, struct str namespace, struct str name) {
    size_t i = 0;
    while (i < c->n_secrets &&
           !(str_eq(c->secrets[i]->namespace, namespace) && str_eq(c->secrets[i]->name, name)))
        i++;
    return i;
}

const struct sync_secret *copies_find(const struct copies *c, struct str namespace,
                                      struct str name) {
    size_t i = index_of(c, namespace, name);
    return i < c->n_secrets ? c->secrets[i] : NULL;
}

static void drop(struct copies *c, size_t i) {
    must(c->n_gone < 2 * COPIES_MAX, "too many changes");
    c->gone[c->n_gone++] = c->secrets[i];
    c->secrets[i] = c->secrets[--c->n_secrets];
}

static struct sync_secret *make_copy(const struct copies *c, const struct sync_action *a) {
    struct buf body = BUF_INIT(1 << 20);
    sync_print_copy(&body, &c->reader, a);
    must(!body.bad, "no memory");
    struct sync_secret *s = read_secret(c, &body);
    for (size_t i = 0; i < s->n_keys; i++)
        ((struct sync_key *)s->keys)[i].ours = true;
    buf_done(&body);
    return s;
}

/* Keys of other writers stay. */
static void keep_foreign_keys(const struct copies *c, struct sync_secret **made,
                              const struct sync_secret *old) {
    struct sync_key keys[16];
    struct sync_secret merged = **made;
    size_t n = 0, i = 0, k = 0;
    while (i < old->n_keys || k < merged.n_keys) {
        int order = i == old->n_keys     ? 1
                    : k == merged.n_keys ? -1
                                         : str_cmp(old->keys[i].key, merged.keys[k].key);
        if (order < 0 && !old->keys[i].ours)
            keys[n++] = old->keys[i];
        else if (order >= 0)
            keys[n++] = merged.keys[k];
        i += order <= 0;
        k += order >= 0;
        must(n < sizeof keys / sizeof *keys, "too many keys");
    }
    if (n == merged.n_keys)
        return;
    merged.keys = keys;
    merged.n_keys = n;
    snprintf(merged.content, sizeof merged.content, "%060zu-kept", n);
    struct sync_secret *kept = sync_secret_new(&merged);
    must(kept != NULL, "no memory");
    (void)c;
    sync_secret_free(*made);
    *made = kept;
}

static bool has_all(const struct sync_secret *s, const struct sync_secret *source) {
    for (size_t i = 0; i < source->n_keys; i++) {
        size_t k = 0;
        while (k < s->n_keys && !(str_eq(s->keys[k].key, source->keys[i].key) &&
                                  strcmp(s->keys[k].sha256, source->keys[i].sha256) == 0))
            k++;
        if (k == s->n_keys)
            return false;
    }
    return true;
}

static const char *apply(struct copies *c, const struct sync_action *a, size_t at) {
    struct sync_secret *old = at < c->n_secrets ? c->secrets[at] : NULL;
    if (old != NULL && a->reason == SYNC_MISSING)
        return "what is missing is not there";
    if (old != NULL && !str_eq(old->type, a->source->type))
        return "a type does not change";
    if (old != NULL && old->immutable && !has_all(old, a->source))
        return "what is immutable does not change";
    struct sync_secret *made = make_copy(c, a);
    if (old != NULL) {
        made->immutable = old->immutable;
        keep_foreign_keys(c, &made, old);
        drop(c, at);
    }
    add(c, made);
    return NULL;
}

static bool is_terminating(const struct copies *c, struct str namespace) {
    for (size_t i = 0; i < c->n_namespaces; i++)
        if (str_eq(c->namespaces[i]->name, namespace))
            return c->namespaces[i]->terminating;
    return true;
}

const char *copies_apply(struct copies *c, const struct sync_action *a) {
    size_t at = index_of(c, a->namespace, a->name);
    if (a->verb == SYNC_REPORT)
        return NULL;
    if (is_terminating(c, a->namespace))
        return "nothing is written where a namespace goes, or is not known";
    if (at < c->n_secrets && c->secrets[at]->owner != SYNC_OURS)
        return "a foreign secret is never touched";
    if (at < c->n_secrets && c->secrets[at]->deleting)
        return "what is being deleted is left alone";
    if (a->verb == SYNC_APPLY)
        return apply(c, a, at);
    if (at == c->n_secrets)
        return "what is deleted is there";
    drop(c, at);
    return a->verb == SYNC_RECREATE ? apply(c, a, c->n_secrets) : NULL;
}
