#!/usr/bin/env bash
# Options of the daemon: by flag, by environment, wrong ones; what it says when it cannot start.
. "$(dirname "$0")/lib.sh"
cd "$tests/golden/captured" || exit 1
certs=$work/certs
make_certs "$certs"
pair=(--tls-cert "$certs/tls.crt" --tls-key "$certs/tls.key")
free=(--listen 127.0.0.1:0 --metrics-listen 127.0.0.1:0)
review=$tests/data/reviews/pod-create.json

# A mistake on the command line: exit status 2 and one line on standard error.
mistake() { # NAME REGEX ARGUMENT...
    local name=$1 regex=$2
    shift 2
    run "$PULLGATE" "$@"
    same "$name: exit status" $status 2
    same "$name: standard output" "$out" ""
    same "$name: lines" "$(wc -l <"$work/err")" 1
    matches "$name: text" "$err" "$regex"
}
mistake "no rules" '^pullgate: --policy FILE is required; try --help$'
mistake "misspelt" '^pullgate: unknown option "--polcy"; did you mean --policy\?$' --polcy x
mistake "unknown" '^pullgate: unknown option "--frobnicate"; try --help$' --frobnicate
mistake "argument" '^pullgate: unexpected argument "x"; try --help$' --policy rules.yaml x
mistake "value missing" '^pullgate: --policy needs a value: FILE$' --policy
mistake "number" '^pullgate: --workers: found "two", expected a whole number$' --policy rules.yaml --workers two
mistake "range" '^pullgate: --workers: 0 is out of range, expected 1 to 256$' --policy rules.yaml --workers 0
mistake "size" '^pullgate: --max-body: found "8 MB", expected a size such as' --policy rules.yaml --max-body '8 MB'
mistake "time" '^pullgate: --idle-timeout: found "soon", expected a duration such as' --policy rules.yaml --idle-timeout soon
mistake "word" '^pullgate: --log-level: found "loud", expected debug, info, warn, error$' --policy rules.yaml --log-level loud
for none in '' ' , '; do
    PULLGATE_CLIENT_NAME=$none mistake "environment: a list of nothing" \
        '^pullgate: environment: --client-name: found "[ ,]*", expected one or more names' --policy rules.yaml
done
PULLGATE_WORKERS=many mistake "environment" '^pullgate: environment: --workers: found "many"' --policy rules.yaml

mistake "no address to check" '^pullgate: --healthcheck needs --metrics-listen$' --healthcheck --metrics-listen=
mistake "no address to ask" '^pullgate: expected HOST:PORT .*found "x"$' --healthcheck --metrics-listen x

run "$PULLGATE" --healthcheck --metrics-listen 127.0.0.1:1
same "no answer: exit status" "$status" 1
matches "no answer: text" "$err" '^pullgate: 127\.0\.0\.1:1: Connection refused$'

run "$PULLGATE" --version
same "--version: exit status" $status 0
matches "--version: text" "$out" '^pullgate [0-9]+\.[0-9]+\.[0-9]+ .*GnuTLS [0-9.]+'
same "--version: standard error" "$err" ""
same "--version: the libraries that it links" "$(sed -n '2s/ [0-9][^,]*//gp' <<<"$out")" \
    "libmicrohttpd, GnuTLS, OpenSSL, PCRE2, libyaml, libseccomp"
run "$PULLGATE" --help
same "--help: exit status" $status 0
matches "--help: usage" "$out" '^Usage: pullgate --policy FILE'
same "--help: lines wider than 96" "$(awk 'length > 96' "$work/out")" ""
for option in $(sed -n 's/^ *\(-., \)*--\([a-z-]*\).*/\2/p' "$work/out"); do
    [[ $option =~ ^(help|version)$ ]] && continue
    run "$PULLGATE" --"$option"
    check "--$option is known ($err)" bash -c '[[ $1 != *unknown* ]]' _ "$err"
done

# ---- descriptors -------------------------------------------------------------------------------

