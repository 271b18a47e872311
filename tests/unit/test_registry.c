/* registry: what registries send, read: challenges, tokens, manifests, URLs and addresses; docker's config.json. */
#include "test.h"

#include "base/mem.h"
#include "mem_fault.h"
#include "registry/challenge.h"
#include "registry/docker_config.h"
#include "registry/manifest.h"
#include "registry/token.h"
#include "registry/where.h"
#include "json/json.h"

#include <stdlib.h>

/* A copy with the padding that readers need; free it. */
static char *padded(struct str text) {
    char *copy = calloc(1, text.n + JSON_PADDING);
    assert_non_null(copy);
    if (text.n != 0)
        memcpy(copy, text.p, text.n);
    return copy;
}

/* ---- challenges ---------------------------------------------------------------------- */

struct challenge_row {
    const char *header;
    bool bearer, basic;
    const char *realm, *service, *scope;
};

static const struct challenge_row challenge_rows[] = {
    {"", false, false, "", "", ""},
    {"Basic realm=\"r\"", false, true, "", "", ""},
    {"bAsIc", false, true, "", "", ""},
    {"Bearer realm=\"https://a/t\",service=\"s\",scope=\"repository:x:pull\"", true, false,
     "https://a/t", "s", "repository:x:pull"},
    {"BEARER REALM=\"http://a/t\" , Service=s", true, false, "http://a/t", "s", ""},
    {"Bearer realm=\"https://a/t\", Basic realm=\"r\"", true, true, "https://a/t", "", ""},
    {"Basic realm=\"r\", Bearer realm=\"https://a/t\"", true, true, "https://a/t", "", ""},
    {"Basic realm=\"r\",charset=\"UTF-8\" Bearer realm=\"https://a/t\"", true, true,
     "https://a/t", "", ""},
    {"Bearer realm=\"https://a/\\\"q\\\\\"", true, false, "https://a/\"q\\", "", ""},
    {"Bearer realm = \"https://a/t\"", true, false, "https://a/t", "", ""},
    {"Bearer realm=\"https://first/\",realm=\"https://second/\"", true, false, "https://first/",
     "", ""},
    {"Bearer realm=\"https://first/\", Bearer realm=\"https://second/\"", true, false,
     "https://first/", "", ""},
    {"Digest realm=\"https://a\", nonce=\"x\"", false, false, "", "", ""},
    {"Bearer realm=\"Artifactory Realm\", Basic realm=\"Artifactory Realm\"", false, true, "",
     "", ""},
    {"Bearer realm=\"file:///etc/passwd\"", false, false, "", "", ""},
    {"Bearer service=\"s\"", false, false, "", "", ""},
    {"Bearer realm=\"https://a/t", false, false, "", "", ""},
    {"Bearer realm=", false, false, "", "", ""},
    {"=x, Basic", false, false, "", "", ""},
    {"Bearer realm=\"https://a/t\",scope=\"a\\", true, false, "https://a/t", "", ""},
    {",,, ,Basic realm=\"x\",,", false, true, "", "", ""}};

static void test_challenge(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof challenge_rows / sizeof *challenge_rows; i++) {
        const struct challenge_row *row = &challenge_rows[i];
        struct arena arena = ARENA_INIT(1024, 1 << 20);
        struct registry_challenge c;
        struct err err = ERR_INIT;
        assert_ok(registry_challenge_read(&c, str_of(row->header), &arena, &err), &err);
        if (c.bearer != row->bearer || c.basic != row->basic)
            fail_row("%s: bearer %d, basic %d", row->header, c.bearer, c.basic);
        assert_str(c.realm, str_of(row->realm));
        assert_str(c.service, str_of(row->service));
        assert_str(c.scope, str_of(row->scope));
        arena_done(&arena);
    }
}

/* ---- tokens -------------------------------------------------------------------------- */

