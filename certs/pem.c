/* PEM text to certificates and keys, and back. */
#include "certs/internal.h"

#include "base/file.h"
#include "base/mem.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <sys/stat.h>

/* Empties the error queue: the cause, and whether memory ran out somewhere on the way. */
static bool drain_errors(const char **reason) {
    bool no_memory = false;
    unsigned long e;
    *reason = NULL;
    /* The first error is the cause; the later ones are its callers'. */
    while ((e = ERR_get_error()) != 0) {
        no_memory = no_memory || ERR_GET_REASON(e) == ERR_R_MALLOC_FAILURE;
        if (*reason == NULL)
            *reason = ERR_reason_error_string(e);
    }
    return no_memory;
}

enum ec certs_crypto_fail(struct err *err, const char *what) {
    const char *reason;
    if (drain_errors(&reason))
        return err_set(err, EC_NOMEM, "%s: out of memory", what);
    return err_set(err, EC_CRYPTO, "%s: %s", what, reason ? reason : "no reason given");
}

enum ec certs_crypto_settle(struct err *err) {
    const char *reason;
    return drain_errors(&reason) ? err_set(err, EC_NOMEM, "out of memory") : EC_OK;
}

void certs_wipe(struct buf *b) {
    if (b->p != NULL)
        OPENSSL_cleanse(b->p, b->cap);
    buf_done(b);
}

void certs_files_done(struct certs_files *f) {
    certs_wipe(&f->ca_crt);
    certs_wipe(&f->ca_key);
    certs_wipe(&f->tls_crt);
    certs_wipe(&f->tls_key);
}

enum ec certs_read(struct buf *out, const char *path, struct err *err) {
    /* More than file_read() ever needs: the buffer never moves. */
    if (buf_room(out, CERTS_READ_ROOM) == NULL)
        return err_set(err, (enum ec)out->bad, "%s: no room for the file", path);
    return file_read(out, path, CERTS_PEM_MAX, err);
}

bool certs_key_is_exposed(const char *path, unsigned *mode) {
    struct stat st;
    if (stat(path, &st) != 0)
        return false;
    *mode = st.st_mode & 07777;
    return (st.st_mode & (S_IROTH | S_IWOTH)) != 0;
}

void certs_sha256_hex(struct str bytes, char out[65]) {
    char hex[CERTS_DIGEST_MAX];
    if (!certs_digest(hex, CERTS_SHA256, bytes))
        memset(hex, '0', 64);
    memcpy(out, hex, 64);
    out[64] = '\0';
}

/* -- Reading ------------------------------------------------------------------------------- */

static const char begin[] = "-----BEGIN ";

static size_t count_text(struct str text, const char *what) {
    size_t n = 0, length = strlen(what);
    const char *at;
    while (text.n != 0 && (at = memmem(text.p, text.n, what, length)) != NULL) {
        text = str_slice(text, (size_t)(at - text.p) + length, text.n);
        n++;
    }
    return n;
}

uint32_t certs_pem_line(struct str pem, size_t n) {
    uint32_t line = 1;
    for (size_t at = 0; at < pem.n; line++) {
        struct str rest = str_slice(pem, at, pem.n);
        if (str_starts(rest, str_of(begin)) && n-- == 0)
            return line;
        at += str_find(rest, '\n') + 1;
    }
    return 0;
}

/* Names what is in the text instead. */
static enum ec refuse_text(struct str text, const char *wanted, struct err *err) {
    static const struct {
        const char *sign, *text;
    } rows[] = {
        {"BEGIN ENCRYPTED PRIVATE KEY-----", "an encrypted private key"},
        {"Proc-Type: 4,ENCRYPTED", "an encrypted private key"},
        {"PRIVATE KEY-----", "a private key"},
        {"BEGIN CERTIFICATE REQUEST-----", "a certificate request"},
        {"BEGIN PUBLIC KEY-----", "a public key"},
        {"BEGIN TRUSTED CERTIFICATE-----", "a certificate in OpenSSL's own form"},
        {"BEGIN CERTIFICATE-----", "a certificate"},
    };
    if (text.n == 0)
        return err_set(err, EC_CRYPTO, "empty, expected %s in PEM", wanted);
    /* SEQUENCE with a length of two bytes: nearly all certificates and keys begin with it. */
    if (text.n > 4 && (unsigned char)text.p[0] == 0x30 && (unsigned char)text.p[1] == 0x82)
        return err_set(err, EC_CRYPTO, "found DER (binary), expected %s in PEM", wanted);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (str_contains(text, str_of(rows[i].sign)))
            return err_set(err, EC_CRYPTO, "found %s, expected %s in PEM", rows[i].text,
                           wanted);
    return err_set(err, EC_CRYPTO, "found no PEM block, expected %s", wanted);
}

