#!/usr/bin/env bash
# The overlays: what kustomize makes of them is what tests/deploy/expected holds, and that fits together.
# shellcheck source-path=SCRIPTDIR source=../cli/lib.sh
. "$(dirname "$0")/../cli/lib.sh"
here=$tests/deploy top=$(cd "$tests/.." && pwd)
cd "$top" || exit 1
expected=(tests/deploy/expected/*.yaml)

same "an expected output for each overlay" "$(cd tests/deploy/expected && ls ./*.yaml)" \
    "$(cd deploy/kustomize/overlays && for o in *; do echo "./$o.yaml"; done | sort)"
same "an overlay for each component" "$(comm -23 <(ls deploy/kustomize/components) <(ls deploy/kustomize/overlays))" ""

same "components leave the image to overlays" "$(grep -l '^images:' deploy/kustomize/components/*/kustomization.yaml)" ""

mkdir "$work/built"
run "$here/build.sh" "$work/built"
same "every overlay is built" "$status$err" 0
kubectl=$(BUILD=$top/build "$tests/cluster/tools.sh" kubectl)
for file in "${expected[@]}"; do
    run python3 "$here/same.py" "$file" "$work/built/${file##*/}"
    same "${file##*/}: as expected" "$status$out$err" 0
done
# The image that an overlay names is the one, whatever components it has.
to_kustomize=$(realpath --relative-to="$work/images" deploy/kustomize)
mkdir "$work/images"
{
    printf 'resources: [%s/base]\ncomponents:\n' "$to_kustomize"
    for c in deploy/kustomize/components/*; do
        case ${c##*/} in self-managed | self-signed | monitoring | sync) ;; *) echo "  - $to_kustomize/components/${c##*/}" ;; esac
    done
    printf 'images:\n  - {name: ghcr.io/your-org/pullgate, newName: r.example/p, newTag: mine}\n'
} >"$work/images/kustomization.yaml"
run "$kubectl" kustomize "$work/images"
same "images: exit status" "$status$err" 0
same "images: the overlay's" "$(grep -o ' image: .*' <<<"$out")" " image: r.example/p:mine"
# Another namespace, for each of the components that say whose pods are asked about.
for name in airbyte astronomer; do
    mkdir "$work/$name"
    sed "s|^resources: .*|resources: [$to_kustomize/overlays/cert-manager]\ncomponents: [$to_kustomize/components/$name]|" \
        deploy/kustomize/overlays/namespace-cert-manager/kustomization.yaml >"$work/$name/kustomization.yaml"
    run "$kubectl" kustomize "$work/$name"
    same "$name in another namespace: exit status" "$status$err" 0
    cp "$work/out" "$work/$name.yaml"
    run python3 "$here/check.py" "$PULLGATE" "$work/$name.yaml"
    same "$name in another namespace: the objects fit together: $out$err" $status 0
    same "$name in another namespace: each webhook leaves it out" "$(grep -c '^ *- image-policy$' "$work/$name.yaml")" 3
done

run python3 "$here/check.py" "$PULLGATE" "${expected[@]}"
same "the objects fit together: $out$err" $status 0
matches "many checks were made" "$out" '[0-9]{4} checks, 0 failed'

# ---- the policies are those of policies/examples ---------------------------------------------
examples=$top/policies/examples
same_file "policy of the base" deploy/kustomize/base/policy.yaml "$examples/audit-only.yaml"
for name in airbyte astronomer; do
    same_file "policy of $name" "deploy/kustomize/components/$name/policy.yaml" "$examples/$name.yaml"
done

"$here/rules.sh" >"$work/rules.yaml"
same_file "the alerts (tests/deploy/bless.sh)" deploy/kustomize/components/monitoring/prometheusrule.yaml "$work/rules.yaml"
run python3 -c 'import sys, yaml
a, b = (yaml.safe_load(open(f)) for f in sys.argv[1:])
sys.exit(a["spec"] != b or not b["groups"])' "$work/rules.yaml" deploy/monitoring/prometheus-rules.yaml
same "the alerts are those of deploy/monitoring" "$status$err" 0

# ---- pullgate judges its own manifests ---------------------------------------------------------
cat >"$work/own.yaml" <<'POLICY'
apiVersion: pullgate/v1
kind: ImagePolicy
metadata: {name: own}
spec:
  approved: [ghcr.io/your-org/pullgate, ghcr.io/your-org/pullgate-sync, registry.corp.example/platform/pullgate]
  require: {tag: explicit}
POLICY
for file in "${expected[@]}"; do
    run "$POLICYCTL" test --summary -p "$work/own.yaml" "$file"
    same "${file##*/}: own images: $out$err" $status 0
    matches "${file##*/}: images seen" "$out" '[12] images?: '
done

