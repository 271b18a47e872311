/* engine/index - what can be ruled out by one word, ruled out without a look.
 *
 *      words of an entry:  namespace "airbyte"   ->  hash, rule 3        sorted by hash, then rule
 *                          host "quay.io"        ->  hash, pattern 0
 *      without a word:     rules with globs alone, regexes  ->  others, in order
 *
 * Rules      an entry is found under each of its words; who asks with all words of an object sees every
 *            entry that could match, in order within a word, and some that do not
 * Ownership  the index lives in the arena of the policy
 * Errors     without memory, or with few entries, an index stays empty (is_built false): whoever asks
 *            then looks at all of them
 * Threads    built once, then read by any number */
#ifndef PULLGATE_ENGINE_INDEX_H
#define PULLGATE_ENGINE_INDEX_H

#include "base/arena.h"
#include "base/str.h"

/* What a word stands for: equal texts of different kinds are different words. */
enum index_kind {
    INDEX_NAMESPACE,
    INDEX_SERVICE_ACCOUNT,
    INDEX_USER,
    INDEX_GROUP,
    INDEX_LABEL,
    INDEX_HOST
};

struct index_word {
    enum index_kind kind;
    struct str text;
    struct str value; /* of a label; else empty */
};

struct index_entry {
    uint64_t hash;
    uint32_t at;
};

struct index {
    bool is_built;
    unsigned kinds;            /* bits of the kinds there are words of */
    struct index_entry *words; /* sorted by hash, then at */
    size_t n_words;
    uint32_t *others; /* ascending */
    size_t n_others;
};

/* Room for n_words words and n_others entries without one; then index_add and index_add_other, as
 * many times at most, entries in order; then index_end. false: no memory. */
bool engine_index_begin(struct index *x, struct arena *arena, size_t n_words, size_t n_others);
void engine_index_add(struct index *x, const struct index_word *word, size_t at);
void engine_index_add_other(struct index *x, size_t at);
void engine_index_end(struct index *x);

/* The entries under a word: *n of them, ascending. */
const struct index_entry *engine_index_find(const struct index *x,
                                            const struct index_word *word, size_t *n);

#endif
