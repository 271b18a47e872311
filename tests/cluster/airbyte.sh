#!/usr/bin/env bash
# Airbyte with the overlay that ships for it, failurePolicy Fail: from what its chart, its launcher and its users create
# to what is stored.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$here/lib_overlay.sh"
fixtures=$top/tests/data/pods
launcher=system:serviceaccount:airbyte:airbyte-admin

say "a cluster, the overlay airbyte, armed"
start_cluster
start_controllers
start_nodes
new_namespace airbyte airbyte-staging elsewhere
for space in airbyte airbyte-staging elsewhere; do account "$space" airbyte-admin; done
install_overlay airbyte

say "the chart's own workloads"
service() { # NAME IMAGE [KIND]
    workload "${3:-Deployment}" "$1" "{\"serviceAccountName\":\"airbyte-admin\",\"containers\":[{\"name\":\"$1-container\",\"image\":\"$2\"}]}"
}
platform=0
expect_service() { # NAME IMAGE STORED [KIND]
    service "$1" "$2" "${4:-Deployment}" | k create -n airbyte -f - >"$work/out" 2>&1 || fail "$1: $(cat "$work/out")"
    until_true "a pod of $1" 300 has_pod airbyte "app=$1"
    is "$1's pod" "$(stored airbyte "app=$1")" "$1-container=$3 secrets regcred"
    is "$1 itself stays as it was written" "$(image_of "${4:-Deployment}/$1" airbyte "$1-container")" "$2"
    platform=$((platform + 1))
}
expect_service server airbyte/server:2.2.0 ghcr.io/acme-data/airbyte/server:2.2.0
expect_service connector-builder-server airbyte/connector-builder-server:1.3.1 ghcr.io/acme-data/airbyte/connector-builder-server:1.3.1
expect_service workload-launcher ghcr.io/acme-data/airbyte/workload-launcher:2.2.0 ghcr.io/acme-data/airbyte/workload-launcher:2.2.0
expect_service temporal temporalio/auto-setup:1.27.2 ghcr.io/acme-data/temporalio/auto-setup:1.27.2
expect_service minio minio/minio:RELEASE.2023-11-20T22-40-07Z ghcr.io/acme-data/minio/minio:RELEASE.2023-11-20T22-40-07Z StatefulSet
say "   $platform workloads"
template=$(k get replicasets -n airbyte -l app=connector-builder-server -o jsonpath='{.items[0].metadata.name}')
decisions "the connector builder" airbyte "$template-" \
    "CREATE mutate allow airbyte system:serviceaccount:kube-system:replicaset-controller"
k rollout status deployment/connector-builder-server -n airbyte --timeout=30s >/dev/null 2>&1 && pass || fail "the connector builder does not run"

say "job pods of the launcher: server-side apply, twice"
launch() { # FILE NAMESPACE [OPTION...]
    sed "s/^  namespace: .*/  namespace: $2/" "$1" |
        as "$2/airbyte-admin" apply --server-side --field-manager=fabric8 "${@:3}" -n "$2" -f - 2>&1
}
# The parts of a spec that pullgate does not change, and what differs from pod to pod.
rest_of() {
    jq -S '.spec | del(.imagePullSecrets, .nodeName) | del(.initContainers[]?.image, .containers[].image)
        | walk(if type == "string" then sub("^kube-api-access-[a-z0-9]{5}$"; "kube-api-access") else . end)'
}
pods=0
for file in "$fixtures"/airbyte-*.yaml; do
    name=$(sed -n 's/^  name: //p' "$file" | head -n 1)
    out=$(launch "$file" airbyte) || fail "$name: $out"
    k get pod "$name" -n airbyte -o json >"$work/first.json"
    out=$(launch "$file" airbyte) && pass || fail "$name again: $out"
    k get pod "$name" -n airbyte -o json >"$work/second.json"
    is "$name: the second apply changes nothing" \
        "$(jq -cS '.spec | del(.nodeName)' "$work/second.json")" "$(jq -cS '.spec | del(.nodeName)' "$work/first.json")"
    launch "$file" elsewhere --dry-run=server -o json 2>/dev/null | grep -v '^Warning' >"$work/elsewhere.json"
    is "$name: all else is as without pullgate" "$(rest_of <"$work/first.json")" "$(rest_of <"$work/elsewhere.json")"
    given=$(/usr/bin/python3 -c 'import sys, yaml; print(" ".join(s["name"] or "\"\"" for s in yaml.safe_load(sys.stdin)["spec"]["imagePullSecrets"]))' <"$file")
    [ "$given" = regcred ] || given="$given regcred"
    images=$(awk -F'\t' -v f="${file##*/}" '$1 == f { printf "%s=%s ", $4, $6 }' "$fixtures/expected-images.tsv")
    is "$name" "$(stored airbyte "$name")" "${images}secrets $given"
    decisions "$name" airbyte "$name" "CREATE mutate allow airbyte $launcher" "CREATE validate allow airbyte $launcher" \
        "UPDATE mutate allow airbyte $launcher" "UPDATE validate allow airbyte $launcher"
    pods=$((pods + 1))
done
is "all of Airbyte's pods were launched" $pods 8
file=$fixtures/airbyte-03-discover.yaml
out=$(launch "$file" airbyte-staging) || fail "a discover pod in another of Airbyte's namespaces: $out"
is "by a glob of the policy" "$(stored airbyte-staging "$(sed -n 's/^  name: //p' "$file" | head -n 1)" | tr ' ' '\n' | tail -n 3)" \
    $'secrets\n""\nregcred'
