#!/usr/bin/env bash
# Section 10 of deploy/README.md: each of its situations is made, and then its commands print what they show and lead
# out of it, to an armed webhook that answers.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$(dirname "${BASH_SOURCE[0]}")/lib_guide.sh"

# way_out HEADING [COMMAND...]: from what was made, and is not there any more afterwards. The command comes after the
# first block, for what a user waits for there.
way_out() {
    local heading=$1 first
    shift
    say "$heading"
    section "### $heading"
    first=$(grep -n '^```$' "$work/section.md" | head -1 | cut -d: -f1)
    head -n "$first" "$work/section.md" >"$work/first.md"
    tail -n "+$((first + 1))" "$work/section.md" >"$work/rest.md"
    commands "$heading" "$work/first.md"
    "$@"
    ! grep -q '^[$] ' "$work/rest.md" || commands "$heading, later" "$work/rest.md"
    ended+=("$heading")
}
ended=()

applied() {
    "$POLICYCTL" render --image registry.corp.example/platform/pullgate:0.1.0 --certs build/tls \
        --policy policies/examples/airbyte.yaml --failure-policy Fail | k apply -f - >/dev/null
}
answered() { k run trial -n airbyte --image=busybox:1.35 --dry-run=server; }
down() {
    k -n pullgate scale deployment/pullgate --replicas=0 >/dev/null
    until_gone -l app.kubernetes.io/name=pullgate
}
end_pods() { # those that run: their successors load what is there
    local old
    old=$(k -n pullgate get pods -o jsonpath='{.items[*].metadata.name}')
    # shellcheck disable=SC2086  # a list
    k -n pullgate delete pod $old --wait=false >/dev/null && until_gone $old
}

stuck() { [ "$(k get pods -n batch -o json | jq '[.items[] | select(.metadata.deletionTimestamp and .status.phase == "Failed")] | length')" = 1 ]; }

in_use() { # the certificate of build/tls, whatever it is
    k create secret tls pullgate-tls -n pullgate --cert build/tls/tls.crt --key build/tls/tls.key --dry-run=client -o json |
        k replace -f - >/dev/null || die "the Secret"
}

# policyctl makes no such certificate.
expire() {
    mkdir -p "$work/past" && : >"$work/past/index"
    printf '%s\n' '[ca]' 'default_ca = past' '[past]' "database = $work/past/index" "new_certs_dir = $work/past" \
        'default_md = sha256' 'rand_serial = yes' 'unique_subject = no' 'policy = any' '[any]' 'commonName = optional' \
        '[leaf]' 'basicConstraints = CA:false' 'extendedKeyUsage = serverAuth' \
        'subjectAltName = DNS:pullgate.pullgate.svc' >"$work/past/conf"
    openssl req -new -key build/tls/tls.key -subj /CN=pullgate.pullgate.svc -out "$work/past/csr" &&
        openssl ca -batch -config "$work/past/conf" -keyfile build/tls/ca.key -cert build/tls/ca.crt -notext \
            -extensions leaf -startdate 20240101000000Z -enddate 20250101000000Z -in "$work/past/csr" \
            -out build/tls/tls.crt 2>"$work/past/err" || die "no certificate of the past: $(cat "$work/past/err")"
}

start_guide
section "## 2. Install in five minutes"
k create namespace batch >/dev/null
k create namespace shop >/dev/null
commands "installed and armed" "$work/section.md"

down
way_out "Let pods through at once" k -n pullgate scale deployment/pullgate --replicas=2

way_out "Everybody is locked out"

down
way_out "The webhook is down"

# A pod of a Job that no node takes keeps its finalizer until the Job's controller removes it.
until_true "the ServiceAccount of batch" 100 k get serviceaccount default -n batch
k cordon node-1 node-2 node-3 >/dev/null
printf '%s' '{"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"report"},"spec":{"template":{"spec":{
    "terminationGracePeriodSeconds":1,"restartPolicy":"Never","containers":[{"name":"report","image":"busybox:1.35"}]}}}}' |
    k create -n batch -f - >/dev/null
until_true "the Job's pod" 100 k wait --for=create pod -l job-name=report -n batch --timeout=10s
down
k delete namespace batch --wait=false >/dev/null
k uncordon node-1 node-2 node-3 >/dev/null
until_true "the namespace to be stuck" 600 stuck
way_out "A namespace stays in Terminating"

expire
in_use
end_pods
way_out "The certificate has expired"

"$POLICYCTL" certs init --force --dir build/tls >/dev/null
in_use
end_pods # connections that stand are not verified again
way_out "The caBundle is that of another CA"

sed 's/^  registry:/  regsitry:/' policies/examples/airbyte.yaml |
    jq -Rs '{data: {"policy.yaml": .}}' | k patch configmap pullgate-policy -n pullgate --patch-file /dev/stdin >/dev/null
end_pods
way_out "The policy is broken"

k delete mutatingwebhookconfiguration,validatingwebhookconfiguration pullgate >/dev/null
k create deployment web -n airbyte --image=quay.io/someone/web:1 >/dev/null
k -n airbyte rollout status deployment/web --timeout=60s >/dev/null || die "web"
applied
until_true "the webhook to be in force" 200 refused_probe
k -n airbyte delete pod -l app=web --wait=false >/dev/null
way_out "Pods are refused by the policy"

is "sections with commands" "${ended[*]}" "$(sed -n '/^## 10\. /,/^## 11\. /s/^### //p' deploy/README.md | paste -sd' ')"
tried "the ways out of section 10"
finish
