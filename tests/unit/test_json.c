/* The reader, by tables of documents. test_json_tree.c looks at what the nodes are good for,
 * test_json_oracle.c compares with jansson. */
#include "json_doc.h"
#include "test.h"

#include "base/buf.h"

static void nodes_are_laid_out_as_drawn(void **state) {
    (void)state;
    static const struct json_node expected[] = {
        {.off = 0, .len = 2, .next = 7, .type = JSON_OBJECT, .depth = 0},
        {.off = 2, .len = 1, .next = 2, .type = JSON_STRING, .depth = 1},
        {.off = 5, .len = 2, .next = 5, .type = JSON_ARRAY, .depth = 1},
        {.off = 6, .len = 1, .next = 4, .type = JSON_NUMBER, .depth = 2},
        {.off = 8, .len = 0, .next = 5, .type = JSON_TRUE, .depth = 2},
        {.off = 15, .len = 1, .next = 6, .type = JSON_STRING, .depth = 1},
        {.off = 19, .len = 1, .next = 7, .type = JSON_STRING, .depth = 1}};
    struct doc d;
    doc_read(&d, STR("{\"a\":[1,true],\"b\":\"x\"}"), JSON_LIMITS_DEFAULT, '}');
    assert_ok(d.ec, &d.err);
    assert_int_equal(d.j.n_nodes, 7);
    for (size_t i = 0; i < 7; i++) {
        struct json_node n = d.j.nodes[i];
        if (n.off != expected[i].off || n.len != expected[i].len ||
            n.next != expected[i].next || n.type != expected[i].type ||
            n.depth != expected[i].depth)
            fail_row("node %zu: off %u len %u next %u type %u depth %u", i, n.off, n.len,
                     n.next, n.type, n.depth);
    }
    doc_done(&d);
}

