#!/usr/bin/env bash
# Answers that come late or never: what is stored was judged, or is not stored, unless both webhooks are left out under
# Ignore.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$here/lib_traffic.sh"

mkdir "$work/policy"
cat >"$work/policy/policy.yaml" <<'POLICY'
apiVersion: pullgate/v1
kind: ImagePolicy
metadata: {name: slow}
spec:
  registry: ghcr.io/acme-data
  imagePullSecrets: [regcred]
  rules: [{name: airbyte, match: {namespaces: [airbyte]}}]
POLICY
cat >"$work/policy/costly.yaml" <<'POLICY'
apiVersion: pullgate/v1
kind: ImagePolicy
metadata: {name: costly}
spec:
  approved: [docker.io]
  denied: [{regex: '.*/.*/.*/.*evil'}]
  rules: [{name: costly, match: {namespaces: [costly]}}]
POLICY

create() { # NAME [FLAG...]: sets out
    local name=$1
    shift
    out=$(pod "$name" busybox:1 | k create -n airbyte -f - "$@" 2>&1)
}
stored() { # NAME: image and secrets, or nothing
    k get pod "$1" -n airbyte --ignore-not-found -o json | jq -r '[.spec.containers[0].image, .spec.imagePullSecrets[]?.name] | join(" ")'
}
rewritten="ghcr.io/acme-data/busybox:1 regcred"

stop() { kill -STOP "${pids[pullgate]}"; }
go_on() { kill -CONT "${pids[pullgate]}"; }
register() { # FAILURE_POLICY TIMEOUT
    shipped "$1" | sed "s/timeoutSeconds: 5/timeoutSeconds: $2/" | k apply -l app.kubernetes.io/component=registration -f - >"$work/out" 2>&1 || fail "$(cat "$work/out")"
}
# Bytes that pullgate has not read.
call_waits() {
    awk -v at="$(awk -F. '{printf "%02X%02X%02X%02X:01BB", $4, $3, $2, $1}' <<<"$service_ip")" \
        '$2 == at && $4 == "01" && $5 !~ /:0+$/ {found = 1} END {exit !found}' /proc/net/tcp
}

say "starting etcd, kube-apiserver, pullgate"
"$POLICYCTL" certs init --dir "$work/tls" >/dev/null || die "no certificates"
start_cluster
make_service
start_pullgate pullgate "$work/policy"
new_namespace airbyte costly
arm Fail

say "a timeout of a second, and no answer"
register Fail 1
stop
is_late() { create late --dry-run=server; [[ $out = *timeout=1s* ]]; }
until_true "the timeout to be in force" 30 is_late
create late
has "no answer within a second" "$out" 'failed calling webhook "mutate.pullgate.svc"'
has "no answer within a second: why" "$out" 'context deadline exceeded'
is "a pod without an answer" "$(stored late)" ""
go_on
create late
is "tried again: $out" "$(stored late)" "$rewritten"

say "an answer that is late, within the timeout"
register Fail 30
stop
pod moment busybox:1 | k create -n airbyte -f - >"$work/out" 2>&1 &
pids[client]=$!
until_true "the call" 100 call_waits
go_on
wait "${pids[client]}" && pass || fail "$(cat "$work/out")"
unset "pids[client]"
is "answered late" "$(stored moment)" "$rewritten"

say "a client that gives up, and tries again"
stop
create again --request-timeout=1s && fail "a client that does not wait: $out"
go_on
create again || has "tried again" "$out" AlreadyExists
is "tried again: $out" "$(stored again)" "$rewritten"

say "clients that create pods, while pullgate stops for longer than the timeout"
register Fail 1
start_traffic stops
failed_more_than() { [ "$(count failed)" -gt "$1" ]; }
for _ in 1 2 3; do
    before=$(count failed)
    stop
    until_true "calls without an answer" 100 failed_more_than "$before"
    go_on
    more_traffic
