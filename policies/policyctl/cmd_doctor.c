/* policyctl doctor - the state of a cluster, from dumps or kubectl, against a rule file. */
#include "base/file.h"
#include "object/messages.h"
#include "policyctl/kubectl.h"
#include "policyctl/options.h"
#include "policyctl/secret_text.h"
#include "report/doctor.h"

static const struct report_writer *const writers[] = {[DOCTOR_TEXT] = &report_findings_text,
                                                      [DOCTOR_JSON] = &report_findings_json,
                                                      [DOCTOR_JUNIT] = &report_junit,
                                                      [DOCTOR_SARIF] = &report_sarif,
                                                      [DOCTOR_GITHUB] = &report_github};

enum { FILE_BYTES_MAX = 16 << 20 };

struct run {
    const struct options_doctor *options;
    struct doctor *doctor;
    struct buf cert;
    bool ignored[DOCTOR_N_CODES];
};

/* ---- dumps ----------------------------------------------------------------------------------- */

static enum ec read_text(struct run *r, const char *name, const struct buf *text,
                         struct err *err) {
    if (str_trim(buf_view(text)).n == 0)
        return err_set(err, EC_SYNTAX, "%s is empty, expected what kubectl get -o json prints",
                       name);
    return doctor_read(r->doctor, name, buf_view(text), err);
}

static enum ec read_dump(struct run *r, const char *path, struct err *err) {
    struct buf text = BUF_INIT(SECRET_TEXT_MAX);
    const char *name = strcmp(path, "-") == 0 ? "<stdin>" : path;
    if (secret_text_read(&text, path, err) == EC_OK)
        (void)!read_text(r, name, &text, err);
    secret_text_done(&text);
    return err->code;
}

/* ---- the cluster ------------------------------------------------------------------------------ */

static bool has(const struct buf *text, const char *part) {
    return text->n != 0 && memmem(text->p, text->n, part, strlen(part)) != NULL;
}

/* What is forbidden is a finding; a resource that an older cluster does not have is none. */
static enum ec take_failure(struct run *r, size_t i, const struct kubectl_answer *a,
                            struct err *err) {
    const char *resource = doctor_resources[i].name;
    if (has(&a->complaint, "(Forbidden)") || has(&a->complaint, "forbidden:"))
        return doctor_refused(r->doctor, i, buf_view(&a->complaint), err);
    if (has(&a->complaint, "the server doesn't have a resource type"))
        return EC_OK;
    return err_set(err, EC_IO, "kubectl get %s: %.*s", resource,
                   STR_ARG(str_slice(str_trim(buf_view(&a->complaint)), 0, 400)));
}

static enum ec read_resource(struct run *r, const struct kubectl *k, size_t i,
                             struct err *err) {
    const struct doctor_resource *resource = &doctor_resources[i];
    struct kubectl_answer a = KUBECTL_ANSWER_INIT;
    if (kubectl_get(&a, k, resource->name, resource->of_cluster, err) == EC_OK) {
        if (a.failed) {
            (void)!take_failure(r, i, &a, err);
        } else if (read_text(r, "cluster", &a.out, err) == EC_OK) {
            doctor_given(r->doctor, i);
        }
    }
    kubectl_answer_done(&a);
    return err->code;
}

static enum ec read_cluster(struct run *r, struct err *err) {
    const struct options_doctor *o = r->options;
    const struct kubectl k = {.context = o->context,
                              .kubeconfig = o->kubeconfig,
                              .namespace = o->namespace,
                              .verbose = o->verbose};
    for (size_t i = 0; i < doctor_n_resources && err->code == EC_OK; i++)
        (void)!read_resource(r, &k, i, err);
    return err->code;
}

/* ---- all of it --------------------------------------------------------------------------------- */

