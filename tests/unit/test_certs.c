#include "certs_fixture.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

static X509 *parse(struct str pem) {
    BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
    X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    BIO_free(bio);
    assert_non_null(cert);
    return cert;
}

/* Without the key it is the same. */
static unsigned check(const struct certs_files *f, struct str ca, const char *name, int64_t at,
                      struct certs_info *info) {
    struct err err = ERR_INIT;
    unsigned problems = 0, without = 0;
    assert_ok(
        certs_check_public(info, &without, buf_view(&f->tls_crt), ca, str_of(name), at, &err),
        &err);
    assert_ok(certs_check(info, &problems, buf_view(&f->tls_crt), buf_view(&f->tls_key), ca,
                          str_of(name), at, &err),
              &err);
    assert_int_equal(problems, without);
    return problems;
}

static void assert_constraints(X509 *ca, const char *expected) {
    X509_EXTENSION *e = X509_get_ext(ca, X509_get_ext_by_NID(ca, NID_name_constraints, -1));
    BIO *bio = BIO_new(BIO_s_mem());
    char *p = NULL;
    assert_int_equal(X509_EXTENSION_get_critical(e), 1);
    assert_int_equal(X509V3_EXT_print(bio, e, 0, 0), 1);
    long n = BIO_get_mem_data(bio, &p);
    assert_str(((struct str){p, (size_t)n}), str_of(expected));
    BIO_free(bio);
}

/* -- Make ---------------------------------------------------------------------------------- */

static void made_certificates_say_what_was_asked(void **state) {
    (void)state;
    static const struct {
        enum certs_key key;
        const char *type;
        uint32_t usage;
    } rows[] = {{CERTS_KEY_P256, "ECDSA P-256", KU_DIGITAL_SIGNATURE},
                {CERTS_KEY_RSA2048, "RSA 2048", KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT}};
    const struct str dns[] = {STR("Hook.Example.COM"), STR("*.image-policy.svc"),
                              STR("10.1.2.3"), STR("fd00::7"), STR("localhost")};
    for (size_t i = 0; i < N(rows); i++) {
        struct certs_files f = CERTS_FILES_INIT;
        struct certs_request r = request(rows[i].key);
        struct err err = ERR_INIT;
        struct certs_info info;
        r.dns = dns;
        r.n_dns = N(dns);
        assert_ok(certs_make(&f, &r, &err), &err);
        assert_int_equal(
            check(&f, buf_view(&f.ca_crt), "pullgate.image-policy.svc", now, &info), 0);
        assert_string_equal(info.key_type, rows[i].type);
        assert_string_equal(info.subject, "CN=pullgate.image-policy.svc");
        assert_string_equal(
            info.names,
            "pullgate.image-policy.svc, localhost, 127.0.0.1, ::1, hook.example.com, "
            "*.image-policy.svc, 10.1.2.3, fd00::7");
        assert_int_equal(info.not_before_s, now - 300);
        assert_int_equal(info.not_after_s, now + 365 * day);
        assert_int_equal(info.n_certs, 1);
        assert_false(info.is_ca);
        X509 *leaf = parse(buf_view(&f.tls_crt)), *ca = parse(buf_view(&f.ca_crt));
        assert_int_equal(X509_get_key_usage(leaf), rows[i].usage);
        assert_int_equal(X509_get_extended_key_usage(leaf), XKU_SSL_SERVER);
        assert_int_equal(X509_get_key_usage(ca), KU_KEY_CERT_SIGN | KU_CRL_SIGN);
        assert_int_equal(X509_check_ca(ca), 1);
        int critical = 0;
        BASIC_CONSTRAINTS *bc = X509_get_ext_d2i(ca, NID_basic_constraints, &critical, NULL);
        assert_int_equal(critical, 1);
        assert_int_equal(ASN1_INTEGER_get(bc->pathlen), 0);
        BASIC_CONSTRAINTS_free(bc);
        assert_constraints(ca,
                           "Permitted:\n  DNS:pullgate.image-policy.svc\n  DNS:localhost\n"
                           "  IP:127.0.0.1/255.255.255.255\n"
                           "  IP:0:0:0:0:0:0:0:1/FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF\n"
                           "  DNS:hook.example.com\n  DNS:image-policy.svc\n"
                           "  IP:10.1.2.3/255.255.255.255\n"
                           "  IP:FD00:0:0:0:0:0:0:7/FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF");
        assert_int_equal(ASN1_OCTET_STRING_cmp(X509_get0_subject_key_id(ca),
                                               X509_get0_authority_key_id(leaf)),
                         0);
        X509_free(leaf);
        X509_free(ca);
        certs_files_done(&f);
    }
}

