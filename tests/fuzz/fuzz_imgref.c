/* imgref: what parses prints, what prints parses to the same parts, and printing is a fixed
 * point; a refusal names a byte of the input and touches nothing.
 * Also run by tests/unit/test_imgref.c over strings that it makes up. */
#include "base/buf.h"
#include "imgref/imgref.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void hold(bool property, const char *name, struct str text) {
    if (property)
        return;
    fprintf(stderr, "imgref does not hold \"%s\" for \"%.*s\"\n", name, STR_ARG(text));
    abort();
}

static bool inside(struct str part, struct str text) {
    return part.n == 0 || (part.p >= text.p && part.p + part.n <= text.p + text.n);
}

static void print(const struct imgref *r, enum imgref_print_flag flag, struct buf *out) {
    buf_reset(out);
    imgref_print(r, flag, out);
    if (out->bad)
        abort();
}

static void check_refusal(struct str text, const struct imgref *out, const struct err *err) {
    static const struct imgref untouched;
    hold(err->code == EC_SYNTAX && err->msg[0] != '\0', "a refusal has a reason", text);
    hold(err->offset <= text.n, "the position is in the text", text);
    hold(memcmp(out, &untouched, sizeof *out) == 0, "a refusal leaves *out alone", text);
}

static void check_parts(struct str text, const struct imgref *r) {
    hold(inside(r->path, text) && inside(r->tag, text) && inside(r->digest, text) &&
             inside(r->port, text),
         "the parts lie in the text", text);
    hold(imgref_is_host(r->host), "the host is a host", text);
    hold(imgref_is_path(r->path), "the path is a path", text);
    hold(r->path.n + (r->library ? 8 : 0) <= IMGREF_PATH_MAX, "the path is short", text);
    hold(r->tag.n <= IMGREF_TAG_MAX, "the tag is short", text);
    hold(r->qualified || str_eq(r->host, STR("docker.io")), "no host is docker.io", text);
}

static void check_same(struct str text, const struct imgref *a, const struct imgref *b) {
    struct buf x = BUF_INIT(1 << 20), y = BUF_INIT(1 << 20);
    imgref_print_repository(a, &x);
    imgref_print_repository(b, &y);
    hold(str_eq(buf_view(&x), buf_view(&y)), "the repository stays", text);
    hold(str_eq(a->host, b->host) && str_eq(a->port, b->port), "the host stays", text);
    hold(str_eq(a->digest, b->digest), "the digest stays", text);
    hold(a->quirks == b->quirks, "the quirks stay", text);
    buf_done(&x);
    buf_done(&y);
}

static void check_round(struct str text, const struct imgref *r, enum imgref_print_flag flag) {
    struct buf once = BUF_INIT(1 << 20), twice = BUF_INIT(1 << 20);
    struct imgref again;
    struct err err = ERR_INIT;
    print(r, flag, &once);
    hold(imgref_parse(&again, buf_view(&once), &err) == EC_OK, "what prints parses", text);
    hold(again.qualified && !again.library, "what prints is spelt out", text);
    check_same(text, r, &again);
    hold(flag == IMGREF_WITH_LATEST || str_eq(r->tag, again.tag), "the tag stays", text);
    hold(flag == IMGREF_PLAIN || again.tag.n + again.digest.n != 0, "there is a tag", text);
    print(&again, flag, &twice);
    hold(str_eq(buf_view(&once), buf_view(&twice)), "printing is a fixed point", text);
    buf_done(&once);
    buf_done(&twice);
}

/* The host in lower case is the same host, unless it was one by its upper case alone. */
static void check_lower(struct str text, const struct imgref *r) {
    struct buf b = BUF_INIT(1 << 20);
    struct imgref lower;
    struct err err = ERR_INIT;
    print(r, IMGREF_PLAIN, &b);
    for (size_t i = 0; i < r->host.n; i++)
        b.p[i] = ascii_lower(b.p[i]);
    enum ec ec = imgref_parse(&lower, buf_view(&b), &err);
    if (r->quirks & IMGREF_UPPER_WORD) {
        hold(ec != EC_OK || !lower.qualified, "an upper-case word is no host in lower case",
             text);
        buf_done(&b);
        return;
    }
    hold(ec == EC_OK || str_eq_nocase(r->host, STR("docker.io")) ||
             str_eq_nocase(r->host, STR("index.docker.io")),
         "a host in lower case parses", text);
    if (ec == EC_OK) {
        hold(lower.qualified && (lower.quirks & IMGREF_UPPER_HOST) == 0,
             "no upper case is left", text);
        hold(str_eq_nocase(lower.host, r->host) ||
                 str_eq_nocase(r->host, STR("index.docker.io")),
             "a host is the same in lower case", text);
        hold(str_eq(lower.path, r->path) || r->library, "the path is the same", text);
    }
    buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    struct str text = {(const char *)bytes, n};
    struct imgref r;
    struct err err = ERR_INIT;
    memset(&r, 0, sizeof r);
    if (imgref_parse(&r, text, &err) != EC_OK) {
        check_refusal(text, &r, &err);
        return 0;
    }
    check_parts(text, &r);
    check_round(text, &r, IMGREF_PLAIN);
    check_round(text, &r, IMGREF_WITH_LATEST);
    check_lower(text, &r);
    return 0;
}
