#!/usr/bin/env bash
# The chart on a live server, with the real helm: HELM is helm3 or helm4. What is refused, the check of the policy, changes
# of certificate.mode with a rollback (all 12 with helm4), and uninstalling, all while clients create pods under failurePolicy
# Fail: none fails, none is stored unjudged. cert-manager is played: it writes a Secret once, and caBundle where asked to.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$here/lib_traffic.sh"
: "${HELM:=helm4}"
chart=$top/deploy/helm/pullgate
helm_program=$(tool "$HELM")
export HELM_CACHE_HOME=$work/helm HELM_CONFIG_HOME=$work/helm HELM_DATA_HOME=$work/helm
unset KUBECONFIG

helm() { "$helm_program" --kubeconfig "$work/kubeconfig" -n pullgate "$@" >"$work/helm.out" 2>&1; }

# ---- the release ------------------------------------------------------------------------------------------

settled() { # two pods, ready, and no ending one
    [ "$(k get pods -n pullgate -l app.kubernetes.io/instance=pullgate -o json | jq -c '[.items[] | [.status.containerStatuses[]?.ready, .metadata.deletionTimestamp]]')" = '[[true,null],[true,null]]' ]
}
until_settled() {
    k -n pullgate rollout status deployment/pullgate --timeout=60s >"$work/out" 2>&1 || fail "$(cat "$work/out")"
    until_true "old pods to end" 300 settled
}
quick=() # options of each upgrade
up() { # [OPTION...]
    helm upgrade --install pullgate "$chart" -f "$work/values.yaml" "${quick[@]}" "$@"
}
goes() { # WHAT OPTION...
    local what=$1
    shift
    if up "$@"; then pass; else fail "$what: $(tail -3 "$work/helm.out")"; fi
}
refused() { # WHAT TEXT OPTION...
    local what=$1 text=$2
    shift 2
    if up "$@"; then fail "$what: went through"; else has "$what" "$(cat "$work/helm.out")" "$text"; fi
}
mounted() { k get pods -n pullgate -l app.kubernetes.io/instance=pullgate -o json | jq -r '[.items[].spec.volumes[] | select(.name == "tls" or .name == "ca") | .secret.secretName] | unique | join(" ")'; }
bundle() { k get mutatingwebhookconfiguration pullgate -o jsonpath='{.webhooks[0].clientConfig.caBundle}' | base64 -d; }
registrations() { k get mutatingwebhookconfiguration,validatingwebhookconfiguration -o name 2>/dev/null | grep -c /pullgate; }

say "starting etcd, kube-apiserver, controllers, nodes; $HELM $("$helm_program" version --short)"
"$POLICYCTL" certs init --dir "$work/tls" >/dev/null && "$POLICYCTL" certs init --dir "$work/issued" >/dev/null || die "no certificates"
cat >"$work/values.yaml" <<VALUES
image: {repository: registry.corp.example/platform/pullgate}
policies:
  policy.yaml: |
$(sed 's/^/    /' "$top/policies/examples/airbyte.yaml")
options: {drain-pause: 1s, drain-timeout: 5s}
helmTest: {wait: 5s}
certificate: {existing: {caBundle: $(base64 -w0 "$work/tls/ca.crt")}}
VALUES
start_cluster
start_controllers
start_nodes
k apply -f "$here/custom.yaml" >/dev/null || die "custom resources"
k wait --for=condition=Established crd/issuers.cert-manager.io crd/certificates.cert-manager.io --timeout=30s >/dev/null || die "no CRD"
new_namespace airbyte pullgate
k label namespace pullgate pod-security.kubernetes.io/enforce=restricted >/dev/null
k create secret tls pullgate-tls -n pullgate --cert "$work/tls/tls.crt" --key "$work/tls/tls.key" >/dev/null || die "the user's Secret"
users() { k get secret pullgate-tls -n pullgate -o jsonpath='{.metadata.uid} {.metadata.resourceVersion} {.metadata.annotations}'; }
users_secret=$(users)

say "what is refused"
refused "armed on the first install" "has no ready pod" --set armed=true
refused "a broken policy: file, line and column" 'policy.yaml:1:8: error: ' --set 'policies.policy\.yaml=spec: [' --timeout 60s
is "a broken policy: nothing is installed" "$(k get deployment -n pullgate -o name)" ""
helm uninstall pullgate
goes "the first install" --wait --timeout 90s
is "the check of the policy leaves nothing behind" "$(k get jobs,configmaps -n pullgate -o name | grep -c policy-check)" 0
until_settled
goes "armed" --set armed=true
until_true "the webhooks to be in force" 100 refused_probe