static void serials_are_random_and_positive(void **state) {
    (void)state;
    const struct buf *pems[] = {&one.tls_crt, &one.ca_crt, &other.tls_crt, &other.ca_crt};
    BIGNUM *bns[4];
    for (size_t i = 0; i < 4; i++) {
        X509 *cert = parse(buf_view(pems[i]));
        bns[i] = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert), NULL);
        X509_free(cert);
        assert_false(BN_is_negative(bns[i]));
        assert_in_range(BN_num_bits(bns[i]), 64, 128);
        for (size_t k = 0; k < i; k++)
            assert_int_not_equal(BN_cmp(bns[i], bns[k]), 0);
    }
    for (size_t i = 0; i < 4; i++)
        BN_free(bns[i]);
}

#define A63 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff123"

static void names_that_are_none_are_refused(void **state) {
    (void)state;
    static const struct {
        struct str service, namespace, dns;
    } rows[] = {
        {STR_INIT(""), STR_INIT("ns"), STR_INIT("ok")},
        {STR_INIT("Pullgate"), STR_INIT("ns"), STR_INIT("ok")},
        {STR_INIT("pull_gate"), STR_INIT("ns"), STR_INIT("ok")},
        {STR_INIT("pull.gate"), STR_INIT("ns"), STR_INIT("ok")},
        {STR_INIT("-pullgate"), STR_INIT("ns"), STR_INIT("ok")},
        {STR_INIT("pullgate-"), STR_INIT("ns"), STR_INIT("ok")},
        {STR_INIT(A63 "4"), STR_INIT("ns"), STR_INIT("ok")},
        {STR_INIT("pull\0gate"), STR_INIT("ns"), STR_INIT("ok")},
        {STR_INIT("*"), STR_INIT("ns"), STR_INIT("ok")},
        {STR_INIT("s"), STR_INIT(""), STR_INIT("ok")},
        {STR_INIT("s"), STR_INIT("a b"), STR_INIT("ok")},
        {STR_INIT("s"), STR_INIT("n,DNS:evil"), STR_INIT("ok")},
        {STR_INIT("s"), STR_INIT("n"), STR_INIT("")},
        {STR_INIT("s"), STR_INIT("n"), STR_INIT("a..b")},
        {STR_INIT("s"), STR_INIT("n"), STR_INIT("a.b.")},
        {STR_INIT("s"), STR_INIT("n"), STR_INIT(".a")},
        {STR_INIT("s"), STR_INIT("n"), STR_INIT("*")},
        {STR_INIT("s"), STR_INIT("n"), STR_INIT("*.")},
        {STR_INIT("s"), STR_INIT("n"), STR_INIT("a.*.b")},
        {STR_INIT("s"), STR_INIT("n"), STR_INIT("w*.b")},
        {STR_INIT("s"), STR_INIT("n"), STR_INIT("*.*.b")},
        {STR_INIT("s"), STR_INIT("n"), STR_INIT("a_b.c")},
        {STR_INIT("s"), STR_INIT("n"), STR_INIT("a.b,IP:1.2.3.4")},
        {STR_INIT("s"), STR_INIT("n"), STR_INIT("a\0.b")},
        {STR_INIT("s"), STR_INIT("n"), STR_INIT("127.0.0.1\0")},
        {STR_INIT("s"), STR_INIT("n"), STR_INIT("10.0.0.256")},
        {STR_INIT("s"), STR_INIT("n"), STR_INIT("10.0.0")},
        {STR_INIT("s"), STR_INIT("n"), STR_INIT("10.0.0.1/24")},
        {STR_INIT("s"), STR_INIT("n"), STR_INIT("[::1]")},
        {STR_INIT("s"), STR_INIT("n"), STR_INIT("fe80::1%eth0")},
        {STR_INIT("s"), STR_INIT("n"), STR_INIT("https://a.b")},
        {STR_INIT("s"), STR_INIT("n"), STR_INIT("caf\xc3\xa9.fr")},
        {STR_INIT("s"), STR_INIT("n"), STR_INIT(A63 "4.b")},
        {STR_INIT("s"), STR_INIT("n"), STR_INIT(A63 "." A63 "." A63 "." A63)},
    };
    for (size_t i = 0; i < N(rows); i++) {
        struct certs_files f = CERTS_FILES_INIT;
        struct certs_request r = request(CERTS_KEY_P256);
        struct err err = ERR_INIT;
        r.service = rows[i].service;
        r.namespace = rows[i].namespace;
        r.dns = &rows[i].dns;
        r.n_dns = 1;
        enum ec ec = certs_make(&f, &r, &err);
        if (ec != EC_USAGE || f.tls_key.p != NULL)
            fail_row("row %zu: %s", i, ec_name(ec));
        struct str bad = !str_eq(rows[i].dns, STR("ok"))        ? rows[i].dns
                         : str_eq(rows[i].namespace, STR("ns")) ? rows[i].service
                                                                : rows[i].namespace;
        char z[300];
        snprintf(z, sizeof z, "\"%.*s\"", STR_ARG(bad));
        if (str_find(bad, '\0') == bad.n && !has(&err, z))
            fail_row("row %zu: %s does not name %s", i, err.msg, z);
    }
}

