/* registry/transfer - one request of HTTP by libcurl, and what came back.
 * Rules      no redirect is followed, no proxy of the environment used, no body decoded, no netrc read. Where it
 *            connects is checked after the name is resolved
 * Ownership  a response borrows from the transfer until the next start
 * Threads    one at a time                                                                  */
#ifndef PULLGATE_REGISTRY_TRANSFER_H
#define PULLGATE_REGISTRY_TRANSFER_H

#include "registry/job.h"
#include "registry/library.h"

enum registry_header {
    REGISTRY_HEADER_CHALLENGE,
    REGISTRY_HEADER_TYPE,
    REGISTRY_HEADER_DIGEST,
    REGISTRY_HEADER_LIMIT,
    REGISTRY_HEADER_LEFT,
    REGISTRY_HEADER_WARNING,
    REGISTRY_N_HEADERS
};

struct registry_transfer {
    const struct registry_library *curl;
    const struct registry_options *options;
    const struct registry_request *request;
    CURL *easy;
    struct curl_slist *accept;
    struct buf headers[REGISTRY_N_HEADERS]; /* values that are kept */
    struct buf body, limit;
    size_t head_bytes; /* of all headers */
    bool proxied, blocked, too_large, no_memory;
    char detail[CURL_ERROR_SIZE];
};

/* Errors: EC_NOMEM. */
enum ec registry_transfer_new(struct registry_transfer **out,
                              const struct registry_library *curl,
                              const struct registry_options *options, struct err *err)
    MUST_CHECK;
void registry_transfer_free(struct registry_transfer *t); /* NULL is fine */

/* Prepares t->easy. Errors: EC_NOMEM, EC_IO (libcurl lacks an option). */
enum ec registry_transfer_start(struct registry_transfer *t,
                                const struct registry_request *request, struct err *err)
    MUST_CHECK;
/* What came back, in *out. Errors: EC_NOMEM, EC_IO (a file of the options). */
enum ec registry_transfer_end(struct registry_transfer *t, CURLcode code,
                              struct registry_response *out, struct err *err) MUST_CHECK;

#endif
