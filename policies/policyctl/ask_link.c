/* HTTPS by libcurl. */
#include "policyctl/ask_link.h"

#include "base/mem.h"
#include "registry/load.h"

#include <curl/curl.h>

/* ---- the library ------------------------------------------------------------------------ */

#define LIBRARY_FUNCTIONS(X)                                                                   \
    X(global_init, curl_global_init)                                                           \
    X(global_cleanup, curl_global_cleanup)                                                     \
    X(easy_init, curl_easy_init)                                                               \
    X(easy_cleanup, curl_easy_cleanup)                                                         \
    X(easy_setopt, curl_easy_setopt)                                                           \
    X(easy_perform, curl_easy_perform)                                                         \
    X(easy_getinfo, curl_easy_getinfo)                                                         \
    X(easy_strerror, curl_easy_strerror)                                                       \
    X(slist_append, curl_slist_append)                                                         \
    X(slist_free_all, curl_slist_free_all)

struct library {
#define LIBRARY_MEMBER(member, symbol) __typeof__ (&(symbol))(member);
    LIBRARY_FUNCTIONS(LIBRARY_MEMBER)
#undef LIBRARY_MEMBER
};

static enum ec load_library(struct library *to, struct err *err) {
#define LIBRARY_SYMBOL(member, symbol) {#symbol, &to->member},
    const struct registry_symbol symbols[] = {LIBRARY_FUNCTIONS(LIBRARY_SYMBOL)};
#undef LIBRARY_SYMBOL
    return registry_load(symbols, sizeof symbols / sizeof *symbols, err);
}

/* ---- the target ------------------------------------------------------------------------- */

struct ask_link {
    struct library curl;
    CURL *easy;
    struct curl_slist *headers, *connect_to;
    struct buf base, url; /* "https://NAME:PORT"; of one request */
    const char *ca;
    char *server;
    uint64_t timeout_ms;
    char detail[CURL_ERROR_SIZE];
};

/* "HOST" or "HOST:PORT", as in a URL. */
static enum ec authority_of(struct str *out, const char *server, struct err *err) {
    struct str text = str_of(server), scheme = STR("https://");
    struct str rest = str_slice(text, scheme.n, text.n);
    size_t slash = str_find(rest, '/');
    *out = str_slice(rest, 0, slash);
    bool plain = str_starts(text, scheme) && out->n != 0 && slash + 1 >= rest.n;
    for (size_t i = 0; i < out->n; i++)
        plain &= out->p[i] > ' ' && strchr("@?#\\\"%", out->p[i]) == NULL;
    if (plain)
        return EC_OK;
    return err_set(err, EC_USAGE, "--server: found \"%.200s\", expected https://HOST[:PORT]",
                   server);
}

/* ":PORT" at the end, or nothing: an IPv6 address is in brackets. */
static struct str port_of(struct str authority) {
    size_t at = authority.n;
    while (at > 0 && ascii_is_digit(authority.p[at - 1]))
        at--;
    bool is_port = at > 1 && at < authority.n && authority.p[at - 1] == ':';
    return is_port ? str_slice(authority, at - 1, authority.n) : STR_NONE;
}

static bool is_dns_name(struct str name) {
    for (size_t i = 0; i < name.n; i++) {
        char c = ascii_lower(name.p[i]);
        if (!ascii_is_digit(c) && (c < 'a' || c > 'z') && c != '-' && c != '.')
            return false;
    }
    return name.n != 0;
}

/* The URL has the name of the certificate, and the connection goes to the server. */
static enum ec name_server(struct ask_link *l, struct str authority, const char *name,
                           struct err *err) {
    struct str port = port_of(authority);
    struct buf to = BUF_INIT(4096);
    if (!is_dns_name(str_of(name)))
        return err_set(err, EC_USAGE, "--servername: found \"%.200s\", expected a DNS name",
                       name);
    buf_printf(&l->base, "https://%s%.*s", name, STR_ARG(port));
    buf_printf(&to, "::%.*s%s", STR_ARG(authority), port.n != 0 ? "" : ":443");
    const char *z = buf_z(&to);
    l->connect_to = z != NULL ? l->curl.slist_append(NULL, z) : NULL;
    buf_done(&to);
    return l->connect_to != NULL && !l->base.bad ? EC_OK : err_no_memory(err);
}

