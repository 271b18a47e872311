/* program/watch - files that may change under us: the rule file or folder, certificate, key, CA.
 * How        inotify on the folders that hold them says "look"; what decides is a fingerprint
 *            of what stat(2) says of each file (device, inode, size, time), symlinks followed.
 *            So renames, rewrites in place and the `..data` swap of a mounted ConfigMap or
 *            Secret are all seen, and a poll now and then sees them where inotify does not work
 *            (some network file systems)
 * Limits     WATCH_MAX paths; a folder's entries are looked at one level deep
 * Threads    one
 * Source     inotify(7); Kubernetes' AtomicWriter for the layout of mounted volumes         */
#ifndef PULLGATE_PROGRAM_WATCH_H
#define PULLGATE_PROGRAM_WATCH_H

#include "base/err.h"

enum { WATCH_MAX = 8 };

struct watch {
    int inotify; /* descriptor to poll, or -1 */
    const char *paths[WATCH_MAX];
    uint64_t seen[WATCH_MAX]; /* fingerprints */
    size_t n;
};

/* Never fails: without inotify there is still watch_changed(). Borrows the paths; NULL and ""
 * are left out, their bits stay 0. */
void watch_open(struct watch *w, const char *const *paths, size_t n);
void watch_close(struct watch *w);

/* Takes what inotify has to say and compares fingerprints: bit i is set when path i changed
 * since the last call (or since watch_open). */
unsigned watch_changed(struct watch *w);

#endif
