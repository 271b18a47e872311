#include "mem_fault.h"
#include "test.h"

#include "base/buf.h"
#include "match/match.h"

#include <pthread.h>
#include <stdlib.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

/* tests/fuzz/fuzz_match.c: aborts when a property does not hold. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* ---- images -------------------------------------------------------------------------- */

#define A50 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A250 A50 A50 A50 A50 A50

static enum match_result match_metered(const struct match_image *m, struct str whole,
                                       struct match_meter *meter) {
    size_t slash = str_find(whole, '/');
    struct match_target t = {.host = str_slice(whole, 0, slash),
                             .repository = str_slice(whole, slash + 1, whole.n),
                             .whole = whole};
    return match_image(m, &t, meter);
}

static enum match_result match_whole(const struct match_image *m, struct str whole) {
    struct match_meter meter = MATCH_METER(UINT64_MAX, NULL);
    return match_metered(m, whole, &meter);
}

static bool is_name(struct str pattern, struct str name) {
    struct match_meter meter = MATCH_METER(UINT64_MAX, NULL);
    return match_name(pattern, name, &meter);
}

static bool are_labels(const struct match_selector *s, const struct match_label *labels,
                       size_t n) {
    struct match_meter meter = MATCH_METER(UINT64_MAX, NULL);
    return match_labels(s, labels, n, &meter);
}

struct report_image_row {
    const char *pattern, *image;
    enum match_result expected;
};

static const struct report_image_row prefixes[] = {
    {"docker.io", "docker.io/library/nginx", MATCH_YES},
    {"docker.io/library", "docker.io/library/nginx", MATCH_YES},
    {"docker.io/library/nginx", "docker.io/library/nginx", MATCH_YES},
    {"Docker.IO/library", "docker.io/library/nginx", MATCH_YES},
    {"ghcr.io/acme", "ghcr.io/acme", MATCH_YES},
    {"ghcr.io/acme", "ghcr.io/acme/a/b/c", MATCH_YES},
    {"harbor.corp:5000", "harbor.corp:5000/x", MATCH_YES},
    {"localhost", "localhost/x", MATCH_YES},
    {"[::1]:5000/a", "[::1]:5000/a/b", MATCH_YES},
    {"docker.io", "docker.io.evil.com/library/nginx", MATCH_NO},
    {"docker.io", "docker.io-evil.com/library/nginx", MATCH_NO},
    {"docker.io", "evil.com/docker.io/nginx", MATCH_NO},
    {"docker.io", "a.docker.io/nginx", MATCH_NO},
    {"docker.io", "docker.io:443/library/nginx", MATCH_NO},
    {"docker.io", "docker.i/nginx", MATCH_NO},
    {"docker.io", "registry-1.docker.io/library/nginx", MATCH_NO},
    {"ghcr.io/acme", "ghcr.io/acme-data/x", MATCH_NO},
    {"ghcr.io/acme", "ghcr.io/acme.x/y", MATCH_NO},
    {"ghcr.io/acme", "ghcr.io/acm", MATCH_NO},
    {"ghcr.io/acme/app", "ghcr.io/acme", MATCH_NO},
    {"ghcr.io/acme", "ghcr.io/x/acme", MATCH_NO},
    {"ghcr.io/acme", "evil.com/ghcr.io/acme", MATCH_NO},
    {"harbor.corp", "harbor.corp:5000/x", MATCH_NO},
    {"harbor.corp:5000", "harbor.corp/x", MATCH_NO},
    {"harbor.corp:5000", "harbor.corp:50000/x", MATCH_NO},
};

