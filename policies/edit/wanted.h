/* edit/wanted - what an object should become, for apply alone: the changes that its text needs, and the
 * digest of the object with its edits.
 * Threads    one at a time                                                                  */
#ifndef PULLGATE_EDIT_WANTED_H
#define PULLGATE_EDIT_WANTED_H

#include "edit/apply.h"

/* Adds to a->changes and a->wanted. Errors: EC_NOMEM, EC_LIMIT; EC_BUG for an edit whose pointer names
 * nothing. */
enum ec edit_wanted_add(struct edit_apply *a, const struct object *o, struct err *err)
    MUST_CHECK;

#endif
