/* internal - shared by server's own files.
 *
 *   accept4 -> pending list -> worker: MHD_add_connection, NOTIFY_STARTED -> open list
 *                                      NOTIFY_CLOSED                       -> freed
 *
 *   a connection's stage:
 *                 Finished        request line        header complete        body complete
 *     HANDSHAKE ------------> IDLE -----------> HEADER --------------> BODY ---------------> ANSWER
 *      (TLS only)              ^                                         | refused at once      |
 *                              |                                         |                      v
 *                              +------------ answer handed to the kernel +------------------- WRITE
 *
 *   A request counts against max_in_flight from ANSWER on: a slow body takes a connection, and memory
 *   for the bytes that have arrived, but no slot in flight. Nor does a small answer in WRITE; a large
 *   answer that is not read gives its slot up.
 *
 * Threads    Each field names its lock or owner. The lists' lock is taken when a connection is added
 *            or removed, and by the watchdog; a request takes none. A descriptor in the open list is
 *            open: NOTIFY_CLOSED, which unlinks it, precedes close(2). */
#ifndef PULLGATE_SERVER_INTERNAL_H
#define PULLGATE_SERVER_INTERNAL_H

#include "base/arena.h"
#include "base/buf.h"
#include "server/server.h"

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

enum {
    NS_PER_MS = 1000000,
    TLS_HELD_MAX = 512,
    TLS_AHEAD_BYTES = 5 + 16384 + 256, /* the largest record (RFC 8446, 5.2) */
    TLS_AHEAD_MAX = 64                 /* of a worker */
};

enum stage { STAGE_HANDSHAKE, STAGE_IDLE, STAGE_HEADER, STAGE_BODY, STAGE_ANSWER, STAGE_WRITE };
/* The directions that the watchdog has shut down. CUT_READING: the connection was idle, and may still
 * send a goodbye (tls.c), a TLS close, or the answer to a request that arrived at the same moment. */
enum cut { CUT_NOT, CUT_READING, CUT_WHOLE };

/* An answer of the server itself. */
struct refusal {
    enum server_refusal why;
    unsigned status;
    unsigned retry_after_s;
    bool closes;
    const char *body;
};

/* The memory of one request's bytes. */
struct room {
    char *body;
    size_t body_cap, body_charged;
    struct buf reply;
    size_t reply_charged;
};

/* Bytes read from the kernel before GnuTLS requested them. */
struct ahead {
    struct ahead *next; /* in worker.spare_ahead */
    size_t at, n;
    char bytes[TLS_AHEAD_BYTES];
};

struct worker {
    struct server *server;
    unsigned index;
    struct MHD_Daemon *daemon;
    atomic_uint connections; /* of this worker, pending ones too */
    _Atomic uint64_t requests;
    struct conn *queue;      /* to be added, oldest first; list_lock */
    struct conn **queue_end; /* list_lock */
    int wake_fd;             /* -1: none */
    atomic_bool is_called, ends;
    pthread_t thread;
    bool runs;

    /* The thread's own. */
    int epoll_fd;
    struct conn *adding;
    struct room spare; /* for the next request */
    struct ahead *spare_ahead;
    unsigned n_ahead;   /* spare and in use */
    unsigned n_waiting; /* connections whose handshake waits for the client */
    unsigned n_fed;     /* connections whose last pull returned bytes: GnuTLS may buffer some */
    bool has_moved;     /* bytes were received or sent, or a callback ran, in this turn */
    unsigned n_still;   /* turns in a row without any of these */
};

struct conn {
    struct conn *next, *previous; /* list_lock */
    struct conn *next_in_queue;   /* list_lock */
    struct worker *worker;
    int fd;
    struct sockaddr_storage peer;
    socklen_t peer_bytes;
    _Atomic uint64_t
        stage; /* since when (ns) and enum stage, in one word: server_conn_enter() */
    _Atomic int64_t deadline_ns; /* of a request; before it enters STAGE_BODY */
    _Atomic uint64_t idle_bytes; /* received when it became idle, or BYTES_UNKNOWN */
    atomic_bool is_admitted;     /* counted in server.in_flight */
    atomic_bool is_taking; /* TLS: bytes left the kernel for a request that has not begun yet */
    atomic_bool is_let_go; /* TLS: closed while idle; the goodbye is not sent yet */
    atomic_bool
        is_shaking; /* counted in server.handshakes: server_handshake_begin(), server_conn_shaken() */

    struct { /* the watchdog's notes about one idle period; list_lock */
        uint64_t stage;
        uint64_t bytes;
        int64_t next_check_ns;
        bool moved;
        enum cut cut;
    } watch;

