# shellcheck shell=bash source-path=SCRIPTDIR source=lib.sh
# scrape.sh - what tests of the metrics share: reviews to decide, scrapes to look into.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

for tool in promtool jq openssl; do
    command -v $tool >/dev/null || { echo "${0##*/}: $tool is not installed"; exit 2; }
done

# Writes the review of a new pod with these images to $work/review.json.
write_review() { # NAMESPACE IMAGE...
    local namespace=$1
    shift
    jq -n --arg namespace "$namespace" '{
        apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview",
        request: {
            uid: "0ff1ce", operation: "CREATE", namespace: $namespace,
            kind: {group: "", version: "v1", kind: "Pod"},
            resource: {group: "", version: "v1", resource: "pods"},
            userInfo: {username: "someone"},
            object: {
                apiVersion: "v1", kind: "Pod",
                metadata: {name: "pod", namespace: $namespace},
                spec: {containers: [$ARGS.positional | to_entries[]
                    | {name: "c\(.key)", image: .value}]}}}}' --args "$@" >"$work/review.json"
}

decide() { # ENDPOINT NAMESPACE IMAGE...: leaves $code and $body
    local endpoint=$1
    shift
    write_review "$@"
    post "$work/review.json" "$url/$endpoint"
}

# Puts the file in place in one step: one change, one load.
replace() { # FILE: the new bytes from standard input
    cat >"$1.new"
    mv "$1.new" "$1"
}

# The scrape goes to $work/metrics.
scrape() {
    local status
    status=$(curl --silent --max-time 30 --output "$work/metrics" --write-out '%{http_code}' \
        "http://127.0.0.1:$probes/metrics")
    [ "$status" = 200 ]
}

# The value of one time series of the last scrape, named as it is there; empty: none.
value() { # SERIES
    SERIES=$1 awk 'index($0, ENVIRON["SERIES"] " ") == 1 { print $NF }' "$work/metrics"
}

# Scrapes as well: for await.
has_value() { # SERIES VALUE
    scrape && [ "$(value "$1")" = "$2" ]
}

same_value() { # SERIES VALUE
    same "$1" "$(value "$1")" "$2"
}

# promtool reads what a Prometheus server would, and knows its rules of naming.
check_format() { # NAME
    promtool check metrics <"$work/metrics" >"$work/out" 2>"$work/err"
    same "$1: promtool check metrics" "$? $(cat "$work/out" "$work/err")" "0 "
}
