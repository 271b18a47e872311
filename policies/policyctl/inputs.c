#include "policyctl/inputs.h"

#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { FOLDER_DEPTH_MAX = 32 };

struct folder {
    dev_t dev;
    ino_t ino;
};

struct search {
    struct inputs *out;
    inputs_wanted_fn *wanted;
    size_t operand;
    struct folder
        *seen; /* folders of this operand: links may lead to one again, or in circles */
    size_t n_seen, cap_seen;
    struct err *err;
};

bool inputs_is_manifest(struct str name) {
    return str_ends(name, STR(".yaml")) || str_ends(name, STR(".yml")) ||
           str_ends(name, STR(".json"));
}

bool inputs_is_suite(struct str name) {
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

static void add(struct search *s, const char *path, int os) {
    struct inputs *in = s->out;
    if (in->n == in->cap) {
        size_t cap = in->cap ? in->cap * 2 : 64;
        struct input *more = mem_realloc(in->v, mem_array_bytes(cap, sizeof *more));
        if (more == NULL) {
            no_memory(s);
            return;
        }
        in->v = more;
        in->cap = cap;
    }
    in->v[in->n++] = (struct input){.path = path, .operand = s->operand, .os = os};
}

/* "folder/name" with its NUL; NULL without memory. */
static const char *join(struct search *s, const char *folder, const char *name) {
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

static void search_folder(struct search *s, const char *path, const struct stat *st,
                          unsigned depth);

/* What else stands in a folder (a FIFO, a device) is none of its files. A link to nothing is told of when
 * it is read. */
static void take(struct search *s, const char *path, const char *name, unsigned depth) {
    struct stat st;
    bool exists = stat(path, &st) == 0;
    if (exists && S_ISDIR(st.st_mode))
        search_folder(s, path, &st, depth);
    else if ((!exists || S_ISREG(st.st_mode)) && s->wanted(str_of(name)))
        add(s, path, 0);
}

static void search_folder(struct search *s, const char *path, const struct stat *st,
                          unsigned depth) {
    struct dirent **entries = NULL;
    if (!is_new(s, st))
        return;
    int n = depth < FOLDER_DEPTH_MAX ? scandir(path, &entries, is_shown, by_bytes) : -1;
    if (n < 0) {
        add(s, path, depth < FOLDER_DEPTH_MAX ? errno : ELOOP);
        return;
    }
    for (int i = 0; i < n; i++) {
        const char *child = s->err->code == EC_OK ? join(s, path, entries[i]->d_name) : NULL;
        if (child != NULL)
            take(s, child, entries[i]->d_name, depth + 1);
        free(entries[i]);
    }
    free(entries);
}

enum ec inputs_find(struct inputs *out, char *const *operands, size_t n,
                    inputs_wanted_fn *wanted, struct err *err) {
    *out = (struct inputs){.paths = ARENA_INIT(16 << 10, (size_t)1 << 30)};
    struct search s = {.out = out, .wanted = wanted, .err = err};
    for (size_t i = 0; i < n && err->code == EC_OK; i++) {
        struct stat st;
        s.operand = i;
        if (stat(operands[i], &st) == 0 && S_ISDIR(st.st_mode))
            search_folder(&s, operands[i], &st, 0);
        else
            add(&s, operands[i], 0);
        s.n_seen = 0;
    }
    mem_free(s.seen);
    return err->code;
}

void inputs_done(struct inputs *in) {
    mem_free(in->v);
    arena_done(&in->paths);
    *in = (struct inputs){.v = NULL};
}

enum ec inputs_fail(const struct input *in, struct err *err) {
    return err_set_os(err, in->os, "cannot read %s", in->path);
}
