/* registry/load - functions of libcurl, loaded when they are needed.
 * Users      the client of registries (library.c), and policyctl ask
 * Why        linked, libcurl and its libraries take three times as long to load as all others of policyctl together
 * Note       the program has a note about it, for packagers and deploy/sbom.sh
 * Threads    one at a time
 * Source     libcurl 7.85 or later; systemd.io/ELF_DLOPEN_METADATA                          */
#ifndef PULLGATE_REGISTRY_LOAD_H
#define PULLGATE_REGISTRY_LOAD_H

#include "base/err.h"

struct registry_symbol {
    const char *name;
    void *pointer; /* to the pointer to the function, which is written */
};

/* The library stays loaded: what its own libraries do at the end of the process is in them.
 * Errors: EC_IO (there is no libcurl, or it lacks one of them). */
enum ec registry_load(const struct registry_symbol *symbols, size_t n, struct err *err)
    MUST_CHECK;

#endif
