/* rules/slow_name - a name that takes a regex many steps to match, made up from the regex.
 *
 *      ghcr\.io/(a|b)+ --> ghcr.io/a/a/a/ ... ab/0q
 *
 * Shape      the literal text that the regex begins with; pieces of its letters up to the longest name;
 *            an end that no pattern matches. The slowest of those tried, which need not be the slowest of all
 * Threads    pure functions                                                                  */
#ifndef PULLGATE_RULES_SLOW_NAME_H
#define PULLGATE_RULES_SLOW_NAME_H

#include "match/match.h"

enum { RULES_SLOW_NAME_MAX = 320 };

struct rules_slow_name {
    uint64_t steps; /* to match it; 0: none was found */
    char text[RULES_SLOW_NAME_MAX];
};

void rules_slow_name_find(struct rules_slow_name *out, const struct match_image *pattern);

#endif
