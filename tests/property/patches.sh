#!/usr/bin/env bash
# Patches of generated reviews, applied by the API server's own library: it makes of each object what patch.c does.
#
#   patches.sh TEST_PROPERTY ORACLES      the built test, and the folder of tests/oracles/build.sh
set -u -o pipefail
work=$(mktemp -d "${TMPDIR:-/tmp}/pullgate-patches.XXXXXX")
trap 'rm -rf "$work"' EXIT
"$1" 400 5000 "$work/patches" && "$2/patch" -compare <"$work/patches"
