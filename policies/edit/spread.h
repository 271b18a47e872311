/* edit/spread - changes of a document with aliases, for changes alone: each is made where the value is
 * written, and what the anchor's other users would get is held against what they should have.
 * Threads    one at a time                                                                  */
#ifndef PULLGATE_EDIT_SPREAD_H
#define PULLGATE_EDIT_SPREAD_H

#include "edit/changes.h"

/* All of them. Errors: those of edit_changes_make. */
enum ec edit_spread(struct edit_changes *c, const struct edit_splice *s, struct err *err)
    MUST_CHECK;

/* One of them where it belongs: a new member of its mapping; the value it has. */
enum ec edit_spread_member(const struct edit_splice *s, const struct edit_change *c,
                           struct err *err) MUST_CHECK;
enum ec edit_spread_value(const struct edit_splice *s, const struct edit_change *c,
                          struct err *err) MUST_CHECK;

#endif
