/* program/serve - answers to reviews; probes.h has the other routes.
 * Threads    answers run on the server's workers; each has its own struct serve_worker and lane of the
 *            meter, so that only the live rules (live.h), the audit queue and a few atomics are
 *            shared */
#ifndef PULLGATE_PROGRAM_SERVE_H
#define PULLGATE_PROGRAM_SERVE_H

#include "audit/audit.h"
#include "program/live.h"
#include "program/memory.h"
#include "program/meter.h"
#include "program/options.h"
#include "review/review.h"
#include "server/server.h"

#include <pthread.h>
#include <stdatomic.h>

struct serve_worker {
    struct review_session session;
    struct live_reader rules;
    struct buf line;
};

struct service {
    struct live *live;
    struct audit *audit;
    struct meter meter;
    struct metrics_process process;
    const struct options *options;
    const struct memory_plan *memory; /* for the figures; may be NULL */
    pthread_mutex_t large_lock;       /* large reviews are decided one at a time */
    pthread_cond_t large_ends;
    bool large_runs;             /* under large_lock */
    atomic_bool had_large;       /* since memory was last given back */
    const struct server *server; /* the webhook's, for its figures; NULL before it listens */
    struct serve_worker *workers;
    unsigned n_workers;
    atomic_bool draining;
    _Atomic int64_t cert_not_before_s, cert_not_after_s;
    _Atomic int64_t ca_not_after_s; /* of --tls-ca-cert; 0: there is none */
};

/* Errors: EC_NOMEM. */
enum ec serve_init(struct service *s, const struct options *options, struct err *err)
    MUST_CHECK;
void serve_done(struct service *s);

/* Routes of the webhook's listener. */
extern const struct server_route serve_routes[];
extern const size_t serve_n_routes;

#endif