# The sweeper's mark, on a pod that runs.
name=replication-job-4711-attempt-0
as airbyte/airbyte-admin label pod $name -n airbyte airbyte/delete-by=1790000000 >/dev/null 2>&1 && pass || fail "the sweeper's label"

say "a pod of an old worker: classic sidecars, no pull secret at all"
as airbyte/airbyte-admin create -n airbyte -f - >"$work/out" 2>&1 <<'POD' || fail "the old worker's pod: $(cat "$work/out")"
{"apiVersion":"v1","kind":"Pod","metadata":{"name":"source-postgres-read-12-0-abcde","labels":{"airbyte":"job-pod","sync_step":"read"}},"spec":{
  "restartPolicy":"Never","serviceAccountName":"airbyte-admin","initContainers":[{"name":"init","image":"busybox:1.35"}],
  "containers":[{"name":"main","image":"airbyte/source-postgres:2.0.0"},{"name":"relay-stdout","image":"alpine/socat:1.7.4.4-r0"},
    {"name":"relay-stderr","image":"alpine/socat:1.7.4.4-r0"},{"name":"call-heartbeat-server","image":"curlimages/curl:7.87.0"}]}}
POD
is "the old worker's pod" "$(stored airbyte source-postgres-read-12-0-abcde)" "init=ghcr.io/acme-data/busybox:1.35 main=ghcr.io/acme-data/airbyte/source-postgres:2.0.0 relay-stdout=ghcr.io/acme-data/alpine/socat:1.7.4.4-r0 relay-stderr=ghcr.io/acme-data/alpine/socat:1.7.4.4-r0 call-heartbeat-server=ghcr.io/acme-data/curlimages/curl:7.87.0 secrets regcred"

say "custom connectors"
custom() { # NAME IMAGE: a check pod with this connector
    /usr/bin/python3 -c '
import sys, yaml
pod = yaml.safe_load(open(sys.argv[1]))
pod["metadata"]["name"] = sys.argv[2]
pod["spec"]["containers"][1]["image"] = sys.argv[3]
yaml.safe_dump(pod, sys.stdout)' "$fixtures/airbyte-02-check.yaml" "$@" >"$work/custom.yaml"
    launch "$work/custom.yaml" airbyte
}
refuses "a connector from a host that is not approved" \
    'container "main": image "quay.io/someone/source-x:1.0.0" comes from quay.io, which is not approved (rule "airbyte", ' \
    custom foreign-check quay.io/someone/source-x:1.0.0
has "what is approved is in the message" "$(custom foreign-check quay.io/someone/source-x:1.0.0)" \
    'approved: "ghcr.io/acme-data", "registry.corp.example:5000/data"'
decisions "a foreign connector" airbyte foreign-check "CREATE mutate deny airbyte not-approved $launcher"
refuses "a connector of Docker Hub by its full name" 'comes from docker.io, which is not approved' \
    custom hub-check docker.io/airbyte/source-postgres:3.6.11
refuses "a path beside the approved one" 'which is not approved' custom beside-check registry.corp.example:5000/database/source-x:1
is "none of them is stored" "$(stored airbyte foreign-check)$(stored airbyte hub-check)$(stored airbyte beside-check)" ""
refuses "a builder's Deployment that names such an image" 'comes from quay.io, which is not approved' \
    k create -n airbyte -f <(service builder quay.io/someone/builder:1)

say "Jobs and CronJobs"
task() { printf '{"serviceAccountName":"airbyte-admin","containers":[{"name":"task","image":"%s"}]}' "$1"; }
workload CronJob backup "$(task postgres:16)" | k create -n airbyte -f - >/dev/null || fail "a CronJob"
k create job backup-now --from=cronjob/backup -n airbyte >/dev/null 2>&1 && pass || fail "a Job from the CronJob"
workload Job migrate "$(task registry.corp.example:5000/data/migrate:7)" | k create -n airbyte -f - >/dev/null || fail "a Job"
k wait --for=condition=Complete job/backup-now job/migrate -n airbyte --timeout=60s >/dev/null 2>&1 && pass || fail "the Jobs do not complete"
is "the CronJob's pod" "$(stored airbyte job-name=backup-now)" "task=ghcr.io/acme-data/postgres:16 secrets regcred"
is "the Job's pod" "$(stored airbyte job-name=migrate)" "task=registry.corp.example:5000/data/migrate:7 secrets regcred"
is "the CronJob stays as it was written" "$(image_of cronjob/backup airbyte task)" postgres:16
decisions "the CronJob's pod" airbyte backup-now- "CREATE mutate allow airbyte system:serviceaccount:kube-system:job-controller"
refuses "a CronJob from a host that is not approved" 'which is not approved' \
    k create -n airbyte -f <(workload CronJob foreign "$(task quay.io/someone/backup:1)")

say "what the policy does not select"
k create -n elsewhere -f <(pod plain quay.io/someone/x:1) >/dev/null 2>&1 && pass || fail "a pod of another namespace"
is "is left alone" "$(stored elsewhere plain)" "main=quay.io/someone/x:1 secrets"
all_have_lines airbyte
tried "Airbyte's pods, up to what is stored"
finish