done
end_traffic
expect_all_rewritten
is "stops: other failures than of calls" "$(grep '^failed' "$work/traffic" | grep -v 'failed calling webhook')" ""
is "stops: later creations" "$(tail -20 "$work/traffic" | grep '^failed')" ""

say "a pod that costs much to judge, and a timeout of a second"
jq -nc '("docker.io/" + ([range(65)] | map("a") | join("/"))) as $slow
    | {apiVersion: "v1", kind: "Pod", metadata: {name: "decoys"}, spec: {containers:
        ([{name: "c0", image: "docker.io/x/y/z/evil:1"}] + [range(1; 1501) | {name: "c\(.)", image: "\($slow)/l:\(.)"}])}}' >"$work/decoys"
out=$(k create -n costly -f "$work/decoys" 2>&1)
is "decoys are refused: ${out:0:300}" $? 1
is "decoys are not stored" "$(k get pods -n costly -o name)" ""

say "a call that crosses the end of its connection"
add_port() { # PORT
    k patch service pullgate -n pullgate --type=json -p "[{\"op\": \"add\", \"path\": \"/spec/ports/-\", \"value\": {\"name\": \"p$1\", \"port\": $1}}]" >/dev/null || fail "port $1"
}
call_at() { # mutating|validating PORT
    k patch "${1}webhookconfiguration" pullgate --type=json -p "[{\"op\": \"replace\", \"path\": \"/webhooks/0/clientConfig/service/port\", \"value\": $2}]" >/dev/null || fail "patching"
}
register Fail 10
"$here/relay.py" "$service_ip" 445 443 >"$work/relay" &
pids[relay]=$!
until_true "the relay" 100 grep -q ready "$work/relay"
add_port 445
call_at mutating 445
call_at validating 445
is_relayed() { create probe --dry-run=server && grep -q connection "$work/relay"; }
until_true "calls by the relay" 100 is_relayed
kill -USR1 "${pids[relay]}"
until_true "the relay to hold" 100 grep -q held "$work/relay"
end_process pullgate
start_pullgate pullgate "$work/policy"
create crossing
is "repeated on another connection: $out" "$(stored crossing)" "$rewritten"
has "they did cross" "$(cat "$work/relay")" crossed

# ---- one of the two webhooks gives no answer -----------------------------------------------------------------

say "one webhook gives no answer, or both"
add_port 444
/usr/bin/python3 -c 'import signal, socket, sys; s = socket.create_server((sys.argv[1], 444)); print("ready", flush=True); signal.pause()' "$service_ip" >"$work/nobody" &
pids[nobody]=$!
until_true "the port that does not answer" 100 grep -q ready "$work/nobody"
lose() { call_at "$1" 444; } # mutating|validating
answer() { # NAME [FLAG...]: who refused, or the image
    create "$@" -o 'jsonpath={.spec.containers[0].image}'
    case $out in
    *"failed calling webhook \"mutate.pullgate.svc\""*) echo mutate-failed ;;
    *"failed calling webhook \"validate.pullgate.svc\""*) echo validate-failed ;;
    *"webhook \"validate.pullgate.svc\" denied"*"was not called"*) echo refused ;;
    *) echo "$out" ;;
    esac
}
is_answer() { # EXPECTED
    [ "$(answer probe --dry-run=server)" = "$1" ]
}
while read -r policy lost expected secrets; do
    register "$policy" 1
    for which in ${lost//,/ }; do lose "$which"; done
    name=$(tr '[:upper:],' '[:lower:]-' <<<"$policy-$lost")
    until_true "$name: $expected" 30 is_answer "$expected"
    is "$name" "$(answer "$name")" "$expected"
    case $expected in
    *busybox*) is "$name: stored" "$(stored "$name")" "$expected${secrets:+ $secrets}" ;;
    *) is "$name: stored" "$(stored "$name")" "" ;;
    esac
done <<TABLE
Fail mutating mutate-failed
Fail validating validate-failed
Fail mutating,validating mutate-failed
Ignore mutating refused
Ignore validating $rewritten
Ignore mutating,validating busybox:1
TABLE
finish
