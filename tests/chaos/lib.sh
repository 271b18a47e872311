# shellcheck shell=bash source-path=SCRIPTDIR source=../http/lib.sh
# lib.sh - a daemon that is mistreated while a client that behaves goes on and counts.
# Use     start_daemon, know_level, start_good; trouble, and good_goes_on after each kind of it;
#         then stop_good, back_at_level, end_daemon
# Forms   CHAOS_SHORT=1: few rounds, for a daemon that PULLGATE_WRAP (valgrind) or a sanitizer slows;
#         CHAOS_RSS=no: resident memory is printed only, as those hold on to what is freed
. "$(dirname "${BASH_SOURCE[0]}")/../http/lib.sh"
cd "$work" || exit 1
here=$tests/chaos
certs=$work/certs
review=$tests/data/reviews/pod-create.json
make_certs "$certs"
short=${CHAOS_SHORT:-}
# Above its level a daemon may keep so much: arenas of threads that met a peak, and what malloc holds
# between blocks in use. A leak of one connection (75 kB) or body in a hundred rounds is more.
rss_slack_kb=6144

rounds() { # SHORT LONG: one of them
    [ -n "$short" ] && echo "$1" || echo "$2"
}

# Each file in one step: one change, one load.
rules() { # REGISTRY
    printf 'apiVersion: pullgate/v1\nkind: ImagePolicy\nspec: {registry: %s}\n' "$1" >rules.new
    mv -fT rules.new rules.yaml
}

# ---- clients -----------------------------------------------------------------------------------

client() { # NAME ARGUMENT...: one of client.py, to its end
    local name=$1
    shift
    /usr/bin/python3 "$here/client.py" "$name" "$port" "$certs/ca.crt" "$@" >"$work/client.out" 2>"$work/client.err"
    same "$name: nothing was left or wrong" "$? $(tail -n 1 "$work/client.err")" "0 "
    echo "  $name: $(tail -n 1 "$work/client.out")"
}

asked() {
    local n
    read -r n 2>/dev/null <good.progress || n=0
    echo $((10#${n:-0}))
}

# The client that behaves. FRESH: every so many requests on a new connection.
start_good() { # FRESH REGISTRY...
    rm -f good.progress
    /usr/bin/python3 "$here/client.py" good "$port" "$certs/ca.crt" "$review" "$work/good.progress" "$@" \
        >good.out 2>good.err &
    good_pid=$!
    pids+=("$good_pid")
    good_goes_on "the client that behaves: begins"
}

has_asked() { # MORE THAN
    [ "$(asked)" -gt "$1" ]
}

# Some more requests are answered, from here on; fresh connections among them.
good_goes_on() { # NAME
    must_live "$1"
    await "$1: requests are answered" has_asked $(($(asked) + $(rounds 4 60)))
}

stop_good() { # NAME
    kill -TERM "$good_pid"
    wait "$good_pid"
    same "$1: no well-behaved request failed" "$(jq -c '[.wrong, .why]' good.out)" '[0,[]]'
    [ -s good.err ] && cat good.err
    check "$1: there were some" test "$(jq .right good.out)" -gt 0
    echo "  well-behaved requests: $(jq .right good.out) right, $(jq .wrong good.out) wrong"
    forget "$good_pid"
}

# A client that does not behave and stays: leaves $bad_pid. `leave_bad` ends it.
start_bad() { # NAME COUNT
    : >bad.out
    /usr/bin/python3 "$here/client.py" "$1" "$port" "$certs/ca.crt" "$2" >bad.out 2>bad.err &
    bad_pid=$!
    pids+=("$bad_pid")
}
is_open() { # COUNT
    grep -qx "open $1" bad.out
}
leave_bad() {
    kill -TERM "$bad_pid"
    wait "$bad_pid"
    forget "$bad_pid"
}

# ---- figures -----------------------------------------------------------------------------------

count_fds() {
    find "/proc/$pid/fd" -mindepth 1 2>/dev/null | wc -l
}
count_threads() {
    awk '/^Threads:/ {print $2}' "/proc/$pid/status"
}
rss_kb() {
    awk '/^VmRSS:/ {print $2}' "/proc/$pid/status"
}
show_level() { # WHEN
    printf '  %-24s rss %6d kB, fds %4d, threads %2d\n' "$1" "$(rss_kb)" "$(count_fds)" "$(count_threads)"
}
is_metric() { # NAME VALUE
    [ "$(metric "$1")" = "$2" ]
}
is_alone() { # no one is connected, nothing is kept
    is_metric pullgate_server_connections_open 0 && is_metric pullgate_server_requests_in_flight 0 &&
        is_metric pullgate_server_memory_bytes 0
}

# What the daemon has before it was ever asked, but for the memory: that is used first.
know_level() { # REGISTRY...
    level_fds=$(count_fds) level_threads=$(count_threads)
    client ask "$review" "$(rounds 20 400)" 8 "$@"
    await "before: no connection is open" is_alone
    await "before: $level_fds descriptors" fds_are_back
    level_rss=$(rss_kb)
    show_level before
}

fds_are_back() {
    [ "$(count_fds)" -eq "$level_fds" ]
}
rss_is_back() {
    [ "$(rss_kb)" -le $((level_rss + rss_slack_kb)) ]
}

back_at_level() { # NAME
    must_live "$1"
    await "$1: no connection is open" is_alone
    await "$1: $level_fds descriptors as before" fds_are_back
    same "$1: threads as before" "$(count_threads)" "$level_threads"
    [ "${CHAOS_RSS:-yes}" = no ] || await "$1: memory is back at $level_rss kB + $rss_slack_kb" rss_is_back
    show_level after
}

# ---- the end -----------------------------------------------------------------------------------

is_gone() { # PID: it ended; no one has waited for it yet
    ! [ -d "/proc/$1" ] || [ "$(awk '{sub(/.*\) /, ""); print $1}' "/proc/$1/stat" 2>/dev/null)" = Z ]
}

# Nothing below makes sense without it.
must_live() { # NAME
    is_gone "$pid" || return 0
    fail "$1: the daemon is gone" "$(tail -n 20 "$log")"
    finish
}

# SIGTERM ends it with 0, in bounded time.
end_daemon() { # NAME
    kill -TERM "$pid"
    await "$1: SIGTERM ends it" is_gone "$pid" || kill -KILL "$pid"
    wait "$pid"
    same "$1: exit status" $? 0
    forget "$pid"
}
