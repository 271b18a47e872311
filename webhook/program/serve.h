/* program/serve - what the daemon answers: reviews, health, readiness.
 * Threads    answers run on the server's workers; each has a struct worker of its own, so that
 * nothing is shared but the live rules (live.h), the audit queue and a few atomics */
#ifndef PULLGATE_PROGRAM_SERVE_H
#define PULLGATE_PROGRAM_SERVE_H

#include "audit/audit.h"
#include "program/live.h"
#include "review/review.h"
#include "server/server.h"

#include <stdatomic.h>

struct worker {
    struct review_session session;
    struct live_reader rules;
    struct buf line;
};

struct service {
    struct live *live;
    struct audit *audit;
    struct worker *workers;
    unsigned n_workers;
    atomic_bool draining;
    _Atomic int64_t cert_not_after_s;
};

/* Errors: EC_NOMEM. */
enum ec service_init(struct service *s, unsigned n_workers, struct review_limits limits,
                     struct err *err) MUST_CHECK;
void service_done(struct service *s);

/* Routes of the webhook's listener, and of the plain one for probes. */
extern const struct server_route service_routes[];
extern const size_t service_n_routes;
extern const struct server_route probe_routes[];
extern const size_t probe_n_routes;

#endif
