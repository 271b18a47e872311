#include "registry/where.h"

#include <arpa/inet.h>

/* ---- URLs ---------------------------------------------------------------------------- */

static bool is_authority_byte(char c) {
    char l = ascii_lower(c);
    return ascii_is_digit(c) || (l >= 'a' && l <= 'z') ||
           (c != '\0' && strchr(".-_:[]", c) != NULL);
}

static bool is_plain(struct str s, bool (*is_fine)(char)) {
    for (size_t i = 0; i < s.n; i++)
        if (!is_fine(s.p[i]))
            return false;
    return true;
}

static bool is_rest_byte(char c) {
    return c > ' ' && c < 0x7f && c != '\\';
}

static size_t port_at(struct str authority) {
    size_t at = authority.n;
    while (at > 0 && ascii_is_digit(authority.p[at - 1]))
        at--;
    return at > 0 && authority.p[at - 1] == ':' ? at - 1 : authority.n;
}

static bool is_quad(struct str host) {
    uint8_t ignored[4];
    char z[16];
    if (host.n == 0 || host.n >= sizeof z)
        return false;
    memcpy(z, host.p, host.n);
    z[host.n] = '\0';
    return inet_pton(AF_INET, z, ignored) == 1;
}

static bool is_number(struct str label) {
    bool hex = label.n > 1 && label.p[0] == '0' && ascii_lower(label.p[1]) == 'x';
    for (size_t i = hex ? 2 : 0; i < label.n; i++) {
        char l = ascii_lower(label.p[i]);
        if (!ascii_is_digit(l) && !(hex && l >= 'a' && l <= 'f'))
            return false;
    }
    return label.n != 0;
}

/* The last label is a number: some readers take the whole for an address. */
static bool is_number_like(struct str host) {
    size_t end = host.n;
    while (end > 0 && host.p[end - 1] == '.')
        end--;
    size_t at = end;
    while (at > 0 && host.p[at - 1] != '.')
        at--;
    return is_number(str_slice(host, at, end));
}

static bool is_bracketed(struct str host) {
    struct str inside = str_slice(host, 1, host.n - 1);
    return host.n > 4 && host.p[0] == '[' && host.p[host.n - 1] == ']' &&
           str_find(inside, '[') == inside.n && str_find(inside, ']') == inside.n;
}

static bool is_name(struct str host) {
    bool plain = host.n != 0 && str_find(host, ':') == host.n &&
                 str_find(host, '[') == host.n && str_find(host, ']') == host.n;
    return plain && (!is_number_like(host) || is_quad(host));
}

struct str registry_where_host(struct str authority) {
    struct str host = str_slice(authority, 0, port_at(authority));
    return is_bracketed(host) ? str_slice(host, 1, host.n - 1) : host;
}

bool registry_where_read(struct registry_url *out, struct str url) {
    bool https = str_starts(url, STR("https://"));
    if ((!https && !str_starts(url, STR("http://"))) || !is_plain(url, is_rest_byte))
        return false;
    struct str text = str_slice(url, https ? 8 : 7, url.n);
    size_t end = 0;
    while (end < text.n && strchr("/?#", text.p[end]) == NULL)
        end++;
    struct str authority = str_slice(text, 0, end);
    size_t colon = port_at(authority);
    struct str host = str_slice(authority, 0, colon);
    uint64_t port = https ? 443 : 80;
    if (!is_plain(authority, is_authority_byte) || (!is_name(host) && !is_bracketed(host)))
        return false;
    if (colon < authority.n &&
        (!str_to_uint(str_slice(authority, colon + 1, authority.n), 65535, &port) || port == 0))
        return false;
    *out = (struct registry_url){.https = https,
                                 .authority = authority,
                                 .host = registry_where_host(authority),
                                 .port = (uint16_t)port,
                                 .rest = str_slice(text, end, text.n)};
    return true;
}

bool registry_where_is_same(const struct registry_url *a, const struct registry_url *b) {
    return a->https == b->https && a->port == b->port && str_eq_nocase(a->host, b->host);
}

struct str registry_where_shown(struct str url) {
    size_t query = str_find(url, '?'), fragment = str_find(url, '#');
    return str_slice(url, 0, query < fragment ? query : fragment);
}

/* ---- addresses ----------------------------------------------------------------------- */

static enum registry_place place_of_ipv4(const uint8_t a[4]) {
    static const uint8_t metadata[][4] = {{100, 100, 100, 200}, {168, 63, 129, 16}};
    for (size_t i = 0; i < sizeof metadata / sizeof *metadata; i++)
        if (memcmp(a, metadata[i], 4) == 0)
            return REGISTRY_FORBIDDEN;
    if (a[0] == 0 || (a[0] == 169 && a[1] == 254))
        return REGISTRY_FORBIDDEN;
    if (a[0] == 127)
        return REGISTRY_LOOPBACK;
    bool private =
        a[0] == 10 || (a[0] == 172 && (a[1] & 0xf0) == 16) || (a[0] == 192 && a[1] == 168);
    return private ? REGISTRY_PRIVATE : REGISTRY_ELSEWHERE;
}

