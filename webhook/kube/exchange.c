/* One HTTP request by libcurl, from its options to its end. */
#include "base/mem.h"
#include "kube/internal.h"

#include <strings.h>

enum { CONNECT_MS = 10000, KEEPALIVE_IDLE_S = 30, KEEPALIVE_EACH_S = 10, URL_MAX = 8192 };

struct kube_exchange {
    struct kube *k;
    CURL *easy;
    struct curl_slist *headers;
    struct kube_bytes answer;
    struct kube_request
        request; /* texts are libcurl's copies; method, path are not used later */
    uint64_t retry_after_ms;
    bool has_retry_after, was_fed_enough;
    struct err err; /* of the functions that libcurl calls */
    char fault[CURL_ERROR_SIZE];
};

/* ---- called by libcurl --------------------------------------------------------------------- */

static unsigned status_of(const struct kube_exchange *x) {
    long status = 0;
    curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status);
    return (unsigned)status;
}

static size_t take_bytes(char *bytes, size_t size, size_t count, void *arg) {
    struct kube_exchange *x = arg;
    struct str more = {bytes, size * count};
    if (x->request.feed != NULL && status_of(x) == 200) {
        x->was_fed_enough = !x->request.feed(x->request.owner, more);
        return x->was_fed_enough ? 0 : more.n;
    }
    bool taken = kube_bytes_add(&x->answer, more, x->k->config.max_answer, &x->err) == EC_OK;
    return taken || more.n == 0 ? more.n : 0;
}

static size_t take_header(char *bytes, size_t size, size_t count, void *arg) {
    struct kube_exchange *x = arg;
    struct str line = {bytes, size * count}, name = STR("retry-after");
    size_t colon = str_find(line, ':');
    if (str_eq_nocase(str_slice(line, 0, colon), name))
        x->has_retry_after =
            kube_retry_after(str_slice(line, colon + 1, line.n), &x->retry_after_ms);
    return line.n;
}

/* ---- options ------------------------------------------------------------------------------- */

static bool add_header(struct kube_exchange *x, const char *line) {
    struct curl_slist *more = curl_slist_append(x->headers, line);
    if (more == NULL)
        return false;
    x->headers = more;
    return true;
}

static bool add_headers(struct kube_exchange *x, const struct kube_request *r) {
    char line[256];
    struct buf text = BUF_OVER(line, sizeof line);
    buf_printf(&text, "Accept: %s", r->accept);
    bool added = buf_z(&text) != NULL && add_header(x, line);
    if (added && x->k->token.n != 0)
        added = add_header(x, x->k->token.p);
    buf_reset(&text);
    if (added && r->content_type != NULL) {
        buf_printf(&text, "Content-Type: %s", r->content_type);
        added = buf_z(&text) != NULL && add_header(x, line);
    }
    /* libcurl would wait for "100 Continue" before a larger body */
    return added && (r->content_type == NULL || add_header(x, "Expect:"));
}

/* Sets an option; the first failure stays. */
#define SET(option, value)                                                                     \
    do {                                                                                       \
        if (result == CURLE_OK)                                                                \
            result = curl_easy_setopt(x->easy, option, value);                                 \
    } while (0)

static CURLcode set_transport(struct kube_exchange *x) {
    const struct kube *k = x->k;
    CURLcode result = CURLE_OK;
    bool tls = str_starts(str_of(k->server), STR("https:"));
    struct curl_blob ca = {k->ca.p, k->ca.n, CURL_BLOB_COPY};
    SET(CURLOPT_PROTOCOLS_STR, tls ? "https" : "http");
    SET(CURLOPT_PROXY, ""); /* the API server is asked directly */
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (k->ca.n != 0)
        SET(CURLOPT_CAINFO_BLOB, &ca);
    if (k->cert_file != NULL)
        SET(CURLOPT_SSLCERT, k->cert_file);
    if (k->key_file != NULL)
        SET(CURLOPT_SSLKEY, k->key_file);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    SET(CURLOPT_TCP_KEEPALIVE, 1L);
    SET(CURLOPT_TCP_KEEPIDLE, (long)KEEPALIVE_IDLE_S);
    SET(CURLOPT_TCP_KEEPINTVL, (long)KEEPALIVE_EACH_S);
    return result;
}

