/* registry/library - the part of libcurl that the client uses; load.h loads it.
 * Memory     libcurl's is base/mem.h's, and is wiped when it is freed: it holds credentials
 * Threads    one at a time                                                                  */
#ifndef PULLGATE_REGISTRY_LIBRARY_H
#define PULLGATE_REGISTRY_LIBRARY_H

#include "base/err.h"

#include <curl/curl.h>

#define REGISTRY_LIBRARY_FUNCTIONS(X)                                                          \
    X(global_init_mem, curl_global_init_mem)                                                   \
    X(global_cleanup, curl_global_cleanup)                                                     \
    X(easy_init, curl_easy_init)                                                               \
    X(easy_cleanup, curl_easy_cleanup)                                                         \
    X(easy_reset, curl_easy_reset)                                                             \
    X(easy_setopt, curl_easy_setopt)                                                           \
    X(easy_getinfo, curl_easy_getinfo)                                                         \
    X(easy_strerror, curl_easy_strerror)                                                       \
    X(multi_init, curl_multi_init)                                                             \
    X(multi_cleanup, curl_multi_cleanup)                                                       \
    X(multi_setopt, curl_multi_setopt)                                                         \
    X(multi_add_handle, curl_multi_add_handle)                                                 \
    X(multi_remove_handle, curl_multi_remove_handle)                                           \
    X(multi_perform, curl_multi_perform)                                                       \
    X(multi_poll, curl_multi_poll)                                                             \
    X(multi_info_read, curl_multi_info_read)                                                   \
    X(slist_append, curl_slist_append)                                                         \
    X(slist_free_all, curl_slist_free_all)

struct registry_library {
#define REGISTRY_LIBRARY_MEMBER(member, symbol) __typeof__ (&(symbol))(member);
    REGISTRY_LIBRARY_FUNCTIONS(REGISTRY_LIBRARY_MEMBER)
#undef REGISTRY_LIBRARY_MEMBER
};

/* Loads it and initialises it; it stays loaded. End with to->global_cleanup().
 * Errors: EC_IO (there is none), EC_NOMEM; *to undefined. */
enum ec registry_library_load(struct registry_library *to, struct err *err) MUST_CHECK;

#endif
