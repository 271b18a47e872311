#!/usr/bin/env bash
# The module credentials against the kubelet's own keyring, over generated pull secrets and images; no difference is
# the only good answer.
#
#   keyrings.sh KEYRINGS ORACLES      the built keyrings.c; the folder of tests/oracles/build.sh
#
# PULLGATE_KEYRINGS is how many pods (50000 when not set: above 100,000 secrets and as many lookups), PULLGATE_SEED
# where they start.
set -u -o pipefail
count=${PULLGATE_KEYRINGS:-50000} seed=${PULLGATE_SEED:-1}

echo "$count pods from seed $seed"
"$1" "$count" "$seed" | "$2/keyring"