static const struct report_image_row globs[] = {
    /* more elements than a word has bits */
    {"ghcr.io/" A50 A50 "/*/x", "ghcr.io/" A50 A50 "/b/x", MATCH_YES},
    {"ghcr.io/" A50 A50 "/*/x", "ghcr.io/" A50 A50 "/b/y", MATCH_NO},
    {"ghcr.io/" A50 A50 "/*/x", "ghcr.io/" A50 A50 "a/b/x", MATCH_NO},
    {"**", "docker.io/library/nginx", MATCH_YES},
    {"**/**", "docker.io/library/nginx", MATCH_YES},
    {"docker.io/**", "docker.io/library/nginx", MATCH_YES},
    {"Docker.io/**", "docker.io/library/nginx", MATCH_YES},
    {"docker.io/**", "docker.io.evil.com/library/nginx", MATCH_NO},
    {"docker.io/**", "docker.io:443/library/nginx", MATCH_NO},
    {"docker.io/**", "evil.com/docker.io/nginx", MATCH_NO},
    {"docker.io/**/evil*", "docker.io/evil", MATCH_YES},
    {"docker.io/**/evil*", "docker.io/a/b/evilish", MATCH_YES},
    {"docker.io/**/evil*", "docker.io/a/evil/x", MATCH_NO},
    {"docker.io/**/evil*", "docker.io/a/notevil", MATCH_NO},
    {"docker.io/**/evil*/**", "docker.io/a/evil/x/y", MATCH_YES},
    {"docker.io/**/evil*/**", "docker.io/evil", MATCH_YES},
    {"docker.io/library/*", "docker.io/library/nginx", MATCH_YES},
    {"docker.io/library/*", "docker.io/library/nginx/x", MATCH_NO},
    {"docker.io/library/*", "docker.io/other/nginx", MATCH_NO},
    {"ghcr.io/acme-*/app", "ghcr.io/acme-data/app", MATCH_YES},
    {"ghcr.io/acme*/app", "ghcr.io/acme/app", MATCH_YES},
    {"ghcr.io/acme-*/app", "ghcr.io/acme-a/b/app", MATCH_NO},
    {"ghcr.io/*/app", "ghcr.io/acme/app", MATCH_YES},
    {"ghcr.io/*/app", "ghcr.io/app", MATCH_NO},
    {"ghcr.io/*", "ghcr.io/acme/app", MATCH_NO},
    {"ghcr.io/a*b*c", "ghcr.io/axxbxxbxc", MATCH_YES},
    {"ghcr.io/a*b*c", "ghcr.io/axxbxxbx", MATCH_NO},
    {"*.corp/**", "harbor.corp/a/b", MATCH_YES},
    {"*.corp/**", "a.b.corp/x", MATCH_YES},
    {"*.corp/**", "corp/x", MATCH_NO},
    {"*.corp/**", "harbor.corp:5000/a", MATCH_NO},
    {"*.corp/**", "harbor.corp.evil.com/a", MATCH_NO},
    {"*.corp/**", "evil.com/harbor.corp/a", MATCH_NO},
    {"*.corp:*/**", "harbor.corp:5000/a", MATCH_YES},
    {"*.corp:*/**", "harbor.corp/a", MATCH_NO},
    {"*:5*/x", "a:5000/x", MATCH_YES},
    {"*:5*/x", "[::5]:80/x", MATCH_NO},
    {"*/x", "[::1]/x", MATCH_NO},
    {"*/x", "a.b/x", MATCH_YES},
    {"*/x", "a.b:1/x", MATCH_NO},
    {"**/x", "a.b:1/x", MATCH_YES},
    {"**/x", "a.b:1/y/z/x", MATCH_YES},
    {"**/x", "a.b:1/y/xx", MATCH_NO},
    {"harbor.*/**", "harbor.evil/x", MATCH_YES},
    {"harbor.*/**", "harbor.evil:80/x", MATCH_NO},
    {"a.b/**/c/**/d", "a.b/c/d", MATCH_YES},
    {"a.b/**/c/**/d", "a.b/x/c/c/y/d", MATCH_YES},
    {"a.b/**/c/**/d", "a.b/x/c/y/d/e", MATCH_NO},
    {"a.b/**/c/**/d", "a.b/d/c", MATCH_NO},
};

static const struct report_image_row regexes[] = {
    {"ghcr\\.io/acme/.*", "ghcr.io/acme/app", MATCH_YES},
    {"^ghcr\\.io/acme/.*$", "ghcr.io/acme/app", MATCH_YES},
    {"a\\.b/x|c\\.d/y", "a.b/x", MATCH_YES},
    {"a\\.b/x|c\\.d/y", "c.d/y", MATCH_YES},
    {"a\\.b/x|a\\.b/xyz", "a.b/xyz", MATCH_YES},
    {"(?i)A\\.B/X", "a.b/x", MATCH_YES},
    {"a\\.b/\\w+", "a.b/caf", MATCH_YES},
    {"ghcr\\.io/acme", "ghcr.io/acme/app", MATCH_NO},
    {"ghcr\\.io/acme", "evil.com/ghcr.io/acme", MATCH_NO},
    {"ghcr.io/acme", "ghcrxio/acme", MATCH_YES}, /* `.` is any byte: the author's word */
    {"a\\.b/x|c\\.d/y", "a.b/xc.d/y", MATCH_NO},
    {"a\\.b/x|c\\.d/y", "a.b/x/z", MATCH_NO},
    {"a\\.b/x|c\\.d/y", "z.c.d/y", MATCH_NO},
    {"a\\.b/x", "a.b/x\n", MATCH_NO},
    {"a\\.b/x$", "a.b/x\n", MATCH_NO},
    {"a\\.b/x", "\na.b/x", MATCH_NO},
    {"(?m)^a\\.b/x$", "a.b/x\ny", MATCH_NO},
    {"a\\.b/.*", "a.b/x\ny", MATCH_NO},
    {"a(*ACCEPT)b", "a.b/x", MATCH_NO},
    {"a\\.b/\\w+", "a.b/caf\xc3\xa9", MATCH_NO},
    {"x", "", MATCH_NO},
};

