#!/usr/bin/env bash
# The values of the chart, one by one: what each renders, what the chart refuses, and what values.schema.json refuses.
# shellcheck source-path=SCRIPTDIR source=../cli/lib.sh
. "$(dirname "$0")/../cli/lib.sh"
# shellcheck source=lib_helm.sh
. "$(dirname "$0")/lib_helm.sh"

# ---- image, policies --------------------------------------------------------------------------------
digest=sha256:$(printf '%064d' 7)
helm "image: {digest: '$digest'}"
has "digest" "image: ghcr.io/your-org/pullgate@$digest"
printf 'policies:\n  airbyte.yaml: |\n%s\n' "$(sed 's/^/    /' "$top/policies/examples/airbyte.yaml")" >policies.yaml
helm "$(cat policies.yaml)"
python3 -c '
import yaml
data = [o for o in yaml.safe_load_all(open("rendered.yaml")) if o and o["kind"] == "ConfigMap"][0]["data"]
assert list(data) == ["airbyte.yaml"], list(data)
open("airbyte.yaml", "w").write(data["airbyte.yaml"])'
same_file "policies: byte for byte" airbyte.yaml "$top/policies/examples/airbyte.yaml"
helm '' --set-file "policies.airbyte\.yaml=$top/policies/examples/airbyte.yaml"
has "policies: --set-file" 'airbyte\.yaml: \|'
hooks() { # VALUES: renders the hooks too
    printf '%s\n' "$1" >values.yaml
    run "$helm_program" template pullgate "$chart" -n pullgate --kube-version 1.36.0 -f values.yaml --set certificate.newOnEachRender=true
    cp out rendered.yaml
}
hooks "$(cat policies.yaml)"
fits "with hooks"
has "the policy is checked" 'command: \[/usr/bin/policyctl, lint, /etc/pullgate/policy\]'
hasnt "without a cluster, nothing takes the registration away" 'pre-delete'
hooks 'policyCheck: {enabled: false}'
hasnt "the check of the policy is off" 'policyctl, lint'
# helm test
tests_of() { # VALUES: the hooks of helm test alone
    hooks "$1"
    run python3 -c '
import sys, yaml
yaml.safe_dump_all([o for o in yaml.safe_load_all(open("rendered.yaml")) if o and "test" == o["metadata"].get("annotations", {}).get("helm.sh/hook")],
                   sys.stdout, width=1000)'
    cp "$work/out" rendered.yaml
}
tests_of '{policyCheck: {enabled: false}}'
hasnt "helm test: without links there is no address" 'enableServiceLinks: false'
has "helm test: its command" "- /usr/bin/policyctl[[:space:]]+- ask[[:space:]]+- --policy=/etc/pullgate/policy[[:space:]]+- --server=https://\\$\(PULLGATE_SERVICE_HOST\)[[:space:]]+- --servername=pullgate\.pullgate\.svc[[:space:]]+- --ca=/etc/pullgate/ca/ca\.crt[[:space:]]+- --wait=2m"
has "helm test: the CA's certificate, not its key" 'secret:[[:space:]]+items:[[:space:]]+- key: ca.crt[[:space:]]+path: ca.crt[[:space:]]+secretName: pullgate-ca'
hasnt "helm test: the webhook's Service does not select it" 'app.kubernetes.io/instance'
tests_of '{nameOverride: my-gate, namespaceOverride: other, certificate: {mode: existing, existing: {caBundle: Zm9vCg==}}, helmTest: {wait: 5s}}'
has "helm test: another name" '\(MY_GATE_SERVICE_HOST\)[[:space:]]+- --servername=my-gate\.other\.svc'
has "helm test: existing, the CA of caBundle" 'ca.crt: .foo'
has "helm test: wait" '- --wait=5s'
tests_of 'helmTest: {enabled: false}'
hasnt "helm test is off" 'name:'
tests_of 'clientCA: {secret: a}'
hasnt "helm test has no certificate for clientCA" 'name:'
helm 'networkPolicy: {from: [{ipBlock: {cidr: 10.0.0.0/28}}]}'
has "helm test is let in where others are not" 'cidr: 10.0.0.0/28[[:space:]]+- podSelector: # helm test[[:space:]]+matchLabels:[[:space:]]+app.kubernetes.io/name: pullgate[[:space:]]+app.kubernetes.io/component: test'

