# lib.sh - registries on free ports, images in them, and what policyctl images --check says of each.
# Needs  BUILD: the build folder, with the programs of tools.sh
# shellcheck shell=bash
. "$(dirname "${BASH_SOURCE[0]}")/../cli/lib.sh"
here=$tests/registry
unset AWS_CA_BUNDLE HTTP_PROXY HTTPS_PROXY NO_PROXY http_proxy https_proxy no_proxy
export OTEL_TRACES_EXPORTER=none # the registry 3.1 would send its traces somewhere
cd "$work" || exit 1

tool() { # NAME: the path of a program that was built before
    "$here/tools.sh" "$1" || exit 1
}

# PATTERN that sed has a port for, in a log; leaves $port
port_in() {
    port=$(sed -nE "s/$2/\\1/p" "$1" 2>/dev/null | head -n 1)
    [ -n "$port" ]
}

# start NAME PATTERN COMMAND...: a server; its log is NAME.log; leaves $port and $pid
start() {
    local name=$1 pattern=$2
    shift 2
    : >"$name.log"
    "$@" >"$name.log" 2>&1 </dev/null &
    pid=$!
    pids+=("$pid")
    await "$name starts" port_in "$name.log" "$pattern" || { cat "$name.log"; exit 1; }
}

# A registry of the distribution project: PROGRAM NAME [LINES OF CONFIGURATION]; `http` is what follows addr
start_distribution() {
    printf 'version: 0.1\nlog: {accesslog: {disabled: true}}\nstorage: {inmemory: {}}\nhttp:\n  addr: 127.0.0.1:0\n%s\n%s\n' \
        "${http-}" "${3-}" >"$2.yml"
    local serve=(serve "$2.yml")
    start "$2" '.*listening on 127\.0\.0\.1:([0-9]+).*' "$1" "${serve[@]}"
}

# The tests' own servers, in Python: MODE NAME [ARGUMENT...]
start_python() {
    local mode=$1 name=$2
    shift 2
    start "$name" '^port ([0-9]+)$' python3 "$here/servers.py" "$mode" "$@"
}

# push URL REPOSITORY TAG [OPTION...]: prints the digest; see push.py
push() {
    python3 "$here/push.py" "$@"
}

# USER PASSWORD: a line of an htpasswd file
htpasswd_line() {
    perl -e 'print "$ARGV[0]:", crypt($ARGV[1], q($2b$04$abcdefghijklmnopqrstuu)), "\n"' "$1" "$2"
}

cat >open.yaml <<'RULES'
apiVersion: pullgate/v1
kind: ImagePolicy
metadata: {name: open}
spec: {approved: ["**"]}
RULES

# check_images IMAGE... [-- OPTION...]: runs images --check; leaves $status, $out (JSON), $err
check_images() {
    local images=() image
    while (($# > 0)) && [ "$1" != -- ]; do
        images+=("$1")
        shift
    done
    (($# == 0)) || shift
    : >images.list
    for image in "${images[@]}"; do echo "$image" >>images.list; done
    run "$POLICYCTL" images -p "${rules:-open.yaml}" --check -v -o json "$@" images.list
}

# FIELD [IMAGE]: of the check of the image (of the only one)
field() {
    jq -r --arg image "${2-}" \
        ".images[] | select(\$image == \"\" or .source == \$image) | .check.$1 // \"\"" "$work/out"
}

# NAME IMAGE EXPECTED [OPTION...]: the word for one image
word_is() {
    local name=$1 image=$2 expected=$3
    shift 3
    check_images "$image" -- "$@"
    same "$name: $(field reason)$err" "$(field status)" "$expected"
    case $expected in
    exists) same "$name: exit status" "$status" "$([ "$(field good)" = true ] && echo 0 || echo 1)" ;;
    *) same "$name: exit status" "$status" 1 ;;
    esac
}

# NAME WORD...: no output of the last run has any of the words, nor what Basic makes of them
holds_none() {
    local name=$1 word
    shift
    for word in "$@"; do
        same "$name: $word is not printed" "$(cat "$work/out" "$work/err" | grep -cF -- "$word")" 0
    done
}
