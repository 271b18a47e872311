/* mem_watch - a heap in place of base/mem.c that looks for keys in what is given back.
 * Use     include it in one test file: its functions come before those of the library mem
 * Shape   mem_fail_at allocations succeed, then all fail; below 0 none does            */
#ifndef PULLGATE_TESTS_MEM_WATCH_H
#define PULLGATE_TESTS_MEM_WATCH_H

#include "base/mem.h"

#include <stdlib.h>

struct head {
    size_t n;
    size_t pad; /* the block after stays aligned */
};
static long mem_fail_at = -1; /* this many allocations succeed; below 0: all */
static size_t mem_keys_seen;

void *mem_alloc(size_t n) {
    if (n == 0 || mem_fail_at == 0)
        return NULL;
    mem_fail_at -= mem_fail_at > 0;
    struct head *h = calloc(1, sizeof *h + n); /* the scan reads what no one wrote */
    if (h == NULL)
        return NULL;
    h->n = n;
    return h + 1;
}

void *mem_zalloc(size_t n) {
    void *p = mem_alloc(n);
    return p ? memset(p, 0, n) : NULL;
}

void mem_free(void *p) {
    struct head *h = p;
    if (p == NULL)
        return;
    h--;
    if (memmem(p, h->n, "PRIVATE KEY", 11) != NULL)
        mem_keys_seen++;
    free(h);
}

/* Always moves: the worst case for a key in a growing buffer. */
void *mem_realloc(void *p, size_t n) {
    void *to = mem_alloc(n);
    if (to == NULL || p == NULL)
        return to;
    size_t old = ((struct head *)p)[-1].n;
    memcpy(to, p, old < n ? old : n);
    mem_free(p);
    return to;
}

#endif
