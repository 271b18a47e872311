/* bench_start - from exec to the first answer over TLS.
 *
 *   bench_start CA REVIEW -- PROGRAM ARGUMENT...     %p in an argument becomes a free port
 *
 * Shows      milliseconds, best and median of ROUNDS starts; each one is its own process,
 *            asked with one POST to /mutate over its own connection, then ended by its pid */
#include "base/file.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 25, REVIEW_MAX = 1 << 20, ARGS_MAX = 64, TRIES = 20000 };

static void die(const char *what) {
    fprintf(stderr, "bench_start: %s\n", what);
    exit(1);
}

static double now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static struct sockaddr_in loopback(unsigned port) {
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
}

static unsigned free_port(void) {
    struct sockaddr_in a = loopback(0);
    socklen_t n = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, n) != 0 ||
        getsockname(fd, (struct sockaddr *)&a, &n) != 0)
        die("no free port");
    close(fd);
    return ntohs(a.sin_port);
}

/* The child's own arguments, with the port in them; it does not come back. */
static void become(char **argv, unsigned port) {
    static char texts[ARGS_MAX][512];
    char *args[ARGS_MAX + 1] = {NULL};
    for (int i = 0; argv[i] != NULL && i < ARGS_MAX; i++) {
        char *at = strstr(argv[i], "%p");
        if (at == NULL)
            snprintf(texts[i], sizeof texts[i], "%s", argv[i]);
        else
            snprintf(texts[i], sizeof texts[i], "%.*s%u%s", (int)(at - argv[i]), argv[i], port,
                     at + 2);
        args[i] = texts[i];
    }
    if (freopen("/dev/null", "w", stdout) == NULL || freopen("/dev/null", "w", stderr) == NULL)
        _exit(126);
    execv(args[0], args);
    _exit(127);
}

static int dial(unsigned port) {
    const struct sockaddr_in a = loopback(port);
    const struct timespec pause = {.tv_nsec = 50000};
    const int on = 1;
    for (int i = 0; i < TRIES; i++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(fd, (const struct sockaddr *)&a, sizeof a) == 0) {
            (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            return fd;
        }
        close(fd);
        nanosleep(&pause, NULL);
    }
    die("it does not listen");
    return -1;
}

static void ask(SSL_CTX *ctx, unsigned port, struct str request) {
    char answer[4096];
    int fd = dial(port);
    SSL *ssl = SSL_new(ctx);
    if (ssl == NULL || SSL_set_fd(ssl, fd) != 1 || SSL_connect(ssl) != 1 ||
        SSL_write(ssl, request.p, (int)request.n) != (int)request.n)
        die("no TLS connection");
    int n = SSL_read(ssl, answer, sizeof answer);
    if (n < 15 || memcmp(answer, "HTTP/1.1 200 OK", 15) != 0)
        die("no answer with 200");
    SSL_free(ssl);
    close(fd);
}

static double once(SSL_CTX *ctx, struct str request, char **argv) {
    unsigned port = free_port();
    double start = now_ms();
    pid_t pid = fork();
    if (pid == 0)
        become(argv, port);
    ask(ctx, port, request);
    double took = now_ms() - start;
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    return took;
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv) {
    struct buf body = BUF_INIT(REVIEW_MAX), request = BUF_INIT(2 * REVIEW_MAX);
    struct err err = ERR_INIT;
    double ms[ROUNDS];
    if (argc < 5 || strcmp(argv[3], "--") != 0)
        return 2;
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    if (ctx == NULL || SSL_CTX_load_verify_locations(ctx, argv[1], NULL) != 1)
        die("no CA");
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    if (file_read(&body, argv[2], REVIEW_MAX, &err) != EC_OK)
        die(err.msg);
    buf_printf(&request,
               "POST /mutate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
               "Content-Length: %zu\r\n\r\n",
               body.n);
    buf_str(&request, buf_view(&body));
    for (int i = 0; i < ROUNDS; i++)
        ms[i] = once(ctx, buf_view(&request), argv + 4);
    qsort(ms, ROUNDS, sizeof *ms, by_size);
    printf("%.2f %.2f\n", ms[0], ms[ROUNDS / 2]);
    SSL_CTX_free(ctx);
    buf_done(&body);
    buf_done(&request);
    return 0;
}
