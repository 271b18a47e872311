/* server - sockets, TLS, HTTP/1.1, limits, drain: the one libmicrohttpd adapter.
 *
 *   acceptor thread --- least loaded ---> worker 1..N (single-thread libmicrohttpd daemons, TLS)
 *                                            |  body -> answer(arg, request, reply)
 *   watchdog thread (250 ms): absolute deadlines by shutdown(2) on the socket
 *
 * Knows      HTTP and two function pointers; no policies, no JSON
 * Ownership  the server copies its configuration's strings; a request's bytes live until answer
 *            returns; the reply buffer is the server's, kept between requests
 * Threads    server_start/stop/set_tls/drain from one controlling thread; answer() is called on
 *            worker threads, several at once, one per worker
 * Source     libmicrohttpd 0.9.75 and GnuTLS 3.7.9, measured (why not its own pool, quiesce and
 *            connection limit: see the notes in server.c)                                   */
#ifndef PULLGATE_SERVER_SERVER_H
#define PULLGATE_SERVER_SERVER_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

struct server;
struct conn;

enum { SERVER_BODY_PADDING = 64 }; /* readable bytes after a body */
enum { SERVER_QUERY_MAX = 128 };
enum { SERVER_SMALL_REPLY = 4096 };
/* Bytes that TLS reads ahead, at most, for each worker. */
enum { SERVER_AHEAD_BYTES = (1 << 20) + (1 << 15) };

struct server_request {
    unsigned worker;        /* 0..n_workers-1: for per-worker state without locks */
    struct str method;      /* "POST" */
    struct str path;        /* without the query, percent-decoded: "/mutate" */
    struct str query;       /* after the "?", as sent; cut after SERVER_QUERY_MAX bytes */
    struct str traceparent; /* header value as sent, or empty */
    char *body;             /* writable; SERVER_BODY_PADDING readable bytes after it */
    size_t body_bytes;
    int64_t deadline_ns; /* monotonic; from ?timeout=, at most request_timeout_ms */
    int64_t received_ns; /* monotonic, when the request line was read */
};

struct server_reply {
    unsigned status;          /* 200 by default */
    const char *content_type; /* "application/json" by default */
    unsigned retry_after_s;   /* 0: no header */
    struct buf *body;
    struct conn *conn; /* the server's own; NULL: none */
};

/* Counts the answer's memory now, not when it is returned; false: over the budget, and the answer is
 * empty again. For an answer function that waits afterwards. */
bool server_charge_reply(struct server_reply *reply) MUST_CHECK;

/* Fills the reply. Cannot fail: errors are a status and a body. */
typedef void server_answer_fn(void *arg, const struct server_request *request,
                              struct server_reply *reply);

enum server_method { SERVER_GET = 1, SERVER_POST = 2 }; /* bits; GET answers HEAD too */

struct server_route {
    const char *path; /* matched whole, without the query */
    unsigned methods; /* others get 405 with Allow */
    bool wants_json;  /* a body that is not application/json is a 415 */
    server_answer_fn *answer;
};

