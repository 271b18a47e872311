/* TLS: versions, handshakes, exchange of certificates, client certificates. */
#include "server_fixture.h"

#include "base/clock.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static const char only_1_1[] = "NONE:+VERS-TLS1.1:+ECDHE-ECDSA:+AES-128-CBC:+SHA1:+SIGN-ALL:"
                               "+COMP-NULL:+GROUP-SECP256R1";

#define DEAR(more) "SECURE128:-KX-ALL:+ECDHE-RSA:-GROUP-ALL:+GROUP-X25519:+" more

static struct pem server_pair, other_pair, rsa_pair, client_ca, wrong_ca;

static int make_pairs(void **state) {
    (void)state;
    pem_make(&server_pair, (struct pem_wish){.common_name = "first", .dns = "h"});
    pem_make(&other_pair, (struct pem_wish){.common_name = "second", .dns = "h"});
    pem_make(&rsa_pair,
             (struct pem_wish){.common_name = "rsa", .algorithm = GNUTLS_PK_RSA, .bits = 2048});
    pem_make(&client_ca, (struct pem_wish){.common_name = "ca", .is_ca = true});
    pem_make(&wrong_ca, (struct pem_wish){.common_name = "ca", .is_ca = true});
    return 0;
}

static int free_pairs(void **state) {
    (void)state;
    pem_done(&server_pair);
    pem_done(&other_pair);
    pem_done(&rsa_pair);
    pem_done(&client_ca);
    pem_done(&wrong_ca);
    return 0;
}

static struct server_config tls_config(void) {
    struct server_config config = fixture_config();
    config.tls = true;
    config.cert_pem = datum_str(server_pair.cert_pem);
    config.key_pem = datum_str(server_pair.key_pem);
    return config;
}

static struct server *start(void) {
    struct server_config config = tls_config();
    return fixture_start(&config);
}

/* The common name of the certificate that the server showed. */
static void assert_shows(struct client *c, const char *expected) {
    unsigned n = 0;
    const gnutls_datum_t *chain = gnutls_certificate_get_peers(c->tls, &n);
    gnutls_x509_crt_t crt;
    char name[64];
    size_t bytes = sizeof name;
    assert_true(n >= 1);
    assert_int_equal(gnutls_x509_crt_init(&crt), 0);
    assert_int_equal(gnutls_x509_crt_import(crt, &chain[0], GNUTLS_X509_FMT_DER), 0);
    assert_int_equal(
        gnutls_x509_crt_get_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, 0, name, &bytes), 0);
    gnutls_x509_crt_deinit(crt);
    assert_string_equal(name, expected);
}

static void tls_1_2_and_1_3_are_served(void **state) {
    (void)state;
    static const struct {
        const char *priorities;
        gnutls_protocol_t version;
    } rows[] = {{"NORMAL:-VERS-ALL:+VERS-TLS1.3", GNUTLS_TLS1_3},
                {"NORMAL:-VERS-ALL:+VERS-TLS1.2", GNUTLS_TLS1_2},
                {"NORMAL", GNUTLS_TLS1_3}};
    struct server *s = start();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct client *c = client_new_tls(server_port(s), rows[i].priorities, NULL);
        gnutls_datum_t protocol = {NULL, 0};
        assert_int_equal(gnutls_protocol_get_version(c->tls), rows[i].version);
        assert_int_equal(gnutls_alpn_get_selected_protocol(c->tls, &protocol), 0);
        assert_str(datum_str(protocol), STR("http/1.1")); /* h2 was offered first */
        for (int n = 0; n < 20; n++)
            assert_int_equal(client_ask(c, post_echo), 200);
        client_free(c);
    }
    assert_int_equal(fixture_stats(s).connections_accepted, 3);
    assert_int_equal(fixture_stats(s).handshakes_failed, 0);
    server_stop(s);
}

static void tls_1_1_is_refused(void **state) {
    (void)state;
    struct server *s = start();
    assert_null(client_try_tls(server_port(s), only_1_1, NULL));
    wait_until(fixture_stats(s).handshakes_failed == 1);
    server_stop(s);
    /* The same client is served where TLS 1.1 is allowed: it is the version that was refused.
     */
    struct server_config config = tls_config();
    config.priorities = "NORMAL:-VERS-ALL:+VERS-TLS1.1:+SIGN-ALL:+SHA1:-KX-ALL:"
                        "+ECDHE-ECDSA:-GROUP-ALL:+GROUP-SECP256R1";
    s = fixture_start(&config);
    struct client *c = client_new_tls(server_port(s), only_1_1, NULL);
    assert_int_equal(client_ask(c, post_echo), 200);
    client_free(c);
    server_stop(s);
}

