/* A watch stream in pieces gives the same lines as in one, none longer than the limit; each line is an event with what
 * its type promises, or an error whose text has no byte of it. The first byte chooses the sizes of the pieces. */
#include "kube/kube.h"
#include "json/json.h"

#include <stdlib.h>

#define REQUIRE(x)                                                                             \
    do {                                                                                       \
        if (!(x))                                                                              \
            abort();                                                                           \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LINE_MAX_BYTES = 512 };

struct reading {
    struct json json;
    struct buf lines;
};

static void check_event(const struct kube_line *line) {
    bool is_error = line->event == KUBE_EVENT_ERROR;
    REQUIRE(line->status < 1000);
    REQUIRE(is_error || line->object.resource_version.n != 0);
    REQUIRE(is_error || line->event == KUBE_EVENT_BOOKMARK || line->object.name.n != 0);
}

static bool take(void *arg, char *line, size_t n) {
    struct reading *r = arg;
    struct kube_line event;
    struct err err = ERR_INIT;
    REQUIRE(n != 0 && n <= LINE_MAX_BYTES && memchr(line, '\n', n) == NULL);
    buf_add(&r->lines, line, n);
    buf_putc(&r->lines, '\n');
    if (kube_line_parse(&event, &r->json, line, n, &err) == EC_OK)
        check_event(&event);
    else
        REQUIRE(err.msg[0] != '\0' && (n < 8 || strstr(err.msg, "SECRET") == NULL));
    return true;
}

static enum ec read_stream(struct reading *r, struct str stream, size_t piece) {
    struct kube_lines l = {.max = LINE_MAX_BYTES};
    struct err err = ERR_INIT;
    enum ec ec = EC_OK;
    *r = (struct reading){.json = JSON_INIT, .lines = BUF_INIT(SIZE_MAX)};
    for (size_t at = 0; ec == EC_OK && at < stream.n; at += piece)
        ec = kube_lines_add(&l, str_slice(stream, at, at + piece), take, r, &err);
    REQUIRE(ec == EC_OK || ec == EC_LIMIT);
    kube_lines_done(&l);
    json_done(&r->json);
    return ec;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0)
        return 0;
    struct str stream = {(const char *)data + 1, size - 1};
    struct reading whole, pieces;
    enum ec a = read_stream(&whole, stream, stream.n + 1);
    enum ec b = read_stream(&pieces, stream, data[0] % 64 + 1u);
    REQUIRE(a == b);
    REQUIRE(str_eq(buf_view(&whole.lines), buf_view(&pieces.lines)));
    buf_done(&whole.lines);
    buf_done(&pieces.lines);
    return 0;
}
