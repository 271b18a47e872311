#!/usr/bin/env bash
# Audit lines when standard output blocks, closes or is full; what the process has given up.
. "$(dirname "$0")/lib.sh"
cd "$work" || exit 1
certs=$work/certs
make_certs "$certs"
review=$tests/data/reviews/pod-create-full.json
printf 'apiVersion: pullgate/v1\nkind: ImagePolicy\nspec: {registry: one.example}\n' >rules.yaml

start_writing() { # NAME FILE OPTION...: standard output goes to FILE
    ours=${reader:-} start_into "$1" "$2" "$work/$1.log" ready --policy rules.yaml "${@:3}"
}
ask_many() { # COUNT [QUERY]: over one connection; leaves how many were answered with 200 in $answered
    local targets=()
    for _ in $(seq "$1"); do targets+=("$url/mutate${2:-}" --output /dev/null); done
    answered=$(curl --silent --max-time 60 --cacert "$certs/ca.crt" --header 'Content-Type: application/json' \
        --data-binary "@$review" --write-out '%{http_code}\n' "${targets[@]}" | grep -c '^200$')
}

# ---- no one reads: drop ------------------------------------------------------------------------

mkfifo pipe
exec {reader}<>pipe # keeps the pipe open, and reads nothing
start_writing drop pipe --audit-when-full drop --audit-queue 64KiB
ask_many 400
same "drop: all requests are answered" "$answered" 400
await "drop: is reported" is_logged audit_dropping
check "drop: with a count" [ "$(logged audit_dropping lines)" -gt 0 ]
same "drop: nothing has recovered yet" "$(grep -c audit_recovered "$log")" 0
cat <&"$reader" >lines & # now somebody reads
catcher=$!
pids+=("$catcher")
await "drop: its end is reported" is_logged audit_recovered
stop_daemon
same "drop: exit status" $status 0
await "drop: the last lines are read" bash -c "[ \$(wc -l <lines) -ge \$(jq -r 'select(.event==\"ended\").auditLines' '$log') ]"
kill "$catcher" 2>/dev/null
wait "$catcher" 2>/dev/null
exec {reader}<&-
written=$(logged ended auditLines) dropped=$(logged ended auditDropped)
same "drop: every line is written or counted" $((written + dropped)) 400
check "drop: some were dropped" [ "$dropped" -gt 0 ]
same "drop: no line is torn" "$(jq -c 'select(.event == "decision")' <lines 2>&1 | wc -l)" "$written"

# ---- no one reads for a while: block -------------------------------------------------------------

exec {reader}<>pipe
start_writing block pipe --audit-when-full block --audit-queue 64KiB
(ask_many 400; echo "$answered" >answered) &
asker=$!
await "block: requests wait" bash -c "[ \$(ss -tn state established '( sport = :$port )' 2>/dev/null | wc -l) -ge 1 ] || kill -0 $asker"
cat <&"$reader" >lines2 &
catcher=$!
wait "$asker"
same "block: all requests are answered" "$(cat answered)" 400
stop_daemon
await "block: all lines arrive" bash -c '[ $(wc -l <lines2) -eq 400 ]'
kill "$catcher"
wait "$catcher" 2>/dev/null
exec {reader}<&-
same "block: none is torn" "$(jq -c 'select(.event == "decision")' <lines2 2>&1 | wc -l)" 400

# ---- no one reads, ever: block -------------------------------------------------------------------

# Asks until an answer is not an admission; leaves it in $body, and all answers had the status 200.
ask_until_denied() { # NAME
    local before
    before=$(metric pullgate_audit_unrecorded_total)
    for _ in $(seq 40); do # many on a connection: a process for each takes minutes on a busy machine
        ask_many 50 '?timeout=2s'
        [ "$answered" = 50 ] && [ "$(metric pullgate_audit_unrecorded_total)" = "$before" ] || break
    done
    same "$1: answers until then" "$answered" 50
    post "$review" "$url/mutate?timeout=2s"
    same "$1: and then" "$code" 200
}
full=$review
review=$tests/data/reviews/pod-create.json # is allowed
exec {reader}<>pipe
start_writing stall pipe --audit-when-full block --audit-queue 64KiB --workers 1 --drain-timeout 5s
ask_until_denied "stall"
same "stall: no admission without its line" "$(jq -c '[.response.allowed, .response.status.code, .response.status.reason]' <<<"$body")" \
    '[false,503,"ServiceUnavailable"]'