static const struct {
    struct registry_challenge challenge;
    const char *url;
} url_rows[] = {
    {{.realm = STR_INIT("https://a/t")}, "https://a/t?scope=repository%3Ax%2Fy%3Apull"},
    {{.realm = STR_INIT("https://a/t?k=v#f"), .service = STR_INIT("s & t")},
     "https://a/t?k=v&service=s%20%26%20t&scope=repository%3Ax%2Fy%3Apull"},
    {{.realm = STR_INIT("https://a/t"), .scope = STR_INIT("aws")}, "https://a/t?scope=aws"},
    {{.realm = STR_INIT("https://a/t"), .service = STR_INIT("r"), .scope = STR_INIT(" a  b ")},
     "https://a/t?service=r&scope=a&scope=b"},
    {{.realm = STR_INIT("https://a/t"), .scope = STR_INIT("a\r\nHost: b")},
     "https://a/t?scope=a%0D%0AHost%3A&scope=b"}};

static void test_token_url(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof url_rows / sizeof *url_rows; i++) {
        struct buf out = BUF_INIT(4096);
        registry_token_url(&out, &url_rows[i].challenge, STR("x/y"));
        assert_str(buf_view(&out), str_of(url_rows[i].url));
        buf_done(&out);
    }
}

static void test_token_form(void **state) {
    const struct registry_challenge c = {.service = STR("s"), .realm = STR("https://a")};
    struct buf out = BUF_INIT(4096);
    (void)state;
    registry_token_form(&out, &c, STR("x/y"), STR("a+b"));
    assert_str(buf_view(&out), STR("grant_type=refresh_token&client_id=policyctl&service=s&"
                                   "scope=repository%3Ax%2Fy%3Apull&refresh_token=a%2Bb"));
    buf_done(&out);
}

static const struct {
    const char *json, *token; /* NULL: an error */
} token_rows[] = {{"{\"token\":\"t\"}", "t"},
                  {"{\"access_token\":\"a\",\"expires_in\":300}", "a"},
                  {"{\"token\":\"t\",\"access_token\":\"a\"}", "t"},
                  {"{\"token\":\"\",\"access_token\":\"a\"}", "a"},
                  {"{\"token\":\"a b\"}", NULL},
                  {"{\"token\":\"a\\r\\nX: y\"}", NULL},
                  {"{\"token\":\"\\u00e9\"}", NULL},
                  {"{\"token\":7}", NULL},
                  {"{}", NULL},
                  {"[]", NULL},
                  {"<html>", NULL},
                  {"", NULL}};

static void test_token_read(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof token_rows / sizeof *token_rows; i++) {
        struct str token = STR_NONE;
        struct err err = ERR_INIT;
        char *text = padded(str_of(token_rows[i].json));
        enum ec ec = registry_token_read(&token, text, strlen(token_rows[i].json), &err);
        if ((ec == EC_OK) != (token_rows[i].token != NULL))
            fail_row("%s: %s", token_rows[i].json, err.msg);
        assert_str(token, str_of(token_rows[i].token));
        free(text);
    }
}

static const struct {
    const char *body, *reason;
} reason_rows[] = {{"{\"errors\":[{\"code\":\"DENIED\",\"message\":\"no\"}]}", "DENIED: no"},
                   {"{\"errors\":[{\"code\":\"DENIED\"}]}", "DENIED"},
                   {"{\"errors\":[{\"message\":\" m \"}]}", "m"},
                   {"{\"details\":\"bad\"}", "bad"},
                   {"{\"errors\":{}}", ""},
                   {"{\"errors\":[]}", ""},
                   {"{\"errors\":[[]]}", ""},
                   {"nonsense", ""}};

static void test_reason(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof reason_rows / sizeof *reason_rows; i++) {
        char *text = padded(str_of(reason_rows[i].body));
        struct buf out = BUF_INIT(1024);
        registry_token_reason(&out, text, strlen(reason_rows[i].body));
        assert_str(buf_view(&out), str_of(reason_rows[i].reason));
        buf_done(&out);
        free(text);
    }
}

/* ---- manifests ----------------------------------------------------------------------- */

#define OCI "application/vnd.oci.image."
#define DOCKER "application/vnd.docker.distribution.manifest."

