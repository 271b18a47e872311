#include "policyctl/images_secrets.h"

#include "base/file.h"
#include "base/mem.h"
#include "credentials/credentials.h"
#include "imgref/imgref.h"
#include "object/each.h"
#include "policyctl/verb.h"
#include "registry/docker_config.h"

enum { DUMP_MAX = 256 << 20, CONFIG_MAX = 4 << 20, DATA_MAX = 2 };

struct account { /* a ServiceAccount */
    struct str namespace, name;
    const struct str *secrets;
    size_t n_secrets;
};

struct images_secrets {
    struct arena arena; /* ServiceAccounts */
    struct credentials_set **sets;
    size_t n_sets, cap_sets;
    struct account *accounts;
    size_t n_accounts, cap_accounts;
    struct buf config_text, pulls;
    struct registry_docker_config config;
    bool has_dump, has_config;
    const char *config_path;
};

static enum ec no_memory(struct err *err) {
    return err_set(err, EC_NOMEM, "out of memory");
}

/* Room for one more of `size` bytes; false: there is no memory. */
static bool make_room(void *list, size_t n, size_t *cap, size_t size) {
    void *old, *more;
    if (n < *cap)
        return true;
    size_t wanted = *cap != 0 ? 2 * *cap : 16;
    memcpy(&old, list, sizeof old);
    more = mem_realloc(old, mem_array_bytes(wanted, size));
    if (more == NULL)
        return false;
    memcpy(list, &more, sizeof more);
    *cap = wanted;
    return true;
}

/* ---- the dump ------------------------------------------------------------------------ */

static struct str text_at(const struct object *o, const char *pointer) {
    const struct json *j = o->doc->json;
    return json_str(j, json_find_from(j, o->object, str_of(pointer)));
}

static struct str namespace_of(const struct object *o, const struct str fallback) {
    struct str namespace = text_at(o, "/metadata/namespace");
    return namespace.n != 0 ? namespace : fallback;
}

static void wipe_members(const struct object *o, const char *pointer) {
    const struct json *j = o->doc->json;
    json_at map = json_find_from(j, o->object, str_of(pointer));
    if (!json_is(j, map, JSON_OBJECT))
        return;
    for (json_at key = json_first(j, map); key != JSON_NONE; key = json_next(j, map, key + 1))
        if (json_is(j, key + 1, JSON_STRING) && j->nodes[key + 1].len != 0)
            credentials_wipe(j->text + j->nodes[key + 1].off, j->nodes[key + 1].len);
}

struct values { /* of a Secret, decoded */
    struct credentials_datum data[DATA_MAX];
    size_t n;
    char *bytes[DATA_MAX];
    size_t room[DATA_MAX];
};

static void values_done(struct values *v) {
    for (size_t i = 0; i < v->n; i++) {
        if (v->bytes[i] != NULL)
            credentials_wipe(v->bytes[i], v->room[i]);
        mem_free(v->bytes[i]);
    }
}

/* What is not base64 the API server does not take: it decodes to nothing here. */
static enum ec add_value(struct values *v, const char *key, struct str value, bool base64,
                         struct err *err) {
    size_t n = value.n, position;
    char *bytes = mem_zalloc(value.n + 1);
    if (bytes == NULL)
        return no_memory(err);
    if (!base64 && n != 0)
        memcpy(bytes, value.p, n);
    if (base64 && !credentials_base64(bytes, &n, value, &position))
        n = 0;
    v->data[v->n] = (struct credentials_datum){.key = str_of(key), .value = {bytes, n}};
    v->bytes[v->n] = bytes;
    v->room[v->n++] = value.n + 1;
    return EC_OK;
}

static enum ec read_values(struct values *v, const struct object *o, struct err *err) {
    static const char *const keys[DATA_MAX] = {CREDENTIALS_KEY_JSON, CREDENTIALS_KEY_CFG};
    const struct json *j = o->doc->json;
    json_at data = json_find_from(j, o->object, STR("/data"));
    json_at plain = json_find_from(j, o->object, STR("/stringData"));
    for (size_t i = 0; i < DATA_MAX; i++) {
        json_at encoded = json_get(j, data, str_of(keys[i]));
        json_at text = json_get(j, plain, str_of(keys[i]));
        json_at at = text != JSON_NONE ? text : encoded;
        if (json_is(j, at, JSON_STRING) &&
            add_value(v, keys[i], json_str(j, at), text == JSON_NONE, err) != EC_OK)
            return err->code;
    }
    return EC_OK;
}

