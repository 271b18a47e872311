#include "policyctl/operand.h"

#include "base/file.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static bool exists(const char *path, struct stat *st) {
    return stat(path, st) == 0;
}

bool operand_is_folder(const char *path) {
    struct stat st;
    return exists(path, &st) && S_ISDIR(st.st_mode);
}

bool operand_is_file(const char *word) {
    struct stat st;
    struct str s = str_of(word);
    return str_eq(s, STR("-")) || exists(word, &st) || str_ends(s, STR(".yaml")) ||
           str_ends(s, STR(".yml")) || str_ends(s, STR(".json"));
}

/* A file in memory takes the place of standard input. */
static enum ec put_back(struct str bytes, struct err *err) {
    int fd = memfd_create("stdin", MFD_CLOEXEC);
    if (fd < 0)
        return err_set_os(err, errno, "no room for standard input");
    enum ec ec = file_write_fd(fd, bytes, err);
    if (ec == EC_OK && (lseek(fd, 0, SEEK_SET) != 0 || dup2(fd, STDIN_FILENO) < 0))
        ec = err_set_os(err, errno, "no room for standard input");
    close(fd);
    return ec;
}

enum ec operand_read(struct buf *out, const char *path, struct err *err) {
    size_t before = out->n;
    enum ec ec = file_read(out, path, OPERAND_MAX, err);
    if (ec != EC_OK || strcmp(path, "-") != 0)
        return ec;
    return put_back(str_slice(buf_view(out), before, out->n), err);
}

static struct str next_line(struct str text, size_t *at) {
    struct str rest = str_slice(text, *at, text.n);
    size_t end = str_find(rest, '\n');
    *at += end + 1;
    return str_slice(rest, 0, end);
}

static struct str name_of(struct str line) {
    return str_trim(str_slice(line, 0, str_find(line, '#')));
}

static bool is_key(struct str name) {
    for (size_t i = 0; i < name.n; i++)
        if (name.p[i] == ':' &&
            (i + 1 == name.n || name.p[i + 1] == ' ' || name.p[i + 1] == '\t'))
            return true;
    return false;
}

bool operand_is_list(struct str text) {
    struct str trimmed = str_trim(text);
    if (trimmed.n == 0 || trimmed.p[0] == '{' || trimmed.p[0] == '[')
        return false;
    for (size_t at = 0; at < text.n;)
        if (is_key(name_of(next_line(text, &at))))
            return false;
    return true;
}

bool operand_next(struct str text, size_t *at, uint32_t *line, struct str *name) {
    while (*at < text.n) {
        *name = name_of(next_line(text, at));
        (*line)++;
        if (name->n != 0)
            return true;
    }
    return false;
}
