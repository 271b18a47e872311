#include "rules/files.h"

#include "base/file.h"
#include "base/mem.h"
#include "rules/rules.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { PATH_BYTES_MAX = 8192, TRIES = 5 };

void rules_files_done(struct rules_files *f) {
    for (size_t i = 0; i < f->n; i++) {
        buf_done(&f->v[i].bytes);
        mem_free(f->v[i].path);
    }
    mem_free(f->v);
    *f = (struct rules_files){.v = NULL};
}

/* ---- one file ---------------------------------------------------------------------------- */

static enum ec grow_files(struct rules_files *f, struct err *err) {
    if (f->n < f->cap)
        return EC_OK;
    size_t cap = f->cap != 0 ? 2 * f->cap : 8;
    struct rules_file_text *v = mem_realloc(f->v, mem_array_bytes(cap, sizeof *v));
    if (v == NULL)
        return err_set(err, EC_NOMEM, "out of memory");
    f->v = v;
    f->cap = cap;
    return EC_OK;
}

static enum ec add_file(struct rules_files *f, struct str path, struct err *err) {
    if (grow_files(f, err) != EC_OK)
        return err->code;
    char *copy = mem_strdup(path);
    if (copy == NULL)
        return err_set(err, EC_NOMEM, "out of memory");
    f->v[f->n++] = (struct rules_file_text){
        .name = str_of(copy),
        .path = copy,
        .bytes = BUF_INIT(RULES_FILE_MAX + (1 << 20)), /* file_read asks for room ahead */
    };
    return EC_OK;
}

static enum ec read_texts(struct rules_files *f, bool pipes, struct err *err) {
    size_t total = 0;
    for (size_t i = 0; i < f->n; i++) {
        struct rules_file_text *file = &f->v[i];
        enum ec ec =
            (pipes ? file_read_any : file_read)(&file->bytes, file->path, RULES_FILE_MAX, err);
        if (ec != EC_OK)
            return ec;
        file->text = buf_view(&file->bytes);
        total += file->text.n;
        if (total > FILES_BYTES_MAX)
            return err_set(err, EC_LIMIT, "the rule files have more than the %d bytes allowed",
                           FILES_BYTES_MAX);
    }
    return EC_OK;
}

/* ---- a folder ---------------------------------------------------------------------------- */

static void close_dirp(DIR **dir) {
    if (*dir != NULL)
        closedir(*dir);
}

static bool is_rule_file(struct str name) {
    return !str_starts(name, STR(".")) &&
           (str_ends(name, STR(".yaml")) || str_ends(name, STR(".yml")) ||
            str_ends(name, STR(".json")));
}

/* What cannot be examined is left to file_read, which reports why. */
static bool is_folder(const char *path) {
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static enum ec add_entry(struct rules_files *f, const char *folder, struct str name,
                         struct err *err) {
    struct buf path = BUF_INIT(PATH_BYTES_MAX);
    struct str parent = str_of(folder);
    buf_str(&path, parent);
    if (!str_ends(parent, STR("/")))
        buf_putc(&path, '/');
    buf_str(&path, name);
    const char *z = buf_z(&path);
    enum ec ec = EC_OK;
    if (z == NULL)
        ec = err_set(err, (enum ec)path.bad, "no room for the path of a rule file");
    else if (f->n == FILES_MAX)
        ec = err_set(err, EC_LIMIT, "%s has more than the %d rule files allowed", folder,
                     FILES_MAX);
    else if (!is_folder(z))
        ec = add_file(f, buf_view(&path), err);
    buf_done(&path);
    return ec;
}

static int compare_file_names(const void *a, const void *b) {
    return str_cmp(((const struct rules_file_text *)a)->name,
                   ((const struct rules_file_text *)b)->name);
}

static enum ec list_folder(struct rules_files *f, const char *folder, struct err *err) {
    AUTO(close_dirp) DIR *dir = opendir(folder);
    if (dir == NULL)
        return err_set_os(err, errno, "cannot open %s", folder);
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(dir);
        if (entry == NULL && errno != 0)
            return err_set_os(err, errno, "cannot read %s", folder);
        if (entry == NULL)
            break;
        struct str name = str_of(entry->d_name);
        if (is_rule_file(name) && add_entry(f, folder, name, err) != EC_OK)
            return err->code;
    }
    if (f->n == 0)
        return err_set(err, EC_SCHEMA,
                       "%s contains no rule files, expected *.yaml, *.yml or *.json", folder);
    qsort(f->v, f->n, sizeof *f->v, compare_file_names);
    return EC_OK;
}

/* A mounted ConfigMap is replaced by switching its link `..data`; the link's current target. */
static void mark(const char *folder, struct stat *out) {
    char path[PATH_BYTES_MAX];
    int n = snprintf(path, sizeof path, "%s/..data", folder);
    if (n < 0 || (size_t)n >= sizeof path || stat(path, out) != 0)
        memset(out, 0, sizeof *out);
}

static enum ec read_folder(struct rules_files *f, const char *folder, struct err *err) {
    enum ec ec = list_folder(f, folder, err);
    return ec != EC_OK ? ec : read_texts(f, false, err);
}

/* A mix of two generations is not a policy: read again when the link was switched meanwhile. */
static enum ec read_stable_folder(struct rules_files *f, const char *folder, struct err *err) {
    for (int i = 0; i < TRIES; i++) {
        struct stat before, after;
        struct err why = ERR_INIT;
        mark(folder, &before);
        enum ec ec = read_folder(f, folder, &why);
        mark(folder, &after);
        if (before.st_ino == after.st_ino && before.st_dev == after.st_dev) {
            *err = why;
            return ec;
        }
        rules_files_done(f);
    }
    return err_set(err, EC_IO, "%s changes faster than it can be read", folder);
}

enum ec rules_read_files(struct rules_files *out, const char *path, bool pipes,
                         struct err *err) {
    if (is_folder(path))
        return read_stable_folder(out, path, err);
    enum ec ec = add_file(out, str_of(path), err);
    return ec != EC_OK ? ec : read_texts(out, pipes, err);
}
