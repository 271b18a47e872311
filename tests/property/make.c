#include "make.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Choices are made one statement at a time: compilers differ in the order in which they look at the
 * arguments of a call, and the same seed or bytes would make other worlds. */
enum { TEXT_MAX = 512 };

static json_t *text(const char *s) {
    return json_string(s);
}

/* Sets a member, which the object then owns. */
static void set(json_t *object, const char *key, json_t *value) {
    if (json_object_set_new(object, key, value) != 0)
        abort();
}

static void add(json_t *array, json_t *value) {
    if (json_array_append_new(array, value) != 0)
        abort();
}

/* ---- the names of this world ------------------------------------------------------------- */

static const char *const hosts[] = {"docker.io",
                                    "ghcr.io",
                                    "quay.io",
                                    "harbor.corp",
                                    "harbor.corp:8443",
                                    "localhost:5000",
                                    "registry-1.docker.io",
                                    "docker.io:443",
                                    "ghcr.io:443"};
static const char *const spelt[] = {
    "GHCR.IO",   "Quay.io",  "EVIL",         "DOCKER.IO",     "index.docker.io", "[::1]:5000",
    "localhost", "quay.io.", "evil_host.io", "quay.io:99999", "Harbor.Corp"};
static const char *const paths[] = {"acme", "acme/data", "library", "hub",
                                    "a",    "b/c",       "evil",    "acme-evil"};
static const char *const names[] = {"nginx", "app",   "busybox", "sha256",
                                    "auto",  "a.b_c", "x--y",    "tool"};
static const char *const namespaces[] = {"airbyte", "astro-a", "astro-b", "kube-system",
                                         "other"};
static const char *const accounts[] = {"default", "builder", "airbyte-admin"};
static const char *const users[] = {"alice", "system:serviceaccount:airbyte:x",
                                    "system:node:n1"};
static const char *const secrets[] = {"regcred", "harbor-cred", "other", "regcred2"};
static const char *const pull_policies[] = {"Always", "IfNotPresent", "Never"};

#define DIGEST "@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const char *odd_image(struct choose *c) {
    static const char *const odd[] = {
        "",
        " ",
        "a b",
        "ghcr.io/acme/x ",
        "ghcr.io//x",
        "UPPER",
        "sha256:8",
        "auto",
        "ghcr.io/acme/../evil",
        "http://ghcr.io/acme/x",
        "x:",
        "x@sha256:12",
        "gh\xd1\x81r.io/a",
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"};
    return ONE_OF(c, odd);
}

/* host/path/name:tag@digest, or less of it */
static json_t *make_image(struct choose *c) {
    static const char *const tags[] = {"", ":1", ":latest", ":1.2-x", DIGEST, (":1" DIGEST)};
    char image[TEXT_MAX];
    const char *host = "", *path = "", *at = "", *below = "";
    if (chance(c, 24))
        return text(odd_image(c));
    switch (choose(c, 6)) {
    case 1:
        host = chance(c, 4) ? ONE_OF(c, spelt) : ONE_OF(c, hosts);
        at = "/";
        /* fall through */
    case 2:
        path = ONE_OF(c, paths);
        below = "/";
        break;
    case 3:
        host = ONE_OF(c, hosts);
        at = "/";
        break;
    default:
        break;
    }
    const char *name = ONE_OF(c, names);
    snprintf(image, sizeof image, "%s%s%s%s%s%s", host, at, path, below, name, ONE_OF(c, tags));
    return text(image);
}

static json_t *make_place(struct choose *c) {
    char place[TEXT_MAX];
    const char *host = ONE_OF(c, hosts);
    bool alone = chance(c, 4);
    snprintf(place, sizeof place, "%s%s%s", host, alone ? "" : "/",
             alone ? "" : ONE_OF(c, paths));
    return text(place);
}

/* ---- rule files -------------------------------------------------------------------------- */