static void check_images(const struct report_image_row *rows, size_t n_rows,
                         enum ec (*compile)(struct match_image **, struct str, struct err *)) {
    for (size_t i = 0; i < n_rows; i++) {
        struct match_image *m = NULL;
        struct err err = ERR_INIT;
        if (compile(&m, str_of(rows[i].pattern), &err) != EC_OK)
            fail_row("row %zu \"%s\": %s", i, rows[i].pattern, err.msg);
        if (match_whole(m, str_of(rows[i].image)) != rows[i].expected)
            fail_row("row %zu \"%s\" \"%s\": not %d", i, rows[i].pattern, rows[i].image,
                     (int)rows[i].expected);
        assert_str(match_image_text(m), str_of(rows[i].pattern));
        match_image_free(m);
    }
}

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void prefixes_end_at_borders(void **state) {
    (void)state;
    check_images(prefixes, COUNT(prefixes), match_image_compile);
}

static void globs_stay_in_their_component(void **state) {
    (void)state;
    check_images(globs, COUNT(globs), match_image_compile);
}

static void regexes_are_anchored(void **state) {
    (void)state;
    check_images(regexes, COUNT(regexes), match_image_compile_regex);
}

static const struct {
    const char *pattern;
    size_t at;
    const char *reason; /* a part of the message */
} refused_patterns[] = {
    {"", 0, "pattern is empty"},
    {"/", 0, "begins with '/'"},
    {"/x", 0, "begins with '/'"},
    {"nginx", 0, "write docker.io/library/nginx or docker.io/nginx"},
    {"airbyte/x", 0, "write docker.io/airbyte/"},
    {"airbyte/**", 0, "write docker.io/airbyte/"},
    {"Foo/x", 0, "\"foo\" is not a registry host"},
    {"foo_bar/x", 0, "is not a registry host"},
    {"https://ghcr.io/acme", 5, "scheme"},
    {"docker://**", 6, "scheme"},
    {"nginx:v1", 6, "a pattern has no tag"},
    {"nginx:1.25", 7, "a pattern has no tag"},
    {"nginx:", 5, "port is empty"},
    {"ghcr.io/acme/app:1.0", 16, "pattern has a tag"},
    {"ghcr.io/acme/*:1.0", 14, "pattern has a tag"},
    {"ghcr.io/**:latest", 10, "pattern has a tag"},
    {"ghcr.io/acme/app@sha256:0", 16, "pattern has '@'"},
    {"user@ghcr.io/acme", 4, "pattern has '@'"},
    {"ghcr.io/Acme", 8, "upper-case letter, 'A'"},
    {"ghcr.io/acme/*A", 14, "upper-case letter, 'A'"},
    {"**/Acme", 3, "upper-case letter, 'A'"},
    {"ghcr.io/", 7, "ends with '/'"},
    {"ghcr.io/acme/", 12, "repository ends with '/'"},
    {"ghcr.io/acme/**/", 15, "repository ends with '/'"},
    {"ghcr.io//acme", 8, "empty component"},
    {"ghcr.io/a//b", 10, "empty component"},
    {"ghcr.io/a b", 9, "a blank"},
    {"ghcr.io/a?", 9, "'?'"},
    {"ghcr.io/{a,b}", 8, "'{'"},
    {"ghcr.io/\xc3\xa9", 8, "byte 0xc3"},
    {"ghcr.io/-a*", 8, "begins with '-'"},
    {"ghcr.io/*_", 9, "ends with '_'"},
    {"ghcr.io/x\n", 9, "byte 0x0a"},
    {"ghcr .io/x", 4, "a blank"},
    {"evil_host.com/x", 4, "host has '_'"},
    {"*_host.com/x", 1, "host has '_'"},
    {"*..com/x", 2, "empty label"},
    {"-*.com/x", 0, "begins with '-'"},
    {"ghcr.io./x", 7, "ends with '.'"},
    {"ghcr.io:65536/x", 8, "above 65535"},
    {"ghcr.io:/x", 7, "port is empty"},
    {"*:/x", 1, "port is empty"},
    {"*:a*/x", 2, "neither a digit nor '*'"},
    {"[::*]/x", 0, "IPv6"},
    {"index.docker.io", 0, "write docker.io"},
    {"Index.Docker.IO/library", 0, "write docker.io"},
    {"index.docker.io/**", 0, "write docker.io"},
    {"*", 0, "write */**"},
    {"*.corp", 0, "write *.corp/**"},
    {"docker.io/*", 10, "docker.io/library/*"},
    {"docker.io/evil*", 10, "docker.io/**/evil*"},
    {"ghcr.io/a**", 9, "\"**\" must be a whole component"},
    {"ghcr.io/***", 8, "\"**\" must be a whole component"},
    {"a**.io/x", 1, "\"**\" must be a whole component"},
    {"ghcr.io/" A250 "abcdef", 8 + 255, "at most 255"},
};