    /* The worker's own. */
    gnutls_session_t session;    /* NULL without TLS */
    struct ahead *ahead;         /* NULL: nothing is; server_tls_is_ahead() */
    bool waits, is_fed;          /* server_worker_pulled() */
    bool is_denied, was_delayed; /* counted in server.handshakes_denied; handshakes_delayed */
    bool holds_next;             /* server_tls_hold() */
    unsigned shaking_reads;
    size_t shaking_bytes;
    size_t n_held;
    char held[TLS_HELD_MAX];
    struct tls_creds *creds;
    bool client_checked, client_ok;
    bool is_head;  /* the request's method: its answer has no body */
    bool odd_path; /* has a %00, which would end the C string early */
    char query[SERVER_QUERY_MAX];
    size_t query_bytes;
    int64_t received_ns;
    uint64_t upload_bytes; /* received, kept or not */
    const struct server_route *route;
    const struct refusal *refusal; /* NULL: the route answers */
    struct room room;              /* empty between requests */
    size_t body_bytes;
    uint64_t body_expected; /* Content-Length, or 0 */
};

#define BYTES_UNKNOWN UINT64_MAX

enum acceptor_order { ACCEPTOR_RUN, ACCEPTOR_FINISH, ACCEPTOR_STOP };

struct server {
    struct arena texts;          /* strings of config */
    struct server_config config; /* certificates and keys are not kept */
    struct str *route_paths;
    uint64_t upload_cap; /* a body beyond is not even drained */

    int listen_fd, acceptor_wake_fd, watchdog_wake_fd; /* -1: none */
    unsigned port;
    char address[64];
    pthread_t acceptor, watchdog;
    bool acceptor_runs, watchdog_runs;
    unsigned n_delayed; /* the acceptor's: clients in the backlog when handshakes were full */
    struct worker *workers;

    pthread_mutex_t list_lock;
    struct conn *pending; /* given to a worker that has not added it yet */
    struct conn *open;

    pthread_mutex_t creds_lock;
    struct tls_creds *creds; /* of new connections */

    atomic_int acceptor_order;
    atomic_bool acceptor_is_full; /* waits for a connection to close */
    atomic_bool closes_after_answer;
    atomic_size_t memory_used; /* bodies and replies */
    atomic_uint in_flight, connections;
    atomic_uint handshakes, handshakes_denied; /* begun; not allowed to begin */
    _Atomic uint64_t accepted, timed_out;
    _Atomic uint64_t refused[SERVER_N_REFUSALS];
    _Atomic uint64_t handshakes_failed, handshakes_refused, handshakes_delayed;
    _Atomic uint64_t refused_address;
    _Atomic int64_t event_due_ns; /* rate limit of server_event() */
};

/* server.c */
/* Calls the program's on_event, at most once in ten seconds. */
void server_event(struct server *s, const char *event, struct str detail);

/* addr.c */
enum ec server_addr_parse(struct str text, struct sockaddr_storage *out, socklen_t *bytes,
                          struct err *err) MUST_CHECK;
/* "127.0.0.1:34567" or "[::1]:34567", and the port. */
unsigned server_addr_print(const struct sockaddr_storage *a, char *out, size_t out_bytes);

/* Whether both are of one host; an IPv4 address and its form in IPv6 are equal. */
bool server_addr_same_host(const struct sockaddr_storage *a, const struct sockaddr_storage *b);

/* acceptor.c */
enum ec server_acceptor_listen(struct server *s, struct err *err) MUST_CHECK;
enum ec server_acceptor_start(struct server *s, struct err *err) MUST_CHECK;
/* FINISH accepts the clients in the backlog first. Returns when the socket is closed. */
void server_acceptor_end(struct server *s, enum acceptor_order order);
/* A connection was closed: the acceptor may be waiting for that. */
void server_acceptor_wake(struct server *s);

/* worker.c */
enum ec server_worker_start(struct worker *w, struct err *err) MUST_CHECK;
void server_worker_end(struct worker *w);
/* From any thread: hands a pending connection to its worker. */
void server_worker_give(struct conn *c);
/* The result of a read for TLS: bytes, none yet, or the end. */
enum pulled { PULLED_BYTES, PULLED_NOTHING, PULLED_END };
void server_worker_pulled(struct conn *c, enum pulled what);

/* watchdog.c */
enum ec server_watchdog_start(struct server *s, struct err *err) MUST_CHECK;
void server_watchdog_end(struct server *s);
/* Closes idle connections; returns the number of others. */
unsigned server_watchdog_close_idle(struct server *s);
/* Closes at most n connections to make room for others, each after yield_ms without progress: first
 * those without a request yet or with a slow one, then those that are idle after one, then those whose
 * body is still arriving, kept or not, then those whose answer is not read, the slowest first; never
 * one whose answer is being made. Returns the number closed. */
unsigned server_watchdog_make_room(struct server *s, unsigned n);
/* Cuts a connection whose answer has not been read for yield_slow_ms, and takes its slot in flight;
 * false: there is none. */
bool server_watchdog_take_slot(struct server *s);
/* Closes at most n connections whose handshake has waited for the client for a quarter of yield_ms,
 * the longest first. */
void server_watchdog_end_handshakes(struct server *s, unsigned n);
/* Bytes that the peer has sent so far (TCP_INFO); BYTES_UNKNOWN when the kernel cannot tell. */
uint64_t server_watchdog_bytes_received(int fd);

/* conn.c */
/* Into the pending list, before MHD gets the socket; NULL without memory. */
struct conn *server_conn_new(struct worker *w, int fd, const struct sockaddr_storage *peer,
                             socklen_t peer_bytes);