static void long_names_are_taken(void **state) {
    (void)state;
    const struct str dns[] = {STR("*.example"), STR(A63 "." A63 "." A63 ".a23456789"),
                              STR("0x"), STR("255.255.255.255"), STR("1.example")};
    struct certs_files f = CERTS_FILES_INIT;
    struct certs_request r = request(CERTS_KEY_P256);
    struct err err = ERR_INIT;
    struct certs_info info;
    r.service = r.namespace = STR(A63);
    r.dns = dns;
    r.n_dns = N(dns);
    assert_ok(certs_make(&f, &r, &err), &err);
    assert_int_equal(check(&f, buf_view(&f.ca_crt), A63 "." A63 ".svc", now, &info), 0);
    assert_string_equal(info.subject, "CN=" A63); /* a common name ends at 64 */
    certs_files_done(&f);
}

static void lives_that_are_none_are_refused(void **state) {
    (void)state;
    static const struct {
        int32_t days, ca_days;
        int64_t now_s;
    } rows[] = {{0, 365, 1800000000},
                {-1, 365, 1800000000},
                {36501, 365, 1800000000},
                {365, 0, 1800000000},
                {365, -1, 1800000000},
                {365, 36501, 1800000000},
                {INT32_MAX, INT32_MAX, 0},
                {1, 1, -1},
                {1, 1, 0},
                {1, 1, 253402300799},
                {1, 1, INT64_MAX},
                {1, 1, INT64_MIN}};
    for (size_t i = 0; i < N(rows); i++) {
        struct certs_files f = CERTS_FILES_INIT;
        struct certs_request r = request(CERTS_KEY_P256);
        struct err err = ERR_INIT;
        r.days = rows[i].days;
        r.ca_days = rows[i].ca_days;
        r.now_s = rows[i].now_s;
        if (certs_make(&f, &r, &err) != EC_USAGE)
            fail_row("row %zu", i);
    }
}

static void leaf_never_outlives_its_ca(void **state) {
    (void)state;
    struct certs_files f = CERTS_FILES_INIT;
    struct certs_request r = request(CERTS_KEY_P256);
    struct err err = ERR_INIT;
    struct certs_info info;
    r.days = 36500;
    r.ca_days = 90;
    assert_ok(certs_make(&f, &r, &err), &err);
    check(&f, STR_NONE, "", now, &info);
    assert_int_equal(info.not_after_s, now + 90 * day);
    r.ca_days = 36500; /* into the years that ASN.1 writes with four digits */
    assert_ok(certs_make(&f, &r, &err), &err);
    assert_int_equal(check(&f, buf_view(&f.ca_crt), "", now + 30000 * day, &info), CERTS_SOON);
    assert_int_equal(info.not_after_s, now + 36500 * day);
    certs_files_done(&f);
}

