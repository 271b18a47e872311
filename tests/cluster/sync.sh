#!/usr/bin/env bash
# pullgate-sync against a real API server: copies come, follow their source, and go; what is foreign stays; and after
# kill -9, a restart of the API server, a compaction of etcd and the loss of its rights all of that holds again.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
SYNC=${SYNC:?the program pullgate-sync}

mkdir "$work/policy"
cat >"$work/policy/policy.yaml" <<'POLICY'
apiVersion: pullgate/v1
kind: ImagePolicy
metadata: {name: sync}
spec:
  registry: harbor.corp.example/hub
  secrets:
    - {name: regcred, from: {namespace: platform, name: regcred}}
  rules:
    - {name: teams, match: {namespaces: ["team-*"]}, imagePullSecrets: [regcred]}
POLICY

# ---- what the tests ask --------------------------------------------------------------------------------------

# A pull secret with a password that is made here: the hash shows which one a copy has.
source_secret() { # NAME PASSWORD
    printf '{"auths":{"harbor.corp.example":{"username":"robot","password":"%s"}}}' "$2" >"$work/config.json"
    k create secret generic "$1" -n platform --type=kubernetes.io/dockerconfigjson \
        --from-file=.dockerconfigjson="$work/config.json" --dry-run=client -o yaml | k apply -f - >"$work/out" 2>&1 ||
        fail "the source: $(cat "$work/out")"
    rm -f "$work/config.json"
}
password_of() { # NAMESPACE [NAME]
    k get secret "${2:-regcred}" -n "$1" -o json 2>/dev/null |
        jq -r '.data[".dockerconfigjson"] // "" | @base64d | fromjson? | .auths["harbor.corp.example"].password'
}
has_password() { [ "$(password_of "$1" "${3:-regcred}")" = "$2" ]; }
all_have_password() { # PASSWORD NAMESPACE...
    local password=$1 namespace
    shift
    for namespace in "$@"; do has_password "$namespace" "$password" || return; done
}
is_gone() { ! k get secret "${2:-regcred}" -n "$1" >/dev/null 2>&1; }
new_password() { head -c 18 /dev/urandom | base64 | tr -d '+/=\n'; }

metric() { # NAME
    curl -sS "http://$listen/metrics" | awk -v name="$1" '$1 == name {print $2}'
}
is_settled() { [ "$(metric pullgate_sync_wanted)" = "$(metric 'pullgate_sync_copies{state="current"}')" ]; }
is_ready() { curl -sSf "http://$listen/readyz" >/dev/null 2>&1; }
is_reported() { [ "$(metric "pullgate_sync_copies{state=\"$1\"}")" = "$2" ]; }

start_sync() { # [FLAG...]
    : >"$work/sync.log"
    "$SYNC" --policy "$work/policy" --server "https://127.0.0.1:$api_port" --token-file "$work/token" \
        --certificate-authority "$work/ca.crt" --listen 127.0.0.1:0 --grace 3s "$@" 2>>"$work/sync.log" &
    pids[sync]=$!
    until_true "pullgate-sync to start" 100 has_line "$work/sync.log" '"event":"started"'
    listen=127.0.0.1:$(whole_lines "$work/sync.log" '"event":"started"' | jq -r .port)
}
end_sync() {
    end_process sync "$@"
    cat "$work/sync.log" >>"$work/all.log"
}

# The rights that are enough, down to names.
grant() { k apply -f "$work/rbac.yaml" >/dev/null || die "no rights"; }
take_away() { k delete clusterrolebinding,rolebinding -A -l app=pullgate-sync >/dev/null; }
cat >"$work/rbac.yaml" <<'RBAC'
apiVersion: v1
kind: List
items:
  - apiVersion: rbac.authorization.k8s.io/v1
    kind: ClusterRole
    metadata: {name: pullgate-sync}
    rules:
      - {apiGroups: [""], resources: [namespaces], verbs: [get, list, watch]}
      - {apiGroups: [""], resources: [secrets], resourceNames: [regcred, other], verbs: [get, list, watch, patch, delete]}
      - {apiGroups: [""], resources: [secrets], verbs: [create]}
  - apiVersion: rbac.authorization.k8s.io/v1
    kind: ClusterRoleBinding
    metadata: {name: pullgate-sync, labels: {app: pullgate-sync}}
    roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: pullgate-sync}
    subjects: [{kind: ServiceAccount, name: pullgate-sync, namespace: pullgate}]
  - apiVersion: rbac.authorization.k8s.io/v1
    kind: Role
    metadata: {name: pullgate-sync, namespace: platform}
    rules:
      - {apiGroups: [""], resources: [secrets], verbs: [get, list, watch]}
      - {apiGroups: [""], resources: [events], verbs: [create, patch]}
  - apiVersion: rbac.authorization.k8s.io/v1
    kind: RoleBinding
    metadata: {name: pullgate-sync, namespace: platform, labels: {app: pullgate-sync}}
    roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: pullgate-sync}
    subjects: [{kind: ServiceAccount, name: pullgate-sync, namespace: pullgate}]
RBAC

