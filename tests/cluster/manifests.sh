#!/usr/bin/env bash
# What ships, installed in a cluster of 1.36: every overlay of kustomize, what policyctl render prints and what the
# chart makes. Each is decoded strictly, kept whole, and its pods come up in a namespace that enforces the Pod Security
# level `restricted`. Custom resources are held against tests/cluster/custom.yaml.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
deploy=$top/tests/deploy chart=$top/deploy/helm/pullgate

"$POLICYCTL" certs init --dir "$work/tls" --dns pullgate.image-policy.svc --dns pullgate.chart.svc >/dev/null ||
    die "no certificates"
mkdir "$work/policy" "$work/built"
cp "$top/policies/examples/airbyte.yaml" "$work/policy"
helm=$(tool helm4)
TLS=$work/tls "$deploy/build.sh" "$work/built" || die "kustomize"
start_cluster
start_controllers
start_nodes
k apply -f "$here/custom.yaml" >/dev/null || die "custom resources"
for name in issuers.cert-manager.io certificates.cert-manager.io servicemonitors.monitoring.coreos.com prometheusrules.monitoring.coreos.com; do
    k wait --for=condition=Established "crd/$name" --timeout=30s >/dev/null || die "$name"
done
new_namespace airbyte monitoring

# A namespace with what others put there: cert-manager its Secret, users theirs.
prepare() { # NAMESPACE
    printf '{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"%s","labels":{"pod-security.kubernetes.io/enforce":"restricted","pod-security.kubernetes.io/warn":"restricted"}}}' "$1" |
        k apply -f - >/dev/null || die "namespace $1"
    for name in pullgate-cert-manager mine; do
        k create secret tls $name -n "$1" --cert "$work/tls/tls.crt" --key "$work/tls/tls.key" >/dev/null || die "secret $name"
    done
}
for name in pullgate image-policy chart; do prepare $name; done

# installed NAME FILE [NAMESPACE]: by the server's own decoding, defaulting and validation; nothing of it is lost there.
installed() {
    local name=$1 file=$2 namespace=${3:-pullgate} status
    # kubectl asks for strict decoding; the server's warnings are on standard error, those of Pod Security, too
    k apply -f "$file" -o json 2>"$work/err" >"$work/answer.json"
    status=$?
    is "$name: exit status" "$status$(cat "$work/err")" 0
    [ "$status" = 0 ] || return
    is "$name: nothing is dropped" "$("$here/kept.py" "$file" "$work/answer.json")" "$(grep -c '^kind:' "$file") objects"
    objects=$((objects + $(grep -c '^kind:' "$file")))
    grep -q '^kind: Deployment' "$file" || return
    is "$name: pods come up" "$(k -n "$namespace" rollout status deployment/pullgate --timeout=60s 2>&1 | tail -1)" \
        'deployment "pullgate" successfully rolled out'
}
level() { k get namespace "$1" -o jsonpath='{.metadata.labels.pod-security\.kubernetes\.io/enforce}'; }
objects=0

say "kustomize"
overlays=0
for overlay in "$top"/deploy/kustomize/overlays/*; do
    name=${overlay##*/} namespace=pullgate
    [ "$name" = host-network ] && continue # below
    [[ $name = namespace* ]] && namespace=image-policy
    installed "overlay $name" "$work/built/$name.yaml" $namespace
    has "overlay $name: level" "$(cat "$work/built/$name.yaml")" 'pod-security.kubernetes.io/enforce: restricted'
    overlays=$((overlays + 1))
done
say "$overlays overlays"
# The tests of kustomize leave out the alerts and the dashboard for their size; here they are whole.
sed "s/^  namespace: .*/  namespace: pullgate/" "$top/deploy/kustomize/components/monitoring/prometheusrule.yaml" >"$work/rules.yaml"
installed "alerts" "$work/rules.yaml"

say "policyctl render"
for policy in Ignore Fail; do
    shipped $policy >"$work/rendered.yaml"
    installed "render, $policy" "$work/rendered.yaml"
