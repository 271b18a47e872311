#!/usr/bin/env bash
# The README's first command, as a newcomer would run it; installing is tests/run.sh's part.
set -eu
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
out=$(mktemp)
trap 'rm -f "$out"' EXIT
cd / # it must work from anywhere
"$top/deploy/quickstart.sh" --no-install >"$out" 2>&1 || {
    tail -30 "$out"
    exit 1
}
for expected in 'replace /spec/containers/1/image "ghcr.io/acme-data/airbyte/source-postgres:3.6.11"' \
    'add /spec/imagePullSecrets/- {"name":"regcred"}' \
    '403 Forbidden: container "main": image "quay.io/someone/source-warehouse-events:0.4.0"' \
    '"verdict":"deny","rule":"airbyte"' '== done'; do
    grep -qF "$expected" "$out" || {
        echo "quickstart.sh does not show: $expected"
        cat "$out"
        exit 1
    }
done
echo "quickstart.sh shows what it promises"
