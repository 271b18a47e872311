# lib.sh - a daemon on a free port, its log, and curl to it.
. "$(dirname "${BASH_SOURCE[0]}")/../cli/lib.sh"

make_certs() { # FOLDER
    "$POLICYCTL" certs init --dir "$1" --service pullgate --namespace pullgate --dns 127.0.0.1 \
        --dns localhost >"$work/certs.out" || fail "certs init" "$(cat "$work/certs.out")"
}

is_logged() { # EVENT [COUNT]
    [ "$(grep -c "\"event\":\"$1\"" "$log")" -ge "${2:-1}" ]
}

logged() { # EVENT FIELD: of the last such line
    grep "\"event\":\"$1\"" "$log" | tail -n 1 | jq -r ".$2"
}

# Starts the daemon; leaves $pid, $port, $probes, and the files $log and $audit.
# The certificates are those of $certs; EVENT is what it says once it listens.
start_daemon() { # NAME EVENT OPTION...
    local name=$1 event=$2
    shift 2
    log=$work/$name.log audit=$work/$name.audit
    : >"$log"
    "$PULLGATE" --listen 127.0.0.1:0 --metrics-listen 127.0.0.1:0 --drain-pause 0s \
        --tls-cert "$certs/tls.crt" --tls-key "$certs/tls.key" "$@" >"$audit" 2>"$log" </dev/null &
    pid=$!
    pids+=("$pid")
    await "$name: says $event" is_logged "$event" || { cat "$log"; exit 1; }
    port=$(logged "$event" port)
    probes=$(logged "$event" metricsPort)
    url=https://127.0.0.1:$port
}

# Ends it as Kubernetes does, and waits; leaves $status.
stop_daemon() {
    local p rest=()
    kill -TERM "$pid"
    wait "$pid"
    status=$?
    for p in "${pids[@]}"; do
        [ "$p" = "$pid" ] || rest+=("$p")
    done
    pids=("${rest[@]}")
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
