#!/usr/bin/env bash
# The commands of deploy/README.md, one after the other, with kubectl of 1.36 in a cluster of the same version, in
# which no command finds anything but what the commands before it made. They run in a copy of the tree, since they
# write certificates.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

start_cluster
start_controllers
start_nodes
mkdir -p "$work/bin" "$work/tree/build"
ln -s "$kubectl" "$work/bin/kubectl"
(cd "$top" && cp -r deploy policies tests "$work/tree") || die "no copy of the tree"
rm -rf "$work/tree/deploy/kustomize/components/self-managed/tls"
cd "$work/tree" || exit 2
export KUBECONFIG=$work/kubeconfig PATH=$work/bin:$PATH
out=$("$top/tests/readme/commands.sh" --here --tries 50 "$(dirname "$POLICYCTL")" deploy/README.md)
status=$?
echo "$out"
is "commands: exit status" "$status" 0
# Of every pod that ran, whichever commands it lived through.
is "pods that logged their rules" "$(grep -l '"event":"rules_loaded"' "$work"/node/logs/pullgate_*_pullgate | wc -l)" \
    "$(find "$work/node/logs" -name 'pullgate_*_pullgate' | wc -l)"
is "rules and certificates that were not taken" "$(grep -hE '"event":"(rules_(invalid|kept|error)|certificate_kept)"' "$work"/node/logs/*)" ""
finish
