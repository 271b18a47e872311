# lib.sh - a daemon on a free port, its log, and curl to it.
. "$(dirname "${BASH_SOURCE[0]}")/../cli/lib.sh"

make_certs() { # FOLDER
    "$POLICYCTL" certs init --dir "$1" --service pullgate --namespace pullgate --dns 127.0.0.1 \
        --dns localhost >"$work/certs.out" || fail "certs init" "$(cat "$work/certs.out")"
}

# A daemon that runs may be in the middle of a line: only those with their end count.
complete_lines() { # FILE
    perl -ne 'print if /\n\z/' "$1"
}

is_logged() { # EVENT [COUNT]
    [ "$(complete_lines "$log" | grep -c "\"event\":\"$1\"")" -ge "${2:-1}" ]
}

logged() { # EVENT FIELD: of the last such line
    complete_lines "$log" | grep "\"event\":\"$1\"" | tail -n 1 | jq -r ".$2"
}

# The audit line of a decision comes after its answer: while the daemon runs it is waited for.
is_audited() { # COUNT: so many lines
    [ "$(complete_lines "$audit" | wc -l)" -ge "$1" ]
}
last_audited_is() { # FIELD VALUE
    [ "$(complete_lines "$audit" | tail -n 1 | jq -r ".$1")" = "$2" ]
}

# Starts the daemon; leaves $pid, $port, $probes, and the files $log and $audit.
# The certificates are those of $certs, or what the array `tls` says; EVENT is what it says once it listens. PULLGATE_WRAP is put
# before the command, as in "valgrind --quiet".
start_daemon() { # NAME EVENT OPTION...
    local name=$1
    shift
    audit=$work/$name.audit
    start_into "$name" "$audit" "$work/$name.log" "$@"
}

# The same with standard output and error where the caller wants them; $log is WORK/NAME.log. Descriptors named in
# `ours` are not the daemon's: it would be the other end of its own pipe.
start_into() { # NAME OUT ERR EVENT OPTION...
    local name=$1 out=$2 err=$3 event=$4
    shift 4
    local pair=(--tls-cert "${certs-}/tls.crt" --tls-key "${certs-}/tls.key")
    [ -z "${tls+set}" ] || pair=("${tls[@]}")
    log=$work/$name.log
    : >"$log"
    (
        for fd in ${ours:-}; do exec {fd}>&-; done
        # shellcheck disable=SC2086 # words of a command
        exec ${PULLGATE_WRAP:-} "$PULLGATE" --listen 127.0.0.1:0 --metrics-listen 127.0.0.1:0 --drain-pause 0s \
            "${pair[@]}" "$@" >"$out" 2>"$err" </dev/null
    ) &
    pid=$!
    pids+=("$pid")
    await "$name: says $event" is_logged "$event" || { cat "$log"; exit 1; }
    port=$(logged "$event" port)
    probes=$(logged "$event" metricsPort)
    url=https://127.0.0.1:$port
}

# Ends it as Kubernetes does, and waits; leaves $status.
stop_daemon() {
    kill -TERM "$pid"
    wait "$pid"
    status=$?
    forget "$pid"
}

metric() { # NAME: its value now
    curl --silent --max-time 30 "http://127.0.0.1:$probes/metrics" | awk -v name="$1" '$1 == name {print $2}'
}

is_readyz() { # STATUS
    ask "http://127.0.0.1:$probes/readyz"
    [ "$code" = "$1" ]
}

# New connections get the certificate of the file.
served_is_disk() { # [FILE]
    [ "$(openssl s_client -connect "127.0.0.1:$port" </dev/null 2>/dev/null | openssl x509 -noout -fingerprint -sha256)" = \
        "$(openssl x509 -noout -fingerprint -sha256 -in "${1:-$certs/tls.crt}")" ]
}

# curl that trusts our CA alone; the answer's body goes to $work/body, its head to $work/head.
ask() { # OPTION... URL: leaves $code
    code=$(curl --silent --show-error --max-time 30 --cacert "$certs/ca.crt" --output "$work/body" \
        --dump-header "$work/head" --write-out '%{http_code}' "$@" 2>"$work/curl.err")
    body=$(cat "$work/body" 2>/dev/null)
}

post() { # FILE URL [OPTION...]
    local file=$1
    shift
    ask --header 'Content-Type: application/json' --data-binary "@$file" "$@"
}

# ---- raw bytes over TLS: one connection at a time ----------------------------------------------

# Opens a connection; bytes are written with `say`, answers read with `hear`.
dial() { # [s_client OPTION...]
    coproc RAW { exec openssl s_client -quiet -verify_return_error -CAfile "$certs/ca.crt" \
        -connect "127.0.0.1:$port" "$@" 2>"$work/s_client.err"; }
    raw_pid=$RAW_PID
    pids+=("$raw_pid")
    exec {raw_in}>&"${RAW[1]}" {raw_out}<&"${RAW[0]}"
}

say() { # FILE
    cat "$1" >&"$raw_in"
}

# Reads one answer: its head to $work/head, its body to $work/body; leaves $code (empty: none came).
hear() {
    local line length=0
    code=
    : >"$work/head"
    : >"$work/body"
    while IFS= read -r -t 30 line <&"$raw_out"; do
        line=${line%$'\r'}
        [ -n "$line" ] || break
        printf '%s\n' "$line" >>"$work/head"
        [[ $line =~ ^HTTP/1\.1\ ([0-9]+) ]] && code=${BASH_REMATCH[1]}
        [[ ${line,,} =~ ^content-length:\ *([0-9]+) ]] && length=${BASH_REMATCH[1]}
    done
    head -c "$length" <&"$raw_out" >"$work/body"
    body=$(cat "$work/body")
}

hang_up() {
    exec {raw_in}>&- {raw_out}<&-
    kill "$raw_pid" 2>/dev/null
    wait "$raw_pid" 2>/dev/null
}

head_has() { # NAME REGEX
    checks=$((checks + 1))
    tr -d '\r' <"$work/head" | grep -qiE "$2" || fail "$1" "expected $2" "$(cat "$work/head")"
}