static enum ec check_input(const struct options_doctor *o, const struct opt_result *args,
                           struct err *err) {
    if (o->cluster && args->n_operands != 0)
        return err_set(err, EC_USAGE, "--cluster reads no dump: found \"%.100s\"",
                       args->operands[0]);
    if (!o->cluster && (o->context != NULL || o->kubeconfig != NULL))
        return err_set(err, EC_USAGE, "--context and --kubeconfig need --cluster");
    return o->cluster
               ? EC_OK
               : verb_operands(args, "no dump: give files, - for standard input, or --cluster",
                               err);
}

static enum ec read_values(struct run *r, struct err *err) {
    struct buf text = BUF_INIT(FILE_BYTES_MAX + 1);
    if (file_read_any(&text, r->options->values, FILE_BYTES_MAX, err) == EC_OK)
        (void)!doctor_read_values(r->doctor, r->options->values, buf_view(&text), err);
    buf_done(&text);
    return err->code;
}

static enum ec read_all(struct run *r, const struct opt_result *args, struct err *err) {
    for (size_t i = 0; i < args->n_operands && err->code == EC_OK; i++)
        (void)!read_dump(r, args->operands[i], err);
    if (r->options->cluster && err->code == EC_OK)
        (void)!read_cluster(r, err);
    if (r->options->values != NULL && err->code == EC_OK)
        (void)!read_values(r, err);
    return err->code;
}

static enum ec start(struct run *r, const struct policy *policy, int64_t now_s,
                     struct err *err) {
    const struct options_doctor *o = r->options;
    struct doctor_options options = {.policy = policy,
                                     .namespace = str_of(o->namespace),
                                     .now_s = now_s,
                                     .soon_s = (int64_t)(o->soon_ms / 1000),
                                     .fault = object_report_fault,
                                     .note = object_report_note};
    if (o->cert != NULL && file_read_any(&r->cert, o->cert, FILE_BYTES_MAX, err) != EC_OK)
        return err->code;
    options.cert_pem = buf_view(&r->cert);
    return doctor_new(&r->doctor, &options, err);
}

static int show(struct run *r, struct err *err) {
    static const struct report_look look = {.quiet = false};
    struct report run = REPORT_INIT(&look, writers[r->options->output], &report_doctor_tool);
    struct report_sums sums = {.seconds = -1, .unread = doctor_n_unreadable(r->doctor)};
    size_t n;
    const struct doctor_finding *v = doctor_findings(r->doctor, &n);
    report_doctor_show(&run, v, n, r->ignored, &sums);
    bool found = sums.levels[REPORT_ERROR] + sums.levels[REPORT_WARNING] != 0 ||
                 (r->options->strict && sums.levels[REPORT_NOTE] != 0);
    int status = sums.unread != 0 ? EXIT_INPUT : found ? EXIT_DENIED : EXIT_ALLOWED;
    status = verb_end(&run.out, status, err);
    report_done(&run);
    return status;
}

int cmd_doctor(const union options *options, const struct opt_result *args) {
    const struct options_doctor *o = &options->doctor;
    struct run r = {.options = o, .cert = BUF_INIT(FILE_BYTES_MAX + 1)};
    struct err err = ERR_INIT;
    struct policy *policy = NULL;
    int64_t now_s = 0;
    int status = EXIT_INPUT;
    if (check_input(o, args, &err) == EC_OK &&
        report_doctor_ignore(r.ignored, o->ignored.v, o->ignored.n, &err) != EC_OK)
        err_wrap(&err, "--ignore");
    if (err.code == EC_OK && requester_now(&now_s, o->now, &err) == EC_OK &&
        verb_policy(&policy, o->policy, now_s, &err) == EC_OK &&
        start(&r, policy, now_s, &err) == EC_OK && read_all(&r, args, &err) == EC_OK &&
        doctor_examine(r.doctor, &err) == EC_OK)
        status = show(&r, &err);
    doctor_free(r.doctor);
    buf_done(&r.cert);
    engine_policy_free(policy);
    return err.code == EC_OK ? status : verb_fail(&err);
}
