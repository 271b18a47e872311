#!/usr/bin/env bash
# Writes what is made from other files: the PrometheusRule of deploy/kustomize, the chart's copies of deploy/monitoring
# and its table of values, and tests/deploy/expected. Look at the difference before you commit it.
set -eu
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cp "$here"/../../deploy/monitoring/{prometheus-rules.yaml,dashboard.json} "$here/../../deploy/helm/pullgate/files"
"$here/values_table.py" "$here/../../deploy/helm/pullgate" --write
"$here/rules.sh" >"$here/../../deploy/kustomize/components/monitoring/prometheusrule.yaml"
rm -f "$here"/expected/*.yaml
"$here/build.sh" "$here/expected"