done
"$POLICYCTL" render --only certs --certs "$work/tls" --failure-policy Fail >"$work/certs.yaml" || fail "render --only certs"
generation() { k -n pullgate get deployment pullgate -o jsonpath='{.metadata.generation}'; }
before=$(generation)
installed "render --only certs" "$work/certs.yaml"
is "render --only certs: the Deployment stays" "$(generation)" "$before"
# The pods of the overlay before still answer on open connections while they drain.
is_rewritten() {
    [ "$(k run x -n airbyte --image=busybox:1 --dry-run=server -o jsonpath='{.spec.containers[0].image}')" = ghcr.io/acme-data/busybox:1 ]
}
until_true "what is installed answers" 200 is_rewritten

say "a webhook that signs for itself"
signs=(render --certs "$work/tls" --certificate-mode selfSigned --failure-policy Fail)
"$POLICYCTL" "${signs[@]}" --image registry.corp.example/platform/pullgate:0.1.0 --policy "$work/policy" >"$work/signs.yaml"
installed "render, selfSigned" "$work/signs.yaml"
until_true "the server trusts what a replica made" 200 is_rewritten
"$POLICYCTL" certs rotate --dir "$work/tls" --new-ca >/dev/null || fail "certs rotate"
"$POLICYCTL" "${signs[@]}" --only certs >"$work/both.yaml" || fail "render --only certs"
# The Secret first, replicas that start in between, the caBundle last: what they made is trusted all along.
secret_of() { k -n pullgate get secret pullgate-ca -o jsonpath='{.data.ca\.crt}'; }
before=$(secret_of)
k apply -l '!app.kubernetes.io/component' -f "$work/both.yaml" >/dev/null || fail "the Secret alone"
is_changed() { [ "$(secret_of)" != "$before" ]; }
until_true "the Secret has both" 100 is_changed
k -n pullgate rollout restart deployment/pullgate >/dev/null
is "replicas start in between" "$(k -n pullgate rollout status deployment/pullgate --timeout=60s 2>&1 | tail -1)" \
    'deployment "pullgate" successfully rolled out'
until_true "the server trusts what they made" 200 is_rewritten
installed "both CAs in the caBundle" "$work/both.yaml"
until_true "and so with the new caBundle" 200 is_rewritten
shipped Fail >"$work/rendered.yaml"
installed "back to the pair of files" "$work/rendered.yaml"
until_true "what is installed answers again" 200 is_rewritten

say "match conditions"
# Armed and down, a webhook refuses all that it is called for.
down() {
    k -n pullgate scale deployment/pullgate --replicas=0 >/dev/null
    until_gone -l app.kubernetes.io/name=pullgate
}
refused_call() { # WHAT COMMAND...
    local what=$1
    shift
    has "$what" "$("$@" 2>&1)" 'failed calling webhook "mutate.pullgate.svc"'
}
try() { # WHAT COMMAND...
    local what=$1
    shift
    is "$what" "$("$@" 2>&1 >/dev/null)" ""
}
pod held busybox:1 | k create -n airbyte -f - >/dev/null || fail "a pod"
k -n airbyte wait --for=condition=Ready pod/held --timeout=30s >/dev/null || fail "a pod is Ready"
down
refused_call "without them: a label" k label pod held -n airbyte a=b
sed 's/failurePolicy: Ignore/failurePolicy: Fail/' "$work/built/match-conditions.yaml" >"$work/conditions.yaml"
k apply -f "$work/conditions.yaml" -l app.kubernetes.io/component=registration >/dev/null || fail "match conditions, armed"
until_true "the conditions to be in force" 100 k label pod held -n airbyte a=b --dry-run=server
try "a label" k label pod held -n airbyte a=b
try "an annotation and a finalizer" k patch pod held -n airbyte -p '{"metadata":{"annotations":{"a":"b"},"finalizers":["example.com/x"]}}'
refused_call "a new pod" k run x -n airbyte --image=busybox:1
refused_call "another image" k set image pod/held -n airbyte main=busybox:2
refused_call "an ephemeral container" k debug held -n airbyte --image=busybox:1 --quiet
write_kubeconfig node-1
mirror=$(pod mirror busybox:1 ',"nodeName":"node-1"' | jq -c '.metadata.annotations = {"kubernetes.io/config.mirror": "x"}')
k --kubeconfig "$work/node-1.kubeconfig" create -n airbyte -f - <<<"$mirror" >/dev/null || fail "a node's mirror pod"
try "a deletion ends" k patch pod held -n airbyte -p '{"metadata":{"finalizers":null}}'
k delete mutatingwebhookconfiguration,validatingwebhookconfiguration pullgate >/dev/null
tried "matchConditions"