say "helm test" # of the last revision, also of one that was not deployed
tested() { helm test pullgate --timeout 120s; }
hooks_left() { k get pods,configmaps -n pullgate -o name | grep -c -- -test; }
tested && pass || fail "helm test: $(tail -5 "$work/helm.out")"
has "helm test: an image that is rewritten" "$(cat "$work/helm.out")" "rewritten  busybox:1 in namespace airbyte"
has "helm test: an image that is refused" "$(cat "$work/helm.out")" "refused    refused.example/busybox:1 in namespace airbyte"
has "helm test: answers" "$(cat "$work/helm.out")" "4 answers, all as the rule file has them"
is "helm test leaves nothing behind" "$(hooks_left)" 0
# The policy in force is another than that of the release.
k get configmap pullgate-policy -n pullgate -o json >"$work/policy.json"
sed 's/ghcr\.io\/acme-data/other.example\/data/g' "$work/policy.json" | k replace -f - >/dev/null || fail "another policy"
is_other() { k run x -n airbyte --image=busybox:1 --dry-run=server -o 'jsonpath={.spec.containers[0].image}' | grep -q other.example; }
until_true "the other policy" 300 is_other
tested && fail "helm test: another policy goes through" || pass
out=$(tr -d '\\' <"$work/helm.out") # helm 4 quotes what a pod prints
has "helm test: another policy" "$out" 'patch: found [{"op":"replace","path":"/spec/containers/0/image","value":"other.example/data/busybox:1"}'
has "helm test: where the two differ" "$(cat "$work/helm.out")" "4 of 4 answers are not those of the rule file"
jq 'del(.metadata.resourceVersion)' "$work/policy.json" | k replace -f - >/dev/null || fail "the policy of the release"
goes "after it" --set armed=true

say "what an upgrade refuses"
refused "a broken policy, on an upgrade" 'policy.yaml:1:8: error: ' --set armed=true --set 'policies.policy\.yaml=spec: [' --timeout 60s
is "a broken policy, on an upgrade: the old one is in force" "$(refused_probe >/dev/null 2>&1; echo $?)" 0
refused "another mode at once" "upgrade with certificate.prepare=existing" --set armed=true,certificate.mode=existing

# ---- changes of mode ---------------------------------------------------------------------------------------

issue() { # cert-manager writes its Secret
    k get secret pullgate-cert-manager -n pullgate >/dev/null 2>&1 ||
        k create secret generic pullgate-cert-manager -n pullgate --type=kubernetes.io/tls --from-file="$work/issued/ca.crt" \
            --from-file="$work/issued/tls.crt" --from-file="$work/issued/tls.key" >/dev/null || fail "the Secret of cert-manager"
}
inject() { # and caBundle, where the annotation asks for it
    local kind i
    for kind in mutating validating; do
        k get ${kind}webhookconfiguration pullgate -o jsonpath='{.metadata.annotations}' | grep -q inject-ca-from || continue
        for i in 0 1; do
            [ $kind$i = mutating1 ] || k patch ${kind}webhookconfiguration pullgate --field-manager=cert-manager-cainjector --type=json \
                -p "[{\"op\":\"add\",\"path\":\"/webhooks/$i/clientConfig/caBundle\",\"value\":\"$(base64 -w0 "$work/issued/ca.crt")\"}]" >/dev/null || fail "injection"
        done
    done
}
force=()
[ "$HELM" = helm3 ] || force=(--force-conflicts)
change() { # FROM TO
    local from=$1 to=$2 what="$1 to $2" prepare=(--set "armed=true,certificate.mode=$1,certificate.prepare=$2") secret
    say "$what"
    if [ "$from" = certManager ]; then
        [ "$HELM" = helm3 ] || refused "$what: cert-manager owns caBundle" 'conflict with "cert-manager-cainjector"' "${prepare[@]}"
        goes "$what, prepared" "${prepare[@]}" "${force[@]}"
    else
        [ "$to" != certManager ] || [ "$issued" ] || refused "$what at once" "cert-manager has not written Secret" --set "armed=true,certificate.mode=$to"
        goes "$what, prepared" "${prepare[@]}"
    fi
    if [ "$to" = certManager ]; then
        issue
        issued=yes
        goes "$what, prepared again" "${prepare[@]}"
    fi
    is "$what: both CAs are trusted" "$(bundle | grep -c BEGIN)" 2
    until_settled
    goes "$what" --set "armed=true,certificate.mode=$to,certificate.prepare=$from"
    until_settled
    secret=$(mounted)
    helm rollback pullgate || fail "$what: rollback: $(tail -2 "$work/helm.out")"
    until_settled
    [ "$(mounted)" != "$secret" ] && pass || fail "$what: the rollback changed nothing"
    goes "$what, again" --set "armed=true,certificate.mode=$to,certificate.prepare=$from"
    until_settled
    goes "$what, done" --set "armed=true,certificate.mode=$to"
    inject
    is "$what: one CA is trusted" "$(bundle | grep -c BEGIN)" 1
    more_traffic
}
issued=
quick=(--set policyCheck.enabled=false) # it was tried above, and takes seconds each time
start_traffic modes 0.2 # for minutes
from=selfSigned
# All twelve with one helm; with the other each mode, in and out: the templates are the same.
modes=(existing certManager generated selfSigned)
[ "$HELM" = helm3 ] || modes=(existing selfSigned certManager selfSigned generated existing certManager existing generated certManager generated selfSigned)
for to in "${modes[@]}"; do
    change $from "$to"
    from=$to