hold() { # N: so many silent connections
    exec {holder}< <(exec /usr/bin/python3 -c '
import signal, socket, sys
held = [socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=60) for _ in range(int(sys.argv[2]))]
print("held", flush=True)
signal.pause()' "$port" "$1")
    held=$!
    pids+=("$held")
    read -r -t 60 -u "$holder" line
    same "$1 connections" "$line" held
}
let_go() {
    kill "$held"
    exec {holder}<&-
}
is_served() { # NAME
    post "$review" "$url/mutate"
    same "$1: a review" "$code" 200
    ask "http://127.0.0.1:$probes/healthz"
    same "$1: a probe" "$code" 200
    same "$1: no connection lacks a descriptor" "$(grep -c accept_failed "$log")" 0
}
connections_max() {
    curl --silent "http://127.0.0.1:$probes/metrics" | sed -n 's/^pullgate_server_connections_max //p'
}
PULLGATE_WRAP="prlimit --nofile=64:4096" start_daemon raised ready --policy rules.yaml --max-connections 200
same "a low soft limit: is raised" "$(prlimit --pid "$pid" --nofile --noheadings --output SOFT,HARD | xargs)" "4096 4096"
hold 300
is_served "a low soft limit"
same "a low soft limit: no word" "$(grep -c few_descriptors "$log") $(connections_max)" "0 200"
let_go
stop_daemon
PULLGATE_WRAP="prlimit --nofile=300:300" start_daemon few ready --policy rules.yaml --max-connections 400
hold 350
is_served "few descriptors"
same "few descriptors: is logged" \
    "$(jq -c 'select(.event == "few_descriptors") | [.level, .nofile, .maxConnections, .needed, .used]' "$log")" \
    '["warn",300,400,536,164]'
same "few descriptors: the limit in force" "$(connections_max)" 164
let_go
stop_daemon

# ---- a private key that others can read --------------------------------------------------------

cp "$certs/tls.key" "$work/shown.key"
chmod 644 "$work/shown.key"
start_daemon shown ready --policy rules.yaml --tls-key "$work/shown.key"
same "a key others can read: is logged" \
    "$(jq -r 'select(.event == "key_readable_by_others") | "\(.level) \(.file) \(.mode)"' "$log")" "warn $work/shown.key 0644"
stop_daemon
chmod 440 "$work/shown.key"
start_daemon hidden ready --policy rules.yaml --tls-key "$work/shown.key"
same "a key for owner and group: no word" "$(grep -c key_readable_by_others "$log")" 0
stop_daemon

# ---- it cannot start -------------------------------------------------------------------------

# Exit status 2, and a line that says which file and why.
cannot() { # NAME REGEX ARGUMENT...
    local name=$1 regex=$2
    shift 2
    run timeout 60 "$PULLGATE" --policy rules.yaml "${free[@]}" "$@"
    same "$name: exit status" $status 2
    same "$name: standard output" "$out" ""
    matches "$name: text" "$(jq -r 'select(.event == "cannot_start") | .error + " " + .file' "$work/err")" "$regex"
}
cannot "no certificate" 'nowhere\.crt: No such file' --tls-cert nowhere.crt --tls-key "$certs/tls.key"
cannot "no key" 'nowhere\.key: No such file' --tls-cert "$certs/tls.crt" --tls-key nowhere.key
cannot "a certificate that is none" 'rules\.yaml' --tls-cert rules.yaml --tls-key "$certs/tls.key"
cannot "another's key" 'key' --tls-cert "$certs/tls.crt" --tls-key "$certs/ca.key"
cannot "a list in one name" '^--client-name: found "a,kube-\*" with a comma; repeat the option for each name' \
    "${pair[@]}" --client-ca "$certs/ca.crt" --client-name 'a,kube-*'
cannot "a list in one cipher" '^--tls-ciphers: found "AES-128-GCM,AES-256-GCM" with a comma' "${pair[@]}" \
    --tls-ciphers AES-128-GCM,AES-256-GCM
PULLGATE_CLIENT_NAME='a,kube-*' start_daemon list ready --policy rules.yaml --client-ca "$certs/ca.crt"
stop_daemon
same "a list by environment: exit status" $status 0
PULLGATE_TLS_CIPHERS=AES-256-GCM,CHACHA20-POLY1305 start_daemon ciphers ready --policy rules.yaml --tls-ciphers AES-128-GCM
for suite in AES_128_GCM_SHA256 AES_256_GCM_SHA384 CHACHA20_POLY1305_SHA256; do
    openssl s_client -connect "127.0.0.1:$port" -tls1_3 -ciphersuites "TLS_$suite" </dev/null 2>&1
done >"$work/s_client.out"
same "a list by flag and environment: the flag's" \
    "$(sed -n 's/.*Cipher is //p' "$work/s_client.out" | xargs)" 'TLS_AES_128_GCM_SHA256 (NONE) (NONE)'
stop_daemon
cannot "address" 'expected HOST:PORT .*found "nonsense"' "${pair[@]}" --listen nonsense
cannot "address of the probes" 'expected HOST:PORT' "${pair[@]}" --metrics-listen 127.0.0.1
start_daemon first ready --policy rules.yaml
cannot "a port in use" "listen on 127\.0\.0\.1:$port: Address already in use" "${pair[@]}" --listen "127.0.0.1:$port"
stop_daemon
same "the first one: exit status" $status 0

