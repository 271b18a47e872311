/* What url.Parse of Go 1.26 makes of "https://" and a text: net/url/url.go. Host and path only; what
 * else it checks decides whether it refuses. */
#include "credentials/internal.h"

#include <arpa/inet.h> /* inet_pton reads IPv6 as netip.ParseAddr does; no sockets */

enum { IPV6_TEXT_MAX = 64 };

/* What may be escaped with %, besides what is malformed. */
enum part { PART_HOST, PART_ZONE, PART_OTHER };

static int hex_value(char c) {
    if (ascii_is_digit(c))
        return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool is_alnum(char c) {
    return ascii_is_digit(c) || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z');
}

static bool is_among(char c, const char *list) {
    return c != '\0' && strchr(list, c) != NULL;
}

static bool is_host_byte(char c) {
    return is_alnum(c) || ((unsigned char)c & 0x80) != 0 ||
           is_among(c, "!\"$&'()*+,-.:;<=>[]_~");
}

/* The byte that the escape at `at` stands for; -1: malformed, or not allowed there. */
static int read_escape(struct str s, size_t at, enum part part) {
    int high = at + 2 < s.n ? hex_value(s.p[at + 1]) : -1;
    int low = at + 2 < s.n ? hex_value(s.p[at + 2]) : -1;
    if (high < 0 || low < 0)
        return -1;
    int byte = high << 4 | low;
    if (byte == '%' || part == PART_OTHER)
        return byte;
    if (part == PART_HOST)
        return high < 8 ? -1 : byte;
    /* bytes of a zone that are not ASCII pass only where they are not escaped */
    return byte == ' ' || (byte < 0x80 && is_host_byte((char)byte)) ? byte : -1;
}

/* Appends s, unescaped, to room; false: refused. */
static bool unescape(char *room, size_t *n, struct str s, enum part part) {
    for (size_t at = 0; at < s.n; at++) {
        int byte = (unsigned char)s.p[at];
        if (byte == '%') {
            byte = read_escape(s, at, part);
            at += 2;
        } else if (part != PART_OTHER && !is_host_byte((char)byte)) {
            byte = -1;
        }
        if (byte < 0)
            return false;
        room[(*n)++] = (char)byte;
    }
    return true;
}

static bool escapes_are_whole(struct str s) {
    for (size_t at = 0; at < s.n; at++)
        if (s.p[at] == '%' && read_escape(s, at, PART_OTHER) < 0)
            return false;
    return true;
}

static size_t find_last(struct str s, char c) { /* s.n: none */
    size_t at = s.n;
    while (at > 0 && s.p[at - 1] != c)
        at--;
    return at > 0 ? at - 1 : s.n;
}

static bool is_optional_port(struct str s) {
    if (s.n != 0 && s.p[0] != ':')
        return false;
    for (size_t i = 1; i < s.n; i++)
        if (!ascii_is_digit(s.p[i]))
            return false;
    return true;
}

/* An IPv6 address with or without a zone, as netip.ParseAddr has it. */
static bool is_ipv6(struct str s) {
    char text[IPV6_TEXT_MAX];
    unsigned char ignored[16];
    size_t zone = str_find(s, '%');
    if (zone >= sizeof text || zone + 1 == s.n)
        return false;
    memcpy(text, s.p, zone);
    text[zone] = '\0';
    return strlen(text) == zone && strchr(text, ':') != NULL &&
           inet_pton(AF_INET6, text, ignored) == 1;
}

static size_t find_zone(struct str s) {
    size_t at = 0;
    while (at < s.n && !str_starts(str_slice(s, at, s.n), STR("%25")))
        at++;
    return at;
}

/* [address]:port; the bracket is the first byte. */
static bool parse_literal(char *room, size_t *n, struct str host) {
    size_t close = find_last(host, ']');
    if (close == host.n)
        return false;
    struct str port = str_slice(host, close + 1, host.n);
    struct str address = str_slice(host, 1, close);
    size_t zone = find_zone(address);
    room[(*n)++] = '[';
    size_t from = *n;
    if (!is_optional_port(port) || !unescape(room, n, str_slice(address, 0, zone), PART_HOST) ||
        !unescape(room, n, str_slice(address, zone, address.n), PART_ZONE) ||
        !is_ipv6((struct str){room + from, *n - from}))
        return false;
    room[(*n)++] = ']';
    return unescape(room, n, port, PART_HOST);
}

static bool parse_host(char *room, size_t *n, struct str host) {
    size_t open = find_last(host, '[');
    if (open == 0 && host.n != 0)
        return parse_literal(room, n, host);
    if (open != host.n)
        return false;
    return is_optional_port(str_slice(host, str_find(host, ':'), host.n)) &&
           unescape(room, n, host, PART_HOST);
}

static bool is_userinfo(struct str s) {
    for (size_t i = 0; i < s.n; i++)
        if (!is_alnum(s.p[i]) && !is_among(s.p[i], "-._:~!$&'()*+,;=%@"))
            return false;
    return escapes_are_whole(s);
}

static bool has_control(struct str s) {
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f)
            return true;
    return false;
}

bool credentials_url_parse(struct credentials_url *out, struct str rest, char *room) {
    size_t hash = str_find(rest, '#'), n = 0;
    if (!escapes_are_whole(str_slice(rest, hash + 1, rest.n)))
        return false;
    rest = str_slice(rest, 0, hash);
    if (has_control(rest))
        return false;
    rest = str_slice(rest, 0, str_find(rest, '?'));
    struct str authority = str_slice(rest, 0, str_find(rest, '/'));
    struct str path = str_slice(rest, authority.n, rest.n);
    size_t at = find_last(authority, '@');
    bool has_user = at < authority.n;
    if (has_user && !is_userinfo(str_slice(authority, 0, at)))
        return false;
    if (!parse_host(room, &n, str_slice(authority, has_user ? at + 1 : 0, authority.n)))
        return false;
    size_t host = n;
    if (!unescape(room, &n, path, PART_OTHER))
        return false;
    *out = (struct credentials_url){.host = {room, host}, .path = {room + host, n - host}};
    return true;
}

/* The colon in front of the port, or s.n where net.SplitHostPort finds fault. */
static size_t find_port(struct str s) {
    size_t colon = find_last(s, ':');
    if (colon == s.n)
        return s.n;
    bool literal = s.p[0] == '[';
    size_t close = str_find(s, ']');
    if (literal && close + 1 != colon)
        return s.n;
    struct str before = str_slice(s, 0, literal ? 0 : colon);
    struct str inside = str_slice(s, literal ? 1 : 0, s.n);
    struct str behind = str_slice(s, literal ? close + 1 : 0, s.n);
    bool odd = str_find(before, ':') < before.n || str_find(inside, '[') < inside.n ||
               str_find(behind, ']') < behind.n;
    return odd ? s.n : colon;
}

void credentials_url_split(struct str host_port, struct str *host, struct str *port) {
    size_t colon = find_port(host_port);
    *host = str_slice(host_port, 0, colon);
    *port = str_slice(host_port, colon + 1, host_port.n);
    if (colon < host_port.n && host_port.p[0] == '[')
        *host = str_slice(host_port, 1, colon - 1);
}
