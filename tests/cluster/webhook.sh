#!/usr/bin/env bash
# A real kube-apiserver asks a real pullgate, as kubectl's users would see it.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

cat >"$work/policy.yaml" <<'POLICY'
apiVersion: pullgate/v1
kind: ImagePolicy
metadata: {name: cluster}
spec:
  rules:
    - name: airbyte
      match: {namespaces: [airbyte, old]}
      registry: ghcr.io/acme-data
      imagePullSecrets: [regcred]
      approved: ["registry.corp.example:5000/data"]
      message: ask data-platform
    - name: warned
      match: {namespaces: [warned]}
      mode: warn
      registry: ghcr.io/acme-data
    - name: audited
      match: {namespaces: [audited]}
      mode: audit
      registry: ghcr.io/acme-data
POLICY

say "starting etcd, kube-apiserver, pullgate"
"$POLICYCTL" certs init --dir "$work/tls" >/dev/null || die "no certificates"
start_cluster
start_pullgate pullgate "$work/policy.yaml" 0
port=$(port_of pullgate)
new_namespace airbyte warned audited old
k create serviceaccount airbyte-admin -n airbyte >/dev/null

pod() { # NAME IMAGE [EXTRA SPEC]
    printf '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"%s","labels":{"app":"x"}},"spec":{"containers":[{"name":"main","image":"%s"}]%s}}\n' \
        "$1" "$2" "${3:-}"
}

say "pods that were there before the webhook"
pod before busybox:1 | k create -n old -f - >/dev/null
pod bad quay.io/evil/x:1 '' | jq -c '.metadata.finalizers = ["example.com/hold"]' | k create -n old -f - >/dev/null
arm "$port" Fail

say "fixtures are created and read back"
for file in "$top"/tests/data/pods/airbyte-*.yaml; do
    name=$(basename "$file" .yaml)
    # a server of 1.20 does not know native sidecars, and its kubectl would not send them
    out=$(k create --validate=false -f "$file" 2>&1) || fail "$name: $out"
done
while IFS=$'\t' read -r file pod path container before after; do
    case $file in airbyte-*) ;; *) continue ;; esac
    found=$(k get pod "$pod" -n airbyte -o json | jq -r --arg c "$container" '.spec | (.initContainers[]?, .containers[]) | select(.name == $c) | .image')
    is "$file $container ($before at $path)" "$found" "$after"
done < <(grep -v '^#' "$top/tests/data/pods/expected-images.tsv")
is "empty pull secrets are mended" "$(secrets_of replication-job-4711-attempt-0 airbyte)" '["regcred"]'

say "denials"
out=$(pod foreign quay.io/someone/x:1 | k create -n airbyte -f - 2>&1)
has "denial" "$out" 'admission webhook "mutate.pullgate.example.com" denied the request: container "main": image "quay.io/someone/x:1" comes from quay.io, which is not approved'
has "denial says what to write" "$out" 'write "ghcr.io/acme-data/someone/x:1" instead; ask data-platform'
has "denial is Forbidden" "$out" "(Forbidden)"
out=$(pod invalid 'evil_host.example.com/x' | k create -n airbyte -f - 2>&1)
has "an empty domain is refused" "$out" "is no image reference"

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
out=$(pod applied busybox:1 | k apply --server-side -n airbyte -f - 2>&1)
has "server-side apply" "$out" "serverside-applied"
out=$(pod applied busybox:1 | k apply --server-side -n airbyte -f - 2>&1)
has "server-side apply of the original image again" "$out" "serverside-applied"
is "it stays rewritten" "$(image_of pod/applied airbyte main)" ghcr.io/acme-data/busybox:1
out=$(pod x busybox:1 | jq -c 'del(.metadata.name) | .metadata.generateName = "gen-"' | k create -n airbyte -f - -o json | jq -r '.spec.containers[0].image')
is "generateName" "$out" ghcr.io/acme-data/busybox:1

