#!/usr/bin/env bash
# A pod whose images cost much to match, with a denied one among them: under failurePolicy Ignore an answer that
# comes too late is an admission. A real API server gets its answer, and nothing is stored.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

mkdir "$work/policy"
cat >"$work/policy/costly.yaml" <<'POLICY'
apiVersion: pullgate/v1
kind: ImagePolicy
metadata: {name: costly}
spec:
  approved: [docker.io]
  denied: [{regex: '.*/.*/.*/.*evil'}]
POLICY

decoys() { # NAME SAME|DIFFERENT: 1500 of them after one denied image
    jq -nc --arg name "$1" --arg how "$2" '("docker.io/" + ([range(65)] | map("a") | join("/"))) as $slow
        | {apiVersion: "v1", kind: "Pod", metadata: {name: $name}, spec: {containers:
            ([{name: "c0", image: "docker.io/x/y/z/evil:1"}]
             + [range(1; 1501) | {name: "c\(.)", image: ($slow + if $how == "SAME" then "" else "/l:\(.)" end)}])}}'
}

say "starting etcd, kube-apiserver, pullgate"
"$POLICYCTL" certs init --dir "$work/tls" >/dev/null || die "no certificates"
start_cluster
make_service
start_pullgate pullgate "$work/policy"
new_namespace airbyte
arm Ignore

for how in SAME DIFFERENT; do
    name=decoys-${how,,}
    say "a pod of decoys: $name"
    decoys "$name" $how | k create -n airbyte -f - >"$work/out" 2>&1
    is "$name: refused" $? 1
    has "$name: by the webhook" "$(cat "$work/out")" 'denied the request'
    hasnt "$name: stored" "$(k get pods -n airbyte -o name)" "$name"
    pod "ordinary-${how,,}" docker.io/library/nginx:1 | k create -n airbyte -f - >"$work/out" 2>&1
    is "an ordinary pod: created ($(cat "$work/out"))" $? 0
done
for name in decoys-same decoys-different; do
    until_true "the audit line of $name" 300 has_line "$work/pullgate.audit" "\"name\":\"$name\""
done
has "the reason of the denied image" "$(whole_lines "$work/pullgate.audit" '"name":"decoys-same"' | jq -r '.reasons[]?.code')" denied
has "the reason of the limit" "$(whole_lines "$work/pullgate.audit" '"name":"decoys-different"' | jq -r '.reasons[]?.code')" pattern-limit
is "no call of the webhook failed" "$(grep -c 'failed calling webhook' "$work/apiserver.log")" 0
finish
