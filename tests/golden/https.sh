#!/usr/bin/env bash
# The golden cases through the daemon, over TLS and one kept connection per suite: the same bytes,
# and the same audit lines apart from the times.
#
#   https.sh [FOLDER]     of suites; tests/golden when not given
. "$(dirname "$0")/../http/lib.sh"

certs=$work/certs
make_certs "$certs"

# All requests of a suite as one curl configuration, since separate calls would not keep the
# connection.
write_requests() {
    local name endpoint review
    for name in */; do
        name=${name%/} review=$PWD/$name/review.json
        [ -f "$review" ] || review=$tests/data/reviews/$name.json
        for endpoint in mutate validate; do
            printf 'url = "%s/%s?timeout=10s"\n' "$url" "$endpoint"
            printf 'cacert = "%s"\nsilent\nshow-error\nmax-time = 60\n' "$certs/ca.crt"
            printf 'header = "Content-Type: application/json"\ndata-binary = "@%s"\n' "$review"
            printf 'output = "%s/%s.%s"\n' "$work/answers" "$name" "$endpoint"
            printf 'write-out = "%s %s %%{http_code} %%{num_connects}\\n"\nnext\n' "$name" "$endpoint"
        done
    done | sed '$d' # no "next" behind the last
}

without_times() { # FILE...
    jq -c 'select(.endpoint == "mutate") | .time = 0 | .durationNs = 0' "$@"
}

# What is no review: 400, and why.
no_review() { # WHAT NAME ENDPOINT
    same "$1: status" "$(awk -v n="$2" -v e="$3" '$1 == n && $2 == e { print $3 }' "$work/codes")" 400
    check "$1: message" grep -qF -- "$(jq -Rs . <"$2/$3.error" | sed 's/^"//; s/"$//')" "$work/answers/$2.$3"
}

for rules in "${1:-$tests/golden}"/*/rules.yaml; do
    suite=$(basename "$(dirname "$rules")")
    cd "$(dirname "$rules")" || exit 1
    start_daemon "$suite" ready --policy rules.yaml
    rm -rf "$work/answers"
    mkdir "$work/answers"
    write_requests >"$work/requests"
    curl --config "$work/requests" >"$work/codes" 2>"$work/curl.err"
    same "$suite: curl" "$? $(cat "$work/curl.err")" "0 "
    same "$suite: answers other than 200" "$(awk '$3 != 200' "$work/codes" | wc -l)" \
        "$(find . -name '*.error' | wc -l)"
    same "$suite: connections" "$(awk '{ n += $4 } END { print n }' "$work/codes")" 1
    for name in */; do
        name=${name%/}
        for endpoint in mutate validate; do
            if [ -f "$name/$endpoint.error" ]; then
                no_review "$suite/$name $endpoint" "$name" $endpoint
                continue
            fi
            same_file "$suite/$name $endpoint" "$work/answers/$name.$endpoint" "$name/$endpoint.json"
        done
    done
    stop_daemon
    same "$suite: exit status" $status 0
    without_times "$audit" >"$work/audit.found"
    without_times */mutate.audit.json >"$work/audit.expected"
    same_file "$suite: audit lines" "$work/audit.found" "$work/audit.expected"
done
finish
