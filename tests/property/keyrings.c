/* keyrings - pull secrets, images, and what the module credentials makes of both.
 * Use     keyrings COUNT SEED
 * Writes  COUNT pods to standard output, each a sequence of fields: length (four bytes, little-endian) and
 *         bytes. tests/oracles/keyring says which.
 *
 * Keys and images are put together from the same parts, so that many match; files from members in any
 * spelling that JSON has. A few have some bytes changed. */
#include "base/buf.h"
#include "credentials/credentials.h"

#include <stdio.h>
#include <stdlib.h>

enum { SECRETS_MAX = 4, LOOKUPS = 4, FILE_MAX = 1 << 16 };

struct maker {
    uint64_t state;
    const char *host, *port; /* what many keys and images of one pod have */
    struct buf text;
};

static uint32_t any(struct maker *m, uint32_t n) { /* splitmix64; 0 to n - 1 */
    uint64_t z = m->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)((z ^ z >> 31) >> 32) % n;
}

#define ONE_OF(m, list) ((list)[any(m, sizeof(list) / sizeof *(list))])
#define PUT_ONE_OF(m, list) buf_puts(&(m)->text, ONE_OF(m, list))

static bool one_in(struct maker *m, uint32_t n) {
    return any(m, n) == 0;
}

/* ---- keys and images ----------------------------------------------------------------- */

static const char *const hosts[] = {
    "ghcr.io",   "quay.io",       "docker.io",       "index.docker.io", "a.example.com",
    "localhost", "b.example.com", "a.b.example.com", "example.com",     "registry-1.docker.io",
    "myhost",    "10.0.0.1",      "[::1]",           "[2001:db8::1]",   "GHCR.io",
    "x"};
static const char *const ports[] = {"",     "",      "",    "",      "",      "",
                                    ":443", ":5000", ":80", ":5000", ":0443", ":"};
static const char *const paths[] = {"",
                                    "",
                                    "",
                                    "/acme",
                                    "/acme/app",
                                    "/acme-evil/x",
                                    "/a",
                                    "/a/b",
                                    "/library/nginx",
                                    "/library",
                                    "/org/team/app"};

static const char *const globs[] = {"*.io",
                                    "*",
                                    "*.example.com",
                                    "*.*.example.com",
                                    "g*r.io",
                                    "[a-z]hcr.io",
                                    "qua?.io",
                                    "*.docker.io",
                                    "a*.*.com",
                                    "**.io",
                                    "\\ghcr.io",
                                    "g%68cr.io",
                                    "[^a]uay.io",
                                    "[::1",
                                    "[fe80::1%25en0]",
                                    "[1.2.3.4]",
                                    "[::1.2.3.4]",
                                    "[::01.2.3.4]",
                                    "[1:2:3:4:5:6:7::]",
                                    "*.*",
                                    "a:b:80",
                                    "g\xc3\xa4.io",
                                    "g%C3%A4.io",
                                    "g%25.io",
                                    "[:::]",
                                    "[::1%25%41]",
                                    "[::1%25%20]",
                                    "",
                                    "[12345::]",
                                    "a b.io",
                                    "<a>",
                                    "[::1]x",
                                    "x[::1]",
                                    "ghcr.io]",
                                    "user@",
                                    "*o*a*.io"};
static const char *const key_paths[] = {
    "/",           "/v1",      "/v1/",     "/v2/",        "/v2/acme",  "/v1/acme/",
    "/v2",         "//acme",   "/%61cme",  "/acme%2Fapp", "/acm%",     "/acme?x",
    "/acme#y",     "?q=1",     "#f%zz",    "/acme%3Fx",   "/acme%23x", "/v1//",
    "/acme/",      "/A",       "/*",       "/[",          "#%41",      "/%00",
    "/v1/v2/acme", "#\\u0001", "/\\u0001", "/%25x",       "/acme%"};
static const char *const schemes[] = {"https://", "http://", "HTTPS://",
                                      "https:/",  "//",      "ftp://"};
