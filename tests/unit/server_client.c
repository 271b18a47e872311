#include "server_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

void client_pause(void) {
    nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
}

struct client *client_new(unsigned port) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct timeval guard = {.tv_sec = HANG_S};
    struct client *c = calloc(1, sizeof *c);
    assert_non_null(c);
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(c->fd >= 0);
    int on = 1; /* a head and a body are two writes: no 40 ms between them */
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &guard, sizeof guard);
    setsockopt(c->fd, SOL_SOCKET, SO_SNDTIMEO, &guard, sizeof guard);
    if (connect(c->fd, (struct sockaddr *)&a, sizeof a) != 0)
        fail_row("connect: errno %d", errno);
    return c;
}

void client_free(struct client *c) {
    if (c == NULL)
        return;
    if (c->tls)
        gnutls_deinit(c->tls);
    if (c->cred)
        gnutls_certificate_free_credentials(c->cred);
    close(c->fd);
    free(c);
}

static void begin_tls(struct client *c, const char *priorities, const struct pem *pair) {
    const gnutls_datum_t alpn[] = {{(unsigned char *)(uintptr_t) "h2", 2},
                                   {(unsigned char *)(uintptr_t) "http/1.1", 8}};
    assert_int_equal(gnutls_certificate_allocate_credentials(&c->cred), 0);
    if (pair) {
        gnutls_x509_crt_t chain[16];
        unsigned n = 0;
        for (const struct pem *p = pair; n < pair->n_shown; p = p->from)
            chain[n++] = p->crt;
        gnutls_certificate_set_flags(c->cred, GNUTLS_CERTIFICATE_SKIP_KEY_CERT_MATCH);
        assert_int_equal(gnutls_certificate_set_x509_key(c->cred, chain, (int)n, pair->key), 0);
    }
    assert_int_equal(
        gnutls_init(&c->tls, GNUTLS_CLIENT | GNUTLS_NO_SIGNAL | GNUTLS_FORCE_CLIENT_CERT), 0);
    assert_int_equal(
        gnutls_priority_set_direct(c->tls, priorities ? priorities : "NORMAL", NULL), 0);
    assert_int_equal(gnutls_credentials_set(c->tls, GNUTLS_CRD_CERTIFICATE, c->cred), 0);
    assert_int_equal(gnutls_alpn_set_protocols(c->tls, alpn, 2, 0), 0);
    gnutls_transport_set_int(c->tls, c->fd);
    gnutls_handshake_set_timeout(c->tls, GNUTLS_INDEFINITE_TIMEOUT);
}

struct client *client_try_tls(unsigned port, const char *priorities, const struct pem *pair) {
    struct client *c = client_new(port);
    begin_tls(c, priorities, pair);
    int rc;
    do
        rc = gnutls_handshake(c->tls);
    while (rc < 0 && !gnutls_error_is_fatal(rc) && rc != GNUTLS_E_AGAIN);
    if (rc == 0)
        return c;
    assert_int_not_equal(rc, GNUTLS_E_AGAIN); /* the guard ran out */
    client_free(c);
    return NULL;
}

struct client *client_new_tls(unsigned port, const char *priorities, const struct pem *pair) {
    struct client *c = client_try_tls(port, priorities, pair);
    assert_non_null(c);
    return c;
}

static ssize_t send_some(struct client *c, const void *bytes, size_t n) {
    return c->tls ? gnutls_record_send(c->tls, bytes, n) : send(c->fd, bytes, n, MSG_NOSIGNAL);
}

void client_send(struct client *c, const void *bytes, size_t n) {
    for (size_t sent = 0; sent < n;) {
        ssize_t now = send_some(c, (const char *)bytes + sent, n - sent);
        if (now <= 0)
            fail_row("send: %zd, errno %d", now, errno);
        sent += (size_t)now;
    }
}

void client_puts(struct client *c, const char *text) {
    client_send(c, text, strlen(text));
}

bool client_drip(struct client *c, char byte) {
    return send(c->fd, &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT) == 1 || errno == EAGAIN;
}

bool client_sees_end(struct client *c) {
    char trash[4096];
    for (;;) {
        ssize_t n = recv(c->fd, trash, sizeof trash, MSG_DONTWAIT);
        if (n <= 0)
            return n == 0 || (errno != EAGAIN && errno != EINTR);
    }
}

static ssize_t receive(struct client *c, void *to, size_t n) {
    if (!c->tls)
        return recv(c->fd, to, n, 0);
    ssize_t rc;
    do
        rc = gnutls_record_recv(c->tls, to, n);
    while (rc == GNUTLS_E_INTERRUPTED);
    return rc;
}

int client_wait_end(struct client *c) {
    char trash[4096];
    ssize_t n;
    do
        n = receive(c, trash, sizeof trash);
    while (n > 0);
    if (c->tls ? n == GNUTLS_E_AGAIN : n < 0 && errno == EAGAIN)
        fail_row("the server did not close the connection");
    return (int)n;
}

/* More bytes; fails the test at the end of the connection. */
static void fill(struct client *c) {
    assert_true(c->n < sizeof c->in);
    ssize_t n = receive(c, c->in + c->n, sizeof c->in - c->n);
    if (n <= 0)
        fail_row("receive: %zd, errno %d, after \"%.*s\"", n, n < 0 ? errno : 0, (int)c->n,
                 c->in);
    c->n += (size_t)n;
}

static void consume(struct client *c, size_t n) {
    memmove(c->in, c->in + n, c->n - n);
    c->n -= n;
}

