#!/usr/bin/env bash
# The reviews of 1.36 in tests/data/reviews (*-1.36.json): made anew, and held against those that are there, apart from
# names, times and the like that differ from run to run.
#
#   capture.sh --write     replaces them; tests/golden/bless.sh next, and read what it wrote
set -u
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
reviews=$top/tests/data/reviews
write=${1:-}

# take NAME FILTER: the first review whose request the filter of jq selects
take() {
    local file=$work/found/$1
    until_true "a review for $1" 300 find_review "$2" "$file"
    jq . "$file" >"$file.json"
    if [ -n "$write" ]; then
        cp "$file.json" "$reviews/$1-1.36.json"
    else
        same_shape "$1" "$file.json" "$reviews/$1-1.36.json"
    fi
}
find_review() { # FILTER FILE
    local found
    found=$(find "$work/reviews" -name '[0-9]*.json' | sort -V |
        xargs jq -r "select(.request | try ($1) catch false) | input_filename" | head -n 1)
    [ -n "$found" ] && cp "$found" "$2"
}

# What differs from run to run is replaced by what it is; managers whose times are of one second come in any order.
shape() {
    jq -S 'def plain: gsub("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"; "UID")
            | gsub("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z"; "TIME")
            | gsub("X509SHA256=[0-9a-f]+"; "CERTIFICATE")
            | gsub("127(\\.[0-9]+){3}"; "NODE") | gsub("10(\\.[0-9]+){3}"; "POD")
            | gsub("kube-api-access-[a-z0-9]{5}"; "TOKEN")
            | sub("^node-[0-9]$"; "node") | sub("system:node:node-[0-9]"; "system:node:node")
            | sub("(?<a>deployed|daily|daemon|job)(-[a-z0-9]+)+(?<z>-?)$"; .a + "-NAME" + .z);
        walk(if type == "string" then plain
            elif type != "object" then .
            else with_entries(.key |= plain
                    | if .key | IN("resourceVersion", "pod-template-hash", "controller-revision-hash") then .value = "VALUE" else . end)
                | if has("managedFields") then .managedFields |= sort_by(.manager, .operation, .subresource) else . end
            end)' "$1"
}
same_shape() { # NAME FOUND EXPECTED
    shape "$2" >"$work/found.shape"
    shape "$3" >"$work/expected.shape"
    is "$1 is as it was captured" "$(diff "$work/expected.shape" "$work/found.shape")" ""
}

hook() { # NAME PATH [CONDITIONS]
    cat <<-HOOK
	apiVersion: admissionregistration.k8s.io/v1
	kind: MutatingWebhookConfiguration
	metadata: {name: $1}
	webhooks:
	  - name: $1.pullgate.svc
	    clientConfig: {service: {namespace: pullgate, name: pullgate, path: $2}, caBundle: $("$POLICYCTL" certs bundle --dir "$work/tls")}
	    rules: [{apiGroups: ["*"], apiVersions: ["*"], operations: ["*"], resources: [pods, "pods/*", jobs, cronjobs], scope: Namespaced}]
	    namespaceSelector: {matchLabels: {capture: "yes"}}
	    admissionReviewVersions: [v1]
	    sideEffects: None
	    failurePolicy: Fail
	    matchConditions: ${3:-[]}
	HOOK
}
asked() { k run probe --image=x -n cap --dry-run=server && [ -n "$(find "$work/reviews" -name 'conditions-*.json')" ]; }
ready() { [ "$(k get pod "$1" -n cap -o jsonpath='{.status.phase}')" = Running ]; }

say "starting a cluster, and what keeps reviews in pullgate's place"
"$POLICYCTL" certs init --dir "$work/tls" >/dev/null || die "no certificates"
start_cluster --enable-admission-plugins=NodeRestriction
start_controllers
make_service
mkdir "$work/reviews" "$work/found"
"$here/record.py" "$service_ip" "$work/tls" "$work/reviews" >"$work/record" 2>&1 &
pids[record]=$!
until_true "the recorder" 100 grep -q ready "$work/record"
start_nodes
new_namespace cap
k label namespace cap capture=yes >/dev/null
conditions=$(/usr/bin/python3 -c 'import json, sys, yaml; print(json.dumps(yaml.safe_load(sys.stdin)[0]["value"]))' \
    <"$top/deploy/kustomize/components/match-conditions/conditions.yaml")
{ hook all /all && echo --- && hook some /conditions "$conditions"; } | k create -f - >/dev/null || die "no webhooks"
until_true "the webhooks to be in force" 100 asked