static const struct {
    const char *regex;
    size_t at;
    const char *reason;
} refused_regexes[] = {
    {"", 0, "regex is empty"},
    {"a(b", 3, "regex: missing closing parenthesis"},
    {"a)", 1, "regex: unmatched closing parenthesis"},
    {"[a", 2, "regex: missing terminating ]"},
    {"a{2,1}", 5, "regex: "},
    {"*a", 0, "regex: quantifier"},
    {"(*UTF)a", 6, "regex: "},
    {"(*UCP)a", 6, "regex: "},
    {"a\\", 2, "regex: \\ at end"},
};

static void refuses_patterns_that_cannot_match(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(refused_patterns); i++) {
        struct match_image *m = NULL;
        struct err err = ERR_INIT;
        const char *pattern = refused_patterns[i].pattern;
        if (match_image_compile(&m, str_of(pattern), &err) != EC_SYNTAX || m != NULL)
            fail_row("row %zu \"%s\": accepted", i, pattern);
        if (err.offset != refused_patterns[i].at ||
            !strstr(err.msg, refused_patterns[i].reason))
            fail_row("row %zu \"%s\": %zu: %s", i, pattern, err.offset, err.msg);
    }
}

static void refuses_bad_regexes(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(refused_regexes); i++) {
        struct match_image *m = NULL;
        struct err err = ERR_INIT;
        const char *regex = refused_regexes[i].regex;
        if (match_image_compile_regex(&m, str_of(regex), &err) != EC_SYNTAX || m != NULL)
            fail_row("row %zu \"%s\": accepted", i, regex);
        if (err.offset != refused_regexes[i].at || !strstr(err.msg, refused_regexes[i].reason))
            fail_row("row %zu \"%s\": %zu: %s", i, regex, err.offset, err.msg);
    }
}

static void limits_the_length_of_patterns(void **state) {
    (void)state;
    char text[MATCH_PATTERN_MAX + 1];
    struct match_image *m = NULL;
    memset(text, 'a', sizeof text);
    struct str longest = {text, MATCH_PATTERN_MAX}, longer = {text, sizeof text};
    struct err err = ERR_INIT;
    assert_ok(match_image_compile_regex(&m, longest, &err), &err);
    match_image_free(m);
    assert_int_equal(match_image_compile_regex(&m, longer, &err), EC_LIMIT);
    err = (struct err)ERR_INIT;
    assert_int_equal(match_image_compile(&m, longer, &err), EC_LIMIT);
}

