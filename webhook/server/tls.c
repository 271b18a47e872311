/* Certificates and sessions of GnuTLS.
 *
 * libmicrohttpd keeps its initial credentials. Ours are reference-counted and set per connection in
 * NOTIFY_STARTED: new connections get new ones (also another client CA), existing connections keep
 * theirs, and broken new files change nothing. */
#include "server/internal.h"

#include "base/mem.h"

#include <errno.h>
#include <gnutls/x509.h>
#include <limits.h>

enum { PUSH_PARTS = 32 };

struct tls_creds {
    atomic_uint count;
    gnutls_certificate_credentials_t cred;
    bool asks_client;
};

const char server_tls_default_priorities[] =
    "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA:"
    "-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1";

/* A finite-field group costs the server half a second, and the client nothing. */
static bool is_cheap_group(unsigned group) {
    return group == GNUTLS_GROUP_X25519 || group == GNUTLS_GROUP_SECP256R1 ||
           group == GNUTLS_GROUP_SECP384R1;
}

static bool is_cheap_exchange(unsigned exchange) {
    return exchange == GNUTLS_KX_ECDHE_ECDSA || exchange == GNUTLS_KX_ECDHE_RSA;
}

static enum ec check_costs(gnutls_priority_t parsed, struct err *err) {
    const unsigned *list = NULL;
    int n = gnutls_priority_group_list(parsed, &list);
    for (int i = 0; i < n; i++)
        if (!is_cheap_group(list[i]))
            return err_set(
                err, EC_USAGE,
                "TLS priorities: found the group %s, expected only X25519, SECP256R1 "
                "and SECP384R1: others are too expensive",
                gnutls_group_get_name((gnutls_group_t)list[i]));
    n = gnutls_priority_kx_list(parsed, &list);
    for (int i = 0; i < n; i++)
        if (!is_cheap_exchange(list[i]))
            return err_set(
                err, EC_USAGE,
                "TLS priorities: found the key exchange %s, expected only ECDHE-ECDSA and "
                "ECDHE-RSA",
                gnutls_kx_get_name((gnutls_kx_algorithm_t)list[i]));
    return EC_OK;
}

enum ec server_tls_check_priorities(const char *priorities, struct err *err) {
    gnutls_priority_t parsed;
    const char *at = priorities;
    int rc = gnutls_priority_init(&parsed, priorities, &at);
    if (rc != GNUTLS_E_SUCCESS)
        return err_set(err, EC_USAGE, "TLS priorities: %s at \"%s\"", gnutls_strerror(rc), at);
    enum ec ec = check_costs(parsed, err);
    gnutls_priority_deinit(parsed);
    return ec;
}

static bool to_datum(struct str s, gnutls_datum_t *out) {
    if (s.n > UINT_MAX)
        return false;
    *out = (gnutls_datum_t){(unsigned char *)s.p, (unsigned)s.n};
    return true;
}

static enum ec fail_gnutls(struct err *err, const char *what, int rc) {
    if (rc == GNUTLS_E_MEMORY_ERROR)
        return err_set(err, EC_NOMEM, "%s: no memory", what);
    return err_set(err, EC_CRYPTO, "%s: %s", what, gnutls_strerror(rc));
}

/* 0, or GnuTLS's error for a text that is not a list of certificates. */
static int try_certificates(const gnutls_datum_t *pem) {
    gnutls_x509_crt_t *list = NULL;
    unsigned n = 0;
    int rc = gnutls_x509_crt_list_import2(&list, &n, pem, GNUTLS_X509_FMT_PEM, 0);
    if (rc < 0)
        return rc;
    for (unsigned i = 0; i < n; i++)
        gnutls_x509_crt_deinit(list[i]);
    gnutls_free(list);
    return n == 0 ? GNUTLS_E_NO_CERTIFICATE_FOUND : 0;
}

static enum ec set_pair(gnutls_certificate_credentials_t cred, struct str cert_pem,
                        struct str key_pem, struct err *err) {
    gnutls_datum_t cert, key;
    if (!to_datum(cert_pem, &cert) || !to_datum(key_pem, &key))
        return err_set(err, EC_LIMIT, "certificate or key: larger than 4 GiB");
    int rc = try_certificates(&cert);
    if (rc != 0)
        return fail_gnutls(err, "certificate", rc);
    rc = gnutls_certificate_set_x509_key_mem(cred, &cert, &key, GNUTLS_X509_FMT_PEM);
    if (rc == GNUTLS_E_CERTIFICATE_KEY_MISMATCH)
        return err_set(err, EC_CRYPTO, "key: it does not match the certificate");
    return rc < 0 ? fail_gnutls(err, "key", rc) : EC_OK;
}

static enum ec set_client_ca(struct tls_creds *t, struct str pem, struct err *err) {
    gnutls_datum_t ca;
    t->asks_client = pem.n > 0;
    if (!t->asks_client)
        return EC_OK;
    if (!to_datum(pem, &ca))
        return err_set(err, EC_LIMIT, "client CA: larger than 4 GiB");
    int rc = gnutls_certificate_set_x509_trust_mem(t->cred, &ca, GNUTLS_X509_FMT_PEM);
    return rc <= 0 ? fail_gnutls(err, "client CA", rc < 0 ? rc : GNUTLS_E_NO_CERTIFICATE_FOUND)
                   : EC_OK;
}