static void read_head(struct client *c, struct reply *r) {
    const char *end;
    while ((end = memmem(c->in, c->n, "\r\n\r\n", 4)) == NULL)
        fill(c);
    size_t n = (size_t)(end - c->in) + 4;
    assert_true(n < sizeof r->head);
    memcpy(r->head, c->in, n);
    r->head[n] = '\0';
    consume(c, n);
    if (sscanf(r->head, "HTTP/1.1 %u ", &r->status) != 1)
        fail_row("no status line: \"%s\"", r->head);
}

void client_read(struct client *c, bool has_body, struct reply *out) {
    *out = (struct reply){.status = 0};
    read_head(c, out);
    const char *length = reply_header(out, "Content-Length");
    assert_true(length[0] != '\0');
    out->body_bytes = has_body ? strtoul(length, NULL, 10) : 0;
    out->body = calloc(1, out->body_bytes + 1);
    assert_non_null(out->body);
    for (size_t got = 0; got < out->body_bytes;) {
        if (c->n == 0)
            fill(c);
        size_t n = c->n < out->body_bytes - got ? c->n : out->body_bytes - got;
        memcpy(out->body + got, c->in, n);
        consume(c, n);
        got += n;
    }
}

void client_post(struct client *c, const char *target, const char *type, const char *body,
                 size_t n, struct reply *out) {
    char head[512];
    int head_bytes = snprintf(head, sizeof head,
                              "POST %s HTTP/1.1\r\nHost: h\r\nContent-Type: %s\r\n"
                              "Content-Length: %zu\r\n\r\n",
                              target, type, n);
    client_send(c, head, (size_t)head_bytes);
    client_send(c, body, n);
    client_read(c, true, out);
}

unsigned client_ask(struct client *c, const char *request) {
    struct reply r;
    client_puts(c, request);
    client_read(c, true, &r);
    reply_done(&r);
    return r.status;
}

void reply_done(struct reply *r) {
    free(r->body);
    r->body = NULL;
}

const char *reply_header(const struct reply *r, const char *name) {
    static char value[512];
    size_t n = strlen(name);
    for (const char *line = strstr(r->head, "\r\n"); line; line = strstr(line, "\r\n")) {
        line += 2;
        if (strncasecmp(line, name, n) != 0 || line[n] != ':')
            continue;
        line += n + 1 + strspn(line + n + 1, " ");
        snprintf(value, sizeof value, "%.*s", (int)strcspn(line, "\r"), line);
        return value;
    }
    return "";
}

static void set_names(gnutls_x509_crt_t crt, struct pem_wish wish) {
    assert_int_equal(gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0,
                                                   wish.common_name,
                                                   (unsigned)strlen(wish.common_name)),
                     0);
    if (wish.dns)
        assert_int_equal(gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME, wish.dns,
                                                              (unsigned)strlen(wish.dns),
                                                              GNUTLS_FSAN_SET),
                         0);
    if (wish.purpose)
        assert_int_equal(gnutls_x509_crt_set_key_purpose_oid(crt, wish.purpose, 0), 0);
}

void pem_make(struct pem *out, struct pem_wish wish) {
    static unsigned char serial = 1;
    time_t now = time(NULL);
    *out = (struct pem){.from = wish.from, .n_shown = 1};
    assert_int_equal(gnutls_x509_privkey_init(&out->key), 0);
    if (wish.algorithm == 0) {
        wish.algorithm = GNUTLS_PK_ECDSA;
        wish.bits = GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1);
    }
    assert_int_equal(gnutls_x509_privkey_generate(out->key, wish.algorithm, wish.bits, 0), 0);
    assert_int_equal(gnutls_x509_crt_init(&out->crt), 0);
    set_names(out->crt, wish);
    serial++;
    gnutls_x509_crt_set_version(out->crt, 3);
    gnutls_x509_crt_set_serial(out->crt, &serial, 1);
    gnutls_x509_crt_set_activation_time(out->crt, now - 3600);
    gnutls_x509_crt_set_expiration_time(out->crt, now + 24 * 3600);
    gnutls_x509_crt_set_basic_constraints(out->crt, wish.is_ca, -1);
    gnutls_x509_crt_set_key_usage(out->crt, wish.is_ca ? GNUTLS_KEY_KEY_CERT_SIGN
                                                       : GNUTLS_KEY_DIGITAL_SIGNATURE);
    gnutls_x509_crt_set_key(out->crt, out->key);
    if (wish.other_key)
        assert_int_equal(gnutls_x509_crt_set_pubkey(out->crt, wish.other_key), 0);
    const struct pem *from = wish.from ? wish.from : out;
    assert_int_equal(
        gnutls_x509_crt_sign2(out->crt, from->crt, from->key, GNUTLS_DIG_SHA256, 0), 0);
    assert_int_equal(gnutls_x509_privkey_export2(out->key, GNUTLS_X509_FMT_PEM, &out->key_pem),
                     0);
    assert_int_equal(gnutls_x509_crt_export2(out->crt, GNUTLS_X509_FMT_PEM, &out->cert_pem), 0);
    /* Read back: only then does GnuTLS find one certificate's issuer among others. */
    gnutls_x509_crt_deinit(out->crt);
    assert_int_equal(gnutls_x509_crt_init(&out->crt), 0);
    assert_int_equal(gnutls_x509_crt_import(out->crt, &out->cert_pem, GNUTLS_X509_FMT_PEM), 0);
}

void pem_done(struct pem *p) {
    gnutls_x509_crt_deinit(p->crt);
    gnutls_x509_privkey_deinit(p->key);
    gnutls_free(p->key_pem.data);
    gnutls_free(p->cert_pem.data);
}
