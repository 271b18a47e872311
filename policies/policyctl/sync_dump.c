#include "policyctl/sync_dump.h"

#include "base/file.h"
#include "base/mem.h"
#include "certs/certs.h"
#include "policyctl/verb.h"
#include "yaml/yaml.h"
#include "json/json.h"

enum { FILE_MAX = 1 << 30, LIST_DEPTH_MAX = 4, OBJECT_MAX = 64 << 20 };

struct reading { /* of one file */
    struct sync_dump *dump;
    const char *file; /* for messages */
    const struct yaml_doc *doc;
    struct arena arena; /* of one object */
    struct err *err;
};

/* ---- lists of what was read ---------------------------------------------------------------- */

static void **grow(void **v, size_t n, size_t *cap) {
    if (n < *cap)
        return v;
    size_t wanted = *cap != 0 ? 2 * *cap : 256;
    void **grown = mem_realloc(v, mem_array_bytes(wanted, sizeof *v));
    if (grown != NULL)
        *cap = wanted;
    return grown;
}

static enum ec no_memory(struct err *err) {
    return err_set(err, EC_NOMEM, "out of memory");
}

static enum ec keep_secret(struct sync_dump *d, const struct sync_secret *s, struct err *err) {
    void **grown = grow((void **)d->secrets, d->n_secrets, &d->cap_secrets);
    if (grown == NULL)
        return no_memory(err);
    d->secrets = (struct sync_secret **)grown;
    d->secrets[d->n_secrets] = sync_secret_new(s);
    if (d->secrets[d->n_secrets] == NULL)
        return no_memory(err);
    d->n_secrets++;
    return EC_OK;
}

static enum ec keep_namespace(struct sync_dump *d, const struct sync_namespace *n,
                              struct err *err) {
    void **grown = grow((void **)d->namespaces, d->n_namespaces, &d->cap_namespaces);
    if (grown == NULL)
        return no_memory(err);
    d->namespaces = (struct sync_namespace **)grown;
    d->namespaces[d->n_namespaces] = sync_namespace_new(n);
    if (d->namespaces[d->n_namespaces] == NULL)
        return no_memory(err);
    d->n_namespaces++;
    return EC_OK;
}

/* ---- objects ---------------------------------------------------------------------------- */

/* Reported, and the next one is read; without memory there is no next one. */
static enum ec fault(struct reading *r, json_at at) {
    if (r->err->code == EC_NOMEM)
        return EC_NOMEM;
    if (at != JSON_NONE)
        err_locate(r->err, r->file, r->doc->pos[at].line, r->doc->pos[at].col);
    else
        err_locate(r->err, r->file, 0, 0);
    verb_fail(r->err);
    *r->err = (struct err)ERR_INIT;
    r->dump->n_faults++;
    return EC_OK;
}

static enum ec take_secret(struct reading *r, json_at at) {
    struct sync_secret s;
    if (sync_read_secret(&s, r->dump->reader, r->doc->json, at, &r->arena, r->err) != EC_OK)
        return fault(r, at);
    return keep_secret(r->dump, &s, r->err);
}

static enum ec take_namespace(struct reading *r, json_at at) {
    struct sync_namespace n;
    if (sync_read_namespace(&n, r->doc->json, at, &r->arena, r->err) != EC_OK)
        return fault(r, at);
    return keep_namespace(r->dump, &n, r->err);
}

static enum ec take_value(struct reading *r, json_at at, struct str kind, unsigned depth);

/* Items of a SecretList, as the API server gives it, do not say what they are. */
static enum ec take_items(struct reading *r, json_at items, struct str kind, unsigned depth) {
    const struct json *j = r->doc->json;
    bool typed = str_ends(kind, STR("List")) && kind.n > 4;
    struct str of_items = typed ? str_slice(kind, 0, kind.n - 4) : STR_NONE;
    enum ec ec = EC_OK;
    for (json_at at = json_first(j, items); at != JSON_NONE && ec == EC_OK;
         at = json_next(j, items, at))
        ec = take_value(r, at, of_items, depth + 1);
    return ec;
}

