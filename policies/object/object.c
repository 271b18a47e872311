/* Names and positions. */
#include "object/object.h"

enum { POINTER_MAX = 4096 };

const char *object_verdict_name(const struct object *o) {
    return o->unjudged != NULL ? "not-judged" : engine_verdict_name(o->decision->verdict);
}

struct str object_name(const struct object *o) {
    const struct workload *w = o->workload;
    return w->name.n != 0 ? w->name : w->generate_name;
}

struct yaml_location object_where(const struct object *o, struct str pointer) {
    return o->object != JSON_NONE ? yaml_where_from(o->doc, o->near, o->object, pointer)
                                  : yaml_where(o->doc, o->prefix);
}

struct yaml_location object_image_where(const struct object *o,
                                        const struct workload_image *image,
                                        struct buf *pointer) {
    buf_reset(pointer);
    engine_image_pointer(o->workload, image, pointer);
    return object_where(o, buf_view(pointer));
}

struct yaml_location object_reason_where(const struct object *o, const struct reason *r,
                                         struct buf *pointer) {
    buf_reset(pointer);
    if (r->image < 0) {
        json_path(o->doc->json, o->object, o->malformed, pointer);
        return object_where(o, buf_view(pointer));
    }
    return object_image_where(o, o->decision->images[r->image].image, pointer);
}

struct yaml_location object_secrets_where(const struct object *o) {
    struct buf pointer = BUF_INIT(POINTER_MAX);
    buf_str(&pointer, o->workload->spec);
    buf_puts(&pointer, "/imagePullSecrets");
    struct yaml_location pos = object_where(o, buf_view(&pointer));
    buf_done(&pointer);
    return pos;
}