# ---- the checks see what is wrong -----------------------------------------------------------------
break_it() { # WHAT SED_SCRIPT [FILE]
    local file=${3:-self-managed.yaml}
    sed -E "$2" "tests/deploy/expected/$file" >"$work/$file"
    cmp -s "tests/deploy/expected/$file" "$work/$file" && fail "$1: the script changes nothing"
    run python3 "$here/check.py" "$PULLGATE" "$work/$file"
    [ "$status" -ne 0 ] || fail "$1: not seen"
    checks=$((checks + 1))
}
break_it "another port of the Service" 's/targetPort: 9443/targetPort: 9444/'
break_it "another Secret" 's/secretName: pullgate-tls/secretName: pullgate-cert/'
for name in airbyte astronomer; do
    break_it "fewer namespaces than the policy of $name selects" \
        's/^( *)- key: kubernetes.io\/metadata.name$/\1- {key: kubernetes.io\/metadata.name, operator: In, values: [airbyte, astronomer]}\n&/' $name.yaml
done
break_it "another ConfigMap" '/configMap:/{n;s/pullgate-policy/other-policy/}' airbyte.yaml
break_it "another path of the probe" 's,path: /readyz,path: /ready,'
break_it "a misspelt option" 's/PULLGATE_TLS_NAME/PULLGATE_TLS_NAMES/'
break_it "too little time to end" 's/terminationGracePeriodSeconds: 35/terminationGracePeriodSeconds: 25/'
break_it "asked about itself" 's/^( +)- pullgate$/\1- other/'
break_it "asked about kube-system" 's/^( +)- kube-system$/\1- other/'
break_it "no ephemeral containers" 's,- pods/ephemeralcontainers,- pods/exec,'
break_it "a workload forgotten" '/- cronjobs/d'
break_it "fails closed at once" 's/failurePolicy: Ignore/failurePolicy: Fail/'
break_it "never armed" 's/failurePolicy: Fail/failurePolicy: Ignore/' armed.yaml
break_it "a side effect" 's/sideEffects: None/sideEffects: Some/'
break_it "a name of two segments" 's/mutate.pullgate.svc/mutate.pullgate/'
break_it "no place for a new pod" '/rollingUpdate:/,/type:/{s/maxUnavailable: 1/maxUnavailable: 0/; s/maxSurge: 0/maxSurge: 1/}' high-availability.yaml
break_it "a gap on updates" '/rollingUpdate:/,/type:/s/maxUnavailable: 0/maxUnavailable: 1/'
break_it "a budget of nothing" '/^kind: PodDisruptionBudget/,/maxUnavailable/s/maxUnavailable: 1/maxUnavailable: 0/'
break_it "a key that cannot be read" '/fsGroup: 65532/d'
break_it "less memory than the budget" 's/memory: 512Mi/memory: 256Mi/'
break_it "root" 's/runAsUser: 65532/runAsUser: 0/'
break_it "a writable root" 's/readOnlyRootFilesystem: true/readOnlyRootFilesystem: false/'
break_it "a token" 's/automountServiceAccountToken: false/automountServiceAccountToken: true/'
break_it "another CA" 's/^  ca.crt: .*/  ca.crt: b3RoZXIK/'
break_it "another name in the certificate" 's/pullgate.pullgate.svc/pullgate.svc/' cert-manager.yaml
break_it "another certificate injected" 's,inject-ca-from: pullgate/,inject-ca-from: other/,' cert-manager.yaml
break_it "another namespace" 's/namespace: image-policy/namespace: pullgate/' namespace.yaml
break_it "the certificate of another namespace" 's/pullgate\.image-policy\.svc/pullgate.pullgate.svc/' namespace-cert-manager.yaml
break_it "injected from another namespace" 's,inject-ca-from: image-policy/,inject-ca-from: pullgate/,' namespace-cert-manager.yaml
break_it "metrics shut in" "s/port: 8080$/port: 8081/" monitoring.yaml
break_it "the monitor asks another port" 's/port: metrics$/port: metric/' monitoring.yaml
break_it "replicas behind one address" 's/clusterIP: None/clusterIP: 10.0.0.9/' monitoring.yaml
break_it "rights without names" '/resourceNames:/,+1d' sync.yaml
break_it "more rights" 's/^  - delete$/  - "*"/' sync.yaml
break_it "a token for any pod" '/^kind: ServiceAccount/,$s/automountServiceAccountToken: false/automountServiceAccountToken: true/' sync.yaml
break_it "two that write" 's/^  replicas: 1$/  replicas: 2/' sync.yaml
break_it "rights of another account" '/^subjects:/,/^---/s/name: pullgate-sync/name: pullgate/' sync.yaml
break_it "a misspelt option of pullgate-sync" 's/PULLGATE_SYNC_POLICY/PULLGATE_SYNC_POLICIES/' sync.yaml
break_it "pods of pullgate-sync behind the webhook's Service" '/^  name: pullgate-sync/,$s/app.kubernetes.io\/name: pullgate-sync/app.kubernetes.io\/name: pullgate/' sync.yaml
break_it "the network policy of another" 's/^( +)app.kubernetes.io\/name: pullgate$/\1app.kubernetes.io\/name: other/'
finish
