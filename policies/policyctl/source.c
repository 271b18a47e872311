#include "policyctl/source.h"

#include "base/file.h"
#include "base/mem.h"
#include "yaml/yaml.h"
#include "json/json.h"

#include <sys/prctl.h>

enum { DATA_MAX = 64, PASSWORD_MAX = 64 << 10, READ_SLACK = 128 << 10 };

void source_guard(void) {
#if !defined(PULLGATE_SANITIZED) /* its search for leaks is a tracer */
    (void)prctl(PR_SET_DUMPABLE, 0);
#endif
}

static enum ec no_memory(struct err *err) {
    return err_set(err, EC_NOMEM, "out of memory");
}

static void wipe_buf(struct buf *b) {
    credentials_wipe(b->p, b->cap);
    buf_done(b);
}

/* Room at once, for the pieces that file_read_any asks for too: a buffer that grows leaves copies behind. */
static enum ec read_whole(struct buf *out, const char *path, size_t max, struct err *err) {
    if (buf_room(out, max + READ_SLACK) == NULL)
        return no_memory(err);
    return file_read_any(out, path, max, err);
}

/* ---- sets ---------------------------------------------------------------------------- */

static enum ec take_set(struct source *s, struct credentials_set *set, struct err *err) {
    if (s->n == s->cap) {
        size_t cap = s->cap ? 2 * s->cap : 8;
        struct credentials_set **more =
            mem_realloc(s->sets, mem_array_bytes(cap, sizeof *more));
        if (more == NULL) {
            credentials_set_free(set);
            return no_memory(err);
        }
        s->sets = more;
        s->cap = cap;
    }
    s->sets[s->n++] = set;
    if (set->state != CREDENTIALS_UNDECODABLE)
        return EC_OK;
    return err_set(err, EC_SCHEMA, "%s%s%.*s: %.*s:%u:%u: %s%.*s%s%s", s->name,
                   set->name.n != 0 ? ": secret " : "", STR_ARG(set->name), STR_ARG(set->key),
                   set->fault.line, set->fault.col, set->faulty.n != 0 ? "\"" : "",
                   STR_ARG(set->faulty), set->faulty.n != 0 ? "\": " : "", set->fault.msg);
}

/* ---- manifests ----------------------------------------------------------------------- */

struct data {
    struct credentials_datum v[DATA_MAX];
    size_t n;
    struct buf bytes; /* all values; its room is there from the start */
};

static enum ec add_datum(struct data *d, struct str key, struct str text, bool is_base64,
                         const struct source *s, struct err *err) {
    size_t n = text.n, position;
    char *to = d->bytes.p + d->bytes.n;
    if (d->n == DATA_MAX)
        return err_set(err, EC_LIMIT, "%s: a Secret with more than %d keys", s->name, DATA_MAX);
    if (is_base64 && !credentials_base64(to, &n, text, &position))
        return err_set(err, EC_SCHEMA,
                       "%s: data \"%.*s\" of a Secret is not base64: its byte %zu", s->name,
                       STR_ARG(key), position);
    if (!is_base64 && n != 0)
        memcpy(to, text.p, n);
    d->bytes.n += n;
    d->v[d->n++] = (struct credentials_datum){key, {to, n}};
    return EC_OK;
}

/* stringData comes last: it wins, as in the API server. */
static enum ec add_data(struct data *d, const struct json *j, json_at map, bool is_base64,
                        const struct source *s, struct err *err) {
    if (!json_is(j, map, JSON_OBJECT))
        return EC_OK;
    for (json_at key = json_first(j, map); key != JSON_NONE;) {
        json_at value = key + 1;
        if (add_datum(d, json_str(j, key), json_str(j, value), is_base64, s, err) != EC_OK)
            return err->code;
        key = json_next(j, map, value);
    }
    return EC_OK;
}

static enum ec add_secret(struct source *s, const struct json *j, json_at object,
                          struct data *d, struct err *err) {
    json_at metadata = json_get(j, object, STR("metadata"));
    struct credentials_set *set = NULL;
    if (add_data(d, j, json_get(j, object, STR("data")), true, s, err) != EC_OK ||
        add_data(d, j, json_get(j, object, STR("stringData")), false, s, err) != EC_OK)
        return err->code;
    struct credentials_secret secret = {
        .namespace = json_str(j, json_get(j, metadata, STR("namespace"))),
        .name = json_str(j, json_get(j, metadata, STR("name"))),
        .type = json_str(j, json_get(j, object, STR("type"))),
        .data = d->v,
        .n_data = d->n};
    if (credentials_set_new(&set, &secret, err) != EC_OK)
        return err_wrap(err, "%s", s->name);
    return take_set(s, set, err);
}