static void made_certificates_replace_what_was_there(void **state) {
    (void)state;
    struct certs_files f = CERTS_FILES_INIT;
    struct certs_request r = request(CERTS_KEY_P256);
    struct err err = ERR_INIT;
    struct certs_info info;
    for (int round = 0; round < 2; round++)
        assert_ok(certs_make(&f, &r, &err), &err);
    assert_int_equal(check(&f, buf_view(&f.ca_crt), "", now, &info), 0);
    certs_files_done(&f);
    assert_int_equal(mem_keys_seen, 0);
}

/* -- Check --------------------------------------------------------------------------------- */

static void dates_are_told_by_the_clock_given(void **state) {
    (void)state;
    static const struct {
        int64_t at_s;
        unsigned problems;
        int64_t days_left;
    } rows[] = {{-301, CERTS_NOT_YET_VALID | CERTS_CHAIN, 365},
                {-300, 0, 365},
                {0, 0, 365},
                {243 * 86400, 0, 122},
                {244 * 86400, CERTS_SOON, 121},
                {365 * 86400 - 1, CERTS_SOON, 0},
                {365 * 86400, CERTS_SOON, 0},
                {365 * 86400 + 1, CERTS_SOON | CERTS_EXPIRED, -1},
                {366 * 86400, CERTS_SOON | CERTS_EXPIRED, -1},
                {366 * 86400 + 1, CERTS_SOON | CERTS_EXPIRED, -2},
                {3650LL * 86400 + 1, CERTS_SOON | CERTS_EXPIRED | CERTS_CHAIN, -3286}};
    for (size_t i = 0; i < N(rows); i++) {
        struct certs_info info;
        int64_t at = now + rows[i].at_s;
        unsigned problems =
            check(&one, buf_view(&one.ca_crt), "pullgate.image-policy.svc", at, &info);
        if (problems != rows[i].problems || certs_days_left(&info, at) != rows[i].days_left)
            fail_row("row %zu: %u, %lld days", i, problems,
                     (long long)certs_days_left(&info, at));
    }
}

static void names_are_looked_for_in_the_san(void **state) {
    (void)state;
    static const struct {
        const char *name;
        bool found;
    } rows[] = {{"", true},
                {"pullgate.image-policy.svc", true},
                {"PullGate.Image-Policy.SVC", true},
                {"localhost", true},
                {"127.0.0.1", true},
                {"0:0:0:0:0:0:0:1", true},
                {"any.wild.example", true},
                {"wild.example", false},
                {"two.labels.wild.example", false},
                {"pullgate.image-policy.svc.cluster.local", false},
                {"pullgate.image-policy.svc.", false},
                {"pullgate.image-polic.svc", false},
                {"image-policy.svc", false},
                {".svc", false},
                {"*.wild.example", false},
                {"127.0.0.2", false},
                {"::2", false}};
    const struct str dns[] = {STR("*.wild.example")};
    struct certs_files f = CERTS_FILES_INIT;
    struct certs_request r = request(CERTS_KEY_P256);
    struct err err = ERR_INIT;
    struct certs_info info;
    r.dns = dns;
    r.n_dns = 1;
    assert_ok(certs_make(&f, &r, &err), &err);
    for (size_t i = 0; i < N(rows); i++)
        if (check(&f, STR_NONE, rows[i].name, now, &info) !=
            (rows[i].found ? 0 : CERTS_NAME_MISSING))
            fail_row("row \"%s\"", rows[i].name);
    certs_files_done(&f);
}

/* The same certificate with something before or after its DER. */
static struct buf pem_of(struct str header, struct buf *der, struct str tail) {
    struct buf out = BUF_INIT(CERTS_PEM_MAX), body = BUF_INIT(CERTS_PEM_MAX);
    buf_str(der, tail);
    buf_base64(&body, buf_view(der));
    der->n -= tail.n;
    buf_printf(&out, "-----BEGIN CERTIFICATE-----\n%.*s", STR_ARG(header));
    for (size_t i = 0; i < body.n; i += 64)
        buf_printf(&out, "%.*s\n", STR_ARG(str_slice(buf_view(&body), i, i + 64)));
    buf_puts(&out, "-----END CERTIFICATE-----\n");
    buf_done(&body);
    return out;
}

static struct buf der_of(struct str pem) {
    struct buf out = BUF_INIT(4096);
    X509 *cert = parse(pem);
    unsigned char *der = NULL;
    int n = i2d_X509(cert, &der);
    buf_add(&out, der, (size_t)n);
    OPENSSL_free(der);
    X509_free(cert);
    return out;
}