/* What no client gets, with a certificate that would do for it. */
static void dear_key_exchanges_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *priorities;
        bool is_served;
    } rows[] = {
        {"NORMAL:-VERS-ALL:+VERS-TLS1.3:-GROUP-ALL:+GROUP-X25519", true},
        {"NORMAL:-VERS-ALL:+VERS-TLS1.3:-GROUP-ALL:+GROUP-SECP256R1", true},
        {"NORMAL:-VERS-ALL:+VERS-TLS1.3:-GROUP-ALL:+GROUP-SECP384R1", true},
        {"NORMAL:-VERS-ALL:+VERS-TLS1.3:-GROUP-ALL:+GROUP-SECP521R1", false},
        {"NORMAL:-VERS-ALL:+VERS-TLS1.3:-GROUP-ALL:+GROUP-X448", false},
        {"NORMAL:-VERS-ALL:+VERS-TLS1.3:-GROUP-ALL:+GROUP-FFDHE2048", false},
        {"NORMAL:-VERS-ALL:+VERS-TLS1.3:-GROUP-ALL:+GROUP-FFDHE8192", false},
        {"NORMAL:-VERS-ALL:+VERS-TLS1.3:-GROUP-ALL:+GROUP-FFDHE2048:+GROUP-X25519", true},
        {"NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+ECDHE-RSA:-GROUP-ALL:+GROUP-SECP384R1", true},
        {"NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+ECDHE-RSA:-GROUP-ALL:+GROUP-SECP521R1", false},
        {"NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+DHE-RSA", false},
        {"NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+RSA", false},
    };
    struct server_config config = tls_config();
    config.cert_pem = datum_str(rsa_pair.cert_pem);
    config.key_pem = datum_str(rsa_pair.key_pem);
    struct server *s = fixture_start(&config);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct client *c = client_try_tls(server_port(s), rows[i].priorities, NULL);
        if ((c != NULL) != rows[i].is_served)
            fail_row("row %s: %s", rows[i].priorities, c ? "served" : "refused");
        client_free(c);
    }
    server_stop(s);
}

static void large_bodies_and_replies_pass(void **state) {
    (void)state;
    enum { BYTES = 20 << 20 };
    struct server_config config = tls_config();
    config.max_body_bytes = BYTES;
    struct server *s = fixture_start(&config);
    struct client *c = client_new_tls(server_port(s), NULL, NULL);
    char *body = malloc(BYTES);
    for (size_t i = 0; i < BYTES; i++)
        body[i] = (char)(i * 2654435761u >> 16);
    struct reply r;
    client_post(c, "/echo", "application/json", body, BYTES, &r);
    assert_int_equal(r.status, 200);
    assert_int_equal(r.body_bytes, BYTES);
    assert_memory_equal(r.body, body, BYTES);
    reply_done(&r);
    client_post(c, "/nope", "application/json", body, BYTES, &r);
    assert_int_equal(r.status, 404);
    reply_done(&r);
    assert_int_equal(client_ask(c, post_echo), 200);
    free(body);
    client_free(c);
    server_stop(s);
}

