#!/usr/bin/env bash
# A real kube-apiserver asks a real pullgate, registered by the manifests that ship, as kubectl's users would
# see it.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

mkdir "$work/policy"
cp "$top/policies/examples/airbyte.yaml" "$work/policy/10-airbyte.yaml"
cp "$top/policies/examples/astronomer.yaml" "$work/policy/20-astronomer.yaml"
cat >"$work/policy/30-others.yaml" <<'POLICY'
apiVersion: pullgate/v1
kind: ImagePolicy
metadata: {name: others}
spec:
  registry: ghcr.io/acme-data
  rules:
    - name: warned
      match: {namespaces: [warned]}
      mode: warn
    - name: audited
      match: {namespaces: [audited]}
      mode: audit
    - name: told
      match: {namespaces: [told]}
      message: ask data-platform
    - name: never-asked # the registration leaves these namespaces out
      match: {namespaces: [kube-system, pullgate]}
POLICY
cat >"$work/policy/40-always.yaml" <<'POLICY'
apiVersion: pullgate/v1
kind: ImagePolicy
metadata: {name: always}
spec:
  registry: ghcr.io/acme-data
  imagePullPolicy: Always
  rules: [{name: always, match: {namespaces: [always]}}]
POLICY

template='{"metadata":{"labels":{"app":"w"}},"spec":{"restartPolicy":"RESTART","containers":[{"name":"main","image":"IMAGE"}]}}'
workload() { # KIND IMAGE NAME
    local api=apps/v1
    local t=${template/IMAGE/$2} spec
    case $1 in
    Job) t=${t/RESTART/Never} spec="{\"template\":$t}" api=batch/v1 ;;
    PodTemplate)
        printf '{"apiVersion":"v1","kind":"PodTemplate","metadata":{"name":"%s"},"template":%s}\n' "$3" "${t/RESTART/Always}"
        return
        ;;
    ReplicationController) t=${t/RESTART/Always} spec="{\"selector\":{\"app\":\"w\"},\"template\":$t}" api=v1 ;;
    CronJob) t=${t/RESTART/Never} spec="{\"schedule\":\"0 0 * * *\",\"jobTemplate\":{\"spec\":{\"template\":$t}}}" api=$cron_api ;;
    *) t=${t/RESTART/Always} spec="{\"selector\":{\"matchLabels\":{\"app\":\"w\"}},\"template\":$t}" ;;
    esac
    [ "$1" = StatefulSet ] && spec=$(jq -c '.serviceName = "w"' <<<"$spec")
    printf '{"apiVersion":"%s","kind":"%s","metadata":{"name":"%s"},"spec":%s}\n' "$api" "$1" "$3" "$spec"
}

say "starting etcd, kube-apiserver, pullgate"
"$POLICYCTL" certs init --dir "$work/tls" >/dev/null || die "no certificates"
cron_api=batch/v1 policy_api=policy/v1 flags=()
[ "$SERVER" = 1.20 ] && cron_api=batch/v1beta1 policy_api=policy/v1beta1 flags=(--runtime-config=batch/v2alpha1=true)
start_cluster "${flags[@]}"
make_service
start_pullgate pullgate "$work/policy"
new_namespace airbyte airbyte-old warned audited told always
k create serviceaccount airbyte-admin -n airbyte >/dev/null

say "pods and workloads that were there before the webhook"
pod before busybox:1 | k create -n airbyte-old -f - >/dev/null
pod bad quay.io/evil/x:1 '' | jq -c '.metadata.finalizers = ["example.com/hold"]' | k create -n airbyte-old -f - >/dev/null
pod lost busybox:1 '' | jq -c '.spec.imagePullSecrets = [{"name": "regcred"}]' | k create -n airbyte-old -f - >/dev/null
for kind in Deployment CronJob; do
    workload $kind quay.io/evil/x:1 old | k create -n airbyte-old -f - >/dev/null
done
arm Fail

say "fixtures are created and read back"
fixtures=$top/tests/data/pods
k create -f "$fixtures/astronomer-01-namespaces-and-secrets.yaml" >/dev/null || fail "Astronomer's namespaces"
deployment=astronomer-quantum-nebula-1234
for account in default quantum-nebula-1234-scheduler quantum-nebula-1234-worker; do
    k create serviceaccount "$account" -n "$deployment" >/dev/null
