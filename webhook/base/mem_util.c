/* Common to both implementations (mem.c, mem_fault.c of the tests). */
#include "base/mem.h"

size_t mem_array_bytes(size_t count, size_t size) {
    return size != 0 && count > SIZE_MAX / size ? 0 : count * size;
}

char *mem_strdup(struct str s) {
    char *copy = mem_alloc(s.n + 1);
    if (copy == NULL)
        return NULL;
    if (s.n != 0)
        memcpy(copy, s.p, s.n);
    copy[s.n] = '\0';
    return copy;
}
