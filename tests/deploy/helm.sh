#!/usr/bin/env bash
# The chart: the same objects as policyctl render and kustomize make, for the defaults and for what the overlays have;
# and its files.
# shellcheck source-path=SCRIPTDIR source=../cli/lib.sh
. "$(dirname "$0")/../cli/lib.sh"
# shellcheck source=lib_helm.sh
. "$(dirname "$0")/lib_helm.sh"
expected=$here/expected image=registry.corp.example/platform/pullgate:1.2.3
# What a release adds to each object.
labels=(--without-label app.kubernetes.io/instance --without-label app.kubernetes.io/version
    --without-label app.kubernetes.io/managed-by --without-label helm.sh/chart)

equal() { # NAME EXPECTED [OPTION...]
    local name=$1 file=$2
    shift 2
    run python3 "$here/same.py" "$file" rendered.yaml --without Namespace --without Secret "${labels[@]}" "$@"
    same "$name: the same objects" "$status$out$err" 0
}

# A certificate from outside, as render and the overlays have it.
existing() { # CA_CRT
    printf 'certificate.mode=existing,certificate.existing.caBundle=%s' "$(base64 -w0 "$1")"
}

# ---- as policyctl render has it ----------------------------------------------------------------------
"$POLICYCTL" certs init --dir tls >/dev/null || exit 1
same_file "the chart's policy" "$chart/files/policy.yaml" "$top/policies/examples/audit-only.yaml"
"$POLICYCTL" render --image "$image" --policy "$chart/files/policy.yaml" --certs tls >by-policyctl.yaml || exit 1
good "defaults" "image: {repository: registry.corp.example/platform/pullgate, tag: 1.2.3}" --set "$(existing tls/ca.crt)"
equal "defaults" by-policyctl.yaml
# The default mode, with the CA of a Secret that exists; and with one that the chart makes, but for its bytes.
signed() { # CA_CRT
    printf 'certificate.mode=selfSigned,certificate.selfSigned.existingSecret=pullgate-ca,certificate.selfSigned.caBundle=%s' "$(base64 -w0 "$1")"
}
"$POLICYCTL" render --image "$image" --policy "$chart/files/policy.yaml" --certs tls --certificate-mode selfSigned >signed-by-policyctl.yaml || exit 1
good "selfSigned" "image: {repository: registry.corp.example/platform/pullgate, tag: 1.2.3}" --set "$(signed tls/ca.crt)"
equal "selfSigned" signed-by-policyctl.yaml
good "selfSigned, a CA of the chart" "image: {repository: registry.corp.example/platform/pullgate, tag: 1.2.3}"
secrets_of() { # FILE: without their bytes, and without what a release adds
    python3 -c 'import sys, yaml
for o in yaml.safe_load_all(open(sys.argv[1])):
    if o and o["kind"] == "Secret":
        print(o["metadata"]["name"], o["metadata"]["namespace"], o["type"], sorted(o["data"]))' "$1"
}
same "selfSigned, a CA of the chart: the Secret" "$(secrets_of rendered.yaml)" "$(secrets_of signed-by-policyctl.yaml)"
check "selfSigned: there is a Secret" [ -n "$(secrets_of rendered.yaml)" ]
sed -E 's/^( *caBundle): .*/\1: AA==/' rendered.yaml >without-bytes.yaml
cp without-bytes.yaml rendered.yaml
sed -E 's/^( *caBundle): .*/\1: AA==/' signed-by-policyctl.yaml >without-bytes.yaml
equal "selfSigned, a CA of the chart" without-bytes.yaml

# ---- as the overlays have it ---------------------------------------------------------------------------
as_overlay() { # OVERLAY VALUES [OPTION OF same.py...]
    good "$1: exit status" "$2" "${overlay[@]}"
    equal "$1" "$expected/$1.yaml" "${@:3}"
}
overlay=(--set "$(existing "$here/tls/ca.crt")")
as_overlay self-managed ''
as_overlay armed '{armed: true, armedOnInstall: true}'
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
    --without ResourceQuota
for name in airbyte astronomer; do
    as_overlay $name "policies: {policy.yaml: $(jq -Rs . "$top/policies/examples/$name.yaml")}"
done
as_overlay sync 'sync: {enabled: true, secrets: [regcred]}'
conditions=$(python3 -c '
import json, yaml
print(json.dumps(yaml.safe_load(open("'"$top"'/deploy/kustomize/components/match-conditions/conditions.yaml"))[0]["value"]))')
as_overlay match-conditions "webhooks: {matchConditions: $conditions}"
# The chart with the stand-ins of build.sh for alerts and dashboard.
cp -r "$chart" monitored
printf 'groups: []\n' >monitored/files/prometheus-rules.yaml
printf '{"stands for": "dashboard.json"}\n' >monitored/files/dashboard.json
whole=$chart chart=$work/monitored
as_overlay monitoring '
serviceMonitor: {enabled: true}
prometheusRule: {enabled: true}
dashboard: {enabled: true}
networkPolicy: {metricsFrom: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}}]}'
chart=$whole
overlay=(--set "$(signed "$here/tls/ca.crt")")
as_overlay self-signed ''
overlay=(-n image-policy --set "$(existing "$here/tls/ca.crt")")
as_overlay namespace ''
overlay=()
as_overlay cert-manager 'certificate: {mode: certManager}'
overlay=(-n image-policy)
as_overlay namespace-cert-manager 'certificate: {mode: certManager}'

