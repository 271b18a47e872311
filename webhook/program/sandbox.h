/* program/sandbox - restrictions once the daemon serves: no new privileges, and only the system calls
 * that it needs (seccomp allow-list; all others fail with EPERM).
 * Note       sanitizers make calls of their own: builds with one run without the filter, and log that
 * Threads    call once, when all threads run: the filter applies to all of them
 * Source     seccomp(2), libseccomp; prctl(2) PR_SET_NO_NEW_PRIVS                           */
#ifndef PULLGATE_PROGRAM_SANDBOX_H
#define PULLGATE_PROGRAM_SANDBOX_H

#include "base/err.h"

enum sandbox_state { SANDBOX_ON, SANDBOX_NOT_BUILT };

/* Errors: EC_IO (the kernel has no seccomp), EC_NOMEM. */
enum ec sandbox_enter(enum sandbox_state *out, struct err *err) MUST_CHECK;

#endif
