#!/usr/bin/env bash
# Astronomer with the overlay that ships for it, failurePolicy Fail: the platform, two deployments with registries of
# their own and one without a rule, from what schedulers and DAGs create to what is stored.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$here/lib_overlay.sh"
fixtures=$top/tests/data/pods
quantum=astronomer-quantum-nebula-1234 stellar=astronomer-stellar-orbit-5678 lunar=astronomer-lunar-gravity-9012
user() { printf 'system:serviceaccount:%s:%s' "${1%/*}" "${1#*/}"; } # NAMESPACE/NAME

say "a cluster, the overlay astronomer, armed"
start_cluster
start_controllers
start_nodes
k create -f "$fixtures/astronomer-01-namespaces-and-secrets.yaml" >/dev/null || die "the namespaces"
k create -f - >/dev/null <<<'{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"'$lunar'","labels":{"platform-release":"astronomer"}}}' || die "a third deployment"
for space in astronomer $quantum $stellar $lunar; do
    until_true "the ServiceAccount of $space" 100 k get serviceaccount default -n "$space"
done
for space in $quantum $stellar $lunar; do
    account $space "${space#astronomer-}-scheduler"
    account $space "${space#astronomer-}-worker"
done
install_overlay astronomer

say "the platform: images of Astronomer from the mirror"
syncer='{"containers":[{"name":"config-syncer","image":"quay.io/astronomer/ap-commander:0.37.5"}]}'
workload Deployment houston '{"initContainers":[{"name":"wait-for-db","image":"quay.io/astronomer/ap-houston-api:0.37.15"}],"containers":[{"name":"houston","image":"quay.io/astronomer/ap-houston-api:0.37.15"}]}' |
    k create -n astronomer -f - >/dev/null || fail "Houston"
workload CronJob astronomer-config-syncer "$syncer" | k create -n astronomer -f - >/dev/null || fail "the syncer"
k create job sync-now --from=cronjob/astronomer-config-syncer -n astronomer >/dev/null || fail "a run of the syncer"
until_true "Houston's pod" 300 has_pod astronomer app=houston
houston=registry.acme.example/astronomer/ap-houston-api:0.37.15
is "Houston's pod" "$(stored astronomer app=houston)" "wait-for-db=$houston houston=$houston secrets platform-mirror"
k wait --for=condition=Complete job/sync-now -n astronomer --timeout=60s >/dev/null 2>&1 && pass || fail "the syncer does not run"
is "the syncer's pod" "$(stored astronomer job-name=sync-now)" "config-syncer=registry.acme.example/astronomer/ap-commander:0.37.5 secrets platform-mirror"
decisions "the syncer" astronomer sync-now- "CREATE mutate allow platform system:serviceaccount:kube-system:job-controller"
refuses "an image of somebody else's in the platform's namespace" 'comes from docker.io, which is not approved' \
    k create -n astronomer -f <(pod stray docker.io/library/nginx:1)

