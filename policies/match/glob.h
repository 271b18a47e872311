/* glob - wildcards, for match alone.
 * Limits     one place to go back to at a time: at most length of pattern times length of text
 * Threads    pure functions                                                              */
#ifndef PULLGATE_MATCH_GLOB_H
#define PULLGATE_MATCH_GLOB_H

#include "base/str.h"

/* Component by component at `/`: `*` is any run of bytes but `/` and `:` (which only a host
 * has); `**` as a whole component is any number of components, also none. */
bool match_glob(struct str pattern, struct str text);

/* From `at` to the next `/` or the end. */
struct str match_component(struct str s, size_t at);
bool match_is_any_depth(struct str component); /* `**` */

#endif