say "updates"
k label pod before -n old seen=yes >/dev/null 2>&1 && pass || fail "a label of a pod from before"
is "its image is left alone" "$(image_of pod/before old main)" busybox:1
k delete pod bad -n old --wait=false >/dev/null 2>&1
k patch pod bad -n old --type=json -p '[{"op":"remove","path":"/metadata/finalizers"}]' >/dev/null 2>&1 && pass || fail "a finalizer of a refused image's pod"
until_true "the pod to go" 50 bash -c "! $kubectl --kubeconfig $work/kubeconfig get pod bad -n old"
k set image pod/before main=busybox:2 -n old >/dev/null 2>&1 && pass || fail "set image to a short name"
is "a new image is rewritten" "$(image_of pod/before old main)" ghcr.io/acme-data/busybox:2
out=$(k set image pod/before main=quay.io/evil/x:1 -n old 2>&1)
has "a new image that is not approved" "$out" "which is not approved"
k set image pod/before main=registry.corp.example:5000/data/x:1 -n old >/dev/null 2>&1 && pass || fail "set image to an approved one"

say "ephemeral containers"
k debug before -n old --image=busybox:dbg --target=main -c dbg1 >/dev/null 2>&1 && pass || fail "kubectl debug"
dbg=$(k get --raw /api/v1/namespaces/old/pods/before/ephemeralcontainers | jq -r '.ephemeralContainers[] | select(.name == "dbg1") | .image')
is "a debug container is rewritten" "$dbg" ghcr.io/acme-data/busybox:dbg
out=$(k debug before -n old --image=quay.io/evil/dbg -c dbg2 2>&1)
has "a debug container that is not approved" "$out" "which is not approved"
k debug before -n old --image=busybox:dbg --target=main -c dbg3 >/dev/null 2>&1 && pass || fail "a second debug container beside the first"

say "what is no image's business passes"
k get pod before -n old -o json | jq -c '.status.phase = "Running"' >"$work/status.json"
k replace --raw /api/v1/namespaces/old/pods/before/status -f "$work/status.json" >/dev/null 2>&1 && pass || fail "status"
printf '{"apiVersion":"v1","kind":"Binding","metadata":{"name":"applied"},"target":{"kind":"Node","name":"n1"}}' |
    k create --raw /api/v1/namespaces/airbyte/pods/applied/binding -f - >/dev/null 2>&1 && pass || fail "binding"
printf '{"apiVersion":"policy/v1beta1","kind":"Eviction","metadata":{"name":"applied"}}' |
    k create --raw /api/v1/namespaces/airbyte/pods/applied/eviction -f - >/dev/null 2>&1 && pass || fail "eviction"

say "workloads are judged by their templates and never rewritten"
template='{"metadata":{"labels":{"app":"w"}},"spec":{"restartPolicy":"RESTART","containers":[{"name":"main","image":"IMAGE"}]}}'
workload() { # KIND IMAGE NAME
    local t=${template/IMAGE/$2} spec
    case $1 in
    Job) t=${t/RESTART/Never} spec="{\"template\":$t}" api=batch/v1 ;;
    CronJob) t=${t/RESTART/Never} spec="{\"schedule\":\"0 0 * * *\",\"jobTemplate\":{\"spec\":{\"template\":$t}}}" api=batch/v1beta1 ;;
    *) t=${t/RESTART/Always} spec="{\"selector\":{\"matchLabels\":{\"app\":\"w\"}},\"template\":$t}" api=apps/v1 ;;
    esac
    [ "$1" = StatefulSet ] && spec=$(jq -c '.serviceName = "w"' <<<"$spec")
    printf '{"apiVersion":"%s","kind":"%s","metadata":{"name":"%s"},"spec":%s}\n' "$api" "$1" "$3" "$spec"
}
for kind in Deployment StatefulSet DaemonSet ReplicaSet Job CronJob; do
    out=$(workload $kind busybox:1 w1 | k create -n airbyte -f - -o json 2>&1)
    is "$kind keeps its short image" "$(jq -r '[.. | objects | select(.name? == "main") | .image] | first' <<<"$out" 2>/dev/null)" busybox:1
    out=$(workload $kind quay.io/evil/x:1 w2 | k create -n airbyte -f - 2>&1)
    has "$kind with an image that is not approved" "$out" "which is not approved"
done
k scale deployment w1 --replicas=2 -n airbyte >/dev/null 2>&1 && pass || fail "scale"

say "pull secrets of the ServiceAccount survive beside ours"
k create serviceaccount builder -n airbyte >/dev/null
k patch serviceaccount builder -n airbyte -p '{"imagePullSecrets":[{"name":"own"}]}' >/dev/null
pod sa busybox:1 ',"serviceAccountName":"builder"' | k create -n airbyte -f - >/dev/null 2>&1
is "both secrets" "$(secrets_of sa airbyte)" '["own","regcred"]'

