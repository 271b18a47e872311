#include "certs_fixture.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

static const struct str svc = STR_INIT("pullgate.image-policy.svc");
enum { LIFE_S = 7 * 86400 };

/* -- CAs of any kind ----------------------------------------------------------------------- */

struct kind {
    const char *curve; /* NULL: RSA of `bits` */
    int bits;
    const char *basic, *usage, *constraints; /* values of extensions; NULL: none */
    int64_t from_s, to_s;
};
static const struct kind good_kind = {"P-256",
                                      0,
                                      "critical,CA:TRUE",
                                      "critical,keyCertSign",
                                      NULL,
                                      -86400 * INT64_C(100),
                                      86400 * INT64_C(1000)};

static void extend(X509 *x, int nid, const char *value) {
    X509V3_CTX ctx;
    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, x, x, NULL, NULL, 0);
    if (value == NULL)
        return;
    X509_EXTENSION *e = X509V3_EXT_nconf_nid(NULL, &ctx, nid, value);
    assert_int_equal(X509_add_ext(x, e, -1), 1);
    X509_EXTENSION_free(e);
}

/* A buffer that grew would leave keys behind, which mem_watch.h looks for. */
static void reserve(struct buf *b) {
    if (b->p == NULL)
        assert_non_null(buf_room(b, CERTS_PEM_MAX / 2));
}

static void put_text(struct buf *out, BIO *bio) {
    char *p = NULL;
    reserve(out);
    long n = BIO_get_mem_data(bio, &p);
    buf_add(out, p, (size_t)n);
    BIO_free(bio);
}

/* Appends the certificate and its key; with a CA above it, signed by that one. */
static void put_ca(struct buf *cert, struct buf *key_pem, const struct kind *k, const char *cn,
                   EVP_PKEY **key_out, const char *above_cn, EVP_PKEY *above) {
    X509 *x = X509_new();
    EVP_PKEY *key = k->curve ? EVP_EC_gen(k->curve) : EVP_RSA_gen((unsigned)k->bits);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                               (const unsigned char *)cn, -1, -1, 0);
    X509_NAME *issuer = X509_NAME_new();
    X509_NAME_add_entry_by_txt(issuer, "CN", MBSTRING_ASC,
                               (const unsigned char *)(above ? above_cn : cn), -1, -1, 0);
    X509_set_issuer_name(x, issuer);
    X509_NAME_free(issuer);
    X509_set_version(x, X509_VERSION_3);
    X509_set_pubkey(x, key);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 7);
    ASN1_TIME_set(X509_getm_notBefore(x), now + k->from_s);
    ASN1_TIME_set(X509_getm_notAfter(x), now + k->to_s);
    extend(x, NID_basic_constraints, k->basic);
    extend(x, NID_key_usage, k->usage);
    extend(x, NID_name_constraints, k->constraints);
    assert_true(X509_sign(x, above ? above : key, EVP_sha256()) > 0);
    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(bio, x);
    put_text(cert, bio);
    bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
    put_text(key_pem, bio);
    X509_free(x);
    if (key_out != NULL)
        *key_out = key;
    else
        EVP_PKEY_free(key);
}

static struct certs_authority *authority(struct str ca, struct str key, int64_t at) {
    struct certs_authority *a = NULL;
    struct err err = ERR_INIT;
    assert_ok(certs_authority_new(&a, ca, key, svc, at, &err), &err);
    return a;
}

static struct certs_leaf sign(const struct certs_authority *a, int64_t at, int64_t life_s) {
    struct certs_leaf leaf = CERTS_LEAF_INIT;
    struct err err = ERR_INIT;
    assert_ok(certs_authority_sign(&leaf, a, svc, at, life_s, &err), &err);
    return leaf;
}

static unsigned judge(const struct certs_leaf *leaf, struct str ca, int64_t at,
                      struct certs_info *info) {
    struct err err = ERR_INIT;
    unsigned problems = 0;
    assert_ok(certs_check(info, &problems, buf_view(&leaf->cert), buf_view(&leaf->key), ca, svc,
                          at, &err),
              &err);
    return problems & ~(unsigned)(CERTS_SOON | CERTS_CA_SOON);
}

/* -- Signing ------------------------------------------------------------------------------- */

