/* The loop, and the credentials that it reads again. */
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "kube/internal.h"

#include <poll.h>

enum { IDLE_CONNECTIONS = 32, DEFAULT_REQUESTS = 5 };
enum { REREAD_MS = 60000, TIMEOUT_MS = 30000, RELIST_MS = 3600000, STALL_MS = 150000 };
enum { ANSWER_MAX = 16 << 20, LINE_MAX_BYTES = 4 << 20 };

const char *const kube_accepts[2] = {
    "application/json",
    "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,"
    "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"};

/* ---- paths ------------------------------------------------------------------------------- */

static void put_escaped(struct buf *out, struct str s) {
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
    for (size_t i = 0; i < s.n; i++)
        if (memchr(plain, s.p[i], sizeof plain - 1) != NULL)
            buf_putc(out, s.p[i]);
        else
            buf_printf(out, "%%%02X", (unsigned char)s.p[i]);
}

static void put_part(struct buf *out, const char *before, struct str s) {
    if (s.n == 0)
        return;
    buf_puts(out, before);
    put_escaped(out, s);
}

void kube_path(struct buf *out, struct str group, struct str resource, struct str namespace,
               struct str name) {
    buf_puts(out, group.n ? "/apis/" : "/api/v1");
    buf_str(out, group); /* "apps/v1": a constant of the caller */
    put_part(out, "/namespaces/", namespace);
    put_part(out, "/", resource);
    put_part(out, "/", name);
}

void kube_query(struct buf *out, const char *key, struct str value) {
    if (value.n == 0)
        return;
    buf_putc(out, str_find(buf_view(out), '?') == out->n ? '?' : '&');
    buf_printf(out, "%s=", key);
    put_escaped(out, value);
}

/* ---- credentials ------------------------------------------------------------------------- */

static void wipe_buf(struct buf *b) {
    if (b->p != NULL)
        explicit_bzero(b->p, b->cap);
    buf_done(b);
}

/* Room for all that file_read() may want: growing would leave copies behind. */
static enum ec read_into(struct kube_bytes *out, const char *prefix, const char *path,
                         size_t max, struct err *err) {
    AUTO(wipe_buf) struct buf text = BUF_INIT(max + KUBE_READ_AHEAD);
    struct kube_bytes found = {.p = NULL};
    if (buf_room(&text, max + KUBE_READ_AHEAD) == NULL)
        return err_set(err, EC_NOMEM, "no memory to read %s", path);
    if (file_read(&text, path, max, err) != EC_OK)
        return err->code;
    struct str trimmed = str_trim(buf_view(&text));
    if (trimmed.n == 0)
        return err_set(err, EC_USAGE, "%s: found an empty file", path);
    if (kube_bytes_add(&found, str_of(prefix), SIZE_MAX, err) != EC_OK ||
        kube_bytes_add(&found, trimmed, SIZE_MAX, err) != EC_OK) {
        kube_bytes_done(&found);
        return err->code;
    }
    found.p[found.n] = '\0'; /* in the padding */
    kube_bytes_done(out);
    *out = found;
    return EC_OK;
}

/* A line end would begin another header. */
static enum ec check_token(const struct kube *k, struct err *err) {
    for (size_t i = 0; i < k->token.n; i++)
        if ((unsigned char)k->token.p[i] < ' ' || k->token.p[i] == 0x7f)
            return err_set(err, EC_USAGE,
                           "%s: byte %zu is a control character, expected a token",
                           k->token_file, i);
    return EC_OK;
}

enum ec kube_credentials_read(struct kube *k, struct err *err) {
    k->reread_ns = clock_mono_ns() + (int64_t)k->config.reread_ms * KUBE_NS_PER_MS;
    if (k->ca_file != NULL && read_into(&k->ca, "", k->ca_file, KUBE_CA_MAX, err) != EC_OK)
        return err->code;
    if (k->token_file == NULL)
        return EC_OK;
    if (read_into(&k->token, "Authorization: Bearer ", k->token_file, KUBE_TOKEN_MAX, err) !=
        EC_OK)
        return err->code;
    return check_token(k, err);
}

/* ---- configuration ----------------------------------------------------------------------- */

enum ec kube_server_in_cluster(struct buf *out, const char *host, const char *port,
                               struct err *err) {
    if (host == NULL || *host == '\0' || port == NULL || *port == '\0')
        return err_set(
            err, EC_USAGE,
            "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set: not in a "
            "pod; name the API server with --server");
    bool v6 = strchr(host, ':') != NULL;
    buf_printf(out, "https://%s%s%s:%s", v6 ? "[" : "", host, v6 ? "]" : "", port);
    return out->bad ? err_set(err, EC_NOMEM, "no memory for the address") : EC_OK;
}

