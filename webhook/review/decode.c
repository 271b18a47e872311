/* AdmissionReview to struct review. */
#include "review/internal.h"

/* ---- bare objects -------------------------------------------------------------------- */

static void read_names(struct decoder *d, json_at object) {
    static const struct member_name keys[] = {NAME("name"), NAME("generateName"),
                                              NAME("namespace")};
    const struct json *j = d->j;
    struct workload *w = d->w;
    json_at v[3];
    review_members(j, json_get(j, object, STR("metadata")), keys, 3, v);
    if (w->name.n == 0)
        w->name = json_str(j, v[0]);
    w->generate_name = json_str(j, v[1]);
    if (w->namespace.n != 0)
        return;
    w->namespace = json_str(j, v[2]);
    note_odd(d, v[2], ODD_NAMESPACE, STR_NONE);
}

static void decode_shaped(struct decoder *d, const struct shape_row *row, json_at object,
                          json_at old) {
    d->w->shape = row->object.n == 0 ? SHAPE_POD : SHAPE_TEMPLATE;
    d->w->spec = row->spec;
    json_at holder = review_node_below(d->j, object, row->object);
    if (holder != JSON_NONE && !json_is(d->j, holder, JSON_OBJECT))
        review_fault_value(d, holder, "a pod template", "expected an object, found %s",
                           json_type_name(json_type_of(d->j, holder)));
    review_decode_pod(d, holder,
                      old == JSON_NONE ? JSON_NONE : review_node_below(d->j, old, row->object));
}

static void read_identity(struct decoder *d, json_at object) {
    json_at version = json_get(d->j, object, STR("apiVersion"));
    json_at kind = json_get(d->j, object, STR("kind"));
    if (version != JSON_NONE)
        d->w->api_version = json_str(d->j, version);
    if (kind != JSON_NONE)
        d->w->kind = json_str(d->j, kind);
    if (json_is_odd(d->j, version))
        review_fault_odd(d, version, "apiVersion");
    if (json_is_odd(d->j, kind))
        review_fault_odd(d, kind, "kind");
    read_names(d, object);
}

enum ec review_object(struct workload *out, struct review_fault *fault, const struct json *j,
                      json_at object, struct arena *arena, struct err *err) {
    struct decoder d = {
        .j = j, .arena = arena, .fault = fault, .w = out, .object = object, .old = JSON_NONE};
    struct str fallback = out->namespace;
    out->shape = SHAPE_OTHER;
    out->namespace = STR_NONE;
    read_identity(&d, object);
    if (out->namespace.n == 0)
        out->namespace = fallback;
    const struct shape_row *row =
        review_shape_of_kind(review_group_of(out->api_version), out->kind);
    if (row != NULL)
        decode_shaped(&d, row, object, JSON_NONE);
    return d.full ? arena_fail(arena, err) : EC_OK;
}

/* ---- reviews ------------------------------------------------------------------------- */

bool review_is_review(const struct json *j, json_at root) {
    return str_eq(json_str(j, json_get(j, root, STR("kind"))), STR("AdmissionReview"));
}

static enum ec no_review(struct err *err, const char *where, const char *expected,
                         struct str found) {
    err_set(err, EC_SCHEMA, "not an AdmissionReview: %s is \"%.*s\", expected %s", where + 1,
            STR_ARG(str_slice(found, 0, 100)), expected);
    err_locate(err, where, 0, 0);
    return err->code;
}

static enum ec read_head(struct review *out, const struct json *j, json_at *request,
                         struct err *err) {
    static const struct member_name keys[] = {NAME("kind"), NAME("apiVersion"),
                                              NAME("request")};
    json_at v[3];
    if (!json_is(j, 0, JSON_OBJECT))
        return err_set(err, EC_SCHEMA, "not an AdmissionReview: expected an object, found %s",
                       json_type_name(json_type_of(j, 0)));
    review_members(j, 0, keys, 3, v);
    struct str kind = json_str(j, v[0]), version = json_str(j, v[1]);
    if (!str_eq(kind, STR("AdmissionReview")))
        return no_review(err, "/kind", "\"AdmissionReview\"", kind);
    out->v1beta1 = str_eq(version, STR("admission.k8s.io/v1beta1"));
    if (!out->v1beta1 && !str_eq(version, STR("admission.k8s.io/v1")))
        return no_review(err, "/apiVersion",
                         "\"admission.k8s.io/v1\" or \"admission.k8s.io/v1beta1\"", version);
    *request = v[2];
    if (json_is(j, v[2], JSON_OBJECT))
        return EC_OK;
    err_locate(err, "/request", 0, 0);
    return err_set(err, EC_SCHEMA, "not an AdmissionReview: /request is missing");
}

