/* Any bytes at the socket of a server that runs: what it answers is HTTP to the last byte, a
 * good request after it is answered right, and nothing is left: no connection, no request under
 * way, no memory of the budget.
 * Input   byte 0  bits 0-1  plain HTTP; over TLS; instead of TLS; plain HTTP, torn off
 *                 bits 2-3  connections beside the first, which get the same
 *         byte 1  0: the bytes in one piece; else pieces of up to as many bytes, by turns
 *         then    the bytes                                                                */
#include "certs/certs.h"
#include "server/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/gnutls.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum {
    CONNECTIONS_MAX = 4,
    BODY_MAX = 4096,
    ANSWER_MAX = 8 << 20,
    HANG_MS = 8000, /* below the time that run.sh gives an input: our word comes first */
    SERVER_MS = 20000,
    FDS_MAX = 100
};
enum kind { PLAIN, TLS, INSTEAD_OF_TLS, TORN };

static void hold(bool property, const char *name, struct str text) {
    if (property)
        return;
    fprintf(stderr, "http does not hold \"%s\" for \"%.*s\"\n", name, STR_ARG(text));
    abort();
}

/* ---- the server ----------------------------------------------------------------------- */

static void answer_echo(void *arg, const struct server_request *r, struct server_reply *reply) {
    (void)arg;
    static const char zeros[SERVER_BODY_PADDING];
    hold(r->body == NULL || memcmp(r->body + r->body_bytes, zeros, sizeof zeros) == 0,
         "a body has its padding", r->path);
    hold(r->body_bytes <= BODY_MAX && r->query.n <= SERVER_QUERY_MAX, "limits", r->path);
    if (r->body_bytes != 0)
        buf_add(reply->body, r->body, r->body_bytes);
}

static void answer_large(void *arg, const struct server_request *r,
                         struct server_reply *reply) {
    (void)arg, (void)r;
    for (int i = 0; i < 4000; i++)
        buf_puts(reply->body, "0123456789");
}

static const struct server_route routes[] = {
    {"/echo", SERVER_POST, true, answer_echo},
    {"/any", SERVER_GET | SERVER_POST, false, answer_echo},
    {"/large", SERVER_GET, false, answer_large},
};

static struct server *plain, *secure;

static struct server *start(const struct certs_files *files) {
    struct server_config config = {.listen = "127.0.0.1:0",
                                   .tls = files != NULL,
                                   .routes = routes,
                                   .n_routes = sizeof routes / sizeof *routes,
                                   .n_workers = 1,
                                   .max_body_bytes = BODY_MAX,
                                   .memory_budget_bytes = 1 << 20,
                                   .max_connections = 100,
                                   .max_header_bytes = 16 << 10,
                                   .max_handshakes = 100,
                                   .max_in_flight = 50,
                                   .idle_timeout_s = 180,
                                   .header_timeout_ms = SERVER_MS,
                                   .request_timeout_ms = SERVER_MS};
    struct err err = ERR_INIT;
    struct server *s = NULL;
    if (files != NULL) {
        config.cert_pem = buf_view(&files->tls_crt);
        config.key_pem = buf_view(&files->tls_key);
    }
    hold(server_start(&s, &config, &err) == EC_OK, err.msg, STR_NONE);
    return s;
}

static void start_both(void) {
    struct certs_files files = CERTS_FILES_INIT;
    const struct certs_request request = {.service = STR("s"),
                                          .namespace = STR("ns"),
                                          .now_s = 1800000000,
                                          .days = 365,
                                          .ca_days = 365};
    struct err err = ERR_INIT;
    hold(certs_make(&files, &request, &err) == EC_OK, err.msg, STR_NONE);
    plain = start(NULL);
    secure = start(&files);
    certs_files_done(&files);
}

/* ---- connections ----------------------------------------------------------------------- */

/* libFuzzer looks at the time with a signal. */
static int poll_on(struct pollfd *p, int ms) {
    int n;
    do
        n = poll(p, 1, ms);
    while (n < 0 && errno == EINTR);
    return n;
}

static bool is_connected(int fd, const struct sockaddr_in *to) {
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    int error = 0;
    socklen_t n = sizeof error;
    if (connect(fd, (const struct sockaddr *)to, sizeof *to) == 0)
        return true;
    return errno == EINTR && poll_on(&p, HANG_MS) == 1 &&
           getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n) == 0 && error == 0;
}

struct client {
    int fd;
    gnutls_session_t tls; /* NULL: none */
    struct buf answer;
    /* The other end closed while we had more to say, and the kernel dropped what was on its way
     * to us. The next call on the socket reports it, once: that may be a send. */
    bool is_reset;
};

static gnutls_certificate_credentials_t trusts_all;

