#!/usr/bin/env bash
# Runs pullgate on this machine: installs the build dependencies, builds the release, makes certificates in
# a temporary folder, starts the webhook on a loopback port with the Airbyte example, sends it reviews of
# two real pods, and exits. --serve keeps it running.
#
#   deploy/quickstart.sh [--serve] [--no-install]
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$top"

serve=no install=yes
for arg in "$@"; do
    case $arg in
    --serve) serve=yes ;;
    --no-install) install=no ;;
    -h | --help)
        sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"
        exit 0
        ;;
    *)
        echo "quickstart.sh: unknown option $arg; try --help" >&2
        exit 2
        ;;
    esac
done

say() { printf '\n== %s\n' "$*"; }
fail() {
    echo "quickstart.sh: $*" >&2
    exit 1
}

packages=(build-essential cmake ninja-build pkg-config libmicrohttpd-dev libgnutls28-dev
    libjansson-dev libpcre2-dev libyaml-dev libssl-dev libseccomp-dev curl jq)

install_packages() {
    local missing=() package sudo=()
    for package in "${packages[@]}"; do
        dpkg-query -W -f='${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed ||
            missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return
    [ "$(id -u)" -eq 0 ] || sudo=(sudo)
    say "installing ${missing[*]}"
    "${sudo[@]}" apt-get update -q
    DEBIAN_FRONTEND=noninteractive "${sudo[@]}" apt-get install -y -q --no-install-recommends "${missing[@]}"
}

[ "$install" = no ] || install_packages

say "building the release (build/release)"
mkdir -p build
cmake --preset release >build/configure-release.log 2>&1 || {
    cat build/configure-release.log
    fail "cmake could not configure the build"
}
cmake --build --preset release

bin=build/release/bin
policy=policies/examples/airbyte.yaml
work=$(mktemp -d)
pid=
clean() {
    if [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null; then
        kill "$pid"
        wait "$pid" || true
    fi
    rm -rf "$work"
}
trap clean EXIT
trap 'exit 130' INT TERM

say "making certificates"
"$bin/policyctl" certs init --dir "$work/tls"

say "starting pullgate with $policy"
"$bin/pullgate" --policy "$policy" --tls-cert "$work/tls/tls.crt" --tls-key "$work/tls/tls.key" \
    --listen 127.0.0.1:0 --metrics-listen 127.0.0.1:0 --drain-pause 0 \
    >"$work/audit.log" 2>"$work/pullgate.log" &
pid=$!
for _ in $(seq 100); do
    grep -q '"event":"ready"' "$work/pullgate.log" && break
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.1
done
ready=$(grep '"event":"ready"' "$work/pullgate.log") || {
    cat "$work/pullgate.log"
    fail "pullgate did not become ready"
}
port=$(jq -r .port <<<"$ready")
url=https://127.0.0.1:$port
echo "ready at $url"

post() { # FILE: posts a review, prints the answer
    curl -sS --fail --cacert "$work/tls/ca.crt" -H 'Content-Type: application/json' \
        --data-binary "@$1" "$url/mutate?timeout=10s"
}

images='[.request.object.spec | (.initContainers[]?, .containers[]) | "  \(.name): \(.image)"] | .[]'

say "a replication pod of Airbyte: its images before"
jq -r "$images" deploy/samples/airbyte-replication.json
post deploy/samples/airbyte-replication.json >"$work/answer.json"
[ "$(jq -r .response.allowed "$work/answer.json")" = true ] || fail "the replication pod was not allowed"
say "what the webhook changes (JSON Patch)"
jq -r '.response.patch | @base64d | fromjson | .[] | "  \(.op) \(.path) \(.value | tojson)"' "$work/answer.json"

say "a custom connector from a registry that is not approved"
jq -r "$images" deploy/samples/airbyte-foreign-connector.json
post deploy/samples/airbyte-foreign-connector.json >"$work/answer.json"
[ "$(jq -r .response.allowed "$work/answer.json")" = false ] || fail "the foreign image was not refused"
say "is refused"
jq -r '"  \(.response.status.code) \(.response.status.reason): \(.response.status.message)"' "$work/answer.json"

if [ "$serve" = yes ]; then
    say "serving until Ctrl-C; send it a review with"
    echo "  curl --cacert $work/tls/ca.crt -H 'Content-Type: application/json' \\"
    echo "    --data-binary @deploy/samples/airbyte-replication.json '$url/mutate'"
    echo "  audit lines: $work/audit.log   messages: $work/pullgate.log"
    wait "$pid"
    pid=
    exit 0
fi

kill "$pid"
status=0
wait "$pid" || status=$?
pid=
[ "$status" -eq 0 ] || fail "pullgate exited with $status"
say "its audit lines"
jq -c '{verdict, rule, name, images, secretsAdded, reasons: [.reasons[]?.code]}' "$work/audit.log"
say "done"
