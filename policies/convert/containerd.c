/* containerd's hosts.toml. The registry it is for is the name of its folder: certs.d/docker.io/hosts.toml,
 * certs.d/registry.example_5000_/hosts.toml.
 * Meaning    hosts are tried in order, then `server`; names stay. Of a host with override_path the path is
 *            where the API begins: https://harbor.example/v2/proxy is harbor.example/proxy
 * Source     containerd docs/hosts.md, core/remotes/docker/config/hosts.go                     */
#include "convert/format.h"
#include "convert/nodes.h"

/* "registry.example_5000_" is registry.example:5000. */
static struct str folder_of(struct convert *c) {
    const char *end = strrchr(c->file, '/');
    if (end == NULL)
        return STR_NONE;
    const char *from = end;
    while (from > c->file && from[-1] != '/')
        from--;
    struct str name = {from, (size_t)(end - from)};
    size_t line = str_find(name, '_');
    if (line == 0 || line == name.n || name.p[name.n - 1] != '_' || line + 2 > name.n)
        return name;
    return convert_text(c, "%.*s:%.*s", STR_ARG(str_slice(name, 0, line)),
                        STR_ARG(str_slice(name, line + 1, name.n - 1)));
}

static struct str behind_scheme(struct str url) {
    static const struct str schemes[] = {STR_INIT("https://"), STR_INIT("http://")};
    for (size_t i = 0; i < 2; i++)
        if (str_starts(url, schemes[i]))
            url = str_slice(url, schemes[i].n, url.n);
    while (url.n != 0 && url.p[url.n - 1] == '/')
        url.n--;
    return url;
}

/* The registry that images name: of the folder, or without one, of `server`. */
static struct str source_of(struct convert *c) {
    struct str folder = folder_of(c), server = behind_scheme(convert_string(c, 0, "server"));
    if (str_eq(folder, STR("_default")))
        return STR_NONE;
    if (str_find(folder, '.') != folder.n || str_find(folder, ':') != folder.n ||
        str_eq(folder, STR("localhost")))
        return folder;
    return server;
}

/* host[/path] that images would be pulled from by name; empty when there is none. */
static struct str target_of(struct convert *c, json_at host) {
    struct str url = behind_scheme(convert_key_of(c, host));
    size_t slash = str_find(url, '/');
    struct str name = str_slice(url, 0, slash), path = str_slice(url, slash, url.n);
    const struct str api = STR("/v2");
    if (path.n == 0)
        return name;
    bool root = str_eq(path, api) || str_starts(path, STR("/v2/"));
    if (!convert_is_true(c, host, "override_path") || !root)
        return STR_NONE;
    return convert_text(c, "%.*s%.*s", STR_ARG(name), STR_ARG(str_slice(path, api.n, path.n)));
}

static bool can(const struct convert *c, json_at host, const char *what) {
    json_at list = convert_get(c, host, "capabilities");
    for (json_at at = convert_first(c, list); at != JSON_NONE; at = convert_next(c, list, at))
        if (str_eq(json_str(c->json, at), str_of(what)))
            return true;
    return list == JSON_NONE;
}

static void leave_rest(struct convert *c, json_at host) {
    static const char *const keys[] = {"ca",     "client", "skip_verify",
                                       "header", "server", "dial_timeout"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        json_at at = convert_get(c, host, keys[i]);
        if (at != JSON_NONE && (host != 0 || i != 4))
            convert_left(c, at, "is how nodes connect");
    }
}

/* Whether it is the mirror: the first host that images can be pulled from. */
static bool take_host(struct convert *c, json_at host, struct str source) {
    struct str to = target_of(c, host);
    if (to.n == 0) {
        convert_left(c, host,
                     "has a path that is no part of an image's name: override_path with "
                     "/v2/PROJECT is one");
        return false;
    }
    if (!can(c, host, "pull")) {
        convert_left(c, host, "does not pull");
        return false;
    }
    if (str_eq(to, source)) {
        convert_left(c, host, "is the registry itself");
        return false;
    }
    const char *note = can(c, host, "resolve") ? NODES_FIRST_MIRROR
                                               : NODES_FIRST_MIRROR
                           "; wider: for tags as well as for digests";
    convert_mirror(c, &c->settings, host, source, to, note);
    return true;
}

/* Without a host that pulls, the server is asked. */
static void take_server(struct convert *c, struct str source) {
    struct str server = behind_scheme(convert_string(c, 0, "server"));
    bool own = str_eq(server, source) || (str_eq(source, STR("docker.io")) &&
                                          str_eq(server, STR("registry-1.docker.io")));
    if (server.n != 0 && !own)
        convert_mirror(c, &c->settings, convert_get(c, 0, "server"), source, server,
                       "the name in the pod is rewritten");
}

static enum ec read_hosts(struct convert *c, struct err *err) {
    json_at hosts = convert_get(c, 0, "host");
    struct str source = source_of(c);
    bool taken = false;
    if (source.n == 0 && str_eq(folder_of(c), STR("_default"))) {
        convert_left(c, 0, "is for all registries that have no folder of their own");
        return EC_OK;
    }
    if (source.n == 0)
        return convert_fail(c, 0, err,
                            "the registry is not known: expected a path such as "
                            "certs.d/docker.io/hosts.toml, or server = \"https://...\"");
    leave_rest(c, 0);
    for (json_at at = convert_first_value(c, hosts); at != JSON_NONE && !c->full;
         at = convert_next_value(c, hosts, at)) {
        leave_rest(c, at);
        if (taken)
            convert_left(c, at, "is not the first host");
        else
            taken = take_host(c, at, source);
    }
    if (!taken)
        take_server(c, source);
    return EC_OK;
}

static void finish(struct convert *c) {
    if (c->settings.field[KEY_MIRRORS].first != NULL)
        convert_approve_rest(c, &c->settings, "Mirrors refuse nothing.");
}

const struct convert_format convert_containerd = {
    .word = "containerd", .toml = true, .read = read_hosts, .end = finish};
