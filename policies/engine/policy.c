#include "engine/policy.h"

#include "base/mem.h"

void policy_free(struct policy *p) {
    if (p == NULL)
        return;
    for (size_t i = 0; i < p->n_owned; i++)
        match_image_free(p->owned[i]);
    mem_free(p->owned);
    arena_done(&p->arena);
    mem_free(p);
}

struct str policy_file(const struct policy *p, struct policy_pos pos) {
    return pos.file < p->n_files ? p->files[pos.file] : STR_NONE;
}
