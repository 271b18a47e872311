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

# Waits until pods are gone. While they end, a connection that the API server keeps may still be answered.
until_gone() { # POD... or -l SELECTOR: in its namespace
    k -n pullgate wait --for=delete --timeout=60s pod "$@" >/dev/null 2>"$work/gone" || die "pods that end: $(cat "$work/gone")"
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
        case $name in etcd | apiserver | controllers) ;; *) end_process "$name" ;; esac
    done
    end_process controllers
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
    make_cert apiserver /CN=kube-apiserver "extendedKeyUsage=serverAuth
subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:kubernetes.default.svc,IP:$network.1"
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

write_kubeconfig() { # [USER]
    local user=${1:-admin} file=$work/kubeconfig
    [ "$user" = admin ] || file=$work/$user.kubeconfig
    cat >"$file" <<-CONFIG
	apiVersion: v1
	kind: Config
	current-context: test
	clusters: [{name: test, cluster: {server: "https://127.0.0.1:$api_port", certificate-authority: $work/ca.crt}}]
	users: [{name: $user, user: {client-certificate: $work/$user.crt, client-key: $work/$user.key}}]
	contexts: [{name: test, context: {cluster: test, user: $user}}]
	CONFIG
    chmod 600 "$file"
}

k() { "$kubectl" --kubeconfig "$work/kubeconfig" "$@"; }

tool() { # NAME: its path
    BUILD=$BUILD "$here/tools.sh" "$1" || die "no $1"
}

# ---- etcd and the API server -----------------------------------------------------------------------------

# The server that a test runs against: 1.36 (all of them), 1.35 or 1.20 (the short suite).
SERVER=${SERVER:-1.36}

# Each cluster has a network of its own in 127.0.0.0/8, by the port of its API server: addresses of Services below
# .128, those of nodes and pods above. A webhook's Service is reached by the manifests as they ship.
choose_network() {
    api_port=$(free_port)
    network=127.$((64 + api_port / 256 % 128)).$((api_port % 256))
    service_ip=$network.10
}

start_etcd() {
    local etcd peer_port
    etcd=$(tool etcd)
    etcd_port=$(free_port) peer_port=$(free_port)
    mkdir -m 700 "$work/etcd"
    "$etcd" --name test --data-dir "$work/etcd" --unsafe-no-fsync --logger zap \
        --listen-client-urls "http://127.0.0.1:$etcd_port" --advertise-client-urls "http://127.0.0.1:$etcd_port" \
        --listen-peer-urls "http://127.0.0.1:$peer_port" \
        --initial-advertise-peer-urls "http://127.0.0.1:$peer_port" \
        --initial-cluster "test=http://127.0.0.1:$peer_port" >"$work/etcd.log" 2>&1 &
    pids[etcd]=$!
}

start_apiserver() { # [FLAG...]
    local apiserver flags=()
    if [ "$SERVER" = 1.20 ]; then
        apiserver=$(tool kube-apiserver-1.20)
        kubectl=$(tool kubectl-1.20) # as old as the server: it knows kubectl debug and cronjobs there
        flags+=("--feature-gates=EphemeralContainers=true,BoundServiceAccountTokenVolume=true")
    else
        apiserver=$(tool "kube-apiserver$([ "$SERVER" = 1.36 ] || echo "-$SERVER")")
        kubectl=$(tool kubectl)
    fi
    "$apiserver" --etcd-servers="http://127.0.0.1:$etcd_port" --bind-address=127.0.0.1 \
        --secure-port="$api_port" --advertise-address=127.0.0.1 --endpoint-reconciler-type=none \
        --service-cluster-ip-range="$network.0/25" --allow-privileged=true \
        --tls-cert-file="$work/apiserver.crt" --tls-private-key-file="$work/apiserver.key" \
        --client-ca-file="$work/ca.crt" --authorization-mode=Node,RBAC --anonymous-auth=false \
        --kubelet-client-certificate="$work/admin.crt" --kubelet-client-key="$work/admin.key" \
        --service-account-issuer=https://kubernetes.default.svc \
        --service-account-signing-key-file="$work/sa.key" --service-account-key-file="$work/sa.pub" \
        --audit-policy-file="$work/audit-policy.yaml" --audit-log-path="$work/audit.log" --audit-log-maxsize=4000 \
        --cert-dir="$work" "${flags[@]}" "$@" >"$work/apiserver.log" 2>&1 &
    pids[apiserver]=$!
}

start_cluster() { # [FLAG...] for the API server
    choose_network
    make_keys
    start_etcd
    start_apiserver "$@"
    write_kubeconfig
    local left=600
    until k get --raw /readyz >/dev/null 2>&1 && k get namespace default >/dev/null 2>&1; do
        kill -0 "${pids[apiserver]}" 2>/dev/null || die "the API server ended: $(tail -3 "$work/apiserver.log")"
        left=$((left - 1))
        [ "$left" -gt 0 ] || die "the API server is not ready after a minute"
        sleep 0.1
    done
    until_true "kube-system" 100 k get namespace kube-system
    if [ "$SERVER" = 1.20 ]; then # what servers do themselves from 1.21 on
        k label namespace kube-system kubernetes.io/metadata.name=kube-system >/dev/null || die "kube-system's label"
    fi
    say "kube-apiserver $(k version -o json 2>/dev/null | jq -r .serverVersion.gitVersion) on port $api_port"
}

