#include "policyctl/needs.h"

#include "base/mem.h"
#include "imgref/imgref.h"
#include "policyctl/verb.h"

#include <stdlib.h>

/* ---- rows ---------------------------------------------------------------------------- */

/* The array with room for one more; NULL: no memory. */
static void *grown(void *array, size_t *cap, size_t n, size_t size) {
    if (n < *cap)
        return array;
    size_t more = *cap ? 2 * *cap : 64;
    void *to = mem_realloc(array, mem_array_bytes(more, size));
    if (to != NULL)
        *cap = more;
    return to;
}

static enum ec no_memory(struct err *err) {
    return err_set(err, EC_NOMEM, "out of memory");
}

static bool keep_file(struct needs *n, const char *file, const char **out) {
    struct str copy;
    if (n->file == NULL || strcmp(n->file, file) != 0) {
        if (!arena_str(&n->arena, (struct str){file, strlen(file) + 1}, &copy))
            return false;
        n->file = copy.p;
    }
    *out = n->file;
    return true;
}

enum ec needs_add_row(struct needs *n, struct needs_row row, struct err *err) {
    struct needs_row *rows = grown(n->rows, &n->cap, n->n, sizeof *rows);
    if (rows == NULL)
        return no_memory(err);
    n->rows = rows;
    struct needs_row *to = &n->rows[n->n];
    *to = row;
    if (!arena_str(&n->arena, row.namespace, &to->namespace) ||
        !arena_str(&n->arena, row.secret, &to->secret) ||
        !arena_str(&n->arena, row.place, &to->place) ||
        !arena_str(&n->arena, row.repository, &to->repository) ||
        !keep_file(n, row.file, &to->file))
        return arena_fail(&n->arena, err);
    n->n++;
    return EC_OK;
}

static int compare_groups(const struct needs_row *a, const struct needs_row *b) {
    int order = str_cmp(a->namespace, b->namespace);
    return order != 0 ? order : str_cmp(a->secret, b->secret);
}

static int compare_meaning(const struct needs_row *a, const struct needs_row *b) {
    int order = compare_groups(a, b);
    if (order == 0)
        order = str_cmp(a->place, b->place);
    return order != 0 ? order : str_cmp(a->repository, b->repository);
}

static int compare_rows(const void *pa, const void *pb) {
    const struct needs_row *a = pa, *b = pb;
    int order = compare_meaning(a, b);
    if (order == 0)
        order = strcmp(a->file, b->file);
    return order != 0 ? order : (a->line > b->line) - (a->line < b->line);
}

/* A row without a place says nothing beside one with a place. */
static bool is_idle(const struct needs *n, size_t i) {
    return n->rows[i].place.n == 0 && i + 1 < n->n &&
           compare_groups(&n->rows[i], &n->rows[i + 1]) == 0;
}

void needs_sort(struct needs *n) {
    size_t kept = 0;
    if (n->n == 0)
        return;
    qsort(n->rows, n->n, sizeof *n->rows, compare_rows);
    for (size_t i = 0; i < n->n; i++)
        if (!is_idle(n, i) &&
            (kept == 0 || compare_meaning(&n->rows[kept - 1], &n->rows[i]) != 0))
            n->rows[kept++] = n->rows[i];
    n->n = kept;
}

size_t needs_group_end(const struct needs *n, size_t from) {
    size_t end = from + 1;
    while (end < n->n && compare_groups(&n->rows[from], &n->rows[end]) == 0)
        end++;
    return end;
}

void needs_done(struct needs *n) {
    mem_free(n->rows);
    mem_free(n->namespaces);
    arena_done(&n->arena);
    *n = (struct needs){.rows = NULL};
}

/* ---- objects ------------------------------------------------------------------------- */

static enum ec add_namespace(struct needs *n, struct str name, bool is_object,
                             struct err *err) {
    struct needs_namespace *last =
        n->n_namespaces > 0 ? &n->namespaces[n->n_namespaces - 1] : NULL;
    if (last != NULL && last->is_object == is_object && str_eq(last->name, name))
        return EC_OK;
    struct needs_namespace *all =
        grown(n->namespaces, &n->cap_namespaces, n->n_namespaces, sizeof *all);
    if (all == NULL)
        return no_memory(err);
    n->namespaces = all;
    struct needs_namespace *to = &n->namespaces[n->n_namespaces];
    to->is_object = is_object;
    if (!arena_str(&n->arena, name, &to->name))
        return arena_fail(&n->arena, err);
    n->n_namespaces++;
    return EC_OK;
}

static bool is_below(const struct policy_prefix *prefix, const struct imgref *image,
                     struct str repository) {
    struct str path = str_slice(repository, image->host.n + 1, repository.n);
    return str_eq(engine_fold_host(prefix->host), engine_fold_host(image->host)) &&
           match_path_prefix(prefix->path, path);
}

/* The `for` of the secret that the image is below; NULL: none. */
static const struct policy_secret *find_for(const struct policy_rule *rule, struct str name,
                                            const struct imgref *image, struct str repository) {
    for (size_t i = 0; rule != NULL && i < rule->n_secrets; i++)
        if ((name.n == 0 || str_eq(rule->secrets[i].name, name)) && !rule->secrets[i].always &&
            is_below(&rule->secrets[i].prefix, image, repository))
            return &rule->secrets[i];
    return NULL;
}

