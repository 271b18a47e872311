#!/usr/bin/env bash
# Writes what is made from other files: the PrometheusRule of deploy/kustomize, and tests/deploy/expected.
# Look at the difference before you commit it.
set -eu
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
"$here/rules.sh" >"$here/../../deploy/kustomize/components/monitoring/prometheusrule.yaml"
rm -f "$here"/expected/*.yaml
"$here/build.sh" "$here/expected"
