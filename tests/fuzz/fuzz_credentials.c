/* credentials: a file of either kind and, behind its last line end, an image. A fault has a place in the file and
 * no content; hits are sorted, come from entries that can match, and are no near misses. */
#include "credentials/credentials.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void hold(bool property, const char *name) {
    if (property)
        return;
    fprintf(stderr, "credentials does not hold \"%s\"\n", name);
    abort();
}

static void check_fault(const struct credentials_set *set, size_t n) {
    hold(set->n_entries == 0, "what does not decode has no entries");
    hold(set->fault.msg[0] != '\0' && set->fault.offset <= n, "a fault has a place");
    hold(set->fault.line > 0 && set->fault.col > 0, "a fault has a line");
}

static void check_entry(const struct credentials_set *set, size_t i) {
    const struct credentials_entry *e = &set->entries[i];
    const char *at = e->shown.n != 0 ? memchr(e->shown.p, '@', e->shown.n) : NULL;
    hold(at == NULL || str_starts(e->shown, STR("***@")), "what is before an @ is hidden");
    hold(e->twin < set->n_entries, "a twin is an entry");
    hold(str_eq(set->entries[e->twin].normal, e->normal), "twins have one key");
    hold(e->never != CREDENTIALS_CAN_MATCH || e->normal.n != 0, "what can match has a key");
    hold((e->notes & CREDENTIALS_EMPTY) == 0 || e->user.n + e->password.n == 0,
         "empty is empty");
    hold(e->line > 0 && e->col > 0, "an entry has a line");
}

static void check_hits(const struct credentials_answer *a) {
    for (size_t i = 0; i < a->n_hits; i++) {
        struct str key = a->hits[i].entry->normal;
        hold(i == 0 || str_cmp(a->hits[i - 1].entry->normal, key) >= 0, "hits are sorted");
        hold(a->hits[i].entry->never != CREDENTIALS_NEVER_URL, "what matches is a URL");
    }
}

static void check_near(const struct credentials_answer *a,
                       const struct credentials_near *near) {
    hold(credentials_miss_text(near->miss)[0] != '\0', "a near miss has a text");
    for (size_t i = 0; i < a->n_hits; i++)
        hold(a->hits[i].entry != near->at.entry, "a hit is no near miss");
}

static void look_up(const struct credentials_set *set, struct str image) {
    struct credentials_keyring *keyring = NULL;
    struct credentials_answer a;
    const struct credentials_near *nears;
    struct arena arena = ARENA_INIT(4096, 64 << 20);
    struct err err = ERR_INIT;
    size_t n;
    if (credentials_keyring_new(&keyring, &set, 1, &err) != EC_OK ||
        credentials_lookup_repository(&a, keyring, image, &arena, &err) != EC_OK)
        abort();
    check_hits(&a);
    if (credentials_lookup(&a, keyring, image, &arena, &err) != EC_OK ||
        credentials_near(&nears, &n, keyring, image, &arena, &err) != EC_OK)
        abort();
    check_hits(&a);
    for (size_t i = 0; i < n; i++)
        check_near(&a, &nears[i]);
    credentials_keyring_free(keyring);
    arena_done(&arena);
}

static void read_as(const char *type, struct str file, struct str image) {
    struct credentials_set *set = NULL;
    struct err err = ERR_INIT;
    if (credentials_set_of_file(&set, STR("x"), str_of(type), file, &err) != EC_OK)
        abort();
    hold(set->state == CREDENTIALS_COUNTS || set->state == CREDENTIALS_UNDECODABLE ||
             (set->state == CREDENTIALS_NO_BYTES && file.n == 0),
         "a file counts or does not decode");
    if (set->state == CREDENTIALS_UNDECODABLE)
        check_fault(set, file.n);
    for (size_t i = 0; i < set->n_entries; i++)
        check_entry(set, i);
    look_up(set, image);
    credentials_set_free(set);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    struct str text = {(const char *)bytes, n};
    size_t end = n;
    while (end > 0 && bytes[end - 1] != '\n')
        end--;
    struct str file = str_slice(text, 0, end > 0 ? end - 1 : n);
    struct str image = end > 0 ? str_slice(text, end, n) : STR("ghcr.io/acme/app:1");
    read_as(CREDENTIALS_TYPE_JSON, file, image);
    read_as(CREDENTIALS_TYPE_CFG, file, image);
    return 0;
}