# As the chart for Airflow makes them: the scheduler with the sidecar that fetches DAGs.
scheduler() { # RELEASE IMAGE GIT_SYNC_IMAGE
    workload Deployment "$1-scheduler" "$(jq -n --arg image "$2" --arg git "$3" --arg account "$1-scheduler" '{serviceAccountName: $account,
        imagePullSecrets: [{name: "acme-registry"}],
        initContainers: [{name: "git-sync-init", image: $git}, {name: "wait-for-airflow-migrations", image: $image}],
        containers: [{name: "scheduler", image: $image, imagePullPolicy: "Always"}, {name: "git-sync", image: $git},
            {name: "sidecar-log-consumer", image: "quay.io/astronomer/ap-vector:0.45.0-1"}]}')"
}
expect_scheduler() { # NAMESPACE IMAGE SECRETS
    local release=${1#astronomer-} git=registry.acme.example/astronomer/ap-git-sync:4.2.4-1
    scheduler "$release" "$2" quay.io/astronomer/ap-git-sync:4.2.4-1 | k create -n "$1" -f - >/dev/null || fail "$release's scheduler"
    until_true "$release's scheduler" 300 has_pod "$1" "app=$release-scheduler"
    is "$release's scheduler, with git-sync" "$(stored "$1" "app=$release-scheduler")" \
        "git-sync-init=$git wait-for-airflow-migrations=$2 scheduler=$2 git-sync=$git sidecar-log-consumer=registry.acme.example/astronomer/ap-vector:0.45.0-1 secrets $3"
    is "its pull policies are its own" "$(k get pods -n "$1" -l "app=$release-scheduler" -o json | jq -r '[.items[0].spec.containers[].imagePullPolicy] | join(" ")')" \
        "Always IfNotPresent IfNotPresent"
    k rollout status "deployment/$release-scheduler" -n "$1" --timeout=30s >/dev/null 2>&1 && pass || fail "$release's scheduler does not run"
}
# A task's pod of the KubernetesExecutor: made by the scheduler, of the chart's template.
executor() { # NAMESPACE NAME IMAGE
    /usr/bin/python3 -c '
import sys, yaml
pod = yaml.safe_load(open(sys.argv[1]))
pod["metadata"] |= {"namespace": sys.argv[2], "name": sys.argv[3]}
pod["metadata"]["labels"]["release"] = sys.argv[2].removeprefix("astronomer-")
pod["spec"]["serviceAccountName"] = sys.argv[2].removeprefix("astronomer-") + "-worker"
pod["spec"]["containers"][0]["image"] = sys.argv[4]
yaml.safe_dump(pod, sys.stdout)' "$fixtures/astronomer-03-kubernetes-executor-worker.yaml" "$@" |
        as "$1/${1#astronomer-}-scheduler" create -n "$1" -f - 2>&1
}
# A pod of the KubernetesPodOperator: made by a task, of the image that a DAG names, with the sidecar for results.
operator() { # NAMESPACE NAME IMAGE [SIDECAR]
    jq -n --arg name "$2" --arg image "$3" --arg sidecar "${4:-alpine}" '{apiVersion: "v1", kind: "Pod",
        metadata: {name: $name, labels: {dag_id: "orders_daily", task_id: "train", run_id: "manual", try_number: "1", kubernetes_pod_operator: "True",
            airflow_version: "2.9.1", airflow_kpo_in_cluster: "True"}},
        spec: {restartPolicy: "Never", imagePullSecrets: [], hostNetwork: false,
            containers: [{name: "base", image: $image, volumeMounts: [{name: "xcom", mountPath: "/airflow/xcom"}]},
                {name: "airflow-xcom-sidecar", image: $sidecar, command: ["sh", "-c", "sleep 1"], volumeMounts: [{name: "xcom", mountPath: "/airflow/xcom"}]}],
            volumes: [{name: "xcom", emptyDir: {}}]}}' |
        as "$1/${1#astronomer-}-worker" create -n "$1" -f - 2>&1
}
created() { # WHAT COMMAND...
    local what=$1 out
    shift
    out=$("$@") && pass || fail "$what: $out"
}
allowed() { # WHAT NAMESPACE NAME RULE USER
    decisions "$1" "$2" "$3" "CREATE mutate allow $4 $5" "CREATE validate allow $4 $5"
}
denied() { decisions "$1" "$2" "$3" "CREATE mutate deny $4 not-approved $5"; }

say "a deployment with the platform's registry"
rule=quantum-nebula-1234 airflow=registry.acme.example/airflow/images:quantum-nebula-1234-deploy-2024-05-02T10-15
by_scheduler=$(user $quantum/$rule-scheduler) by_worker=$(user $quantum/$rule-worker)
expect_scheduler $quantum $airflow acme-registry
refuses "git-sync of its own project" 'init container "git-sync-init": image "registry.k8s.io/git-sync/git-sync:v4.3.0" comes from registry.k8s.io, which is not approved' \
    k create -n $quantum -f <(scheduler upstream $airflow registry.k8s.io/git-sync/git-sync:v4.3.0)
created "a task" executor $quantum load-orders $airflow
is "a task's pod" "$(stored $quantum load-orders)" "base=$airflow secrets acme-registry"
allowed "a task" $quantum load-orders $rule "$by_scheduler"
created "a DAG's own image" operator $quantum train python:3.12-slim
is "an official image comes from the copy of Docker Hub" "$(stored $quantum train)" \
    "base=registry.acme.example/hub/library/python:3.12-slim airflow-xcom-sidecar=registry.acme.example/hub/library/alpine secrets acme-registry"
