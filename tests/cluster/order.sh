#!/usr/bin/env bash
# Others that change pods, in every order: a webhook beside ours and a MutatingAdmissionPolicy, called again or not.
# What is stored is what the policy says, or nothing is.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

mkdir "$work/policy"
cat >"$work/policy/policy.yaml" <<'POLICY'
apiVersion: pullgate/v1
kind: ImagePolicy
metadata: {name: order}
spec:
  registry: ghcr.io/acme-data
  imagePullSecrets: [regcred]
  rules: [{name: airbyte, match: {namespaces: [airbyte]}}]
POLICY

say "starting etcd, kube-apiserver, pullgate, another webhook"
"$POLICYCTL" certs init --dir "$work/tls" >/dev/null || die "no certificates"
start_cluster
make_service
start_pullgate pullgate "$work/policy"
"$here/mesh.py" "$work/tls" >"$work/mesh" &
pids[mesh]=$!
until_true "the other webhook" 100 test -s "$work/mesh"
new_namespace airbyte
arm Fail

# ---- a webhook beside ours -------------------------------------------------------------------------------

other_webhook() { # NAME REINVOCATION_POLICY NUMBER
    cat <<HOOK
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: $1, labels: {other: webhook}}
webhooks:
  - name: mesh.example.com
    clientConfig: {url: "https://127.0.0.1:$(cat "$work/mesh")/$3", caBundle: $("$POLICYCTL" certs bundle --dir "$work/tls")}
    rules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]
    reinvocationPolicy: $2
    admissionReviewVersions: [v1]
    sideEffects: None
HOOK
}
# The API server gets both configurations by one watch: with the other's number it has ours as well.
has_number() { # ANNOTATION NUMBER
    [ "$(pod probe busybox:1 | k create -n airbyte --dry-run=server -f - -o json | jq -r --arg a "$1" '.metadata.annotations[$a]')" = "$2" ]
}
ours_is_called_again() { # Never|IfNeeded
    k patch mutatingwebhookconfiguration pullgate --type=json -p "[{\"op\": \"replace\", \"path\": \"/webhooks/0/reinvocationPolicy\", \"value\": \"$1\"}]" >/dev/null || fail "patching"
}

# What the other does to a pod, and with which image: without a registry, approved, not approved.
ways=$(printf '%s ' {sidecar,native,volume,override}:{istio/proxyv2:1,ghcr.io/acme-data/x:1,quay.io/evil/x:1} bare:- count:-)
approved="native-ghcr-io-acme-data-x-1 override-ghcr-io-acme-data-x-1 sidecar-ghcr-io-acme-data-x-1 volume-ghcr-io-acme-data-x-1"
added="native-istio-proxyv2-1 sidecar-istio-proxyv2-1 volume-istio-proxyv2-1"
undone="bare override-istio-proxyv2-1"

pods_of() { # SUFFIX: one pod for each way
    local way
    for way in $ways; do
        pod "$(tr -c 'a-z0-9\n' - <<<"$way-$1" | tr -s -)" busybox:1 |
            jq -c --arg does "${way%%:*}" --arg image "${way#*:}" '.metadata.annotations = {"mesh-does": $does, mesh: $image}'
    done
}
images='def images: [.spec | (.containers[], .initContainers[]?).image, (.volumes[]?.image.reference // empty)];'
# One line for each stored pod that is not what the policy says, and for each that lacks what the other puts in.
astray() { # SUFFIX
    k get pods -n airbyte -o json | jq -r --arg s "-$1" "$images"'.items[] | select(.metadata.name | endswith($s))
        | select((images | all(startswith("ghcr.io/acme-data/")) | not) or [.spec.imagePullSecrets[]?.name] != ["regcred"])
        | "\(.metadata.name): \(images) \(.spec.imagePullSecrets)"'
}
untouched() { # SUFFIX
    k get pods -n airbyte -o json | jq -r --arg s "-$1" "$images"'.items[] | select(.metadata.name | endswith($s))
        | (.metadata.annotations.mesh | sub("ghcr.io/acme-data/"; "")) as $image
        | select(if $image == "-" then .metadata.annotations | [.["mesh-config"], .["map-config"]] == [null, null]
                 else images | index("ghcr.io/acme-data/\($image)") == null end) | .metadata.name'
}
stored_ways() { # SUFFIX
    k get pods -n airbyte -o name | sed -n "s,^pod/\\(.*\\)-$1\$,\\1,p" | sort | xargs
}
try() { # SUFFIX EXPECTED_WAYS
    pods_of "$1" | k create -n airbyte -f - >"$work/out" 2>"$work/refused"
    is "$1: stored, and not what the policy says" "$(astray "$1")" ""
    is "$1: stored without what the other does" "$(untouched "$1")" ""
    is "$1: stored" "$(stored_ways "$1")" "$(xargs -n 1 <<<"$2" | sort | xargs)"
    is "$1: errors that are not our refusals" "$(grep -v 'webhook "\(mutate\|validate\).pullgate.svc" denied the request' "$work/refused" | grep '^Error')" ""
}