static enum ec import(struct tls_creds *t, struct str cert_pem, struct str key_pem,
                      struct str client_ca_pem, struct err *err) {
    int rc = gnutls_certificate_allocate_credentials(&t->cred);
    if (rc < 0)
        return fail_gnutls(err, "certificate", rc);
    if (set_pair(t->cred, cert_pem, key_pem, err) != EC_OK)
        return err->code;
    return set_client_ca(t, client_ca_pem, err);
}

enum ec server_tls_creds_new(struct tls_creds **out, struct str cert_pem, struct str key_pem,
                             struct str client_ca_pem, struct err *err) {
    struct tls_creds *t = mem_zalloc(sizeof *t);
    if (t == NULL)
        return err_set(err, EC_NOMEM, "certificate: no memory");
    atomic_init(&t->count, 1);
    if (import(t, cert_pem, key_pem, client_ca_pem, err) != EC_OK) {
        server_tls_creds_unref(t);
        return err->code;
    }
    *out = t;
    return EC_OK;
}

void server_tls_creds_unref(struct tls_creds *t) {
    if (t == NULL || atomic_fetch_sub(&t->count, 1) != 1)
        return;
    if (t->cred)
        gnutls_certificate_free_credentials(t->cred);
    mem_free(t);
}

bool server_tls_asks_client(const struct tls_creds *t) {
    return t && t->asks_client;
}

/* ---- bytes: the head of an answer and its body go in one packet --------------------------- */

static bool hold(struct conn *c, const giovec_t *v, int n) {
    size_t bytes = 0;
    for (int i = 0; i < n; i++)
        bytes += v[i].iov_len;
    if (bytes > sizeof c->held)
        return false;
    for (int i = 0; i < n; i++) {
        memcpy(c->held + c->n_held, v[i].iov_base, v[i].iov_len);
        c->n_held += v[i].iov_len;
    }
    return true;
}

/* Of the bytes sent, those of this call by GnuTLS. Held bytes that are left go first the next time. */
static ssize_t without_held(struct conn *c, ssize_t sent) {
    size_t n = (size_t)sent < c->n_held ? (size_t)sent : c->n_held;
    c->n_held -= n;
    memmove(c->held, c->held + n, c->n_held);
    return sent - (ssize_t)n;
}

static ssize_t send_held(struct conn *c, const giovec_t *v, int n) {
    struct iovec parts[PUSH_PARTS] = {{.iov_base = c->held, .iov_len = c->n_held}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 1};
    for (int i = 0; i < n && message.msg_iovlen < PUSH_PARTS; i++)
        parts[message.msg_iovlen++] = (struct iovec){v[i].iov_base, v[i].iov_len};
    ssize_t sent = sendmsg(c->fd, &message, MSG_NOSIGNAL);
    if (sent < 0)
        return sent;
    ssize_t own = without_held(c, sent);
    if (own == 0 && n != 0) {
        errno = EAGAIN;
        return -1;
    }
    return own;
}

/* GnuTLS's push function, in place of its own sendmsg. */
static ssize_t push_records(gnutls_transport_ptr_t ptr, const giovec_t *v, int n) {
    struct conn *c = ptr;
    size_t bytes = 0;
    bool holds = c->holds_next;
    c->holds_next = false;
    c->worker->has_moved = true;
    for (int i = 0; i < n; i++)
        bytes += v[i].iov_len;
    if (holds && c->n_held == 0 && hold(c, v, n))
        return (ssize_t)bytes;
    ssize_t sent = send_held(c, v, n);
    if (sent < 0)
        gnutls_transport_set_errno(c->session, errno);
    return sent;
}

void server_tls_hold(struct conn *c) {
    c->holds_next = c->session != NULL;
}

/* ---- bytes: a record and its head in one read -------------------------------------------- */

enum { RECORD_HEAD = 5 };

/* A buffer for reading ahead. NULL: too many in use, or no memory; then GnuTLS's read is passed on. */
static struct ahead *take_ahead(struct worker *w) {
    struct ahead *a = w->spare_ahead;
    if (a != NULL) {
        w->spare_ahead = a->next;
        return a;
    }
    _Static_assert(TLS_AHEAD_MAX * sizeof *a <= SERVER_AHEAD_BYTES,
                   "the plan of memory holds them");
    if (w->n_ahead == TLS_AHEAD_MAX || (a = mem_alloc(sizeof *a)) == NULL)
        return NULL;
    w->n_ahead++;
    return a;
}

static void give_ahead(struct worker *w, struct ahead *a) {
    a->next = w->spare_ahead;
    w->spare_ahead = a;
}

size_t server_tls_is_ahead(const struct conn *c) {
    return c->ahead ? c->ahead->n - c->ahead->at : 0;
}

void server_tls_drop_ahead(struct conn *c) {
    if (c->ahead != NULL)
        give_ahead(c->worker, c->ahead);
    c->ahead = NULL;
}

