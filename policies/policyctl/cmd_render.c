/* policyctl render - the objects of a webhook that is ready to be applied. */
#include "base/clock.h"
#include "imgref/imgref.h"
#include "policyctl/options.h"
#include "policyctl/render.h"
#include "policyctl/render_sync.h"
#include "policyctl/verb.h"
#include "yaml/print.h"
#include "json/json.h"

enum { OUT_MAX = 64 << 20 };

/* The image in deploy/kustomize/base, which does not exist. */
#define PLACEHOLDER "ghcr.io/your-org/"

static enum ec check_image_option(const char *image, struct err *err) {
    struct imgref ref;
    if (image == NULL)
        return err_set(err, EC_USAGE, "--image is missing: the image of pullgate itself");
    if (str_starts(str_of(image), STR(PLACEHOLDER)))
        return err_set(err, EC_USAGE,
                       "--image %s is a placeholder; give the image that you pushed", image);
    if (imgref_parse(&ref, str_of(image), err) != EC_OK)
        return err_wrap(err, "--image \"%.200s\" is not an image reference", image);
    return EC_OK;
}

/* Its own pods do not pass the pod-security labels that render puts on it. */
static enum ec check_namespace(const char *namespace, struct err *err) {
    static const char *const others[] = {"default", "kube-system", "kube-public",
                                         "kube-node-lease"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strcmp(namespace, others[i]) == 0)
            return err_set(err, EC_USAGE,
                           "--namespace %s belongs to the cluster and would get pullgate's "
                           "pod-security labels; choose a namespace for pullgate alone",
                           namespace);
    return EC_OK;
}

static enum ec print_objects(struct buf *json, struct buf *out, struct err *err) {
    struct json j = JSON_INIT;
    const struct json_limits limits = {.max_depth = 128, .max_nodes = 1 << 20};
    char *padding = buf_room(json, JSON_PADDING);
    if (padding == NULL)
        return err_set(err, EC_NOMEM, "out of memory");
    memset(padding, 0, JSON_PADDING);
    enum ec ec = json_parse(&j, json->p, json->n, limits, err);
    for (json_at o = ec == EC_OK ? json_first(&j, 0) : JSON_NONE; o != JSON_NONE && ec == EC_OK;
         o = json_next(&j, 0, o)) {
        buf_puts(out, "---\n");
        ec = yaml_print(&j, o, out, err);
    }
    json_done(&j);
    return ec;
}

static enum ec print_manifests(struct buf *out, const struct render_input *in,
                               const struct options_render *o, struct err *err) {
    struct buf json = BUF_INIT(OUT_MAX);
    const struct render_request request = {
        .namespace = str_of(o->namespace),
        .image = o->image ? str_of(o->image) : STR_NONE,
        .failure_policy = options_failure_policies[o->failure_policy],
        .replicas = (uint32_t)o->replicas,
        .files = in->keys,
        .n_files = in->files.n,
        .self_signed = o->certificate_mode == RENDER_SELF_SIGNED,
        .only_certs = o->only == RENDER_CERTS,
        .ca_crt = buf_view(&in->ca_crt),
        .ca_key = buf_view(&in->ca_key),
        .tls_crt = buf_view(&in->tls_crt),
        .tls_key = buf_view(&in->tls_key),
        .ca_bundle = buf_view(&in->ca_bundle)};
    if (render_objects(&json, &request, err) == EC_OK) {
        render_input_warn(in);
        (void)!print_objects(&json, out, err);
    }
    certs_wipe(&json);
    return err->code;
}

/* A plain kubectl apply of them sets the failure policy as well. */
static void warn_of_failure_policy(const struct options_render *o,
                                   const struct opt_result *args) {
    if (!opts_is_given(&verb_render.options, args, "failure-policy"))
        verb_tell(
            "policyctl: warning: the webhook configurations have failurePolicy %s; if theirs "
            "in the cluster is another, give it with --failure-policy",
            options_failure_policies[o->failure_policy]);
}

