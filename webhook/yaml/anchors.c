#include "yaml/anchors.h"

#include "base/mem.h"

void anchors_init(struct anchors *a, size_t max_bytes) {
    const size_t block = 4096;
    *a = (struct anchors){.names = ARENA_INIT(block, max_bytes + block)};
}

void anchors_done(struct anchors *a) {
    arena_done(&a->names);
    mem_free(a->defined);
    mem_free(a->by_name);
}

/* Where the name is in the index, or belongs. */
static uint32_t slot_of(const struct anchors *a, struct str name, bool *found) {
    uint32_t low = 0, high = a->n_names;
    *found = false;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = str_cmp(a->defined[a->by_name[middle]].name, name);
        if (order == 0) {
            *found = true;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Room for one more element of an array; false without memory. */
static bool grow(void **array, uint32_t n, uint32_t *cap, size_t size) {
    if (n < *cap)
        return true;
    uint32_t more = *cap == 0 ? 16 : *cap * 2;
    void *bigger = mem_realloc(*array, mem_array_bytes(more, size));
    if (bigger == NULL)
        return false;
    *array = bigger;
    *cap = more;
    return true;
}

static bool make_room(struct anchors *a) {
    void *defined = a->defined, *by_name = a->by_name;
    bool ok = grow(&defined, a->n, &a->cap, sizeof *a->defined);
    a->defined = defined;
    ok = ok && grow(&by_name, a->n_names, &a->cap_names, sizeof *a->by_name);
    a->by_name = by_name;
    return ok;
}

enum ec anchors_define(struct anchors *a, struct str name, struct anchor **out,
                       struct err *err) {
    struct str copy;
    bool found;
    if (a->n >= ANCHORS_MAX)
        return err_set(err, EC_LIMIT, "more than %d anchors in one document", ANCHORS_MAX);
    if (!arena_str(&a->names, name, &copy))
        return arena_fail(&a->names, err);
    if (!make_room(a))
        return err_set(err, EC_NOMEM, "no memory for anchors");
    uint32_t slot = slot_of(a, copy, &found);
    a->defined[a->n] = (struct anchor){.name = copy};
    if (!found) {
        memmove(a->by_name + slot + 1, a->by_name + slot,
                (a->n_names - slot) * sizeof *a->by_name);
        a->n_names++;
    }
    a->by_name[slot] = a->n;
    *out = &a->defined[a->n++];
    return EC_OK;
}

const struct anchor *anchors_find(const struct anchors *a, struct str name) {
    bool found;
    uint32_t slot = slot_of(a, name, &found);
    return found ? &a->defined[a->by_name[slot]] : NULL;
}

/* Of all steps of decoding, this share may come from aliases. */
static double allowed_share(size_t steps) {
    const double low = 400e3, high = 4e6;
    if ((double)steps <= low)
        return 0.99;
    if ((double)steps >= high)
        return 0.10;
    return 0.99 - 0.89 * (((double)steps - low) / (high - low));
}

bool anchors_are_too_much(size_t steps, size_t alias_steps) {
    return alias_steps > 100 && steps > 1000 &&
           (double)alias_steps / (double)steps > allowed_share(steps);
}
