#!/usr/bin/env bash
# imgref against the libraries that Kubernetes reads references with, over generated strings; no difference is the
# only good answer.
#
#   run.sh STRINGS ORACLES      the built strings.c; the folder of tests/oracles/build.sh
#
# PULLGATE_DIFFERENTIAL is how many (200000 when not set; the long mode is 10000000),
# PULLGATE_SEED where they start.
set -u -o pipefail
here=$(cd "$(dirname "$0")" && pwd)
generator=$1 oracles=$2
count=${PULLGATE_DIFFERENTIAL:-200000} seed=${PULLGATE_SEED:-1}

echo "$count strings from seed $seed"
"$generator" "$count" "$seed" "$here/../../unit/data/imageref.tsv" | "$oracles/reference"