say "a webhook before ours and after ours"
number=0
while read -r ours other again expected; do
    number=$((number + 1))
    ours_is_called_again $ours
    k delete mutatingwebhookconfiguration -l other=webhook >/dev/null
    other_webhook $other $again $number | k apply -f - >/dev/null || fail "the registration of $other"
    until_true "the registration of $other" 100 has_number mesh-config $number
    try "$(tr '[:upper:]' '[:lower:]' <<<"$ours-$other-$again")" "count $expected"
done <<TABLE
IfNeeded aa-before Never $approved $added $undone
IfNeeded aa-before IfNeeded $approved $added $undone
IfNeeded zz-after Never $approved $added $undone
IfNeeded zz-after IfNeeded $approved $added
Never aa-before Never $approved $added $undone
Never aa-before IfNeeded $approved $added
Never zz-after Never $approved
Never zz-after IfNeeded $approved
TABLE
k delete mutatingwebhookconfiguration -l other=webhook >/dev/null

# ---- a MutatingAdmissionPolicy ------------------------------------------------------------------------------

# Policies come before all webhooks, also when both are called again.
other_policy() { # REINVOCATION_POLICY NUMBER
    cat <<POLICY
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingAdmissionPolicy
metadata: {name: other}
spec:
  matchConstraints:
    resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]
  failurePolicy: Fail
  reinvocationPolicy: $1
  variables:
    - {name: image, expression: "object.metadata.?annotations[?'mesh'].orValue('')"}
    - {name: does, expression: "object.metadata.?annotations[?'mesh-does'].orValue('')"}
  mutations:
    - patchType: ApplyConfiguration
      applyConfiguration:
        expression: "Object{metadata: Object.metadata{annotations: {'map-config': '$2'}}}"
    - patchType: ApplyConfiguration
      applyConfiguration:
        expression: >-
          Object{spec: Object.spec{containers: variables.does == 'sidecar' && !object.spec.containers.exists(c, c.name == 'mesh')
          ? [Object.spec.containers{name: 'mesh', image: variables.image}] : []}}
    - patchType: ApplyConfiguration
      applyConfiguration:
        expression: >-
          Object{spec: Object.spec{initContainers: variables.does == 'native' && !has(object.spec.initContainers)
          ? [Object.spec.initContainers{name: 'mesh', image: variables.image, restartPolicy: 'Always'}] : []}}
    - patchType: ApplyConfiguration
      applyConfiguration:
        expression: >-
          Object{spec: Object.spec{volumes: variables.does == 'volume' && !object.spec.?volumes.orValue([]).exists(v, v.name == 'mesh')
          ? [Object.spec.volumes{name: 'mesh', image: Object.spec.volumes.image{reference: variables.image}}] : []}}
    - patchType: JSONPatch
      jsonPatch:
        expression: >-
          variables.does == 'override' ? [JSONPatch{op: 'replace', path: '/spec/containers/0/image', value: variables.image}] : []
    - patchType: JSONPatch
      jsonPatch:
        expression: >-
          variables.does == 'bare' && has(object.spec.imagePullSecrets) ? [JSONPatch{op: 'remove', path: '/spec/imagePullSecrets'}] : []
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingAdmissionPolicyBinding
metadata: {name: other}
spec: {policyName: other}
POLICY
}

say "a MutatingAdmissionPolicy"
while read -r ours again expected; do
    number=$((number + 1))
    ours_is_called_again $ours
    other_policy $again $number | k apply -f - >"$work/out" 2>&1 || fail "the policy: $(cat "$work/out")"
    until_true "the policy" 100 has_number map-config $number
    try "$(tr '[:upper:]' '[:lower:]' <<<"$ours-map-$again")" "count $expected"
done <<TABLE
IfNeeded Never $approved $added $undone
IfNeeded IfNeeded $approved $added $undone
Never Never $approved $added $undone
Never IfNeeded $approved $added
TABLE
tried "MutatingAdmissionPolicy beside the webhook"
finish
