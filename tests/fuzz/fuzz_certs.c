/* Any bytes as certificate, key and CA bundle: errors, never a crash, and what is answered holds.
 * Input   "DER\n" and bytes: they become the body of a PEM certificate;
 *         "EDIT\n" and triples (offset, 2 bytes; value): laid over a leaf that has a key;
 *         "EDIT CA\n" and triples: laid over its CA;
 *         else PEM text; after a line "=====" is that of the key. "%K" is read as
 *         "PRIVATE KEY", so that anyone who looks for keys in the corpus finds none            */
#include "certs/certs.h"

#include <openssl/evp.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const int64_t now = 1800000000;
static struct certs_files own;
static struct der {
    unsigned char bytes[4096];
    size_t n;
} own_leaf, own_ca; /* of tls_crt and ca_crt */

static void hold(int ok, const char *what) {
    (void)what; /* for the debugger */
    if (!ok)
        abort();
}

static size_t decode(unsigned char *to, struct str base64) {
    int n = EVP_DecodeBlock(to, (const unsigned char *)base64.p, (int)base64.n);
    hold(n >= 0, "base64");
    while (base64.n != 0 && base64.p[base64.n - 1] == '=') {
        base64.n--;
        n--;
    }
    return (size_t)n;
}

static void to_der(struct der *out, struct str pem) {
    struct buf body = BUF_INIT(4096);
    for (size_t i = str_find(pem, '\n'); pem.p[i] != '-'; i++)
        if (pem.p[i] != '\n')
            buf_putc(&body, pem.p[i]);
    out->n = decode(out->bytes, buf_view(&body));
    buf_done(&body);
}

static void make_own(void) {
    struct certs_request r = {.service = STR("pullgate"),
                              .namespace = STR("ns"),
                              .now_s = now,
                              .days = 365,
                              .ca_days = 3650};
    struct err err = ERR_INIT;
    own = (struct certs_files)CERTS_FILES_INIT;
    hold(certs_make(&own, &r, &err) == EC_OK, "make");
    to_der(&own_leaf, buf_view(&own.tls_crt));
    to_der(&own_ca, buf_view(&own.ca_crt));
}

static void put_pem(struct buf *out, struct str der) {
    struct buf text = BUF_INIT(1 << 20);
    if (der.n != 0)
        buf_base64(&text, der);
    buf_puts(out, "-----BEGIN CERTIFICATE-----\n");
    for (size_t i = 0; i < text.n; i += 64) {
        buf_str(out, str_slice(buf_view(&text), i, i + 64));
        buf_putc(out, '\n');
    }
    buf_puts(out, "-----END CERTIFICATE-----\n");
    buf_done(&text);
}

static void put_text(struct buf *out, struct str text) {
    for (size_t i = 0; i < text.n; i++) {
        bool key = str_starts(str_slice(text, i, text.n), STR("%K"));
        if (key)
            buf_puts(out, "PRIVATE KEY");
        else
            buf_putc(out, text.p[i]);
        i += key;
    }
}

static void put_edited(struct buf *out, struct der der, struct str edits) {
    const unsigned char *p = (const unsigned char *)edits.p;
    for (size_t i = 0; i + 3 <= edits.n; i += 3)
        der.bytes[((size_t)p[i] << 8 | p[i + 1]) % der.n] = p[i + 2];
    put_pem(out, (struct str){(const char *)der.bytes, der.n});
}

static void assert_text(const char *z, size_t size) {
    size_t n = strnlen(z, size);
    hold(n < size, "text ends");
    for (size_t i = 0; i < n; i++)
        hold(z[i] >= ' ' && z[i] < 0x7f, "text is printable");
}

static enum ec look(void *arg, const struct certs_info *info, struct err *err) {
    (void)err;
    assert_text(info->subject, sizeof info->subject);
    assert_text(info->issuer, sizeof info->issuer);
    assert_text(info->key_type, sizeof info->key_type);
    assert_text(info->serial, sizeof info->serial);
    assert_text(info->names, sizeof info->names);
    assert_text(info->chain, sizeof info->chain);
    hold(strlen(info->sha256) == 64, "digest");
    ++*(size_t *)arg;
    hold(*(size_t *)arg <= info->n_certs, "count");
    return EC_OK;
}

