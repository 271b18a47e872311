/* internal - what the parts of yaml share with each other and nobody else.
 *
 *   stream.c   which bytes are a document: encodings, "---", the extent of a JSON value
 *   emit.c     one YAML document: libyaml's events -> JSON text and a position for each node
 *   source.c   the bytes of a document on their way to libyaml
 *   dialect.c  what libyaml and go-yaml read differently
 *   scalar.c   what one scalar means
 *   location.c   bytes and characters -> line and column
 *   duplicate.c    where a key that stands twice stood first
 *   anchors.c  what anchors stand for
 *   members.c  which member of a mapping with "<<" counts
 *   yaml.c     the public functions
 *
 * Ownership  all slices borrow from the stream's text
 * Threads    as yaml.h                                                                   */
#ifndef PULLGATE_YAML_INTERNAL_H
#define PULLGATE_YAML_INTERNAL_H

#include "base/buf.h"
#include "base/err.h"
#include "yaml/yaml.h"

/* --- location.c----------------------------------------------------------------------------- */

/* A spot in a text that only walks forward, so that many positions cost one walk. Lines end at
 * LF, CRLF and a lone CR, as in YAML. */
struct place {
    size_t off;   /* bytes from the start of the text */
    size_t index; /* characters walked, CRLF as one: how libyaml counts what it is fed */
    size_t line_at;
    uint32_t line; /* 1-based */
};

void yaml_cursor_to_index(struct place *p, struct str text, size_t index);
void yaml_cursor_to_offset(struct place *p, struct str text, size_t off);
struct yaml_pos yaml_cursor_location(const struct place *p);

/* Sets the position of an error that has none; the code, for `return`. */
enum ec yaml_err_at(struct err *err, struct yaml_pos pos);

#define ORIGIN_NONE UINT32_MAX
#define ORIGIN_GONE (UINT32_MAX - 1)
#define NODE_NONE UINT32_MAX

/* A node keeps its id where others are taken out; those of later nodes are larger. */
struct origin {
    uint32_t id;
    uint32_t source;       /* id of the node it is a copy of, or ORIGIN_NONE */
    struct yaml_pos alias; /* that made it a copy */
};

struct positions {
    struct yaml_pos *p;
    struct origin *origin; /* where tracked: the document has a "<<" or an alias */
    uint32_t n;
    uint32_t cap;
    uint32_t next_id;
    bool tracked;
};

void yaml_locations_reset(struct positions *to);
void yaml_locations_done(struct positions *to);
/* Room for `more` positions, at most max in all. Errors: EC_LIMIT, EC_NOMEM. */
enum ec yaml_locations_room(struct positions *to, size_t more, uint32_t max, struct err *err)
    MUST_CHECK;
/* From here on nodes have origins; those there are, are written. Errors: EC_NOMEM. */
enum ec yaml_locations_track(struct positions *to, struct err *err) MUST_CHECK;
/* One more, for which there is room. */
void yaml_locations_add(struct positions *to, struct yaml_pos pos, uint32_t source,
                        struct yaml_pos alias);
/* The id that the next node will have. */
uint32_t yaml_locations_next_id(const struct positions *to);
/* The node of that id; NODE_NONE when there is none (any more). */
uint32_t yaml_locations_find(const struct positions *of, uint32_t id);

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
    TAG_OTHER /* of no meaning to Kubernetes: the scalar is a string */
};

struct scalar {
    struct str text;
    enum scalar_tag tag;
    bool plain; /* not quoted, no block: may be more than a string */
};

enum scalar_tag yaml_scalar_tag_of(struct str tag);

/* The value as JSON. Errors: EC_SCHEMA, EC_NOMEM; `out` itself may be bad. */
enum ec yaml_scalar_print(const struct scalar *s, struct buf *out, struct err *err) MUST_CHECK;
/* The same as a key: a JSON string with its quotes. *kind tells keys apart that Go tells apart,
 * although they read the same: 1, 1.0 and "1". */
enum ec yaml_scalar_print_key(const struct scalar *s, struct buf *out, uint64_t *kind,
                              struct err *err) MUST_CHECK;

