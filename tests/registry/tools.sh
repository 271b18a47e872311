#!/usr/bin/env bash
# Prints the path of a program that no package of Debian 12 has, built from its Go module, whose version and sums are
# pinned in modules/NAME/go.mod and go.sum. A program is built once (about a minute each) and kept below the build folder.
#
#   tools.sh NAME...     one path a line
#
#   distribution     the registry 3.1 of the distribution project
#   crane            go-containerregistry's client, and its registry: crane registry serve
#
# BUILD is the build folder. Messages go to standard error. Two at once are safe: the second one waits.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${BUILD:-$here/../../build}/registry
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)

declare -A packages=(
    [distribution]=github.com/distribution/distribution/v3/cmd/registry
    [crane]=github.com/google/go-containerregistry/cmd/crane
)

build() { # NAME: prints its path
    local key binary go i
    [ -n "${packages[$1]-}" ] || {
        echo "tools.sh: no program $1; see the head of tests/registry/tools.sh" >&2
        return 2
    }
    key=$(cat "$here/modules/$1"/go.{mod,sum} | sha256sum | cut -c1-16)
    binary=$cache/$1-$key
    for i in 1 2 3; do # downloads fail now and then
        [ ! -x "$binary" ] || break
        go=$("$here/../go.sh")
        echo "registry: building $1 (a minute the first time)" >&2
        (cd "$here/modules/$1" &&
            CGO_ENABLED=0 "$go" build -trimpath -ldflags "-s -w" -o "$binary.part" "${packages[$1]}" >&2) &&
            mv "$binary.part" "$binary"
        [ -x "$binary" ] || [ "$i" = 3 ] || sleep "$i"
    done
    [ -x "$binary" ] || {
        echo "registry: $1 cannot be built; run the tests again to retry" >&2
        return 1
    }
    echo "$binary"
}

for name in "$@"; do
    exec 9>"$cache/lock-$name"
    flock 9
    build "$name"
done
