/* yaml_reader - a stream and its last document, for the tests of yaml/. */
#ifndef PULLGATE_TESTS_YAML_READER_H
#define PULLGATE_TESTS_YAML_READER_H

#include "test.h"

#include "base/file.h"
#include "yaml/yaml.h"

struct reader {
    struct yaml *yaml;
    struct yaml_doc *doc;
    struct err err;
};

static inline void open_text(struct reader *r, struct str text, struct yaml_limits limits) {
    *r = (struct reader){.err = ERR_INIT};
    assert_ok(yaml_open(&r->yaml, text, limits, &r->err), &r->err);
}

static inline enum ec next(struct reader *r) {
    r->err = (struct err)ERR_INIT;
    return yaml_next(r->yaml, &r->doc, &r->err);
}

/* Opens a text of one document and reads it. */
static inline const struct yaml_doc *read_one(struct reader *r, struct str text) {
    open_text(r, text, YAML_LIMITS_DEFAULT);
    assert_ok(next(r), &r->err);
    assert_non_null(r->doc);
    return r->doc;
}

static inline struct str raw_of(const struct yaml_doc *doc) {
    return (struct str){doc->raw, doc->raw_bytes};
}

static inline struct str read_file(struct buf *b, const char *path) {
    struct err err = ERR_INIT;
    buf_reset(b);
    assert_ok(file_read(b, path, 1 << 20, &err), &err);
    return buf_view(b);
}

#endif
