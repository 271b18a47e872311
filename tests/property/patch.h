/* patch - RFC 6902 and base64 by another hand, for tests of what pullgate patches.
 * Rules      add and replace are all that pullgate uses; another operation, a parent that is missing or
 *            of another type, an index beyond the end, a replacement of what is not there: false
 * Knows      JSON pointers with their escapes                                                */
#ifndef PULLGATE_TESTS_PROPERTY_PATCH_H
#define PULLGATE_TESTS_PROPERTY_PATCH_H

#include "oracle.h"

#include "base/buf.h"

/* Standard base64 with padding, and no byte besides. */
bool patch_decode(struct buf *out, struct str base64);

/* Applies all edits of a patch to the object; *why says what does not apply. */
bool patch_apply(json_t *object, const json_t *edits, const char **why);

#endif
