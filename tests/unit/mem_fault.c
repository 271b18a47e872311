#include "mem_fault.h"

#include <stdatomic.h>
#include <stdlib.h>

struct head { /* before each block; as large as the strictest alignment */
    _Alignas(max_align_t) size_t n;
};

static atomic_size_t count, fail_at, live;
static atomic_int sticky, failed;

void mem_fault_arm(size_t n, enum mem_fault_mode mode) {
    atomic_store(&count, 0);
    atomic_store(&failed, 0);
    atomic_store(&sticky, mode == MEM_FAULT_ON);
    atomic_store(&fail_at, n);
}

bool mem_fault_disarm(void) {
    atomic_store(&fail_at, 0);
    return atomic_load(&failed) != 0;
}

size_t mem_fault_count(void) {
    return atomic_load(&count);
}

size_t mem_fault_live(void) {
    return atomic_load(&live);
}

static bool fails(void) {
    size_t nth = atomic_fetch_add(&count, 1) + 1, at = atomic_load(&fail_at);
    bool now = at != 0 && (nth == at || (nth > at && atomic_load(&sticky)));
    if (now)
        atomic_store(&failed, 1);
    return now;
}

void *mem_alloc(size_t n) {
    if (n == 0 || fails())
        return NULL;
    struct head *h = malloc(sizeof *h + n);
    if (h == NULL)
        return NULL;
    h->n = n;
    atomic_fetch_add(&live, 1);
    return h + 1;
}

void *mem_zalloc(size_t n) {
    void *p = mem_alloc(n);
    return p ? memset(p, 0, n) : NULL;
}

/* Always moves: anyone who keeps the old pointer is seen by the sanitizer. */
void *mem_realloc(void *p, size_t n) {
    void *to = mem_alloc(n);
    if (to == NULL || p == NULL)
        return to;
    size_t old = ((struct head *)p)[-1].n;
    memcpy(to, p, old < n ? old : n);
    mem_free(p);
    return to;
}

void mem_free(void *p) {
    if (p == NULL)
        return;
    atomic_fetch_sub(&live, 1);
    free((struct head *)p - 1);
}
