/* Text from outside, format by format: what is unseen is shown, what commands a CI system does not. */
#include "test.h"

#include "base/escape.h"

enum form { TEXT, DATA, PROPERTY, TAP, QUOTED, XML, XML_LINES, COMMENT, SHELL, N_FORMS };

static void put(struct buf *out, enum form form, struct str s) {
    switch (form) {
    case TEXT:
        escape_text(out, s);
        break;
    case DATA:
        escape_github(out, s, ESCAPE_DATA);
        break;
    case PROPERTY:
        escape_github(out, s, ESCAPE_PROPERTY);
        break;
    case TAP:
        escape_tap(out, s);
        break;
    case QUOTED:
        escape_quoted(out, s);
        break;
    case XML:
        escape_xml(out, s);
        break;
    case XML_LINES:
        escape_xml_lines(out, s);
        break;
    case COMMENT:
        escape_comment(out, s);
        break;
    default:
        escape_shell(out, s);
    }
}

static void check(const char *name, enum form form, const char *before, struct str in,
                  const char *expected) {
    struct buf out = BUF_INIT(1 << 20);
    buf_puts(&out, before);
    put(&out, form, in);
    if (out.bad || !str_eq(str_slice(buf_view(&out), strlen(before), out.n), str_of(expected)))
        fail_msg("%s: found %.*s, expected %s%s", name, STR_ARG(buf_view(&out)), before,
                 expected);
    buf_done(&out);
}

static const struct row {
    enum form form;
    const char *before; /* what is there already */
    struct str in;
    const char *expected;
} rows[] = {
    {TEXT, "", STR_INIT(""), ""},
    {TEXT, "", STR_INIT("a \\d b"), "a \\d b"},
    {TEXT, "", STR_INIT("12 images"), "12 images"},
    {TEXT, "", STR_INIT("1.2"), "1.2"},
    {TEXT, "", STR_INIT("..2"), "..2"},
    {XML, "", STR_INIT("a b"), "a b"},
    {TEXT, "", STR_INIT("a\nb\r\tc\0d"), "a\\x0ab\\x0d\\x09c\\x00d"},
    {TEXT, "", STR_INIT("\x1b[31m\x7f"), "\\x1b[31m\\x7f"},
    {TEXT, "", STR_INIT("\xc2\x80\xc2\x9b\xc2\x9f\xc2\xa0"),
     "\\xc2\\x80\\xc2\\x9b\\xc2\\x9f\xc2\xa0"},
    {TEXT, "", STR_INIT("\xd8\x9b\xd8\x9c\xd8\x9d"), "\xd8\x9b\\xd8\\x9c\xd8\x9d"},
    {TEXT, "", STR_INIT("\xe2\x80\x8a\xe2\x80\x8b"), "\xe2\x80\x8a\\xe2\\x80\\x8b"},
    {TEXT, "", STR_INIT("\xe2\x80\x90\xe2\x80\xa7\xe2\x80\xa8"),
     "\xe2\x80\x90\xe2\x80\xa7\\xe2\\x80\\xa8"},
    {TEXT, "", STR_INIT("\xe2\x80\xae\xe2\x80\xaf"), "\\xe2\\x80\\xae\xe2\x80\xaf"},
    {TEXT, "", STR_INIT("\xe2\x81\xa0\xe2\x81\xaf\xe2\x81\xb0"),
     "\\xe2\\x81\\xa0\\xe2\\x81\\xaf\xe2\x81\xb0"},
    {TEXT, "", STR_INIT("\xef\xbb\xbf\xef\xbf\xbd"), "\\xef\\xbb\\xbf\xef\xbf\xbd"},
    {TEXT, "", STR_INIT("\xf3\xa0\x80\x80\xf0\x9d\x84\x9e"),
     "\\xf3\\xa0\\x80\\x80\xf0\x9d\x84\x9e"},
    {TEXT, "", STR_INIT("\xff\xc3\xe2\x80 gr\xc3\xb6\xc3\x9f"),
     "\\xff\\xc3\\xe2\\x80 gr\xc3\xb6\xc3\x9f"},
    {TEXT, "", STR_INIT("::error::a"), "\\x3a:error::a"},
    {TEXT, "x\n", STR_INIT("::error::a"), "\\x3a:error::a"},
    {TEXT, "x\n  ", STR_INIT(" \xc2\xa0::a"), " \xc2\xa0\\x3a:a"},
    {TEXT, "x ", STR_INIT("::error::a"), "::error::a"},
    {TEXT, "", STR_INIT(":"), "\\x3a"},
    {TEXT, "x", STR_INIT("##[error]a ##vso[b] ##c ## [d"),
     "\\x23#[error]a \\x23#vso[b] ##c ## [d"},
    {TEXT, "", STR_INIT("ok 1 - a"), "\\x6fk 1 - a"},
    {TEXT, "", STR_INIT("not ok"), "\\x6eot ok"},
    {TEXT, "", STR_INIT("1..9"), "\\x31..9"},
    {TEXT, "", STR_INIT("ok.yaml"), "ok.yaml"},
    {TEXT, "", STR_INIT("a ok 1"), "a ok 1"},
    {DATA, "::error ::", STR_INIT("a%b\r\n:,\x1b\t"), "a%25b%0D%0A:,\\x1b\\x09"},
    {PROPERTY, "::error file=", STR_INIT("a%b\r\n:,\xe2\x80\xae"),
     "a%25b%0D%0A%3A%2C\\xe2\\x80\\xae"},
    {TAP, "ok 1 - ", STR_INIT("a # SKIP \\ \n"), "a \\# SKIP \\\\ \\\\x0a"},
    {QUOTED, "x: ", STR_INIT("a\"\\\n\xc2\x9b\xe2\x80\xae\xf3\xa0\x81\x81##[b]"),
     "\"a\\\"\\\\\\n\\u009b\\u202e\\udb40\\udc41\\u0023#[b]\""},
    {XML, "", STR_INIT("<&>\"\n\t\r\x1b\x7f\xc2\x9b\xe2\x80\xae\xff\xef\xbf\xbe"),
     "&lt;&amp;&gt;&quot;&#10;&#9;&#13;\xef\xbf\xbd&#x7f;&#x9b;&#x202e;"
     "\xef\xbf\xbd\xef\xbf\xbd"},
    {XML_LINES, "", STR_INIT("a\n<\r\n"), "a\n&lt;&#13;\n"},
    {COMMENT, "# ", STR_INIT("a\nb: c\xc2\x85"), "a\\x0ab: c\\xc2\\x85"},
    {SHELL, "", STR_INIT("ghcr.io/a/b:1@sha256:0"), "ghcr.io/a/b:1@sha256:0"},
    {SHELL, "", STR_INIT(""), "''"},
    {SHELL, "", STR_INIT("a b'c$d"), "'a b'\\''c$d'"},
    {SHELL, "", STR_INIT("a\n'\\\xe2\x80\xae$"), "$'a\\012\\'\\\\\\342\\200\\256$'"},
};

