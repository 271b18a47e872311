/* host/sandbox - restrictions once the daemon serves: no new privileges, and only the system calls
 * that it needs (seccomp allow-list; all others fail with EPERM).
 * Note       sanitizers make calls of their own: builds with one run without the filter, and log that
 * Threads    call once, when all threads run: the filter applies to all of them
 * Source     seccomp(2), libseccomp; prctl(2) PR_SET_NO_NEW_PRIVS                           */
#ifndef PULLGATE_HOST_SANDBOX_H
#define PULLGATE_HOST_SANDBOX_H

#include "base/err.h"

enum host_sandbox_state { HOST_SANDBOX_ON, HOST_SANDBOX_NOT_BUILT };

enum host_sandbox_kind {
    HOST_SANDBOX_SERVER, /* accepts connections, and makes none */
    HOST_SANDBOX_CLIENT  /* makes them as well, and threads that look up names */
};

/* Errors: EC_IO (the kernel has no seccomp), EC_NOMEM. */
enum ec host_sandbox_enter(enum host_sandbox_state *out, enum host_sandbox_kind kind,
                           struct err *err) MUST_CHECK;

#endif
