#!/usr/bin/env bash
# The chart, rendered by a small Go program with sprig (helm itself is in no Debian package): the same objects
# as policyctl render and kustomize make, for the defaults and for what the overlays have.
# shellcheck source-path=SCRIPTDIR source=../cli/lib.sh
. "$(dirname "$0")/../cli/lib.sh"
here=$tests/deploy top=$(cd "$tests/.." && pwd)
chart=$top/deploy/helm/pullgate expected=$here/expected
: "${BUILD:?the build folder}"
cd "$work" || exit 1

"$here/helm/build.sh" "$work/render" "$BUILD/go-cache" || exit 1
image=registry.corp.example/platform/pullgate:1.2.3
# What a release adds to each object.
labels=(--without-label app.kubernetes.io/instance --without-label app.kubernetes.io/version
    --without-label app.kubernetes.io/managed-by --without-label helm.sh/chart)
export NAMESPACE=pullgate # the chart makes none: helm install --create-namespace does

helm() { # VALUES [OPTION...]: renders to the file rendered.yaml
    printf '%s\n' "$1" >values.yaml
    shift
    run ./render -values values.yaml "$@" "$chart"
    cp out rendered.yaml
}

# The certificate that the chart generated, as a folder.
take_certs() { # DIR
    mkdir -p "$1"
    python3 - "$1" rendered.yaml <<'PYTHON'
import base64, sys, yaml
for o in yaml.safe_load_all(open(sys.argv[2])):
    if o and o["kind"] == "Secret":
        for name, text in o["data"].items():
            open(f"{sys.argv[1]}/{name}", "wb").write(base64.b64decode(text))
PYTHON
}

fits() { # NAME
    run python3 "$here/check.py" "$PULLGATE" "${2:-rendered.yaml}"
    same "$1: the objects fit together: $out$err" $status 0
}

equal() { # NAME EXPECTED [OPTION...]
    local name=$1 file=$2
    shift 2
    run python3 "$here/same.py" "$file" rendered.yaml --without Namespace "${labels[@]}" "$@"
    same "$name: the same objects" "$status$out$err" 0
}

# ---- defaults -------------------------------------------------------------------------------------
helm "image: {repository: registry.corp.example/platform/pullgate, tag: 1.2.3}"
same "defaults: exit status" "$status$err" 0
fits "defaults"
take_certs tls
run "$POLICYCTL" certs check -d tls
same "generated certificate: $out" $status 0
run "$POLICYCTL" certs show -d tls
matches "generated certificate: key" "$out" 'ECDSA P-256'
same_file "the chart's policy" "$chart/files/policy.yaml" "$top/policies/examples/audit-only.yaml"
"$POLICYCTL" render --image "$image" --policy "$chart/files/policy.yaml" --certs tls >by-policyctl.yaml || exit 1
equal "defaults" by-policyctl.yaml
helm "image: {repository: registry.corp.example/platform/pullgate, tag: 1.2.3}" -numbers
fits "numbers as newer helm reads them"
take_certs other
same "each installation has a key of its own" "$(cmp -s tls/tls.key other/tls.key && echo same)" ""

# ---- upgrades keep the certificate -------------------------------------------------------------------
python3 -c '
import json, yaml
print(json.dumps(next(o for o in yaml.safe_load_all(open("rendered.yaml")) if o and o["kind"] == "Secret")))' >secret.json
helm "armed: true" -upgrade -secret secret.json
take_certs kept
same_file "upgrade: the same key" kept/tls.key other/tls.key
same_file "upgrade: the same CA" kept/ca.crt other/ca.crt
cp rendered.yaml armed.yaml
fits "armed" armed.yaml

# ---- as the overlays have it ---------------------------------------------------------------------------
# A stand-in certificate on both sides.
python3 -c '
import base64, json, sys
print(json.dumps({"data": {n: base64.b64encode(open(sys.argv[1] + "/" + n, "rb").read()).decode()
                           for n in ("ca.crt", "tls.crt", "tls.key")}}))' "$here/tls" >stand-in.json
