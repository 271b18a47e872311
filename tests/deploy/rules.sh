#!/usr/bin/env bash
# The PrometheusRule of deploy/kustomize, made from Prometheus' own form of the rules.
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 2
cat <<'HEAD'
# Made from deploy/monitoring/prometheus-rules.yaml by tests/deploy/bless.sh; change it there.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: pullgate
  namespace: pullgate
  labels: {app.kubernetes.io/name: pullgate}
spec:
HEAD
sed '1,/^groups:/{/^#/d}; s/^./  &/' deploy/monitoring/prometheus-rules.yaml