start_cluster
start_controllers
new_namespace pullgate platform team-a team-b elsewhere
k create serviceaccount pullgate-sync -n pullgate >/dev/null
grant
(umask 077 && k create token pullgate-sync -n pullgate --duration=1h >"$work/token")
first=$(new_password) second=$(new_password) third=$(new_password)
source_secret regcred "$first"

# ---- copies come, and follow -----------------------------------------------------------------------------------

say "copies"
start_sync
until_true "the copies" 100 all_have_password "$first" team-a team-b && pass
until_true "/readyz" 100 is_ready && pass
until_true "all copies to be current" 100 is_settled && pass
is_gone elsewhere && pass || fail "a copy in a namespace that no rule names"
is "the labels of a copy" "$(k get secret regcred -n team-a -o json | jq -r '.metadata.labels["app.kubernetes.io/managed-by"]')" pullgate
is "the type of a copy" "$(k get secret regcred -n team-a -o jsonpath='{.type}')" kubernetes.io/dockerconfigjson

begun=$(date +%s%N)
new_namespace team-new
until_true "the copy in a new namespace" 100 has_password team-new "$first" && pass
say "a new namespace and its ServiceAccount, then its copy seen after $((($(date +%s%N) - begun) / 1000000)) ms"

written=$(metric 'pullgate_sync_done_total{verb="apply"}')
source_secret regcred "$second"
until_true "the rotation" 100 all_have_password "$second" team-a team-b team-new && pass
until_true "all copies to be current" 100 is_settled && pass
is "a request for each copy that changes" "$(metric 'pullgate_sync_done_total{verb="apply"}')" $((written + 3))

k delete secret regcred -n team-a >/dev/null
until_true "a deleted copy to come back" 100 has_password team-a "$second" && pass
k patch secret regcred -n team-b --type=merge -p '{"data":{".dockerconfigjson":"e30="}}' >/dev/null
until_true "a changed copy to be mended" 100 has_password team-b "$second" && pass

k label namespace team-new x=y >/dev/null
until_true "all copies to be current" 100 is_settled && pass
written=$(metric 'pullgate_sync_done_total{verb="apply"}')
k annotate secret regcred -n platform irrelevant=1 >/dev/null
k label namespace team-new x=z --overwrite >/dev/null
new_namespace other-team
is "nothing is written when nothing changes" "$(metric 'pullgate_sync_done_total{verb="apply"}')" "$written"

# ---- what is foreign --------------------------------------------------------------------------------------------

say "a foreign Secret"
k create namespace team-foreign >/dev/null
end_sync
k delete secret regcred -n team-foreign --ignore-not-found >/dev/null
k create secret generic regcred -n team-foreign --from-literal=mine=1 >/dev/null
start_sync
until_true "the report" 100 is_reported foreign 1 && pass
is "the foreign Secret" "$(k get secret regcred -n team-foreign -o json | jq -c '[.data, .metadata.labels]')" '[{"mine":"MQ=="},null]'
k delete secret regcred -n team-foreign >/dev/null
until_true "a copy where it was" 100 has_password team-foreign "$second" && pass
until_true "the end of the report" 100 is_reported foreign 0 && pass

# ---- type and source that does not decode -----------------------------------------------------------------------

say "a source that does not decode"
printf '{"auths":' >"$work/config.json"
k create secret generic regcred -n platform --type=kubernetes.io/dockerconfigjson --from-literal=.dockerconfigjson='{"auths":{"a":1}}' \
    --dry-run=client -o yaml | k apply -f - >/dev/null
until_true "the report" 100 is_reported source-refused 1 && pass
has_password team-a "$second" && pass || fail "the copy of a source that does not decode any more"
until_true "an event" 100 eval 'k get events -n platform -o json | jq -e ".items[] | select(.reason == \"SourceRefused\")"' && pass
source_secret regcred "$third"
until_true "the rotation" 100 all_have_password "$third" team-a team-b team-new team-foreign && pass

# ---- terminating namespaces ---------------------------------------------------------------------------------------

say "namespaces that go"
k create configmap held -n team-new >/dev/null
k patch configmap held -n team-new --type=merge -p '{"metadata":{"finalizers":["test.example/hold"]}}' >/dev/null
k delete namespace team-new --wait=false >/dev/null
until_true "its copy to go" 100 is_gone team-new && pass
until_true "all others to be current" 100 is_settled && pass
k patch configmap held -n team-new --type=merge -p '{"metadata":{"finalizers":null}}' >/dev/null
until_true "the namespace to go" 300 eval '! k get namespace team-new'
is "errors" "$(curl -sS "http://$listen/metrics" | grep '^pullgate_sync_errors_total' | awk '{n += $2} END {print n}')" 0

# ---- kill -9 ------------------------------------------------------------------------------------------------------

say "kill -9 in the middle of a rotation"
for i in 1 2 3 4; do k create namespace "team-k$i" >/dev/null; done
for pause in 0 0.05 0.1 0.2; do
    password=$(new_password)
    source_secret regcred "$password"
    read -rt "$pause" <> <(:) || : # not a wait for anything: moments that differ
    end_sync KILL
    start_sync
    until_true "the rotation after kill -9" 200 all_have_password "$password" team-a team-b team-k1 team-k2 team-k3 team-k4 && pass
