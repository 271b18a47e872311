/* syncd/figures - what /metrics and /readyz show.
 *
 *      /healthz            200 "ok" while the main loop turns
 *      /readyz             200 "ok", or 503 with a line for each check
 *      /readyz?verbose     the lines, also when all checks pass
 *      /metrics            Prometheus text
 *
 * Threads    figures_note_... and figures_publish() by the main thread; the listener reads under the lock */
#ifndef PULLGATE_SYNCD_FIGURES_H
#define PULLGATE_SYNCD_FIGURES_H

#include "kube/kube.h"
#include "metrics/metrics.h"
#include "server/server.h"
#include "sync/sync.h"

#include <pthread.h>

enum { FIGURES_ERRORS = 9, FIGURES_VERBS = 3, FIGURES_WHY = 1024, FIGURES_STALL_S = 60 };

struct figures_values {
    uint64_t counts[SYNC_N_REASONS]; /* of the last plan */
    uint64_t wanted, current, open;
    uint64_t plans, errors[FIGURES_ERRORS], done[FIGURES_VERBS];
    int64_t settled_s; /* when nothing was left to do; 0: never */
    struct kube_stats kube;
    unsigned watches, fresh, in_progress;
    bool draining, rules_needed, rules_valid, rules_old;
    char why[FIGURES_WHY]; /* the watches that are not fresh */
    int64_t turned_ns;     /* the loop was here */
};

struct figures {
    pthread_mutex_t lock;
    struct figures_values now; /* the main thread's */
    struct figures_values shown;
    struct metrics_process process;
};

struct daemon;

void figures_init(struct figures *f, int64_t now_us);
void figures_done(struct figures *f);

void figures_note_plan(struct figures *f, const struct sync_plan *plan, int64_t now_s);
void figures_note_done(struct figures *f, const char *verb);
void figures_note_error(struct figures *f, unsigned status);
/* Shows the listener what is so now. */
void figures_publish(struct daemon *d);

/* Of the listener; its arg is the struct figures. */
extern const struct server_route figures_routes[];
extern const size_t figures_n_routes;

#endif