# ---- certificates -----------------------------------------------------------------------------------
helm ''
fits "selfSigned"
has "selfSigned: the CA is mounted" 'secretName: "pullgate-ca"'
has "selfSigned: and named" 'name: PULLGATE_TLS_CA_KEY[[:space:]]+value: /etc/pullgate/ca/ca\.key'
has "selfSigned: the Secret outlives the release" 'resource-policy: keep'
cp rendered.yaml first.yaml
helm ''
same "without a cluster each render has a CA of its own" "$(grep -c caBundle first.yaml)$(cmp -s <(grep caBundle first.yaml) <(grep caBundle rendered.yaml) && echo same)" 3
bare ''
same "selfSigned without a cluster: exit status" $status 1
matches "selfSigned without a cluster: text" "$err" 'certificate\.mode selfSigned without a cluster .* certificate\.selfSigned\.existingSecret and certificate\.selfSigned\.caBundle'
bare 'certificate: {mode: generated}'
matches "generated without a cluster" "$status$err" '^1.*certificate\.mode generated without a cluster'
bare 'certificate: {selfSigned: {existingSecret: mine, caBundle: Zm9v}}'
same "a CA of one's own, without a cluster" "$status$err" 0
has "a CA of one's own: mounted" 'secretName: "mine"'
has "a CA of one's own: bundle" 'caBundle: Zm9v'
hasnt "a CA of one's own: no Secret is made" '^kind: Secret'
bare 'certificate: {selfSigned: {existingSecret: mine}}'
matches "a CA of one's own without its bundle" "$status$err" '^1.*certificate\.selfSigned\.caBundle is missing'
helm 'certificate: {mode: generated}'
fits "generated"
has "generated: mounted" 'secretName: "pullgate-generated"'
hasnt "generated: the CA's key is thrown away" 'ca\.key'
bare 'certificate: {mode: existing, existing: {secret: mine, caBundle: Zm9v}}'
has "existing: bundle" 'caBundle: Zm9v'
has "existing: mounted" 'secretName: "mine"'
hasnt "existing: no Secret is made" '^kind: Secret'
refused "existing without its bundle" 'certificate: {mode: existing}' 'certificate\.existing\.caBundle is missing'
bare 'certificate: {mode: certManager, certManager: {issuerRef: {name: corp, kind: ClusterIssuer}}}'
hasnt "an issuer of the house: no other is made" '^kind: Issuer'
has "an issuer of the house" 'kind: ClusterIssuer'
refused "certManager with another mode, installed" 'certificate: {mode: certManager, prepare: existing, existing: {caBundle: Zm9v}}' 'install without it'
# Two modes at once: caBundle has both CAs, each certificate once.
for n in one two; do
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $n.key -subj /CN=$n -days 2 -out $n.crt 2>/dev/null
done
cat one.crt two.crt one.crt >three.crt
bundle() { # FILE
    base64 -w0 "$1"
}
bare "certificate: {mode: existing, prepare: selfSigned, existing: {caBundle: $(bundle three.crt)}, selfSigned: {existingSecret: s, caBundle: $(bundle two.crt)}}"
sed -n 's/^ *caBundle: //p' rendered.yaml | sort -u | base64 -d >bundle.crt
same "two modes: each certificate once" "$(cat one.crt two.crt)" "$(cat bundle.crt)"
helm "certificate: {mode: existing, prepare: selfSigned, existing: {caBundle: $(bundle one.crt)}}"
has "the next mode: its Secret is made" 'name: "pullgate-ca"'
has "the next mode: the pods do not have it yet" 'secretName: "pullgate-tls"'
bare "certificate: {mode: existing, prepare: certManager, existing: {caBundle: $(bundle one.crt)}}"
has "the next mode: its Certificate is made" 'secretName: pullgate-cert-manager'
hasnt "the next mode: cert-manager does not write caBundle" 'inject-ca-from'

