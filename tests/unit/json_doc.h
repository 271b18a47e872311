/* json_doc - a document for a test: its bytes, nodes and error in one struct.
 * Use     doc_read(&d, STR("[1]"), JSON_LIMITS_DEFAULT, ']'); ... doc_done(&d);            */
#ifndef PULLGATE_TESTS_JSON_DOC_H
#define PULLGATE_TESTS_JSON_DOC_H

#include "test.h"

#include "json/json.h"

#include <stdlib.h>

/* A document in a buffer of exactly n + JSON_PADDING bytes, so that ASan sees each byte too
 * many. */
struct doc {
    struct json j;
    struct err err;
    char *text;
    enum ec ec;
};

/* Some bytes that would go on well, then such that show if they were moved. */
static inline char doc_padding(char first, size_t i) {
    return i < 6 ? first : (char)('a' + i % 23);
}

static inline void doc_read(struct doc *d, struct str text, struct json_limits limits,
                            char padding) {
    d->j = (struct json)JSON_INIT;
    d->err = (struct err)ERR_INIT;
    d->text = malloc(text.n + JSON_PADDING);
    assert_non_null(d->text);
    if (text.n != 0)
        memcpy(d->text, text.p, text.n);
    for (size_t i = 0; i < JSON_PADDING; i++)
        d->text[text.n + i] = doc_padding(padding, i);
    d->ec = json_parse(&d->j, d->text, text.n, limits, &d->err);
    for (size_t i = 0; i < JSON_PADDING; i++)
        assert_int_equal(d->text[text.n + i], doc_padding(padding, i));
    if (d->ec != EC_OK)
        assert_int_equal(d->j.n_nodes, 0);
}

static inline void doc_done(struct doc *d) {
    json_done(&d->j);
    free(d->text);
}

/* What might be taken for a part of the text if the reader went too far. */
static const char doc_paddings[] = {'}', ']', '"',  ',', ':',  ' ',
                                    '0', 'e', '\\', '{', '\0', '\xff'};

#endif
