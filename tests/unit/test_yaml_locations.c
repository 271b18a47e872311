#include "yaml_reader.h"
#include "json/json.h"

/* --- positions --- */

static void check_pos(const char *row, const char *what, struct yaml_location pos,
                      uint32_t line, uint32_t col) {
    if (pos.line != line || pos.col != col)
        fail_row("row \"%s\": %s at %u:%u, expected %u:%u", row, what, pos.line, pos.col, line,
                 col);
}

static void pointers_lead_to_lines_and_columns(void **state) {
    (void)state;
    static const struct {
        const char *text, *pointer;
        uint32_t line, col, key_line, key_col;
    } rows[] = {
        {"a: 1\nb:\n  c: x\n", "", 1, 1, 1, 1},
        {"a: 1\nb:\n  c: x\n", "/a", 1, 4, 1, 1},
        {"a: 1\nb:\n  c: x\n", "/b", 3, 3, 2, 1},
        {"a: 1\nb:\n  c: x\n", "/b/c", 3, 6, 3, 3},
        {"a:\n- x\n-   y\n", "/a/1", 3, 5, 3, 5},
        {"a:\n- x\n- {k: v}\n", "/a/1/k", 3, 7, 3, 4},
        {"a: {b: [1, \"two\"]}\n", "/a/b/1", 1, 12, 1, 12},
        {"a: |\n  text\nb: >-\n  more\n", "/b", 3, 4, 3, 1},
        {"a:\nb: 1\n", "/a", 1, 3, 1, 1},
        {"# c\n\n  a: \"x\ty\"\n  b: 'z'\n", "/b", 4, 6, 4, 3},
        /* columns are bytes */
        {"\"\xc3\xa9\": [\xe2\x82\xac, x]\n", "/\xc3\xa9/1", 1, 13, 1, 13},
        {"a: 1\r\nb: 2\r\n", "/b", 2, 4, 2, 1},
        {"a: 1\rb: 2\r", "/b", 2, 4, 2, 1},
        {"a: 'x\r\n\r\n  y'\r\nb: 2\r\n", "/b", 4, 4, 4, 1},
        {"\xef\xbb\xbf"
         "a: 1\n",
         "/a", 1, 4, 1, 1},
        {"a: 1\n---\n\xef\xbb\xbf"
         "b: 2\n",
         "", 1, 1, 1, 1},
        {"\xfe\xff\0a\0:\0 \0"
         "1",
         "", 1, 1, 1, 1},
        /* anchors and tags are before the value, aliases lead to the anchored one */
        {"a: &x !!str 12\n", "/a", 1, 13, 1, 1},
        {"a: &x # c\n  k: v\n", "/a", 2, 3, 1, 1},
        {"a: &x {k: v}\nb: *x\n", "/b", 1, 7, 2, 1},
        {"a: &x {k: v}\nb: *x\n", "/b/k", 1, 11, 1, 8},
        {"a: &x\nb: 2\n", "/a", 1, 4, 1, 1},
        {"a: &x [&y 1, *y]\nb: [*x, 2]\n", "/b/0/1", 1, 11, 1, 11},
        {"a: &x {k: v}\nb:\n  <<: *x\n  l: w\n", "/b/k", 1, 11, 1, 8},
        {"a: &x {k: v}\nb:\n  <<: *x\n  l: w\n", "/b/l", 4, 6, 4, 3},
        {"a: &x {k: v}\nb:\n  <<: *x\n  k: w\n", "/b/k", 4, 6, 4, 3},
        {"a: &x {k: v}\nb:\n  k: w\n  <<: *x\nc: d\n", "/b/k", 1, 11, 1, 8},
        {"a: &x {k: v}\nb:\n  k: w\n  <<: *x\nc: d\n", "/c", 5, 4, 5, 1},
        {"a: &x {k: v}\nb:\n  <<: [*x, {k: 1, l: 2}]\n", "/b/l", 3, 22, 3, 19},
        {"<<: [{a: 1}, {b: 2}]\nc: 3\n", "/b", 1, 18, 1, 15},
        {"&k 0x10: a\n", "/16", 1, 10, 1, 4},
        {"a: \"\\'\"\n? !x # \\'\n  \"b\\'\"\n: [\"\\'\", c]\n", "/b'/1", 4, 10, 4, 10},
        {"a: \"\\'\"\n? !x # \\'\n  \"b\\'\"\n: [\"\\'\", c]\n", "/b'", 4, 3, 3, 3},
        /* escapes of pointers */
        {"a/b: {\"c~d\": {\"\": 1}}\n", "/a~1b/c~0d/", 1, 19, 1, 15},
        {"a/b: {c: 1}\n~: 1\n", "/a/b", 0, 0, 0, 0},
        /* the nearest parent */
        {"a: {b: [1]}\n", "/a/c", 1, 4, 1, 4},
        {"a: {b: [1]}\n", "/a/b/1", 1, 8, 1, 8},
        {"a: {b: [1]}\n", "/a/b/-", 1, 8, 1, 8},
        {"a: {b: [1]}\n", "/a/b/0/x/y", 1, 9, 1, 9},
        {"a: {b: [1]}\n", "/x/y", 1, 1, 1, 1},
        {"a: {b: [1]}\n", "no pointer", 1, 1, 1, 1},
        /* JSON */
        {"{\"a\":1,\n \"b\": [true,\n  {\"c\": \"\\u0041/\"}]}", "/b/1/c", 3, 9, 3, 4},
        {" {\"a\\u002fb\": {}, \"c\\n\": \"\\n\",\r\n\"d\": 1}", "/d", 2, 6, 2, 1},
        {" {\"a\\u002fb\": {}, \"c\\n\": \"\\n\",\r\n\"d\": 1}", "/a~1b", 1, 15, 1, 3},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct reader r;
        struct str text = str_of(rows[i].text);
        if (text.n > 0 && text.p[0] == '\xfe')
            text.n = 10;
        open_text(&r, text, YAML_LIMITS_DEFAULT);
        if (rows[i].line == 0) {
            assert_int_equal(next(&r), EC_SCHEMA);
            yaml_close(r.yaml);
            continue;
        }
        assert_ok(next(&r), &r.err);
        assert_non_null(r.doc);
        struct str pointer = str_of(rows[i].pointer);
        check_pos(rows[i].text, rows[i].pointer, yaml_where(r.doc, pointer), rows[i].line,
                  rows[i].col);
        check_pos(rows[i].text, "its key", yaml_where_key(r.doc, pointer), rows[i].key_line,
                  rows[i].key_col);
        yaml_close(r.yaml);
    }
}