enum {
    UID,
    KIND,
    RESOURCE,
    SUBRESOURCE,
    NAME,
    NAMESPACE,
    OPERATION,
    USER,
    OBJECT,
    OLD_OBJECT,
    DRY_RUN,
    N_REQUEST
};
static const struct member_name request_keys[N_REQUEST] = {
    NAME("uid"),    NAME("kind"),      NAME("resource"),  NAME("subResource"),
    NAME("name"),   NAME("namespace"), NAME("operation"), NAME("userInfo"),
    NAME("object"), NAME("oldObject"), NAME("dryRun")};

static void read_user(struct decoder *d, json_at user) {
    static const struct member_name keys[] = {NAME("username"), NAME("groups")};
    json_at v[2];
    size_t n = 0;
    review_members(d->j, user, keys, 2, v);
    d->w->user = json_str(d->j, v[0]);
    note_odd(d, v[0], ODD_USER, STR_NONE);
    if (!json_is(d->j, v[1], JSON_ARRAY))
        return;
    struct str *groups = ARENA_ARRAY(d->arena, struct str, d->j->nodes[v[1]].len);
    if (groups == NULL) {
        d->full = true;
        return;
    }
    for (json_at at = json_first(d->j, v[1]); at != JSON_NONE; at = json_next(d->j, v[1], at)) {
        groups[n++] = json_str(d->j, at);
        note_odd(d, at, ODD_GROUP, STR_NONE);
    }
    d->w->groups = groups;
    d->w->n_groups = n;
}

static bool read_operation(struct str text, enum workload_operation *out) {
    for (int i = OPERATION_CREATE; i <= OPERATION_CONNECT; i++) {
        if (!str_eq(text, str_of(engine_operation_name((enum workload_operation)i))))
            continue;
        *out = (enum workload_operation)i;
        return true;
    }
    return false;
}

/* The identity of the review is found by comparing, so its texts have to be comparable. */
static struct str comparable(struct decoder *d, json_at at, const char *what) {
    if (json_is_odd(d->j, at))
        review_fault_odd(d, at, what);
    return json_str(d->j, at);
}

static void read_kinds(struct decoder *d, struct review *out, json_at kind, json_at resource) {
    static const struct member_name kind_keys[] = {NAME("group"), NAME("version"),
                                                   NAME("kind")};
    static const struct member_name resource_keys[] = {NAME("group"), NAME("resource")};
    json_at k[3], r[2];
    review_members(d->j, kind, kind_keys, 3, k);
    review_members(d->j, resource, resource_keys, 2, r);
    (void)comparable(d, k[0], "group");
    out->version = json_str(d->j, k[1]);
    out->kind = comparable(d, k[2], "kind");
    out->group = comparable(d, r[0], "group");
    out->resource = comparable(d, r[1], "resource");
}

/* Resource and kind are required and have to agree: a Pod that came as another resource would be
 * allowed like one. */
static void check_kinds(struct review *r, const struct json *j, json_at kind,
                        json_at subresource) {
    struct str group = json_str(j, json_get(j, kind, STR("group")));
    if (r->resource.n == 0)
        review_fault_at(&r->fault, JSON_NONE,
                        "/request/resource: expected a resource, found none");
    else if (subresource != JSON_NONE && !json_is(j, subresource, JSON_STRING))
        review_fault_at(&r->fault, JSON_NONE,
                        "/request/subResource: expected a string, found %s",
                        json_type_name(json_type_of(j, subresource)));
    else if (r->subresource.n == 0 && review_shape_of_resource(r->group, r->resource) !=
                                          review_shape_of_kind(group, r->kind))
        review_fault_at(&r->fault, JSON_NONE,
                        "/request: kind \"%.*s\" and resource \"%.*s\" do not belong together",
                        STR_ARG(str_slice(r->kind, 0, 100)),
                        STR_ARG(str_slice(r->resource, 0, 100)));
}

/* An update that changes no image is allowed to keep the faults of the old object: otherwise its
 * finalizers could not be removed. */
