/* imgref/runtimes - what kubelet, containerd and CRI-O make of one reference.
 * Threads    pure functions
 * Source     kubelet pkg/util/parsers; containerd's CRI plugin (ParseDockerRef, then the host of a
 *            URL); CRI-O's containers/image, with its own grammar and short names               */
#ifndef PULLGATE_IMGREF_RUNTIMES_H
#define PULLGATE_IMGREF_RUNTIMES_H

#include "imgref/imgref.h"

/* Three lines: the name of a runtime and the reference that it pulls, or why it refuses it.
 * In   image   the text that *ref was parsed from */
void imgref_print_runtimes(const struct imgref *ref, struct str image, struct buf *out);

#endif
