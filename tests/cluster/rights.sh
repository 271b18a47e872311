#!/usr/bin/env bash
# The rights that policyctl render sync prints, as the API server decides: enough for the names, and for no more. And
# policyctl sync over what kubectl prints of a cluster, before and after the copies are there.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
start_cluster
cd "$work" || exit 1

cat >rules.yaml <<'END'
apiVersion: pullgate/v1
kind: ImagePolicy
spec:
  registry: harbor.corp.example/hub
  imagePullSecrets: [regcred]
  rules:
    - {name: teams, match: {namespaces: ["team-*"]}}
  secrets:
    - {name: regcred, from: {namespace: platform, name: source}}
END
new_namespace pullgate platform team-a team-b other
k create secret generic source -n platform --type=kubernetes.io/dockerconfigjson --from-literal=.dockerconfigjson='{"auths": {}}'
k create secret generic private -n platform --from-literal=a=b

# ---- rights ----------------------------------------------------------------------------------------------------

image=(--image registry.corp.example/pullgate-sync:1 -p rules.yaml)
"$POLICYCTL" render sync "${image[@]}" >narrow.yaml || die "nothing is rendered"
k apply -f narrow.yaml >out 2>&1 || fail "the API server takes every object: $(cat out)"
is "objects" "$(grep -c -e created -e configured out)" 7

may() { # VERB RESOURCE[/NAME] [WORD...]
    k auth can-i "$@" --as system:serviceaccount:pullgate:pullgate-sync 2>/dev/null
}
every() { # EXPECTED NAMESPACE NAME VERB...
    local expected=$1 namespace=$2 name=$3 verb
    shift 3
    for verb; do is "$verb $namespace/$name" "$(may "$verb" "secrets/$name" -n "$namespace")" "$expected"; done
}
# By name, list and watch are allowed to a request that selects the name; kubectl asks for such a one.
listed() { # NAMESPACE NAME
    k get secrets -n "$1" --field-selector "metadata.name=$2" -o name --as system:serviceaccount:pullgate:pullgate-sync 2>&1
}
every yes team-a regcred get list watch patch delete
every yes other regcred get list watch patch delete
every yes platform source get list watch
every no platform source patch delete update
every no platform private get list watch patch delete
every no team-a other get list watch patch delete
is "create" "$(may create secrets -n team-a)" yes
is "all Secrets" "$(may list secrets -A) $(may get secrets -n platform) $(may deletecollection secrets -n team-a)" "no no no"
is "namespaces" "$(may watch namespaces) $(may delete namespaces)" "yes no"
is "events of sources alone" "$(may create events -n platform) $(may create events -n team-a)" "yes no"
is "pods" "$(may list pods -A)" no
is "a list of the source" "$(listed platform source)" secret/source
has "a list of another" "$(listed platform private)" Forbidden

"$POLICYCTL" render sync "${image[@]}" --annotated platform --name harbor | k apply -f - >out 2>&1 || fail "annotated: $(cat out)"
every yes platform private get list watch
every no platform private patch delete
every yes team-a harbor get list watch patch delete
every no team-a private get list watch

"$POLICYCTL" render sync "${image[@]}" --wide | k apply -f - >out 2>&1 || fail "wide: $(cat out)"
every yes team-a private get list watch patch delete
is "wide: all Secrets" "$(may list secrets -A)" yes

# ---- a plan ------------------------------------------------------------------------------------------------------

plan() { k get secrets,namespaces -A -o json --show-managed-fields | "$POLICYCTL" sync --dry-run -p rules.yaml -; }
plan >out
is "without copies: exit status" $? 1
is "without copies" "$(cat out)" "apply team-a/regcred: there is no copy yet of platform/source (rules.yaml:9)
apply team-b/regcred: there is no copy yet of platform/source (rules.yaml:9)
2 actions; 0 of 2 copies are current"

# What a plan applies: type, data, marks.
sha() { sha256sum | cut -d ' ' -f 1; }
data=$(k get secret source -n platform -o jsonpath='{.data.\.dockerconfigjson}')
content=$({ printf kubernetes.io/dockerconfigjson | sha | tr -d '\n'; printf '.dockerconfigjson\0'; printf %s "$data" | sha | tr -d '\n'; } | sha)
copy() { # NAMESPACE
    jq -n --arg ns "$1" --arg data "$data" --arg content "$content" \
        --arg mark "$(printf 'pullgate\0platform\0source\0%s\0regcred\0' "$1" | sha | cut -c1-32)" '{apiVersion: "v1", kind: "Secret",
        metadata: {name: "regcred", namespace: $ns, labels: {"app.kubernetes.io/managed-by": "pullgate", "pullgate.dev/copy": $mark,
            "pullgate.dev/source-namespace": "platform", "pullgate.dev/source-name": "source"},
            annotations: {"pullgate.dev/source": "platform/source", "pullgate.dev/content-sha256": $content}},
        type: "kubernetes.io/dockerconfigjson", data: {".dockerconfigjson": $data}}' |
        k apply --server-side --field-manager pullgate-sync -f - >/dev/null || die "no copy"
}
copy team-a
copy team-b
is "with copies" "$(plan) $?" "nothing to do: 2 of 2 copies are current 0"
k patch secret regcred -n team-a --type merge -p '{"data": {"mine": "eA=="}}' >/dev/null
is "a key of somebody else" "$(plan) $?" "nothing to do: 2 of 2 copies are current 0"
k delete secret regcred -n team-b >/dev/null
k create secret generic regcred -n team-b --from-literal=a=b >/dev/null
copy other
is "a foreign one, and one too many" "$(plan)" "delete other/regcred: nothing requests a copy here of platform/source
report team-b/regcred: another Secret has this name, written by kubectl-create; it is left alone, and copied to once it is gone
2 actions; 1 of 2 copies are current"
finish
