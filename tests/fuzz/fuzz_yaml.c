/* Whatever the bytes are: reading ends, every document is JSON that json/ reads again with one
 * position per node, all positions lie in the text, and no error is ours. The first byte
 * chooses the limits. */
#include "base/mem.h"
#include "yaml/yaml.h"
#include "json/json.h"

#include <stdlib.h>

#define REQUIRE(x)                                                                             \
    do {                                                                                       \
        if (!(x))                                                                              \
            abort();                                                                           \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Lengths of the lines of a UTF-8 text; the last is what follows the last line end. */
struct lines {
    size_t *bytes;
    size_t n;
};

static struct lines lines_of(struct str text) {
    struct lines l = {.bytes = calloc(text.n + 1, sizeof *l.bytes), .n = 1};
    REQUIRE(l.bytes != NULL);
    for (size_t i = 0; i < text.n; i++) {
        bool crlf = text.p[i] == '\r' && i + 1 < text.n && text.p[i + 1] == '\n';
        l.bytes[l.n - 1]++;
        l.n += text.p[i] == '\n' || (text.p[i] == '\r' && !crlf);
    }
    return l;
}

static bool is_inside(const struct lines *l, uint32_t line, uint32_t col) {
    return line >= 1 && line <= l->n && col >= 1 && col - 1 <= l->bytes[line - 1];
}

static void check_sources(const struct yaml_doc *doc) {
    const struct json *j = doc->json;
    for (uint32_t i = 0; i < j->n_nodes; i++) {
        int64_t source = yaml_source(doc, i);
        REQUIRE(source == YAML_WRITTEN || doc->aliases);
        REQUIRE(source < 0 || (source < i && doc->pos[source].line == doc->pos[i].line &&
                               doc->pos[source].col == doc->pos[i].col));
    }
    for (uint32_t i = 0; i < doc->n_merges; i++) {
        const struct yaml_merge *m = &doc->merges[i];
        REQUIRE(json_is(j, m->mapping, JSON_OBJECT) && yaml_merge_of(doc, m->mapping) == m);
        REQUIRE(yaml_source(doc, m->mapping) == YAML_WRITTEN);
    }
    for (uint32_t i = 0; i < doc->n_lost; i++)
        REQUIRE(yaml_merge_of(doc, doc->lost[i].mapping) != NULL);
}

static void check_document(const struct yaml_doc *doc, const struct lines *lines,
                           struct yaml_limits limits) {
    struct json again = JSON_INIT;
    struct err err = ERR_INIT;
    char *copy = malloc(doc->raw_bytes + JSON_PADDING);
    REQUIRE(copy != NULL && doc->raw_bytes <= limits.max_bytes);
    memcpy(copy, doc->raw, doc->raw_bytes);
    memset(copy + doc->raw_bytes, '"', JSON_PADDING);
    REQUIRE(json_parse(&again, copy, doc->raw_bytes, JSON_LIMITS_DEFAULT, &err) == EC_OK);
    REQUIRE(again.n_nodes == doc->json->n_nodes && again.n_nodes <= limits.max_nodes);
    for (uint32_t i = 0; i < again.n_nodes; i++) {
        REQUIRE(again.nodes[i].type == doc->json->nodes[i].type);
        REQUIRE(lines->bytes == NULL || is_inside(lines, doc->pos[i].line, doc->pos[i].col));
    }
    struct yaml_location root = yaml_where(doc, STR_NONE);
    REQUIRE(root.line == doc->line && root.col == doc->pos[0].col);
    REQUIRE((doc->note != NULL) == (doc->note_line != 0));
    check_sources(doc);
    json_done(&again);
    free(copy);
}

static void check_stream(struct yaml *y, struct str text, const struct lines *lines,
                         struct yaml_limits limits) {
    for (size_t calls = 0, documents = 0;; calls++) {
        struct yaml_doc *doc;
        struct err err = ERR_INIT;
        enum ec ec = yaml_next(y, &doc, &err);
        REQUIRE(calls <= text.n + 1 && ec == err.code && (ec == EC_OK || doc == NULL));
        REQUIRE(ec == EC_OK || ec == EC_SYNTAX || ec == EC_SCHEMA || ec == EC_LIMIT);
        REQUIRE(ec == EC_OK || lines->bytes == NULL || is_inside(lines, err.line, err.col));
        if (ec != EC_OK)
            continue;
        if (doc == NULL)
            return;
        REQUIRE(doc->index == documents++ && documents <= limits.max_documents);
        check_document(doc, lines, limits);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct yaml_limits small = {
        .max_bytes = 200, .max_depth = 4, .max_nodes = 30, .max_documents = 2};
    struct yaml *y = NULL;
    struct err err = ERR_INIT;
    if (size == 0)
        return 0;
    struct yaml_limits limits = data[0] & 1 ? small : YAML_LIMITS_DEFAULT;
    /* A separate copy, so that reading past its end is seen. */
    char *p = malloc(size);
    REQUIRE(p != NULL);
    memcpy(p, data + 1, size - 1);
    struct str text = {p, size - 1};
    if (yaml_open(&y, text, limits, &err) == EC_OK) {
        bool utf16 =
            size >= 3 && (memcmp(p, "\xff\xfe", 2) == 0 || memcmp(p, "\xfe\xff", 2) == 0);
        struct lines lines = utf16 ? (struct lines){NULL, 0} : lines_of(text);
        check_stream(y, text, &lines, limits);
        free(lines.bytes);
    }
    yaml_close(y);
    free(p);
    return 0;
}
