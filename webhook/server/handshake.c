/* The cost of a handshake, and its end.
 *
 * The key exchange is bounded by the priorities (tls.c). The client chooses the rest: the length of its
 * messages, the number of pieces, and its certificates, which chain.c checks. So each message is checked
 * before GnuTLS processes it:
 *
 *     ClientHello     8 KiB; an API server sends 250 bytes, 1.5 KiB with a post-quantum share
 *     Certificate     16 KiB, and see chain.c
 *     all others      4 KiB
 *     all together    24 KiB, in 256 reads of the socket: each is a turn of the worker */
#include "server/internal.h"

#include "base/clock.h"
#include "server/chain.h"

#include <sys/ioctl.h>

enum {
    HELLO_BYTES = 8 * 1024,
    CERTIFICATE_BYTES = 16 * 1024,
    MESSAGE_BYTES = 4 * 1024,
    ALL_BYTES = 24 * 1024,
    ALL_READS = 256
};

static size_t most_bytes(unsigned type) {
    switch (type) {
    case GNUTLS_HANDSHAKE_CLIENT_HELLO:
        return HELLO_BYTES;
    case GNUTLS_HANDSHAKE_CERTIFICATE_PKT:
        return CERTIFICATE_BYTES;
    default:
        return MESSAGE_BYTES;
    }
}

static const char *trouble_of(gnutls_session_t session, unsigned type, struct str message) {
    if (message.n > most_bytes(type))
        return "handshake message longer than any client needs";
    if (type != GNUTLS_HANDSHAKE_CERTIFICATE_PKT)
        return NULL;
    return server_chain_trouble(message, gnutls_protocol_get_version(session) == GNUTLS_TLS1_3);
}

static void refuse_client(struct conn *c, const char *why) {
    atomic_fetch_add(&c->worker->server->handshakes_refused, 1);
    server_event(c->worker->server, "handshake_refused", str_of(why));
}

/* Bytes that the session has not read yet belong to the time after the handshake. */
static uint64_t bytes_used(const struct conn *c) {
    int unread = 0;
    uint64_t bytes = server_watchdog_bytes_received(c->fd);
    if (bytes == BYTES_UNKNOWN || ioctl(c->fd, FIONREAD, &unread) != 0 || unread < 0)
        return BYTES_UNKNOWN;
    return bytes - (uint64_t)unread - server_tls_is_ahead(c);
}

/* The client's Finished has arrived: from now on the connection may be idle. */
static void finish_handshake(struct conn *c) {
    atomic_store(&c->idle_bytes, bytes_used(c));
    server_conn_enter(c, STAGE_IDLE, clock_mono_ns());
    atomic_store(&c->is_taking, server_tls_is_ahead(c) > 0);
    server_conn_shaken(c);
}

/* After new keys GnuTLS reports that there is nothing to read, and libmicrohttpd would wait for more bytes,
 * although a request may already be buffered here or in the kernel. After EINTR it reads again. */
enum { LOOK_AGAIN = GNUTLS_E_INTERRUPTED };

static int on_message(gnutls_session_t session, unsigned type, unsigned when, unsigned incoming,
                      const gnutls_datum_t *message) {
    struct MHD_Connection *mhd = gnutls_session_get_ptr(session);
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct conn *c = info ? info->socket_context : NULL;
    if (!incoming || c == NULL)
        return 0;
    if (!atomic_load(&c->is_shaking))
        return type == GNUTLS_HANDSHAKE_KEY_UPDATE && when == GNUTLS_HOOK_POST ? LOOK_AGAIN : 0;
    if (when == GNUTLS_HOOK_POST) {
        if (type == GNUTLS_HANDSHAKE_FINISHED)
            finish_handshake(c);
        return 0;
    }
    const char *trouble =
        trouble_of(session, type, (struct str){(const char *)message->data, message->size});
    if (trouble == NULL)
        return 0;
    refuse_client(c, trouble);
    (void)gnutls_alert_send(session, GNUTLS_AL_FATAL,
                            type == GNUTLS_HANDSHAKE_CERTIFICATE_PKT
                                ? GNUTLS_A_UNSUPPORTED_CERTIFICATE
                                : GNUTLS_A_HANDSHAKE_FAILURE);
    return GNUTLS_E_HANDSHAKE_TOO_LARGE;
}

void server_handshake_watch(gnutls_session_t session) {
    gnutls_handshake_set_hook_function(session, GNUTLS_HANDSHAKE_ANY, GNUTLS_HOOK_BOTH,
                                       on_message);
}

static bool take_handshake_slot(struct server *s) {
    unsigned n = atomic_load(&s->handshakes);
    while (n < s->config.max_handshakes)
        if (atomic_compare_exchange_weak(&s->handshakes, &n, n + 1))
            return true;
    return false;
}

bool server_handshake_begin(struct conn *c) {
    struct server *s = c->worker->server;
    if (atomic_load(&c->is_shaking) ||
        server_conn_stage_of(atomic_load(&c->stage)) != STAGE_HANDSHAKE)
        return true;
    bool denied = !take_handshake_slot(s);
    if (!denied)
        atomic_store(&c->is_shaking, true);
    if (denied && !c->is_denied)
        atomic_fetch_add(&s->handshakes_denied, 1);
    if (!denied && c->is_denied)
        atomic_fetch_sub(&s->handshakes_denied, 1);
    c->is_denied = denied;
    c->was_delayed |= denied;
    return !denied;
}

void server_handshake_wait(struct conn *c) {
    if (c->shaking_reads == 0)
        server_conn_shaken(c);
}

bool server_handshake_may_read(struct conn *c, size_t n) {
    if (!atomic_load(&c->is_shaking))
        return true;
    if (c->shaking_reads == 0 && c->was_delayed)
        atomic_fetch_add(&c->worker->server->handshakes_delayed, 1);
    c->shaking_bytes += n;
    if (c->shaking_bytes <= ALL_BYTES && ++c->shaking_reads <= ALL_READS)
        return true;
    refuse_client(c, "handshake of more bytes, or in more pieces, than any client needs");
    return false;
}