static const struct manifest_row {
    const char *json, *type;
    bool good, index;
    const char *platforms; /* with blanks between them */
} manifest_rows[] = {
    {"{\"config\":{\"digest\":\"sha256:1\"},\"layers\":[]}", OCI "manifest.v1+json", true,
     false, ""},
    {"{\"mediaType\":\"" DOCKER "v2+json\",\"config\":{}}", DOCKER "v2+json; charset=utf-8",
     true, false, ""},
    {"{\"config\":{}}", "text/plain", true, false, ""},
    {"{\"manifests\":[{\"platform\":{\"os\":\"linux\",\"architecture\":\"amd64\"}},"
     "{\"platform\":{\"os\":\"linux\",\"architecture\":\"arm64\",\"variant\":\"v8\"}},"
     "{\"platform\":{\"os\":\"unknown\",\"architecture\":\"unknown\"}},{}]}",
     OCI "index.v1+json", true, true, "linux/amd64 linux/arm64/v8"},
    {"{\"manifests\":[{\"platform\":{\"os\":\"a/b\",\"architecture\":\"x\"}}]}",
     DOCKER "list.v2+json", true, true, ""},
    {"{\"manifests\":[]}", "", true, true, ""},
    {"{\"manifests\":[],\"config\":{}}", OCI "index.v1+json", false, false, ""},
    {"{\"manifests\":[],\"layers\":[]}", OCI "index.v1+json", false, false, ""},
    {"{\"manifests\":[]}", OCI "manifest.v1+json", false, false, ""},
    {"{\"config\":{}}", OCI "index.v1+json", false, false, ""},
    {"{\"mediaType\":\"" OCI "index.v1+json\",\"config\":{}}", "", false, false, ""},
    {"{\"fsLayers\":[]}", DOCKER "v1+prettyjws", false, false, ""},
    {"{\"config\":{},\"config\":{}}", "", false, false, ""},
    {"{}", "", false, false, ""},
    {"[]", "", false, false, ""},
    {"\x1f\x8b\x08", OCI "index.v1+json", false, false, ""}};

static void put_platforms(struct buf *out, const struct registry_manifest *m) {
    for (size_t i = 0; i < m->n_platforms; i++)
        buf_printf(out, "%s%.*s", i ? " " : "", STR_ARG(m->platforms[i]));
}

static void test_manifest(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof manifest_rows / sizeof *manifest_rows; i++) {
        const struct manifest_row *row = &manifest_rows[i];
        struct arena arena = ARENA_INIT(1024, 1 << 20);
        struct registry_manifest m = {.index = false};
        struct err err = ERR_INIT;
        struct buf platforms = BUF_INIT(1024);
        char *text = padded(str_of(row->json));
        enum ec ec = registry_manifest_read(&m, text, strlen(row->json), str_of(row->type),
                                            &arena, &err);
        if ((ec == EC_OK) != row->good || m.index != row->index)
            fail_row("%s as %s: %s", row->json, row->type, err.msg);
        put_platforms(&platforms, &m);
        assert_str(buf_view(&platforms), str_of(row->platforms));
        buf_done(&platforms);
        arena_done(&arena);
        free(text);
    }
}

static void test_many_platforms(void **state) {
    struct buf text = BUF_INIT(1 << 20);
    struct arena arena = ARENA_INIT(1024, 1 << 20);
    struct registry_manifest m;
    struct err err = ERR_INIT;
    (void)state;
    buf_puts(&text, "{\"manifests\":[{}");
    for (size_t i = 0; i < REGISTRY_PLATFORMS_MAX; i++)
        buf_puts(&text, ",{}");
    buf_puts(&text, "]}");
    char *copy = padded(buf_view(&text));
    assert_int_equal(registry_manifest_read(&m, copy, text.n, STR(""), &arena, &err), EC_LIMIT);
    free(copy);
    buf_done(&text);
    arena_done(&arena);
}