/* An IPv6 address needs no brackets where it has no port: $(PULLGATE_SERVICE_HOST) has none. */
static bool lacks_brackets(struct str authority) {
    size_t first = str_find(authority, ':');
    struct str rest = str_slice(authority, first + 1, authority.n);
    return !str_starts(authority, STR("[")) && str_find(rest, ':') < rest.n;
}

static enum ec set_target(struct ask_link *l, const struct ask_target *t, struct err *err) {
    struct str authority;
    struct buf text = BUF_INIT(4096);
    if (authority_of(&authority, t->server, err) != EC_OK)
        return err->code;
    buf_printf(&text, lacks_brackets(authority) ? "[%.*s]" : "%.*s", STR_ARG(authority));
    l->server = text.bad ? NULL : mem_strdup(buf_view(&text));
    buf_done(&text);
    l->ca = t->ca;
    l->timeout_ms = t->timeout_ms;
    if (l->server == NULL)
        return err_no_memory(err);
    authority = str_of(l->server);
    if (t->server_name != NULL)
        return name_server(l, authority, t->server_name, err);
    buf_printf(&l->base, "https://%.*s", STR_ARG(authority));
    return l->base.bad ? err_no_memory(err) : EC_OK;
}

static enum ec open_easy(struct ask_link *l, struct err *err) {
    if (l->curl.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return err_no_memory(err);
    l->easy = l->curl.easy_init();
    l->headers = l->curl.slist_append(NULL, "Content-Type: application/json");
    return l->easy != NULL && l->headers != NULL ? EC_OK : err_no_memory(err);
}

enum ec ask_link_open(struct ask_link **out, const struct ask_target *target, struct err *err) {
    struct ask_link *l = mem_zalloc(sizeof *l);
    if (l == NULL)
        return err_no_memory(err);
    if (load_library(&l->curl, err) != EC_OK) {
        mem_free(l);
        return err->code;
    }
    l->base = (struct buf)BUF_INIT(4096);
    l->url = (struct buf)BUF_INIT(4096);
    if (open_easy(l, err) != EC_OK || set_target(l, target, err) != EC_OK) {
        ask_link_close(l);
        return err->code;
    }
    *out = l;
    return EC_OK;
}

void ask_link_close(struct ask_link *l) {
    if (l == NULL)
        return;
    l->curl.slist_free_all(l->headers);
    l->curl.slist_free_all(l->connect_to);
    l->curl.easy_cleanup(l->easy);
    l->curl.global_cleanup();
    buf_done(&l->base);
    buf_done(&l->url);
    mem_free(l->server);
    mem_free(l);
}

/* ---- one request ------------------------------------------------------------------------ */

static size_t take_answer(char *bytes, size_t size, size_t n, void *arg) {
    struct buf *answer = arg;
    buf_add(answer, bytes, size * n);
    return answer->bad ? 0 : size * n;
}

/* No proxy of the environment, no CA but --ca, no redirection: it is this server that is asked. */
static CURLcode set_options(struct ask_link *l, const char *url, struct str body,
                            struct buf *answer) {
    const struct {
        CURLoption option;
        const void *value;
    } pointers[] = {{CURLOPT_URL, url},
                    {CURLOPT_PROXY, ""},
                    {CURLOPT_CAINFO, l->ca},
                    {CURLOPT_CAPATH, NULL},
                    {CURLOPT_PROTOCOLS_STR, "https"},
                    {CURLOPT_HTTPHEADER, l->headers},
                    {CURLOPT_CONNECT_TO, l->connect_to},
                    {CURLOPT_ERRORBUFFER, l->detail},
                    {CURLOPT_POSTFIELDS, body.p},
                    {CURLOPT_WRITEDATA, answer}};
    const struct {
        CURLoption option;
        long value;
    } numbers[] = {{CURLOPT_NOSIGNAL, 1},
                   {CURLOPT_FRESH_CONNECT, 1},
                   {CURLOPT_FORBID_REUSE, 1},
                   {CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
                   {CURLOPT_TIMEOUT_MS, (long)l->timeout_ms},
                   {CURLOPT_POSTFIELDSIZE, (long)body.n}};
    CURLcode code = l->curl.easy_setopt(l->easy, CURLOPT_WRITEFUNCTION, take_answer);
    for (size_t i = 0; i < sizeof pointers / sizeof *pointers && code == CURLE_OK; i++)
        code = l->curl.easy_setopt(l->easy, pointers[i].option, pointers[i].value);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers && code == CURLE_OK; i++)
        code = l->curl.easy_setopt(l->easy, numbers[i].option, numbers[i].value);
    return code;
}

enum advice { ADVICE_NAME, ADVICE_CONNECT, ADVICE_TIME, ADVICE_TLS, ADVICE_CA, ADVICE_NONE };

static enum advice advice_for(CURLcode code) {
    static const struct {
        CURLcode code;
        enum advice advice;
    } rows[] = {
        {CURLE_COULDNT_RESOLVE_HOST, ADVICE_NAME}, {CURLE_COULDNT_CONNECT, ADVICE_CONNECT},
        {CURLE_OPERATION_TIMEDOUT, ADVICE_TIME},   {CURLE_SSL_CACERT_BADFILE, ADVICE_CA},
        {CURLE_SSL_CONNECT_ERROR, ADVICE_TLS},     {CURLE_PEER_FAILED_VERIFICATION, ADVICE_TLS},
        {CURLE_SSL_CERTPROBLEM, ADVICE_TLS},       {CURLE_SSL_CIPHER, ADVICE_TLS}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].code == code)
            return rows[i].advice;
    return ADVICE_NONE;
}