/* --- stream.c ---------------------------------------------------------------------------- */

/* Bytes of the Unicode blank (Go's unicode.IsSpace) that s begins with, or 0. */
size_t yaml_stream_blank(struct str s);

/* UTF-16 (told by its BOM) as UTF-8. */
bool yaml_stream_is_utf16(struct str text);
enum ec yaml_stream_from_utf16(struct buf *out, struct str text, struct err *err) MUST_CHECK;

/* The document that begins at `at`, as cli-runtime cuts it; *next is where to go on. On an
 * error (a line "---" with more behind it) *bad is the offset of what is too much. */
enum ec yaml_stream_cut(struct str text, size_t at, struct str *chunk, size_t *next,
                        size_t *bad, struct err *err) MUST_CHECK;

/* Does kubectl, which reads YAML from `from` on, lose the last line? It takes a line without an end
 * whose last part fills the buffer for the end of the text. *at is where the line begins. */
bool yaml_stream_loses_line(struct str text, size_t from, size_t *at);

/* Does kubectl try JSON first? */
bool yaml_stream_looks_json(struct str text);

/* Where the JSON value that begins at `at` ends, by the grammar of Go's encoding/json; on an
 * error *end is the offset of what does not fit. */
enum ec yaml_stream_json_end(struct str text, size_t at, uint32_t max_depth, size_t *end,
                             struct err *err) MUST_CHECK;

/* --- dialect.c --------------------------------------------------------------------------- */

/* Offsets of the backslashes of \' in double-quoted scalars, ascending. */
struct quotes {
    size_t *p;
    size_t n, cap;
    size_t readings; /* of the document, with fewer of them */
};

void yaml_quotes_done(struct quotes *q);
/* Those from `at` to the end of the scalar. Errors: EC_NOMEM. */
enum ec yaml_quotes_add(struct quotes *q, struct str text, size_t at, struct err *err)
    MUST_CHECK;
/* Makes the value of a scalar with this source what go-yaml makes of it. */
void yaml_quotes_restore(struct str source, char *value, size_t n);

/* Is there a \/ in the source of a double-quoted scalar? */
bool yaml_dialect_find_slash(struct str source, size_t *at);
/* Is there a comma or U+0000 (%00) in or right behind the tag of the node whose anchor or tag is
 * at *at? libyaml ends a tag there, between brackets or always. */
bool yaml_dialect_find_in_tag(struct str text, size_t *at);

/* --- source.c ---------------------------------------------------------------------------- */

/* Errors, with line and column: EC_SYNTAX for bytes that are no UTF-8 or no text. */
enum ec yaml_source_check(struct str text, const struct place *start, struct err *err)
    MUST_CHECK;

struct source {
    struct str text;
    size_t at;             /* how far libyaml has been fed */
    bool ended;            /* with the line end behind it */
    struct quotes *quotes; /* fed as \a */
    size_t n_quotes;       /* so far */
};

/* The next bytes for libyaml; 0 at the end. */
size_t yaml_source_feed(struct source *s, unsigned char *to, size_t size);

/* Moves *at behind blanks, line ends and comments. */
void yaml_source_skip_gap(struct str text, size_t *at);
/* The same behind all up to the next blank or line end. */
void yaml_source_skip_word(struct str text, size_t *at);

/* --- duplicate.c------------------------------------------------------------------------------ */

/* Number of the node whose text in the JSON `raw` holds byte `off`, and that text. */
uint32_t yaml_duplicate_node(struct str raw, size_t off, struct str *token);

/* The same key as the one at `off`, earlier in its object: its node and offset. False if there
 * is none. */
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
    struct buf *json;      /* appended to */
    struct positions *pos; /* appended to */
    struct merges *merges; /* appended to */
    struct place ignored; /* where text behind the document begins; off is 0 if there is none */
    bool aliases;
};

/* The first YAML document of text[start->off .. end). */
enum ec yaml_emit_document(struct emitted *out, struct str text, const struct place *start,
                           size_t end, const struct yaml_limits *limits, struct err *err)
    MUST_CHECK;

#endif
