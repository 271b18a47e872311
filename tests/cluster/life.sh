#!/usr/bin/env bash
# What happens in the life of a webhook, each under the traffic of kubectl: rules change, certificate and CA
# change, a replica ends. No request may fail. Then all of it is down.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

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

# ---- traffic -----------------------------------------------------------------------------------

# Four kubectls, each one pod after the other, until they are stopped.
start_traffic() { # NAME
    local i
    traffic=$1
    for i in 1 2 3 4; do
        {
            n=0
            while [ -d "$work" ] && [ ! -e "$work/$traffic.stop" ]; do
                n=$((n + 1))
                if pod "$traffic-$i-$n" busybox:1 | k create -n airbyte -f - >/dev/null 2>>"$work/$traffic.failed"; then
                    echo created >>"$work/$traffic.done"
                fi
            done
        } &
        pids[traffic$i]=$!
    done
    more_traffic 5
}

more_traffic() { # N: waits until so many more pods have been asked for
    local wanted
    wanted=$(($(traffic_count) + $1))
    until_true "the traffic to go on" 600 traffic_reaches "$wanted"
}
traffic_count() { cat "$work/$traffic".done "$work/$traffic".failed 2>/dev/null | wc -l; }
traffic_reaches() { [ "$(traffic_count)" -ge "$1" ]; }

end_traffic() { # WHAT HAPPENED
    local created i
    more_traffic 5
    : >"$work/$traffic.stop"
    for i in 1 2 3 4; do
        wait "${pids[traffic$i]}"
        unset "pids[traffic$i]"
    done
    is "$1: no request failed" "$(cat "$work/$traffic.failed")" ""
    created=$(wc -l <"$work/$traffic.done")
    is "$1: all of $created pods were rewritten" "$(k get pods -n airbyte -o json |
        jq -c --arg t "$traffic-" '[.items[] | select(.metadata.name | startswith($t)) | .spec | [.containers[0].image, .imagePullSecrets[].name]] | [length, unique]')" \
        "[$created,[[\"ghcr.io/acme-data/busybox:1\",\"regcred\"]]]"
}

# ---- two replicas, as behind a Service ---------------------------------------------------------

events() { grep -c "\"event\":\"$2\"" "$work/$1.log"; }
has_seen() { [ "$(events "$1" "$2")" -ge "$3" ]; }
both_have_seen() { has_seen one "$1" "$2" && has_seen two "$1" "$2"; }

patch_bundle() { # BASE64
    local config
    for config in mutatingwebhookconfiguration validatingwebhookconfiguration; do
        k patch $config pullgate --type=json -p "$(k get $config pullgate -o json |
            jq -c --arg b "$1" '[.webhooks | keys[] | {op: "replace", path: "/webhooks/\(.)/clientConfig/caBundle", value: $b}]')" >/dev/null ||
            fail "patching $config"
    done
}

declare -A ports=() metrics_ports=()

say "starting etcd, kube-apiserver, two replicas"
"$POLICYCTL" certs init --dir "$work/tls" >/dev/null || die "no certificates"
start_cluster
new_namespace airbyte
for name in one two; do
    start_pullgate $name "$work/policy" 0 --drain-pause 2s
done
ports[one]=$(port_of one) metrics_ports[one]=$(metrics_port_of one)
ports[two]=$(port_of two) metrics_ports[two]=$(metrics_port_of two)
"$here/balance.py" "$work/port" "${ports[one]}:${metrics_ports[one]}" "${ports[two]}:${metrics_ports[two]}" 2>"$work/balance.log" &
pids[balance]=$!
until_true "the balancer" 100 test -s "$work/port"
port=$(cat "$work/port")
arm "$port" Fail

say "the rules change"
start_traffic rules
sed -i 's/ask data-platform/ask the new team/' "$work/policy/policy.yaml"
until_true "the new rules" 150 both_have_seen rules_loaded 2
end_traffic "rules"
out=$(pod late quay.io/x/y:1 | k create -n airbyte -f - 2>&1)
has "the new rules hold" "$out" "ask the new team"
echo '  misspelt: yes' >>"$work/policy/policy.yaml"
until_true "a broken file to be seen" 150 both_have_seen rules_kept 1
out=$(pod late quay.io/x/y:1 | k create -n airbyte -f - 2>&1)
has "a broken file keeps the last good rules" "$out" "ask the new team"
sed -i '$d' "$work/policy/policy.yaml"

say "the CA changes: caBundle first, then the certificate"
start_traffic certificate
cp -a "$work/tls" "$work/next"
"$POLICYCTL" certs rotate --dir "$work/next" --new-ca --force >/dev/null || fail "certs rotate"
is "the bundle holds both CAs" "$(grep -c BEGIN "$work/next/ca.crt")" 2
patch_bundle "$("$POLICYCTL" certs bundle --dir "$work/next")"
more_traffic 5
cp -a "$work/next/tls.crt" "$work/tls/tls.crt"
cp -a "$work/next/tls.key" "$work/tls/tls.key"
until_true "the new certificate" 150 both_have_seen certificate_loaded 2
more_traffic 5
# The overlap is over: the old CA leaves the bundle.
openssl x509 -in "$work/next/ca.crt" -out "$work/next/new-ca.crt"
patch_bundle "$(base64 -w0 "$work/next/new-ca.crt")"
more_traffic 20
end_traffic "certificate"

say "one of two replicas ends, then the other"
start_traffic replica
replicas=(one two)
# The API server keeps its connections: all may be with one replica. That one ends first; then they are
# with the other.
is_asked() {
    for name in "${replicas[@]}"; do
        [ -s "$work/$name.audit" ] && return
    done
    return 1
}
while [ ${#replicas[@]} -gt 0 ]; do
    for name in "${replicas[@]}"; do
        : >"$work/$name.audit"
    done
    until_true "a replica to be asked: ${replicas[*]}" 300 is_asked
    kill -TERM "${pids[$name]}"
    wait "${pids[$name]}"
    is "replica $name ended well" $? 0
    more_traffic 10
    start_pullgate "$name" "$work/policy" "${ports[$name]}" --drain-pause 2s --metrics-listen "127.0.0.1:${metrics_ports[$name]}"
    mapfile -t replicas < <(printf '%s\n' "${replicas[@]}" | grep -vx "$name")
done
end_traffic "replica"

say "the webhook is down: Fail refuses, Ignore admits"
end_process one
end_process two
out=$(pod down busybox:1 | k create -n airbyte -f - 2>&1)
has "Fail" "$out" 'failed calling webhook "mutate.pullgate.svc"'
out=$(k label pod replica-1-1 -n airbyte seen=yes 2>&1)
has "Fail refuses updates of pods, too" "$out" 'failed calling webhook "mutate.pullgate.svc"'
k create deployment down --image=busybox:1 -n airbyte >/dev/null 2>&1 && pass || fail "what makes pods is written all the same"
cp -a "$work/next/." "$work/tls/"
shipped "$port" Ignore | k apply -f - >"$work/apply" 2>&1 || fail "Ignore: $(cat "$work/apply")"
ignored() { pod down busybox:1 | k create -n airbyte -f -; }
until_true "Ignore to be in force" 100 ignored
is "Ignore admits as it is" "$(image_of pod/down airbyte main)" busybox:1
finish
