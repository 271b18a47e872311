/* Lists of the state, sorted by namespace and name. */
#include "sync/internal.h"

#include <stdlib.h>

static int compare_places(const struct sync_spot *a, const struct sync_spot *b) {
    int order = str_cmp(a->namespace, b->namespace);
    return order != 0 ? order : str_cmp(a->name, b->name);
}

static int compare_spots(const void *pa, const void *pb) {
    const struct sync_spot *a = pa, *b = pb;
    int order = compare_places(a, b);
    return order != 0 ? order : (a->at > b->at) - (a->at < b->at);
}

void sync_spots_sort(struct sync_spots *spots) {
    size_t kept = 0;
    if (spots->n != 0)
        qsort(spots->v, spots->n, sizeof *spots->v, compare_spots);
    for (size_t i = 0; i < spots->n; i++) {
        bool again = kept != 0 && compare_places(&spots->v[kept - 1], &spots->v[i]) == 0;
        kept -= again;
        spots->v[kept++] = spots->v[i];
    }
    spots->n = kept;
}

static int compare_place(const void *key, const void *element) {
    return compare_places(key, element);
}

const struct sync_spot *sync_spots_find(const struct sync_spots *spots, struct str namespace,
                                        struct str name) {
    const struct sync_spot key = {.namespace = namespace, .name = name};
    return spots->n == 0 ? NULL
                         : bsearch(&key, spots->v, spots->n, sizeof *spots->v, compare_place);
}