static enum ec take_secret(struct images_secrets *s, const struct object *o,
                           struct str fallback, struct err *err) {
    struct values v = {.n = 0};
    if (!make_room(&s->sets, s->n_sets, &s->cap_sets, sizeof *s->sets))
        return no_memory(err);
    if (read_values(&v, o, err) == EC_OK) {
        const struct credentials_secret secret = {.namespace = namespace_of(o, fallback),
                                                  .name = text_at(o, "/metadata/name"),
                                                  .type = text_at(o, "/type"),
                                                  .data = v.data,
                                                  .n_data = v.n};
        if (credentials_set_new(&s->sets[s->n_sets], &secret, err) == EC_OK)
            s->n_sets++;
    }
    values_done(&v);
    wipe_members(o, "/data");
    wipe_members(o, "/stringData");
    wipe_members(o,
                 "/metadata/annotations"); /* kubectl apply keeps the values there once more */
    return err->code;
}

static enum ec take_account(struct images_secrets *s, const struct object *o,
                            struct str fallback, struct err *err) {
    const struct json *j = o->doc->json;
    json_at list = json_find_from(j, o->object, STR("/imagePullSecrets"));
    size_t n = json_is(j, list, JSON_ARRAY) ? j->nodes[list].len : 0;
    struct str *secrets = ARENA_ARRAY(&s->arena, struct str, n);
    if (secrets == NULL)
        return arena_fail(&s->arena, err);
    if (!make_room(&s->accounts, s->n_accounts, &s->cap_accounts, sizeof *s->accounts))
        return no_memory(err);
    struct account *a = &s->accounts[s->n_accounts];
    *a = (struct account){.secrets = secrets, .n_secrets = n};
    bool copied = arena_str(&s->arena, namespace_of(o, fallback), &a->namespace) &&
                  arena_str(&s->arena, text_at(o, "/metadata/name"), &a->name);
    json_at at = n != 0 ? json_first(j, list) : JSON_NONE;
    for (size_t i = 0; i < n && copied; i++, at = json_next(j, list, at))
        copied = arena_str(&s->arena, json_str(j, json_get(j, at, STR("name"))), &secrets[i]);
    if (!copied)
        return arena_fail(&s->arena, err);
    s->n_accounts++;
    return EC_OK;
}

struct reading {
    struct images_secrets *secrets;
    struct str namespace;
};

static enum ec take_object(void *arg, const struct object *o, struct err *err) {
    struct reading *r = arg;
    struct str kind = text_at(o, "/kind"), version = text_at(o, "/apiVersion");
    if (!str_eq(version, STR("v1")) && version.n != 0) /* items of a SecretList have none */
        return EC_OK;
    if (kind.n == 0 && o->workload != NULL)
        kind = o->workload->kind;
    if (str_eq(kind, STR("Secret")))
        return take_secret(r->secrets, o, r->namespace, err);
    return str_eq(kind, STR("ServiceAccount")) ? take_account(r->secrets, o, r->namespace, err)
                                               : EC_OK;
}

static enum ec read_dump(struct images_secrets *s, const char *path, const char *namespace,
                         const struct policy *policy, struct err *err) {
    static const struct opt_list no_groups = {.n = 0};
    struct buf text = BUF_INIT(DUMP_MAX + 1);
    struct reading r = {s, str_of(namespace != NULL ? namespace : OBJECT_NAMESPACE)};
    const struct object_request request = {
        .namespace = namespace, .groups = &no_groups, .undecided = true};
    struct object_totals totals = {.objects = 0};
    if (file_read_any(&text, path, DUMP_MAX, err) == EC_OK &&
        object_each_in_text(path, buf_view(&text), policy, &request, take_object, &r, &totals,
                            err) == EC_OK &&
        totals.unreadable != 0)
        err_set(err, EC_SYNTAX, "--secrets: a part of %s cannot be read", path);
    if (text.p != NULL)
        credentials_wipe(text.p, text.cap);
    buf_done(&text);
    s->has_dump = true;
    return err->code;
}

/* ---- docker's config.json -------------------------------------------------------------- */

static enum ec read_config(struct images_secrets *s, const char *path, struct err *err) {
    if (file_read_any(&s->config_text, path, CONFIG_MAX, err) != EC_OK)
        return err->code;
    if (buf_room(&s->config_text, JSON_PADDING) == NULL)
        return no_memory(err);
    memset(s->config_text.p + s->config_text.n, 0, JSON_PADDING);
    s->has_config = true;
    s->config_path = path;
    if (registry_docker_config_read(&s->config, s->config_text.p, s->config_text.n, err) !=
        EC_OK) {
        err_locate(err, path, err->line, err->col);
        return err_wrap(err, "--docker-config: %s", path);
    }
    if (s->config.helpers)
        verb_tell("policyctl: note: %s: credHelpers and credsStore are programs, which are not "
                  "run",
                  path);
    return EC_OK;
}