static void broken_configurations_are_refused(void **state) {
    (void)state;
    struct server_config good = tls_config();
    struct str cert = good.cert_pem, key = good.key_pem;
    struct str other_key = datum_str(other_pair.key_pem);
    const struct {
        const char *name;
        struct str cert, key, ca;
        const char *priorities, *says;
        enum ec code;
    } rows[] = {
        {"no certificate", STR_NONE, key, STR_NONE, NULL, "certificate", EC_CRYPTO},
        {"no key", cert, STR_NONE, STR_NONE, NULL, "key", EC_CRYPTO},
        {"certificate of words", STR("words"), key, STR_NONE, NULL, "certificate", EC_CRYPTO},
        {"key of words", cert, STR("words"), STR_NONE, NULL, "key", EC_CRYPTO},
        {"cut certificate", str_slice(cert, 0, cert.n / 2), key, STR_NONE, NULL, "certificate",
         EC_CRYPTO},
        {"cut key", cert, str_slice(key, 0, key.n / 2), STR_NONE, NULL, "key", EC_CRYPTO},
        {"exchanged", key, cert, STR_NONE, NULL, "certificate", EC_CRYPTO},
        {"another's key", cert, other_key, STR_NONE, NULL, "does not match", EC_CRYPTO},
        {"CA of words", cert, key, STR("words"), NULL, "client CA", EC_CRYPTO},
        {"priorities", cert, key, STR_NONE, "NORMAL:+VERS-TLS9", "VERS-TLS9", EC_USAGE},
        {"all groups", cert, key, STR_NONE, "SECURE128:-KX-ALL:+ECDHE-RSA", "the group",
         EC_USAGE},
        {"finite fields", cert, key, STR_NONE, DEAR("GROUP-FFDHE8192"), "FFDHE8192", EC_USAGE},
        {"P-521", cert, key, STR_NONE, DEAR("GROUP-SECP521R1"), "SECP521R1", EC_USAGE},
        {"static RSA", cert, key, STR_NONE, DEAR("RSA"), "key exchange RSA", EC_USAGE},
        {"DHE", cert, key, STR_NONE, DEAR("DHE-RSA"), "key exchange DHE-RSA", EC_USAGE},
        {"no certificate", cert, key, STR_NONE, DEAR("ANON-ECDH"), "ANON-ECDH", EC_USAGE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct server_config config = good;
        struct err err = ERR_INIT;
        struct server *s = NULL;
        config.cert_pem = rows[i].cert;
        config.key_pem = rows[i].key;
        config.client_ca_pem = rows[i].ca;
        config.priorities = rows[i].priorities;
        if (server_start(&s, &config, &err) != rows[i].code ||
            strstr(err.msg, rows[i].says) == NULL)
            fail_row("row %s: %s", rows[i].name, err.msg);
    }
}

static void new_certificates_are_for_new_connections(void **state) {
    (void)state;
    struct server *s = start();
    struct err err = ERR_INIT;
    struct client *old = client_new_tls(server_port(s), NULL, NULL);
    struct client *waiting = client_new(server_port(s)); /* accepted before, no handshake yet */
    assert_shows(old, "first");
    assert_ok(server_set_tls(s, datum_str(other_pair.cert_pem), datum_str(other_pair.key_pem),
                             STR_NONE, &err),
              &err);
    assert_int_equal(client_ask(old, post_echo), 200);
    struct client *fresh = client_new_tls(server_port(s), NULL, NULL);
    assert_shows(fresh, "second");
    assert_int_equal(client_ask(fresh, post_echo), 200);
    assert_int_equal(client_ask(old, post_echo), 200);
    client_free(waiting);
    client_free(old);
    client_free(fresh);
    server_stop(s);
}

static void broken_pairs_change_nothing(void **state) {
    (void)state;
    struct server *s = start();
    struct str cert = datum_str(other_pair.cert_pem), key = datum_str(other_pair.key_pem);
    const struct {
        const char *name;
        struct str cert, key, ca;
    } rows[] = {{"mismatch", cert, datum_str(server_pair.key_pem), STR_NONE},
                {"cut", str_slice(cert, 0, 100), key, STR_NONE},
                {"empty", STR_NONE, STR_NONE, STR_NONE},
                {"client CA", cert, key, STR("x")}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct err err = ERR_INIT;
        if (server_set_tls(s, rows[i].cert, rows[i].key, rows[i].ca, &err) != EC_CRYPTO)
            fail_row("row %s: taken", rows[i].name);
        struct client *c = client_new_tls(server_port(s), NULL, NULL);
        assert_shows(c, "first");
        assert_int_equal(client_ask(c, post_echo), 200);
        client_free(c);
    }
    server_stop(s);
}

static void plain_listeners_take_no_certificate(void **state) {
    (void)state;
    struct server_config config = fixture_config();
    struct server *s = fixture_start(&config);
    struct err err = ERR_INIT;
    assert_int_equal(server_set_tls(s, datum_str(server_pair.cert_pem),
                                    datum_str(server_pair.key_pem), STR_NONE, &err),
                     EC_BUG);
    server_stop(s);
}

static void clients_are_known_by_their_certificate(void **state) {
    (void)state;
    static const struct {
        const char *name;
        struct pem *ca; /* NULL: no certificate at all */
        struct pem_wish wish;
        unsigned status;
    } rows[] = {
        {"none", NULL, {0}, 403},
        {"wrong CA", &wrong_ca, {"api-1", "h", GNUTLS_KP_TLS_WWW_CLIENT}, 403},
        {"wrong name", &client_ca, {"admin", "h", GNUTLS_KP_TLS_WWW_CLIENT}, 403},
        {"longer name", &client_ca, {"my-api-1", "h", GNUTLS_KP_TLS_WWW_CLIENT}, 403},
        {"for servers", &client_ca, {"api-1", "h", GNUTLS_KP_TLS_WWW_SERVER}, 403},
        {"a backslash within", &client_ca, {"ex\\act", "h", GNUTLS_KP_TLS_WWW_CLIENT}, 403},
        {"other SAN", &client_ca, {"x", "api.corp.evil", GNUTLS_KP_TLS_WWW_CLIENT}, 403},
        {"name of the glob", &client_ca, {"api-7", NULL, GNUTLS_KP_TLS_WWW_CLIENT}, 200},
        {"SAN of the glob", &client_ca, {"x", "a.b.corp", GNUTLS_KP_TLS_WWW_CLIENT}, 200},
        {"whole name", &client_ca, {"exact", NULL, GNUTLS_KP_TLS_WWW_CLIENT}, 200},
        {"signs", &client_ca, {"#a+b, \\<c>; ", NULL, GNUTLS_KP_TLS_WWW_CLIENT}, 200},
        {"any purpose", &client_ca, {"exact", NULL, NULL}, 200},
    };
    static const char *const versions[] = {"NORMAL:-VERS-ALL:+VERS-TLS1.3",
                                           "NORMAL:-VERS-ALL:+VERS-TLS1.2"};
    static const char *const names[] = {"api-*", "exact", "*.corp", "#a+b, \\<c>; "};
    struct server_config config = tls_config();
    config.client_ca_pem = datum_str(client_ca.cert_pem);
    config.client_names = names;
    config.n_client_names = 4;
    struct server *s = fixture_start(&config);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pem pair, *shown = rows[i].ca ? &pair : NULL;
        struct pem_wish wish = rows[i].wish;
        wish.from = rows[i].ca;
        if (shown)
            pem_make(shown, wish);
        for (size_t v = 0; v < 2; v++) {
            struct client *c = client_new_tls(server_port(s), versions[v], shown);
            unsigned first = client_ask(c, post_echo), second = client_ask(c, get_inspect);
            if (first != rows[i].status || second != first)
                fail_row("row %s, %s: %u and %u", rows[i].name, versions[v], first, second);
            client_free(c);
        }
        if (shown)
            pem_done(shown);
    }
    server_stop(s);
}

