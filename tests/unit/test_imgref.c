#include "test.h"

#include "base/buf.h"
#include "base/file.h"
#include "imgref/imgref.h"

#include <stdlib.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

/* tests/fuzz/fuzz_imgref.c: aborts when a property does not hold. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* ---- the table made with the reference parser ---------------------------------------- */

enum column {
    INPUT,
    OK,
    DOMAIN,
    PATH,
    TAG,
    DIGEST,
    QUALIFIED,
    ERROR,
    CANONICAL,
    AGREES = 11,
    N_COLUMNS
};

static unsigned hex_value(char c) {
    return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

/* \xHH and \\ become bytes. */
static void unescape(struct str s, struct buf *out) {
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] != '\\') {
            buf_putc(out, s.p[i]);
        } else if (s.p[i + 1] == '\\') {
            buf_putc(out, '\\');
            i += 1;
        } else {
            buf_putc(out, (char)(hex_value(s.p[i + 2]) << 4 | hex_value(s.p[i + 3])));
            i += 3;
        }
    }
}

static void split_row(struct str line, struct str columns[N_COLUMNS]) {
    for (int c = 0; c < N_COLUMNS; c++) {
        size_t tab = str_find(line, '\t');
        columns[c] = str_slice(line, 0, tab);
        line = str_slice(line, tab + 1, line.n);
    }
}

/* Refused although the reference parser takes them. */
enum { AS_IS, EMPTY_DOMAIN, LOCAL_ID, LARGE_PORT, N_REASONS };

static int refused_on_purpose(const struct str row[N_COLUMNS]) {
    static const char *const ids[] = {"sha256:" HEX64, "sha256:abcdef",
                                      "sha384:" HEX64 "0123456789abcdef0123456789abcdef",
                                      "sha256:8", "sha512:abcdef"};
    static const char *const ports[] = {"host:65536/app", "host:99999999999999999999/app",
                                        "[::1]:99999/x"};
    if (row[OK].p[0] == '1' && row[DOMAIN].n == 0)
        return EMPTY_DOMAIN;
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
        if (str_eq(row[INPUT], str_of(ids[i])))
            return LOCAL_ID;
    for (size_t i = 0; i < sizeof ports / sizeof *ports; i++)
        if (str_eq(row[INPUT], str_of(ports[i])))
            return LARGE_PORT;
    return AS_IS;
}

static bool same_parts(const struct imgref *r, const struct str row[N_COLUMNS]) {
    struct buf repository = BUF_INIT(1000), canonical = BUF_INIT(10000);
    imgref_print_repository(r, &repository);
    imgref_print(r, IMGREF_WITH_LATEST, &canonical);
    bool same = str_eq(r->host, row[DOMAIN]) && str_eq(buf_view(&repository), row[PATH]) &&
                str_eq(r->tag, row[TAG]) && str_eq(r->digest, row[DIGEST]) &&
                r->qualified == (row[QUALIFIED].p[0] == '1') &&
                str_eq(buf_view(&canonical), row[CANONICAL]);
    buf_done(&repository);
    buf_done(&canonical);
    return same;
}

/* The quirks are what makes pullers differ over the canonical spelling; LOCALHOST alone is
 * refused by CRI-O though it is the same host in lower case. */
static bool same_agreement(const struct imgref *r, const struct str row[N_COLUMNS]) {
    bool agrees = (r->quirks & ~(unsigned)IMGREF_UPPER_HOST) == 0 &&
                  !(r->quirks && str_eq_nocase(r->host, STR("localhost")));
    return agrees == (row[AGREES].p[0] == '1');
}

static void check_row(struct str line, unsigned counts[N_REASONS]) {
    struct str row[N_COLUMNS];
    struct buf input = BUF_INIT(10000);
    struct imgref r;
    struct err err = ERR_INIT;
    split_row(line, row);
    unescape(row[INPUT], &input);
    int reason = refused_on_purpose(row);
    bool ok = row[OK].p[0] == '1' && reason == AS_IS;
    counts[reason]++;
    if ((imgref_parse(&r, buf_view(&input), &err) == EC_OK) != ok)
        fail_row("row \"%.*s\": %s", STR_ARG(row[INPUT]), ok ? err.msg : "is accepted");
    if (ok && !same_parts(&r, row))
        fail_row("row \"%.*s\": other parts", STR_ARG(row[INPUT]));
    if (ok && !same_agreement(&r, row))
        fail_row("row \"%.*s\": quirks %u", STR_ARG(row[INPUT]), r.quirks);
    buf_done(&input);
}

