/* program/daemon - the life of the daemon: load, listen, reload, drain.
 * Signals    TERM and INT drain (a second one ends at once), HUP reloads rules and certificate,
 *            PIPE is ignored
 * Exit       0 after a drain; 2 for unusable options, files or addresses; 70 for a bug */
#ifndef PULLGATE_PROGRAM_DAEMON_H
#define PULLGATE_PROGRAM_DAEMON_H

#include "program/options.h"

int daemon_run(const struct options *options);

#endif
