#!/usr/bin/env bash
# What ships, as a real kube-apiserver reads it: every overlay of kustomize, what policyctl render prints and
# what the Helm chart makes. Two things that a server of 1.20 does not serve are judged in the forms it has, and
# named below: PodDisruptionBudget of policy/v1 (as policy/v1beta1), and webhooks' matchConditions (left out).
# Custom resources are held against tests/cluster/custom.yaml.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
deploy=$top/tests/deploy

"$POLICYCTL" certs init --dir "$work/tls" >/dev/null || die "no certificates"
mkdir "$work/policy" "$work/built"
cp "$top/policies/examples/airbyte.yaml" "$work/policy"
helm=$("$here/tools.sh" helm4) || die "no helm"
start_cluster
k apply -f "$here/custom.yaml" >/dev/null || die "custom resources"
for name in issuers.cert-manager.io certificates.cert-manager.io servicemonitors.monitoring.coreos.com prometheusrules.monitoring.coreos.com; do
    k wait --for=condition=Established "crd/$name" --timeout=30s >/dev/null || die "$name"
done
new_namespace pullgate image-policy monitoring

# accepted NAME FILE [OPTION OF loopback.py...]: by the server's own decoding, defaulting and validation, and
# nothing of it is lost there.
accepted() {
    local name=$1 file=$2 out status
    shift 2
    "$here/loopback.py" "$@" 9443 <"$file" >"$work/given.yaml"
    # kubectl holds the fields against the server's schema first, and names unknown ones
    out=$(k apply --dry-run=server -f "$work/given.yaml" -o json 2>"$work/err" >"$work/answer.json")
    status=$?
    is "$name: exit status" "$status$out$(cat "$work/err")" 0
    [ "$status" = 0 ] || return
    out=$("$here/kept.py" "$work/given.yaml" "$work/answer.json")
    is "$name: nothing is dropped" "$out" "$(grep -c '^kind:' "$work/given.yaml") objects"
    objects=$((objects + $(grep -c '^kind:' "$work/given.yaml")))
}
objects=0

say "kustomize"
# Built by a kubectl that can, as tests/deploy/kustomize.sh does; else the blessed outputs, which it holds
# against the sources.
"$deploy/build.sh" "$work/built" 2>/dev/null || cp "$deploy"/expected/*.yaml "$work/built"
overlays=0
for overlay in "$top"/deploy/kustomize/overlays/*; do
    name=${overlay##*/}
    options=()
    [ "$name" = match-conditions ] && options=(--drop matchConditions)
    accepted "overlay $name" "$work/built/$name.yaml" "${options[@]}"
    overlays=$((overlays + 1))
done
say "$overlays overlays"
# The tests of kustomize leave out the alerts and the dashboard for their size; here they are whole.
sed "s/^  namespace: .*/  namespace: pullgate/" "$top/deploy/kustomize/components/monitoring/prometheusrule.yaml" >"$work/rules.yaml"
accepted "alerts" "$work/rules.yaml"

say "policyctl render"
for policy in Ignore Fail; do
    "$POLICYCTL" render --image registry.corp.example/platform/pullgate:0.1.0 --policy "$work/policy" \
        --certs "$work/tls" --failure-policy $policy >"$work/rendered.yaml" || fail "render"
    accepted "render, $policy" "$work/rendered.yaml"
done

say "Helm's templates"
chart=$top/deploy/helm/pullgate
helm() { # NAME VALUES [OPTION...]
    local name=$1
    printf '%s\n' "$2" >"$work/values.yaml"
    shift 2
    "$helm" template pullgate "$chart" -n pullgate --no-hooks --kube-version 1.36.0 -f "$work/values.yaml" \
        --set certificate.newOnEachRender=true "$@" >"$work/rendered.yaml" || fail "chart, $name"
    accepted "chart, $name" "$work/rendered.yaml" "${drop[@]}"
}
drop=()
helm defaults ''
helm armed '{armed: true, armedOnInstall: true}'
helm "not registered" 'webhooks: {enabled: false}'
helm cert-manager 'certificate: {mode: certManager}'
helm "existing certificate" "certificate: {mode: existing, existing: {secret: mine, caBundle: $("$POLICYCTL" certs bundle --dir "$work/tls")}}"
helm "host network" 'hostNetwork: {enabled: true}'
helm monitored 'serviceMonitor: {enabled: true, labels: {release: prometheus}}
networkPolicy: {from: [{ipBlock: {cidr: 10.0.0.0/28}}], metricsFrom: [{namespaceSelector: {}}]}'
helm everything 'replicas: 3
antiAffinity: required
priorityClassName: system-cluster-critical
tolerations: [{key: a, operator: Exists, effect: NoExecute, tolerationSeconds: 30}]
nodeSelector: {a: b}
podLabels: {team: data}
podAnnotations: {a: b}
imagePullSecrets: [{name: regcred}]
options: {log-level: debug}
webhooks: {exclude: [kube-system, calico-system], namespaces: [{key: kubernetes.io/metadata.name, operator: In, values: [airbyte]}]}'
helm "another namespace" '' -n image-policy
drop=(--drop matchConditions)
helm "match conditions" 'webhooks: {matchConditions: [{name: a, expression: "true"}]}'

say "what is wrong is seen"
refused() { # WHAT SED_SCRIPT PART
    local out
    "$here/loopback.py" 9443 <"$work/built/self-managed.yaml" >"$work/good.yaml"
    sed -E "$2" "$work/good.yaml" >"$work/bad.yaml"
    cmp -s "$work/good.yaml" "$work/bad.yaml" && fail "$1: nothing is changed"
    out=$(k apply --dry-run=server -f "$work/bad.yaml" 2>&1)
    has "$1" "$out" "$3"
}
refused "a misspelt field" 's/failurePolicy:/failurePolicie:/' 'unknown field "failurePolicie"'
refused "a wrong word" 's/failurePolicy: Ignore/failurePolicy: Ignored/' 'Unsupported value: "Ignored"'
refused "a name of two segments" 's/mutate\.pullgate\.svc/mutate.pullgate/' 'at least three segments'
refused "a Secret without its key" '/^  tls.key:/d' 'tls.key'
out=$("$here/loopback.py" 9443 <"$work/built/match-conditions.yaml" | k apply --dry-run=server -f - 2>&1)
has "match conditions are what this server does not know" "$out" 'unknown field "matchConditions"'

say "for good: applied twice, and taken away"
"$POLICYCTL" render --image registry.corp.example/platform/pullgate:0.1.0 --policy "$work/policy" \
    --certs "$work/tls" | "$here/loopback.py" 9443 >"$work/given.yaml"
k apply -f "$work/given.yaml" >"$work/out" 2>&1 || fail "apply: $(cat "$work/out")"
out=$(k apply -f "$work/given.yaml" 2>&1 | grep -v ' unchanged$')
is "applying again changes nothing" "$out" ""
k delete --wait=false -f "$work/given.yaml" >"$work/out" 2>&1 || fail "delete: $(cat "$work/out")"
is "no webhook is left" "$(k get mutatingwebhookconfiguration,validatingwebhookconfiguration -o name)" ""
say "$objects objects"
finish
