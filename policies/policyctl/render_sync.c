#include "policyctl/render_sync.h"

#include "base/arena.h"

#include <stdlib.h>

enum { ARENA_MAX = 16 << 20 };

struct place {
    struct str namespace, name; /* name empty: all Secrets of the namespace */
};

struct rights {
    struct str *copies; /* names, sorted, each once */
    size_t n_copies;
    struct place *sources; /* likewise */
    size_t n_sources;
};

/* ---- what is needed ---------------------------------------------------------------------- */

static int compare_names(const void *a, const void *b) {
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static int compare_places(const void *pa, const void *pb) {
    const struct place *a = pa, *b = pb;
    int order = str_cmp(a->namespace, b->namespace);
    return order != 0 ? order : str_cmp(a->name, b->name);
}

static size_t sort_names(struct str *v, size_t n) {
    size_t kept = 0;
    if (n != 0)
        qsort(v, n, sizeof *v, compare_names);
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || !str_eq(v[kept - 1], v[i]))
            v[kept++] = v[i];
    return kept;
}

/* Behind the right to a whole namespace, those to names of it add nothing. */
static size_t sort_places(struct place *v, size_t n) {
    size_t kept = 0;
    if (n != 0)
        qsort(v, n, sizeof *v, compare_places);
    for (size_t i = 0; i < n; i++) {
        bool covered = kept != 0 && str_eq(v[kept - 1].namespace, v[i].namespace) &&
                       (v[kept - 1].name.n == 0 || str_eq(v[kept - 1].name, v[i].name));
        if (!covered)
            v[kept++] = v[i];
    }
    return kept;
}

static enum ec find_rights(struct rights *out, const struct render_sync_request *r,
                           struct arena *arena, struct err *err) {
    out->copies = ARENA_ARRAY(arena, struct str, r->n_requests + r->names->n);
    out->sources = ARENA_ARRAY(arena, struct place, r->n_requests + r->annotated->n);
    if (out->copies == NULL || out->sources == NULL)
        return arena_fail(arena, err);
    for (size_t i = 0; i < r->n_requests; i++) {
        const struct sync_request *q = &r->requests[i];
        out->copies[out->n_copies++] = q->name;
        out->sources[out->n_sources++] = (struct place){q->source_namespace, q->source_name};
    }
    for (size_t i = 0; i < r->names->n; i++)
        out->copies[out->n_copies++] = str_of(r->names->v[i]);
    for (size_t i = 0; i < r->annotated->n; i++)
        out->sources[out->n_sources++] = (struct place){str_of(r->annotated->v[i]), STR_NONE};
    out->n_copies = sort_names(out->copies, out->n_copies);
    out->n_sources = sort_places(out->sources, out->n_sources);
    return EC_OK;
}

static bool is_name(struct str s) {
    for (size_t i = 0; i < s.n; i++)
        if (!(s.p[i] >= 'a' && s.p[i] <= 'z') && !ascii_is_digit(s.p[i]) && s.p[i] != '-' &&
            s.p[i] != '.')
            return false;
    return s.n != 0 && s.n <= 253;
}

static enum ec check_names(const struct opt_list *list, const char *option, struct err *err) {
    for (size_t i = 0; i < list->n; i++)
        if (!is_name(str_of(list->v[i])))
            return err_set(err, EC_USAGE,
                           "--%s %.100s is not a name: rights are given by name, without globs",
                           option, list->v[i]);
    return EC_OK;
}

static enum ec check(const struct render_sync_request *r, struct err *err) {
    if (check_names(r->annotated, "annotated", err) != EC_OK ||
        check_names(r->names, "name", err) != EC_OK)
        return err->code;
    if (r->n_requests == 0 && r->annotated->n == 0)
        return err_set(err, EC_USAGE,
                       "nothing to copy: expected spec.secrets in the rule file, with rules "
                       "that add these secrets, or --annotated NAMESPACE");
    if (r->annotated->n != 0 && r->names->n == 0 && !r->wide)
        return err_set(
            err, EC_USAGE,
            "--annotated without --name: rights are given by name, and those of "
            "annotated Secrets are in no rule file; give each with --name, or --wide "
            "for the right to every Secret of the cluster");
    return EC_OK;
}

/* ---- JSON -------------------------------------------------------------------------------- */

