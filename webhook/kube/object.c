#include "kube/internal.h"
#include "json/json.h"

enum { DEPTH_MAX = 128, NODES_MAX = 4 << 20, MESSAGE_MAX = 300 };

struct str kube_text(const struct json *j, json_at object, struct str key) {
    json_at at = json_get(j, object, key);
    return json_is(j, at, JSON_STRING) ? json_str(j, at) : STR_NONE;
}

/* The reader's own text may quote the bytes, which may be a secret's. */
enum ec kube_json(struct json *out, char *text, size_t n, struct err *err) {
    struct json_limits limits = {.max_depth = DEPTH_MAX, .max_nodes = NODES_MAX};
    struct err found = ERR_INIT;
    if (n == 0)
        return err_set(err, EC_SYNTAX, "no JSON: nothing was answered");
    enum ec ec = json_parse(out, text, n, limits, &found);
    if (ec == EC_OK)
        return EC_OK;
    return err_set(err, ec, "%s (%s at byte %zu of %zu)",
                   ec == EC_NOMEM ? "no memory for JSON" : "cannot be read as JSON",
                   ec_name(ec), found.offset, n);
}

bool kube_object_of(struct kube_object *out, const struct json *j, json_at at) {
    json_at meta = json_get(j, at, STR("metadata"));
    if (!json_is(j, meta, JSON_OBJECT))
        return false;
    *out = (struct kube_object){.namespace = kube_text(j, meta, STR("namespace")),
                                .name = kube_text(j, meta, STR("name")),
                                .uid = kube_text(j, meta, STR("uid")),
                                .resource_version = kube_text(j, meta, STR("resourceVersion")),
                                .json = j,
                                .at = at};
    return true;
}

void kube_status_of(struct kube_status *out, const struct json *j, json_at at) {
    *out = (struct kube_status){
        .reason = kube_text(j, at, STR("reason")),
        .cause = kube_text(j, json_find_from(j, at, STR("/details/causes/0")), STR("reason")),
        .message = kube_text(j, at, STR("message"))};
}

/* A Status about a body may quote it, unless it is about names, rights or rates. */
static bool is_fit_for_log(const struct kube_status *s, bool has_body) {
    static const char *const fit[] = {"Forbidden", "NotFound", "AlreadyExists", "Unauthorized",
                                      "TooManyRequests"};
    for (size_t i = 0; i < sizeof fit / sizeof *fit; i++)
        if (str_eq(s->reason, str_of(fit[i])))
            return true;
    return !has_body;
}

void kube_describe(struct err *err, const char *method, struct str path, unsigned status,
                   const struct kube_status *found, bool has_body) {
    bool told = found->message.n != 0 && is_fit_for_log(found, has_body);
    struct str message = told ? str_slice(found->message, 0, MESSAGE_MAX) : STR_NONE;
    path = str_slice(path, 0, str_find(path, '?'));
    err_set(err, EC_IO, "%s %.*s: HTTP %u%s%.*s%s%.*s%s%.*s", method, STR_ARG(path), status,
            found->reason.n ? " " : "", STR_ARG(found->reason), found->cause.n ? " " : "",
            STR_ARG(found->cause), told ? ": " : "", STR_ARG(message));
}

/* ---- events of a watch ------------------------------------------------------------------- */

static const struct {
    struct str word;
    enum kube_event event;
} words[] = {{STR_INIT("ADDED"), KUBE_EVENT_SET},
             {STR_INIT("MODIFIED"), KUBE_EVENT_SET},
             {STR_INIT("DELETED"), KUBE_EVENT_GONE},
             {STR_INIT("BOOKMARK"), KUBE_EVENT_BOOKMARK},
             {STR_INIT("ERROR"), KUBE_EVENT_ERROR}};

static bool event_of(enum kube_event *out, struct str word) {
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (str_eq(words[i].word, word)) {
            *out = words[i].event;
            return true;
        }
    return false;
}

static enum ec read_error(struct kube_line *out, const struct json *j, json_at status,
                          struct err *err) {
    uint64_t code = 0;
    if (!json_is(j, status, JSON_OBJECT))
        return err_set(err, EC_SCHEMA, "an ERROR event without a Status");
    (void)str_to_uint(json_str(j, json_get(j, status, STR("code"))), 999, &code);
    out->status = (unsigned)code;
    out->reason = kube_text(j, status, STR("reason"));
    return EC_OK;
}

static enum ec read_object(struct kube_line *out, const struct json *j, json_at object,
                           struct err *err) {
    if (!kube_object_of(&out->object, j, object) || out->object.resource_version.n == 0)
        return err_set(err, EC_SCHEMA, "an event without metadata.resourceVersion");
    if (out->event != KUBE_EVENT_BOOKMARK && out->object.name.n == 0)
        return err_set(err, EC_SCHEMA, "an event without metadata.name");
    return EC_OK;
}

enum ec kube_line_parse(struct kube_line *out, struct json *json, char *line, size_t n,
                        struct err *err) {
    struct kube_line found = {.status = 0};
    if (kube_json(json, line, n, err) != EC_OK)
        return err->code;
    json_at object = json_get(json, 0, STR("object"));
    if (!event_of(&found.event, kube_text(json, 0, STR("type"))))
        return err_set(err, EC_SCHEMA,
                       "an event of an unknown type, expected ADDED, MODIFIED, DELETED, "
                       "BOOKMARK or ERROR");
    enum ec ec = found.event == KUBE_EVENT_ERROR ? read_error(&found, json, object, err)
                                                 : read_object(&found, json, object, err);
    if (ec == EC_OK)
        *out = found;
    return ec;
}
