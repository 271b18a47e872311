#include "object/unjudged.h"

#include "base/buf.h"
#include "imgref/imgref.h"
#include "review/review.h"

struct look {
    const struct json *j;
    struct object_unjudged *out;
};

static void see(struct look *l, struct object_unjudged_value value) {
    if (l->out->n < OBJECT_UNJUDGED_MAX)
        l->out->values[l->out->n] = value;
    l->out->n++;
}

/* ---- what is like an image ----------------------------------------------------------- */

static bool ends_with_any(struct str s, const struct str *ends, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (str_ends(s, ends[i]))
            return true;
    return false;
}

static bool is_picture(struct str s) {
    static const struct str ends[] = {STR_INIT(".png"), STR_INIT(".jpg"),  STR_INIT(".jpeg"),
                                      STR_INIT(".svg"), STR_INIT(".gif"),  STR_INIT(".ico"),
                                      STR_INIT(".iso"), STR_INIT(".webp"), STR_INIT(".qcow2")};
    return ends_with_any(s, ends, sizeof ends / sizeof *ends);
}

/* Filled in later: by a template, a controller, a shell. */
static bool has_variable(struct str s) {
    return str_contains(s, STR("{{")) || str_contains(s, STR("${")) ||
           str_contains(s, STR("$("));
}

/* No reference by the grammar, and yet nothing else: a repository in upper case, say. */
static bool is_near(struct str s) {
    for (size_t i = 0; i < s.n; i++) {
        char c = ascii_lower(s.p[i]);
        if (!(c >= 'a' && c <= 'z') && !ascii_is_digit(c) && memchr("._-/:@", c, 6) == NULL)
            return false;
    }
    return str_find(s, '/') != s.n && !str_contains(s, STR("://"));
}

/* `sure`: the place is an image's, so that a bare word is one as well. */
static bool is_image(struct str s, bool sure) {
    struct imgref ref;
    struct err ignored = ERR_INIT;
    if (s.n == 0 || is_picture(s))
        return false;
    if (has_variable(s))
        return sure;
    if (str_starts(s, STR("docker://")))
        s = str_slice(s, sizeof("docker://") - 1, s.n);
    bool bare = str_find(s, '/') == s.n && str_find(s, ':') == s.n && str_find(s, '@') == s.n;
    if (bare && !sure)
        return false;
    return imgref_parse(&ref, s, &ignored) == EC_OK || is_near(s);
}

/* ---- keys ---------------------------------------------------------------------------- */

enum key {
    KEY_OTHER,
    KEY_SILENT,     /* nothing below it is about images that run */
    KEY_IMAGE,      /* image */
    KEY_LIKE_IMAGE, /* images, imageName, ...Image */
    KEY_CONTAINERS,
    KEY_REGISTRY,
    KEY_REPOSITORY,
    KEY_TAG,
    KEY_DIGEST,
    KEY_NAME,
    KEY_VALUE,
    KEY_KIND,
    N_KEYS
};

static const struct {
    struct str word;
    enum key key;
} words[] = {
    {STR_INIT("image"), KEY_IMAGE},
    {STR_INIT("images"), KEY_LIKE_IMAGE},
    {STR_INIT("imageName"), KEY_LIKE_IMAGE},
    {STR_INIT("imageRef"), KEY_LIKE_IMAGE},
    {STR_INIT("imageReference"), KEY_LIKE_IMAGE},
    {STR_INIT("package"), KEY_LIKE_IMAGE}, /* of Crossplane */
    {STR_INIT("containers"), KEY_CONTAINERS},
    {STR_INIT("initContainers"), KEY_CONTAINERS},
    {STR_INIT("ephemeralContainers"), KEY_CONTAINERS},
    {STR_INIT("registry"), KEY_REGISTRY},
    {STR_INIT("repository"), KEY_REPOSITORY},
    {STR_INIT("imageRepository"), KEY_REPOSITORY},
    {STR_INIT("hub"), KEY_REPOSITORY},
    {STR_INIT("reference"), KEY_REPOSITORY},
    {STR_INIT("tag"), KEY_TAG},
    {STR_INIT("imageTag"), KEY_TAG},
    {STR_INIT("digest"), KEY_DIGEST},
    {STR_INIT("name"), KEY_NAME},
    {STR_INIT("value"), KEY_VALUE},
    {STR_INIT("kind"), KEY_KIND},
    {STR_INIT("annotations"), KEY_SILENT},
    {STR_INIT("labels"), KEY_SILENT},
    {STR_INIT("matchLabels"), KEY_SILENT},
    {STR_INIT("managedFields"), KEY_SILENT},
    {STR_INIT("rbd"), KEY_SILENT},
    {STR_INIT("kustomize"), KEY_SILENT}, /* other tags for images named elsewhere */
};