static void check(struct str crt, struct str key, struct str ca, struct str name) {
    struct err err = ERR_INIT;
    struct certs_info info = {.n_certs = 77};
    unsigned problems = 1U << 30;
    size_t n = 0;
    enum ec ec = certs_check(&info, &problems, crt, key, ca, name, now, &err);
    if (ec != EC_OK) {
        hold(ec == EC_CRYPTO || ec == EC_SCHEMA || ec == EC_LIMIT, "code");
        hold(err.msg[0] != '\0' && info.n_certs == 77 && problems == 1U << 30, "untouched");
        return;
    }
    hold(problems < 256, "problems");
    hold(((problems & CERTS_UNFIT) != 0) == (info.unfit[0] != '\0'), "unfit");
    hold(((problems & CERTS_CHAIN) != 0) == (info.chain[0] != '\0'), "chain");
    (void)look(&n, &info, &err);
}

/* What a bundle says, its own text says too. */
static void check_bundle(struct str pem) {
    static unsigned char text[4 * CERTS_PEM_MAX];
    struct err err = ERR_INIT;
    struct buf once = BUF_INIT(1 << 20), twice = BUF_INIT(1 << 20);
    if (certs_bundle(&once, pem, &err) == EC_OK) {
        struct str normal = {(const char *)text, decode(text, buf_view(&once))};
        hold(memmem(text, normal.n, "PRIVATE", 7) == NULL, "no key");
        if (normal.n <= CERTS_PEM_MAX) {
            hold(certs_bundle(&twice, normal, &err) == EC_OK, "normal form is read");
            hold(str_eq(buf_view(&once), buf_view(&twice)), "normal form is kept");
        }
    } else {
        hold(once.n == 0, "untouched");
    }
    buf_done(&once);
    buf_done(&twice);
}

/* What is accepted as a CA signs, and its leaf is accepted. */
static void check_authority(struct str ca, struct str key) {
    static const struct str name = STR_INIT("pullgate.ns.svc");
    struct certs_authority *a = NULL;
    struct certs_leaf leaf = CERTS_LEAF_INIT;
    struct certs_info info;
    struct err err = ERR_INIT;
    unsigned problems = 0;
    enum ec ec = certs_authority_new(&a, ca, key, name, now, &err);
    if (ec == EC_OK)
        ec = certs_authority_sign(&leaf, a, name, now, 86400, &err);
    if (ec != EC_OK) {
        hold(ec == EC_CRYPTO || ec == EC_LIMIT, "code");
        hold(err.msg[0] != '\0' && leaf.cert.p == NULL, "untouched");
    } else {
        hold(certs_check(&info, &problems, buf_view(&leaf.cert), buf_view(&leaf.key), ca, name,
                         now, &err) == EC_OK,
             "leaf");
        hold((problems &
              (CERTS_NAME_MISSING | CERTS_NOT_SERVER | CERTS_UNFIT | CERTS_EXPIRED)) == 0,
             "leaf is fit");
    }
    certs_leaf_done(&leaf);
    certs_authority_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    static const char line[] = "=====\n";
    struct str in = {(const char *)data, n};
    struct buf pem = BUF_INIT(1 << 20), key_pem = BUF_INIT(1 << 20);
    struct err err = ERR_INIT;
    size_t seen = 0;
    if (own.tls_crt.p == NULL)
        make_own();
    if (str_starts(in, STR("DER\n"))) {
        put_pem(&pem, str_slice(in, 4, n));
    } else if (str_starts(in, STR("EDIT\n"))) {
        put_edited(&pem, own_leaf, str_slice(in, 5, n));
    } else if (str_starts(in, STR("EDIT CA\n"))) {
        put_edited(&pem, own_ca, str_slice(in, 8, n));
    } else {
        const char *at = n ? memmem(data, n, line, strlen(line)) : NULL;
        size_t end = at ? (size_t)(at - in.p) : n;
        put_text(&pem, str_slice(in, 0, end));
        put_text(&key_pem, str_slice(in, end + (at ? strlen(line) : 0), n));
    }
    struct str crt = buf_view(&pem), key = buf_view(&key_pem);
    check(crt, key, crt, key);
    check(crt, buf_view(&own.tls_key), buf_view(&own.ca_crt), STR("pullgate.ns.svc"));
    check(buf_view(&own.tls_crt), key, STR_NONE, STR_NONE);
    check(buf_view(&own.tls_crt), buf_view(&own.tls_key), crt, str_slice(in, 0, 300));
    if (certs_each(crt, look, &seen, &err) != EC_OK)
        hold(seen == 0, "all or none");
    check_bundle(crt);
    check_authority(crt, key);
    check_authority(crt, buf_view(&own.ca_key));
    check_authority(buf_view(&own.ca_crt), key);
    buf_done(&pem);
    buf_done(&key_pem);
    return 0;
}