# kube-controller-manager. Nodes are played and send no heartbeats, so that nothing looks for them.
start_controllers() {
    make_cert kube-controller-manager /CN=system:kube-controller-manager extendedKeyUsage=clientAuth
    write_kubeconfig kube-controller-manager
    local config=$work/kube-controller-manager.kubeconfig
    "$(tool kube-controller-manager)" --kubeconfig="$config" --authentication-kubeconfig="$config" \
        --authorization-kubeconfig="$config" --bind-address=127.0.0.1 --secure-port="$(free_port)" \
        --service-account-private-key-file="$work/sa.key" --root-ca-file="$work/ca.crt" \
        --use-service-account-credentials --leader-elect=false --cert-dir="$work" \
        --controllers='*,-node-lifecycle-controller' >"$work/controllers.log" 2>&1 &
    pids[controllers]=$!
    until_true "the controllers" 300 k get serviceaccount default -n default
}

# Scheduler, kubelets and Services' addresses: node/main.py. Needs the controllers, for endpoints.
start_nodes() {
    local i nodes=()
    make_cert kube-scheduler /CN=system:kube-scheduler extendedKeyUsage=clientAuth
    make_cert kube-proxy /CN=system:kube-proxy extendedKeyUsage=clientAuth
    for i in 1 2 3; do
        make_cert node-$i /O=system:nodes/CN=system:node:node-$i extendedKeyUsage=clientAuth,serverAuth
        nodes+=("node-$i=$network.$((128 + i))")
    done
    PULLGATE=$PULLGATE POLICYCTL=$POLICYCTL /usr/bin/python3 "$here/node/main.py" "$work" "$api_port" "${nodes[@]}" \
        >"$work/nodes" 2>"$work/nodes.log" &
    pids[nodes]=$!
    until_true "the nodes" 300 grep -q ready "$work/nodes"
    # a new node has this taint until the controller that start_controllers leaves out takes it away
    k taint nodes --all node.kubernetes.io/not-ready:NoSchedule- >/dev/null
}

# ---- pullgate and its registration --------------------------------------------------------------------------

# The Service that ships, at an address that is known before it ships: for a pullgate without a node.
make_service() {
    k create namespace pullgate --save-config >/dev/null
    printf '{"apiVersion":"v1","kind":"Service","metadata":{"name":"pullgate"},"spec":{"clusterIP":"%s","ports":[{"name":"https","port":443}]}}' \
        "$service_ip" | k create --save-config -n pullgate -f - >/dev/null || die "no Service at $service_ip"
}

# At the Service's own address and port, or where FLAG says.
start_pullgate() { # NAME POLICY [FLAG...]
    local name=$1 policy=$2
    shift 2
    "$PULLGATE" --policy "$policy" --tls-cert "$work/tls/tls.crt" --tls-key "$work/tls/tls.key" \
        --listen "$service_ip:443" --metrics-listen 127.0.0.1:0 --drain-pause 0 "$@" \
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

# What ships, by policyctl render; what a server of 1.20 does not serve is as it has it.
shipped() { # FAILURE_POLICY
    "$POLICYCTL" render --image registry.corp.example/platform/pullgate:0.1.0 --policy "$work/policy" \
        --certs "$work/tls" --failure-policy "$1" | for_server
}
for_server() {
    if [ "$SERVER" = 1.20 ]; then "$here/oldest.py" "$service_ip"; else cat; fi
}

# The API server learns of webhooks by a watch: asks until a probe is refused as it should be.
arm() { # FAILURE_POLICY
    shipped "$1" | k apply -f - >"$work/apply" 2>&1 || die "what ships is not accepted: $(cat "$work/apply")"
    until_true "the webhooks to be in force" 100 refused_probe
}

refused_probe() {
    ! k run probe --image=refused.example.com/probe -n "${1:-airbyte}" --dry-run=server --restart=Never
}

new_namespace() { # NAME...
    local name
    for name in "$@"; do
        k create namespace "$name" --save-config >/dev/null
        if [ -n "${pids[controllers]:-}" ]; then
            until_true "the ServiceAccount of $name" 100 k get serviceaccount default -n "$name"
        else
            k create serviceaccount default -n "$name" >/dev/null
        fi
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

# For the table in deploy/README.md (tried.py, which has the names): what the checks before this line were about.
tried() { printf '%s\t%s\n' "$(k version -o json 2>/dev/null | jq -r '.serverVersion.gitVersion | ltrimstr("v")')" "$1" >>"$work/tried"; }

finish() {
    local tried
    tried=$BUILD/tried/$(basename "$0" .sh)-$SERVER
    mkdir -p "$BUILD/tried" && rm -f "$tried"
    [ "$failures" -eq 0 ] && [ -e "$work/tried" ] && cp "$work/tried" "$tried"
    echo "$checks checks, $failures failed"
    [ "$failures" -eq 0 ]
}
