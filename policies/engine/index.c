#include "engine/index.h"

#include <stdlib.h>

static uint64_t mix_text(uint64_t h, struct str s) {
    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (unsigned char)s.p[i]) * UINT64_C(0x100000001b3);
    return (h ^ h >> 29) * UINT64_C(0x9e3779b97f4a7c15);
}

static uint64_t hash_of(const struct index_word *w) {
    return mix_text(mix_text(UINT64_C(0xcbf29ce484222325) + (uint64_t)w->kind, w->text),
                    w->value);
}

bool engine_index_begin(struct index *x, struct arena *arena, size_t n_words, size_t n_others) {
    *x = (struct index){.words = ARENA_ARRAY(arena, struct index_entry, n_words),
                        .others = ARENA_ARRAY(arena, uint32_t, n_others)};
    return x->words != NULL && x->others != NULL;
}

void engine_index_add(struct index *x, const struct index_word *word, size_t at) {
    x->kinds |= 1U << word->kind;
    x->words[x->n_words++] = (struct index_entry){hash_of(word), (uint32_t)at};
}

void engine_index_add_other(struct index *x, size_t at) {
    x->others[x->n_others++] = (uint32_t)at;
}

static int by_hash(const void *a, const void *b) {
    const struct index_entry *x = a, *y = b;
    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return (x->at > y->at) - (x->at < y->at);
}

void engine_index_end(struct index *x) {
    qsort(x->words, x->n_words, sizeof *x->words, by_hash);
    x->is_built = true;
}

static size_t first_of(const struct index *x, uint64_t hash) {
    size_t from = 0, to = x->n_words;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (x->words[middle].hash < hash)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

const struct index_entry *engine_index_find(const struct index *x,
                                            const struct index_word *word, size_t *n) {
    *n = 0;
    if (!(x->kinds & 1U << word->kind))
        return NULL;
    uint64_t hash = hash_of(word);
    size_t from = first_of(x, hash);
    while (from + *n < x->n_words && x->words[from + *n].hash == hash)
        ++*n;
    return x->words + from;
}
