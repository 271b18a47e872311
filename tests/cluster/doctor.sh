#!/usr/bin/env bash
# policyctl doctor on a live cluster: what kubectl reads of it, each finding mended by the command that it names, what
# the API server and its controllers write into events, and a user who may not read everything.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$(dirname "${BASH_SOURCE[0]}")/lib_guide.sh"

mkdir "$work/policy"
cat >"$work/policy/policy.yaml" <<'POLICY'
apiVersion: pullgate/v1
kind: ImagePolicy
metadata: {name: doctor}
spec:
  rules:
    - name: airbyte
      match: {namespaces: [airbyte, staging]}
      registry: ghcr.io/acme-data
      imagePullSecrets: [regcred]
      templates: ignore
POLICY
password=not-$RANDOM-known-$RANDOM
printf '{"auths":{"ghcr.io":{"username":"robot","password":"%s"}}}' "$password" >"$work/config.json"

# The codes and objects of one run, in $found; its exit status in $status.
doctor() { # [OPTION...]
    KUBECTL=$kubectl "$POLICYCTL" doctor -p "$work/policy" -o json "$@" >"$work/doctor.json" 2>"$work/doctor.err"
    status=$?
    found=$(jq -r '.findings[]? | "\(.code) \(.object)"' "$work/doctor.json")
    hasnt "no password" "$(cat "$work/doctor.json" "$work/doctor.err")" "$password"
}
live=(--cluster --context test --kubeconfig "$work/kubeconfig")
finds() { # CODE OBJECT
    doctor "${live[@]}"
    has "found: $1 $2" "$found" "$1 $2"
    is "exit status with $1" "$status" 1
}
gone() { # CODE OBJECT
    doctor "${live[@]}"
    hasnt "gone: $1 $2" "$found" "$1 $2"
}
# Runs the command of a finding, as a person would who has the file that it asks for.
mend() { # CODE OBJECT
    local command
    command=$(jq -r --arg c "$1" --arg o "$2" '[.findings[] | select(.code == $c and .object == $o)][0].mend' "$work/doctor.json")
    say "   $command"
    (
        kubectl() { k "$@"; }
        eval "${command//FILE/$work/config.json}"
    ) >"$work/mend" 2>&1 && pass || fail "the mend of $1: $command: $(cat "$work/mend")"
}

has_event() { # TEXT
    k get events -n airbyte -o json | grep -q -- "$1"
}

"$POLICYCTL" certs init --dir "$work/tls" >/dev/null || die "no certificates"
"$POLICYCTL" certs init --dir "$work/foreign" >/dev/null || die "no other certificates"
start_cluster
start_controllers
make_service
new_namespace airbyte staging platform
pod early airbyte/source-postgres:1 | k create -n airbyte -f - >/dev/null || die "no pod"

say "nothing is there yet"
finds PG301 MutatingWebhookConfiguration/pullgate
has "the secret that the rule gives" "$found" "PG101 Secret/airbyte/regcred"
has "in each namespace of the rule" "$found" "PG101 Secret/staging/regcred"
hasnt "and in no other" "$found" "PG101 Secret/platform"
has "where the rule has it" "$(jq -c '[.findings[] | select(.code == "PG101")][0].rule | [.name, .line]' "$work/doctor.json")" '["airbyte",9]'

say "secrets: created, copied, of another type"
mend PG101 Secret/airbyte/regcred
gone PG101 Secret/airbyte/regcred
mend PG101 Secret/staging/regcred
gone PG101 Secret/staging/regcred
is "the copy is of its type" "$(k get secret regcred -n staging -o jsonpath='{.type}')" kubernetes.io/dockerconfigjson
k delete secret regcred -n staging >/dev/null
k create secret generic regcred -n staging --from-file=.dockerconfigjson="$work/config.json" >/dev/null
finds PG102 Secret/staging/regcred
mend PG102 Secret/staging/regcred
gone PG102 Secret/staging/regcred
k delete secret regcred -n staging >/dev/null
printf '{"auths":{"ghcr.io":{"auth":"!%s"}}}' "$password" >"$work/broken.json"
k create secret docker-registry regcred -n staging --from-file=.dockerconfigjson="$work/broken.json" >/dev/null &&
    pass || fail "the API server takes an auth that is not base64"
finds PG104 Secret/staging/regcred
mend PG104 Secret/staging/regcred
gone PG104 Secret/staging/regcred

say "the webhook: registered, without its pod, with another CA"
start_pullgate pullgate "$work/policy"
arm Ignore
gone PG301 MutatingWebhookConfiguration/pullgate
has "Ignore is noted" "$found" "PG304 MutatingWebhookConfiguration/pullgate"
finds PG310 Pod/airbyte/early
mend PG310 Pod/airbyte/early
pod early airbyte/source-postgres:1 | k create -n airbyte -f - >/dev/null
gone PG310 Pod/airbyte/early
hasnt "nor has it escaped" "$found" "PG311"
arm Fail
gone PG304 MutatingWebhookConfiguration/pullgate
set_bundle() { # FOLDER
    k patch mutatingwebhookconfiguration pullgate --type=json -p "[{\"op\":\"replace\",\"path\":
        \"/webhooks/0/clientConfig/caBundle\",\"value\":\"$("$POLICYCTL" certs bundle --dir "$1")\"}]" >/dev/null
}
set_bundle "$work/foreign"
finds PG302 MutatingWebhookConfiguration/pullgate
doctor "${live[@]}" --tls-cert "$work/tls/tls.crt"
has "against a certificate that is given" "$found" "PG302 MutatingWebhookConfiguration/pullgate"

