#include "yaml_reader.h"

/* --- limits --- */

static void repeat(struct buf *b, const char *text, size_t n) {
    for (size_t i = 0; i < n; i++)
        buf_puts(b, text);
}

static enum ec read_with(struct str text, struct yaml_limits limits) {
    struct reader r;
    open_text(&r, text, limits);
    enum ec ec = next(&r);
    if (ec != EC_OK && r.err.line == 0)
        fail_row("\"%.*s\": no position: %s", STR_ARG(str_slice(text, 0, 60)), r.err.msg);
    yaml_close(r.yaml);
    return ec;
}

static void depth_is_bounded(void **state) {
    (void)state;
    static const struct {
        const char *prefix, *open, *close;
        size_t levels;
        enum ec ec;
    } rows[] = {
        {"", "[", "]", 128, EC_OK},
        {"", "[", "]", 129, EC_LIMIT},
        {"{\"a\":", "[", "]}", 129, EC_LIMIT},
        {"", "- ", "", 128, EC_OK},
        {"", "- ", "", 129, EC_LIMIT},
        {"", "- ", "", 1000000, EC_LIMIT},
        {"", "[", "", 1000000, EC_LIMIT},
        {"x: ", "{a: ", "", 1000000, EC_LIMIT},
        {"", "{<<: ", "}", 129, EC_LIMIT},
        {"{\"a\":", "[", "", 1000000, EC_LIMIT},
        {"", "!!a [", "", 1000000, EC_LIMIT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf b = BUF_INIT((size_t)64 << 20);
        buf_puts(&b, rows[i].prefix);
        repeat(&b, rows[i].open, rows[i].levels);
        repeat(&b, rows[i].close, rows[i].levels);
        enum ec ec = read_with(buf_view(&b), YAML_LIMITS_DEFAULT);
        if (ec != rows[i].ec)
            fail_row("%zu times \"%s\": %s", rows[i].levels, rows[i].open, ec_name(ec));
        buf_done(&b);
    }
}

/* Each level refers to the one before: depth and size grow without brackets growing. */
static void aliases(struct buf *b, size_t levels, const char *first, const char *item,
                    size_t items) {
    buf_printf(b, "l0: &l0 %s\n", first);
    for (size_t i = 1; i <= levels; i++) {
        buf_printf(b, "l%zu: &l%zu [", i, i);
        for (size_t k = 0; k < items; k++)
            buf_printf(b, "%s%s%zu", k ? ", " : "", item, i - 1);
        buf_puts(b, "]\n");
    }
}

static void alias_bombs_are_refused(void **state) {
    (void)state;
    static const struct {
        size_t levels, items;
        enum ec ec;
    } rows[] = {{2, 10, EC_OK},  {3, 10, EC_LIMIT},  {9, 9, EC_LIMIT},    {60, 2, EC_LIMIT},
                {126, 1, EC_OK}, {200, 1, EC_LIMIT}, {1000, 1, EC_LIMIT}, {6, 2, EC_OK}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf b = BUF_INIT((size_t)1 << 20);
        aliases(&b, rows[i].levels, "[x,x,x,x,x,x,x,x,x,x]", "*l", rows[i].items);
        enum ec ec = read_with(buf_view(&b), YAML_LIMITS_DEFAULT);
        if (ec != rows[i].ec)
            fail_row("%zu levels of %zu: %s", rows[i].levels, rows[i].items, ec_name(ec));
        buf_done(&b);
    }
}

static void sizes_are_bounded(void **state) {
    (void)state;
    static const struct {
        const char *text;
        struct yaml_limits limits;
        enum ec ec;
    } rows[] = {
        {"[1, 2]", {.max_bytes = 5, .max_depth = 9, .max_nodes = 3, .max_documents = 1}, EC_OK},
        {"[1, 2]",
         {.max_bytes = 4, .max_depth = 9, .max_nodes = 9, .max_documents = 1},
         EC_LIMIT},
        {"[1, 2]",
         {.max_bytes = 9, .max_depth = 9, .max_nodes = 2, .max_documents = 1},
         EC_LIMIT},
        {"[1, 2]",
         {.max_bytes = 9, .max_depth = 0, .max_nodes = 9, .max_documents = 1},
         EC_LIMIT},
        {"[1, 2]",
         {.max_bytes = 9, .max_depth = 9, .max_nodes = 9, .max_documents = 0},
         EC_LIMIT},
        {"1", {.max_bytes = 9, .max_depth = 0, .max_nodes = 1, .max_documents = 1}, EC_OK},
        {"{\"a\":[]}",
         {.max_bytes = 8, .max_depth = 2, .max_nodes = 3, .max_documents = 1},
         EC_OK},
        {"{\"a\":[]}",
         {.max_bytes = 7, .max_depth = 2, .max_nodes = 3, .max_documents = 1},
         EC_LIMIT},
        {"{\"a\":[]}",
         {.max_bytes = 8, .max_depth = 1, .max_nodes = 3, .max_documents = 1},
         EC_LIMIT},
        {"{\"a\":[]}",
         {.max_bytes = 8, .max_depth = 2, .max_nodes = 2, .max_documents = 1},
         EC_LIMIT},
        {"[&a [1,2], *a]",
         {.max_bytes = 99, .max_depth = 9, .max_nodes = 7, .max_documents = 1},
         EC_OK},
        {"[&a [1,2], *a]",
         {.max_bytes = 99, .max_depth = 9, .max_nodes = 6, .max_documents = 1},
         EC_LIMIT},
        {"[&a [1,2], *a]",
         {.max_bytes = 12, .max_depth = 9, .max_nodes = 7, .max_documents = 1},
         EC_LIMIT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        enum ec ec = read_with(str_of(rows[i].text), rows[i].limits);
        if (ec != rows[i].ec)
            fail_row("row %zu \"%s\": %s", i, rows[i].text, ec_name(ec));
    }
}

static void documents_and_anchors_are_counted(void **state) {
    (void)state;
    struct reader r;
    struct yaml_limits limits = YAML_LIMITS_DEFAULT;
    limits.max_documents = 2;
    open_text(&r, STR("a: 1\n---\n---\n---\nb: 2\n---\n# none\n---\nc: 3\n---\nd: 4\n"),
              limits);
    assert_ok(next(&r), &r.err);
    assert_ok(next(&r), &r.err);
    assert_int_equal(next(&r), EC_LIMIT);
    assert_int_equal(r.err.line, 9);
    assert_ok(next(&r), &r.err);
    assert_null(r.doc);
    yaml_close(r.yaml);

    struct buf b = BUF_INIT((size_t)1 << 20);
    for (int i = 0; i < 16384; i++)
        buf_printf(&b, "- &a%d x\n", i * 7919 % 16384);
    assert_int_equal(read_with(buf_view(&b), YAML_LIMITS_DEFAULT), EC_OK);
    buf_puts(&b, "- &a x\n");
    assert_int_equal(read_with(buf_view(&b), YAML_LIMITS_DEFAULT), EC_LIMIT);
    buf_done(&b);
}

/* Positions, keys and aliases of a large file take time in proportion: if one of them were
 * quadratic, the limit of time that ctest sets would end this. */
static void large_files_are_read(void **state) {
    (void)state;
    struct buf b = BUF_INIT((size_t)64 << 20);
    const size_t n = 200000;
    buf_puts(&b, "{m: {");
    for (size_t i = 0; i < n; i++)
        buf_printf(&b, "k%zu: \"v\", ", i);
    buf_puts(&b, "}}\n");
    struct reader r;
    const struct yaml_doc *doc = read_one(&r, buf_view(&b));
    struct yaml_location pos = yaml_where(doc, STR("/m/k199999"));
    assert_int_equal(pos.line, 1);
    assert_true(str_starts(str_slice(buf_view(&b), pos.col - 1, b.n), STR("\"v\", }}")));
    yaml_close(r.yaml);
    buf_done(&b);
}

/* Go's bufio has 4096 bytes: a last line without an end that fills them is lost to kubectl. */
static void lost_lines_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *head;
        size_t spaces;
        const char *tail;
        enum ec ec;
    } rows[] = {{"a: 1\nb: 2", 4092, "", EC_SYNTAX},    {"a: 1\nb: 2", 4091, "", EC_OK},
                {"a: 1\nb: 2", 4093, "", EC_OK},        {"a: 1\nb: 2", 4092, "\n", EC_OK},
                {"[a]", 8189, "", EC_SYNTAX},           {"a: 1\n---", 4093, "", EC_OK},
                {"{\"a\": 1}", 4088, "", EC_OK},        {"a: 1\nb: 2", 4091, "\r", EC_OK},
                {"a: 1\n---\n# b", 4093, "", EC_SYNTAX}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf b = BUF_INIT(1 << 20);
        buf_puts(&b, rows[i].head);
        repeat(&b, " ", rows[i].spaces);
        buf_puts(&b, rows[i].tail);
        struct reader r;
        open_text(&r, buf_view(&b), YAML_LIMITS_DEFAULT);
        while (next(&r) == EC_OK && r.doc != NULL)
            ;
        if (r.err.code != rows[i].ec)
            fail_row("row %zu: %s", i, r.err.msg);
        yaml_close(r.yaml);
        buf_done(&b);
    }
}

/* Each scalar with \' has the text read once more; hostile files have many. */
static void readings_are_bounded(void **state) {
    (void)state;
    struct buf b = BUF_INIT(1 << 20);
    repeat(&b, "- \"\\'\\'\"\n", 100);
    assert_int_equal(read_with(buf_view(&b), YAML_LIMITS_DEFAULT), EC_OK);
    repeat(&b, "- \"\\'\\'\"\n", 9900);
    assert_int_equal(read_with(buf_view(&b), YAML_LIMITS_DEFAULT), EC_SYNTAX);
    buf_done(&b);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(depth_is_bounded),
    cmocka_unit_test(alias_bombs_are_refused),
    cmocka_unit_test(sizes_are_bounded),
    cmocka_unit_test(documents_and_anchors_are_counted),
    cmocka_unit_test(large_files_are_read),
    cmocka_unit_test(readings_are_bounded),
    cmocka_unit_test(lost_lines_are_refused),
};

TEST_MAIN(tests)