/* What libcurl has to say, and the reason of the system for a connection that was not made. */
static void put_detail(const struct ask_link *l, CURLcode code, struct buf *out) {
    long os = 0;
    (void)l->curl.easy_getinfo(l->easy, CURLINFO_OS_ERRNO, &os);
    if (code == CURLE_COULDNT_CONNECT && os != 0)
        buf_puts(out, strerror((int)os));
    else
        buf_puts(out, l->detail[0] != '\0' ? l->detail : l->curl.easy_strerror(code));
}

static enum ec not_reached(const struct ask_link *l, CURLcode code, const struct buf *answer,
                           struct err *err) {
    static const char *const texts[] = {
        [ADVICE_NAME] = "the host is not found; give its address, and the name of its "
                        "certificate with --servername",
        [ADVICE_CONNECT] = "no connection; check that the webhook runs and that this port (of "
                           "the Service 443) can be reached from here",
        [ADVICE_TIME] = "no answer in time; check that no network policy blocks the port, or "
                        "give a longer --timeout",
        [ADVICE_TLS] = "no TLS connection; check that --ca has the CA of its certificate, and "
                       "--servername (or the host) is one of its names",
        [ADVICE_CA] = "--ca cannot be used; expected a file with certificates (PEM)",
        [ADVICE_NONE] = "no answer"};
    char room[CURL_ERROR_SIZE];
    struct buf detail = BUF_OVER(room, sizeof room);
    if (code == CURLE_OUT_OF_MEMORY || answer->bad == EC_NOMEM)
        return err_no_memory(err);
    if (answer->bad)
        return err_set(err, EC_LIMIT, "%s: the answer has more than %zu bytes", l->server,
                       answer->max);
    put_detail(l, code, &detail);
    return err_set(err, EC_IO, "%s: %s (%.*s)", l->server, texts[advice_for(code)],
                   STR_ARG(buf_view(&detail)));
}

static enum ec check_status(struct ask_link *l, const char *path, const struct buf *answer,
                            struct err *err) {
    long status = 0;
    (void)l->curl.easy_getinfo(l->easy, CURLINFO_RESPONSE_CODE, &status);
    if (status == 200)
        return EC_OK;
    return err_set(
        err, EC_IO, "%s: %s: found HTTP status %ld, expected 200; is it pullgate? (%.*s)",
        l->server, path, status, STR_ARG(str_trim(str_slice(buf_view(answer), 0, 200))));
}

enum ec ask_link_post(struct ask_link *l, const char *path, struct str body, struct buf *answer,
                      struct err *err) {
    buf_reset(&l->url);
    buf_str(&l->url, buf_view(&l->base));
    buf_puts(&l->url, path);
    const char *url = buf_z(&l->url);
    if (url == NULL)
        return err_no_memory(err);
    l->detail[0] = '\0';
    CURLcode code = set_options(l, url, body, answer);
    if (code == CURLE_OK)
        code = l->curl.easy_perform(l->easy);
    return code == CURLE_OK ? check_status(l, path, answer, err)
                            : not_reached(l, code, answer, err);
}
