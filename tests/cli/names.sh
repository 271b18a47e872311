#!/usr/bin/env bash
# Names that others choose (files, objects, rules, cases, certificates, options), through every verb and
# format: what is printed commands no terminal and no CI system, and documents give the names back.
. "$(dirname "$0")/lib.sh"
cd "$work" || exit 1
check "hostile names" python3 "$tests/cli/names.py" "$POLICYCTL" "$PULLGATE"
finish