static void begin_object(struct buf *out, const char *group, const char *kind,
                         struct str namespace) {
    buf_printf(out,
               "%s{\"apiVersion\":\"%s\",\"kind\":\"%s\",\"metadata\":{\"name\":"
               "\"pullgate-sync\",",
               out->n > 1 ? "," : "", group, kind);
    if (namespace.n != 0) {
        buf_puts(out, "\"namespace\":");
        buf_json(out, namespace);
        buf_putc(out, ',');
    }
    buf_puts(out, "\"labels\":{\"app.kubernetes.io/name\":\"pullgate-sync\"}}");
}

static void put_rule(struct buf *out, const char *resource, const struct str *names, size_t n,
                     const char *verbs) {
    buf_printf(out, "{\"apiGroups\":[\"\"],\"resources\":[\"%s\"],", resource);
    for (size_t i = 0; i < n; i++) {
        buf_puts(out, i != 0 ? "," : "\"resourceNames\":[");
        buf_json(out, names[i]);
    }
    buf_printf(out, "%s\"verbs\":[%s]}", n != 0 ? "]," : "", verbs);
}

#define READ "\"get\",\"list\",\"watch\""

static void put_binding(struct buf *out, const struct render_sync_request *r, const char *kind,
                        const char *role, struct str namespace) {
    begin_object(out, "rbac.authorization.k8s.io/v1", kind, namespace);
    buf_printf(
        out,
        ",\"roleRef\":{\"apiGroup\":\"rbac.authorization.k8s.io\",\"kind\":\"%s\","
        "\"name\":\"pullgate-sync\"},\"subjects\":[{\"kind\":\"ServiceAccount\",\"name\":"
        "\"pullgate-sync\",\"namespace\":",
        role);
    buf_json(out, r->namespace);
    buf_puts(out, "}]}");
}

static void put_cluster_role(struct buf *out, const struct render_sync_request *r,
                             const struct rights *rights) {
    begin_object(out, "rbac.authorization.k8s.io/v1", "ClusterRole", STR_NONE);
    buf_puts(out, ",\"rules\":[");
    put_rule(out, "namespaces", NULL, 0, READ);
    buf_putc(out, ',');
    if (r->wide) {
        put_rule(out, "secrets", NULL, 0, READ ",\"create\",\"patch\",\"delete\"");
    } else {
        put_rule(out, "secrets", rights->copies, rights->n_copies,
                 READ ",\"patch\",\"delete\"");
        buf_putc(out, ',');
        put_rule(out, "secrets", NULL, 0, "\"create\"");
    }
    buf_puts(out, "]}");
    put_binding(out, r, "ClusterRoleBinding", "ClusterRole", STR_NONE);
}

/* The sources of one namespace; returns where those of the next begin. */
static size_t put_source_role(struct buf *out, const struct render_sync_request *r,
                              const struct rights *rights, size_t from) {
    struct str namespace = rights->sources[from].namespace;
    bool all = rights->sources[from].name.n == 0;
    size_t to = from;
    begin_object(out, "rbac.authorization.k8s.io/v1", "Role", namespace);
    buf_puts(out, ",\"rules\":[{\"apiGroups\":[\"\"],\"resources\":[\"secrets\"],");
    for (; to < rights->n_sources && str_eq(rights->sources[to].namespace, namespace); to++) {
        if (all)
            continue;
        buf_puts(out, to != from ? "," : "\"resourceNames\":[");
        buf_json(out, rights->sources[to].name);
    }
    buf_printf(out, "%s\"verbs\":[" READ "]},", all ? "" : "],");
    put_rule(out, "events", NULL, 0, "\"create\"");
    buf_puts(out, "]}");
    put_binding(out, r, "RoleBinding", "Role", namespace);
    return to;
}

static void put_variable(struct buf *out, const char *name, struct str value) {
    buf_printf(out, ",{\"name\":\"PULLGATE_SYNC_%s\",\"value\":", name);
    buf_json(out, value);
    buf_putc(out, '}');
}

static void put_list(struct buf *out, const char *name, const struct opt_list *list) {
    struct buf text = BUF_INIT(1 << 20);
    for (size_t i = 0; i < list->n; i++)
        buf_printf(&text, "%s%s", i != 0 ? "," : "", list->v[i]);
    if (list->n != 0)
        put_variable(out, name, buf_view(&text));
    out->bad = out->bad ? out->bad : text.bad;
    buf_done(&text);
}

