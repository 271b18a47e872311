/* Text of strings that need no care, laid out here, is what libyaml's emitter writes. */
#include "test.h"

#include "base/buf.h"
#include "yaml/print.h"
#include "json/json.h"

/* ---- one value, printed twice ------------------------------------------------------------ */

static void print(const struct json *j, enum yaml_print_strings strings, struct buf *out) {
    struct err err = ERR_INIT;
    struct yaml_printer *p = NULL;
    buf_reset(out);
    assert_int_equal(yaml_printer_open(&p, out, strings, &err), EC_OK);
    yaml_printer_node(p, j, 0);
    assert_int_equal(yaml_printer_close(p, &err), EC_OK);
}

static void is_laid_out_as_emitted(const char *text) {
    struct buf copy = BUF_INIT(1 << 20), laid = BUF_INIT(1 << 20), emitted = BUF_INIT(1 << 20);
    struct json j = JSON_INIT;
    struct err err = ERR_INIT;
    enum yaml_print_strings strings = YAML_PRINT_EASY;
    buf_puts(&copy, text);
    assert_non_null(buf_room(&copy, JSON_PADDING));
    assert_int_equal(json_parse(&j, copy.p, copy.n, JSON_LIMITS_DEFAULT, &err), EC_OK);
    yaml_print_look(&strings, &j, 0);
    if (strings != YAML_PRINT_EASY)
        fail_row("%s: not easy", text);
    print(&j, YAML_PRINT_EASY, &laid);
    print(&j, YAML_PRINT_SEEN, &emitted);
    if (!str_eq(buf_view(&laid), buf_view(&emitted)))
        fail_row("%s\n  laid out  %.*s\n  expected  %.*s", text, STR_ARG(buf_view(&laid)),
                 STR_ARG(buf_view(&emitted)));
    json_done(&j);
    buf_done(&copy);
    buf_done(&laid);
    buf_done(&emitted);
}

/* ---- strings ----------------------------------------------------------------------------- */

static void put_string_of(struct buf *out, const char *bytes, size_t n) {
    buf_putc(out, '"');
    for (size_t i = 0; i < n; i++) {
        if (bytes[i] == '"' || bytes[i] == '\\')
            buf_putc(out, '\\');
        buf_putc(out, bytes[i]);
    }
    buf_putc(out, '"');
}

/* All of up to three characters that mean something to YAML, as a key, a member and an element. */
static void strings_of_indicators_are_the_same(void **state) {
    (void)state;
    static const char chars[] = "a1 -.:#?,[]{}&*!|>'\"%@`=~+<_\\/$";
    const size_t n = sizeof chars - 1;
    struct buf text = BUF_INIT(1 << 20), string = BUF_INIT(64);
    for (size_t i = 0; i < n * n * n; i++) {
        const char bytes[] = {chars[i % n], chars[i / n % n], chars[i / n / n]};
        for (size_t length = i < n ? 1 : i < n * n ? 2 : 3; length != 0; length = 0) {
            buf_reset(&string);
            buf_reset(&text);
            put_string_of(&string, bytes, length);
            buf_putc(&text, '{');
            buf_str(&text, buf_view(&string));
            buf_puts(&text, ": [");
            buf_str(&text, buf_view(&string));
            buf_puts(&text, ", 0], \"x\": ");
            buf_str(&text, buf_view(&string));
            buf_putc(&text, '}');
            is_laid_out_as_emitted(buf_z(&text));
        }
    }
    buf_done(&text);
    buf_done(&string);
}

/* ---- containers -------------------------------------------------------------------------- */

static const char *const values[] = {
    "{}",
    "[]",
    "\"a\"",
    "1",
    "\"\"",
    "[[], {}, [[]], [{}], {\"a\": []}, [[1, 2], [3]]]",
    "{\"a\": {\"b\": {\"c\": [{\"d\": [[{\"e\": 1, \"f\": {}}, 2]], \"g\": null}]}, \"h\": "
    "true}}",
    "[[{\"a\": [1, {\"b\": 2}], \"c\": 3}, {\"d\": {\"e\": []}}], false]",
    "{\"true\": \"true\", \"null\": null, \"1\": \"1\", \"0x1f\": \"0x1f\", \"1e3\": 1e3, "
    "\"-\": "
    "-1.50, \"\": \"\", \"y\": \"no\", \"12:30\": \"2026-11-20\"}",
    "{\"a\": \"::error::x\", \"##[a]\": \"##[section]\", \" ::b\": \"...\", \"---\": \"--- "
    "a\"}",
};

static void containers_are_the_same(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        is_laid_out_as_emitted(values[i]);
}

static void indents_have_no_end(void **state) {
    (void)state;
    struct buf text = BUF_INIT(1 << 20);
    for (int i = 0; i < 60; i++)
        buf_puts(&text, i % 3 == 2 ? "[" : "{\"a\": ");
    buf_puts(&text, "1");
    for (int i = 60; i-- > 0;)
        buf_putc(&text, i % 3 == 2 ? ']' : '}');
    is_laid_out_as_emitted(buf_z(&text));
    buf_done(&text);
}

/* ---- what is not easy -------------------------------------------------------------------- */

static void other_strings_are_left_to_the_emitter(void **state) {
    (void)state;
    static const struct {
        const char *text;
        enum yaml_print_strings strings;
    } rows[] = {{"{\"a\": \"\x7f\"}", YAML_PRINT_ANY},
                {"{\"a\": \"gr\xc3\xb6\xc3\x9f\"}", YAML_PRINT_SEEN},
                {"{\"a\\nb\": \"a\"}", YAML_PRINT_SEEN},
                {"{\"a\": \"a\\tb\"}", YAML_PRINT_ANY},
                {"{\"a\": \"\xe2\x80\xae\"}", YAML_PRINT_ANY}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf copy = BUF_INIT(1 << 10);
        struct json j = JSON_INIT;
        struct err err = ERR_INIT;
        enum yaml_print_strings found = YAML_PRINT_EASY;
        buf_puts(&copy, rows[i].text);
        assert_int_equal(json_parse(&j, copy.p, copy.n, JSON_LIMITS_DEFAULT, &err), EC_OK);
        yaml_print_look(&found, &j, 0);
        if (found != rows[i].strings)
            fail_row("%s: found %d, expected %d", rows[i].text, (int)found,
                     (int)rows[i].strings);
        json_done(&j);
        buf_done(&copy);
    }
}

/* Longer keys are no simple keys to libyaml, values may have any length. */
static void keys_are_easy_up_to_a_length(void **state) {
    (void)state;
    char key[130];
    memset(key, 'k', sizeof key);
    enum yaml_print_strings found = YAML_PRINT_EASY;
    yaml_print_look_at_key(&found, (struct str){key, 128});
    yaml_print_look_at(&found, (struct str){key, 130});
    assert_int_equal(found, YAML_PRINT_EASY);
    yaml_print_look_at_key(&found, (struct str){key, 129});
    assert_int_equal(found, YAML_PRINT_SEEN);
    struct buf text = BUF_INIT(1 << 10);
    buf_printf(&text, "{\"%.128s\": {\"%.128s\": \"%.128s%.128s\"}}", key, key, key, key);
    is_laid_out_as_emitted(buf_z(&text));
    buf_done(&text);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(strings_of_indicators_are_the_same),
    cmocka_unit_test(containers_are_the_same),
    cmocka_unit_test(indents_have_no_end),
    cmocka_unit_test(other_strings_are_left_to_the_emitter),
    cmocka_unit_test(keys_are_easy_up_to_a_length),
};

TEST_MAIN(tests)