# ---- webhooks ---------------------------------------------------------------------------------------
helm 'webhooks: {namespaces: [{key: kubernetes.io/metadata.name, operator: In, values: [airbyte]}], exclude: [calico-system]}
policies: {policy.yaml: "spec: {rules: [{match: {namespaces: [airbyte]}}]}"}'
fits "namespaces"
has "namespaces: in" 'values:[[:space:]]+- airbyte'
has "namespaces: excluded" '- kube-system[[:space:]]+- calico-system[[:space:]]+- pullgate'
helm 'webhooks: {exclude: [kube-system, pullgate]}'
has "namespaces: none stands twice" 'values:[[:space:]]+- kube-system[[:space:]]+- pullgate[[:space:]]+(- key|    failurePolicy)'
helm 'webhooks: {templates: false}'
hasnt "no templates" templates.pullgate.svc
helm 'webhooks: {enabled: false}'
hasnt "not registered" WebhookConfiguration
same "not registered: the server is whole" "$(grep -c '^kind: Deployment' rendered.yaml)" 1
helm 'webhooks: {objectSelector: {matchLabels: {judged: "yes"}}, annotations: {admissions.enforcer/disabled: "true"},
  resources: [{apiGroups: [argoproj.io], apiVersions: [v1alpha1], resources: [rollouts]}]}'
same "objectSelector: of each webhook" "$(grep -A2 objectSelector rendered.yaml | grep -c 'judged: "yes"')" 3
same "annotations: of each registration" "$(grep -c 'admissions.enforcer/disabled: "true"' rendered.yaml)" 2
same "resources: of the templates" "$(grep -c -- '- rollouts' rendered.yaml)" 1

# ---- armed, and the namespace -------------------------------------------------------------------------
refused "armed without a cluster" 'armed: true' 'armed without a cluster .*armedOnInstall=true'
refused "armed on an upgrade without a cluster" 'armed: true' 'armed without a cluster' --is-upgrade
good "armed, and meant" '{armed: true, armedOnInstall: true}'
has "armed, and meant" 'failurePolicy: Fail'
good "armed, and not registered" '{armed: true, webhooks: {enabled: false}}'
for space in default kube-public kube-node-lease; do
    refused "in namespace $space" '' "namespace $space is for other pods too, .* sharedNamespace=true if this is intended" -n $space
    good "in namespace $space, and meant" 'sharedNamespace: true' -n $space
    refused "objects in namespace $space" "namespaceOverride: $space" "namespace $space is for other pods too"
done
helm 'namespaceOverride: image-policy' -n flux
NAMESPACE=image-policy fits "namespaceOverride"
hasnt "namespaceOverride: the release's own is not used" 'namespace: "?flux'

