#!/usr/bin/env bash
# The commands of deploy/README.md, one after the other, against a real kube-apiserver: guide_env.sh says what is
# played. They run in a copy of the tree, since they write certificates.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

start_cluster
export GUIDE=$work/guide REAL_KUBECTL=$kubectl CLUSTER=$here PULLGATE PORT
PORT=$(free_port)
mkdir -p "$GUIDE" "$work/tree/build"
cp "$work/kubeconfig" "$GUIDE"
(cd "$top" && cp -r deploy policies tests "$work/tree") || die "no copy of the tree"
rm -rf "$work/tree/deploy/kustomize/components/self-managed/tls"

# Commands of kustomize need a kubectl of 1.27 or later, which is in no Debian 12.
NEW_KUBECTL=$(command -v kubectl || true)
export NEW_KUBECTL
guide=$work/tree/deploy/README.md
if ! "${NEW_KUBECTL:-false}" kustomize "$work/tree/deploy/kustomize/base" >/dev/null 2>&1; then
    say "not run here, without a kubectl of 1.27 or later: section 4 (tests/cluster/manifests.sh has its objects)"
    sed -i '/^## 4\. /,/^## 5\. /{/^## 5\. /!d}' "$guide"
fi
cd "$work/tree" || exit 2
out=$("$top/tests/readme/commands.sh" --with "$here/guide_env.sh" --tries 50 "$(dirname "$POLICYCTL")" deploy/README.md)
status=$?
echo "$out"
is "commands: exit status" "$status" 0
[ -e "$GUIDE/pid" ] && pids[guide]=$(cat "$GUIDE/pid")
is "the last rules were good" "$(jq -r 'select(.event | startswith("rules_")) | .event' "$GUIDE/log" | tail -1)" rules_loaded
is "so was each certificate" "$(grep -c certificate_kept "$GUIDE/log")" 0
finish
