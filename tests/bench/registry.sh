#!/usr/bin/env bash
# How long `policyctl images --check` takes for 1,000 images of a registry on loopback, beside crane, in one run. Prints
# figures; judges none but the answers.
#
#   registry.sh [BIN_DIR] [COUNT]      build/release/bin and 1000 when not given
set -eu
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
count=${2:-1000}
registry=$here/../registry
crane=$("$registry/tools.sh" crane)
cd "$work"

"$crane" registry serve --address 127.0.0.1:0 >serve.log 2>&1 &
pids+=("$!")
is_serving() {
    port=$(sed -nE 's/.*(serving on port |127\.0\.0\.1:)([0-9]+).*/\2/p' serve.log | head -n 1)
    [ -n "$port" ]
}
await "the registry" is_serving
python3 "$registry/push.py" "http://127.0.0.1:$port" team/app t --platforms linux/amd64,linux/arm64 --copies "$count" >/dev/null
for ((i = 0; i < count; i++)); do echo "127.0.0.1:$port/team/app:t$i"; done >images.list
printf 'apiVersion: pullgate/v1\nkind: ImagePolicy\nspec: {approved: ["**"]}\n' >rules.yaml

echo "$count images of a registry on loopback, 8 at once, on $(nproc) processors"
TIMEFORMAT='%R s, of processors %U + %S'
figure() { # NAME COMMAND...
    local name=$1 spent
    shift
    spent=$({ time "$@" >"$work/answer" 2>"$work/errors"; } 2>&1) || { cat "$work/errors" >&2; return 1; }
    printf '  %-58s %s\n' "$name" "$spent"
}
check() { "$bin/policyctl" images -p rules.yaml --check "$@" images.list; }
each() { xargs -P 8 -n 1 "$@" <images.list; }
figure "policyctl images --check" check
[ "$(grep -c ' exists$' answer)" = "$count" ]
figure "policyctl images --check --platform linux/amd64,linux/arm64" check --platform linux/amd64,linux/arm64
[ "$(grep -c ' exists$' answer)" = "$count" ]
figure "crane digest --insecure, a process each" each "$crane" digest --insecure
[ "$(grep -c '^sha256:' answer)" = "$count" ]
figure "crane manifest --insecure, a process each" each "$crane" manifest --insecure