static void tells_what_a_pattern_is_about(void **state) {
    (void)state;
    static const struct {
        const char *pattern, *host, *path;
        bool prefix;
    } rows[] = {
        {"Docker.io", "docker.io", "", true},
        {"GHCR.io/acme/x", "ghcr.io", "acme/x", true},
        {"a.b:5000/x", "a.b:5000", "x", true},
        {"ghcr.io/acme/*", "ghcr.io", "", false},
        {"GHCR.io/**", "ghcr.io", "", false},
        {"*.corp/x", "", "", false},
        {"**/x", "", "", false},
        {"**", "", "", false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct match_image *m = NULL;
        struct err err = ERR_INIT;
        assert_ok(match_image_compile(&m, str_of(rows[i].pattern), &err), &err);
        assert_str(match_image_host(m), str_of(rows[i].host));
        assert_str(match_image_path(m), str_of(rows[i].path));
        if (match_image_is_prefix(m) != rows[i].prefix)
            fail_row("row \"%s\"", rows[i].pattern);
        match_image_free(m);
    }
    struct match_image *m = NULL;
    struct err err = ERR_INIT;
    assert_ok(match_image_compile_regex(&m, STR("ghcr\\.io/.*"), &err), &err);
    assert_false(match_image_is_prefix(m));
    assert_str(match_image_host(m), STR(""));
    assert_str(match_image_path(m), STR(""));
    match_image_free(m);
    match_image_free(NULL);
}

static void path_prefixes_end_at_borders(void **state) {
    (void)state;
    static const struct {
        const char *prefix, *path;
        bool yes;
    } rows[] = {{"", "", true},      {"", "a/b", true},      {"a", "a", true},
                {"a", "a/b", true},  {"a/b", "a/b/c", true}, {"a", "ab", false},
                {"a", "", false},    {"a/b", "a", false},    {"a/b", "a/bc", false},
                {"a", "b/a", false}, {"a", "a-b", false},    {"a/b", "a/c", false}};
    for (size_t i = 0; i < COUNT(rows); i++)
        if (match_path_prefix(str_of(rows[i].prefix), str_of(rows[i].path)) != rows[i].yes)
            fail_row("row \"%s\" \"%s\"", rows[i].prefix, rows[i].path);
}

/* ---- bounds -------------------------------------------------------------------------- */

static void repeat(struct buf *b, const char *piece, size_t times) {
    while (times-- > 0)
        buf_puts(b, piece);
}

/* By plain backtracking each of these would outlive the test's time limit by far. */
static void wildcards_do_not_explode(void **state) {
    (void)state;
    struct buf pattern = BUF_INIT(5000), text = BUF_INIT(1 << 21);
    struct match_image *m = NULL;
    struct err err = ERR_INIT;
    repeat(&pattern, "*aaaaaaaaaa", 80);
    buf_puts(&pattern, "b*");
    repeat(&text, "a", 1000000);
    struct match_meter few = MATCH_METER(300000, NULL);
    assert_false(match_name(buf_view(&pattern), buf_view(&text), &few));
    assert_false(few.spent);

    buf_reset(&pattern);
    buf_reset(&text);
    buf_puts(&pattern, "a.b/");
    repeat(&pattern, "a*", 100);
    buf_puts(&pattern, "b");
    buf_puts(&text, "a.b/");
    repeat(&text, "a", 250);
    assert_ok(match_image_compile(&m, buf_view(&pattern), &err), &err);
    few = (struct match_meter)MATCH_METER(300, NULL);
    assert_int_equal(match_metered(m, buf_view(&text), &few), MATCH_NO);
    assert_false(few.spent);
    match_image_free(m);

    buf_reset(&pattern);
    buf_reset(&text);
    buf_puts(&pattern, "a.b/");
    repeat(&pattern, "**/a/", 48);
    buf_puts(&pattern, "b");
    buf_puts(&text, "a.b");
    repeat(&text, "/a", 120);
    assert_ok(match_image_compile(&m, buf_view(&pattern), &err), &err);
    few = (struct match_meter)MATCH_METER(300, NULL);
    assert_int_equal(match_metered(m, buf_view(&text), &few), MATCH_NO);
    assert_false(few.spent);
    match_image_free(m);
    buf_done(&pattern);
    buf_done(&text);
}

/* `a.b/`, so many `a`, `/-`. */
static enum match_result match_as(const char *regex, size_t times) {
    struct buf text = BUF_INIT(1 << 20);
    struct match_image *m = NULL;
    struct err err = ERR_INIT;
    buf_puts(&text, "a.b/");
    repeat(&text, "a", times);
    buf_puts(&text, "/-");
    assert_ok(match_image_compile_regex(&m, str_of(regex), &err), &err);
    enum match_result result = match_whole(m, buf_view(&text));
    match_image_free(m);
    buf_done(&text);
    return result;
}

static void regexes_give_up_at_their_limits(void **state) {
    (void)state;
    static const struct {
        const char *regex;
        size_t times;
        enum match_result expected;
    } rows[] = {
        /* Steps. PCRE2's own limit of ten million is not reached by 20. */
        {"a\\.b/(?:a|a?)+[bc]?d?(?!x)-", 20, MATCH_GAVE_UP},
        {"a\\.b/(a+)+[xyz-]", 20, MATCH_GAVE_UP},
        {"a\\.b/(a+)+[xyz-]", 5000, MATCH_GAVE_UP},
        /* Capturing groups, of which PCRE2's JIT counts no step. */
        {"a\\.b/"
         "(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)"
         "(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)-",
         40, MATCH_GAVE_UP},
        /* Depth and heap. */
        {"a\\.b/(?:a|b)+/-", 8000, MATCH_GAVE_UP},
        {"a\\.b/(?:a|b)+/-", 500, MATCH_YES},
        {"a\\.b/(a+)+[xyz-]", 3, MATCH_NO},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        if (match_as(rows[i].regex, rows[i].times) != rows[i].expected)
            fail_row("row \"%s\" %zu", rows[i].regex, rows[i].times);
}

/* ---- memory and threads -------------------------------------------------------------- */

typedef enum ec compile_fn(struct match_image **, struct str, struct err *);

static void check_survives(compile_fn *compile, const char *pattern) {
    for (size_t nth = 1;; nth++) {
        struct match_image *m = NULL;
        struct err err = ERR_INIT;
        mem_fault_arm(nth, MEM_FAULT_ONCE);
        enum ec ec = compile(&m, str_of(pattern), &err);
        if (!mem_fault_disarm()) {
            assert_ok(ec, &err);
            assert_true(nth > 1);
            match_image_free(m);
            return;
        }
        if (ec == EC_OK ? m == NULL : ec != EC_NOMEM || m != NULL)
            fail_row("allocation %zu of \"%s\": %s", nth, pattern, ec_name(ec));
        match_image_free(m);
    }
}

static void survives_the_lack_of_memory(void **state) {
    (void)state;
    check_survives(match_image_compile, "ghcr.io/acme");
    check_survives(match_image_compile, "*.corp/**/x*");
    check_survives(match_image_compile_regex, "ghcr\\.io/(acme|data)/.*");
}

/* With an arena, a regex writes there: its own memory once, then none. */
static void matching_needs_no_heap(void **state) {
    (void)state;
    static const struct {
        compile_fn *compile;
        const char *pattern;
    } rows[] = {{match_image_compile, "ghcr.io/acme"},
                {match_image_compile, "ghcr.io/**/a*"},
                {match_image_compile_regex, "ghcr\\.io/(acme|data)/(a+)+pp"}};
    struct arena arena = ARENA_INIT(1 << 16, 1 << 20);
    struct match_meter meter = MATCH_METER(100000, &arena);
    assert_non_null(arena_alloc(&arena, 1));
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct match_image *m = NULL;
        struct err err = ERR_INIT;
        assert_ok(rows[i].compile(&m, str_of(rows[i].pattern), &err), &err);
        mem_fault_arm(0, MEM_FAULT_ONCE);
        for (int times = 0; times < 100; times++)
            assert_int_equal(match_metered(m, STR("ghcr.io/acme/app"), &meter), MATCH_YES);
        if (mem_fault_count() != 0)
            fail_row("\"%s\": %zu allocations", rows[i].pattern, mem_fault_count());
        match_image_free(m);
    }
    arena_done(&arena);
}

/* Without memory a regex gives up, and leaks nothing. */
static void a_regex_survives_the_lack_of_memory(void **state) {
    (void)state;
    struct match_image *m = NULL;
    struct err err = ERR_INIT;
    assert_ok(match_image_compile_regex(&m, STR("ghcr\\.io/.*"), &err), &err);
    assert_int_equal(match_whole(m, STR("ghcr.io/acme/app")), MATCH_YES);
    for (size_t nth = 1;; nth++) {
        mem_fault_arm(nth, MEM_FAULT_ONCE);
        enum match_result result = match_whole(m, STR("ghcr.io/acme/app"));
        bool failed = mem_fault_disarm();
        if (result == MATCH_YES) {
            assert_true(nth > 4 && !failed);
            break;
        }
        assert_int_equal(result, MATCH_GAVE_UP);
    }
    match_image_free(m);
}

static void *match_many_times(void *arg) {
    const struct match_image *const *patterns = arg;
    size_t wrong = 0;
    for (int i = 0; i < 5000; i++) {
        for (size_t j = 0; j < 3; j++) {
            wrong += match_whole(patterns[j], STR("ghcr.io/acme/app")) != MATCH_YES;
            wrong += match_whole(patterns[j], STR("evil.io/acme/app")) != MATCH_NO;
        }
    }
    return (void *)(uintptr_t)wrong;
}

static void threads_share_patterns(void **state) {
    (void)state;
    struct match_image *patterns[3] = {NULL};
    pthread_t threads[4];
    struct err err = ERR_INIT;
    assert_ok(match_image_compile(&patterns[0], STR("ghcr.io/**/app"), &err), &err);
    assert_ok(match_image_compile_regex(&patterns[1], STR("ghcr\\.io/(\\w+)/.*"), &err), &err);
    assert_ok(match_image_compile_regex(&patterns[2], STR("ghcr\\.io/(\\w+)/.*"), &err), &err);
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, match_many_times, patterns), 0);
    for (size_t i = 0; i < COUNT(threads); i++) {
        void *wrong = NULL;
        assert_int_equal(pthread_join(threads[i], &wrong), 0);
        assert_null(wrong);
    }
    for (size_t i = 0; i < COUNT(patterns); i++)
        match_image_free(patterns[i]);
}