static const char *const users[] = {"user@", "u:p@", "u:p@q@",    "u%3a:x@",
                                    "u%z@",  "u p@", "\xc3\xa4@", "@"};

static void put_host(struct maker *m) {
    bool same = !one_in(m, 3);
    buf_puts(&m->text, same ? m->host : ONE_OF(m, hosts));
    buf_puts(&m->text, same && !one_in(m, 6) ? m->port : ONE_OF(m, ports));
}

static void put_key(struct maker *m) {
    if (one_in(m, 3))
        buf_puts(&m->text, one_in(m, 6) ? ONE_OF(m, schemes) : "https://");
    if (one_in(m, 12))
        PUT_ONE_OF(m, users);
    if (one_in(m, 5)) {
        PUT_ONE_OF(m, globs);
        PUT_ONE_OF(m, ports);
    } else {
        put_host(m);
    }
    if (one_in(m, 3))
        PUT_ONE_OF(m, key_paths);
    else
        PUT_ONE_OF(m, paths);
}

static void put_image(struct maker *m) {
    static const char *const names[] = {"/app", "/x", "/nginx", "/acme", ""};
    static const char *const tails[] = {"", "", ":1.2", ":latest"};
    static const char *const bare[] = {"nginx", "acme/app", "library/nginx", "a/b"};
    if (one_in(m, 6)) {
        PUT_ONE_OF(m, bare);
    } else {
        put_host(m);
        PUT_ONE_OF(m, paths);
        PUT_ONE_OF(m, names);
    }
    PUT_ONE_OF(m, tails);
}

/* What the keyring is asked directly: anything at all. */
static void put_repository(struct maker *m) {
    static const char *const odd_paths[] = {"/\x01",   "/acme%2Fapp", "/%61cme",   "/acme?x",
                                            "/acme#y", "?q=1",        "/acme/app", "/A",
                                            "/acme%",  "/\x7f"};
    static const char *const odd[] = {
        "",    "/",   "//x",    "ghcr.io", "a b/c", "%zz/x",          "[::1/x",
        "1/x", ":/x", "\x01/x", "\xff/x",  "*/x",   "ghcr.io/acme?x", "g\xc3\xa4.io/x",
        "./x", "../x"};
    if (one_in(m, 8)) {
        PUT_ONE_OF(m, odd);
    } else if (one_in(m, 4)) {
        put_host(m);
        PUT_ONE_OF(m, odd_paths);
    } else {
        put_image(m);
    }
}

/* ---- JSON ---------------------------------------------------------------------------- */

static void put_blank(struct maker *m) {
    static const char *const blanks[] = {" ", "\n", "\t", "\r\n  "};
    if (one_in(m, 8))
        PUT_ONE_OF(m, blanks);
}

static void put_letter(struct maker *m, char c) {
    static const char *const odd[] = {"\\u017f", "\xc5\xbf"}; /* long s is an s to Go */
    if ((c == 's' || c == 'S') && one_in(m, 40))
        PUT_ONE_OF(m, odd);
    else if (one_in(m, 60))
        buf_printf(&m->text, "\\u%04x", c);
    else if (one_in(m, 40) && c >= 'a' && c <= 'z')
        buf_putc(&m->text, (char)(c - 'a' + 'A'));
    else
        buf_putc(&m->text, c);
}

static void put_name(struct maker *m, const char *name) {
    bool plain = !one_in(m, 6);
    put_blank(m);
    buf_putc(&m->text, '"');
    for (; *name != '\0'; name++)
        if (plain)
            buf_putc(&m->text, *name);
        else
            put_letter(m, *name);
    buf_putc(&m->text, '"');
    put_blank(m);
    buf_putc(&m->text, ':');
    put_blank(m);
}