static void shake_hands(struct client *c) {
    int rc;
    if (trusts_all == NULL)
        hold(gnutls_certificate_allocate_credentials(&trusts_all) == 0, "memory", STR_NONE);
    hold(gnutls_init(&c->tls, GNUTLS_CLIENT | GNUTLS_NO_SIGNAL) == 0, "memory", STR_NONE);
    gnutls_set_default_priority(c->tls);
    gnutls_credentials_set(c->tls, GNUTLS_CRD_CERTIFICATE, trusts_all);
    gnutls_transport_set_int(c->tls, c->fd);
    do
        rc = gnutls_handshake(c->tls);
    while (rc < 0 && !gnutls_error_is_fatal(rc));
    hold(rc == 0, "the handshake of a good client", str_of(gnutls_strerror(rc)));
}

static void dial(struct client *c, const struct server *s, bool tls) {
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons((uint16_t)server_port(s)),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int on = 1;
    *c = (struct client){.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
                         .answer = BUF_INIT(ANSWER_MAX)};
    hold(c->fd >= 0 && is_connected(c->fd, &a), "it listens", str_of(strerrordesc_np(errno)));
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (tls)
        shake_hands(c);
}

/* As much as it takes: it may have closed the connection, with reason. */
static void say(struct client *c, struct str bytes) {
    while (bytes.n != 0) {
        ssize_t n = c->tls ? gnutls_record_send(c->tls, bytes.p, bytes.n)
                           : send(c->fd, bytes.p, bytes.n, MSG_NOSIGNAL);
        if (n < 0 &&
            (c->tls ? n == GNUTLS_E_INTERRUPTED || n == GNUTLS_E_AGAIN : errno == EINTR))
            continue;
        c->is_reset |= n <= 0;
        if (n <= 0)
            return;
        bytes = str_slice(bytes, (size_t)n, bytes.n);
    }
}

static ssize_t hear_some(struct client *c, char *to, size_t n) {
    struct pollfd p = {.fd = c->fd, .events = POLLIN};
    if (c->tls == NULL || gnutls_record_check_pending(c->tls) == 0)
        hold(poll_on(&p, HANG_MS) == 1, "it answers or closes", buf_view(&c->answer));
    return c->tls ? gnutls_record_recv(c->tls, to, n) : recv(c->fd, to, n, 0);
}

static bool hear(struct client *c) {
    char piece[65536];
    ssize_t n = hear_some(c, piece, sizeof piece);
    if (c->tls && n < 0 && !gnutls_error_is_fatal((int)n))
        return true;
    c->is_reset |= n < 0 && errno == ECONNRESET;
    if (n > 0)
        buf_add(&c->answer, piece, (size_t)n);
    hold(!c->answer.bad, "answers end", STR_NONE);
    return n > 0;
}

/* The other end, which is in this process; -1: not yet, or not any more. */
static int other_end(const struct client *c) {
    struct sockaddr_in own, a;
    socklen_t n = sizeof own;
    hold(getsockname(c->fd, (struct sockaddr *)&own, &n) == 0, "a socket", STR_NONE);
    for (int fd = 3; fd < FDS_MAX; fd++) {
        n = sizeof a;
        if (getpeername(fd, (struct sockaddr *)&a, &n) == 0 && a.sin_port == own.sin_port)
            return fd;
    }
    return -1;
}

static bool has_event(const struct client *c, short event) {
    struct pollfd p = {.fd = c->fd, .events = event};
    return poll_on(&p, 0) == 1;
}

static bool is_closed(const struct client *c) {
    return has_event(c, POLLRDHUP);
}

/* Waits until it has read what was sent: an end that comes together with bytes is not noticed by
 * libmicrohttpd without TLS, and the connection stays until its time is over. Who does not take
 * its answers is not read from any more. */
static void await_reader(struct client *c) {
    for (int i = 0; i < HANG_MS && !is_closed(c); i++) {
        int fd = other_end(c), unread = 1, under_way = 1;
        bool known = fd >= 0 && ioctl(fd, FIONREAD, &unread) == 0 &&
                     ioctl(c->fd, SIOCOUTQ, &under_way) == 0;
        if (known && unread == 0 && under_way == 0)
            return;
        if (has_event(c, POLLIN))
            hear(c);
        poll(NULL, 0, i > 100);
    }
    hold(is_closed(c), "what is sent is read", STR_NONE);
}

static void say_goodbye(struct client *c) {
    int rc;
    do
        rc = gnutls_bye(c->tls, GNUTLS_SHUT_WR);
    while (rc != 0 && !gnutls_error_is_fatal(rc));
    c->is_reset |= rc != 0;
}

static void end_sending(struct client *c) {
    await_reader(c);
    if (c->tls)
        say_goodbye(c);
    shutdown(c->fd, SHUT_WR);
}

/* With a reset, so that no port stays in use. */
static void hang_up(struct client *c) {
    const struct linger at_once = {.l_onoff = 1};
    if (c->tls)
        gnutls_deinit(c->tls);
    setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(c->fd);
    buf_done(&c->answer);
}

/* ---- answers --------------------------------------------------------------------------- */

static struct str header(struct str head, struct str name) {
    for (size_t at = str_find(head, '\n') + 1; at < head.n;) {
        struct str line = str_slice(head, at, head.n);
        line = str_slice(line, 0, str_find(line, '\n'));
        if (str_eq_nocase(str_slice(line, 0, str_find(line, ':')), name))
            return str_trim(str_slice(line, str_find(line, ':') + 1, line.n));
        at += line.n + 1;
    }
    return STR_NONE;
}

