#!/usr/bin/env bash
# One expression for ctest out of its parts, each of which matches a test: one that matches none is
# misspelt, or what it named is gone, and what it was for is not run.
#
#   filters.sh BUILD_DIR OPTION PART...     OPTION: -R or -E (names), -L or -LE (labels)
#
# Prints (PART|PART...). Exit status 1: a part matches nothing; each is named on standard error.
set -u
build=$1 option=$2
shift 2
status=0
look=${option/E/}  # what -LE and -E leave out, -L and -R find
[[ $look != - ]] || look=-R
for part in "$@"; do
    [[ $(ctest --test-dir "$build" -N "$look" "$part" 2>&1) =~ 'Total Tests: '[1-9] ]] && continue
    echo "filters.sh: $option $part matches no test of $build" >&2
    status=1
done
(IFS='|' && echo "($*)")
exit $status