static void good_documents_are_read(void **state) {
    (void)state;
    static const struct {
        struct str text;
        const char *printed; /* NULL: as the text */
    } rows[] = {
        {STR_INIT("null"), NULL},
        {STR_INIT("true"), NULL},
        {STR_INIT("false"), NULL},
        {STR_INIT("0"), NULL},
        {STR_INIT("-0"), NULL},
        {STR_INIT("-0.0e-0"), NULL},
        {STR_INIT("1E+2"), NULL},
        {STR_INIT("123456789012345678901234567890.5e99999"), NULL},
        {STR_INIT("\"\""), NULL},
        {STR_INIT("[]"), NULL},
        {STR_INIT("{}"), NULL},
        {STR_INIT("[[],{},[[]],[{}]]"), NULL},
        {STR_INIT("{\"\":{\"\":{}}}"), NULL},
        {STR_INIT("{\"a\":{\"a\":1},\"b\":[{\"a\":2},{\"a\":3}]}"), NULL},
        {STR_INIT(" \t\r\n[ \n] \t"), "[]"},
        {STR_INIT(" { } "), "{}"},
        {STR_INIT("\n{ \"a\" : 1 ,\r\n\t\"b\" : [ true , null ] }\n"),
         "{\"a\":1,\"b\":[true,null]}"},
        {STR_INIT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), "\"\\\"\\\\/\\u0008\\u000c\\n\\r\\t\""},
        {STR_INIT("\"\\u003cb\\u003E\\u0026\""), "\"<b>&\""},
        {STR_INIT("\"\\u0001\\u007F\\u0080\\u07ff\\u0800\\uffff\""),
         "\"\\u0001\\u007f\\u0080\xdf\xbf\xe0\xa0\x80\\uffff\""},
        {STR_INIT("\"\\ud800\\udc00\\uDBFF\\uDFFF\""), "\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\""},
        {STR_INIT("\"\\ud83d\\ude00\\ud83d\\ude00!\""),
         "\"\xf0\x9f\x98\x80\xf0\x9f\x98\x80!\""},
        {STR_INIT("\"\xf0\x9f\x98\x80\xe2\x82\xac\xc3\xa9\\t\xc3\xa9z\""),
         "\"\xf0\x9f\x98\x80\xe2\x82\xac\xc3\xa9\\t\xc3\xa9z\""},
        {STR_INIT("\"\\u2028\""), "\"\\u2028\""},
        {STR_INIT("\"\xc2\x9f\xc2\xa0\xe2\x80\x8b\xe2\x80\xae\xe2\x80\xaf\xef\xbb\xbf\""),
         "\"\\u009f\xc2\xa0\\u200b\\u202e\xe2\x80\xaf\\ufeff\""},
        /* marked, but kept: see odd_strings_are_marked */
        {STR_INIT("\"ab\\u0000\""), NULL},
        {STR_INIT("{\"\\u0000\":1,\"\":2,\"\\u0000\\u0000\":3}"), NULL},
        {STR_INIT("\"\\ud800\""), "\"\xef\xbf\xbd\""},
        {STR_INIT("\"\\ud800x\""), "\"\xef\xbf\xbdx\""},
        {STR_INIT("\"\\ud800\\n\""), "\"\xef\xbf\xbd\\n\""},
        {STR_INIT("\"\\ud800\\ud800\\udc00\""), "\"\xef\xbf\xbd\xf0\x90\x80\x80\""},
        {STR_INIT("\"\\udbff\\ue000\""), "\"\xef\xbf\xbd\xee\x80\x80\""},
        {STR_INIT("\"\\udc00\""), "\"\xef\xbf\xbd\""},
        {STR_INIT("\"\\udfff\\ud800\""), "\"\xef\xbf\xbd\xef\xbf\xbd\""},
        {STR_INIT("\"\x7f\""), "\"\\u007f\""},
        {STR_INIT("{\"a\":1,\"A\":2,\"a \":3,\"\":4,\"aa\":5}"), NULL},
        {STR_INIT("[\"\\\\\\\"\",\"a\\\\\",\"\\\\\\\\n\"]"), NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t k = 0; k < sizeof doc_paddings; k++) {
            struct doc d;
            struct buf out = BUF_INIT(1000);
            doc_read(&d, rows[i].text, JSON_LIMITS_DEFAULT, doc_paddings[k]);
            if (d.ec == EC_OK)
                json_print(&d.j, 0, &out);
            struct str printed =
                rows[i].printed != NULL ? str_of(rows[i].printed) : rows[i].text;
            if (!str_eq(buf_view(&out), printed))
                fail_row("row %zu, padding 0x%02x: %s\n  found    %.*s\n  expected %.*s", i,
                         (unsigned char)doc_paddings[k], d.err.msg, STR_ARG(buf_view(&out)),
                         STR_ARG(printed));
            buf_done(&out);
            doc_done(&d);
        }
}

#define BAD_VALUE(what) "unexpected character " what ", expected a value"
#define BAD_COMMA(what, end) "unexpected character " what ", expected ',' or '" end "'"
#define AT_END(end, start, at)                                                                 \
    "unexpected end of text, expected '" end "' for the '" start "' at " at
#define NO_QUOTE "unexpected end of text, expected a closing '\"'"
#define NO_DIGIT(what) "unexpected character " what ", expected a digit"
#define NO_KEY(what) "unexpected character " what ", expected a key in double quotes"
#define AFTER(what) "unexpected character " what ", expected the end of the text"
#define NO_WORD(what, word) "unexpected character " what ", expected the word " word
#define TWICE(key) "duplicate key \"" key "\""