/* A client CA comes and goes with set_tls, for new connections. */
static void client_ca_is_exchanged_too(void **state) {
    (void)state;
    struct server *s = start();
    struct err err = ERR_INIT;
    struct pem pair;
    pem_make(&pair, (struct pem_wish){.common_name = "any",
                                      .purpose = GNUTLS_KP_TLS_WWW_CLIENT,
                                      .from = &client_ca});
    struct client *open = client_new_tls(server_port(s), NULL, NULL);
    assert_int_equal(client_ask(open, post_echo), 200);
    assert_ok(server_set_tls(s, datum_str(server_pair.cert_pem), datum_str(server_pair.key_pem),
                             datum_str(client_ca.cert_pem), &err),
              &err);
    assert_int_equal(client_ask(open, post_echo), 200);
    struct client *stranger = client_new_tls(server_port(s), NULL, NULL);
    struct client *somebody = client_new_tls(server_port(s), NULL, &pair);
    assert_int_equal(client_ask(stranger, post_echo), 403);
    assert_int_equal(client_ask(somebody, post_echo), 200); /* no names asked: any will do */
    client_free(open);
    client_free(stranger);
    client_free(somebody);
    pem_done(&pair);
    server_stop(s);
}

static gnutls_pubkey_t rsa_8192(void) {
    static unsigned char m[1024] = {[0] = 0xff, [1023] = 1}, e[] = {1, 0, 1};
    const gnutls_datum_t modulus = {m, sizeof m}, exponent = {e, sizeof e};
    gnutls_pubkey_t key;
    assert_int_equal(gnutls_pubkey_init(&key), 0);
    assert_int_equal(gnutls_pubkey_import_rsa_raw(key, &modulus, &exponent), 0);
    return key;
}

struct shown {
    const char *name;
    struct pem_wish wish;
    unsigned n_shown, status; /* 0: the handshake fails */
};

/* TLS 1.3: the client's handshake ends before the server has seen its certificate. */
static void expect_shown(struct server *s, const struct shown *row, const char *version) {
    uint64_t refused = fixture_stats(s).handshakes_refused;
    struct pem leaf;
    pem_make(&leaf, row->wish);
    leaf.n_shown = row->n_shown;
    struct client *c = client_try_tls(server_port(s), version, &leaf);
    if (row->status == 0) {
        wait_until(fixture_stats(s).handshakes_refused == refused + 1);
        if (c != NULL)
            assert_int_not_equal(client_wait_end(c), 0);
    } else if (c == NULL || client_ask(c, post_echo) != row->status) {
        fail_row("row %s, %s: %s", row->name, version, c ? "another status" : "refused");
    }
    client_free(c);
    pem_done(&leaf);
}

