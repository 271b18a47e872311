/* yaml - manifests and rule files (YAML 1.1 or JSON) to JSON bytes, as kubectl reads them.
 *
 * Shape      a stream of documents; each becomes JSON text, its nodes, and the line and column
 *            of every node in the original file
 * Scalars    as sigs.k8s.io/yaml on go.yaml.in/yaml/v2 reads them: `yes` is true, 0123 is 83,
 *            1e400 is a string; keys become strings
 * Merges     "<<" takes effect where it is written: its members override those before it and are
 *            overridden by those after it; in a list of mappings the first wins. (YAML's own rule,
 *            which kubectl does not follow, lets the mapping's own members win in any order;
 *            `lost` lists the members for which that differs)
 * Strict     duplicate keys in one mapping, and keys that collide after conversion, are errors
 *            (kubectl would silently take one of the values)
 * Marks      strings with U+0000 or half a surrogate pair, see json/json.h
 * Streams    lines beginning with "---" separate documents; text after "..." up to the next "---"
 *            is skipped and reported in `note`; empty and null documents are skipped; a stream
 *            whose first non-blank byte is "{" is read as JSON first, as in kubectl
 * Locations  are those of the file, in bytes of its UTF-8 form, without a BOM; lines end at LF,
 *            CRLF and CR. The copy that an alias makes has the location of the anchored value,
 *            since that is the text to change
 * Limits     struct yaml_limits; alias expansion is bounded by the size and node count of its
 *            result and by go-yaml's ratio; 16384 anchors per document
 * Ownership  the stream borrows the text (yaml_open copies nothing but may transcode UTF-16);
 *            a document owns its buffers until the next yaml_next or yaml_close
 * Threads    one stream per thread
 * Source     libyaml 0.2.5 for events; kubectl's visitor and sigs.k8s.io/yaml for meaning    */
#ifndef PULLGATE_YAML_YAML_H
#define PULLGATE_YAML_YAML_H

#include "base/err.h"
#include "base/str.h"

/* Of json/json.h, which is not included: jansson.h, which tests want beside this, has the same
 * words (enum json_type, JSON_STRING). */
struct json;
struct json_cursor;

struct yaml; /* a stream */

struct yaml_location {
    uint32_t line; /* 1-based, in the file */
    uint32_t col;  /* 1-based, in bytes */
};

struct yaml_limits {
    size_t max_bytes;     /* of JSON per document, 64 MiB by default, at most 2 GiB */
    uint32_t max_depth;   /* 128; at most 1024 */
    uint32_t max_nodes;   /* 16 Mi */
    size_t max_documents; /* 1 Mi */
    bool drops_raw;       /* no one reads doc->raw: of a large document of YAML it is NULL */
};
#define YAML_LIMITS_DEFAULT                                                                    \
    ((struct yaml_limits){.max_bytes = 64u << 20,                                              \
                          .max_depth = 128,                                                    \
                          .max_nodes = 16u << 20,                                              \
                          .max_documents = 1u << 20})

/* The last "<<" of a mapping: the location of the key, and of the end of its value. */
struct yaml_merge {
    uint32_t mapping;
    struct yaml_location key, end;
};

/* A member that a later "<<" overrides. */
struct yaml_lost {
    uint32_t mapping;
    struct yaml_location pos; /* of its key */
};

struct locations;

struct yaml_doc {
    size_t index;            /* 0-based number among the documents that were not skipped */
    uint32_t line;           /* of the document's first value */
    const struct json *json; /* the document's nodes; json->text is the JSON text, unescaped */
    const char *raw;  /* the JSON text before unescaping, raw_bytes long, for readers of */
    size_t raw_bytes; /* their own (jansson); compact unless the file itself is JSON */
    const struct yaml_location *pos; /* one per node of json, keys included */
    const char *note; /* NULL, or a warning for the user ("text after ... is ignored") */
    uint32_t note_line;
    bool ignored; /* the note is about text that is not part of the document */
    bool aliases; /* it has aliases: several nodes may share one location, their anchor's */
    const struct yaml_merge *merges; /* by mapping, ascending */
    const struct yaml_lost *lost;    /* in no order */
    uint32_t n_merges, n_lost;
    const struct locations *locations; /* for yaml_source */
};

enum { YAML_WRITTEN = -1, YAML_GONE = -2 };
/* The node that a node is a copy of; YAML_WRITTEN when it is not a copy, YAML_GONE when the original
 * is not part of the document. */
int64_t yaml_source(const struct yaml_doc *doc, uint32_t node);
/* The location of the alias that made the copy. */
struct yaml_location yaml_alias(const struct yaml_doc *doc, uint32_t node);
/* The last "<<" of a mapping, or NULL. */
const struct yaml_merge *yaml_merge_of(const struct yaml_doc *doc, uint32_t mapping);

/* Errors: EC_SYNTAX (UTF-16 that cannot be read), EC_LIMIT (2 GiB), EC_NOMEM; *out untouched.
 */
enum ec yaml_open(struct yaml **out, struct str text, struct yaml_limits limits,
                  struct err *err) MUST_CHECK;

/* The next document that is not empty. *doc is NULL at the end of the stream and on errors.
 * Errors: EC_SYNTAX, EC_SCHEMA (duplicate key ...), EC_LIMIT, with line and col; EC_NOMEM.
 * After an error in one document the next call continues after the next "---" (YAML), or after
 * the value (well-formed JSON); where neither is possible it reports the end. */
enum ec yaml_next(struct yaml *y, struct yaml_doc **doc, struct err *err) MUST_CHECK;

void yaml_close(struct yaml *y); /* NULL is fine */

/* For documents in which every string matters. Errors: EC_SCHEMA, with line and column, when a
 * string is marked. */
enum ec yaml_require_plain(const struct yaml_doc *doc, struct err *err) MUST_CHECK;

/* Location of the value at a JSON pointer; of its nearest existing ancestor when there is none. */
struct yaml_location yaml_where(const struct yaml_doc *doc, struct str pointer);
/* The same, with the pointer relative to node `from` of doc->json. `near` belongs to that document;
 * it makes consecutive lookups in one array cheap. */
struct yaml_location yaml_where_from(const struct yaml_doc *doc, struct json_cursor *near,
                                     uint32_t from, struct str pointer);
/* The same for the key of a member (the last token of the pointer); for an element of an array,
 * that of the element. */
struct yaml_location yaml_where_key(const struct yaml_doc *doc, struct str pointer);

#endif
