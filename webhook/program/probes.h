/* program/probes - health, readiness and metrics, for kubelets and Prometheus.
 *
 *      /healthz            200 "ok" while the process answers
 *      /readyz             200 "ok", or 503 with a line for each check
 *      /readyz?verbose     the lines, also when all checks pass
 *      /metrics            Prometheus text; only on the plain listener
 *
 * Threads    any worker of either server */
#ifndef PULLGATE_PROGRAM_PROBES_H
#define PULLGATE_PROGRAM_PROBES_H

#include "program/serve.h"

void probes_healthz(void *service, const struct server_request *request,
                    struct server_reply *reply);
void probes_readyz(void *service, const struct server_request *request,
                   struct server_reply *reply);

/* All checks pass: rules, certificate, audit, no shutdown. */
bool probes_is_ready(struct service *s);

/* Routes of the plain listener. */
extern const struct server_route probes_routes[];
extern const size_t probes_n_routes;

#endif
