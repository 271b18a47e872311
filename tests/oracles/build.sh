#!/usr/bin/env bash
# Builds the oracles; the first time Go fetches their modules, as go.mod and go.sum pin them.
#
#   build.sh DIR      DIR/reference, DIR/yaml, DIR/patch, DIR/keyring
set -eu
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mkdir -p "$1"
dir=$(cd "$1" && pwd)
go=$("$here/../go.sh")
cd "$here"

build() {
    CGO_ENABLED=0 "$go" build -trimpath -o "$dir/" ./...
}
for i in 1 2 3; do # downloads fail now and then
    build && exit 0
    echo "try $i of 3 failed" >&2
    [ "$i" = 3 ] || sleep "$i"
done
echo "the oracles cannot be built; run the tests again to retry" >&2
exit 1
