/* How much memory there is, as cgroups and the option say, and how it is divided. */
#include "test.h"

#include "program/cgroup.h"
#include "program/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define MIB (UINT64_C(1) << 20)

/* ---- cgroups: files below a folder that stands for the root ------------------------------- */

static char root[] = "/tmp/pullgate-memory-XXXXXX";

static void put(const char *path, const char *text) {
    char full[512], *slash = full;
    snprintf(full, sizeof full, "%s%s", root, path);
    while ((slash = strchr(slash + 1, '/')) != NULL) {
        *slash = '\0';
        (void)mkdir(full, 0700);
        *slash = '/';
    }
    FILE *f = fopen(full, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

struct file {
    const char *path, *text;
};

static const struct {
    const char *name;
    struct file files[6];
    uint64_t bytes; /* 0: no limit */
    const char *where;
} trees[] = {
    {"nothing", {{NULL, NULL}}, 0, NULL},
    {"version 2, a container of its own",
     {{"/proc/self/cgroup", "0::/\n"}, {"/sys/fs/cgroup/memory.max", "536870912\n"}},
     536870912,
     "/sys/fs/cgroup/memory.max"},
    {"version 2, none",
     {{"/proc/self/cgroup", "0::/\n"}, {"/sys/fs/cgroup/memory.max", "max\n"}},
     0,
     NULL},
    {"version 2, nested: the one around it is lower",
     {{"/proc/self/cgroup", "0::/kubepods/pod1/c2\n"},
      {"/sys/fs/cgroup/kubepods/memory.max", "1073741824\n"},
      {"/sys/fs/cgroup/kubepods/pod1/memory.max", "268435456\n"},
      {"/sys/fs/cgroup/kubepods/pod1/c2/memory.max", "536870912\n"}},
     268435456,
     "/sys/fs/cgroup/kubepods/pod1/memory.max"},
    {"version 2, nested: its own is lowest",
     {{"/proc/self/cgroup", "0::/a/b\n"},
      {"/sys/fs/cgroup/a/memory.max", "max\n"},
      {"/sys/fs/cgroup/a/b/memory.max", "100000000\n"}},
     100000000,
     "/sys/fs/cgroup/a/b/memory.max"},
    {"version 2, a path of the host's that is not there",
     {{"/proc/self/cgroup", "0::/kubepods/pod1/c2\n"},
      {"/sys/fs/cgroup/memory.max", "134217728\n"}},
     134217728,
     "/sys/fs/cgroup/memory.max"},
    {"version 2, outside of what is mounted",
     {{"/proc/self/cgroup", "0::/../../x\n"},
      {"/sys/fs/cgroup/memory.max", "134217728\n"},
      {"/sys/fs/memory.max", "1\n"}},
     134217728,
     "/sys/fs/cgroup/memory.max"},
    {"version 1",
     {{"/proc/self/cgroup", "5:cpu,cpuacct:/x\n4:memory:/docker/c1\n0::/\n"},
      {"/sys/fs/cgroup/memory/docker/c1/memory.limit_in_bytes", "536870912\n"},
      {"/sys/fs/cgroup/memory/x/memory.limit_in_bytes", "1\n"}, /* not the process' group */
      {"/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"}},
     536870912,
     "/sys/fs/cgroup/memory/docker/c1/memory.limit_in_bytes"},
    {"version 1, none",
     {{"/proc/self/cgroup", "4:memory:/\n"},
      {"/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"}},
     0,
     NULL},
    {"version 1, among others in one hierarchy",
     {{"/proc/self/cgroup", "4:cpu,memory:/c1"},
      {"/sys/fs/cgroup/memory/c1/memory.limit_in_bytes", "77777777"}},
     77777777,
     "/sys/fs/cgroup/memory/c1/memory.limit_in_bytes"},
    {"both, as systemd's hybrid has them",
     {{"/proc/self/cgroup", "4:memory:/c1\n0::/c1\n"},
      {"/sys/fs/cgroup/unified/c1/memory.max", "99999999\n"},
      {"/sys/fs/cgroup/memory/c1/memory.limit_in_bytes", "88888888\n"}},
     88888888,
     "/sys/fs/cgroup/memory/c1/memory.limit_in_bytes"},
    {"no number",
     {{"/proc/self/cgroup", "0::/\n"}, {"/sys/fs/cgroup/memory.max", "much\n"}},
     0,
     NULL},
    {"no lines",
     {{"/proc/self/cgroup", "nonsense\n\n4:memory\n"}, {"/sys/fs/cgroup/memory.max", "5\n"}},
     0,
     NULL},
};

/* The file, and the folders that are empty without it. */
static void take_away(const char *path) {
    char full[512];
    snprintf(full, sizeof full, "%s%s", root, path);
    (void)unlink(full);
    for (char *slash; (slash = strrchr(full, '/')) != NULL && slash > full + strlen(root);) {
        *slash = '\0';
        if (rmdir(full) != 0)
            return;
    }
}

static void limits_are_found(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof trees / sizeof *trees; i++) {
        char expected[512] = "";
        struct buf where = BUF_INIT(4096);
        uint64_t bytes = 0;
        for (const struct file *f = trees[i].files; f->path != NULL; f++)
            put(f->path, f->text);
        if (trees[i].where != NULL)
            snprintf(expected, sizeof expected, "%s%s", root, trees[i].where);
        bool found = cgroup_memory_limit(root, &bytes, &where);
        if (found != (trees[i].bytes != 0) || bytes != trees[i].bytes ||
            !str_eq(buf_view(&where), str_of(expected)))
            fail_row("%s: %llu of %.*s", trees[i].name, (unsigned long long)bytes,
                     STR_ARG(buf_view(&where)));
        buf_done(&where);
        for (const struct file *f = trees[i].files; f->path != NULL; f++)
            take_away(f->path);
    }
}

/* ---- division ---------------------------------------------------------------------------- */

static struct options options_of(char **argv, int argc) {
    static char room[1 << 16];
    struct options o = {.policy = NULL};
    struct opt_result result;
    struct err err = ERR_INIT;
    struct buf text = BUF_OVER(room, sizeof room);
    assert_ok(opts_parse(&options_table, &o, argc, argv, &result, &text, &err), &err);
    options_note_given(&o, &result);
    return o;
}

enum { ARGS_MAX = 8 };

static const struct {
    const char *args[ARGS_MAX];
    const char *error; /* NULL: it fits */
} divisions[] = {
    {{"--memory", "512MiB"}, NULL},
    {{"--memory", "512Mi"}, NULL},
    {{"--memory", "1Gi"}, NULL},
    {{"--memory", "64Gi"}, NULL},
    {{"--memory", "256Mi"}, NULL},
    {{"--memory", "128Mi"}, NULL},
    {{"--memory", "128Mi", "--workers", "1"}, NULL},
    {{"--memory", "32Mi"}, "memory: 32 MiB (--memory) is too little for 2 workers"},
    {{"--memory", "512Mi", "--memory-budget", "128Mi"}, NULL},
    {{"--memory", "512Mi", "--memory-budget", "300Mi"}, "--memory-budget"},
    {{"--memory", "512Mi", "--max-nodes", "1000000"}, NULL},
    {{"--memory", "512Mi", "--max-nodes", "100000000"}, "--max-nodes"},
    {{"--memory", "512Mi", "--max-connections", "100000"}, "100000 connections"},
    {{"--memory", "512Mi", "--max-connections", "2000"}, NULL},
    {{"--memory", "512Mi", "--audit-queue", "512Mi"}, "--audit-queue"},
    {{"--memory", "512Mi", "--workers", "256"}, "256 workers"},
    {{"--workers", "256"}, NULL}, /* no one says how much there is */
    {{"--memory-budget", "1Gi"}, NULL},
};

/* The peak of the largest review, as review/ goes about it, and all others' worst case. */
static void check_sum(size_t row, const struct memory_plan *p, const struct options *o) {
    uint64_t nodes = o->max_nodes * 16, arena = o->large.arena_bytes;
    uint64_t reading = nodes + arena;
    uint64_t writing = arena + o->large.patch_bytes + o->large.reply_bytes;
    if (reading > p->parts[MEMORY_LARGE] || writing > p->parts[MEMORY_LARGE] ||
        p->parts[MEMORY_REQUESTS] != o->memory_budget ||
        p->parts[MEMORY_AUDIT] != 2 * o->audit_queue)
        fail_row("row %zu: the parts are not those of the options", row);
    if (p->source != MEMORY_ASSUMED && memory_sum(p) > p->limit_bytes / 4 * 3)
        fail_row("row %zu: %llu of %llu", row, (unsigned long long)memory_sum(p),
                 (unsigned long long)p->limit_bytes);
}

static void the_sum_stays_below(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof divisions / sizeof *divisions; i++) {
        char *argv[ARGS_MAX + 2] = {"pullgate"};
        int argc = 1;
        struct err err = ERR_INIT;
        struct memory_plan plan;
        for (; divisions[i].args[argc - 1] != NULL; argc++)
            argv[argc] = (char *)divisions[i].args[argc - 1];
        struct options o = options_of(argv, argc);
        enum ec ec = memory_divide(&plan, &o, "/nowhere", &err);
        if ((ec == EC_OK) != (divisions[i].error == NULL) ||
            (ec != EC_OK && strstr(err.msg, divisions[i].error) == NULL))
            fail_row("row %zu: %s", i, err.msg);
        if (ec == EC_OK)
            check_sum(i, &plan, &o);
    }
}

