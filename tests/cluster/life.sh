#!/usr/bin/env bash
# What happens in the life of a webhook, each time while clients create pods: its pods are replaced, nodes are drained,
# certificates and CA change, rules change, replicas are killed. Under failurePolicy Fail no creation fails, unless a
# replica is killed, and no pod is stored that was not judged.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$here/lib_traffic.sh"

mkdir "$work/policy"
cat >"$work/policy/policy.yaml" <<'POLICY'
apiVersion: pullgate/v1
kind: ImagePolicy
metadata: {name: life}
spec:
  registry: ghcr.io/acme-data
  imagePullSecrets: [regcred]
  message: ask data-platform
  rules: [{name: airbyte, match: {namespaces: [airbyte]}}]
POLICY

in_our_log() { # ENDPOINT: names of the traffic's pods in audit lines of pullgate's pods
    cat "$work"/node/logs/pullgate_*_pullgate | grep "\"endpoint\":\"$1\"" | named
}
expect_all_well() {
    end_traffic
    expect_none_failed
    expect_all_rewritten
    for endpoint in mutate validate; do
        until_true "$traffic: an audit line of /$endpoint for each pod" 50 all_are in_our_log $endpoint && pass
    done
}

# ---- pullgate's pods ---------------------------------------------------------------------------------------

ship() { # FLAG... for kubectl apply
    shipped "${failure_policy:-Fail}" | sed "s|registry.corp.example/platform/pullgate:0.1.0|$image|" |
        k apply "$@" >"$work/out" 2>&1 || fail "what ships: $(cat "$work/out")"
}
replicas() { k get pods -n pullgate -o json | jq -r '.items[] | select(.metadata.deletionTimestamp | not) | .metadata.name' | sort; }
log_of() { echo "$work/node/logs/pullgate_$1_pullgate"; }
settled() { # two pods, ready, and no ending one
    [ "$(k get pods -n pullgate -o json | jq -c '[.items[] | [.status.containerStatuses[]?.ready, .metadata.deletionTimestamp]]')" = '[[true,null],[true,null]]' ]
}
until_settled() {
    k -n pullgate rollout status deployment/pullgate --timeout=60s >"$work/out" 2>&1 || fail "$(cat "$work/out")"
    until_true "old pods to end" 300 settled
}
expect_ended_well() { # POD...
    local name
    for name in "$@"; do
        is "$name answered all requests" "$(whole_lines "$(log_of "$name")" '"event":"drained"' | jq .allAnswered)" true
        is "$name wrote all audit lines" "$(whole_lines "$(log_of "$name")" '"event":"ended"' | jq -c '[.auditDropped, .auditFailed]')" "[0,0]"
    done
}
all_have() { # EVENT N: in the log of each replica
    local name
    for name in $(replicas); do
        [ "$(whole_lines "$(log_of "$name")" "\"event\":\"$1\"" | wc -l)" -ge "$2" ] || return
    done
}
is_ready_again() { # POD RESTARTS
    [ "$(k get pod "$1" -n pullgate -o json | jq -c '.status.containerStatuses[] | [.ready, .restartCount]')" = "[true,$2]" ]
}
kill_now() { # POD...
    local name
    for name in "$@"; do
        kill -KILL "$(cat "$(log_of "$name").pid")"
    done
}
set_policy() { # the file as it is, without policyctl's checks
    k create configmap pullgate-policy -n pullgate --from-file="$work/policy" --dry-run=client -o json | k apply -f - >/dev/null 2>&1 || fail "the ConfigMap"
}
denial() { pod late quay.io/x/y:1 | k create -n airbyte --dry-run=server -f - 2>&1; }

say "starting etcd, kube-apiserver, controllers, nodes, two replicas"
"$POLICYCTL" certs init --dir "$work/tls" >/dev/null || die "no certificates"
start_cluster
start_controllers
start_nodes
new_namespace airbyte
image=registry.corp.example/platform/pullgate:0.1.0
ship -l 'app.kubernetes.io/component!=registration' -f -
until_settled
arm Fail

say "the pods are replaced: rollout restart"
start_traffic restart
old=$(replicas)
k rollout restart deployment/pullgate -n pullgate >/dev/null
until_settled
expect_all_well
expect_ended_well $old

say "a new image; all new pods are put on one node"
start_traffic image
old=$(replicas)
k cordon node-2 >/dev/null
k cordon node-3 >/dev/null
image=registry.corp.example/platform/pullgate:0.1.1
ship -f -
until_settled
expect_all_well
expect_ended_well $old
is "the new image runs, on one node" "$(k get pods -n pullgate -o json | jq -c '[.items[].spec | .containers[].image, .nodeName] | unique')" "[\"node-1\",\"$image\"]"

say "that node is drained"
start_traffic drain
old=$(replicas)
k drain node-1 >"$work/drain" 2>&1 &
pids[drain]=$!
until_true "the second to wait for its disruption budget" 300 grep -q "Cannot evict pod as it would violate the pod's disruption budget" "$work/drain"
k uncordon node-2 >/dev/null
k uncordon node-3 >/dev/null
wait "${pids[drain]}" && pass || fail "drain: $(cat "$work/drain")"
unset "pids[drain]"
until_settled
k uncordon node-1 >/dev/null
expect_all_well
expect_ended_well $old

