#!/usr/bin/env bash
# Builds render.go with Debian's packages alone.
#   build.sh PROGRAM GO_CACHE
set -eu
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
GO111MODULE=off GOPATH=/usr/share/gocode GOCACHE=$2 GOFLAGS='' go build -o "$1" "$here/render.go"