static void documents_know_their_lines(void **state) {
    (void)state;
    struct reader r;
    open_text(&r, STR("# c\n---\n# only a comment\n---\na: 1\n--- # c\n\n\nb: 2\n---\n- x\n"),
              YAML_LIMITS_DEFAULT);
    static const uint32_t lines[] = {5, 9, 11};
    for (size_t i = 0; i < 3; i++) {
        assert_ok(next(&r), &r.err);
        assert_int_equal(r.doc->index, i);
        assert_int_equal(r.doc->line, lines[i]);
        assert_null(r.doc->note);
    }
    for (int again = 0; again < 2; again++) {
        assert_ok(next(&r), &r.err);
        assert_null(r.doc);
    }
    yaml_close(r.yaml);
}

static void marks_before_a_document_are_not_counted(void **state) {
    (void)state;
    struct reader r;
    open_text(&r,
              STR("\xef\xbb\xbf"
                  "a: 1\n---\n\xef\xbb\xbf"
                  "b: 2\n"),
              YAML_LIMITS_DEFAULT);
    assert_ok(next(&r), &r.err);
    check_pos("first document", "/a", yaml_where(r.doc, STR("/a")), 1, 4);
    assert_ok(next(&r), &r.err);
    check_pos("second document", "/b", yaml_where(r.doc, STR("/b")), 3, 4);
    yaml_close(r.yaml);
}