static void a_leaf_is_for_one_name_and_some_days(void **state) {
    (void)state;
    struct certs_authority *a = authority(buf_view(&one.ca_crt), buf_view(&one.ca_key), now);
    struct certs_leaf leaf = sign(a, now, LIFE_S), next = sign(a, now, LIFE_S);
    struct certs_info info;
    assert_int_equal(judge(&leaf, buf_view(&one.ca_crt), now, &info), 0);
    assert_string_equal(info.names, "pullgate.image-policy.svc");
    assert_string_equal(info.subject, "CN=pullgate.image-policy.svc");
    assert_string_equal(info.key_type, "ECDSA P-256");
    assert_int_equal(info.n_certs, 1);
    assert_int_equal(info.not_before_s, now - 3600);
    assert_int_equal(info.not_after_s, now + LIFE_S);
    assert_int_equal(leaf.not_before_s, info.not_before_s);
    assert_int_equal(leaf.not_after_s, info.not_after_s);
    assert_int_equal(leaf.ca.not_after_s, now + 3650 * day);
    assert_false(str_eq(buf_view(&leaf.key), buf_view(&next.key)));
    assert_int_not_equal(judge(&leaf, buf_view(&other.ca_crt), now, &info) & CERTS_CHAIN, 0);
    certs_leaf_done(&leaf);
    certs_leaf_done(&next);
    certs_authority_free(a);
}

static void a_leaf_ends_with_its_ca(void **state) {
    (void)state;
    struct certs_authority *a = authority(buf_view(&one.ca_crt), buf_view(&one.ca_key), now);
    struct certs_leaf leaf = sign(a, now + 3649 * day, LIFE_S);
    struct err err = ERR_INIT;
    assert_int_equal(leaf.not_after_s, now + 3650 * day);
    assert_int_equal(certs_authority_sign(&leaf, a, svc, now + 3650 * day, LIFE_S, &err),
                     EC_CRYPTO);
    assert_true(has(&err, "CA: it has expired, expected one that is valid"));
    assert_int_equal(leaf.not_after_s, now + 3650 * day); /* untouched */
    certs_leaf_done(&leaf);
    certs_authority_free(a);
}

/* A pod's clock that is slow by more than the CA is backdated: the API server's decides. */
static void a_slow_clock_signs_all_the_same(void **state) {
    (void)state;
    int64_t at = now - day;
    struct certs_authority *a = authority(buf_view(&one.ca_crt), buf_view(&one.ca_key), at);
    struct certs_leaf leaf = sign(a, at, LIFE_S);
    assert_int_equal(leaf.not_before_s, at - 3600);
    certs_leaf_done(&leaf);
    certs_authority_free(a);
}

static void other_names_are_refused_by_the_ca(void **state) {
    (void)state;
    static const struct {
        struct str name;
        enum ec ec;
        const char *text;
    } rows[] = {
        {STR_INIT("pullgate.image-policy.svc"), EC_OK, ""},
        {STR_INIT("localhost"), EC_OK, ""},
        {STR_INIT("127.0.0.1"), EC_OK, ""},
        {STR_INIT("127.0.0.2"), EC_CRYPTO, "name constraints exclude 127.0.0.2"},
        {STR_INIT("kubernetes.default.svc"), EC_CRYPTO,
         "CA: its name constraints exclude kubernetes.default.svc, expected "
         "permitted;DNS:kubernetes.default.svc"},
        {STR_INIT("image-policy.svc"), EC_CRYPTO, "name constraints exclude"},
        {STR_INIT("pullgate.image-policy.svc.evil.example"), EC_CRYPTO, "constraints exclude"},
        {STR_INIT("a b"), EC_USAGE, "neither a DNS name nor an IP address"},
        {STR_INIT(""), EC_USAGE, "neither a DNS name nor an IP address"},
        {STR_INIT("*.image-policy.svc"), EC_USAGE, "neither a DNS name"},
    };
    for (size_t i = 0; i < N(rows); i++) {
        struct certs_authority *a = NULL;
        struct err err = ERR_INIT;
        err.msg[0] = '\0';
        enum ec ec = certs_authority_new(&a, buf_view(&one.ca_crt), buf_view(&one.ca_key),
                                         rows[i].name, now, &err);
        if (ec != rows[i].ec || !has(&err, rows[i].text) || (a != NULL) != (ec == EC_OK))
            fail_row("row %zu: %s: %s", i, ec_name(ec), err.msg);
        certs_authority_free(a);
    }
}

