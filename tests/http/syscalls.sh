#!/usr/bin/env bash
# System calls of requests on a connection that is kept: bytes are read once and written once for each, and nothing
# is set. What is counted does not depend on how busy the machine is: reads that find nothing, waits and the audit
# lines are not (tests/bench/syscalls.sh shows them all).
. "$(dirname "$0")/lib.sh"
cd "$work" || exit 1
certs=$work/certs
make_certs "$certs"
printf 'apiVersion: pullgate/v1\nkind: ImagePolicy\nspec: {registry: one.example}\n' >rules.yaml

requests=500 spare=25 # what comes before the first and after the last: a handshake, the end
count() { # CALL [RESULT]: how many ended so, in all threads
    cat calls.* | grep -cE "^$1\(.* = ${2:-[1-9]}"
}
ask_many() { # NAME FILE OPTION...
    local name=$1 file=$2
    shift 2
    rm -f calls.*
    PULLGATE_WRAP="strace -D -ff -q -o $work/calls -e trace=network" start_daemon "$name" ready --policy rules.yaml
    # One name for all: a second connection would be seen by its number.
    curl --silent --show-error --max-time 300 --cacert "$certs/ca.crt" --output /dev/null \
        --header 'Content-Type: application/json' --data-binary "@$file" "$@" \
        --write-out '%{http_code} %{num_connects}\n' "$url/mutate?n=[1-$requests]" >answers 2>curl.err
    same "$name: all answered, on one connection" "$(sort answers | uniq -c | awk '{print $1, $2, $3}' | xargs)" \
        "$((requests - 1)) 200 0 1 200 1"
    stop_daemon
    same "$name: exit status" "$status" 0
    local received sent set
    received=$(count '(recvfrom|recvmsg)') sent=$(count '(sendto|sendmsg)') set=$(count setsockopt '.*')
    echo "  $name: $requests requests, $received reads, $sent writes, $set options"
    for calls in "$received" "$sent"; do
        check "$name: $calls calls are one for each request" \
            [ "$calls" -ge "$requests" -a "$calls" -le $((requests + spare)) ]
    done
    check "$name: $set options are none for each request" [ "$set" -le "$spare" ]
}
ask_many tls13 "$tests/data/reviews/pod-create.json" --tlsv1.3
ask_many tls12 "$tests/data/reviews/pod-create.json" --tls-max 1.2
ask_many chacha "$tests/bench/reviews/12k.json" --tls13-ciphers TLS_CHACHA20_POLY1305_SHA256
finish
