#!/usr/bin/env bash
# Standard output and error that nobody reads, that are closed or full: decisions go on as promised, and
# SIGTERM ends the daemon.
. "$(dirname "$0")/lib.sh"
rules one.example
