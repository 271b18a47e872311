/* program/cgroup - the memory limit of the process' own cgroup, or of one around it: the lowest.
 * Source     cgroups(7); memory.max of version 2, memory.limit_in_bytes of version 1. In a container
 *            the path in /proc/self/cgroup may be the host's, and only the root of the mount exist:
 *            levels that do not exist are skipped */
#ifndef PULLGATE_PROGRAM_CGROUP_H
#define PULLGATE_PROGRAM_CGROUP_H

#include "base/attrs.h"
#include "base/buf.h"
#include "base/str.h"

/* In   root     prefix of "/proc/self/cgroup" and "/sys/fs/cgroup": "", or a test's folder
 * Out  *bytes, *where (appended: the file of the limit); untouched when there is no limit: false */
bool cgroup_memory_limit(const char *root, uint64_t *bytes, struct buf *where);

#endif
