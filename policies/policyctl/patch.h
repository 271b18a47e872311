/* policyctl/patch - a decision's edits applied to an object's JSON text.
 * jansson lives here: its header and json/json.h use the same words and cannot be included
 * together. */
#ifndef PULLGATE_POLICYCTL_PATCH_H
#define PULLGATE_POLICYCTL_PATCH_H

#include "base/buf.h"
#include "base/err.h"
#include "engine/engine.h"

/* Appends the patched object, compact, keys in their order, numbers as they are written. `object` is
 * compact, too. Errors: EC_LIMIT, EC_NOMEM. */
enum ec patch_apply(struct str object, const struct edit *edits, size_t n_edits,
                    struct buf *out, struct err *err) MUST_CHECK;

/* Do two compact JSON texts say the same, whatever the order of their keys? Errors: EC_NOMEM, EC_LIMIT. */
enum ec patch_equal(bool *equal, struct str a, struct str b, struct err *err) MUST_CHECK;

#endif
