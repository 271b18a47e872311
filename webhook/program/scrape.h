/* program/scrape - the daemon's figures as Prometheus text: the answer to GET /metrics.
 * Names      controller_runtime_* and certwatcher_* as in Kubernetes' controller-runtime, so that
 *            its dashboards and alerts can be used; process_* as in every Prometheus client; the
 *            rest is pullgate_*
 * Threads    one at a time, beside the workers                                           */
#ifndef PULLGATE_PROGRAM_SCRAPE_H
#define PULLGATE_PROGRAM_SCRAPE_H

#include "program/serve.h"

void scrape_print(struct buf *out, struct service *s);

#endif
