#include "syncd/absences.h"

#include "base/mem.h"

/* The texts are one block, which begins with the namespace. */
static void free_texts(struct sync_absence *a) {
    mem_free((char *)a->namespace.p);
}

void absences_done(struct absences *a) {
    for (size_t i = 0; i < a->n; i++)
        free_texts(&a->v[i]);
    mem_free(a->v);
    mem_free(a->marked);
    *a = (struct absences){.v = NULL};
}

void absences_begin(struct absences *a) {
    for (size_t i = 0; i < a->n; i++)
        a->marked[i] = false;
}

static bool make_room(struct absences *a) {
    if (a->n < a->cap)
        return true;
    size_t cap = a->cap ? 2 * a->cap : 16;
    struct sync_absence *v = mem_realloc(a->v, mem_array_bytes(cap, sizeof *v));
    if (v == NULL)
        return false;
    a->v = v;
    bool *marked = mem_realloc(a->marked, cap * sizeof *marked);
    if (marked == NULL)
        return false;
    a->marked = marked;
    a->cap = cap;
    return true;
}

static void add(struct absences *a, struct str namespace, struct str name, int64_t now_s) {
    char *texts = mem_alloc(namespace.n + name.n + 1);
    if (texts == NULL || !make_room(a)) {
        mem_free(texts);
        return;
    }
    memcpy(texts, namespace.p, namespace.n);
    memcpy(texts + namespace.n, name.p, name.n);
    a->v[a->n] =
        (struct sync_absence){{texts, namespace.n}, {texts + namespace.n, name.n}, now_s};
    a->marked[a->n++] = true;
}

void absences_note(struct absences *a, struct str namespace, struct str name, int64_t now_s) {
    for (size_t i = 0; i < a->n; i++)
        if (str_eq(a->v[i].namespace, namespace) && str_eq(a->v[i].name, name)) {
            a->marked[i] = true;
            return;
        }
    add(a, namespace, name, now_s);
}

void absences_keep(struct absences *a, struct str namespace, struct str name) {
    for (size_t i = 0; i < a->n; i++)
        if ((namespace.n == 0 || str_eq(a->v[i].namespace, namespace)) &&
            (name.n == 0 || str_eq(a->v[i].name, name)))
            a->marked[i] = true;
}

void absences_end(struct absences *a) {
    size_t kept = 0;
    for (size_t i = 0; i < a->n; i++)
        if (a->marked[i]) {
            a->marked[kept] = true;
            a->v[kept++] = a->v[i];
        } else {
            free_texts(&a->v[i]);
        }
    a->n = kept;
}
