#include "policyctl/render.h"

#include "edit/json_arena.h"
#include "yaml/yaml.h"

#include <jansson.h>

/* The namespace in deploy/kustomize/base, which the request replaces. */
static const char base_namespace[] = "pullgate";

struct filling { /* an edit_json_arena, and what it holds beside jansson's */
    struct buf *out;
    const struct render_request *request;
    struct yaml *base;
    struct buf base64;
};

static bool set(json_t *object, const char *key, json_t *value_taken) {
    return json_is_object(object) && json_object_set_new(object, key, value_taken) == 0;
}

static json_t *text(struct str s) {
    return json_stringn(s.n != 0 ? s.p : "", s.n);
}

/* Descends by keys; NULL ends them. */
static json_t *at(json_t *object, const char *const keys[]) {
    for (; *keys != NULL; keys++)
        object = json_object_get(object, *keys);
    return object;
}
#define AT(object, ...) at(object, (const char *const[]){__VA_ARGS__, NULL})

/* ---- edits, by kind ------------------------------------------------------------------ */

static bool edit_namespace(json_t *o, const struct render_request *r) {
    return set(AT(o, "metadata"), "name", text(r->namespace)) &&
           set(AT(o, "metadata", "labels"), "kubernetes.io/metadata.name", text(r->namespace));
}

static bool edit_namespaced(json_t *o, const struct render_request *r) {
    return set(AT(o, "metadata"), "namespace", text(r->namespace));
}

/* The one of this name, or NULL. */
static json_t *named(json_t *list, const char *name) {
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *found = json_string_value(AT(json_array_get(list, i), "name"));
        if (found != NULL && strcmp(found, name) == 0)
            return json_array_get(list, i);
    }
    return NULL;
}

static bool add_variable(json_t *container, const char *name, const char *value) {
    return json_array_append_new(AT(container, "env"),
                                 json_pack("{s:s, s:s}", "name", name, "value", value)) == 0;
}

/* The Secret of the CA where the base mounts that of the pair. */
static bool mount_ca(json_t *pod, json_t *container) {
    json_t *mount = named(AT(container, "volumeMounts"), "tls"),
           *volume = named(AT(pod, "volumes"), "tls");
    return set(mount, "name", json_string("ca")) &&
           set(mount, "mountPath", json_string("/etc/pullgate/ca")) &&
           set(volume, "name", json_string("ca")) &&
           set(AT(volume, "secret"), "secretName", json_string("pullgate-ca")) &&
           add_variable(container, "PULLGATE_TLS_CA_CERT", "/etc/pullgate/ca/ca.crt") &&
           add_variable(container, "PULLGATE_TLS_CA_KEY", "/etc/pullgate/ca/ca.key");
}

static bool edit_deployment(json_t *o, const struct render_request *r) {
    json_t *pod = AT(o, "spec", "template", "spec"),
           *container = json_array_get(AT(pod, "containers"), 0);
    return edit_namespaced(o, r) && set(AT(o, "spec"), "replicas", json_integer(r->replicas)) &&
           set(container, "image", text(r->image)) &&
           (!r->self_signed || mount_ca(pod, container));
}

/* A webhook leaves out the namespace that it runs in. */
static bool edit_selector(json_t *selector, const struct render_request *r) {
    json_t *values = AT(json_array_get(AT(selector, "matchExpressions"), 0), "values");
    for (size_t i = 0; i < json_array_size(values); i++) {
        const char *name = json_string_value(json_array_get(values, i));
        if (name != NULL && strcmp(name, base_namespace) == 0)
            return json_array_set_new(values, i, text(r->namespace)) == 0;
    }
    return false;
}

static bool edit_webhook(json_t *hook, const struct render_request *r) {
    return set(AT(hook, "clientConfig", "service"), "namespace", text(r->namespace)) &&
           set(AT(hook, "clientConfig"), "caBundle", text(r->ca_bundle)) &&
           edit_selector(AT(hook, "namespaceSelector"), r);
}

