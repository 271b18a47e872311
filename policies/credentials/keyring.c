/* The keyring: keyring.go of the kubelet. */
#include "credentials/internal.h"

#include "base/mem.h"
#include "credentials/keyring.h"
#include "imgref/imgref.h"

#include <stdlib.h>

#define HUB_KEY "index.docker.io"

static int compare_keys(const void *pa, const void *pb) {
    const struct credentials_slot *a = pa, *b = pb;
    int order = str_cmp(b->hit.entry->normal, a->hit.entry->normal); /* descending */
    return order != 0 ? order : (a->order > b->order) - (a->order < b->order);
}

static void add_set(struct credentials_keyring *k, const struct credentials_set *set) {
    if (set->state == CREDENTIALS_UNDECODABLE && k->broken == NULL)
        k->broken = set;
    for (size_t i = 0; i < set->n_entries; i++) {
        k->slots[k->n] = (struct credentials_slot){
            .hit = {set, &set->entries[i]}, .pattern = &set->patterns[i], .order = k->n};
        k->n++;
    }
}

enum ec credentials_keyring_new(struct credentials_keyring **out,
                                const struct credentials_set *const *sets, size_t n_sets,
                                struct err *err) {
    size_t n = 0;
    for (size_t i = 0; i < n_sets; i++)
        n += sets[i]->n_entries;
    struct credentials_keyring *k = mem_zalloc(sizeof *k);
    struct credentials_slot *slots = mem_alloc(mem_array_bytes(n + 1, sizeof *slots));
    if (k == NULL || slots == NULL) {
        mem_free(k);
        mem_free(slots);
        return err_set(err, EC_NOMEM, "out of memory");
    }
    k->slots = slots;
    for (size_t i = 0; i < n_sets; i++)
        add_set(k, sets[i]);
    qsort(k->slots, k->n, sizeof *k->slots, compare_keys);
    *out = k;
    return EC_OK;
}

void credentials_keyring_free(struct credentials_keyring *keyring) {
    if (keyring == NULL)
        return;
    mem_free(keyring->slots);
    mem_free(keyring);
}

/* Whether the kubelet takes a name for one of Docker Hub: isDefaultRegistryMatch. */
static bool is_default(struct str name) {
    size_t slash = str_find(name, '/');
    struct str first = str_slice(name, 0, slash);
    if (first.n == 0 || slash == name.n)
        return first.n != 0;
    return str_eq(first, STR("docker.io")) || str_eq(first, STR(HUB_KEY)) ||
           (str_find(first, '.') == first.n && str_find(first, ':') == first.n);
}

static void gather(struct credentials_answer *a, const struct credentials_keyring *k,
                   const struct credentials_pattern *image, struct credentials_hit *hits) {
    for (size_t i = 0; i < k->n; i++)
        if (credentials_pattern_matches(k->slots[i].pattern, image))
            hits[a->n_hits++] = k->slots[i].hit;
}

static void gather_default(struct credentials_answer *a, const struct credentials_keyring *k,
                           struct credentials_hit *hits) {
    for (size_t i = 0; i < k->n; i++)
        if (str_eq(k->slots[i].hit.entry->normal, STR(HUB_KEY)))
            hits[a->n_hits++] = k->slots[i].hit;
    a->fallback = a->n_hits != 0;
}

enum ec credentials_lookup_repository(struct credentials_answer *out,
                                      const struct credentials_keyring *keyring,
                                      struct str repository, struct arena *arena,
                                      struct err *err) {
    struct credentials_pattern image;
    struct credentials_answer a = {.broken = keyring->broken};
    struct credentials_hit *hits = ARENA_ARRAY(arena, struct credentials_hit, keyring->n);
    char *room = arena_alloc(arena, repository.n);
    if (hits == NULL || room == NULL)
        return arena_fail(arena, err);
    if (a.broken == NULL) {
        credentials_pattern_parse(&image, repository, room);
        gather(&a, keyring, &image, hits);
        if (a.n_hits == 0 && is_default(repository))
            gather_default(&a, keyring, hits);
    }
    a.hits = hits;
    a.outcome = a.broken != NULL ? CREDENTIALS_BROKEN
                : a.n_hits != 0  ? CREDENTIALS_FOUND
                                 : CREDENTIALS_ANONYMOUS;
    *out = a;
    return EC_OK;
}

enum ec credentials_repository(struct str *out, bool *is_image, struct str image,
                               struct arena *arena, struct err *err) {
    struct imgref ref;
    struct err ignored = ERR_INIT;
    *is_image = imgref_parse(&ref, image, &ignored) == EC_OK;
    if (!*is_image)
        return EC_OK;
    size_t max = ref.host.n + 1 + IMGREF_PATH_MAX;
    char *text = arena_alloc(arena, max);
    if (text == NULL)
        return arena_fail(arena, err);
    struct buf b = BUF_OVER(text, max);
    buf_str(&b, ref.host);
    buf_putc(&b, '/');
    imgref_print_repository(&ref, &b);
    *out = buf_view(&b);
    return EC_OK;
}

enum ec credentials_lookup(struct credentials_answer *out,
                           const struct credentials_keyring *keyring, struct str image,
                           struct arena *arena, struct err *err) {
    struct str repository = STR_NONE;
    bool is_image;
    if (credentials_repository(&repository, &is_image, image, arena, err) != EC_OK)
        return err->code;
    if (is_image)
        return credentials_lookup_repository(out, keyring, repository, arena, err);
    *out =
        (struct credentials_answer){.outcome = CREDENTIALS_NO_IMAGE, .broken = keyring->broken};
    return EC_OK;
}
