#include "test.h"

#include "base/file.h"
#include "base/mem.h"
#include "yaml/yaml.h"

#include <jansson.h>
#include <stdlib.h>

/* --- helpers --- */

struct reader {
    struct yaml *yaml;
    struct yaml_doc *doc;
    struct err err;
};

static void open_text(struct reader *r, struct str text, struct yaml_limits limits) {
    *r = (struct reader){.err = ERR_INIT};
    assert_ok(yaml_open(&r->yaml, text, limits, &r->err), &r->err);
}

static enum ec next(struct reader *r) {
    r->err = (struct err)ERR_INIT;
    return yaml_next(r->yaml, &r->doc, &r->err);
}

/* Opens a text of one document and reads it. */
__attribute__((unused)) static const struct yaml_doc *read_one(struct reader *r,
                                                               struct str text) {
    open_text(r, text, YAML_LIMITS_DEFAULT);
    assert_ok(next(r), &r->err);
    assert_non_null(r->doc);
    return r->doc;
}

static struct str raw_of(const struct yaml_doc *doc) {
    return (struct str){doc->raw, doc->raw_bytes};
}

static struct str read_file(struct buf *b, const char *path) {
    struct err err = ERR_INIT;
    buf_reset(b);
    assert_ok(file_read(b, path, 1 << 20, &err), &err);
    return buf_view(b);
}

/* --- the table of facts --- */

enum { CLASS, INPUT, OK, JSON, TYPE, STRICT_OK, N_FIELDS = 7 };

/* Rows that do not hold, and why. */
static const struct {
    struct str class, input;
    enum ec code;
} exceptions[] = {
    /* A stream: `---` at the start of a line may be followed by blanks and comments only. */
    {STR_INIT("document"), STR_INIT("--- a\n"), EC_SYNTAX},
    /* json/ refuses U+0000 in strings, as no field of Kubernetes may hold it. */
    {STR_INIT("scalar"), STR_INIT("\"\\0\""), EC_SCHEMA},
    {STR_INIT("stream"), STR_INIT("{\"a\":\"x\\u0000y\"}"), EC_SCHEMA},
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

static const char *check_row(struct reader *r, const struct str *f, struct str json) {
    enum ec ec = next(r);
    if (!str_eq(f[STRICT_OK], STR("1")))
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

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(scalars_and_documents_read_as_kubectl_reads_them),
};

TEST_MAIN(tests)
