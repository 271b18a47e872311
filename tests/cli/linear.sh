#!/usr/bin/env bash
# Growth of policyctl: twice the files, documents, containers, images, bytes on a line, findings, rules or
# cases cost about twice the steps (steps.c), in every verb and format.
. "$(dirname "$0")/lib.sh"
cd "$work" || exit 1
check "twice the input costs twice the steps" python3 "$tests/cli/linear.py" "${POLICYCTL_STEPS:?policyctl with its steps counted}"
finish
