#include "base/arena.h"

#include "base/mem.h"

#include <stdalign.h>

enum { BLOCK_MAX_BYTES = 4 << 20 };

struct arena_block {
    struct arena_block *next;
    size_t cap;
    size_t n;
    alignas(max_align_t) char bytes[];
};

static void free_chain(struct arena_block *block) {
    while (block != NULL) {
        struct arena_block *next = block->next;
        mem_free(block);
        block = next;
    }
}

void arena_done(struct arena *a) {
    free_chain(a->first);
    a->first = a->last = NULL;
    a->used_bytes = 0;
}

void arena_reset(struct arena *a) {
    a->bad = 0;
    if (a->first == NULL)
        return;
    free_chain(a->first->next);
    a->first->next = NULL;
    a->first->n = 0;
    a->last = a->first;
    a->used_bytes = a->first->cap;
}

/* Doubles the arena: a large one soon consists of blocks that malloc returns to the system as soon as
 * they are freed. */
static size_t next_bytes(const struct arena *a) {
    size_t n = a->used_bytes < BLOCK_MAX_BYTES ? a->used_bytes : BLOCK_MAX_BYTES;
    size_t left = a->max_bytes > a->used_bytes ? a->max_bytes - a->used_bytes : 0;
    if (n > left)
        n = left;
    return n > a->block_bytes ? n : a->block_bytes;
}

static struct arena_block *add_block(struct arena *a, size_t n) {
    size_t cap = n > next_bytes(a) ? n : next_bytes(a);
    if (cap > a->max_bytes || a->used_bytes > a->max_bytes - cap) {
        a->bad = EC_LIMIT;
        return NULL;
    }
    struct arena_block *block = mem_alloc(sizeof *block + cap);
    if (block == NULL) {
        a->bad = EC_NOMEM;
        return NULL;
    }
    *block = (struct arena_block){.next = NULL, .cap = cap, .n = 0};
    if (a->last != NULL)
        a->last->next = block;
    else
        a->first = block;
    a->last = block;
    a->used_bytes += cap;
    return block;
}

/* Rounds up to the alignment of any type. */
static size_t align_up(size_t n) {
    const size_t align = alignof(max_align_t);
    return (n + align - 1) / align * align;
}

void *arena_room(struct arena *a, size_t n) {
    struct arena_block *block = a->last;
    if (n > SIZE_MAX / 2) {
        a->bad = EC_LIMIT;
        return NULL;
    }
    n = align_up(n);
    if (block == NULL || block->cap - block->n < n)
        block = add_block(a, n);
    return block != NULL ? block->bytes + block->n : NULL;
}

void arena_keep(struct arena *a, size_t n) {
    a->last->n += align_up(n);
}

void *arena_alloc(struct arena *a, size_t n) {
    void *p = arena_room(a, n);
    if (p != NULL)
        arena_keep(a, n);
    return p;
}

void *arena_zalloc(struct arena *a, size_t n) {
    void *p = arena_alloc(a, n);
    if (p != NULL && n != 0)
        memset(p, 0, n);
    return p;
}

void *arena_array(struct arena *a, size_t count, size_t size) {
    size_t n = mem_array_bytes(count, size);
    if (n == 0 && count != 0) {
        a->bad = EC_LIMIT;
        return NULL;
    }
    return arena_zalloc(a, n);
}

bool arena_str(struct arena *a, struct str s, struct str *out) {
    char *p = arena_alloc(a, s.n);
    if (p == NULL)
        return false;
    if (s.n != 0)
        memcpy(p, s.p, s.n);
    *out = (struct str){p, s.n};
    return true;
}

enum ec arena_fail(const struct arena *a, struct err *err) {
    if (a->bad == EC_LIMIT)
        return err_set(err, EC_LIMIT, "needs more than the %zu bytes allowed for one request",
                       a->max_bytes);
    return err_set(err, EC_NOMEM, "out of memory");
}
