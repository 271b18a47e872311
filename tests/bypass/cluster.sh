#!/usr/bin/env bash
# The bypass attempts that a real API server can carry: sent to it with pullgate registered, and then no
# stored pod has an image that its suite does not approve.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/../cluster/lib.sh"

attempts() { # WORD [ARGUMENT...]
    /usr/bin/python3 -B "$top/tests/bypass/cluster.py" "$@"
}

say "starting etcd, kube-apiserver, pullgate"
mkdir "$work/policy"
attempts policies "$work/policy" || die "no rule files"
"$POLICYCTL" certs init --dir "$work/tls" >/dev/null || die "no certificates"
start_cluster
make_service
start_pullgate pullgate "$work/policy"
new_namespace bypass-strict bypass-denied bypass-mirrors

say "what is there before"
attempts before "$api_port" "$work" && pass || fail "objects from before"
shipped Fail | k apply -f - >"$work/apply" 2>&1 || die "what ships is not accepted: $(cat "$work/apply")"
until_true "the webhooks to be in force" 100 refused_probe bypass-strict

say "the attempts"
attempts attack "$api_port" "$work" && pass || fail "the attempts"
is "no call of the webhook failed" "$(grep -c 'failed calling webhook' "$work/apiserver.log")" 0
finish
