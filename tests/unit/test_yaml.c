/* What documents mean: the table of facts, measured with kubectl's libraries, and more.
 * Where things are: test_yaml_locations.c; what is too much: test_yaml_limits.c. */
#include "yaml_reader.h"

#include <jansson.h>

/* --- the table of facts --- */

enum { CLASS, INPUT, OK, JSON, TYPE, STRICT_OK, N_FIELDS = 7 };

/* Rows that do not hold, and why. */
static const struct {
    struct str class, input;
    enum ec code;
} exceptions[] = {
    /* A stream: `---` at the start of a line may be followed by blanks and comments only. */
    {STR_INIT("document"), STR_INIT("--- a\n"), EC_SYNTAX},
};

static int hex(char c) {
    return ascii_is_digit(c) ? c - '0' : ascii_lower(c) - 'a' + 10;
}

/* \n \t \r \\ \xHH */
static void unescape(struct str s, struct buf *out) {
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] != '\\') {
            buf_putc(out, s.p[i]);
            continue;
        }
        char c = s.p[++i];
        if (c == 'x') {
            buf_putc(out, (char)(hex(s.p[i + 1]) << 4 | hex(s.p[i + 2])));
            i += 2;
        } else {
            buf_putc(out, c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c);
        }
    }
}

static json_t *load(struct str text) {
    json_error_t error;
    return json_loadb(text.p, text.n, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
}

static bool same_json(struct str a, struct str b) {
    json_t *left = load(a), *right = load(b);
    bool same = left != NULL && right != NULL && json_equal(left, right) == 1;
    json_decref(left);
    json_decref(right);
    return same;
}

/* What the row's input is as a stream, and what JSON its first document is. */
static void frame_row(const struct str *f, struct buf *text, struct buf *json) {
    bool scalar = str_eq(f[CLASS], STR("scalar"));
    if (scalar)
        buf_puts(text, "v: ");
    /* A stream would take these for JSON; the table has them as YAML. */
    if (str_eq(f[CLASS], STR("document")) && str_starts(f[INPUT], STR("{")))
        buf_puts(text, "---\n");
    unescape(f[INPUT], text);
    if (scalar)
        buf_puts(text, "\n");
    buf_puts(json, scalar ? "{\"v\":" : "");
    unescape(f[JSON], json);
    buf_puts(json, scalar ? "}" : "");
}

static const char *check_error(struct reader *r, const struct str *f, enum ec ec) {
    bool lax = str_eq(f[OK], STR("1"));
    if (ec == EC_OK)
        return "was read";
    if (r->err.line == 0 || r->err.col == 0)
        return "has no position";
    if (lax && ec != EC_SCHEMA)
        return "is not EC_SCHEMA";
    return NULL;
}

/* What "<<" merges over a member is not a twin: there is but one way in which kubectl reads it. */
static bool is_merge(const struct str *f) {
    static const struct str rows[] = {
        STR_INIT("a: &a {x: 1}\\nb: &b {x: 2, y: 3}\\nc:\\n  <<: [*a, *b]\\n"),
        STR_INIT("c:\\n  <<: {x: 1}\\n  <<: {x: 2}\\n"),
        STR_INIT("x: 1\\n<<: {x: 2, y2: 3}\\n")};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (str_eq(f[INPUT], rows[i]))
            return true;
    return false;
}

static const char *check_row(struct reader *r, const struct str *f, struct str json) {
    enum ec ec = next(r);
    if (!str_eq(f[STRICT_OK], STR("1")) && !is_merge(f))
        return check_error(r, f, ec);
    if (ec != EC_OK)
        return r->err.msg;
    if (r->doc == NULL)
        return str_eq(json, STR("null")) ? NULL : "is empty";
    /* Numbers to the letter, all else by value. */
    if (str_starts(f[TYPE], STR("number")))
        return str_eq(raw_of(r->doc), json) ? NULL : "is another number";
    return same_json(raw_of(r->doc), json) ? NULL : "is another value";
}

static const char *check_stream(struct reader *r, const struct str *f, struct str json) {
    json_t *all = json_array(), *expected = load(json);
    const char *bad = NULL;
    while (next(r) == EC_OK && r->doc != NULL)
        json_array_append_new(all, load(raw_of(r->doc)));
    if ((r->err.code == EC_OK) != str_eq(f[OK], STR("1")))
        bad = r->err.code == EC_OK ? "was read" : r->err.msg;
    else if (r->err.code != EC_OK && r->err.line == 0)
        bad = "has no position";
    else if (expected == NULL || !json_equal(all, expected))
        bad = "has other documents";
    json_decref(all);
    json_decref(expected);
    return bad;
}

static const char *check_exception(struct reader *r, const struct str *f, struct str input) {
    for (size_t i = 0; i < sizeof exceptions / sizeof *exceptions; i++)
        if (str_eq(exceptions[i].class, f[CLASS]) && str_eq(exceptions[i].input, input))
            return next(r) == exceptions[i].code ? "" : "is no exception any more";
    return NULL;
}

/* False after naming the row. */
static bool test_row(const struct str *f, size_t line) {
    struct buf text = BUF_INIT(4096), json = BUF_INIT(4096), input = BUF_INIT(4096);
    struct reader r;
    struct yaml_limits limits = YAML_LIMITS_DEFAULT;
    limits.max_depth = 1000; /* a row has 200 levels */
    frame_row(f, &text, &json);
    unescape(f[INPUT], &input);
    assert_int_equal(text.bad | json.bad | input.bad, 0);
    open_text(&r, buf_view(&text), limits);
    const char *bad = check_exception(&r, f, buf_view(&input));
    if (bad != NULL)
        bad = *bad == '\0' ? NULL : bad;
    else if (str_eq(f[CLASS], STR("stream")))
        bad = check_stream(&r, f, buf_view(&json));
    else
        bad = check_row(&r, f, buf_view(&json));
    if (bad != NULL)
        print_error("yaml.tsv:%zu: %.*s \"%.*s\" %s (%.*s)\n", line, STR_ARG(f[CLASS]),
                    STR_ARG(f[INPUT]), bad, r.doc ? (int)r.doc->raw_bytes : 0,
                    r.doc ? r.doc->raw : "");
    yaml_close(r.yaml);
    buf_done(&text);
    buf_done(&json);
    buf_done(&input);
    return bad == NULL;
}

static void scalars_and_documents_read_as_kubectl_reads_them(void **state) {
    (void)state;
    struct buf file = BUF_INIT(1 << 20);
    struct str rest = read_file(&file, TESTS_DIR "/unit/data/yaml.tsv");
    size_t rows = 0, good = 0;
    for (size_t line = 1; rest.n > 0; line++) {
        size_t end = str_find(rest, '\n');
        struct str row = str_slice(rest, 0, end), f[N_FIELDS] = {STR_NONE};
        rest = str_slice(rest, end + 1, rest.n);
        for (size_t i = 0; i < N_FIELDS; i++) {
            size_t tab = str_find(row, '\t');
            f[i] = str_slice(row, 0, tab);
            row = str_slice(row, tab + 1, row.n);
        }
        if (line == 1)
            continue;
        good += test_row(f, line);
        rows++;
    }
    assert_int_equal(good, rows);
    assert_true(rows >= 266);
    buf_done(&file);
}

/* --- scalars the table of facts does not have --- */

static void numbers_are_printed_as_go_does(void **state) {
    (void)state;
    static const struct {
        const char *yaml, *json;
    } rows[] = {
        {"18446744073709551615", "18446744073709551615"},
        {"18446744073709551616", "18446744073709552000"},
        {"+18446744073709551615", "18446744073709552000"},
        {"-9223372036854775808", "-9223372036854775808"},
        {"-9223372036854775809", "-9223372036854776000"},
        {"0xFFFFFFFFFFFFFFFFFF", "\"0xFFFFFFFFFFFFFFFFFF\""},
        {"0b-101", "-5"},
        {"-0b-1", "\"-0b-1\""},
        {"-0", "0"},
        {"0x", "\"0x\""},
        {"08.5e1", "85"},
        {"1e20", "100000000000000000000"},
        {"1e21", "1e+21"},
        {"123456789e15", "1.23456789e+23"},
        {"0.000001", "0.000001"},
        {"0.0000001", "1e-7"},
        {"1.5e-10", "1.5e-10"},
        {"5e-324", "5e-324"},
        {"1e-400", "0"},
        {"0.1", "0.1"},
        {"0.30000000000000004", "0.30000000000000004"},
        {"1.7976931348623157e308", "1.7976931348623157e+308"},
        {".1_5", "0.15"},
        {"._5", "\"._5\""},
        {".5_", "\".5_\""},
        {"1.5.", "\"1.5.\""},
        {"1e", "\"1e\""},
        {"!!float 9007199254740993", "9007199254740992"},
        {"!!timestamp 2001-1-2T3:4:5.678Z", "\"2001-1-2T3:4:5.678Z\""},
        {"!!timestamp 2001-12-14t21:59:43,10-05:00", "\"2001-12-14t21:59:43,10-05:00\""},
        {"!!timestamp 2001-12-14   21:59:43", "\"2001-12-14   21:59:43\""},
        {"!!binary \"aG\\nk=\"", "\"hi\""},
        {"!!binary /w==", "\"\xef\xbf\xbd\""},
        {"!local 12", "\"12\""},
        {"! 12", "\"12\""},
        {"! \"12\"", "\"12\""},
        {"!<tag:yaml.org,2002:int> 0x10", "16"},
        {"[!<tag:yaml.org,2002:str> 1, 2]", "[\"1\",2]"},
        {"\"it\\'s\"", "\"it's\""},
        {"\"\\\\\\'\\\"\\'\"", "\"\\\\'\\\"'\""},
        {"[\"\\a\\'\\x07\\u0007'\\U00000007\\'\\x077\", '\\', \\', \"\\'\"]",
         "[\"\\u0007'\\u0007\\u0007'\\u0007'\\u00077\",\"\\\\\",\"\\\\'\",\"'\"]"},
        {"{1.5: a}", "{\"1.5\":\"a\"}"},
        {"{0.1: a}", "{\"0.1\":\"a\"}"},
        {"{1e6: a}", "{\"1e+06\":\"a\"}"},
        {"{1e5: a}", "{\"100000\":\"a\"}"},
        {"{16777217.0: a}", "{\"1.6777216e+07\":\"a\"}"},
        {"{0.00001: a}", "{\"1e-05\":\"a\"}"},
        {"{1e300: a}", "{\".inf\":\"a\"}"},
        {"{-.inf: a, .nan: b}", "{\"-.inf\":\"a\",\".nan\":\"b\"}"},
        {"{9223372036854775807: a}", "{\"9223372036854775807\":\"a\"}"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct reader r;
        struct buf text = BUF_INIT(1000);
        buf_printf(&text, "- %s\n", rows[i].yaml);
        const struct yaml_doc *doc = read_one(&r, buf_view(&text));
        struct str value = str_slice(raw_of(doc), 1, doc->raw_bytes - 1);
        if (!str_eq(value, str_of(rows[i].json)))
            fail_row("row \"%s\": %.*s", rows[i].yaml, STR_ARG(value));
        yaml_close(r.yaml);
        buf_done(&text);
    }
}

/* By Go's layouts, and by the calendar. */
static void timestamps_are_checked(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool good;
    } rows[] = {
        {"2001-12-14", true},
        {"2004-02-29", true},
        {"2000-02-29", true},
        {"1900-02-28", true},
        {"1900-02-29", false},
        {"2001-04-31", false},
        {"2001-13-01", false},
        {"2001-0-1", false},
        {"2001-12-14t21:59:43+05:30", true},
        {"2001-12-14T21:59:43-05:30", true},
        {"2001-12-14T21:59:43x05:30", false},
        {"2001-12-14T21:59:43+0530", false},
        {"2001-12-14T21:59:43+05:60", false},
        {"2001-12-14T21:59:43+05.30", false},
        {"2001-12-14T21:59:43", false},
        {"2001-12-14 21:59:43Z", false},
        {"2001-12-14 21:59:43.5", true},
        {"2001-12-14 21:59:43.", false},
        {"2001-12-14 24:00:00", false},
        {"2001-12-14 23:60:00", false},
        {"2001-12-14 23:59:60", false},
        {"2001-12-14x21:59:43", false},
        {"20011214", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct reader r = {.err = ERR_INIT};
        struct buf text = BUF_INIT(100);
        buf_printf(&text, "!!timestamp \"%s\"\n", rows[i].text);
        assert_ok(yaml_open(&r.yaml, buf_view(&text), YAML_LIMITS_DEFAULT, &r.err), &r.err);
        if (next(&r) != (rows[i].good ? EC_OK : EC_SCHEMA))
            fail_row("row \"%s\": %s", rows[i].text, r.err.msg);
        yaml_close(r.yaml);
        buf_done(&text);
    }
}

static void merges_and_aliases_are_expanded(void **state) {
    (void)state;
    static const struct {
        const char *yaml, *json;
    } rows[] = {
        {"a: &a {x: 1}\nb: {q: 2, <<: *a, z: 3}\n",
         "{\"a\":{\"x\":1},\"b\":{\"q\":2,\"x\":1,\"z\":3}}"},
        {"a: &a {}\nb: {<<: *a}\nc: {<<: {}, <<: [], d: 1}\n",
         "{\"a\":{},\"b\":{},\"c\":{\"d\":1}}"},
        {"<<: {a: 1, <<: {b: [2], <<: [{c: 3}, {d: 4}]}}\n",
         "{\"a\":1,\"b\":[2],\"c\":3,\"d\":4}"},
        /* the last one counts, as kubectl has it, and of a list of mappings the first */
        {"b: &b {m: 1, i: 2}\nc: {<<: *b, m: 3}\n",
         "{\"b\":{\"m\":1,\"i\":2},\"c\":{\"i\":2,\"m\":3}}"},
        {"b: &b {m: 1, i: 2}\nc: {m: 3, <<: *b}\n",
         "{\"b\":{\"m\":1,\"i\":2},\"c\":{\"m\":1,\"i\":2}}"},
        {"b: &b {m: 1}\nd: &d {m: 2, z: 3}\nc: {<<: [*b, *d]}\ne: {<<: *b, <<: *d, z: 4}\n",
         "{\"b\":{\"m\":1},\"d\":{\"m\":2,\"z\":3},\"c\":{\"m\":1,\"z\":3},"
         "\"e\":{\"m\":2,\"z\":4}}"},
        {"b: &b {m: 1, i: 2}\nd: &d {<<: *b, m: 3}\nc: {<<: *d, i: 4}\nf: {m: 5, <<: *d}\n",
         "{\"b\":{\"m\":1,\"i\":2},\"d\":{\"i\":2,\"m\":3},\"c\":{\"m\":3,\"i\":4},"
         "\"f\":{\"i\":2,\"m\":3}}"},
        {"c: {<<: [{x: 1, <<: [{x: 2}, {x: 3, z: 4}]}, {z: 5}]}\n",
         "{\"c\":{\"x\":2,\"z\":4}}"},
        {"c: {<<: {a: {p: 1}}, a: {q: 2}}\n", "{\"c\":{\"a\":{\"q\":2}}}"},
        {"c: {<<: {1: a}, 0x1: b}\nd: {<<: {yes: a}, true: b}\n",
         "{\"c\":{\"1\":\"b\"},\"d\":{\"true\":\"b\"}}"},
        /* anchors in what does not count are there all the same */
        {"c: {r: &r {k: 1}, <<: {r: 2}}\nd: *r\n", "{\"c\":{\"r\":2},\"d\":{\"k\":1}}"},
        {"c: {<<: &m {x: 1, v: &z [2]}, x: 3, v: 4}\nd: *m\ne: {<<: *m, v: *z}\n",
         "{\"c\":{\"x\":3,\"v\":4},\"d\":{\"x\":1,\"v\":[2]},\"e\":{\"x\":1,\"v\":[2]}}"},
        {"c: {x: 0, <<: &m {<<: {x: 1, w: 5}, x: 2}}\nd: [*m]\n",
         "{\"c\":{\"w\":5,\"x\":2},\"d\":[{\"w\":5,\"x\":2}]}"},
        /* an anchored mapping that was merged is a mapping again elsewhere */
        {"x: 1\n<<: &m {q: [2], z: 3}\nw: *m\nv: {<<: *m}\nu: [*m]\n",
         "{\"x\":1,\"q\":[2],\"z\":3,\"w\":{\"q\":[2],\"z\":3},\"v\":{\"q\":[2],\"z\":3},"
         "\"u\":[{\"q\":[2],\"z\":3}]}"},
        {"&k 0x10: &v 1_0\nb: *k\n*v : c\n", "{\"16\":10,\"b\":16,\"10\":\"c\"}"},
        {"- &x a\n- [*x, &x b]\n- *x\n", "[\"a\",[\"a\",\"b\"],\"b\"]"},
        {"- &x [&x b, *x]\n- *x\n", "[[\"b\",\"b\"],\"b\"]"},
        /* kubectl ends the last line */
        {"a: |\n  x", "{\"a\":\"x\\n\"}"},
        {"a: |\n  x\r", "{\"a\":\"x\\n\"}"},
        {"a: |\n  x\r\r\n  y\n", "{\"a\":\"x\\ny\\n\"}"},
        {"!!merge \"<<\": {a: 1}\n! \"<<\": {b: 1}\n'<<': {c: 1}\n",
         "{\"a\":1,\"b\":1,\"<<\":{\"c\":1}}"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct reader r;
        const struct yaml_doc *doc = read_one(&r, str_of(rows[i].yaml));
        if (!str_eq(raw_of(doc), str_of(rows[i].json)))
            fail_row("row \"%s\": %.*s", rows[i].yaml, STR_ARG(raw_of(doc)));
        yaml_close(r.yaml);
    }
}

static void utf16_is_read(void **state) {
    (void)state;
    static const struct {
        struct str text;
        enum ec ec;
    } rows[] = {{STR_INIT("\xff\xfe"
                          "a\0:\0 \0"
                          "=\xd8\0\xde\n\0"),
                 EC_OK},
                {STR_INIT("\xfe\xff\0a\0:\0 \xd8=\xde\0\0\n"), EC_OK},
                {STR_INIT("\xff\xfe"
                          "a\0:\0 \0"
                          "=\xd8\n\0"),
                 EC_SYNTAX},
                {STR_INIT("\xff\xfe"
                          "a\0:\0 \0"
                          "\0\xde\n\0"),
                 EC_SYNTAX},
                {STR_INIT("\xff\xfe"
                          "a\0:\0 \0"
                          "=\xd8"),
                 EC_SYNTAX},
                {STR_INIT("\xff\xfe"
                          "a\0:"),
                 EC_SYNTAX}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct reader r = {.err = ERR_INIT};
        if (yaml_open(&r.yaml, rows[i].text, YAML_LIMITS_DEFAULT, &r.err) != rows[i].ec)
            fail_row("row %zu: %s", i, r.err.msg);
        if (rows[i].ec != EC_OK)
            continue;
        assert_ok(next(&r), &r.err);
        assert_str(raw_of(r.doc), STR("{\"a\":\"\xf0\x9f\x98\x80\"}"));
        yaml_close(r.yaml);
    }
    yaml_close(NULL);
}

static void utf16_errors_have_a_location(void **state) {
    static const struct {
        struct str text;
        uint32_t line, col;
    } rows[] = {{STR_INIT("\xfe\xff\0a\0:\0\n\0b\0"), 2, 2},
                {STR_INIT("\xfe\xff\0a\xd8\0\0b"), 1, 2},
                {STR_INIT("\xff\xfe\xe4\0x"), 1, 3}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct reader r = {.err = ERR_INIT};
        assert_int_equal(yaml_open(&r.yaml, rows[i].text, YAML_LIMITS_DEFAULT, &r.err),
                         EC_SYNTAX);
        if (r.err.line != rows[i].line || r.err.col != rows[i].col)
            fail_row("row %zu: %u:%u: %s", i, r.err.line, r.err.col, r.err.msg);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(scalars_and_documents_read_as_kubectl_reads_them),
    cmocka_unit_test(numbers_are_printed_as_go_does),
    cmocka_unit_test(timestamps_are_checked),
    cmocka_unit_test(merges_and_aliases_are_expanded),
    cmocka_unit_test(utf16_is_read),
    cmocka_unit_test(utf16_errors_have_a_location),
};

TEST_MAIN(tests)
