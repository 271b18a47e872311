/* The traps of pull secrets, one row each. tests/property/keyrings.c compares with the kubelet itself. */
#include "mem_watch.h"
#include "test.h"

#include "base/buf.h"
#include "credentials/credentials.h"

enum { TEXT_MAX = 1 << 16 };

static struct credentials_set *read_file(const char *type, struct str bytes) {
    struct credentials_set *set = NULL;
    struct err err = ERR_INIT;
    assert_ok(credentials_set_of_file(&set, STR("regcred"), str_of(type), bytes, &err), &err);
    return set;
}

static struct credentials_set *read_json(const char *json) {
    return read_file(CREDENTIALS_TYPE_JSON, str_of(json));
}

/* A file with one entry for each key, and user and password "u", "p". */
static struct credentials_set *read_keys(const char *const *keys, size_t n) {
    struct buf b = BUF_INIT(TEXT_MAX);
    buf_puts(&b, "{\"auths\":{");
    for (size_t i = 0; i < n; i++) {
        buf_puts(&b, i > 0 ? "," : "");
        buf_json(&b, str_of(keys[i]));
        buf_puts(&b, ":{\"username\":\"u\",\"password\":\"p\"}");
    }
    buf_puts(&b, "}}");
    struct credentials_set *set = read_file(CREDENTIALS_TYPE_JSON, buf_view(&b));
    buf_done(&b);
    return set;
}

/* ---- keys ---------------------------------------------------------------------------- */

