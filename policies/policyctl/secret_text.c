#include "policyctl/secret_text.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { PIECE = 64 << 10 };

char *secret_text_room(struct buf *text, size_t n) {
    size_t cap = text->cap == 0 ? PIECE : text->cap;
    if (text->cap - text->n >= n)
        return text->p + text->n;
    while (cap - text->n < n)
        cap *= 2;
    char *more = cap > SECRET_TEXT_MAX ? NULL : mem_alloc(cap);
    if (more == NULL) {
        text->bad = cap > SECRET_TEXT_MAX ? EC_LIMIT : EC_NOMEM;
        return NULL;
    }
    if (text->n != 0)
        memcpy(more, text->p, text->n);
    if (text->p != NULL)
        explicit_bzero(text->p, text->cap);
    mem_free(text->p);
    text->p = more;
    text->cap = cap;
    return text->p + text->n;
}

void secret_text_done(struct buf *text) {
    if (text->p != NULL)
        explicit_bzero(text->p, text->cap);
    buf_done(text);
}

static enum ec read_all(struct buf *text, int fd, const char *path, struct err *err) {
    for (;;) {
        char *to = secret_text_room(text, PIECE);
        if (to == NULL)
            return err_set(err, (enum ec)text->bad, "%s: no room for it", path);
        ssize_t n = read(fd, to, PIECE);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_set_os(err, errno, "cannot read %s", path);
        if (n == 0)
            return EC_OK;
        text->n += (size_t)n;
    }
}

enum ec secret_text_read(struct buf *text, const char *path, struct err *err) {
    if (strcmp(path, "-") == 0)
        return read_all(text, STDIN_FILENO, "standard input", err);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return err_set_os(err, errno, "cannot open %s", path);
    enum ec ec = read_all(text, fd, path, err);
    close(fd);
    return ec;
}