static enum key classify_key(struct str s) {
    static const struct str ends[] = {STR_INIT("Image"), STR_INIT("Images"), STR_INIT("_image"),
                                      STR_INIT("_IMAGE"), STR_INIT("-image")};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (str_eq(s, words[i].word))
            return words[i].key;
    return ends_with_any(s, ends, sizeof ends / sizeof *ends) ? KEY_LIKE_IMAGE : KEY_OTHER;
}

/* ---- the walk ------------------------------------------------------------------------ */

static void look(struct look *l, json_at at, enum key key);

/* An image in parts. `below` is the key that the object is the value of. */
static void look_at_parts(struct look *l, json_at object, enum key below,
                          const json_at v[N_KEYS]) {
    struct str part[N_KEYS];
    for (int i = 0; i < N_KEYS; i++)
        part[i] = json_str(l->j, v[i]);
    struct str tag = part[KEY_DIGEST].n != 0 ? part[KEY_DIGEST] : part[KEY_TAG];
    bool in_image = below == KEY_IMAGE || below == KEY_LIKE_IMAGE;
    struct object_unjudged_value value = {.at = object,
                                          .registry = part[KEY_REGISTRY],
                                          .name = part[KEY_REPOSITORY],
                                          .tag = tag,
                                          .digest = part[KEY_DIGEST].n != 0};
    if (is_image(value.name, true) && (in_image || tag.n != 0))
        see(l, value);
    else if (str_eq(part[KEY_KIND], STR("DockerImage")) && is_image(part[KEY_NAME], true))
        see(l, (struct object_unjudged_value){.at = v[KEY_NAME], .name = part[KEY_NAME]});
    else if (below == KEY_IMAGE && is_image(part[KEY_NAME], tag.n != 0))
        see(l,
            (struct object_unjudged_value){.at = object, .name = part[KEY_NAME], .tag = tag});
    else if (str_contains(part[KEY_NAME], STR("IMAGE")) && is_image(part[KEY_VALUE], false))
        see(l, (struct object_unjudged_value){.at = v[KEY_VALUE], .name = part[KEY_VALUE]});
}

static void look_at_object(struct look *l, json_at object, enum key below) {
    json_at v[N_KEYS];
    for (int i = 0; i < N_KEYS; i++)
        v[i] = JSON_NONE;
    for (json_at at = json_first(l->j, object); at != JSON_NONE;
         at = json_next(l->j, object, at + 1)) {
        enum key key = classify_key(json_str(l->j, at));
        v[key] = at + 1;
        if (key != KEY_SILENT)
            look(l, at + 1, key);
    }
    look_at_parts(l, object, below, v);
}

static void look_at_array(struct look *l, json_at array, enum key key) {
    size_t before = l->out->n;
    for (json_at at = json_first(l->j, array); at != JSON_NONE; at = json_next(l->j, array, at))
        look(l, at, key);
    bool containers =
        key == KEY_CONTAINERS && json_is(l->j, json_first(l->j, array), JSON_OBJECT);
    if (containers && l->out->n == before)
        see(l, (struct object_unjudged_value){.at = array});
}

static void look(struct look *l, json_at at, enum key key) {
    struct str text = json_str(l->j, at);
    bool image = key == KEY_IMAGE || key == KEY_LIKE_IMAGE;
    if (json_is(l->j, at, JSON_OBJECT))
        look_at_object(l, at, key);
    else if (json_is(l->j, at, JSON_ARRAY))
        look_at_array(l, at, key);
    else if (image && json_is(l->j, at, JSON_STRING) && is_image(text, key == KEY_IMAGE))
        see(l, (struct object_unjudged_value){.at = at, .name = text});
}

/* ---- kinds --------------------------------------------------------------------------- */

static struct str group_of(struct str api_version) {
    size_t slash = str_find(api_version, '/');
    return slash == api_version.n ? STR_NONE : str_slice(api_version, 0, slash);
}

