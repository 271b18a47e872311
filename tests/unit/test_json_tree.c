/* What the nodes are good for: limits, keys that occur twice, pointers, places, memory. */
#include "json_doc.h"
#include "test.h"

#include "base/buf.h"
#include "base/mem.h"

#include <stdlib.h>

/* The door to the heap, counted: no test may leave anything allocated, and one of them lets the
 * n-th allocation fail. Stands here in place of mem.c. */
static size_t mem_live;
static size_t mem_fail_in = SIZE_MAX; /* allocations until one fails */

static bool mem_may(void) {
    return mem_fail_in == SIZE_MAX || mem_fail_in-- > 0;
}

static void *mem_count(void *p) {
    mem_live += p != NULL;
    return p;
}

void *mem_alloc(size_t n) {
    return n == 0 || !mem_may() ? NULL : mem_count(malloc(n));
}

void *mem_zalloc(size_t n) {
    return n == 0 || !mem_may() ? NULL : mem_count(calloc(1, n));
}

void *mem_realloc(void *p, size_t n) {
    if (p == NULL)
        return mem_alloc(n);
    return n == 0 || !mem_may() ? NULL : realloc(p, n);
}

void mem_free(void *p) {
    mem_live -= p != NULL;
    free(p);
}

static void limits_hold(void **state) {
    (void)state;
    static const struct {
        const char *text;
        uint32_t depth, nodes;
        const char *msg; /* NULL: accepted */
        size_t offset;
    } rows[] = {
        {"1", 0, 1, NULL, 0},
        {"[]", 0, 9, "nested deeper than 0 levels", 0},
        {"{}", 0, 9, "nested deeper than 0 levels", 0},
        {"[[]]", 2, 9, NULL, 0},
        {"[[1,{\"a\":2}]]", 3, 9, NULL, 0},
        {"[[1,{\"a\":2}]]", 2, 9, "nested deeper than 2 levels", 4},
        {"[[],[[]]]", 2, 9, "nested deeper than 2 levels", 5},
        {"1", 9, 0, "more than 0 values and keys", 0},
        {"[1,2,3]", 9, 4, NULL, 0},
        {"[1,2,3]", 9, 3, "more than 3 values and keys", 5},
        {"[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]", 9, 26, NULL, 0},
        {"[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]", 9, 25,
         "more than 25 values and keys", 49},
        {"{\"a\":1}", 9, 3, NULL, 0},
        {"{\"a\":1}", 9, 2, "more than 2 values and keys", 5},
        {"{\"a\":1}", 9, 1, "more than 1 values and keys", 2},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct doc d;
        struct json_limits limits = {.max_depth = rows[i].depth, .max_nodes = rows[i].nodes};
        doc_read(&d, str_of(rows[i].text), limits, ']');
        if (d.ec != (rows[i].msg != NULL ? EC_LIMIT : EC_OK) ||
            (rows[i].msg != NULL &&
             (strcmp(d.err.msg, rows[i].msg) != 0 || d.err.offset != rows[i].offset)))
            fail_row("row %zu: %zu %s", i, d.err.offset, d.err.msg);
        doc_done(&d);
    }
    struct json j = JSON_INIT;
    struct err err = ERR_INIT;
    char byte = '1';
    assert_int_equal(json_parse(&j, &byte, (size_t)1 << 31, JSON_LIMITS_DEFAULT, &err),
                     EC_LIMIT);
}