static void keys_are_normalised(void **state) {
    static const struct {
        const char *key, *normal, *shown;
        enum credentials_never never;
        unsigned notes;
    } rows[] = {
        {"ghcr.io", "ghcr.io", NULL, CREDENTIALS_CAN_MATCH, 0},
        {"https://ghcr.io", "ghcr.io", NULL, CREDENTIALS_CAN_MATCH, 0},
        {"http://ghcr.io/", "ghcr.io", NULL, CREDENTIALS_CAN_MATCH, 0},
        {"ghcr.io/", "ghcr.io", NULL, CREDENTIALS_CAN_MATCH, 0},
        {"https://index.docker.io/v1/", "index.docker.io", NULL, CREDENTIALS_CAN_MATCH, 0},
        {"https://index.docker.io/v1", "index.docker.io/v1", NULL, CREDENTIALS_NEVER_VERSION,
         CREDENTIALS_NO_BORDER},
        {"https://reg.example/v2", "reg.example/v2", NULL, CREDENTIALS_NEVER_VERSION,
         CREDENTIALS_NO_BORDER},
        {"index.docker.io/acme", "index.docker.io/acme", NULL, CREDENTIALS_NEVER_HUB_PATH,
         CREDENTIALS_NO_BORDER},
        {"https://reg.example/v2/", "reg.example", NULL, CREDENTIALS_CAN_MATCH, 0},
        {"https://reg.example/v2/acme", "reg.example/acme", NULL, CREDENTIALS_CAN_MATCH,
         CREDENTIALS_NO_BORDER},
        {"ghcr.io/acme", "ghcr.io/acme", NULL, CREDENTIALS_CAN_MATCH, CREDENTIALS_NO_BORDER},
        {"ghcr.io/acme/", "ghcr.io/acme/", NULL, CREDENTIALS_CAN_MATCH, 0},
        {"ghcr.io?x=1", "ghcr.io", NULL, CREDENTIALS_CAN_MATCH, 0},
        {"ghcr.io#x", "ghcr.io", NULL, CREDENTIALS_CAN_MATCH, 0},
        {"me:pass@ghcr.io", "ghcr.io", "***@ghcr.io", CREDENTIALS_CAN_MATCH,
         CREDENTIALS_USERINFO},
        {"https://me:pa/ss@ghcr.io", "", "***@ghcr.io", CREDENTIALS_NEVER_URL,
         CREDENTIALS_USERINFO},
        {"ghcr.io:443", "ghcr.io:443", NULL, CREDENTIALS_CAN_MATCH, 0},
        {"ghcr.io:x", "", NULL, CREDENTIALS_NEVER_URL, 0},
        {"a:b:80", "", NULL, CREDENTIALS_NEVER_URL, 0},
        {"ghcr.io\x01", "", NULL, CREDENTIALS_NEVER_URL, 0},
        {"ghcr.io#%zz", "", NULL, CREDENTIALS_NEVER_URL, 0},
        {"[::1%25]:80", "", NULL, CREDENTIALS_NEVER_URL, 0},
        {"[::1%25%20]:80", "[::1% ]:80", NULL, CREDENTIALS_NEVER_URL, 0},
        {"ghcr.io/%zz", "", NULL, CREDENTIALS_NEVER_URL, 0},
        {"ghcr.io/a%2525", "ghcr.io/a%25", NULL, CREDENTIALS_NEVER_PATH, CREDENTIALS_NO_BORDER},
        {"ghcr.io/a%25zz", "ghcr.io/a%zz", NULL, CREDENTIALS_NEVER_URL, 0},
        {"GHCR.io", "GHCR.io", NULL, CREDENTIALS_NEVER_UPPER_HOST, 0},
        {"HTTPS://ghcr.io", "HTTPS://ghcr.io", NULL, CREDENTIALS_NEVER_UPPER_HOST,
         CREDENTIALS_NO_BORDER},
        {"ghcr.io/Acme", "ghcr.io/Acme", NULL, CREDENTIALS_NEVER_UPPER_PATH,
         CREDENTIALS_NO_BORDER},
        {"ghcr.io//acme", "ghcr.io//acme", NULL, CREDENTIALS_NEVER_PATH, CREDENTIALS_NO_BORDER},
        {"ghcr.io/a___b", "ghcr.io/a___b", NULL, CREDENTIALS_NEVER_PATH, CREDENTIALS_NO_BORDER},
        {"ghcr.io/a.b--c__d/e", "ghcr.io/a.b--c__d/e", NULL, CREDENTIALS_CAN_MATCH,
         CREDENTIALS_NO_BORDER},
        {"ghcr.io/a-/b", "ghcr.io/a-/b", NULL, CREDENTIALS_NEVER_PATH, CREDENTIALS_NO_BORDER},
        {"ghcr.io/acme:1.0", "ghcr.io/acme:1.0", NULL, CREDENTIALS_NEVER_PATH,
         CREDENTIALS_NO_BORDER},
        {"myregistry", "myregistry", NULL, CREDENTIALS_NEVER_WORD, 0},
        {"myregistry:5000", "myregistry:5000", NULL, CREDENTIALS_CAN_MATCH, 0},
        {"localhost", "localhost", NULL, CREDENTIALS_CAN_MATCH, 0},
        {"*", "*", NULL, CREDENTIALS_CAN_MATCH, CREDENTIALS_GLOB},
        {"*.example.com", "*.example.com", NULL, CREDENTIALS_CAN_MATCH, CREDENTIALS_GLOB},
        {"qua?.io", "qua", NULL, CREDENTIALS_NEVER_WORD, 0}, /* a query */
        {"[a-z]hcr.io", "", NULL, CREDENTIALS_NEVER_URL, 0}, /* no IPv6 address */
        {"", "", NULL, CREDENTIALS_NEVER_HOST, 0},
        {"foo_bar.io", "foo_bar.io", NULL, CREDENTIALS_NEVER_HOST, 0},
        {"-a.io", "-a.io", NULL, CREDENTIALS_NEVER_HOST, 0},
        {"[::1]:5000", "[::1]:5000", NULL, CREDENTIALS_CAN_MATCH, 0},
        {"[::1]", "[::1]", NULL, CREDENTIALS_NEVER_IPV6, CREDENTIALS_GLOB},
        {"ghcr.io \n", "", NULL, CREDENTIALS_NEVER_URL, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct credentials_set *set = read_keys(&rows[i].key, 1);
        const struct credentials_entry *e = set->entries;
        const char *shown = rows[i].shown != NULL ? rows[i].shown : rows[i].key;
        if (set->n_entries != 1 || !str_eq(e->normal, str_of(rows[i].normal)) ||
            e->never != rows[i].never || e->notes != rows[i].notes ||
            !str_eq(e->shown, str_of(shown)))
            fail_row("%s: found \"%.*s\" \"%.*s\" never %d notes %u", rows[i].key,
                     STR_ARG(e->normal), STR_ARG(e->shown), (int)e->never, e->notes);
        assert_int_equal(credentials_never_text(e->never)[0] == '\0',
                         e->never == CREDENTIALS_CAN_MATCH);
        credentials_set_free(set);
    }
}

/* ---- lookups ------------------------------------------------------------------------- */

/* "key key" of one secret, "|" between secrets; hits as "secret.entry" in order. */
static void read_secrets(struct credentials_set **sets, size_t *n, const char *text) {
    const char *keys[8];
    char copy[512], *save = NULL;
    size_t n_keys = 0;
    snprintf(copy, sizeof copy, "%s |", text);
    *n = 0;
    for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
        if (strcmp(word, "|") != 0) {
            keys[n_keys++] = word;
            continue;
        }
        sets[(*n)++] = read_keys(keys, n_keys);
        n_keys = 0;
    }
}

struct pod {
    struct credentials_set *sets[4];
    size_t n;
    struct credentials_keyring *keyring;
    struct arena arena;
};

static void make_pod(struct pod *p, const char *secrets) {
    struct err err = ERR_INIT;
    *p = (struct pod){.arena = ARENA_INIT(4096, 1 << 20)};
    read_secrets(p->sets, &p->n, secrets);
    assert_ok(credentials_keyring_new(
                  &p->keyring, (const struct credentials_set *const *)p->sets, p->n, &err),
              &err);
}

static void end_pod(struct pod *p) {
    credentials_keyring_free(p->keyring);
    for (size_t i = 0; i < p->n; i++)
        credentials_set_free(p->sets[i]);
    arena_done(&p->arena);
}

