/* k8s-image-swapper: its configuration, or the values of its chart (config).
 * Meaning    every image becomes TARGET/HOST/REPOSITORY, with the full name of its source; pods for which a
 *            filter is true are left alone. With the policy "exists", the default, only images that are in the
 *            target
 * Source     estahn/k8s-image-swapper: pkg/config/config.go, docs/configuration.md            */
#include "convert/clause.h"
#include "convert/format.h"
#include "convert/nodes.h"

#define NAMESPACE "obj.metadata.namespace"

static struct str scalar(const struct convert *c, json_at from, const char *path) {
    return json_str(c->json, convert_get(c, from, path));
}

/* ACCOUNT.dkr.ecr.REGION.amazonaws.com/PREFIX, LOCATION-docker.pkg.dev/PROJECT/REPOSITORY */
static struct str target_of(struct convert *c, json_at target) {
    struct str type = convert_string(c, target, "type");
    json_at aws = convert_get(c, target, "aws"), gcp = convert_get(c, target, "gcp");
    struct str region = scalar(c, aws, "region"), account = scalar(c, aws, "accountId");
    if (str_eq(type, STR("gcp")) && scalar(c, gcp, "location").n &&
        scalar(c, gcp, "projectId").n)
        return convert_text(
            c, "%.*s-docker.pkg.dev/%.*s/%.*s", STR_ARG(scalar(c, gcp, "location")),
            STR_ARG(scalar(c, gcp, "projectId")), STR_ARG(scalar(c, gcp, "repositoryId")));
    if ((type.n == 0 || str_eq(type, STR("aws"))) && region.n && account.n)
        return convert_text(c, "%.*s.dkr.ecr.%.*s.amazonaws.com%s%.*s", STR_ARG(account),
                            STR_ARG(region), str_starts(region, STR("cn-")) ? ".cn" : "",
                            STR_ARG(scalar(c, aws, "prefix")));
    return STR_NONE;
}

static void take_target(struct convert *c, struct convert_block *clause, json_at root,
                        json_at target) {
    static const char *const hosts[] = {"docker.io", "gcr.io", "ghcr.io", "quay.io",
                                        "registry.k8s.io"};
    struct str to = target_of(c, target);
    bool always = str_eq(convert_string(c, root, "imageSwapPolicy"), STR("always"));
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts && to.n != 0; i++)
        convert_add_pair(c, clause, KEY_MIRRORS, str_of(hosts[i]),
                         convert_text(c, "%.*s/%s", STR_ARG(to), hosts[i]));
    struct convert_item *first = clause->field[KEY_MIRRORS].first;
    if (to.n == 0)
        convert_left(c, target, "has no account and region, or location and project");
    else if (first != NULL) /* not out of memory */
        convert_note(c, &first->notes, target,
                     "narrower: for the hosts in mirrors alone; add those that your images "
                     "name%s",
                     always ? "" : ". Also if the image is not in the target");
}

/* ---- filters ------------------------------------------------------------------------- */

/* 'text' at the end of s, behind the text `before`. */
static bool quoted(struct str s, const char *before, const char *behind, struct str *text) {
    s = str_trim(s);
    struct str head = str_of(before), tail = str_of(behind);
    if (!str_starts(s, head) || !str_ends(s, tail) || s.n < head.n + tail.n)
        return false;
    s = str_trim(str_slice(s, head.n, s.n - tail.n));
    if (s.n < 3 || s.p[0] != '\'' || str_find(str_slice(s, 1, s.n), '\'') + 2 != s.n)
        return false;
    *text = str_slice(s, 1, s.n - 1);
    return true;
}

static bool take_condition(struct convert *c, struct convert_block *clause, struct str s) {
    struct str name = STR_NONE;
    if (quoted(s, NAMESPACE " ==", "", &name) || quoted(s, NAMESPACE "==", "", &name))
        convert_add(c, clause, KEY_SPACES, name);
    else if (quoted(s, NAMESPACE " !=", "", &name) || quoted(s, NAMESPACE "!=", "", &name))
        convert_add(c, clause, KEY_NAMESPACES, name);
    else if (quoted(s, "ends_with(" NAMESPACE ",", ")", &name))
        convert_add(c, clause, KEY_SPACES, convert_text(c, "*%.*s", STR_ARG(name)));
    else if (quoted(s, "starts_with(" NAMESPACE ",", ")", &name))
        convert_add(c, clause, KEY_SPACES, convert_text(c, "%.*s*", STR_ARG(name)));
    else
        return false;
    return true;
}

static void take_filter(struct convert *c, struct convert_block *clause, json_at at) {
    struct str s = json_str(c->json, at);
    bool negated = s.n != 0 && memmem(s.p, s.n, "!=", 2) != NULL;
    if (negated && clause->field[KEY_NAMESPACES].first != NULL)
        convert_left(c, at, "leaves no namespace together with an earlier filter");
    else if (take_condition(c, clause, s))
        convert_exact(c, &clause->notes, at);
    else
        convert_left(c, at,
                     "is no condition on the namespace: its images are moved, if their "
                     "host is in mirrors");
}

/* ---- the configuration --------------------------------------------------------------- */

static void take_settings(struct convert *c, struct convert_block *clause, json_at root) {
    json_at dry = convert_get(c, root, "dryRun"),
            copy = convert_get(c, root, "imageCopyPolicy");
    if (json_is(c->json, dry, JSON_TRUE)) {
        struct convert_item *mode = convert_add(c, clause, KEY_MODE, STR("audit"));
        convert_note(c, &mode->notes, dry,
                     "k8s-image-swapper has this setting and does not act on it");
    }
    if (copy != JSON_NONE && !str_eq(json_str(c->json, copy), STR("none")))
        convert_left(c, copy,
                     "images are not copied: policyctl images -o skopeo-sync lists them");
}

static enum ec read_config(struct convert *c, struct err *err) {
    json_at root = convert_get(c, 0, "config");
    root = json_is(c->json, root, JSON_OBJECT) ? root : 0;
    json_at target = convert_get(c, root, "target"),
            filters = convert_get(c, root, "source.filters");
    if (target == JSON_NONE)
        return convert_fail(c, 0, err,
                            "not a configuration of k8s-image-swapper: it has no target");
    struct convert_block *clause = convert_add_clause(c, STR("k8s-image-swapper"));
    convert_add(c, clause, KEY_TEMPLATES, STR("ignore"));
    take_target(c, clause, root, target);
    take_settings(c, clause, root);
    for (json_at at = convert_first(c, filters); at != JSON_NONE;
         at = convert_next(c, filters, at))
        take_filter(c, clause,
                    convert_get(c, at, "jmespath") != JSON_NONE ? convert_get(c, at, "jmespath")
                                                                : at);
    return EC_OK;
}

const struct convert_format convert_swapper = {
    .word = "k8s-image-swapper", .read = read_config, .end = convert_combine};
