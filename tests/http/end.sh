#!/usr/bin/env bash
# How the daemon ends: requests under way are answered, new ones are not taken, and the exit status is 0.
. "$(dirname "$0")/lib.sh"
cd "$tests/golden/captured" || exit 1
certs=$work/certs
make_certs "$certs"
raw=$work/raw
sed '1s|/mutate/capture|/mutate|' "$tests/data/reviews/pod-create.http" >"$raw"

# A request whose header the daemon has read for certain: it asks to continue and was told to.
begin_request() {
    { sed '/^\r$/,$d' "$raw"; printf 'Expect: 100-continue\r\n\r\n'; } >"$work/raw.head"
    sed '1,/^\r$/d' "$raw" >"$work/raw.body"
    dial
    say "$work/raw.head"
    hear
    same "$1: the header is read" "$code" 100
}
is_refused() {
    ! openssl s_client -connect "127.0.0.1:$port" </dev/null >/dev/null 2>&1
}
wait_for_end() {
    wait "$pid"
    status=$?
}

# ---- a slow request --------------------------------------------------------------------------

for signal in TERM INT; do
    start_daemon "slow-$signal" ready --policy rules.yaml
    begin_request "SIG$signal"
    kill -$signal "$pid"
    await "SIG$signal: draining" is_logged draining
    await "SIG$signal: new connections are not taken" is_refused
    say "$work/raw.body"
    hear
    same "SIG$signal: the request under way is answered" "$code" 200
    same_file "SIG$signal: in full" "$work/body" pod-create/mutate.json
    head_has "SIG$signal: and the connection ends" '^connection: close$'
    wait_for_end
    same "SIG$signal: exit status" $status 0
    same "SIG$signal: all answered" "$(logged drained allAnswered)" true
    same "SIG$signal: the audit line is written" "$(jq -r .uid "$audit")" "$(jq -r .response.uid "$work/body")"
    same "SIG$signal: lines counted" "$(logged ended auditLines)" 1
    hang_up
done

# ---- one that never ends ---------------------------------------------------------------------

start_daemon stuck ready --policy rules.yaml --drain-timeout 1s
begin_request "a request that never ends"
kill -TERM "$pid"
wait_for_end
same "a request that never ends: exit status" $status 0
same "a request that never ends: said" "$(logged drained allAnswered)" false
hang_up

# ---- idle connections do not hold it up ------------------------------------------------------

start_daemon idle ready --policy rules.yaml --drain-timeout 600s
dial
say "$raw"
hear
same "idle connection: used once" "$code" 200
kill -TERM "$pid"
wait_for_end
same "idle connection: exit status" $status 0
same "idle connection: nothing was left" "$(logged drained allAnswered)" true
# The API server may have sent its next request at this moment: it repeats what is answered so.
hear
same "idle connection: a request sent meanwhile is to be repeated" "$code" 503
head_has "idle connection: after a second" '^retry-after: 1$'
head_has "idle connection: on another connection" '^connection: close$'
hang_up

start_daemon unused ready --policy rules.yaml --drain-timeout 600s
dial
unused() { [ "$(metric pullgate_server_connections_open)" = 1 ] && [ "$(metric pullgate_server_handshakes_in_flight)" = 0 ]; }
await "unused connection: it is there" unused
kill -TERM "$pid"
wait_for_end
hear
same "unused connection: a request sent meanwhile is to be repeated" "$code" 503
hang_up

# ---- the pause: endpoints are withdrawn first ------------------------------------------------

start_daemon pause ready --policy rules.yaml --drain-pause 600s
check "pause: ready before" is_readyz 200
run "$PULLGATE" --healthcheck --metrics-listen "127.0.0.1:$probes"
same "healthcheck, ready" "$status$out$err" 0
PULLGATE_METRICS_LISTEN=127.0.0.1:$probes run "$PULLGATE" --healthcheck
same "healthcheck, by environment" "$status$out$err" 0
run "$PULLGATE" --healthcheck --metrics-listen "127.0.0.1:$port"
matches "healthcheck, of another server" "$status $err" '^1 pullgate: (the answer is not HTTP|.*without an answer|no answer: .*)$'
kill -TERM "$pid"
await "pause: not ready any more" is_readyz 503
run "$PULLGATE" --healthcheck --metrics-listen "127.0.0.1:$probes"
same "healthcheck, not ready" "$status $err" '1 pullgate: not ready (HTTP 503)'
matches "pause: says so" "$body" '\[-\] drain: shutting down'
post "$tests/data/reviews/pod-create.json" "$url/mutate"
same "pause: new connections are still answered" "$code" 200
head_has "pause: but not kept" '^connection: close$'
ask "http://127.0.0.1:$probes/healthz"
same "pause: alive" "$code" 200
kill -TERM "$pid" # a second one: now
wait_for_end
same "pause: a second SIGTERM ends it" $status 0
finish