/* A token goes only where nobody else can read it. */
static enum ec check_server(const char *server, struct err *err) {
    static const char *const good[] = {"https://", "http://127.", "http://[::1]"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (server != NULL && str_starts(str_of(server), str_of(good[i])))
            return EC_OK;
    return err_set(err, EC_USAGE, "server: found \"%.200s\", expected https://HOST:PORT",
                   server ? server : "");
}

#define DEFAULT(field, value) config.field = config.field ? config.field : (value)

static struct kube_config with_defaults(struct kube_config config) {
    DEFAULT(reread_ms, REREAD_MS);
    DEFAULT(max_requests, DEFAULT_REQUESTS);
    DEFAULT(timeout_ms, TIMEOUT_MS);
    DEFAULT(relist_ms, RELIST_MS);
    DEFAULT(stall_ms, STALL_MS);
    DEFAULT(max_answer, ANSWER_MAX);
    DEFAULT(max_line, LINE_MAX_BYTES);
    return config;
}

static bool keep(char **out, const char *z) {
    *out = z == NULL ? NULL : mem_strdup(str_of(z));
    return z == NULL || *out != NULL;
}

static bool keep_texts(struct kube *k, const struct kube_config *c) {
    return keep(&k->server, c->server) && keep(&k->token_file, c->token_file) &&
           keep(&k->ca_file, c->ca_file) && keep(&k->cert_file, c->cert_file) &&
           keep(&k->key_file, c->key_file) &&
           keep(&k->user_agent, c->user_agent ? c->user_agent : "pullgate");
}

static enum ec open_client(struct kube *k, const struct kube_config *config, struct err *err) {
    k->config = with_defaults(*config);
    k->random = config->seed;
    k->tasks_end = &k->tasks;
    k->json = (struct json)JSON_INIT;
    k->multi = curl_multi_init();
    if (!keep_texts(k, config) || k->multi == NULL ||
        curl_multi_setopt(k->multi, CURLMOPT_MAXCONNECTS, (long)IDLE_CONNECTIONS) != CURLM_OK)
        return err_set(err, EC_NOMEM, "no memory for a client");
    return kube_credentials_read(k, err);
}

enum ec kube_new(struct kube **out, const struct kube_config *config, struct err *err) {
    if (check_server(config->server, err) != EC_OK)
        return err->code;
    struct kube *k = mem_zalloc(sizeof *k);
    if (k == NULL)
        return err_set(err, EC_NOMEM, "no memory for a client");
    if (open_client(k, config, err) != EC_OK) {
        kube_free(k);
        return err->code;
    }
    *out = k;
    return EC_OK;
}

void kube_free(struct kube *k) {
    if (k == NULL)
        return;
    kube_tasks_free(k);
    kube_watches_free(k);
    if (k->multi != NULL)
        curl_multi_cleanup(k->multi);
    kube_bytes_done(&k->token);
    kube_bytes_done(&k->ca);
    json_done(&k->json);
    char *texts[] = {k->server,    k->token_file, k->ca_file,
                     k->cert_file, k->key_file,   k->user_agent};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        mem_free(texts[i]);
    mem_free(k);
}

void kube_stats(const struct kube *k, struct kube_stats *out) {
    *out = k->stats;
}

void kube_pause(struct kube *k, uint64_t ms) {
    int64_t end_ns = clock_mono_ns() + (int64_t)ms * KUBE_NS_PER_MS;
    if (end_ns > k->paused_ns)
        k->paused_ns = end_ns;
}

/* ---- the loop ---------------------------------------------------------------------------- */

/* Files that cannot be read now keep what they had: a kubelet may be replacing them. */
static void reread_credentials(struct kube *k, int64_t now_ns) {
    struct err ignored = ERR_INIT;
    if (now_ns >= k->reread_ns)
        (void)!kube_credentials_read(k, &ignored);
}

static enum ec start_due(struct kube *k, int64_t now_ns, int64_t *next_ns, struct err *err) {
    reread_credentials(k, now_ns);
    if (now_ns < k->paused_ns) {
        *next_ns = k->paused_ns < *next_ns ? k->paused_ns : *next_ns;
        return EC_OK;
    }
    if (kube_watches_start(k, now_ns, next_ns, err) != EC_OK)
        return err->code;
    return kube_tasks_start(k, now_ns, next_ns, err);
}

static enum ec fail(CURLMcode code, struct err *err) {
    return err_set(err, code == CURLM_OUT_OF_MEMORY ? EC_NOMEM : EC_BUG, "libcurl: %s",
                   curl_multi_strerror(code));
}

static void end_exchanges(struct kube *k) {
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(k->multi, &left)) != NULL) {
        char *x = NULL;
        CURLcode result = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &x);
        kube_exchange_end((struct kube_exchange *)(void *)x, result);
    }
}

static int wait_of(int64_t now_ns, int64_t next_ns, unsigned wait_ms) {
    int64_t ms = next_ns == INT64_MAX ? wait_ms : (next_ns - now_ns) / KUBE_NS_PER_MS + 1;
    ms = ms < 0 ? 0 : ms;
    return (int)(ms < wait_ms ? ms : wait_ms);
}

enum ec kube_run(struct kube *k, int wake_fd, unsigned wait_ms, struct err *err) {
    struct curl_waitfd wake = {.fd = wake_fd, .events = CURL_WAIT_POLLIN};
    int64_t now_ns = clock_mono_ns(), next_ns = INT64_MAX;
    int running;
    if (start_due(k, now_ns, &next_ns, err) != EC_OK)
        return err->code;
    CURLMcode code =
        curl_multi_poll(k->multi, &wake, wake_fd >= 0, wait_of(now_ns, next_ns, wait_ms), NULL);
    if (code == CURLM_OK)
        code = curl_multi_perform(k->multi, &running);
    if (code != CURLM_OK)
        return fail(code, err);
    end_exchanges(k);
    return EC_OK;
}
