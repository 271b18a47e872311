#include "base/mem.h"

#include <stdlib.h>

/* Zero bytes are refused: mem_array_bytes() returns 0 for an overflow. */
void *mem_alloc(size_t n) {
    return n == 0 ? NULL : malloc(n);
}

void *mem_zalloc(size_t n) {
    return n == 0 ? NULL : calloc(1, n);
}

void *mem_realloc(void *p, size_t n) {
    return n == 0 ? NULL : realloc(p, n);
}

void mem_free(void *p) {
    free(p);
}
