/* Secrets and Namespaces from JSON. */
#include "sync/internal.h"

#include "json/json.h"

#include <stdlib.h>

struct source { /* what is read */
    const struct json *j;
    struct err *err;
};

/* ---- values ----------------------------------------------------------------------------- */

static enum ec fail(const struct source *s, struct str key, const char *expected) {
    return err_set(s->err, EC_SCHEMA, "%.*s: expected %s", STR_ARG(str_slice(key, 0, 100)),
                   expected);
}

/* A text, or nothing: *out is as it was. */
static enum ec get_text(const struct source *s, json_at object, struct str key,
                        struct str *out) {
    json_at at = json_get(s->j, object, key);
    if (at == JSON_NONE || json_is(s->j, at, JSON_NULL))
        return EC_OK;
    if (!json_is(s->j, at, JSON_STRING) || json_is_odd(s->j, at))
        return fail(s, key, "a string without U+0000 and lone surrogates");
    *out = json_str(s->j, at);
    return EC_OK;
}

/* A map, or JSON_NONE. */
static enum ec get_map(const struct source *s, json_at object, struct str key, json_at *out) {
    *out = json_get(s->j, object, key);
    if (json_is(s->j, *out, JSON_NULL))
        *out = JSON_NONE;
    bool fits = *out == JSON_NONE || json_is(s->j, *out, JSON_OBJECT);
    return fits ? EC_OK : fail(s, key, "a map");
}

static bool get_true(const struct source *s, json_at object, struct str key) {
    return json_is(s->j, json_get(s->j, object, key), JSON_TRUE);
}

static bool has(const struct source *s, json_at object, struct str key) {
    json_at at = json_get(s->j, object, key);
    return at != JSON_NONE && !json_is(s->j, at, JSON_NULL);
}

/* An object of the kind, or of none, as the items of a list are. */
static enum ec get_metadata(const struct source *s, json_at at, struct str kind,
                            json_at *metadata) {
    struct str found = kind;
    if (!json_is(s->j, at, JSON_OBJECT))
        return err_set(s->err, EC_SCHEMA, "expected an object of kind %.*s", STR_ARG(kind));
    enum ec ec = get_text(s, at, STR("kind"), &found);
    if (ec == EC_OK && !str_eq(found, kind))
        return err_set(s->err, EC_SCHEMA, "kind: expected %.*s, found \"%.*s\"", STR_ARG(kind),
                       STR_ARG(str_slice(found, 0, 60)));
    return ec != EC_OK ? ec : get_map(s, at, STR("metadata"), metadata);
}

static enum ec get_name(const struct source *s, json_at metadata, struct str *out) {
    enum ec ec = get_text(s, metadata, STR("name"), out);
    if (ec == EC_OK && out->n == 0)
        return err_set(s->err, EC_SCHEMA, "the object has no name");
    return ec;
}

/* ---- data --------------------------------------------------------------------------------- */

static int compare_keys(const void *a, const void *b) {
    return str_cmp(((const struct sync_key *)a)->key, ((const struct sync_key *)b)->key);
}

static enum ec read_data(struct sync_secret *out, const struct source *s,
                         const struct sync_reader *r, json_at data, struct arena *arena) {
    size_t n = data != JSON_NONE ? s->j->nodes[data].len : 0, i = 0;
    struct sync_key *keys = ARENA_ARRAY(arena, struct sync_key, n);
    if (keys == NULL)
        return arena_fail(arena, s->err);
    json_at key = json_first(s->j, data);
    while (key != JSON_NONE && i < n) {
        if (!json_is(s->j, key + 1, JSON_STRING) || json_is_odd(s->j, key))
            return fail(s, STR("data"), "strings in base64");
        struct str value = json_str(s->j, key + 1);
        keys[i].key = json_str(s->j, key);
        keys[i].value = r->keep_data ? value : STR_NONE;
        r->sha256(value, keys[i].sha256);
        i++;
        key = json_next(s->j, data, key + 1);
    }
    if (n != 0)
        qsort(keys, n, sizeof *keys, compare_keys);
    out->keys = keys;
    out->n_keys = n;
    out->has_data = r->keep_data;
    return sync_hash_content(out, r->sha256)
               ? EC_OK
               : fail(s, STR("data"), "keys of at most 253 bytes");
}

/* ---- who writes it -------------------------------------------------------------------- */

static void note_ours(const struct source *s, json_at fields, struct sync_secret *out) {
    for (json_at at = json_first(s->j, fields); at != JSON_NONE && out->n_keys != 0;
         at = json_next(s->j, fields, at + 1)) {
        struct str field = json_str(s->j, at);
        const struct sync_key wanted = {.key = str_slice(field, 2, field.n)};
        if (!str_starts(field, STR("f:")))
            continue;
        struct sync_key *key =
            bsearch(&wanted, out->keys, out->n_keys, sizeof wanted, compare_keys);
        if (key != NULL)
            key->ours = true;
    }
}

