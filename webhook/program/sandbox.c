#include "program/sandbox.h"

#include <errno.h>
#include <seccomp.h>
#include <sys/prctl.h>

/* No execve, no clone, no socket but those that exist, no file is written but by descriptor. */
static const char *const allowed[] = {
    /* requests: sockets, TLS, timers of libmicrohttpd */
    "accept", "accept4", "epoll_create1", "epoll_ctl", "epoll_pwait", "epoll_wait",
    "getpeername", "getsockname", "getsockopt", "ioctl", "poll", "ppoll", "pselect6", "read",
    "readv", "recv", "recvfrom", "recvmsg", "select", "send", "sendfile", "sendmsg", "sendto",
    "setsockopt", "shutdown", "write", "writev", "close", "fcntl", "pread64", "eventfd2",
    /* memory, threads, time */
    "brk", "clock_getres", "clock_gettime", "clock_nanosleep", "futex", "futex_waitv", "getcpu",
    "gettimeofday", "madvise", "membarrier", "mmap", "mprotect", "mremap", "munmap",
    "nanosleep", "restart_syscall", "rseq", "sched_getaffinity", "sched_yield",
    "set_robust_list", "time",
    /* reload: files, folders and their changes */
    "access", "faccessat", "faccessat2", "fstat", "fstatfs", "getdents64", "inotify_add_watch",
    "inotify_rm_watch", "lseek", "newfstatat", "open", "openat", "readlink", "readlinkat",
    "stat", "lstat", "statfs", "statx",
    /* identity, randomness, limits, signals, the end */
    "exit", "exit_group", "getegid", "geteuid", "getgid", "getpid", "getppid", "getrandom",
    "getrusage", "gettid", "getuid", "kill", "prlimit64", "rt_sigaction", "rt_sigpending",
    "rt_sigprocmask", "rt_sigreturn", "rt_sigtimedwait", "sigaltstack", "sysinfo", "tgkill",
    "uname"};

#if defined(PULLGATE_SANITIZED)

enum ec sandbox_enter(enum sandbox_state *out, struct err *err) {
    (void)err;
    (void)allowed;
    *out = SANDBOX_NOT_BUILT;
    return EC_OK;
}

#else

static void release(void *filter) {
    scmp_filter_ctx *ctx = filter;
    if (*ctx != NULL)
        seccomp_release(*ctx);
}

static enum ec allow_all(scmp_filter_ctx filter, struct err *err) {
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++) {
        int call = seccomp_syscall_resolve_name(allowed[i]);
        /* Not every architecture has every call. */
        if (call == __NR_SCMP_ERROR || call < 0)
            continue;
        int os = seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0);
        if (os != 0)
            return err_set_os(err, -os, "seccomp: cannot allow %s", allowed[i]);
    }
    return EC_OK;
}

enum ec sandbox_enter(enum sandbox_state *out, struct err *err) {
    AUTO(release) scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    *out = SANDBOX_ON;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return err_set_os(err, errno, "cannot set no_new_privs");
    if (filter == NULL)
        return err_set(err, EC_NOMEM, "seccomp: no memory for the filter");
    int os = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    if (os == 0 && allow_all(filter, err) != EC_OK)
        return err->code;
    if (os == 0)
        os = seccomp_load(filter);
    return os == 0 ? EC_OK : err_set_os(err, -os, "seccomp: cannot load the filter");
}

#endif
