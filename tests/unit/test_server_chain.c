/* Certificate messages that would cost too much, and those that do not. */
#include "test.h"

#include "base/buf.h"
#include "server/chain.h"

#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MESSAGE_MAX = 1 << 20, NAMES_MAX = 3000 };

static gnutls_x509_privkey_t signer;
static gnutls_x509_crt_t issuer;

static int make_signer(void **state) {
    (void)state;
    assert_int_equal(gnutls_x509_privkey_init(&signer), 0);
    assert_int_equal(
        gnutls_x509_privkey_generate(signer, GNUTLS_PK_ECDSA,
                                     GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0),
        0);
    assert_int_equal(gnutls_x509_crt_init(&issuer), 0);
    assert_int_equal(gnutls_x509_crt_set_key(issuer, signer), 0);
    gnutls_x509_crt_set_dn_by_oid(issuer, GNUTLS_OID_X520_COMMON_NAME, 0, "ca", 2);
    return 0;
}

static int free_signer(void **state) {
    (void)state;
    gnutls_x509_privkey_deinit(signer);
    gnutls_x509_crt_deinit(issuer);
    return 0;
}

/* ---- keys whose private half no one has -------------------------------------------------- */

/* An odd number of so many bits; not a prime, nor a product of two, which no one looks at. */
static gnutls_datum_t number(size_t bits) {
    gnutls_datum_t d = {gnutls_malloc(bits / 8), (unsigned)(bits / 8)};
    for (unsigned i = 0; i < d.size; i++)
        d.data[i] = (unsigned char)(0x91 + 6 * i);
    d.data[0] |= 0x80;
    d.data[d.size - 1] |= 1;
    return d;
}

static gnutls_pubkey_t rsa(size_t bits, size_t exponent_bits) {
    gnutls_pubkey_t key;
    gnutls_datum_t m = number(bits), e = number(exponent_bits);
    assert_int_equal(gnutls_pubkey_init(&key), 0);
    assert_int_equal(gnutls_pubkey_import_rsa_raw(key, &m, &e), 0);
    gnutls_free(m.data);
    gnutls_free(e.data);
    return key;
}

static gnutls_pubkey_t dsa(void) {
    gnutls_pubkey_t key;
    gnutls_datum_t p = number(2048), q = number(256), g = number(2040), y = number(2032);
    assert_int_equal(gnutls_pubkey_init(&key), 0);
    assert_int_equal(gnutls_pubkey_import_dsa_raw(key, &p, &q, &g, &y), 0);
    gnutls_free(p.data);
    gnutls_free(q.data);
    gnutls_free(g.data);
    gnutls_free(y.data);
    return key;
}

static gnutls_pubkey_t generated(gnutls_pk_algorithm_t algorithm, unsigned bits) {
    gnutls_pubkey_t key;
    gnutls_privkey_t private;
    assert_int_equal(gnutls_privkey_init(&private), 0);
    assert_int_equal(gnutls_privkey_generate(private, algorithm, bits, 0), 0);
    assert_int_equal(gnutls_pubkey_init(&key), 0);
    assert_int_equal(gnutls_pubkey_import_privkey(key, private, 0, 0), 0);
    gnutls_privkey_deinit(private);
    return key;
}

static gnutls_pubkey_t on_curve(gnutls_ecc_curve_t curve) {
    return generated(GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(curve));
}

/* ---- certificates and messages ----------------------------------------------------------- */

/* A SAN of so many names of one letter; by hand, as GnuTLS would decode it for each of them. */
static void set_names(gnutls_x509_crt_t crt, unsigned n) {
    static unsigned char der[4 + 3 * NAMES_MAX] = {0x30, 0x82};
    assert_true(n <= NAMES_MAX);
    der[2] = (unsigned char)(3 * n >> 8);
    der[3] = (unsigned char)(3 * n);
    for (unsigned i = 0; i < n; i++)
        memcpy(der + 4 + (size_t)3 * i,
               "\x82\x01"
               "a",
               3);
    assert_int_equal(
        gnutls_x509_crt_set_extension_by_oid(crt, GNUTLS_X509EXT_OID_SAN, der, 4 + 3 * n, 0),
        0);
}

