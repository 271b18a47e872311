/* Pods and pod templates: what the policy makes of each, if it is created now, and what became of it. */
#include "doctor/model.h"

/* ---- images and their states ------------------------------------------------------------------ */

static void read_state(struct doctor *d, const struct object *o, const char *statuses,
                       struct doctor_work *w) {
    const struct json *j = o->doc->json;
    const json_at list = doctor_at(o, statuses);
    if (!json_is(j, list, JSON_ARRAY))
        return;
    for (json_at at = json_first(j, list); at != JSON_NONE; at = json_next(j, list, at)) {
        struct str name = doctor_text_from(o, at, "/name");
        for (size_t i = 0; i < w->n_images; i++) {
            if (!str_eq(w->images[i].container, name))
                continue;
            w->images[i].reason =
                doctor_copy(d, doctor_text_from(o, at, "/state/waiting/reason"));
            w->images[i].message =
                doctor_copy(d, doctor_text_from(o, at, "/state/waiting/message"));
        }
    }
}

static void copy_images(struct doctor *d, struct doctor_work *w,
                        const struct decision *decision) {
    w->images = ARENA_ARRAY(&d->arena, struct doctor_image, decision->n_images);
    if (w->images == NULL) {
        doctor_no_room(d);
        return;
    }
    w->n_images = decision->n_images;
    for (size_t i = 0; i < w->n_images; i++) {
        const struct decision_image *from = &decision->images[i];
        w->images[i] = (struct doctor_image){.container = doctor_copy(d, from->image->name),
                                             .before = doctor_copy(d, from->before),
                                             .after = doctor_copy(d, from->after),
                                             .rewritten = !str_eq(from->before, from->after)};
    }
}

static struct doctor_names copy_names(struct doctor *d, const struct str *v, size_t n) {
    DOCTOR_LIST(struct str) out = {NULL, 0};
    for (size_t i = 0; i < n; i++)
        DOCTOR_ADD(d, out, doctor_copy(d, v[i]));
    return (struct doctor_names){out.v, out.n};
}

/* ---- the decision ------------------------------------------------------------------------------ */

/* A template is judged as the pod that is made of it. */
static void judge(struct doctor *d, struct doctor_work *w, const struct object *o) {
    struct workload pod = *o->workload;
    struct decision decision;
    struct err err = ERR_INIT;
    pod.shape = SHAPE_POD;
    pod.operation = OPERATION_CREATE;
    if (engine_decide(&decision, d->options.policy, &pod, d->options.now_s, 0, &d->judge.arena,
                      &err) != EC_OK) {
        d->bad = (int)err.code;
        return;
    }
    w->rule = decision.rule;
    if (decision.verdict == VERDICT_DENY && decision.n_reasons != 0)
        w->denial = doctor_copy(d, decision.reasons[0].message);
    copy_images(d, w, &decision);
    w->has_list = pod.secrets_state == SECRETS_LIST && pod.n_secrets != 0;
    w->listed = copy_names(d, pod.secrets, pod.n_secrets);
    w->secrets = copy_names(d, decision.secrets, decision.n_secrets);
    w->n_added = decision.n_secrets_added;
    w->account = doctor_copy(d, pod.service_account);
}

/* ---- Airbyte's variables ----------------------------------------------------------------------- */

static void take_variable(struct doctor *d, const struct object *o, json_at at,
                          struct str *value, struct str *map) {
    *value = doctor_copy(d, doctor_text_from(o, at, "/value"));
    *map = doctor_copy(d, doctor_text_from(o, at, "/valueFrom/configMapKeyRef/name"));
}