say "the certificate changes, then the CA, by kubectl apply"
start_traffic certificate
"$POLICYCTL" certs rotate --dir "$work/tls" --force >/dev/null || fail "certs rotate"
ship -f -
until_true "the new certificate" 150 all_have certificate_loaded 2
more_traffic
"$POLICYCTL" certs rotate --dir "$work/tls" --new-ca >/dev/null || fail "certs rotate --new-ca"
is "the bundle holds both CAs" "$(grep -c BEGIN "$work/tls/ca.crt")" 2
ship -f -
more_traffic
# A day later rotate has the new CA sign; without the key of the old one it does so now.
openssl pkey -in "$work/tls/ca.key" -out "$work/new-ca.key"
cp "$work/new-ca.key" "$work/tls/ca.key"
"$POLICYCTL" certs rotate --dir "$work/tls" >/dev/null || fail "certs rotate"
openssl x509 -in "$work/tls/ca.crt" -out "$work/new-ca.crt"
openssl verify -CAfile "$work/new-ca.crt" "$work/tls/tls.crt" >"$work/out" 2>&1 && pass || fail "the new CA signs: $(cat "$work/out")"
ship -f -
until_true "the certificate of the new CA" 150 all_have certificate_loaded 3
more_traffic
# The overlap is over: the old CA leaves the bundle.
cp "$work/new-ca.crt" "$work/tls/ca.crt"
ship -f -
more_traffic
expect_all_well

say "the rules change, and break"
start_traffic rules
sed -i 's/ask data-platform/ask the new team/' "$work/policy/policy.yaml"
set_policy
until_true "the new rules" 150 all_have rules_loaded 2
has "the new rules hold" "$(denial)" "ask the new team"
echo '  misspelt: yes' >>"$work/policy/policy.yaml"
set_policy
until_true "a broken file to be seen" 150 all_have rules_kept 1
has "a broken file keeps the last good rules" "$(denial)" "ask the new team"
for name in $(replicas); do
    has "$name: where the file is broken" "$(whole_lines "$(log_of "$name")" '"event":"rules_kept"' | jq -r '"\(.file | sub(".*/"; "")):\(.line):\(.column): \(.error)"')" 'policy.yaml:9:3: unknown key "misspelt"'
done
sed -i '$d' "$work/policy/policy.yaml"
set_policy
until_true "the mended rules" 150 all_have rules_loaded 3
expect_all_well

# A request that is in flight at a killed replica has no answer, nor has one on a new connection to it, until the node
# sees its end: the API server does not repeat it. It is refused under Fail.
say "each replica is killed, and a pod is deleted without grace"
start_traffic killed
for name in $(replicas); do
    kill_now "$name"
    until_true "$name to be ready again" 300 is_ready_again "$name" 1
    more_traffic
done
k delete pod "$name" -n pullgate --grace-period=0 --force >/dev/null 2>&1 || fail "deleting $name"
until_settled
more_traffic
end_traffic
expect_all_rewritten
is "killed: other failures than of the call" "$(grep '^failed' "$work/traffic" | grep -v 'failed calling webhook')" ""
is "killed: later creations" "$(tail -20 "$work/traffic" | grep '^failed')" ""
say "   killed: without an audit line, which a killed replica has not written yet: $(lacking in_our_log mutate) of /mutate, $(lacking in_our_log validate) of /validate"

say "the webhook is down: Fail refuses, Ignore admits"
k scale deployment/pullgate -n pullgate --replicas=0 >/dev/null
until_gone -l app.kubernetes.io/name=pullgate
out=$(pod down busybox:1 | k create -n airbyte -f - 2>&1)
has "Fail" "$out" 'failed calling webhook "mutate.pullgate.svc"'
out=$(k label pod restart-1-1 -n airbyte seen=yes 2>&1)
has "Fail refuses updates of pods, too" "$out" 'failed calling webhook "mutate.pullgate.svc"'
k create deployment down --image=busybox:1 -n airbyte >/dev/null 2>&1 && pass || fail "what makes pods is written all the same"
failure_policy=Ignore
ship -l app.kubernetes.io/component=registration -f -
ignored() { pod down busybox:1 | k create -n airbyte -f -; }
until_true "Ignore to be in force" 100 ignored
is "Ignore admits as it is" "$(image_of pod/down airbyte main)" busybox:1

# A call that fails is left out: where neither webhook answers, a pod is stored as it came. Where /validate alone
# answers it refuses such a pod.
say "under Ignore, both replicas are killed"
ship -f -
until_settled
start_traffic ignore
mapfile -t both < <(replicas)
kill_now "${both[@]}"
more_traffic
until_settled
more_traffic
end_traffic
say "   ignore: $(lacking in_server_log) of $(count created) stored without both answers, $(grep -vc ' ghcr.io/acme-data/busybox:1 regcred$' "$work/stored") not rewritten"
is "ignore: other failures than a missing /mutate" "$(grep '^failed' "$work/traffic" | grep -v '/mutate was not called')" ""
grep ' busybox:1' "$work/stored" | cut -d' ' -f1 | comm -12 - <(in_server_log) >"$work/out"
is "ignore: judged, and not rewritten" "$(cat "$work/out")" ""
tried "updates, drains and rotations without a failed call"
finish
