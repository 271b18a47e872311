/* source - one rule file as the YAML reader has it: its values, and where each stands in it.
 * Rules      one document, and nothing behind it; the text is read once, by rules_source_open
 * Ownership  a source borrows the text, and owns all else until rules_source_close
 * Limits     SOURCE_DEPTH_MAX levels; 16 MiB of JSON and a million nodes
 * Threads    one at a time                                                                  */
#ifndef PULLGATE_RULES_SOURCE_H
#define PULLGATE_RULES_SOURCE_H

#include "base/err.h"
#include "base/str.h"
#include "yaml/yaml.h"

enum { SOURCE_DEPTH_MAX = 32 };

struct source {
    struct yaml *stream;
    struct yaml_doc
        *doc; /* its nodes, from node 0 on, and the position of each; no string holds
                             U+0000 or half a surrogate pair */
};

/* The first document of the text. Errors: EC_SYNTAX, EC_SCHEMA (an empty file, duplicate keys),
 * EC_LIMIT, EC_NOMEM, with line and col. *out needs rules_source_close in any case. */
enum ec rules_source_open(struct source *out, struct str text, struct err *err) MUST_CHECK;
void rules_source_close(struct source *s);

/* Checks that nothing follows the document, which is gone afterwards.
 * Errors: EC_SCHEMA (a second document), and those of rules_source_open. */
enum ec rules_source_end(struct source *s, struct err *err) MUST_CHECK;

#endif