static void put_characters(struct maker *m) {
    static const char *const some[] = {"a",
                                       "b",
                                       "x1",
                                       ":",
                                       "\\n",
                                       " ",
                                       "\\u00e4",
                                       "\xc3\xa4",
                                       "\xff",
                                       "\\ud800",
                                       "\\ud83d\\ude00",
                                       "\\udc00\\ud800",
                                       "\\udc00\\udc01",
                                       "\\u0000",
                                       "\\/",
                                       "\\\"",
                                       "\xed\xa0\x80",
                                       "\xe2\x82",
                                       "\\ud800x",
                                       "\\ud800\\n",
                                       "\\ud800\\u0041",
                                       "\xf0\x9f\x98\x80",
                                       "\\\\"};
    for (uint32_t n = any(m, 5); n > 0; n--)
        buf_puts(&m->text, one_in(m, 3) ? ONE_OF(m, some) : some[any(m, 3)]);
}

static void put_string(struct maker *m) {
    buf_putc(&m->text, '"');
    put_characters(m);
    buf_putc(&m->text, '"');
}

static void put_auth(struct maker *m) {
    static const char *const plain[] = {"u:p",   "u:",   ":p",    ":",         "user:pass:word",
                                        "u:p\n", "a:bc", "ab:cd", "\xff:\xfe", "AWS:x"};
    static const char *const bad[] = {"nocolon",
                                      "dXNlcg==",
                                      "dTpw!",
                                      "=",
                                      "dTpwIA=",
                                      "d",
                                      "dTpw ",
                                      "dTpw=",
                                      "d-_w",
                                      "\\n",
                                      "dTp3=\\n=",
                                      "dTpwYQ==x",
                                      "dTpwYQ=\\r\\n=\\n"};
    struct buf text = BUF_INIT(1024);
    buf_putc(&m->text, '"');
    buf_base64(&text, str_of(ONE_OF(m, plain)));
    while (text.n > 0 && text.p[text.n - 1] == '=' && one_in(m, 4))
        text.n--;
    for (size_t i = 0; i < text.n; i++) {
        if (one_in(m, 30))
            buf_puts(&m->text, one_in(m, 2) ? "\\n" : "\\r\\n");
        buf_putc(&m->text, text.p[i]);
    }
    if (one_in(m, 12))
        buf_puts(&m->text, "\\n");
    if (one_in(m, 60)) {
        m->text.n -= text.n < m->text.n ? 1 : 0;
        PUT_ONE_OF(m, bad);
    }
    buf_putc(&m->text, '"');
    buf_done(&text);
}

static void put_value(struct maker *m, int depth) {
    static const char *const some[] = {"null",
                                       "true",
                                       "false",
                                       "0",
                                       "-1.5e+7",
                                       "1e999999",
                                       "[]",
                                       "{}",
                                       "123456789012345678901234567890",
                                       "\"\"",
                                       "[1,{\"a\":[]}]",
                                       "[[[]]]"};
    if (depth > 0 && one_in(m, 2)) {
        buf_puts(&m->text, one_in(m, 2) ? "[" : "{\"a\":");
        bool array = m->text.p[m->text.n - 1] == '[';
        put_value(m, depth - 1);
        buf_putc(&m->text, array ? ']' : '}');
        return;
    }
    PUT_ONE_OF(m, some);
}

static void put_field(struct maker *m) {
    static const char *const names[] = {"username", "password", "email"};
    static const char *const others[] = {"identitytoken", "registrytoken", "x",
                                         "auths",         "Auth0",         ""};
    uint32_t kind = any(m, 10);
    if (kind < 4) {
        put_name(m, ONE_OF(m, names));
        put_string(m);
    } else if (kind < 8) {
        put_name(m, "auth");
        put_auth(m);
    } else if (kind == 8) {
        put_name(m, ONE_OF(m, others));
        put_value(m, 3);
    } else {
        put_name(m, one_in(m, 2) ? "auth" : ONE_OF(m, names));
        if (one_in(m, 16))
            put_value(m, 1);
        else
            buf_puts(&m->text, "null");
    }
}

static void put_fields(struct maker *m) {
    uint32_t n = any(m, 4);
    buf_putc(&m->text, '{');
    for (uint32_t i = 0; i < n; i++) {
        if (i > 0)
            buf_putc(&m->text, ',');
        put_field(m);
    }
    put_blank(m);
    buf_putc(&m->text, '}');
}

