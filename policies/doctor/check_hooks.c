/* pullgate's webhooks: registered, for what, with which settings; and who else changes pods. */
#include "doctor/model.h"

/* Configurations of tools that rewrite images or pull secrets, by a part of their names. */
static const struct rewriter {
    const char *part, *tool;
} rewriters[] = {
    {"kyverno", "Kyverno: its policies can rewrite images and add pull secrets"},
    {"gatekeeper-mutating", "Gatekeeper: AssignImage rewrites images"},
    {"image-swapper", "k8s-image-swapper rewrites images"},
    {"imageswap", "imageswap rewrites images"},
    {"harbor-container-webhook", "harbor-container-webhook rewrites images"},
    {"tugger", "tugger rewrites images and adds pull secrets"},
    {"digester", "k8s-digester writes digests"},
    {"sigstore", "policy-controller of sigstore writes digests"},
    {"connaisseur", "Connaisseur writes digests"},
    {"portieris", "Portieris writes digests and reads pull secrets"},
    {"image-admission-config", "Portieris writes digests and reads pull secrets"},
    {"kubewarden", "Kubewarden: its policies can rewrite images"},
    {"jspolicy", "jsPolicy: its policies can rewrite images"},
    {"kubemod", "KubeMod: its rules can rewrite images"},
    {"image-clone", "an image cloner rewrites images"},
    {"zarf", "Zarf rewrites images and adds pull secrets"},
    {"kube-image-keeper", "kube-image-keeper rewrites images and adds pull secrets"},
    {"kuik", "kube-image-keeper rewrites images and adds pull secrets"},
    {"image-rewriter", "an image rewriter rewrites images"},
    {"kubenab", "kubenab rewrites images"},
    {"imagepullsecret", "it adds pull secrets"},
};

static const struct rewriter *find_rewriter(const struct doctor_hook *h) {
    for (size_t i = 0; i < sizeof rewriters / sizeof *rewriters; i++) {
        const char *part = rewriters[i].part;
        if ((h->at.name.n != 0 && memmem(h->at.name.p, h->at.name.n, part, strlen(part))) ||
            (h->name.n != 0 && memmem(h->name.p, h->name.n, part, strlen(part))))
            return &rewriters[i];
    }
    return NULL;
}

/* ---- registered ------------------------------------------------------------------------------------- */

static const struct doctor_hook *find_ours(const struct doctor *d, bool mutating) {
    for (size_t i = 0; i < d->hooks.n; i++) {
        const struct doctor_hook *h = &d->hooks.v[i];
        if (h->ours && h->mutating == mutating && h->takes_pods)
            return h;
    }
    return NULL;
}

static void tell_absent(struct doctor *d, enum doctor_code code, const char *kind,
                        const char *resource) {
    const struct doctor_place at = {.kind = str_of(kind), .name = STR("pullgate")};
    bool known = d->seen_cluster || d->given[doctor_resource_of(resource)];
    if (doctor_is_refused(d, resource))
        return;
    struct doctor_finding *f = doctor_find(d, known ? code : DOCTOR_NOT_GIVEN, &at, NULL);
    if (!known) {
        doctor_say(d, &f->message, "the input holds no webhook configuration and no namespace");
        doctor_say(d, &f->mend, "kubectl get %s,namespaces -o json", resource);
        return;
    }
    doctor_say(d, &f->mend,
               "kubectl apply -k deploy/kustomize/overlays/self-managed, or helm install");
}

static bool check_registered(struct doctor *d) {
    bool mutating = find_ours(d, true) != NULL;
    if (!mutating)
        tell_absent(d, DOCTOR_NOT_REGISTERED, "MutatingWebhookConfiguration",
                    "mutatingwebhookconfigurations");
    else if (find_ours(d, false) == NULL)
        tell_absent(d, DOCTOR_NOT_VALIDATED, "ValidatingWebhookConfiguration",
                    "validatingwebhookconfigurations");
    return mutating;
}

/* ---- its rules ---------------------------------------------------------------------------------------- */

static bool takes(const struct doctor_hook *h, const char *resource, const char *operation) {
    for (size_t i = 0; i < h->n_rules; i++) {
        const struct doctor_hook_rule *r = &h->rules[i];
        bool core =
            doctor_has_name(&r->groups, STR("")) || doctor_has_name(&r->groups, STR("*"));
        bool named = doctor_has_name(&r->resources, str_of(resource)) ||
                     doctor_has_name(&r->resources, STR("*/*"));
        bool asked = doctor_has_name(&r->operations, str_of(operation)) ||
                     doctor_has_name(&r->operations, STR("*"));
        bool whole = doctor_has_name(&r->resources, STR("*")) && strchr(resource, '/') == NULL;
        bool sub =
            doctor_has_name(&r->resources, STR("pods/*")) && strchr(resource, '/') != NULL;
        if (core && asked && (named || whole || sub))
            return true;
    }
    return false;
}

static void check_rules(struct doctor *d, const struct doctor_hook *h) {
    static const struct {
        const char *resource, *operation;
    } expected[] = {{"pods", "UPDATE"}, {"pods/ephemeralcontainers", "UPDATE"}};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        if (takes(h, expected[i].resource, expected[i].operation))
            continue;
        struct doctor_finding *f = doctor_find(d, DOCTOR_RULES_MISSING, &h->at, NULL);
        doctor_say(d, &f->message, "webhook %.*s is not called for %s of %s", STR_ARG(h->name),
                   expected[i].operation, expected[i].resource);
    }
}