done
for file in "$fixtures"/*.yaml; do
    case $file in *-namespaces-and-*) continue ;; esac
    # a server of 1.20 does not know native sidecars, and its kubectl would not send them
    out=$(k create --validate=false -f "$file" 2>&1) || fail "$(basename "$file"): $out"
    has "$(basename "$file")" "$out" "created"
done
# What the table expects is Airbyte's own rule; the example for Astronomer has a mirror besides.
while IFS=$'\t' read -r file pod path container before after; do
    case $after in quay.io/astronomer/*) after=registry.acme.example/${after#quay.io/} ;; esac
    space=airbyte
    case $file in astronomer-*) space=$deployment ;; esac
    is "$file $container ($before at $path)" "$(image_of "pod/$pod" $space "$container")" "$after"
done < <(grep -v '^#' "$fixtures/expected-images.tsv")
is "every container of the fixtures is in the table" "$(k get pods -A -o json | jq '[.items[] | select(.metadata.namespace != "airbyte-old") | .spec | (.initContainers[]?, .containers[])] | length')" \
    "$(grep -vc '^#' "$fixtures/expected-images.tsv")"
# Airbyte writes [{name: ""}] where it was told no secret, which stays; nothing else of a pod is touched.
k get pods -A -o json >"$work/pods.json"
/usr/bin/python3 - "$work/pods.json" "$fixtures" >"$work/differences" <<'PYTHON' || fail "comparing fixtures"
import glob, json, sys, yaml
found = {o["metadata"]["name"]: o for o in json.load(open(sys.argv[1]))["items"]}
for file in sorted(glob.glob(sys.argv[2] + "/*.yaml")):
    for given in yaml.safe_load_all(open(file)):
        if not given or given["kind"] != "Pod":
            continue
        now = found[given["metadata"]["name"]]
        airbyte = given["metadata"]["namespace"] == "airbyte"
        names = [s["name"] for s in given["spec"].get("imagePullSecrets", [])]
        names += [n for n in ["regcred" if airbyte else "acme-registry"] if n not in names]
        if [s.get("name", "") for s in now["spec"].get("imagePullSecrets", [])] != names:
            print(file, "pull secrets:", now["spec"].get("imagePullSecrets"), "expected:", names)
        for part in "labels", "annotations":
            if (given["metadata"].get(part) or {}) != now["metadata"].get(part, {}):
                print(file, part + ":", now["metadata"].get(part))
PYTHON
is "pull secrets are as the policies say, labels and annotations as they came" "$(cat "$work/differences")" ""

if [ "$SERVER" != 1.20 ]; then
    say "what servers of 1.20 do not have"
    is "a sidecar among the init containers" "$(k get pods -n airbyte -o json | jq -c '[.items[].spec.initContainers[]? | select(.restartPolicy == "Always") | .image] | unique | map(startswith("ghcr.io/acme-data/")) | unique')" '[true]'
    tried "native sidecars"
    pod volume busybox:1 ',"volumes":[{"name":"v","image":{"reference":"data:1"}}]' | k create -n airbyte -f - >/dev/null || fail "an image volume"
    is "an image volume" "$(k get pod volume -n airbyte -o jsonpath='{.spec.volumes[0].image.reference}')" ghcr.io/acme-data/data:1
    for i in 1 2; do
        out=$(pod volume1 busybox:1 ',"volumes":[{"name":"v","image":{"reference":"data:1","pullPolicy":"IfNotPresent"}}]' | k apply --server-side --field-manager=launcher -n airbyte -f - 2>&1) && pass || fail "an image volume, apply $i: $out"
        is "an image volume after apply $i" "$(k get pod volume1 -n airbyte -o jsonpath='{.spec.volumes[0].image.reference}')" ghcr.io/acme-data/data:1
    done
    out=$(pod volume2 busybox:1 ',"volumes":[{"name":"v","image":{"reference":"quay.io/evil/data:1"}}]' | k create -n airbyte -f - 2>&1)
    has "an image volume that is not approved" "$out" 'quay.io/evil/data:1" comes from quay.io, which is not approved'
    tried "image volumes"
fi

say "denials"
# What README.md shows of this pod is what kubectl's users read.
promised=$(sed -n 's/^deploy\/samples\/pods.yaml:32:18: deny: //p' "$top/README.md" | head -1)
out=$(k create -n airbyte -f "$top/deploy/samples/pods.yaml" 2>&1)
has "README.md has the message" "$promised" "is not approved"
has "denial" "$out" "admission webhook \"templates.pullgate.svc\" denied the request: ${promised/policies\/examples\/airbyte.yaml/$work\/policy\/10-airbyte.yaml}"
has "denial is Forbidden" "$out" "(Forbidden)"
out=$(pod foreign quay.io/someone/x:1 | k create -n told -f - 2>&1)
has "a denied pod" "$out" "admission webhook \"mutate.pullgate.svc\" denied the request: container \"main\""
has "denial with the rule's message" "$out" 'approved: "ghcr.io/acme-data"; ask data-platform'
out=$(pod invalid 'evil_host.example.com/x' | k create -n airbyte -f - 2>&1)
has "an empty domain is refused" "$out" "is not an image reference"
tried "pods are rewritten and refused"

say "warnings, audit, dry run, apply, generateName"
out=$(pod warned quay.io/someone/x:1 | k create -n warned -f - 2>&1)
has "warn mode warns" "$out" 'Warning: container "main": image "quay.io/someone/x:1"'
has "warn mode creates" "$out" "pod/warned created"
out=$(pod warned2 busybox:1 | k create -n warned -f - 2>&1)
is "warn mode rewrites" "$(image_of pod/warned2 warned main)" ghcr.io/acme-data/busybox:1
out=$(pod audited quay.io/someone/x:1 | k create -n audited -f - 2>&1)
is "audit mode says nothing" "$out" "pod/audited created"
is "audit mode changes nothing" "$(image_of pod/audited audited main)" quay.io/someone/x:1
out=$(k run dry --image=busybox:1 --dry-run=server -n airbyte -o json | jq -r '.spec.containers[0].image')
is "dry run" "$out" ghcr.io/acme-data/busybox:1
out=$(k run dry --image=quay.io/evil/x:1 --dry-run=server -n airbyte 2>&1)
has "dry run of what is refused" "$out" "which is not approved"
out=$(pod applied busybox:1 | k apply --server-side -n airbyte -f - 2>&1)
has "server-side apply" "$out" "serverside-applied"
out=$(pod applied busybox:1 | k apply --server-side -n airbyte -f - 2>&1)
has "server-side apply of the original image again" "$out" "serverside-applied"
is "it stays rewritten" "$(image_of pod/applied airbyte main)" ghcr.io/acme-data/busybox:1
out=$(pod x busybox:1 | jq -c 'del(.metadata.name) | .metadata.generateName = "gen-"' | k create -n airbyte -f - -o json | jq -r '.spec.containers[0].image')
is "generateName" "$out" ghcr.io/acme-data/busybox:1
# As the ReplicaSet controller makes them: no name, an owner, its own user.
k create clusterrolebinding controllers --clusterrole=cluster-admin --serviceaccount=kube-system:replicaset-controller >/dev/null
out=$(pod x quay.io/evil/x:1 | jq -c 'del(.metadata.name) | .metadata += {generateName: "web-5d4-", ownerReferences: [{apiVersion: "apps/v1", kind: "ReplicaSet", name: "web-5d4", uid: "7e3b8f5a-0000-4000-8000-000000000000", controller: true}]}' |
    k create -n airbyte -f - --as=system:serviceaccount:kube-system:replicaset-controller 2>&1)
has "a controller's pod" "$out" "which is not approved"
out=$(pod x busybox:1 | jq -c 'del(.metadata.name) | .metadata += {generateName: "web-5d4-", ownerReferences: [{apiVersion: "apps/v1", kind: "ReplicaSet", name: "web-5d4", uid: "7e3b8f5a-0000-4000-8000-000000000000", controller: true}]}' |
    k create -n airbyte -f - --as=system:serviceaccount:kube-system:replicaset-controller -o json | jq -c '[.spec.containers[0].image, .spec.imagePullSecrets[0].name]')
is "a controller's pod is rewritten and has the secret" "$out" '["ghcr.io/acme-data/busybox:1","regcred"]'
tried "server-side apply"

say "updates"
k label pod before -n airbyte-old seen=yes >/dev/null 2>&1 && pass || fail "a label of a pod from before"
is "its image is left alone" "$(image_of pod/before airbyte-old main)" busybox:1
k label pod bad -n airbyte-old seen=yes >/dev/null 2>&1 && pass || fail "a label of a refused image's pod"
k delete pod bad -n airbyte-old --wait=false >/dev/null 2>&1
k patch pod bad -n airbyte-old --type=json -p '[{"op":"remove","path":"/metadata/finalizers"}]' >/dev/null 2>&1 && pass || fail "a finalizer of a refused image's pod"
until_true "the pod to go" 50 bash -c "! $kubectl --kubeconfig $work/kubeconfig get pod bad -n airbyte-old"
k set image pod/before main=busybox:2 -n airbyte-old >/dev/null 2>&1 && pass || fail "set image to a short name"
is "a new image is rewritten" "$(image_of pod/before airbyte-old main)" ghcr.io/acme-data/busybox:2
out=$(k set image pod/before main=quay.io/evil/x:1 -n airbyte-old 2>&1)
has "a new image that is not approved" "$out" "which is not approved"
k set image pod/before main=registry.corp.example:5000/data/x:1 -n airbyte-old >/dev/null 2>&1 && pass || fail "set image to an approved one"
is "an approved image stays as it is" "$(image_of pod/before airbyte-old main)" registry.corp.example:5000/data/x:1
is "updates add no pull secret" "$(secrets_of before airbyte-old)" '[]'

say "a NUL in what a container said last, and its pod can still go"
pod nul busybox:1 '' | jq -c '.metadata.finalizers = ["example.com/hold"]' | k create -n airbyte -f - >/dev/null
api() { # METHOD PATH TYPE BODY
    curl --silent --cacert "$work/ca.crt" --cert "$work/admin.crt" --key "$work/admin.key" -X "$1" \
        -H "Content-Type: $3" --data-binary "$4" "https://127.0.0.1:$api_port$2"
}
api PATCH /api/v1/namespaces/airbyte/pods/nul/status application/merge-patch+json '{"status":{"phase":"Failed","containerStatuses":[
    {"name":"main","image":"busybox:1","imageID":"","ready":false,"restartCount":0,
     "state":{"terminated":{"exitCode":1,"message":"core \u0000 dumped"}}}]}}' >"$work/patched"
is "the NUL is stored" "$(k get pod nul -n airbyte -o json | grep -c 'core \\u0000 dumped')" 1
k label pod nul -n airbyte seen=yes >/dev/null 2>&1 && pass || fail "a label of a pod with a NUL in its status"
k delete pod nul -n airbyte --wait=false >/dev/null 2>&1
k patch pod nul -n airbyte --type=json -p '[{"op":"remove","path":"/metadata/finalizers"}]' >/dev/null 2>&1 && pass || fail "a finalizer of a pod with a NUL in its status"
until_true "the pod to go" 50 bash -c "! $kubectl --kubeconfig $work/kubeconfig get pod nul -n airbyte"
# kubectl does not show the message of a 422
out=$(api POST /api/v1/namespaces/airbyte/pods application/json "$(pod nul-image busybox:1 '' | jq -c '.spec.containers[0].image = "busybox\u0000:1"')")
has "a NUL in an image" "$out" "(/spec/containers/0/image): expected plain text, found the character U+0000"

say "a pod without a name for its pull secret"
out=$(pod launched busybox:1 '' | jq -c '.spec.imagePullSecrets = [{"name": ""}]' | k apply --server-side --field-manager=launcher -n airbyte -f - 2>&1) && pass || fail "a server-side apply: $out"
is "the entry stays where it is" "$(k get pod launched -n airbyte -o json | jq -c '[.spec.imagePullSecrets[] | .name // ""]')" '["","regcred"]'
# a second apply fails on a server of 1.20, which cannot merge such a list, with pullgate or without
k get pod launched -n airbyte -o json | k replace -f - >/dev/null 2>&1 && pass || fail "a replace of a pod without a name for its pull secret"
# one that lost the entry to an earlier version of pullgate
out=$(pod lost busybox:1 '' | jq -c '.spec.imagePullSecrets = [{"name": ""}]' | k apply --server-side --field-manager=launcher -n airbyte-old -f - 2>&1) && pass || fail "an apply that brings the entry back: $out"
is "the stored list stays" "$(secrets_of lost airbyte-old)" '["regcred"]'

say "a pull policy of the rule, and a manifest with another, applied twice"
for i in 1 2; do
    out=$(pod launched busybox:1 '' | jq -c '.spec.containers[0].imagePullPolicy = "IfNotPresent"' | k apply --server-side --field-manager=launcher -n always -f - 2>&1) && pass || fail "server-side apply $i: $out"
    is "as the rule has it after apply $i" "$(k get pod launched -n always -o json | jq -c '.spec.containers[0] | [.image, .imagePullPolicy]')" '["ghcr.io/acme-data/busybox:1","Always"]'
done

say "ephemeral containers"
k debug before -n airbyte-old --image=busybox:dbg --target=main -c dbg1 >/dev/null 2>&1 && pass || fail "kubectl debug"
dbg=$(k get --raw /api/v1/namespaces/airbyte-old/pods/before/ephemeralcontainers | jq -r '(.spec // .).ephemeralContainers[] | select(.name == "dbg1") | .image')
is "a debug container is rewritten" "$dbg" ghcr.io/acme-data/busybox:dbg
out=$(k debug before -n airbyte-old --image=quay.io/evil/dbg -c dbg2 2>&1)
has "a debug container that is not approved" "$out" "which is not approved"
k debug before -n airbyte-old --image=busybox:dbg --target=main -c dbg3 >/dev/null 2>&1 && pass || fail "a second debug container beside the first"
tried "ephemeral containers"

say "what is not an image's business passes, by the rules that ship and by ones that are too wide"
too_wide() { # KIND PATH: what somebody may register by mistake; the name comes after the shipped ones
    cat <<-HOOK
	apiVersion: admissionregistration.k8s.io/v1
	kind: ${1}WebhookConfiguration
	metadata: {name: wide}
	webhooks:
	  - name: wide.pullgate.svc
	    clientConfig: {service: {namespace: pullgate, name: pullgate, path: $2}, caBundle: $("$POLICYCTL" certs bundle --dir "$work/tls")}
	    rules: [{apiGroups: ["*"], apiVersions: ["*"], operations: ["*"], resources: ["pods/*", "services", "services/*"], scope: Namespaced}]
	    admissionReviewVersions: [v1]
	    sideEffects: None
	    failurePolicy: Fail
	HOOK
}
no_business() { # POD: of a namespace where images are judged
    k get pod "$1" -n airbyte-old -o json | jq -c '.status.phase = "Running"' >"$work/status.json"
    k replace --raw "/api/v1/namespaces/airbyte-old/pods/$1/status" -f "$work/status.json" >/dev/null 2>&1 && pass || fail "$1: status"
    # There is no node: that is what the API server says, having asked the webhook.
    has "$1: exec" "$(k exec "$1" -n airbyte-old -- true 2>&1)" "does not have a host assigned"
    printf '{"apiVersion":"v1","kind":"Binding","metadata":{"name":"%s"},"target":{"kind":"Node","name":"n1"}}' "$1" |
        k create --raw "/api/v1/namespaces/airbyte-old/pods/$1/binding" -f - >/dev/null 2>&1 && pass || fail "$1: binding"
    printf '{"apiVersion":"%s","kind":"Eviction","metadata":{"name":"%s"}}' "$policy_api" "$1" |
        k create --raw "/api/v1/namespaces/airbyte-old/pods/$1/eviction" -f - >/dev/null 2>&1 && pass || fail "$1: eviction"
}
pod shipped busybox:1 | k create -n airbyte-old -f - >/dev/null
no_business shipped
pod shipped-after busybox:1 | k create -n airbyte-old -f - >/dev/null
asked_about() { [ "$(grep -c "\"name\":\"$1\"" "$work/pullgate.audit")" -ge "$2" ]; }
until_true "the audit lines" 300 asked_about shipped-after 2
is "by the rules that ship pullgate was asked about the pod, by /mutate and /validate, and nothing else" \
    "$(grep -c '"name":"shipped"' "$work/pullgate.audit")" 2
too_wide Mutating /mutate | k apply -f - >/dev/null
too_wide Validating /validate | k apply -f - >/dev/null
wide_is_asked() {
    k create service clusterip "probe-$RANDOM" --tcp=80 --dry-run=server -n airbyte-old
    grep -q '"Service"' "$work/pullgate.audit"
}
until_true "the wide rules to be in force" 100 wide_is_asked
pod wide busybox:1 | k create -n airbyte-old -f - >/dev/null
no_business wide
until_true "the audit line of exec" 300 has_line "$work/pullgate.audit" '"PodExecOptions"'
k delete mutatingwebhookconfiguration,validatingwebhookconfiguration wide >/dev/null

say "workloads are judged by their templates and never rewritten"
for kind in Deployment StatefulSet DaemonSet ReplicaSet ReplicationController PodTemplate Job CronJob; do
    out=$(workload $kind busybox:1 w1 | k create -n airbyte -f - -o json 2>&1)
    is "$kind keeps its short image" "$(jq -r '[.. | objects | select(.name? == "main") | .image] | first' <<<"$out" 2>/dev/null)" busybox:1
    is "$kind gets no pull secret" "$(jq -c '[.. | .imagePullSecrets? // empty]' <<<"$out" 2>/dev/null)" '[]'
    out=$(workload $kind quay.io/evil/x:1 w2 | k create -n airbyte -f - 2>&1)
    has "$kind with an image that is not approved" "$out" "which is not approved"
done
if [ "$SERVER" = 1.20 ]; then # the last one that serves a resource in several versions of which some are not in our rules
    out=$(workload CronJob quay.io/evil/x:1 w3 | sed s/v1beta1/v2alpha1/ | k create -n airbyte -f - 2>&1)
    has "another version does not slip by" "$out" "which is not approved"
fi
for kind in deployment statefulset daemonset cronjob; do
    out=$(k set image $kind/w1 main=quay.io/evil/x:2 -n airbyte 2>&1)
    has "$kind: an update to an image that is not approved" "$out" "which is not approved"
    k set image $kind/w1 main=busybox:2 -n airbyte >/dev/null 2>&1 && pass || fail "$kind: an update to a short image"
    is "$kind keeps its short image on updates" "$(image_of $kind/w1 airbyte main)" busybox:2
done
k scale deployment w1 --replicas=2 -n airbyte >/dev/null 2>&1 && pass || fail "scale"
for kind in deployment cronjob; do
    k label $kind old -n airbyte-old seen=yes >/dev/null 2>&1 && pass || fail "a label of a $kind from before"
done
k scale deployment old --replicas=2 -n airbyte-old >/dev/null 2>&1 && pass || fail "scale a Deployment from before"
tried "workloads are judged by their templates"

say "pull secrets of the ServiceAccount survive beside ours"
k create serviceaccount builder -n airbyte >/dev/null
k patch serviceaccount builder -n airbyte -p '{"imagePullSecrets":[{"name":"own"}]}' >/dev/null
pod sa busybox:1 ',"serviceAccountName":"builder"' | k create -n airbyte -f - >/dev/null 2>&1
is "both secrets" "$(secrets_of sa airbyte)" '["own","regcred"]'

say "namespaces that the webhooks leave out"
for name in kube-system pullgate; do
    k get serviceaccount default -n $name >/dev/null 2>&1 || k create serviceaccount default -n $name >/dev/null
    # as Pod Security "restricted" wants it, which pullgate's namespace enforces
    pod left-out quay.io/evil/x:1 | jq -c '.spec.containers[0].securityContext = {runAsNonRoot: true, runAsUser: 65532, allowPrivilegeEscalation: false,
        seccompProfile: {type: "RuntimeDefault"}, capabilities: {drop: ["ALL"]}}' | k create -n $name -f - >/dev/null 2>"$work/out" && pass || fail "a pod in $name: $(cat "$work/out")"
done

say "a pod of 3 MB is no way round (kubectl and the API server write each < as six bytes)"
big() { # NAME IMAGE
    /usr/bin/python3 - "$@" >"$work/$1.json" <<-'PYTHON'
	import json, sys
	pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": sys.argv[1]},
	       "spec": {"containers": [{"name": "main", "image": sys.argv[2],
	                                "env": [{"name": "A", "value": "<" * 510000}]}]}}
	json.dump(pod, sys.stdout)
	PYTHON
}
big big quay.io/evil/x:1
out=$(k create -n airbyte -f "$work/big.json" 2>&1 | cut -c1-2000)
has "a big pod is refused by its image" "$out" "which is not approved"
big large busybox:1
out=$(k create -n airbyte -f "$work/large.json" 2>&1 | cut -c1-2000)
is "a big pod is rewritten like any other" "$out$(image_of pod/large airbyte main)" "pod/large createdghcr.io/acme-data/busybox:1"

events() { # PATTERN: those of its audit log
    whole_lines "$work/audit.log" "$1"
}
annotation() { # NAME PATTERN: of the first event with that pattern
    events "$2" | head -1 | jq -r --arg name "$1" '.annotations[$name]'
}
is_annotated() { # NAME PATTERN
    [ -n "$(annotation "$1" "$2" | grep -v '^null$')" ]
}
say "the API server's audit log carries our annotations"
until_true "its event of a denial" 100 is_annotated mutate.pullgate.svc/reasons '"name":"foreign"'
until_true "its event of the pod" 100 is_annotated mutate.pullgate.svc/verdict '"name":"replication-job-4711-attempt-0".*"verb":"create"\|"verb":"create".*"name":"replication-job-4711-attempt-0"'
line=$(events '"name":"replication-job-4711-attempt-0"' | grep '"verb":"create"' | head -1)
is "verdict" "$(jq -r '.annotations["mutate.pullgate.svc/verdict"]' <<<"$line")" allow
has "images" "$(jq -r '.annotations["mutate.pullgate.svc/images"]' <<<"$line")" "source: airbyte/source-postgres:3.6.11 -> ghcr.io/acme-data/airbyte/source-postgres:3.6.11"
line=$(events '"name":"foreign"' | head -1)
is "a denial's verdict" "$(jq -r '.annotations["mutate.pullgate.svc/verdict"]' <<<"$line")" deny
has "a denial's reasons" "$(jq -r '.annotations["mutate.pullgate.svc/reasons"]' <<<"$line")" 'not-approved: container "main": image "quay.io/someone/x:1"'
is "a Deployment's verdict" "$(events '"resource":"deployments"' | jq -r '.annotations["templates.pullgate.svc/verdict"] // empty' | sort -u | xargs)" "allow deny"
is "no annotation was refused" "$(grep -c 'Failed to set admission audit annotation' "$work/apiserver.log")" 0
tried "audit annotations"

say "what a webhook after ours puts into pods is seen (reinvocationPolicy IfNeeded)"
"$here/mesh.py" "$work/tls" >"$work/mesh" &
pids[mesh]=$!
until_true "the mesh" 100 test -s "$work/mesh"
k apply -f - >/dev/null <<HOOK || fail "the mesh's registration"
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: zz-mesh}
webhooks:
  - name: mesh.example.com
    clientConfig: {url: "https://127.0.0.1:$(cat "$work/mesh")", caBundle: $("$POLICYCTL" certs bundle --dir "$work/tls")}
    rules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]
    admissionReviewVersions: [v1]
    sideEffects: None
HOOK
meshed() { # NAME SIDECAR
    pod "$1" busybox:1 | jq -c --arg i "$2" '.metadata.annotations.mesh = $i' | k create -n airbyte -f - "${@:3}"
}
has_sidecar() { meshed probe ghcr.io/acme-data/istio/proxyv2:1 --dry-run=server -o json | grep -q '"name": "mesh"'; }
until_true "the mesh to be asked" 100 has_sidecar
meshed meshed istio/proxyv2:1 >/dev/null 2>&1 && pass || fail "a pod with a sidecar"
is "the sidecar is rewritten too" "$(image_of pod/meshed airbyte mesh)" ghcr.io/acme-data/istio/proxyv2:1
is "the secret is there once" "$(secrets_of meshed airbyte)" '["regcred"]'
until_true "its event of the pod with a sidecar" 100 is_annotated mutate.pullgate.svc/images '"name":"meshed"'
is "the API server keeps the annotations of the first answer" \
    "$(events '"name":"meshed"' | jq -r '.annotations["mutate.pullgate.svc/images"]')" "main: busybox:1 -> ghcr.io/acme-data/busybox:1"
out=$(meshed refused quay.io/evil/proxyv2:1 2>&1)
has "a sidecar that is not approved" "$out" 'container "mesh": image "quay.io/evil/proxyv2:1" comes from quay.io'
tried "sidecars of another webhook (reinvocation)"
finish
