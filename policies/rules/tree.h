/* tree - JSON bytes to jansson's tree, with jansson's allocations behind base/mem.h.
 * Threads    any; the tree belongs to one                                                   */
#ifndef PULLGATE_RULES_TREE_H
#define PULLGATE_RULES_TREE_H

#include "base/err.h"
#include "base/str.h"

#include <jansson.h>

/* Errors: EC_SYNTAX (numbers beyond a double: the bytes come from a reader of JSON), EC_NOMEM.
 * Free the tree with json_decref. */
enum ec tree_parse(json_t **out, struct str json, struct err *err) MUST_CHECK;

#endif