static enum ec read_input(struct render_input *in, const struct options_render *o,
                          struct err *err) {
    bool all = o->only == RENDER_ALL;
    if ((all && check_image_option(o->image, err) != EC_OK) ||
        check_namespace(o->namespace, err) != EC_OK ||
        (all && render_input_policy(in, o->policy, err) != EC_OK))
        return err->code;
    return o->certificate_mode == RENDER_SELF_SIGNED
               ? render_input_ca(in, o->certs, o->namespace, err)
               : render_input_certs(in, o->certs, o->namespace, err);
}

/* ---- pullgate-sync --------------------------------------------------------------------- */

/* Options of the one have no meaning for the other. */
static const char *const of_webhook[] = {"certs", "certificate-mode", "only", "replicas",
                                         "failure-policy"};
static const char *const of_sync[] = {"annotated", "name", "respect-value", "wide"};

static enum ec refuse_given(const struct opt_result *args, const char *const *names, size_t n,
                            const char *what, struct err *err) {
    for (size_t i = 0; i < n; i++)
        if (opts_is_given(&verb_render.options, args, names[i]))
            return err_set(err, EC_USAGE, "--%s has no meaning %s", names[i], what);
    return EC_OK;
}

static enum ec render_sync(struct buf *json, const struct options_render *o, struct err *err) {
    struct arena arena = ARENA_INIT(4096, OUT_MAX);
    struct policy *policy = NULL;
    struct render_sync_request request = {.namespace = str_of(o->namespace),
                                          .image = str_of(o->image),
                                          .annotated = &o->annotated,
                                          .names = &o->names,
                                          .respect_value = o->respect_value,
                                          .wide = o->wide};
    if (check_image_option(o->image, err) == EC_OK &&
        check_namespace(o->namespace, err) == EC_OK &&
        verb_policy(&policy, o->policy, clock_wall_s(), err) == EC_OK &&
        sync_requests(&request.requests, &request.n_requests, policy, &arena, err) == EC_OK)
        (void)!render_sync_objects(json, &request, err);
    engine_policy_free(policy);
    arena_done(&arena);
    return err->code;
}

static int cmd_render_sync(const struct options_render *o, const struct opt_result *args) {
    struct err err = ERR_INIT;
    struct buf json = BUF_INIT(OUT_MAX), out = BUF_INIT(OUT_MAX);
    if (args->n_operands > 1)
        err_set(&err, EC_USAGE, "unexpected argument \"%.100s\"", args->operands[1]);
    else if (refuse_given(args, of_webhook, sizeof of_webhook / sizeof *of_webhook,
                          "for render sync", &err) == EC_OK &&
             render_sync(&json, o, &err) == EC_OK)
        (void)!print_objects(&json, &out, &err);
    buf_done(&json);
    return verb_end(&out, EXIT_ALLOWED, &err);
}

int cmd_render(const union options *options, const struct opt_result *args) {
    const struct options_render *o = &options->render;
    if (args->n_operands != 0 && strcmp(args->operands[0], "sync") == 0)
        return cmd_render_sync(o, args);
    struct err err = ERR_INIT;
    struct render_input in = RENDER_INPUT_INIT;
    struct buf out = BUF_INIT(OUT_MAX);
    int status = EXIT_ALLOWED;
    if (args->n_operands != 0)
        err_set(&err, EC_USAGE, "unexpected argument \"%.100s\"", args->operands[0]);
    else if (refuse_given(args, of_sync, sizeof of_sync / sizeof *of_sync,
                          "without the word sync: policyctl render sync", &err) == EC_OK &&
             read_input(&in, o, &err) == EC_OK)
        (void)!print_manifests(&out, &in, o, &err);
    if (err.code == EC_OK && o->only == RENDER_CERTS)
        warn_of_failure_policy(o, args);
    if (err.code != EC_OK)
        status = verb_fail(&err);
    else if (!verb_print(&out))
        status = EXIT_INPUT;
    render_input_done(&in);
    certs_wipe(&out);
    return status;
}
