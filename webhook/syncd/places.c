#include "syncd/places.h"

#include "base/mem.h"

enum { CONFIRMED_S = 10, FAILED_S = 120 };
#define NS_PER_S INT64_C(1000000000)

static void free_place(struct place *p) {
    if (p == NULL)
        return;
    mem_free(p->namespace);
    mem_free(p->name);
    mem_free(p);
}

void places_done(struct places *p) {
    for (size_t i = 0; i < p->n; i++)
        free_place(p->v[i]);
    mem_free(p->v);
    *p = (struct places){.v = NULL};
}

static int compare(const struct place *p, struct str namespace, struct str name) {
    int c = str_cmp(str_of(p->namespace), namespace);
    return c != 0 ? c : str_cmp(str_of(p->name), name);
}

static size_t spot_of(const struct places *p, struct str namespace, struct str name) {
    size_t low = 0, high = p->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare(p->v[middle], namespace, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool make_room(struct places *p) {
    if (p->n < p->cap)
        return true;
    size_t cap = p->cap ? p->cap + p->cap / 2 : 64;
    struct place **v = mem_realloc(p->v, mem_array_bytes(cap, sizeof *v));
    if (v == NULL)
        return false;
    p->v = v;
    p->cap = cap;
    return true;
}

static struct place *new_place(struct str namespace, struct str name, uint64_t seed) {
    struct place *p = mem_zalloc(sizeof *p);
    if (p == NULL)
        return NULL;
    p->namespace = mem_strdup(namespace);
    p->name = mem_strdup(name);
    p->backoff.random = seed ^ str_hash(namespace, seed);
    if (p->namespace != NULL && p->name != NULL) {
        p->contest.namespace = str_of(p->namespace);
        p->contest.name = str_of(p->name);
        return p;
    }
    free_place(p);
    return NULL;
}

struct place *places_get(struct places *p, struct str namespace, struct str name,
                         uint64_t seed) {
    size_t at = spot_of(p, namespace, name);
    if (at < p->n && compare(p->v[at], namespace, name) == 0)
        return p->v[at];
    struct place *place = make_room(p) ? new_place(namespace, name, seed) : NULL;
    if (place == NULL)
        return NULL;
    memmove(&p->v[at + 1], &p->v[at], (p->n - at) * sizeof(struct place *));
    p->v[at] = place;
    p->n++;
    return place;
}

static bool is_idle(const struct place *p, int64_t now_ns, int64_t now_s) {
    if (p->in_progress || now_ns - p->due_ns < FAILED_S * NS_PER_S)
        return false;
    if (p->contest.n != 0 && !sync_contest_is_over(&p->contest, now_s))
        return false;
    bool was_applied = p->applied[0] != '\0' && now_s - p->applied_s <= SYNC_CONTEST_WINDOW_S;
    return !was_applied && now_ns - p->confirmed_ns > CONFIRMED_S * NS_PER_S;
}

void places_sweep(struct places *p, int64_t now_ns, int64_t now_s) {
    size_t kept = 0;
    for (size_t i = 0; i < p->n; i++)
        if (is_idle(p->v[i], now_ns, now_s))
            free_place(p->v[i]);
        else
            p->v[kept++] = p->v[i];
    p->n = kept;
}

void places_succeeded(struct place *p) {
    p->in_progress = false;
    p->backoff.failures = 0;
    p->due_ns = 0;
}

void places_failed(struct place *p, int64_t now_ns) {
    p->in_progress = false;
    p->due_ns = now_ns + (int64_t)kube_backoff_next_ms(&p->backoff) * 1000000;
}