#define BODY "\nAAAA\n-----END "
/* By itself: anyone who looks for keys in this tree finds none. */
#define KEY_MARK "PRIVATE KEY-----"

static void what_is_no_pair_is_refused_with_a_reason(void **state) {
    (void)state;
    struct buf der = der_of(buf_view(&one.tls_crt));
    struct buf plain = pem_of(STR_NONE, &der, STR_NONE),
               tail = pem_of(STR_NONE, &der, STR("0\0")),
               header = pem_of(STR("Comment: none\n\n"), &der, STR_NONE);
    struct buf crt_key = BUF_INIT(CERTS_PEM_MAX), big = BUF_INIT(CERTS_PEM_MAX * 2);
    buf_str(&crt_key, buf_view(&one.tls_crt));
    buf_str(&crt_key, buf_view(&one.tls_key));
    while (big.n <= CERTS_PEM_MAX)
        buf_str(&big, buf_view(&one.ca_crt));
    const struct str crt = buf_view(&one.tls_crt), key = buf_view(&one.tls_key);
    const struct {
        struct str crt, key, ca;
        enum ec ec;
        const char *text;
    } rows[] = {
        {buf_view(&plain), key, STR_NONE, EC_OK, ""},
        {buf_view(&tail), key, STR_NONE, EC_CRYPTO, "bytes after"},
        {buf_view(&header), key, STR_NONE, EC_CRYPTO, "found headers"},
        {STR_NONE, key, STR_NONE, EC_CRYPTO, "certificate: empty"},
        {STR("hello"), key, STR_NONE, EC_CRYPTO, "found no PEM block"},
        {buf_view(&der), key, STR_NONE, EC_CRYPTO, "found DER"},
        {key, key, STR_NONE, EC_CRYPTO, "found a private key"},
        {key, crt, STR_NONE, EC_CRYPTO, "found a private key"},
        {buf_view(&crt_key), key, STR_NONE, EC_CRYPTO, "block PRIVATE KEY"},
        {STR("-----BEGIN CERTIFICATE REQUEST-----" BODY "CERTIFICATE REQUEST-----\n"), key,
         STR_NONE, EC_CRYPTO, "found a certificate request"},
        {STR("-----BEGIN CERTIFICATE-----" BODY "CERTIFICATE-----\n"), key, STR_NONE, EC_CRYPTO,
         "PEM block 1: not a certificate"},
        {STR("-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n"), key, STR_NONE,
         EC_CRYPTO, "damaged PEM"},
        {STR("-----BEGIN CERTIFICATE-----" BODY "X509 CRL-----\n"), key, STR_NONE, EC_CRYPTO,
         "damaged PEM"},
        {buf_view(&big), key, STR_NONE, EC_LIMIT, "expected at most 65536"},
        {crt, STR_NONE, STR_NONE, EC_CRYPTO, "key: empty"},
        {crt, crt, STR_NONE, EC_CRYPTO, "key: found a certificate"},
        {crt, STR("0\x82\x01\x02\x03"), STR_NONE, EC_CRYPTO, "key: found DER"},
        {crt, STR("-----BEGIN " KEY_MARK BODY "PRIVATE KEY-----\n"), STR_NONE, EC_CRYPTO,
         "damaged private key"},
        {crt, STR("-----BEGIN ENCRYPTED PRIVATE KEY-----" BODY "ENCRYPTED PRIVATE KEY-----\n"),
         STR_NONE, EC_CRYPTO, "found an encrypted private key"},
        {crt,
         STR("-----BEGIN EC " KEY_MARK "\nProc-Type: 4,ENCRYPTED\nDEK-Info: "
             "AES-128-CBC,00\n" BODY "EC PRIVATE KEY-----\n"),
         STR_NONE, EC_CRYPTO, "found an encrypted private key"},
        {crt, buf_view(&other.tls_key), STR_NONE, EC_SCHEMA, "the key does not match"},
        {crt, buf_view(&one.ca_key), STR_NONE, EC_SCHEMA, "the key does not match"},
        {crt, buf_view(&big), STR_NONE, EC_LIMIT, "expected at most 65536"},
        {crt, key, STR("no bundle"), EC_CRYPTO, "CA bundle: found no PEM block"},
        {crt, key, key, EC_CRYPTO, "CA bundle: found a private key"},
    };
    for (size_t i = 0; i < N(rows); i++) {
        struct err err = ERR_INIT;
        struct certs_info info = {.n_certs = 77};
        unsigned problems = 77;
        err.msg[0] = '\0';
        enum ec ec = certs_check(&info, &problems, rows[i].crt, rows[i].key, rows[i].ca,
                                 STR_NONE, now, &err);
        bool untouched = info.n_certs == 77 && problems == 77;
        if (ec != rows[i].ec || !has(&err, rows[i].text) || untouched != (ec != EC_OK))
            fail_row("row %zu: %s: %s", i, ec_name(ec), err.msg);
    }
    certs_wipe(&crt_key);
    buf_done(&big);
    buf_done(&der);
    buf_done(&plain);
    buf_done(&tail);
    buf_done(&header);
}

