#!/usr/bin/env bash
# Thousands of idle connections, slow ones, resets, and no descriptors left: who behaves is answered.
. "$(dirname "$0")/lib.sh"
rules one.example

# ---- many that do nothing ----------------------------------------------------------------------

idle_tcp=$(rounds 50 4000) idle_tls=$(rounds 10 1000)
needed=$((idle_tcp + idle_tls + 200))
if [ "$(ulimit -Hn)" != unlimited ] && [ "$(ulimit -Hn)" -lt $needed ]; then
    idle_tcp=$(($(ulimit -Hn) / 2)) idle_tls=$(($(ulimit -Hn) / 4))
fi
ulimit -Sn "$(ulimit -Hn)"
is_connected() { # AT LEAST
    [ "$(metric pullgate_server_connections_open)" -ge "$1" ]
}
start_daemon idle ready --policy rules.yaml --max-connections 10000 --header-timeout 60s --poll 200ms
know_level one.example
start_good 20 one.example
start_bad idle-tcp "$idle_tcp"
await "$idle_tcp idle connections" is_open "$idle_tcp"
first_pid=$bad_pid
start_bad idle-tls "$idle_tls"
await "$idle_tls idle connections with TLS" is_open "$idle_tls"
await "idle: they are all connected" is_connected $((idle_tcp + idle_tls))
good_goes_on "idle: $((idle_tcp + idle_tls)) idle connections"
show_level "$((idle_tcp + idle_tls)) idle"
leave_bad
bad_pid=$first_pid
leave_bad
good_goes_on "idle: they are gone"
stop_good idle
back_at_level idle
end_daemon idle

# ---- more than there is room for ---------------------------------------------------------------

start_daemon full ready --policy rules.yaml --max-connections 64 --poll 200ms
know_level one.example
start_good 1 one.example # each request on its own connection
start_bad idle-tls "$(rounds 70 200)"
good_goes_on "full: connections wait for room"
await "full: idle ones make room" is_open "$(rounds 70 200)"
good_goes_on "full: and go on"
check "full: is logged" is_logged connections_full
start_bad_probes() { # the other listener, where a kubelet asks
    port=$probes start_bad idle-tcp 200
}
leave_bad
start_bad_probes
await "probes: idle connections" is_open 200
ask "http://127.0.0.1:$probes/healthz"
same "probes: answer in spite of them" "$code" 200
leave_bad
stop_good full
back_at_level full
end_daemon full

# ---- slow, half closed, torn off ---------------------------------------------------------------

start_daemon slow ready --policy rules.yaml --header-timeout "$(rounds 4s 500ms)" \
    --request-timeout "$(rounds 5s 1s)" --poll 200ms
know_level one.example
start_good 20 one.example
for name in slow-writers resets half-closed; do
    client $name "$(rounds 12 90)"
    good_goes_on "$name"
done
client slow-readers "$(rounds 1 60)" # each until the kernel takes no more answers
good_goes_on slow-readers
stop_good slow
back_at_level slow
end_daemon slow

# ---- no descriptors left -----------------------------------------------------------------------

start_daemon fds ready --policy rules.yaml --poll 200ms
know_level one.example
start_good 0 one.example two.example # one connection for all
nofile=$(($(count_fds) + 20))
prlimit --pid "$pid" --nofile=$nofile:$nofile
start_bad idle-tcp 60 # the kernel takes them, the daemon cannot
await "fds: clients wait" is_open 60
await "fds: is logged" is_logged accept_failed
good_goes_on "fds: who is connected is answered"
rules two.example
await "fds: new rules cannot be read" is_logged rules_kept
matches "fds: and why" "$(logged rules_kept error)" 'Too many open files'
good_goes_on "fds: the last good rules hold"
leave_bad
await "fds: and are read without another change" is_logged rules_loaded 2
client ask "$review" 20 4 two.example
good_goes_on "fds: there are some again"
stop_good fds
back_at_level fds
end_daemon fds
finish