/* The images of the fixtures, found where they are in the files. */
static struct str text_at(struct str text, struct yaml_location pos) {
    size_t at = 0;
    for (uint32_t line = 1; line < pos.line; line++)
        at += str_find(str_slice(text, at, text.n), '\n') + 1;
    at += pos.col - 1;
    struct str rest = str_slice(text, at, text.n);
    return str_slice(rest, 0, str_find(rest, '\n'));
}

static bool find_image(struct str text, struct str pod, struct str path, struct str image) {
    struct reader r;
    bool found = false;
    open_text(&r, text, YAML_LIMITS_DEFAULT);
    while (!found) {
        assert_ok(next(&r), &r.err);
        if (r.doc == NULL)
            break;
        found = str_eq(text_at(text, yaml_where(r.doc, STR("/metadata/name"))), pod) &&
                str_eq(text_at(text, yaml_where(r.doc, path)), image) &&
                str_starts(text_at(text, yaml_where_key(r.doc, path)), STR("image: "));
    }
    yaml_close(r.yaml);
    return found;
}

static void images_of_the_fixtures_are_found(void **state) {
    (void)state;
    struct buf table = BUF_INIT(1 << 20), file = BUF_INIT(1 << 20);
    struct str rest = read_file(&table, TESTS_DIR "/data/pods/expected-images.tsv");
    size_t rows = 0;
    for (size_t end; rest.n > 0; rest = str_slice(rest, end + 1, rest.n)) {
        end = str_find(rest, '\n');
        struct str row = str_slice(rest, 0, end), f[5];
        if (row.n == 0 || row.p[0] == '#')
            continue;
        for (size_t i = 0; i < 5; i++) {
            size_t tab = str_find(row, '\t');
            f[i] = str_slice(row, 0, tab);
            row = str_slice(row, tab + 1, row.n);
        }
        char path[512];
        snprintf(path, sizeof path, TESTS_DIR "/data/pods/%.*s", STR_ARG(f[0]));
        if (!find_image(read_file(&file, path), f[1], f[2], f[4]))
            fail_row("%s: %.*s is not at %.*s", path, STR_ARG(f[4]), STR_ARG(f[2]));
        rows++;
    }
    assert_true(rows >= 31);
    buf_done(&table);
    buf_done(&file);
}

/* --- errors --- */

