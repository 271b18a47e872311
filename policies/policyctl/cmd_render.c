/* policyctl render - the objects of a webhook that is ready to be applied. */
#include "base/clock.h"
#include "certs/certs.h"
#include "imgref/imgref.h"
#include "policyctl/manifests.h"
#include "policyctl/policy.h"
#include "policyctl/verb.h"
#include "rules/files.h"
#include "yaml/print.h"
#include "json/json.h"

#include <stdio.h>

enum { OUT_MAX = 64 << 20, FILES_IN_CONFIGMAP_MAX = 1000 };
/* kubectl apply keeps the whole object in an annotation, and all of these have 262144 bytes. */
enum { CONFIGMAP_APPLY_MAX = 250000 };

static const char *const failure_words[] = {"Ignore", "Fail", NULL};
/* In deploy/kustomize/base: nobody publishes it. */
#define PLACEHOLDER "ghcr.io/your-org/"

struct options {
    const char *namespace, *image, *policy, *certs;
    uint64_t replicas;
    int failure_policy;
};

#define AT(field) .offset = offsetof(struct options, field)

static const struct opt_row rows[] = {
    {"image", 'i', OPT_STRING, "IMAGE", NULL,
     "Image of pullgate itself, as you built and pushed it (deploy/Containerfile).", AT(image)},
    POLICY_ROW(struct options),
    {"certs", 0, OPT_STRING, "DIR", NULL,
     "Folder made by \"policyctl certs init\": ca.crt, tls.crt and tls.key are used, ca.key is "
     "not read.",
     AT(certs)},
    {"namespace", 'n', OPT_STRING, "NAME", "pullgate",
     "Namespace of the webhook; it holds nothing else.", AT(namespace)},
    {"replicas", 0, OPT_NUMBER, "N", "2", "Pods of the webhook.", AT(replicas), .min = 1,
     .max = 100},
    {"failure-policy", 0, OPT_WORD, "WORD", "Ignore",
     "What becomes of pods while the webhook does not answer: Ignore lets them through, Fail "
     "refuses them. Begin with Ignore; give Fail once it answers.",
     AT(failure_policy), .words = failure_words},
    HELP_ROW,
};

const struct opt_table render_options = {
    .rows = rows, .n_rows = sizeof rows / sizeof *rows, .env_prefix = "PULLGATE"};

struct render { /* what is read, and what is made of it */
    struct files files;
    struct manifests_file keys[FILES_IN_CONFIGMAP_MAX];
    struct buf ca_crt, tls_crt, tls_key, ca_bundle;
    struct buf json, out;
};

/* ---- reading --------------------------------------------------------------------------- */

static enum ec check_image(const char *image, struct err *err) {
    struct imgref ref;
    if (image == NULL)
        return err_set(err, EC_USAGE, "--image is missing: the image of pullgate itself");
    if (str_starts(str_of(image), STR(PLACEHOLDER)))
        return err_set(err, EC_USAGE, "--image %s is a placeholder; give the one you pushed",
                       image);
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
                           "--namespace %s is the cluster's, and would get the pod-security "
                           "labels of pullgate's; give pullgate one of its own",
                           namespace);
    return EC_OK;
}

static bool is_one_file(const struct files *files, const char *path) {
    return files->n == 1 && str_eq(files->v[0].name, str_of(path));
}

/* The rule files must load before their bytes are worth a ConfigMap. */
static enum ec check_policy(const struct files *files, const char *path, struct err *err) {
    struct policy *policy = NULL;
    int64_t now_s = clock_wall_us() / 1000000;
    enum ec ec = is_one_file(files, path)
                     ? policy_parse(&policy, files->v[0].text, path, now_s, err)
                     : policy_load(&policy, path, now_s, err);
    engine_policy_free(policy);
    return ec;
}

/* The webhook reads a folder, and knows rule files by their names there: one file may have had any. */
static struct str key_of(const struct files *files, const char *path, size_t i) {
    struct str name = files->v[i].name;
    if (is_one_file(files, path))
        return str_ends(name, STR(".json")) ? STR("policy.json") : STR("policy.yaml");
    for (size_t slash; (slash = str_find(name, '/')) < name.n;)
        name = str_slice(name, slash + 1, name.n);
    return name;
}