static json_t *make_pattern(struct choose *c) {
    static const char *const globs[] = {"ghcr.io/**",     "*.corp/**", "docker.io/**/evil*",
                                        "quay.io/*/tool", "**",        "docker.io/library/*",
                                        "harbor.corp*/**"};
    static const char *const regexes[] = {"quay\\.io/.*", "(ghcr|docker)\\.io/acme/.*",
                                          ".*/evil.*"};
    if (chance(c, 3))
        return text(ONE_OF(c, globs));
    if (chance(c, 8))
        return json_pack("{s:s}", "regex", ONE_OF(c, regexes));
    return make_place(c);
}

/* Now and then as many as the engine looks up by an index. */
static json_t *make_patterns(struct choose *c, uint32_t most) {
    json_t *list = json_array();
    for (uint32_t n = chance(c, 8) ? 12 : choose(c, most + 1); n-- > 0;)
        add(list, make_pattern(c));
    return list;
}

static json_t *make_mirrors(struct choose *c) {
    json_t *map = json_object();
    for (uint32_t n = 1 + choose(c, 3); n-- > 0;) {
        json_t *from = make_place(c);
        set(map, json_string_value(from), make_place(c));
        json_decref(from);
    }
    return map;
}

static json_t *make_secrets(struct choose *c) {
    json_t *list = json_array();
    for (uint32_t n = choose(c, 4); n-- > 0;) {
        const char *name = ONE_OF(c, secrets);
        add(list, chance(c, 2) ? json_pack("{s:s, s:o}", "name", name, "for", make_place(c))
                               : text(name));
    }
    return list;
}

/* What a rule may have of its own, and all rules may inherit. */
static void put_settings(struct choose *c, json_t *to) {
    static const char *const modes[] = {"enforce", "enforce", "enforce",
                                        "enforce", "warn",    "audit"};
    static const char *const templates[] = {"validate", "warn", "ignore"};
    if (choose(c, 3) != 0)
        set(to, "registry", chance(c, 8) ? json_null() : make_place(c));
    if (chance(c, 3))
        set(to, "officialImages", text(choose(c, 2) ? "library" : "bare"));
    if (chance(c, 3))
        set(to, "mirrors", make_mirrors(c));
    if (chance(c, 2))
        set(to, "approved", make_patterns(c, 4));
    if (chance(c, 3))
        set(to, "denied", make_patterns(c, 3));
    if (chance(c, 2))
        set(to, "imagePullSecrets", make_secrets(c));
    if (chance(c, 4))
        set(to, "imagePullPolicy", text(ONE_OF(c, pull_policies)));
    if (chance(c, 6))
        set(to, "require",
            choose(c, 2) ? json_pack("{s:b}", "digest", 1)
                         : json_pack("{s:s}", "tag", "explicit"));
    if (chance(c, 3))
        set(to, "templates", text(ONE_OF(c, templates)));
    if (chance(c, 3))
        set(to, "mode", text(ONE_OF(c, modes)));
}

static json_t *make_match(struct choose *c) {
    json_t *match = json_object();
    if (choose(c, 2))
        set(match, "namespaces", json_pack("[s, s]", ONE_OF(c, namespaces), "astro-*"));
    if (chance(c, 3))
        set(match, "podLabels",
            json_pack("{s:{s:s}}", "matchLabels", "app", choose(c, 2) ? "x" : "y"));
    if (chance(c, 4))
        set(match, "serviceAccounts", json_pack("[s]", ONE_OF(c, accounts)));
    if (chance(c, 4))
        set(match, "users", json_pack("[s]", "system:*"));
    if (chance(c, 8))
        set(match, "groups", json_pack("[s]", "admins"));
    return match;
}