static enum ec read_secret(struct source *s, const struct json *j, json_at object,
                           struct err *err) {
    struct data d = {.n = 0, .bytes = BUF_INIT(SIZE_MAX)};
    enum ec ec = buf_room(&d.bytes, j->text_bytes) == NULL ? no_memory(err)
                                                           : add_secret(s, j, object, &d, err);
    wipe_buf(&d.bytes);
    return ec;
}

/* A Secret, or a List with some. */
static enum ec read_object(struct source *s, const struct json *j, json_at object,
                           struct err *err) {
    if (str_eq(json_str(j, json_get(j, object, STR("kind"))), STR("Secret")))
        return read_secret(s, j, object, err);
    json_at items = json_get(j, object, STR("items"));
    bool is_list = json_is(j, items, JSON_ARRAY);
    for (json_at at = is_list ? json_first(j, items) : JSON_NONE; at != JSON_NONE;
         at = json_next(j, items, at))
        if (str_eq(json_str(j, json_get(j, at, STR("kind"))), STR("Secret")) &&
            read_secret(s, j, at, err) != EC_OK)
            return err->code;
    return EC_OK;
}

/* *is_manifest: some document has a kind. A document that cannot be read ends it. */
static enum ec read_documents(struct source *s, struct yaml *y, bool *is_manifest,
                              struct err *err) {
    struct yaml_doc *doc;
    enum ec ec;
    while ((ec = yaml_next(y, &doc, err)) == EC_OK && doc != NULL) {
        if (!json_is(doc->json, json_get(doc->json, 0, STR("kind")), JSON_STRING))
            continue;
        *is_manifest = true;
        ec = read_object(s, doc->json, 0, err);
        credentials_wipe(doc->json->text, doc->json->text_bytes);
        if (ec != EC_OK)
            return ec;
    }
    return ec;
}

static enum ec read_manifest(struct source *s, struct str text, bool *is_manifest,
                             struct err *err) {
    struct yaml *y = NULL;
    struct err why = ERR_INIT;
    if (yaml_open(&y, text, YAML_LIMITS_DEFAULT, &why) != EC_OK ||
        read_documents(s, y, is_manifest, &why) != EC_OK)
        *err = why;
    yaml_close(y);
    if (err->code == EC_SYNTAX || (err->code == EC_SCHEMA && err->line != 0))
        err_locate(err, s->name, 0, 0);
    return err->code;
}

/* ---- docker's file ------------------------------------------------------------------- */

static enum ec read_config(struct source *s, struct str text, const char *type,
                           struct err *err) {
    struct credentials_set *set = NULL;
    if (credentials_set_of_file(&set, STR_NONE, str_of(type), text, err) != EC_OK)
        return err_wrap(err, "%s", s->name);
    bool is_flat = (set->shape & CREDENTIALS_FLAT) != 0;
    if (!is_flat || strcmp(type, CREDENTIALS_TYPE_CFG) == 0)
        return take_set(s, set, err);
    credentials_set_free(set);
    return read_config(s, text, CREDENTIALS_TYPE_CFG, err); /* the old ~/.dockercfg */
}

static bool has_login(const struct source *s) {
    for (size_t i = 0; i < s->n; i++)
        for (size_t k = 0; k < s->sets[i]->n_entries; k++)
            if ((s->sets[i]->entries[k].notes & CREDENTIALS_EMPTY) == 0)
                return true;
    return false;
}

/* Why there is nothing to take from a file that can be read. */
static enum ec explain_nothing(const struct source *s, struct err *err) {
    const char *why = "no credential";
    for (size_t i = 0; i < s->n; i++) {
        if (s->sets[i]->state != CREDENTIALS_COUNTS)
            why = "no Secret of type " CREDENTIALS_TYPE_JSON
                  " with the key " CREDENTIALS_KEY_JSON;
        else if ((s->sets[i]->shape & (CREDENTIALS_HELPERS | CREDENTIALS_STORE)) != 0)
            why = "only credential helpers, which the kubelet cannot ask: log in without them, "
                  "or give "
                  "--username and --password-stdin";
        else if (s->sets[i]->n_entries != 0 &&
                 (s->sets[i]->entries[0].notes & CREDENTIALS_TOKEN))
            why = "only an identity token, which the kubelet ignores: give --username and "
                  "--password-stdin";
    }
    return err_set(err, EC_SCHEMA, "%s: %s", s->name, why);
}

static enum ec finish(struct source *s, struct err *err) {
    if (!has_login(s))
        return explain_nothing(s, err);
    return credentials_keyring_new(&s->keyring, (const struct credentials_set *const *)s->sets,
                                   s->n, err);
}