done
end_traffic
expect_none_failed
expect_all_rewritten

# ---- a new CA ------------------------------------------------------------------------------------------------

# As README.md of the chart has it. Certificates of the old CA stay in use until they are due, or until it is gone.
say "a new CA in mode selfSigned"
start_traffic ca
mkdir "$work/ca"
for name in ca.crt ca.key; do
    k -n pullgate get secret pullgate-ca -o json | jq -r --arg key $name '.data[$key] | @base64d' >"$work/ca/$name"
done
cp "$work/ca/ca.crt" "$work/old-ca.crt"
"$POLICYCTL" certs rotate --dir "$work/ca" --new-ca --service pullgate --namespace pullgate >/dev/null || fail "certs rotate --new-ca"
goes "the new CA is trusted" --set "armed=true,certificate.selfSigned.caBundle=$("$POLICYCTL" certs bundle --dir "$work/ca")"
is "a new CA: caBundle has both" "$(bundle | grep -c BEGIN)" 2
more_traffic
put_ca() { # the Secret
    k -n pullgate create secret generic pullgate-ca --from-file="$work/ca/ca.crt" --from-file="$work/ca/ca.key" --dry-run=client -o json |
        k -n pullgate patch secret pullgate-ca --patch-file=/dev/stdin >/dev/null || fail "the Secret of the CA"
}
all_have() { # PATTERN, in each pod's log
    local name
    for name in $(k get pods -n pullgate -l app.kubernetes.io/instance=pullgate -o jsonpath='{.items[*].metadata.name}'); do
        has_line "$work/node/logs/pullgate_${name}_pullgate" "$1" || return
    done
}
put_ca
until_true "all pods to have both CAs" 300 all_have '"event":"ca_loaded".*"cas":2'
k -n pullgate rollout restart deployment/pullgate >/dev/null
until_settled
more_traffic
# Some weeks later rotate takes the old one out of the folder.
openssl x509 -in "$work/ca/ca.crt" -out "$work/new-ca.crt" && cp "$work/new-ca.crt" "$work/ca/ca.crt"
openssl pkey -in "$work/ca/ca.key" -out "$work/new-ca.key" && cp "$work/new-ca.key" "$work/ca/ca.key"
new_ca=$(openssl x509 -in "$work/new-ca.crt" -noout -fingerprint -sha256 | sed 's/.*=//; s/://g' | tr A-F a-f)
put_ca
until_true "all pods to sign with the new CA" 300 all_have "\"event\":\"certificate_made\".*\"caSha256\":\"$new_ca\""
more_traffic
goes "the old CA is trusted no more" --set "armed=true,certificate.selfSigned.caBundle=$("$POLICYCTL" certs bundle --dir "$work/ca")"
is "a new CA: caBundle has it alone" "$(bundle | openssl x509 -noout -fingerprint) $(bundle | grep -c BEGIN)" "$(openssl x509 -in "$work/new-ca.crt" -noout -fingerprint) 1"
cmp -s "$work/old-ca.crt" "$work/new-ca.crt" && fail "a new CA: it is the old one" || pass
end_traffic
expect_none_failed
expect_all_rewritten
quick=()
is "the user's Secret is as it was" "$(users)" "$users_secret"

# ---- uninstall -----------------------------------------------------------------------------------------------

say "field conflicts"
k scale deployment/pullgate -n pullgate --replicas=3 >/dev/null
if [ "$HELM" = helm3 ]; then
    goes "after kubectl scale" --set armed=true
else
    refused "after kubectl scale" 'with subresource "scale"' --set armed=true
    goes "after kubectl scale, by force" --set armed=true --force-conflicts
fi
until_settled

say "uninstall"
kept=$(bundle)
start_traffic uninstall
helm uninstall pullgate --wait || fail "uninstall: $(cat "$work/helm.out")"
end_traffic
expect_none_failed
is "no registration stays behind" "$(registrations)" 0
is "Secrets that stay" "$(k get secrets -n pullgate -o name | tr '\n' ' ')" "secret/pullgate-ca secret/pullgate-cert-manager secret/pullgate-generated secret/pullgate-tls "
is "nothing else stays" "$(k get deployments,services,networkpolicies,poddisruptionbudgets,jobs -n pullgate -o name)" ""
is "the user's Secret is as it was, still" "$(users)" "$users_secret"
goes "a second install"
is "a second install has the CA of the first" "$(bundle)" "$kept"
tried "changes of the chart's certificate.mode"
finish