static enum ec open_text(BIO **out, struct str text, struct err *err) {
    if (text.n > CERTS_PEM_MAX)
        return err_set(err, EC_LIMIT, "%zu bytes of PEM, expected at most %d", text.n,
                       CERTS_PEM_MAX);
    ERR_clear_error();
    *out = BIO_new_mem_buf(text.n ? text.p : "", (int)text.n);
    return *out ? EC_OK : certs_crypto_fail(err, "cannot read PEM");
}

struct block {
    char *name, *header;
    unsigned char *der;
    long n;
};

static void block_done(struct block *b) {
    OPENSSL_free(b->name);
    OPENSSL_free(b->header);
    OPENSSL_clear_free(b->der, b->n > 0 ? (size_t)b->n : 0); /* it may be a key */
}

static enum ec push_cert(STACK_OF(X509) * certs, X509 *cert, struct err *err) {
    if (sk_X509_push(certs, cert) > 0)
        return EC_OK;
    X509_free(cert);
    return err_set(err, EC_NOMEM, "out of memory");
}

static enum ec decode(STACK_OF(X509) * certs, const struct block *b, struct err *err) {
    const unsigned char *p = b->der;
    /* Go's reader, used by the API server, skips blocks of other names or with headers. */
    if (strcmp(b->name, PEM_STRING_X509) != 0)
        return err_set(err, EC_CRYPTO, "found a block %.64s, expected only CERTIFICATE",
                       b->name);
    if (b->header[0] != '\0')
        return err_set(err, EC_CRYPTO, "found headers in a block, expected none");
    X509 *cert = d2i_X509(NULL, &p, b->n);
    if (cert == NULL)
        return certs_crypto_fail(err, "not a certificate");
    if (p == b->der + b->n)
        return push_cert(certs, cert, err);
    X509_free(cert);
    return err_set(err, EC_CRYPTO, "found bytes after the end of the certificate");
}

/* Reads one block; *end, and no error, when there is none left. */
static enum ec next_cert(STACK_OF(X509) * certs, BIO *from, bool *end, struct err *err) {
    AUTO(block_done) struct block b = {0};
    if (PEM_read_bio(from, &b.name, &b.header, &b.der, &b.n))
        return decode(certs, &b, err);
    *end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    if (!*end)
        return certs_crypto_fail(err, "damaged PEM");
    ERR_clear_error();
    return EC_OK;
}

enum ec certs_pem_read_certs(STACK_OF(X509) * *out, struct str pem, struct err *err) {
    AUTO(bio_freep) BIO *from = NULL;
    AUTO(chain_freep) STACK_OF(X509) *certs = sk_X509_new_null();
    bool end = false;
    if (certs == NULL)
        return err_set(err, EC_NOMEM, "out of memory");
    if (open_text(&from, pem, err) != EC_OK)
        return err->code;
    if (!str_contains(pem, STR("-----BEGIN CERTIFICATE-----")))
        return refuse_text(pem, "a certificate", err);
    while (!end)
        if (next_cert(certs, from, &end, err) != EC_OK) {
            err_locate(err, NULL, certs_pem_line(pem, (size_t)sk_X509_num(certs)), 1);
            return err_wrap(err, "PEM block %d", sk_X509_num(certs) + 1);
        }
    /* A block cut within its first line looks like a comment. */
    if (sk_X509_num(certs) == 0 || count_text(pem, begin) != (size_t)sk_X509_num(certs))
        return err_set(err, EC_CRYPTO, "damaged PEM: %zu blocks begin, %d are readable",
                       count_text(pem, begin), sk_X509_num(certs));
    *out = certs;
    certs = NULL;
    return EC_OK;
}

/* Without a callback OpenSSL would prompt on the terminal. */
static int no_password(char *to, int size, int writing, void *arg) {
    (void)to;
    (void)size;
    (void)writing;
    (void)arg;
    return -1;
}

static enum ec open_keys(BIO **out, struct str pem, struct err *err) {
    if (open_text(out, pem, err) != EC_OK)
        return err->code;
    if (!str_contains(pem, STR("PRIVATE KEY-----")) ||
        str_contains(pem, STR("BEGIN ENCRYPTED ")) ||
        str_contains(pem, STR("Proc-Type: 4,ENCRYPTED")))
        return refuse_text(pem, "an unencrypted private key", err);
    return EC_OK;
}