static void put_hit(struct buf *b, const struct pod *p, const struct credentials_hit *hit) {
    for (size_t i = 0; i < p->n; i++)
        if (p->sets[i] == hit->set)
            buf_printf(b, "%s%zu.%zu", b->n > 0 ? " " : "", i,
                       (size_t)(hit->entry - hit->set->entries));
}

static void images_find_their_credentials(void **state) {
    static const struct {
        const char *secrets, *image, *hits;
        bool fallback;
    } rows[] = {
        {"ghcr.io", "ghcr.io/acme/app:1", "0.0", false},
        {"ghcr.io",
         "ghcr.io/acme/app@sha256:"
         "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
         "0.0", false},
        {"ghcr.io", "quay.io/x", "", false},
        {"ghcr.io/acme", "ghcr.io/acme-evil/x", "0.0", false}, /* no border */
        {"ghcr.io/acme/", "ghcr.io/acme-evil/x", "", false},
        {"ghcr.io/acme/", "ghcr.io/acme", "", false},
        {"ghcr.io:443", "ghcr.io/x", "", false},
        {"ghcr.io", "ghcr.io:443/x", "", false},
        {"reg.example:5000", "reg.example:5000/x", "0.0", false},
        {"*.example.com", "a.example.com/x", "0.0", false},
        {"*.example.com", "example.com/x", "", false},
        {"*.example.com", "a.b.example.com/x", "", false},
        {"*.*.example.com", "a.b.example.com/x", "0.0", false},
        {"*.io", "docker.io/x", "0.0", false},
        {"*.io", "nginx", "0.0", false},
        {"g*r.io", "ghcr.io/x", "0.0", false},
        {"g**r.io", "ghcr.io/x", "0.0", false},
        {"*h*r.io", "ghcr.io/x", "0.0", false},
        {"*h*x.io", "ghcr.io/x", "", false},
        {"*:5000", "localhost:5000/x", "0.0", false},
        {"docker.io", "nginx", "0.0", false},
        {"docker.io/library/", "nginx", "0.0", false},
        {"docker.io/nginx", "nginx", "", false},
        {"https://index.docker.io/v1/", "nginx", "0.0", true},
        {"https://index.docker.io/v1/", "index.docker.io/a/b", "0.0", true},
        {"https://index.docker.io/v1", "nginx", "", false},
        {"registry-1.docker.io", "nginx", "", false},
        {"hub.docker.com", "nginx", "", false},
        /* a key of docker.io switches index.docker.io off */
        {"https://index.docker.io/v1/ docker.io", "nginx", "0.1", false},
        {"https://index.docker.io/v1/ docker.io/acme", "nginx", "0.0", true},
        /* by bytes, descending */
        {"quay.io quay.io/org", "quay.io/org/x", "0.1 0.0", false},
        {"* *.io q*.io quay.io", "quay.io/x", "0.3 0.2 0.1", false},
        {"quay.io | quay.io/org | quay.io", "quay.io/org/x", "1.0 0.0 2.0", false},
        {"GHCR.io", "ghcr.io/x", "", false},
        {"GHCR.io", "GHCR.io/x", "0.0", false},
        {"[::1]:5000", "[::1]:5000/x", "0.0", false},
        {"[::1]", "[::1]/x", "", false},
        {"ghcr.io:", "ghcr.io/x", "0.0", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pod p;
        struct credentials_answer a;
        struct err err = ERR_INIT;
        struct buf hits = BUF_INIT(TEXT_MAX);
        make_pod(&p, rows[i].secrets);
        assert_ok(credentials_lookup(&a, p.keyring, str_of(rows[i].image), &p.arena, &err),
                  &err);
        for (size_t k = 0; k < a.n_hits; k++)
            put_hit(&hits, &p, &a.hits[k]);
        if (!str_eq(buf_view(&hits), str_of(rows[i].hits)) || a.fallback != rows[i].fallback ||
            a.outcome != (a.n_hits != 0 ? CREDENTIALS_FOUND : CREDENTIALS_ANONYMOUS))
            fail_row("%s for %s: found \"%.*s\", outcome %d", rows[i].secrets, rows[i].image,
                     STR_ARG(buf_view(&hits)), (int)a.outcome);
        buf_done(&hits);
        end_pod(&p);
    }
}

static void a_broken_secret_breaks_all(void **state) {
    struct credentials_set *sets[] = {
        read_json("{\"auths\":{\"ghcr.io\":{\"auth\":\"dTpw\"}}}"),
        read_json("{\"auths\":{\"x.io\":{\"auth\":\"?\"}}}")};
    struct credentials_keyring *keyring = NULL;
    struct credentials_answer a;
    struct arena arena = ARENA_INIT(4096, 1 << 20);
    const struct credentials_near *nears;
    struct err err = ERR_INIT;
    size_t n;
    (void)state;
    assert_ok(
        credentials_keyring_new(&keyring, (const struct credentials_set *const *)sets, 2, &err),
        &err);
    assert_ok(credentials_lookup(&a, keyring, STR("ghcr.io/x"), &arena, &err), &err);
    assert_int_equal(a.outcome, CREDENTIALS_BROKEN);
    assert_ptr_equal(a.broken, sets[1]);
    assert_int_equal(a.n_hits, 0);
    assert_ok(credentials_near(&nears, &n, keyring, STR("ghcr.io/x"), &arena, &err), &err);
    assert_int_equal(n, 0);
    assert_ok(credentials_lookup(&a, keyring, STR("no image"), &arena, &err), &err);
    assert_int_equal(a.outcome, CREDENTIALS_NO_IMAGE);
    assert_ok(credentials_near(&nears, &n, keyring, STR("no image"), &arena, &err), &err);
    assert_int_equal(n, 0);
    credentials_keyring_free(keyring);
    credentials_set_free(sets[0]);
    credentials_set_free(sets[1]);
    arena_done(&arena);
}

static void near_misses_are_found(void **state) {
    static const struct {
        const char *secrets, *image;
        int miss; /* -1: none */
    } rows[] = {
        {"ghcr.io:443", "ghcr.io/x", CREDENTIALS_MISS_PORT},
        {"ghcr.io", "ghcr.io:5000/x", CREDENTIALS_MISS_PORT},
        {"ghcr.io/acme:443", "quay.io/x", -1},
        {"GHCR.io", "ghcr.io/x", CREDENTIALS_MISS_CASE},
        {"ghcr.io/Acme", "ghcr.io/acme/x", CREDENTIALS_MISS_CASE},
        {"registry-1.docker.io", "nginx", CREDENTIALS_MISS_HUB},
        {"https://index.docker.io/v1", "nginx", CREDENTIALS_MISS_HUB},
        {"hub.docker.com", "docker.io/acme/x", CREDENTIALS_MISS_HUB},
        {"https://reg.example/v2", "reg.example/x", CREDENTIALS_MISS_VERSION},
        {"ghcr.io/other", "ghcr.io/acme/x", CREDENTIALS_MISS_PATH},
        {"*.example.com", "example.com/x", CREDENTIALS_MISS_LABELS},
        {"*.example.com", "a.b.example.com/x", CREDENTIALS_MISS_LABELS},
        {"*.example.com", "badexample.com/x", -1},
        {"*.com", "a.b.com/x", -1},
        {"www.ghcr.io", "ghcr.io/x", CREDENTIALS_MISS_WWW},
        {"ghcr.io", "ghcr.io/x", -1}, /* a hit */
        {"https://index.docker.io/v1/", "nginx", -1},
        {"quay.io", "ghcr.io/x", -1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pod p;
        const struct credentials_near *nears;
        struct err err = ERR_INIT;
        size_t n;
        make_pod(&p, rows[i].secrets);
        assert_ok(
            credentials_near(&nears, &n, p.keyring, str_of(rows[i].image), &p.arena, &err),
            &err);
        if (n != (rows[i].miss >= 0) || (n == 1 && (int)nears[0].miss != rows[i].miss))
            fail_row("%s for %s: found %zu, %s", rows[i].secrets, rows[i].image, n,
                     n > 0 ? credentials_miss_text(nears[0].miss) : "");
        end_pod(&p);
    }
}

static void places_are_served(void **state) {
    static const struct {
        const char *key, *place;
        bool serves;
    } rows[] = {
        {"ghcr.io", "ghcr.io", true},
        {"ghcr.io", "ghcr.io/acme", true},
        {"ghcr.io/acme", "ghcr.io", true},
        {"ghcr.io/acme/", "ghcr.io/acme", true},
        {"ghcr.io/other", "ghcr.io/acme", false},
        {"ghcr.io:443", "ghcr.io", false},
        {"*.example.com", "a.example.com/x", true},
        {"https://index.docker.io/v1/", "docker.io", true},
        {"https://index.docker.io/v1/", "docker.io/acme", true},
        {"https://index.docker.io/v1/", "index.docker.io", false},
        {"https://index.docker.io/v1/", "docker.io:443", false},
        {"docker.io", "docker.io/acme", true},
        {"ghcr.io:x", "ghcr.io", false},
        {"ghcr.io", "ghcr.io:x", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct credentials_set *set = read_keys(&rows[i].key, 1);
        if (credentials_serves(set, 0, str_of(rows[i].place)) != rows[i].serves)
            fail_row("%s for %s: found %d", rows[i].key, rows[i].place, !rows[i].serves);
        credentials_set_free(set);
    }
}

/* ---- files --------------------------------------------------------------------------- */

static void entries_are_read(void **state) {
    static const struct {
        const char *entry, *user, *password;
        unsigned notes;
    } rows[] = {
        {"{\"auth\":\"dTpw\"}", "u", "p", 0},
        {"{\"auth\":\"dTpw\",\"username\":\"x\",\"password\":\"y\"}", "u", "p", 0},
        {"{\"Username\":\"u\",\"PASSWORD\":\"p\"}", "u", "p", 0},
        {"{\"u\\u017fername\":\"u\",\"password\":\"p\"}", "u", "p", 0},
        {"{\"username\":\"a\",\"username\":\"b\",\"username\":null}", "b", "", 0},
        {"{\"auth\":\"dTpwOnE=\"}", "u", "p:q", 0},
        {"{\"auth\":\"dTpwOnE\"}", "u", "p:q", 0},
        {"{\"auth\":\"dTp\\nw\\n\"}", "u", "p", 0},
        {"{\"auth\":\"dTpwCg==\"}", "u", "p\n",
         CREDENTIALS_PASSWORD_BLANK | CREDENTIALS_PASSWORD_LINES},
        {"{\"username\":\" u\",\"password\":\"p\"}", " u", "p", CREDENTIALS_USER_BLANK},
        {"{\"password\":\"p\"}", "", "p", CREDENTIALS_NO_USER},
        {"{}", "", "", CREDENTIALS_EMPTY},
        {"null", "", "", CREDENTIALS_EMPTY},
        {"{\"identitytoken\":\"x\"}", "", "", CREDENTIALS_EMPTY | CREDENTIALS_TOKEN},
        {"{\"auth\":\"dTpw\",\"registrytoken\":\"x\"}", "u", "p", CREDENTIALS_TOKEN},
        {"{\"auth\":\"dTpw\",\"identitytoken\":\"\"}", "u", "p", 0},
        {"{\"username\":\"\\ud800\\u0000\xff\"}", "\xef\xbf\xbd\0\xef\xbf\xbd", "", 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf b = BUF_INIT(TEXT_MAX);
        buf_printf(&b, "{\"auths\":{\"ghcr.io\":%s}}", rows[i].entry);
        struct credentials_set *set = read_file(CREDENTIALS_TYPE_JSON, buf_view(&b));
        const struct credentials_entry *e = set->entries;
        bool nul = strstr(rows[i].entry, "u0000") != NULL;
        struct str user = nul ? (struct str){rows[i].user, 7} : str_of(rows[i].user);
        if (set->state != CREDENTIALS_COUNTS || !str_eq(e->user, user) ||
            !str_eq(e->password, str_of(rows[i].password)) || e->notes != rows[i].notes)
            fail_row("%s: found user \"%.*s\" password \"%.*s\" notes %u", rows[i].entry,
                     STR_ARG(e->user), STR_ARG(e->password), e->notes);
        credentials_set_free(set);
        buf_done(&b);
    }
}

static void files_that_do_not_decode_are_located(void **state) {
    static const struct {
        const char *json, *msg, *faulty;
        uint32_t line, col;
    } rows[] = {
        {"{\"auths\":{\"ghcr.io\":{\"auth\":\"c2VjcmV0\"}}}",
         "auth has no colon after decoding, expected base64 of user:password", "ghcr.io", 1,
         29},
        {"{\"auths\":{\"a:b@ghcr.io\":{\n \"auth\":\"c2Vj?\"}}}",
         "auth is not base64: its byte 4 of 5", "***@ghcr.io", 2, 9},
        {"{\"auths\":{\"ghcr.io\":{\"auth\":\"dTpw=\"}}}",
         "auth is not base64: its byte 4 of 5", "ghcr.io", 1, 29},
        {"{\"auths\":{\"ghcr.io\":{\"auth\":\"dTp-\"}}}", "auth is not base64: its byte 3 of 4",
         "ghcr.io", 1, 29},
        {"{\"auths\":{\"ghcr.io\":{\"username\":7}}}",
         "username is a number, expected a string", "ghcr.io", 1, 33},
        {"{\"auths\":{\"ghcr.io\":{\"email\":[]}}}", "email is an array, expected a string",
         "ghcr.io", 1, 30},
        {"{\"auths\":{\"ghcr.io\":\"dTpw\"}}", "the entry is a string, expected an object",
         "ghcr.io", 1, 21},
        {"{\"auths\":[]}", "auths is an array, expected an object", "", 1, 10},
        {"[]", "the file is an array, expected an object", "", 1, 1},
        {"{\"HttpHeaders\":{\"a\":1}}", "a value of HttpHeaders is a number, expected a string",
         "", 1, 21},
        {"{\"auths\":{}", "not JSON: the text ends too early", "", 1, 12},
        {"{\"auths\":{}}}", "not JSON: more text after the value", "", 1, 13},
        {"{'auths':{}}", "not JSON: a key in double quotes was expected", "", 1, 2},
        {"{\"auths\":{\n\"a\":{},}}", "not JSON: a key in double quotes was expected", "", 2,
         8},
        {"\xef\xbb\xbf{}", "not JSON: a value was expected", "", 1, 1},
        {"{\"a\":01}", "not JSON: a comma or } was expected", "", 1, 7},
        {"{\"a\":\"\t\"}", "not JSON: a control character in a string", "", 1, 7},
        {"{\"a\":\"\\x\"}", "not JSON: an escape that JSON does not have", "", 1, 8},
        {"{\"a\":\"\\u12g4\"}", "not JSON: \\u without four hexadecimal digits", "", 1, 11},
        {"{\"a\":nul}", "not JSON: no value of JSON starts like this", "", 1, 9},
        {"{\"a\" 1}", "not JSON: a colon was expected after a key", "", 1, 6},
        {"[1 2]", "not JSON: a comma or ] was expected", "", 1, 4},
        {"-", "not JSON: the text ends too early", "", 1, 2},
        {"1.x", "not JSON: a digit was expected", "", 1, 3},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct credentials_set *set = read_json(rows[i].json);
        if (set->state != CREDENTIALS_UNDECODABLE || strcmp(set->fault.msg, rows[i].msg) != 0 ||
            !str_eq(set->faulty, str_of(rows[i].faulty)) || set->fault.line != rows[i].line ||
            set->fault.col != rows[i].col || set->n_entries != 0)
            fail_row("%s: found state %d, %u:%u: %s (%.*s)", rows[i].json, (int)set->state,
                     set->fault.line, set->fault.col, set->fault.msg, STR_ARG(set->faulty));
        credentials_set_free(set);
    }
}

static void depth_is_limited_as_in_go(void **state) {
    (void)state;
    for (size_t levels = 9999; levels <= 10001; levels++) {
        struct buf b = BUF_INIT(TEXT_MAX);
        buf_puts(&b, "{\"x\":");
        for (size_t i = 1; i < levels; i++)
            buf_putc(&b, '[');
        for (size_t i = 1; i < levels; i++)
            buf_putc(&b, ']');
        buf_putc(&b, '}');
        struct credentials_set *set = read_file(CREDENTIALS_TYPE_JSON, buf_view(&b));
        assert_int_equal(set->state,
                         levels > 10000 ? CREDENTIALS_UNDECODABLE : CREDENTIALS_COUNTS);
        credentials_set_free(set);
        buf_done(&b);
    }
}

static void only_two_kinds_of_secrets_count(void **state) {
    static const struct {
        const char *type, *key, *value;
        enum credentials_state state;
        const char *instead;
    } rows[] = {
        {CREDENTIALS_TYPE_JSON, ".dockerconfigjson", "{}", CREDENTIALS_COUNTS, ""},
        {CREDENTIALS_TYPE_JSON, ".dockerconfigjson", "", CREDENTIALS_NO_BYTES, ""},
        {CREDENTIALS_TYPE_JSON, ".dockercfg", "{}", CREDENTIALS_NO_KEY, ".dockercfg"},
        {CREDENTIALS_TYPE_CFG, ".dockercfg", "null", CREDENTIALS_COUNTS, ""},
        {CREDENTIALS_TYPE_CFG, ".dockerconfigjson", "{}", CREDENTIALS_NO_KEY,
         ".dockerconfigjson"},
        {CREDENTIALS_TYPE_CFG, "config.json", "{}", CREDENTIALS_NO_KEY, ""},
        {"Opaque", ".dockerconfigjson", "{}", CREDENTIALS_WRONG_TYPE, ".dockerconfigjson"},
        {"kubernetes.io/tls", "tls.crt", "x", CREDENTIALS_WRONG_TYPE, ""},
        {"", ".dockercfg", "{}", CREDENTIALS_WRONG_TYPE, ".dockercfg"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct credentials_datum datum = {str_of(rows[i].key), str_of(rows[i].value)};
        struct credentials_secret secret = {.namespace = STR("a"),
                                            .name = STR("b"),
                                            .type = str_of(rows[i].type),
                                            .data = &datum,
                                            .n_data = 1};
        struct credentials_set *set = NULL;
        struct err err = ERR_INIT;
        assert_ok(credentials_set_new(&set, &secret, &err), &err);
        if (set->state != rows[i].state || !str_eq(set->instead, str_of(rows[i].instead)))
            fail_row("%s %s: found %d, instead \"%.*s\"", rows[i].type, rows[i].key,
                     (int)set->state, STR_ARG(set->instead));
        assert_str(set->namespace, STR("a"));
        assert_str(set->name, STR("b"));
        credentials_set_free(set);
    }
}

static void shapes_are_noted(void **state) {
    static const struct {
        const char *type, *file;
        unsigned shape;
        size_t n;
    } rows[] = {
        {CREDENTIALS_TYPE_JSON, "{\"ghcr.io\":{\"auth\":\"dTpw\"}}", CREDENTIALS_FLAT, 0},
        {CREDENTIALS_TYPE_JSON, "{\"auths\":{},\"ghcr.io\":{\"auth\":\"dTpw\"}}", 0, 0},
        {CREDENTIALS_TYPE_CFG, "{\"auths\":{\"ghcr.io\":{}}}", CREDENTIALS_NESTED, 1},
        {CREDENTIALS_TYPE_JSON, "{\"credHelpers\":{\"x\":\"ecr-login\"}}", CREDENTIALS_HELPERS,
         0},
        {CREDENTIALS_TYPE_JSON, "{\"credHelpers\":{},\"credsStore\":\"\"}", 0, 0},
        {CREDENTIALS_TYPE_JSON, "{\"auths\":{\"a.io\":{}},\"credsStore\":\"desktop\"}",
         CREDENTIALS_STORE, 1},
        {CREDENTIALS_TYPE_JSON, "{\"auths\":{\"a.io\":{}},\"Auths\":{\"b.io\":{}}}", 0, 2},
        {CREDENTIALS_TYPE_JSON, "{\"auths\":{\"a.io\":{}},\"auths\":null}", 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct credentials_set *set = read_file(rows[i].type, str_of(rows[i].file));
        if (set->state != CREDENTIALS_COUNTS || set->shape != rows[i].shape ||
            set->n_entries != rows[i].n)
            fail_row("%s: found state %d shape %u, %zu entries", rows[i].file, (int)set->state,
                     set->shape, set->n_entries);
        credentials_set_free(set);
    }
}

static void spellings_of_one_key_are_noted(void **state) {
    struct credentials_set *set =
        read_json("{\"auths\":{\n\"ghcr.io\":{\"auth\":\"YTp4\"},\n\"https://ghcr.io/\":{},"
                  "\"quay.io\":{},\"ghcr.io\":{\"auth\":\"dTpw\"}}}");
    (void)state;
    assert_int_equal(set->n_entries, 3);
    assert_str(set->entries[0].key, STR("https://ghcr.io/"));
    assert_int_equal(set->entries[0].line, 3);
    assert_int_equal(set->entries[0].col, 1);
    assert_int_equal(set->entries[0].notes, CREDENTIALS_SPELT_TWICE | CREDENTIALS_EMPTY);
    assert_int_equal(set->entries[0].twin, 2);
    assert_int_equal(set->entries[1].twin, 1);
    assert_str(set->entries[2].user, STR("u"));
    assert_int_equal(set->entries[2].notes, CREDENTIALS_SPELT_TWICE | CREDENTIALS_REPEATED);
    assert_int_equal(set->entries[2].twin, 0);
    credentials_set_free(set);
}

/* ---- expiry -------------------------------------------------------------------------- */

/* base64url without padding, as the parts of a JWT are. */
static void put_part(struct buf *b, const char *json) {
    struct buf text = BUF_INIT(TEXT_MAX);
    buf_base64(&text, str_of(json));
    for (size_t i = 0; i < text.n && text.p[i] != '='; i++)
        buf_putc(b, text.p[i] == '+' ? '-' : text.p[i] == '/' ? '_' : text.p[i]);
    buf_done(&text);
}

static void put_token(struct buf *b, const char *json, bool jwt) {
    if (!jwt) {
        buf_base64(b, str_of(json));
        return;
    }
    put_part(b, "{\"alg\":\"none\"}");
    buf_putc(b, '.');
    put_part(b, json);
    buf_puts(b, ".c2ln");
}

static void ends_are_read(void **state) {
    static const struct {
        const char *user, *json;
        bool jwt;
        enum credentials_kind kind;
        int64_t expires_s, issued_s;
    } rows[] = {
        {"AWS",
         "{\"payload\":\"x\",\"datakey\":\"y\",\"version\":\"2\",\"type\":\"DATA_KEY\","
         "\"expiration\":1700000000}",
         false, CREDENTIALS_ECR, 1700000000, 0},
        {"AWS", "{\"a\":1}", false, CREDENTIALS_PLAIN, 0, 0},
        {"AWS", "no json", false, CREDENTIALS_PLAIN, 0, 0},
        {"0", "{\"exp\":1700000001,\"iat\":1600000000}", true, CREDENTIALS_JWT, 1700000001,
         1600000000},
        {"0", "{\"exp\":1700000001.5}", true, CREDENTIALS_JWT, 1700000001, 0},
        {"0", "{\"exp\":1.7e9}", true, CREDENTIALS_JWT, 0, 0},
        {"0", "{\"exp\":\"1700000001\"}", true, CREDENTIALS_JWT, 0, 0},
        {"0", "{\"sub\":\"\?\?\?>>>\"}", true, CREDENTIALS_JWT, 0, 0},
        {"0", "x", true, CREDENTIALS_PLAIN, 0, 0},
        {"oauth2accesstoken", "x", false, CREDENTIALS_GOOGLE_ACCESS, 0, 0},
        {"_json_key", "x", false, CREDENTIALS_GOOGLE_KEY, 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf b = BUF_INIT(TEXT_MAX);
        buf_printf(&b, "{\"auths\":{\"a.io\":{\"username\":\"%s\",\"password\":\"",
                   rows[i].user);
        put_token(&b, rows[i].json, rows[i].jwt);
        buf_puts(&b, "\"}}}");
        struct credentials_set *set = read_file(CREDENTIALS_TYPE_JSON, buf_view(&b));
        const struct credentials_entry *e = set->entries;
        if (e->kind != rows[i].kind || e->expires_s != rows[i].expires_s ||
            e->issued_s != rows[i].issued_s)
            fail_row("%s %s: found kind %d, end %lld", rows[i].user, rows[i].json, (int)e->kind,
                     (long long)e->expires_s);
        credentials_set_free(set);
        buf_done(&b);
    }
}

static void base64_is_decoded_as_in_go(void **state) {
    static const struct {
        const char *text, *bytes;
        int position; /* -1: it is base64 */
    } rows[] = {
        {"", "", -1},
        {"dTpw", "u:p", -1},
        {"dTo=", "u:", -1},
        {"dQ==", "u", -1},
        {"d\nTo=\r\n", "u:", -1},
        {"dQ=\n=\n", "u", -1},
        {"dR==", "u", -1}, /* bits that are left over */
        {"dTo", "", 3},
        {"dQ=", "", 3},
        {"dTpw=", "", 4},
        {"d", "", 1},
        {"dTo=dTo=", "", 4},
        {"dT-_", "", 2},
        {"dT w", "", 2},
        {"=", "", 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char out[16];
        size_t n, position;
        bool ok = credentials_base64(out, &n, str_of(rows[i].text), &position);
        if (ok != (rows[i].position < 0) ||
            (ok ? !str_eq((struct str){out, n}, str_of(rows[i].bytes))
                : position != (size_t)rows[i].position))
            fail_row("%s: found %d, position %zu", rows[i].text, ok, position);
        credentials_wipe(out, sizeof out);
        assert_int_equal(out[0], 0);
    }
}

/* ---- memory -------------------------------------------------------------------------- */

static const char secret_file[] =
    "{\"auths\":{\"ghcr.io\":{\"username\":\"AWS\",\"password\":\"PRIVATE KEY\"},"
    "\"a:PRIVATE KEY@quay.io\":{\"auth\":\"dTpQUklWQVRFIEtFWQ==\"},"
    "\"quay.io\":{\"username\":\"PRIVATE KEY\",\"password\":\"a.UFJJVkFURSBLRVk.b\"}}}";

static enum ec use_all(struct err *err) {
    struct credentials_set *set = NULL;
    struct credentials_keyring *keyring = NULL;
    struct credentials_answer a;
    const struct credentials_near *nears;
    struct arena arena = ARENA_INIT(256, 1 << 20);
    size_t n;
    enum ec ec = credentials_set_of_file(&set, STR("x"), STR(CREDENTIALS_TYPE_JSON),
                                         str_of(secret_file), err);
    const struct credentials_set *sets[] = {set};
    if (ec == EC_OK)
        ec = credentials_keyring_new(&keyring, sets, 1, err);
    if (ec == EC_OK)
        ec = credentials_lookup(&a, keyring, STR("quay.io/x"), &arena, err);
    if (ec == EC_OK)
        ec = credentials_near(&nears, &n, keyring, STR("ghcr.io:443/x"), &arena, err);
    credentials_keyring_free(keyring);
    credentials_set_free(set);
    arena_done(&arena);
    return ec;
}

static void every_allocation_may_fail(void **state) {
    long n = 0;
    (void)state;
    for (;; n++) {
        struct err err = ERR_INIT;
        mem_fail_at = n;
        enum ec ec = use_all(&err);
        bool ended = mem_fail_at > 0;
        mem_fail_at = -1;
        if (ended)
            break;
        if (ec != EC_NOMEM && ec != EC_OK)
            fail_row("allocation %ld: found %s: %s", n, ec_name(ec), err.msg);
    }
    assert_true(n > 20);
}

static void what_held_a_password_is_wiped(void **state) {
    struct err err = ERR_INIT;
    struct credentials_set *set =
        read_json("{\"auths\":{\"a.io\":{\"auth\":\"UFJJVkFURSBLRVk=\"}}}");
    (void)state;
    assert_int_equal(set->state, CREDENTIALS_UNDECODABLE);
    assert_null(strstr(set->fault.msg, "PRIVATE"));
    credentials_set_free(set);
    assert_ok(use_all(&err), &err);
    assert_int_equal(mem_keys_seen, 0);
}

static void too_much_is_refused(void **state) {
    struct credentials_set *set = NULL;
    struct err err = ERR_INIT;
    struct str huge = {secret_file, (size_t)CREDENTIALS_BYTES_MAX + 1};
    (void)state;
    assert_int_equal(
        credentials_set_of_file(&set, STR("x"), STR(CREDENTIALS_TYPE_JSON), huge, &err),
        EC_LIMIT);
    assert_null(set);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(keys_are_normalised),
    cmocka_unit_test(images_find_their_credentials),
    cmocka_unit_test(a_broken_secret_breaks_all),
    cmocka_unit_test(near_misses_are_found),
    cmocka_unit_test(places_are_served),
    cmocka_unit_test(entries_are_read),
    cmocka_unit_test(files_that_do_not_decode_are_located),
    cmocka_unit_test(depth_is_limited_as_in_go),
    cmocka_unit_test(only_two_kinds_of_secrets_count),
    cmocka_unit_test(shapes_are_noted),
    cmocka_unit_test(spellings_of_one_key_are_noted),
    cmocka_unit_test(ends_are_read),
    cmocka_unit_test(base64_is_decoded_as_in_go),
    cmocka_unit_test(every_allocation_may_fail),
    cmocka_unit_test(what_held_a_password_is_wiped),
    cmocka_unit_test(too_much_is_refused),
};
TEST_MAIN(tests)