static void test_config(void **state) {
    static const struct {
        const char *json, *platform; /* NULL: an error */
    } rows[] = {
        {"{\"os\":\"linux\",\"architecture\":\"amd64\"}", "linux/amd64"},
        {"{\"os\":\"linux\",\"architecture\":\"arm\",\"variant\":\"v7\"}", "linux/arm/v7"},
        {"{\"os\":\"\",\"architecture\":\"\"}", NULL},
        {"{\"os\":\"unknown\",\"architecture\":\"unknown\"}", NULL},
        {"7", NULL}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena arena = ARENA_INIT(1024, 1 << 20);
        struct str platform = STR_NONE;
        struct err err = ERR_INIT;
        char *text = padded(str_of(rows[i].json));
        enum ec ec =
            registry_manifest_platform(&platform, text, strlen(rows[i].json), &arena, &err);
        if ((ec == EC_OK) != (rows[i].platform != NULL))
            fail_row("%s", rows[i].json);
        assert_str(platform, str_of(rows[i].platform));
        free(text);
        arena_done(&arena);
    }
}

static void test_platforms(void **state) {
    (void)state;
    assert_true(registry_manifest_serves(STR("linux/amd64"), STR("linux/amd64")));
    assert_true(registry_manifest_serves(STR("linux/arm64/v8"), STR("linux/arm64")));
    assert_true(registry_manifest_serves(STR("linux/arm64"), STR("linux/arm64/v8")));
    assert_false(registry_manifest_serves(STR("linux/arm/v7"), STR("linux/arm")));
    assert_false(registry_manifest_serves(STR("windows/amd64"), STR("linux/amd64")));
    assert_true(registry_manifest_is_platform(STR("linux/arm/v7")));
    assert_true(registry_manifest_is_platform(STR("linux/amd64")));
    assert_false(registry_manifest_is_platform(STR("linux")));
    assert_false(registry_manifest_is_platform(STR("linux/")));
    assert_false(registry_manifest_is_platform(STR("linux/a/b/c")));
    assert_false(registry_manifest_is_platform(STR("")));
}

/* ---- URLs and addresses -------------------------------------------------------------- */

static const struct {
    const char *url, *host; /* NULL: refused */
    uint16_t port;
} where_rows[] = {{"https://a.example/v2/", "a.example", 443},
                  {"http://a:5000", "a", 5000},
                  {"https://[::1]:5000/x", "::1", 5000},
                  {"https://127.0.0.1?q", "127.0.0.1", 443},
                  {"https://a_b.example/", "a_b.example", 443},
                  {"https://user@a/", NULL, 0},
                  {"https://a:b@c/", NULL, 0},
                  {"https://a\\@b/", NULL, 0},
                  {"https://a/\\b", NULL, 0},
                  {"https://a b/", NULL, 0},
                  {"https://a/\r\nX: y", NULL, 0},
                  {"https://a\x80/", NULL, 0},
                  {"https:///x", NULL, 0},
                  {"https://:80/x", NULL, 0},
                  {"https://a:0/", NULL, 0},
                  {"https://a:65536/", NULL, 0},
                  {"https://a:/", NULL, 0},
                  {"https://2130706433/", NULL, 0},
                  {"https://0x7f.1/", NULL, 0},
                  {"https://127.1/", NULL, 0},
                  {"https://0177.0.0.1/", NULL, 0},
                  {"https://1.2.3.4.5/", NULL, 0},
                  {"https://169.254.169.254./", NULL, 0},
                  {"https://[::1/", NULL, 0},
                  {"https://::1/", NULL, 0},
                  {"HTTPS://a/", NULL, 0},
                  {"ftp://a/", NULL, 0},
                  {"", NULL, 0}};

static void test_where(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof where_rows / sizeof *where_rows; i++) {
        struct registry_url url = {.port = 0};
        bool read = registry_where_read(&url, str_of(where_rows[i].url));
        if (read != (where_rows[i].host != NULL) || url.port != where_rows[i].port)
            fail_row("%s: read %d, port %u", where_rows[i].url, read, url.port);
        assert_str(url.host, str_of(where_rows[i].host));
    }
}

