#!/usr/bin/env bash
# What a policy costs a cluster: dry-run creations of a pod a second through a real API server, by 8 connections, in
# rounds that take turns: without a policy, with pullgate's mutating webhook, with both of its webhooks, with a webhook
# in their place that does nothing (in Go), and with the same policy as the API server's own admission policies. The
# client, the API server, etcd and the webhook share the machine. Prints figures and ratios; only a wrong answer ends it.
#
#   cluster.sh [BIN]      BIN: where pullgate and policyctl are (build/release/bin)
#
# PULLGATE_BENCH_SECONDS is how long each measurement takes (3), PULLGATE_BENCH_ROUNDS how often each is done (3: the
# median counts).
set -u
bench=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bin=$(cd "${1:-$bench/../../build/release/bin}" && pwd)
PULLGATE=$bin/pullgate POLICYCTL=$bin/policyctl BUILD=${BUILD:-$bench/../../build}
seconds=${PULLGATE_BENCH_SECONDS:-3} rounds=${PULLGATE_BENCH_ROUNDS:-3}
# shellcheck source-path=SCRIPTDIR source=../cluster/lib.sh
. "$bench/../cluster/lib.sh"
states=(none mutate both noop policies)

# ---- what is in force ----------------------------------------------------------------------------

trial() { # IMAGE: what a dry run makes of it
    k create -n airbyte --dry-run=server -f - -o jsonpath='{.spec.containers[0].image}' 2>&1 < <(pod trial "$1")
}
answers() { # STATE: as it should
    local short foreign
    short=$(trial busybox:1) foreign=$(trial quay.io/someone/x:1)
    case $1 in
    none | noop) [ "$short $foreign" = "busybox:1 quay.io/someone/x:1" ] ;;
    mutate | both) [[ $short == ghcr.io/acme-data/busybox:1 && $foreign == *'mutate.pullgate.svc'*'not approved'* ]] ;;
    policies) [[ $short == ghcr.io/acme-data/busybox:1 && $foreign == *'quay.io/someone/x:1 is not approved'* ]] ;;
    esac
}
lines() { wc -l <"$work/pullgate.audit"; }
# A change of the registration reaches the API server by a watch: how often it calls tells that.
calls() { # STATE
    local before
    before=$(lines)
    trial busybox:1 >/dev/null
    case $1 in none | noop | policies) [ "$(lines)" = "$before" ] ;;
    mutate) has_lines $((before + 1)) && [ "$(lines)" = $((before + 1)) ] ;;
    both) has_lines $((before + 2)) ;;
    esac
}
has_lines() {
    local left=20
    until [ "$(lines)" -ge "$1" ]; do
        left=$((left - 1))
        [ "$left" -gt 0 ] || return 1
        read -rt 0.02 <> <(:) || true
    done
}

change_to() { # STATE
    k delete mutatingwebhookconfiguration,validatingwebhookconfiguration --all >/dev/null 2>&1
    k delete --ignore-not-found -f "$bench/policies.yaml" >/dev/null 2>&1
    case $1 in
    mutate) k apply -f "$work/mutating.json" ;;
    both) k apply -f "$work/mutating.json" -f "$work/validating.json" ;;
    noop) k apply -f "$work/noop-mutating.json" -f "$work/noop-validating.json" ;;
    policies) k apply -f "$bench/policies.yaml" ;;
    esac >"$work/apply" 2>&1 || die "$1: $(cat "$work/apply")"
    until_true "$1 to be in force" 100 answers "$1"
    until_true "$1 to call as often as it should" 100 calls "$1"
}

registrations() {
    local kind
    shipped Fail | k create --dry-run=client -f - -o json >"$work/shipped.json" || die "what ships cannot be read"
    for kind in mutating validating; do
        jq --arg k "$kind" '.items[]? // . | select(.kind | ascii_downcase == $k + "webhookconfiguration")' "$work/shipped.json" >"$work/$kind.json"
        jq '.webhooks[].clientConfig.service.name = "noop"' "$work/$kind.json" >"$work/noop-$kind.json"
    done
}

# ---- measuring -----------------------------------------------------------------------------------

