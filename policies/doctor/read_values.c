/* Helm values of Airbyte: global.imagePullSecrets. */
#include "doctor/model.h"
#include "yaml/yaml.h"

/* A list of {name: x}, as the chart has it; names by themselves are what people write, too. */
static void take_secrets(struct doctor *d, const struct json *j, json_at list) {
    DOCTOR_LIST(struct str) out = {NULL, 0};
    for (json_at at = json_first(j, list); at != JSON_NONE; at = json_next(j, list, at)) {
        json_at name = json_is(j, at, JSON_STRING) ? at : json_get(j, at, STR("name"));
        DOCTOR_ADD(d, out, doctor_copy(d, json_str(j, name)));
    }
    d->values.secrets = (struct doctor_names){out.v, out.n};
    d->values.has_secrets = true;
}

static void take_values(struct doctor *d, const struct yaml_doc *doc) {
    const json_at list = json_find(doc->json, STR("/global/imagePullSecrets"));
    if (!json_is(doc->json, list, JSON_ARRAY))
        return;
    d->values.line = doc->pos[list].line;
    d->values.col = doc->pos[list].col;
    take_secrets(d, doc->json, list);
}

enum ec doctor_read_values(struct doctor *d, const char *file, struct str text,
                           struct err *err) {
    struct yaml *y = NULL;
    struct yaml_doc *doc = NULL;
    d->values = (struct doctor_values){.file = doctor_copy(d, str_of(file)), .given = true};
    if (yaml_open(&y, text, YAML_LIMITS_DEFAULT, err) == EC_OK &&
        yaml_next(y, &doc, err) == EC_OK && doc != NULL) {
        if (json_is(doc->json, 0, JSON_OBJECT))
            take_values(d, doc);
        else
            err_set(err, EC_SCHEMA, "not values of a chart: expected a mapping");
    }
    yaml_close(y);
    if (err->code != EC_OK)
        err_locate(err, file, 0, 0);
    return d->bad == 0 || err->code != EC_OK ? err->code : arena_fail(&d->arena, err);
}
