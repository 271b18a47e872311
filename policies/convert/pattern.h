/* convert/pattern - the texts that tools compare image references with, as patterns of a rule file.
 * Why        tools compare the text of a reference, a rule file its normal form, host/repository, and
 *            its prefixes end at a "/". What differs is in the note of each pattern
 * Rules      an approval is never wider than the text but for other spellings of the same images; a
 *            denial is never narrower
 * Threads    one at a time                                                                   */
#ifndef PULLGATE_CONVERT_PATTERN_H
#define PULLGATE_CONVERT_PATTERN_H

#include "convert/draft.h"

/* Images whose text begins with `prefix`: into `key` of the block (approved, denied, images), or not
 * taken. `aside` is added to the note; NULL: nothing is. */
void convert_prefix(struct convert *c, struct convert_block *b, enum convert_key key,
                    json_at at, struct str prefix, const char *aside);

/* A host or repository, as mirrors and policies of nodes name it: it and all below it, border "/". */
void convert_scope(struct convert *c, struct convert_block *b, enum convert_key key, json_at at,
                   struct str scope, const char *aside);

/* One pattern of the rule file as it stands; not taken when it is none. NULL for no note. */
void convert_pattern(struct convert *c, struct convert_block *b, enum convert_key key,
                     json_at at, struct str pattern, const char *note);

#endif