matches "stall: why" "$(jq -r .response.status.message <<<"$body")" 'cannot be recorded.*--audit-when-full block'
ask_many 20 # no one waits any more: each would be late, and those after it
same "stall: all are answered" "$answered" 20
check "stall: they are counted" [ "$(metric pullgate_audit_unrecorded_total)" -ge 21 ]
await "stall: not ready any more" is_readyz 503
matches "stall: why" "$body" '\[-\] audit: .* bytes queued; none written for [0-9]+ s'
check "stall: for how long" [ "$(metric pullgate_audit_stalled_seconds)" -ge 10 ]
ask "http://127.0.0.1:$probes/healthz"
same "stall: but alive" "$code" 200
sed -i 's/registry:/mode: warn, registry:/' rules.yaml
kill -HUP "$pid"
await "stall: other rules" is_logged rules_loaded 2
post "$review" "$url/mutate?timeout=2s"
same "stall: a rule that refuses nothing still allows" "$code $(jq .response.allowed <<<"$body")" "200 true"
printf 'apiVersion: pullgate/v1\nkind: ImagePolicy\nspec: {registry: one.example}\n' >rules.yaml
timeout 60 cat <&"$reader" >lines3 &
catcher=$!
pids+=("$catcher")
await "stall: ready again" is_readyz 200
post "$review" "$url/mutate?timeout=2s"
same "stall: and it admits again" "$code $(jq .response.allowed <<<"$body")" "200 true"
kill "$catcher"
wait "$catcher" 2>/dev/null
ask_until_denied "stall again"
stop_daemon
exec {reader}<&-
same "stall: SIGTERM ends it" "$status" 0
check "stall: what was not written is counted" [ "$(logged ended auditDropped)" -ge 22 ]

review=$full

# ---- a second SIGTERM while no one reads: what is queued is dropped, and counted -------------------

exec {reader}<>pipe
start_writing impatient pipe --drain-pause 600s
ask_many 200
same "second SIGTERM: all requests are answered" "$answered" 200
kill -TERM "$pid"
await "second SIGTERM: draining" is_logged draining
stop_daemon
exec {reader}<&-
same "second SIGTERM: exit status" $status 0
same "second SIGTERM: the audit lines were not waited for" "$(logged ended cutShort)" true
check "second SIGTERM: they are counted" [ "$(logged ended auditDropped)" -gt 0 ]

# ---- closed, full ---------------------------------------------------------------------------------

exec {reader}<>pipe
start_writing closed pipe
exec {reader}<&- # the last reader goes: EPIPE
ask_many 5
same "closed: decisions go on" "$answered" 5
await "closed: is reported" is_logged audit_failing
matches "closed: why" "$(logged audit_failing error)" 'Broken pipe'
exec {reader}<>pipe # a reader again
ask_many 1
await "closed: its end is reported" is_logged audit_recovered
check "closed: with a count" [ "$(logged audit_recovered auditFailed)" -ge 1 ]
exec {reader}<&-
stop_daemon
same "closed: exit status" $status 0
check "closed: lost lines are counted" [ "$(logged ended auditFailed)" -ge 1 ]
start_writing full /dev/full
ask_many 5
same "full: decisions go on" "$answered" 5
await "full: is reported" is_logged audit_failing
matches "full: why" "$(logged audit_failing error)" 'No space left'
check "full: with a count" [ "$(logged audit_failing lines)" -ge 1 ]
ask_many 5
stop_daemon
check "full: but not for each line" [ "$(grep -c audit_failing "$log")" -lt 10 ]
same "full: exit status" $status 0
same "full: lost lines are counted" "$(logged ended auditFailed)" 10

# ---- what it has given up -------------------------------------------------------------------------

start_daemon sandbox ready --policy rules.yaml
same "no new privileges" "$(awk '/^NoNewPrivs/ {print $2}' /proc/$pid/status)" \
    "$([ "$(logged sandbox state)" = on ] && echo 1 || echo 0)"
if [ "$(logged sandbox state)" = on ]; then
    for task in /proc/"$pid"/task/*; do
        same "seccomp filter on thread ${task##*/}" "$(awk '/^Seccomp:/ {print $2}' "$task/status")" 2
    done
    kill -HUP "$pid"
    await "reload works inside" is_logged rules_loaded 2
    await "certificates too" is_logged certificate_loaded 2
    post "$review" "$url/mutate"
    same "and requests" "$code" 200
fi
stop_daemon
same "sandbox: exit status" $status 0
start_daemon none ready --policy rules.yaml --no-sandbox
same "--no-sandbox" "$(awk '/^Seccomp:/ {print $2}' /proc/$pid/status)" "$(awk '/^Seccomp:/ {print $2}' /proc/self/status)"
stop_daemon

# As a user that may nothing, in a folder it cannot write to.
if [ "$(id -u)" = 0 ]; then
    chmod 711 "$work" && chmod 755 "$certs" && chmod 644 "$certs/tls.key"
    log=$work/user.log
    setpriv --reuid 65532 --regid 65532 --clear-groups --bounding-set=-all --inh-caps=-all \
        "$PULLGATE" --policy rules.yaml --listen 127.0.0.1:0 --metrics-listen '' --drain-pause 0 \
        --tls-cert "$certs/tls.crt" --tls-key "$certs/tls.key" >"$work/user.audit" 2>"$log" </dev/null &
    pid=$!
    pids+=("$pid")
    await "as nobody: ready" is_logged ready
    url=https://127.0.0.1:$(logged ready port)
    post "$review" "$url/mutate"
    same "as nobody: answers" "$code" 200
    stop_daemon
    same "as nobody: exit status" $status 0
fi
finish