as_overlay() { # OVERLAY VALUES [OPTION...] [-- OPTION OF same.py...]
    local overlay=$1 values=$2 options=()
    shift 2
    while [ $# -gt 0 ] && [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    helm "$values" -secret stand-in.json "${options[@]}"
    same "$overlay: exit status" "$status$err" 0
    equal "$overlay" "$expected/$overlay.yaml" "${@:2}"
}
as_overlay self-managed ''
as_overlay armed 'armed: true' -upgrade
as_overlay cert-manager 'certificate: {mode: certManager}'
as_overlay namespace '' -namespace image-policy
as_overlay namespace-cert-manager 'certificate: {mode: certManager}' -namespace image-policy
as_overlay host-network 'hostNetwork: {enabled: true}'
as_overlay air-gapped '
image: {repository: registry.corp.example/platform/pullgate}
imagePullSecrets: [{name: pullgate-registry}]'
as_overlay high-availability '
replicas: 3
antiAffinity: required
priorityClassName: system-cluster-critical
tolerations:
  - {key: node.kubernetes.io/not-ready, operator: Exists, effect: NoExecute, tolerationSeconds: 30}
  - {key: node.kubernetes.io/unreachable, operator: Exists, effect: NoExecute, tolerationSeconds: 30}' \
    -- --without ResourceQuota
as_overlay monitoring '
serviceMonitor: {enabled: true}
networkPolicy: {metricsFrom: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}}]}' \
    -- --without ConfigMap --without PrometheusRule
for name in airbyte astronomer; do
    as_overlay $name "policies: {policy.yaml: $(jq -Rs . "$top/policies/examples/$name.yaml")}"
