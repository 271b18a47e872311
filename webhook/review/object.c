/* Objects to workloads: pod specs, their images, secrets and labels. */
#include "review/internal.h"

#include <stdlib.h>

/* clang-format off */
static const struct shape_row shapes[] = {
    {STR_INIT(""), STR_INIT("v1"), STR_INIT("pods"), STR_INIT("Pod"), STR_INIT(""), STR_INIT("/spec")},
    {STR_INIT(""), STR_INIT("v1"), STR_INIT("podtemplates"), STR_INIT("PodTemplate"), STR_INIT("/template"), STR_INIT("/template/spec")},
    {STR_INIT(""), STR_INIT("v1"), STR_INIT("replicationcontrollers"), STR_INIT("ReplicationController"), STR_INIT("/spec/template"), STR_INIT("/spec/template/spec")},
    {STR_INIT("apps"), STR_INIT("apps/v1"), STR_INIT("deployments"), STR_INIT("Deployment"), STR_INIT("/spec/template"), STR_INIT("/spec/template/spec")},
    {STR_INIT("apps"), STR_INIT("apps/v1"), STR_INIT("replicasets"), STR_INIT("ReplicaSet"), STR_INIT("/spec/template"), STR_INIT("/spec/template/spec")},
    {STR_INIT("apps"), STR_INIT("apps/v1"), STR_INIT("statefulsets"), STR_INIT("StatefulSet"), STR_INIT("/spec/template"), STR_INIT("/spec/template/spec")},
    {STR_INIT("apps"), STR_INIT("apps/v1"), STR_INIT("daemonsets"), STR_INIT("DaemonSet"), STR_INIT("/spec/template"), STR_INIT("/spec/template/spec")},
    {STR_INIT("batch"), STR_INIT("batch/v1"), STR_INIT("jobs"), STR_INIT("Job"), STR_INIT("/spec/template"), STR_INIT("/spec/template/spec")},
    {STR_INIT("batch"), STR_INIT("batch/v1"), STR_INIT("cronjobs"), STR_INIT("CronJob"), STR_INIT("/spec/jobTemplate/spec/template"), STR_INIT("/spec/jobTemplate/spec/template/spec")},
    /* removed from servers in 1.16, still in old manifests */
    {STR_INIT("extensions"), STR_INIT("extensions/v1beta1"), STR_INIT("deployments"), STR_INIT("Deployment"), STR_INIT("/spec/template"), STR_INIT("/spec/template/spec")},
    {STR_INIT("extensions"), STR_INIT("extensions/v1beta1"), STR_INIT("replicasets"), STR_INIT("ReplicaSet"), STR_INIT("/spec/template"), STR_INIT("/spec/template/spec")},
    {STR_INIT("extensions"), STR_INIT("extensions/v1beta1"), STR_INIT("daemonsets"), STR_INIT("DaemonSet"), STR_INIT("/spec/template"), STR_INIT("/spec/template/spec")},
};
/* clang-format on */

const struct shape_row *review_shape_of_resource(struct str group, struct str resource) {
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        if (str_eq(group, shapes[i].group) && str_eq(resource, shapes[i].resource))
            return &shapes[i];
    return NULL;
}

const struct shape_row *review_shape_of_kind(struct str group, struct str kind) {
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        if (str_eq(group, shapes[i].group) && str_eq(kind, shapes[i].kind))
            return &shapes[i];
    return NULL;
}

struct str review_group_of(struct str api_version) {
    size_t slash = str_find(api_version, '/');
    return slash == api_version.n ? STR_NONE : str_slice(api_version, 0, slash);
}

/* v1, v1beta1, v2alpha1 */
static bool is_version(struct str s) {
    static const struct str stages[] = {STR_INIT("alpha"), STR_INIT("beta")};
    uint64_t n;
    if (str_eq(s, STR("v1")))
        return true;
    for (size_t i = 0; i < 2; i++) {
        size_t at = 2 + stages[i].n;
        if (s.n > at && s.p[0] == 'v' && ascii_is_digit(s.p[1]) &&
            str_starts(str_slice(s, 2, s.n), stages[i]) &&
            str_to_uint(str_slice(s, at, s.n), 99, &n))
            return true;
    }
    return false;
}

