# shellcheck shell=bash
# lib.sh - what the benchmarks of a running daemon share: a folder, certificates, processes that end.
# Use     set -eu; . lib.sh; then here, bin, seconds, policy and work are set
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bin=${1:-$here/../../build/release/bin}
seconds=${PULLGATE_BENCH_SECONDS:-3}
policy=$here/../../policies/examples/airbyte.yaml
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

# For all servers of one comparison: P-256, or RSA-2048 by an option.
make_certs() { # FOLDER [OPTION...]
    local folder=$1
    shift
    "$bin/policyctl" certs init --dir "$folder" --service pullgate --namespace pullgate \
        --dns localhost --dns 127.0.0.1 "$@" >"$work/certs.out"
}

# Fills the array `command`: pullgate at HOST:PORT with the certificates of FOLDER.
pullgate_at() { # HOST:PORT FOLDER
    command=("$bin/pullgate" --policy "$policy" --listen "$1" --metrics-listen 127.0.0.1:0 --workers 2
        --drain-pause 0s --tls-cert "$2/tls.crt" --tls-key "$2/tls.key")
}

# Waits for one, for ten seconds at most.
await() { # WHAT COMMAND...
    local what=$1 end=$((SECONDS + 10))
    shift
    until "$@"; do
        ((SECONDS < end)) || { echo "${0##*/}: $what did not come true" >&2; return 1; }
        read -rt 0.02 <> <(:) || true
    done
}

# wrk's line of figures; ends the run where a request failed. REVIEW is posted to URL over so many connections.
ask() { # NAME REVIEW CONNECTIONS URL [WRK OPTION...]
    local line requests bad
    line=$(BENCH_BODY=$2 wrk --threads 1 --connections "$3" --duration "${seconds}s" \
        --script "$here/post.lua" "${@:5}" "$4" | grep '^figures')
    read -r _ requests _ bad _ <<<"$line"
    if [[ $bad != 0 || $requests == 0 ]]; then
        echo "${0##*/}: $1: $bad of $requests requests failed" >&2
        return 1
    fi
    echo "$line"
}