static bool is_always(const struct policy_rule *rule, struct str name) {
    bool listed = false;
    for (size_t i = 0; rule != NULL && i < rule->n_secrets; i++) {
        if (!str_eq(rule->secrets[i].name, name))
            continue;
        if (rule->secrets[i].always)
            return true;
        listed = true;
    }
    return !listed; /* the author's own */
}

/* What is added to for each pod. */
struct taking {
    struct needs *needs;
    const struct object *object;
    const struct policy_rule *rule;
    struct str namespace;
    struct buf repository;
};

static enum ec add_place(struct taking *t, struct str secret, struct str place,
                         struct str repository, struct err *err) {
    return needs_add_row(t->needs,
                         (struct needs_row){.namespace = t->namespace,
                                            .secret = secret,
                                            .place = place,
                                            .repository = repository,
                                            .file = t->object->file,
                                            .line = t->object->line},
                         err);
}

/* The registry or mirror of the rule that the image is below; else its host. */
static struct str place_of(const struct policy_rule *rule, const struct imgref *image,
                           struct str repository) {
    if (rule != NULL && rule->registry.text.n != 0 &&
        is_below(&rule->registry, image, repository))
        return rule->registry.text;
    for (size_t i = 0; rule != NULL && i < rule->n_mirrors; i++)
        if (is_below(&rule->mirrors[i].to, image, repository))
            return rule->mirrors[i].to.text;
    return image->host;
}

/* A secret serves the images of its own `for`; one without it, those that no `for` serves. */
static enum ec add_image(struct taking *t, struct str secret, struct str text,
                         struct err *err) {
    struct imgref image;
    struct err ignored = ERR_INIT;
    if (text.n == 0 || imgref_parse(&image, text, &ignored) != EC_OK)
        return EC_OK;
    buf_reset(&t->repository);
    buf_str(&t->repository, image.host);
    buf_putc(&t->repository, '/');
    imgref_print_repository(&image, &t->repository);
    if (t->repository.bad)
        return no_memory(err);
    struct str repository = buf_view(&t->repository);
    const struct policy_secret *own = find_for(t->rule, secret, &image, repository);
    if (own != NULL)
        return add_place(t, secret, own->prefix.text, repository, err);
    bool serves =
        is_always(t->rule, secret) && find_for(t->rule, STR_NONE, &image, repository) == NULL;
    return serves ? add_place(t, secret, place_of(t->rule, &image, repository), repository, err)
                  : EC_OK;
}

static enum ec add_secret(struct taking *t, const struct decision *d, struct str secret,
                          struct err *err) {
    size_t before = t->needs->n;
    for (size_t i = 0; i < d->n_images; i++)
        if (add_image(t, secret, d->images[i].after, err) != EC_OK)
            return err->code;
    return t->needs->n != before ? EC_OK : add_place(t, secret, STR_NONE, STR_NONE, err);
}

static enum ec add_decided(struct needs *n, const struct object *o, const struct decision *d,
                           struct err *err) {
    struct taking t = {.needs = n,
                       .object = o,
                       .rule = d->rule,
                       .namespace = o->workload->namespace,
                       .repository = BUF_INIT(1 << 20)};
    for (size_t i = 0; i < d->n_secrets && err->code == EC_OK; i++)
        if (d->secrets[i].n != 0)
            (void)!add_secret(&t, d, d->secrets[i], err);
    buf_done(&t.repository);
    return err->code;
}

/* The pod that a template becomes. */
static struct workload pod_of(const struct workload *w) {
    struct workload pod = *w;
    pod.shape = SHAPE_POD;
    pod.operation = OPERATION_CREATE;
    pod.api_version = STR("v1");
    pod.kind = STR("Pod");
    return pod;
}

static enum ec add_pod(struct needs *n, const struct object *o, int64_t now_s,
                       struct err *err) {
    struct arena arena = ARENA_INIT(16 << 10, 64 << 20);
    struct workload pod = pod_of(o->workload);
    struct decision d;
    if (engine_decide(&d, o->policy, &pod, now_s, 0, &arena, err) == EC_OK) {
        if (d.verdict == VERDICT_DENY) {
            n->n_denied++;
            verb_tell("%s:%u: %.*s %.*s is denied and pulls nothing: its secrets are left out",
                      o->file, o->line, STR_ARG(o->workload->kind), STR_ARG(object_name(o)));
        } else {
            (void)!add_decided(n, o, &d, err);
        }
    }
    arena_done(&arena);
    return err->code;
}

enum ec needs_add_object(struct needs *n, const struct object *o, int64_t now_s,
                         struct err *err) {
    const struct workload *w = o->workload;
    if (w == NULL)
        return EC_OK;
    if (str_eq(w->kind, STR("Namespace")) && str_eq(w->api_version, STR("v1")))
        return add_namespace(n, object_name(o), true, err);
    if ((w->shape != SHAPE_POD && w->shape != SHAPE_TEMPLATE) || o->malformed != JSON_NONE)
        return EC_OK;
    if (add_namespace(n, w->namespace, false, err) != EC_OK)
        return err->code;
    return add_pod(n, o, now_s, err);
}
