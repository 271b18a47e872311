#!/usr/bin/env bash
# The three ways to install that README.md shows, each as it is written and from nothing: then its webhook answers.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$(dirname "${BASH_SOURCE[0]}")/lib_guide.sh"

# The sh block below a heading of README.md.
block() { # HEADING
    awk -v heading="### $1" '
        /^##/ { here = $0 == heading }
        here && /^```$/ { code = 0 }
        here && code
        here && /^```sh$/ { code = 1 }' "$top/README.md" >"$work/block.sh"
    [ -s "$work/block.sh" ] || die "no sh block below \"$1\" in README.md"
    bash -e "$work/block.sh" >"$work/out" 2>&1 || fail "$1: $(cat "$work/out")"
}

answers() { # WHAT
    k -n pullgate rollout status deployment/pullgate --timeout=60s >/dev/null || fail "$1: no rollout"
    until_true "$1 to be in force" 100 refused_probe
    is "$1: it rewrites" "$(k run x -n airbyte --image=busybox:1 --dry-run=server -o jsonpath='{.spec.containers[0].image}')" \
        ghcr.io/acme-data/busybox:1
}
armed() { k get mutatingwebhookconfiguration pullgate -o jsonpath='{.webhooks[0].failurePolicy}'; }
remove() {
    k delete mutatingwebhookconfiguration,validatingwebhookconfiguration pullgate >/dev/null
    k delete namespace pullgate >/dev/null
}

start_guide
ln -s "$POLICYCTL" "$work/bin/policyctl"
ln -s helm4 "$work/bin/helm"
new_namespace airbyte

say "plain manifests"
policyctl certs init --dir build/tls >/dev/null
policyctl render --image registry.corp.example/platform/pullgate:0.1.0 --policy policies/examples/airbyte.yaml \
    --certs build/tls >build/pullgate.yaml
block "Plain manifests"
answers "plain manifests"
remove

say "kustomize"
block Kustomize
answers kustomize
remove

say "Helm"
block Helm
answers Helm
is "Helm: armed in the end" "$(armed)" Fail
finish