static void agrees_with_the_reference_parser(void **state) {
    (void)state;
    struct buf file = BUF_INIT(1 << 20);
    struct err err = ERR_INIT;
    unsigned counts[N_REASONS] = {0}, rows = 0;
    assert_ok(file_read(&file, TESTS_DIR "/unit/data/imageref.tsv", 1 << 20, &err), &err);
    struct str rest = buf_view(&file);
    rest = str_slice(rest, str_find(rest, '\n') + 1, rest.n);
    for (; rest.n != 0; rows++) {
        size_t end = str_find(rest, '\n');
        check_row(str_slice(rest, 0, end), counts);
        rest = str_slice(rest, end + 1, rest.n);
    }
    assert_int_equal(rows, 319);
    assert_int_equal(counts[EMPTY_DOMAIN], 9);
    assert_int_equal(counts[LOCAL_ID], 5);
    assert_int_equal(counts[LARGE_PORT], 3);
    buf_done(&file);
}

/* ---- refusals, with the byte they are about ------------------------------------------ */

#define A50 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A250 A50 A50 A50 A50 A50

static const struct {
    struct str text;
    size_t at;
    const char *reason; /* a part of the message */
} refusals[] = {
    {STR_INIT(""), 0, "image is empty"},
    {STR_INIT(HEX64), 0, "are an image id"},
    {STR_INIT("/"), 0, "image begins with '/'"},
    {STR_INIT("/nginx"), 0, "image begins with '/'"},
    {STR_INIT("//docker.io/nginx"), 0, "image begins with '/'"},
    {STR_INIT("https://quay.io/foo"), 5, "image has a scheme"},
    {STR_INIT("docker://nginx"), 6, "image has a scheme"},
    {STR_INIT(" nginx"), 0, "repository has a blank"},
    {STR_INIT("nginx "), 5, "repository has a blank"},
    {STR_INIT("nginx\n"), 5, "repository has byte 0x0a"},
    {STR_INIT("nginx\0"), 5, "repository has byte 0x00"},
    {STR_INIT("\0"), 0, "repository has byte 0x00"},
    {STR_INIT("x/na\xc3\xafve"), 4, "repository has byte 0xc3"},
    {STR_INIT("a+b"), 1, "repository has '+'"},
    {STR_INIT("a\\b"), 1, "repository has '\\'"},
    /* repository */
    {STR_INIT("Nginx"), 0, "repository has an upper-case letter, 'N'"},
    {STR_INIT("ghcr.io/acme/App"), 13, "repository has an upper-case letter, 'A'"},
    {STR_INIT(":tag"), 0, "repository is empty"},
    {STR_INIT("@"), 0, "repository is empty"},
    {STR_INIT("ghcr.io/"), 8, "repository is empty"},
    {STR_INIT("ghcr.io/:1"), 8, "repository is empty"},
    {STR_INIT("ghcr.io//x"), 8, "empty component"},
    {STR_INIT("ghcr.io/x//y"), 10, "empty component"},
    {STR_INIT("ghcr.io/x/"), 9, "repository ends with '/'"},
    {STR_INIT("ghcr.io/x/:1"), 9, "repository ends with '/'"},
    {STR_INIT("a-"), 1, "repository ends with '-'"},
    {STR_INIT("a__"), 2, "repository ends with '_'"},
    {STR_INIT("x/a_:1"), 3, "repository ends with '_'"},
    {STR_INIT("x/a_/b"), 3, "component ends with '_'"},
    {STR_INIT("x/a--/b"), 4, "component ends with '-'"},
    {STR_INIT("-a"), 0, "component begins with '-'"},
    {STR_INIT("x/.a"), 2, "component begins with '.'"},
    {STR_INIT("x/../y"), 2, "component begins with '.'"},
    {STR_INIT("x/a..b"), 4, "'.' after '.'"},
    {STR_INIT("x/a___b"), 5, "'_' after '_'"},
    {STR_INIT("x/a-_b"), 4, "'_' after '-'"},
    {STR_INIT("x/a_-b"), 4, "'-' after '_'"},
    {STR_INIT("ghcr.io/" A250 "abcdef"), 8 + 255, "is 256 bytes long, at most 255"},
    {STR_INIT(A250 "abcdef"), 255 - 8, "is 264 bytes long with library/, at most 255"},
    {STR_INIT("docker.io/" A250), 10 + 247, "is 258 bytes long with library/, at most 255"},
    /* tag */
    {STR_INIT("nginx:"), 5, "tag is empty"},
    {STR_INIT("nginx:@sha256:" HEX64), 5, "tag is empty"},
    {STR_INIT("nginx:.1"), 6, "tag begins with '.'"},
    {STR_INIT("nginx:-1"), 6, "tag begins with '-'"},
    {STR_INIT("nginx::"), 6, "tag has ':'"},
    {STR_INIT("nginx:a:b"), 7, "tag has ':'"},
    {STR_INIT("nginx:1.0+build"), 9, "tag has '+'"},
    {STR_INIT("nginx:a b"), 7, "tag has a blank"},
    {STR_INIT("ghcr.io/x:/y"), 10, "tag has '/'"},
    {STR_INIT("nginx:" A50 A50 "aaaaaaaaaaaaaaaaaaaaaaaaaaaax"), 6 + 128,
     "tag is 129 bytes long, at most 128"},
    /* digest */
    {STR_INIT("nginx@"), 5, "digest is empty"},
    {STR_INIT("nginx:1@"), 7, "digest is empty"},
    {STR_INIT("nginx@latest"), 6, "digest has no ':'"},
    {STR_INIT("nginx@:" HEX64), 6, "is not sha256, sha384 or sha512"},
    {STR_INIT("nginx@md5:" HEX64), 6, "is not sha256, sha384 or sha512"},
    {STR_INIT("nginx@SHA256:" HEX64), 6, "is not sha256, sha384 or sha512"},
    {STR_INIT("nginx@sha256:"), 13, "sha256 needs 64 hexadecimal digits, found 0"},
    {STR_INIT("nginx@sha256:" HEX64 "0"), 13, "sha256 needs 64 hexadecimal digits, found 65"},
    {STR_INIT("nginx@sha512:" HEX64), 13, "sha512 needs 128 hexadecimal digits, found 64"},
    {STR_INIT("nginx@sha256:aBc"), 14, "digest has 'B', expected lower-case"},
    {STR_INIT("nginx@sha256:" HEX64 ":1"), 13 + 64, "digest has ':'"},
    {STR_INIT("nginx@sha256:" HEX64 "\n"), 13 + 64, "digest has byte 0x0a"},
    /* host */
    {STR_INIT(":5000/x"), 0, "host is empty"},
    {STR_INIT("quay.io./foo"), 7, "host ends with '.'"},
    {STR_INIT("quay.io.:80/foo"), 7, "host ends with '.'"},
    {STR_INIT("quay..io/foo"), 5, "host has an empty label"},
    {STR_INIT(".quay.io/foo"), 0, "host has an empty label"},
    {STR_INIT("-x.io/y"), 0, "label that begins with '-'"},
    {STR_INIT("a.-x.io/y"), 2, "label that begins with '-'"},
    {STR_INIT("x-.io/y"), 1, "label that ends with '-'"},
    {STR_INIT("docker.io-/y"), 9, "label that ends with '-'"},
    {STR_INIT("foo_bar.io/x"), 3, "host has '_'"},
    {STR_INIT("evil_host.example.com/library/nginx"), 4, "host has '_'"},
    {STR_INIT("docker.io__evil.com/x"), 9, "host has '_'"},
    {STR_INIT("a_B/c"), 1, "host has '_'"},
    {STR_INIT("user@quay.io/foo"), 4, "host has '@'"},
    {STR_INIT("nginx@sha256:" HEX64 "/x"), 5, "host has '@'"},
    {STR_INIT("docker.io%2fevil.com/x"), 9, "host has '%'"},
    {STR_INIT("qu\xd0\xb0y.io/foo"), 2, "host has byte 0xd0"},
    {STR_INIT("quay.io\0/foo"), 7, "host has byte 0x00"},
    {STR_INIT("localhost:/x"), 9, "port is empty"},
    {STR_INIT("oci:/x"), 3, "port is empty"},
    {STR_INIT("registry:latest/app"), 9, "port has 'l'"},
    {STR_INIT("host:-1/app"), 5, "port has '-'"},
    {STR_INIT("2001:db8::1/x"), 5, "port has 'd'"},
    {STR_INIT("host:65536/app"), 5, "port is above 65535"},
    {STR_INIT("host:4294967376/app"), 5, "port is above 65535"},
    {STR_INIT("host:18446744073709551696/app"), 5, "port is above 65535"},
    {STR_INIT("host:0000000000000000000000065536/app"), 5, "port is above 65535"},
    {STR_INIT("[::1/x"), 0, "'[' without ']'"},
    {STR_INIT("[::1]x/y"), 5, "host has 'x' after ']'"},
    {STR_INIT("[::1].com/y"), 5, "host has '.' after ']'"},
    {STR_INIT("[::1]:/y"), 5, "port is empty"},
    {STR_INIT("[].:/y"), 1, "IPv6 address is empty"},
    {STR_INIT("[fe80::1%eth0]/x"), 8, "IPv6 address has '%'"},
    {STR_INIT("[::ffff:1.2.3.4]/x"), 9, "IPv6 address has '.'"},
    /* what containerd takes for the id of a local image */
    {STR_INIT("sha256:8"), 0, "id of a local image"},
    {STR_INIT("sha256:DEADBEEF"), 0, "id of a local image"},
    {STR_INIT("sha512:" HEX64 HEX64), 0, "id of a local image"},
};

