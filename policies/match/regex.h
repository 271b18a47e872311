/* regex - the only user of PCRE2, for match alone.
 * Ownership  a compiled regex owns itself (match_regex_free)
 * Threads    immutable once compiled; what a match writes is its meter's
 * Source     pcre2api(3), PCRE2 10.42                                                    */
#ifndef PULLGATE_MATCH_REGEX_H
#define PULLGATE_MATCH_REGEX_H

#include "match/match.h"

struct match_regex;

/* Errors: EC_SYNTAX with offset, EC_NOMEM; *out untouched. */
enum ec match_regex_compile(struct match_regex **out, struct str regex, struct err *err)
    MUST_CHECK;
void match_regex_free(struct match_regex *r); /* NULL is fine */

/* The whole text, from its first byte to its last. */
enum match_result match_regex(const struct match_regex *r, struct str text,
                              struct match_meter *meter);

#endif
