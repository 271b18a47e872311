#!/usr/bin/env bash
# System calls of a keep-alive request over TLS, in steady state: all that the daemon's threads make while wrk
# asks, the audit lines' writes and the watchdog's rounds too, over the requests. Prints figures, judges none
# (tests/http/syscalls.sh does).
#
#   syscalls.sh [BIN]      BIN: where pullgate and policyctl are (build/release/bin)
#
# PULLGATE_BENCH_SECONDS is how long it asks (3). strace slows the daemon some tenfold: no speed is reported here.
set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

make_certs "$work/tls"
pullgate_at 127.0.0.1:0 "$work/tls"
"${command[@]}" >"$work/audit" 2>"$work/log" </dev/null &
daemon=$!
pids+=("$daemon")
await "ready" grep -q '"event":"ready".*}$' "$work/log"
port=$(sed -n 's/.*"event":"ready".*"port":\([0-9]*\).*/\1/p' "$work/log")

measure() { # REVIEW CONNECTIONS
    local tracer line requests
    strace -c -f -q -o "$work/counts" -p "$daemon" 2>"$work/strace" &
    tracer=$!
    pids+=("$tracer")
    until [ "$(grep -c '^TracerPid:	[1-9]' <(cat "/proc/$daemon/task/"*/status))" = "$(ls "/proc/$daemon/task" | wc -l)" ]; do
        kill -0 "$tracer" || { cat "$work/strace" >&2; exit 1; }
    done
    line=$(ask pullgate "$1" "$2" "https://127.0.0.1:$port/mutate")
    kill -INT "$tracer"
    wait "$tracer" || true
    read -r _ requests _ <<<"$line"
    awk -v r="$requests" -v review="$(basename "$1" .json)" -v n="$2" -v paused="${BENCH_PAUSE:+ that pause}" '
        $NF == "total" {all = $(NF - 1) ~ /^[0-9]+$/ && NF > 5 ? $4 : $3; next}
        /^ *[0-9]/ {calls[$NF] = $4}
        END {
            printf "%s review, %s connections%s: %.2f system calls a request (%d requests)\n", review, n, paused, all / r, r
            for (c in calls)
                if (calls[c] / r >= 0.005)
                    printf "  %-14s %.2f\n", c, calls[c] / r | "sort -k2 -rn"
        }' "$work/counts"
}

for kb in 3 12; do
    for connections in 64 8 1; do
        measure "$here/reviews/${kb}k.json" "$connections"
    done
    BENCH_PAUSE=8 measure "$here/reviews/${kb}k.json" 8
done
