#include "registry/transfer.h"

#include "base/mem.h"
#include "registry/manifest.h"
#include "json/json.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEADERS_MAX = 64 << 10, CONNECT_MS = 10000 };

/* ---- what comes in ------------------------------------------------------------------- */

static size_t take_body(char *bytes, size_t size, size_t n, void *arg) {
    struct registry_transfer *t = arg;
    size_t room = t->request->max_bytes - t->body.n;
    t->too_large = size * n > room;
    if (t->too_large)
        return 0;
    buf_add(&t->body, bytes, size * n);
    t->no_memory = t->body.bad != 0;
    return t->no_memory ? 0 : size * n;
}

static void keep_header(struct registry_transfer *t, struct str name, struct str value) {
    static const struct {
        struct str name;
        enum registry_header header;
    } rows[] = {{STR_INIT("www-authenticate"), REGISTRY_HEADER_CHALLENGE},
                {STR_INIT("content-type"), REGISTRY_HEADER_TYPE},
                {STR_INIT("docker-content-digest"), REGISTRY_HEADER_DIGEST},
                {STR_INIT("ratelimit-limit"), REGISTRY_HEADER_LIMIT},
                {STR_INIT("ratelimit-remaining"), REGISTRY_HEADER_LEFT},
                {STR_INIT("warning"), REGISTRY_HEADER_WARNING}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf *to = &t->headers[rows[i].header];
        if (!str_eq_nocase(rows[i].name, name))
            continue;
        if (to->n != 0)
            buf_puts(to, ", ");
        buf_str(to, value);
        t->no_memory = t->no_memory || to->bad != 0;
    }
}

static size_t take_header(char *bytes, size_t size, size_t n, void *arg) {
    struct registry_transfer *t = arg;
    struct str line = {bytes, size * n};
    t->head_bytes += line.n;
    t->too_large = t->head_bytes > HEADERS_MAX;
    if (str_starts(line, STR("HTTP/"))) /* a 100 or 103 came before */
        for (size_t i = 0; i < REGISTRY_N_HEADERS; i++)
            buf_reset(&t->headers[i]);
    size_t colon = str_find(line, ':');
    if (!t->too_large && colon < line.n)
        keep_header(t, str_slice(line, 0, colon), str_trim(str_slice(line, colon + 1, line.n)));
    return t->too_large || t->no_memory ? 0 : line.n;
}

/* ---- where it goes ------------------------------------------------------------------- */

static enum registry_place place_of(const struct curl_sockaddr *a) {
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    if (a->family == AF_INET) {
        memcpy(&v4, &a->addr, sizeof v4);
        return registry_where_address((const uint8_t *)&v4.sin_addr, 4);
    }
    if (a->family != AF_INET6)
        return REGISTRY_FORBIDDEN;
    memcpy(&v6, (const void *)&a->addr, sizeof v6);
    return registry_where_address((const uint8_t *)&v6.sin6_addr, 16);
}

/* A registry may be at any address but the forbidden ones. Where it sends to: not to loopback, unless it is there
 * itself. A proxy is the user's own choice. */
