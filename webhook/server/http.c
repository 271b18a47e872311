/* From libmicrohttpd's callbacks to one call of a route's answer.
 *
 *     request line    deadline on
 *     first call      the header is complete: checked, with the result only noted, since an answer
 *                     queued here makes libmicrohttpd close the connection
 *     pieces          kept, or dropped when the request is refused: a 413 sent before the body
 *                     is read does not reach Go's client in half of the cases
 *     last call       the body is complete: counted against max_in_flight, and answered
 *
 * Answered in the first call nevertheless: a request whose body has no clear end, is too large to
 * drain, is not expected, or still waits for "100 Continue". */
#include "server/internal.h"

#include "base/clock.h"

#include <sys/socket.h>

/* Bodies are a Kubernetes Status: the API server shows its message to the user, and "unknown" for any
 * other JSON. */
#define REFUSAL(why, code, reason, retry_s, at_once, text)                                     \
    {                                                                                          \
        why, code, retry_s, at_once,                                                           \
            "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},"                      \
            "\"status\":\"Failure\",\"message\":\"" text "\",\"reason\":\"" reason             \
            "\",\"code\":" #code "}\n"                                                         \
    }

static const struct refusal bad_framing =
    REFUSAL(SERVER_FRAMING, 400, "BadRequest", 0, true,
            "the length of the body is ambiguous: expected one Content-Length, or "
            "Transfer-Encoding: chunked");
static const struct refusal forbidden = REFUSAL(SERVER_FORBIDDEN, 403, "Forbidden", 0, false,
                                                "expected an accepted client certificate");
static const struct refusal not_found =
    REFUSAL(SERVER_NOT_FOUND, 404, "NotFound", 0, false, "no such path");
static const struct refusal bad_method = REFUSAL(SERVER_METHOD, 405, "MethodNotAllowed", 0,
                                                 false, "method not allowed on this path");
static const struct refusal too_large =
    REFUSAL(SERVER_TOO_LARGE, 413, "RequestEntityTooLarge", 0, false, "the body is too large");
static const struct refusal not_json =
    REFUSAL(SERVER_NOT_JSON, 415, "UnsupportedMediaType", 0, false,
            "expected Content-Type: application/json");
static const struct refusal busy =
    REFUSAL(SERVER_BUSY, 503, "ServiceUnavailable", 1, false, "too many requests at once");
static const struct refusal no_memory =
    REFUSAL(SERVER_MEMORY, 503, "ServiceUnavailable", 1, false,
            "not enough memory for this request now");

/* The relevant parts of a request's header. */
struct request_head {
    unsigned n_lengths, n_encodings;
    bool has_bad_name, is_chunked, expects_continue;
    uint64_t length;
    struct str content_type;
};

static enum MHD_Result on_header(void *arg, enum MHD_ValueKind kind, const char *key,
                                 size_t key_bytes, const char *value, size_t value_bytes) {
    (void)kind;
    struct request_head *h = arg;
    struct str name = {key, key_bytes}, text = {value, value_bytes};
    /* libmicrohttpd ignores "Content-Length : 5", other readers do not (RFC 9112, 5.1). */
    if (str_trim(name).n != name.n || name.n == 0)
        h->has_bad_name = true;
    if (str_eq_nocase(name, STR("Content-Length"))) {
        h->n_lengths++;
        if (!str_to_uint(text, UINT64_MAX, &h->length))
            h->n_lengths++;
    } else if (str_eq_nocase(name, STR("Transfer-Encoding"))) {
        h->n_encodings++;
        h->is_chunked = str_eq_nocase(text, STR("chunked"));
    } else if (str_eq_nocase(name, STR("Content-Type"))) {
        h->content_type = text;
    } else if (str_eq_nocase(name, STR("Expect"))) {
        h->expects_continue = str_eq_nocase(text, STR("100-continue"));
    }
    return MHD_YES;
}

static bool framing_is_clear(const struct request_head *h, const char *version) {
    if (h->has_bad_name || h->n_lengths + h->n_encodings > 1)
        return false;
    return h->n_encodings == 0 || (h->is_chunked && strcmp(version, "HTTP/1.1") == 0);
}

static bool is_json(struct str content_type) {
    struct str type = str_slice(content_type, 0, str_find(content_type, ';'));
    return str_eq_nocase(str_trim(type), STR("application/json"));
}

static const struct server_route *find_route(const struct server *s, struct str path) {
    for (size_t i = 0; i < s->config.n_routes; i++)
        if (str_eq(s->route_paths[i], path))
            return &s->config.routes[i];
    return NULL;
}

static unsigned method_bit(const char *method) {
    static const struct {
        const char *name;
        unsigned bit;
    } methods[] = {{"POST", SERVER_POST}, {"GET", SERVER_GET}, {"HEAD", SERVER_GET}};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (strcmp(method, methods[i].name) == 0)
            return methods[i].bit;
    return 0;
}

