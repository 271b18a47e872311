#include "program/cgroup.h"

#include "base/file.h"

enum {
    LIST_MAX_BYTES = 64 * 1024,
    NUMBER_MAX_BYTES = 256,
    PATH_MAX_BYTES = 4096,
    READ_ROOM = 64 * 1024 /* file_read() needs more room than the size of the file */
};

/* In version 1, no limit is a number near 2^63. */
#define NO_LIMIT (UINT64_C(1) << 60)

/* Mount points of the hierarchies with a memory controller, and the names of their limits. */
static const struct {
    struct str controller; /* in the second field of a line; empty: version 2 */
    const char *mount, *file;
} hierarchies[] = {{STR_INIT(""), "/sys/fs/cgroup", "memory.max"},
                   {STR_INIT(""), "/sys/fs/cgroup/unified", "memory.max"},
                   {STR_INIT("memory"), "/sys/fs/cgroup/memory", "memory.limit_in_bytes"}};

static bool read_number(const char *path, uint64_t *out) {
    struct err err = ERR_INIT;
    struct buf text = BUF_INIT(READ_ROOM + NUMBER_MAX_BYTES);
    bool good = file_read(&text, path, NUMBER_MAX_BYTES, &err) == EC_OK;
    struct str number = str_slice(buf_view(&text), 0, str_find(buf_view(&text), '\n'));
    good = good && str_to_uint(number, NO_LIMIT - 1, out);
    buf_done(&text);
    return good;
}

struct lowest {
    bool is;
    uint64_t bytes;
    struct buf *where;
};

static void read_limit(struct lowest *lowest, struct str root, size_t h, struct str group) {
    uint64_t bytes;
    struct buf path = BUF_INIT(PATH_MAX_BYTES);
    buf_str(&path, root);
    buf_puts(&path, hierarchies[h].mount);
    buf_str(&path, group);
    buf_putc(&path, '/');
    buf_puts(&path, hierarchies[h].file);
    const char *z = buf_z(&path);
    if (z != NULL && read_number(z, &bytes) && (!lowest->is || bytes < lowest->bytes)) {
        *lowest = (struct lowest){true, bytes, lowest->where};
        buf_reset(lowest->where);
        buf_puts(lowest->where, z);
    }
    buf_done(&path);
}

/* "/a/b" to "/a", and "/a" to "". */
static struct str parent_group(struct str group) {
    while (group.n > 0 && group.p[group.n - 1] != '/')
        group.n--;
    return str_slice(group, 0, group.n > 0 ? group.n - 1 : 0);
}

/* From the process' own group to the root. A group outside of the mounted tree begins with "/..". */
static void look_upwards(struct lowest *lowest, struct str root, size_t h, struct str group) {
    if (str_starts(group, STR("/..")) || str_eq(group, STR("/")))
        group = STR_NONE;
    for (; group.n != 0; group = parent_group(group))
        read_limit(lowest, root, h, group);
    read_limit(lowest, root, h, STR_NONE);
}

static bool names(struct str controllers, struct str wanted) {
    if (wanted.n == 0)
        return controllers.n == 0;
    while (controllers.n != 0) {
        size_t comma = str_find(controllers, ',');
        if (str_eq(str_slice(controllers, 0, comma), wanted))
            return true;
        controllers = str_slice(controllers, comma + 1, controllers.n);
    }
    return false;
}

/* "4:memory:/kubepods/pod1/c2", or "0::/kubepods/pod1/c2" of version 2. */
static void look_at_line(struct lowest *lowest, struct str root, struct str line) {
    struct str rest = str_slice(line, str_find(line, ':') + 1, line.n);
    size_t colon = str_find(rest, ':');
    struct str controllers = str_slice(rest, 0, colon);
    struct str group = str_slice(rest, colon + 1, rest.n);
    for (size_t h = 0; h < sizeof hierarchies / sizeof *hierarchies; h++)
        if (colon < rest.n && names(controllers, hierarchies[h].controller))
            look_upwards(lowest, root, h, group);
}

bool cgroup_memory_limit(const char *root, uint64_t *bytes, struct buf *where) {
    struct err err = ERR_INIT;
    struct buf path = BUF_INIT(PATH_MAX_BYTES), list = BUF_INIT(LIST_MAX_BYTES + READ_ROOM);
    struct lowest lowest = {.where = where};
    buf_puts(&path, root);
    buf_puts(&path, "/proc/self/cgroup");
    const char *z = buf_z(&path);
    struct str text = STR_NONE;
    if (z != NULL && file_read(&list, z, LIST_MAX_BYTES, &err) == EC_OK)
        text = buf_view(&list);
    while (text.n != 0) {
        size_t end = str_find(text, '\n');
        look_at_line(&lowest, str_of(root), str_slice(text, 0, end));
        text = str_slice(text, end + 1, text.n);
    }
    if (lowest.is)
        *bytes = lowest.bytes;
    buf_done(&path);
    buf_done(&list);
    return lowest.is;
}
