/* Secrets: what is decoded is wiped as soon as the set of credentials has it, and so is the dump's text. */
#include "base/mem.h"
#include "doctor/model.h"

enum { DATA_MAX = 4 };

static const char *const kept[DATA_MAX] = {CREDENTIALS_KEY_JSON, CREDENTIALS_KEY_CFG, "tls.crt",
                                           "ca.crt"};

struct values { /* of a Secret, decoded: data[0..n) */
    struct credentials_datum data[DATA_MAX];
    char *bytes[DATA_MAX];
    size_t room[DATA_MAX];
    size_t n;
};

static void values_done(struct values *v) {
    for (size_t i = 0; i < v->n; i++) {
        if (v->bytes[i] != NULL)
            credentials_wipe(v->bytes[i], v->room[i]);
        mem_free(v->bytes[i]);
    }
}

static bool is_kept(struct str key) {
    for (size_t i = 0; i < DATA_MAX; i++)
        if (str_eq(key, str_of(kept[i])))
            return true;
    return false;
}

/* Of the same key the one in stringData counts, as in the API server. */
static size_t slot_of(struct values *v, struct str key) {
    size_t i = 0;
    while (i < v->n && !str_eq(v->data[i].key, key))
        i++;
    v->n += i == v->n;
    return i;
}

static void add_value(struct doctor *d, struct doctor_secret *s, struct values *v,
                      struct str key, struct str value, bool base64) {
    size_t position = 0, n = value.n, i = slot_of(v, key);
    char *bytes = mem_zalloc(value.n + 1);
    if (v->bytes[i] != NULL)
        credentials_wipe(v->bytes[i], v->room[i]);
    mem_free(v->bytes[i]);
    v->bytes[i] = bytes;
    v->room[i] = value.n;
    v->data[i] = (struct credentials_datum){.key = key};
    if (bytes == NULL) {
        doctor_no_room(d);
        return;
    }
    if (!base64 && n != 0)
        memcpy(bytes, value.p, n);
    else if (base64 && !credentials_base64(bytes, &n, value, &position))
        doctor_say(d, &s->broken, "the value of %.*s is not base64 (byte %zu)", STR_ARG(key),
                   position + 1);
    v->data[i].value = (struct str){bytes, n};
}

static void add_values(struct doctor *d, struct doctor_secret *s, struct values *v,
                       const struct object *o, const char *pointer, bool base64) {
    const struct json *j = o->doc->json;
    const json_at map = doctor_at(o, pointer);
    if (!json_is(j, map, JSON_OBJECT))
        return;
    for (json_at key = json_first(j, map); key != JSON_NONE; key = json_next(j, map, key + 1)) {
        struct str value = json_str(j, key + 1);
        s->signs |= str_eq(json_str(j, key), STR("ca.key"));
        if (d->bad == 0 && is_kept(json_str(j, key)))
            add_value(d, s, v, json_str(j, key), value, base64);
        if (value.n != 0) /* keys of the webhook among them */
            credentials_wipe(j->text + j->nodes[key + 1].off, value.n);
    }
}

static struct str copy_value(struct doctor *d, const struct values *v, const char *key) {
    for (size_t i = 0; i < v->n; i++)
        if (str_eq(v->data[i].key, str_of(key)))
            return doctor_copy(d, v->data[i].value);
    return STR_NONE;
}

static bool is_pull_secret(const struct doctor_secret *s, const struct values *v) {
    bool typed = str_eq(s->type, STR(CREDENTIALS_TYPE_JSON)) ||
                 str_eq(s->type, STR(CREDENTIALS_TYPE_CFG));
    for (size_t i = 0; i < v->n; i++)
        typed |= v->data[i].key.p[0] == '.';
    return typed;
}

static void make_set(struct doctor *d, struct doctor_secret *s, const struct values *v) {
    struct err err = ERR_INIT;
    const struct credentials_secret secret = {.namespace = s->at.namespace,
                                              .name = s->at.name,
                                              .type = s->type,
                                              .data = v->data,
                                              .n_data = v->n};
    if (s->broken.n != 0 || d->bad != 0)
        return;
    if (credentials_set_new(&s->set, &secret, &err) == EC_NOMEM)
        doctor_no_room(d);
    else if (err.code != EC_OK)
        doctor_say(d, &s->broken, "%s", err.msg);
}

/* What kubectl apply keeps of a manifest has the values once more. */
static void wipe_annotations(const struct object *o) {
    const struct json *j = o->doc->json;
    const json_at map = doctor_at(o, "/metadata/annotations");
    if (!json_is(j, map, JSON_OBJECT))
        return;
    for (json_at key = json_first(j, map); key != JSON_NONE; key = json_next(j, map, key + 1))
        if (json_is(j, key + 1, JSON_STRING) && j->nodes[key + 1].len != 0)
            credentials_wipe(j->text + j->nodes[key + 1].off, j->nodes[key + 1].len);
}

void doctor_read_secret(struct doctor *d, const struct object *o) {
    struct values v = {.n = 0};
    struct doctor_secret s = {.at = doctor_place_of(d, o),
                              .type = doctor_copy(d, doctor_text(o, "/type"))};
    size_t before = d->secrets.n;
    if (s.type.n == 0)
        s.type = STR("Opaque");
    if (s.at.namespace.n == 0)
        s.at.namespace = STR(OBJECT_NAMESPACE);
    d->seen_secret = true;
    add_values(d, &s, &v, o, "/data", true);
    add_values(d, &s, &v, o, "/stringData", false);
    wipe_annotations(o);
    s.pulls = is_pull_secret(&s, &v);
    s.tls_crt = copy_value(d, &v, "tls.crt");
    s.ca_crt = copy_value(d, &v, "ca.crt");
    make_set(d, &s, &v);
    values_done(&v);
    DOCTOR_ADD(d, d->secrets, s);
    if (d->secrets.n == before)
        credentials_set_free(s.set);
}
