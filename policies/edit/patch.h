/* edit/patch - a decision's edits applied to an object.
 *
 *      nodes of the object + edits --edit_patch_apply--> compact JSON of the object as it will be
 *
 * Shape      keys stay in their order, a new one comes last; numbers stay as they are written
 * Cost       one walk over the object, and a look-up per edit
 * Threads    pure functions                                                                 */
#ifndef PULLGATE_EDIT_PATCH_H
#define PULLGATE_EDIT_PATCH_H

#include "base/buf.h"
#include "base/err.h"
#include "engine/engine.h"
#include "json/json.h"

/* Appends the patched object. `edits` point into it, at values and lists that are there, in an order that
 * makes each independent of those before. Errors: EC_LIMIT, EC_NOMEM; EC_BUG for an edit that is nowhere. */
enum ec edit_patch_apply(const struct json *j, json_at object, const struct edit *edits,
                         size_t n_edits, struct buf *out, struct err *err) MUST_CHECK;

/* Do two values say the same, whatever the order of their keys? Numbers are compared as written. */
bool edit_patch_equal(const struct json *a, json_at in_a, const struct json *b, json_at in_b);

#endif
