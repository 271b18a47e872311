/* server_client - the other end of the wire for the server's tests: raw sockets, GnuTLS
 * sessions, and certificates made on the spot.
 * Rules      every wait is bounded by HANG_S, which only a hang reaches
 * Errors     what the test did not ask for fails the test */
#ifndef PULLGATE_TESTS_SERVER_CLIENT_H
#define PULLGATE_TESTS_SERVER_CLIENT_H

#include "test.h"

#include "server/server.h"

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

enum { HANG_S = 60, REPLY_HEAD_BYTES = 4096, CLIENT_IN_BYTES = 16384 };

struct client {
    int fd;
    gnutls_session_t tls;
    gnutls_certificate_credentials_t cred;
    char in[CLIENT_IN_BYTES]; /* came, not looked at yet */
    size_t n;
};

struct reply {
    unsigned status;
    char head[REPLY_HEAD_BYTES];
    char *body; /* NUL after it; reply_done() frees */
    size_t body_bytes;
};

/* Polls until the expression holds; fails the test when it never does. */
#define wait_until(expression)                                                                 \
    for (int left_ = HANG_S * 500; !(expression); left_--) {                                   \
        if (left_ == 0)                                                                        \
            fail_row("never came true: %s", #expression);                                      \
        client_pause();                                                                        \
    }
void client_pause(void); /* 2 ms between two polls */

struct client *client_new(unsigned port);
/* Socket and handshake. priorities NULL: GnuTLS' defaults. pair may be NULL. */
struct pem;
struct client *client_new_tls(unsigned port, const char *priorities, const struct pem *pair);
/* The same; NULL when the handshake does not succeed. */
struct client *client_try_tls(unsigned port, const char *priorities, const struct pem *pair);
void client_free(struct client *c);

void client_send(struct client *c, const void *bytes, size_t n);
void client_puts(struct client *c, const char *text);
/* One byte, without waiting; false when the connection is gone. */
bool client_drip(struct client *c, char byte);
/* Without waiting: the server has closed the connection (what came before is thrown away). */
bool client_sees_end(struct client *c);
/* Waits for the end; what the session's last read said (0: a clean one). */
int client_wait_end(struct client *c);

/* The next answer. has_body false: to HEAD. */
void client_read(struct client *c, bool has_body, struct reply *out);
void client_post(struct client *c, const char *target, const char *type, const char *body,
                 size_t n, struct reply *out);
/* Sends a whole request text and reads the answer's status. */
unsigned client_ask(struct client *c, const char *request);
void reply_done(struct reply *r);
/* A header's value in a buffer that the next call overwrites; "" when absent. */
const char *reply_header(const struct reply *r, const char *name);

/* A key and its certificate. */
struct pem {
    gnutls_x509_privkey_t key;
    gnutls_x509_crt_t crt;
    gnutls_datum_t key_pem, cert_pem;
    const struct pem *from;
    unsigned n_shown; /* certificates that a client with it shows: its own, its issuer's ... */
};

struct pem_wish {
    const char *common_name;
    const char *dns;        /* NULL: none */
    const char *purpose;    /* an OID; NULL: any */
    const struct pem *from; /* who signs; NULL: itself */
    bool is_ca;
    gnutls_pk_algorithm_t algorithm; /* 0: ECDSA, P-256 */
    unsigned bits;
    gnutls_pubkey_t other_key; /* NULL: its own; else one whose private half no one has */
};

void pem_make(struct pem *out, struct pem_wish wish);
void pem_done(struct pem *p);
static inline struct str datum_str(gnutls_datum_t d) {
    return (struct str){(const char *)d.data, d.size};
}

#endif
