/* registry/where - URLs, and the hosts and addresses that are not asked.
 *
 *      https://host[:port][/path][?query]
 *
 * Rules      http and https; no user@; of the authority letters, digits, `.`, `-`, `_`, `:` and `[]` alone, so that no two
 *            readers of the URL find two hosts in it. An IPv4 address is four decimal numbers without leading zeros;
 *            other spellings of numbers (0x7f.1, 2130706433) are refused
 * Ownership  borrows from the text
 * Threads    pure functions
 * Source     RFC 3986; RFC 3927, RFC 4291, RFC 6052; the addresses of the metadata services of AWS, Alibaba, Azure */
#ifndef PULLGATE_REGISTRY_WHERE_H
#define PULLGATE_REGISTRY_WHERE_H

#include "base/buf.h"
#include "base/str.h"

struct registry_url {
    bool https;
    struct str authority; /* host[:port], as written */
    struct str host;      /* without the port and without brackets */
    uint16_t port;        /* 443 or 80 where none is written */
    struct str rest;      /* "/path?query", or empty */
};

/* false: refused; *out untouched. */
bool registry_where_read(struct registry_url *out, struct str url) MUST_CHECK;

/* The same scheme, host (without regard to case) and port. */
bool registry_where_is_same(const struct registry_url *a, const struct registry_url *b);

/* host[:port], as an image reference has it. */
struct str registry_where_host(struct str authority);

enum registry_place {
    REGISTRY_ELSEWHERE, /* a name, or a public address */
    REGISTRY_LOOPBACK,  /* localhost, 127/8, ::1 */
    REGISTRY_PRIVATE,   /* an address of RFC 1918 or fc00::/7 */
    REGISTRY_FORBIDDEN  /* link-local, unspecified, or of a metadata service: never asked */
};

/* Of a host as it is written: a name is ELSEWHERE but for localhost and names of metadata services. */
enum registry_place registry_where_place(struct str host);
/* Of an address: 4 or 16 bytes. */
enum registry_place registry_where_address(const uint8_t *address, size_t n);

/* Does NO_PROXY (names, suffixes, addresses, IPv4 networks, "*"; separated by commas or blanks) name the host? */
bool registry_where_no_proxy(struct str list, struct str host, uint16_t port);

/* Without what may be a secret: the query, the fragment. */
struct str registry_where_shown(struct str url);

#endif