/* As a JSON text in the way Go writes it, which kubectl does. */
static size_t annotation_bytes(struct str s) {
    size_t bytes = s.n;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '"' || c == '\\' || c == '\n')
            bytes += 1;
        else if (c == '<' || c == '>' || c == '&' || (unsigned char)c < ' ')
            bytes += 5; /* \u0026 */
    }
    return bytes;
}

static void warn_of_size(const struct render *r) {
    size_t bytes = 0;
    for (size_t i = 0; i < r->files.n; i++)
        bytes += annotation_bytes(r->keys[i].text) + r->keys[i].key.n + 6; /* "":"", */
    if (bytes > CONFIGMAP_APPLY_MAX)
        verb_tell("policyctl: warning: the rule files are too large for a plain kubectl apply "
                  "(%zu bytes in its annotation, %d fit): use kubectl apply --server-side",
                  bytes, CONFIGMAP_APPLY_MAX);
}

static enum ec read_policy(struct render *r, const char *path, struct err *err) {
    if (policy_named(path, err) != EC_OK || files_read(&r->files, path, true, err) != EC_OK ||
        check_policy(&r->files, path, err) != EC_OK)
        return err->code;
    if (r->files.n > FILES_IN_CONFIGMAP_MAX)
        return err_set(err, EC_LIMIT, "%s holds more than the %d rule files allowed", path,
                       FILES_IN_CONFIGMAP_MAX);
    for (size_t i = 0; i < r->files.n; i++)
        r->keys[i] = (struct manifests_file){.key = key_of(&r->files, path, i),
                                             .text = r->files.v[i].text};
    return EC_OK;
}

static enum ec read_pem(struct buf *out, const char *dir, const char *name, struct err *err) {
    struct buf path = BUF_INIT(65536);
    buf_printf(&path, "%s/%s", dir, name);
    const char *z = buf_z(&path);
    enum ec ec = z ? certs_read(out, z, err) : err_set(err, EC_NOMEM, "out of memory");
    buf_done(&path);
    return ec;
}

/* A webhook whose certificate the API server refuses is worse than none: say so here. */
static enum ec check_certs(const struct render *r, const char *namespace, struct err *err) {
    struct certs_info info;
    unsigned problems = 0;
    char name[128];
    snprintf(name, sizeof name, "pullgate.%.63s.svc", namespace);
    if (certs_check(&info, &problems, buf_view(&r->tls_crt), buf_view(&r->tls_key),
                    buf_view(&r->ca_crt), str_of(name), clock_wall_us() / 1000000,
                    err) != EC_OK)
        return err->code;
    if (problems & CERTS_NAME_MISSING)
        return err_set(err, EC_CRYPTO,
                       "tls.crt lacks the name %s, it has %.200s; policyctl certs init "
                       "--namespace %s makes one with it",
                       name, info.names, namespace);
    if (problems & (CERTS_EXPIRED | CERTS_NOT_YET_VALID))
        return err_set(err, EC_CRYPTO, "tls.crt %s",
                       problems & CERTS_EXPIRED ? "has expired" : "is not valid yet");
    if (problems & CERTS_NOT_SERVER)
        return err_set(err, EC_CRYPTO, "tls.crt is not for servers (extended key usage)");
    if (problems & CERTS_UNFIT)
        return err_set(err, EC_CRYPTO, "no client can use tls.crt: %s", info.unfit);
    if (problems & CERTS_CHAIN)
        return err_set(err, EC_CRYPTO, "tls.crt has no chain to ca.crt: %s", info.chain);
    if (problems & CERTS_SOON)
        verb_tell("policyctl: warning: a third of the life of tls.crt or less is left");
    return EC_OK;
}

