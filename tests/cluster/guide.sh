#!/usr/bin/env bash
# The commands of deploy/README.md, one after the other, with kubectl and helm in a cluster of 1.36. No command finds
# anything but what the commands before it made. Section 12 is run with
# Helm 3 and 4; section 10 is for runbook.sh, section 14 for doctor.sh.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$(dirname "${BASH_SOURCE[0]}")/lib_guide.sh"

start_guide
awk '/^```/ { code = !code } !code && /^## / { left_out = /^## 1[024]\. / } !left_out' deploy/README.md >"$work/guide.md"
commands "the guide" "$work/guide.md"
tried "kubectl apply -k"
section "## 12. Helm"
for version in 3 4; do
    say "$("helm$version" version --short)"
    ln -sfn "$(readlink "$work/bin/helm$version")" "$work/bin/helm"
    commands "Helm $version" "$work/section.md"
    tried "chart by Helm $version"
done
# Of every pod that ran, whichever commands it lived through.
is "pods that logged their rules" "$(grep -l '"event":"rules_loaded"' "$work"/node/logs/pullgate_*_pullgate | wc -l)" \
    "$(find "$work/node/logs" -name 'pullgate_*_pullgate' | wc -l)"
is "rules and certificates that were not taken" "$(grep -hE '"event":"(rules_(invalid|kept|error)|certificate_kept)"' "$work"/node/logs/*)" ""
finish