static enum ec read_key(EVP_PKEY **out, BIO *from, struct err *err) {
    EVP_PKEY *key = PEM_read_bio_PrivateKey(from, NULL, no_password, NULL);
    if (key == NULL)
        return certs_crypto_fail(err, "damaged private key");
    *out = key;
    ERR_clear_error();
    return EC_OK;
}

enum ec certs_pem_read_key(EVP_PKEY **out, struct str pem, struct err *err) {
    AUTO(bio_freep) BIO *from = NULL;
    if (open_keys(&from, pem, err) != EC_OK)
        return err->code;
    return read_key(out, from, err);
}

/* The text from its first block of a key on; empty when there is none. */
static struct str next_key(struct str pem) {
    for (size_t at = 0; at < pem.n;) {
        struct str rest = str_slice(pem, at, pem.n),
                   line = str_slice(rest, 0, str_find(rest, '\n'));
        if (str_starts(line, str_of(begin)) && str_contains(line, STR("PRIVATE KEY-----")))
            return rest;
        at += line.n + 1;
    }
    return STR_NONE;
}

enum ec certs_pem_read_keys(EVP_PKEY **out, size_t *n, size_t max, struct str pem,
                            struct err *err) {
    do {
        AUTO(bio_freep) BIO *from = NULL;
        EVP_PKEY *key = NULL;
        struct str block = next_key(pem);
        if (open_keys(&from, block.n ? block : pem, err) != EC_OK ||
            read_key(&key, from, err) != EC_OK)
            return *n == 0 ? err->code : err_wrap(err, "key %zu", *n + 1);
        if (*n == max) {
            EVP_PKEY_free(key);
            return err_set(err, EC_LIMIT, "more than %zu private keys", max);
        }
        out[(*n)++] = key;
        pem = str_slice(block, str_find(block, '\n'), block.n);
    } while (next_key(pem).n != 0);
    return EC_OK;
}

/* -- Writing ------------------------------------------------------------------------------- */

/* Allocated once, with room for a NUL: a buffer that grew would leave a copy of a key in freed memory.
 */
static enum ec put_pem(struct buf *out, BIO *from, struct err *err) {
    char *p = NULL;
    long n = BIO_get_mem_data(from, &p);
    if (n > 0 && buf_room(out, (size_t)n + 1) != NULL)
        buf_add(out, p, (size_t)n);
    return out->bad ? err_set(err, (enum ec)out->bad, "no room for %ld bytes of PEM", n)
                    : EC_OK;
}

enum ec certs_pem_put_cert(struct buf *out, X509 *cert, struct err *err) {
    AUTO(bio_freep) BIO *text = BIO_new(BIO_s_mem());
    if (text == NULL || !PEM_write_bio_X509(text, cert))
        return certs_crypto_fail(err, "cannot write the certificate");
    return put_pem(out, text, err);
}

enum ec certs_push_shared(STACK_OF(X509) * certs, X509 *cert, struct err *err) {
    if (!X509_up_ref(cert))
        return err_no_memory(err);
    if (sk_X509_push(certs, cert) > 0)
        return EC_OK;
    X509_free(cert);
    return err_no_memory(err);
}

enum ec certs_pem_put_certs(struct buf *out, const STACK_OF(X509) * certs, struct err *err) {
    for (int i = 0; i < sk_X509_num(certs); i++)
        if (certs_pem_put_cert(out, sk_X509_value(certs, i), err) != EC_OK)
            return err->code;
    return EC_OK;
}

enum ec certs_pem_put_key(struct buf *out, EVP_PKEY *key, struct err *err) {
    AUTO(bio_freep) BIO *text = BIO_new(BIO_s_secmem());
    if (text == NULL || !PEM_write_bio_PKCS8PrivateKey(text, key, NULL, NULL, 0, NULL, NULL))
        return certs_crypto_fail(err, "cannot write the key");
    return put_pem(out, text, err);
}

enum ec certs_bundle(struct buf *out, struct str ca_pem, struct err *err) {
    AUTO(chain_freep) STACK_OF(X509) *certs = NULL;
    struct buf text = BUF_INIT((size_t)4 * CERTS_PEM_MAX);
    if (certs_pem_read_certs(&certs, ca_pem, err) != EC_OK)
        return err->code;
    if (certs_pem_put_certs(&text, certs, err) == EC_OK) {
        buf_base64(out, buf_view(&text)); /* all of it or nothing */
        if (out->bad)
            err_set(err, (enum ec)out->bad, "no room for the bundle");
    }
    buf_done(&text);
    return err->code;
}
