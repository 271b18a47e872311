#!/usr/bin/env bash
# Builds every overlay as `kubectl apply -k` would, with stand-ins for certificates, dashboard and alerts.
#   build.sh OUT_DIR [OVERLAY...]     TLS: a folder of real certificates in place of the stand-ins
set -eu
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
deploy=$here/../../deploy
out=$1
shift
kubectl=$(BUILD=$here/../../build "$here/../cluster/tools.sh" kubectl)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# A copy, since the certificates would lie in the tree.
cp -r "$deploy" "$work/deploy"
rm -rf "$work/deploy/kustomize/components/self-managed/tls"
cp -r "${TLS:-$here/tls}" "$work/deploy/kustomize/components/self-managed/tls"
echo '{"stands for": "dashboard.json"}' >"$work/deploy/monitoring/dashboard.json"
sed -i '/^spec:/,$c spec: {groups: []}' "$work/deploy/kustomize/components/monitoring/prometheusrule.yaml"
cd "$work/deploy/kustomize/overlays"
[ $# -gt 0 ] || set -- *
for overlay; do
    "$kubectl" kustomize "$overlay" >"$out/$overlay.yaml"
done
