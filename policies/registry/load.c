#include "registry/load.h"

#include <dlfcn.h>

#define LIBCURL "libcurl.so.4"

/* Name size, text size, type; "FDO", padded to 4; the text. */
#define DLOPEN_TEXT                                                                            \
    "[{\"feature\":\"registry\",\"description\":\"policyctl images --check and ask\","         \
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

static enum ec find_function(void *handle, const struct registry_symbol *symbol,
                             struct err *err) {
    void *found = dlsym(handle, symbol->name);
    if (found == NULL)
        return err_set(err, EC_IO, LIBCURL " has no %s; install a libcurl of 7.85 or later",
                       symbol->name);
    memcpy(symbol->pointer, &found, sizeof found);
    return EC_OK;
}

enum ec registry_load(const struct registry_symbol *symbols, size_t n, struct err *err) {
    void *handle = dlopen(LIBCURL, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL)
        return err_set(err, EC_IO,
                       LIBCURL " cannot be loaded: %.200s; install it (Debian: libcurl4)",
                       dlerror());
    for (size_t i = 0; i < n; i++)
        if (find_function(handle, &symbols[i], err) != EC_OK)
            return err->code;
    return EC_OK;
}