static void every_truncation_is_noticed(void **state) {
    (void)state;
    const struct str crt = buf_view(&one.tls_crt), key = buf_view(&one.tls_key);
    struct buf two = BUF_INIT(CERTS_PEM_MAX), text = BUF_INIT(CERTS_PEM_MAX);
    struct certs_info info;
    unsigned problems;
    buf_str(&two, crt);
    buf_str(&two, buf_view(&one.ca_crt));
    for (size_t n = 0; n + 1 < two.n; n++) {
        struct err err = ERR_INIT;
        if (n + 1 == crt.n || n == crt.n) /* whole, with or without its line end */
            continue;
        /* A copy of just these bytes: the sanitizer sees a read after the end. */
        char *cut = mem_alloc(n + 1);
        memcpy(cut + 1, two.p, n);
        enum ec ec = certs_check(&info, &problems, (struct str){cut + 1, n}, key, STR_NONE,
                                 STR_NONE, now, &err);
        /* Dashes alone are a comment; so is what ends within the word of a second block. */
        bool comment = n > crt.n && n < crt.n + strlen("-----BEGIN ");
        if (ec != (comment ? EC_OK : EC_CRYPTO))
            fail_row("certificates cut to %zu bytes: %s", n, err.msg);
        mem_free(cut);
    }
    for (size_t n = 0; n + 1 < key.n; n++) {
        struct err err = ERR_INIT;
        if (certs_check(&info, &problems, crt, str_slice(key, 0, n), STR_NONE, STR_NONE, now,
                        &err) != EC_CRYPTO)
            fail_row("key cut to %zu bytes", n);
    }
    buf_done(&two);
    buf_done(&text);
}

/* -- Certificates of other makers ---------------------------------------------------------- */

struct odd {
    const char *san, *eku, *basic;
    bool ed25519;
    const char *raw; /* a DNS name of any bytes */
    const char *usage;
    const char *curve; /* P-384 when not given */
    unsigned rsa_bits; /* RSA when not 0 */
};

static void add_raw_name(X509 *x, const char *raw) {
    GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_IA5STRING *text = ASN1_IA5STRING_new();
    ASN1_STRING_set(text, raw, -1);
    GENERAL_NAME_set0_value(name, GEN_DNS, text);
    sk_GENERAL_NAME_push(names, name);
    X509_add1_ext_i2d(x, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT);
    GENERAL_NAMES_free(names);
}

