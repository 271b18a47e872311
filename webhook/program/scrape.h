/* program/scrape - the daemon's figures as Prometheus text: the answer to GET /metrics.
 * Names      controller_runtime_* and certwatcher_* as Kubernetes' controller-runtime has them,
 *            so that dashboards and alerts fit; process_* as every Prometheus client; the rest
 *            is pullgate_*
 * Threads    one at a time, beside the workers                                           */
#ifndef PULLGATE_PROGRAM_SCRAPE_H
#define PULLGATE_PROGRAM_SCRAPE_H

#include "program/serve.h"

void scrape_print(struct buf *out, struct service *s);

#endif
