#include "host/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/prctl.h>

/* No execve, no clone, no new sockets (but for a client); files can be opened only for reading. */
static const char *const allowed[] = {
    /* requests: sockets, TLS, timers of libmicrohttpd */
    "accept", "accept4", "epoll_create1", "epoll_ctl", "epoll_pwait", "epoll_wait",
    "getpeername", "getsockname", "getsockopt", "ioctl", "poll", "ppoll", "pselect6", "read",
    "readv", "recv", "recvfrom", "recvmsg", "select", "send", "sendfile", "sendmsg", "sendto",
    "shutdown", "write", "writev", "close", "fcntl", "pread64", "eventfd2",
    /* memory, threads, time */
    "brk", "clock_getres", "clock_gettime", "clock_nanosleep", "futex", "futex_waitv", "getcpu",
    "gettimeofday", "madvise", "membarrier", "mmap", "mprotect", "mremap", "munmap",
    "nanosleep", "restart_syscall", "rseq", "sched_getaffinity", "sched_yield",
    "set_robust_list", "time",
    /* reload: files, folders and their changes */
    "access", "faccessat", "faccessat2", "fstat", "fstatfs", "getdents64", "inotify_add_watch",
    "inotify_rm_watch", "lseek", "newfstatat", "readlink", "readlinkat", "stat", "lstat",
    "statfs", "statx",
    /* identity, randomness, limits, signals, the end */
    "exit", "exit_group", "getegid", "geteuid", "getgid", "getpid", "getppid", "getrandom",
    "getrusage", "gettid", "getuid", "kill", "prlimit64", "rt_sigaction", "rt_sigpending",
    "rt_sigprocmask", "rt_sigreturn", "rt_sigtimedwait", "sigaltstack", "sysinfo", "tgkill",
    "uname"};

/* A client's sockets, and the threads and sockets by which the C library looks up names. clone(2) is for threads
 * alone; clone3(2), whose flags are in memory, is one that the kernel does not have: then clone(2) is taken. */
static const char *const client_calls[] = {"bind",        "connect",  "getpid",
                                           "pipe2",       "sendmmsg", "setsockopt",
                                           "sigaltstack", "socket",   "socketpair"};

/* Socket options other than those of TCP, which are set before. libmicrohttpd 0.9.75 would set TCP_NODELAY
 * again with each answer, to flush corked data; with ENOPROTOOPT it treats the socket as one that is not TCP,
 * and stops setting it. */
enum { TCP_LEVEL = 6 }; /* IPPROTO_TCP */
static const struct {
    enum scmp_compare is_tcp;
    uint32_t action;
} socket_options[] = {{SCMP_CMP_NE, SCMP_ACT_ALLOW},
                      {SCMP_CMP_EQ, SCMP_ACT_ERRNO(ENOPROTOOPT)}};

/* The argument with the flags, for each call that opens a file. */
static const struct {
    const char *call;
    unsigned flags;
} opens[] = {{"open", 1}, {"openat", 2}};

#if defined(PULLGATE_SANITIZED)

enum ec host_sandbox_enter(enum host_sandbox_state *out, enum host_sandbox_kind kind,
                           struct err *err) {
    (void)err;
    (void)kind;
    (void)client_calls, (void)allowed, (void)opens, (void)socket_options;
    *out = HOST_SANDBOX_NOT_BUILT;
    return EC_OK;
}

#else

static void release_filter(void *filter) {
    scmp_filter_ctx *ctx = filter;
    if (*ctx != NULL)
        seccomp_release(*ctx);
}

static enum ec add_filter_rule(scmp_filter_ctx filter, uint32_t action, const char *name,
                               const struct scmp_arg_cmp *where, unsigned n_where,
                               struct err *err) {
    int call = seccomp_syscall_resolve_name(name);
    /* Not every architecture has every call. */
    if (call == __NR_SCMP_ERROR || call < 0)
        return EC_OK;
    int os = seccomp_rule_add_array(filter, action, call, n_where, where);
    return os == 0 ? EC_OK : err_set_os(err, -os, "seccomp: cannot add a rule for %s", name);
}

static enum ec allow(scmp_filter_ctx filter, const char *const calls[], size_t n,
                     struct err *err) {
    for (size_t i = 0; i < n; i++)
        if (add_filter_rule(filter, SCMP_ACT_ALLOW, calls[i], NULL, 0, err) != EC_OK)
            return err->code;
    return EC_OK;
}

static enum ec allow_client(scmp_filter_ctx filter, struct err *err) {
    const struct scmp_arg_cmp thread = {
        .arg = 0, .op = SCMP_CMP_MASKED_EQ, .datum_a = CLONE_THREAD, .datum_b = CLONE_THREAD};
    if (allow(filter, client_calls, sizeof client_calls / sizeof *client_calls, err) != EC_OK ||
        add_filter_rule(filter, SCMP_ACT_ALLOW, "clone", &thread, 1, err) != EC_OK)
        return err->code;
    return add_filter_rule(filter, SCMP_ACT_ERRNO(ENOSYS), "clone3", NULL, 0, err);
}

static enum ec allow_server(scmp_filter_ctx filter, struct err *err) {
    for (size_t i = 0; i < sizeof socket_options / sizeof *socket_options; i++) {
        const struct scmp_arg_cmp level = {
            .arg = 1, .op = socket_options[i].is_tcp, .datum_a = TCP_LEVEL};
        if (add_filter_rule(filter, socket_options[i].action, "setsockopt", &level, 1, err) !=
            EC_OK)
            return err->code;
    }
    return EC_OK;
}

static enum ec allow_all(scmp_filter_ctx filter, enum host_sandbox_kind kind, struct err *err) {
    if (allow(filter, allowed, sizeof allowed / sizeof *allowed, err) != EC_OK)
        return err->code;
    for (size_t i = 0; i < sizeof opens / sizeof *opens; i++) {
        const struct scmp_arg_cmp reads = {.arg = opens[i].flags,
                                           .op = SCMP_CMP_MASKED_EQ,
                                           .datum_a = O_ACCMODE | O_CREAT,
                                           .datum_b = O_RDONLY};
        if (add_filter_rule(filter, SCMP_ACT_ALLOW, opens[i].call, &reads, 1, err) != EC_OK)
            return err->code;
    }
    return kind == HOST_SANDBOX_CLIENT ? allow_client(filter, err) : allow_server(filter, err);
}

enum ec host_sandbox_enter(enum host_sandbox_state *out, enum host_sandbox_kind kind,
                           struct err *err) {
    AUTO(release_filter) scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    *out = HOST_SANDBOX_ON;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return err_set_os(err, errno, "cannot set no_new_privs");
    if (filter == NULL)
        return err_set(err, EC_NOMEM, "seccomp: no memory for the filter");
    int os = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    if (os == 0 && allow_all(filter, kind, err) != EC_OK)
        return err->code;
    if (os == 0)
        os = seccomp_load(filter);
    return os == 0 ? EC_OK : err_set_os(err, -os, "seccomp: cannot load the filter");
}

#endif