static void test_rows(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char name[32];
        snprintf(name, sizeof name, "row %zu", i);
        check(name, rows[i].form, rows[i].before, rows[i].in, rows[i].expected);
    }
}

static void test_line(void **state) {
    struct buf out = BUF_INIT(1 << 10);
    (void)state;
    escape_line(&out, "%s:%d: %s", "::a\n::b", 7, "c\x1b");
    assert_true(str_eq(buf_view(&out), STR("\\x3a:a\\x0a::b:7: c\\x1b\n")));
    buf_done(&out);
}

static void test_cells(void **state) {
    static const struct str in = STR_INIT("\t::a\x1b\xe2\x80\xae\xc3\xb6##[b");
    struct buf out = BUF_INIT(1 << 10);
    (void)state;
    for (size_t i = 0; i < in.n;)
        i += escape_cell(&out, in, i);
    assert_true(str_eq(buf_view(&out), STR(" ?:a??\xc3\xb6?#[b")));
    assert_int_equal(escape_width(in), 4 + 2 + 1 + 4 + 12 + 1 + 4);
    buf_done(&out);
}

static void test_predicates(void **state) {
    (void)state;
    assert_true(escape_is_seen(STR("0123456789abcdef\ngr\xc3\xb6\xc3\x9f")));
    assert_false(escape_is_seen(STR("0123456789abcdef\x1b")));
    assert_false(escape_is_seen(STR("01\x7f"
                                    "3456789abcdef")));
    assert_false(escape_is_seen(STR("0123456\xe2\x80\xae")));
    assert_true(escape_is_command(STR("  ::error::")));
    assert_true(escape_is_command(STR("##[a]")));
    assert_false(escape_is_command(STR("## a [b]")));
    assert_false(escape_is_command(STR("a ::error::")));
}

/* A name of nothing but blanks, with a colon after each: no look back over all of them. */
static void test_long_blanks(void **state) {
    enum { N = 1 << 20 };
    struct buf in = BUF_INIT(4 * N), out = BUF_INIT(8 * N);
    (void)state;
    for (size_t i = 0; i < N; i++)
        buf_puts(&in, i == N - 1 ? ": " : " ");
    escape_text(&out, buf_view(&in));
    assert_int_equal(out.n, N + 4);
    buf_done(&in);
    buf_done(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows), cmocka_unit_test(test_line), cmocka_unit_test(test_cells),
        cmocka_unit_test(test_predicates), cmocka_unit_test(test_long_blanks)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
