#include "policyctl/requester.h"

#include "base/clock.h"

enum ec requester_now(int64_t *out_s, const char *flag, struct err *err) {
    return clock_parse_now(out_s, "--now", str_of(flag), err);
}

static enum ec read_label(struct requester *w, struct str text, struct err *err) {
    size_t equals = str_find(text, '=');
    struct match_label label = {str_slice(text, 0, equals),
                                str_slice(text, equals + 1, text.n)};
    struct err why = ERR_INIT;
    if (w->n_labels == REQUESTER_LABELS_MAX)
        return err_set(err, EC_USAGE, "--labels: more than %d labels", REQUESTER_LABELS_MAX);
    if (equals == text.n)
        return err_set(err, EC_USAGE, "--labels: found \"%.*s\", expected key=value",
                       STR_ARG(str_slice(text, 0, 100)));
    if (match_check_label_key(label.key, &why) != EC_OK ||
        match_check_label_value(label.value, &why) != EC_OK)
        return err_set(err, EC_USAGE, "--labels: \"%.*s\": %s",
                       STR_ARG(str_slice(text, 0, 100)), why.msg);
    w->labels[w->n_labels++] = label;
    return EC_OK;
}

static enum ec read_labels(struct requester *w, struct str rest, struct err *err) {
    while (rest.n != 0) {
        size_t comma = str_find(rest, ',');
        if (read_label(w, str_slice(rest, 0, comma), err) != EC_OK)
            return err->code;
        rest = str_slice(rest, comma + 1, rest.n);
    }
    return EC_OK;
}

enum ec requester_read(struct requester *out, const struct requester_flags *flags,
                       struct err *err) {
    *out = (struct requester){
        .request = {.namespace = flags->namespace,
                    .user = flags->user,
                    .service_account = flags->service_account,
                    .groups = &flags->groups,
                    .operation = flags->operation ? OPERATION_UPDATE : OPERATION_CREATE},
        .service_account = str_of(flags->service_account)};
    for (size_t i = 0; i < flags->groups.n; i++)
        out->groups[i] = str_of(flags->groups.v[i]);
    if (requester_now(&out->request.now_s, flags->now, err) != EC_OK)
        return err->code;
    return read_labels(out, str_of(flags->labels), err);
}

struct workload requester_pod(const struct requester *w, struct workload_image *room,
                              struct str image) {
    *room = (struct workload_image){
        .list = LIST_CONTAINER, .text = image, .has_image = true, .changed = true};
    return (struct workload){
        .shape = SHAPE_POD,
        .operation = w->request.operation,
        .spec = STR("/spec"),
        .api_version = STR("v1"),
        .kind = STR("Pod"),
        .namespace = str_of(w->request.namespace ? w->request.namespace : OBJECT_NAMESPACE),
        .user = str_of(w->request.user),
        .groups = w->groups,
        .n_groups = w->request.groups->n,
        .service_account = w->service_account,
        .labels = w->labels,
        .n_labels = w->n_labels,
        .images = room,
        .n_images = 1};
}