# ---- by environment --------------------------------------------------------------------------

export PULLGATE_POLICY=rules.yaml PULLGATE_MAX_BODY=2KiB PULLGATE_WORKERS=1 PULLGATE_DRAIN_PAUSE=600s
start_daemon environment ready # the flags of start_daemon win: --drain-pause 0s
unset PULLGATE_POLICY PULLGATE_MAX_BODY PULLGATE_WORKERS PULLGATE_DRAIN_PAUSE
head -c 2049 /dev/zero | tr '\0' ' ' >"$work/large"
post "$work/large" "$url/mutate"
same "PULLGATE_MAX_BODY" "$code" 413
stop_daemon
same "PULLGATE_DRAIN_PAUSE: the flag wins" "$(logged draining pauseMs)" 0
same "environment: exit status" $status 0

# A misspelt one would have no effect, without a word.
misspelt=(PULLGATE_AUDIT_WHEN_FUL PULLGATE_client_ca PULLGATE_NOTHING_OF_OURS PULLGATE_HELP)
silent=(PULLGATE_NAMESPACE PULLGATE_SERVICE_HOST PULLGATE_SERVICE_PORT_HTTPS PULLGATE_PORT PULLGATE_METRICS_PORT_8080_TCP_ADDR PULLGATER)
for name in "${misspelt[@]}" "${silent[@]}"; do
    export "$name=x"
done
PULLGATE_POLL=1s start_daemon misspelt ready --policy rules.yaml
unset "${misspelt[@]}" "${silent[@]}"
same "variables that are no options are reported" \
    "$(jq -r 'select(.event == "unknown_variable" and .name != "PULLGATE_WRAP") | "\(.level) \(.name): \(.nearest)"' "$log" | sort)" \
    "warn PULLGATE_AUDIT_WHEN_FUL: audit-when-full
warn PULLGATE_HELP: help
warn PULLGATE_NOTHING_OF_OURS: 
warn PULLGATE_client_ca: client-ca"
stop_daemon

# ---- memory --------------------------------------------------------------------------------------

planned() { # JQ-FILTER: of the line that tells of memory
    jq -c "select(.event == \"memory\") | $1" "$log"
}
start_daemon memory ready --policy rules.yaml --memory 256Mi
same "--memory: is reported" "$(planned '[.limitBytes, .source]')" '[268435456,"--memory"]'
check "--memory: the sum stays below three quarters" [ "$(planned .plannedBytes)" -le $((268435456 / 4 * 3)) ]
figures=$(curl --silent --max-time 30 "http://127.0.0.1:$probes/metrics")
same "--memory: a metric" "$(grep '^pullgate_memory_limit_bytes{' <<<"$figures")" \
    'pullgate_memory_limit_bytes{source="--memory"} 268435456'
same "--memory: the parts" "$(sed -n 's/^pullgate_memory_planned_bytes{.*} //p' <<<"$figures" | paste -sd+ | bc)" \
    "$(planned .plannedBytes)"
same "--memory: the budget in force" "$(sed -n 's/^pullgate_server_memory_max_bytes //p' <<<"$figures")" \
    "$(planned .memoryBudget)"
post "$review" "$url/mutate"
same "--memory: a review" "$code" 200
stop_daemon
cannot "--memory: too little to work" '^memory: 32 MiB \(--memory\) is too little for 2 workers.* expected [0-9]+ MiB or more' \
    "${pair[@]}" --memory 32MiB
cannot "--memory: less than what is given" '^memory: 512 MiB .*lower --workers, --max-connections, --memory-budget' \
    "${pair[@]}" --memory 512MiB --memory-budget 400MiB

# The container's own limit, where cgroups can be made here.
group=/sys/fs/cgroup/memory/pullgate-test-$$
[ -d /sys/fs/cgroup/memory ] || group=/sys/fs/cgroup/pullgate-test-$$
limit_file=$group/memory.limit_in_bytes
[ -d /sys/fs/cgroup/memory ] || limit_file=$group/memory.max
if mkdir "$group" 2>/dev/null && echo 268435456 2>/dev/null >"$limit_file"; then
    PULLGATE_WRAP="bash $work/in_group" # joins, and becomes the daemon
    printf 'echo $$ >%s/cgroup.procs\nexec "$@"\n' "$group" >"$work/in_group"
    export PULLGATE_WRAP
    start_daemon container ready --policy rules.yaml
    unset PULLGATE_WRAP
    same "the container's limit: is found" "$(planned '[.limitBytes, .source]')" '[268435456,"cgroup"]'
    stop_daemon
else
    echo "  no cgroup with a limit can be made here: skipped"
fi
rmdir "$group" 2>/dev/null

