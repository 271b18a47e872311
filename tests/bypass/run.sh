#!/usr/bin/env bash
# The corpus of bypass attempts, expanded into golden cases and asked
#
#   run.sh library     the libraries; their answers are held against what the rows say must come
#   run.sh cli         policyctl review, which has to answer with the same bytes
#   run.sh https       the daemon over HTTPS, likewise
#
# Needs TEST_GOLDEN (the harness of tests/golden), POLICYCTL and PULLGATE.
set -u
here=$(cd "$(dirname "$0")" && pwd)
out=$(mktemp -d "${TMPDIR:-/tmp}/pullgate-bypass.XXXXXX")
trap 'rm -rf "$out"' EXIT

/usr/bin/python3 -B "$here/expand.py" "$out" || exit 1
"$TEST_GOLDEN" --bless "$out" || exit 1
case ${1:-} in
library) /usr/bin/python3 -B "$here/check.py" "$out" ;;
cli) bash "$here/../golden/cli.sh" "$out" ;;
https) bash "$here/../golden/https.sh" "$out" ;;
*)
    echo "run.sh: \"${1:-}\" is not one of library, cli, https" >&2
    exit 2
    ;;
esac