/* Before CertificateVerify: a client that shows these could not make one. */
static void dear_client_certificates_are_refused(void **state) {
    (void)state;
    gnutls_pubkey_t dear = rsa_8192();
    struct pem between[5];
    struct server_config config = tls_config();
    config.client_ca_pem = datum_str(client_ca.cert_pem);
    struct server *s = fixture_start(&config);
    for (size_t i = 0; i < 5; i++)
        pem_make(&between[i], (struct pem_wish){.common_name = (char[]){(char)('a' + i), 0},
                                                .is_ca = true,
                                                .from = i == 0 ? &client_ca : &between[i - 1]});
    const struct shown rows[] = {
        {"RSA 2048",
         {"x", .algorithm = GNUTLS_PK_RSA, .bits = 2048, .from = &client_ca},
         1,
         200},
        {"RSA 8192",
         {"x", .algorithm = GNUTLS_PK_RSA, .bits = 2048, .from = &client_ca, .other_key = dear},
         1,
         0},
        {"chain of 5", {"x", .from = &between[3]}, 5, 200},
        {"chain of 6", {"x", .from = &between[4]}, 6, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        expect_shown(s, &rows[i], "NORMAL:-VERS-ALL:+VERS-TLS1.3");
        expect_shown(s, &rows[i], "NORMAL:-VERS-ALL:+VERS-TLS1.2");
    }
    for (size_t i = 0; i < 5; i++)
        pem_done(&between[i]);
    gnutls_pubkey_deinit(dear);
    server_stop(s);
}

/* A ClientHello of so many bytes, the rest of it zeros, in one record or in pieces of so many. */
static void send_hello(struct client *c, size_t bytes, size_t piece) {
    static const char zeros[0x4000];
    char head[] = {0x16, 3, 1, 0, 0, 1, 0, 0, 0};
    size_t n = bytes + 4;
    head[3] = (char)(n >> 8);
    head[4] = (char)n;
    head[7] = (char)(bytes >> 8);
    head[8] = (char)bytes;
    client_send(c, head, sizeof head);
    for (size_t sent = 0; sent < bytes; sent += piece)
        client_send(c, zeros, bytes - sent < piece ? bytes - sent : piece);
}

static void long_hellos_are_refused(void **state) {
    (void)state;
    struct server *s = start();
    struct client *c = client_new(server_port(s));
    send_hello(c, 8192, 8192); /* read, and found to be none */
    client_wait_end(c);
    client_free(c);
    wait_until(fixture_stats(s).handshakes_failed == 1);
    assert_int_equal(fixture_stats(s).handshakes_refused, 0);
    c = client_new(server_port(s));
    send_hello(c, 8193, 8193);
    client_wait_end(c);
    client_free(c);
    wait_until(fixture_stats(s).handshakes_refused == 1);
    c = client_new(server_port(s)); /* more and more records, none of which ends it */
    for (int i = 0; i < 40 && !client_sees_end(c); i++) {
        char record[1029] = "\x16\x03\x01\x04";
        if (i == 0)
            memcpy(record + 5, "\1\0\xff\xff", 4);
        (void)send(c->fd, record, sizeof record, MSG_NOSIGNAL);
    }
    client_wait_end(c);
    client_free(c);
    wait_until(fixture_stats(s).handshakes_refused == 2);
    server_stop(s);
}

static void crumbs_of_a_handshake_are_refused(void **state) {
    (void)state;
    struct server *s = start();
    struct client *good = client_new_tls(server_port(s), NULL, NULL);
    struct client *drips = client_new(server_port(s));
    client_send(drips, "\x16\x03\x01\x40\0\x01\x00\x3f\xfc\x03\x03", 11);
    wait_until(!client_drip(drips, 0) || client_sees_end(drips));
    wait_until(fixture_stats(s).handshakes_refused == 1);
    assert_int_equal(client_ask(good, post_echo), 200);
    client_free(good);
    client_free(drips);
    server_stop(s);
}

static void begin(struct client *c) {
    client_send(c, "\x16\x03\x01\x40\0\x01\x00\x3f\xfc\x03\x03", 11);
}

/* A handshake that its client has begun. */
static struct client *begun(struct server *s) {
    struct client *c = client_new(server_port(s));
    begin(c);
    return c;
}

/* Who is silent costs nothing, and takes no place; all at once they take no more than there are. */
static void silent_clients_take_no_place(void **state) {
    (void)state;
    enum { MOST = 3, SILENT = 20 };
    struct server_config config = tls_config();
    config.max_handshakes = MOST;
    struct server *s = fixture_start(&config);
    struct client *silent[SILENT];
    for (int i = 0; i < SILENT; i++)
        silent[i] = client_new(server_port(s));
    wait_until(fixture_stats(s).connections_open == SILENT);
    struct client *good = client_new_tls(server_port(s), NULL, NULL);
    assert_int_equal(client_ask(good, post_echo), 200);
    for (int i = 0; i < SILENT; i++)
        client_send(silent[i], "\x16\x03\x01", 3);
    wait_until(fixture_stats(s).handshakes == MOST);
    for (int i = 0; i < 50; i++) {
        assert_int_equal(client_ask(good, post_echo), 200);
        assert_true(fixture_stats(s).handshakes <= MOST);
    }
    for (int i = 0; i < SILENT; i++)
        client_free(silent[i]);
    wait_until(fixture_stats(s).connections_open == 1);
    assert_int_equal(fixture_stats(s).handshakes, 0);
    assert_true(fixture_stats(s).handshakes_delayed >= SILENT - MOST);
    client_free(good);
    server_stop(s);
}

/* Beyond the bound clients wait; who is there already does not. */
static void handshakes_wait_for_each_other(void **state) {
    (void)state;
    enum { MOST = 3, SLOW = 8 };
    struct server_config config = tls_config();
    config.max_handshakes = MOST;
    struct server *s = fixture_start(&config);
    struct client *good = client_new_tls(server_port(s), NULL, NULL), *slow[SLOW];
    for (int i = 0; i < SLOW; i++)
        slow[i] = begun(s);
    wait_until(fixture_stats(s).handshakes == MOST);
    for (int i = 0; i < 20; i++)
        assert_int_equal(client_ask(good, post_echo), 200);
    for (int i = 0; i < SLOW; i++) {
        assert_true(fixture_stats(s).handshakes <= MOST);
        client_free(slow[i]); /* its place is the next one's */
    }
    struct client *last = client_new_tls(server_port(s), NULL, NULL);
    assert_int_equal(client_ask(last, post_echo), 200);
    wait_until(fixture_stats(s).handshakes == 0);
    assert_int_equal(fixture_stats(s).connections_accepted, 2 + SLOW);
    client_free(good);
    client_free(last);
    server_stop(s);
}

static void slow_handshakes_make_room(void **state) {
    (void)state;
    enum { MOST = 3, SLOW = 8 };
    struct server_config config = tls_config();
    config.max_handshakes = MOST;
    config.yield_ms = 400;
    struct server *s = fixture_start(&config);
    struct client *idle = client_new_tls(server_port(s), NULL, NULL), *slow[SLOW];
    for (int i = 0; i < SLOW; i++)
        slow[i] = begun(s);
    struct client *last = client_new_tls(server_port(s), NULL, NULL);
    assert_int_equal(client_ask(last, post_echo), 200);
    assert_int_equal(client_ask(idle, post_echo), 200); /* not one of those that go */
    wait_until(fixture_stats(s).timed_out >= SLOW - MOST);
    for (int i = 0; i < SLOW; i++)
        client_free(slow[i]);
    client_free(idle);
    client_free(last);
    server_stop(s);
}

/* Who waited once waits no more, and who never did was never counted: no connection is cut for them. The witness is
 * idle for longer than a handshake may last that others wait for. */
static void handshakes_last_while_none_waits(void **state) {
    (void)state;
    enum { MOST = 3 };
    struct server_config config = tls_config();
    config.max_handshakes = MOST;
    config.yield_ms = 400;
    config.idle_timeout_s = 1;
    struct server *s = fixture_start(&config);
    struct client *slow[MOST], *waits;
    for (int round = 0; round < 2; round++) {
        uint64_t cut_before = fixture_stats(s).timed_out;
        waits = client_new(server_port(s));
        wait_until(fixture_stats(s).connections_open == 1); /* not in the backlog */
        struct client *witness = client_new_tls(server_port(s), NULL, NULL);
        for (int i = 0; i < MOST; i++)
            slow[i] = begun(s);
        wait_until(fixture_stats(s).handshakes == MOST);
        client_wait_end(witness);
        client_free(witness);
        assert_int_equal(fixture_stats(s).timed_out, cut_before);
        begin(waits);
        wait_until(fixture_stats(s).handshakes_delayed == (uint64_t)round + 1);
        assert_true(fixture_stats(s).timed_out > cut_before);
        client_free(waits);
        for (int i = 0; i < MOST; i++)
            client_free(slow[i]);
        wait_until(fixture_stats(s).connections_open == 0);
    }
    server_stop(s);
}

static void garbage_and_plain_http_are_closed(void **state) {
    (void)state;
    static const char *const rows[] = {get_inspect, "\x16\x03\x01\xff\xff garbage garbage",
                                       "\x80\x80\x01\x03\x01", "\r\n\r\n\r\n\r\n\r\n\r\n",
                                       "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"};
    enum { ROWS = sizeof rows / sizeof *rows };
    struct server_config config = tls_config();
    config.header_timeout_ms = 1500; /* some wait for more of a record */
    struct server *s = fixture_start(&config);
    struct client *good = client_new_tls(server_port(s), NULL, NULL);
    for (size_t i = 0; i < ROWS; i++) {
        struct client *c = client_new(server_port(s));
        client_puts(c, rows[i]);
        client_wait_end(c);
        client_free(c);
        assert_int_equal(client_ask(good, post_echo), 200);
    }
    wait_until(fixture_stats(s).connections_open == 1);
    assert_int_equal(fixture_stats(s).handshakes_failed, ROWS);
    client_free(good);
    server_stop(s);
}

static void slow_handshakes_are_cut(void **state) {
    (void)state;
    /* A ClientHello of 16 KiB, to be continued. */
    static const char hello[] = "\x16\x03\x01\x40\x00\x01\x00\x3f\xfc\x03\x03";
    struct server_config config = tls_config();
    config.header_timeout_ms = 1500;
    struct server *s = fixture_start(&config);
    struct client *good = client_new_tls(server_port(s), NULL, NULL);
    struct client *silent = client_new(server_port(s)), *drips = client_new(server_port(s));
    client_send(drips, hello, sizeof hello - 1);
    bool silent_ended = false, drips_ended = false;
    unsigned polls = 0; /* slowly: too many crumbs are another matter */
    wait_until((assert_int_equal(client_ask(good, post_echo), 200),
                drips_ended = drips_ended || (++polls % 16 == 0 && !client_drip(drips, 0)) ||
                              client_sees_end(drips),
                silent_ended = silent_ended || client_sees_end(silent),
                silent_ended && drips_ended));
    wait_until(fixture_stats(s).connections_open == 1);
    assert_int_equal(fixture_stats(s).timed_out, 2);
    assert_int_equal(fixture_stats(s).handshakes_failed, 2);
    client_free(good);
    client_free(silent);
    client_free(drips);
    server_stop(s);
}

static int64_t cpu_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Sends it all and waits until it is cut. */
static void expect_no_spinning(struct client *waits, const char *bytes, size_t n) {
    int64_t start_ns = clock_mono_ns(), start_cpu_ns = cpu_ns();
    client_send(waits, bytes, n);
    client_wait_end(waits);
    int64_t took_ns = clock_mono_ns() - start_ns, cpu = cpu_ns() - start_cpu_ns;
    if (cpu > took_ns / 4)
        fail_row("%lld ms of CPU in %lld ms", (long long)(cpu / 1000000),
                 (long long)(took_ns / 1000000));
    client_free(waits);
}

/* libmicrohttpd takes the socket of a handshake for readable until it is done. */
static void a_handshake_that_waits_costs_nothing(void **state) {
    (void)state;
    static const char hello[] = "\x16\x03\x01\x40\x00\x01\x00\x3f\xfc\x03\x03";
    struct server_config config = tls_config();
    config.header_timeout_ms = 1500;
    struct server *s = fixture_start(&config);
    expect_no_spinning(client_new(server_port(s)), hello, sizeof hello - 1);
    server_stop(s);
}

/* The bytes of a record lie in GnuTLS' buffer, whence the library takes them in many small pieces when a
 * long header leaves it little room. With a rest between any two of them it would take minutes. */
static void a_handshake_that_waits_delays_no_other(void **state) {
    (void)state;
    static const char hello[] = "\x16\x03\x01\x40\x00\x01\x00\x3f\xfc\x03\x03";
    enum { LONG = 14000, BODY = 60000 };
    static char head[LONG + 512], body[BODY];
    struct server_config config = tls_config();
    config.header_timeout_ms = 600000;
    config.max_header_bytes = 16384;
    config.request_timeout_ms = 20000;
    config.n_workers = 1;
    struct server *s = fixture_start(&config);
    struct client *waits = client_new(server_port(s));
    struct client *good = client_new_tls(server_port(s), NULL, NULL);
    struct reply reply;
    client_send(waits, hello, sizeof hello - 1);
    assert_int_equal(client_ask(good, post_echo), 200);
    memset(body, ' ', sizeof body);
    int n = snprintf(head, sizeof head,
                     "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                     "Content-Length: %d\r\nX: %0*d\r\n\r\n",
                     BODY, LONG, 0);
    client_send(good, head, (size_t)n);
    client_send(good, body, sizeof body);
    client_read(good, true, &reply);
    assert_int_equal(reply.status, 200);
    reply_done(&reply);
    client_free(good);
    client_free(waits);
    server_stop(s);
}

/* It takes a chunk that it cannot read for one that we have not taken yet. */
static void a_chunk_header_without_end_costs_nothing(void **state) {
    (void)state;
    static const char head[] =
        "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
        "Content-Type: application/json\r\n\r\n5;";
    static char bytes[40000];
    struct server_config config = tls_config();
    config.request_timeout_ms = 1500;
    struct server *s = fixture_start(&config);
    memset(bytes, 'a', sizeof bytes);
    memcpy(bytes, head, sizeof head - 1);
    expect_no_spinning(client_new_tls(server_port(s), NULL, NULL), bytes, sizeof bytes);
    server_stop(s);
}

/* After the handshake a silent client is idle; one that drips its request is slow. */
static void silence_after_the_handshake_is_not_slow(void **state) {
    (void)state;
    static const char *const versions[] = {"NORMAL:-VERS-ALL:+VERS-TLS1.3",
                                           "NORMAL:-VERS-ALL:+VERS-TLS1.2"};
    struct server_config config = tls_config();
    config.header_timeout_ms = 800;
    struct server *s = fixture_start(&config);
    struct client *silent[2];
    for (size_t i = 0; i < 2; i++)
        silent[i] = client_new_tls(server_port(s), versions[i], NULL);
    for (int i = 0; i < 2; i++) {
        struct client *witness = client_new_tls(server_port(s), versions[i % 2], NULL);
        client_puts(witness, "GET /insp"); /* and stops: cut after two to three times 800 ms */
        client_wait_end(witness);
        client_free(witness);
    }
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(client_ask(silent[i], post_echo), 200);
        client_free(silent[i]);
    }
    assert_int_equal(fixture_stats(s).timed_out, 2);
    server_stop(s);
}

