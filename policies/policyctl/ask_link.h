/* policyctl/ask_link - HTTPS to one webhook.
 * Rules      TLS 1.2 or later; only the CA that is given is trusted; no proxy, no redirection
 * Ownership  a link borrows from its target
 * Threads    one at a time
 * Source     libcurl 7.85 or later                                                          */
#ifndef PULLGATE_POLICYCTL_ASK_LINK_H
#define PULLGATE_POLICYCTL_ASK_LINK_H

#include "base/buf.h"
#include "base/err.h"

struct ask_target {
    const char
        *server;    /* https://HOST[:PORT]; brackets around an IPv6 address only with a port */
    const char *ca; /* file */
    const char *server_name; /* of the certificate; NULL: the host */
    uint64_t timeout_ms;     /* of one question */
};

struct ask_link;

/* Loads libcurl, which has too many libraries to be loaded at the start of each run of policyctl.
 * Errors: EC_USAGE (the target), EC_IO (there is no libcurl), EC_NOMEM. *out is untouched then. */
enum ec ask_link_open(struct ask_link **out, const struct ask_target *target, struct err *err)
    MUST_CHECK;
void ask_link_close(struct ask_link *l); /* NULL is fine */

/* Posts to a path, "/mutate", by a connection of its own, so that each replica behind a Service may get it.
 * Errors: EC_IO, not reached, or the HTTP status is not 200; EC_LIMIT, EC_NOMEM. */
enum ec ask_link_post(struct ask_link *l, const char *path, struct str body, struct buf *answer,
                      struct err *err) MUST_CHECK;

#endif
