# What the cluster tests share: a real API server with etcd on loopback, kubectl, pullgate beside it.
# Sourced. Needs PULLGATE, POLICYCTL (programs) and BUILD (folder for the cache).
# shellcheck shell=bash

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
checks=0 failures=0
declare -A pids=()

say() { printf -- '-- %s\n' "$*"; }
die() {
    printf 'cluster: %s\n' "$*" >&2
    exit 1
}

pass() { checks=$((checks + 1)); }
fail() {
    checks=$((checks + 1)) failures=$((failures + 1))
    printf 'FAILED: %s\n' "$*"
}

is() { # WHAT FOUND EXPECTED
    if [ "$2" = "$3" ]; then pass; else fail "$1: found \"$2\", expected \"$3\""; fi
}
has() { # WHAT TEXT PART
    case $2 in *"$3"*) pass ;; *) fail "$1: found \"$2\", expected to hold \"$3\"" ;; esac
}
hasnt() { # WHAT TEXT PART
    case $2 in *"$3"*) fail "$1: \"$2\" holds \"$3\"" ;; *) pass ;; esac
}

# Waits until a command succeeds; bounded.
until_true() { # WHAT TENTHS COMMAND...
    local what=$1 left=$2
    shift 2
    while ! "$@" >/dev/null 2>&1; do
        left=$((left - 1))
        [ "$left" -gt 0 ] || die "waited in vain for $what"
        sleep 0.1
    done
}

end_process() { # NAME [SIGNAL]
    local pid=${pids[$1]:-} left=150
    unset "pids[$1]"
    [ -n "$pid" ] || return 0
    kill -"${2:-TERM}" "$pid" 2>/dev/null || return 0
    while kill -0 "$pid" 2>/dev/null && [ "$left" -gt 0 ]; do
        left=$((left - 1))
        sleep 0.1
    done
    kill -KILL "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
}

clean() {
    local name
    for name in "${!pids[@]}"; do
        case $name in etcd | apiserver) ;; *) end_process "$name" ;; esac
    done
    end_process apiserver
    end_process etcd
    [ -n "${KEEP:-}" ] && echo "kept: $work" || rm -rf "$work"
}
trap clean EXIT
trap 'exit 130' INT TERM

free_port() { /usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# ---- keys and files -----------------------------------------------------------------------------------

make_cert() { # NAME SUBJECT EXTENSIONS
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/$1.key" -subj "$2" \
        -out "$work/$1.csr" 2>/dev/null
    openssl x509 -req -in "$work/$1.csr" -CA "$work/ca.crt" -CAkey "$work/ca.key" -CAcreateserial -days 30 \
        -extfile <(printf '%s\n' "$3") -out "$work/$1.crt" 2>/dev/null
}

make_keys() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/ca.key" \
        -subj /CN=test-ca -days 30 -out "$work/ca.crt" 2>/dev/null
    make_cert apiserver /CN=kube-apiserver $'extendedKeyUsage=serverAuth\nsubjectAltName=IP:127.0.0.1,DNS:localhost,DNS:kubernetes.default.svc,IP:10.0.0.1'
    make_cert admin /O=system:masters/CN=admin extendedKeyUsage=clientAuth
    openssl genrsa -out "$work/sa.key" 2048 2>/dev/null
    openssl rsa -in "$work/sa.key" -pubout -out "$work/sa.pub" 2>/dev/null
    cat >"$work/audit-policy.yaml" <<-POLICY
	apiVersion: audit.k8s.io/v1
	kind: Policy
	omitStages: [RequestReceived]
	rules:
	  - {level: None, verbs: [get, list, watch]}
	  - {level: Metadata}
	POLICY
}

write_kubeconfig() {
    cat >"$work/kubeconfig" <<-CONFIG
	apiVersion: v1
	kind: Config
	current-context: test
	clusters: [{name: test, cluster: {server: "https://127.0.0.1:$api_port", certificate-authority: $work/ca.crt}}]
	users: [{name: admin, user: {client-certificate: $work/admin.crt, client-key: $work/admin.key}}]
	contexts: [{name: test, context: {cluster: test, user: admin}}]
	CONFIG
    chmod 600 "$work/kubeconfig"
}

k() { "$kubectl" --kubeconfig "$work/kubeconfig" "$@"; }

# ---- etcd and the API server -----------------------------------------------------------------------------

