/* hints - what was probably meant: for keys, words and types that are none.
 * Threads    constant data, pure functions                                                  */
#ifndef PULLGATE_RULES_HINTS_H
#define PULLGATE_RULES_HINTS_H

#include "rules/walk.h"

/* One of the candidates, or NULL: by its letters, or by what other tools call it. `what` is the
 * name of the map that has the keys, or the key that has the words. */
const char *rules_hint_meant(const char *what, struct str found, const char *const candidates[],
                             size_t n);

/* Where a key belongs that this map does not have; NULL when it is nowhere. */
const char *rules_hint_elsewhere(const char *map, struct str key);

/* "; write ..." for a value of the wrong type, or nothing. */
void rules_hint_type(char *out, size_t room, const struct cursor *c, unsigned wanted);

#endif
