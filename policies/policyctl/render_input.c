#include "base/clock.h"
#include "certs/certs.h"
#include "engine/policy.h"
#include "policyctl/render.h"
#include "policyctl/verb.h"

#include <stdio.h>

/* kubectl apply keeps the whole object in an annotation, and all of these have 262144 bytes. */
enum { CONFIGMAP_APPLY_MAX = 250000 };

/* ---- rule files ------------------------------------------------------------------------ */

static bool is_one_file(const struct rules_files *files, const char *path) {
    return files->n == 1 && str_eq(files->v[0].name, str_of(path));
}

/* The rule files must load before their bytes are worth a ConfigMap. */
static enum ec check_policy(const struct rules_files *files, const char *path,
                            struct err *err) {
    struct policy *policy = NULL;
    int64_t now_s = clock_wall_s();
    enum ec ec = is_one_file(files, path)
                     ? verb_policy_parse(&policy, files->v[0].text, path, now_s, err)
                     : verb_policy(&policy, path, now_s, err);
    engine_policy_free(policy);
    return ec;
}

/* The webhook reads a folder and selects rule files by name; a single file may have any name here. */
static struct str config_key(const struct rules_files *files, const char *path, size_t i) {
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

void render_input_warn(const struct render_input *r) {
    size_t bytes = 0;
    for (size_t i = 0; i < r->files.n; i++)
        bytes += annotation_bytes(r->keys[i].text) + r->keys[i].key.n + 6; /* "":"", */
    if (bytes > CONFIGMAP_APPLY_MAX)
        verb_tell("policyctl: warning: the rule files are too large for a plain kubectl apply "
                  "(%zu bytes in its annotation, %d fit): use kubectl apply --server-side",
                  bytes, CONFIGMAP_APPLY_MAX);
}

enum ec render_input_policy(struct render_input *r, const char *flag, struct err *err) {
    const char *path = verb_policy_path(flag);
    if (path == NULL)
        return verb_no_policy(err);
    if (rules_read_files(&r->files, path, true, err) != EC_OK ||
        check_policy(&r->files, path, err) != EC_OK)
        return err->code;
    if (r->files.n > RENDER_FILES_MAX)
        return err_set(err, EC_LIMIT, "%s contains more than the %d rule files allowed", path,
                       RENDER_FILES_MAX);
    for (size_t i = 0; i < r->files.n; i++)
        r->keys[i] = (struct render_file){.key = config_key(&r->files, path, i),
                                          .text = r->files.v[i].text};
    return EC_OK;
}

/* ---- certificates ---------------------------------------------------------------------- */

static enum ec read_certs_file(struct buf *out, const char *dir, const char *name,
                               struct err *err) {
    struct buf path = BUF_INIT(65536);
    buf_printf(&path, "%s/%s", dir, name);
    const char *z = buf_z(&path);
    enum ec ec = z ? certs_read(out, z, err) : err_set(err, EC_NOMEM, "out of memory");
    buf_done(&path);
    return ec;
}

/* A webhook whose certificate the API server refuses is worse than none: refuse it here. */
static enum ec check_certs(const struct render_input *r, const char *namespace,
                           struct err *err) {
    struct certs_info info;
    unsigned problems = 0;
    char name[128];
    snprintf(name, sizeof name, "pullgate.%.63s.svc", namespace);
    if (certs_check(&info, &problems, buf_view(&r->tls_crt), buf_view(&r->tls_key),
                    buf_view(&r->ca_crt), str_of(name), clock_wall_s(), err) != EC_OK)
        return err->code;
    if (problems & CERTS_NAME_MISSING)
        return err_set(err, EC_CRYPTO,
                       "tls.crt lacks the name %s, it has %.200s; %s certs init --namespace "
                       "%s creates one with it",
                       name, info.names, verb_program(), namespace);
    if (problems & (CERTS_EXPIRED | CERTS_NOT_YET_VALID))
        return err_set(err, EC_CRYPTO, "tls.crt %s",
                       problems & CERTS_EXPIRED ? "has expired" : "is not valid yet");
    if (problems & CERTS_NOT_SERVER)
        return err_set(err, EC_CRYPTO,
                       "tls.crt is not a server certificate (extended key usage)");
    if (problems & CERTS_UNFIT)
        return err_set(err, EC_CRYPTO, "no client can use tls.crt: %s", info.unfit);
    if (problems & CERTS_CHAIN)
        return err_set(err, EC_CRYPTO, "tls.crt has no chain to ca.crt: %s", info.chain);
    if (problems & CERTS_SOON)
        verb_tell("policyctl: warning: a third of the lifetime of tls.crt or less remains");
    return EC_OK;
}

enum ec render_input_certs(struct render_input *r, const char *dir, const char *namespace,
                           struct err *err) {
    if (dir == NULL)
        return err_set(err, EC_USAGE,
                       "--certs is missing: a folder created by \"%s certs init\"",
                       verb_program());
    if (read_certs_file(&r->ca_crt, dir, "ca.crt", err) != EC_OK ||
        read_certs_file(&r->tls_crt, dir, "tls.crt", err) != EC_OK ||
        read_certs_file(&r->tls_key, dir, "tls.key", err) != EC_OK ||
        check_certs(r, namespace, err) != EC_OK ||
        certs_bundle(&r->ca_bundle, buf_view(&r->ca_crt), err) != EC_OK)
        return err_wrap(err, "%s", dir);
    return EC_OK;
}

void render_input_done(struct render_input *r) {
    rules_files_done(&r->files);
    buf_done(&r->ca_crt);
    buf_done(&r->tls_crt);
    buf_done(&r->ca_bundle);
    certs_wipe(&r->tls_key);
}
