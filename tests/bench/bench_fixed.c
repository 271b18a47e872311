/* bench_fixed - pullgate's own server with an answer that is always the same: the ceiling.
 *
 *   bench_fixed ADDR:PORT CERT KEY REPLY      serves until SIGTERM; http.sh runs it
 *
 * Shows      what sockets, TLS and HTTP cost alone; the rest of a request is the webhook's work */
#include "base/file.h"
#include "server/server.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum { FILE_MAX = 1 << 20, N_WORKERS = 2 };

static struct buf load(const char *path) {
    struct buf b = BUF_INIT(FILE_MAX);
    struct err err = ERR_INIT;
    if (file_read(&b, path, FILE_MAX, &err) != EC_OK) {
        fprintf(stderr, "bench_fixed: %s\n", err.msg);
        exit(1);
    }
    return b;
}

static void answer(void *arg, const struct server_request *request,
                   struct server_reply *reply) {
    const struct buf *text = arg;
    (void)request;
    buf_reset(reply->body);
    buf_str(reply->body, buf_view(text));
}

int main(int argc, char **argv) {
    static const struct server_route routes[] = {{"/mutate", SERVER_POST, true, answer}};
    struct err err = ERR_INIT;
    struct server *server = NULL;
    sigset_t signals;
    int which;
    if (argc != 5)
        return 2;
    struct buf cert = load(argv[2]), key = load(argv[3]), text = load(argv[4]);
    struct server_config config = {.listen = argv[1],
                                   .tls = true,
                                   .cert_pem = buf_view(&cert),
                                   .key_pem = buf_view(&key),
                                   .routes = routes,
                                   .n_routes = 1,
                                   .arg = &text,
                                   .n_workers = N_WORKERS,
                                   .max_body_bytes = 32 << 20,
                                   .memory_budget_bytes = 256 << 20,
                                   .max_header_bytes = 16 << 10,
                                   .max_connections = 4096,
                                   .max_handshakes = 100,
                                   .max_in_flight = 1024,
                                   .idle_timeout_s = 180,
                                   .header_timeout_ms = 10000,
                                   .request_timeout_ms = 30000};
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    if (server_start(&server, &config, &err) != EC_OK) {
        fprintf(stderr, "bench_fixed: %s\n", err.msg);
        return 1;
    }
    fprintf(stderr, "{\"event\":\"ready\",\"port\":%u}\n", server_port(server));
    sigwait(&signals, &which);
    server_stop(server);
    buf_done(&cert);
    buf_done(&key);
    buf_done(&text);
    return 0;
}
