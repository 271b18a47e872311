#!/usr/bin/env bash
# yaml/ against kubectl's own libraries, over made streams; no difference beyond the rules of
# tests/oracles/yaml/rules.go is the only good answer.
#
#   run.sh READS ORACLES [--long]      the built reads.c; the folder of tests/oracles/build.sh
#
# PULLGATE_STREAMS is how many (100000 when not set, 5000000 with --long), PULLGATE_SEED where they start.
set -u -o pipefail
here=$(cd "$(dirname "$0")" && pwd)
reads=$1 oracles=$2 usual=100000
[ "${3:-}" = --long ] && usual=5000000
count=${PULLGATE_STREAMS:-$usual} seed=${PULLGATE_SEED:-1}

echo "$count streams from seed $seed"
"$oracles/yaml" "$reads" "$here/../../unit/data/yaml.tsv" "$count" "$seed"
