#include "base/file.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void close_fdp(const int *fd) {
    if (*fd > STDERR_FILENO)
        close(*fd);
}

static enum ec read_all(struct buf *out, int fd, const char *path, size_t max_bytes,
                        struct err *err) {
    enum { PIECE = 64 * 1024 };
    size_t got = 0;
    for (;;) {
        char *to = buf_room(out, PIECE);
        if (to == NULL)
            return err_set(err, (enum ec)out->bad, "%s: no room for the file", path);
        ssize_t n = read(fd, to, PIECE);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_set_os(err, errno, "cannot read %s", path);
        if (n == 0)
            return EC_OK;
        got += (size_t)n;
        if (got > max_bytes)
            return err_set(err, EC_LIMIT, "%s is larger than the %zu bytes allowed", path,
                           max_bytes);
        out->n += (size_t)n;
    }
}

static enum ec read_path(struct buf *out, const char *path, int flags, size_t max_bytes,
                         struct err *err) {
    struct stat st;
    if (strcmp(path, "-") == 0)
        return read_all(out, STDIN_FILENO, "standard input", max_bytes, err);
    AUTO(close_fdp) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | flags);
    if (fd < 0)
        return err_set_os(err, errno, "cannot open %s", path);
    if (fstat(fd, &st) != 0)
        return err_set_os(err, errno, "cannot stat %s", path);
    if (S_ISDIR(st.st_mode))
        return err_set_os(err, EISDIR, "cannot read %s", path);
    if (!S_ISREG(st.st_mode) && (flags & O_NONBLOCK))
        return err_set(err, EC_IO, "cannot read %s: not a regular file", path);
    return read_all(out, fd, path, max_bytes, err);
}

enum ec file_read(struct buf *out, const char *path, size_t max_bytes, struct err *err) {
    /* O_NONBLOCK: opening a FIFO without a writer must not hang. */
    return read_path(out, path, O_NONBLOCK, max_bytes, err);
}

enum ec file_read_any(struct buf *out, const char *path, size_t max_bytes, struct err *err) {
    return read_path(out, path, 0, max_bytes, err);
}

void file_guard_standard(void) {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            (void)!open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

enum ec file_write_fd(int fd, struct str bytes, struct err *err) {
    while (bytes.n != 0) {
        ssize_t n = write(fd, bytes.p, bytes.n);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_set_os(err, errno, "cannot write");
        bytes = str_slice(bytes, (size_t)n, bytes.n);
    }
    return EC_OK;
}

/* Root keeps the owner; the group is kept if the process is a member. Otherwise set-user-ID and
 * set-group-ID bits, which grant the owner's rights, are dropped. */
static unsigned keep_owner(int fd, const char *path, unsigned mode) {
    struct stat old, now;
    if (stat(path, &old) != 0)
        return mode;
    if (fchown(fd, old.st_uid, old.st_gid) != 0)
        (void)!fchown(fd, (uid_t)-1, old.st_gid);
    bool kept = fstat(fd, &now) == 0 && now.st_uid == old.st_uid && now.st_gid == old.st_gid;
    return kept ? mode : mode & 0777;
}

static enum ec write_temp(int fd, const char *temp, unsigned mode, struct str bytes,
                          struct err *err) {
    if (fchmod(fd, mode) != 0)
        return err_set_os(err, errno, "cannot set the mode of %s", temp);
    if (file_write_fd(fd, bytes, err) != EC_OK)
        return err_wrap(err, "%s", temp);
    if (fsync(fd) != 0)
        return err_set_os(err, errno, "cannot sync %s", temp);
    return EC_OK;
}

static void sync_directory_of(const char *path) {
    const char *slash = strrchr(path, '/');
    AUTO(mem_freep)
    char *dir = slash
                    ? mem_strdup((struct str){path, slash == path ? 1 : (size_t)(slash - path)})
                    : mem_strdup(STR("."));
    if (dir == NULL)
        return;
    /* Best effort: some file systems cannot sync a directory, and the rename is done. */
    AUTO(close_fdp) int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0)
        (void)fsync(fd);
}

enum ec file_replace(const char *path, unsigned mode, struct str bytes, struct err *err) {
    struct buf name = BUF_INIT(8192);
    buf_printf(&name, "%s.XXXXXX", path);
    AUTO(mem_freep) char *temp = name.bad ? NULL : mem_strdup(buf_view(&name));
    buf_done(&name);
    if (temp == NULL)
        return err_set(err, EC_NOMEM, "out of memory");
    AUTO(close_fdp) int fd = mkostemp(temp, O_CLOEXEC);
    if (fd < 0)
        return err_set_os(err, errno, "cannot create a file next to %s", path);
    enum ec ec = write_temp(fd, temp, keep_owner(fd, path, mode), bytes, err);
    if (ec == EC_OK && rename(temp, path) != 0)
        ec = err_set_os(err, errno, "cannot rename %s to %s", temp, path);
    if (ec != EC_OK) {
        unlink(temp);
        return ec;
    }
    sync_directory_of(path);
    return EC_OK;
}