/* Self-signed, with the extensions given; its key goes into *key. */
static struct buf make_odd(const struct odd *odd, struct buf *key) {
    const struct {
        int nid;
        const char *value;
    } rows[] = {{NID_subject_alt_name, odd->san},
                {NID_ext_key_usage, odd->eku},
                {NID_basic_constraints, odd->basic},
                {NID_key_usage, odd->usage}};
    X509 *x = X509_new();
    EVP_PKEY *k = odd->ed25519    ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")
                  : odd->rsa_bits ? EVP_RSA_gen(odd->rsa_bits)
                                  : EVP_EC_gen(odd->curve ? odd->curve : "P-384");
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, x, x, NULL, NULL, 0);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                               (const unsigned char *)"hook.ns.svc", -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(x));
    X509_set_version(x, X509_VERSION_3);
    X509_set_pubkey(x, k);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 7);
    ASN1_TIME_set(X509_getm_notBefore(x), now);
    ASN1_TIME_set(X509_getm_notAfter(x), now + 300 * day);
    for (size_t i = 0; i < N(rows); i++) {
        if (rows[i].value == NULL)
            continue;
        X509_EXTENSION *e = X509V3_EXT_nconf_nid(NULL, &ctx, rows[i].nid, rows[i].value);
        assert_int_equal(X509_add_ext(x, e, -1), 1);
        X509_EXTENSION_free(e);
    }
    if (odd->raw != NULL)
        add_raw_name(x, odd->raw);
    assert_true(X509_sign(x, k, odd->ed25519 ? NULL : EVP_sha256()) > 0);
    BIO *bio = BIO_new(BIO_s_mem()), *key_bio = BIO_new(BIO_s_mem());
    struct buf out = BUF_INIT(CERTS_PEM_MAX);
    char *p;
    PEM_write_bio_X509(bio, x);
    PEM_write_bio_PKCS8PrivateKey(key_bio, k, NULL, NULL, 0, NULL, NULL);
    long n = BIO_get_mem_data(bio, &p);
    buf_add(&out, p, (size_t)n);
    n = BIO_get_mem_data(key_bio, &p);
    buf_add(key, p, (size_t)n);
    BIO_free(bio);
    BIO_free(key_bio);
    EVP_PKEY_free(k);
    X509_free(x);
    return out;
}

static void purpose_and_chain_are_judged_as_the_api_server_does(void **state) {
    (void)state;
    static const struct {
        struct odd odd;
        bool own_bundle;
        unsigned problems;
        const char *key_type, *names;
    } rows[] = {
        {{"DNS:hook.ns.svc", "serverAuth", NULL, false}, true, 0, "ECDSA P-384", "hook.ns.svc"},
        {{"DNS:hook.ns.svc", NULL, "CA:TRUE", false}, true, 0, "ECDSA P-384", "hook.ns.svc"},
        {{"DNS:*.ns.svc", "clientAuth,serverAuth", "CA:FALSE", false},
         true,
         0,
         "ECDSA P-384",
         "*.ns.svc"},
        {{"DNS:HOOK.ns.svc", "anyExtendedKeyUsage", NULL, true},
         true,
         0,
         "ED25519",
         "HOOK.ns.svc"},
        {{NULL, "serverAuth", NULL, false}, true, CERTS_NAME_MISSING, "ECDSA P-384", ""},
        {{"DNS:*.svc", NULL, NULL, false}, true, CERTS_NAME_MISSING, "ECDSA P-384", "*.svc"},
        {{"DNS:hook.ns.svc", "clientAuth", NULL, false},
         true,
         CERTS_NOT_SERVER,
         "ECDSA P-384",
         "hook.ns.svc"},
        {{"DNS:hook.ns.svc", "serverAuth", NULL, false},
         false,
         CERTS_CHAIN,
         "ECDSA P-384",
         "hook.ns.svc"},
        {{"IP:10.0.0.1,email:a@b.c,URI:spiffe://x/y,RID:1.2.3", "clientAuth", NULL, true},
         false,
         CERTS_CHAIN | CERTS_NOT_SERVER | CERTS_NAME_MISSING,
         "ED25519",
         "10.0.0.1, a@b.c, spiffe://x/y, (other)"},
    };
    for (size_t i = 0; i < N(rows); i++) {
        struct certs_files f = CERTS_FILES_INIT;
        struct certs_info info;
        f.tls_crt = make_odd(&rows[i].odd, &f.tls_key);
        struct str ca = rows[i].own_bundle ? buf_view(&f.tls_crt) : buf_view(&one.ca_crt);
        unsigned problems = check(&f, ca, "hook.ns.svc", now, &info);
        if (problems != rows[i].problems || strcmp(info.names, rows[i].names) != 0 ||
            strcmp(info.key_type, rows[i].key_type) != 0 ||
            (info.chain[0] != '\0') != ((problems & CERTS_CHAIN) != 0))
            fail_row("row %zu: %u, %s, \"%s\", \"%s\"", i, problems, info.key_type, info.names,
                     info.chain);
        certs_files_done(&f);
    }
}