static json_t *make_exemption(struct choose *c) {
    json_t *exemption =
        json_pack("{s:[o], s:s, s:s}", "images", make_pattern(c), "reason", "r", "owner", "o");
    if (chance(c, 2))
        set(exemption, "namespaces", json_pack("[s]", ONE_OF(c, namespaces)));
    if (chance(c, 3))
        set(exemption, "until", text(choose(c, 2) ? "2020-01-01" : "2999-01-01"));
    return exemption;
}

json_t *make_rules(struct choose *c) {
    json_t *spec = json_object();
    put_settings(c, spec);
    if (chance(c, 3))
        set(spec, "unmatched", text(choose(c, 2) ? "deny" : "allow"));
    json_t *rules = json_array();
    for (uint32_t n = chance(c, 8) ? 12 : choose(c, 4); n > 0; n--) {
        char name[16];
        snprintf(name, sizeof name, "rule-%u", n);
        json_t *rule = json_pack("{s:s, s:o}", "name", name, "match", make_match(c));
        put_settings(c, rule);
        add(rules, rule);
    }
    if (json_array_size(rules) != 0)
        set(spec, "rules", json_incref(rules));
    json_decref(rules);
    if (chance(c, 3))
        set(spec, "exemptions", json_pack("[o]", make_exemption(c)));
    if (chance(c, 4)) /* no decision depends on it */
        set(spec, "secrets",
            json_pack("[{s:s, s:{s:s, s:s}}]", "name", ONE_OF(c, secrets), "from", "namespace",
                      "platform", "name", "regcred"));
    return json_pack("{s:s, s:s, s:{s:s}, s:o}", "apiVersion", "pullgate/v1", "kind",
                     "ImagePolicy", "metadata", "name", "property", "spec", spec);
}

/* ---- looser rules ------------------------------------------------------------------------ */

/* A spec or a rule asks for less in one thing. A rule's own list replaces the inherited one,
 * so that lists are only made longer or shorter where they are. */
static void loosen_settings(struct choose *c, json_t *s, bool is_spec) {
    json_t *approved = json_object_get(s, "approved"), *denied = json_object_get(s, "denied");
    switch (choose(c, 6)) {
    case 0:
        set(s, "mode", text(choose(c, 2) ? "warn" : "audit"));
        return;
    case 1:
        set(s, "templates", text(choose(c, 2) ? "warn" : "ignore"));
        return;
    case 2:
        set(s, "require", json_pack("{s:b, s:n}", "digest", 0, "tag"));
        return;
    case 3:
        if (approved == NULL && is_spec)
            set(s, "approved", json_pack("[o]", make_pattern(c)));
        else if (approved != NULL)
            add(approved, make_pattern(c));
        return;
    default:
        if (json_array_size(denied) != 0)
            json_array_remove(denied, choose(c, (uint32_t)json_array_size(denied)));
    }
}

static void loosen(struct choose *c, json_t *spec) {
    json_t *list = json_object_get(spec, "rules"),
           *exemptions = json_object_get(spec, "exemptions");
    uint32_t n = (uint32_t)json_array_size(list);
    if (chance(c, 6))
        set(spec, "unmatched", text("allow"));
    else if (chance(c, 4) && exemptions == NULL)
        set(spec, "exemptions", json_pack("[o]", make_exemption(c)));
    else if (chance(c, 4) && exemptions != NULL)
        add(exemptions, make_exemption(c));
    else if (n != 0 && choose(c, 2))
        loosen_settings(c, json_array_get(list, choose(c, n)), false);
    else
        loosen_settings(c, spec, true);
}

json_t *make_looser(struct choose *c, const json_t *rules) {
    json_t *looser = json_deep_copy(rules);
    for (uint32_t n = 1 + choose(c, 3); n-- > 0;)
        loosen(c, json_object_get(looser, "spec"));
    return looser;
}

/* ---- reviews ----------------------------------------------------------------------------- */

