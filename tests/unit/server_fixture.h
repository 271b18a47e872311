/* server_fixture - a server with routes that tell what they were asked; for the server's tests.
 * Routes     POST /echo (JSON), GET and POST /inspect, POST /sized ("N": N bytes back), GET /held
 *            (takes its worker until fixture_hold(false)) */
#ifndef PULLGATE_TESTS_SERVER_FIXTURE_H
#define PULLGATE_TESTS_SERVER_FIXTURE_H

#include "server_client.h"

enum { MAX_BODY = 100000 };

#define HOST "Host: h\r\n"
#define JSON_TYPE "Content-Type: application/json\r\n"
extern const char get_inspect[], post_echo[]; /* whole requests that are answered with 200 */

/* A plain listener on a free port, with limits that no test meets by accident. */
struct server_config fixture_config(void);
struct server *fixture_start(const struct server_config *config);
struct server *fixture_start_default(void);
struct server_stats fixture_stats(const struct server *s);
/* n of our allocations succeed, the next one fails; below 0: none fails. */
void fixture_fail_allocation(int n);
void fixture_hold(bool held);

/* A POST of so many bytes, of which these come. */
void half_a_post(struct client *c, size_t announced, const char *body, size_t n);
/* A request whose body is complete, and whose answer does not go out before it is read. */
void half_an_answer(struct client *c);
void the_other_half(struct client *c);

#endif