say "events, as the API server and its controllers write them"
k create deployment web -n airbyte --image=busybox:1 >/dev/null
until_true "the failed call" 300 has_event 'failed calling webhook'
finds PG314 ReplicaSet/airbyte/web-
set_bundle "$work/tls"
gone PG302 MutatingWebhookConfiguration/pullgate
k create deployment denied -n airbyte --image=quay.io/someone/x:1 >/dev/null
until_true "the refusal" 300 has_event 'denied the request'
finds PG410 ReplicaSet/airbyte/denied-

say "a pod that does not start"
k patch pod early -n airbyte --subresource=status -p '{"status":{"phase":"Pending","containerStatuses":[{"name":"main",
    "image":"ghcr.io/acme-data/airbyte/source-postgres:1","imageID":"","ready":false,"restartCount":0,"state":{"waiting":{
    "reason":"ErrImagePull","message":"failed to authorize: 403 Forbidden"}}}]}}' >/dev/null
finds PG401 Pod/airbyte/early
has "with the secret that was tried" "$(jq -r '.findings[] | select(.code == "PG401") | .message' "$work/doctor.json")" \
    'tried: key "ghcr.io" of regcred'

say "a dump says the same"
cluster=$(jq -Sc '[.findings[] | [.code, .object, .message]] | sort' "$work/doctor.json")
k get namespaces,secrets,serviceaccounts,pods,events,services,configmaps,deployments,statefulsets,daemonsets,cronjobs,mutatingwebhookconfigurations,validatingwebhookconfigurations \
    -A -o json >"$work/dump.json"
doctor "$work/dump.json"
is "one List" "$(jq -Sc '[.findings[] | [.code, .object, .message]] | sort' "$work/doctor.json")" "$cluster"
doctor - <"$work/dump.json"
is "on standard input" "$(jq -Sc '[.findings[] | [.code, .object, .message]] | sort' "$work/doctor.json")" "$cluster"

say "a user who may read pods and events of one namespace"
make_cert reader /CN=reader extendedKeyUsage=clientAuth
write_kubeconfig reader
k create role reader -n airbyte --verb=get,list --resource=pods,events >/dev/null
k create rolebinding reader -n airbyte --role=reader --user=reader >/dev/null
until_true "the role" 100 "$kubectl" --kubeconfig "$work/reader.kubeconfig" get pods -n airbyte
doctor --cluster --kubeconfig "$work/reader.kubeconfig" -n airbyte -v
is "exit status" "$status" 1
has "secrets are refused" "$found" "PG901 Resource/airbyte/secrets"
has "webhooks are refused" "$found" "PG901 Resource/airbyte/mutatingwebhookconfigurations"
hasnt "what is not read is not missing" "$found" "PG101"
hasnt "nor unregistered" "$found" "PG301"
has "the rest goes on" "$found" "PG401 Pod/airbyte/early"
has "-v: the commands" "$(cat "$work/doctor.err")" "$kubectl --kubeconfig $work/reader.kubeconfig get secrets --namespace airbyte"
doctor --cluster --kubeconfig "$work/reader.kubeconfig"
has "of all namespaces pods too" "$found" "PG901 Resource/pods"

say "section 14 of deploy/README.md"
k delete secret regcred -n airbyte >/dev/null
mkdir -p "$work/bin" "$work/tree/build"
ln -s "$kubectl" "$work/bin/kubectl"
ln -s "$top/deploy" "$top/policies" "$work/tree"
(
    cd "$work/tree" || exit 2
    export KUBECONFIG=$work/kubeconfig PATH=$work/bin:$PATH
    section "## 14. Images are not pulled"
    "$top/tests/readme/commands.sh" --here "$(dirname "$POLICYCTL")" "$work/section.md"
) >"$work/commands" 2>&1 && pass || fail "the commands of section 14: $(cat "$work/commands")"

say "no cluster"
sed "s/:$api_port/:1/" "$work/kubeconfig" >"$work/closed.kubeconfig"
doctor --cluster --kubeconfig "$work/closed.kubeconfig"
is "exit status" "$status" 2
has "what kubectl says" "$(cat "$work/doctor.err")" "connection refused"
doctor --cluster --kubeconfig "$work/kubeconfig" --context nowhere
is "a context that is not there: exit status" "$status" 2
has "a context that is not there" "$(cat "$work/doctor.err")" 'context was not found for specified context: nowhere'
tried "policyctl doctor"
finish
