/* Memory that is wiped: one block per allocation, in a list. */
#include "credentials/internal.h"

#include "base/mem.h"

#include <stdalign.h>

struct credentials_block {
    struct credentials_block *next;
    size_t n;
    alignas(max_align_t) char bytes[];
};

void credentials_wipe(void *bytes, size_t n) {
    if (n != 0)
        explicit_bzero(bytes, n);
}

void *credentials_alloc(struct credentials_block **list, size_t n) {
    if (n > SIZE_MAX - sizeof(struct credentials_block))
        return NULL;
    struct credentials_block *block = mem_zalloc(sizeof *block + n);
    if (block == NULL)
        return NULL;
    block->next = *list;
    block->n = n;
    *list = block;
    return block->bytes;
}

bool credentials_keep(struct credentials_block **list, struct str s, struct str *out) {
    char *copy = credentials_alloc(list, s.n);
    if (copy == NULL)
        return false;
    if (s.n != 0)
        memcpy(copy, s.p, s.n);
    *out = (struct str){copy, s.n};
    return true;
}

void credentials_blocks_free(struct credentials_block **list) {
    while (*list != NULL) {
        struct credentials_block *block = *list;
        *list = block->next;
        credentials_wipe(block->bytes, block->n);
        mem_free(block);
    }
}