/* Once per connection: verifying a chain costs more than a request. */
static bool client_may_ask(struct conn *c) {
    const struct server_config *config = &c->worker->server->config;
    if (!server_tls_asks_client(c->creds))
        return true;
    if (!c->client_checked)
        c->client_ok =
            server_client_is_trusted(c->session, config->client_names, config->n_client_names);
    c->client_checked = true;
    return c->client_ok;
}

static bool admit(struct conn *c) {
    struct server *s = c->worker->server;
    bool fits = atomic_fetch_add(&s->in_flight, 1) < s->config.max_in_flight;
    if (!fits)
        atomic_fetch_sub(&s->in_flight, 1);
    atomic_store(&c->is_admitted, fits || server_watchdog_take_slot(s));
    return atomic_load(&c->is_admitted);
}

static void release_conn(struct conn *c) {
    if (atomic_exchange(&c->is_admitted, false))
        atomic_fetch_sub(&c->worker->server->in_flight, 1);
}

static const struct refusal *refusal_for(struct conn *c, const struct request_head *h,
                                         const char *url, const char *method) {
    struct server *s = c->worker->server;
    if (!client_may_ask(c))
        return &forbidden;
    c->route = c->odd_path ? NULL : find_route(s, str_of(url));
    if (c->route == NULL)
        return &not_found;
    if (!(c->route->methods & method_bit(method)))
        return &bad_method;
    if (h->length > s->config.max_body_bytes)
        return &too_large;
    if (c->route->wants_json && (h->is_chunked || h->length > 0) && !is_json(h->content_type))
        return &not_json;
    return NULL;
}

/* From now on the body is read and dropped. */
static void refuse_request(struct conn *c, const struct refusal *why) {
    c->refusal = why;
    server_body_drop(c);
    release_conn(c);
}

/* The client waits no longer than its ?timeout=. */
static int64_t limit_of(const struct conn *c, struct MHD_Connection *mhd) {
    int64_t most = (int64_t)c->worker->server->config.request_timeout_ms * NS_PER_MS;
    const char *value = MHD_lookup_connection_value(mhd, MHD_GET_ARGUMENT_KIND, "timeout");
    int64_t requested = server_http_parse_timeout(str_of(value));
    return requested > 0 && requested < most ? requested : most;
}

static bool is_not_drained(const struct conn *c, const struct request_head *h) {
    uint64_t cap = c->worker->server->upload_cap;
    return h->length > cap || (h->is_chunked && cap == 0) ||
           (c->refusal == &too_large && h->expects_continue);
}

static enum MHD_Result refuse_now(struct conn *c, struct MHD_Connection *mhd) {
    struct refusal now = c->refusal ? *c->refusal : too_large;
    now.closes = true;
    return server_reply_refuse(c, mhd, &now);
}

static enum MHD_Result begin_request(struct conn *c, struct MHD_Connection *mhd,
                                     const char *url, const char *method, const char *version) {
    struct request_head h = {.length = 0};
    server_body_begin(c);
    atomic_store(&c->deadline_ns, c->received_ns + limit_of(c, mhd));
    server_conn_enter(c, STAGE_BODY, c->received_ns);
    atomic_fetch_add(&c->worker->requests, 1);
    c->is_head = strcmp(method, "HEAD") == 0;
    MHD_get_connection_values_n(mhd, MHD_HEADER_KIND, on_header, &h);
    if (!framing_is_clear(&h, version))
        return server_reply_refuse(c, mhd, &bad_framing);
    c->body_expected = h.length;
    c->refusal = refusal_for(c, &h, url, method);
    if (is_not_drained(c, &h))
        return refuse_now(c, mhd);
    return MHD_YES;
}

static enum MHD_Result take_piece(struct conn *c, const char *piece, size_t n) {
    struct server *s = c->worker->server;
    if (n > s->upload_cap - c->upload_bytes)
        return MHD_NO;
    c->upload_bytes += n;
    if (c->refusal)
        return MHD_YES;
    if (c->upload_bytes > s->config.max_body_bytes)
        refuse_request(c, &too_large);
    else if (!server_body_add(c, piece, n))
        refuse_request(c, &no_memory);
    return MHD_YES;
}