static void keep_old_fault(const struct workload *w, struct review_fault *fault,
                           const struct review_fault *old_fault) {
    bool changed = false;
    for (size_t i = 0; i < w->n_images; i++)
        changed |= w->images[i].changed;
    if (changed && old_fault->is && !fault->is)
        *fault = *old_fault;
}

/* The resource and subresource decide, not the kind: a Binding has the resource `pods` as well. */
static void read_object(struct decoder *d, const struct review *r, json_at object,
                        json_at old) {
    bool ephemeral = str_eq(r->subresource, STR("ephemeralcontainers"));
    const struct shape_row *row = review_shape_of_resource(r->group, r->resource);
    if (row == NULL || (r->subresource.n != 0 && !(ephemeral && row->object.n == 0)))
        return;
    if (d->w->operation != OPERATION_CREATE && d->w->operation != OPERATION_UPDATE)
        return;
    if (!json_is(d->j, object, JSON_OBJECT)) {
        d->w->shape = SHAPE_POD;
        review_fault_at(d->fault, JSON_NONE, "/request/object: expected an object, found %s",
                        json_type_name(json_type_of(d->j, object)));
        return;
    }
    if (d->w->operation == OPERATION_CREATE)
        old = JSON_NONE;
    d->old = old;
    if (!ephemeral) {
        decode_shaped(d, row, object, old);
        return;
    }
    d->w->shape = SHAPE_EPHEMERAL;
    review_decode_ephemeral(d, object, old);
}

enum ec review_refuse_long_uid(struct str uid, struct err *err) {
    *err = (struct err)ERR_INIT;
    err_locate(err, "/request/uid", 0, 0);
    return err_set(err, EC_SCHEMA,
                   "not an AdmissionReview: /request/uid has %zu bytes, expected at most %d",
                   uid.n, REVIEW_UID_MAX);
}

static enum ec read_uid(struct review *out, const struct json *j, json_at uid,
                        struct err *err) {
    bool plain = json_is(j, uid, JSON_STRING) && !json_is_odd(j, uid);
    struct str text = plain ? json_str(j, uid) : STR_NONE;
    if (text.n != 0 && text.n <= REVIEW_UID_MAX) {
        out->uid = text;
        return EC_OK;
    }
    if (text.n == 0) {
        err_locate(err, "/request/uid", 0, 0);
        return err_set(err, EC_SCHEMA, "not an AdmissionReview: /request/uid is missing");
    }
    return review_refuse_long_uid(text, err);
}

enum ec review_decode(struct review *out, const struct json *j, struct arena *arena,
                      struct err *err) {
    json_at request = JSON_NONE, v[N_REQUEST];
    struct review_fault old_fault = {.is = false};
    struct decoder d = {.j = j,
                        .arena = arena,
                        .fault = &out->fault,
                        .w = &out->workload,
                        .old = JSON_NONE,
                        .old_fault = &old_fault};
    memset(out, 0, offsetof(struct review, fault));
    out->fault.is = false;
    out->fault.msg[0] = '\0';
    out->object = JSON_NONE;
    if (read_head(out, j, &request, err) != EC_OK)
        return err->code;
    review_members(j, request, request_keys, N_REQUEST, v);
    if (read_uid(out, j, v[UID], err) != EC_OK)
        return err->code;
    out->object = d.object = v[OBJECT];
    read_kinds(&d, out, v[KIND], v[RESOURCE]);
    out->subresource = comparable(&d, v[SUBRESOURCE], "subResource");
    out->operation = comparable(&d, v[OPERATION], "operation");
    out->dry_run = json_is(j, v[DRY_RUN], JSON_TRUE);
    out->workload.name = json_str(j, v[NAME]);
    out->workload.namespace = json_str(j, v[NAMESPACE]);
    note_odd(&d, v[NAMESPACE], ODD_NAMESPACE, STR_NONE);
    read_user(&d, v[USER]);
    check_kinds(out, j, v[KIND], v[SUBRESOURCE]);
    if (!read_operation(out->operation, &out->workload.operation))
        review_fault_at(&out->fault, JSON_NONE,
                        "/request/operation: expected CREATE, UPDATE, DELETE or CONNECT");
    read_names(&d, v[OBJECT]);
    out->workload.kind = out->kind;
    read_object(&d, out, v[OBJECT], v[OLD_OBJECT]);
    keep_old_fault(&out->workload, &out->fault, &old_fault);
    return d.full ? arena_fail(arena, err) : EC_OK;
}
