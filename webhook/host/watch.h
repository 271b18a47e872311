/* host/watch - changes of files: the rule file or folder, certificate, key, CA.
 * How        inotify on their folders triggers a check; a fingerprint of the result of stat(2) for
 *            each file (device, inode, size, time), symlinks followed, decides. So renames, rewrites
 *            in place and the `..data` swap of a mounted ConfigMap or Secret are all detected, and a
 *            regular poll detects them where inotify does not work (some network file systems)
 * Limits     HOST_WATCH_MAX paths; a folder's entries are checked one level deep
 * Threads    one
 * Source     inotify(7); Kubernetes' AtomicWriter for the layout of mounted volumes         */
#ifndef PULLGATE_HOST_WATCH_H
#define PULLGATE_HOST_WATCH_H

#include "base/err.h"

enum { HOST_WATCH_MAX = 8 };

struct host_watch {
    int inotify; /* descriptor to poll, or -1 */
    const char *paths[HOST_WATCH_MAX];
    uint64_t seen[HOST_WATCH_MAX]; /* fingerprints */
    size_t n;
};

/* Never fails: without inotify there is still host_watch_changed(). Borrows the paths; NULL and ""
 * are left out, their bits stay 0. */
void host_watch_open(struct host_watch *w, const char *const *paths, size_t n);
void host_watch_close(struct host_watch *w);

/* Reads the events of inotify and compares fingerprints: bit i is set when path i changed since the
 * last call (or since host_watch_open). */
unsigned host_watch_changed(struct host_watch *w);

#endif