static const struct bad_row {
    struct str text;
    size_t offset;
    uint32_t line, col;
    const char *msg;
} bad_rows[] = {
    {STR_INIT(""), 0, 1, 1, "unexpected end of text, expected a value"},
    {STR_INIT(" \n "), 3, 2, 2, "unexpected end of text, expected a value"},
    {STR_INIT("\xef\xbb\xbf{}"), 0, 1, 1, BAD_VALUE("0xef")},
    {STR_INIT("\0"), 0, 1, 1, BAD_VALUE("0x00")},
    {STR_INIT("\v1"), 0, 1, 1, BAD_VALUE("0x0b")},
    {STR_INIT("x"), 0, 1, 1, BAD_VALUE("'x'")},
    {STR_INIT("'a'"), 0, 1, 1, BAD_VALUE("'''")},
    {STR_INIT("]"), 0, 1, 1, BAD_VALUE("']'")},
    {STR_INIT("}"), 0, 1, 1, BAD_VALUE("'}'")},
    {STR_INIT(","), 0, 1, 1, BAD_VALUE("','")},
    {STR_INIT("/* */ 1"), 0, 1, 1, BAD_VALUE("'/'")},
    {STR_INIT("NaN"), 0, 1, 1, BAD_VALUE("'N'")},
    {STR_INIT("Infinity"), 0, 1, 1, BAD_VALUE("'I'")},
    /* after the value */
    {STR_INIT("1 2"), 2, 1, 3, AFTER("'2'")},
    {STR_INIT("{}{}"), 2, 1, 3, AFTER("'{'")},
    {STR_INIT("[]]"), 2, 1, 3, AFTER("']'")},
    {STR_INIT("{},"), 2, 1, 3, AFTER("','")},
    {STR_INIT("null\0"), 4, 1, 5, AFTER("0x00")},
    {STR_INIT("\"a\"\n\n \"b\""), 6, 3, 2, AFTER("'\"'")},
    /* words */
    {STR_INIT("tru"), 3, 1, 4, "unexpected end of text, expected a value"},
    {STR_INIT("[nul]"), 4, 1, 5, NO_WORD("']'", "null")},
    {STR_INIT("truE"), 3, 1, 4, NO_WORD("'E'", "true")},
    {STR_INIT("[fals]"), 5, 1, 6, NO_WORD("']'", "false")},
    {STR_INIT("TRUE"), 0, 1, 1, BAD_VALUE("'T'")},
    {STR_INIT("nullx"), 4, 1, 5, AFTER("'x'")},
    /* numbers */
    {STR_INIT("-"), 1, 1, 2, "unexpected end of text, expected a value"},
    {STR_INIT("[-]"), 2, 1, 3, NO_DIGIT("']'")},
    {STR_INIT("+1"), 0, 1, 1, BAD_VALUE("'+'")},
    {STR_INIT(".5"), 0, 1, 1, BAD_VALUE("'.'")},
    {STR_INIT("[01]"), 1, 1, 2, "leading zero in a number"},
    {STR_INIT("-012"), 1, 1, 2, "leading zero in a number"},
    {STR_INIT("00"), 0, 1, 1, "leading zero in a number"},
    {STR_INIT("1."), 2, 1, 3, "unexpected end of text, expected a value"},
    {STR_INIT("[1.]"), 3, 1, 4, NO_DIGIT("']'")},
    {STR_INIT("[1.e5]"), 3, 1, 4, NO_DIGIT("'e'")},
    {STR_INIT("[1e]"), 3, 1, 4, NO_DIGIT("']'")},
    {STR_INIT("[1e+]"), 4, 1, 5, NO_DIGIT("']'")},
    {STR_INIT("[1e+-5]"), 4, 1, 5, NO_DIGIT("'-'")},
    {STR_INIT("[--1]"), 2, 1, 3, NO_DIGIT("'-'")},
    {STR_INIT("[1.5.5]"), 4, 1, 5, BAD_COMMA("'.'", "]")},
    {STR_INIT("0x10"), 1, 1, 2, AFTER("'x'")},
    {STR_INIT("[1_000]"), 2, 1, 3, BAD_COMMA("'_'", "]")},
    {STR_INIT("-Infinity"), 1, 1, 2, NO_DIGIT("'I'")},
    {STR_INIT("\xef\xbc\x91"), 0, 1, 1, BAD_VALUE("0xef")},
    /* arrays */
    {STR_INIT("["), 1, 1, 2, AT_END("]", "[", "1:1")},
    {STR_INIT("[1"), 2, 1, 3, AT_END("]", "[", "1:1")},
    {STR_INIT("[1,"), 3, 1, 4, AT_END("]", "[", "1:1")},
    {STR_INIT("\n [[1],\n["), 9, 3, 2, AT_END("]", "[", "3:1")},
    {STR_INIT("[1,]"), 3, 1, 4, BAD_VALUE("']'")},
    {STR_INIT("[,1]"), 1, 1, 2, BAD_VALUE("','")},
    {STR_INIT("[1,,2]"), 3, 1, 4, BAD_VALUE("','")},
    {STR_INIT("[1 2]"), 3, 1, 4, BAD_COMMA("'2'", "]")},
    {STR_INIT("[1;2]"), 2, 1, 3, BAD_COMMA("';'", "]")},
    {STR_INIT("[1}"), 2, 1, 3, BAD_COMMA("'}'", "]")},
    {STR_INIT("[1:2]"), 2, 1, 3, BAD_COMMA("':'", "]")},
    {STR_INIT("[}"), 1, 1, 2, BAD_VALUE("'}'")},
    {STR_INIT("[1,\n2,\n\n 3 x]"), 11, 4, 4, BAD_COMMA("'x'", "]")},
    {STR_INIT("[1\x01]"), 2, 1, 3, BAD_COMMA("0x01", "]")},
    /* objects */
    {STR_INIT("{"), 1, 1, 2, AT_END("}", "{", "1:1")},
    {STR_INIT("{\"a\""), 4, 1, 5, AT_END("}", "{", "1:1")},
    {STR_INIT("{\"a\":"), 5, 1, 6, AT_END("}", "{", "1:1")},
    {STR_INIT("{\"a\":1"), 6, 1, 7, AT_END("}", "{", "1:1")},
    {STR_INIT("{\"a\":1,"), 7, 1, 8, AT_END("}", "{", "1:1")},
    {STR_INIT("{\"a\n"), 3, 1, 4, "control character 0x0a in a string, expected \\u000a"},
    {STR_INIT("{\"a\":{\"b\\n\":[]"), 14, 1, 15, AT_END("}", "{", "1:6")},
    {STR_INIT("{a:1}"), 1, 1, 2, NO_KEY("'a'")},
    {STR_INIT("{'a':1}"), 1, 1, 2, NO_KEY("'''")},
    {STR_INIT("{1:1}"), 1, 1, 2, NO_KEY("'1'")},
    {STR_INIT("{null:1}"), 1, 1, 2, NO_KEY("'n'")},
    {STR_INIT("{]"), 1, 1, 2, NO_KEY("']'")},
    {STR_INIT("{,}"), 1, 1, 2, NO_KEY("','")},
    {STR_INIT("{\"a\":1,}"), 7, 1, 8, NO_KEY("'}'")},
    {STR_INIT("{\"a\":1,,\"b\":2}"), 7, 1, 8, NO_KEY("','")},
    {STR_INIT("{\"a\" 1}"), 5, 1, 6, "unexpected character '1', expected ':'"},
    {STR_INIT("{\"a\"}"), 4, 1, 5, "unexpected character '}', expected ':'"},
    {STR_INIT("{\"a\",\"b\"}"), 4, 1, 5, "unexpected character ',', expected ':'"},
    {STR_INIT("{\"a\"::1}"), 5, 1, 6, BAD_VALUE("':'")},
    {STR_INIT("{\"a\":}"), 5, 1, 6, BAD_VALUE("'}'")},
    {STR_INIT("{\"a\":1]"), 6, 1, 7, BAD_COMMA("']'", "}")},
    {STR_INIT("{\"a\":1 \"b\":2}"), 7, 1, 8, BAD_COMMA("'\"'", "}")},
    {STR_INIT("{\"a\":1\"b\":2}"), 6, 1, 7, BAD_COMMA("'\"'", "}")},
    {STR_INIT("{\"a\":\"b\":1}"), 8, 1, 9, BAD_COMMA("':'", "}")},
    /* strings */
    {STR_INIT("\""), 1, 1, 2, NO_QUOTE},
    {STR_INIT("\"abc"), 4, 1, 5, NO_QUOTE},
    {STR_INIT("\"abcdefghijklmnopqrstuvwxyz"), 27, 1, 28, NO_QUOTE},
    {STR_INIT("\"a\\\""), 4, 1, 5, NO_QUOTE},
    {STR_INIT("\"a\\"), 3, 1, 4, NO_QUOTE},
    {STR_INIT("\"\\u"), 3, 1, 4, NO_QUOTE},
    {STR_INIT("\"\\u00"), 5, 1, 6, NO_QUOTE},
    {STR_INIT("\"\\u0041"), 7, 1, 8, NO_QUOTE},
    {STR_INIT("\"\\ud83d\\ude00"), 13, 1, 14, NO_QUOTE},
    {STR_INIT("[\"a\nb\"]"), 3, 1, 4, "control character 0x0a in a string, expected \\u000a"},
    {STR_INIT("\"\t\""), 1, 1, 2, "control character 0x09 in a string, expected \\u0009"},
    {STR_INIT("\"a\0\""), 2, 1, 3, "control character 0x00 in a string, expected \\u0000"},
    {STR_INIT("\"0123456789abcdef\x1f\""), 17, 1, 18,
     "control character 0x1f in a string, expected \\u001f"},
    {STR_INIT("\"\\x41\""), 2, 1, 3,
     "unexpected character 'x', expected one of \" \\ / b f n r t u after a backslash"},
    {STR_INIT("\"\\\n\""), 2, 1, 3,
     "unexpected character 0x0a, expected one of \" \\ / b f n r t u after a backslash"},
    {STR_INIT("\"\\'\""), 2, 1, 3,
     "unexpected character ''', expected one of \" \\ / b f n r t u after a backslash"},
    {STR_INIT("\"\\U0041\""), 2, 1, 3,
     "unexpected character 'U', expected one of \" \\ / b f n r t u after a backslash"},
    {STR_INIT("\"\\u00g0\""), 5, 1, 6,
     "unexpected character 'g', expected four hexadecimal digits after \\u"},
    {STR_INIT("\"\\u-041\""), 3, 1, 4,
     "unexpected character '-', expected four hexadecimal digits after \\u"},
    {STR_INIT("\"\\u 41  \""), 3, 1, 4,
     "unexpected character ' ', expected four hexadecimal digits after \\u"},
    {STR_INIT("\"\\ud800\\u00g0\""), 11, 1, 12,
     "unexpected character 'g', expected four hexadecimal digits after \\u"},
    {STR_INIT("\"\\ud800\\udc0"), 12, 1, 13, NO_QUOTE},
    {STR_INIT("\"\x80\""), 1, 1, 2, "byte 0x80 is not UTF-8"},
    {STR_INIT("\"a\xff\""), 2, 1, 3, "byte 0xff is not UTF-8"},
    {STR_INIT("\"\xc0\x80\""), 1, 1, 2, "byte 0xc0 is not UTF-8"},
    {STR_INIT("\"\xc3\""), 1, 1, 2, "byte 0xc3 is not UTF-8"},
    {STR_INIT("\"\xc3\xa9\xe2\x82\""), 3, 1, 4, "byte 0xe2 is not UTF-8"},
    {STR_INIT("\"\xed\xa0\x80\""), 1, 1, 2, "byte 0xed is not UTF-8"},
    {STR_INIT("\"\xf4\x90\x80\x80\""), 1, 1, 2, "byte 0xf4 is not UTF-8"},
    {STR_INIT("\"\xf0\x9f\x98"), 1, 1, 2, "byte 0xf0 is not UTF-8"},
    /* keys that occur twice */
    {STR_INIT("{\"a\":1,\"a\":1}"), 8, 1, 9, TWICE("a")},
    {STR_INIT("{\"a\":1,\"\\u0061\":1}"), 8, 1, 9, TWICE("a")},
    {STR_INIT("{\"\\u0061\":1,\"a\":1}"), 13, 1, 14, TWICE("a")},
    {STR_INIT("{\"\":1,\"b\":{},\"\":1}"), 14, 1, 15, TWICE("")},
    {STR_INIT("{\"\\/\":1,\n\"/\":1}"), 10, 2, 2, TWICE("/")},
    {STR_INIT("{\"\xc3\xa9\":1,\"\\u00e9\":1}"), 9, 1, 10, TWICE("??")},
    {STR_INIT("{\"a\\nb\":1,\"c\":[{\"d\":1}],\"a\\u000ab\":1}"), 25, 1, 26, TWICE("a?b")},
    {STR_INIT("{\"a\\u0000\":1,\"a\":2,\"a\\u0000\":3}"), 20, 1, 21, TWICE("a?")},
    {STR_INIT("{\"\\ud800\":1,\"\xef\xbf\xbd\":2}"), 13, 1, 14, TWICE("???")},
    {STR_INIT("{\"\xef\xbf\xbd\":1,\"\\ud800\":2}"), 10, 1, 11, TWICE("???")},
    {STR_INIT("[{\"x\":{\"k8s.io/name-of-16\":1,\"y\":2,\"k8s.io/name-of-16\":3}}]"), 36, 1, 37,
     TWICE("k8s.io/name-of-16")},
    {STR_INIT(
         "{\"kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk\\nkkkkkkkkk\":1,"
         "\"kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk\\nkkkkkkkkk\":2}"),
     79, 1, 80, TWICE("kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk?k...")},
    /* lines are those of the text, whatever was unescaped before */
    {STR_INIT("[\"a\\nb\\n\",\n\"\\n\",x]"), 16, 2, 6, BAD_VALUE("'x'")},
    {STR_INIT("[\"\\n\\n\",\n\"\\n\\n\\q\"]"), 15, 2, 7,
     "unexpected character 'q', expected one of \" \\ / b f n r t u after a backslash"},
    {STR_INIT("{\"\\n\":\n1,\"\\n\":2}"), 10, 2, 4, TWICE("?")},
};

