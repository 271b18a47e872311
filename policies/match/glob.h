/* glob - wildcards, for match alone.
 * Shape      component by component at `/`: `*` is any run of bytes but `/` and `:` (which only
 *            a host has); `**` as a whole component is any number of components, also none
 * Limits     nothing is tried twice: all places of the pattern that the text read so far can
 *            have led to are one set of bits. A byte of the text costs the same for each 64 bytes
 *            of the pattern, whatever the two are made of
 * Ownership  a compiled glob owns itself (match_glob_free)
 * Threads    immutable once compiled
 * Source     R. Baeza-Yates, G. Gonnet, "A new approach to text searching" (1992)          */
#ifndef PULLGATE_MATCH_GLOB_H
#define PULLGATE_MATCH_GLOB_H

#include "match/match.h"

struct match_glob;

/* NULL: no memory. The pattern has at most MATCH_PATTERN_MAX bytes. */
struct match_glob *match_glob_compile(struct str pattern) MUST_CHECK;
void match_glob_free(struct match_glob *g); /* NULL is fine */

/* The whole text. false also where the meter has run out. */
bool match_glob(const struct match_glob *g, struct str text, struct match_meter *meter);

/* From `at` to the next `/` or the end. */
struct str match_component(struct str s, size_t at);
bool match_is_any_depth(struct str component); /* `**` */

#endif