static void read_environment(struct doctor *d, const struct object *o, json_at container,
                             struct doctor_work *w) {
    const struct json *j = o->doc->json;
    const json_at list = json_get(j, container, STR("env"));
    if (!json_is(j, list, JSON_ARRAY))
        return;
    for (json_at at = json_first(j, list); at != JSON_NONE; at = json_next(j, list, at)) {
        struct str name = doctor_text_from(o, at, "/name");
        if (str_eq(name, STR("JOB_KUBE_MAIN_CONTAINER_IMAGE_PULL_SECRET"))) {
            take_variable(d, o, at, &w->airbyte_secret, &w->airbyte_secret_map);
            w->has_airbyte = true;
        } else if (str_eq(name, STR("JOB_KUBE_CONNECTOR_IMAGE_REGISTRY"))) {
            take_variable(d, o, at, &w->airbyte_registry, &w->airbyte_registry_map);
            w->has_airbyte = true;
        } else if (str_eq(name, STR("JOB_KUBE_NAMESPACE"))) {
            w->airbyte_namespace = doctor_copy(d, doctor_text_from(o, at, "/value"));
        }
    }
}

static void read_containers(struct doctor *d, const struct object *o, json_at spec,
                            struct doctor_work *w) {
    const struct json *j = o->doc->json;
    const json_at list = json_get(j, spec, STR("containers"));
    if (!json_is(j, list, JSON_ARRAY))
        return;
    for (json_at at = json_first(j, list); at != JSON_NONE; at = json_next(j, list, at))
        read_environment(d, o, at, w);
}

/* ---- a pod ------------------------------------------------------------------------------------- */

static bool is_ready(const struct object *o) {
    const struct json *j = o->doc->json;
    const json_at list = doctor_at(o, "/status/conditions");
    if (!json_is(j, list, JSON_ARRAY))
        return false;
    for (json_at at = json_first(j, list); at != JSON_NONE; at = json_next(j, list, at))
        if (str_eq(doctor_text_from(o, at, "/type"), STR("Ready")))
            return str_eq(doctor_text_from(o, at, "/status"), STR("True"));
    return false;
}

static void read_pod(struct doctor *d, const struct object *o, struct doctor_work *w) {
    struct str phase = doctor_text(o, "/status/phase");
    w->pod = true;
    w->ready = is_ready(o);
    w->ended = str_eq(phase, STR("Succeeded")) || str_eq(phase, STR("Failed")) ||
               doctor_text(o, "/metadata/deletionTimestamp").n != 0;
    w->created_s = doctor_time(doctor_text(o, "/metadata/creationTimestamp"));
    w->labels = doctor_map(d, o, doctor_at(o, "/metadata/labels"));
    read_state(d, o, "/status/containerStatuses", w);
    read_state(d, o, "/status/initContainerStatuses", w);
    read_state(d, o, "/status/ephemeralContainerStatuses", w);
    d->seen_pod = true;
}

/* Objects that another one made (a ReplicaSet of a Deployment) are as their owner is. */
static bool is_copy(const struct object *o) {
    return o->workload->shape == SHAPE_TEMPLATE &&
           doctor_text(o, "/metadata/ownerReferences/0/kind").n != 0;
}

void doctor_read_work(struct doctor *d, const struct object *o) {
    struct doctor_work w = {.at = doctor_place_of(d, o)};
    if (is_copy(o))
        return;
    w.at.namespace = doctor_copy(d, o->workload->namespace);
    w.owner_kind = doctor_copy(d, doctor_text(o, "/metadata/ownerReferences/0/kind"));
    w.owner = doctor_copy(d, doctor_text(o, "/metadata/ownerReferences/0/name"));
    judge(d, &w, o);
    read_containers(d, o, json_find_from(o->doc->json, o->object, o->workload->spec), &w);
    if (o->workload->shape == SHAPE_POD)
        read_pod(d, o, &w);
    w.ended |= d->options.namespace.n != 0 && !str_eq(w.at.namespace, d->options.namespace);
    if (w.airbyte_namespace.n == 0)
        w.airbyte_namespace = w.at.namespace;
    DOCTOR_ADD(d, d->works, w);
}
