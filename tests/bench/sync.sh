#!/usr/bin/env bash
# What pullgate-sync needs for many namespaces, on a real API server with its controllers: time until all copies of three
# sources are there, until a rotated source is everywhere, until a new namespace has its copies, and until a new process
# has looked at everything; requests for each copy; resident memory. All parts share the machine. Prints figures.
#
#   sync.sh [BIN]      BIN: where pullgate-sync is (build/release/bin)
#
# PULLGATE_BENCH_NAMESPACES is the number of namespaces (2000).
set -u
bench=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bin=$(cd "${1:-$bench/../../build/release/bin}" && pwd)
BUILD=${BUILD:-$bench/../../build}
n=${PULLGATE_BENCH_NAMESPACES:-2000}
# shellcheck source-path=SCRIPTDIR source=../cluster/lib.sh
. "$bench/../cluster/lib.sh"

mkdir "$work/policy"
cat >"$work/policy/policy.yaml" <<'POLICY'
apiVersion: pullgate/v1
kind: ImagePolicy
spec:
  registry: harbor.corp.example/hub
  secrets:
    - {name: one, from: {namespace: platform, name: one}}
    - {name: two, from: {namespace: platform, name: two}}
    - {name: three, from: {namespace: platform, name: three}}
  rules:
    - {name: teams, match: {namespaces: ["team-*"]}, imagePullSecrets: [one, two, three]}
POLICY

now_ms() { echo $(($(date +%s%N) / 1000000)); }
api() { curl -sS --cacert "$work/ca.crt" --cert "$work/admin.crt" --key "$work/admin.key" "https://127.0.0.1:$api_port$1"; }

source_secret() { # NAME
    printf '{"auths":{"harbor.corp.example":{"username":"robot","password":"%s"}}}' "$(head -c 24 /dev/urandom | base64)" >"$work/config.json"
    k create secret generic "$1" -n platform --type=kubernetes.io/dockerconfigjson \
        --from-file=.dockerconfigjson="$work/config.json" --dry-run=client -o yaml | k apply -f - >/dev/null || die "no source"
}
namespaces() { # FROM TO: in parallel, since a client of kubectl sends 50 requests a second
    local i
    for ((i = $1; i < $2; i++)); do
        printf '{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"team-%05d"}}\n' "$i"
    done | k create -f - >/dev/null || die "no namespaces"
}
metric() { curl -sS "http://$listen/metrics" | awk -v name="$1" '$1 == name {print $2}'; }
is_current() { # COPIES
    curl -sS "http://$listen/metrics" | awk -v n="$1" '
        $1 == "pullgate_sync_wanted" {wanted = $2}
        $1 == "pullgate_sync_copies{state=\"current\"}" {current = $2}
        $1 == "pullgate_sync_done_total{verb=\"apply\"}" {applied = $2}
        END {exit !(wanted == n && current == n && applied >= least)}' least="${2:-0}"
}
await() { # COPIES [APPLIED]: milliseconds since begun
    local left=6000
    until is_current "$@"; do
        left=$((left - 1))
        [ "$left" -gt 0 ] || die "not settled: $(curl -sS "http://$listen/metrics" | grep ^pullgate_sync_)"
        read -rt 0.05 <> <(:) || true
    done
    echo $(($(now_ms) - begun))
}
memory() { awk '/^VmHWM|^VmRSS/ {printf "%s %d MB  ", $1, $2 / 1024}' "/proc/${pids[sync]}/status"; }
requests() { echo $(($(metric pullgate_sync_requests_total) - ${1:-0})); }

start_sync() {
    begun=$(now_ms)
    "$bin/pullgate-sync" --policy "$work/policy" --server "https://127.0.0.1:$api_port" --client-certificate "$work/admin.crt" \
        --client-key "$work/admin.key" --certificate-authority "$work/ca.crt" --listen 127.0.0.1:0 2>"$work/sync.log" &
    pids[sync]=$!
    until_true "pullgate-sync to start" 100 has_line "$work/sync.log" '"event":"started"'
    listen=127.0.0.1:$(whole_lines "$work/sync.log" '"event":"started"' | jq -r .port)
}
cpu() { awk '{printf "%.1f", ($14 + $15) / 100}' "/proc/${pids[sync]}/stat"; }

start_cluster
start_controllers
k create namespace platform >/dev/null
for name in one two three; do source_secret $name; done
say "making $n namespaces"
makers=()
for part in 0 1 2 3; do
    namespaces $((n * part / 4)) $((n * (part + 1) / 4)) &
    makers+=($!)
done
wait "${makers[@]}"
until_true "the namespaces" 6000 eval '[ "$(k get namespaces -o name | grep -c team-)" = "$n" ]'

start_sync
ms=$(await $((3 * n)))
echo "$((3 * n)) copies in $n namespaces: $ms ms, $(requests) requests, $(cpu) s of CPU, $(memory)"

before=$(requests) written=$(metric 'pullgate_sync_done_total{verb="apply"}')
begun=$(now_ms)
source_secret one
ms=$(await $((3 * n)) $((written + n)))
echo "one source rotated, $n copies: $ms ms, $(requests "$before") requests, $(memory)"

for i in 1 2 3; do
    begun=$(now_ms)
    k create namespace "team-new-$i" >/dev/null
    made=$(now_ms)
    left=2000
    until api "/api/v1/namespaces/team-new-$i/secrets/three" | grep -q dockerconfigjson; do
        left=$((left - 1))
        [ "$left" -gt 0 ] || die "no copy in team-new-$i"
    done
    echo "a new namespace: its copies were seen $(($(now_ms) - made)) ms after kubectl had made it"
done

before=$(requests)
read -rt 20 <> <(:) || true # the span of the measurement
echo "20 s in which nothing changes: $(requests "$before") requests, $(cpu) s of CPU in all, $(memory)"

end_process sync
start_sync
ms=$(await $((3 * n + 9)))
echo "a new process, all copies in place: $ms ms, $(requests) requests, $(cpu) s of CPU, $(memory)"