# ---- its files ------------------------------------------------------------------------------------------
run "$helm_program" lint --strict "$chart" -n pullgate --kube-version 1.36.0 --set certificate.newOnEachRender=true
same "helm lint --strict: $out" "$status$err" 0
for file in prometheus-rules.yaml dashboard.json; do
    same_file "files/$file (tests/deploy/bless.sh)" "$chart/files/$file" "$top/deploy/monitoring/$file"
done
run python3 "$here/values_table.py" "$chart"
same "the table of values in README.md (tests/deploy/bless.sh)" "$status$out$err" 0
same "the icon is icon.svg" "$(sed -n 's/^icon: data:image\/svg+xml;base64,//p' "$chart/Chart.yaml" | base64 -d | sha256sum)" \
    "$(sha256sum <"$chart/icon.svg")"
run "$helm_program" package "$chart" -d .
same "helm package: $out" "$status" 0
run "$helm_program" template pullgate pullgate-*.tgz -n pullgate --kube-version 1.36.0 --set certificate.mode=certManager \
    --set prometheusRule.enabled=true,dashboard.enabled=true
same "a packaged chart is whole: $err" "$status$(grep -c 'alert: PullgateDown' out)$(grep -c 'pullgate.json: ' out)" 011

# ---- policyctl as a post-renderer ------------------------------------------------------------------------
printf 'apiVersion: pullgate/v1\nkind: ImagePolicy\nmetadata: {name: a}\nspec: {registry: ghcr.io/acme-data}\n' >rules.yaml
export PULLGATE_POLICY=$work/rules.yaml
PATH=$(dirname "$POLICYCTL"):$PATH
if [ "$helm_program" = "$HELM4" ]; then
    "$helm_program" plugin install "$top/deploy/samples/helm-plugin" >/dev/null 2>&1
    render_post=(--post-renderer pullgate --post-renderer-args=--namespace --post-renderer-args=airbyte)
else
    render_post=(--post-renderer "$top/deploy/samples/post-render")
fi
good "post-renderer" 'image: {repository: acme/pullgate}' "${render_post[@]}"
has "post-renderer" ' image: ghcr\.io/acme-data/acme/pullgate:'
unset PULLGATE_POLICY

# Names of options: those of the program, but for those that the chart sets itself.
cat >options.py <<'PYTHON'
import json, re, subprocess, sys
own = {"policy", "tls-cert", "tls-key", "tls-ca-cert", "tls-ca-key", "tls-name", "listen", "metrics-listen", "help",
       "version", "healthcheck"}
text = subprocess.run([sys.argv[1], "--help"], check=True, capture_output=True, text=True).stdout
named = set(re.findall(r"^  (?:-\w, |    )--([a-z-]+)", text, re.M)) - own
words = {m[0]: re.split(r",\s+", re.sub(r"\s+", " ", m[1])) for m in
         re.findall(r"--([a-z-]+) [A-Z]+(?:(?!\n  (?:-\w, |    )--).)*?One\s+of\s+([\w., ]+(?:\n\s+[\w., ]+)*)\.\s", text, re.S)}
properties = json.load(open(sys.argv[2]))["properties"]
options = properties["options"]["properties"]
arguments = set(re.findall(r"[a-z-]+", properties["extraArgs"]["items"]["pattern"].replace("^--", "").replace(".+", "")))
print(sorted(named ^ set(options)), sorted(named ^ arguments), len(words))
for name, values in words.items():
    if name in options:
        print(name, [v for v in options[name]["enum"] if isinstance(v, str)] == values)
PYTHON
run python3 options.py "$PULLGATE" "$chart/values.schema.json"
same "names and words of options: $err" "$out" $'[] [] 3\ntls-min True\naudit-when-full True\nlog-level True'
# Those of pullgate-sync, but for those that other values of the chart set.
cat >sync_options.py <<'PYTHON'
import json, re, subprocess, sys
own = {"policy", "annotated", "all-copies", "server", "token-file", "certificate-authority", "client-certificate",
       "client-key", "listen", "help", "version"}
text = subprocess.run([sys.argv[1], "--help"], check=True, capture_output=True, text=True).stdout
named = set(re.findall(r"^  (?:-\w, |    )--([a-z-]+)", text, re.M)) - own
print(sorted(named ^ set(json.load(open(sys.argv[2]))["properties"]["sync"]["properties"]["options"]["properties"])))
PYTHON
run python3 sync_options.py "$(dirname "$PULLGATE")/pullgate-sync" "$chart/values.schema.json"
same "names of options of pullgate-sync: $err" "$out" '[]'
finish