/* As deep as a node's depth can count, and one more. */
static void deep_nesting_needs_no_stack(void **state) {
    (void)state;
    enum { DEEP = 65535 };
    struct json_limits limits = {.max_depth = UINT32_MAX, .max_nodes = UINT32_MAX};
    struct buf text = BUF_INIT(SIZE_MAX);
    struct buf out = BUF_INIT(SIZE_MAX);
    struct doc d;
    for (int i = 0; i < DEEP; i++)
        buf_puts(&text, i % 2 ? "{\"a\":" : "[");
    buf_putc(&text, '0');
    for (int i = DEEP; i-- > 0;)
        buf_putc(&text, i % 2 ? '}' : ']');
    struct str s = buf_view(&text);
    char *copy = malloc(s.n + 2);
    memcpy(copy + 1, s.p, s.n);
    copy[0] = '[';
    copy[s.n + 1] = ']';
    s.p = memcpy(malloc(s.n), s.p, s.n);
    buf_done(&text);

    doc_read(&d, (struct str){copy, s.n + 2}, limits, ']');
    assert_int_equal(d.ec, EC_LIMIT);
    doc_done(&d);
    doc_read(&d, s, limits, ']');
    assert_ok(d.ec, &d.err);
    assert_int_equal(d.j.nodes[d.j.n_nodes - 1].depth, DEEP);
    json_print(&d.j, 0, &out);
    assert_str(buf_view(&out), s);
    buf_done(&out);
    doc_done(&d);
    free(copy);
    free((void *)(uintptr_t)s.p);
}

/* Writes {"prefix--0000000--suffix":0, ...} with `n` keys, key number `again` a second time as
 * the last one. The keys differ in their middle, where the filter does not look. */
static void write_members(struct buf *text, size_t n, size_t again) {
    buf_putc(text, '{');
    for (size_t i = 0; i < n + (again != SIZE_MAX); i++) {
        char key[] = "\"prefix--0000000--suffix\":0,";
        size_t number = i < n ? i : again;
        for (char *digit = key + 15; number != 0; number /= 10)
            *digit-- = (char)('0' + number % 10);
        buf_puts(text, key);
    }
    text->n--;
    buf_putc(text, '}');
}

static void members_of_any_count_are_compared(void **state) {
    (void)state;
    static const size_t counts[] = {1, 2, 31, 32, 33, 34, 63, 64, 65, 200, 1000};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        for (size_t again = 0; again <= counts[i]; again += 1 + counts[i] / 64) {
            struct buf text = BUF_INIT(SIZE_MAX);
            struct doc d;
            bool twice = again < counts[i];
            write_members(&text, counts[i], twice ? again : SIZE_MAX);
            struct str s = buf_view(&text);
            s.p = memcpy(malloc(s.n), s.p, s.n);
            buf_done(&text);
            doc_read(&d, s, JSON_LIMITS_DEFAULT, '}');
            if (d.ec != (twice ? EC_SCHEMA : EC_OK) || (twice && d.err.offset < s.n - 40))
                fail_row("%zu members, key %zu twice: %zu %s", counts[i], again, d.err.offset,
                         d.err.msg);
            doc_done(&d);
            free((void *)(uintptr_t)s.p);
        }
}

/* Deeper than the filter has rows. */
static void members_of_any_depth_are_compared(void **state) {
    (void)state;
    for (int depth = 0; depth < 100; depth++)
        for (int twice = 0; twice < 2; twice++) {
            struct buf text = BUF_INIT(10000);
            struct doc d;
            for (int i = 0; i < depth; i++)
                buf_puts(&text, "{\"a\":");
            buf_puts(&text, "{\"a\":{\"c\":1},\"b\":2");
            buf_puts(&text, twice ? ",\"a\":3}" : "}");
            for (int i = 0; i < depth; i++)
                buf_puts(&text, ",\"b\":[]}");
            doc_read(&d, buf_view(&text), JSON_LIMITS_DEFAULT, '}');
            if (d.ec != (twice ? EC_SCHEMA : EC_OK))
                fail_row("depth %d, twice %d: %s", depth, twice, d.err.msg);
            doc_done(&d);
            buf_done(&text);
        }
}

/* Of several keys that occur twice, the first in the text is named. */
static void the_first_key_that_stands_twice_is_named(void **state) {
    (void)state;
    for (size_t n = 2; n < 80; n++) {
        struct buf text = BUF_INIT(10000);
        struct doc d;
        buf_putc(&text, '{');
        for (size_t i = 0; i < n; i++)
            buf_printf(&text, "\"%zu\":0,", i);
        size_t offset = text.n + 1;
        for (size_t i = n; i-- > 0;)
            buf_printf(&text, "\"%zu\":1%c", i, i ? ',' : '}');
        doc_read(&d, buf_view(&text), JSON_LIMITS_DEFAULT, '}');
        if (d.ec != EC_SCHEMA || d.err.offset != offset)
            fail_row("%zu keys: %zu, expected %zu: %s", n, d.err.offset, offset, d.err.msg);
        doc_done(&d);
        buf_done(&text);
    }
}

