#include "imgref/runtimes.h"

/* `latest` where nothing is named; of a tag and a digest the digest counts. */
static void put_pulled(struct buf *out, const struct imgref *ref) {
    if (ref->tag.n != 0 && ref->digest.n == 0)
        buf_printf(out, ":%.*s", STR_ARG(ref->tag));
    if (ref->digest.n != 0)
        buf_printf(out, "@%.*s", STR_ARG(ref->digest));
    if (ref->tag.n == 0 && ref->digest.n == 0)
        buf_puts(out, ":latest");
}

static const char *why_not_crio(const struct imgref *ref) {
    bool word =
        str_find(ref->host, '.') == ref->host.n && str_find(ref->host, ':') == ref->host.n;
    if ((ref->quirks & IMGREF_UPPER_HOST) && word)
        return "a host of one word must be in lower case";
    if (ref->quirks & IMGREF_IPV6)
        return "IPv6 addresses are not supported";
    return ref->quirks & IMGREF_LONG ? "host and repository exceed 255 bytes" : NULL;
}

static void put_name(struct buf *out, const struct imgref *ref) {
    buf_printf(out, "%.*s/", STR_ARG(ref->host));
    imgref_print_repository(ref, out);
    put_pulled(out, ref);
}

void imgref_print_runtimes(const struct imgref *ref, struct str image, struct buf *out) {
    const char *refused = why_not_crio(ref);
    buf_printf(out, "    kubelet     %.*s%s\n", STR_ARG(image),
               ref->tag.n == 0 && ref->digest.n == 0 ? ":latest" : "");
    buf_puts(out, "    containerd  ");
    put_name(out, ref);
    buf_puts(out, "\n    CRI-O       ");
    if (refused != NULL) {
        buf_printf(out, "refused: %s\n", refused);
    } else if (ref->qualified) {
        put_name(out, ref);
        buf_putc(out, '\n');
    } else {
        buf_printf(out, "<search-registry>/%.*s", STR_ARG(ref->path));
        put_pulled(out, ref);
        buf_puts(out, " (a short name: the node's registries.conf decides)\n");
    }
}
