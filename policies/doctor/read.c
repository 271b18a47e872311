/* Dumps: every object to what is kept of it. */
#include "base/clock.h"
#include "doctor/model.h"

/* ---- parts of objects ---------------------------------------------------------------------- */

json_at doctor_at(const struct object *o, const char *pointer) {
    return json_find_from(o->doc->json, o->object, str_of(pointer));
}

struct str doctor_text_from(const struct object *o, json_at from, const char *pointer) {
    json_at at = from == JSON_NONE ? from : json_find_from(o->doc->json, from, str_of(pointer));
    return json_is(o->doc->json, at, JSON_STRING) ? json_str(o->doc->json, at) : STR_NONE;
}

struct str doctor_text(const struct object *o, const char *pointer) {
    return doctor_text_from(o, o->object, pointer);
}

int64_t doctor_time(struct str text) {
    int64_t s = 0;
    bool date_only = false;
    return clock_parse(text, &s, &date_only) ? s : 0;
}

struct doctor_names doctor_strings(struct doctor *d, const struct object *o, json_at list) {
    const struct json *j = o->doc->json;
    DOCTOR_LIST(struct str) out = {NULL, 0};
    for (json_at at = json_first(j, list); at != JSON_NONE; at = json_next(j, list, at))
        DOCTOR_ADD(d, out, doctor_copy(d, json_str(j, at)));
    return (struct doctor_names){out.v, out.n};
}

static struct doctor_names read_secret_names(struct doctor *d, const struct object *o,
                                             json_at list) {
    const struct json *j = o->doc->json;
    DOCTOR_LIST(struct str) out = {NULL, 0};
    if (!json_is(j, list, JSON_ARRAY))
        return (struct doctor_names){NULL, 0};
    for (json_at at = json_first(j, list); at != JSON_NONE; at = json_next(j, list, at))
        DOCTOR_ADD(d, out, doctor_copy(d, doctor_text_from(o, at, "/name")));
    return (struct doctor_names){out.v, out.n};
}

struct doctor_labels doctor_map(struct doctor *d, const struct object *o, json_at map) {
    const struct json *j = o->doc->json;
    DOCTOR_LIST(struct match_label) out = {NULL, 0};
    if (!json_is(j, map, JSON_OBJECT))
        return (struct doctor_labels){NULL, 0};
    for (json_at key = json_first(j, map); key != JSON_NONE; key = json_next(j, map, key + 1))
        DOCTOR_ADD(d, out,
                   (struct match_label){doctor_copy(d, json_str(j, key)),
                                        doctor_copy(d, json_str(j, key + 1))});
    return (struct doctor_labels){out.v, out.n};
}

struct doctor_place doctor_place_of(struct doctor *d, const struct object *o) {
    const struct yaml_location where = object_where(o, STR(""));
    return (struct doctor_place){.kind = doctor_copy(d, o->workload->kind),
                                 .namespace =
                                     doctor_copy(d, doctor_text(o, "/metadata/namespace")),
                                 .name = doctor_copy(d, doctor_text(o, "/metadata/name")),
                                 .file = d->file,
                                 .line = where.line,
                                 .col = where.col};
}

/* ---- small kinds ----------------------------------------------------------------------------- */

static void read_namespace(struct doctor *d, const struct object *o) {
    d->seen_cluster = true;
    DOCTOR_ADD(
        d, d->namespaces,
        (struct doctor_namespace){.at = doctor_place_of(d, o),
                                  .labels = doctor_map(d, o, doctor_at(o, "/metadata/labels")),
                                  .known = true});
}

static void read_account(struct doctor *d, const struct object *o) {
    DOCTOR_ADD(d, d->accounts,
               (struct doctor_account){
                   .at = doctor_place_of(d, o),
                   .secrets = read_secret_names(d, o, doctor_at(o, "/imagePullSecrets"))});
}

static void read_service(struct doctor *d, const struct object *o) {
    d->seen_service = true;
    DOCTOR_ADD(
        d, d->services,
        (struct doctor_service){.at = doctor_place_of(d, o),
                                .selector = doctor_map(d, o, doctor_at(o, "/spec/selector"))});
}

/* The object that an event is about; without one, the event itself. */
static void read_about(struct doctor *d, const struct object *o, const char *about,
                       struct doctor_place *at) {
    const json_at at_about = doctor_at(o, about);
    const struct str kind = doctor_text_from(o, at_about, "/kind");
    const struct str name = doctor_text_from(o, at_about, "/name");
    if (kind.n == 0 || name.n == 0)
        return;
    at->kind = doctor_copy(d, kind);
    at->namespace = doctor_copy(d, doctor_text_from(o, at_about, "/namespace"));
    at->name = doctor_copy(d, name);
}