/* An entry of managedFields that has data. */
static void note_manager(const struct source *s, json_at entry, struct sync_secret *out) {
    json_at fields = json_find_from(s->j, entry, STR("/fieldsV1/f:data"));
    struct str manager = json_str(s->j, json_get(s->j, entry, STR("manager")));
    struct str operation = json_str(s->j, json_get(s->j, entry, STR("operation")));
    if (fields == JSON_NONE)
        return;
    if (!str_eq(manager, STR(SYNC_FIELD_MANAGER)))
        out->rival = manager;
    else if (str_eq(operation, STR("Apply")))
        note_ours(s, fields, out);
}

static void note_managers(const struct source *s, json_at metadata, struct sync_secret *out) {
    json_at list = json_get(s->j, metadata, STR("managedFields"));
    if (!json_is(s->j, list, JSON_ARRAY))
        return;
    for (json_at at = json_first(s->j, list); at != JSON_NONE; at = json_next(s->j, list, at))
        note_manager(s, at, out);
}

/* What other syncers leave on their copies, in keys of labels or annotations. */
static const struct {
    struct str key, tool;
} tools[] = {
    {STR_INIT("reflector.v1.k8s.emberstack.com/"), STR_INIT("reflector")},
    {STR_INIT("replicator.v1.mittwald.de/"), STR_INIT("kubernetes-replicator")},
    {STR_INIT("kubed.appscode.com/"), STR_INIT("config-syncer")},
    {STR_INIT("clustersecret.io"), STR_INIT("ClusterSecret")},
    {STR_INIT("reconcile.external-secrets.io/"), STR_INIT("external-secrets")},
};

static void note_tools(const struct source *s, json_at map, struct sync_secret *out) {
    for (json_at key = json_first(s->j, map); key != JSON_NONE;
         key = json_next(s->j, map, key + 1))
        for (size_t i = 0; i < sizeof tools / sizeof *tools; i++)
            if (str_starts(json_str(s->j, key), tools[i].key))
                out->rival = tools[i].tool;
}

/* ---- marks ------------------------------------------------------------------------------- */

struct maps { /* of metadata */
    json_at labels, annotations;
};

static struct str label(const struct source *s, json_at map, struct str key) {
    json_at at = json_get(s->j, map, key);
    return json_is(s->j, at, JSON_STRING) && !json_is_odd(s->j, at) ? json_str(s->j, at)
                                                                    : STR_NONE;
}

/* Whether the mark fits the source that the annotation names and the place it is in. */
static bool is_mark_right(const struct source *s, const struct sync_reader *r,
                          const struct maps *maps, const struct sync_secret *out) {
    struct sync_secret source = {.namespace = out->source_namespace, .name = out->source_name};
    char mark[SYNC_MARK_BYTES];
    sync_mark(mark, r, &source, out->namespace, out->name);
    return mark[0] != '\0' && str_eq(label(s, maps->labels, STR(SYNC_COPY_KEY)), str_of(mark));
}

static void read_marks(struct sync_secret *out, const struct source *s,
                       const struct sync_reader *r, const struct maps *maps) {
    char room[SYNC_LABEL_BYTES];
    struct str from = label(s, maps->annotations, STR(SYNC_SOURCE_KEY));
    size_t slash = str_find(from, '/');
    bool managed =
        str_eq(label(s, maps->labels, STR(SYNC_MANAGED_BY_KEY)), STR(SYNC_MANAGED_BY));
    if (!managed || label(s, maps->labels, STR(SYNC_COPY_KEY)).n == 0)
        return;
    out->owner = SYNC_MISFIT;
    out->source_namespace = str_slice(from, 0, slash);
    out->source_name = str_slice(from, slash + 1, from.n);
    if (slash == from.n || !is_mark_right(s, r, maps, out))
        return;
    out->owner = SYNC_OURS;
    out->noted = label(s, maps->annotations, STR(SYNC_CONTENT_KEY));
    out->labelled =
        str_eq(label(s, maps->labels, STR(SYNC_SOURCE_NAMESPACE_KEY)), out->source_namespace) &&
        str_eq(label(s, maps->labels, STR(SYNC_SOURCE_NAME_KEY)),
               sync_name_label(out->source_name, r->sha256, room));
}

/* Present with an empty value is not absent. */
static enum ec get_annotation(const struct source *s, json_at map, struct str key,
                              struct str *out) {
    enum ec ec = get_text(s, map, key, out);
    if (ec == EC_OK && out->p == NULL && has(s, map, key))
        out->p = "";
    return ec;
}