static void what_is_given_stays(void **state) {
    (void)state;
    char *argv[] = {"pullgate", "--memory",      "1Gi",    "--memory-budget",
                    "77MiB",    "--max-nodes",   "123456", "--max-connections",
                    "99",       "--audit-queue", "3MiB",   NULL};
    struct err err = ERR_INIT;
    struct memory_plan plan;
    struct options o = options_of(argv, sizeof argv / sizeof *argv - 1);
    assert_ok(memory_divide(&plan, &o, "/nowhere", &err), &err);
    assert_int_equal(o.memory_budget, 77 * MIB);
    assert_int_equal(o.max_nodes, 123456);
    assert_int_equal(o.max_connections, 99);
    assert_int_equal(o.audit_queue, 3 * MIB);
    assert_int_equal(plan.source, MEMORY_OPTION);
}

static void the_container_is_asked(void **state) {
    (void)state;
    char *argv[] = {"pullgate", NULL};
    struct err err = ERR_INIT;
    struct memory_plan plan;
    struct options o = options_of(argv, 1);
    put("/proc/self/cgroup", "0::/\n");
    put("/sys/fs/cgroup/memory.max", "268435456\n");
    assert_ok(memory_divide(&plan, &o, root, &err), &err);
    assert_int_equal(plan.source, MEMORY_CGROUP);
    assert_int_equal(plan.limit_bytes, 256 * MIB);
    put("/sys/fs/cgroup/memory.max", "8388608\n");
    o = options_of(argv, 1);
    assert_int_equal(memory_divide(&plan, &o, root, &err), EC_USAGE);
    assert_non_null(strstr(err.msg, "/sys/fs/cgroup/memory.max"));
    take_away("/proc/self/cgroup");
    take_away("/sys/fs/cgroup/memory.max");
    assert_int_equal(rmdir(root), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limits_are_found),
        cmocka_unit_test(the_sum_stays_below),
        cmocka_unit_test(what_is_given_stays),
        cmocka_unit_test(the_container_is_asked),
    };
    if (mkdtemp(root) == NULL)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