static void refuses_with_reason_and_position(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        struct imgref r = {.quirks = 77};
        struct err err = ERR_INIT;
        if (imgref_parse(&r, refusals[i].text, &err) != EC_SYNTAX || r.quirks != 77)
            fail_row("row %zu \"%.*s\": accepted", i, STR_ARG(refusals[i].text));
        if (err.offset != refusals[i].at || strstr(err.msg, refusals[i].reason) == NULL)
            fail_row("row %zu \"%.*s\": %zu: %s", i, STR_ARG(refusals[i].text), err.offset,
                     err.msg);
    }
}

/* ---- parts that the table does not show ---------------------------------------------- */

static const struct {
    const char *text, *host, *port, *path, *tag;
    bool library;
    unsigned quirks;
} accepted[] = {
    {"nginx", "docker.io", "", "nginx", "", true, 0},
    {"index.docker.io/nginx:1", "docker.io", "", "nginx", "1", true, 0},
    {"docker.io/library/nginx", "docker.io", "", "library/nginx", "", false, 0},
    {"DOCKER.IO/nginx", "DOCKER.IO", "", "nginx", "", false, IMGREF_UPPER_HOST},
    {"docker.io:443/nginx", "docker.io:443", "443", "nginx", "", false, 0},
    {"index.docker.io:443/nginx", "index.docker.io:443", "443", "nginx", "", false, 0},
    {"host:0080/app", "host:0080", "0080", "app", "", false, 0},
    {"host:00000000000000000000000000065535/a", "host:00000000000000000000000000065535",
     "00000000000000000000000000065535", "a", "", false, 0},
    {"host:0/app", "host:0", "0", "app", "", false, 0},
    {"Foo/bar", "Foo", "", "bar", "", false, IMGREF_UPPER_HOST | IMGREF_UPPER_WORD},
    {"LocalHost/x", "LocalHost", "", "x", "", false, IMGREF_UPPER_HOST},
    {"A:5000/b", "A:5000", "5000", "b", "", false, IMGREF_UPPER_HOST},
    {"[::1]:5000/x:t", "[::1]:5000", "5000", "x", "t", false, IMGREF_IPV6},
    {"[FE80::1]/x", "[FE80::1]", "", "x", "", false, IMGREF_IPV6 | IMGREF_UPPER_HOST},
    {"sha256:latest", "docker.io", "", "sha256", "latest", true, 0},
    {"sha1:abc", "docker.io", "", "sha1", "abc", true, 0},
    {"docker.io/sha256:8", "docker.io", "", "sha256", "8", true, 0},
    {"x/sha256:8", "docker.io", "", "x/sha256", "8", false, 0},
    {"sha256:8@sha256:" HEX64, "docker.io", "", "sha256", "8", true, 0},
    {"ghcr.io/" A50 A50 A50 A50 "/" A50 "aaaa", "ghcr.io", "", A50 A50 A50 A50 "/" A50 "aaaa",
     "", false, IMGREF_LONG},
};

