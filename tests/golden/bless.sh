#!/usr/bin/env bash
# Writes the expected files of all golden cases as the libraries answer now. Read the difference
# before it is committed: what is blessed unread proves nothing.
#
#   tests/golden/bless.sh [BUILD_FOLDER]       build/dev when not given
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=${1:-$here/../../build/dev}
cmake --build "$build" --target test_golden
"$build/bin/test_golden" --bless "$here"
git -C "$here" status --short -- .