bool review_is_version(struct str api_version, struct str kind, struct str *expected) {
    struct str group = review_group_of(api_version);
    struct str version = str_slice(api_version, group.n ? group.n + 1 : 0, api_version.n);
    const struct shape_row *row = review_shape_of_kind(group, kind);
    *expected = STR_NONE;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes && expected->n == 0; i++)
        if (str_eq(kind, shapes[i].kind))
            *expected = shapes[i].version;
    if (expected->n == 0 || str_find(group, '.') < group.n)
        return true;
    return row != NULL && is_version(version);
}

struct str review_kind_near(struct str api_version, struct str kind) {
    if (str_find(review_group_of(api_version), '.') == review_group_of(api_version).n)
        for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
            if (str_eq_nocase(kind, shapes[i].kind) && !str_eq(kind, shapes[i].kind))
                return shapes[i].kind;
    return STR_NONE;
}

static const uint64_t name_mask[8] = {
    NAME_HEAD(""),
    NAME_HEAD("\xff"),
    NAME_HEAD("\xff\xff"),
    NAME_HEAD("\xff\xff\xff"),
    NAME_HEAD("\xff\xff\xff\xff"),
    NAME_HEAD("\xff\xff\xff\xff\xff"),
    NAME_HEAD("\xff\xff\xff\xff\xff\xff"),
    NAME_HEAD("\xff\xff\xff\xff\xff\xff\xff"),
};

/* The head of a name in the text: the text is padded, so eight bytes can be read. */
static uint64_t head_of(const char *p, size_t n) {
    uint64_t head;
    memcpy(&head, p, sizeof head);
    return n < sizeof head ? head & name_mask[n] : head;
}

static bool is_name(const struct member_name *name, uint64_t head, const char *p, size_t n) {
    const size_t seen = sizeof head;
    return name->head == head && name->text.n == n &&
           (n <= seen || memcmp(name->text.p + seen, p + seen, n - seen) == 0);
}

/* Tries `hint` first. n: it is not one of them. */
static size_t find_name(const struct member_name *names, size_t n, size_t hint, const char *p,
                        size_t length) {
    uint64_t head = head_of(p, length);
    if (hint < n && is_name(&names[hint], head, p, length))
        return hint;
    for (size_t i = 0; i < n; i++)
        if (is_name(&names[i], head, p, length))
            return i;
    return n;
}

void review_members(const struct json *j, json_at object, const struct member_name *names,
                    size_t n, json_at *out) {
    const struct json_node *nodes = j->nodes;
    size_t hint = 0, missing = n;
    for (size_t i = 0; i < n; i++)
        out[i] = JSON_NONE;
    if (!json_is(j, object, JSON_OBJECT))
        return;
    json_at end = nodes[object].next;
    /* No name is duplicate: after the last one there is nothing left to find. */
    for (json_at key = object + 1; key < end && missing != 0; key = nodes[key + 1].next) {
        size_t at = find_name(names, n, hint, j->text + nodes[key].off, nodes[key].len);
        if (at == n)
            continue;
        if (nodes[key + 1].type != JSON_NULL)
            out[at] = key + 1;
        hint = at + 1;
        missing--;
    }
}

json_at review_node_below(const struct json *j, json_at at, struct str pointer) {
    while (pointer.n != 0 && at != JSON_NONE) {
        pointer = str_slice(pointer, 1, pointer.n);
        size_t n = str_find(pointer, '/');
        at = json_get(j, at, str_slice(pointer, 0, n));
        pointer = str_slice(pointer, n, pointer.n);
    }
    return json_is(j, at, JSON_NULL) ? JSON_NONE : at;
}