static void a_million_members_are_compared(void **state) {
    (void)state;
    enum { MANY = 1000000 };
    static const size_t again[] = {SIZE_MAX, 0, 777777, MANY - 1};
    for (size_t i = 0; i < sizeof again / sizeof *again; i++) {
        struct buf text = BUF_INIT(SIZE_MAX);
        struct json j = JSON_INIT;
        struct err err = ERR_INIT;
        write_members(&text, MANY, again[i]);
        size_t n = text.n;
        assert_non_null(buf_room(&text, JSON_PADDING));
        enum ec ec = json_parse(&j, text.p, n, JSON_LIMITS_DEFAULT, &err);
        assert_int_equal(ec, again[i] == SIZE_MAX ? EC_OK : EC_SCHEMA);
        if (ec == EC_OK)
            assert_int_equal(j.nodes[0].len, MANY);
        else
            assert_true(err.offset > n - 40);
        json_done(&j);
        buf_done(&text);
    }
}

static void members_and_pointers_are_found(void **state) {
    (void)state;
    static const struct str text =
        STR_INIT("{\"a\":[10,[20,21],{\"b\":30}],\"\":1,\"x/y\":2,\"m~n\":3,"
                 "\"c\\u003cd\":{\"~1\":4},\"e\":\"s\",\"01\":5,\"-\":6}");
    static const struct {
        const char *pointer, *printed; /* NULL: there is none */
    } rows[] = {{"/a/0", "10"},
                {"/a/1", "[20,21]"},
                {"/a/1/1", "21"},
                {"/a/2/b", "30"},
                {"/a/2", "{\"b\":30}"},
                {"/", "1"},
                {"/x~1y", "2"},
                {"/m~0n", "3"},
                {"/c<d/~01", "4"},
                {"/e", "\"s\""},
                {"/01", "5"},
                {"/-", "6"},
                {"a", NULL},
                {"/a/3", NULL},
                {"/a/-", NULL},
                {"/a/00", NULL},
                {"/a/01", NULL},
                {"/a/+1", NULL},
                {"/a/", NULL},
                {"/a/4294967296", NULL},
                {"/a/0/", NULL},
                {"/e/0", NULL},
                {"/x/y", NULL},
                {"/m~n", NULL},
                {"/m~2n", NULL},
                {"/m~", NULL},
                {"/b", NULL},
                {"/aa", NULL},
                {"//", NULL},
                {"/a/2/b/c", NULL}};
    struct doc d;
    doc_read(&d, text, JSON_LIMITS_DEFAULT, '}');
    assert_ok(d.ec, &d.err);
    assert_int_equal(json_find(&d.j, STR("")), 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf out = BUF_INIT(1000);
        json_print(&d.j, json_find(&d.j, str_of(rows[i].pointer)), &out);
        if (!str_eq(buf_view(&out), str_of(rows[i].printed)))
            fail_row("%s: found %.*s", rows[i].pointer, STR_ARG(buf_view(&out)));
        buf_done(&out);
    }
    json_at a = json_get(&d.j, 0, STR("a"));
    assert_int_equal(a, json_find(&d.j, STR("/a")));
    assert_int_equal(json_get(&d.j, 0, STR("c<d")), json_find(&d.j, STR("/c<d")));
    assert_int_equal(json_get(&d.j, 0, STR("c\\u003cd")), JSON_NONE);
    assert_int_equal(json_get(&d.j, a, STR("b")), JSON_NONE);
    assert_int_equal(json_get(&d.j, JSON_NONE, STR("a")), JSON_NONE);
    uint32_t n = 0;
    for (json_at k = json_first(&d.j, 0); k != JSON_NONE; k = json_next(&d.j, 0, k + 1))
        n++;
    assert_int_equal(n, d.j.nodes[0].len);
    n = 0;
    for (json_at e = json_first(&d.j, a); e != JSON_NONE; e = json_next(&d.j, a, e))
        n++;
    assert_int_equal(n, 3);
    struct buf key = BUF_INIT(100);
    json_print(&d.j, a - 1, &key);
    json_print(&d.j, JSON_NONE, &key);
    assert_str(buf_view(&key), STR("\"a\""));
    buf_done(&key);
    doc_done(&d);
}