/* What is written while it is on comes in one piece, as far as a packet goes. */
static void set_cork(struct client *c, int on) {
    assert_int_equal(setsockopt(c->fd, IPPROTO_TCP, TCP_CORK, &on, sizeof on), 0);
}

/* Several records are read at once, and more than are read at once. */
static void requests_that_come_together_are_answered(void **state) {
    (void)state;
    static const char *const versions[] = {"NORMAL:-VERS-ALL:+VERS-TLS1.3",
                                           "NORMAL:-VERS-ALL:+VERS-TLS1.2"};
    enum { MANY = 300 };
    struct server *s = start();
    for (size_t i = 0; i < 2; i++) {
        struct client *c = client_new_tls(server_port(s), versions[i], NULL);
        struct reply r;
        set_cork(c, 1);
        for (int n = 0; n < MANY; n++)
            client_puts(c, n % 2 ? get_inspect : post_echo);
        set_cork(c, 0);
        for (int n = 0; n < MANY; n++) {
            client_read(c, true, &r);
            assert_int_equal(r.status, 200);
            reply_done(&r);
        }
        client_free(c);
    }
    server_stop(s);
}

/* GnuTLS reads the keys, and says that there is nothing more. */
static void new_keys_before_a_request_do_not_hide_it(void **state) {
    (void)state;
    struct server *s = start();
    struct client *c = client_new_tls(server_port(s), "NORMAL:-VERS-ALL:+VERS-TLS1.3", NULL);
    for (int i = 0; i < 3; i++) {
        struct reply r;
        set_cork(c, 1);
        assert_int_equal(gnutls_session_key_update(c->tls, 0), 0);
        client_puts(c, post_echo);
        set_cork(c, 0);
        client_read(c, true, &r);
        assert_int_equal(r.status, 200);
        reply_done(&r);
    }
    client_free(c);
    server_stop(s);
}