/* ---- typed values, with faults ------------------------------------------------------- */

static json_at want(struct decoder *d, json_at at, enum json_type type, const char *what) {
    if (at == JSON_NONE || json_is(d->j, at, type))
        return at;
    review_fault_value(d, at, what, "expected %s, found %s", json_type_name(type),
                       json_type_name(json_type_of(d->j, at)));
    return JSON_NONE;
}

static struct str want_string(struct decoder *d, json_at at, const char *what) {
    if (!json_is(d->j, at, JSON_STRING)) {
        want(d, at, JSON_STRING, what);
        return STR_NONE;
    }
    return (struct str){d->j->text + d->j->nodes[at].off, d->j->nodes[at].len};
}

static json_at item(const struct json *j, json_at array, json_at previous) {
    return previous == JSON_NONE ? json_first(j, array) : json_next(j, array, previous);
}

static size_t count_items(const struct json *j, json_at container) {
    return container == JSON_NONE ? 0 : j->nodes[container].len;
}

/* ---- images -------------------------------------------------------------------------- */

enum { N_LISTS = 4 };
static const char *const image_words[N_LISTS] = {
    "a container's image", "an init container's image", "an ephemeral container's image",
    "an image volume's reference"};

static const char *const holder_words[N_LISTS] = {"a container", "an init container",
                                                  "an ephemeral container", "a volume"};

static const struct member_name container_keys[] = {NAME("name"), NAME("image"),
                                                    NAME("imagePullPolicy")};
static const struct member_name volume_keys[] = {NAME("name"), NAME("image")};
static const struct member_name volume_image_keys[] = {NAME("reference"), NAME("pullPolicy")};

/* For an object without the member wanted: a key that others may read as it. */
static json_at odd_key(const struct json *j, json_at object) {
    for (json_at key = json_first(j, object); key != JSON_NONE;
         key = json_next(j, object, key + 1))
        if (json_is_odd(j, key))
            return key;
    return JSON_NONE;
}

/* A container's or volume's name and image; false for a volume of another kind. *odd: a text in it
 * that cannot be judged. */
static bool decode_image(struct decoder *d, json_at at, enum workload_image_list which,
                         struct workload_image *out, json_at *odd) {
    json_at v[3] = {JSON_NONE, JSON_NONE, JSON_NONE};
    *out = (struct workload_image){.list = which};
    *odd = JSON_NONE;
    if (want(d, at, JSON_OBJECT, engine_list_name(which)) == JSON_NONE)
        return false;
    if (which == LIST_VOLUME) {
        json_at both[2];
        review_members(d->j, at, volume_keys, 2, both);
        if (both[1] == JSON_NONE)
            *odd = odd_key(d->j, at);
        if (want(d, both[1], JSON_OBJECT, "a volume's image") == JSON_NONE)
            return false;
        v[0] = both[0];
        review_members(d->j, both[1], volume_image_keys, 2, v + 1);
    } else {
        review_members(d->j, at, container_keys, 3, v);
    }
    if (v[1] == JSON_NONE)
        *odd = odd_key(d->j, at);
    for (size_t i = 0; i < 2; i++)
        if (json_is_odd(d->j, v[i]))
            *odd = v[i];
    out->name = want_string(d, v[0], "a name");
    out->text = want_string(d, v[1], image_words[which]);
    out->pull_policy = want_string(d, v[2], "a pull policy");
    out->has_image = v[1] != JSON_NONE;
    out->has_pull_policy = v[2] != JSON_NONE;
    return true;
}

static int by_name(const void *a, const void *b) {
    const struct workload_image *x = a, *y = b;
    int order = str_cmp(x->name, y->name);
    return order != 0 ? order : str_cmp(x->text, y->text);
}

/* Images of the old object's list, for comparison: n is 0 where there is no such list. */
struct old_images {
    struct workload_image *v;
    size_t n;
};

