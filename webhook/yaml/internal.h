/* internal - shared by yaml's own files.
 *
 *   stream.c     which bytes are a document: encodings, "---", the extent of a JSON value
 *   emit.c       one YAML document: libyaml's events -> JSON text and a location for each node
 *   expand.c     anchors, aliases and "<<" of that document
 *   source.c     the bytes of a document, as libyaml gets them
 *   dialect.c    what libyaml and go-yaml read differently
 *   scalar.c     the meaning of one scalar
 *   number.c     numbers as Go reads and prints them
 *   location.c   bytes and characters -> line and column; the locations of all nodes
 *   duplicate.c  the first occurrence of a duplicate key
 *   anchors.c    the values of anchors
 *   members.c    which member of a mapping with "<<" counts
 *   yaml.c       the public functions
 *
 * Ownership  all slices borrow from the stream's text
 * Threads    as yaml.h                                                                   */
#ifndef PULLGATE_YAML_INTERNAL_H
#define PULLGATE_YAML_INTERNAL_H

#include "base/buf.h"
#include "base/err.h"
#include "yaml/yaml.h"

/* --- location.c----------------------------------------------------------------------------- */

/* A position in a text that only moves forward, so that many locations cost one pass. Lines end at
 * LF, CRLF and a lone CR, as in YAML. */
struct yaml_cursor {
    size_t off;   /* bytes from the start of the text */
    size_t index; /* characters passed, CRLF as one: libyaml's count of its input */
    size_t line_at;
    uint32_t line; /* 1-based */
};

void yaml_cursor_to_index(struct yaml_cursor *c, struct str text, size_t index);
void yaml_cursor_to_offset(struct yaml_cursor *c, struct str text, size_t off);
struct yaml_location yaml_cursor_location(const struct yaml_cursor *c);

/* Sets the location of an error that has none; returns its code. */
enum ec yaml_err_at(struct err *err, struct yaml_location pos);

#define ORIGIN_NONE UINT32_MAX
#define ORIGIN_GONE (UINT32_MAX - 1)
#define NODE_NONE UINT32_MAX

/* A node keeps its id when others are removed; ids ascend. */
struct origin {
    uint32_t id;
    uint32_t source;            /* id of the node it is a copy of, or ORIGIN_NONE */
    struct yaml_location alias; /* that made it a copy */
};

struct locations {
    struct yaml_location *p;
    struct origin *origin; /* when tracked: the document has a "<<" or an alias */
    uint32_t n;
    uint32_t cap;
    uint32_t next_id;
    bool tracked;
};

void yaml_locations_reset(struct locations *to);
void yaml_locations_done(struct locations *to);
/* Room for `more` locations, at most max in all. Errors: EC_LIMIT, EC_NOMEM. */
enum ec yaml_locations_room(struct locations *to, size_t more, uint32_t max, struct err *err)
    MUST_CHECK;
/* Nodes have origins from now on; those added so far are not copies. Errors: EC_NOMEM. */
enum ec yaml_locations_track(struct locations *to, struct err *err) MUST_CHECK;
/* Adds one; yaml_locations_room() has made room. */
void yaml_locations_add(struct locations *to, struct yaml_location pos, uint32_t source,
                        struct yaml_location alias);
/* The id of the next node. */
uint32_t yaml_locations_next_id(const struct locations *to);
/* The node with that id; NODE_NONE when there is none, or it was removed. */
uint32_t yaml_locations_find(const struct locations *of, uint32_t id);

/* --- scalar.c ---------------------------------------------------------------------------- */

enum scalar_tag {
    TAG_NONE,
    TAG_STR,
    TAG_BOOL,
    TAG_INT,
    TAG_FLOAT,
    TAG_NULL,
    TAG_TIMESTAMP,
    TAG_BINARY,
    TAG_MERGE,
    TAG_OTHER /* without meaning to Kubernetes: the scalar is a string */
};

struct scalar {
    struct str text;
    enum scalar_tag tag;
    bool plain; /* neither quoted nor a block: may be other than a string */
};

enum scalar_tag yaml_scalar_tag_of(struct str tag);

/* Appends the value as JSON. Errors: EC_SCHEMA, EC_NOMEM; the caller checks out->bad. */
enum ec yaml_scalar_print(const struct scalar *s, struct buf *out, struct err *err) MUST_CHECK;
/* The same as a key: a JSON string with its quotes. *kind differs for keys that differ in Go
 * although their text is the same: 1, 1.0 and "1". */
enum ec yaml_scalar_print_key(const struct scalar *s, struct buf *out, uint64_t *kind,
                              struct err *err) MUST_CHECK;

