#!/usr/bin/env bash
# One digest of everything that the overlays are built from.
set -eu
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export LC_ALL=C
find deploy/kustomize deploy/monitoring/kustomization.yaml tests/deploy/tls -type f \
    -not -path '*/components/self-*/tls/*' -not -name embed.cmake -not -name prometheusrule.yaml -print0 2>/dev/null | sort -z | xargs -0 sha256sum | sha256sum | cut -d' ' -f1
