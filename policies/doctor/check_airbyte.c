/* Airbyte's own settings against the policy: the launcher's environment, and values of the chart. */
#include "doctor/model.h"

/* ---- what the policy gives to a job ------------------------------------------------------------------ */

struct job {
    const struct policy_rule *rule; /* NULL: none */
    struct doctor_names secrets;
};

static struct job judge_job(struct doctor *d, struct str namespace) {
    static const struct match_label label = {STR_INIT("airbyte"), STR_INIT("job-pod")};
    const struct workload_image image = {.list = LIST_CONTAINER,
                                         .name = STR("main"),
                                         .text = STR("airbyte/source-postgres:1"),
                                         .has_image = true,
                                         .changed = true};
    const struct workload pod = {.shape = SHAPE_POD,
                                 .operation = OPERATION_CREATE,
                                 .spec = STR("/spec"),
                                 .api_version = STR("v1"),
                                 .kind = STR("Pod"),
                                 .namespace = namespace,
                                 .service_account = STR("airbyte-admin"),
                                 .labels = &label,
                                 .n_labels = 1,
                                 .images = &image,
                                 .n_images = 1};
    struct decision *decision = ARENA_NEW(&d->arena, struct decision);
    struct err err = ERR_INIT;
    if (decision == NULL || engine_decide(decision, d->options.policy, &pod, d->options.now_s,
                                          0, &d->arena, &err) != EC_OK) {
        doctor_no_room(d);
        return (struct job){.rule = NULL};
    }
    DOCTOR_LIST(struct str) out = {NULL, 0};
    for (size_t i = 0; i < decision->n_secrets; i++)
        DOCTOR_ADD(d, out, decision->secrets[i]);
    return (struct job){decision->rule, {out.v, out.n}};
}

static bool are_same(const struct doctor_names *a, const struct doctor_names *b) {
    for (size_t i = 0; i < a->n; i++)
        if (!doctor_has_name(b, a->v[i]))
            return false;
    return true;
}

/* ---- JOB_KUBE_MAIN_CONTAINER_IMAGE_PULL_SECRET ------------------------------------------------------- */

/* As the launcher splits it: at commas, without trimming, empty ends dropped. */
static struct doctor_names split(struct doctor *d, struct str value) {
    DOCTOR_LIST(struct str) out = {NULL, 0};
    while (str_ends(value, STR(",")))
        value.n--;
    while (value.n != 0) {
        size_t comma = str_find(value, ',');
        DOCTOR_ADD(d, out, str_slice(value, 0, comma));
        value = str_slice(value, comma + 1, value.n);
    }
    return (struct doctor_names){out.v, out.n};
}

/* The variable of a container: its value, or that of the ConfigMap. */
static struct str value_of(const struct doctor *d, const struct doctor_work *w,
                           struct str value, struct str map, bool registry) {
    const struct doctor_config_map *c =
        map.n != 0 ? doctor_config_map_of(d, w->at.namespace, map) : NULL;
    if (c == NULL)
        return value;
    return registry ? c->airbyte_registry : c->airbyte_secret;
}

static void put_lists(struct buf *out, const struct doctor_names *found,
                      const struct doctor_names *expected) {
    buf_putc(out, '[');
    doctor_put_names(out, found);
    buf_puts(out, "], the policy gives [");
    doctor_put_names(out, expected);
    buf_putc(out, ']');
}

static void check_secret(struct doctor *d, const struct doctor_work *w, const struct job *job) {
    struct str value = value_of(d, w, w->airbyte_secret, w->airbyte_secret_map, false);
    struct doctor_names found = split(d, value);
    struct buf text = BUF_INIT(1 << 14);
    if (found.n == 0 || are_same(&found, &job->secrets))
        return;
    struct doctor_finding *f = doctor_find(d, DOCTOR_AIRBYTE_SECRET, &w->at, job->rule);
    buf_puts(&text, "JOB_KUBE_MAIN_CONTAINER_IMAGE_PULL_SECRET gives job pods ");
    put_lists(&text, &found, &job->secrets);
    buf_printf(&text, " (namespace %.*s)", STR_ARG(w->airbyte_namespace));
    doctor_say_buf(d, &f->message, &text);
    buf_done(&text);
}

/* ---- JOB_KUBE_CONNECTOR_IMAGE_REGISTRY ---------------------------------------------------------------- */

static void check_registry(struct doctor *d, const struct doctor_work *w,
                           const struct job *job) {
    struct str value = value_of(d, w, w->airbyte_registry, w->airbyte_registry_map, true);
    struct str ours = job->rule->registry.text;
    while (str_ends(value, STR("/")))
        value.n--;
    if (value.n == 0 || ours.n == 0 || str_eq(value, ours))
        return;
    struct doctor_finding *f = doctor_find(d, DOCTOR_AIRBYTE_REGISTRY, &w->at, job->rule);
    bool scheme = str_starts(value, STR("http://")) || str_starts(value, STR("https://"));
    doctor_say(d, &f->message,
               "JOB_KUBE_CONNECTOR_IMAGE_REGISTRY is %.*s%s, registry of the rule is %.*s",
               STR_ARG(value), scheme ? ", which makes invalid references (a scheme)" : "",
               STR_ARG(ours));
}

/* ---- values of the chart ------------------------------------------------------------------------------ */

/* Of the namespaces that a rule names, the first whose jobs get a secret; else of "airbyte". */
static struct job job_of_values(struct doctor *d) {
    for (size_t i = 0; i < d->namespaces.n && d->bad == 0; i++) {
        struct job job = judge_job(d, d->namespaces.v[i].at.name);
        if (job.rule != NULL && job.secrets.n != 0)
            return job;
    }
    return judge_job(d, d->options.namespace.n != 0 ? d->options.namespace : STR("airbyte"));
}

static void check_values(struct doctor *d) {
    const struct doctor_values *v = &d->values;
    const struct doctor_place at = {.kind = STR("Values"),
                                    .name = STR("global.imagePullSecrets"),
                                    .file = v->file,
                                    .line = v->line,
                                    .col = v->col};
    struct buf text = BUF_INIT(1 << 14);
    if (!v->has_secrets || v->secrets.n == 0)
        return;
    struct job job = job_of_values(d);
    if (d->bad != 0 || are_same(&v->secrets, &job.secrets))
        return;
    struct doctor_finding *f = doctor_find(d, DOCTOR_VALUES_SECRET, &at, job.rule);
    buf_puts(&text, "global.imagePullSecrets is ");
    put_lists(&text, &v->secrets, &job.secrets);
    doctor_say_buf(d, &f->message, &text);
    buf_done(&text);
}

void doctor_check_airbyte(struct doctor *d) {
    for (size_t i = 0; i < d->works.n && d->bad == 0; i++) {
        const struct doctor_work *w = &d->works.v[i];
        if (!w->has_airbyte || w->ended || w->owner.n != 0)
            continue;
        struct job job = judge_job(d, w->airbyte_namespace);
        if (job.rule == NULL || d->bad != 0)
            continue;
        check_secret(d, w, &job);
        check_registry(d, w, &job);
    }
    check_values(d);
}