static struct old_images old_images_of(struct decoder *d, json_at list,
                                       enum workload_image_list which) {
    struct old_images out = {.n = 0};
    if (!json_is(d->j, list, JSON_ARRAY))
        return out;
    struct review_fault ignored = {.is = false};
    struct decoder quiet = *d;
    uint32_t index = 0;
    json_at odd;
    quiet.fault = &ignored;
    quiet.old_fault = NULL;
    out.v = ARENA_ARRAY(d->arena, struct workload_image, count_items(d->j, list));
    if (out.v == NULL) {
        d->full = true;
        return out;
    }
    for (json_at at = json_first(d->j, list); at != JSON_NONE; at = json_next(d->j, list, at)) {
        if (decode_image(&quiet, at, which, &out.v[out.n], &odd))
            out.v[out.n++].index = index;
        index++;
    }
    if (which == LIST_EPHEMERAL)
        qsort(out.v, out.n, sizeof *out.v, by_name);
    return out;
}

/* The old object's of the same index and name, or NULL. *at moves along with the new list. */
static const struct workload_image *old_of(const struct old_images *old,
                                           const struct workload_image *image, size_t *at) {
    while (*at < old->n && old->v[*at].index < image->index)
        ++*at;
    const struct workload_image *found = *at < old->n ? &old->v[*at] : NULL;
    bool same = found != NULL && found->index == image->index;
    return same && str_eq(found->name, image->name) ? found : NULL;
}

/* Containers keep their index and name; ephemeral ones are found by name alone, since new ones may be
 * inserted. */
static void compare_image(const struct old_images *old, struct workload_image *image,
                          size_t *at) {
    if (image->list == LIST_EPHEMERAL) {
        image->changed =
            old->n == 0 || bsearch(image, old->v, old->n, sizeof *old->v, by_name) == NULL;
        return;
    }
    const struct workload_image *before = old_of(old, image, at);
    image->changed = before == NULL || !str_eq(before->text, image->text);
    if (before != NULL)
        image->old_pull_policy = before->pull_policy;
    if (before != NULL && image->list == LIST_VOLUME)
        image->old_reference = before->text;
}

static void decode_images(struct decoder *d, json_at list, json_at old_list,
                          enum workload_image_list which) {
    struct workload_image *images = d->images;
    struct old_images old = old_images_of(d, old_list, which);
    uint32_t index = 0;
    size_t old_at = 0;
    json_at odd;
    for (json_at at = item(d->j, list, JSON_NONE); at != JSON_NONE; at = item(d->j, list, at)) {
        struct workload_image *out = &images[d->w->n_images];
        bool has_image = decode_image(d, at, which, out, &odd);
        if (has_image) {
            out->index = index;
            compare_image(&old, out, &old_at);
            d->w->n_images++;
        }
        if (odd != JSON_NONE && (!has_image || out->changed))
            review_fault_odd(d, odd, holder_words[which]);
        index++;
    }
}

/* ---- secrets, labels ----------------------------------------------------------------- */

/* The names of a list of pull secrets, one for each element; NULL when the arena is full. */
static const struct str *secret_names(struct decoder *d, json_at list) {
    static const struct member_name keys[] = {NAME("name")};
    size_t n = 0;
    struct str *names = ARENA_ARRAY(d->arena, struct str, count_items(d->j, list));
    d->full |= names == NULL;
    if (names == NULL)
        return NULL;
    for (json_at at = item(d->j, list, JSON_NONE); at != JSON_NONE; at = item(d->j, list, at)) {
        json_at name;
        if (!json_is(d->j, at, JSON_NULL))
            want(d, at, JSON_OBJECT, "imagePullSecrets");
        review_members(d->j, at, keys, 1, &name);
        names[n++] = want_string(d, name, "a pull secret's name");
        note_odd(d, name, ODD_SECRET, STR_NONE);
    }
    return names;
}