static json_t *make_container(struct choose *c, const char *prefix, uint32_t i) {
    char name[32];
    snprintf(name, sizeof name, "%s-%u", prefix, i);
    json_t *container = json_pack("{s:s, s:o}", "name", name, "image", make_image(c));
    if (choose(c, 4) != 0)
        set(container, "imagePullPolicy", text(ONE_OF(c, pull_policies)));
    if (chance(c, 3))
        set(container, "env",
            json_pack("[{s:s, s:s}]", "name", "image", "value", "quay.io/evil/x"));
    if (chance(c, 40))
        json_object_del(container, "image");
    if (chance(c, 20))
        set(container, "command", json_pack("[s, n, i, f]", "\xc3\xa9\"\\<", 7, 1.5));
    return container;
}

static void put_containers(struct choose *c, json_t *spec, const char *key, const char *prefix,
                           uint32_t n) {
    json_t *list = json_array();
    for (uint32_t i = 0; i < n; i++)
        add(list, make_container(c, prefix, i));
    set(spec, key, list);
}

static json_t *make_volumes(struct choose *c) {
    json_t *list = json_array();
    for (uint32_t n = choose(c, 3); n-- > 0;) {
        if (chance(c, 2))
            add(list, json_pack("{s:s, s:{}}", "name", "scratch", "emptyDir"));
        json_t *image = json_pack("{s:o}", "reference", make_image(c));
        if (chance(c, 2))
            set(image, "pullPolicy", text(ONE_OF(c, pull_policies)));
        add(list, json_pack("{s:s, s:o}", "name", "data", "image", image));
    }
    return list;
}

static void put_pull_secrets(struct choose *c, json_t *spec) {
    json_t *list = json_array();
    switch (choose(c, 5)) {
    case 0:
        json_decref(list);
        return;
    case 1:
        json_decref(list);
        list = json_null();
        break;
    default:
        for (uint32_t n = choose(c, 4); n-- > 0;)
            add(list, chance(c, 5)
                          ? json_object()
                          : json_pack("{s:s}", "name", chance(c, 6) ? "" : ONE_OF(c, secrets)));
    }
    set(spec, "imagePullSecrets", list);
}

static json_t *make_spec(struct choose *c) {
    json_t *spec = json_pack("{s:s, s:s}", "serviceAccountName", ONE_OF(c, accounts),
                             "restartPolicy", "Never");
    put_containers(c, spec, "containers", "main", 1 + chance(c, 3));
    if (chance(c, 3))
        put_containers(c, spec, "initContainers", "init", choose(c, 3));
    if (chance(c, 3))
        set(spec, "volumes", make_volumes(c));
    if (chance(c, 8))
        put_containers(c, spec, "ephemeralContainers", "debug", choose(c, 3));
    if (chance(c, 8))
        set(spec, "nodeSelector", json_pack("{s:s, s:s}", "b", "1", "a", "2"));
    put_pull_secrets(c, spec);
    return spec;
}

static json_t *make_metadata(struct choose *c) {
    json_t *metadata = json_pack("{s:s, s:{s:s, s:s}}", "name", "p", "labels", "app",
                                 choose(c, 2) ? "x" : "y", "tier", "z");
    if (chance(c, 16))
        set(metadata, "annotations", json_pack("{s:s}", "kubernetes.io/config.mirror", "m"));
    if (chance(c, 8))
        set(metadata, "deletionTimestamp", text("2026-01-01T00:00:00Z"));
    return metadata;
}

/* The object as it was: some of its images are others, or its debug containers are fewer. */
static json_t *make_old(struct choose *c, const json_t *object) {
    json_t *old = json_deep_copy(object), *spec = json_object_get(old, "spec");
    static const char *const lists[] = {"containers", "initContainers", "ephemeralContainers"};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        json_t *list = json_object_get(spec, lists[i]);
        for (size_t k = 0; k < json_array_size(list); k++)
            if (choose(c, 2))
                set(json_array_get(list, k), "image", make_image(c));
        if (i == 2 && chance(c, 2))
            json_object_del(spec, lists[i]);
    }
    return old;
}

