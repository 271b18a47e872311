#!/usr/bin/env bash
# Writes tests/deploy/expected anew from deploy/kustomize. Look at the difference before you commit it.
set -eu
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
rm -f "$here"/expected/*.yaml
"$here/build.sh" "$here/expected"
"$here/inputs.sh" >"$here/expected/inputs.sha256"
