/* Astronomer's config.yaml: the values of the platform's chart.
 * Registries protectedCustomRegistry: where deployments' images are pushed and pulled, host/path, with the
 *            Secret of each namespace. It stands below houston.config.deployments.registry in older
 *            documents, below houston.config.registry in newer ones
 * Mirror     global.privateRegistry: quay.io/astronomer/ap-x is <repository>/ap-x
 * Source     astronomer/astronomer values.yaml and charts/astronomer/templates; astronomer/docs    */
#include "convert/format.h"

static const char *const registries[] = {
    "astronomer.houston.config.deployments.registry.protectedCustomRegistry",
    "astronomer.houston.config.registry.protectedCustomRegistry",
    "astronomer.registry.protectedCustomRegistry",
};
static const char *const parts[] = {"baseRegistry", "updateRegistry"};

#define N(table) (sizeof(table) / sizeof *(table))

static struct convert_block *deployments(struct convert *c) {
    struct convert_block *b = convert_block_of(c, &c->rules, STR("astronomer"));
    for (size_t i = 0; i < c->options->n_namespaces; i++)
        convert_add(c, b, KEY_NAMESPACES, str_of(c->options->namespaces[i]));
    if (b->field[KEY_NAMESPACES].first == NULL) {
        struct convert_item *item = convert_add(c, b, KEY_NAMESPACES, STR("astronomer"));
        convert_remark(
            c, &item->notes,
            "config.yaml does not name the platform's namespace: correct it, or give "
            "all namespaces with --namespace.");
        convert_add(c, b, KEY_NAMESPACES, STR("astronomer-*"));
    }
    return b;
}

static void approve(struct convert *c, json_at at, struct str what) {
    struct convert_block *b = deployments(c);
    if (b->field[KEY_MODE].first == NULL) {
        struct convert_item *mode = convert_add(c, b, KEY_MODE, STR("warn"));
        convert_remark(
            c, &mode->notes,
            "Astronomer refuses no image: others than those approved get a warning. Set "
            "enforce when there are none.");
    }
    struct convert_item *item = convert_add(c, b, KEY_APPROVED, what);
    convert_note(c, &item->notes, at,
                 "Astronomer pulls from it and does not restrict images to it");
}

/* {host, secretName}; `enabled` may be false in documents that mean true. */
static void take_registry(struct convert *c, json_at r) {
    json_at host = convert_get(c, r, "host"), secret = convert_get(c, r, "secretName");
    bool has_host = json_is(c->json, host, JSON_STRING) && json_str(c->json, host).n != 0;
    if (has_host)
        approve(c, host, json_str(c->json, host));
    if (!json_is(c->json, secret, JSON_STRING) || json_str(c->json, secret).n == 0)
        return;
    struct str name = json_str(c->json, secret);
    if (has_host) {
        struct convert_item *item =
            convert_add_pair(c, deployments(c), KEY_SECRETS, json_str(c->json, host), name);
        convert_note(
            c, &item->notes, secret,
            "only for pods with an image from there; Airflow's chart adds it to all of "
            "its own");
    } else {
        struct convert_item *item = convert_add(c, deployments(c), KEY_SECRETS, name);
        convert_note(c, &item->notes, secret,
                     "for all pods, since the host is not named: each namespace has its own");
    }
}

static void take_protected(struct convert *c, json_at p) {
    if (json_is(c->json, convert_get(c, p, "enabled"), JSON_FALSE)) {
        convert_left(c, p, "is not enabled");
        return;
    }
    for (size_t i = 0; i < N(parts); i++) {
        json_at r = convert_get(c, p, parts[i]);
        if (r != JSON_NONE)
            take_registry(c, r);
    }
}

static void take_private(struct convert *c, json_at p) {
    json_at repository = convert_get(c, p, "repository"),
            secret = convert_get(c, p, "secretName");
    struct str to = convert_string(c, p, "repository");
    if (!convert_is_true(c, p, "enabled")) {
        convert_left(c, p, "is not enabled");
        return;
    }
    if (to.n == 0)
        return;
    struct convert_item *item =
        convert_add_pair(c, deployments(c), KEY_MIRRORS, STR("quay.io/astronomer"), to);
    convert_note(
        c, &item->notes, repository,
        "all of quay.io/astronomer; Astronomer's charts move repositories named ap-... alone");
    if (convert_string(c, p, "secretName").n != 0) {
        item = convert_add_pair(c, deployments(c), KEY_SECRETS, to,
                                convert_string(c, p, "secretName"));
        convert_exact(c, &item->notes, secret);
    }
}

static void take_airflow(struct convert *c, const char *path) {
    json_at at = convert_get(c, 0, path);
    if (json_is(c->json, at, JSON_STRING) && json_str(c->json, at).n != 0)
        approve(c, at, json_str(c->json, at));
}

static enum ec read_config(struct convert *c, struct err *err) {
    if (!json_is(c->json, 0, JSON_OBJECT))
        return convert_fail(c, 0, err, "not a config.yaml: found %s, expected a map",
                            json_type_name(json_type_of(c->json, 0)));
    for (size_t i = 0; i < N(registries); i++) {
        json_at p = convert_get(c, 0, registries[i]);
        if (p != JSON_NONE)
            take_protected(c, p);
    }
    json_at private = convert_get(c, 0, "global.privateRegistry");
    if (private != JSON_NONE)
        take_private(c, private);
    take_airflow(c,
                 "astronomer.houston.config.deployments.helm.airflow.defaultAirflowRepository");
    take_airflow(
        c, "astronomer.houston.config.deployments.helm.airflow.images.airflow.repository");
    return EC_OK;
}

/* A mirror alone refuses nothing. */
static void finish(struct convert *c) {
    struct convert_block *b = c->rules.first;
    if (b == NULL || b->field[KEY_APPROVED].first != NULL)
        return;
    struct convert_item *all = convert_add(c, b, KEY_APPROVED, STR("**"));
    convert_remark(c, &all->notes, "Astronomer refuses no image.");
}

const struct convert_format convert_astronomer = {
    .word = "astronomer", .read = read_config, .end = finish};