static void put_entry(struct maker *m) {
    buf_putc(&m->text, '"');
    put_key(m);
    buf_puts(&m->text, "\":");
    put_blank(m);
    if (one_in(m, 100))
        put_value(m, 1);
    else
        put_fields(m);
}

static void put_map(struct maker *m) {
    uint32_t n = any(m, 5);
    if (one_in(m, 40)) {
        buf_puts(&m->text, one_in(m, 4) ? "[]" : "null");
        return;
    }
    buf_putc(&m->text, '{');
    for (uint32_t i = 0; i < n; i++) {
        if (i > 0)
            buf_putc(&m->text, ',');
        put_blank(m);
        put_entry(m);
    }
    put_blank(m);
    buf_putc(&m->text, '}');
}

static void put_headers(struct maker *m) {
    static const char *const some[] = {"{}", "null", "{\"a\":\"b\"}", "{\"a\":null}",
                                       "{\"a\":\"b\",\"a\":\"c\"}"};
    static const char *const bad[] = {"{\"a\":1}", "[]", "\"x\"", "{\"a\":{}}"};
    put_name(m, "HttpHeaders");
    buf_puts(&m->text, one_in(m, 20) ? ONE_OF(m, bad) : ONE_OF(m, some));
}

static void put_config(struct maker *m) {
    uint32_t more = one_in(m, 4) ? 1 + any(m, 2) : 0;
    put_blank(m);
    buf_putc(&m->text, '{');
    put_name(m, "auths");
    put_map(m);
    for (; more > 0; more--) {
        buf_putc(&m->text, ',');
        if (one_in(m, 2)) {
            put_name(m, "auths");
            put_map(m);
        } else if (one_in(m, 2)) {
            put_headers(m);
        } else {
            put_name(m, "credsStore");
            put_value(m, 2);
        }
    }
    put_blank(m);
    buf_putc(&m->text, '}');
    put_blank(m);
}

static void put_deep(struct maker *m) {
    uint32_t levels = 9997 + any(m, 6);
    buf_puts(&m->text, "{\"auths\":{\"ghcr.io\":{\"auth\":\"dTpw\",\"x\":");
    for (uint32_t i = 3; i < levels; i++)
        buf_putc(&m->text, '[');
    for (uint32_t i = 3; i < levels; i++)
        buf_putc(&m->text, ']');
    buf_puts(&m->text, "}}}");
}

static void change_bytes(struct maker *m) {
    static const char bytes[] = "{}[],:\"\\nut0-.e \x01\xff";
    for (uint32_t n = 1 + any(m, 2); n > 0 && m->text.n > 0; n--) {
        uint32_t at = any(m, (uint32_t)m->text.n);
        if (one_in(m, 4))
            m->text.n = at;
        else
            m->text.p[at] = bytes[any(m, sizeof bytes - 1)];
    }
}

static void put_file(struct maker *m, bool is_cfg) {
    if (one_in(m, 3000))
        put_deep(m);
    else if (is_cfg)
        put_map(m);
    else
        put_config(m);
    if (one_in(m, 25))
        change_bytes(m);
}

/* ---- pods ---------------------------------------------------------------------------- */

static void write_field(struct str s) {
    unsigned char size[4] = {(unsigned char)s.n, (unsigned char)(s.n >> 8),
                             (unsigned char)(s.n >> 16), (unsigned char)(s.n >> 24)};
    fwrite(size, 1, sizeof size, stdout);
    if (s.n != 0)
        fwrite(s.p, 1, s.n, stdout);
}

static void write_number(size_t n) {
    char text[24];
    int length = snprintf(text, sizeof text, "%zu", n);
    write_field((struct str){text, (size_t)length});
}

static void need(bool ok) {
    if (ok)
        return;
    fprintf(stderr, "keyrings: out of memory\n");
    exit(70);
}