struct server_config {
    const char *listen; /* "0.0.0.0:9443", "[::]:9443", "127.0.0.1:0" */
    bool tls;
    struct str cert_pem, key_pem;    /* when tls */
    struct str client_ca_pem;        /* empty: no client certificate is requested; else every
                                      * request without a valid one gets a 403 */
    const char *const *client_names; /* globs (`*`) over CN and SANs; none: any name */
    size_t n_client_names;
    const char *priorities; /* GnuTLS; NULL: TLS 1.2 and 1.3, SECURE128 */
    const struct server_route *routes;
    size_t n_routes;
    void *arg;             /* for all answers */
    unsigned n_workers;    /* 1.. */
    size_t max_body_bytes; /* over: read and dropped, 413; 0: a request that announces one
                                 * is refused at once, and its connection closed */
    size_t
        memory_budget_bytes; /* bodies and replies of all requests together; over: 503, and slow
                                 * bodies and unread answers are dropped to make room; replies of
                                 * SERVER_SMALL_REPLY or less are counted but never refused */
    size_t max_header_bytes; /* of a request, 64 more for each field; over: 431 */
    unsigned max_connections; /* over: clients wait in the backlog */
    unsigned
        max_handshakes; /* with TLS, begun by the client and not ended; over: they wait, new
                               * clients in the backlog, and those whose client is silent for a
                               * quarter of yield_ms are aborted */
    unsigned max_per_address; /* connections of one address; over: closed at once; 0: any */
    unsigned yield_ms; /* while clients wait, a connection that is idle for so long is closed;
                              * 0: none is */
    /* The same for a connection whose request has been arriving, or whose answer has not been read, for
     * so long; 0: the former as yield_ms, the latter never. */
    unsigned yield_slow_ms;
    unsigned max_in_flight; /* with a complete body, not answered yet, or with an answer of more
                              * than SERVER_SMALL_REPLY that is not read yet; over: 503 with
                              * Retry-After: 1 */
    unsigned idle_timeout_s;     /* 180: above the API server's 90 */
    unsigned header_timeout_ms;  /* handshake, header, and an answer waiting to be read: each
                                  * absolute */
    unsigned request_timeout_ms; /* the whole request, absolute */
    void (*on_event)(void *arg, const char *event,
                     struct str detail); /* logging; may be NULL */
};

/* Why the server itself refused a request, without calling a route. Refusals by libmicrohttpd (a
 * malformed request line, a header that is too large) are not visible here. */
enum server_refusal {
    SERVER_BUSY,      /* 503: over max_in_flight */
    SERVER_MEMORY,    /* 503: over memory_budget_bytes, or out of memory */
    SERVER_TOO_LARGE, /* 413 */
    SERVER_NOT_JSON,  /* 415 */
    SERVER_FORBIDDEN, /* 403: no accepted client certificate */
    SERVER_FRAMING,   /* 400: the length of the body is ambiguous */
    SERVER_NOT_FOUND, /* 404 */
    SERVER_METHOD,    /* 405 */
    SERVER_N_REFUSALS
};

struct server_stats {
    uint64_t requests, connections_accepted;
    unsigned in_flight; /* against max_in_flight */
    unsigned connections_open;
    size_t memory_bytes; /* of bodies and replies, against memory_budget_bytes */
    uint64_t refused[SERVER_N_REFUSALS], timed_out;
    uint64_t refused_address;    /* connections over max_per_address */
    uint64_t handshakes_failed;  /* TLS; including those that clients abandoned */
    uint64_t handshakes_refused; /* of these: too expensive */
    uint64_t handshakes_delayed; /* connections that waited for max_handshakes */
    unsigned handshakes;         /* begun, not ended */
};

/* Listens and serves. Errors: EC_USAGE (address), EC_IO (bind), EC_CRYPTO (certificate),
 * EC_NOMEM. Errors in the PEM texts begin with "certificate: ", "key: " or "client CA: ", here and
 * in server_set_tls(). */
enum ec server_start(struct server **out, const struct server_config *config, struct err *err)
    MUST_CHECK;

/* The actual port, and the address as "127.0.0.1:34567". */
unsigned server_port(const struct server *s);
const char *server_address(const struct server *s);

/* New connections use these; existing ones keep theirs. On an error nothing changes. */
enum ec server_set_tls(struct server *s, struct str cert_pem, struct str key_pem,
                       struct str client_ca_pem, struct err *err) MUST_CHECK;

/* All answers carry Connection: close from now on; connections are still accepted. */
void server_close_after_answer(struct server *s);
/* Stops accepting, closes idle connections (over TLS with a 503 and Retry-After for a request that is on
 * its way), waits until nothing is in flight or deadline_ms have passed; true: all done. */
bool server_drain(struct server *s, unsigned deadline_ms);
void server_stop(struct server *s); /* NULL is fine; frees all */

void server_stats(const struct server *s, struct server_stats *out);

/* One request to a server without TLS, of this process or another: the status of GET path.
 * In:     listen, the configured address of that server
 * Errors: EC_USAGE (address), EC_IO (no answer in time), EC_SYNTAX (not HTTP). */
enum ec server_ask(unsigned *out, struct str listen, const char *path, unsigned timeout_s,
                   struct err *err) MUST_CHECK;

#endif