static void without_memory_to_read_ahead_it_is_served(void **state) {
    (void)state;
    struct server *s = start();
    fixture_fail_allocation(1); /* the connection's own is the first */
    struct client *c = client_new_tls(server_port(s), NULL, NULL);
    assert_int_equal(client_ask(c, post_echo), 200);
    fixture_fail_allocation(-1);
    client_free(c);
    server_stop(s);
}

static void idle_sessions_end_with_a_goodbye(void **state) {
    (void)state;
    struct server_config config = tls_config();
    config.idle_timeout_s = 2;
    struct server *s = fixture_start(&config);
    struct client *fresh = client_new_tls(server_port(s), NULL, NULL);
    struct client *used = client_new_tls(server_port(s), NULL, NULL);
    assert_int_equal(client_ask(used, post_echo), 200);
    assert_int_equal(client_wait_end(fresh), 0); /* close_notify, not a bare end */
    assert_int_equal(client_wait_end(used), 0);
    client_free(fresh);
    client_free(used);
    server_stop(s);
}

static void sequential_sessions_leave_nothing_open(void **state) {
    (void)state;
    struct server *s = start();
    for (int i = 0; i < 200; i++) {
        struct client *c = client_new_tls(server_port(s), NULL, NULL);
        assert_int_equal(client_ask(c, post_echo), 200);
        client_free(c);
    }
    wait_until(fixture_stats(s).connections_open == 0);
    assert_int_equal(fixture_stats(s).handshakes_failed, 0);
    server_stop(s);
}