static void bad_documents_are_refused(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof bad_rows / sizeof *bad_rows; i++)
        for (size_t k = 0; k < sizeof doc_paddings; k++) {
            const struct bad_row *row = &bad_rows[i];
            struct doc d;
            /* a key that occurs twice is well-formed, but of a shape that no one may have */
            enum ec ec = strncmp(row->msg, TWICE(""), 5) == 0 ? EC_SCHEMA : EC_SYNTAX;
            doc_read(&d, row->text, JSON_LIMITS_DEFAULT, doc_paddings[k]);
            if (d.ec != ec || d.err.offset != row->offset || d.err.line != row->line ||
                d.err.col != row->col || strcmp(d.err.msg, row->msg) != 0)
                fail_row("row %zu %.*s (padding 0x%02x):\n  found    %zu %u:%u %s\n"
                         "  expected %zu %u:%u %s",
                         i, STR_ARG(row->text), (unsigned char)doc_paddings[k], d.err.offset,
                         d.err.line, d.err.col, d.err.msg, row->offset, row->line, row->col,
                         row->msg);
            doc_done(&d);
        }
}

/* Every beginning of a document is refused, and read no farther than its padding. */
static void cut_documents_are_refused(void **state) {
    (void)state;
    struct str whole =
        STR("{\"key\":[true,false,null,-1.5e+3,\"\\ud83d\\ude00\\n\xe2\x82\xac\","
            "\"a string of more than sixteen bytes\",{},[]],\"k\\u003c\":\"v\"}");
    for (size_t n = 0; n <= whole.n; n++)
        for (size_t k = 0; k < sizeof doc_paddings; k++) {
            struct doc d;
            doc_read(&d, str_slice(whole, 0, n), JSON_LIMITS_DEFAULT, doc_paddings[k]);
            if ((d.ec == EC_OK) != (n == whole.n) || d.err.offset > n)
                fail_row("%zu bytes, padding 0x%02x: %s", n, (unsigned char)doc_paddings[k],
                         d.err.msg);
            doc_done(&d);
        }
}