static enum MHD_Result on_request(struct conn *c, struct MHD_Connection *mhd, const char *url,
                                  const char *method) {
    struct server_reply reply = {
        .status = 200, .content_type = "application/json", .body = &c->room.reply, .conn = c};
    struct server_request request = {
        .worker = c->worker->index,
        .method = str_of(method),
        .path = str_of(url),
        .query = {c->query, c->query_bytes},
        .traceparent = str_of(MHD_lookup_connection_value(mhd, MHD_HEADER_KIND, "traceparent")),
        .body = c->room.body,
        .body_bytes = c->body_bytes,
        .deadline_ns = atomic_load(&c->deadline_ns),
        .received_ns = c->received_ns};
    c->route->answer(c->worker->server->config.arg, &request, &reply);
    bool fits = server_body_charge_reply(c);
    server_body_answered(c);
    if (fits)
        return server_reply_send(c, mhd, &reply);
    refuse_request(c, &no_memory);
    return server_reply_refuse(c, mhd, c->refusal);
}

/* The body is complete. */
static enum MHD_Result finish_request(struct conn *c, struct MHD_Connection *mhd,
                                      const char *url, const char *method) {
    server_conn_enter(c, STAGE_ANSWER, c->received_ns);
    if (c->refusal == NULL && !admit(c))
        refuse_request(c, &busy);
    else if (c->refusal == NULL && !server_body_finish(c))
        refuse_request(c, &no_memory);
    enum MHD_Result queued =
        c->refusal ? server_reply_refuse(c, mhd, c->refusal) : on_request(c, mhd, url, method);
    server_conn_enter(c, STAGE_WRITE, clock_mono_ns());
    if (c->room.reply.n <= SERVER_SMALL_REPLY)
        release_conn(c);
    return queued;
}

bool server_charge_reply(struct server_reply *reply) {
    struct conn *c = reply->conn;
    if (c == NULL || server_body_charge_reply(c))
        return true;
    atomic_fetch_add(&c->worker->server->refused[SERVER_MEMORY],
                     1); /* the watchdog makes room */
    return false;
}

static struct conn *conn_of(struct MHD_Connection *mhd) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

enum MHD_Result server_http_on_request(void *worker, struct MHD_Connection *mhd,
                                       const char *url, const char *method, const char *version,
                                       const char *upload, size_t *upload_bytes,
                                       void **request_context) {
    (void)worker;
    struct conn *c = *request_context;
    if (c == NULL) {
        c = *request_context = conn_of(mhd);
        return c ? begin_request(c, mhd, url, method, version) : MHD_NO;
    }
    c->worker->has_moved = true; /* GnuTLS may have buffered bytes, which are not pulled */
    if (*upload_bytes > 0) {
        size_t n = *upload_bytes;
        *upload_bytes = 0;
        return take_piece(c, upload, n);
    }
    return finish_request(c, mhd, url, method);
}

/* A copy: libmicrohttpd decodes the arguments in place. */
static void keep_query(struct conn *c, struct str uri) {
    struct str query = str_slice(uri, str_find(uri, '?') + 1, uri.n);
    c->query_bytes = query.n < SERVER_QUERY_MAX ? query.n : SERVER_QUERY_MAX;
    if (c->query_bytes != 0)
        memcpy(c->query, query.p, c->query_bytes);
}

void *server_http_on_request_line(void *worker, const char *uri, struct MHD_Connection *mhd) {
    (void)worker;
    struct conn *c = conn_of(mhd);
    if (c) {
        c->worker->has_moved = true;
        c->received_ns = clock_mono_ns();
        c->odd_path = uri == NULL || strstr(uri, "%00") != NULL;
        keep_query(c, str_of(uri));
        server_conn_enter(c, STAGE_HEADER, c->received_ns);
    }
    return NULL; /* the result becomes the request's context */
}

void server_http_on_completed(void *worker, struct MHD_Connection *mhd, void **request_context,
                              enum MHD_RequestTerminationCode how) {
    (void)worker, (void)request_context, (void)how;
    struct conn *c = conn_of(mhd);
    if (c == NULL)
        return;
    server_body_end(c);
    release_conn(c);
    c->upload_bytes = 0;
    c->route = NULL;
    c->refusal = NULL;
    atomic_store(&c->idle_bytes, BYTES_UNKNOWN);
    server_conn_enter(c, STAGE_IDLE, clock_mono_ns());
    atomic_store(&c->is_taking, server_tls_is_ahead(c) > 0); /* the next request, pipelined */
}

static bool start_conn(struct worker *w, struct MHD_Connection *mhd, struct conn **out) {
    struct conn *c = *out = server_conn_take(w);
    if (c == NULL || !w->server->config.tls)
        return c != NULL;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    return info && server_tls_attach(c, info->tls_session);
}

void server_http_on_connection(void *worker, struct MHD_Connection *mhd, void **socket_context,
                               enum MHD_ConnectionNotificationCode what) {
    struct conn *c = *socket_context;
    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        if (c)
            server_conn_free(c);
        *socket_context = NULL;
        return;
    }
    int fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    if (!start_conn(worker, mhd, &c))
        shutdown(fd, SHUT_RDWR);
    *socket_context = c;
}