void server_tls_free_ahead(struct worker *w) {
    while (w->spare_ahead != NULL) {
        struct ahead *a = w->spare_ahead;
        w->spare_ahead = a->next;
        mem_free(a);
    }
}

static ssize_t from_ahead(struct conn *c, void *bytes, size_t n) {
    struct ahead *a = c->ahead;
    n = n < a->n - a->at ? n : a->n - a->at;
    memcpy(bytes, a->bytes + a->at, n);
    a->at += n;
    if (a->at == a->n)
        server_tls_drop_ahead(c);
    return (ssize_t)n;
}

/* GnuTLS reads the head of a record, and then the rest. On a read for a head, everything available is
 * read, at most one record. */
static ssize_t from_kernel(struct conn *c, void *bytes, size_t n) {
    struct ahead *a = n == RECORD_HEAD ? take_ahead(c->worker) : NULL;
    if (a == NULL)
        return recv(c->fd, bytes, n, 0);
    ssize_t got = recv(c->fd, a->bytes, sizeof a->bytes, 0);
    if (got <= 0) {
        give_ahead(c->worker, a);
        return got;
    }
    a->at = 0;
    a->n = (size_t)got;
    c->ahead = a;
    return from_ahead(c, bytes, n);
}

/* ---- a goodbye ----------------------------------------------------------------------------- */

/* A client may send its next request at the moment in which an idle connection is closed. Go's
 * transport does not repeat a POST then, but the API server's client repeats what was answered by 5xx
 * with Retry-After (client-go, rest/with_retry.go). So this is sent first: the answer to that request,
 * or, to a client that sent none, the end of the connection, like a 408 (RFC 9110, 15.5.9). GnuTLS
 * allows sending while it receives: each direction has its own state. */
static void say_goodbye(struct conn *c) {
    static const char goodbye[] = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\n"
                                  "Connection: close\r\nContent-Length: 0\r\n\r\n";
    enum stage stage = server_conn_stage_of(atomic_load(&c->stage));
    if (stage != STAGE_HANDSHAKE && stage < STAGE_ANSWER &&
        atomic_exchange(&c->is_let_go, false))
        (void)gnutls_record_send(c->session, goodbye, sizeof goodbye - 1);
}

/* GnuTLS's pull function. is_taking is set before bytes leave the kernel: otherwise the watchdog would
 * see an idle connection until libmicrohttpd has found a request in them. */
static ssize_t pull(gnutls_transport_ptr_t ptr, void *bytes, size_t n) {
    struct conn *c = ptr;
    if (!server_handshake_begin(c)) { /* libmicrohttpd calls again, with or without new bytes */
        server_worker_pulled(c, PULLED_NOTHING);
        gnutls_transport_set_errno(c->session, EAGAIN);
        return -1;
    }
    atomic_store(&c->is_taking, true);
    ssize_t got = c->ahead ? from_ahead(c, bytes, n) : from_kernel(c, bytes, n);
    int error = got < 0 ? errno : 0;
    if (got > 0 && !server_handshake_may_read(c, (size_t)got)) {
        got = -1;
        error = ECONNABORTED;
    }
    if (got == 0)
        say_goodbye(c);
    if (got <= 0) {
        atomic_store_explicit(&c->is_taking, false, memory_order_relaxed);
        server_handshake_wait(c);
    }
    server_worker_pulled(c, got > 0           ? PULLED_BYTES
                            : error == EAGAIN ? PULLED_NOTHING
                                              : PULLED_END);
    if (got < 0)
        gnutls_transport_set_errno(c->session, error);
    return got;
}

static void set_transport(struct conn *c) {
    gnutls_transport_set_ptr(c->session, c);
    gnutls_transport_set_vec_push_function(c->session, push_records);
    gnutls_transport_set_pull_function(c->session, pull);
}

bool server_tls_attach(struct conn *c, gnutls_session_t session) {
    static const char http_1_1[] = "http/1.1";
    struct server *s = c->worker->server;
    const gnutls_datum_t alpn = {(unsigned char *)http_1_1, sizeof http_1_1 - 1};
    pthread_mutex_lock(&s->creds_lock);
    c->creds = s->creds;
    atomic_fetch_add(&c->creds->count, 1);
    pthread_mutex_unlock(&s->creds_lock);
    c->session = session;
    set_transport(c);
    server_handshake_watch(session);
    if (c->creds->asks_client)
        gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUEST);
    return gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, c->creds->cred) == 0 &&
           gnutls_alpn_set_protocols(session, &alpn, 1, 0) == 0;
}

int server_tls_no_certificate(gnutls_session_t session, const struct gnutls_cert_retr_st *info,
                              gnutls_pcert_st **pcert, unsigned *n_pcert,
                              gnutls_ocsp_data_st **ocsp, unsigned *n_ocsp,
                              gnutls_privkey_t *key, unsigned *flags) {
    (void)session, (void)info, (void)pcert, (void)n_pcert, (void)ocsp, (void)n_ocsp;
    (void)key, (void)flags;
    return -1;
}
