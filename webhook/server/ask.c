#include "server/internal.h"

#include <errno.h>
#include <stdio.h>
#include <sys/time.h>

/* On the same machine, a wildcard address can be connected to as it is. */
static enum ec connect_to(int *out, struct str listen, unsigned timeout_s, struct err *err) {
    struct sockaddr_storage address;
    socklen_t bytes;
    if (server_addr_parse(listen, &address, &bytes, err) != EC_OK)
        return err->code;
    int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_set_os(err, errno, "no socket");
    struct timeval limit = {.tv_sec = (time_t)timeout_s};
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) != 0 ||
        connect(fd, (const struct sockaddr *)&address, bytes) != 0) {
        int os = errno;
        close(fd);
        return err_set_os(err, os, "%.*s", STR_ARG(listen));
    }
    *out = fd;
    return EC_OK;
}

/* Only the status line: "HTTP/1.1 200 OK". */
static enum ec read_status(unsigned *out, int fd, struct err *err) {
    char line[sizeof "HTTP/1.1 200"];
    size_t n = 0;
    while (n < sizeof line - 1) {
        ssize_t got = recv(fd, line + n, sizeof line - 1 - n, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_set_os(err, errno, "no answer");
        if (got == 0)
            return err_set(err, EC_IO, "the connection was closed without an answer");
        n += (size_t)got;
    }
    uint64_t status;
    if (memcmp(line, "HTTP/1.", 7) != 0 || line[8] != ' ' ||
        !str_to_uint((struct str){line + 9, 3}, 999, &status))
        return err_set(err, EC_SYNTAX, "the answer is not HTTP");
    *out = (unsigned)status;
    return EC_OK;
}

enum ec server_ask(unsigned *out, struct str listen, const char *path, unsigned timeout_s,
                   struct err *err) {
    int fd = -1;
    char request[256];
    int n = snprintf(request, sizeof request,
                     "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path);
    if (n < 0 || (size_t)n >= sizeof request)
        return err_set(err, EC_LIMIT, "the path is too long");
    if (connect_to(&fd, listen, timeout_s, err) != EC_OK)
        return err->code;
    if (send(fd, request, (size_t)n, MSG_NOSIGNAL) != n)
        err_set_os(err, errno, "no request could be sent");
    else
        (void)!read_status(out, fd, err);
    close(fd);
    return err->code;
}
