/* parse -> print -> parse gives the same nodes, and printing those gives the same bytes; an
 * error leaves no nodes and is inside the text (but half a surrogate pair is printed as what Go makes
 * of it, which is not odd any more). The first byte chooses the limits and what
 * the padding holds. */
#include "base/buf.h"
#include "json_skip.h"
#include "json/json.h"

#include <stdlib.h>

#define REQUIRE(x)                                                                             \
    do {                                                                                       \
        if (!(x))                                                                              \
            abort();                                                                           \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A copy with exactly the promised room after it. */
static char *padded(struct str text, char padding) {
    char *p = malloc(text.n + JSON_PADDING);
    REQUIRE(p != NULL);
    if (text.n != 0)
        memcpy(p, text.p, text.n);
    memset(p + text.n, padding, JSON_PADDING);
    return p;
}

static bool same_nodes(const struct json *a, const struct json *b) {
    if (a->n_nodes != b->n_nodes)
        return false;
    for (uint32_t i = 0; i < a->n_nodes; i++) {
        const struct json_node *x = &a->nodes[i], *y = &b->nodes[i];
        if (x->type != y->type || x->len != y->len || x->next != y->next ||
            x->depth != y->depth || ((x->flags ^ y->flags) & ~JSON_ODD) != 0 ||
            (json_is_odd(b, i) && !json_is_odd(a, i)) ||
            !str_eq(json_str(a, i), json_str(b, i)))
            return false;
    }
    return true;
}

static void check_nodes(const struct json *j, struct json_limits limits) {
    REQUIRE(j->n_nodes >= 1 && j->n_nodes <= limits.max_nodes);
    REQUIRE(j->nodes[0].next == j->n_nodes);
    for (uint32_t i = 0; i < j->n_nodes; i++) {
        const struct json_node *n = &j->nodes[i];
        REQUIRE(n->next > i && n->next <= j->n_nodes && n->depth <= limits.max_depth);
        uint32_t children = 0;
        for (json_at at = json_first(j, i); at != JSON_NONE; children++) {
            if (n->type == JSON_OBJECT)
                REQUIRE(json_is(j, at++, JSON_STRING));
            REQUIRE(j->nodes[at].depth == n->depth + 1);
            at = json_next(j, i, at);
        }
        REQUIRE(n->type < JSON_ARRAY || children == n->len);
    }
}

/* The same text once more, skipped. */
static void check_skipped(const struct json *whole, struct str input,
                          struct json_limits limits) {
    struct json j = JSON_INIT;
    struct err err = ERR_INIT;
    char *text = padded(input, '}');
    static const struct json_skip skips[] = {{STR_INIT("managedFields"), true},
                                             {STR_INIT("a"), false}};
    limits.skip = skips;
    limits.n_skip = sizeof skips / sizeof *skips;
    REQUIRE(json_parse(&j, text, input.n, limits, &err) == EC_OK);
    REQUIRE(skip_agrees(whole, &j, limits));
    free(text);
    json_done(&j);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char paddings[] = {'}', ']', '"', ',', ':', ' ', '1', '\\'};
    struct json_limits limits = JSON_LIMITS_DEFAULT;
    struct json a = JSON_INIT, b = JSON_INIT;
    struct err err = ERR_INIT;
    struct buf first = BUF_INIT(SIZE_MAX), second = BUF_INIT(SIZE_MAX);
    uint8_t mode = size != 0 ? data[0] : 0;
    struct str input = {(const char *)data + (size != 0), size - (size != 0)};
    if (mode >= 0x80)
        limits = (struct json_limits){.max_depth = mode & 15, .max_nodes = mode >> 2 & 31};

    char *text = padded(input, paddings[mode & 7]);
    if (json_parse(&a, text, input.n, limits, &err) != EC_OK) {
        REQUIRE(a.n_nodes == 0 && err.offset <= input.n);
        REQUIRE(err.code == EC_LIMIT || err.code == EC_SYNTAX || err.code == EC_SCHEMA);
        REQUIRE(err.code == EC_LIMIT || (err.line > 0 && err.col > 0));
    } else {
        check_nodes(&a, limits);
        check_skipped(&a, input, limits);
        json_print(&a, 0, &first);
        char *again = padded(buf_view(&first), paddings[mode >> 3 & 7]);
        REQUIRE(json_parse(&b, again, first.n, limits, &err) == EC_OK);
        REQUIRE(same_nodes(&a, &b));
        json_print(&b, 0, &second);
        REQUIRE(str_eq(buf_view(&first), buf_view(&second)));
        free(again);
    }
    free(text);
    json_done(&a);
    json_done(&b);
    buf_done(&first);
    buf_done(&second);
    return 0;
}