static void decode_secrets(struct decoder *d, json_at spec, json_at list) {
    if (list == JSON_NONE) {
        bool is_null = json_get(d->j, spec, STR("imagePullSecrets")) != JSON_NONE;
        d->w->secrets_state = is_null ? SECRETS_NULL : SECRETS_ABSENT;
        return;
    }
    d->w->secrets_state = SECRETS_LIST;
    d->w->secrets = secret_names(d, list);
    d->w->n_secrets = d->w->secrets != NULL ? count_items(d->j, list) : 0;
}

/* The stored pod's, which is not judged. */
static void decode_old_secrets(struct decoder *d, json_at list) {
    struct review_fault ignored = {.is = false};
    struct decoder quiet = *d;
    if (d->w->shape != SHAPE_POD || !json_is(d->j, list, JSON_ARRAY))
        return;
    quiet.fault = &ignored;
    quiet.old_fault = NULL;
    quiet.w = NULL;
    d->w->old_secrets = secret_names(&quiet, list);
    d->w->n_old_secrets = d->w->old_secrets != NULL ? count_items(d->j, list) : 0;
    d->full |= quiet.full;
}

static void decode_labels(struct decoder *d, json_at object) {
    size_t n = 0;
    struct match_label *labels =
        ARENA_ARRAY(d->arena, struct match_label, count_items(d->j, object));
    if (labels == NULL) {
        d->full = true;
        return;
    }
    for (json_at key = item(d->j, object, JSON_NONE); key != JSON_NONE;
         key = json_next(d->j, object, key + 1)) {
        struct str name = json_str(d->j, key);
        labels[n++] = (struct match_label){.key = name,
                                           .value = want_string(d, key + 1, "a label's value")};
        note_odd(d, json_is_odd(d->j, key) ? key : key + 1, ODD_LABEL, name);
    }
    d->w->labels = labels;
    d->w->n_labels = n;
}

static void decode_metadata(struct decoder *d, json_at metadata) {
    static const struct member_name keys[] = {NAME("labels"), NAME("annotations")};
    json_at v[2];
    review_members(d->j, want(d, metadata, JSON_OBJECT, "metadata"), keys, 2, v);
    if (v[0] != JSON_NONE)
        decode_labels(d, want(d, v[0], JSON_OBJECT, "labels"));
    d->w->mirror_pod = json_get(d->j, v[1], STR("kubernetes.io/config.mirror")) != JSON_NONE;
}

/* ---- pod specs ----------------------------------------------------------------------- */

enum {
    SPEC_CONTAINERS,
    SPEC_INIT,
    SPEC_EPHEMERAL,
    SPEC_VOLUMES,
    SPEC_SECRETS,
    SPEC_SA,
    SPEC_SA_OLD,
    N_SPEC
};
static const struct member_name spec_keys[N_SPEC] = {
    NAME("containers"),    NAME("initContainers"),   NAME("ephemeralContainers"),
    NAME("volumes"),       NAME("imagePullSecrets"), NAME("serviceAccountName"),
    NAME("serviceAccount")};

static bool room_for_images(struct decoder *d, const json_at *lists, size_t n_lists) {
    size_t n = 0;
    for (size_t i = 0; i < n_lists; i++)
        n += count_items(d->j, lists[i]);
    d->images = ARENA_ARRAY(d->arena, struct workload_image, n);
    d->w->images = d->images;
    d->w->n_images = 0;
    if (d->images == NULL)
        d->full = true;
    return !d->full;
}

/* serviceAccount is the deprecated name of the field; servers fill in both. */
static void decode_account(struct decoder *d, json_at name, json_at deprecated) {
    d->w->service_account = want_string(d, name, "serviceAccountName");
    if (d->w->service_account.n == 0) {
        name = deprecated;
        d->w->service_account = want_string(d, deprecated, "serviceAccount");
    }
    if (d->w->service_account.n == 0)
        d->w->service_account = STR("default");
    note_odd(d, name, ODD_SERVICE_ACCOUNT, STR_NONE);
}