say "a pod of 3 MB is no way round (kubectl and the API server write each < as six bytes)"
/usr/bin/python3 - "$work/big.json" <<'PY'
import json, sys
pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "big"},
       "spec": {"containers": [{"name": "main", "image": "quay.io/evil/x:1",
                                "env": [{"name": "A", "value": "<" * 480000}]}]}}
json.dump(pod, open(sys.argv[1], "w"))
PY
out=$(k create -n airbyte -f "$work/big.json" 2>&1 | cut -c1-2000)
has "a big pod is refused by its image" "$out" "which is not approved"

say "rules reloaded, certificate rotated with an overlapping CA, one of two replicas ended: under traffic"
start_pullgate pullgate2 "$work/policy.yaml" 0
traffic() { # COUNT NAME: creates pods one after the other; failures go to a file
    local i
    for i in $(seq "$1"); do
        pod "$2-$i" busybox:1 | k create -n airbyte -f - >/dev/null 2>>"$work/traffic.err" || echo "$2-$i" >>"$work/traffic.failed"
    done
}
: >"$work/traffic.failed"
traffic 25 t1 &
traffic_pid=$!
sed -i 's/ask data-platform/ask the new team/' "$work/policy.yaml"
until_true "the new rules" 100 bash -c "[ \$(grep -c rules_loaded $work/pullgate.log) -ge 2 ]"
"$POLICYCTL" certs rotate --dir "$work/tls" --new-ca --force >/dev/null || fail "certs rotate"
is "the bundle holds both CAs" "$(grep -c BEGIN "$work/tls/ca.crt")" 2
arm "$port" Fail
until_true "the new certificate" 100 bash -c "[ \$(grep -c certificate_loaded $work/pullgate.log) -ge 2 ]"
wait "$traffic_pid"
is "no request failed meanwhile" "$(cat "$work/traffic.failed" "$work/traffic.err" 2>/dev/null)" ""
is "all were rewritten" "$(k get pods -n airbyte -o json | jq -r '[.items[] | select(.metadata.name | startswith("t1-")) | .spec.containers[0].image] | unique | join(",")')" ghcr.io/acme-data/busybox:1
out=$(pod late quay.io/x/y:1 | k create -n airbyte -f - 2>&1)
has "the new rules hold" "$out" "ask the new team"

traffic 25 t2 &
traffic_pid=$!
webhook Mutating pullgate /mutate "$(port_of pullgate2)" Fail | k apply -f - >/dev/null
webhook Validating pullgate /validate "$(port_of pullgate2)" Fail | k apply -f - >/dev/null
until_true "the second replica to be asked" 200 test -s "$work/pullgate2.audit"
sleep_until_quiet() { # the first replica is asked no more: its audit lines stand still
    local before after i
    for i in $(seq 20); do
        before=$(wc -l <"$work/pullgate.audit")
        pod "quiet-$i" busybox:1 | k create -n airbyte -f - >/dev/null 2>&1
        after=$(wc -l <"$work/pullgate.audit")
        [ "$before" = "$after" ] && return 0
    done
    return 1
}
sleep_until_quiet || fail "the first replica is still asked"
end_process pullgate
wait "$traffic_pid"
is "no request failed when it ended" "$(cat "$work/traffic.failed")" ""

say "the webhook down: Fail refuses, Ignore admits"
end_process pullgate2
out=$(pod down busybox:1 | k create -n airbyte -f - 2>&1)
has "Fail" "$out" 'failed calling webhook "mutate.pullgate.example.com"'
webhook Mutating pullgate /mutate "$port" Ignore | k apply -f - >/dev/null
webhook Validating pullgate /validate "$port" Ignore | k apply -f - >/dev/null
ignored() { pod down busybox:1 | k create -n airbyte -f -; }
until_true "Ignore to be in force" 100 ignored
is "Ignore admits as it is" "$(image_of pod/down airbyte main)" busybox:1

say "the API server's audit log carries our annotations"
line=$(grep '"name":"replication-job-4711-attempt-0"' "$work/audit.log" | grep '"verb":"create"' | head -1)
is "verdict" "$(jq -r '.annotations["mutate.pullgate.example.com/verdict"]' <<<"$line")" allow
has "images" "$(jq -r '.annotations["mutate.pullgate.example.com/images"]' <<<"$line")" "source: airbyte/source-postgres:3.6.11 -> ghcr.io/acme-data/airbyte/source-postgres:3.6.11"
is "no annotation was refused" "$(grep -c 'Failed to set admission audit annotation' "$work/apiserver.log")" 0
finish
