#include "test.h"

#include "base/buf.h"
#include "base/mem.h"
#include "json/json.h"

/* A document in a buffer of exactly n + JSON_PADDING bytes, so that ASan sees each byte too
 * many; the padding is filled with what would go on best. */
struct doc {
    struct json j;
    struct err err;
    char *text;
    enum ec ec;
};

static void doc_read(struct doc *d, struct str text, struct json_limits limits, char padding) {
    d->j = (struct json)JSON_INIT;
    d->err = (struct err)ERR_INIT;
    d->text = mem_alloc(text.n + JSON_PADDING);
    assert_non_null(d->text);
    if (text.n != 0)
        memcpy(d->text, text.p, text.n);
    memset(d->text + text.n, padding, JSON_PADDING);
    d->ec = json_parse(&d->j, d->text, text.n, limits, &d->err);
}

static void doc_done(struct doc *d) {
    json_done(&d->j);
    mem_free(d->text);
}

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

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(nodes_are_laid_out_as_drawn),
};

TEST_MAIN(tests)
