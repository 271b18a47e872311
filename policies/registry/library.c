#include "registry/library.h"

#include "base/mem.h"

#include <dlfcn.h>

#define LIBCURL "libcurl.so.4"

/* Tells packagers and deploy/sbom.sh that the program loads it (systemd.io/ELF_DLOPEN_METADATA): name size,
 * text size, type; "FDO", padded to 4; the text. */
#define DLOPEN_TEXT                                                                            \
    "[{\"feature\":\"registry\",\"description\":\"policyctl images --check\","                 \
    "\"priority\":\"required\",\"soname\":[\"" LIBCURL "\"]}]"
static const struct {
    uint32_t name_bytes, text_bytes, type;
    char name[4];
    char text[(sizeof DLOPEN_TEXT + 3) / 4 * 4];
} dlopen_note __attribute__((used, aligned(4), section(".note.dlopen"))) = {
    .name_bytes = 4,
    .text_bytes = sizeof DLOPEN_TEXT,
    .type = 0x407c0c0a,
    .name = "FDO",
    .text = DLOPEN_TEXT};

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

static enum ec find_function(void *handle, const char *symbol, void *member, struct err *err) {
    void *found = dlsym(handle, symbol);
    if (found == NULL)
        return err_set(err, EC_IO, LIBCURL " has no %s; install a libcurl of 7.85 or later",
                       symbol);
    memcpy(member, &found, sizeof found);
    return EC_OK;
}

enum ec registry_library_load(struct registry_library *to, struct err *err) {
    void *handle = dlopen(LIBCURL, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL)
        return err_set(err, EC_IO,
                       LIBCURL " cannot be loaded: %.200s; install it (Debian: libcurl4)",
                       dlerror());
#define LIBRARY_FIND(member, symbol)                                                           \
    if (find_function(handle, #symbol, &to->member, err) != EC_OK)                             \
        return err->code;
    REGISTRY_LIBRARY_FUNCTIONS(LIBRARY_FIND)
#undef LIBRARY_FIND
    if (to->global_init_mem(CURL_GLOBAL_DEFAULT, take, give_back, take_more, take_text,
                            take_zeroed) != CURLE_OK)
        return err_set(err, EC_NOMEM, "out of memory");
    return EC_OK;
}