/* Each value of a text has a pointer, and each pointer leads back to it. */
static void paths_are_what_pointers_find(void **state) {
    (void)state;
    struct str text =
        STR("{\"a\":[1,[],{\"b/c\":[true,{\"~\":null}]}],\"\":{\"x\":{}},\"z\":\"\"}");
    struct buf path = BUF_INIT(1000);
    struct doc d;
    doc_read(&d, text, JSON_LIMITS_DEFAULT, '}');
    assert_ok(d.ec, &d.err);
    size_t n = 0;
    for (json_at at = 0; at < d.j.n_nodes; at++) {
        buf_reset(&path);
        assert_true(json_path(&d.j, 0, at, &path));
        json_at found = json_find(&d.j, buf_view(&path));
        assert_true(found == at || found == at + 1); /* a key leads to its value */
        n += found == at;
    }
    assert_int_equal(n, 12);
    json_at a = json_find(&d.j, STR("/a"));
    buf_reset(&path);
    assert_true(json_path(&d.j, a, json_find(&d.j, STR("/a/2/b~1c/1/~0")), &path));
    assert_str(buf_view(&path), STR("/2/b~1c/1/~0"));
    assert_false(json_path(&d.j, a, json_find(&d.j, STR("/z")), &path));
    assert_false(json_path(&d.j, a, 0, &path));
    assert_false(json_path(&d.j, a, JSON_NONE, &path));
    assert_false(json_path(&d.j, JSON_NONE, a, &path));
    assert_str(buf_view(&path), STR("/2/b~1c/1/~0"));
    buf_done(&path);
    doc_done(&d);
}

static const struct json_skip skips[] = {{STR_INIT("skip"), false}, {STR_INIT("any"), true}};
static const struct json_limits skipping = {
    .max_depth = 5, .max_nodes = 20, .skip = skips, .n_skip = 2};

struct skip_row {
    const char *text;
    uint32_t nodes; /* 0: refused */
    size_t offset;
};

static void check_skips(const struct skip_row *rows, size_t n) {
    for (size_t i = 0; i < n; i++) {
        struct doc d;
        doc_read(&d, str_of(rows[i].text), skipping, ']');
        if (d.j.n_nodes != rows[i].nodes || d.err.offset != rows[i].offset)
            fail_row("%s: %u nodes, %s at %zu", rows[i].text, d.j.n_nodes, d.err.msg,
                     d.err.offset);
        doc_done(&d);
    }
}

