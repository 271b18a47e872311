# lib.sh - what the shell tests share: a work folder, checks that are counted, daemons that end.
# Use     . lib.sh at the top; `finish` as the last line
# Needs   PULLGATE, POLICYCTL: the built programs
# Ends    with 1 when a check failed or when there was none; daemons end by their own pid, always
set -u
export LC_ALL=C TZ=UTC
unset PULLGATE_POLICY
: "${POLICYCTL:?the built policyctl}" "${PULLGATE:?the built pullgate}"
tests=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/pullgate-test.XXXXXX")
checks=0 failed=0 pids=()

# PID: no end of ours any more
forget() {
    local p rest=()
    for p in "${pids[@]}"; do
        [ "$p" = "$1" ] || rest+=("$p")
    done
    pids=("${rest[@]}")
}

clean_up() {
    local pid
    for pid in "${pids[@]}"; do
        kill -KILL "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
    done
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 1' INT TERM

fail() { # NAME [DETAIL...]
    failed=$((failed + 1))
    printf 'FAILED %s\n' "$1"
    shift
    [ $# -eq 0 ] || printf '  %s\n' "$@" | head -n 60
}

check() { # NAME COMMAND...
    local name=$1
    shift
    checks=$((checks + 1))
    "$@" || fail "$name" "command: $*"
}

same() { # NAME FOUND EXPECTED
    checks=$((checks + 1))
    [ "$2" = "$3" ] || fail "$1" "found    $2" "expected $3"
}

same_file() { # NAME FOUND EXPECTED
    checks=$((checks + 1))
    cmp -s "$2" "$3" || fail "$1" "$(diff -a -u --label expected --label found "$3" "$2" | cut -c1-400)"
}

matches() { # NAME TEXT REGEX
    checks=$((checks + 1))
    [[ $2 =~ $3 ]] || fail "$1" "found    $2" "expected $3"
}

# Runs a command; leaves $status, $out and $err (also as files $work/out and $work/err).
run() {
    "$@" >"$work/out" 2>"$work/err" </dev/null
    status=$?
    out=$(tr -d '\0' <"$work/out")
    err=$(tr -d '\0' <"$work/err")
}

# Tries COMMAND again and again until it succeeds, for at most 30 seconds.
await() { # NAME COMMAND...
    local name=$1 end=$((SECONDS + 30))
    shift
    checks=$((checks + 1))
    until "$@"; do
        if [ $SECONDS -ge $end ]; then
            fail "$name" "did not come true: $*"
            return 1
        fi
        sleep 0.02
    done
}

finish() {
    printf '%s: %d checks, %d failed\n' "${0##*/}" "$checks" "$failed"
    [ "$failed" -eq 0 ] && [ "$checks" -gt 0 ]
    exit
}