/* --- stream.c ---------------------------------------------------------------------------- */

/* Length in bytes of the Unicode blank (Go's unicode.IsSpace) at the start of s, or 0. */
size_t yaml_stream_blank(struct str s);

/* UTF-16 with its BOM as UTF-8. Errors have their location. */
enum ec yaml_stream_from_utf16(struct buf *out, struct str text, struct err *err) MUST_CHECK;

/* The document that begins at `at`, cut as in cli-runtime; *next is where the next one begins. On
 * an error (a line "---" followed by text) *bad is the offset of that text. */
enum ec yaml_stream_cut(struct str text, size_t at, struct str *chunk, size_t *next,
                        size_t *bad, struct err *err) MUST_CHECK;

/* Whether kubectl, reading YAML from `from`, loses the last line: one without a line end whose last
 * part fills its buffer exactly is taken for the end of the text. *at is the start of the line. */
bool yaml_stream_loses_line(struct str text, size_t from, size_t *at);

/* Whether kubectl tries JSON first. */
bool yaml_stream_looks_json(struct str text);

/* The end of the JSON value that begins at `at`, by the grammar of Go's encoding/json; on an
 * error *end is the offset of the offending byte. */
enum ec yaml_stream_json_end(struct str text, size_t at, uint32_t max_depth, size_t *end,
                             struct err *err) MUST_CHECK;

/* --- dialect.c --------------------------------------------------------------------------- */

/* Offsets of the backslashes of \' in double-quoted scalars, ascending. */
struct quotes {
    size_t *p;
    size_t n, cap;
    size_t readings; /* of the document so far, with fewer of them known */
};

void yaml_quotes_done(struct quotes *q);
/* Adds those from `at` to the end of the scalar. Errors: EC_NOMEM. */
enum ec yaml_quotes_add(struct quotes *q, struct str text, size_t at, struct err *err)
    MUST_CHECK;
/* Turns the value of a scalar with this source into go-yaml's. */
void yaml_quotes_restore(struct str source, char *value, size_t n);

/* Whether the source of a double-quoted scalar has a \/. */
bool yaml_dialect_find_slash(struct str source, size_t *at);
/* Whether there is a comma or U+0000 (%00) in or directly after the tag of the node whose anchor or
 * tag is at *at. libyaml ends a tag at a comma between brackets, and at %00 everywhere. */
bool yaml_dialect_find_in_tag(struct str text, size_t *at);

/* --- source.c ---------------------------------------------------------------------------- */

/* Errors, with line and column: EC_SYNTAX for invalid UTF-8 and control characters. */
enum ec yaml_source_check(struct str text, const struct yaml_cursor *start, struct err *err)
    MUST_CHECK;

struct yaml_feed {
    struct str text;
    size_t at;             /* offset of what libyaml gets next */
    bool ended;            /* libyaml has got the line end that follows the text as well */
    struct quotes *quotes; /* libyaml gets \a for these */
    size_t n_quotes;       /* of them, passed so far */
};

/* The next bytes for libyaml; 0 at the end. */
size_t yaml_feed_bytes(struct yaml_feed *s, unsigned char *to, size_t size);

/* Moves *at past blanks, line ends and comments. */
void yaml_source_skip_gap(struct str text, size_t *at);
/* Moves *at past the word at *at and the gap after it. */
void yaml_source_skip_word(struct str text, size_t *at);

/* --- duplicate.c------------------------------------------------------------------------------ */

/* Number of the node whose text in the JSON `raw` includes byte `off`, and that text. */
uint32_t yaml_duplicate_node(struct str raw, size_t off, struct str *token);

/* The earlier occurrence, in the same object, of the key at `off`: its node and offset. False if
 * there is none. */
bool yaml_duplicate_find(struct str raw, size_t off, uint32_t max_depth, uint32_t *node,
                         size_t *at);

/* --- emit.c ------------------------------------------------------------------------------ */

/* Of the document so far; mappings by their ids. */
struct merges {
    struct yaml_merge *v;
    uint32_t n, cap;
    struct yaml_lost *lost;
    uint32_t n_lost, cap_lost;
};

struct emitted {
    struct buf *json;            /* appended to */
    struct locations *locations; /* appended to */
    struct merges *merges;       /* appended to */
    struct yaml_cursor
        ignored; /* start of text after the document; off is 0 if there is none */
    bool aliases;
};

/* The first YAML document of text[start->off .. end). */
enum ec yaml_emit_document(struct emitted *out, struct str text,
                           const struct yaml_cursor *start, size_t end,
                           const struct yaml_limits *limits, struct err *err) MUST_CHECK;

#endif