say "pods of controllers"
template='{"metadata":{"labels":{"app":"APP"}},"spec":{"containers":[{"name":"main","image":"airbyte/worker:2.2.0"}]}}'
workload() { # API KIND NAME SPEC
    printf '{"apiVersion":"%s","kind":"%s","metadata":{"name":"%s"},"spec":%s}\n' "$1" "$2" "$3" "${4//TEMPLATE/${template/APP/$3}}"
}
once='{"backoffLimit":0,"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"main","image":"busybox:1.36"}]}}}'
{
    workload apps/v1 Deployment deployed '{"selector":{"matchLabels":{"app":"deployed"}},"template":TEMPLATE}'
    workload apps/v1 StatefulSet stateful '{"serviceName":"s","selector":{"matchLabels":{"app":"stateful"}},"template":TEMPLATE}'
    workload apps/v1 DaemonSet daemon '{"selector":{"matchLabels":{"app":"daemon"}},"template":TEMPLATE}'
    workload batch/v1 Job job "$once"
    workload batch/v1 CronJob daily '{"schedule":"0 0 * * *","suspend":true,"jobTemplate":{"spec":'"$once"'}}'
} | k create -n cap -f - >/dev/null || die "workloads are not accepted"
# A schedule that was missed by a day is made up for at once.
k patch cronjob daily -n cap --subresource=status --type=merge \
    -p "{\"status\":{\"lastScheduleTime\":\"$(date -u -d '25 hours ago' +%Y-%m-%dT%H:%M:%SZ)\"}}" >/dev/null || die "the CronJob's status"
k patch cronjob daily -n cap -p '{"spec":{"suspend":false}}' >/dev/null || die "the CronJob"
controller() { # NAME
    printf '.userInfo.username == "system:serviceaccount:kube-system:%s"' "$1"
}
created='.operation == "CREATE" and .resource.resource == "pods" and .subResource == null'
take pod-create-by-replicaset "$created and $(controller replicaset-controller)"
take pod-create-by-statefulset "$created and $(controller statefulset-controller)"
take pod-create-by-daemonset "$created and $(controller daemon-set-controller)"
take pod-create-by-job "$created and (.object.metadata.ownerReferences[0].name == \"job\")"
take pod-create-by-cronjob "$created and (.object.metadata.ownerReferences[0].name | startswith(\"daily-\"))"
take job-create-by-cronjob ".operation == \"CREATE\" and .resource.resource == \"jobs\" and $(controller cronjob-controller)"
take cronjob-create '.operation == "CREATE" and .resource.resource == "cronjobs"'

say "a pod with all that holds an image, its subresources, its end"
cat >"$work/full.json" <<'POD'
{"apiVersion":"v1","kind":"Pod","metadata":{"name":"full","labels":{"app":"x"}},"spec":{
  "initContainers":[
    {"name":"init","image":"busybox:1.36"},
    {"name":"vault-agent","image":"hashicorp/vault:1.17.2","restartPolicy":"Always"}],
  "containers":[
    {"name":"main","image":"airbyte/source-postgres:3.6.11","resources":{"requests":{"cpu":"100m"}},
     "volumeMounts":[{"name":"model","mountPath":"/model"}]},
    {"name":"side","image":"registry.corp.example:5000/data/side:1"}],
  "volumes":[
    {"name":"model","image":{"reference":"acme/model:7","pullPolicy":"IfNotPresent"}},
    {"name":"cache","image":{"reference":"registry.corp.example:5000/data/cache:1"}},
    {"name":"tmp","emptyDir":{}}]}}
