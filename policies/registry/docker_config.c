#include "registry/docker_config.h"

#include "credentials/credentials.h"

enum ec registry_docker_config_read(struct registry_docker_config *out, char *text, size_t n,
                                    struct err *err) {
    struct err inner = ERR_INIT;
    *out = (struct registry_docker_config){.json = JSON_INIT, .auths = JSON_NONE};
    enum ec ec = json_parse(&out->json, text, n, JSON_LIMITS_DEFAULT, &inner);
    if (ec != EC_OK) { /* without the text of the error: it may hold bytes of the file */
        err_set(err, ec, ec == EC_NOMEM ? "out of memory" : "found no JSON");
        err_locate(err, "", inner.line, inner.col);
        return ec;
    }
    out->auths = json_get(&out->json, 0, STR("auths"));
    json_at helpers = json_get(&out->json, 0, STR("credHelpers"));
    json_at store = json_get(&out->json, 0, STR("credsStore"));
    out->helpers =
        json_first(&out->json, helpers) != JSON_NONE || json_str(&out->json, store).n != 0;
    if (out->auths != JSON_NONE && !json_is(&out->json, out->auths, JSON_OBJECT))
        return err_set(err, EC_SCHEMA, "auths: found %s, expected an object",
                       json_type_name(json_type_of(&out->json, out->auths)));
    return EC_OK;
}

void registry_docker_config_done(struct registry_docker_config *c) {
    json_done(&c->json);
    *c = (struct registry_docker_config){.json = JSON_INIT, .auths = JSON_NONE};
}

/* "https://host/v1/" -> "host" */
static struct str host_of_key(struct str key) {
    size_t from = str_starts(key, STR("https://"))  ? 8
                  : str_starts(key, STR("http://")) ? 7
                                                    : 0;
    struct str rest = str_slice(key, from, key.n);
    return str_slice(rest, 0, str_find(rest, '/'));
}

static json_at find_entry(const struct registry_docker_config *c, struct str host,
                          struct str *key) {
    bool hub = str_eq(host, STR("docker.io"));
    *key = hub ? STR("https://index.docker.io/v1/") : host;
    json_at exact = json_get(&c->json, c->auths, *key);
    for (json_at at = json_first(&c->json, c->auths); exact == JSON_NONE && at != JSON_NONE;) {
        json_at value = at + 1;
        struct str spelt = host_of_key(json_str(&c->json, at));
        if (str_eq(spelt, host) || (hub && str_eq(spelt, STR("index.docker.io")))) {
            *key = json_str(&c->json, at);
            return value;
        }
        at = json_next(&c->json, c->auths, value);
    }
    return exact;
}

static enum ec take_auth(struct registry_login *out, struct str auth, struct arena *arena,
                         struct err *err) {
    size_t n = 0, position;
    char *room = arena_alloc(arena, auth.n + 1);
    if (room == NULL)
        return arena_fail(arena, err);
    struct str text = {room, 0};
    if (!credentials_base64(room, &n, auth, &position))
        return err_set(err, EC_SCHEMA, "auth: expected base64 of user:password");
    text.n = n;
    while (text.n > 0 && text.p[text.n - 1] == '\0') /* as docker does */
        text.n--;
    size_t colon = str_find(text, ':');
    if (colon == text.n)
        return err_set(err, EC_SCHEMA, "auth: expected base64 of user:password");
    out->user = str_slice(text, 0, colon);
    out->password = str_slice(text, colon + 1, text.n);
    return EC_OK;
}

enum ec registry_docker_config_find(const struct registry_docker_config *c, struct str host,
                                    struct registry_login *out, bool *found,
                                    struct arena *arena, struct err *err) {
    struct str key;
    json_at entry = find_entry(c, host, &key);
    *found = json_is(&c->json, entry, JSON_OBJECT);
    if (!*found)
        return EC_OK;
    struct registry_login login = {
        .user = json_str(&c->json, json_get(&c->json, entry, STR("username"))),
        .password = json_str(&c->json, json_get(&c->json, entry, STR("password"))),
        .refresh_token = json_str(&c->json, json_get(&c->json, entry, STR("identitytoken")))};
    struct str auth = json_str(&c->json, json_get(&c->json, entry, STR("auth")));
    if (auth.n != 0 && take_auth(&login, auth, arena, err) != EC_OK)
        return err->code;
    if (!arena_str(arena, key, &login.name))
        return arena_fail(arena, err);
    *out = login;
    return EC_OK;
}