static const struct {
    const char *host;
    enum registry_place place;
} place_rows[] = {{"a.example", REGISTRY_ELSEWHERE},
                  {"8.8.8.8", REGISTRY_ELSEWHERE},
                  {"LocalHost", REGISTRY_LOOPBACK},
                  {"127.9.9.9", REGISTRY_LOOPBACK},
                  {"::1", REGISTRY_LOOPBACK},
                  {"::ffff:127.0.0.1", REGISTRY_LOOPBACK},
                  {"10.0.0.1", REGISTRY_PRIVATE},
                  {"172.31.0.1", REGISTRY_PRIVATE},
                  {"172.32.0.1", REGISTRY_ELSEWHERE},
                  {"192.168.1.1", REGISTRY_PRIVATE},
                  {"fc00::1", REGISTRY_PRIVATE},
                  {"169.254.169.254", REGISTRY_FORBIDDEN},
                  {"0.0.0.0", REGISTRY_FORBIDDEN},
                  {"::", REGISTRY_FORBIDDEN},
                  {"::ffff:169.254.169.254", REGISTRY_FORBIDDEN},
                  {"64:ff9b::a9fe:a9fe", REGISTRY_FORBIDDEN},
                  {"fe80::1", REGISTRY_FORBIDDEN},
                  {"febf::1", REGISTRY_FORBIDDEN},
                  {"fd00:ec2::254", REGISTRY_FORBIDDEN},
                  {"100.100.100.200", REGISTRY_FORBIDDEN},
                  {"168.63.129.16", REGISTRY_FORBIDDEN},
                  {"metadata.google.internal", REGISTRY_FORBIDDEN},
                  {"Metadata.Google.Internal.", REGISTRY_FORBIDDEN}};

static void test_place(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof place_rows / sizeof *place_rows; i++)
        if (registry_where_place(str_of(place_rows[i].host)) != place_rows[i].place)
            fail_row("%s: %d", place_rows[i].host,
                     registry_where_place(str_of(place_rows[i].host)));
}

static const struct {
    const char *list, *host;
    uint16_t port;
    bool covers;
} proxy_rows[] = {{"*", "a", 443, true},
                  {"a.example,b.example", "b.example", 443, true},
                  {"example", "a.example", 443, true},
                  {".example", "a.example", 443, true},
                  {"*.example", "a.example", 443, true},
                  {"example", "anexample", 443, false},
                  {"a.example:5000", "a.example", 5000, true},
                  {"a.example:5000", "a.example", 443, false},
                  {"10.0.0.0/8", "10.9.9.9", 443, true},
                  {"10.0.0.0/8", "11.0.0.1", 443, false},
                  {"10.0.0.0/33", "10.0.0.1", 443, false},
                  {"0.0.0.0/0", "10.0.0.1", 443, true},
                  {"", "a", 443, false},
                  {" , ,", "a", 443, false}};

static void test_no_proxy(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof proxy_rows / sizeof *proxy_rows; i++)
        if (registry_where_no_proxy(str_of(proxy_rows[i].list), str_of(proxy_rows[i].host),
                                    proxy_rows[i].port) != proxy_rows[i].covers)
            fail_row("%s for %s:%u", proxy_rows[i].list, proxy_rows[i].host,
                     proxy_rows[i].port);
}

/* ---- docker's config.json ------------------------------------------------------------ */

static const char config_text[] =
    "{\"auths\":{\"a.example\":{\"auth\":\"dTpwOnE=\"},"
    "\"https://b.example/v1/\":{\"username\":\"u\",\"password\":\"p\"},"
    "\"https://index.docker.io/v1/\":{\"identitytoken\":\"t\"},"
    "\"bad.example\":{\"auth\":\"!\"},\"colon.example\":{\"auth\":\"dQ==\"},\"empty.example\":{"
    "}},"
    "\"credsStore\":\"pass\"}";

static const struct {
    const char *host;
    bool found, good;
    const char *user, *password, *token, *name;
} docker_rows[] = {{"a.example", true, true, "u", "p:q", "", "a.example"},
                   {"b.example", true, true, "u", "p", "", "https://b.example/v1/"},
                   {"docker.io", true, true, "", "", "t", "https://index.docker.io/v1/"},
                   {"empty.example", true, true, "", "", "", "empty.example"},
                   {"bad.example", true, false, "", "", "", ""},
                   {"colon.example", true, false, "", "", "", ""},
                   {"c.example", false, true, "", "", "", ""}};

