#include "syncd/store.h"

#include "base/mem.h"

static struct str namespace_of(const struct store_item *i) {
    return i->secret != NULL ? i->secret->namespace : STR_NONE;
}

static struct str name_of(const struct store_item *i) {
    return i->secret != NULL ? i->secret->name : i->namespace->name;
}

static void free_item(struct store_item *i) {
    sync_secret_free(i->secret);
    sync_namespace_free(i->namespace);
}

void store_done(struct store *s) {
    for (size_t i = 0; i < s->n; i++)
        free_item(&s->v[i]);
    mem_free(s->v);
    *s = (struct store){.v = NULL};
}

static int compare(const struct store_item *i, struct str namespace, struct str name) {
    int c = str_cmp(namespace_of(i), namespace);
    return c != 0 ? c : str_cmp(name_of(i), name);
}

/* The first item that is not before the key. */
static size_t place_of(const struct store *s, struct str namespace, struct str name) {
    size_t low = 0, high = s->n;
    /* lists come sorted */
    if (high != 0 && compare(&s->v[high - 1], namespace, name) < 0)
        return high;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare(&s->v[middle], namespace, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct store_item *store_find(const struct store *s, struct str namespace, struct str name) {
    size_t at = place_of(s, namespace, name);
    return at < s->n && compare(&s->v[at], namespace, name) == 0 ? &s->v[at] : NULL;
}

static bool make_room(struct store *s) {
    if (s->n < s->cap)
        return true;
    size_t cap = s->cap ? s->cap + s->cap / 2 : 64;
    struct store_item *v = mem_realloc(s->v, mem_array_bytes(cap, sizeof *v));
    if (v == NULL)
        return false;
    s->v = v;
    s->cap = cap;
    return true;
}

bool store_put_take(struct store *s, struct sync_secret *secret,
                    struct sync_namespace *namespace, uint64_t version) {
    struct store_item item = {
        .secret = secret, .namespace = namespace, .mark = s->mark, .version = version};
    size_t at = place_of(s, namespace_of(&item), name_of(&item));
    if (at < s->n && compare(&s->v[at], namespace_of(&item), name_of(&item)) == 0) {
        free_item(&s->v[at]);
        s->v[at] = item;
        return true;
    }
    if (!make_room(s)) {
        free_item(&item);
        return false;
    }
    memmove(&s->v[at + 1], &s->v[at], (s->n - at) * sizeof *s->v);
    s->v[at] = item;
    s->n++;
    return true;
}

void store_drop(struct store *s, struct store_item *item) {
    size_t at = (size_t)(item - s->v);
    free_item(item);
    s->n--;
    memmove(&s->v[at], &s->v[at + 1], (s->n - at) * sizeof *s->v);
}

void store_begin(struct store *s) {
    s->mark++;
}

void store_end(struct store *s) {
    size_t kept = 0;
    for (size_t i = 0; i < s->n; i++) {
        if (s->v[i].mark != s->mark) {
            free_item(&s->v[i]);
            continue;
        }
        s->v[kept] = s->v[i];
        s->v[kept++].awaited = 0;
    }
    s->n = kept;
}

uint64_t store_version(struct str version) {
    return UINT64_C(1) << 32 | str_hash(version, 0);
}