static void cas_that_cannot_sign_are_refused_with_their_line(void **state) {
    (void)state;
    static const struct {
        struct kind kind;
        const char *text;
    } rows[] = {
        {{"P-256", 0, "critical,CA:TRUE", NULL, NULL, -86400, 86400}, NULL},
        {{"P-384", 0, "critical,CA:TRUE", "critical,keyCertSign", NULL, -86400, 86400}, NULL},
        {{NULL, 2048, "critical,CA:TRUE", "critical,keyCertSign", NULL, -86400, 86400}, NULL},
        {{"P-256", 0, "critical,CA:TRUE,pathlen:0", "critical,keyCertSign",
          "critical,permitted;DNS:image-policy.svc", -86400, 86400},
         NULL},
        {{"P-256", 0, "critical,CA:FALSE", "critical,digitalSignature", NULL, -86400, 86400},
         "CA: it is not a CA, expected basic constraints CA:TRUE"},
        {{"P-256", 0, NULL, NULL, NULL, -86400, 86400}, "CA: it is not a CA"},
        {{"P-256", 0, "critical,CA:TRUE", "critical,cRLSign", NULL, -86400, 86400},
         "CA: its key usage lacks keyCertSign, expected a CA that may sign certificates"},
        {{"P-224", 0, "critical,CA:TRUE", "critical,keyCertSign", NULL, -86400, 86400},
         "CA: its key is too weak or of a type that is not supported, expected ECDSA P-256"},
        {{NULL, 1024, "critical,CA:TRUE", "critical,keyCertSign", NULL, -86400, 86400},
         "or RSA of 2048 bits or more"},
        {{"P-256", 0, "critical,CA:TRUE", "critical,keyCertSign", NULL, -86400, 0},
         "CA: it has expired, expected one that is valid"},
        {{"P-256", 0, "critical,CA:TRUE", "critical,keyCertSign",
          "critical,permitted;DNS:other.svc", -86400, 86400},
         "CA: its name constraints exclude pullgate.image-policy.svc"},
        {{"P-256", 0, "critical,CA:TRUE", "critical,keyCertSign", "critical,excluded;DNS:svc",
          -86400, 86400},
         "CA: its name constraints exclude pullgate.image-policy.svc"},
    };
    for (size_t i = 0; i < N(rows); i++) {
        struct buf ca = BUF_INIT(CERTS_PEM_MAX), key = BUF_INIT(CERTS_PEM_MAX);
        struct certs_authority *a = NULL;
        struct err err = ERR_INIT;
        struct str first = buf_view(&other.ca_crt);
        uint32_t line = 1;
        buf_puts(&ca, "# the CA before\n");
        buf_str(&ca, first);
        for (size_t k = 0; k < ca.n; k++)
            line += ca.p[k] == '\n';
        put_ca(&ca, &key, &rows[i].kind, "odd", NULL, NULL, NULL);
        enum ec ec = certs_authority_new(&a, buf_view(&ca), buf_view(&key), svc, now, &err);
        if (rows[i].text == NULL) {
            if (ec != EC_OK)
                fail_row("row %zu: %s", i, err.msg);
        } else if (ec != EC_CRYPTO || !has(&err, rows[i].text) || err.line != line) {
            fail_row("row %zu: %s, line %u: %s", i, ec_name(ec), err.line, err.msg);
        }
        certs_authority_free(a);
        buf_done(&ca);
        certs_wipe(&key);
    }
}

