/* schema - every key of the rule file, once: type, allowed words, default, purpose and
 * reader.
 * Use        the reader walks these tables; so do the printers of the JSON Schema and the manual page
 * Threads    constant data                                                                  */
#ifndef PULLGATE_RULES_SCHEMA_H
#define PULLGATE_RULES_SCHEMA_H

#include "rules/walk.h"

#define RULES_API_VERSION "pullgate/v1"
#define RULES_KIND "ImagePolicy"

/* The whole file; all other tables hang below it. Its out is a struct draft_file. */
extern const struct object rules_schema_policy;

/* Maps that are in lists beside strings, or that are read by hand. */
extern const struct object rules_schema_rule;       /* struct draft */
extern const struct object rules_schema_exemption;  /* struct policy_exemption */
extern const struct object rules_schema_regex;      /* struct draft_regex */
extern const struct object rules_schema_secret;     /* struct draft_secret */
extern const struct object rules_schema_expression; /* struct draft_expression */
extern const struct object rules_schema_source;     /* struct policy_source */

#endif
