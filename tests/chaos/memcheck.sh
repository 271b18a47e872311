#!/usr/bin/env bash
# The other scripts in short form, with the daemon under valgrind: nothing is read that was not written,
# nothing is lost.
#   memcheck.sh [SCRIPT...]     by their names without ending; all of them
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
command -v valgrind >/dev/null || { echo "memcheck.sh: valgrind is not installed"; exit 2; }
[ $# -gt 0 ] || set -- rules tls clients output clock
logs=$(mktemp -d "${TMPDIR:-/tmp}/pullgate-memcheck.XXXXXX")
trap 'rm -rf "$logs"' EXIT
# The exit status tells of errors. The sandbox has no room for valgrind's own system calls.
export PULLGATE_WRAP="valgrind --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite \
    --track-origins=no --log-file=$logs/%p" PULLGATE_NO_SANDBOX=true CHAOS_SHORT=1 CHAOS_RSS=no
bad=0
for script in "$@"; do
    bash "$here/$script.sh" || bad=1
done
for file in "$logs"/*; do
    [ -s "$file" ] && bad=1 && head -n 60 "$file"
done
[ -e "$file" ] || { echo "memcheck.sh: valgrind ran nothing"; bad=1; }
exit $bad