static void texts_that_fit_nothing_are_refused(void **state) {
    (void)state;
    const struct str ca = buf_view(&one.ca_crt), key = buf_view(&one.ca_key);
    struct buf damaged = BUF_INIT(CERTS_PEM_MAX), keys = BUF_INIT(CERTS_PEM_MAX);
    buf_str(&damaged, ca);
    reserve(&keys);
    buf_puts(&damaged, "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n");
    for (int i = 0; i < 9; i++)
        buf_str(&keys, key);
    uint32_t line = 1;
    for (size_t k = 0; k < ca.n; k++)
        line += ca.p[k] == '\n';
    const struct {
        struct str ca, key;
        enum ec ec;
        uint32_t line;
        const char *text;
    } rows[] = {
        {STR_NONE, key, EC_CRYPTO, 0, "CA: empty, expected a certificate"},
        {key, key, EC_CRYPTO, 0, "CA: found a private key"},
        {buf_view(&damaged), key, EC_CRYPTO, line, "CA: PEM block 2: damaged PEM"},
        {ca, STR_NONE, EC_CRYPTO, 0, "CA key: empty, expected an unencrypted private key"},
        {ca, ca, EC_CRYPTO, 0, "CA key: found a certificate"},
        {ca, buf_view(&keys), EC_LIMIT, 0, "CA key: more than 8 private keys"},
        {ca, buf_view(&other.ca_key), EC_CRYPTO, 0,
         "CA key: it belongs to none of the 1 certificates of the CA file"},
    };
    for (size_t i = 0; i < N(rows); i++) {
        struct certs_authority *a = NULL;
        struct err err = ERR_INIT;
        enum ec ec = certs_authority_new(&a, rows[i].ca, rows[i].key, svc, now, &err);
        if (ec != rows[i].ec || !has(&err, rows[i].text) || err.line != rows[i].line ||
            a != NULL)
            fail_row("row %zu: %s, line %u: %s", i, ec_name(ec), err.line, err.msg);
    }
    buf_done(&damaged);
    certs_wipe(&keys);
}

static void an_intermediate_comes_with_its_leaf(void **state) {
    (void)state;
    struct buf root = BUF_INIT(CERTS_PEM_MAX), root_key = BUF_INIT(CERTS_PEM_MAX),
               ca = BUF_INIT(CERTS_PEM_MAX), key = BUF_INIT(CERTS_PEM_MAX),
               both = BUF_INIT(CERTS_PEM_MAX);
    EVP_PKEY *above = NULL;
    struct certs_info info;
    put_ca(&root, &root_key, &good_kind, "root", &above, NULL, NULL);
    put_ca(&ca, &key, &good_kind, "between", NULL, "root", above);
    EVP_PKEY_free(above);
    buf_str(&both, buf_view(&root));
    buf_str(&both, buf_view(&ca));
    struct certs_authority *a = authority(buf_view(&both), buf_view(&key), now);
    struct certs_leaf leaf = sign(a, now, LIFE_S);
    assert_int_equal(judge(&leaf, buf_view(&root), now, &info), 0);
    assert_int_equal(info.n_certs, 2);
    assert_int_equal(judge(&leaf, buf_view(&ca), now, &info), 0);
    certs_leaf_done(&leaf);
    certs_authority_free(a);
    struct buf *bufs[] = {&root, &root_key, &ca, &key, &both};
    for (size_t i = 0; i < N(bufs); i++)
        certs_wipe(bufs[i]);
}

/* -- Several CAs --------------------------------------------------------------------------- */

struct pair {
    struct buf ca, key;
};

static struct pair join(const struct certs_files *a, bool a_key, const struct certs_files *b,
                        bool b_key) {
    struct pair p = {BUF_INIT(CERTS_PEM_MAX), BUF_INIT(CERTS_PEM_MAX)};
    reserve(&p.key);
    buf_str(&p.ca, buf_view(&a->ca_crt));
    buf_str(&p.ca, buf_view(&b->ca_crt));
    if (a_key)
        buf_str(&p.key, buf_view(&a->ca_key));
    if (b_key)
        buf_str(&p.key, buf_view(&b->ca_key));
    return p;
}

static void pair_done(struct pair *p) {
    buf_done(&p->ca);
    certs_wipe(&p->key);
}

