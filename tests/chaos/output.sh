#!/usr/bin/env bash
# Standard output and standard error that no one reads, that are closed or full, under load: decisions go
# on as promised, no line is torn, and SIGTERM ends the daemon. What becomes of each line: tests/http.
. "$(dirname "$0")/lib.sh"
rules one.example
make_pipe() { # NAME VARIABLE: open at both ends, and no one reads; the smallest there is
    mkfifo "$1"
    exec {opened}<>"$1"
    /usr/bin/python3 -c 'import fcntl, sys; fcntl.fcntl(int(sys.argv[1]), fcntl.F_SETPIPE_SZ, 4096)' "$opened"
    eval "$2=$opened"
}
unread="" silence="" # descriptors, of make_pipe
make_pipe pipe unread

start_writing() { # NAME OUT ERR OPTION...
    ours=$unread start_into "$1" "$2" "$3" ready --policy rules.yaml --poll 200ms --drain-timeout 1s "${@:4}"
}
queue_is_full() { # a request waits for it
    [ "$(metric pullgate_audit_queue_bytes)" -gt 64000 ] && [ "$(metric pullgate_server_requests_in_flight)" -gt 0 ]
}
start_reader() { # FILE [DESCRIPTOR]
    /usr/bin/python3 "$here/reader.py" <&"${2:-$unread}" >>"$1" &
    reader=$!
    pids+=("$reader")
}
stop_reader() {
    kill "$reader"
    wait "$reader" 2>/dev/null
    forget "$reader"
}
whole_lines() { # FILE: how many; a torn one is an error
    jq -r .event <"$1" 2>&1 | sort | uniq -c | sed 's/^ *//'
}
pending_is() { # BYTES
    [ "$(metric pullgate_audit_queue_bytes)" = "$1" ]
}
drain_pipe() { # all that is in it
    start_reader "$1"
    await "the queue is written" pending_is 0
    stop_reader
}

# ---- no one reads the decisions: dropped -------------------------------------------------------

start_writing drop pipe "$work/drop.log" --audit-when-full drop --audit-queue 64KiB
start_reader lines
know_level one.example
start_good 20 one.example
stop_reader
has_dropped() {
    [ "$(metric 'pullgate_audit_lines_total{result="dropped"}')" -gt 0 ]
}
await "drop: lines are dropped" has_dropped
good_goes_on "drop: the pipe is not read"
drain_pipe lines
good_goes_on "drop: somebody reads again"
stop_good drop
drain_pipe lines
back_at_level drop
end_daemon drop
same "drop: no line is torn" "$(whole_lines lines | cut -d' ' -f2-)" decision

# ---- no one reads the decisions: block ---------------------------------------------------------

start_writing block pipe "$work/block.log" --audit-when-full block --audit-queue 64KiB
start_reader lines2
know_level one.example
start_good 20 one.example
for _ in $(seq "$(rounds 1 3)"); do
    stop_reader
    await "block: requests wait" queue_is_full
    ask "http://127.0.0.1:$probes/healthz"
    same "block: the other listener does not" "$code" 200
    start_reader lines2
    good_goes_on "block: somebody reads again"
done
stop_good block
back_at_level block
stop_reader
# Requests wait for a queue that no one will ever empty, and SIGTERM comes.
/usr/bin/python3 "$here/client.py" ask "$port" "$certs/ca.crt" "$review" 1000 8 one.example >/dev/null 2>&1 &
asker=$!
pids+=("$asker")
await "block: requests wait" queue_is_full
end_daemon "block: the pipe is never read"
check "block: what was not written is counted" [ "$(logged ended auditDropped)" -ge 1 ]
wait "$asker"
forget "$asker"
timeout 1 cat <&"$unread" >/dev/null # for the next one

# ---- full, and not full any more ---------------------------------------------------------------

start_writing full "$work/full.audit" "$work/full.log"
know_level one.example
start_good 20 one.example
lost_lines() {
    metric 'pullgate_audit_lines_total{result="failed"}'
}
is_lost() { # MORE THAN
    [ "$(lost_lines)" -gt "$1" ]
}
has_grown() { # SINCE
    [ "$(stat -c %s full.audit)" -gt "$1" ]
}
for _ in $(seq "$(rounds 1 3)"); do
    lost=$(lost_lines)
    prlimit --pid "$pid" --fsize=$(($(stat -c %s full.audit) + 1000)):unlimited # as a full disk, in the middle of a line
    await "full: lines are lost" is_lost "$lost"
    good_goes_on "full: no line can be written"
    ask "http://127.0.0.1:$probes/readyz?verbose"
    matches "full: said by readyz" "$body" '\[-\] audit: .*lines lost'
    prlimit --pid "$pid" --fsize=unlimited
    size=$(stat -c %s full.audit)
    good_goes_on "full: there is room again"
    await "full: lines are written again" has_grown "$size"
done
stop_good full
back_at_level full
end_daemon full
same "full: at most one torn line for each time" \
    "$(jq -R 'fromjson? // "torn"' full.audit | grep -c '"torn"' | awk -v most="$(rounds 1 3)" '{print ($1 <= most)}')" 1
same "full: every line is written or counted" \
    "$(grep -c '}$' full.audit) $(logged ended auditDropped)" "$(logged ended auditLines) 0"

# ---- no one reads the messages -----------------------------------------------------------------

make_pipe messages silence
start_reader "$work/stderr.log" "$silence"
start_writing stderr "$work/stderr.audit" messages
know_level one.example
start_good 20 one.example
stop_reader
printf '{' >bad.json
ask_badly() { # COUNT
    local targets=()
    for _ in $(seq "$1"); do targets+=("$url/mutate" --output /dev/null); done
    same "messages: $1 bad requests are refused" "$(curl --silent --max-time 60 --cacert "$certs/ca.crt" \
        --header 'Content-Type: application/json' --data-binary @bad.json --write-out '%{http_code}\n' \
        "${targets[@]}" | sort | uniq -c | sed 's/^ *//')" "$1 400"
}
ask_badly 600 # a line each: more than the pipe and the lines that wait (64 KiB) hold, however slow the writer
good_goes_on "messages: the pipe is not read"
rules two.example
rules one.example
kill -HUP "$pid"
good_goes_on "messages: reload"
start_reader "$work/stderr.log" "$silence"
ask_badly 1
await "messages: the lost ones are counted" is_logged log_lines_lost
stop_good messages
back_at_level messages
end_daemon messages
stop_reader
same "messages: no line is torn" "$(jq -r 'type' stderr.log 2>&1 | sort -u)" object

# ---- closed before it begins -------------------------------------------------------------------

log=$work/closed.log
: >"$log"
# shellcheck disable=SC2086 # words of a command
${PULLGATE_WRAP:-} "$PULLGATE" --policy rules.yaml --listen 127.0.0.1:0 --metrics-listen 127.0.0.1:0 --poll 200ms \
    --drain-pause 0s --tls-cert "$certs/tls.crt" --tls-key "$certs/tls.key" <&- >&- 2>"$log" &
pid=$!
pids+=("$pid")
await "closed: ready" is_logged ready
port=$(logged ready port) probes=$(logged ready metricsPort)
know_level one.example
start_good 20 one.example
good_goes_on "closed"
stop_good closed
back_at_level closed
end_daemon closed
check "closed: lost lines are counted" [ "$(logged ended auditFailed)" -ge 1 ]
finish
