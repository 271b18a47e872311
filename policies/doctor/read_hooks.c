/* Webhook configurations: each webhook of them, pullgate's and others'. */
#include "doctor/model.h"

/* ---- selectors ---------------------------------------------------------------------------------- */

static bool read_operator(struct str word, enum match_op *out) {
    static const struct {
        const char *word;
        enum match_op op;
    } words[] = {{"In", MATCH_IN},
                 {"NotIn", MATCH_NOT_IN},
                 {"Exists", MATCH_EXISTS},
                 {"DoesNotExist", MATCH_DOES_NOT_EXIST}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (!str_eq(word, str_of(words[i].word)))
            continue;
        *out = words[i].op;
        return true;
    }
    return false;
}

static struct match_selector read_selector(struct doctor *d, const struct object *o,
                                           json_at selector) {
    const struct json *j = o->doc->json;
    const json_at labels = json_get(j, selector, STR("matchLabels")),
                  list = json_get(j, selector, STR("matchExpressions"));
    DOCTOR_LIST(struct match_requirement) out = {NULL, 0};
    struct doctor_labels equal = doctor_map(d, o, labels);
    for (size_t i = 0; i < equal.n; i++)
        DOCTOR_ADD(d, out,
                   (struct match_requirement){.key = equal.v[i].key,
                                              .op = MATCH_IN,
                                              .values = &equal.v[i].value,
                                              .n_values = 1});
    for (json_at at = json_is(j, list, JSON_ARRAY) ? json_first(j, list) : JSON_NONE;
         at != JSON_NONE; at = json_next(j, list, at)) {
        struct match_requirement r = {.key = doctor_copy(d, doctor_text_from(o, at, "/key"))};
        struct doctor_names values = doctor_strings(d, o, json_get(j, at, STR("values")));
        r.values = values.v;
        r.n_values = values.n;
        if (read_operator(doctor_text_from(o, at, "/operator"), &r.op))
            DOCTOR_ADD(d, out, r);
    }
    return (struct match_selector){out.v, out.n};
}

/* ---- one webhook -------------------------------------------------------------------------------- */

static void read_rules(struct doctor *d, const struct object *o, json_at list,
                       struct doctor_hook *h) {
    const struct json *j = o->doc->json;
    DOCTOR_LIST(struct doctor_hook_rule) out = {NULL, 0};
    if (!json_is(j, list, JSON_ARRAY))
        return;
    for (json_at at = json_first(j, list); at != JSON_NONE; at = json_next(j, list, at))
        DOCTOR_ADD(d, out,
                   (struct doctor_hook_rule){
                       .operations = doctor_strings(d, o, json_get(j, at, STR("operations"))),
                       .resources = doctor_strings(d, o, json_get(j, at, STR("resources"))),
                       .groups = doctor_strings(d, o, json_get(j, at, STR("apiGroups")))});
    h->rules = out.v;
    h->n_rules = out.n;
}

static void read_bundle(struct doctor *d, struct str base64, struct doctor_hook *h) {
    size_t n = 0, position = 0;
    char *pem = arena_alloc(&d->arena, base64.n + 1);
    if (pem == NULL) {
        doctor_no_room(d);
        return;
    }
    if (base64.n == 0)
        h->ca_problem = STR("caBundle is empty");
    else if (!credentials_base64(pem, &n, base64, &position))
        doctor_say(d, &h->ca_problem, "caBundle is not base64 (byte %zu)", position + 1);
    h->ca_pem = (struct str){pem, n};
}

/* By path and name, or by the label that all manifests of pullgate have. */
static bool is_ours(const struct object *o, const struct doctor_hook *h) {
    struct str path = h->service.n != 0 ? h->path : h->url;
    bool labelled =
        str_eq(doctor_text(o, "/metadata/labels/app.kubernetes.io~1name"), STR("pullgate"));
    bool named = doctor_has_part(h->at.name, "pullgate") ||
                 doctor_has_part(h->name, "pullgate") ||
                 doctor_has_part(h->service, "pullgate");
    return (labelled || named) &&
           str_ends(path, h->mutating ? STR("/mutate") : STR("/validate"));
}

static bool takes_pods(const struct doctor_hook *h) {
    for (size_t i = 0; i < h->n_rules; i++) {
        const struct doctor_hook_rule *r = &h->rules[i];
        bool group =
            doctor_has_name(&r->groups, STR("")) || doctor_has_name(&r->groups, STR("*"));
        bool resource = doctor_has_name(&r->resources, STR("pods")) ||
                        doctor_has_name(&r->resources, STR("*")) ||
                        doctor_has_name(&r->resources, STR("*/*"));
        bool operation = doctor_has_name(&r->operations, STR("CREATE")) ||
                         doctor_has_name(&r->operations, STR("*"));
        if (group && resource && operation)
            return true;
    }
    return false;
}

static void read_service_of(struct doctor *d, const struct object *o, json_at at,
                            struct doctor_hook *h) {
    h->service_namespace =
        doctor_copy(d, doctor_text_from(o, at, "/clientConfig/service/namespace"));
    h->service = doctor_copy(d, doctor_text_from(o, at, "/clientConfig/service/name"));
    h->path = doctor_copy(d, doctor_text_from(o, at, "/clientConfig/service/path"));
    h->url = doctor_copy(d, doctor_text_from(o, at, "/clientConfig/url"));
}

static void read_hook(struct doctor *d, const struct object *o, json_at at,
                      const struct doctor_place *config, bool mutating) {
    const struct json *j = o->doc->json;
    struct doctor_hook h = {.at = *config, .mutating = mutating};
    h.name = doctor_copy(d, doctor_text_from(o, at, "/name"));
    h.created_s = doctor_time(doctor_text(o, "/metadata/creationTimestamp"));
    read_service_of(d, o, at, &h);
    read_rules(d, o, json_get(j, at, STR("rules")), &h);
    h.ours = is_ours(o, &h);
    h.takes_pods = takes_pods(&h);
    if (h.ours)
        read_bundle(d, doctor_text_from(o, at, "/clientConfig/caBundle"), &h);
    h.namespaces = read_selector(d, o, json_get(j, at, STR("namespaceSelector")));
    h.objects = read_selector(d, o, json_get(j, at, STR("objectSelector")));
    const json_at conditions = json_get(j, at, STR("matchConditions"));
    h.conditions = json_is(j, conditions, JSON_ARRAY) && json_first(j, conditions) != JSON_NONE;
    h.ignore = str_eq(doctor_text_from(o, at, "/failurePolicy"), STR("Ignore"));
    h.reinvoked = str_eq(doctor_text_from(o, at, "/reinvocationPolicy"), STR("IfNeeded"));
    DOCTOR_ADD(d, d->hooks, h);
}

void doctor_read_hooks(struct doctor *d, const struct object *o) {
    const struct json *j = o->doc->json;
    const json_at list = doctor_at(o, "/webhooks");
    const struct doctor_place config = doctor_place_of(d, o);
    bool mutating = str_eq(config.kind, STR("MutatingWebhookConfiguration"));
    d->seen_cluster = d->seen_hook = true;
    if (!json_is(j, list, JSON_ARRAY))
        return;
    for (json_at at = json_first(j, list); at != JSON_NONE; at = json_next(j, list, at))
        read_hook(d, o, at, &config, mutating);
}