static void stop_ends_open_sessions(void **state) {
    (void)state;
    struct server *s = start();
    struct client *idle = client_new_tls(server_port(s), NULL, NULL);
    struct client *shaking = client_new(server_port(s));
    assert_int_equal(client_ask(idle, post_echo), 200);
    client_puts(shaking, "\x16\x03\x01");
    wait_until(fixture_stats(s).connections_open == 2);
    server_stop(s);
    client_wait_end(idle);
    client_wait_end(shaking);
    client_free(idle);
    client_free(shaking);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tls_1_2_and_1_3_are_served),
        cmocka_unit_test(tls_1_1_is_refused),
        cmocka_unit_test(dear_key_exchanges_are_refused),
        cmocka_unit_test(large_bodies_and_replies_pass),
        cmocka_unit_test(broken_configurations_are_refused),
        cmocka_unit_test(new_certificates_are_for_new_connections),
        cmocka_unit_test(broken_pairs_change_nothing),
        cmocka_unit_test(plain_listeners_take_no_certificate),
        cmocka_unit_test(clients_are_known_by_their_certificate),
        cmocka_unit_test(client_ca_is_exchanged_too),
        cmocka_unit_test(dear_client_certificates_are_refused),
        cmocka_unit_test(long_hellos_are_refused),
        cmocka_unit_test(crumbs_of_a_handshake_are_refused),
        cmocka_unit_test(handshakes_wait_for_each_other),
        cmocka_unit_test(silent_clients_take_no_place),
        cmocka_unit_test(slow_handshakes_make_room),
        cmocka_unit_test(handshakes_last_while_none_waits),
        cmocka_unit_test(garbage_and_plain_http_are_closed),
        cmocka_unit_test(slow_handshakes_are_cut),
        cmocka_unit_test(a_handshake_that_waits_costs_nothing),
        cmocka_unit_test(a_handshake_that_waits_delays_no_other),
        cmocka_unit_test(a_chunk_header_without_end_costs_nothing),
        cmocka_unit_test(silence_after_the_handshake_is_not_slow),
        cmocka_unit_test(requests_that_come_together_are_answered),
        cmocka_unit_test(new_keys_before_a_request_do_not_hide_it),
        cmocka_unit_test(without_memory_to_read_ahead_it_is_served),
        cmocka_unit_test(idle_sessions_end_with_a_goodbye),
        cmocka_unit_test(sequential_sessions_leave_nothing_open),
        cmocka_unit_test(stop_ends_open_sessions),
    };
    return cmocka_run_group_tests(tests, make_pairs, free_pairs);
}