/* ---- life ---------------------------------------------------------------------------- */

enum ec images_secrets_new(struct images_secrets **out, const char *dump,
                           const char *docker_config, const char *namespace,
                           const struct policy *policy, struct err *err) {
    struct images_secrets *s = mem_zalloc(sizeof *s);
    if (s == NULL)
        return no_memory(err);
    s->arena = (struct arena)ARENA_INIT(4096, 64 << 20);
    s->pulls = (struct buf)BUF_INIT(1 << 20);
    s->config_text = (struct buf)BUF_INIT(CONFIG_MAX + JSON_PADDING + 1);
    s->config = (struct registry_docker_config){.json = JSON_INIT, .auths = JSON_NONE};
    if ((dump != NULL && read_dump(s, dump, namespace, policy, err) != EC_OK) ||
        (docker_config != NULL && read_config(s, docker_config, err) != EC_OK)) {
        images_secrets_free(s);
        return err->code;
    }
    *out = s;
    return EC_OK;
}

void images_secrets_free(struct images_secrets *s) {
    if (s == NULL)
        return;
    for (size_t i = 0; i < s->n_sets; i++)
        credentials_set_free(s->sets[i]);
    registry_docker_config_done(&s->config);
    if (s->config_text.p != NULL)
        credentials_wipe(s->config_text.p, s->config_text.cap);
    buf_done(&s->config_text);
    buf_done(&s->pulls);
    mem_free(s->sets);
    mem_free(s->accounts);
    arena_done(&s->arena);
    mem_free(s);
}

/* ---- the secrets of a pod ------------------------------------------------------------ */

static const struct account *find_account(const struct images_secrets *s, struct str namespace,
                                          struct str name) {
    for (size_t i = 0; i < s->n_accounts; i++)
        if (str_eq(s->accounts[i].namespace, namespace) && str_eq(s->accounts[i].name, name))
            return &s->accounts[i];
    return NULL;
}

/* The API server copies the list of the ServiceAccount into a pod that has none, before any webhook. */
static void take_account_list(const struct images_secrets *s, struct workload *pod) {
    const struct account *a =
        pod->n_secrets != 0 ? NULL : find_account(s, pod->namespace, pod->service_account);
    if (a == NULL)
        return;
    pod->secrets = a->secrets;
    pod->n_secrets = a->n_secrets;
    pod->secrets_state = SECRETS_LIST;
}

static struct str namespace_of_pod(const struct workload *w) {
    return w->namespace.n != 0 ? w->namespace : STR(OBJECT_NAMESPACE);
}

enum ec images_secrets_of(struct images_secrets *s, const struct workload *w,
                          const struct policy *policy, int64_t now_s, struct str *out,
                          struct err *err) {
    struct arena arena = ARENA_INIT(16 << 10, 64 << 20);
    struct workload pod = *w;
    struct decision d;
    buf_reset(&s->pulls);
    *out = STR_NONE;
    if (!s->has_dump)
        return EC_OK;
    pod.namespace = namespace_of_pod(w);
    pod.shape = SHAPE_POD;
    pod.operation = OPERATION_CREATE;
    take_account_list(s, &pod);
    if (engine_decide(&d, policy, &pod, now_s, 0, &arena, err) == EC_OK)
        for (size_t i = 0; i < d.n_secrets; i++)
            if (d.secrets[i].n != 0)
                buf_printf(&s->pulls, "%s%.*s/%.*s", s->pulls.n != 0 ? " " : "",
                           STR_ARG(pod.namespace), STR_ARG(d.secrets[i]));
    arena_done(&arena);
    if (s->pulls.bad)
        return err_set(err, (enum ec)s->pulls.bad, "no room for the names of pull secrets");
    *out = buf_view(&s->pulls);
    return err->code;
}

/* ---- the credentials of an image ------------------------------------------------------- */

/* The next "NAMESPACE/NAME", from *at on. */
static bool next_name(struct str names, size_t *at, struct str *out) {
    if (*at >= names.n)
        return false;
    struct str rest = str_slice(names, *at, names.n);
    *out = str_slice(rest, 0, str_find(rest, ' '));
    *at += out->n + 1;
    return true;
}

