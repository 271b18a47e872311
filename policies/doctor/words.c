/* Texts of kubelets and container runtimes: what they say is wrong.
 * Source     kubelet image_manager.go and types.go; containerd core/remotes/docker; CRI-O */
#include "doctor/model.h"

bool doctor_has_part(struct str text, const char *part) {
    return text.n != 0 && memmem(text.p, text.n, part, strlen(part)) != NULL;
}

/* In this order: who cannot reach the host of the tokens says "failed to authorize" too, and who may not see an
 * image "does not exist or may require authorization". */
static const struct {
    const char *part;
    enum doctor_code code;
} errors[] = {
    {"toomanyrequests", DOCTOR_RATE_LIMITED},
    {"429 Too Many Requests", DOCTOR_RATE_LIMITED},
    {"no such host", DOCTOR_REGISTRY_UNREACHABLE},
    {"dial tcp", DOCTOR_REGISTRY_UNREACHABLE},
    {"connection refused", DOCTOR_REGISTRY_UNREACHABLE},
    {"connection reset", DOCTOR_REGISTRY_UNREACHABLE},
    {"i/o timeout", DOCTOR_REGISTRY_UNREACHABLE},
    {"TLS handshake", DOCTOR_REGISTRY_UNREACHABLE},
    {"x509:", DOCTOR_REGISTRY_UNREACHABLE},
    {"deadline exceeded", DOCTOR_REGISTRY_UNREACHABLE},
    {"server gave HTTP response to HTTPS client", DOCTOR_REGISTRY_UNREACHABLE},
    {"503 Service Unavailable", DOCTOR_REGISTRY_UNREACHABLE},
    {"pull access denied", DOCTOR_PULL_DENIED},
    {"401 Unauthorized", DOCTOR_PULL_DENIED},
    {"403 Forbidden", DOCTOR_PULL_DENIED},
    {"authorization failed", DOCTOR_PULL_DENIED},
    {"failed to authorize", DOCTOR_PULL_DENIED},
    {"failed to fetch anonymous token", DOCTOR_PULL_DENIED},
    {"failed to fetch oauth token", DOCTOR_PULL_DENIED},
    {"authentication required", DOCTOR_PULL_DENIED},
    {"no basic auth credentials", DOCTOR_PULL_DENIED},
    {"insufficient_scope", DOCTOR_PULL_DENIED},
    {"unauthorized", DOCTOR_PULL_DENIED},
    {"denied", DOCTOR_PULL_DENIED},
    {"unable to parse auth field", DOCTOR_PULL_DENIED}, /* the kubelet's own: PG104 */
    {"not found", DOCTOR_IMAGE_NOT_FOUND},
    {"manifest unknown", DOCTOR_IMAGE_NOT_FOUND},
    {"name unknown", DOCTOR_IMAGE_NOT_FOUND},
    {"invalid reference format", DOCTOR_IMAGE_NAME_INVALID},
};

enum doctor_code doctor_code_of_error(struct str text) {
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (doctor_has_part(text, errors[i].part))
            return errors[i].code;
    return DOCTOR_PULL_FAILED;
}

/* What follows `image "`, and what follows its quote. */
static bool split(struct str text, struct str *image, struct str *rest) {
    static const char mark[] = "image \"";
    const char *at = text.n != 0 ? memmem(text.p, text.n, mark, sizeof mark - 1) : NULL;
    if (at == NULL)
        return false;
    struct str tail = str_slice(text, (size_t)(at - text.p) + sizeof mark - 1, text.n);
    size_t quote = str_find(tail, '"');
    *image = str_slice(tail, 0, quote);
    *rest = str_slice(tail, quote + 1, tail.n);
    return quote != tail.n;
}

struct str doctor_image_part(struct str text) {
    struct str image = STR_NONE, rest;
    return split(text, &image, &rest) ? image : STR_NONE;
}

/* `Failed to pull image "X": E`, `Back-off pulling image "X": ErrImagePull: E`, or E itself. */
struct str doctor_error_part(struct str text) {
    static const struct str prefixes[] = {STR_INIT(": "), STR_INIT("ErrImagePull: ")};
    struct str image, rest = text;
    if (str_starts(text, STR("rpc error")) || !split(text, &image, &rest))
        return str_starts(text, STR("Back-off")) ? STR_NONE : text;
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (str_starts(rest, prefixes[i]))
            rest = str_slice(rest, prefixes[i].n, rest.n);
    return rest;
}
