/* rules/docs - the rule file's keys, printed from the very tables the loader reads by: they cannot
 * drift apart.
 * Shape      a JSON Schema (draft-07) for editors; mdoc lists for pullgate-policy(5)
 * Threads    no shared state
 * Source     json-schema.org draft-07; mdoc(7)                                                  */
#ifndef PULLGATE_RULES_DOCS_H
#define PULLGATE_RULES_DOCS_H

#include "base/buf.h"

void rules_json_schema(struct buf *out);
void rules_mdoc(struct buf *out);

#endif