static void check_head(struct str head) {
    hold(str_starts(head, STR("HTTP/1.")) && head.n > 13 && head.p[8] == ' ' &&
             head.p[9] >= '1' && head.p[9] <= '5' && ascii_is_digit(head.p[10]) &&
             ascii_is_digit(head.p[11]) && head.p[12] == ' ',
         "a status line", head);
    for (size_t i = 0; i < head.n; i++)
        hold((head.p[i] >= ' ' && head.p[i] <= '~') || head.p[i] == '\r' || head.p[i] == '\n',
             "a head is text", head);
}

/* One answer of those that came; the rest after it. */
static struct str check_answer(struct str s, struct str input, bool is_reset) {
    const char *end = memmem(s.p, s.n, "\r\n\r\n", 4);
    if (end == NULL && is_reset)
        return STR_NONE;
    hold(end != NULL, "a head is whole", s);
    struct str head = str_slice(s, 0, (size_t)(end - s.p) + 2), length;
    struct str rest = str_slice(s, head.n + 2, s.n);
    uint64_t n = 0;
    check_head(head);
    if (head.p[9] == '1')
        return rest;
    /* libmicrohttpd 0.9.75 answers a Content-Length that is none by itself, writes the head of that
     * answer twice, and closes the connection. Its own answers have no type. */
    if (header(head, STR("Content-Type")).n == 0) {
        hold(str_eq(header(head, STR("Connection")), STR("close")), "trouble closes", s);
        return STR_NONE;
    }
    length = header(head, STR("Content-Length"));
    hold(str_to_uint(length, ANSWER_MAX, &n), "an answer has a length", head);
    /* HEAD has the length of what it leaves out. */
    bool is_head = memmem(input.p, input.n, "HEAD", 4) != NULL &&
                   (rest.n == 0 || str_starts(rest, STR("HTTP/1.")));
    if (is_head)
        return rest;
    hold(rest.n >= n || is_reset, "a body is whole", s);
    return rest.n >= n ? str_slice(rest, (size_t)n, rest.n) : STR_NONE;
}

static void check_answers(const struct client *c, struct str input) {
    struct str came = buf_view(&c->answer);
    while (came.n != 0)
        came = check_answer(came, input, c->is_reset);
}

/* ---- what must hold after any input --------------------------------------------------- */

static void check_good_request(const struct server *s, bool tls) {
    static const char request[] = "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 7\r\n"
                                  "Content-Type: application/json\r\n\r\n[1,2,3]";
    struct client c;
    dial(&c, s, tls);
    say(&c, (struct str){request, sizeof request - 1});
    while (!str_ends(buf_view(&c.answer), STR("[1,2,3]")))
        hold(hear(&c), "a good request is answered", buf_view(&c.answer));
    hold(str_starts(buf_view(&c.answer), STR("HTTP/1.1 200 ")), "a good request is good",
         buf_view(&c.answer));
    hang_up(&c);
}

static void check_nothing_is_left(const struct server *s) {
    struct server_stats stats;
    for (int i = 0; i < HANG_MS; i++) {
        server_stats(s, &stats);
        if (stats.connections_open == 0)
            break;
        poll(NULL, 0, i > 100);
    }
    hold(stats.connections_open == 0, "connections go", STR_NONE);
    hold(stats.in_flight == 0, "requests go", STR_NONE);
    hold(stats.memory_bytes == 0, "memory goes", STR_NONE);
}

static void send_pieces(struct client *clients, size_t n_clients, struct str bytes,
                        uint8_t by) {
    uint32_t lot = by;
    while (bytes.n != 0) {
        lot = lot * 1103515245u + 12345u;
        size_t n = by == 0 ? bytes.n : 1 + (lot >> 16) % by;
        for (size_t i = 0; i < n_clients; i++)
            say(&clients[i], str_slice(bytes, 0, n));
        bytes = str_slice(bytes, n, bytes.n);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    if (plain == NULL)
        start_both();
    if (n < 2)
        return 0;
    enum kind kind = (enum kind)(data[0] & 3);
    struct str bytes = {(const char *)data + 2, n - 2};
    struct server *s = kind == PLAIN || kind == TORN ? plain : secure;
    struct client clients[CONNECTIONS_MAX];
    size_t n_clients = 1 + (data[0] >> 2 & 3);
    for (size_t i = 0; i < n_clients; i++)
        dial(&clients[i], s, kind == TLS);
    send_pieces(clients, n_clients, bytes, data[1]);
    for (size_t i = 0; i < n_clients; i++) {
        if (kind != TORN)
            end_sending(&clients[i]);
        while (kind != TORN && hear(&clients[i]))
            continue;
        if (kind == PLAIN || kind == TLS)
            check_answers(&clients[i], bytes);
        hang_up(&clients[i]);
    }
    check_good_request(s, s == secure);
    check_nothing_is_left(s);
    return 0;
}