static void put_container(struct buf *out, const struct render_sync_request *r) {
    buf_puts(out, "{\"name\":\"pullgate-sync\",\"image\":");
    buf_json(out, r->image);
    buf_puts(out,
             ",\"imagePullPolicy\":\"IfNotPresent\","
             "\"env\":[{\"name\":\"PULLGATE_SYNC_POLICY\",\"value\":\"/etc/pullgate/policy\"}");
    put_list(out, "ANNOTATED", r->annotated);
    put_list(out, "NAME", r->names);
    if (r->respect_value)
        put_variable(out, "RESPECT_VALUE", STR("true"));
    if (r->wide)
        put_variable(out, "ALL_COPIES", STR("true"));
    buf_puts(out,
             "],\"ports\":[{\"name\":\"metrics\",\"protocol\":\"TCP\",\"containerPort\":8080}],"
             "\"readinessProbe\":{\"httpGet\":{\"path\":\"/readyz\",\"port\":\"metrics\"},"
             "\"periodSeconds\":5,\"timeoutSeconds\":3},"
             "\"livenessProbe\":{\"httpGet\":{\"path\":\"/healthz\",\"port\":\"metrics\"},"
             "\"periodSeconds\":10,\"timeoutSeconds\":3,\"failureThreshold\":3},"
             "\"resources\":{\"requests\":{\"cpu\":\"20m\",\"memory\":\"32Mi\"},"
             "\"limits\":{\"memory\":\"256Mi\"}},"
             "\"securityContext\":{\"allowPrivilegeEscalation\":false,"
             "\"readOnlyRootFilesystem\":true,\"capabilities\":{\"drop\":[\"ALL\"]}},"
             "\"volumeMounts\":[{\"name\":\"policy\",\"mountPath\":\"/etc/pullgate/policy\","
             "\"readOnly\":true}]}");
}

/* No ingress; egress to the API server, whose addresses differ between clusters. */
static void put_network_policy(struct buf *out, const struct render_sync_request *r) {
    begin_object(out, "networking.k8s.io/v1", "NetworkPolicy", r->namespace);
    buf_puts(out, ",\"spec\":{\"podSelector\":{\"matchLabels\":{\"app.kubernetes.io/name\":"
                  "\"pullgate-sync\"}},\"policyTypes\":[\"Ingress\",\"Egress\"],\"egress\":"
                  "[{\"ports\":[{\"protocol\":\"TCP\",\"port\":443},{\"protocol\":\"TCP\","
                  "\"port\":6443}]}]}}");
}

/* One pod, and never two at a time: two would do the same work. */
static void put_deployment(struct buf *out, const struct render_sync_request *r) {
    begin_object(out, "apps/v1", "Deployment", r->namespace);
    buf_puts(out,
             ",\"spec\":{\"replicas\":1,\"revisionHistoryLimit\":3,"
             "\"strategy\":{\"type\":\"Recreate\"},\"selector\":{\"matchLabels\":"
             "{\"app.kubernetes.io/name\":\"pullgate-sync\"}},\"template\":{\"metadata\":"
             "{\"labels\":{\"app.kubernetes.io/name\":\"pullgate-sync\"}},\"spec\":{"
             "\"serviceAccountName\":\"pullgate-sync\",\"automountServiceAccountToken\":true,"
             "\"enableServiceLinks\":false,\"terminationGracePeriodSeconds\":30,"
             "\"securityContext\":{\"runAsNonRoot\":true,\"runAsUser\":65532,"
             "\"runAsGroup\":65532,\"fsGroup\":65532,\"seccompProfile\":"
             "{\"type\":\"RuntimeDefault\"}},\"containers\":[");
    put_container(out, r);
    buf_puts(out, "],\"volumes\":[{\"name\":\"policy\",\"configMap\":{\"name\":"
                  "\"pullgate-policy\"}}]}}}}");
}

static enum ec print_all(struct buf *out, const struct render_sync_request *r,
                         const struct rights *rights, struct err *err) {
    buf_putc(out, '[');
    begin_object(out, "v1", "ServiceAccount", r->namespace);
    buf_puts(out, ",\"automountServiceAccountToken\":false}");
    put_cluster_role(out, r, rights);
    for (size_t i = 0; i < rights->n_sources;)
        i = put_source_role(out, r, rights, i);
    put_network_policy(out, r);
    put_deployment(out, r);
    buf_putc(out, ']');
    return out->bad ? err_set(err, (enum ec)out->bad, "no room for the objects") : EC_OK;
}

enum ec render_sync_objects(struct buf *out, const struct render_sync_request *request,
                            struct err *err) {
    struct arena arena = ARENA_INIT(4096, ARENA_MAX);
    struct rights rights = {.n_copies = 0};
    enum ec ec = check(request, err);
    if (ec == EC_OK)
        ec = find_rights(&rights, request, &arena, err);
    if (ec == EC_OK)
        ec = print_all(out, request, &rights, err);
    arena_done(&arena);
    return ec;
}