start_cluster() { # [FLAG...] for the API server
    local apiserver etcd_port peer_port
    apiserver=$("$here/build.sh" "$BUILD/cluster") || die "no kube-apiserver"
    kubectl=$BUILD/cluster/kubectl-1.20.2 # as old as the server: it knows kubectl debug and cronjobs there
    make_keys
    etcd_port=$(free_port) peer_port=$(free_port) api_port=$(free_port)
    mkdir -m 700 "$work/etcd"
    etcd --name test --data-dir "$work/etcd" --unsafe-no-fsync --logger zap \
        --listen-client-urls "http://127.0.0.1:$etcd_port" --advertise-client-urls "http://127.0.0.1:$etcd_port" \
        --listen-peer-urls "http://127.0.0.1:$peer_port" \
        --initial-advertise-peer-urls "http://127.0.0.1:$peer_port" \
        --initial-cluster "test=http://127.0.0.1:$peer_port" >"$work/etcd.log" 2>&1 &
    pids[etcd]=$!
    "$apiserver" --etcd-servers="http://127.0.0.1:$etcd_port" --bind-address=127.0.0.1 \
        --secure-port="$api_port" --advertise-address=127.0.0.1 --endpoint-reconciler-type=none \
        --service-cluster-ip-range=10.0.0.0/24 --allow-privileged=true \
        --tls-cert-file="$work/apiserver.crt" --tls-private-key-file="$work/apiserver.key" \
        --client-ca-file="$work/ca.crt" --authorization-mode=RBAC --anonymous-auth=false \
        --service-account-issuer=https://kubernetes.default.svc \
        --service-account-signing-key-file="$work/sa.key" --service-account-key-file="$work/sa.pub" \
        --feature-gates=EphemeralContainers=true,BoundServiceAccountTokenVolume=true \
        --audit-policy-file="$work/audit-policy.yaml" --audit-log-path="$work/audit.log" \
        --cert-dir="$work" "$@" >"$work/apiserver.log" 2>&1 &
    pids[apiserver]=$!
    write_kubeconfig
    local left=600
    until k get --raw /readyz >/dev/null 2>&1 && k get namespace default >/dev/null 2>&1; do
        kill -0 "${pids[apiserver]}" 2>/dev/null || die "the API server ended: $(tail -3 "$work/apiserver.log")"
        left=$((left - 1))
        [ "$left" -gt 0 ] || die "the API server is not ready after a minute"
        sleep 0.1
    done
    # What servers do themselves from 1.21 on.
    until_true "kube-system" 100 k label namespace kube-system kubernetes.io/metadata.name=kube-system
    say "kube-apiserver $(k version -o json 2>/dev/null | jq -r .serverVersion.gitVersion) on port $api_port"
}

# ---- pullgate and its registration --------------------------------------------------------------------------

start_pullgate() { # NAME POLICY PORT [FLAG...]
    local name=$1 policy=$2 port=$3
    shift 3
    "$PULLGATE" --policy "$policy" --tls-cert "$work/tls/tls.crt" --tls-key "$work/tls/tls.key" \
        --listen "127.0.0.1:$port" --metrics-listen 127.0.0.1:0 --drain-pause 0 "$@" \
        >>"$work/$name.audit" 2>"$work/$name.log" &
    pids[$name]=$!
    until_true "$name to be ready" 300 has_line "$work/$name.log" '"event":"ready"'
}

# Who runs may be in the middle of a line, and writes an audit line after its answer: such a line is waited for.
whole_lines() { # FILE PATTERN
    perl -ne 'print if /\n\z/' "$1" | grep -- "$2"
}
has_line() { # FILE PATTERN
    [ -n "$(whole_lines "$@")" ]
}

metrics_port_of() { whole_lines "$work/$1.log" '"event":"ready"' | jq -r .metricsPort; }
port_of() { whole_lines "$work/$1.log" '"event":"ready"' | jq -r .port; }

# What ships, by policyctl render: the webhooks at the port on loopback, the rest as it is.
shipped() { # PORT FAILURE_POLICY
    "$POLICYCTL" render --image registry.corp.example/platform/pullgate:0.1.0 --policy "$work/policy" \
        --certs "$work/tls" --failure-policy "$2" | "$here/loopback.py" "$1"
}

# The API server learns of webhooks by a watch: asks until a probe is refused as it should be.
arm() { # PORT FAILURE_POLICY
    shipped "$1" "$2" | k apply -f - >"$work/apply" 2>&1 || die "what ships is not accepted: $(cat "$work/apply")"
    until_true "the webhooks to be in force" 100 refused_probe
}

refused_probe() {
    ! k run probe --image=refused.example.com/probe -n "${1:-airbyte}" --dry-run=server --restart=Never
}

new_namespace() { # NAME...
    local name
    for name in "$@"; do
        k create namespace "$name" --save-config >/dev/null
        k create serviceaccount default -n "$name" >/dev/null
    done
}

pod() { # NAME IMAGE [MORE OF THE SPEC]
    printf '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"%s","labels":{"app":"x"}},"spec":{"containers":[{"name":"main","image":"%s"}]%s}}\n' \
        "$1" "$2" "${3:-}"
}

image_of() { # KIND/NAME NAMESPACE CONTAINER
    k get "$1" -n "$2" -o json | jq -r --arg c "$3" '[.spec | (.. | objects | .initContainers?, .containers?) // empty | .[] | select(.name == $c) | .image] | first'
}
secrets_of() { # NAME NAMESPACE
    k get pod "$1" -n "$2" -o json | jq -c '[.spec.imagePullSecrets[]?.name]'
}

finish() {
    echo "$checks checks, $failures failed"
    [ "$failures" -eq 0 ]
}