static const struct kind {
    const char *group, *kind, *resource;
    bool in_job_template;
} workloads[] = {{"apps", "Deployment", "deployments", false},
                 {"batch", "Job", "jobs", false},
                 {"batch", "CronJob", "cronjobs", true}};

static json_t *make_object(struct choose *c, const struct kind *kind) {
    json_t *metadata = make_metadata(c), *pod_spec = make_spec(c);
    json_t *pod = json_pack("{s:o, s:o}", "metadata", metadata, "spec", pod_spec);
    if (kind == NULL) {
        set(pod, "kind", text("Pod"));
        set(pod, "apiVersion", text("v1"));
        return pod;
    }
    json_t *spec = json_pack("{s:o}", "template", pod);
    if (kind->in_job_template)
        spec =
            json_pack("{s:s, s:{s:o}}", "schedule", "0 0 * * *", "jobTemplate", "spec", spec);
    return json_pack("{s:s, s:s, s:{s:s}, s:o}", "kind", kind->kind, "apiVersion", "v1",
                     "metadata", "name", "w", "spec", spec);
}

json_t *make_review(struct choose *c) {
    const struct kind *kind = chance(c, 6) ? &ONE_OF(c, workloads) : NULL;
    bool update = chance(c, 3), debug = kind == NULL && update && chance(c, 3);
    json_t *object = make_object(c, kind);
    json_t *old = update ? make_old(c, object) : json_null();
    const char *namespace = ONE_OF(c, namespaces), *user = ONE_OF(c, users);
    json_t *request = json_pack("{s:s, s:s, s:s, s:o, s:o, s:b}", "uid", "u", "namespace",
                                namespace, "operation", update ? "UPDATE" : "CREATE", "object",
                                object, "oldObject", old, "dryRun", 0);
    set(request, "kind",
        json_pack("{s:s, s:s, s:s}", "group", kind ? kind->group : "", "version", "v1", "kind",
                  kind ? kind->kind : "Pod"));
    set(request, "resource",
        json_pack("{s:s, s:s, s:s}", "group", kind ? kind->group : "", "version", "v1",
                  "resource", kind ? kind->resource : "pods"));
    set(request, "userInfo",
        json_pack("{s:s, s:[s]}", "username", user, "groups",
                  choose(c, 2) ? "admins" : "system:authenticated"));
    if (debug)
        set(request, "subResource", text("ephemeralcontainers"));
    return json_pack("{s:s, s:s, s:o}", "kind", "AdmissionReview", "apiVersion",
                     "admission.k8s.io/v1", "request", request);
}

/* ---- order ------------------------------------------------------------------------------- */

static json_t *shuffled_object(struct choose *c, const json_t *tree) {
    enum { MEMBERS_MAX = 64 };
    const char *keys[MEMBERS_MAX];
    size_t n = 0;
    json_t *out = json_object(), *copy = (json_t *)tree;
    for (void *at = json_object_iter(copy); at != NULL && n < MEMBERS_MAX;
         at = json_object_iter_next(copy, at))
        keys[n++] = json_object_iter_key(at);
    if (n != json_object_size(tree))
        abort();
    for (size_t left = n; left > 0; left--) {
        size_t i = choose(c, (uint32_t)left);
        set(out, keys[i], make_shuffled(c, json_object_get(tree, keys[i])));
        keys[i] = keys[left - 1];
    }
    return out;
}

json_t *make_shuffled(struct choose *c, const json_t *tree) {
    if (json_typeof(tree) == JANSSON_OBJECT)
        return shuffled_object(c, tree);
    if (json_typeof(tree) != JANSSON_ARRAY)
        return json_deep_copy(tree);
    json_t *out = json_array();
    for (size_t i = 0; i < json_array_size(tree); i++)
        add(out, make_shuffled(c, json_array_get(tree, i)));
    return out;
}