# ---- the server -----------------------------------------------------------------------------------------
helm 'options: {log-level: debug, workers: 4}'
fits "options"
has "options: a text" 'name: PULLGATE_WORKERS[[:space:]]+value: "4"'
helm 'options: {max-body: 2000000, workers: 4, no-sandbox: true, drain-pause: 5s}'
has "options: a large number" 'name: PULLGATE_MAX_BODY[[:space:]]+value: "2000000"'
has "options: a switch" 'name: PULLGATE_NO_SANDBOX[[:space:]]+value: "true"'
has "options: a time" 'name: PULLGATE_DRAIN_PAUSE[[:space:]]+value: "5s"'
helm 'extraArgs: ["--log-level=debug", --no-sandbox]
extraEnv: [{name: MALLOC_ARENA_MAX, value: "2"}]
extraVolumes: [{name: zone, emptyDir: {}}]
extraVolumeMounts: [{name: zone, mountPath: /zone}]
clientCA: {secret: api-server-ca, key: client.crt}
revisionHistoryLimit: 7'
has "extraArgs" 'args:[[:space:]]+- --log-level=debug[[:space:]]+- --no-sandbox'
has "extraEnv" 'name: MALLOC_ARENA_MAX[[:space:]]+value: "2"'
has "extraVolumes" '- emptyDir: \{\}[[:space:]]+name: zone'
has "extraVolumeMounts" '- mountPath: /zone[[:space:]]+name: zone'
has "clientCA: named" 'name: PULLGATE_CLIENT_CA[[:space:]]+value: /etc/pullgate/client-ca/client\.crt'
has "clientCA: mounted" 'secretName: "api-server-ca"'
has "revisionHistoryLimit" 'revisionHistoryLimit: 7'
refused "an option twice" '{options: {workers: 2}, extraArgs: ["--workers=3"]}' 'workers is both in options and in extraArgs'
refused "a client CA twice" '{options: {client-ca: /x}, clientCA: {secret: a}}' 'are both set'
refused "too little time to drain" 'options: {drain-timeout: 30s}' 'drain-pause \(5s\) and drain-timeout \(30s\) .* need 40'
refused "too little time to drain, in minutes" 'options: {drain-timeout: 1m}' 'need 70'
refused "too little time to pause" 'options: {drain-pause: 10001ms}' 'need 36'
refused "too little time at all" 'terminationGracePeriodSeconds: 29' 'is 29, .* need 30'
good "enough time to drain" '{terminationGracePeriodSeconds: 70, options: {drain-timeout: 1m}}'
has "enough time to drain" 'terminationGracePeriodSeconds: 70'
# OpenShift: a user of the namespace's own range.
helm 'podSecurityContext: {runAsUser: null, runAsGroup: null, fsGroup: null}'
hasnt "no user of our own" '^ *(runAsUser|runAsGroup|fsGroup): [0-9]'
has "no user of our own: the rest stays" 'runAsNonRoot: true'
helm 'securityContext: {runAsUser: 1000700000}'
has "security context: added" 'runAsUser: 1000700000'
has "security context: the rest stays" 'readOnlyRootFilesystem: true'
helm 'topologySpreadConstraints: [{maxSkew: 2, topologyKey: rack, whenUnsatisfiable: DoNotSchedule}]'
has "spread" 'maxSkew: 2[[:space:]]+topologyKey: rack[[:space:]]+whenUnsatisfiable: DoNotSchedule[[:space:]]+labelSelector:'
helm 'topologySpreadConstraints: []'
hasnt "no spread" topologySpreadConstraints
helm 'autoscaling: {enabled: true, maxReplicas: 7}'
has "autoscaling" 'kind: HorizontalPodAutoscaler'
has "autoscaling: limits" 'minReplicas: 2[[:space:]]+maxReplicas: 7'
hasnt "autoscaling: replicas are left to it" '^  replicas:'
refused "autoscaling: less than nothing" 'autoscaling: {enabled: true, minReplicas: 9}' 'minReplicas is 9, more than maxReplicas \(5\)'

# ---- annotations ------------------------------------------------------------------------------------------
helm '{commonAnnotations: {team: data, a: common}, deployment: {annotations: {a: deployment}}, service: {annotations: {a: service}},
  serviceAccount: {annotations: {a: account}}, serviceMonitor: {enabled: true}, prometheusRule: {enabled: true},
  networkPolicy: {metricsFrom: [{namespaceSelector: {}}]},
  dashboard: {enabled: true, annotations: {a: dashboard}}, autoscaling: {enabled: true}, certificate: {prepare: certManager}}'
run python3 -c '
import yaml
for o in yaml.safe_load_all(open("rendered.yaml")):
    if o:
        notes = o["metadata"].get("annotations", {})
        assert notes.get("team") == "data", o["kind"]
        if notes["a"] != "common":
            print(o["kind"], notes["a"])'
same "annotations: of every object: $err" "$(sort <<<"$out")" $'ConfigMap dashboard\nDeployment deployment\nService service\nServiceAccount account'

# ---- network and monitoring -------------------------------------------------------------------------------
helm 'networkPolicy: {from: [{ipBlock: {cidr: 10.0.0.0/28}}], metricsFrom: [{namespaceSelector: {}}]}'
has "network policy: metrics" 'port: 8080'
hasnt "network policy: named clients need no reason" open-because
refused "network policy: closed to everybody" 'networkPolicy: {open: false}' 'networkPolicy\.from is empty: no API server'
good "network policy: closed but to those named" 'networkPolicy: {open: false, from: [{ipBlock: {cidr: 10.0.0.0/28}}]}'
helm 'serviceMonitor: {enabled: true, labels: {release: prometheus}}'
has "service monitor" 'release: prometheus'
helm '{prometheusRule: {enabled: true, labels: {release: prometheus}}, dashboard: {enabled: true}}'
has "alerts" 'kind: PrometheusRule'
has "alerts: their templates are Prometheus's own" '\{\{ \$labels\.instance \}\}'
has "dashboard" 'grafana_dashboard: "1"'

