/* Airbyte's values.yaml, of the charts V1 and V2.
 * Registry   prepended to images that name no registry, without library/: by the launcher to connectors
 *            (withImageRegistry), by Helm to the platform's own (imageUrl)
 * Secrets    one list for all containers of all job pods; joined with commas, so that blanks and empty
 *            parts occur
 * Source     airbytehq/airbyte-platform: charts/v2/airbyte/templates/_images.tpl,
 *            airbyte-workload-launcher/.../PayloadKubeInputMapper.kt                          */
#include "convert/format.h"

#define SECRET_VARIABLE "JOB_KUBE_MAIN_CONTAINER_IMAGE_PULL_SECRET"
#define REGISTRY_VARIABLE "JOB_KUBE_CONNECTOR_IMAGE_REGISTRY"

static void select_namespaces(struct convert *c, struct convert_block *b) {
    for (size_t i = 0; i < c->options->n_namespaces; i++)
        convert_add(c, b, KEY_NAMESPACES, str_of(c->options->namespaces[i]));
    if (c->options->n_namespaces == 0) {
        struct convert_item *item = convert_add(c, b, KEY_NAMESPACES, STR("airbyte"));
        if (item->notes.first == NULL)
            convert_remark(
                c, &item->notes,
                "values.yaml does not name the namespace: correct it, or give it with "
                "--namespace.");
    }
}

static void approve_all(struct convert *c, struct convert_block *b) {
    struct convert_item *item = convert_add(c, b, KEY_APPROVED, STR("**"));
    if (item->notes.first == NULL)
        convert_remark(
            c, &item->notes,
            "Airbyte refuses no image. Replace this by the registries that images may "
            "name.");
}

/* The rule of all pods, behind that of the job pods. */
static struct convert_block *all_pods(struct convert *c) {
    struct convert_block *b = convert_block_of(c, &c->rules, STR("airbyte"));
    select_namespaces(c, b);
    approve_all(c, b);
    return b;
}

/* Blanks and schemes are not part of a registry's name. */
static struct str bare_registry(struct str s) {
    static const struct str schemes[] = {STR_INIT("https://"), STR_INIT("http://")};
    s = str_trim(s);
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        if (str_starts(s, schemes[i]))
            s = str_slice(s, schemes[i].n, s.n);
    while (s.n != 0 && s.p[s.n - 1] == '/')
        s.n--;
    return s;
}

static void take_registry(struct convert *c, struct convert_block *b, json_at at) {
    struct str text = json_str(c->json, at), bare = bare_registry(text);
    if (bare.n == 0)
        return;
    struct convert_item *item = convert_set(c, b, KEY_REGISTRY, bare);
    bool slash = bare.n + 1 == text.n && str_ends(text, STR("/"));
    if (bare.n == text.n || slash)
        convert_exact(c, &item->notes, at);
    else
        convert_note(
            c, &item->notes, at,
            "without scheme, blanks and slashes, which are not part of an image reference");
}

/* Job pods have a registry of their own. */
static void take_connectors(struct convert *c, json_at at) {
    struct str bare = bare_registry(json_str(c->json, at));
    (void)all_pods(c); /* comes before it; finish() turns them round */
    struct convert_block *jobs = convert_block_of(c, &c->rules, STR("airbyte-jobs"));
    select_namespaces(c, jobs);
    approve_all(c, jobs);
    convert_add_pair(c, jobs, KEY_LABELS, STR("airbyte"), STR("job-pod"));
    if (bare.n != 0)
        take_registry(c, jobs, at);
    else
        convert_exact(c, &jobs->notes, at);
}

static void take_secret(struct convert *c, json_at at, struct str name, const char *why) {
    struct convert_item *item = convert_add(c, all_pods(c), KEY_SECRETS, name);
    if (why != NULL)
        convert_note(c, &item->notes, at, "%s", why);
    else
        convert_exact(c, &item->notes, at);
}