/* ---- names --------------------------------------------------------------------------- */

static void names_are_matched_whole(void **state) {
    (void)state;
    static const struct {
        const char *pattern, *name;
        bool yes;
    } rows[] = {
        {"airbyte", "airbyte", true},
        {"airbyte-*", "airbyte-jobs", true},
        {"airbyte-*", "airbyte-", true},
        {"*", "", true},
        {"*", "anything:at/all", true},
        {"", "", true},
        {"**", "x", true},
        {"system:serviceaccount:airbyte:*", "system:serviceaccount:airbyte:admin", true},
        {"system:*:admin", "system:serviceaccount:airbyte:admin", true},
        {"*a*b*", "xxaxxbxx", true},
        {"a*a", "aa", true},
        {"a*a", "aba", true},
        {"*x", "\xff\xffx", true},
        {"airbyte", "airbyte-jobs", false},
        {"airbyte", "my-airbyte", false},
        {"airbyte", "Airbyte", false},
        {"airbyte-*", "airbyte", false},
        {"airbyte-*", "xairbyte-a", false},
        {"", "a", false},
        {"a*a", "a", false},
        {"*a*b*", "xxbxxaxx", false},
        {"?", "a", false},
        {"[ab]", "a", false},
        {"system:serviceaccount:airbyte:*", "system:serviceaccount:airbyte-evil:x", false},
        {"*x", "xy", false},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        if (is_name(str_of(rows[i].pattern), str_of(rows[i].name)) != rows[i].yes)
            fail_row("row \"%s\" \"%s\"", rows[i].pattern, rows[i].name);
    assert_false(is_name(STR("a\0b"), STR("a\0c")));
    assert_false(is_name(STR("a"), STR("a\0")));
}

/* ---- labels -------------------------------------------------------------------------- */

static const struct str one[] = {STR_INIT("job-pod")};
static const struct str several[] = {STR_INIT("a"), STR_INIT("job-pod"), STR_INIT("")};
static const struct str others[] = {STR_INIT("web"), STR_INIT("db")};

static const struct {
    const char *name;
    struct match_requirement r;
    bool yes;
} requirements[] = {
    {"in one", {STR_INIT("airbyte"), MATCH_IN, one, 1}, true},
    {"in several", {STR_INIT("airbyte"), MATCH_IN, several, 3}, true},
    {"in: the empty value is a value", {STR_INIT("empty"), MATCH_IN, several, 3}, true},
    {"in others", {STR_INIT("airbyte"), MATCH_IN, others, 2}, false},
    {"in nothing", {STR_INIT("airbyte"), MATCH_IN, NULL, 0}, false},
    {"in: absent key", {STR_INIT("tier"), MATCH_IN, several, 3}, false},
    {"in: key by its beginning", {STR_INIT("air"), MATCH_IN, one, 1}, false},
    {"in: key in another case", {STR_INIT("Airbyte"), MATCH_IN, one, 1}, false},
    {"not in others", {STR_INIT("airbyte"), MATCH_NOT_IN, others, 2}, true},
    {"not in: absent key", {STR_INIT("tier"), MATCH_NOT_IN, several, 3}, true},
    {"not in several", {STR_INIT("airbyte"), MATCH_NOT_IN, several, 3}, false},
    {"not in: the empty value", {STR_INIT("empty"), MATCH_NOT_IN, several, 3}, false},
    {"exists", {STR_INIT("airbyte"), MATCH_EXISTS, NULL, 0}, true},
    {"exists, empty", {STR_INIT("empty"), MATCH_EXISTS, NULL, 0}, true},
    {"exists: absent key", {STR_INIT("tier"), MATCH_EXISTS, NULL, 0}, false},
    {"does not exist: absent key", {STR_INIT("tier"), MATCH_DOES_NOT_EXIST, NULL, 0}, true},
    {"does not exist", {STR_INIT("airbyte"), MATCH_DOES_NOT_EXIST, NULL, 0}, false},
    {"does not exist, empty", {STR_INIT("empty"), MATCH_DOES_NOT_EXIST, NULL, 0}, false},
};

static void selects_by_labels(void **state) {
    (void)state;
    static const struct match_label labels[] = {{STR_INIT("app"), STR_INIT("x")},
                                                {STR_INIT("airbyte"), STR_INIT("job-pod")},
                                                {STR_INIT("empty"), STR_INIT("")}};
    struct match_requirement both[2] = {requirements[0].r};
    for (size_t i = 0; i < COUNT(requirements); i++) {
        struct match_selector alone = {&requirements[i].r, 1}, second = {both, 2};
        both[1] = requirements[i].r;
        if (are_labels(&alone, labels, COUNT(labels)) != requirements[i].yes ||
            are_labels(&second, labels, COUNT(labels)) != requirements[i].yes)
            fail_row("row \"%s\"", requirements[i].name);
    }
    struct match_selector everything = {NULL, 0};
    assert_true(are_labels(&everything, labels, COUNT(labels)));
    assert_true(are_labels(&everything, NULL, 0));
    struct match_selector airbyte = {&requirements[0].r, 1};
    assert_false(are_labels(&airbyte, NULL, 0));
}

#define A63 A50 "aaaaaaaaaaaaa"

static const struct {
    struct str text;
    int key_at, value_at; /* where it is refused; -1 when it is fine */
} label_syntax[] = {
    {STR_INIT("app"), -1, -1},
    {STR_INIT("a"), -1, -1},
    {STR_INIT("A-b_c.D1"), -1, -1},
    {STR_INIT("a--b__c..d"), -1, -1},
    {STR_INIT(A63), -1, -1},
    {STR_INIT("app.kubernetes.io/name"), -1, 17},
    {STR_INIT("a/b"), -1, 1},
    {STR_INIT("0-9.x/y"), -1, 5},
    {STR_INIT(A250 "aaa/b"), -1, 63},
    {STR_INIT(""), 0, -1},
    {STR_INIT(A63 "a"), 63, 63},
    {STR_INIT("a/" A63 "a"), 2 + 63, 63},
    {STR_INIT(A250 "aaaa/b"), 253, 63},
    {STR_INIT("-a"), 0, 0},
    {STR_INIT("_a"), 0, 0},
    {STR_INIT("a."), 1, 1},
    {STR_INIT("a b"), 1, 1},
    {STR_INIT("a\n"), 1, 1},
    {STR_INIT("a\0"), 1, 1},
    {STR_INIT("caf\xc3\xa9"), 3, 3},
    {STR_INIT("/a"), 0, 0},
    {STR_INIT("a/"), 1, 1},
    {STR_INIT("a/b/c"), 3, 1},
    {STR_INIT("A.b/c"), 0, 3},
    {STR_INIT("a_b/c"), 1, 3},
    {STR_INIT("a..b/c"), 2, 4},
    {STR_INIT("a.-b/c"), 2, 4},
    {STR_INIT("a-/c"), 1, 2},
    {STR_INIT(".a/c"), 0, 0},
    {STR_INIT("a./c"), 2, 2},
    {STR_INIT("a.b/-c"), 4, 3},
};

static bool is_refused_at(enum ec ec, const struct err *err, int at) {
    if (at < 0)
        return ec == EC_OK;
    return ec == EC_SYNTAX && err->offset == (size_t)at && err->msg[0] != '\0';
}

static void checks_the_syntax_of_labels(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(label_syntax); i++) {
        struct err key = ERR_INIT, value = ERR_INIT;
        enum ec key_ec = match_check_label_key(label_syntax[i].text, &key);
        enum ec value_ec = match_check_label_value(label_syntax[i].text, &value);
        if (!is_refused_at(key_ec, &key, label_syntax[i].key_at))
            fail_row("row %zu \"%.*s\" as a key: %zu: %s", i, STR_ARG(label_syntax[i].text),
                     key.offset, key.msg);
        if (!is_refused_at(value_ec, &value, label_syntax[i].value_at))
            fail_row("row %zu \"%.*s\" as a value: %zu: %s", i, STR_ARG(label_syntax[i].text),
                     value.offset, value.msg);
    }
}

