#!/usr/bin/env bash
# System calls of a keep-alive request over TLS, in steady state: all that the daemon's threads make while wrk
# asks, the audit lines' writes and the watchdog's rounds too, over the requests. Prints figures, judges none
# (tests/http/syscalls.sh does).
#
#   syscalls.sh [BIN]      BIN: where pullgate and policyctl are (build/release/bin)
#
# PULLGATE_BENCH_SECONDS is how long it asks (3). strace slows the daemon some tenfold: no speed is told here.
set -eu
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bin=${1:-$here/../../build/release/bin}
seconds=${PULLGATE_BENCH_SECONDS:-3}
work=$(mktemp -d)
pids=()
clean_up() {
    local p
    for p in "${pids[@]}"; do
        kill -TERM "$p" 2>/dev/null && wait "$p" || true
    done
    rm -rf "$work"
}
trap clean_up EXIT

"$bin/policyctl" certs init --dir "$work/tls" --service pullgate --namespace pullgate >/dev/null
"$bin/pullgate" --policy "$here/../../policies/examples/airbyte.yaml" --listen 127.0.0.1:0 \
    --metrics-listen 127.0.0.1:0 --workers 2 --drain-pause 0s --tls-cert "$work/tls/tls.crt" \
    --tls-key "$work/tls/tls.key" >"$work/audit" 2>"$work/log" </dev/null &
daemon=$!
pids+=("$daemon")
until_found() { # TEXT FILE
    local tries
    for ((tries = 0; tries < 1000; tries++)); do
        grep -q "$1" "$2" && return
        read -rt 0.02 <> <(:) || true
    done
    echo "syscalls.sh: no $1 in $(cat "$2")" >&2
    exit 1
}
until_found '"event":"ready"' "$work/log"
port=$(sed -n 's/.*"event":"ready".*"port":\([0-9]*\).*/\1/p' "$work/log")

measure() { # REVIEW CONNECTIONS
    local tracer line requests bad
    strace -c -f -q -o "$work/counts" -p "$daemon" 2>"$work/strace" &
    tracer=$!
    pids+=("$tracer")
    until [ "$(grep -c '^TracerPid:	[1-9]' <(cat "/proc/$daemon/task/"*/status))" = "$(ls "/proc/$daemon/task" | wc -l)" ]; do
        kill -0 "$tracer" || { cat "$work/strace" >&2; exit 1; }
    done
    line=$(BENCH_BODY=$1 wrk --threads 1 --connections "$2" --duration "${seconds}s" --script "$here/post.lua" \
        "https://127.0.0.1:$port/mutate" | grep '^figures')
    kill -INT "$tracer"
    wait "$tracer" || true
    read -r _ requests _ bad _ <<<"$line"
    if [[ $bad != 0 || $requests == 0 ]]; then
        echo "syscalls.sh: $bad of $requests requests failed" >&2
        exit 1
    fi
    awk -v r="$requests" -v review="$(basename "$1" .json)" -v n="$2" '
        $NF == "total" {all = $(NF - 1) ~ /^[0-9]+$/ && NF > 5 ? $4 : $3; next}
        /^ *[0-9]/ {calls[$NF] = $4}
        END {
            printf "%s review, %s connections: %.2f system calls a request (%d requests)\n", review, n, all / r, r
            for (c in calls)
                if (calls[c] / r >= 0.005)
                    printf "  %-14s %.2f\n", c, calls[c] / r | "sort -k2 -rn"
        }' "$work/counts"
}

for kb in 3 12; do
    for connections in 64 8 1; do
        measure "$here/reviews/${kb}k.json" "$connections"
    done
done
