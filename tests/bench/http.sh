#!/usr/bin/env bash
# End to end over TLS: requests per second, CPU per request, latency and memory of pullgate, beside its
# own server with a fixed answer (the ceiling) and a small Go webhook (the baseline), in one run.
# Prints figures and ratios; judges none.
#
#   http.sh [BIN]          BIN: where pullgate, policyctl, bench_fixed, bench_start are (build/release/bin)
#
# PULLGATE_BENCH_SECONDS is how long each measurement takes (3), PULLGATE_BENCH_ROUNDS how often each is
# done (3: the median counts). All three take turns, so that what else the machine does hits them alike.
# The client runs on the same CPUs: what holds best from machine to machine is the CPU per request.
set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
rounds=${PULLGATE_BENCH_ROUNDS:-3}
servers=(pullgate fixed go)

declare -A pid port figures

# ---- the three ---------------------------------------------------------------------------------

free_port() {
    perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1")->sockport'
}

answers() { # PORT: one review is answered
    curl --silent --fail --max-time 5 --cacert "$certs/ca.crt" --output "$work/answer" \
        --header 'Content-Type: application/json' --data-binary "@$here/reviews/3k.json" \
        "https://localhost:$1/mutate"
}

begin() { # NAME COMMAND...: starts it on port ${port[NAME]}
    local name=$1 tries
    shift
    "$@" >"$work/$name.out" 2>"$work/$name.err" </dev/null &
    pid[$name]=$!
    pids+=("$!")
    for ((tries = 0; tries < 300; tries++)); do
        answers "${port[$name]}" && return
        kill -0 "${pid[$name]}" || break
        read -rt 0.05 <> <(:) || true
    done
    echo "http.sh: $name does not answer" >&2
    cat "$work/$name.err" >&2
    exit 1
}

command_of() { # NAME PORT: fills the array `command`
    local cert=$certs/tls.crt key=$certs/tls.key
    case $1 in
    pullgate) pullgate_at "127.0.0.1:$2" "$certs" ;;
    fixed) command=("$bin/bench_fixed" "127.0.0.1:$2" "$cert" "$key" "$work/reply") ;;
    go) command=("$work/webhook" "127.0.0.1:$2" "$cert" "$key") ;;
    esac
}

# The fixed answer is the one that pullgate gives to that review.
begin_all() { # REVIEW
    local name
    "$bin/policyctl" review --policy "$policy" <"$1" >"$work/reply"
    for name in "${servers[@]}"; do
        port[$name]=$(free_port)
        command_of "$name" "${port[$name]}"
        begin "$name" "${command[@]}"
    done
}

end_all() {
    local name
    for name in "${servers[@]}"; do
        kill -TERM "${pid[$name]}"
        wait "${pid[$name]}" || true
    done
    pids=()
}

# The baseline has to do the same work: the same patch for the same review.
compare_answers() { # REVIEW
    local name
    for name in pullgate go; do
        curl --silent --fail --cacert "$certs/ca.crt" --header 'Content-Type: application/json' \
            --data-binary "@$1" "https://localhost:${port[$name]}/mutate" |
            jq -S '.response.patch | @base64d | fromjson' >"$work/$name.patch"
    done
    cmp "$work/pullgate.patch" "$work/go.patch"
}

# ---- measuring ---------------------------------------------------------------------------------

cpu_ns() { # PID: of all threads; not in clock ticks, of which a moderate rate uses few
    cat "/proc/$1/task/"*/schedstat 2>/dev/null | awk '{ns += $1} END {printf "%.0f", ns}'
}

rss_kb() { # PID
    awk '/^Rss:/ {print $2}' "/proc/$1/smaps_rollup"
}

# One measurement: rps, CPU us a request, p50 us, p99 us, RSS kB; with a failure it ends the run.
measure() { # NAME REVIEW CONNECTIONS
    local before after line requests took p50 p99
    before=$(cpu_ns "${pid[$1]}")
    line=$(ask "$1" "$2" "$3" "https://localhost:${port[$1]}/mutate" --latency)
    after=$(cpu_ns "${pid[$1]}")
    read -r _ requests took _ p50 p99 <<<"$line"
    awk -v r="$requests" -v t="$took" -v c=$((after - before)) \
        -v p50="$p50" -v p99="$p99" -v rss="$(rss_kb "${pid[$1]}")" \
        'BEGIN {printf "%.0f %.1f %d %d %d\n", r / t, c / 1e3 / r, p50, p99, rss}'
}

