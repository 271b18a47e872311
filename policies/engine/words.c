/* The stable words of decisions, for messages, audit lines, metrics and -o json alike. */
#include "engine/engine.h"

static const struct str lists[] = {STR_INIT("containers"), STR_INIT("initContainers"),
                                   STR_INIT("ephemeralContainers"), STR_INIT("volumes")};

const char *engine_list_name(enum workload_image_list list) {
    return lists[list].p;
}

void engine_image_pointer(const struct workload *w, const struct workload_image *image,
                          struct buf *out) {
    buf_str(out, w->spec);
    buf_putc(out, '/');
    buf_str(out, lists[image->list]);
    buf_putc(out, '/');
    buf_uint(out, image->index);
    if (image->list == LIST_VOLUME)
        buf_puts(out, "/image/reference");
    else
        buf_puts(out, "/image");
}

const char *engine_code_name(enum reason_code code) {
    static const char *const names[] = {
        [REASON_INVALID] = "invalid-image",
        [REASON_DENIED] = "denied",
        [REASON_NOT_APPROVED] = "not-approved",
        [REASON_NOT_REWRITTEN] = "not-rewritten",
        [REASON_DIGEST_MISSING] = "digest-missing",
        [REASON_TAG_MISSING] = "tag-missing",
        [REASON_UNMATCHED] = "unmatched",
        [REASON_PATTERN_LIMIT] = "pattern-limit",
        [REASON_EXEMPTED] = "exempted",
        [REASON_MALFORMED] = "malformed",
    };
    return names[code];
}

const char *engine_verdict_name(enum verdict v) {
    static const char *const names[] = {"allow", "warn", "deny"};
    return names[v];
}

const char *engine_mode_name(enum engine_mode m) {
    static const char *const names[] = {"enforce", "warn", "audit"};
    return names[m];
}

const char *engine_operation_name(enum workload_operation o) {
    static const char *const names[] = {"CREATE", "UPDATE", "DELETE", "CONNECT"};
    return names[o];
}