static struct credentials_set *make_secret(struct maker *m, size_t number) {
    struct credentials_set *set = NULL;
    static const char *const types[] = {CREDENTIALS_TYPE_JSON, CREDENTIALS_TYPE_CFG, "Opaque",
                                        ""};
    static const char *const keys[] = {CREDENTIALS_KEY_JSON, CREDENTIALS_KEY_CFG, "x",
                                       "config.json"};
    char name[24];
    uint32_t kind = any(m, 3) == 0; /* .dockercfg is the rarer one */
    uint32_t type = one_in(m, 30) ? any(m, 4) : kind, key = one_in(m, 30) ? any(m, 4) : kind;
    struct err err = ERR_INIT;
    buf_reset(&m->text);
    if (!one_in(m, 60))
        put_file(m, kind == 1);
    need(!m->text.bad);
    snprintf(name, sizeof name, "%zu", number);
    struct credentials_datum datum = {str_of(keys[key]), buf_view(&m->text)};
    struct credentials_secret secret = {.namespace = STR("n"),
                                        .name = str_of(name),
                                        .type = str_of(types[type]),
                                        .data = &datum,
                                        .n_data = 1};
    need(credentials_set_new(&set, &secret, &err) == EC_OK);
    write_field(secret.type);
    write_field(datum.key);
    write_field(datum.value);
    return set;
}

static void write_hits(const struct credentials_answer *a) {
    write_number(a->n_hits);
    for (size_t i = 0; i < a->n_hits; i++) {
        write_field(a->hits[i].set->name);
        write_field(a->hits[i].entry->normal);
        write_field(a->hits[i].entry->user);
        write_field(a->hits[i].entry->password);
    }
}

static void look_up(struct maker *m, const struct credentials_keyring *keyring) {
    static const char *const words[] = {"found", "anonymous", "broken", "no image"};
    struct arena arena = ARENA_INIT(4096, 1 << 20);
    struct credentials_answer a;
    struct err err = ERR_INIT;
    bool image = one_in(m, 2);
    buf_reset(&m->text);
    if (image)
        put_image(m);
    else
        put_repository(m);
    write_field(image ? STR("image") : STR("repository"));
    write_field(buf_view(&m->text));
    need((image ? credentials_lookup(&a, keyring, buf_view(&m->text), &arena, &err)
                : credentials_lookup_repository(&a, keyring, buf_view(&m->text), &arena,
                                                &err)) == EC_OK);
    write_field(str_of(a.fallback ? "fallback" : words[a.outcome]));
    write_hits(&a);
    arena_done(&arena);
}

static void make_pod(struct maker *m) {
    struct credentials_set *sets[SECRETS_MAX] = {NULL};
    struct credentials_keyring *keyring = NULL;
    struct err err = ERR_INIT;
    size_t n = 1 + any(m, SECRETS_MAX);
    m->host = one_in(m, 5) ? ONE_OF(m, globs) : ONE_OF(m, hosts);
    m->port = ONE_OF(m, ports);
    write_number(n);
    for (size_t i = 0; i < n; i++)
        sets[i] = make_secret(m, i);
    need(credentials_keyring_new(&keyring, (const struct credentials_set *const *)sets, n,
                                 &err) == EC_OK);
    write_number(LOOKUPS);
    for (size_t i = 0; i < LOOKUPS; i++)
        look_up(m, keyring);
    credentials_keyring_free(keyring);
    for (size_t i = 0; i < n; i++)
        credentials_set_free(sets[i]);
}

int main(int argc, char **argv) {
    struct maker m = {.text = BUF_INIT(FILE_MAX)};
    if (argc != 3) {
        fprintf(stderr, "use: keyrings COUNT SEED\n");
        return 2;
    }
    m.state = strtoull(argv[2], NULL, 10);
    for (unsigned long long n = strtoull(argv[1], NULL, 10); n > 0; n--)
        make_pod(&m);
    buf_done(&m.text);
    return fflush(stdout) == 0 ? 0 : 2;
}
