/* yaml - manifests and rule files (YAML 1.1 or JSON) to JSON bytes, as kubectl reads them.
 * Shape      a stream of documents; each becomes compact JSON text, its nodes, and the line and
 *            column of every node in the original file
 * Scalars    facts of sigs.k8s.io/yaml on go.yaml.in/yaml/v2: `yes` is true, 0123 is 83, merge
 * keys by order, keys become strings Strict     duplicate keys, overlapping merge keys, keys
 * that collide after conversion are errors (kubectl would silently take one of them) Streams
 * lines beginning with "---" split; text behind "..." up to the next "---" is skipped and said
 * in `note`; empty and null documents are skipped; a stream whose first non-blank byte is "{"
 * is read as JSON first, as kubectl does Limits     struct yaml_limits; alias expansion is
 * bounded by the size and node count of its result and by go-yaml's ratio Ownership  the stream
 * borrows the text (yaml_open copies nothing but may transcode UTF-16); a document owns its
 * buffers until the next yaml_next or yaml_close Threads    one stream per thread Source
 * libyaml 0.2.5 for events; kubectl's visitor and sigs.k8s.io/yaml for meaning      */
#ifndef PULLGATE_YAML_YAML_H
#define PULLGATE_YAML_YAML_H

#include "base/buf.h"
#include "base/err.h"
#include "json/json.h"

struct yaml; /* a stream */

struct yaml_pos {
    uint32_t line; /* 1-based, in the file */
    uint32_t col;  /* 1-based, in bytes */
};

struct yaml_limits {
    size_t max_bytes;     /* of JSON per document, 64 MiB by default */
    uint32_t max_depth;   /* 128 */
    uint32_t max_nodes;   /* 4 Mi */
    size_t max_documents; /* 1 Mi */
};
#define YAML_LIMITS_DEFAULT                                                                    \
    ((struct yaml_limits){.max_bytes = 64u << 20,                                              \
                          .max_depth = 128,                                                    \
                          .max_nodes = 4u << 20,                                               \
                          .max_documents = 1u << 20})

struct yaml_doc {
    size_t index;     /* 0-based number among the documents that were not skipped */
    uint32_t line;    /* where the document's first value starts */
    struct json json; /* the document's nodes; json.text is the JSON text, strings unescaped */
    const char *raw;  /* the JSON text before unescaping (compact), raw_bytes long, */
    size_t raw_bytes; /* for readers of their own (jansson) */
    struct yaml_pos *pos; /* one per node of json, keys included */
    const char *note; /* NULL, or what a person should know ("text behind ... is ignored") */
    uint32_t note_line;
};

/* Errors: EC_SYNTAX (an encoding that cannot be read), EC_LIMIT, EC_NOMEM. */
enum ec yaml_open(struct yaml **out, struct str text, struct yaml_limits limits,
                  struct err *err) MUST_CHECK;

/* The next document that is not empty. *doc is NULL at the end of the stream.
 * Errors: EC_SYNTAX, EC_SCHEMA (duplicate key ...), EC_LIMIT, EC_NOMEM, with line and col.
 * After EC_SYNTAX or EC_SCHEMA in one document the next call goes on behind the next "---"
 * where that is possible (YAML mode), else it reports the end. */
enum ec yaml_next(struct yaml *y, struct yaml_doc **doc, struct err *err) MUST_CHECK;

void yaml_close(struct yaml *y); /* NULL is fine */

/* Line and column of the value a JSON pointer names; of the nearest parent that exists when
 * there is none. {0, 0} only for an empty document. */
struct yaml_pos yaml_where(const struct yaml_doc *doc, struct str pointer);
/* The same for the key of a member (the last token of the pointer). */
struct yaml_pos yaml_where_key(const struct yaml_doc *doc, struct str pointer);

#endif