cpu_ms() { # NAME: user and system time of a process, all threads
    local stat
    stat=$(<"/proc/${pids[$1]}/stat")
    stat=${stat##*) }
    set -- $stat
    echo $(((${12} + ${13}) * 1000 / $(getconf CLK_TCK)))
}

# Pods a second, CPU of the API server a pod in us, CPU of the webhook a review in us.
measure() { # STATE
    local line requests took bad server=0 hook=0 name=pullgate reviews=1
    [ "$1" = noop ] && name=noop
    [[ $1 == both || $1 == noop ]] && reviews=2
    server=$(cpu_ms apiserver) hook=$(cpu_ms "$name")
    line=$(BENCH_BODY=$work/pod.json BENCH_TOKEN=bench wrk --threads 1 --connections 8 --duration "${seconds}s" \
        --script "$bench/post.lua" "https://127.0.0.1:$api_port/api/v1/namespaces/airbyte/pods?dryRun=All" | grep '^figures')
    read -r _ requests took bad _ <<<"$line"
    [[ -n $line && $bad == 0 && $requests != 0 ]] || die "$1: of ${requests:-no} requests ${bad:-all} failed"
    awk -v r="$requests" -v t="$took" -v s=$(($(cpu_ms apiserver) - server)) -v h=$(($(cpu_ms "$name") - hook)) \
        -v n="$reviews" 'BEGIN {printf "%.0f %.0f %.1f\n", r / t, s * 1000 / r, h * 1000 / r / n}' >>"$work/$1.rows"
}

median() { # COLUMN FILE
    awk -v c="$1" '{print $c}' "$2" | sort -n | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'
}

report() {
    local state rate none
    none=$(median 1 "$work/none.rows")
    printf '\ndry-run creations of a pod, kube-apiserver %s, 8 connections\n' "$SERVER"
    printf '  %-34s %8s %10s %14s %14s\n' '' pods/s 'of none' 'API server us' 'webhook us'
    for state in "${states[@]}"; do
        rate=$(median 1 "$work/$state.rows")
        printf '  %-34s %8s %10s %14s %14s\n' "${titles[$state]}" "$rate" "$(awk -v a="$rate" -v b="$none" 'BEGIN {printf "%.2f", a / b}')" \
            "$(median 2 "$work/$state.rows")" "$(case $state in mutate | both | noop) median 3 "$work/$state.rows" ;; *) echo - ;; esac)"
    done
}
declare -A titles=([none]="no policy" [mutate]="pullgate, mutating webhook" [both]="pullgate, both webhooks"
    [noop]="Go webhook that does nothing, both" [policies]="Mutating/ValidatingAdmissionPolicy")

mkdir "$work/policy"
cp "$bench/../../policies/examples/airbyte.yaml" "$work/policy"
go=$("$bench/../go.sh") && "$go" build -o "$work/noop" "$bench/noop.go" || die "no Go webhook"
"$POLICYCTL" certs init --dir "$work/tls" --dns noop.pullgate.svc >/dev/null || die "no certificates"
echo 'bench,admin,1,system:masters' >"$work/tokens"
start_cluster --token-auth-file="$work/tokens"
make_service
start_pullgate pullgate "$work/policy"
k get service pullgate -n pullgate -o json | jq --arg ip "$network.11" '{apiVersion, kind, metadata: {name: "noop"}, spec: {clusterIP: $ip, ports: [{port: 443}]}}' |
    k create -n pullgate -f - >/dev/null || die "no Service for the Go webhook"
"$work/noop" "$network.11:443" "$work/tls/tls.crt" "$work/tls/tls.key" >"$work/noop.log" 2>&1 &
pids[noop]=$!
new_namespace airbyte
registrations
pod x busybox:1 | jq -c 'del(.metadata.name) | .metadata.generateName = "x-" | .spec.containers += [{name: "own", image: "ghcr.io/acme-data/own:2"}]' >"$work/pod.json"
for ((round = 0; round < rounds; round++)); do
    for state in "${states[@]}"; do
        change_to "$state"
        measure "$state"
    done
done
report
