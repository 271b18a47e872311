#include "registry/library.h"

#include "base/mem.h"
#include "registry/load.h"

/* ---- its memory ---------------------------------------------------------------------- */

/* In front of each block is its size, in the room that alignment needs. */
enum { SIZE_BYTES = 16 };

static size_t size_of(const void *p) {
    size_t n;
    memcpy(&n, (const char *)p - SIZE_BYTES, sizeof n);
    return n;
}

static void *take_zeroed(size_t count, size_t size) {
    size_t n = mem_array_bytes(count, size);
    bool too_large = (n == 0 && count != 0 && size != 0) || n > SIZE_MAX - SIZE_BYTES;
    char *p = too_large ? NULL : mem_zalloc(n + SIZE_BYTES);
    if (p == NULL)
        return NULL;
    memcpy(p, &n, sizeof n);
    return p + SIZE_BYTES;
}

static void *take(size_t n) {
    return take_zeroed(1, n);
}

static void give_back(void *p) {
    if (p == NULL)
        return;
    explicit_bzero(p, size_of(p));
    mem_free((char *)p - SIZE_BYTES);
}

static void *take_more(void *old, size_t n) {
    void *p = take(n);
    size_t had = old != NULL ? size_of(old) : 0;
    if (p == NULL)
        return NULL;
    if (had != 0)
        memcpy(p, old, had < n ? had : n);
    give_back(old);
    return p;
}

static char *take_text(const char *z) {
    size_t n = strlen(z) + 1;
    char *p = take(n);
    if (p != NULL)
        memcpy(p, z, n);
    return p;
}

/* ---- its functions ------------------------------------------------------------------- */

enum ec registry_library_load(struct registry_library *to, struct err *err) {
#define LIBRARY_SYMBOL(member, symbol) {#symbol, &to->member},
    const struct registry_symbol symbols[] = {REGISTRY_LIBRARY_FUNCTIONS(LIBRARY_SYMBOL)};
#undef LIBRARY_SYMBOL
    if (registry_load(symbols, sizeof symbols / sizeof *symbols, err) != EC_OK)
        return err->code;
    if (to->global_init_mem(CURL_GLOBAL_DEFAULT, take, give_back, take_more, take_text,
                            take_zeroed) != CURLE_OK)
        return err_set(err, EC_NOMEM, "out of memory");
    return EC_OK;
}