static const struct credentials_set *find_set(const struct images_secrets *s, struct str name) {
    size_t slash = str_find(name, '/');
    for (size_t i = 0; i < s->n_sets; i++)
        if (str_eq(s->sets[i]->namespace, str_slice(name, 0, slash)) &&
            str_eq(s->sets[i]->name, str_slice(name, slash + 1, name.n)))
            return s->sets[i];
    return NULL;
}

PRINTF(3, 4)
static bool print_to(struct arena *arena, struct str *out, const char *format, ...) {
    char room[4096];
    struct buf b = BUF_OVER(room, sizeof room);
    va_list args;
    va_start(args, format);
    buf_vprintf(&b, format, args);
    va_end(args);
    return arena_str(arena, b.bad ? STR("(a long name)") : buf_view(&b), out);
}

static enum ec take_hits(struct registry_question *q, const struct credentials_answer *a,
                         struct arena *arena, struct err *err) {
    struct registry_login *logins = ARENA_ARRAY(arena, struct registry_login, a->n_hits);
    bool fits = logins != NULL;
    for (size_t i = 0; i < a->n_hits && fits; i++) {
        const struct credentials_hit *h = &a->hits[i];
        logins[i] =
            (struct registry_login){.user = h->entry->user, .password = h->entry->password};
        fits = print_to(arena, &logins[i].name, "Secret %.*s/%.*s, key %.*s",
                        STR_ARG(h->set->namespace), STR_ARG(h->set->name),
                        STR_ARG(h->entry->shown));
    }
    if (fits && a->broken != NULL)
        fits = print_to(
            arena, &q->broken,
            "Secret %.*s/%.*s cannot be decoded: the kubelet pulls nothing for its pod",
            STR_ARG(a->broken->namespace), STR_ARG(a->broken->name));
    q->logins = logins;
    q->n_logins = a->n_hits;
    return fits ? EC_OK : arena_fail(arena, err);
}

static enum ec look_up(const struct images_secrets *s, struct registry_question *q,
                       struct str names, struct arena *arena, struct err *err) {
    size_t n = 0, at = 0;
    struct str name;
    struct credentials_keyring *keyring = NULL;
    struct credentials_answer answer;
    const struct credentials_set **sets = arena_array(arena, names.n / 2 + 1, sizeof *sets);
    if (sets == NULL)
        return arena_fail(arena, err);
    while (next_name(names, &at, &name)) {
        sets[n] = find_set(s, name);
        n += sets[n] != NULL;
    }
    if (credentials_keyring_new(&keyring, sets, n, err) == EC_OK &&
        credentials_lookup(&answer, keyring, q->image, arena, err) == EC_OK)
        (void)!take_hits(q, &answer, arena, err);
    credentials_keyring_free(keyring);
    return err->code;
}

static enum ec look_up_docker(const struct images_secrets *s, struct registry_question *q,
                              struct arena *arena, struct err *err) {
    struct imgref ref;
    struct registry_login *login = ARENA_NEW(arena, struct registry_login);
    bool found = false;
    struct str key;
    if (login == NULL)
        return arena_fail(arena, err);
    struct err ignored = ERR_INIT;
    if (imgref_parse(&ref, q->image, &ignored) != EC_OK)
        return EC_OK;
    if (registry_docker_config_find(&s->config, ref.host, login, &found, arena, err) != EC_OK)
        return err_wrap(err, "%s", s->config_path);
    if (!found)
        return EC_OK;
    key = login->name;
    if (!print_to(arena, &login->name, "%s, key %.*s", s->config_path, STR_ARG(key)))
        return arena_fail(arena, err);
    q->logins = login;
    q->n_logins = 1;
    return EC_OK;
}

enum ec images_secrets_ask(const struct images_secrets *s, struct registry_question *question,
                           struct str pull_secrets, bool source, struct arena *arena,
                           struct err *err) {
    if (s->has_config && (source || !s->has_dump))
        return look_up_docker(s, question, arena, err);
    return s->has_dump ? look_up(s, question, pull_secrets, arena, err) : EC_OK;
}

void images_secrets_put_absent(const struct images_secrets *s, struct str pull_secrets,
                               struct buf *out) {
    struct str name;
    for (size_t at = 0; next_name(pull_secrets, &at, &name);)
        if (find_set(s, name) == NULL)
            buf_printf(out, "%s%.*s", out->n != 0 ? ", " : "", STR_ARG(name));
}