static void splits_into_parts(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof accepted / sizeof *accepted; i++) {
        struct imgref r;
        struct err err = ERR_INIT;
        if (imgref_parse(&r, str_of(accepted[i].text), &err) != EC_OK)
            fail_row("row \"%s\": %s", accepted[i].text, err.msg);
        assert_str(r.host, str_of(accepted[i].host));
        assert_str(r.port, str_of(accepted[i].port));
        assert_str(r.path, str_of(accepted[i].path));
        assert_str(r.tag, str_of(accepted[i].tag));
        if (r.library != accepted[i].library || r.quirks != accepted[i].quirks)
            fail_row("row \"%s\": quirks %u", accepted[i].text, r.quirks);
    }
}

static void prints_plain_and_with_latest(void **state) {
    (void)state;
    static const struct {
        const char *text, *plain, *latest;
    } rows[] = {
        {"nginx", "docker.io/library/nginx", "docker.io/library/nginx:latest"},
        {"a/b:1", "docker.io/a/b:1", "docker.io/a/b:1"},
        {"a@sha256:" HEX64, "docker.io/library/a@sha256:" HEX64,
         "docker.io/library/a@sha256:" HEX64},
        {"x.io/a:1@sha256:" HEX64, "x.io/a:1@sha256:" HEX64, "x.io/a:1@sha256:" HEX64},
        {"index.docker.io/a", "docker.io/library/a", "docker.io/library/a:latest"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf plain = BUF_INIT(1000), latest = BUF_INIT(1000);
        struct imgref r;
        struct err err = ERR_INIT;
        assert_ok(imgref_parse(&r, str_of(rows[i].text), &err), &err);
        imgref_print(&r, IMGREF_PLAIN, &plain);
        imgref_print(&r, IMGREF_WITH_LATEST, &latest);
        assert_str(buf_view(&plain), str_of(rows[i].plain));
        assert_str(buf_view(&latest), str_of(rows[i].latest));
        buf_done(&plain);
        buf_done(&latest);
    }
}

static void knows_hosts_and_paths(void **state) {
    (void)state;
    static const struct {
        struct str text;
        bool host, path;
    } rows[] = {
        {STR_INIT("docker.io"), true, true},
        {STR_INIT("localhost"), true, true},
        {STR_INIT("localhost:5000"), true, false},
        {STR_INIT("Foo"), true, false},
        {STR_INIT("[::1]:80"), true, false},
        {STR_INIT("10.0.0.1:00080"), true, false},
        {STR_INIT("foo"), false, true},
        {STR_INIT("a/b__c/d"), false, true},
        {STR_INIT(""), false, false},
        {STR_INIT("/"), false, false},
        {STR_INIT("docker.io/x"), false, true},
        {STR_INIT("docker.io/"), false, false},
        {STR_INIT("a.b:65536"), false, false},
        {STR_INIT("a.b:"), false, false},
        {STR_INIT("a_b.c"), false, true},
        {STR_INIT("a.b\n"), false, false},
        {STR_INIT("a.b\0"), false, false},
        {STR_INIT("*.b"), false, false},
        {STR_INIT("a:1"), true, false},
        {STR_INIT("a@b"), false, false},
        {STR_INIT(":80"), false, false},
        {STR_INIT("."), false, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (imgref_is_host(rows[i].text) != rows[i].host ||
            imgref_is_path(rows[i].text) != rows[i].path)
            fail_row("row %zu \"%.*s\"", i, STR_ARG(rows[i].text));
}

/* ---- strings made up from pieces of the grammar -------------------------------------- */

/* The grammar said a second time, as the regular expression of the reference parser, over what
 * its splitDockerDomain makes of the text. */
#define RE_WORD "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*"
#define RE_LABEL "[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
static const char grammar[] =
    "(" RE_LABEL "(?:\\." RE_LABEL ")*|\\[[a-fA-F0-9:]+\\])(?::(0*[0-9]{1,5}))?"
    "/(" RE_WORD "(?:/" RE_WORD ")*)(?::([A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?"
    "(?:@(sha256:[a-f0-9]{64}|sha384:[a-f0-9]{96}|sha512:[a-f0-9]{128}))?";
static const char ids[] = "[0-9a-f]{64}|sha(?:256|384|512):[0-9a-fA-F]{1,128}";

struct oracle {
    pcre2_code *grammar, *ids;
    pcre2_match_data *data;
};

static pcre2_code *compile(const char *regex) {
    int error;
    PCRE2_SIZE at;
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)regex, PCRE2_ZERO_TERMINATED,
                                     PCRE2_ANCHORED | PCRE2_ENDANCHORED, &error, &at, NULL);
    assert_non_null(code);
    (void)pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
    return code;
}

static bool matches(const struct oracle *o, const pcre2_code *code, struct str text) {
    return pcre2_match(code, (PCRE2_SPTR)text.p, text.n, 0, 0, o->data, NULL) > 0;
}

static struct str group(const struct oracle *o, struct str text, uint32_t i) {
    const PCRE2_SIZE *pairs = pcre2_get_ovector_pointer(o->data);
    if (i >= pcre2_get_ovector_count(o->data) || pairs[2 * i] == PCRE2_UNSET)
        return STR_NONE;
    return str_slice(text, pairs[2 * i], pairs[2 * i + 1]);
}

static bool first_is_host(struct str first) {
    bool marked = str_eq(first, STR("localhost"));
    for (size_t i = 0; i < first.n; i++)
        marked = marked || first.p[i] == '.' || first.p[i] == ':' ||
                 (first.p[i] >= 'A' && first.p[i] <= 'Z');
    return marked;
}

/* host "/" rest with the defaults of Docker Hub filled in. */
static void spell_out(struct str text, struct buf *out) {
    size_t slash = str_find(text, '/');
    struct str host = STR("docker.io"), rest = text;
    if (slash < text.n && first_is_host(str_slice(text, 0, slash))) {
        host = str_slice(text, 0, slash);
        rest = str_slice(text, slash + 1, text.n);
    }
    if (str_eq(host, STR("index.docker.io")))
        host = STR("docker.io");
    buf_str(out, host);
    buf_putc(out, '/');
    if (str_eq(host, STR("docker.io")) && str_find(rest, '/') == rest.n)
        buf_puts(out, "library/");
    buf_str(out, rest);
}

/* Ports past 65535 in at most five digits. */
static bool is_large(struct str port) {
    return port.n != 0 && strtol(port.p, NULL, 10) > 65535;
}

static bool oracle_takes(const struct oracle *o, struct str text, struct buf *spelt) {
    buf_reset(spelt);
    if (matches(o, o->ids, text))
        return false;
    spell_out(text, spelt);
    struct str s = buf_view(spelt);
    return matches(o, o->grammar, s) && group(o, s, 3).n <= 255 && !is_large(group(o, s, 2));
}

static uint64_t next_random(uint64_t *state) { /* xorshift64* (Marsaglia, Vigna) */
    uint64_t x = *state;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *state = x;
    return x * UINT64_C(0x2545f4914f6cdd1d);
}

static size_t below(uint64_t *state, size_t n) {
    return (size_t)((next_random(state) >> 33) % n);
}

static void add_one_of(struct buf *b, uint64_t *random, const char *const pieces[], size_t n) {
    buf_puts(b, pieces[below(random, n)]);
}

#define ADD(b, random, pieces) add_one_of(b, random, pieces, sizeof(pieces) / sizeof *(pieces))

static void make_up(struct buf *b, uint64_t *random) {
    static const char *const hosts[] = {"docker.io",
                                        "index.docker.io",
                                        "ghcr.io",
                                        "localhost",
                                        "LocalHost",
                                        "Foo",
                                        "DOCKER.IO",
                                        "x-y",
                                        "10.0.0.1",
                                        "[::1]",
                                        "[B]",
                                        "evil_host.com",
                                        "a.b-c.d",
                                        "quay.io.",
                                        "Index.Docker.Io",
                                        "registry",
                                        "a..b",
                                        "-a.b"};
    static const char *const ports[] = {"",
                                        "",
                                        "",
                                        "",
                                        ":5000",
                                        ":443",
                                        ":0080",
                                        ":65535",
                                        ":65536",
                                        ":0",
                                        ":000000000000065535",
                                        ":",
                                        ":x"};
    static const char *const words[] = {"nginx",  "a",         "library", "acme-data", "sha256",
                                        "sha512", "a__b",      "a.b",     "a---b",     "0",
                                        "x_y",    "docker.io", "A",       "a_",        "-a",
                                        "a..b",   A50,         A50,       "localhost", ""};
    static const char *const tags[] = {"",   "",     "",        ":1",  ":latest",
                                       ":8", ":abc", ":_x.y-z", ":V1", ":a50" A50 A50,
                                       ":",  ":.a",  ":1:2"};
    static const char *const digests[] = {"",
                                          "",
                                          "",
                                          "",
                                          "@sha256:" HEX64,
                                          "@sha512:" HEX64 HEX64,
                                          "@sha256:" HEX64 "0",
                                          "@",
                                          "@sha384:" HEX64,
                                          "@md5:" HEX64};
    if (below(random, 8) == 0) {
        buf_puts(b, HEX64);
        return;
    }
    if (below(random, 3) != 0) {
        ADD(b, random, hosts);
        ADD(b, random, ports);
        buf_putc(b, '/');
    }
    for (size_t n = below(random, 6), i = 0; i <= n; i++) {
        if (i != 0)
            buf_putc(b, '/');
        ADD(b, random, words);
    }
    ADD(b, random, tags);
    ADD(b, random, digests);
}

/* Changes, drops or doubles a byte, or cuts the rest. */
static void mutate(struct buf *b, uint64_t *random) {
    static const char bytes[] = "/:@._-[]azAZ09fF %\n\0\xc3*+~";
    if (b->n == 0)
        return;
    size_t at = below(random, b->n);
    switch (below(random, 5)) {
    case 0:
        memmove(b->p + at, b->p + at + 1, b->n - at - 1);
        b->n--;
        break;
    case 1:
        b->n = at;
        break;
    case 2:
        buf_putc(b, ' ');
        memmove(b->p + at + 1, b->p + at, b->n - at - 1);
        break;
    default:
        b->p[at] = bytes[below(random, sizeof bytes - 1)];
    }
}

static void check_made_up(const struct oracle *o, struct str text, struct buf *spelt,
                          size_t *taken) {
    struct imgref r;
    struct err err = ERR_INIT;
    LLVMFuzzerTestOneInput((const uint8_t *)text.p, text.n);
    bool ok = imgref_parse(&r, text, &err) == EC_OK;
    if (ok != oracle_takes(o, text, spelt))
        fail_row("\"%.*s\": %s", STR_ARG(text), ok ? "is accepted" : err.msg);
    if (!ok)
        return;
    struct buf printed = BUF_INIT(10000);
    imgref_print(&r, IMGREF_PLAIN, &printed);
    assert_str(buf_view(&printed), buf_view(spelt));
    assert_str(r.port, group(o, buf_view(spelt), 2));
    assert_str(r.tag, group(o, buf_view(spelt), 4));
    assert_str(r.digest, group(o, buf_view(spelt), 5));
    buf_done(&printed);
    ++*taken;
}

static void holds_over_made_up_strings(void **state) {
    (void)state;
    enum { COUNT = 250000 };
    uint64_t random = 20261120;
    struct oracle o = {.grammar = compile(grammar), .ids = compile(ids)};
    struct buf b = BUF_INIT(10000), spelt = BUF_INIT(10000);
    size_t taken = 0;
    o.data = pcre2_match_data_create_from_pattern(o.grammar, NULL);
    for (size_t i = 0; i < COUNT; i++) {
        buf_reset(&b);
        make_up(&b, &random);
        for (size_t n = below(&random, 3); n != 0; n--)
            mutate(&b, &random);
        /* To the byte, so that the address sanitizer sees a read past the end. */
        char *exact = malloc(b.n);
        if (b.n != 0)
            memcpy(exact, b.p, b.n);
        check_made_up(&o, (struct str){exact, b.n}, &spelt, &taken);
        free(exact);
    }
    /* Neither half may starve. */
    assert_true(taken > COUNT / 10 && taken < COUNT - COUNT / 10);
    buf_done(&b);
    buf_done(&spelt);
    pcre2_match_data_free(o.data);
    pcre2_code_free(o.grammar);
    pcre2_code_free(o.ids);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(agrees_with_the_reference_parser),
    cmocka_unit_test(refuses_with_reason_and_position),
    cmocka_unit_test(splits_into_parts),
    cmocka_unit_test(prints_plain_and_with_latest),
    cmocka_unit_test(knows_hosts_and_paths),
    cmocka_unit_test(holds_over_made_up_strings),
};

TEST_MAIN(tests)