# ---- pullgate-sync ------------------------------------------------------------------------------------------
helm ''
hasnt "no pullgate-sync unless it is wanted" pullgate-sync
good "pullgate-sync" 'sync: {enabled: true, secrets: [regcred, harbor], options: {grace: 1h, max-requests: 8}}'
has "pullgate-sync: its rights" 'resourceNames:[[:space:]]+- regcred[[:space:]]+- harbor[[:space:]]+verbs: \[get, list, watch, patch, delete\]'
has "pullgate-sync: its options" 'name: PULLGATE_SYNC_GRACE[[:space:]]+value: "1h"'
fits "pullgate-sync"
helm 'sync: {enabled: true, secrets: [a], annotated: [astronomer]}'
has "annotated: a Role there" 'kind: Role[[:space:]]+metadata:[[:space:]]+name: "pullgate-sync"[[:space:]]+namespace: "astronomer"'
has "annotated: the option" 'name: PULLGATE_SYNC_ANNOTATED[[:space:]]+value: "astronomer"'
helm 'sync: {enabled: true, allCopies: true}'
hasnt "every Secret: no names" resourceNames
has "every Secret: the option" 'name: PULLGATE_SYNC_ALL_COPIES[[:space:]]+value: "true"'
refused "no Secret named" 'sync: {enabled: true}' 'sync\.secrets is empty'
helm 'sync: {enabled: true, secrets: [a], networkPolicy: {to: [{ipBlock: {cidr: 10.0.0.0/28}}]}}'
has "the addresses of the API server" 'to:[[:space:]]+- ipBlock:[[:space:]]+cidr: 10\.0\.0\.0/28'

# ---- another release, odd names ------------------------------------------------------------------------------
printf '' >values.yaml
run "$helm_program" template data "$chart" -n pullgate --kube-version 1.36.0 --no-hooks --set certificate.newOnEachRender=true
cp out rendered.yaml
has "another release: the names" 'name: data-pullgate'
fits "another release"
# Names that YAML reads as something else when they stand bare.
printf '{nameOverride: "true", priorityClassName: "no", certificate: {mode: existing, existing: {secret: "10", caBundle: Zm9v}}}' >values.yaml
run "$helm_program" template 100 "$chart" -n 123 --kube-version 1.36.0 --no-hooks -f values.yaml
cp out rendered.yaml
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

# ---- values.schema.json ------------------------------------------------------------------------------------
bad() { # NAME VALUES REGEX
    bare "$2"
    same "schema, $1: exit status" "$status" 1
    matches "schema, $1: text" "$err" "at '$3"
}
good "schema: everything" '
image: {repository: "registry.corp.example:5000/a/b", tag: v1.2, digest: "'"$digest"'"}
webhooks: {namespaces: [{key: a, operator: Exists}], matchConditions: [{name: a, expression: b}]}
options: {log-level: debug, workers: 4, no-sandbox: true, max-body: 64MiB, drain-pause: 500ms, tls-min: "1.3"}
certificate: {mode: certManager, certManager: {issuerRef: {name: a, kind: Issuer, group: g}}}'
bad "an unknown key" 'replica: 2' "': additional properties 'replica' not allowed"
bad "an unknown key below" 'image: {repo: x}' "/image': additional properties 'repo' not allowed"
bad "armed as a text" 'armed: "true"' "/armed': got string, want boolean"
bad "no replicas" 'replicas: 0' "/replicas': minimum: got 0"
bad "a tag in the repository" 'image: {repository: "r.example/p:1"}' "/image/repository'"
bad "a short digest" 'image: {digest: "sha256:12"}' "/image/digest'"
bad "a mode" 'certificate: {mode: self}' "/certificate/mode'"
bad "a next mode" 'certificate: {prepare: self}' "/certificate/prepare'"
bad "a timeout" 'webhooks: {timeoutSeconds: 31}' "/webhooks/timeoutSeconds'"
bad "a bundle that is PEM" 'certificate: {existing: {caBundle: "-----BEGIN CERTIFICATE-----"}}' "/certificate/existing/caBundle'"
bad "a policy that is no file name" 'policies: {airbyte: x}' "/policies': additional properties 'airbyte'"
bad "an option with dashes" 'options: {--log-level: debug}' "/options': additional properties '--log-level'"
bad "an option that is misspelt" 'options: {log-levle: debug}' "/options': additional properties 'log-levle'"
for option in listen metrics-listen policy tls-name tls-cert tls-key tls-ca-cert tls-ca-key help version healthcheck; do
    bad "an option of the chart itself: $option" "options: {$option: x}" "/options': additional properties '$option'"
    bad "an argument of the chart itself: $option" "extraArgs: [--$option=x]" "/extraArgs/0'"
