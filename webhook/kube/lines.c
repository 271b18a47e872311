#include "kube/internal.h"
#include "json/json.h"

enum { FIRST_BYTES = 1024 };

static enum ec make_room(struct kube_bytes *b, size_t n, struct err *err) {
    size_t cap = b->cap == 0 ? FIRST_BYTES : b->cap;
    while (cap < n)
        cap += cap;
    if (cap == b->cap)
        return EC_OK;
    char *p = kube_alloc(cap);
    if (p == NULL)
        return err_set(err, EC_NOMEM, "no memory for %zu bytes of an answer", cap);
    if (b->n != 0)
        memcpy(p, b->p, b->n);
    memset(p + b->n, 0, cap - b->n);
    kube_release(b->p);
    b->p = p;
    b->cap = cap;
    return EC_OK;
}

enum ec kube_bytes_add(struct kube_bytes *b, struct str more, size_t max, struct err *err) {
    if (more.n > max || b->n > max - more.n)
        return err_set(err, EC_LIMIT, "more than %zu bytes", max);
    if (make_room(b, b->n + more.n + JSON_PADDING, err) != EC_OK)
        return err->code;
    if (more.n != 0)
        memcpy(b->p + b->n, more.p, more.n);
    b->n += more.n;
    return EC_OK;
}

void kube_bytes_done(struct kube_bytes *b) {
    kube_release(b->p);
    *b = (struct kube_bytes){.p = NULL};
}

static size_t without_return(const struct kube_bytes *line) {
    return line->n != 0 && line->p[line->n - 1] == '\r' ? line->n - 1 : line->n;
}

enum ec kube_lines_add(struct kube_lines *l, struct str bytes,
                       bool (*fn)(void *arg, char *line, size_t n), void *arg,
                       struct err *err) {
    bool more = true;
    while (more && bytes.n != 0) {
        size_t end = str_find(bytes, '\n');
        bool ends = end < bytes.n;
        if (kube_bytes_add(&l->line, str_slice(bytes, 0, end), l->max, err) != EC_OK)
            return err_wrap(err, "a line");
        bytes = str_slice(bytes, end + 1, bytes.n);
        if (!ends)
            break;
        size_t n = without_return(&l->line);
        l->line.n = 0;
        more = n == 0 || fn(arg, l->line.p, n);
    }
    return EC_OK;
}

void kube_lines_done(struct kube_lines *l) {
    kube_bytes_done(&l->line);
}
