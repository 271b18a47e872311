/* registries.conf of CRI-O and podman, versions 1 and 2.
 * Meaning    of the tables whose prefix (or location) is the image's place or a parent of it, the longest
 *            counts: blocked refuses; mirrors are tried in order, then location; names stay
 * Borders    a prefix ends at "/", ":" or "@", so that a host without a port stands for all its ports
 * Source     containers-registries.conf(5); containers/image pkg/sysregistriesv2                */
#include "convert/format.h"
#include "convert/nodes.h"
#include "convert/pattern.h"

static void leave(struct convert *c, json_at table, const char *key, const char *why) {
    json_at at = convert_get(c, table, key);
    if (at != JSON_NONE)
        convert_left(c, at, "%s", why);
}

static void block(struct convert *c, json_at at, struct str prefix) {
    bool port = str_find(prefix, '/') == prefix.n && str_find(prefix, ':') == prefix.n &&
                !str_starts(prefix, STR("*."));
    convert_scope(c, &c->settings, KEY_DENIED, at, prefix,
                  port ? "narrower: without ports other than the default" : NULL);
}

static void take_mirrors(struct convert *c, json_at registry, struct str prefix) {
    json_at mirrors = convert_get(c, registry, "mirror"), row = convert_first(c, mirrors);
    json_at location = convert_get(c, row, "location");
    const char *note = NODES_FIRST_MIRROR;
    if (row == JSON_NONE)
        return;
    struct str when = convert_string(c, row, "pull-from-mirror");
    if (str_eq(when, STR("digest-only")) ||
        convert_is_true(c, registry, "mirror-by-digest-only"))
        note = NODES_FIRST_MIRROR "; wider: for tags as well as for digests";
    else if (str_eq(when, STR("tag-only")))
        note = NODES_FIRST_MIRROR "; wider: for digests as well as for tags";
    if (json_is(c->json, location, JSON_STRING))
        convert_mirror(c, &c->settings, location, prefix, json_str(c->json, location), note);
    leave(c, row, "insecure", "is how nodes connect");
    while ((row = convert_next(c, mirrors, row)) != JSON_NONE)
        convert_left(c, row, "is not the first mirror");
}

static void take_registry(struct convert *c, json_at registry) {
    struct str location = convert_string(c, registry, "location");
    struct str prefix = convert_string(c, registry, "prefix");
    json_at at = convert_get(c, registry, "location");
    prefix = prefix.n ? prefix : location;
    leave(c, registry, "insecure", "is how nodes connect");
    if (prefix.n == 0) {
        convert_left(c, registry, "has neither prefix nor location");
    } else if (convert_is_true(c, registry, "blocked")) {
        block(c, convert_get(c, registry, "blocked"), prefix);
    } else if (str_starts(prefix, STR("*."))) {
        if (at != JSON_NONE || convert_get(c, registry, "mirror") != JSON_NONE)
            convert_left(c, registry, "is for all hosts below a domain");
    } else if (convert_first(c, convert_get(c, registry, "mirror")) != JSON_NONE) {
        take_mirrors(c, registry, prefix);
    } else if (location.n != 0 && !str_eq(location, prefix)) {
        convert_mirror(c, &c->settings, at, prefix, location, NULL);
    }
}

static void take_aliases(struct convert *c, json_at aliases) {
    for (json_at at = convert_first_value(c, aliases); at != JSON_NONE;
         at = convert_next_value(c, aliases, at)) {
        struct str name = convert_key_of(c, at);
        bool one = str_find(name, '/') == name.n;
        struct str from =
            convert_text(c, "docker.io/%s%.*s", one ? "library/" : "", STR_ARG(name));
        convert_mirror(c, &c->settings, at, from, json_str(c->json, at),
                       "wider: also for the name with docker.io in front, and for repositories "
                       "below")
            ->alias = true;
    }
}

static void take_version_1(struct convert *c) {
    json_at blocked = convert_get(c, 0, "registries.block.registries");
    convert_search_list(c, &c->settings, convert_get(c, 0, "registries.search.registries"));
    leave(c, 0, "registries.insecure.registries", "is how nodes connect");
    for (json_at at = convert_first(c, blocked); at != JSON_NONE;
         at = convert_next(c, blocked, at))
        block(c, at, json_str(c->json, at));
}

static enum ec read_conf(struct convert *c, struct err *err) {
    json_at registries = convert_get(c, 0, "registry");
    (void)err;
    convert_search_list(c, &c->settings, convert_get(c, 0, "unqualified-search-registries"));
    take_version_1(c);
    for (json_at at = convert_first(c, registries); at != JSON_NONE && !c->full;
         at = convert_next(c, registries, at))
        take_registry(c, at);
    take_aliases(c, convert_get(c, 0, "aliases"));
    leave(c, 0, "credential-helpers", "is how nodes connect");
    leave(c, 0, "additional-layer-store-auth-helper", "is how nodes connect");
    leave(c, 0, "short-name-mode", "is about names that several registries may have");
    return EC_OK;
}

static void finish(struct convert *c) {
    struct convert_block *b = &c->settings;
    struct convert_item *i = b->field[KEY_MIRRORS].first;
    for (; i != NULL && b->field[KEY_REGISTRY].first != NULL; i = i->next)
        if (i->alias)
            convert_drop(c, i, STR("all names without a registry get the same one"));
    if (b->notes.first != NULL || b->field[KEY_MIRRORS].first != NULL ||
        b->field[KEY_DENIED].first != NULL || b->field[KEY_REGISTRY].first != NULL)
        convert_approve_rest(c, b, "Mirrors and blocked registries refuse nothing else.");
}

const struct convert_format convert_registries = {
    .word = "registries", .toml = true, .read = read_conf, .end = finish};
