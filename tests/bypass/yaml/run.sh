#!/usr/bin/env bash
# yaml/ against kubectl's own libraries, over made streams; no difference beyond the rules of rules.go is the
# only good answer.
#
#   run.sh READS CACHE [--long]      the built reads.c; a folder for what Go builds
#
# PULLGATE_STREAMS is how many (100000 when not set, 5000000 with --long), PULLGATE_SEED where they start.
set -u -o pipefail
here=$(cd "$(dirname "$0")" && pwd)
reads=$1 cache=$2 usual=100000
[ "${3:-}" = --long ] && usual=5000000
count=${PULLGATE_STREAMS:-$usual} seed=${PULLGATE_SEED:-1}

mkdir -p "$cache" && cache=$(cd "$cache" && pwd) || exit 1
# Debian's packages alone, from its own path: nothing is fetched.
GO111MODULE=off GOPATH=/usr/share/gocode GOFLAGS='' GOPROXY=off GOTOOLCHAIN=local CGO_ENABLED=0 \
    GOCACHE=$cache/go go build -o "$cache/yaml" "$here"/../../oracles/yaml/*.go || exit 1
echo "$count streams from seed $seed"
"$cache/yaml" "$reads" "$here/../../unit/data/yaml.tsv" "$count" "$seed"