say "the chart"
render() { # VALUES [OPTION...]
    printf '%s\n' "$1" >"$work/values.yaml"
    "$helm" template pullgate "$chart" -n chart --no-hooks --kube-version 1.36.0 -f "$work/values.yaml" \
        --set certificate.newOnEachRender=true "${@:2}" >"$work/rendered.yaml"
}
chart() { # NAME VALUES [OPTION...]
    render "${@:2}" || fail "chart, $1: helm template"
    installed "chart, $1" "$work/rendered.yaml" chart
}
chart defaults ''
chart generated 'certificate: {mode: generated}'
chart armed '{armed: true, armedOnInstall: true, certificate: {mode: generated}}'
chart "not registered" '{webhooks: {enabled: false}, certificate: {mode: generated}}'
chart "existing certificate" "certificate: {mode: existing, existing: {secret: mine, caBundle: $("$POLICYCTL" certs bundle --dir "$work/tls")}}"
chart cert-manager 'certificate: {mode: certManager}'
chart monitored '{certificate: {mode: generated}, serviceMonitor: {enabled: true, labels: {release: prometheus}},
prometheusRule: {enabled: true}, dashboard: {enabled: true},
networkPolicy: {from: [{ipBlock: {cidr: 10.0.0.0/28}}], metricsFrom: [{namespaceSelector: {}}]}}'
chart everything 'certificate: {mode: generated}
replicas: 3
antiAffinity: required
priorityClassName: system-cluster-critical
tolerations: [{key: a, operator: Exists, effect: NoExecute, tolerationSeconds: 30}]
nodeSelector: {kubernetes.io/os: linux}
podLabels: {team: data}
podAnnotations: {a: b}
imagePullSecrets: [{name: regcred}]
options: {log-level: debug}
webhooks: {exclude: [kube-system, calico-system], matchConditions: [{name: a, expression: "true"}],
  namespaces: [{key: kubernetes.io/metadata.name, operator: In, values: [airbyte]}]}'

is "the chart: level" "$(level chart)" restricted

say "what is wrong is seen"
refused() { # WHAT SED_SCRIPT PART
    sed -E "$2" "$work/built/self-managed.yaml" >"$work/bad.yaml"
    cmp -s "$work/built/self-managed.yaml" "$work/bad.yaml" && fail "$1: nothing is changed"
    has "$1" "$(k apply --dry-run=server -f "$work/bad.yaml" 2>&1)" "$3"
}
refused "a misspelt field" 's/failurePolicy:/failurePolicie:/' 'unknown field "webhooks[0].failurePolicie"'
refused "a wrong word" 's/failurePolicy: Ignore/failurePolicy: Ignored/' 'Unsupported value: "Ignored"'
refused "a name of two segments" 's/mutate\.pullgate\.svc/mutate.pullgate/' 'at least three segments'
refused "a Secret without its key" '/^  tls.key:/d' 'tls.key'
refused "a privileged pod" 's/allowPrivilegeEscalation: false/allowPrivilegeEscalation: true/' \
    'would violate PodSecurity "restricted:latest": allowPrivilegeEscalation != false'

say "the host's network"
installed "overlay host-network" "$work/built/host-network.yaml"
is "host-network: level" "$(level pullgate)" privileged
out=$(k label --dry-run=server --overwrite namespace pullgate pod-security.kubernetes.io/enforce=baseline 2>&1)
has "host-network: baseline is not enough" "$out" 'violate the new PodSecurity enforce level "baseline:latest"'
has "host-network: why" "$out" 'host namespaces, hostPort'
spec_of() { k get -f "$work/built/host-network.yaml" -o json | jq -cS '.items[] | del(.status, .metadata.resourceVersion, .metadata.managedFields)'; }
before=$(spec_of)
k apply -f "$work/built/host-network.yaml" >/dev/null || fail "applied again"
is "applying again changes nothing" "$(spec_of)" "$before"
k delete --wait=false -f "$work/built/host-network.yaml" >"$work/out" 2>&1 || fail "delete: $(cat "$work/out")"
is "no webhook is left" "$(k get mutatingwebhookconfiguration,validatingwebhookconfiguration -o name)" ""
say "$objects objects"
tried "kustomize"
tried "policyctl render"
tried "Pod Security restricted"
finish
