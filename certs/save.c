/* Files that belong together, replaced one directly after the other. */
#include "certs/internal.h"

#include "base/file.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

char *certs_save_path(const char *dir, const char *name) {
    struct buf text = BUF_INIT(8192);
    buf_printf(&text, "%s/%s", dir, name);
    char *path = text.bad ? NULL : mem_strdup(buf_view(&text));
    buf_done(&text);
    return path;
}

void certs_save_unlockp(const int *fd) {
    if (*fd >= 0)
        close(*fd);
}

enum ec certs_save_lock(int *fd, const char *dir, struct err *err) {
    int got = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (got < 0)
        return err_set_os(err, errno, "cannot open %s", dir);
    /* On file systems without locks, concurrent calls are the user's responsibility. */
    if (flock(got, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        close(got);
        return err_set_os(err, EWOULDBLOCK, "%s is being written by another call", dir);
    }
    *fd = got;
    return EC_OK;
}

/* In the order of renaming. ca.crt first: the bundle verifies the leaf next to it at any time.
 * tls.crt last: its key is there already. A crash in between leaves a CA without its key at the head
 * of the bundle, or a pair that does not match; certs_rotate() detects both, and renews.
 */
enum { N_FILES = 4 };
static const struct file {
    const char *name;
    unsigned mode;
    size_t text; /* offset in struct certs_files */
} files[N_FILES] = {{"ca.crt", 0644, offsetof(struct certs_files, ca_crt)},
                    {"ca.key", 0600, offsetof(struct certs_files, ca_key)},
                    {"tls.key", 0600, offsetof(struct certs_files, tls_key)},
                    {"tls.crt", 0644, offsetof(struct certs_files, tls_crt)}};

static struct str text_of(const struct certs_files *f, size_t i) {
    return buf_view((const struct buf *)((const char *)f + files[i].text));
}

/* One file being replaced: temp exists until it is renamed. */
struct replacement {
    char *temp, *path;
};

struct replacements {
    struct replacement of[N_FILES];
};

static void replacements_done(struct replacements *all) {
    for (size_t i = 0; i < N_FILES; i++) {
        struct replacement *one = &all->of[i];
        if (one->temp != NULL)
            unlink(one->temp);
        mem_free(one->temp);
        mem_free(one->path);
    }
}

static enum ec write_temp(int fd, const char *temp, unsigned mode, struct str text,
                          struct err *err) {
    if (fchmod(fd, mode) != 0)
        return err_set_os(err, errno, "cannot set the mode of %s", temp);
    if (file_write_fd(fd, text, err) != EC_OK)
        return err_wrap(err, "%s", temp);
    if (fsync(fd) != 0)
        return err_set_os(err, errno, "cannot sync %s", temp);
    return EC_OK;
}

static enum ec prepare_replacement(struct replacement *one, const char *dir,
                                   const struct file *file, struct str text, struct err *err) {
    char hidden[64];
    snprintf(hidden, sizeof hidden, ".%s.XXXXXX", file->name);
    AUTO(mem_freep) char *temp = certs_save_path(dir, hidden);
    one->path = certs_save_path(dir, file->name);
    if (temp == NULL || one->path == NULL)
        return err_set(err, EC_NOMEM, "out of memory");
    AUTO(certs_save_unlockp) int fd = mkostemp(temp, O_CLOEXEC);
    if (fd < 0)
        return err_set_os(err, errno, "cannot create a file in %s", dir);
    one->temp = temp;
    temp = NULL;
    return write_temp(fd, one->temp, file->mode, text, err);
}

static enum ec commit(struct replacement *one, struct err *err) {
    if (rename(one->temp, one->path) != 0)
        return err_set_os(err, errno, "cannot rename %s to %s", one->temp, one->path);
    mem_free(one->temp);
    one->temp = NULL;
    return EC_OK;
}

static void sync_folder(const char *dir) {
    AUTO(certs_save_unlockp) int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0)
        (void)fsync(fd); /* some file systems cannot; the renames are done anyway */
}

enum ec certs_save_files(const struct certs_files *f, const char *dir, struct err *err) {
    AUTO(replacements_done) struct replacements all = {0};
    for (size_t i = 0; i < N_FILES; i++) {
        struct str text = text_of(f, i);
        if (text.n != 0 && prepare_replacement(&all.of[i], dir, &files[i], text, err) != EC_OK)
            return err->code;
    }
    for (size_t i = 0; i < N_FILES; i++)
        if (all.of[i].temp != NULL && commit(&all.of[i], err) != EC_OK)
            return err->code;
    sync_folder(dir);
    return EC_OK;
}

static enum ec refuse_existing(const char *dir, struct err *err) {
    struct stat st;
    for (size_t i = 0; i < N_FILES; i++) {
        AUTO(mem_freep) char *path = certs_save_path(dir, files[i].name);
        if (path == NULL)
            return err_set(err, EC_NOMEM, "out of memory");
        if (lstat(path, &st) == 0)
            return err_set_os(err, EEXIST, "%s is kept, nothing was written", path);
        if (errno != ENOENT)
            return err_set_os(err, errno, "cannot stat %s", path);
    }
    return EC_OK;
}

enum ec certs_save(const struct certs_files *f, const char *dir, bool force, struct err *err) {
    AUTO(certs_save_unlockp) int lock = -1;
    for (size_t i = 0; i < N_FILES; i++)
        if (text_of(f, i).n == 0)
            return err_set(err, EC_BUG, "%s has no text to be written", files[i].name);
    if (mkdir(dir, 0700) != 0 && errno != EEXIST)
        return err_set_os(err, errno, "cannot make the folder %s", dir);
    if (certs_save_lock(&lock, dir, err) != EC_OK ||
        (!force && refuse_existing(dir, err) != EC_OK))
        return err->code;
    return certs_save_files(f, dir, err);
}
