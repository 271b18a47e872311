/* convert/format - a tool's format: its word, its reader, and the documents it is spread over.
 * Threads    pure functions; the tables are constant                                        */
#ifndef PULLGATE_CONVERT_FORMAT_H
#define PULLGATE_CONVERT_FORMAT_H

#include "convert/draft.h"

/* Reads the document of *c, whose root is node 0, into the draft. Errors: EC_SCHEMA with its location:
 * it is no document of the format. What a rule file cannot mean is no error (convert_left). */
typedef enum ec convert_read_fn(struct convert *c, struct err *err);
/* After the last document. */
typedef void convert_end_fn(struct convert *c);

struct convert_format {
    const char *word;
    bool toml;
    convert_read_fn *read;
    convert_end_fn *end; /* or NULL */
};

extern const struct convert_format convert_airbyte;
extern const struct convert_format convert_astronomer;
extern const struct convert_format convert_gatekeeper;
extern const struct convert_format convert_kyverno;
extern const struct convert_format convert_openshift;
extern const struct convert_format convert_harbor;
extern const struct convert_format convert_swapper;
extern const struct convert_format convert_containerd;
extern const struct convert_format convert_registries;

#endif