/* Half a surrogate pair in the text, and the other half after its end. */
static void escapes_end_with_the_text(void **state) {
    (void)state;
    char text[] = "\"\\ud83d\\ude00\"----------------------------------------------------------"
                  "----------------";
    struct json j = JSON_INIT;
    struct err err = ERR_INIT;
    assert_true(sizeof text >= 7 + JSON_PADDING);
    assert_int_equal(json_parse(&j, text, 7, JSON_LIMITS_DEFAULT, &err), EC_SYNTAX);
    assert_string_equal(err.msg, NO_QUOTE);
    json_done(&j);
}

/* Other readers see another text in them: Go the replacement character, C nothing after a NUL. */
static void odd_strings_are_marked(void **state) {
    (void)state;
    static const struct {
        const char *text;
        const char *odd; /* of each node */
    } rows[] = {{"\"a\"", "-"},
                {"\"a\\n\\ud83d\\ude00\"", "-"},
                {"\"\xef\xbf\xbd\"", "-"},
                {"\"a\\u0000b\"", "o"},
                {"\"\\ud83d\"", "o"},
                {"\"\\ude00\\n\"", "o"},
                {"[\"\\u0000\",\"\\n\",\"a\"]", "-o--"},
                {"{\"\\u0000\":\"\\n\",\"\\n\":\"\\ud800\",\"a\":\"b\"}", "-o--o--"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct doc d;
        doc_read(&d, str_of(rows[i].text), JSON_LIMITS_DEFAULT, '"');
        assert_ok(d.ec, &d.err);
        assert_int_equal(d.j.n_nodes, strlen(rows[i].odd));
        for (json_at at = 0; at < d.j.n_nodes; at++)
            if (json_is_odd(&d.j, at) != (rows[i].odd[at] == 'o'))
                fail_row("%s: node %u", rows[i].text, at);
        doc_done(&d);
    }
    assert_false(json_is_odd(NULL, JSON_NONE));
}

/* A string of n plain bytes with one odd character at each place: the borders of the 16-byte
 * scan. */
static void strings_of_all_lengths_are_read(void **state) {
    (void)state;
    static const struct {
        struct str in, out; /* out.p is NULL when it has to be refused */
    } odd[] = {{STR_INIT("b"), STR_INIT("b")},
               {STR_INIT("\\n"), STR_INIT("\n")},
               {STR_INIT("\\\""), STR_INIT("\"")},
               {STR_INIT("\\\\"), STR_INIT("\\")},
               {STR_INIT("\xc3\xa9"), STR_INIT("\xc3\xa9")},
               {STR_INIT("\\u00e9\\u003c"), STR_INIT("\xc3\xa9<")},
               {STR_INIT("\x7f"), STR_INIT("\x7f")},
               {STR_INIT("\x1f"), {NULL, 0}},
               {STR_INIT("\x80"), {NULL, 0}},
               {STR_INIT("\xff"), {NULL, 0}}};
    char text[128], expected[128];
    for (size_t n = 0; n < 70; n++)
        for (size_t at = 0; at <= n; at++)
            for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
                struct doc d;
                memset(text, 'a', sizeof text);
                memset(expected, 'a', sizeof expected);
                text[0] = text[n + odd[i].in.n + 1] = '"';
                memcpy(text + 1 + at, odd[i].in.p, odd[i].in.n);
                if (odd[i].out.n != 0)
                    memcpy(expected + at, odd[i].out.p, odd[i].out.n);
                doc_read(&d, (struct str){text, n + odd[i].in.n + 2}, JSON_LIMITS_DEFAULT, '"');
                struct str e = {expected, n + odd[i].out.n};
                if ((d.ec == EC_OK) != (odd[i].out.p != NULL) ||
                    (d.ec == EC_OK && !str_eq(json_str(&d.j, 0), e)))
                    fail_row("odd %zu at %zu of %zu: %s", i, at, n, d.err.msg);
                doc_done(&d);
            }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(nodes_are_laid_out_as_drawn),
    cmocka_unit_test(good_documents_are_read),
    cmocka_unit_test(bad_documents_are_refused),
    cmocka_unit_test(cut_documents_are_refused),
    cmocka_unit_test(escapes_end_with_the_text),
    cmocka_unit_test(odd_strings_are_marked),
    cmocka_unit_test(strings_of_all_lengths_are_read),
};

TEST_MAIN(tests)