static void what_is_skipped_is_checked_and_not_kept(void **state) {
    (void)state;
    static const struct skip_row rows[] = {
        {"{\"in\":{\"skip\":[{\"a\":1},\"\\n\"],\"b\":2}}", 7, 0},
        {"{\"skip\":{\"a\":{\"skip\":[1]},\"c\":-1.5e3,\"d\":[true,false,null]}}", 3, 0},
        {"{\"skip\":[],\"b\":2}", 5, 0},
        {"{\"skip\":{},\"b\":2}", 5, 0},
        {"{\"skip\":\"\\n\",\"b\":2}", 5, 0},
        {"{\"sk\\u0069p\":[1]}", 3, 0},
        {"{\"skin\":[1]}", 4, 0},
        {"[\"skip\",[1]]", 4, 0},
        {"{\"a\":\"skip\",\"b\":[1]}", 6, 0},
        {" { \"skip\" : [ { \"a\" : 1 , \"b\" : [ ] } , 2 , { } ] , \"b\" :\t2 } ", 5, 0},
        {"{\"skip\":[[],{},[{}]],\"b\":2}", 5, 0},
        {"{\"skip\":[[[[]]]]}", 3, 0},
        {"{\"skip\":[[[[[]]]]]}", 0, 12},
        {"{\"skip\":[[[[{}]]]]}", 0, 12},
        {"{\"skip\":[1}}", 0, 10},
        {"{\"skip\":[1,]}", 0, 11},
        {"{\"skip\":[1;2]}", 0, 10},
        {"{\"skip\":{\"a\"}}", 0, 12},
        {"{\"skip\":{a:1}}", 0, 9},
        {"{\"skip\":{\"a\":tru}}", 0, 16},
        {"{\"skip\":{\"a\":\"\\x\"}}", 0, 15},
        {"{\"skip\":{\"a\":\"\xff\"}}", 0, 14},
        {"{\"any\":{\"\xff\":1}}", 3, 0},
        {"{\"any\":[\"a\xff\xc3\x28\\n\xed\xa0\x80\"]}", 3, 0},
        {"{\"any\":[\"\xff]}", 0, 9},
        {"{\"any\":[\"\xff\\x\"]}", 0, 9},
        {"{\"any\":[\"\xff\"],\"b\":\"\xff\"}", 0, 18},
        {"{\"any\":\"\xff\"}", 0, 8},
        {"{\"skip\":[{\"any\":[\"\xff\"]}]}", 0, 18},
        {"{\"skip\":[\"\\u0000\",\"\\ud800\"]}", 3, 0},
        {"{\"skip\":{\"\\u0000\":1}}", 5, 0},
        {"{\"skip\":[", 0, 9},
        {"{\"skip\":[1]", 0, 11},
    };
    check_skips(rows, sizeof rows / sizeof *rows);
    struct doc d;
    doc_read(&d, str_of(rows[0].text), skipping, ']');
    /* where lines are counted later */
    assert_memory_equal(d.text, rows[0].text, strlen(rows[0].text));
    doc_done(&d);
}

/* "ab" and "fa" have one hash: whether a key is new is then not certain, and the object is read. */
static void keys_that_are_skipped_are_compared(void **state) {
    (void)state;
    static const struct skip_row rows[] = {
        {"{\"skip\":{\"a\":1,\"a\":2}}", 0, 16},
        {"{\"skip\":[{\"a\":1},{\"a\":1}]}", 3, 0},
        {"{\"skip\":{\"a\":{\"a\":1},\"b\":{\"a\":1}}}", 3, 0},
        {"{\"skip\":{\"a\":{\"b\":1},\"b\":1}}", 3, 0},
        {"{\"skip\":{\"a\":{\"b\":1},\"a\":1}}", 0, 22},
        {"{\"skip\":{\"a\":{},\"a\":1}}", 0, 17},
        {"{\"skip\":{\"ab\":1,\"fa\":2}}", 7, 0},
        {"{\"skip\":{\"\\u0061\":1}}", 5, 0},
        {"{\"skip\":{\"a\":1,\"\\u0061\":2}}", 0, 16},
        {"{\"skip\":{\"\xc3\xa9\":1}}", 5, 0},
        /* what was looked at once is not skipped again; what is after it is */
        {"{\"skip\":{\"skip\":[1],\"ab\":1,\"fa\":2},\"b\":{\"skip\":[1]}}", 14, 0},
        {"{\"any\":{\"a\":1,\"a\":2}}", 3, 0},
        {"{\"any\":{\"\\u0061\":1,\"\xc3\xa9\":2}}", 3, 0},
        {"{\"any\":{\"skip\":{\"a\":1,\"a\":2}}}", 3, 0},
        {"{\"any\":[1],\"any\":[2]}", 0, 12},
    };
    check_skips(rows, sizeof rows / sizeof *rows);
}