/* NOTIFY_STARTED: moves what the worker is adding to the open list. */
struct conn *server_conn_take(struct worker *w);
/* It was never started: MHD closed it without a callback. */
void server_conn_drop_pending(struct conn *c);
/* The number of connections from the client's address, ignoring the port. */
unsigned server_conn_count_of(struct server *s, const struct sockaddr_storage *peer);
void server_conn_free(struct conn *c);
/* Frees those that no worker has added, and closes their sockets. */
void server_conn_free_pending(struct server *s);
/* Its handshake has ended, successfully or not; idempotent. */
void server_conn_shaken(struct conn *c);
void server_conn_enter(struct conn *c, enum stage stage, int64_t since_ns);
static inline enum stage server_conn_stage_of(uint64_t word) {
    return (enum stage)(word & 7);
}
static inline int64_t server_conn_since_of(uint64_t word) {
    return (int64_t)(word >> 3);
}

/* body.c */
/* A request begins: the connection gets the worker's kept memory until the end of the request. */
void server_body_begin(struct conn *c);
/* Appends a piece of the body. False: no memory for it. */
bool server_body_add(struct conn *c, const char *bytes, size_t n) MUST_CHECK;
/* Appends the zeroed padding to the body. */
bool server_body_finish(struct conn *c) MUST_CHECK;
/* Counts the reply's memory, and frees what it does not use. False: over the budget. */
bool server_body_charge_reply(struct conn *c) MUST_CHECK;
/* The body is no longer needed; the answer may wait long to be read. */
void server_body_answered(struct conn *c);
/* Frees the body's memory: it will not be needed. */
void server_body_drop(struct conn *c);
/* The connection's memory goes back to the worker, which keeps it if it is small. */
void server_body_end(struct conn *c);
void server_body_give_back(struct server *s, struct room *r);

/* http.c: what libmicrohttpd calls */
enum MHD_Result server_http_on_request(void *worker, struct MHD_Connection *mhd,
                                       const char *url, const char *method, const char *version,
                                       const char *upload, size_t *upload_bytes,
                                       void **request_context);
void *server_http_on_request_line(void *worker, const char *uri, struct MHD_Connection *mhd);
void server_http_on_completed(void *worker, struct MHD_Connection *mhd, void **request_context,
                              enum MHD_RequestTerminationCode how);
void server_http_on_connection(void *worker, struct MHD_Connection *mhd, void **socket_context,
                               enum MHD_ConnectionNotificationCode what);
/* ?timeout= in Go's notation of durations; 0 when it is invalid or not positive. */
int64_t server_http_parse_timeout(struct str text);

/* reply.c */
enum MHD_Result server_reply_send(struct conn *c, struct MHD_Connection *mhd,
                                  const struct server_reply *reply);
/* Sends and counts a refusal. */
enum MHD_Result server_reply_refuse(struct conn *c, struct MHD_Connection *mhd,
                                    const struct refusal *why);

/* tls.c */
extern const char server_tls_default_priorities[];
enum ec server_tls_check_priorities(const char *priorities, struct err *err) MUST_CHECK;
enum ec server_tls_creds_new(struct tls_creds **out, struct str cert_pem, struct str key_pem,
                             struct str client_ca_pem, struct err *err) MUST_CHECK;
void server_tls_creds_unref(struct tls_creds *t);
/* Gives the session the current credentials; they are valid as long as the connection exists. */
bool server_tls_attach(struct conn *c, gnutls_session_t session) MUST_CHECK;
bool server_tls_asks_client(const struct tls_creds *t);
/* Number of bytes of the client that are buffered here, not in the kernel. */
size_t server_tls_is_ahead(const struct conn *c);
/* At the end of the connection, and of the worker. */
void server_tls_drop_ahead(struct conn *c);
void server_tls_free_ahead(struct worker *w);
/* The next record, an answer's head, is held until the one after it and sent with it. */
void server_tls_hold(struct conn *c);
/* For MHD_OPTION_HTTPS_CERT_CALLBACK2: always fails. */
int server_tls_no_certificate(gnutls_session_t session, const struct gnutls_cert_retr_st *info,
                              gnutls_pcert_st **pcert, unsigned *n_pcert,
                              gnutls_ocsp_data_st **ocsp, unsigned *n_ocsp,
                              gnutls_privkey_t *key, unsigned *flags);

/* handshake.c */
/* Checks each message of the client before GnuTLS processes it. */
void server_handshake_watch(gnutls_session_t session);
/* Before the first bytes are read, and again while there are none. False: too many handshakes are in
 * progress. */
bool server_handshake_begin(struct conn *c) MUST_CHECK;
/* There are no bytes yet: a handshake whose client is silent is not counted. */
void server_handshake_wait(struct conn *c);
/* n bytes were read. False: more bytes or more reads than any handshake needs. */
bool server_handshake_may_read(struct conn *c, size_t n) MUST_CHECK;

/* client.c */
/* Whether the client has a certificate of the client CA, for client use, with an accepted name. */
bool server_client_is_trusted(gnutls_session_t session, const char *const *names,
                              size_t n_names);

#endif
