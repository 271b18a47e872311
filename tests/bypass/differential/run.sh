#!/usr/bin/env bash
# imgref against other readings of the reference grammar, over generated strings; no difference is the
# only good answer.
#
#   run.sh STRINGS CACHE      the built strings.c; a folder for what Go builds
#
# PULLGATE_DIFFERENTIAL is how many (200000 when not set; the long mode is 10000000),
# PULLGATE_SEED where they start.
set -u -o pipefail
here=$(cd "$(dirname "$0")" && pwd)
generator=$1 cache=$2
count=${PULLGATE_DIFFERENTIAL:-200000} seed=${PULLGATE_SEED:-1}

mkdir -p "$cache" && cache=$(cd "$cache" && pwd) || exit 1
# Debian's packages alone, from its own path: nothing is fetched.
GO111MODULE=off GOPATH=/usr/share/gocode GOFLAGS='' GOPROXY=off GOTOOLCHAIN=local CGO_ENABLED=0 \
    GOCACHE=$cache/go go build -o "$cache/oracle" "$here/../../oracles/reference/main.go" || exit 1
echo "$count strings from seed $seed"
"$generator" "$count" "$seed" "$here/../../unit/data/imageref.tsv" | "$cache/oracle"
