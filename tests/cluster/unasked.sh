#!/usr/bin/env bash
# What /mutate could not be asked about, under failurePolicy Ignore: a pod too large for it only until the API
# server has dropped its status. /validate sees what is left, and refuses what /mutate would have changed.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

mkdir "$work/policy"
cat >"$work/policy/policy.yaml" <<'POLICY'
apiVersion: pullgate/v1
kind: ImagePolicy
metadata: {name: unasked}
spec:
  imagePullPolicy: Always
  imagePullSecrets: [regcred]
  message: ask data-platform
  mirrors: {quay.io: ghcr.io/acme/quay}
  approved: [ghcr.io/acme, quay.io]
  rules:
    - {name: airbyte, match: {namespaces: [airbyte]}}
    - {name: warned, match: {namespaces: [warned]}, mode: warn}
    - {name: rest}
POLICY

fat() { # NAME IMAGE [PULL_POLICY [MORE OF THE SPEC]]
    /usr/bin/python3 - "$@" <<-'PYTHON'
	import json, sys
	name, image, pull_policy, more = (sys.argv[1:] + ["Never", "{}"][len(sys.argv) - 3:])
	pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
	       "spec": {"containers": [{"name": "main", "image": image, "imagePullPolicy": pull_policy}], **json.loads(more)},
	       "status": {"containerStatuses": [{} for _ in range(600000)]}}
	json.dump(pod, sys.stdout)
	PYTHON
}
# By the raw API: kubectl would check it against the schema first.
create() { # NAMESPACE [QUERY]
    k create --raw "/api/v1/namespaces/$1/pods${2:-}" -f - 2>&1 | cut -c1-3000
}
stored() { k get pod "$1" -n "$2" -o json 2>/dev/null | jq -c '[.spec.containers[0].image, .spec.containers[0].imagePullPolicy, [.spec.imagePullSecrets[]?.name]]'; }

"$POLICYCTL" certs init --dir "$work/tls" >/dev/null || die "no certificates"
start_cluster
make_service
start_pullgate pullgate "$work/policy"
new_namespace airbyte warned
arm Ignore

say "a pod of ordinary size is changed, and passes /validate"
pod thin ghcr.io/acme/x:1 | k create -n airbyte -f - >/dev/null 2>&1 && pass || fail "a thin pod"
is "a thin pod is as the rules say" "$(stored thin airbyte)" '["ghcr.io/acme/x:1","Always",["regcred"]]'

say "the same pod, too large for /mutate"
out=$(fat fat ghcr.io/acme/x:1 | create airbyte)
has "it is refused by /validate" "$out" 'admission webhook "validate.pullgate.svc" denied the request'
has "for its pull policy" "$out" 'has pull policy Never where the rule requires Always: /mutate was not called, or was overridden'
has "and its pull secret" "$out" 'the pod has no pull secret "regcred"'
has "with the message of the rules" "$out" "ask data-platform"
is "and is not there" "$(stored fat airbyte)" ""
has "/mutate had answered 413" "$(cat "$work/pullgate.log" "$work/apiserver.log")" "413"
out=$(fat fat quay.io/x:1 Always '{"imagePullSecrets":[{"name":"regcred"}]}' | create airbyte)
has "an image that has a mirror, though approved by name" "$out" 'image "quay.io/x:1" was not rewritten to "ghcr.io/acme/quay/x:1"'
is "is not there" "$(stored fat airbyte)" ""
out=$(fat fat ghcr.io/acme/x:1 | create airbyte '?dryRun=All')
has "a dry run says the same" "$out" "has pull policy Never where the rule requires Always"
until_true "the audit line" 300 has_line "$work/pullgate.audit" '"code":"not-rewritten"'
line=$(whole_lines "$work/pullgate.audit" '"code":"not-rewritten"' | head -n 1)
is "the audit line" "$(jq -c '[.endpoint, .verdict, .rule, .name]' <<<"$line")" '["validate","deny","airbyte","fat"]'

say "who brings all that the rules want passes, with what is his own"
out=$(fat whole ghcr.io/acme/x:1 Always '{"imagePullSecrets":[{"name":"own"},{"name":"regcred"},{"name":"another"}]}' | create airbyte)
is "a fat pod that is as the rules say" "$(stored whole airbyte)" '["ghcr.io/acme/x:1","Always",["own","regcred","another"]]'
out=$(fat warned ghcr.io/acme/x:1 | create warned)
is "mode warn lets it pass" "$(stored warned warned)" '["ghcr.io/acme/x:1","Never",[]]'
warned='"endpoint":"validate".*"name":"warned"\|"name":"warned".*"endpoint":"validate"'
until_true "the audit line of the one that is warned" 300 has_line "$work/pullgate.audit" "$warned"
has "and records it" "$(whole_lines "$work/pullgate.audit" "$warned")" '"code":"not-rewritten"'
tried "/validate refuses what /mutate did not see"
finish
