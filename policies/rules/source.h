/* source - one rule file as written: its JSON bytes, and where each value stands in it.
 * Rules      one document, and nothing behind it
 * Ownership  a source borrows the text, and owns all else until source_close
 * Limits     SOURCE_DEPTH_MAX levels; 16 MiB of JSON and a million nodes
 * Threads    one at a time                                                                  */
#ifndef PULLGATE_RULES_SOURCE_H
#define PULLGATE_RULES_SOURCE_H

#include "base/err.h"
#include "base/str.h"

enum { SOURCE_DEPTH_MAX = 32 };

struct source;

struct source_pos {
    uint32_t line, col; /* 1-based, col in bytes; 0 when unknown */
};

/* The first document of the text. Errors: EC_SYNTAX, EC_SCHEMA (an empty file, duplicate keys),
 * EC_LIMIT, EC_NOMEM, with line and col. */
enum ec source_open(struct source **out, struct str text, struct err *err) MUST_CHECK;
void source_close(struct source *s); /* NULL is fine */

/* The document as compact JSON; borrowed. */
struct str source_json(const struct source *s);

/* Line and column of the value, or of the key, that a JSON pointer names. */
struct source_pos source_where(const struct source *s, struct str pointer);
struct source_pos source_where_key(const struct source *s, struct str pointer);

/* The i-th key that has no effect, since a "<<" behind it brings another; false behind the last. */
bool source_lost(const struct source *s, size_t i, struct source_pos *out);

/* Checks that nothing follows the document; positions are no longer known afterwards.
 * Errors: EC_SCHEMA (a second document), and those of source_open. */
enum ec source_end(struct source *s, struct err *err) MUST_CHECK;

#endif