static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *a) {
    struct registry_transfer *t = arg;
    enum registry_place place = place_of(a);
    bool inside = place == REGISTRY_LOOPBACK && !t->request->home;
    (void)purpose;
    if (!t->proxied &&
        (place == REGISTRY_FORBIDDEN || (inside && t->request->place != REGISTRY_LOOPBACK))) {
        t->blocked = true;
        return CURL_SOCKET_BAD;
    }
    return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

/* "" where there is none. */
static const char *proxy_for(const struct registry_options *o, const char *text) {
    struct registry_url url;
    if (!registry_where_read(&url, str_of(text)) ||
        registry_where_place(url.host) == REGISTRY_LOOPBACK ||
        registry_where_no_proxy(str_of(o->no_proxy), url.host, url.port))
        return "";
    const char *proxy = url.https ? o->https_proxy : o->http_proxy;
    return proxy != NULL ? proxy : "";
}

/* ---- options ------------------------------------------------------------------------- */

struct pointer_option {
    CURLoption option;
    const void *value;
};

static CURLcode set_pointers(struct registry_transfer *t) {
    const struct registry_options *o = t->options;
    const struct registry_request *r = t->request;
    const char *proxy = proxy_for(o, r->url);
    bool form = r->form.n != 0;
    t->proxied = proxy[0] != '\0';
    const struct pointer_option rows[] = {{CURLOPT_URL, r->url},
                                          {CURLOPT_PROXY, proxy},
                                          {CURLOPT_NOPROXY, ""},
                                          {CURLOPT_PROTOCOLS_STR, "http,https"},
                                          {CURLOPT_CAINFO, o->ca},
                                          {CURLOPT_SSLCERT, r->home ? o->client_cert : NULL},
                                          {CURLOPT_SSLKEY, r->home ? o->client_key : NULL},
                                          {CURLOPT_USERAGENT, "policyctl"},
                                          {CURLOPT_HTTPHEADER, r->manifests ? t->accept : NULL},
                                          {CURLOPT_POSTFIELDS, form ? r->form.p : NULL},
                                          {CURLOPT_ERRORBUFFER, t->detail},
                                          {CURLOPT_WRITEDATA, t},
                                          {CURLOPT_HEADERDATA, t},
                                          {CURLOPT_OPENSOCKETDATA, t},
                                          {CURLOPT_PRIVATE, t}};
    CURLcode code = CURLE_OK;
    for (size_t i = 0; i < sizeof rows / sizeof *rows && code == CURLE_OK; i++)
        if (rows[i].value != NULL)
            code = t->curl->easy_setopt(t->easy, rows[i].option, rows[i].value);
    return code;
}

static CURLcode set_numbers(struct registry_transfer *t) {
    const struct registry_request *r = t->request;
    const struct {
        CURLoption option;
        long value;
    } rows[] = {{CURLOPT_NOSIGNAL, 1},
                {CURLOPT_NETRC, CURL_NETRC_IGNORED},
                {CURLOPT_FOLLOWLOCATION, 0},
                {CURLOPT_PATH_AS_IS, 1},
                {CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1},
                {CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
                {CURLOPT_SUPPRESS_CONNECT_HEADERS, 1},
                {CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS},
                {CURLOPT_TIMEOUT_MS, (long)t->options->timeout_ms},
                {r->form.n != 0 ? CURLOPT_POSTFIELDSIZE : CURLOPT_HTTPGET,
                 r->form.n != 0 ? (long)r->form.n : 1},
                {CURLOPT_NOBODY, r->head}};
    CURLcode code = CURLE_OK;
    for (size_t i = 0; i < sizeof rows / sizeof *rows && code == CURLE_OK; i++)
        code = t->curl->easy_setopt(t->easy, rows[i].option, rows[i].value);
    return code;
}

static CURLcode set_functions(struct registry_transfer *t) {
    CURLcode code = t->curl->easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, take_body);
    if (code == CURLE_OK)
        code = t->curl->easy_setopt(t->easy, CURLOPT_HEADERFUNCTION, take_header);
    if (code == CURLE_OK)
        code = t->curl->easy_setopt(t->easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    return code;
}

static CURLcode set_secret(struct registry_transfer *t, CURLoption option, struct str value) {
    char *z = mem_strdup(value);
    if (z == NULL)
        return CURLE_OUT_OF_MEMORY;
    CURLcode code = t->curl->easy_setopt(t->easy, option, z);
    explicit_bzero(z, value.n);
    mem_free(z);
    return code;
}

static CURLcode set_credential(struct registry_transfer *t) {
    const struct registry_request *r = t->request;
    CURLcode code = CURLE_OK;
    if (r->basic != NULL) {
        code = t->curl->easy_setopt(t->easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
        if (code == CURLE_OK)
            code = set_secret(t, CURLOPT_USERNAME, r->basic->user);
        if (code == CURLE_OK)
            code = set_secret(t, CURLOPT_PASSWORD, r->basic->password);
    } else if (r->bearer.n != 0) {
        code = t->curl->easy_setopt(t->easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
        if (code == CURLE_OK)
            code = set_secret(t, CURLOPT_XOAUTH2_BEARER, r->bearer);
    }
    return code;
}

static void forget_answer(struct registry_transfer *t) {
    for (size_t i = 0; i < REGISTRY_N_HEADERS; i++)
        buf_reset(&t->headers[i]);
    if (t->body.p != NULL)
        explicit_bzero(t->body.p, t->body.n); /* it may hold a token */
    buf_reset(&t->body);
    buf_reset(&t->limit);
    t->head_bytes = 0;
    t->proxied = t->blocked = t->too_large = t->no_memory = false;
    t->detail[0] = '\0';
}

enum ec registry_transfer_start(struct registry_transfer *t,
                                const struct registry_request *request, struct err *err) {
    t->request = request;
    forget_answer(t);
    t->curl->easy_reset(t->easy);
    CURLcode code = set_functions(t);
    if (code == CURLE_OK)
        code = set_pointers(t);
    if (code == CURLE_OK)
        code = set_numbers(t);
    if (code == CURLE_OK)
        code = set_credential(t);
    if (code == CURLE_OK)
        return EC_OK;
    return code == CURLE_OUT_OF_MEMORY
               ? err_set(err, EC_NOMEM, "out of memory")
               : err_set(err, EC_IO, "libcurl: %s", t->curl->easy_strerror(code));
}

/* ---- what came back ------------------------------------------------------------------ */

static bool has_text(const struct registry_transfer *t, const char *text) {
    return strstr(t->detail, text) != NULL;
}

static enum registry_failure failure_of(const struct registry_transfer *t, CURLcode code) {
    static const struct {
        CURLcode code;
        enum registry_failure failure;
    } rows[] = {{CURLE_COULDNT_RESOLVE_HOST, REGISTRY_NO_HOST},
                {CURLE_COULDNT_RESOLVE_PROXY, REGISTRY_NO_HOST},
                {CURLE_COULDNT_CONNECT, REGISTRY_NO_CONNECTION},
                {CURLE_OPERATION_TIMEDOUT, REGISTRY_NO_TIME},
                {CURLE_PEER_FAILED_VERIFICATION, REGISTRY_UNTRUSTED},
                {CURLE_SSL_ISSUER_ERROR, REGISTRY_UNTRUSTED},
                {CURLE_SSL_CIPHER, REGISTRY_BAD_TLS}};
    if (code == CURLE_OK)
        return REGISTRY_NO_FAILURE;
    if (t->blocked)
        return REGISTRY_BLOCKED;
    if (t->too_large)
        return REGISTRY_TOO_LARGE;
    if (code == CURLE_SSL_CONNECT_ERROR) /* an alert is TLS */
        return has_text(t, "alert") ? REGISTRY_BAD_TLS : REGISTRY_NO_TLS;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].code == code)
            return rows[i].failure;
    return REGISTRY_BROKEN_OFF;
}

static struct str detail_of(struct registry_transfer *t, CURLcode code) {
    long os = 0;
    (void)t->curl->easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &os);
    if (code == CURLE_OK || t->blocked || t->too_large)
        return STR_NONE;
    if (code == CURLE_COULDNT_CONNECT && os != 0)
        return str_of(strerror((int)os));
    return str_of(t->detail[0] != '\0' ? t->detail : t->curl->easy_strerror(code));
}

/* "100;w=21600" and "3;w=21600": 100 in 21600 s, 3 left */
static void put_limit(struct registry_transfer *t) {
    struct str all = buf_view(&t->headers[REGISTRY_HEADER_LIMIT]);
    struct str left = buf_view(&t->headers[REGISTRY_HEADER_LEFT]);
    size_t window = str_find(all, '=');
    if (all.n == 0)
        return;
    buf_printf(&t->limit, "%.*s", STR_ARG(str_slice(all, 0, str_find(all, ';'))));
    if (window < all.n)
        buf_printf(&t->limit, " in %.*s s", STR_ARG(str_slice(all, window + 1, all.n)));
    if (left.n != 0)
        buf_printf(&t->limit, ", %.*s left", STR_ARG(str_slice(left, 0, str_find(left, ';'))));
}

static bool is_of_options(CURLcode code) {
    return code == CURLE_SSL_CACERT_BADFILE || code == CURLE_SSL_CERTPROBLEM;
}

enum ec registry_transfer_end(struct registry_transfer *t, CURLcode code,
                              struct registry_response *out, struct err *err) {
    long status = 0;
    char *location = NULL;
    curl_off_t later = 0;
    if (code == CURLE_OUT_OF_MEMORY || t->no_memory || buf_room(&t->body, JSON_PADDING) == NULL)
        return err_set(err, EC_NOMEM, "out of memory");
    if (is_of_options(code))
        return err_set(err, EC_IO, "--ca, --client-cert or --client-key cannot be used: %s",
                       t->detail[0] ? t->detail : t->curl->easy_strerror(code));
    memset(t->body.p + t->body.n, 0, JSON_PADDING);
    put_limit(t);
    (void)t->curl->easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    (void)t->curl->easy_getinfo(t->easy, CURLINFO_REDIRECT_URL, &location);
    (void)t->curl->easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &later);
    *out = (struct registry_response){
        .failure = failure_of(t, code),
        .detail = detail_of(t, code),
        .status = status,
        .challenges = buf_view(&t->headers[REGISTRY_HEADER_CHALLENGE]),
        .content_type = buf_view(&t->headers[REGISTRY_HEADER_TYPE]),
        .digest = buf_view(&t->headers[REGISTRY_HEADER_DIGEST]),
        .warning = buf_view(&t->headers[REGISTRY_HEADER_WARNING]),
        .limit = buf_view(&t->limit),
        .location = str_of(location),
        .retry_after_s = later > 0 ? (int64_t)later : 0,
        .body = t->body.p,
        .body_bytes = t->body.n};
    return EC_OK;
}