static void names_the_end_that_is_wrong(void **state) {
    struct err first = ERR_INIT, last = ERR_INIT;
    (void)state;
    assert_int_equal(match_check_label_value(STR("-a"), &first), EC_SYNTAX);
    assert_non_null(strstr(first.msg, "begins with '-'"));
    assert_int_equal(match_check_label_value(STR("a-"), &last), EC_SYNTAX);
    assert_non_null(strstr(last.msg, "ends with '-'"));
}

/* ---- inputs made up for the fuzz target ---------------------------------------------- */

static void add_pieces(struct buf *b, const char *const pieces[], size_t n_pieces,
                       uint64_t *random) {
    size_t n = 0;
    do {
        *random = *random * UINT64_C(6364136223846793005) + 1442695040888963407u;
        n = (size_t)(*random >> 33);
        buf_puts(b, pieces[n % n_pieces]);
    } while (n / n_pieces % 8 != 0);
}

static void holds_over_made_up_inputs(void **state) {
    (void)state;
    static const char *const pieces[] = {"a",  "b",   "*", "*",  "**", "/**", "/**/", "/",
                                         "/a", "/b*", ":", ":5", "-",  "a.b", ".",    "a.b/"};
    static const char *const plain[] = {"a",  "b",  "a.b", "a.b/", "/",
                                        "/a", "/b", ":5",  "-",    "."};
    uint64_t random = 42;
    for (int i = 0; i < 60000; i++) {
        struct buf b = BUF_INIT(100000);
        buf_puts(&b, i % 2 ? "a.b/" : "");
        add_pieces(&b, pieces, COUNT(pieces), &random);
        buf_putc(&b, '\n');
        buf_puts(&b, i % 2 ? "a.b/" : "");
        add_pieces(&b, plain, COUNT(plain), &random);
        char *exact = malloc(b.n);
        memcpy(exact, b.p, b.n);
        LLVMFuzzerTestOneInput((const uint8_t *)exact, b.n);
        free(exact);
        buf_done(&b);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(prefixes_end_at_borders),
    cmocka_unit_test(globs_stay_in_their_component),
    cmocka_unit_test(regexes_are_anchored),
    cmocka_unit_test(refuses_patterns_that_cannot_match),
    cmocka_unit_test(refuses_bad_regexes),
    cmocka_unit_test(limits_the_length_of_patterns),
    cmocka_unit_test(tells_what_a_pattern_is_about),
    cmocka_unit_test(path_prefixes_end_at_borders),
    cmocka_unit_test(wildcards_do_not_explode),
    cmocka_unit_test(regexes_give_up_at_their_limits),
    cmocka_unit_test(survives_the_lack_of_memory),
    cmocka_unit_test(matching_needs_no_heap),
    cmocka_unit_test(a_regex_survives_the_lack_of_memory),
    cmocka_unit_test(threads_share_patterns),
    cmocka_unit_test(names_are_matched_whole),
    cmocka_unit_test(selects_by_labels),
    cmocka_unit_test(checks_the_syntax_of_labels),
    cmocka_unit_test(names_the_end_that_is_wrong),
    cmocka_unit_test(holds_over_made_up_inputs),
};

TEST_MAIN(tests)