static void errors_say_where_and_what(void **state) {
    (void)state;
    static const struct {
        const char *text;
        enum ec code;
        uint32_t line, col;
        const char *part; /* of the message */
    } rows[] = {
        {"a: b: c\n", EC_SYNTAX, 1, 5, "mapping values are not allowed"},
        {"x: 1\na: [1,\nb: 2\n", EC_SYNTAX, 4, 1, "line 2"},
        {"---\na: \"x\n---\ny\"\n", EC_SYNTAX, 3, 1, "unexpected end of stream"},
        {"a: 1\n---b\n", EC_SYNTAX, 2, 4, "---"},
        {"a: 1\n---\n--- {a: b}\n", EC_SYNTAX, 3, 5, "---"},
        {"a: 1\r\nb: \x01\r\n", EC_SYNTAX, 2, 4, "control"},
        {"a: 1\nb: \xc2\x9f\n", EC_SYNTAX, 2, 4, "control"},
        {"a: 1\nb: x\xef\xbf\xbe\n", EC_SYNTAX, 2, 5, "control"},
        {"a: 1\nb: \xff\n", EC_SYNTAX, 2, 4, "UTF-8"},
        {"a: 1\n\xef\xbb\xbf"
         "b: 2\n",
         EC_SYNTAX, 2, 1, "byte order mark"},
        /* this document begins at "---", and go-yaml would have the mark in the key */
        {"---\n\xef\xbb\xbf"
         "b: 2\n",
         EC_SYNTAX, 2, 1, "byte order mark"},
        {"a: 1\n---\n\xef\xbb\xbf\xef\xbb\xbf"
         "b: 2\na: 1\n",
         EC_SYNTAX, 3, 1, "byte order mark"},
        {"a: [x?y]\n", EC_SYNTAX, 1, 5, "'?'"},
        {"a: \"x\\/\"\n", EC_SYNTAX, 1, 6, "escape"},
        {"a: \"\\' \\/\"\n", EC_SYNTAX, 1, 8, "escape"},
        {"a: \"\\'\nb: 2\n\n", EC_SYNTAX, 4, 1, "line 1"},
        {"a: \"\\'\"\nb: \"\\q\"\n", EC_SYNTAX, 2, 5, "escape"},
        /* go-yaml's list has one value */
        {"- [\n  !!str, 'x']\n", EC_SYNTAX, 2, 8, "','"},
        {"- {a: &x !!str,\n  b}\n", EC_SYNTAX, 1, 15, "','"},
        {"- !!int%00x 5\n", EC_SYNTAX, 1, 8, "'%'"},
        {"%YAML 1.2\r---\ra: 1\r", EC_SYNTAX, 1, 1, "1.2"},
        {"a: 1\nb: 2\na: 3\n", EC_SCHEMA, 3, 1, "duplicate key \"a\", first on line 1"},
        {"[{x: {p: 1}},\n {x: {q: \"}\", p: 2},\n  r: 3, x: 4}]", EC_SCHEMA, 3, 9,
         "first on line 2"},
        {"{\"p\": {\"x\": 1},\n\"x\" : [],\n\n\"x\": 2}", EC_SCHEMA, 4, 2, "first on line 2"},
        {"1: a\n\"1\": b\n", EC_SCHEMA, 2, 1, "\"1\""},
        {"1: a\n1.0: b\n", EC_SCHEMA, 2, 1, "\"1\""},
        {"true: a\n\"true\": b\n", EC_SCHEMA, 2, 1, "\"true\""},
        {"a: {x: {p: 1, q: 2, p: 3}}\n", EC_SCHEMA, 1, 21, "\"p\""},
        {"a: &a {x: 1}\nb:\n  x: 2\n  <<: *a\n  x: 3\n", EC_SCHEMA, 5, 3, "first on line 3"},
        {"a: &a {x: 1}\nb:\n  <<: *a\n  \"x\": 2\n  x: 3\n", EC_SCHEMA, 5, 3, "\"x\""},
        {"a:\n  <<: {x: 1,\n    x: 2}\n", EC_SCHEMA, 3, 5, "first on line 2"},
        {"a:\n  <<: [{p: 1}, {x: 1, x: 2}]\n  x: 3\n", EC_SCHEMA, 2, 23, "\"x\""},
        {"a: &a {x: 1, x: 2}\nb: {<<: *a}\n", EC_SCHEMA, 1, 14, "\"x\""},
        {"a: &a {1: x}\nb:\n  <<: *a\n  \"1\": y\n", EC_SCHEMA, 4, 3, "\"1\""},
        {"a: &a {1: x}\nb:\n  1.0: y\n  <<: *a\n", EC_SCHEMA, 3, 3, "\"1\""},
        {"a: &a {x: 1}\nb: {<<: *a, <<: null}\n", EC_SCHEMA, 2, 17, "<<"},
        {"a:\n  <<: x\n", EC_SCHEMA, 2, 7, "<<"},
        {"a:\n  <<: [{}, [x]]\n", EC_SCHEMA, 2, 12, "<<"},
        {"a: &a [1]\nb:\n  <<: *a\n", EC_SCHEMA, 3, 7, "<<"},
        {"a:\n  <<: &l [{x: 1}]\nb: *l\n", EC_SCHEMA, 3, 4, "*l"},
        {"a: *x\n", EC_SCHEMA, 1, 4, "*x"},
        {"a: &x [1, *x]\n", EC_SCHEMA, 1, 11, "inside"},
        {"a: &x {<<: *x}\n", EC_SCHEMA, 1, 12, "inside"},
        {"a: &x [1]\n*x : 2\n", EC_SCHEMA, 2, 1, "a list as a key"},
        {"a: 1\n? {b: c}\n: d\n", EC_SCHEMA, 2, 3, "a mapping as a key"},
        {"a: 1\n~: 2\n", EC_SCHEMA, 2, 1, "null"},
        {"a: 1\n18446744073709551615: 2\n", EC_SCHEMA, 2, 1, "too large"},
        {"a:\n- .inf\n", EC_SCHEMA, 2, 3, ".inf"},
        {"a:\n- -.NaN\n- .NaN\n", EC_SCHEMA, 3, 3, ".NaN"},
        {"a: !!int x\n", EC_SCHEMA, 1, 10, "!!int"},
        {"a: !!float \"\"\n", EC_SCHEMA, 1, 12, "!!float"},
        {"a: !!float 9223372036854775808\n", EC_SCHEMA, 1, 12, "!!float"},
        {"a: !!timestamp 2001-02-30\n", EC_SCHEMA, 1, 16, "!!timestamp"},
        {"a: !!binary aGk\n", EC_SCHEMA, 1, 13, "base64"},
        {"a: !!binary =aGk\n", EC_SCHEMA, 1, 13, "base64"},
        {"a: !!binary aGk=aGk=\n", EC_SCHEMA, 1, 13, "base64"},
        {"---\n...\nkind: Pod\n", EC_SCHEMA, 3, 1, "empty document"},
        /* JSON; the reader that came further says what is wrong */
        {"{\"a\": 1,\n \"a\": 2}", EC_SCHEMA, 2, 3, "\"a\""},
        {"{\"a\": \"\\/\",\n b: 2}", EC_SYNTAX, 2, 2, "JSON"},
        {"{\"a\": 1\n \"b\": 2}", EC_SYNTAX, 2, 5, "expected ','"},
        {"{a: 1,\n b: [}", EC_SYNTAX, 2, 6, "node content"},
        {"{\"a\":1}{\"b\":2}\n---\nc: 3\n", EC_SYNTAX, 2, 2, "JSON"},
        /* fewer than four bytes are not tried as YAML */
        {"{\"a\":1} x\n", EC_SYNTAX, 1, 9, "JSON"},
        {"{a}", EC_SYNTAX, 1, 2, "JSON"},
        {"{\"a\":1}  #c", EC_SYNTAX, 1, 10, "JSON"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct reader r;
        open_text(&r, str_of(rows[i].text), YAML_LIMITS_DEFAULT);
        do
            next(&r);
        while (r.err.code == EC_OK && r.doc != NULL);
        if (r.err.code != rows[i].code || r.err.line != rows[i].line ||
            r.err.col != rows[i].col || strstr(r.err.msg, rows[i].part) == NULL)
            fail_row("row \"%s\": %s %u:%u %s", rows[i].text, ec_name(r.err.code), r.err.line,
                     r.err.col, r.err.msg);
        assert_null(r.doc);
        yaml_close(r.yaml);
    }
}

static void reading_goes_on_behind_an_error(void **state) {
    (void)state;
    static const struct {
        const char *text;
        const char *seen; /* a document: its JSON; an error: its name */
    } rows[] = {
        {"a: b: c\n---\nd: 1\n", "syntax {\"d\":1} "},
        {"a: 1\n---b\nc: 2\n---\nd: 3\n", "syntax {\"c\":2} {\"d\":3} "},
        {"a: 1\na: 2\n---\nd: 1\n", "schema {\"d\":1} "},
        {"a: 1\n--- x", "syntax "},
        {"{\"a\":1,\"a\":2} {\"b\":3}", "schema {\"b\":3} "},
        {"{\"a\":1}{\"b\":2}}{\"c\":3}", "{\"a\":1} {\"b\":2} syntax "},
        {"{\"a\":1}}\n---\nb: 2\n", "{\"a\":1} syntax {\"b\":2} "},
        {"{\"a\":1} null [2] 3", "{\"a\":1} [2] 3 "},
        {"{\"a\":1}\nb: 2\n---\n{\"c\":\"\\/\"}\n", "{\"a\":1} {\"b\":2} syntax "},
        {"{\"a\":\"\\/\\ud83d\\ude00\"}", "{\"a\":\"\\/\\ud83d\\ude00\"} "},
        {"{\"a\":1} x\n\n\n", "{\"a\":1} \"x\" "},
        {"{\"a\":1} ---", "{\"a\":1} syntax "},
        {"{\"a\":1}\n---", "{\"a\":1} "},
        {"  {a: 1,\n b: 2}\n---\n{\"c\":1}{", "{\"a\":1,\"b\":2} {\"c\":1} "},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct reader r;
        struct buf seen = BUF_INIT(4096);
        open_text(&r, str_of(rows[i].text), YAML_LIMITS_DEFAULT);
        while (next(&r) != EC_OK || r.doc != NULL) {
            if (r.err.code != EC_OK)
                buf_puts(&seen, ec_name(r.err.code));
            else
                buf_str(&seen, raw_of(r.doc));
            buf_putc(&seen, ' ');
        }
        if (!str_eq(buf_view(&seen), str_of(rows[i].seen)))
            fail_row("row \"%s\": %.*s", rows[i].text, STR_ARG(buf_view(&seen)));
        yaml_close(r.yaml);
        buf_done(&seen);
    }
}

static void ignored_text_is_noted(void **state) {
    (void)state;
    static const struct {
        const char *text;
        uint32_t line; /* 0: no note */
    } rows[] = {{"a: 1\n...\n", 0},
                {"a: 1\n...\n# c\n\n  # d\n", 0},
                {"a: 1\n...\n\nb: 2\n", 4},
                {"a: 1\n%YAML 1.1\n", 2},
                {"[1] x\n", 1},
                {"a: 1\r---\rb: 2\r", 2},
                {"a: 1\n... # c\nb: 2\n", 3},
                {"a: 1 # b: 2\n", 0},
                {"{a: 1} # c\nb\n", 2}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct reader r;
        const struct yaml_doc *doc = read_one(&r, str_of(rows[i].text));
        if ((doc->note != NULL) != (rows[i].line != 0) || doc->note_line != rows[i].line)
            fail_row("row \"%s\": note in line %u", rows[i].text, doc->note_line);
        yaml_close(r.yaml);
    }
}

/* Each node of /b: where it came from, as line:column of the alias, "." for what is written there. */
static void copies_know_their_source(void **state) {
    (void)state;
    static const struct {
        const char *text, *seen;
    } rows[] = {
        {"a: &x {k: v}\nb: {l: w}\n", ". . . "},
        {"a: &x {k: v}\nb: *x\n", "2:4<2 2:4<3 2:4<4 "},
        {"a: &x {k: v}\nb: {<<: *x, l: 1}\n", ". 2:9<3 2:9<4 . . "},
        {"a: &x {k: v}\nb: {<<: *x, k: 1}\n", ". . . "},
        {"a: &x v\nb: [*x, w]\n", ". 2:5<2 . "},
        /* of a copy, the copy */
        {"a: {y: &y {k: v}, z: &z {<<: *y}}\nb: {<<: *z}\n", ". 2:9<9 2:9<10 "},
        /* what does not count is not a node */
        {"a: {y: &y {k: v}, <<: {y: 1}}\nb: {<<: *y}\n", ". 2:9<gone 2:9<gone "},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct reader r;
        struct buf seen = BUF_INIT(4096);
        const struct yaml_doc *doc = read_one(&r, str_of(rows[i].text));
        const uint32_t b = json_find(doc->json, STR("/b"));
        for (uint32_t n = b; n < doc->json->nodes[b].next; n++) {
            int64_t source = yaml_source(doc, n);
            struct yaml_location at = yaml_alias(doc, n);
            if (source == YAML_WRITTEN)
                buf_puts(&seen, ". ");
            else if (source == YAML_GONE)
                buf_printf(&seen, "%u:%u<gone ", at.line, at.col);
            else
                buf_printf(&seen, "%u:%u<%d ", at.line, at.col, (int)source);
        }
        if (!str_eq(buf_view(&seen), str_of(rows[i].seen)))
            fail_row("row \"%s\": %.*s", rows[i].text, STR_ARG(buf_view(&seen)));
        yaml_close(r.yaml);
        buf_done(&seen);
    }
}

/* The last "<<" of /b and where its value ends; then what it takes the place of. */
static void merges_are_told(void **state) {
    (void)state;
    static const struct {
        const char *text, *seen;
    } rows[] = {
        {"b: {k: v}\n", ""},
        {"a: &x {k: v}\nb:\n  <<: *x\n  l: w\n", "3:3-3:9 "},
        {"a: &x {k: v}\nb: {<<: *x, <<: {l: w}}\n", "2:13-2:23 "},
        {"a: &x {k: v}\nb:\n  k: 1\n  <<:\n  - *x\n  - {z: 2} # c\n", "4:3-6:11 3:3 "},
        {"a: &x {k: v}\nb:\n  <<:\n    k: \"w\"\n    <<: *x\n", "3:3-5:11 "},
        {"a: {k: 1, <<: {k: 2}}\nb: {z: 1, k: 1, <<: {k: 2, z: 3}}\n", "2:17-2:33 2:5 2:11 "},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct reader r;
        struct buf seen = BUF_INIT(4096);
        const struct yaml_doc *doc = read_one(&r, str_of(rows[i].text));
        const uint32_t b = json_find(doc->json, STR("/b"));
        const struct yaml_merge *m = yaml_merge_of(doc, b);
        if (m != NULL)
            buf_printf(&seen, "%u:%u-%u:%u ", m->key.line, m->key.col, m->end.line, m->end.col);
        for (uint32_t k = 0; k < doc->n_lost; k++)
            if (doc->lost[k].mapping == b)
                buf_printf(&seen, "%u:%u ", doc->lost[k].pos.line, doc->lost[k].pos.col);
        if (!str_eq(buf_view(&seen), str_of(rows[i].seen)))
            fail_row("row \"%s\": %.*s", rows[i].text, STR_ARG(buf_view(&seen)));
        assert_int_equal(doc->note != NULL, doc->n_lost != 0);
        yaml_close(r.yaml);
        buf_done(&seen);
    }
}

static void aliases_are_told(void **state) {
    (void)state;
    static const struct {
        const char *text, *seen; /* one letter a document */
    } rows[] = {{"a: &x 1\nb: '*x'\n", "-"},
                {"a: &x 1\nb: *x\n---\na: &x 1\n---\na: &x {}\nb: {<<: *x}\n", "*-*"},
                {"{\"a\": \"&x *x\"}", "-"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct reader r;
        struct buf seen = BUF_INIT(100);
        open_text(&r, str_of(rows[i].text), YAML_LIMITS_DEFAULT);
        while (next(&r) == EC_OK && r.doc != NULL)
            buf_putc(&seen, r.doc->aliases ? '*' : '-');
        if (!str_eq(buf_view(&seen), str_of(rows[i].seen)))
            fail_row("row \"%s\": %.*s", rows[i].text, STR_ARG(buf_view(&seen)));
        yaml_close(r.yaml);
        buf_done(&seen);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(pointers_lead_to_lines_and_columns),
    cmocka_unit_test(documents_know_their_lines),
    cmocka_unit_test(marks_before_a_document_are_not_counted),
    cmocka_unit_test(images_of_the_fixtures_are_found),
    cmocka_unit_test(errors_say_where_and_what),
    cmocka_unit_test(reading_goes_on_behind_an_error),
    cmocka_unit_test(ignored_text_is_noted),
    cmocka_unit_test(copies_know_their_source),
    cmocka_unit_test(merges_are_told),
    cmocka_unit_test(aliases_are_told),
};

TEST_MAIN(tests)