/* Of core/v1 and of events.k8s.io/v1. */
static void read_event(struct doctor *d, const struct object *o) {
    bool newer = json_is(o->doc->json, doctor_at(o, "/regarding"), JSON_OBJECT);
    const char *about = newer ? "/regarding" : "/involvedObject";
    static const char *const times[] = {"/lastTimestamp", "/deprecatedLastTimestamp",
                                        "/series/lastObservedTime", "/eventTime",
                                        "/metadata/creationTimestamp"};
    struct doctor_event e = {.at = doctor_place_of(d, o)};
    read_about(d, o, about, &e.at);
    e.reason = doctor_copy(d, doctor_text(o, "/reason"));
    e.message = doctor_copy(d, doctor_text(o, newer ? "/note" : "/message"));
    for (size_t i = 0; i < sizeof times / sizeof *times && e.last_s == 0; i++)
        e.last_s = doctor_time(doctor_text(o, times[i]));
    DOCTOR_ADD(d, d->events, e);
}

static void read_config_map(struct doctor *d, const struct object *o) {
    const struct json *j = o->doc->json;
    const json_at data = doctor_at(o, "/data");
    json_at secret = json_get(j, data, STR("JOB_KUBE_MAIN_CONTAINER_IMAGE_PULL_SECRET")),
            registry = json_get(j, data, STR("JOB_KUBE_CONNECTOR_IMAGE_REGISTRY"));
    if (secret == JSON_NONE && registry == JSON_NONE)
        return;
    DOCTOR_ADD(
        d, d->config_maps,
        (struct doctor_config_map){.at = doctor_place_of(d, o),
                                   .has_secret = secret != JSON_NONE,
                                   .has_registry = registry != JSON_NONE,
                                   .airbyte_secret = doctor_copy(d, json_str(j, secret)),
                                   .airbyte_registry = doctor_copy(d, json_str(j, registry))});
}

/* ---- all kinds ------------------------------------------------------------------------------- */

#define HOOKS "admissionregistration.k8s.io"
static const struct reader {
    const char *group; /* "": of the core */
    const char *kind;
    bool of_cluster;
    void (*read)(struct doctor *d, const struct object *o);
} readers[] = {{"", "Namespace", true, read_namespace},
               {"", "Secret", false, doctor_read_secret},
               {"", "ServiceAccount", false, read_account},
               {"", "Service", false, read_service},
               {"", "Event", false, read_event},
               {"events.k8s.io", "Event", false, read_event},
               {"", "ConfigMap", false, read_config_map},
               {HOOKS, "MutatingWebhookConfiguration", true, doctor_read_hooks},
               {HOOKS, "ValidatingWebhookConfiguration", true, doctor_read_hooks}};

static const struct reader *reader_of(const struct object *o) {
    struct str version = o->workload->api_version;
    size_t slash = str_find(version, '/');
    struct str group = slash == version.n ? STR_NONE : str_slice(version, 0, slash);
    for (size_t i = 0; i < sizeof readers / sizeof *readers; i++)
        if (str_eq(str_of(readers[i].kind), o->workload->kind) &&
            str_eq(str_of(readers[i].group), group))
            return &readers[i];
    return NULL;
}

/* A namespace that is asked for hides all others; their events and pods too. */
static bool is_wanted(const struct doctor *d, const struct object *o, bool namespaced) {
    struct str namespace = doctor_text(o, "/metadata/namespace");
    return d->options.namespace.n == 0 || !namespaced ||
           str_eq(namespace.n != 0 ? namespace : STR(OBJECT_NAMESPACE), d->options.namespace);
}

/* The webhook's own namespace is looked at in any case. */
static bool is_of_webhook(const struct object *o) {
    static const char *const kinds[] = {"Secret", "Service", "Pod"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (str_eq(str_of(kinds[i]), o->workload->kind))
            return true;
    return false;
}

static enum ec take(void *arg, const struct object *o, struct err *err) {
    struct doctor *d = arg;
    const struct reader *reader = o->is_review ? NULL : reader_of(o);
    bool cluster = reader != NULL && reader->of_cluster;
    if (o->is_review || o->object == JSON_NONE ||
        !(is_wanted(d, o, !cluster) || is_of_webhook(o)))
        return EC_OK;
    if (reader != NULL)
        reader->read(d, o);
    else if (o->workload->shape == SHAPE_POD || o->workload->shape == SHAPE_TEMPLATE)
        doctor_read_work(d, o);
    return d->bad == 0 ? EC_OK : err_set(err, EC_NOMEM, "no room for the dump");
}

/* The lines of a dump may hold credentials: they are not shown. */
static void take_fault(void *arg, const struct object_fault *f) {
    struct doctor *d = arg;
    struct object_fault shown = *f;
    shown.lines = NULL;
    if (d->options.fault != NULL)
        d->options.fault(d->options.arg, &shown);
}

static void take_note(void *arg, const char *file, uint32_t line, const char *text) {
    struct doctor *d = arg;
    if (d->options.note != NULL)
        d->options.note(d->options.arg, file, line, text);
}

enum ec doctor_read(struct doctor *d, const char *file, struct str text, struct err *err) {
    const struct object_sink to = {
        .object = take, .fault = take_fault, .note = take_note, .arg = d};
    d->file = doctor_copy(d, str_of(file));
    if (d->bad != 0)
        return arena_fail(&d->arena, err);
    return object_read_text(&d->judge, file, text, &to, &d->totals, err);
}
