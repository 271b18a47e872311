#include "edit/krm.h"

#include "edit/apply.h"

bool edit_krm_is_list(const struct json *j) {
    struct str version = json_str(j, json_get(j, 0, STR("apiVersion")));
    return str_starts(version, STR("config.kubernetes.io/")) &&
           str_eq(json_str(j, json_get(j, 0, STR("kind"))), STR("ResourceList"));
}

static void put_after(struct buf *out, const char *before, struct str value) {
    buf_puts(out, before);
    buf_json(out, value);
}

/* /spec/containers/0/image -> spec.containers[0].image */
static void put_field_path(struct buf *out, struct str pointer) {
    struct buf path = BUF_INIT(1 << 20);
    while (pointer.n != 0) {
        struct str rest = str_slice(pointer, 1, pointer.n);
        struct str token = str_slice(rest, 0, str_find(rest, '/'));
        uint64_t index;
        if (str_to_uint(token, UINT64_MAX, &index))
            buf_printf(&path, "[%.*s]", STR_ARG(token));
        else
            buf_printf(&path, "%s%.*s", path.n ? "." : "", STR_ARG(token));
        pointer = str_slice(rest, token.n, rest.n);
    }
    buf_json(out, buf_view(&path));
    buf_done(&path);
}

static void put_reference(struct buf *out, const struct workload *w) {
    put_after(out, ", \"resourceRef\": {\"apiVersion\": ", w->api_version);
    put_after(out, ", \"kind\": ", w->kind);
    put_after(out, ", \"name\": ", w->name);
    if (w->namespace.n != 0)
        put_after(out, ", \"namespace\": ", w->namespace);
    buf_putc(out, '}');
}

void edit_krm_result(struct buf *out, const struct object *o, const struct reason *r) {
    static const char *const severities[] = {"info", "warning", "error"};
    struct buf pointer = BUF_INIT(1 << 16);
    put_after(out, "{\"message\": ", r->message);
    buf_printf(out, ", \"severity\": \"%s\"", severities[r->weight]);
    put_reference(out, o->workload);
    if (r->image >= 0) {
        const struct decision_image *image = &o->decision->images[r->image];
        engine_image_pointer(o->workload, image->image, &pointer);
        buf_puts(out, ", \"field\": {\"path\": ");
        put_field_path(out, buf_view(&pointer));
        put_after(out, ", \"currentValue\": ", image->before);
        if (r->suggestion.n != 0)
            put_after(out, ", \"proposedValue\": ", r->suggestion);
        buf_putc(out, '}');
    }
    buf_putc(out, '}');
    buf_done(&pointer);
}

void edit_apply_policy_of(struct str text, struct buf *path) {
    struct err ignored = ERR_INIT;
    struct yaml *y = NULL;
    struct yaml_doc *doc = NULL;
    if (yaml_open(&y, text, YAML_LIMITS_DEFAULT, &ignored) == EC_OK &&
        yaml_next(y, &doc, &ignored) == EC_OK && doc != NULL && edit_krm_is_list(doc->json)) {
        const struct json *j = doc->json;
        json_at config = json_get(j, 0, STR("functionConfig"));
        json_at at = json_get(j, json_get(j, config, STR("spec")), STR("policy"));
        if (at == JSON_NONE)
            at = json_get(j, json_get(j, config, STR("data")), STR("policy"));
        buf_str(path, json_str(j, at));
    }
    yaml_close(y);
}
