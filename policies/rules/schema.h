/* schema - every key of the rule file, once: type, allowed words, default, what it is for, and
 * who reads it.
 * Use        the reader walks these tables; a printer of a JSON Schema or a manual can, too
 * Threads    constant data                                                                  */
#ifndef PULLGATE_RULES_SCHEMA_H
#define PULLGATE_RULES_SCHEMA_H

#include "rules/walk.h"

#define RULES_API_VERSION "pullgate/v1"
#define RULES_KIND "ImagePolicy"

/* The whole file; all other tables hang below it. Its out is a struct draft_file. */
extern const struct object rules_schema_policy;

/* Maps that stand in lists beside strings, or are read by hand. */
extern const struct object rules_schema_rule;       /* struct draft */
extern const struct object rules_schema_exemption;  /* struct policy_exemption */
extern const struct object rules_schema_regex;      /* struct draft_regex */
extern const struct object rules_schema_secret;     /* struct draft_secret */
extern const struct object rules_schema_expression; /* struct draft_expression */

#endif
