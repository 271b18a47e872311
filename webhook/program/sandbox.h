/* program/sandbox - what the daemon gives up once it serves: new privileges, and every system
 * call it does not need (seccomp allow-list; the rest answers EPERM).
 * Note       sanitizers make calls of their own: builds with one run without the filter, and
 *            say so
 * Threads    call once, when all threads run: the filter is set on all of them
 * Source     seccomp(2), libseccomp; prctl(2) PR_SET_NO_NEW_PRIVS                           */
#ifndef PULLGATE_PROGRAM_SANDBOX_H
#define PULLGATE_PROGRAM_SANDBOX_H

#include "base/err.h"

enum sandbox_state { SANDBOX_ON, SANDBOX_NOT_BUILT };

/* Errors: EC_IO (the kernel has no seccomp), EC_NOMEM. */
enum ec sandbox_enter(enum sandbox_state *out, struct err *err) MUST_CHECK;

#endif
