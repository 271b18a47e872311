#include "host/watch.h"

#include "base/mem.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

static const uint32_t interesting = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_TO |
                                    IN_MOVED_FROM | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF;

/* ---- fingerprints -------------------------------------------------------------------------
 */

static uint64_t mix(uint64_t h, uint64_t v) {
    h = (h ^ v) * UINT64_C(0x9e3779b97f4a7c15);
    return h ^ h >> 29;
}

static uint64_t mix_stat(uint64_t h, const struct stat *st) {
    h = mix(h, (uint64_t)st->st_dev);
    h = mix(h, (uint64_t)st->st_ino);
    h = mix(h, (uint64_t)st->st_size);
    h = mix(h, (uint64_t)st->st_mtim.tv_sec);
    return mix(h, (uint64_t)st->st_mtim.tv_nsec);
}

static uint64_t mix_name(uint64_t h, const char *name) {
    for (; *name != '\0'; name++)
        h = mix(h, (unsigned char)*name);
    return h;
}

/* Entries in any order: their marks are added up. */
static uint64_t folder_mark(const char *path) {
    uint64_t sum = 0;
    DIR *dir = opendir(path);
    if (dir == NULL)
        return 1;
    for (const struct dirent *e; (e = readdir(dir)) != NULL;) {
        struct stat st;
        if (e->d_name[0] != '.' && fstatat(dirfd(dir), e->d_name, &st, 0) == 0)
            sum += mix_name(mix_stat(0, &st), e->d_name);
    }
    closedir(dir);
    return sum;
}

static uint64_t fingerprint(const char *path) {
    struct stat st;
    if (path == NULL || *path == '\0')
        return 0;
    if (stat(path, &st) != 0)
        return 1; /* a missing file is a state as well */
    if (S_ISDIR(st.st_mode))
        return mix(folder_mark(path), (uint64_t)st.st_ino);
    return mix_stat(0, &st);
}

/* ---- inotify ------------------------------------------------------------------------------
 */

static void add_folder(const struct host_watch *w, const char *folder) {
    /* Best effort: the poll covers the rest. Adding a folder again makes no second watch. */
    (void)inotify_add_watch(w->inotify, folder, interesting);
}

static void add_parent(const struct host_watch *w, const char *path) {
    const char *slash = strrchr(path, '/');
    size_t n = slash == NULL ? 0 : slash == path ? 1 : (size_t)(slash - path);
    AUTO(mem_freep) char *folder = mem_strdup(n ? (struct str){path, n} : STR("."));
    if (folder != NULL)
        add_folder(w, folder);
}

/* Folders may be replaced by others of the same name: called again after each change. */
static void add_all(const struct host_watch *w) {
    for (size_t i = 0; i < w->n && w->inotify >= 0; i++) {
        struct stat st;
        if (w->paths[i] == NULL || w->paths[i][0] == '\0')
            continue;
        add_parent(w, w->paths[i]);
        if (stat(w->paths[i], &st) == 0 && S_ISDIR(st.st_mode))
            add_folder(w, w->paths[i]);
    }
}

static void take_events(const struct host_watch *w) {
    char events[4096];
    if (w->inotify < 0)
        return;
    while (read(w->inotify, events, sizeof events) > 0)
        continue;
}

void host_watch_open(struct host_watch *w, const char *const *paths, size_t n) {
    *w = (struct host_watch){.inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC)};
    w->n = n < HOST_WATCH_MAX ? n : HOST_WATCH_MAX;
    for (size_t i = 0; i < w->n; i++)
        w->paths[i] = paths[i];
    add_all(w);
    for (size_t i = 0; i < w->n; i++)
        w->seen[i] = fingerprint(w->paths[i]);
}

void host_watch_close(struct host_watch *w) {
    if (w->inotify >= 0)
        close(w->inotify);
    w->inotify = -1;
}

unsigned host_watch_changed(struct host_watch *w) {
    unsigned changed = 0;
    take_events(w);
    for (size_t i = 0; i < w->n; i++) {
        uint64_t now = fingerprint(w->paths[i]);
        if (now == w->seen[i])
            continue;
        w->seen[i] = now;
        changed |= 1u << i;
    }
    if (changed != 0)
        add_all(w);
    return changed;
}