static void what_no_handshake_can_use_is_unfit(void **state) {
    (void)state;
    static const struct {
        struct odd odd;
        const char *unfit;
    } rows[] = {
        {{.usage = NULL}, ""},
        {{.usage = "critical,digitalSignature"}, ""},
        {{.usage = "digitalSignature,keyEncipherment", .rsa_bits = 2048}, ""},
        {{.rsa_bits = 2048}, ""},
        {{.ed25519 = true}, ""},
        {{.curve = "P-256"}, ""},
        {{.curve = "P-521"}, ""},
        {{.usage = "critical,keyEncipherment", .rsa_bits = 2048}, "digitalSignature"},
        {{.usage = "keyAgreement"}, "digitalSignature"},
        {{.rsa_bits = 1024}, "RSA of 2048 bits or more"},
        {{.curve = "P-224"}, "expected ECDSA P-256"},
        {{.curve = "secp256k1"}, "expected ECDSA P-256"},
    };
    for (size_t i = 0; i < N(rows); i++) {
        struct certs_files f = CERTS_FILES_INIT;
        struct certs_info info;
        f.tls_crt = make_odd(&rows[i].odd, &f.tls_key);
        unsigned problems = check(&f, STR_NONE, "", now, &info);
        if (problems != (rows[i].unfit[0] ? CERTS_UNFIT : 0u) ||
            (rows[i].unfit[0] == '\0') != (info.unfit[0] == '\0') ||
            strstr(info.unfit, rows[i].unfit) == NULL)
            fail_row("row %zu: %u, %s, \"%s\"", i, problems, info.key_type, info.unfit);
        certs_files_done(&f);
    }
}

static void hostile_names_are_made_printable_and_cut(void **state) {
    (void)state;
    struct certs_files f = CERTS_FILES_INIT;
    struct certs_info info;
    char san[8000];
    size_t n = (size_t)snprintf(san, sizeof san, "DNS:first.example");
    f.tls_crt = make_odd(&(struct odd){.raw = "a, hook.ns.svc\n\x01\x7f\xff"}, &f.tls_key);
    check(&f, STR_NONE, "", now, &info);
    assert_string_equal(info.names, "a??hook.ns.svc????");
    certs_files_done(&f);
    for (int i = 0; i < 300; i++)
        n += (size_t)snprintf(san + n, sizeof san - n, ",DNS:host-%d.example", i);
    f.tls_crt = make_odd(&(struct odd){.san = san}, &f.tls_key);
    check(&f, STR_NONE, "", now, &info);
    assert_true(strlen(info.names) < sizeof info.names);
    assert_true(strlen(info.names) > 2000);
    assert_true(str_ends(str_of(info.names), STR(".example, ...")));
    certs_files_done(&f);
}

static void chain_needs_the_right_ca(void **state) {
    (void)state;
    struct certs_info info;
    struct buf both = BUF_INIT(CERTS_PEM_MAX);
    assert_int_equal(check(&one, buf_view(&other.ca_crt), "", now, &info), CERTS_CHAIN);
    assert_string_equal(info.chain, "unable to get local issuer certificate");
    buf_str(&both, buf_view(&other.ca_crt));
    buf_puts(&both, "a comment\r\n");
    buf_str(&both, buf_view(&one.ca_crt));
    assert_int_equal(check(&one, buf_view(&both), "", now, &info), 0);
    assert_string_equal(info.chain, "");
    /* Whatever the bundle holds is trusted, the leaf itself too. */
    assert_int_equal(check(&one, buf_view(&one.tls_crt), "", now, &info), 0);
    buf_done(&both);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(made_certificates_say_what_was_asked),
    cmocka_unit_test(serials_are_random_and_positive),
    cmocka_unit_test(names_that_are_none_are_refused),
    cmocka_unit_test(long_names_are_taken),
    cmocka_unit_test(lives_that_are_none_are_refused),
    cmocka_unit_test(leaf_never_outlives_its_ca),
    cmocka_unit_test(made_certificates_replace_what_was_there),
    cmocka_unit_test(dates_are_told_by_the_clock_given),
    cmocka_unit_test(names_are_looked_for_in_the_san),
    cmocka_unit_test(what_is_no_pair_is_refused_with_a_reason),
    cmocka_unit_test(every_truncation_is_noticed),
    cmocka_unit_test(purpose_and_chain_are_judged_as_the_api_server_does),
    cmocka_unit_test(what_no_handshake_can_use_is_unfit),
    cmocka_unit_test(hostile_names_are_made_printable_and_cut),
    cmocka_unit_test(chain_needs_the_right_ca),
};

int main(void) {
    return cmocka_run_group_tests(tests, make_fixtures, free_fixtures);
}