POD
k create -n cap -f "$work/full.json" >/dev/null || die "the full pod"
mine='.name == "full"'
take pod-create-all-images "$created and $mine and .dryRun != true"
take pod-binding ".subResource == \"binding\" and $mine"
until_true "the full pod to run" 300 ready full
take pod-status-by-kubelet ".subResource == \"status\" and $mine"
k debug full -n cap --image=busybox:1.37 --target=main -c debugger --profile=general >/dev/null 2>&1 || die "kubectl debug"
take pod-ephemeralcontainers ".subResource == \"ephemeralcontainers\" and $mine"
k patch pod full -n cap --subresource=resize -p '{"spec":{"containers":[{"name":"main","resources":{"requests":{"cpu":"200m"}}}]}}' >/dev/null || die "a resize"
take pod-resize ".subResource == \"resize\" and $mine"
k label pod full -n cap seen=yes >/dev/null || die "a label"
take pod-update-label ".operation == \"UPDATE\" and .subResource == null and $mine and .object.metadata.labels.seen != null"
k set image pod/full main=airbyte/source-postgres:3.6.12 -n cap >/dev/null || die "an image"
take pod-update-image ".operation == \"UPDATE\" and .subResource == null and $mine and .object.spec.containers[0].image == \"airbyte/source-postgres:3.6.12\""
printf '{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"full"},"deleteOptions":{"gracePeriodSeconds":1}}' |
    k create --raw /api/v1/namespaces/cap/pods/full/eviction -f - >/dev/null || die "an eviction"
take pod-eviction ".subResource == \"eviction\" and $mine"
take pod-delete-by-kubelet ".operation == \"DELETE\" and $mine and (.userInfo.username | startswith(\"system:node:\"))"

say "server-side apply by two managers, a dry run"
applied() { # IMAGE
    pod applied "$1" ',"imagePullSecrets":[{"name":""}]'
}
applied airbyte/source-faker:6.2.0 | k apply --server-side --field-manager=launcher -n cap -f - >/dev/null 2>&1 || die "a server-side apply"
take pod-apply-first "$created and .name == \"applied\""
until_true "the applied pod to run" 300 ready applied
printf '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"applied","labels":{"team":"data"}},"spec":{"containers":[{"name":"main","image":"quay.io/acme/source-faker:1"}]}}' |
    k apply --server-side --field-manager=operator --force-conflicts -n cap -f - >/dev/null || die "a second manager"
take pod-apply-second-manager '.operation == "UPDATE" and .subResource == null and .name == "applied" and .object.metadata.labels.team == "data"'
k run dry --image=busybox --dry-run=server -n cap >/dev/null || die "a dry run"
take pod-create-dry-run "$created and .name == \"dry\""

say "a mirror pod, as the kubelet makes it"
write_kubeconfig node-1
uid=$(k get node node-1 -o jsonpath='{.metadata.uid}')
mirror() { # IMAGE
    jq -n --arg uid "$uid" --arg image "$1" '{apiVersion: "v1", kind: "Pod",
        metadata: {name: "static-node-1", annotations: {"kubernetes.io/config.hash": "2f1a0b7c", "kubernetes.io/config.mirror": "2f1a0b7c",
            "kubernetes.io/config.seen": "2026-11-30T00:00:00.000000000Z", "kubernetes.io/config.source": "file"},
            ownerReferences: [{apiVersion: "v1", kind: "Node", name: "node-1", uid: $uid, controller: true}]},
        spec: {nodeName: "node-1", hostNetwork: true, priority: 0, enableServiceLinks: true,
            tolerations: [{operator: "Exists", effect: "NoExecute"}],
            containers: [{name: "main", image: $image, imagePullPolicy: "IfNotPresent"}]}}'
}
mirror nginx:1.27 | "$kubectl" --kubeconfig "$work/node-1.kubeconfig" create -n cap -f - >/dev/null || die "a mirror pod"
take pod-create-mirror "$created and .name == \"static-node-1\""
# Why pullgate changes none.
out=$(mirror nginx:1.27 | jq '.metadata.name = "static2-node-1" | .spec.imagePullSecrets = [{name: "regcred"}]' |
    "$kubectl" --kubeconfig "$work/node-1.kubeconfig" create -n cap -f - 2>&1)
has "no pull secret can be added" "$out" "a mirror pod may not reference secrets"

say "what match conditions leave of all this"
jq -r '.request | [.operation, .resource.resource, .subResource // "", .name // "", .userInfo.username] | @tsv' "$work"/reviews/conditions-*.json >"$work/some"
has "a pod is asked about" "$(cat "$work/some")" $'CREATE\tpods\t\tfull'
has "so is its new image" "$(cat "$work/some")" $'UPDATE\tpods\t\tfull'
is "its label is not" "$(grep -c $'^UPDATE\tpods\t\tfull' "$work/some")" 1
hasnt "nor is a mirror pod" "$(cat "$work/some")" static-node-1
has "a debug container is" "$(cat "$work/some")" $'UPDATE\tpods\tephemeralcontainers\tfull'
finish