/* The first of each configuration judges pods; a failure of the others may always be ignored. */
static bool edit_webhooks(json_t *o, const struct render_request *r) {
    json_t *hooks = AT(o, "webhooks");
    for (size_t i = 0; i < json_array_size(hooks); i++)
        if (!edit_webhook(json_array_get(hooks, i), r))
            return false;
    return set(json_array_get(hooks, 0), "failurePolicy", json_string(r->failure_policy));
}

static const struct edit {
    const char *kind;
    bool (*edit)(json_t *o, const struct render_request *r);
} edits[] = {{"Namespace", edit_namespace},
             {"ServiceAccount", edit_namespaced},
             {"NetworkPolicy", edit_namespaced},
             {"Service", edit_namespaced},
             {"Deployment", edit_deployment},
             {"PodDisruptionBudget", edit_namespaced},
             {"MutatingWebhookConfiguration", edit_webhooks},
             {"ValidatingWebhookConfiguration", edit_webhooks}};

static enum ec edit_object(json_t *o, const struct render_request *r, struct err *err) {
    const char *kind = json_string_value(json_object_get(o, "kind"));
    for (size_t i = 0; i < sizeof edits / sizeof *edits; i++)
        if (kind != NULL && strcmp(kind, edits[i].kind) == 0)
            return edits[i].edit(o, r) ? EC_OK : err_set(err, EC_NOMEM, "out of memory");
    return err_set(err, EC_BUG,
                   "deploy/kustomize/base contains a %s, which render cannot fill in",
                   kind ? kind : "document without kind");
}

/* ---- objects that the base does not hold ---------------------------------------------- */

static json_t *object_new(const char *kind, const char *name, const struct render_request *r) {
    return json_pack("{s:s, s:s, s:{s:s, s:s%, s:{s:s}}}", "apiVersion", "v1", "kind", kind,
                     "metadata", "name", name, "namespace", r->namespace.p, r->namespace.n,
                     "labels", "app.kubernetes.io/name", "pullgate");
}

static bool is_config_key(struct str s) {
    for (size_t i = 0; i < s.n; i++) {
        char c = ascii_lower(s.p[i]);
        if (!(c >= 'a' && c <= 'z') && !ascii_is_digit(c) && c != '-' && c != '_' && c != '.')
            return false;
    }
    return s.n != 0 && s.n <= 253;
}

static enum ec add_config_file(json_t *data, const struct render_file *file, struct err *err) {
    if (!is_config_key(file->key))
        return err_set(err, EC_SCHEMA,
                       "\"%.*s\" cannot be a key of a ConfigMap, expected letters, digits, "
                       "'-', '_' and '.'",
                       STR_ARG(file->key));
    json_t *value = text(file->text);
    if (value == NULL)
        return err_set(err, EC_SCHEMA, "%.*s is not UTF-8, which a ConfigMap requires",
                       STR_ARG(file->key));
    if (json_object_setn_new(data, file->key.p, file->key.n, value) != 0)
        return err_set(err, EC_NOMEM, "out of memory");
    return EC_OK;
}

static enum ec add_configmap(json_t *list, const struct render_request *r, struct err *err) {
    json_t *map = object_new("ConfigMap", "pullgate-policy", r), *data = json_object();
    size_t bytes = 0;
    if (!set(map, "data", data) || json_array_append_new(list, map) != 0)
        return err_set(err, EC_NOMEM, "out of memory");
    for (size_t i = 0; i < r->n_files; i++) {
        bytes += r->files[i].key.n + r->files[i].text.n;
        if (bytes > RENDER_CONFIGMAP_MAX)
            return err_set(err, EC_LIMIT,
                           "the rule files exceed the %d bytes that fit into a ConfigMap",
                           RENDER_CONFIGMAP_MAX);
        if (add_config_file(data, &r->files[i], err) != EC_OK)
            return err->code;
    }
    return EC_OK;
}