/* ---- objects ----------------------------------------------------------------------------- */

static enum ec read_head(struct sync_secret *out, const struct source *s, json_at at,
                         json_at metadata) {
    enum ec ec = get_name(s, metadata, &out->name);
    if (ec == EC_OK)
        ec = get_text(s, metadata, STR("namespace"), &out->namespace);
    if (ec == EC_OK && out->namespace.n == 0)
        ec = err_set(s->err, EC_SCHEMA, "Secret %.*s has no namespace",
                     STR_ARG(str_slice(out->name, 0, 100)));
    if (ec == EC_OK)
        ec = get_text(s, metadata, STR("uid"), &out->uid);
    if (ec == EC_OK)
        ec = get_text(s, metadata, STR("resourceVersion"), &out->resource_version);
    if (ec == EC_OK)
        ec = get_text(s, at, STR("type"), &out->type);
    out->immutable = get_true(s, at, STR("immutable"));
    out->deleting = has(s, metadata, STR("deletionTimestamp"));
    return ec;
}

static enum ec read_maps(struct sync_secret *out, const struct source *s,
                         const struct sync_reader *r, json_at metadata) {
    struct maps maps;
    enum ec ec = get_map(s, metadata, STR("labels"), &maps.labels);
    if (ec == EC_OK)
        ec = get_map(s, metadata, STR("annotations"), &maps.annotations);
    if (ec == EC_OK)
        ec = get_annotation(s, maps.annotations, STR(SYNC_TO_KEY), &out->sync_to);
    if (ec == EC_OK)
        ec = get_annotation(s, maps.annotations, STR(SYNC_COMMANDER_KEY), &out->commander);
    if (ec != EC_OK)
        return ec;
    note_managers(s, metadata, out);
    note_tools(s, maps.labels, out);
    note_tools(s, maps.annotations, out);
    read_marks(out, s, r, &maps);
    return EC_OK;
}

enum ec sync_read_secret(struct sync_secret *out, const struct sync_reader *r,
                         const struct json *j, uint32_t at, struct arena *arena,
                         struct err *err) {
    const struct source s = {j, err};
    struct sync_secret read = {.type = STR("Opaque")};
    json_at metadata = JSON_NONE, data = JSON_NONE;
    enum ec ec = get_metadata(&s, at, STR("Secret"), &metadata);
    if (ec == EC_OK)
        ec = read_head(&read, &s, at, metadata);
    if (ec == EC_OK)
        ec = get_map(&s, at, STR("data"), &data);
    if (ec == EC_OK)
        ec = read_data(&read, &s, r, data, arena);
    if (ec == EC_OK)
        ec = read_maps(&read, &s, r, metadata);
    if (ec == EC_OK && r->keep_data)
        ec = sync_find_fault(&read, arena, err);
    if (ec == EC_OK)
        *out = read;
    return ec;
}

static enum ec read_labels(struct sync_namespace *out, const struct source *s, json_at labels,
                           struct arena *arena) {
    size_t n = labels != JSON_NONE ? s->j->nodes[labels].len : 0, i = 0;
    struct match_label *v = ARENA_ARRAY(arena, struct match_label, n);
    if (v == NULL)
        return arena_fail(arena, s->err);
    for (json_at key = json_first(s->j, labels); key != JSON_NONE && i < n;
         key = json_next(s->j, labels, key + 1)) {
        if (!json_is(s->j, key + 1, JSON_STRING) || json_is_odd(s->j, key) ||
            json_is_odd(s->j, key + 1))
            return fail(s, STR("labels"), "strings without U+0000 and lone surrogates");
        v[i++] = (struct match_label){json_str(s->j, key), json_str(s->j, key + 1)};
    }
    out->labels = v;
    out->n_labels = n;
    return EC_OK;
}

enum ec sync_read_namespace(struct sync_namespace *out, const struct json *j, uint32_t at,
                            struct arena *arena, struct err *err) {
    const struct source s = {j, err};
    struct sync_namespace read = {.n_labels = 0};
    json_at metadata = JSON_NONE, labels = JSON_NONE;
    enum ec ec = get_metadata(&s, at, STR("Namespace"), &metadata);
    if (ec == EC_OK)
        ec = get_name(&s, metadata, &read.name);
    if (ec == EC_OK)
        ec = get_map(&s, metadata, STR("labels"), &labels);
    if (ec == EC_OK)
        ec = read_labels(&read, &s, labels, arena);
    if (ec != EC_OK)
        return ec;
    read.terminating =
        has(&s, metadata, STR("deletionTimestamp")) ||
        str_eq(json_str(j, json_find_from(j, at, STR("/status/phase"))), STR("Terminating"));
    *out = read;
    return EC_OK;
}