static void many_keys_that_are_skipped_are_compared(void **state) {
    (void)state;
    static const struct {
        const char *key;
        size_t again; /* as write_members() has it */
        uint32_t nodes;
    } rows[] = {{"skip", SIZE_MAX, 5 + 2 * 40}, {"skip", 3, 0}, {"any", 3, 5}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct json_limits limits = skipping;
        struct buf text = BUF_INIT(10000);
        struct doc d;
        limits.max_nodes = 1000;
        buf_printf(&text, "{\"%s\":", rows[i].key);
        write_members(&text, 40, rows[i].again);
        buf_puts(&text, ",\"b\":0}");
        doc_read(&d, buf_view(&text), limits, '}');
        assert_int_equal(d.ec, rows[i].nodes != 0 ? EC_OK : EC_SCHEMA);
        assert_int_equal(d.j.n_nodes, rows[i].nodes);
        doc_done(&d);
        buf_done(&text);
    }
}

/* Filters reach so deep; what is deeper is read. */
static void deep_containers_are_not_skipped(void **state) {
    (void)state;
    for (uint32_t deep = 28; deep < 40; deep++) {
        struct json_limits limits = skipping;
        struct buf text = BUF_INIT(10000);
        struct doc d;
        limits.max_depth = limits.max_nodes = 100;
        buf_puts(&text, "{\"skip\":");
        for (uint32_t i = 0; i < deep; i++)
            buf_puts(&text, "[");
        for (uint32_t i = 0; i < deep; i++)
            buf_puts(&text, "]");
        buf_puts(&text, "}");
        doc_read(&d, buf_view(&text), limits, '}');
        assert_ok(d.ec, &d.err);
        assert_int_equal(d.j.n_nodes, deep < 32 ? 3 : 2 + deep);
        doc_done(&d);
        buf_done(&text);
    }
}

static void places_are_those_of_the_original(void **state) {
    (void)state;
    struct str text =
        STR("{\n  \"a\\n\\u000a\": \"\\n\\r\\n\",\r\n  \"b\": [1,\n\"x\\ny\", {}]}");
    static const struct {
        const char *pointer;
        uint32_t line, col;
    } rows[] = {{"", 1, 1},     {"/a\n\n", 2, 17}, {"/b", 3, 8},
                {"/b/0", 3, 9}, {"/b/1", 4, 2},    {"/b/2", 4, 9}};
    struct doc d;
    uint32_t line, col;
    doc_read(&d, text, JSON_LIMITS_DEFAULT, '}');
    assert_ok(d.ec, &d.err);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        json_at at = json_find(&d.j, str_of(rows[i].pointer));
        assert_int_not_equal(at, JSON_NONE);
        json_line_col(&d.j, d.j.nodes[at].off, &line, &col);
        if (line != rows[i].line || col != rows[i].col)
            fail_row("%s: found %u:%u", rows[i].pointer, line, col);
    }
    json_line_col(&d.j, SIZE_MAX, &line, &col);
    assert_int_equal(line, 4);
    doc_done(&d);
}

/* One struct for many texts, larger and smaller, good and bad. */
static void nodes_are_reused(void **state) {
    (void)state;
    static const struct {
        const char *text;
        uint32_t nodes;
    } rows[] = {{"[1,2,3]", 4},
                {"[1,2", 0},
                {"{\"a\":{\"b\":[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]}}", 23},
                {"0", 1},
                {"", 0},
                {"[[],[],[],[],[],[],[],[],[],[],[],[],[],[],[]]", 16}};
    struct json j = JSON_INIT;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[64 + JSON_PADDING] = "";
        struct err err = ERR_INIT;
        size_t n = strlen(rows[i].text);
        memcpy(text, rows[i].text, n);
        enum ec ec = json_parse(&j, text, n, JSON_LIMITS_DEFAULT, &err);
        if ((ec == EC_OK) != (rows[i].nodes != 0) || j.n_nodes != rows[i].nodes)
            fail_row("row %zu: %u nodes, %s", i, j.n_nodes, err.msg);
    }
    assert_int_equal(json_find(&(struct json)JSON_INIT, STR("")), JSON_NONE);
    json_done(&j);
    json_done(&j);
    assert_int_equal(mem_live, 0);
}