static void the_settled_ca_signs(void **state) {
    (void)state;
    static const struct {
        int64_t at_s; /* after the second was made, 10 days after the first */
        int32_t ca_days;
        bool old_key, new_key, is_new;
    } rows[] = {
        {0, 3650, true, true, false},
        {86400 - 301, 3650, true, true, false},
        {86400 - 300, 3650, true, true, true},
        {0, 3650, false, true, true},
        {86400 * 9, 3650, true, false, false},
        {0, 11, true, true, true}, /* a day is left */
        {0, 12, true, true, false},
        {86400 * 20, 12, true, true, true},
    };
    for (size_t i = 0; i < N(rows); i++)
        for (int new_first = 0; new_first < 2; new_first++) {
            struct certs_files old = CERTS_FILES_INIT, new = CERTS_FILES_INIT;
            struct certs_request r = request(CERTS_KEY_P256);
            struct err err = ERR_INIT;
            struct certs_info info;
            r.ca_days = rows[i].ca_days;
            assert_ok(certs_make(&old, &r, &err), &err);
            r.now_s += 10 * day;
            r.ca_days = 3650;
            assert_ok(certs_make(&new, &r, &err), &err);
            int64_t at = r.now_s + rows[i].at_s;
            struct pair p = new_first ? join(&new, rows[i].new_key, &old, rows[i].old_key)
                                      : join(&old, rows[i].old_key, &new, rows[i].new_key);
            struct certs_authority *a = authority(buf_view(&p.ca), buf_view(&p.key), at);
            struct certs_leaf leaf = sign(a, at, LIFE_S);
            size_t n_cas = 0, n_signers = 0;
            certs_authority_count(a, &n_cas, &n_signers);
            const struct certs_files *signer = rows[i].is_new ? &new : &old;
            if (judge(&leaf, buf_view(&signer->ca_crt), at, &info) != 0 || n_cas != 2 ||
                n_signers != (size_t)rows[i].old_key + rows[i].new_key)
                fail_row("row %zu: %s", i, info.chain);
            certs_leaf_done(&leaf);
            certs_authority_free(a);
            pair_done(&p);
            certs_files_done(&old);
            certs_files_done(&new);
        }
}

/* A CA is renewed with its key: both certificates are there, the first has expired. */
static void a_ca_renewed_with_its_key_signs(void **state) {
    (void)state;
    static const struct kind ended = {
        "P-256", 0, "critical,CA:TRUE", "critical,keyCertSign", NULL, -86400 * 5, -86400};
    struct buf ca = BUF_INIT(CERTS_PEM_MAX), key = BUF_INIT(CERTS_PEM_MAX);
    put_ca(&ca, &key, &ended, "ended", NULL, NULL, NULL);
    put_ca(&ca, &key, &good_kind, "good", NULL, NULL, NULL);
    struct certs_authority *a = authority(buf_view(&ca), buf_view(&key), now);
    struct certs_leaf leaf = sign(a, now, LIFE_S);
    assert_string_equal(leaf.ca.subject, "CN=good");
    certs_leaf_done(&leaf);
    certs_authority_free(a);
    buf_done(&ca);
    certs_wipe(&key);
}

static void a_leaf_stays_while_its_ca_is_in_the_bundle(void **state) {
    (void)state;
    struct certs_authority *a = authority(buf_view(&one.ca_crt), buf_view(&one.ca_key), now);
    struct certs_leaf leaf = sign(a, now, LIFE_S);
    struct pair both = join(&other, true, &one, false);
    const struct {
        struct str ca, key, name;
        int64_t at;
        bool kept;
    } rows[] = {
        {buf_view(&one.ca_crt), buf_view(&one.ca_key), svc, now, true},
        {buf_view(&both.ca), buf_view(&both.key), svc, now, true},
        {buf_view(&other.ca_crt), buf_view(&other.ca_key), svc, now, false},
        {buf_view(&one.ca_crt), buf_view(&one.ca_key), STR("localhost"), now, false},
    };
    for (size_t i = 0; i < N(rows); i++) {
        struct certs_authority *b = authority(rows[i].ca, rows[i].key, rows[i].at);
        struct err err = ERR_INIT;
        bool kept = !rows[i].kept;
        assert_ok(certs_authority_keeps(&kept, b, &leaf, rows[i].name, rows[i].at, &err), &err);
        if (kept != rows[i].kept)
            fail_row("row %zu", i);
        certs_authority_free(b);
    }
    bool kept = true;
    struct err err = ERR_INIT;
    assert_ok(certs_authority_keeps(&kept, a, &leaf, svc, now + 3650 * day, &err), &err);
    assert_false(kept); /* the CA has expired */
    pair_done(&both);
    certs_leaf_done(&leaf);
    certs_authority_free(a);
}

