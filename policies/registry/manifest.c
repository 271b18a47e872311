#include "registry/manifest.h"

#include "json/json.h"

static const struct json_limits limits = {.max_depth = 32, .max_nodes = 1u << 17};

static enum ec parse(struct json *j, char *text, size_t n, struct err *err) {
    struct err inner = ERR_INIT;
    enum ec ec = json_parse(j, text, n, limits, &inner);
    if (ec != EC_OK)
        return err_set(err, ec, "found no JSON (%.200s)", inner.msg);
    if (!json_is(j, 0, JSON_OBJECT))
        return err_set(err, EC_SCHEMA, "found %s, expected an object",
                       json_type_name(json_type_of(j, 0)));
    return EC_OK;
}

/* ---- platforms ----------------------------------------------------------------------- */

static bool is_word(struct str s) {
    for (size_t i = 0; i < s.n; i++) {
        char l = ascii_lower(s.p[i]);
        if (!ascii_is_digit(l) && (l < 'a' || l > 'z') && l != '.' && l != '_' && l != '-')
            return false;
    }
    return s.n != 0 && s.n <= 64;
}

bool registry_manifest_is_platform(struct str text) {
    size_t n = 1;
    for (size_t at = 0; at <= text.n; n++) {
        struct str rest = str_slice(text, at, text.n);
        size_t end = str_find(rest, '/');
        if (!is_word(str_slice(rest, 0, end)) || n > 3)
            return false;
        at += end + 1;
    }
    return n >= 3;
}

bool registry_manifest_serves(struct str platform, struct str wanted) {
    if (str_eq(platform, wanted))
        return true;
    if (str_eq(wanted, STR("linux/arm64")))
        return str_eq(platform, STR("linux/arm64/v8"));
    if (str_eq(wanted, STR("linux/arm64/v8")))
        return str_eq(platform, STR("linux/arm64"));
    /* amd64's variants are levels, each of which runs on later ones */
    return false;
}

/* true, *out empty: it is for no platform. */
static bool print_platform(struct str *out, const struct json *j, json_at at,
                           struct arena *arena) {
    char room[256];
    struct buf b = BUF_OVER(room, sizeof room);
    struct str os = json_str(j, json_get(j, at, STR("os")));
    struct str architecture = json_str(j, json_get(j, at, STR("architecture")));
    struct str variant = json_str(j, json_get(j, at, STR("variant")));
    *out = STR_NONE;
    if (!is_word(os) || !is_word(architecture) || str_eq(os, STR("unknown")))
        return true;
    buf_printf(&b, "%.*s/%.*s", STR_ARG(os), STR_ARG(architecture));
    if (is_word(variant))
        buf_printf(&b, "/%.*s", STR_ARG(variant));
    return b.bad || arena_str(arena, buf_view(&b), out);
}

static enum ec read_platforms(struct registry_manifest *m, const struct json *j, json_at list,
                              struct arena *arena, struct err *err) {
    size_t n = j->nodes[list].len;
    struct str *platforms = ARENA_ARRAY(arena, struct str, n);
    if (n > REGISTRY_PLATFORMS_MAX)
        return err_set(err, EC_LIMIT, "the index has %zu manifests, expected at most %d", n,
                       REGISTRY_PLATFORMS_MAX);
    if (platforms == NULL)
        return arena_fail(arena, err);
    for (json_at at = json_first(j, list); at != JSON_NONE; at = json_next(j, list, at)) {
        struct str *next = &platforms[m->n_platforms];
        if (!print_platform(next, j, json_get(j, at, STR("platform")), arena))
            return arena_fail(arena, err);
        m->n_platforms += next->n != 0;
    }
    m->platforms = platforms;
    return EC_OK;
}

enum ec registry_manifest_platform(struct str *out, char *text, size_t n, struct arena *arena,
                                   struct err *err) {
    struct json j = JSON_INIT;
    struct str found = STR_NONE;
    if (parse(&j, text, n, err) == EC_OK && !print_platform(&found, &j, 0, arena))
        (void)!arena_fail(arena, err);
    if (err->code == EC_OK && found.n == 0)
        err_set(err, EC_SCHEMA, "the configuration names no platform");
    if (err->code == EC_OK)
        *out = found;
    json_done(&j);
    return err->code;
}

