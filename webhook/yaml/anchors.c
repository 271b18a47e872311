#include "yaml/anchors.h"

#include "base/mem.h"

void yaml_anchors_init(struct anchors *a, size_t max_bytes) {
    const size_t block = 4096;
    *a = (struct anchors){.names = ARENA_INIT(block, 3 * max_bytes + block)};
}

void yaml_anchors_done(struct anchors *a) {
    arena_done(&a->names);
    mem_free(a->defined);
    mem_free(a->by_name);
}

/* The index of the name in by_name, or where it is to be inserted. */
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
static bool grow_array(void **array, uint32_t n, uint32_t *cap, size_t size) {
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

static bool reserve_anchor(struct anchors *a) {
    void *defined = a->defined, *by_name = a->by_name;
    bool ok = grow_array(&defined, a->n, &a->cap, sizeof *a->defined);
    a->defined = defined;
    ok = ok && grow_array(&by_name, a->n_names, &a->cap_names, sizeof *a->by_name);
    a->by_name = by_name;
    return ok;
}

enum ec yaml_anchors_define(struct anchors *a, struct str name, struct anchor **out,
                            struct err *err) {
    struct str copy;
    bool found;
    if (a->n >= ANCHORS_MAX)
        return err_set(err, EC_LIMIT, "more than %d anchors in one document", ANCHORS_MAX);
    if (!arena_str(&a->names, name, &copy))
        return arena_fail(&a->names, err);
    if (!reserve_anchor(a))
        return err_set(err, EC_NOMEM, "no memory for anchors");
    uint32_t slot = slot_of(a, copy, &found);
    a->defined[a->n] = (struct anchor){.name = copy, .id = ORIGIN_GONE};
    if (!found) {
        memmove(a->by_name + slot + 1, a->by_name + slot,
                (a->n_names - slot) * sizeof *a->by_name);
        a->n_names++;
    }
    a->by_name[slot] = a->n;
    *out = &a->defined[a->n++];
    return EC_OK;
}

const struct anchor *yaml_anchors_find(const struct anchors *a, struct str name) {
    bool found;
    uint32_t slot = slot_of(a, name, &found);
    return found ? &a->defined[a->by_name[slot]] : NULL;
}

/* ---- values ---------------------------------------------------------------------------- */

/* After another member the text of a transparent mapping begins with the comma between them. */
struct expansion yaml_anchors_expand(const struct anchor *a, const struct emitted *out) {
    if (a->aside != NULL)
        return *a->aside;
    const struct locations *all = out->locations;
    size_t from = a->from + (a->from < a->to && out->json->p[a->from] == ',');
    return (struct expansion){.text = out->json->p + from,
                              .bytes = a->to - from,
                              .pos = all->p + a->first,
                              .origin = all->tracked ? all->origin + a->first : NULL,
                              .n_nodes = a->after - a->first};
}

static void copy_bytes(void *to, const void *from, size_t bytes) {
    if (bytes != 0 && from != NULL)
        memcpy(to, from, bytes);
}

static bool put_aside(struct anchors *all, struct anchor *a, const struct emitted *out) {
    struct expansion e = yaml_anchors_expand(a, out);
    struct expansion *kept = ARENA_NEW(&all->names, struct expansion);
    char *text = arena_alloc(&all->names, e.bytes);
    struct yaml_location *pos = ARENA_ARRAY(&all->names, struct yaml_location, e.n_nodes);
    struct origin *origin = ARENA_ARRAY(&all->names, struct origin, e.n_nodes);
    if (kept == NULL || text == NULL || pos == NULL || origin == NULL)
        return false;
    copy_bytes(text, e.text, e.bytes);
    copy_bytes(pos, e.pos, e.n_nodes * sizeof *pos);
    copy_bytes(origin, e.origin, e.n_nodes * sizeof *origin);
    *kept = (struct expansion){text, e.bytes, pos, origin, e.n_nodes};
    a->aside = kept;
    return true;
}

enum ec yaml_anchors_put_aside(struct anchors *a, size_t from, const struct emitted *out,
                               struct err *err) {
    for (uint32_t i = a->n; i > 0; i--) {
        struct anchor *one = &a->defined[i - 1];
        if (one->kind == ANCHOR_SCALAR || one->open)
            continue;
        if (one->to <= from) /* and so are all that were defined before it */
            break;
        if (one->aside == NULL && one->from >= from && !put_aside(a, one, out))
            return arena_fail(&a->names, err);
        if (one->aside != NULL)
            one->from = one->to = from; /* all that is left to know: which mapping it is in */
    }
    return EC_OK;
}

/* The share of all decoding steps that may come from aliases. */
static double allowed_share(size_t steps) {
    const double low = 400e3, high = 4e6;
    if ((double)steps <= low)
        return 0.99;
    if ((double)steps >= high)
        return 0.10;
    return 0.99 - 0.89 * (((double)steps - low) / (high - low));
}

bool yaml_anchors_are_too_much(size_t steps, size_t alias_steps) {
    return alias_steps > 100 && steps > 1000 &&
           (double)alias_steps / (double)steps > allowed_share(steps);
}
