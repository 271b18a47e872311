#include "policyctl/inputs.h"

#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { FOLDER_DEPTH_MAX = 32 };

struct search {
    struct inputs *out;
    inputs_wanted_fn *wanted;
    size_t operand;
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

static bool is_folder(const char *path) {
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
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

static void search_folder(struct search *s, const char *path, unsigned depth) {
    struct dirent **entries = NULL;
    int n = depth < FOLDER_DEPTH_MAX ? scandir(path, &entries, is_shown, by_bytes) : -1;
    if (n < 0) {
        add(s, path, depth < FOLDER_DEPTH_MAX ? errno : ELOOP);
        return;
    }
    for (int i = 0; i < n; i++) {
        const char *child = s->err->code == EC_OK ? join(s, path, entries[i]->d_name) : NULL;
        if (child != NULL && is_folder(child))
            search_folder(s, child, depth + 1);
        else if (child != NULL && s->wanted(str_of(entries[i]->d_name)))
            add(s, child, 0);
        free(entries[i]);
    }
    free(entries);
}

enum ec inputs_find(struct inputs *out, char *const *operands, size_t n,
                    inputs_wanted_fn *wanted, struct err *err) {
    *out = (struct inputs){.paths = ARENA_INIT(16 << 10, (size_t)1 << 30)};
    struct search s = {.out = out, .wanted = wanted, .err = err};
    for (size_t i = 0; i < n && err->code == EC_OK; i++) {
        s.operand = i;
        if (is_folder(operands[i]))
            search_folder(&s, operands[i], 0);
        else
            add(&s, operands[i], 0);
    }
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
