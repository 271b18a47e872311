/* mem - all allocation.
 * Why        tests link mem_fault.c in place of mem.c and make the n-th allocation fail
 * Rules      NULL means no memory: the caller returns EC_NOMEM, nothing aborts
 * Threads    as malloc                                                                 */
#ifndef PULLGATE_BASE_MEM_H
#define PULLGATE_BASE_MEM_H

#include "base/attrs.h"
#include "base/str.h"

void *mem_alloc(size_t n) MUST_CHECK;
void *mem_zalloc(size_t n) MUST_CHECK;
void *mem_realloc(void *p, size_t n) MUST_CHECK;
void mem_free(void *p);

/* count * size, or 0 when that overflows (an allocation of 0 bytes then fails cleanly). */
size_t mem_array_bytes(size_t count, size_t size);

/* A NUL-terminated copy; NULL when there is no memory. */
char *mem_strdup(struct str s) MUST_CHECK;

/* For AUTO(): frees what the variable points to. */
static inline void mem_freep(void *pp) {
    void *p;
    memcpy(&p, pp, sizeof p);
    mem_free(p);
}

#endif