/* And the groups below them. */
static bool is_silent_group(struct str group) {
    static const struct str groups[] = {
        STR_INIT("admissionregistration.k8s.io"),
        STR_INIT("apiextensions.k8s.io"),
        STR_INIT("metrics.k8s.io"),
        STR_INIT("kyverno.io"), /* policies */
        STR_INIT("gatekeeper.sh"),
        STR_INIT("sigstore.dev"),
        STR_INIT("wgpolicyk8s.io"),
        STR_INIT("pullgate"),
        STR_INIT("aquasecurity.github.io"),      /* reports of what runs already */
        STR_INIT("image.toolkit.fluxcd.io"),     /* looks at tags of registries, runs nothing */
        STR_INIT("kustomize.toolkit.fluxcd.io"), /* other tags for images named elsewhere */
        STR_INIT("kustomize.config.k8s.io"),     /* tools' settings, never sent to a cluster */
        STR_INIT("skaffold"),
        STR_INIT("kind.x-k8s.io"),
        STR_INIT("k3d.io"),
        STR_INIT("cluster.x-k8s.io")}; /* images of machines */
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
        struct str rest = str_slice(group, 0, group.n - groups[i].n);
        if (str_ends(group, groups[i]) && (rest.n == 0 || str_ends(rest, STR("."))))
            return true;
    }
    return false;
}

static bool is_silent(const struct workload *w) {
    bool core = str_find(w->api_version, '/') == w->api_version.n;
    return is_silent_group(group_of(w->api_version)) ||
           (core && (str_eq(w->kind, STR("ConfigMap")) || str_eq(w->kind, STR("Secret"))));
}

static void look_at_kind(struct look *l, json_at object, const struct workload *w) {
    for (json_at at = json_first(l->j, object); at != JSON_NONE;
         at = json_next(l->j, object, at + 1)) {
        struct str key = json_str(l->j, at);
        if (!str_eq(key, STR("status")) && !str_eq(key, STR("metadata")))
            look(l, at + 1, classify_key(key));
    }
    l->out->kind = review_kind_near(w->api_version, w->kind);
    l->out->why = l->out->kind.n != 0 ? OBJECT_UNJUDGED_CASE : OBJECT_UNJUDGED_KIND;
}

/* A built-in kind: `null` on the way to its pod spec, or no container in it, where that is written. A
 * patch without a word of containers does not count. */
static void look_at_holes(struct look *l, json_at object, const struct workload *w) {
    struct str pointer = w->spec;
    json_at at = object;
    while (pointer.n != 0 && json_is(l->j, at, JSON_OBJECT)) {
        struct str rest = str_slice(pointer, 1, pointer.n);
        size_t n = str_find(rest, '/');
        at = json_get(l->j, at, str_slice(rest, 0, n));
        pointer = str_slice(rest, n, rest.n);
    }
    if (json_is(l->j, at, JSON_OBJECT))
        at = json_get(l->j, at, STR("containers"));
    bool empty = json_is(l->j, at, JSON_NULL) ||
                 (json_is(l->j, at, JSON_ARRAY) && l->j->nodes[at].len == 0);
    if (empty) {
        l->out->why = OBJECT_UNJUDGED_EMPTY;
        see(l, (struct object_unjudged_value){.at = at});
    }
}

void object_unjudged_look(struct object_unjudged *out, const struct json *j, json_at object,
                          const struct workload *w) {
    struct look l = {.j = j, .out = out};
    out->why = OBJECT_UNJUDGED_NOT;
    out->n = 0;
    out->kind = STR_NONE;
    if (w->shape == SHAPE_POD || w->shape == SHAPE_TEMPLATE) {
        if (w->n_images == 0)
            look_at_holes(&l, object, w);
    } else if (w->shape == SHAPE_OTHER && !is_silent(w)) {
        look_at_kind(&l, object, w);
    }
    if (out->n == 0)
        out->why = OBJECT_UNJUDGED_NOT;
}

void object_unjudged_put_image(struct buf *out, const struct object_unjudged_value *value) {
    if (value->registry.n != 0) {
        buf_str(out, value->registry);
        buf_putc(out, '/');
    }
    buf_str(out, value->name);
    if (value->tag.n != 0) {
        buf_putc(out, value->digest ? '@' : ':');
        buf_str(out, value->tag);
    }
}