static CURLcode set_request(struct kube_exchange *x, const struct kube_request *r,
                            const char *url) {
    CURLcode result = set_transport(x);
    SET(CURLOPT_URL, url);
    SET(CURLOPT_CUSTOMREQUEST, r->method);
    SET(CURLOPT_USERAGENT, x->k->user_agent);
    SET(CURLOPT_HTTPHEADER, x->headers);
    if (r->content_type != NULL) {
        SET(CURLOPT_POSTFIELDS, r->body.n ? r->body.p : "");
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body.n);
    }
    SET(CURLOPT_TIMEOUT_MS, (long)r->timeout_ms);
    if (r->stall_ms != 0) {
        SET(CURLOPT_LOW_SPEED_LIMIT, 1L);
        SET(CURLOPT_LOW_SPEED_TIME, (long)((r->stall_ms + 999) / 1000));
    }
    SET(CURLOPT_WRITEFUNCTION, take_bytes);
    SET(CURLOPT_WRITEDATA, x);
    SET(CURLOPT_HEADERFUNCTION, take_header);
    SET(CURLOPT_HEADERDATA, x);
    SET(CURLOPT_ERRORBUFFER, x->fault);
    SET(CURLOPT_PRIVATE, x);
    return result;
}

/* ---- life ----------------------------------------------------------------------------------- */

static void free_exchange(struct kube_exchange *x) {
    if (x == NULL)
        return;
    if (x->easy != NULL) {
        curl_multi_remove_handle(x->k->multi, x->easy);
        curl_easy_cleanup(x->easy);
    }
    curl_slist_free_all(x->headers);
    kube_bytes_done(&x->answer);
    mem_free(x);
}

static enum ec no_memory(struct err *err) {
    return err_set(err, EC_NOMEM, "no memory for a request");
}

static enum ec start(struct kube_exchange *x, const struct kube_request *r, struct err *err) {
    AUTO(buf_done) struct buf url = BUF_INIT(URL_MAX);
    buf_printf(&url, "%s%s", x->k->server, r->path);
    if (buf_z(&url) == NULL)
        return url.bad == EC_LIMIT
                   ? err_set(err, EC_BUG, "a path of more than %d bytes", URL_MAX)
                   : no_memory(err);
    x->easy = curl_easy_init();
    if (x->easy == NULL || !add_headers(x, r))
        return no_memory(err);
    CURLcode result = set_request(x, r, url.p);
    if (result == CURLE_OUT_OF_MEMORY)
        return no_memory(err);
    if (result != CURLE_OK)
        return err_set(err, EC_BUG, "libcurl: %s", curl_easy_strerror(result));
    CURLMcode added = curl_multi_add_handle(x->k->multi, x->easy);
    if (added == CURLM_OUT_OF_MEMORY)
        return no_memory(err);
    return added == CURLM_OK ? EC_OK
                             : err_set(err, EC_BUG, "libcurl: %s", curl_multi_strerror(added));
}

enum ec kube_exchange_start(struct kube_exchange **out, struct kube *k,
                            const struct kube_request *request, struct err *err) {
    struct kube_exchange *x = mem_zalloc(sizeof *x);
    if (x == NULL)
        return no_memory(err);
    x->k = k;
    x->request = *request;
    if (start(x, request, err) != EC_OK) {
        free_exchange(x);
        return err->code;
    }
    k->stats.requests++;
    *out = x;
    return EC_OK;
}

void kube_exchange_drop(struct kube_exchange *x) {
    free_exchange(x);
}

/* An end that feed() wanted is none of libcurl's failures. */
static void describe_failure(struct kube_exchange *x, CURLcode result) {
    struct err *err = &x->err;
    if (err->code != EC_OK || result == CURLE_OK || x->was_fed_enough)
        return;
    err_set(err, result == CURLE_OUT_OF_MEMORY ? EC_NOMEM : EC_IO, "%s: %s", x->k->server,
            x->fault[0] ? x->fault : curl_easy_strerror(result));
}

void kube_exchange_end(struct kube_exchange *x, CURLcode result) {
    unsigned status = status_of(x);
    describe_failure(x, result);
    struct kube_outcome outcome = {.status = x->err.code == EC_OK ? status : 0,
                                   .body = &x->answer,
                                   .retry_after_ms = x->retry_after_ms,
                                   .has_retry_after = x->has_retry_after,
                                   .was_fed_enough = x->was_fed_enough,
                                   .err = &x->err};
    if (status == 429)
        x->k->stats.throttled++;
    x->request.ended(x->request.owner, &outcome);
    free_exchange(x);
}