# ---- a limit that another one hides ------------------------------------------------------------

start_daemon hidden ready --policy rules.yaml --max-body 2MiB --memory-budget 1MiB
same "--max-body over --memory-budget: is reported" \
    "$(logged max_body_exceeds_memory_budget 'level, .maxBody, .memoryBudget' | tr '\n' ' ')" 'warn 2097152 1048576 '
stop_daemon
start_daemon equal ready --policy rules.yaml --max-body 1MiB --memory-budget 1MiB
same "--max-body as --memory-budget: nothing to tell" "$(grep -c max_body_exceeds "$log")" 0
stop_daemon

# ---- some by flag ----------------------------------------------------------------------------

log=$work/quiet.log audit=$work/quiet.audit
start_daemon name ready --policy rules.yaml --tls-name other.ns.svc
same "--tls-name: a certificate without it is said" "$(logged certificate_lacks_name expected)" other.ns.svc
post "$review" "$url/mutate"
same "--tls-name: and served" "$code" 200
stop_daemon
start_daemon depth ready --policy rules.yaml --max-depth 8 --metrics-listen ""
same "--metrics-listen '': no probes" "$probes" 0
post "$review" "$url/mutate"
same "--max-depth 8: a pod of a real API server is too deep" \
    "$code $(jq -c '[.response.allowed, .response.status.code]' "$work/body")" '200 [false,422]'
stop_daemon
start_daemon nodes ready --policy rules.yaml --max-nodes 1000
verdict_with() { # JQ-PATH: of a review that has a thousand values more, at that place
    jq -c "$1 = [range(1000)]" "$review" >"$work/many.json"
    post "$work/many.json" "$url/mutate"
    echo "$code $(jq -c '[.response.allowed, .response.status.code]' "$work/body")"
}
same "--max-nodes 1000: too many values" "$(verdict_with .request.object.many)" '200 [false,422]'
same "--max-nodes 1000: managedFields are not kept" \
    "$(verdict_with .request.object.metadata.managedFields)" '200 [true,null]'
stop_daemon
same "--max-nodes 1000: exit status" $status 0

# Reviews from clients with a certificate of one CA alone.
clients=$work/clients
mkdir "$clients"
ec=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)
openssl req -x509 "${ec[@]}" -subj /CN=clients -days 2 -keyout "$clients/ca.key" -out "$clients/ca.crt" 2>"$work/err"
signed() { # NAME USAGE
    openssl req "${ec[@]}" -subj "/CN=api-server.$1" -keyout "$clients/$1.key" -out "$clients/$1.csr" 2>"$work/err"
    openssl x509 -req -in "$clients/$1.csr" -CA "$clients/ca.crt" -CAkey "$clients/ca.key" -CAcreateserial \
        -days 2 -extfile <(echo "extendedKeyUsage=$2") -out "$clients/$1.crt" 2>"$work/err"
}
signed good clientAuth
signed server serverAuth
start_daemon clients ready --policy rules.yaml --client-ca "$clients/ca.crt" --client-name 'api-server.*'
post "$review" "$url/mutate"
check "--client-ca: no certificate ($code)" [ "$code" = 403 -o "$code" = 000 ]
mine=(--cert "$clients/good.crt" --key "$clients/good.key")
post "$review" "$url/mutate" "${mine[@]}"
same "--client-ca: a good one" "$code" 200
post "$review" "$url/mutate" --cert "$clients/server.crt" --key "$clients/server.key"
check "--client-ca: one that is for servers ($code)" [ "$code" = 403 -o "$code" = 000 ]
post "$review" "$url/mutate" --cert "$certs/tls.crt" --key "$certs/tls.key"
check "--client-ca: one of another CA ($code)" [ "$code" = 403 -o "$code" = 000 ]
ask "http://127.0.0.1:$probes/readyz"
same "--client-ca: probes need none" "$code" 200
stop_daemon
same "--client-ca: one decision" "$(wc -l <"$audit")" 1
start_daemon strangers ready --policy rules.yaml --client-ca "$clients/ca.crt" --client-name 'other.*'
post "$review" "$url/mutate" "${mine[@]}"
check "--client-name: another name ($code)" [ "$code" = 403 -o "$code" = 000 ]
same "--client-name: is counted, and not as a handshake that failed" \
    "$(curl --silent "http://127.0.0.1:$probes/metrics" |
        grep -E '^pullgate_server_(refused_total.*forbidden|handshakes_failed)' | sort | xargs)" \
    'pullgate_server_handshakes_failed_total 0 pullgate_server_refused_total{reason=forbidden} 1'
stop_daemon
same "--client-name: no decision" "$(cat "$audit")" ""
finish