median() { # COLUMN FILE
    awk -v c="$1" '{print $c}' "$2" | sort -n | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'
}

ratio() { # A B
    awk -v a="$1" -v b="$2" 'BEGIN {printf "%.2f", (b > 0) ? a / b : 0}'
}

compare() { # TITLE REVIEW CONNECTIONS
    local round name column
    rm -f "$work"/*.rows
    for ((round = 0; round < rounds; round++)); do
        for name in "${servers[@]}"; do
            measure "$name" "$2" "$3" >>"$work/$name.rows"
        done
    done
    printf '\n%s\n  %-9s %10s %12s %9s %9s %9s\n' "$1" '' requests/s 'CPU us/req' 'p50 us' 'p99 us' 'RSS MB'
    for name in "${servers[@]}"; do
        for column in 1 2 3 4 5; do
            figures[$name.$column]=$(median $column "$work/$name.rows")
        done
        printf '  %-9s %10s %12s %9s %9s %9.1f\n' "$name" "${figures[$name.1]}" "${figures[$name.2]}" \
            "${figures[$name.3]}" "${figures[$name.4]}" \
            "$(awk -v k="${figures[$name.5]}" 'BEGIN {print k / 1024}')"
    done
    printf '  of the fixed answer: %s of its requests/s, %s by CPU; of Go: %s times, %s by CPU; p99 %s of Go'\''s\n' \
        "$(ratio "${figures[pullgate.1]}" "${figures[fixed.1]}")" \
        "$(ratio "${figures[fixed.2]}" "${figures[pullgate.2]}")" \
        "$(ratio "${figures[pullgate.1]}" "${figures[go.1]}")" \
        "$(ratio "${figures[go.2]}" "${figures[pullgate.2]}")" \
        "$(ratio "${figures[pullgate.4]}" "${figures[go.4]}")"
}

# A new connection for each request.
handshakes() { # TITLE
    local name line before after requests took
    printf '\n%s\n' "$1"
    for name in pullgate go; do
        before=$(cpu_ns "${pid[$name]}")
        line=$(BENCH_CLOSE=1 ask "$name" "$here/reviews/3k.json" 16 "https://localhost:${port[$name]}/mutate" --latency)
        after=$(cpu_ns "${pid[$name]}")
        read -r _ requests took _ <<<"$line"
        awk -v n="$name" -v r="$requests" -v t="$took" -v c=$((after - before)) \
            'BEGIN {printf "  %-9s %7.0f connections/s  %6.0f us CPU each\n", n, r / t, c / 1e3 / r}'
    done
}

starts() {
    local name best middle
    printf '\nexec to first answer\n'
    for name in "${servers[@]}"; do
        command_of "$name" %p
        read -r best middle < <("$bin/bench_start" "$certs/ca.crt" "$here/reviews/3k.json" -- "${command[@]}")
        printf '  %-9s best %s ms, median %s ms\n' "$name" "$best" "$middle"
    done
}

go=$("$here/../go.sh") && CGO_ENABLED=0 "$go" build -o "$work/webhook" "$here/webhook.go"
certs=$work/p256
make_certs "$certs"
for kb in 12 3; do
    review=$here/reviews/${kb}k.json
    begin_all "$review"
    compare_answers "$review"
    compare "$kb kB review, 64 connections" "$review" 64
    [[ $kb == 3 ]] || end_all
done
compare '3 kB review, 1 connection' "$review" 1
BENCH_PAUSE=8 compare '3 kB review, 8 connections that pause, as an API server asks' "$review" 8
BENCH_PAUSE=2 compare '3 kB review, 8 connections with shorter pauses' "$review" 8
handshakes 'a connection a request, P-256'
starts
end_all
certs=$work/rsa
make_certs "$certs" --key rsa2048
begin_all "$review"
handshakes 'a connection a request, RSA-2048'