static enum ec read_certs(struct render *r, const struct options *o, struct err *err) {
    if (o->certs == NULL)
        return err_set(err, EC_USAGE,
                       "--certs is missing: a folder made by \"policyctl certs init\"");
    if (read_pem(&r->ca_crt, o->certs, "ca.crt", err) != EC_OK ||
        read_pem(&r->tls_crt, o->certs, "tls.crt", err) != EC_OK ||
        read_pem(&r->tls_key, o->certs, "tls.key", err) != EC_OK ||
        check_certs(r, o->namespace, err) != EC_OK ||
        certs_bundle(&r->ca_bundle, buf_view(&r->ca_crt), err) != EC_OK)
        return err_wrap(err, "%s", o->certs);
    return EC_OK;
}

/* ---- printing -------------------------------------------------------------------------- */

static enum ec print_objects(struct render *r, struct err *err) {
    struct json j = JSON_INIT;
    char *padding = buf_room(&r->json, JSON_PADDING);
    if (padding == NULL)
        return err_set(err, EC_NOMEM, "out of memory");
    memset(padding, 0, JSON_PADDING);
    enum ec ec = json_parse(&j, r->json.p, r->json.n,
                            (struct json_limits){.max_depth = 128, .max_nodes = 1 << 20}, err);
    for (json_at o = ec == EC_OK ? json_first(&j, 0) : JSON_NONE; o != JSON_NONE && ec == EC_OK;
         o = json_next(&j, 0, o)) {
        buf_puts(&r->out, "---\n");
        ec = yaml_print(&j, o, &r->out, err);
    }
    json_done(&j);
    return ec;
}

static enum ec render(struct render *r, const struct options *o, struct err *err) {
    if (check_image(o->image, err) != EC_OK || check_namespace(o->namespace, err) != EC_OK ||
        read_policy(r, o->policy, err) != EC_OK || read_certs(r, o, err) != EC_OK)
        return err->code;
    const struct manifests_request request = {.namespace = str_of(o->namespace),
                                              .image = str_of(o->image),
                                              .failure_policy =
                                                  failure_words[o->failure_policy],
                                              .replicas = (uint32_t)o->replicas,
                                              .files = r->keys,
                                              .n_files = r->files.n,
                                              .ca_crt = buf_view(&r->ca_crt),
                                              .tls_crt = buf_view(&r->tls_crt),
                                              .tls_key = buf_view(&r->tls_key),
                                              .ca_bundle = buf_view(&r->ca_bundle)};
    if (manifests_fill(&r->json, &request, err) != EC_OK)
        return err->code;
    warn_of_size(r);
    return print_objects(r, err);
}

static int run(const struct options *o, const struct opt_result *args) {
    struct err err = ERR_INIT;
    struct render r = {.ca_crt = BUF_INIT(CERTS_READ_ROOM),
                       .tls_crt = BUF_INIT(CERTS_READ_ROOM),
                       .tls_key = BUF_INIT(CERTS_READ_ROOM),
                       .ca_bundle = BUF_INIT(1 << 20),
                       .json = BUF_INIT(OUT_MAX),
                       .out = BUF_INIT(OUT_MAX)};
    int status = EXIT_ALLOWED;
    if (args->n_operands != 0)
        err_set(&err, EC_USAGE, "unexpected argument \"%.100s\"", args->operands[0]);
    else
        (void)!render(&r, o, &err);
    if (err.code != EC_OK)
        status = verb_fail(&err);
    else if (!verb_print(&r.out))
        status = EXIT_INPUT;
    files_done(&r.files);
    buf_done(&r.ca_crt);
    buf_done(&r.tls_crt);
    buf_done(&r.ca_bundle);
    certs_wipe(&r.tls_key);
    certs_wipe(&r.json);
    certs_wipe(&r.out);
    return status;
}

int cmd_render(const struct verb *self, int argc, char **argv) {
    struct options options = {.image = NULL};
    struct opt_result result;
    struct buf text = BUF_INIT(1 << 20);
    int status;
    if (verb_options(self, &options, argc, argv, &result, &text, &status))
        status = run(&options, &result);
    buf_done(&text);
    return status;
}