static void test_docker_config(void **state) {
    struct registry_docker_config c;
    struct err err = ERR_INIT;
    struct arena arena = ARENA_INIT(1024, 1 << 20);
    char *text = padded(str_of(config_text));
    (void)state;
    assert_ok(registry_docker_config_read(&c, text, strlen(config_text), &err), &err);
    assert_true(c.helpers);
    for (size_t i = 0; i < sizeof docker_rows / sizeof *docker_rows; i++) {
        struct registry_login login = {.user = STR_NONE};
        bool found = false;
        struct err bad = ERR_INIT;
        enum ec ec = registry_docker_config_find(&c, str_of(docker_rows[i].host), &login,
                                                 &found, &arena, &bad);
        if ((ec == EC_OK) != docker_rows[i].good || found != docker_rows[i].found)
            fail_row("%s: %s", docker_rows[i].host, bad.msg);
        assert_str(login.user, str_of(docker_rows[i].user));
        assert_str(login.password, str_of(docker_rows[i].password));
        assert_str(login.refresh_token, str_of(docker_rows[i].token));
        assert_str(login.name, str_of(docker_rows[i].name));
    }
    registry_docker_config_done(&c);
    arena_done(&arena);
    free(text);
}

static void test_docker_config_errors(void **state) {
    static const char *const texts[] = {"", "[", "{\"auths\":[]}", "{\"auths\":7}",
                                        "{\"auths\":{\"a\":{\"auth\":\"c2VjcmV0\"}"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct registry_docker_config c;
        struct err err = ERR_INIT;
        char *text = padded(str_of(texts[i]));
        if (registry_docker_config_read(&c, text, strlen(texts[i]), &err) == EC_OK)
            fail_row("%s", texts[i]);
        assert_null(strstr(err.msg, "c2VjcmV0"));
        registry_docker_config_done(&c);
        free(text);
    }
}

/* ---- out of memory ------------------------------------------------------------------- */

/* All readers; false: one had no memory. */
static bool read_all(void) {
    const struct challenge_row *challenge = &challenge_rows[3];
    const struct manifest_row *index = &manifest_rows[3];
    struct arena arena = ARENA_INIT(64, 1 << 20);
    struct registry_challenge c;
    struct registry_manifest m;
    struct registry_docker_config config;
    struct registry_login login;
    struct str token;
    bool found;
    struct err err = ERR_INIT;
    char *texts[] = {padded(str_of(index->json)), padded(STR("{\"token\":\"t\"}")),
                     padded(str_of(config_text))};
    enum ec ec = registry_challenge_read(&c, str_of(challenge->header), &arena, &err);
    if (ec == EC_OK)
        ec = registry_manifest_read(&m, texts[0], strlen(index->json), str_of(index->type),
                                    &arena, &err);
    if (ec == EC_OK)
        ec = registry_token_read(&token, texts[1], 13, &err);
    if (ec == EC_OK) {
        ec = registry_docker_config_read(&config, texts[2], strlen(config_text), &err);
        if (ec == EC_OK)
            ec = registry_docker_config_find(&config, STR("a.example"), &login, &found, &arena,
                                             &err);
        registry_docker_config_done(&config);
    }
    assert_true(ec == EC_OK || ec == EC_NOMEM);
    for (size_t i = 0; i < 3; i++)
        free(texts[i]);
    arena_done(&arena);
    return ec == EC_OK;
}

static void test_no_memory(void **state) {
    size_t live = mem_fault_live();
    (void)state;
    for (size_t n = 1;; n++) {
        mem_fault_arm(n, MEM_FAULT_ONCE);
        bool read = read_all();
        bool failed = mem_fault_disarm();
        assert_int_equal(mem_fault_live(), live);
        assert_true(failed != read);
        if (!failed)
            break;
    }
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_challenge),      cmocka_unit_test(test_token_url),
        cmocka_unit_test(test_token_form),     cmocka_unit_test(test_token_read),
        cmocka_unit_test(test_reason),         cmocka_unit_test(test_manifest),
        cmocka_unit_test(test_many_platforms), cmocka_unit_test(test_config),
        cmocka_unit_test(test_platforms),      cmocka_unit_test(test_where),
        cmocka_unit_test(test_place),          cmocka_unit_test(test_no_proxy),
        cmocka_unit_test(test_docker_config),  cmocka_unit_test(test_docker_config_errors),
        cmocka_unit_test(test_no_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
