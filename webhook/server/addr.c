#include "server/internal.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

/* Numeric hosts only: a name would make the start depend on DNS. */
static bool parse_address_host(struct str host, bool is_v6, struct sockaddr_storage *out,
                               socklen_t *bytes) {
    char z[INET6_ADDRSTRLEN];
    if (host.n == 0 || host.n >= sizeof z || memchr(host.p, '\0', host.n) != NULL)
        return false;
    memcpy(z, host.p, host.n);
    z[host.n] = '\0';
    memset(out, 0, sizeof *out);
    if (is_v6) {
        struct sockaddr_in6 *a = (struct sockaddr_in6 *)out;
        a->sin6_family = AF_INET6;
        *bytes = sizeof *a;
        return inet_pton(AF_INET6, z, &a->sin6_addr) == 1;
    }
    struct sockaddr_in *a = (struct sockaddr_in *)out;
    a->sin_family = AF_INET;
    *bytes = sizeof *a;
    return inet_pton(AF_INET, z, &a->sin_addr) == 1;
}

static void set_port(struct sockaddr_storage *a, in_port_t port) {
    if (a->ss_family == AF_INET6)
        ((struct sockaddr_in6 *)a)->sin6_port = port;
    else
        ((struct sockaddr_in *)a)->sin_port = port;
}

static bool parse_address(struct str text, struct sockaddr_storage *out, socklen_t *bytes) {
    bool is_v6 = text.n > 0 && text.p[0] == '[';
    size_t end = str_find(text, is_v6 ? ']' : ':');
    size_t colon = is_v6 ? end + 1 : end;
    if (colon >= text.n || text.p[colon] != ':')
        return false;
    uint64_t port;
    if (!str_to_uint(str_slice(text, colon + 1, text.n), 65535, &port))
        return false;
    if (!parse_address_host(str_slice(text, is_v6, end), is_v6, out, bytes))
        return false;
    set_port(out, htons((in_port_t)port));
    return true;
}

enum ec server_addr_parse(struct str text, struct sockaddr_storage *out, socklen_t *bytes,
                          struct err *err) {
    struct sockaddr_storage a;
    if (!parse_address(text, &a, bytes))
        return err_set(err, EC_USAGE,
                       "expected HOST:PORT such as 0.0.0.0:9443 or [::]:9443, found \"%.*s\"",
                       STR_ARG(text));
    *out = a;
    return EC_OK;
}

unsigned server_addr_print(const struct sockaddr_storage *a, char *out, size_t out_bytes) {
    char host[INET6_ADDRSTRLEN] = "";
    if (a->ss_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)a;
        inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host);
        unsigned port = ntohs(v6->sin6_port);
        snprintf(out, out_bytes, "[%s]:%u", host, port);
        return port;
    }
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)a;
    inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host);
    unsigned port = ntohs(v4->sin_port);
    snprintf(out, out_bytes, "%s:%u", host, port);
    return port;
}

static struct in6_addr host_of(const struct sockaddr_storage *a) {
    struct in6_addr host = {.s6_addr = {[10] = 0xff, [11] = 0xff}};
    if (a->ss_family == AF_INET6)
        return ((const struct sockaddr_in6 *)a)->sin6_addr;
    memcpy(host.s6_addr + 12, &((const struct sockaddr_in *)a)->sin_addr, 4);
    return host;
}

bool server_addr_same_host(const struct sockaddr_storage *a, const struct sockaddr_storage *b) {
    const struct in6_addr x = host_of(a), y = host_of(b);
    return memcmp(&x, &y, sizeof x) == 0;
}