allowed "a DAG's own image" $quantum train $rule "$by_worker"
created "an image of a user of Docker Hub" operator $quantum transform bitnami/spark:3.5 quay.io/astronomer/ap-init:3.21.3-1
is "so does a user's, and Astronomer's sidecar from the mirror" "$(stored $quantum transform)" \
    "base=registry.acme.example/hub/bitnami/spark:3.5 airflow-xcom-sidecar=registry.acme.example/astronomer/ap-init:3.21.3-1 secrets acme-registry"
created "an approved image" operator $quantum again $airflow
is "an approved image stays" "$(stored $quantum again)" "base=$airflow airflow-xcom-sidecar=registry.acme.example/hub/library/alpine secrets acme-registry"
refuses "a DAG's image of a host that is not approved" 'container "base": image "ghcr.io/dbt-labs/dbt-core:1.8.0" comes from ghcr.io, which is not approved (rule "quantum-nebula-1234", ' \
    operator $quantum dbt ghcr.io/dbt-labs/dbt-core:1.8.0
has "with the message of the policy" "$(operator $quantum dbt ghcr.io/dbt-labs/dbt-core:1.8.0)" "; ask data-platform for access to a registry"
denied "a DAG's image of a host that is not approved" $quantum dbt $rule "$by_worker"
refuses "an image of the other deployment's registry" 'which is not approved' operator $quantum others registry.team-b.example/spark:3
is "none of them is stored" "$(stored $quantum dbt)$(stored $quantum others)" ""

say "a deployment with a registry of its own"
rule=stellar-orbit-5678 airflow=registry.team-b.example/airflow:stellar-orbit-5678-deploy-2024-05-02T10-15
by_scheduler=$(user $stellar/$rule-scheduler) by_worker=$(user $stellar/$rule-worker)
expect_scheduler $stellar $airflow "acme-registry platform-mirror"
created "a task" executor $stellar load-orders $airflow
is "a task's pod has no secret of the mirror" "$(stored $stellar load-orders)" "base=$airflow secrets acme-registry"
allowed "a task" $stellar load-orders $rule "$by_scheduler"
created "a DAG's own image" operator $stellar train python:3.12-slim
is "a DAG's own image comes from the team's registry" "$(stored $stellar train)" \
    "base=registry.team-b.example/python:3.12-slim airflow-xcom-sidecar=registry.team-b.example/alpine secrets acme-registry"
allowed "a DAG's own image" $stellar train $rule "$by_worker"
created "Astronomer's sidecar" operator $stellar transform spark:3.5 quay.io/astronomer/ap-init:3.21.3-1
is "Astronomer's sidecar brings the mirror's secret" "$(stored $stellar transform)" \
    "base=registry.team-b.example/spark:3.5 airflow-xcom-sidecar=registry.acme.example/astronomer/ap-init:3.21.3-1 secrets acme-registry platform-mirror"
refuses "an image of the first deployment" 'which is not approved' operator $stellar others registry.acme.example/airflow/images:x
denied "an image of the first deployment" $stellar others $rule "$by_worker"

say "a deployment without a rule of its own: warnings"
by_worker=$(user $lunar/lunar-gravity-9012-worker)
out=$(operator $lunar dbt ghcr.io/dbt-labs/dbt-core:1.8.0 quay.io/astronomer/ap-init:3.21.3-1) || fail "it is refused: $out"
has "a warning" "$out" 'Warning: container "base": image "ghcr.io/dbt-labs/dbt-core:1.8.0" comes from ghcr.io, which is not approved (rule "other-deployments", '
is "it is stored as it came, but for the mirror" "$(stored $lunar dbt)" \
    "base=ghcr.io/dbt-labs/dbt-core:1.8.0 airflow-xcom-sidecar=registry.acme.example/astronomer/ap-init:3.21.3-1 secrets"
decisions "a warning" $lunar dbt "CREATE mutate warn other-deployments not-approved $by_worker" "CREATE validate warn other-deployments not-approved $by_worker"

for space in astronomer $quantum $stellar $lunar; do all_have_lines $space; done
tried "Astronomer's pods, up to what is stored"
finish
