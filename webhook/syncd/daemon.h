/* syncd/daemon - what the parts of pullgate-sync share.
 *
 *      watches --> feeds (stores) --+
 *      rule file --> requests -------+--> plan --> calls --> API server
 *      places (in progress, failed) -+              |
 *          ^-------------- answers -----------------+
 *
 * Life       daemon_run(): the loop until SIGTERM, then the answers of what was sent
 * Threads    the main thread does all; the one of the listener reads the figures, which have a lock */
#ifndef PULLGATE_SYNCD_DAEMON_H
#define PULLGATE_SYNCD_DAEMON_H

#include "kube/kube.h"
#include "syncd/absences.h"
#include "syncd/feeds.h"
#include "syncd/figures.h"
#include "syncd/options.h"
#include "syncd/places.h"
#include "syncd/reports.h"

struct daemon {
    const struct options *options;
    struct kube *kube;
    struct feeds feeds;
    struct places places;
    struct reports reports;
    struct absences absences;
    struct figures figures;

    struct policy *policy; /* NULL: none is valid, or none is asked for */
    struct arena request_memory;
    const struct sync_request *requests; /* of the policy */
    size_t n_requests;

    bool dirty;           /* the state has changed since the last plan */
    bool draining;        /* nothing new is begun */
    bool more;            /* the last plan had more to do than may be in progress */
    unsigned in_progress; /* calls that change something, or look before that */
    int64_t plan_not_before_ns, plan_due_ns; /* INT64_MAX: no time is set */
};

/* Exit status: 0, 2 when it cannot start, 70 for a bug. */
int daemon_run(const struct options *options);

/* The Secrets and Namespaces that a plan is made from. */
struct sync_reader daemon_reader(const struct daemon *d, bool keep_data);

#endif
