#include "metrics/metrics.h"

enum { TEXT_BLOCK_BYTES = 4096, TEXT_MAX_BYTES = 1 << 20 };

enum ec metrics_sets_init(struct metrics_sets *s, size_t max, struct err *err) {
    s->texts = (struct arena)ARENA_INIT(TEXT_BLOCK_BYTES, TEXT_MAX_BYTES);
    s->max = max;
    atomic_init(&s->n, 0);
    s->v = ARENA_ARRAY(&s->texts, struct metrics_set, max);
    return s->v == NULL ? arena_fail(&s->texts, err) : EC_OK;
}

void metrics_sets_done(struct metrics_sets *s) {
    arena_done(&s->texts);
    s->v = NULL;
    atomic_store(&s->n, 0);
}

static bool is_equal(const struct metrics_set *a, const struct metrics_set *b) {
    for (size_t i = 0; i < METRICS_LABELS; i++)
        if (!str_eq(a->values[i], b->values[i]))
            return false;
    return true;
}

static bool copy_set(struct metrics_sets *s, struct metrics_set *to,
                     const struct metrics_set *from) {
    for (size_t i = 0; i < METRICS_LABELS; i++)
        if (!arena_str(&s->texts, from->values[i], &to->values[i]))
            return false;
    return true;
}

size_t metrics_sets_slot(struct metrics_sets *s, const struct metrics_set *set,
                         size_t otherwise) {
    size_t n = atomic_load_explicit(&s->n, memory_order_relaxed);
    for (size_t i = 0; i < n; i++)
        if (is_equal(&s->v[i], set))
            return i;
    if (n == s->max || !copy_set(s, &s->v[n], set))
        return otherwise;
    /* A reader that sees the new number sees the texts as well. */
    atomic_store_explicit(&s->n, n + 1, memory_order_release);
    return n;
}