static gnutls_datum_t certify_take(gnutls_pubkey_t key, unsigned n_names) {
    gnutls_x509_crt_t crt;
    gnutls_datum_t der;
    assert_int_equal(gnutls_x509_crt_init(&crt), 0);
    gnutls_x509_crt_set_version(crt, 3);
    gnutls_x509_crt_set_serial(crt, "\1", 1);
    gnutls_x509_crt_set_activation_time(crt, time(NULL) - 3600);
    gnutls_x509_crt_set_expiration_time(crt, time(NULL) + 3600);
    gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, "api", 3);
    assert_int_equal(gnutls_x509_crt_set_pubkey(crt, key), 0);
    set_names(crt, n_names);
    assert_int_equal(gnutls_x509_crt_sign2(crt, issuer, signer, GNUTLS_DIG_SHA256, 0), 0);
    assert_int_equal(gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_DER, &der), 0);
    gnutls_x509_crt_deinit(crt);
    gnutls_pubkey_deinit(key);
    return der;
}

static void put_number(struct buf *out, size_t value, unsigned bytes) {
    while (bytes-- > 0)
        buf_putc(out, (char)(value >> 8 * bytes & 0xff));
}

static void put_message(struct buf *out, const gnutls_datum_t *der, size_t n, bool is_1_3) {
    size_t bytes = n * (der->size + (is_1_3 ? 5u : 3u));
    buf_reset(out);
    if (is_1_3)
        put_number(out, 0, 1);
    put_number(out, bytes, 3);
    for (size_t i = 0; i < n; i++) {
        put_number(out, der->size, 3);
        buf_add(out, (char *)der->data, der->size);
        if (is_1_3)
            put_number(out, 0, 2);
    }
}

/* NULL expected: nothing is wrong. */
static void expect(const char *row, const gnutls_datum_t *der, size_t n, const char *expected) {
    struct buf message = BUF_INIT(MESSAGE_MAX);
    for (int v = 2; v <= 3; v++) {
        put_message(&message, der, n, v == 3);
        const char *found = server_chain_trouble(buf_view(&message), v == 3);
        if ((found == NULL) != (expected == NULL) ||
            (found != NULL && strstr(found, expected) == NULL))
            fail_row("row %s, TLS 1.%d: %s", row, v, found ? found : "nothing wrong");
    }
    buf_done(&message);
}