done
conditions=$(python3 -c '
import json, yaml
print(json.dumps(yaml.safe_load(open("'"$top"'/deploy/kustomize/components/match-conditions/conditions.yaml"))[0]["value"]))')
as_overlay match-conditions "webhooks: {matchConditions: $conditions}"

# ---- the other values -----------------------------------------------------------------------------------
has() { # NAME REGEX
    matches "$1" "$(cat rendered.yaml)" "$2"
}
digest=sha256:$(printf '%064d' 7)
helm "image: {digest: '$digest'}"
has "digest" "image: ghcr.io/your-org/pullgate@$digest"
helm "certificate: {mode: existing, existing: {secret: mine, caBundle: Zm9v}}"
has "existing: bundle" 'caBundle: Zm9v'
has "existing: mounted" 'secretName: "mine"'
same "existing: no Secret is made" "$(grep -c 'kind: Secret' rendered.yaml)" 0
helm "certificate: {mode: existing}"
same "existing without its bundle: exit status" $status 1
matches "existing without its bundle: text" "$err" 'certificate\.existing\.caBundle is missing'
helm "certificate: {mode: certManager, certManager: {issuerRef: {name: corp, kind: ClusterIssuer}}}"
same "an issuer of the house: no other is made" "$(grep -c 'kind: Issuer' rendered.yaml)" 0
has "an issuer of the house" 'kind: ClusterIssuer'
printf 'policies:\n  airbyte.yaml: |\n%s\n' "$(sed 's/^/    /' "$top/policies/examples/airbyte.yaml")" >policies.yaml
helm "$(cat policies.yaml)"
python3 -c '
import yaml
data = [o for o in yaml.safe_load_all(open("rendered.yaml")) if o and o["kind"] == "ConfigMap"][0]["data"]
assert list(data) == ["airbyte.yaml"], list(data)
open("airbyte.yaml", "w").write(data["airbyte.yaml"])'
same_file "policies: byte for byte" airbyte.yaml "$top/policies/examples/airbyte.yaml"
helm 'webhooks: {namespaces: [{key: kubernetes.io/metadata.name, operator: In, values: [airbyte]}], exclude: [calico-system]}
policies: {policy.yaml: "spec: {rules: [{match: {namespaces: [airbyte]}}]}"}'
fits "namespaces"
has "namespaces: in" 'values:[[:space:]]+- airbyte'
has "namespaces: excluded" '- kube-system[[:space:]]+- calico-system[[:space:]]+- pullgate'
helm 'webhooks: {exclude: [kube-system, pullgate]}'
has "namespaces: none is listed twice" 'values:[[:space:]]+- kube-system[[:space:]]+- pullgate[[:space:]]+(- key|    failurePolicy)'
helm 'webhooks: {templates: false}'
same "no templates" "$(grep -c templates.pullgate.svc rendered.yaml)" 0
helm 'webhooks: {enabled: false}'
same "not registered" "$(grep -c WebhookConfiguration rendered.yaml)" 0
same "not registered: the server is whole" "$(grep -c '^kind: Deployment' rendered.yaml)" 1
helm 'options: {log-level: debug, workers: 4}'
fits "options"
has "options: a text" 'name: PULLGATE_WORKERS[[:space:]]+value: "4"'
for numbers in '' -numbers; do # as older and as newer helm reads them
    # shellcheck disable=SC2086 # none or one
    helm 'options: {max-body: 2000000, workers: 4, no-sandbox: true, drain-pause: 5s}' $numbers
    has "options: a large number$numbers" 'name: PULLGATE_MAX_BODY[[:space:]]+value: "2000000"'
    has "options: a switch$numbers" 'name: PULLGATE_NO_SANDBOX[[:space:]]+value: "true"'
    has "options: a time$numbers" 'name: PULLGATE_DRAIN_PAUSE[[:space:]]+value: "5s"'
done
refused() { # NAME VALUES REGEX [OPTION...]
    local name=$1 regex=$3
    helm "$2" "${@:4}"
    same "$name: exit status" $status 1
    matches "$name: text" "$err" "$regex"
}
for space in default kube-public kube-node-lease; do
    refused "in namespace $space" '' "namespace $space is for other pods too, .* sharedNamespace=true if this is intended" -namespace $space
    helm 'sharedNamespace: true' -namespace $space
    same "in namespace $space, and meant" "$status$err" 0
done
pod() { # NAME LABELS
    printf '{"items": [{"metadata": {"name": "pullgate-1", "labels": {"app.kubernetes.io/name": "pullgate"}}}, {"metadata": {"name": "%s"%s}}]}\n' \
        "$1" "$2" >pods.json
}
pod launcher ''
refused "beside a pod without labels" '' 'namespace airbyte has the pod launcher, .* sharedNamespace=true' -namespace airbyte -pods pods.json
pod launcher ', "labels": {"app.kubernetes.io/name": "airbyte"}'
refused "beside a pod of others" '' 'namespace airbyte has the pod launcher, ' -namespace airbyte -pods pods.json
helm 'sharedNamespace: true' -namespace airbyte -pods pods.json
same "beside a pod of others, and meant" "$status$err" 0
helm '' -namespace airbyte -pods pods.json -upgrade
same "an upgrade is not stopped by it" "$status$err" 0
pod pullgate-2 ', "labels": {"app.kubernetes.io/name": "pullgate"}'
helm '' -pods pods.json
same "beside its own pods" "$status$err" 0
refused "armed on install" 'armed: true' 'armed on the first install'
helm '{armed: true, armedOnInstall: true}'
has "armed on install, and meant" 'failurePolicy: Fail'
helm '{armed: true, webhooks: {enabled: false}}'
same "armed, and not registered" "$status$err" 0
refused "too little time to drain" 'options: {drain-timeout: 30s}' 'drain-pause \(5s\) and drain-timeout \(30s\) .* need 40$'
refused "too little time to drain, in minutes" 'options: {drain-timeout: 1m}' 'need 70$'
refused "too little time to pause" 'options: {drain-pause: 10001ms}' 'need 36$'
refused "too little time at all" 'terminationGracePeriodSeconds: 29' 'is 29, .* need 30$'
helm '{terminationGracePeriodSeconds: 70, options: {drain-timeout: 1m}}'
same "enough time to drain" "$status$err" 0
has "enough time to drain" 'terminationGracePeriodSeconds: 70'
helm 'terminationGracePeriodSeconds: null' -upgrade
has "values of an older release" 'terminationGracePeriodSeconds: 35'
helm 'options: {log-levle: debug}'
run python3 "$here/check.py" "$PULLGATE" rendered.yaml
matches "a misspelt option is seen" "$status $out" '^1 .*no option for PULLGATE_LOG_LEVLE'
helm 'networkPolicy: {from: [{ipBlock: {cidr: 10.0.0.0/28}}], metricsFrom: [{namespaceSelector: {}}]}'
has "network policy: metrics" 'port: 8080'
same "network policy: named clients need no reason" "$(grep -c open-because rendered.yaml)" 0
refused "network policy: closed to everybody" 'networkPolicy: {open: false}' 'networkPolicy\.from is empty: no API server'
helm 'networkPolicy: {open: false, from: [{ipBlock: {cidr: 10.0.0.0/28}}]}'
same "network policy: closed but to those named" "$status$err" 0
helm 'networkPolicy: {open: null}'
has "network policy: values of an older release" 'open-because'
helm 'serviceMonitor: {enabled: true, labels: {release: prometheus}}'
has "service monitor" 'release: prometheus'
helm '' -release data
has "another release: the names" 'name: data-pullgate'
fits "another release"
# Names that YAML reads as something else without quotes.
helm '{nameOverride: "true", priorityClassName: "no", certificate: {mode: existing, existing: {secret: "10", caBundle: Zm9v}}}' -release 100 -namespace 123
run python3 -c '
import sys, yaml
def walk(value, path):
    if isinstance(value, dict):
        for k, v in value.items():
            walk(v, path + [k])
    elif isinstance(value, list):
        for v in value:
            walk(v, path)
    elif path[-1] in ("name", "namespace", "instance", "secretName", "serviceAccountName", "priorityClassName") or path[-1].startswith("app."):
        assert isinstance(value, str), (path, value)
        global n
        n += 1
n = 0
walk(list(yaml.safe_load_all(open(sys.argv[1]))), [""])
assert n > 50, n' rendered.yaml
same "names that look like numbers: $err" $status 0
helm '' -release data -notes
has "notes: commands" 'delete mutatingwebhookconfiguration,validatingwebhookconfiguration data-pullgate'
has "notes: the placeholder is reported" 'WARNING: image\.repository is the placeholder'
helm 'webhooks: {enabled: false}' -notes
has "notes: the next step" 'webhooks\.enabled=true'
helm 'serviceMonitor: {enabled: true}' -notes
has "notes: metrics shut in" 'the NetworkPolicy blocks all access to the metrics'
helm '{serviceMonitor: {enabled: true}, networkPolicy: {metricsFrom: [{namespaceSelector: {}}]}}' -notes
same "notes: metrics open" "$(grep -c 'blocks all access' rendered.yaml)" 0
helm 'image: {repository: r.example/p}' -notes
same "notes: no warning else" "$(grep -c WARNING rendered.yaml)" 0

# ---- values.schema.json ------------------------------------------------------------------------------------
good() { # NAME VALUES
    printf '%s\n' "$2" >values.yaml
    run python3 "$here/schema.py" "$chart" values.yaml
    same "schema, $1" "$status$out$err" 0
}
bad() { # NAME VALUES REGEX
    printf '%s\n' "$2" >values.yaml
    run python3 "$here/schema.py" "$chart" values.yaml
    same "schema, $1: exit status" "$status$err" 1
    matches "schema, $1: text" "$out" "$3"
}
good defaults ''
good policies "$(cat policies.yaml)"
good "everything" '
image: {repository: "registry.corp.example:5000/a/b", tag: v1.2, digest: "'"$digest"'"}
webhooks: {namespaces: [{key: a, operator: Exists}], matchConditions: [{name: a, expression: b}]}
options: {log-level: debug, workers: 4, no-sandbox: true}
certificate: {mode: certManager, certManager: {issuerRef: {name: a, kind: Issuer, group: g}}}'
bad "an unknown key" 'replica: 2' "'replica' was unexpected"
bad "an unknown key below" 'image: {repo: x}' "'repo' was unexpected"
bad "armed as a text" 'armed: "true"' "'true' is not of type 'boolean'"
bad "no replicas" 'replicas: 0' 'minimum'
bad "a tag in the repository" 'image: {repository: "r.example/p:1"}' 'does not match'
bad "a short digest" 'image: {digest: "sha256:12"}' 'does not match'
bad "a mode" 'certificate: {mode: self}' 'is not one of'
bad "a timeout" 'webhooks: {timeoutSeconds: 31}' 'maximum'
bad "a bundle that is PEM" 'certificate: {existing: {caBundle: "-----BEGIN CERTIFICATE-----"}}' 'does not match'
bad "a policy that is no file name" 'policies: {airbyte: x}' 'does not match'
bad "an option with dashes" 'options: {--log-level: debug}' 'does not match'
bad "an option of the chart itself" 'options: {listen: ":1"}' 'not'
bad "a pull secret as a text" 'imagePullSecrets: [regcred]' "not of type 'object'"
good "an issuer" 'certificate: {certManager: {issuerRef: {name: corp}}}'
bad "an issuer without a name" 'certificate: {certManager: {issuerRef: {kind: ClusterIssuer}}}' "'name' is a dependency of 'kind'"
bad "an issuer's group without a name" 'certificate: {certManager: {issuerRef: {group: g}}}' "'name' is a dependency of 'group'"
bad "an issuer of no name" 'certificate: {certManager: {issuerRef: {name: ""}}}' 'issuerRef/name'
for operator in In NotIn; do
    bad "$operator without values" "webhooks: {namespaces: [{key: a, operator: $operator}]}" "'values' is a required property"
    bad "$operator of no values" "webhooks: {namespaces: [{key: a, operator: $operator, values: []}]}" 'namespaces/0/values'
    good "$operator" "webhooks: {namespaces: [{key: a, operator: $operator, values: [b]}]}"
done
bad "Exists with values" 'webhooks: {namespaces: [{key: a, operator: Exists, values: [b]}]}' 'namespaces/0/values'
for option in help version healthcheck; do
    bad "an option that ends the program: $option" "options: {$option: true}" '^values\.yaml: options: '
done
bad "a label that pods have" 'podLabels: {app.kubernetes.io/name: x}' 'podLabels: '
bad "an annotation that pods have" 'podAnnotations: {kubectl.kubernetes.io/default-container: x}' 'podAnnotations: '
bad "a label that the monitor has" 'serviceMonitor: {labels: {helm.sh/chart: x}}' 'serviceMonitor/labels: '
good "labels and annotations" '{podLabels: {a: b}, podAnnotations: {a/b: c}, serviceMonitor: {labels: {release: prometheus}}}'
bad "an operator" 'webhooks: {namespaces: [{key: a, operator: Is}]}' 'is not one of'
finish