static enum registry_place place_of_ipv6(const uint8_t a[16]) {
    static const uint8_t zero[16] = {0}, one[16] = {[15] = 1},
                         mapped[12] = {[10] = 0xff, [11] = 0xff},
                         nat64[12] = {0, 0x64, 0xff, 0x9b},
                         aws[16] = {0xfd, 0, 0x0e, 0xc2, [14] = 2, [15] = 0x54};
    if (memcmp(a, one, 16) == 0)
        return REGISTRY_LOOPBACK;
    if (memcmp(a, mapped, 12) == 0 || memcmp(a, nat64, 12) == 0 || memcmp(a, zero, 12) == 0)
        return place_of_ipv4(a + 12);
    if (memcmp(a, aws, 16) == 0 || (a[0] == 0xfe && (a[1] & 0xc0) == 0x80))
        return REGISTRY_FORBIDDEN;
    return (a[0] & 0xfe) == 0xfc ? REGISTRY_PRIVATE : REGISTRY_ELSEWHERE;
}

enum registry_place registry_where_address(const uint8_t *address, size_t n) {
    return n == 4 ? place_of_ipv4(address) : place_of_ipv6(address);
}

static bool is_metadata_name(struct str host) {
    static const struct str names[] = {
        STR_INIT("metadata"), STR_INIT("metadata.google.internal"), STR_INIT("metadata.goog"),
        STR_INIT("instance-data.ec2.internal"), STR_INIT("instance-data")};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_eq_nocase(host, names[i]))
            return true;
    return false;
}

enum registry_place registry_where_place(struct str host) {
    uint8_t address[16];
    char z[64];
    if (host.n > 0 && host.p[host.n - 1] == '.')
        host.n--;
    if (str_eq_nocase(host, STR("localhost")))
        return REGISTRY_LOOPBACK;
    if (is_metadata_name(host))
        return REGISTRY_FORBIDDEN;
    if (host.n >= sizeof z)
        return REGISTRY_ELSEWHERE;
    memcpy(z, host.n ? host.p : "", host.n);
    z[host.n] = '\0';
    if (inet_pton(AF_INET, z, address) == 1)
        return place_of_ipv4(address);
    return inet_pton(AF_INET6, z, address) == 1 ? place_of_ipv6(address) : REGISTRY_ELSEWHERE;
}

/* ---- NO_PROXY ------------------------------------------------------------------------ */

static bool read_quad(struct str text, uint32_t *out) {
    char z[16];
    struct in_addr address;
    if (text.n == 0 || text.n >= sizeof z)
        return false;
    memcpy(z, text.p, text.n);
    z[text.n] = '\0';
    if (inet_pton(AF_INET, z, &address) != 1)
        return false;
    *out = ntohl(address.s_addr);
    return true;
}

static bool is_in_network(struct str network, struct str host) {
    size_t slash = str_find(network, '/');
    uint32_t base, address;
    uint64_t bits;
    if (slash == network.n || !read_quad(str_slice(network, 0, slash), &base) ||
        !read_quad(host, &address) ||
        !str_to_uint(str_slice(network, slash + 1, network.n), 32, &bits))
        return false;
    return bits == 0 || ((base ^ address) >> (32 - bits)) == 0;
}

static bool covers_host(struct str entry, struct str host, uint16_t port) {
    size_t colon = port_at(entry);
    uint64_t wanted = port;
    if (colon < entry.n && str_to_uint(str_slice(entry, colon + 1, entry.n), 65535, &wanted))
        entry = str_slice(entry, 0, colon);
    if (str_starts(entry, STR("*.")))
        entry = str_slice(entry, 1, entry.n);
    bool dotted = entry.n != 0 && entry.p[0] == '.';
    struct str bare = dotted ? str_slice(entry, 1, entry.n) : entry;
    struct str tail = str_slice(host, host.n - (bare.n < host.n ? bare.n : host.n), host.n);
    bool covered = str_eq_nocase(bare, tail) && bare.n != 0 &&
                   (bare.n == host.n || host.p[host.n - bare.n - 1] == '.');
    return covered && wanted == port;
}

bool registry_where_no_proxy(struct str list, struct str host, uint16_t port) {
    for (size_t at = 0; at < list.n;) {
        size_t end = at;
        while (end < list.n && list.p[end] != ',' && list.p[end] != ' ')
            end++;
        struct str entry = str_slice(list, at, end);
        if (str_eq(entry, STR("*")) || covers_host(entry, host, port) ||
            is_in_network(entry, host))
            return true;
        at = end + 1;
    }
    return false;
}