static void keys_have_a_known_cost(void **state) {
    (void)state;
    const struct {
        const char *name;
        gnutls_pubkey_t key;
        const char *expected;
    } rows[] = {
        {"RSA 2048", rsa(2048, 24), NULL},
        {"RSA 4096", rsa(4096, 24), NULL},
        {"RSA 4096, exponent of 32 bits", rsa(4096, 32), NULL},
        {"RSA 4104", rsa(4104, 24), "more than 4096 bits"},
        {"RSA 8192", rsa(8192, 24), "more than 4096 bits"},
        {"RSA 16384", rsa(16384, 24), "more than 4096 bits"},
        {"RSA 2048, exponent of 40 bits", rsa(2048, 40), "exponent"},
        {"RSA 2048, exponent of 2040 bits", rsa(2048, 2040), "exponent"},
        {"P-256", on_curve(GNUTLS_ECC_CURVE_SECP256R1), NULL},
        {"P-384", on_curve(GNUTLS_ECC_CURVE_SECP384R1), NULL},
        {"P-521", on_curve(GNUTLS_ECC_CURVE_SECP521R1), NULL},
        {"P-224", on_curve(GNUTLS_ECC_CURVE_SECP224R1), "P-256, P-384 or P-521"},
        {"Ed25519", generated(GNUTLS_PK_EDDSA_ED25519, 0), NULL},
        {"Ed448", generated(GNUTLS_PK_EDDSA_ED448, 0), "RSA, ECDSA or Ed25519"},
        {"RSA-PSS", generated(GNUTLS_PK_RSA_PSS, 2048), NULL},
        {"DSA", dsa(), "RSA, ECDSA or Ed25519"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        gnutls_datum_t der = certify_take(rows[i].key, 1);
        expect(rows[i].name, &der, 1, rows[i].expected);
        gnutls_free(der.data);
    }
}

static void chains_and_their_parts_are_counted(void **state) {
    (void)state;
    static const struct {
        const char *name;
        size_t n;
        unsigned names;
        const char *expected;
    } rows[] = {
        {"none", 0, 1, NULL},
        {"five", 5, 1, NULL},
        {"six", 6, 1, "more than 5"},
        {"a thousand", 1000, 1, "more than 5"},
        {"100 names", 1, 100, NULL},
        {"200 names", 1, 200, "more names and extensions"},
        {"3000 names", 1, 3000, "more names and extensions"},
        {"100 names, four times", 4, 100, "more names and extensions"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        gnutls_datum_t der = certify_take(on_curve(GNUTLS_ECC_CURVE_SECP256R1), rows[i].names);
        expect(rows[i].name, &der, rows[i].n, rows[i].expected);
        gnutls_free(der.data);
    }
}

/* Each length is one byte too large or too small, or the message ends early. */
static void broken_messages_are_told(void **state) {
    (void)state;
    gnutls_datum_t der = certify_take(on_curve(GNUTLS_ECC_CURVE_SECP256R1), 1);
    struct buf message = BUF_INIT(MESSAGE_MAX);
    for (int v = 2; v <= 3; v++) {
        put_message(&message, &der, 1, v == 3);
        struct str whole = buf_view(&message);
        for (size_t n = 0; n < whole.n; n++)
            if (server_chain_trouble(str_slice(whole, 0, n), v == 3) == NULL)
                fail_row("TLS 1.%d, %zu of %zu bytes: nothing wrong", v, n, whole.n);
        for (size_t at = v == 3 ? 1 : 0, end = at + 7; at < end; at++) {
            if (at == end - 1)
                at++; /* not the certificate's own tag: GnuTLS says what that is */
            message.p[at]++;
            if (server_chain_trouble(whole, v == 3) == NULL)
                fail_row("TLS 1.%d, byte %zu: nothing wrong", v, at);
            message.p[at]--;
        }
        assert_null(server_chain_trouble(whole, v == 3));
    }
    buf_done(&message);
    gnutls_free(der.data);
}

/* DER that nests, repeats or never ends costs no more than its count. */
static void odd_der_is_refused(void **state) {
    (void)state;
    static unsigned char bytes[15000];
    static const struct {
        const char *name, *piece;
        size_t n;
    } rows[] = {{"sequences within sequences", "\x30\x80", 2},
                {"empty sequences", "\x30\0", 2},
                {"octets that hold a sequence", "\x04\x02\x30\0", 4},
                {"a long tag", "\x1f\x81", 2},
                {"a length of 127 bytes", "\x30\xff", 2},
                {"a length beyond the end", "\x30\x84\xff\xff\xff\xff", 6},
                {"zeros", "\0", 1}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (size_t at = 0; at < sizeof bytes; at++)
            bytes[at] = (unsigned char)rows[i].piece[at % rows[i].n];
        for (unsigned n = 1; n < sizeof bytes; n = n * 3 + 1) {
            const gnutls_datum_t der = {bytes, n};
            expect(rows[i].name, &der, 1, "client certificate: ");
        }
    }
}

/* DER that ends early where a part is counted, and where the key is looked for. */
static void cut_der_is_refused(void **state) {
    (void)state;
    static const struct {
        const char *name, *bytes;
        unsigned n;
        const char *expected;
    } rows[] = {
        {"half an element", "\x30\x01\x05", 3, "more names"},
        {"a sequence alone", "\x30\x00", 2, "malformed"},
        {"an empty signed part", "\x30\x02\x30\x00", 4, "malformed"},
        {"a signed part that is a number", "\x30\x03\x02\x01\x05", 5, "malformed"},
        {"a version alone", "\x30\x07\x30\x05\xa0\x03\x02\x01\x02", 9, "malformed"},
        {"a serial alone", "\x30\x05\x30\x03\x02\x01\x05", 7, "malformed"},
        {"five elements", "\x30\x0c\x30\x0a\x02\x00\x30\x00\x30\x00\x30\x00\x30\x00", 14,
         "malformed"},
        {"an empty key", "\x30\x0e\x30\x0c\x02\x00\x30\x00\x30\x00\x30\x00\x30\x00\x30\x00", 16,
         "malformed"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const gnutls_datum_t der = {(unsigned char *)rows[i].bytes, rows[i].n};
        expect(rows[i].name, &der, 1, rows[i].expected);
    }
}

/* The first half of an element behind the signature: no key is read from what cannot be counted. */
static void a_half_part_behind_a_good_key_is_refused(void **state) {
    (void)state;
    gnutls_datum_t der = certify_take(on_curve(GNUTLS_ECC_CURVE_SECP256R1), 1);
    unsigned char *longer = gnutls_malloc(der.size + 1);
    assert_true(der.data[0] == 0x30 && der.data[1] == 0x82 && der.data[3] != 0xff);
    memcpy(longer, der.data, der.size);
    longer[3]++;
    longer[der.size] = 0x05;
    const gnutls_datum_t changed = {longer, der.size + 1};
    expect("half an element", &changed, 1, "more names");
    gnutls_free(longer);
    gnutls_free(der.data);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_have_a_known_cost),
        cmocka_unit_test(chains_and_their_parts_are_counted),
        cmocka_unit_test(broken_messages_are_told),
        cmocka_unit_test(odd_der_is_refused),
        cmocka_unit_test(cut_der_is_refused),
        cmocka_unit_test(a_half_part_behind_a_good_key_is_refused),
    };
    return cmocka_run_group_tests(tests, make_signer, free_signer);
}
