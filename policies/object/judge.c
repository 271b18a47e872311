/* One object, or one review, judged. */
#include "object/walk.h"

enum { POINTER_MAX = 4096 };

void object_judge_init(struct object_judge *j, const struct policy *policy,
                       const struct object_request *request) {
    *j = (struct object_judge){
        .policy = policy, .request = request, .arena = ARENA_INIT(64 << 10, (size_t)1 << 30)};
    for (size_t i = 0; i < request->groups->n; i++)
        j->groups[i] = str_of(request->groups->v[i]);
}

void object_judge_done(struct object_judge *j) {
    arena_done(&j->arena);
}

/* ---- one object ---------------------------------------------------------------------- */

static bool is_malformed(const struct decision *d) {
    return d->n_reasons != 0 && d->reasons[0].code == REASON_MALFORMED;
}

/* Reviews of built-in kinds are the webhook's own matter: an eviction, a status. */
static bool is_judged(const struct object *o) {
    struct str built_in;
    bool known = review_is_version(o->workload->api_version, o->workload->kind, &built_in);
    return is_malformed(o->decision) || o->object == JSON_NONE ||
           o->decision->verdict != VERDICT_ALLOW || (o->is_review && known && built_in.n != 0);
}

void object_set_unjudged(struct object *o, struct object_unjudged *out) {
    *out = (struct object_unjudged){.why = OBJECT_UNJUDGED_NOT};
    if (!is_judged(o))
        object_unjudged_look(out, o->doc->json, o->object, o->workload);
    o->unjudged = out->why != OBJECT_UNJUDGED_NOT ? out : NULL;
}

/* An image that someone else was to fill in. */
static bool is_variable(struct str image) {
    bool action = image.n > 1 && memmem(image.p, image.n, "{{", 2) != NULL;
    return action || (image.n > 1 && image.p[0] == '$' && memchr("{(", image.p[1], 2) != NULL);
}

static void note_variable(struct object_walk *w, const struct object *o) {
    struct buf pointer = BUF_INIT(POINTER_MAX);
    for (size_t i = 0; i < o->workload->n_images; i++) {
        if (!is_variable(o->workload->images[i].text))
            continue;
        struct yaml_location pos = object_image_where(o, &o->workload->images[i], &pointer);
        w->to->note(w->to->arg, w->file, pos.line,
                    "an image that a template or its parameters still have to fill in; give "
                    "the rendered "
                    "manifest");
        break;
    }
    buf_done(&pointer);
}

static enum ec decide_object(struct decision *out, struct object_judge *j,
                             const struct review_fault *fault, const struct workload *workload,
                             struct err *err) {
    if (fault->is)
        return review_refuse(out, fault, j->policy, &j->arena, err);
    return engine_decide(out, j->policy, workload, j->request->now_s, j->request->engine_flags,
                         &j->arena, err);
}

static enum ec give(struct object_walk *w, const struct object *o, struct err *err) {
    enum ec ec = w->to->object(w->to->arg, o, err);
    w->stop = ec != EC_OK && ec != EC_LIMIT; /* what is too much of one object */
    return ec;
}

static enum ec show_object(struct object_walk *w, struct object *o,
                           const struct review_fault *fault, const struct workload *workload,
                           struct err *err) {
    struct decision decision;
    struct object_unjudged unjudged;
    o->malformed = fault->is ? fault->at : JSON_NONE;
    o->workload = workload;
    o->index = w->index++;
    if (!fault->is)
        note_variable(w, o);
    if (!fault->is && w->j->request->undecided)
        return give(w, o, err);
    if (decide_object(&decision, w->j, fault, workload, err) != EC_OK)
        return err->code;
    o->decision = &decision;
    object_set_unjudged(o, &unjudged);
    object_totals_count(w->totals, &decision);
    w->totals->malformed_objects += fault->is;
    w->totals->unjudged_objects += o->unjudged != NULL;
    return give(w, o, err);
}

enum ec object_walk_review(struct object_walk *w, struct object *o, struct err *err) {
    struct review review;
    if (o->object != 0)
        return err_set(err, EC_SCHEMA,
                       "an AdmissionReview in a List, expected a separate document");
    if (review_decode(&review, o->doc->json, &w->j->arena, err) != EC_OK)
        return err->code;
    o->prefix = STR("/request/object");
    o->is_review = true;
    o->object = review.object;
    if (o->object != JSON_NONE)
        o->line = o->doc->pos[o->object].line;
    if (o->object != JSON_NONE)
        review.workload.api_version =
            json_str(o->doc->json, json_get(o->doc->json, o->object, STR("apiVersion")));
    return show_object(w, o, &review.fault, &review.workload, err);
}

/* Does the pod spec itself say which account it runs as? */
static bool names_account(const struct json *json, json_at object, struct str spec) {
    json_at at = object;
    while (spec.p != NULL && spec.n != 0) {
        spec = str_slice(spec, 1, spec.n);
        size_t n = str_find(spec, '/');
        at = json_get(json, at, str_slice(spec, 0, n));
        spec = str_slice(spec, n, spec.n);
    }
    return json_str(json, json_get(json, at, STR("serviceAccountName"))).n != 0 ||
           json_str(json, json_get(json, at, STR("serviceAccount"))).n != 0;
}

enum ec object_workload(struct workload *out, struct review_fault *fault,
                        const struct object_judge *j, const struct json *json, json_at object,
                        struct arena *arena, struct err *err) {
    const struct object_request *request = j->request;
    struct str version;
    *fault = (struct review_fault){.is = false};
    *out = (struct workload){.operation = request->operation,
                             .namespace = str_of(request->namespace),
                             .api_version = j->item_version,
                             .kind = j->item_kind,
                             .user = str_of(request->user),
                             .groups = j->groups,
                             .n_groups = request->groups->n};
    if (review_object(out, fault, json, object, arena, err) != EC_OK)
        return err->code;
    if (out->kind.n == 0)
        return err_set(err, EC_SCHEMA, "not a Kubernetes object: kind is missing");
    if (!review_is_version(out->api_version, out->kind, &version))
        return err_set(err, EC_SCHEMA, "apiVersion of a %.*s: found %s%.*s%s, expected %.*s",
                       STR_ARG(out->kind), out->api_version.n ? "\"" : "none",
                       STR_ARG(str_slice(out->api_version, 0, 100)),
                       out->api_version.n ? "\"" : "", STR_ARG(version));
    if (request->namespace == NULL && out->namespace.n == 0 && out->shape != SHAPE_OTHER)
        out->namespace = str_of(OBJECT_NAMESPACE);
    if (request->service_account != NULL && out->shape != SHAPE_OTHER &&
        !names_account(json, object, out->spec))
        out->service_account = str_of(request->service_account);
    return EC_OK;
}

enum ec object_walk_object(struct object_walk *w, struct object *o, struct err *err) {
    struct review_fault fault;
    struct workload workload;
    if (object_workload(&workload, &fault, w->j, o->doc->json, o->object, &w->j->arena, err) !=
        EC_OK)
        return err->code;
    return show_object(w, o, &fault, &workload, err);
}