static json_t *base64(struct filling *f, struct str bytes) {
    buf_reset(&f->base64);
    buf_base64(&f->base64, bytes);
    return f->base64.bad ? NULL : text(buf_view(&f->base64));
}

static bool add_ca_data(json_t *secret, json_t *data, struct filling *f) {
    const struct render_request *r = f->request;
    return set(secret, "type", json_string("Opaque")) &&
           set(data, "ca.crt", base64(f, r->ca_crt)) &&
           set(data, "ca.key", base64(f, r->ca_key));
}

static bool add_pair_data(json_t *secret, json_t *data, struct filling *f) {
    const struct render_request *r = f->request;
    return set(secret, "type", json_string("kubernetes.io/tls")) &&
           set(data, "ca.crt", base64(f, r->ca_crt)) &&
           set(data, "tls.crt", base64(f, r->tls_crt)) &&
           set(data, "tls.key", base64(f, r->tls_key));
}

static enum ec add_secret(json_t *list, struct filling *f, struct err *err) {
    bool own = f->request->self_signed;
    json_t *secret = object_new("Secret", own ? "pullgate-ca" : "pullgate-tls", f->request),
           *data = json_object();
    if (set(secret, "data", data) &&
        (own ? add_ca_data(secret, data, f) : add_pair_data(secret, data, f)) &&
        json_array_append_new(list, secret) == 0)
        return EC_OK;
    return err_set(err, EC_NOMEM, "out of memory");
}

/* ---- all of them ----------------------------------------------------------------------- */

/* After the namespace, before what mounts them. */
static enum ec add_own(json_t *list, struct filling *f, struct err *err) {
    if (!f->request->only_certs && add_configmap(list, f->request, err) != EC_OK)
        return err->code;
    return add_secret(list, f, err);
}

static bool holds_certificates(const json_t *o) {
    return json_object_get(o, "webhooks") != NULL;
}

static enum ec add_document(json_t *list, const struct yaml_doc *doc, struct filling *f,
                            struct err *err) {
    json_error_t why = {.line = 0};
    json_t *o = json_loadb(doc->raw, doc->raw_bytes, JSON_REJECT_DUPLICATES, &why);
    if (o == NULL || edit_object(o, f->request, err) != EC_OK) {
        json_decref(o);
        return err_set(err, EC_NOMEM, "out of memory");
    }
    bool wanted = !f->request->only_certs || holds_certificates(o);
    if (wanted && json_array_append(list, o) != 0)
        err_set(err, EC_NOMEM, "out of memory");
    json_decref(o);
    if (err->code != EC_OK)
        return err->code;
    return doc->index == 0 ? add_own(list, f, err) : EC_OK;
}

static enum ec add_base(json_t *list, struct filling *f, struct err *err) {
    struct yaml_doc *doc = NULL;
    const struct str base = {(const char *)render_base, render_base_bytes};
    enum ec ec = yaml_open(&f->base, base, YAML_LIMITS_DEFAULT, err);
    while (ec == EC_OK && (ec = yaml_next(f->base, &doc, err)) == EC_OK && doc != NULL)
        ec = add_document(list, doc, f, err);
    return ec;
}

static int add_text(const char *bytes, size_t n, void *out) {
    buf_add(out, bytes, n);
    return ((struct buf *)out)->bad ? -1 : 0;
}

static void fill_in(void *arg, struct err *err) {
    struct filling *f = arg;
    json_t *list = json_array();
    struct buf *out = f->out;
    if (add_base(list, f, err) == EC_OK &&
        json_dump_callback(list, add_text, out, JSON_COMPACT) != 0)
        err_set(err, out->bad ? (enum ec)out->bad : EC_NOMEM, "no room for the objects");
    json_decref(list);
}

enum ec render_objects(struct buf *out, const struct render_request *request, struct err *err) {
    struct filling f = {.out = out, .request = request, .base64 = BUF_INIT(1 << 20)};
    enum ec ec = edit_json_arena(fill_in, &f, err);
    yaml_close(f.base);
    buf_done(&f.base64);
    return ec;
}