done

# ---- the API server restarts, etcd is compacted --------------------------------------------------------------------

say "the API server restarts"
restart_apiserver() {
    end_process apiserver
    start_apiserver
    until_true "the API server" 600 k get --raw /readyz
}
restart_apiserver
password=$(new_password)
source_secret regcred "$password"
until_true "the rotation after a restart" 600 all_have_password "$password" team-a team-b team-k1 && pass
until_true "/readyz" 600 is_ready && pass

# etcd's own door; revisions are numbers in quotes.
etcd_ask() { curl -sS "http://127.0.0.1:$etcd_port/v3/kv/$1" -d "$2"; }
compact() {
    local revision
    revision=$(etcd_ask range '{"key":"AA=="}' | jq -r .header.revision)
    etcd_ask compaction "{\"revision\":\"$revision\",\"physical\":true}" | jq -e .header >/dev/null || fail "no compaction"
}

say "changes, a compaction and a restart that its watches miss"
relists=$(metric pullgate_sync_relists_total)
has_relisted() { [ "$(metric pullgate_sync_relists_total)" -gt "$1" ]; }
kill -STOP "${pids[sync]}"
password=$(new_password)
source_secret regcred "$password"
k delete secret regcred -n team-b >/dev/null
compact
restart_apiserver
kill -CONT "${pids[sync]}"
until_true "the rotation after that" 600 all_have_password "$password" team-a team-b team-k1 && pass
until_true "a new list" 600 has_relisted "$relists" && pass

# ---- rights are taken away and given back --------------------------------------------------------------------------

say "rights taken away and given back"
take_away
restart_apiserver # its watches end with the server
until_true "/readyz to fail" 600 eval '! is_ready' && pass
until_true "/readyz to name the reason" 600 eval 'curl -sS "http://$listen/readyz" | grep -q Forbidden' && pass
password=$(new_password)
source_secret regcred "$password"
k delete secret regcred -n team-k2 >/dev/null
is "a copy that stays" "$(is_gone team-a && echo gone)" ""
grant
until_true "the rotation with rights" 900 all_have_password "$password" team-a team-b team-k1 team-k2 && pass
until_true "/readyz" 900 is_ready && pass

# ---- somebody else writes the same copies ---------------------------------------------------------------------------

say "another syncer"
break_copy() { # each time it has been mended
    if has_password team-b "$password"; then
        k patch secret regcred -n team-b --type=merge -p '{"data":{".dockerconfigjson":"e30="}}' >/dev/null
    fi
    is_reported contested 1
}
until_true "the copy to be left alone" 100 break_copy && pass
is "the copy that is left alone" "$(password_of team-b)" null
end_sync
start_sync
until_true "all copies after a new start" 100 all_have_password "$password" team-a team-b && pass

# ---- pruning -------------------------------------------------------------------------------------------------------

say "pruning"
sed -i 's/"team-\*"/team-a, team-b/' "$work/policy/policy.yaml"
for i in 1 2 3 4; do until_true "the copy of team-k$i to go" 200 is_gone "team-k$i" && pass; done
all_have_password "$password" team-a team-b && pass || fail "a copy that should stay"

k delete secret regcred -n platform >/dev/null
until_true "the report" 100 is_reported kept 2 && pass
until_true "the copy of a source that is gone" 200 is_gone team-a && pass
until_true "the other" 200 is_gone team-b && pass
is "the last copies" "$(k get secrets -A -l app.kubernetes.io/managed-by=pullgate -o name)" ""

# ---- annotations ---------------------------------------------------------------------------------------------------

say "annotations"
end_sync
start_sync --annotated platform
source_secret regcred "$first"
until_true "the copies of the rule" 100 all_have_password "$first" team-a team-b && pass
source_secret other "$third"
k annotate secret other -n platform pullgate.dev/sync-to='team-b,else*' >/dev/null
until_true "the copies of the annotation" 100 eval "has_password team-b $third other && has_password elsewhere $third other" && pass
is "elsewhere" "$(is_gone team-a other && echo gone)" gone
k annotate secret other -n platform pullgate.dev/sync-to=elsewhere --overwrite >/dev/null
until_true "the copy that is not asked for any more" 100 is_gone team-b other && pass
k annotate secret other -n platform pullgate.dev/sync-to- >/dev/null
until_true "the last of them" 200 is_gone elsewhere other && pass

# ---- the end -------------------------------------------------------------------------------------------------------

say "the end"
end_sync
is "the last line" "$(whole_lines "$work/sync.log" '"event":"ended"' | jq .leftInProgress)" 0
mv "$work/all.log" "$work/every.log"
for secret in "$first" "$second" "$third" "$password" "$(cut -d. -f3 "$work/token")"; do
    hasnt "the log" "$(cat "$work/every.log")" "$secret"
done
is "lines that are no JSON" "$(jq -c . "$work/every.log" 2>&1 >/dev/null)" ""
finish