/* ---- its settings --------------------------------------------------------------------------------------- */

static void check_failure(struct doctor *d, const struct doctor_hook *h) {
    if (!h->ignore)
        return;
    struct doctor_finding *f = doctor_find(d, DOCTOR_FAILURE_IGNORED, &h->at, NULL);
    doctor_say(d, &f->message, "failurePolicy of webhook %.*s is Ignore", STR_ARG(h->name));
}

static void check_selected(struct doctor *d, const struct doctor_hook *h) {
    if (h->objects.n_requirements == 0 && !h->conditions)
        return;
    struct doctor_finding *f = doctor_find(d, DOCTOR_PODS_ESCAPE, &h->at, NULL);
    doctor_say(d, &f->message, "webhook %.*s has %s", STR_ARG(h->name),
               h->objects.n_requirements == 0 ? "matchConditions"
               : h->conditions                ? "an objectSelector and matchConditions"
                                              : "an objectSelector");
}

/* ---- other webhooks --------------------------------------------------------------------------------------- */

static void check_order(struct doctor *d, const struct doctor_hook *ours,
                        const struct doctor_hook *other, bool *told) {
    if (*told || ours->reinvoked || str_cmp(other->at.name, ours->at.name) <= 0)
        return;
    *told = true;
    struct doctor_finding *f = doctor_find(d, DOCTOR_NOT_REINVOKED, &ours->at, NULL);
    doctor_say(d, &f->message,
               "reinvocationPolicy of webhook %.*s is Never, and %.*s runs later",
               STR_ARG(ours->name), STR_ARG(other->at.name));
}

static void check_other(struct doctor *d, const struct doctor_hook *ours,
                        const struct doctor_hook *other) {
    const struct rewriter *tool = find_rewriter(other);
    if (tool == NULL)
        return;
    struct doctor_finding *f = doctor_find(d, DOCTOR_OTHER_WEBHOOK, &other->at, NULL);
    doctor_say(d, &f->message, "webhook %.*s (%s) runs %s pullgate", STR_ARG(other->name),
               tool->tool, str_cmp(other->at.name, ours->at.name) < 0 ? "before" : "after");
}

static void check_others(struct doctor *d, const struct doctor_hook *ours) {
    bool told = false;
    for (size_t i = 0; i < d->hooks.n; i++) {
        const struct doctor_hook *h = &d->hooks.v[i];
        if (h->ours || !h->mutating || !h->takes_pods)
            continue;
        check_order(d, ours, h, &told);
        check_other(d, ours, h);
    }
}

/* ---- who answers ------------------------------------------------------------------------------------------ */

static bool has_ready_pod(const struct doctor *d, const struct doctor_service *s) {
    const struct match_selector none = {NULL, 0};
    size_t n, from = doctor_works_of(d, s->at.namespace, &n);
    for (size_t i = from; i < from + n; i++) {
        const struct doctor_work *w = &d->works.v[i];
        bool selected = w->pod && s->selector.n != 0 && doctor_selects(&none, &w->labels);
        for (size_t k = 0; k < s->selector.n && selected; k++) {
            const struct match_requirement r = {.key = s->selector.v[k].key,
                                                .op = MATCH_IN,
                                                .values = &s->selector.v[k].value,
                                                .n_values = 1};
            selected = doctor_selects(&(struct match_selector){&r, 1}, &w->labels);
        }
        if (selected && w->ready)
            return true;
    }
    return false;
}

static void check_service(struct doctor *d, const struct doctor_hook *h) {
    const struct doctor_service *s = doctor_service_of(d, h->service_namespace, h->service);
    const struct doctor_place at = {.kind = STR("Service"),
                                    .namespace = h->service_namespace,
                                    .name = h->service,
                                    .file = h->at.file};
    bool services = d->seen_service || d->given[doctor_resource_of("services")];
    bool pods = d->seen_pod || d->given[doctor_resource_of("pods")];
    if (h->service.n == 0 || doctor_is_refused(d, "services") || doctor_is_refused(d, "pods") ||
        !services || (s != NULL && (!pods || s->selector.n == 0 || has_ready_pod(d, s))))
        return;
    /* Of one namespace alone the others' Services are not read. */
    if (d->options.namespace.n != 0 && !str_eq(d->options.namespace, h->service_namespace) &&
        s == NULL)
        return;
    struct doctor_finding *f = doctor_find(d, DOCTOR_NOT_READY, &at, NULL);
    doctor_say(d, &f->message, "webhook %.*s calls this Service, which %s", STR_ARG(h->name),
               s == NULL ? "does not exist" : "selects no pod that is ready");
    doctor_say(d, &f->mend, "kubectl get pods,endpointslices -n %.*s",
               STR_ARG(h->service_namespace));
}

void doctor_check_hooks(struct doctor *d) {
    bool first = true;
    if (!check_registered(d))
        return;
    for (size_t i = 0; i < d->hooks.n && d->bad == 0; i++) {
        const struct doctor_hook *h = &d->hooks.v[i];
        if (!h->ours)
            continue;
        doctor_check_hook_certificate(d, h);
        if (!h->takes_pods)
            continue;
        check_rules(d, h);
        check_failure(d, h);
        check_selected(d, h);
        if (h->mutating)
            check_others(d, h);
        if (first)
            check_service(d, h);
        first = false;
    }
}