done
bad "a level" 'options: {log-level: loud}' "/options/log-level'"
bad "a size" 'options: {max-body: 1TB}' "/options/max-body'"
bad "a time" 'options: {drain-pause: 5 s}' "/options/drain-pause'"
bad "a number" 'options: {workers: many}' "/options/workers'"
bad "an argument without its value" 'extraArgs: [--workers]' "/extraArgs/0'"
bad "an argument that is none" 'extraArgs: [-v]' "/extraArgs/0'"
bad "a variable of the program" 'extraEnv: [{name: PULLGATE_LISTEN, value: x}]' "/extraEnv/0/name'"
bad "a volume of the chart itself" 'extraVolumes: [{name: tls, emptyDir: {}}]' "/extraVolumes/0/name'"
bad "a mount over the policy" 'extraVolumeMounts: [{name: x, mountPath: /etc/pullgate/policy}]' "/extraVolumeMounts/0/mountPath'"
bad "a pull secret as a text" 'imagePullSecrets: [regcred]' "/imagePullSecrets/0': got string"
good "schema: an issuer" 'certificate: {certManager: {issuerRef: {name: corp}}}'
bad "an issuer without a name" 'certificate: {certManager: {issuerRef: {kind: ClusterIssuer}}}' "/certificate/certManager/issuerRef'"
bad "an issuer of no name" 'certificate: {certManager: {issuerRef: {name: ""}}}' "/certificate/certManager/issuerRef/name'"
for operator in In NotIn; do
    bad "$operator without values" "webhooks: {namespaces: [{key: a, operator: $operator}]}" "/webhooks/namespaces/0'"
    bad "$operator of no values" "webhooks: {namespaces: [{key: a, operator: $operator, values: []}]}" "/webhooks/namespaces/0/values'"
    good "schema: $operator" "webhooks: {namespaces: [{key: a, operator: $operator, values: [b]}]}"
done
bad "Exists with values" 'webhooks: {namespaces: [{key: a, operator: Exists, values: [b]}]}' "/webhooks/namespaces/0/values'"
bad "an operator" 'webhooks: {namespaces: [{key: a, operator: Is}]}' "/webhooks/namespaces/0/operator'"
bad "a namespace that is none" 'webhooks: {exclude: [Calico_System]}' "/webhooks/exclude/0'"
bad "a resource without its version" 'webhooks: {resources: [{apiGroups: [a], resources: [b]}]}' "/webhooks/resources/0'"
bad "a selector" 'webhooks: {objectSelector: {app: x}}' "/webhooks/objectSelector'"
bad "an annotation of cert-manager's" 'webhooks: {annotations: {cert-manager.io/inject-ca-from: a/b}}' "/webhooks/annotations/cert-manager"
bad "a name of an annotation" 'commonAnnotations: {"a b": x}' "/commonAnnotations': additional properties 'a b'"
bad "a label that pods have" 'podLabels: {app.kubernetes.io/name: x}' "/podLabels/app"
bad "an annotation that pods have" 'podAnnotations: {kubectl.kubernetes.io/default-container: x}' "/podAnnotations/kubectl"
bad "an annotation that is no text" 'commonAnnotations: {a: 1}' "/commonAnnotations/a'"
bad "a label that the monitor has" 'serviceMonitor: {labels: {helm.sh/chart: x}}' "/serviceMonitor/labels/helm"
bad "a toleration" 'tolerations: [{operator: Is}]' "/tolerations/0/operator'"
bad "an option of pullgate-sync" 'sync: {options: {listen: x}}' "/sync/options'"
bad "a Secret's name" 'sync: {secrets: ["A b"]}' "/sync/secrets/0'"
bad "a budget of nothing" 'podDisruptionBudget: {maxUnavailable: 0}' "/podDisruptionBudget/maxUnavailable'"
bad "a spread without its key" 'topologySpreadConstraints: [{maxSkew: 1}]' "/topologySpreadConstraints/0'"
good "schema: labels and annotations" '{podLabels: {a: b}, podAnnotations: {a/b: c}, serviceMonitor: {labels: {release: prometheus}}}'
finish
