#!/usr/bin/env bash
# Each limit has a flag: with a small value, one client goes beyond it, and is held; one that behaves is
# served on (limits.py).
#   limits.sh [LIMIT...]     by their names in the list below; all of them
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

rules one.example

# LIMIT: its option, and what else the daemon needs for it
while read -r limit options; do
    [[ $# -eq 0 || " $* " == *" $limit "* ]] || continue
    # shellcheck disable=SC2086  # a list
    start_daemon "$limit" ready --policy rules.yaml $options
    PID=$pid run /usr/bin/python3 "$here/limits.py" "$limit" "$port" "$probes" "$certs/ca.crt" "$review" one.example
    same "$limit: it holds, and others are served" "$status $err" "0 "
    echo "  $out"
    end_daemon "$limit"
done <<'END'
max-body --max-body 8KiB
memory-budget --memory-budget 1MiB --request-timeout 60s --workers 1
max-in-flight --max-in-flight 4 --request-timeout 4s
slow-bodies --max-connections 8 --max-in-flight 4
probe-bodies --header-timeout 60s --request-timeout 60s
idle-crowd
unread-metrics --header-timeout 600s
unread-answers --max-in-flight 4 --request-timeout 600s --header-timeout 600s
long-uid
memory --memory 256MiB
max-connections --max-connections 4
max-handshakes --max-handshakes 4
max-connections-per-address --max-connections-per-address 3
max-header --max-header 8KiB
header-timeout --header-timeout 1s
request-timeout --request-timeout 1s
query-timeout --request-timeout 60s
idle-timeout --idle-timeout 1s
max-depth --max-depth 20
max-nodes --max-nodes 2000
END
finish