static enum ec take_value(struct reading *r, json_at at, struct str kind, unsigned depth) {
    const struct json *j = r->doc->json;
    struct str own = json_str(j, json_get(j, at, STR("kind")));
    json_at items = json_get(j, at, STR("items"));
    kind = own.n != 0 ? own : kind;
    arena_reset(&r->arena);
    if (items != JSON_NONE && depth < LIST_DEPTH_MAX)
        return take_items(r, items, kind, depth);
    if (str_eq(kind, STR("Secret")))
        return take_secret(r, at);
    if (str_eq(kind, STR("Namespace")))
        return take_namespace(r, at);
    if (kind.n != 0 && items == JSON_NONE)
        return EC_OK;
    err_set(r->err, EC_SCHEMA,
            "not an object of the cluster: expected what kubectl get secrets,namespaces -A -o "
            "json prints");
    return fault(r, at);
}

static enum ec take_documents(struct reading *r, struct yaml *y) {
    struct yaml_doc *doc;
    for (;;) {
        enum ec ec = yaml_next(y, &doc, r->err);
        r->doc = doc;
        if (ec == EC_OK && doc == NULL)
            return EC_OK;
        ec = ec == EC_OK ? take_value(r, 0, STR_NONE, 0) : fault(r, JSON_NONE);
        if (ec != EC_OK)
            return ec;
    }
}

enum ec sync_dump_read(struct sync_dump *d, const char *path, struct err *err) {
    struct buf text = BUF_INIT((size_t)FILE_MAX + 1);
    struct yaml_limits limits = YAML_LIMITS_DEFAULT;
    struct reading r = {.dump = d,
                        .file = strcmp(path, "-") == 0 ? "<stdin>" : path,
                        .arena = ARENA_INIT(4096, OBJECT_MAX),
                        .err = err};
    struct yaml *y = NULL;
    limits.drops_raw = true;
    limits.max_bytes = FILE_MAX;
    limits.max_nodes = 256u << 20;
    enum ec ec = file_read_any(&text, path, FILE_MAX, err);
    if (ec == EC_OK)
        ec = yaml_open(&y, buf_view(&text), limits, err);
    if (ec == EC_OK)
        ec = take_documents(&r, y);
    yaml_close(y);
    arena_done(&r.arena);
    certs_wipe(&text);
    return ec;
}

/* ---- all of them -------------------------------------------------------------------------- */

enum ec sync_dump_state(const struct sync_dump *d, struct sync_state *out, struct arena *arena,
                        struct err *err) {
    struct sync_secret *secrets = ARENA_ARRAY(arena, struct sync_secret, d->n_secrets);
    struct sync_namespace *namespaces =
        ARENA_ARRAY(arena, struct sync_namespace, d->n_namespaces);
    if (secrets == NULL || namespaces == NULL)
        return arena_fail(arena, err);
    if (d->n_namespaces == 0)
        return err_set(err, EC_SCHEMA,
                       "no Namespace in the input: expected what kubectl get "
                       "secrets,namespaces -A -o json prints");
    for (size_t i = 0; i < d->n_secrets; i++)
        secrets[i] = *d->secrets[i];
    for (size_t i = 0; i < d->n_namespaces; i++)
        namespaces[i] = *d->namespaces[i];
    out->secrets = secrets;
    out->n_secrets = d->n_secrets;
    out->namespaces = namespaces;
    out->n_namespaces = d->n_namespaces;
    return EC_OK;
}

void sync_dump_done(struct sync_dump *d) {
    for (size_t i = 0; i < d->n_secrets; i++)
        sync_secret_free(d->secrets[i]);
    for (size_t i = 0; i < d->n_namespaces; i++)
        sync_namespace_free(d->namespaces[i]);
    mem_free(d->secrets);
    mem_free(d->namespaces);
}
