/* OpenShift: ImageDigestMirrorSet, ImageTagMirrorSet, ImageContentSourcePolicy, ImageContentPolicy, and
 * image.config's registrySources.
 * Meaning    the machine config operator writes them into the nodes' registries.conf and policy.json: the
 *            nodes pull from a mirror, by the name in the pod; pods are admitted whatever they name
 * Source     openshift/api config/v1 and operator/v1alpha1                                    */
#include "convert/format.h"
#include "convert/kubernetes.h"
#include "convert/nodes.h"
#include "convert/pattern.h"

#define BY_DIGEST NODES_FIRST_MIRROR "; wider: for tags as well as for digests"
#define BY_TAG NODES_FIRST_MIRROR "; wider: for digests as well as for tags"

static void take_rows(struct convert *c, json_at rows, const char *note) {
    for (json_at row = convert_first(c, rows); row != JSON_NONE;
         row = convert_next(c, rows, row)) {
        struct str source = convert_string(c, row, "source");
        json_at mirrors = convert_get(c, row, "mirrors"), at = convert_first(c, mirrors);
        if (at == JSON_NONE || source.n == 0) {
            convert_left(c, row, "has no mirror");
            continue;
        }
        if (str_starts(source, STR("*."))) {
            convert_left(c, row, "is a mirror of all hosts below a domain");
            continue;
        }
        convert_mirror(c, &c->settings, at, source, json_str(c->json, at), note);
        while ((at = convert_next(c, mirrors, at)) != JSON_NONE)
            convert_left(c, at, "is not the first mirror");
    }
}

static void take_scopes(struct convert *c, json_at list, enum convert_key key) {
    for (json_at at = convert_first(c, list); at != JSON_NONE; at = convert_next(c, list, at))
        convert_scope(c, &c->settings, key, at, json_str(c->json, at), NULL);
}

static void leave(struct convert *c, json_at at, const char *why) {
    if (at != JSON_NONE)
        convert_left(c, at, "%s", why);
}

static void take_config(struct convert *c, json_at object) {
    json_at sources = convert_get(c, object, "spec.registrySources");
    json_at allowed = convert_get(c, sources, "allowedRegistries");
    c->settings.restricts |= convert_first(c, allowed) != JSON_NONE;
    take_scopes(c, allowed, KEY_APPROVED);
    take_scopes(c, convert_get(c, sources, "blockedRegistries"), KEY_DENIED);
    convert_search_list(c, &c->settings,
                        convert_get(c, sources, "containerRuntimeSearchRegistries"));
    leave(c, convert_get(c, sources, "insecureRegistries"), "is how nodes connect");
    leave(c, convert_get(c, object, "spec.allowedRegistriesForImport"),
          "is about imports of image streams");
    leave(c, convert_get(c, object, "spec.additionalTrustedCA"), "is how nodes connect");
}

static const struct {
    const char *kind, *rows, *note;
} kinds[] = {
    {"ImageDigestMirrorSet", "spec.imageDigestMirrors", BY_DIGEST},
    {"ImageTagMirrorSet", "spec.imageTagMirrors", BY_TAG},
    {"ImageContentSourcePolicy", "spec.repositoryDigestMirrors", BY_DIGEST},
    {"ImageContentPolicy", "spec.repositoryDigestMirrors", BY_DIGEST},
};

static void take_object(struct convert *c, json_at object, struct str kind) {
    bool openshift = convert_in_group(c, object, "config.openshift.io/") ||
                     convert_in_group(c, object, "operator.openshift.io/");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (openshift && str_eq(kind, str_of(kinds[i].kind))) {
            take_rows(c, convert_get(c, object, kinds[i].rows), kinds[i].note);
            return;
        }
    json_at at = convert_get(c, object, "kind");
    if (openshift && str_eq(kind, STR("Image")))
        take_config(c, object);
    else
        convert_left(c, at == JSON_NONE ? object : at,
                     "is none of OpenShift's objects about registries");
}

static enum ec read_objects(struct convert *c, struct err *err) {
    return convert_each_object(c, take_object, err);
}

static void finish(struct convert *c) {
    struct convert_block *b = &c->settings;
    bool any = b->restricts || b->notes.first != NULL || b->field[KEY_MIRRORS].first != NULL ||
               b->field[KEY_DENIED].first != NULL || b->field[KEY_REGISTRY].first != NULL;
    if (any)
        convert_approve_rest(c, b, "Mirrors and blocked registries refuse nothing else.");
}

const struct convert_format convert_openshift = {
    .word = "openshift", .read = read_objects, .end = finish};
