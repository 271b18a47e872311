/* server_fixture - a server with routes that tell what they were asked; for the server's tests.
 * Routes     POST /echo (JSON), GET and POST /inspect, POST /sized ("N": N bytes back) */
#ifndef PULLGATE_TESTS_SERVER_FIXTURE_H
#define PULLGATE_TESTS_SERVER_FIXTURE_H

#include "server_client.h"

enum { MAX_BODY = 100000 };

/* A plain listener on a free port, with limits that no test meets by accident. */
struct server_config fixture_config(void);
struct server *fixture_start(const struct server_config *config);
struct server_stats fixture_stats(const struct server *s);

#endif