/* A list with commas. Blanks would be part of the name, and no Secret has such a name. */
static void take_secrets(struct convert *c, json_at at) {
    struct str rest = json_str(c->json, at);
    while (rest.n != 0) {
        size_t comma = str_find(rest, ',');
        struct str part = str_slice(rest, 0, comma), name = str_trim(part);
        if (name.n != 0)
            take_secret(c, at, name, name.n == part.n ? NULL : "without blanks");
        rest = str_slice(rest, comma + 1, rest.n);
    }
}

static void take_secret_list(struct convert *c, json_at list, bool global) {
    const char *why = global ? NULL
                             : "Airbyte adds it to the pods of one component, the rule to all "
                               "pods of the namespace";
    for (json_at at = convert_first(c, list); at != JSON_NONE; at = convert_next(c, list, at)) {
        json_at name = json_is(c->json, at, JSON_OBJECT) ? convert_get(c, at, "name") : at;
        if (json_is(c->json, name, JSON_STRING) && json_str(c->json, name).n != 0)
            take_secret(c, name, json_str(c->json, name), why);
        else
            convert_left(c, at, "is not the name of a Secret");
    }
}

/* ---- which values are about images --------------------------------------------------- */

/* global.image, workloadLauncher.connector.image, or of another component */
static void take_image(struct convert *c, json_at registry, json_at image) {
    if (!json_is(c->json, registry, JSON_STRING))
        return;
    if (image == convert_get(c, 0, "global.image"))
        take_registry(c, all_pods(c), registry);
    else if (image == convert_get(c, 0, "workloadLauncher.connector.image"))
        take_connectors(c, registry);
    else if (json_str(c->json, registry).n != 0)
        convert_left(
            c, registry,
            "is the registry of one component's images, which the chart writes into them");
}

static void take_variable(struct convert *c, struct str name, json_at value) {
    if (!json_is(c->json, value, JSON_STRING))
        return;
    if (str_eq(name, STR(SECRET_VARIABLE)))
        take_secrets(c, value);
    else if (str_eq(name, STR(REGISTRY_VARIABLE)))
        take_connectors(c, value);
}

static void take_value(struct convert *c, json_at at) {
    json_at parent = c->places[at].parent;
    struct str key = convert_key_of(c, at);
    if (str_eq(key, STR("imagePullSecrets")))
        take_secret_list(c, at, parent == convert_get(c, 0, "global"));
    else if (str_eq(key, STR("registry")) && c->places[parent].parent != JSON_NONE &&
             json_is(c->json, c->places[parent].parent, JSON_OBJECT) &&
             str_eq(convert_key_of(c, parent), STR("image")))
        take_image(c, at, parent);
    else if (str_eq(key, STR("value")))
        take_variable(c, convert_string(c, parent, "name"), at);
    else if (at == convert_get(c, 0, "global.jobs.kube.main_container_image_pull_secret"))
        take_secrets(c, at);
    else
        take_variable(c, key, at);
}

static enum ec read_values(struct convert *c, struct err *err) {
    if (!json_is(c->json, 0, JSON_OBJECT))
        return convert_fail(c, 0, err, "not a values.yaml: found %s, expected a map",
                            json_type_name(json_type_of(c->json, 0)));
    for (json_at at = 1; at < c->json->n_nodes && !c->full; at++)
        if (!json_is_key(c->json, at) && json_is(c->json, c->places[at].parent, JSON_OBJECT))
            take_value(c, at);
    return EC_OK;
}

/* ---- the end ------------------------------------------------------------------------- */

/* The rule of the job pods comes first, and pulls with the same secrets. */
static void finish(struct convert *c) {
    struct convert_block *all = c->rules.first, *jobs = all ? all->next : NULL;
    if (jobs == NULL)
        return;
    jobs->next = all;
    all->next = NULL;
    c->rules = (struct convert_blocks){jobs, all};
    for (const struct convert_item *i = all->field[KEY_SECRETS].first; i != NULL; i = i->next)
        convert_add(c, jobs, KEY_SECRETS, i->value);
}

const struct convert_format convert_airbyte = {
    .word = "airbyte", .read = read_values, .end = finish};