static void without_memory_it_says_so(void **state) {
    (void)state;
    struct buf text = BUF_INIT(SIZE_MAX);
    struct doc d;
    buf_putc(&text, '[');
    write_members(&text, 300, SIZE_MAX);
    for (int i = 0; i < 9000; i++)
        buf_puts(&text, ",0");
    buf_putc(&text, ']');
    struct str s = buf_view(&text);
    s.p = memcpy(malloc(s.n), s.p, s.n);
    buf_done(&text);
    size_t failures = 0;
    for (bool done = false; !done;) {
        mem_fail_in = failures;
        doc_read(&d, s, JSON_LIMITS_DEFAULT, ']');
        mem_fail_in = SIZE_MAX;
        done = d.ec == EC_OK;
        if (!done)
            assert_int_equal(d.ec, EC_NOMEM);
        failures += !done;
        doc_done(&d);
        assert_int_equal(mem_live, 0);
    }
    assert_true(failures >= 4); /* the nodes, their growth, two arrays to compare keys */
    free((void *)(uintptr_t)s.p);
}

static void types_have_names(void **state) {
    (void)state;
    static const char *const names[] = {"null",     "false",    "true",     "a number",
                                        "a string", "an array", "an object"};
    for (int i = 0; i < 7; i++)
        assert_string_equal(json_type_name((enum json_type)i), names[i]);
}

/* A cursor changes what a search costs, never what it finds: in any order, of any value. */
static void cursors_find_the_same(void **state) {
    static const char *const pointers[] = {
        "",       "/a",      "/a/0",     "/a/1/b/2", "/a/1/b/0", "/a/1/b/3", "/a/01",   "/a/9",
        "/a/2/x", "/c/0",    "/c/0/1",   "/a/0/0",   "/a/-",     "/a/1/b",   "/a/x/1",  "/c/1",
        "/c/5/0", "/a/1/b/", "/a/1/b/x", "/0",       "/0/1",     "a/1",      "/c/0/1/k"};
    static const char text[] = "{\"a\":[0,{\"b\":[1,2,3]},{\"x\":4}],"
                               "\"c\":{\"0\":[5,{\"k\":6}],\"5\":{\"0\":7}},\"0\":[8,9]}";
    enum { N = sizeof pointers / sizeof *pointers };
    char room[sizeof text + JSON_PADDING] = "";
    struct json j = JSON_INIT;
    struct json_cursor near = JSON_CURSOR_INIT;
    struct err err = ERR_INIT;
    (void)state;
    memcpy(room, text, sizeof text);
    assert_int_equal(json_parse(&j, room, sizeof text - 1, JSON_LIMITS_DEFAULT, &err), EC_OK);
    for (size_t i = 0; i < (size_t)N * N; i++) {
        struct str pointer = str_of(pointers[i % 2 ? i % N : i / N]);
        json_at from = i % 7 == 3 ? json_find(&j, STR("/a/1")) : 0;
        assert_int_equal(json_find_next(&j, &near, from, pointer),
                         json_find_from(&j, from, pointer));
    }
    json_done(&j);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(limits_hold),
    cmocka_unit_test(deep_nesting_needs_no_stack),
    cmocka_unit_test(members_of_any_count_are_compared),
    cmocka_unit_test(members_of_any_depth_are_compared),
    cmocka_unit_test(the_first_key_that_stands_twice_is_named),
    cmocka_unit_test(a_million_members_are_compared),
    cmocka_unit_test(members_and_pointers_are_found),
    cmocka_unit_test(paths_are_what_pointers_find),
    cmocka_unit_test(what_is_skipped_is_checked_and_not_kept),
    cmocka_unit_test(keys_that_are_skipped_are_compared),
    cmocka_unit_test(many_keys_that_are_skipped_are_compared),
    cmocka_unit_test(deep_containers_are_not_skipped),
    cmocka_unit_test(places_are_those_of_the_original),
    cmocka_unit_test(nodes_are_reused),
    cmocka_unit_test(without_memory_it_says_so),
    cmocka_unit_test(types_have_names),
    cmocka_unit_test(cursors_find_the_same),
};

TEST_MAIN(tests)