/* ---- what it is ---------------------------------------------------------------------- */

enum kind { KIND_UNKNOWN, KIND_MANIFEST, KIND_INDEX, KIND_SCHEMA1 };

/* "application/json; charset=utf-8" without what follows the type */
static struct str bare_type(struct str content_type) {
    return str_trim(str_slice(content_type, 0, str_find(content_type, ';')));
}

static enum kind kind_of_type(struct str type) {
    static const struct {
        struct str type;
        enum kind kind;
    } rows[] = {
        {STR_INIT("application/vnd.docker.distribution.manifest.v2+json"), KIND_MANIFEST},
        {STR_INIT("application/vnd.oci.image.manifest.v1+json"), KIND_MANIFEST},
        {STR_INIT("application/vnd.docker.distribution.manifest.list.v2+json"), KIND_INDEX},
        {STR_INIT("application/vnd.oci.image.index.v1+json"), KIND_INDEX},
        {STR_INIT("application/vnd.docker.distribution.manifest.v1+json"), KIND_SCHEMA1},
        {STR_INIT("application/vnd.docker.distribution.manifest.v1+prettyjws"), KIND_SCHEMA1}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (str_eq_nocase(rows[i].type, type))
            return rows[i].kind;
    return KIND_UNKNOWN;
}

static enum kind kind_of_text(const struct json *j) {
    if (json_get(j, 0, STR("fsLayers")) != JSON_NONE)
        return KIND_SCHEMA1;
    if (json_is(j, json_get(j, 0, STR("manifests")), JSON_ARRAY))
        return KIND_INDEX;
    return json_is(j, json_get(j, 0, STR("config")), JSON_OBJECT) ? KIND_MANIFEST
                                                                  : KIND_UNKNOWN;
}

static enum ec decide_kind(enum kind *out, const struct json *j, struct str own,
                           struct str content_type, struct err *err) {
    enum kind text = kind_of_text(j), said = kind_of_type(own),
              header = kind_of_type(content_type);
    bool both = json_get(j, 0, STR("manifests")) != JSON_NONE &&
                (json_get(j, 0, STR("config")) != JSON_NONE ||
                 json_get(j, 0, STR("layers")) != JSON_NONE);
    if (both)
        return err_set(err, EC_SCHEMA, "found a manifest and an index in one");
    if (text == KIND_SCHEMA1 || said == KIND_SCHEMA1)
        return err_set(err, EC_SCHEMA,
                       "found a manifest of schema 1, which containerd 2 does not pull");
    if (text == KIND_UNKNOWN)
        return err_set(err, EC_SCHEMA, "found neither a manifest nor an index");
    if ((own.n != 0 && said != text) || (header != KIND_UNKNOWN && header != text))
        return err_set(err, EC_SCHEMA, "its media type (%.100s) is not what it holds",
                       text == KIND_INDEX ? "of a manifest" : "of an index");
    *out = text;
    return EC_OK;
}

static enum ec take_manifest(struct registry_manifest *m, const struct json *j,
                             struct str content_type, struct arena *arena, struct err *err) {
    struct str own = json_str(j, json_get(j, 0, STR("mediaType")));
    struct str type = bare_type(content_type);
    enum kind kind = KIND_UNKNOWN;
    if (decide_kind(&kind, j, own, type, err) != EC_OK)
        return err->code;
    m->index = kind == KIND_INDEX;
    if (!arena_str(arena, own.n != 0 ? own : type, &m->media_type))
        return arena_fail(arena, err);
    if (m->index)
        return read_platforms(m, j, json_get(j, 0, STR("manifests")), arena, err);
    json_at config = json_get(j, 0, STR("config"));
    return arena_str(arena, json_str(j, json_get(j, config, STR("digest"))), &m->config)
               ? EC_OK
               : arena_fail(arena, err);
}

enum ec registry_manifest_read(struct registry_manifest *out, char *text, size_t n,
                               struct str content_type, struct arena *arena, struct err *err) {
    struct json j = JSON_INIT;
    struct registry_manifest m = {.index = false};
    if (parse(&j, text, n, err) == EC_OK)
        (void)!take_manifest(&m, &j, content_type, arena, err);
    if (err->code == EC_OK)
        *out = m;
    json_done(&j);
    return err->code;
}