/* ---- life ---------------------------------------------------------------------------- */

enum ec registry_transfer_new(struct registry_transfer **out,
                              const struct registry_library *curl,
                              const struct registry_options *options, struct err *err) {
    struct registry_transfer *t = mem_zalloc(sizeof *t);
    if (t == NULL)
        return err_set(err, EC_NOMEM, "out of memory");
    t->curl = curl;
    t->options = options;
    t->body = (struct buf)BUF_INIT(REGISTRY_MANIFEST_MAX + JSON_PADDING + 1);
    t->limit = (struct buf)BUF_INIT((size_t)HEADERS_MAX * 2);
    for (size_t i = 0; i < REGISTRY_N_HEADERS; i++)
        t->headers[i] = (struct buf)BUF_INIT((size_t)HEADERS_MAX * 2);
    t->easy = curl->easy_init();
    t->accept = curl->slist_append(NULL, "Accept: " REGISTRY_ACCEPT);
    if (t->easy == NULL || t->accept == NULL) {
        registry_transfer_free(t);
        return err_set(err, EC_NOMEM, "out of memory");
    }
    *out = t;
    return EC_OK;
}

void registry_transfer_free(struct registry_transfer *t) {
    if (t == NULL)
        return;
    forget_answer(t);
    t->curl->easy_cleanup(t->easy);
    t->curl->slist_free_all(t->accept);
    for (size_t i = 0; i < REGISTRY_N_HEADERS; i++)
        buf_done(&t->headers[i]);
    buf_done(&t->body);
    buf_done(&t->limit);
    mem_free(t);
}