static enum ec read_text(struct source *s, struct str text, struct err *err) {
    bool is_manifest = false;
    struct err why = ERR_INIT;
    enum ec ec = read_manifest(s, text, &is_manifest, &why);
    if (is_manifest || ec == EC_NOMEM) {
        *err = why;
        return ec;
    }
    return read_config(s, text, CREDENTIALS_TYPE_JSON, err);
}

enum ec source_read_file(struct source *out, const char *path, struct err *err) {
    struct buf text = BUF_INIT(CREDENTIALS_BYTES_MAX + READ_SLACK);
    *out = (struct source){.name = strcmp(path, "-") == 0 ? "<stdin>" : path};
    enum ec ec = read_whole(&text, path, CREDENTIALS_BYTES_MAX, err);
    if (ec == EC_OK)
        ec = read_text(out, buf_view(&text), err);
    if (ec == EC_OK)
        ec = finish(out, err);
    wipe_buf(&text);
    return ec;
}

/* ---- a password ---------------------------------------------------------------------- */

/* Docker Hub's key is the one that docker login writes. */
static struct str key_of(struct str place) {
    return str_eq(place, STR("docker.io")) ? STR("https://index.docker.io/v1/") : place;
}

/* base64 of user:password: it holds any bytes, which a string of JSON does not. */
static void put_config(struct buf *out, struct str login, const struct str *places, size_t n) {
    buf_puts(out, "{\"auths\":{");
    for (size_t i = 0; i < n; i++) {
        buf_puts(out, i > 0 ? "," : "");
        buf_json(out, key_of(places[i]));
        buf_puts(out, ":{\"auth\":\"");
        buf_base64(out, login);
        buf_puts(out, "\"}");
    }
    buf_puts(out, "}}");
}

static enum ec read_places(struct source *s, struct str login, const struct str *places,
                           size_t n, struct err *err) {
    size_t room = 64;
    for (size_t i = 0; i < n; i++)
        room += 6 * places[i].n + 2 * login.n + 64;
    struct buf config = BUF_INIT(room);
    enum ec ec = buf_room(&config, room) == NULL ? no_memory(err) : EC_OK;
    put_config(&config, login, places, n);
    if (ec == EC_OK)
        ec = config.bad ? no_memory(err)
                        : read_config(s, buf_view(&config), CREDENTIALS_TYPE_JSON, err);
    wipe_buf(&config);
    return ec;
}

static enum ec read_login(struct source *s, struct str user, struct str password,
                          const struct str *places, size_t n, struct err *err) {
    size_t room = user.n + 1 + password.n;
    struct buf login = BUF_INIT(room);
    enum ec ec = buf_room(&login, room) == NULL ? no_memory(err) : EC_OK;
    buf_str(&login, user);
    buf_putc(&login, ':');
    buf_str(&login, password);
    if (ec == EC_OK)
        ec = read_places(s, buf_view(&login), places, n, err);
    wipe_buf(&login);
    return ec;
}

/* What `echo` and editors put behind it. */
static struct str without_line_end(struct str s) {
    if (s.n > 0 && s.p[s.n - 1] == '\n')
        s.n--;
    if (s.n > 0 && s.p[s.n - 1] == '\r')
        s.n--;
    return s;
}

enum ec source_check_user(const char *user, struct err *err) {
    if (user[0] == '\0')
        return err_set(err, EC_USAGE, "--username is empty");
    if (strchr(user, ':') != NULL)
        return err_set(err, EC_USAGE,
                       "--username contains a colon, which ends the user name for the kubelet");
    return EC_OK;
}

enum ec source_read_password(struct source *out, const char *user, const struct str *places,
                             size_t n_places, struct err *err) {
    struct buf text = BUF_INIT(PASSWORD_MAX + READ_SLACK);
    *out = (struct source){.name = "<stdin>"};
    enum ec ec = read_whole(&text, "-", PASSWORD_MAX, err);
    struct str password = without_line_end(buf_view(&text));
    if (ec == EC_OK && password.n == 0)
        ec = err_set(err, EC_USAGE, "the password on standard input is empty");
    if (ec == EC_OK)
        ec = read_login(out, str_of(user), password, places, n_places, err);
    if (ec == EC_OK)
        ec = finish(out, err);
    wipe_buf(&text);
    return ec;
}

void source_done(struct source *s) {
    credentials_keyring_free(s->keyring);
    for (size_t i = 0; i < s->n; i++)
        credentials_set_free(s->sets[i]);
    mem_free(s->sets);
    *s = (struct source){.name = NULL};
}