/* What policyctl leaves behind after a change of CA, and whatever the order in which Secret and
 * caBundle arrive: what a replica signs at any time is verified by the bundle before and after. */
static void rotated_files_fit_every_bundle(void **state) {
    (void)state;
    char dir[] = "/tmp/pullgate-authority-XXXXXX";
    struct certs_rotation how = {.request = request(CERTS_KEY_P256), .new_ca = true};
    struct certs_outcome done;
    struct certs_info info;
    struct err err = ERR_INIT;
    struct buf ca = BUF_INIT(CERTS_READ_ROOM), key = BUF_INIT(CERTS_READ_ROOM);
    assert_non_null(mkdtemp(dir));
    assert_ok(certs_save(&one, dir, true, &err), &err);
    how.request.now_s += 100 * day;
    assert_ok(certs_rotate(&done, dir, &how, &err), &err);
    assert_int_equal(done.leaf_why, 0);
    assert_ok(certs_read(&ca, in(dir, "ca.crt"), &err), &err);
    assert_ok(certs_read(&key, in(dir, "ca.key"), &err), &err);
    for (int64_t hour = 0; hour < 24 * 29; hour += 6) {
        int64_t at = how.request.now_s + hour * 3600;
        struct certs_authority *a = authority(buf_view(&ca), buf_view(&key), at);
        struct certs_leaf leaf = sign(a, at, LIFE_S);
        if (judge(&leaf, buf_view(&ca), at, &info) != 0)
            fail_row("hour %lld: %s", (long long)hour, info.chain);
        bool old_bundle = judge(&leaf, buf_view(&one.ca_crt), at, &info) == 0;
        if (old_bundle != (hour < 24))
            fail_row("hour %lld, the bundle before: %s", (long long)hour, info.chain);
        certs_leaf_done(&leaf);
        certs_authority_free(a);
    }
    buf_done(&ca);
    certs_wipe(&key);
    remove_all(dir);
}

static void out_of_memory_is_told(void **state) {
    (void)state;
    const struct str ca = buf_view(&one.ca_crt), key = buf_view(&one.ca_key);
    enum ec ec = EC_NOMEM;
    for (long n = 0; ec != EC_OK; n++) {
        struct certs_authority *a = NULL;
        struct certs_leaf leaf = CERTS_LEAF_INIT;
        struct err err = ERR_INIT;
        bool kept = false;
        mem_fail_at = n;
        ec = certs_authority_new(&a, ca, key, svc, now, &err);
        if (ec == EC_OK)
            ec = certs_authority_sign(&leaf, a, svc, now, LIFE_S, &err);
        if (ec == EC_OK)
            ec = certs_authority_keeps(&kept, a, &leaf, svc, now, &err);
        mem_fail_at = -1;
        if ((ec != EC_OK && ec != EC_NOMEM) || kept != (ec == EC_OK) || n > 200)
            fail_row("allocation %ld: %s: %s", n, ec_name(ec), err.msg);
        certs_leaf_done(&leaf);
        certs_authority_free(a);
    }
    assert_int_equal(mem_keys_seen, 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_leaf_is_for_one_name_and_some_days),
    cmocka_unit_test(a_leaf_ends_with_its_ca),
    cmocka_unit_test(a_slow_clock_signs_all_the_same),
    cmocka_unit_test(other_names_are_refused_by_the_ca),
    cmocka_unit_test(cas_that_cannot_sign_are_refused_with_their_line),
    cmocka_unit_test(texts_that_fit_nothing_are_refused),
    cmocka_unit_test(an_intermediate_comes_with_its_leaf),
    cmocka_unit_test(the_settled_ca_signs),
    cmocka_unit_test(a_ca_renewed_with_its_key_signs),
    cmocka_unit_test(a_leaf_stays_while_its_ca_is_in_the_bundle),
    cmocka_unit_test(rotated_files_fit_every_bundle),
    cmocka_unit_test(out_of_memory_is_told),
};

int main(void) {
    return cmocka_run_group_tests(tests, make_fixtures, free_fixtures);
}
