#include "object/inputs.h"

#include "base/file.h"
#include "base/mem.h"
#include "object/ignore.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FOLDER_DEPTH_MAX = 32 };

struct folder {
    dev_t dev;
    ino_t ino;
};

struct search {
    struct object_inputs *out;
    const struct object_inputs_filter *filter;
    struct object_ignore excluded,
        ignored; /* --exclude; lines of the folders on the way here */
    size_t operand;
    bool in_folder;
    struct folder
        *seen; /* folders of this operand: links may lead to one again, or in circles */
    size_t n_seen, cap_seen;
    struct err *err;
};

bool object_inputs_is_manifest(struct str name) {
    return str_ends(name, STR(".yaml")) || str_ends(name, STR(".yml")) ||
           str_ends(name, STR(".json"));
}

bool object_inputs_is_suite(struct str name) {
    return str_ends(name, STR(".test.yaml"));
}

static int is_shown(const struct dirent *entry) {
    return entry->d_name[0] != '.';
}

static int by_bytes(const struct dirent **a, const struct dirent **b) {
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void no_memory(struct search *s) {
    err_set(s->err, EC_NOMEM, "out of memory");
}

static void add_found(struct search *s, const char *path, int os) {
    struct object_inputs *in = s->out;
    if (in->n == in->cap) {
        size_t cap = in->cap ? in->cap * 2 : 64;
        struct object_input *more = mem_realloc(in->v, mem_array_bytes(cap, sizeof *more));
        if (more == NULL) {
            no_memory(s);
            return;
        }
        in->v = more;
        in->cap = cap;
    }
    in->v[in->n++] = (struct object_input){
        .path = path, .operand = s->operand, .found = s->in_folder, .os = os};
}

/* "folder/name" with its NUL; NULL without memory. */
static const char *join_path(struct search *s, const char *folder, const char *name) {
    size_t a = strlen(folder), b = strlen(name);
    bool slash = a != 0 && folder[a - 1] == '/';
    char *path = arena_alloc(&s->out->paths, a + b + 2);
    if (path == NULL) {
        no_memory(s);
        return NULL;
    }
    memcpy(path, folder, a);
    path[a] = '/';
    memcpy(path + a + !slash, name, b + 1);
    return path;
}

/* Notes the folder; false if it was noted before, or cannot be. */
static bool is_new(struct search *s, const struct stat *st) {
    for (size_t i = 0; i < s->n_seen; i++)
        if (s->seen[i].dev == st->st_dev && s->seen[i].ino == st->st_ino)
            return false;
    if (s->n_seen == s->cap_seen) {
        size_t cap = s->cap_seen ? s->cap_seen * 2 : 64;
        struct folder *more = mem_realloc(s->seen, mem_array_bytes(cap, sizeof *more));
        if (more == NULL) {
            no_memory(s);
            return false;
        }
        s->seen = more;
        s->cap_seen = cap;
    }
    s->seen[s->n_seen++] = (struct folder){.dev = st->st_dev, .ino = st->st_ino};
    return true;
}

/* ---- what is left out ---------------------------------------------------------------- */

/* The command line has the last word. */
static bool is_out(const struct search *s, const char *path, bool is_folder) {
    return object_ignore_says(&s->excluded, str_of(path), is_folder) > 0 ||
           object_ignore_says(&s->ignored, str_of(path), is_folder) > 0;
}

/* Bytes of a path before the names of what is in the folder. */
static size_t base_of(const char *folder) {
    size_t n = strlen(folder);
    return n != 0 && folder[n - 1] == '/' ? n : n + 1;
}

/* A .pullgateignore that cannot be read is reported like a folder that cannot be. */
static void read_ignore_file(struct search *s, const char *folder) {
    struct buf text = BUF_INIT(OBJECT_IGNORE_FILE_MAX + 1);
    struct err err = ERR_INIT;
    const char *path =
        s->filter->ignore_files ? join_path(s, folder, OBJECT_IGNORE_FILE) : NULL;
    if (path != NULL && access(path, F_OK) == 0) {
        if (file_read(&text, path, OBJECT_IGNORE_FILE_MAX, &err) == EC_OK)
            (void)!object_ignore_add_lines(&s->ignored, buf_view(&text), base_of(folder),
                                           s->err);
        else
            add_found(s, path, err.os ? err.os : EFBIG);
    }
    buf_done(&text);
}

static void read_excluded(struct search *s, const char *folder) {
    const struct opt_list *globs = s->filter->exclude;
    object_ignore_cut(&s->excluded, 0);
    for (size_t i = 0; globs != NULL && i < globs->n && s->err->code == EC_OK; i++)
        (void)!object_ignore_add(&s->excluded, str_of(globs->v[i]), base_of(folder), s->err);
}

/* ---- folders ------------------------------------------------------------------------- */

static void search_folder(struct search *s, const char *path, const struct stat *st,
                          unsigned depth);

/* Only regular files of a folder count, no FIFO or device. A link to nothing is reported when it is
 * read. */
static void take_entry(struct search *s, const char *path, const char *name, unsigned depth) {
    struct stat st;
    bool exists = stat(path, &st) == 0, is_folder = exists && S_ISDIR(st.st_mode);
    if (is_out(s, path, is_folder))
        return;
    if (is_folder)
        search_folder(s, path, &st, depth);
    else if ((!exists || S_ISREG(st.st_mode)) && s->filter->wanted(str_of(name)))
        add_found(s, path, 0);
}

static void search_folder(struct search *s, const char *path, const struct stat *st,
                          unsigned depth) {
    struct dirent **entries = NULL;
    size_t outer = s->ignored.n;
    if (!is_new(s, st))
        return;
    int n = depth < FOLDER_DEPTH_MAX ? scandir(path, &entries, is_shown, by_bytes) : -1;
    if (n < 0) {
        add_found(s, path, depth < FOLDER_DEPTH_MAX ? errno : ELOOP);
        return;
    }
    read_ignore_file(s, path);
    for (int i = 0; i < n; i++) {
        const char *child =
            s->err->code == EC_OK ? join_path(s, path, entries[i]->d_name) : NULL;
        if (child != NULL)
            take_entry(s, child, entries[i]->d_name, depth + 1);
        free(entries[i]);
    }
    free(entries);
    object_ignore_cut(&s->ignored, outer);
}

static void take_operand(struct search *s, const char *path) {
    struct stat st;
    s->in_folder = stat(path, &st) == 0 && S_ISDIR(st.st_mode);
    s->n_seen = 0;
    if (!s->in_folder) {
        add_found(s, path, 0);
        return;
    }
    read_excluded(s, path);
    search_folder(s, path, &st, 0);
}

enum ec object_inputs_find(struct object_inputs *out, char *const *operands, size_t n,
                           const struct object_inputs_filter *filter, struct err *err) {
    *out = (struct object_inputs){.paths = ARENA_INIT(16 << 10, (size_t)1 << 30)};
    struct search s = {.out = out,
                       .filter = filter,
                       .excluded = OBJECT_IGNORE_INIT,
                       .ignored = OBJECT_IGNORE_INIT,
                       .err = err};
    for (s.operand = 0; s.operand < n && err->code == EC_OK; s.operand++)
        take_operand(&s, operands[s.operand]);
    mem_free(s.seen);
    object_ignore_done(&s.excluded);
    object_ignore_done(&s.ignored);
    return err->code;
}

void object_inputs_done(struct object_inputs *in) {
    mem_free(in->v);
    arena_done(&in->paths);
    *in = (struct object_inputs){.v = NULL};
}

enum ec object_inputs_fail(const struct object_input *in, struct err *err) {
    return err_set_os(err, in->os, "cannot read %s", in->path);
}