static void decode_spec(struct decoder *d, json_at spec, json_at old_spec) {
    json_at v[N_SPEC], old[N_SPEC];
    review_members(d->j, want(d, spec, JSON_OBJECT, "spec"), spec_keys, N_SPEC, v);
    review_members(d->j, old_spec, spec_keys, N_SPEC, old);
    for (size_t i = 0; i <= SPEC_SECRETS; i++)
        v[i] = want(d, v[i], JSON_ARRAY, spec_keys[i].text.p);
    if (!room_for_images(d, v, SPEC_SECRETS))
        return;
    decode_images(d, v[SPEC_INIT], old[SPEC_INIT], LIST_INIT);
    decode_images(d, v[SPEC_CONTAINERS], old[SPEC_CONTAINERS], LIST_CONTAINER);
    decode_images(d, v[SPEC_EPHEMERAL], old[SPEC_EPHEMERAL], LIST_EPHEMERAL);
    decode_images(d, v[SPEC_VOLUMES], old[SPEC_VOLUMES], LIST_VOLUME);
    decode_secrets(d, spec, v[SPEC_SECRETS]);
    decode_old_secrets(d, old[SPEC_SECRETS]);
    decode_account(d, v[SPEC_SA], v[SPEC_SA_OLD]);
}

static const struct member_name pod_keys[] = {NAME("metadata"), NAME("spec")};

void review_decode_pod(struct decoder *d, json_at object, json_at old) {
    json_at v[2], old_v[2];
    review_members(d->j, object, pod_keys, 2, v);
    review_members(d->j, old, pod_keys, 2, old_v);
    /* A patch of its pull secrets would have no target: a 500 for the user. */
    if (d->w->shape == SHAPE_POD && v[1] == JSON_NONE &&
        (old == JSON_NONE || old_v[1] != JSON_NONE))
        review_fault_at(d->fault, JSON_NONE, "spec: expected an object, found none");
    decode_metadata(d, v[0]);
    decode_spec(d, v[1], old_v[1]);
}

/* What rules select by comes from the stored pod: the API server drops all changes of such an update
 * other than to ephemeral containers, but only after admission. */
static void decode_stored(struct decoder *d, json_at stored) {
    json_at v[2], spec[N_SPEC];
    review_members(d->j, stored, pod_keys, 2, v);
    decode_metadata(d, v[0]);
    review_members(d->j, v[1], spec_keys, N_SPEC, spec);
    decode_account(d, spec[SPEC_SA], spec[SPEC_SA_OLD]);
}

void review_decode_ephemeral(struct decoder *d, json_at object, json_at old) {
    json_at v[2];
    review_members(d->j, object, pod_keys, 2, v);
    decode_stored(d, json_is(d->j, old, JSON_OBJECT) ? old : object);
    bool before_1_22 =
        json_get(d->j, object, STR("ephemeralContainers")) != JSON_NONE ||
        str_eq(json_str(d->j, json_get(d->j, object, STR("kind"))), STR("EphemeralContainers"));
    d->w->spec = before_1_22 ? STR("") : STR("/spec");
    json_at holder = before_1_22 ? object : v[1];
    json_at old_holder = before_1_22 ? old : json_get(d->j, old, STR("spec"));
    json_at list = review_node_below(d->j, holder, STR("/ephemeralContainers"));
    json_at old_list = review_node_below(d->j, old_holder, STR("/ephemeralContainers"));
    /* Two readers could see different images. */
    if (before_1_22 && review_node_below(d->j, v[1], STR("/ephemeralContainers")) != JSON_NONE)
        review_fault_at(d->fault, JSON_NONE,
                        "ephemeralContainers: found in the object and in its spec");
    list = want(d, list, JSON_ARRAY, "ephemeralContainers");
    if (room_for_images(d, &list, 1))
        decode_images(d, list, old_list, LIST_EPHEMERAL);
}
