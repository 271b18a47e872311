#!/usr/bin/env bash
# policyctl secrets: which namespace needs which secret for which hosts, and the objects that it prints.
# Passwords are made up here, and none may show up where it does not belong.
. "$(dirname "$0")/lib.sh"
cd "$work" || exit 1

secrets=("$POLICYCTL" secrets -p rules.yaml)
word=p$RANDOM$RANDOM$RANDOM # the password
auth() { # USER
    printf '%s:%s' "$1" "$word" | base64 -w0
}
config_of() { # NAMESPACE NAME: the config.json of a Secret in $work/out
    jq -r --arg n "$1" --arg s "$2" '.items[] | select(.metadata.namespace == $n and .metadata.name == $s)
        | .data[".dockerconfigjson"] | @base64d' out
}
keys_of() {
    config_of "$@" | jq -c '.auths | keys'
}
given() { # TEXT COMMAND...: with the text as standard input
    local text=$1
    shift
    printf '%s' "$text" | "$@"
}
mistake() { # NAME REGEX ARGUMENT...
    local name=$1 regex=$2
    shift 2
    run "${secrets[@]}" "$@"
    same "$name: exit status" "$status" 2
    same "$name: standard output" "$out" ""
    matches "$name" "$err" "$regex"
}

cat >rules.yaml <<'END'
apiVersion: pullgate/v1
kind: ImagePolicy
metadata: {name: t}
spec:
  registry: ghcr.io/acme
  rules:
    - name: jobs
      match: {namespaces: [airbyte], podLabels: {matchLabels: {job: "yes"}}}
      imagePullSecrets: [jobcred]
    - name: airbyte
      match: {namespaces: [airbyte, "airbyte-*"]}
      mirrors: {docker.io: harbor.corp/hub}
      imagePullSecrets: [regcred, {name: harbor-cred, for: harbor.corp}]
    - name: seen
      match: {namespaces: [lab]}
      mode: audit
      imagePullSecrets: [labcred]
    - name: all
      approved: [quay.io, docker.io]
      imagePullSecrets: [regcred]
END
cat >pods.yaml <<'END'
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: web}
spec:
  template:
    spec:
      containers:
        - {name: a, image: "nginx:1"}
        - {name: b, image: "quay.io/tools/b:2"}
---
apiVersion: v1
kind: Pod
metadata: {name: own, namespace: airbyte}
spec:
  imagePullSecrets: [{name: mine}, {name: ""}]
  containers:
    - {name: a, image: "airbyte/worker:1"}
    - {name: b, image: "docker.io/airbyte/worker:1"}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: night}
spec: {jobTemplate: {spec: {template: {spec: {containers: [{name: a, image: redis}]}}}}}
END
cat >namespaces.yaml <<'END'
{apiVersion: v1, kind: List, items: [
  {apiVersion: v1, kind: Namespace, metadata: {name: airbyte-dev}}, {apiVersion: v1, kind: Namespace, metadata: {name: idle}},
  {apiVersion: v1, kind: Namespace, metadata: {name: lab}}, {apiVersion: v1, kind: Namespace, metadata: {name: kube-system}}]}
END

# ---- needs -----------------------------------------------------------------------------------

run "${secrets[@]}"
same "rules alone" "$status $err
$out" "0 
NAMESPACE  SECRET       HOSTS
*          regcred      ghcr.io/acme
airbyte    harbor-cred  harbor.corp
airbyte    jobcred      ghcr.io/acme
airbyte    regcred      ghcr.io/acme
airbyte-*  harbor-cred  harbor.corp
airbyte-*  regcred      ghcr.io/acme"
run "${secrets[@]}" -n night pods.yaml namespaces.yaml
same "with manifests" "$status $err
$out" "0 
NAMESPACE    SECRET       HOSTS
airbyte      harbor-cred  harbor.corp
airbyte      jobcred      ghcr.io/acme
airbyte      mine         ghcr.io/acme
airbyte      regcred      ghcr.io/acme
airbyte-dev  harbor-cred  harbor.corp
airbyte-dev  regcred      ghcr.io/acme
idle         regcred      ghcr.io/acme
night        regcred      ghcr.io/acme
web          regcred      ghcr.io/acme,quay.io"
run "${secrets[@]}" -n night -o json pods.yaml
same "JSON: exit status" "$status" 0
same "JSON: of a rule and of an image" "$(jq -c '.secrets[] | select(.namespace == "airbyte" and .name == "harbor-cred")' out)" \
    '{"namespace":"airbyte","glob":false,"name":"harbor-cred","hosts":["harbor.corp"],"because":[{"file":"rules.yaml","line":13},{"repository":"harbor.corp/hub/airbyte/worker","file":"pods.yaml","line":11}]}'
same "JSON: globs are marked" "$(jq -c '[.secrets[] | select(.glob).namespace] | unique' out)" '["airbyte-*"]'
run "${secrets[@]}" -n night pods.yaml
cp out first
run given "$(cat pods.yaml)" "${secrets[@]}" -n night -
same_file "from standard input" out first
printf 'apiVersion: v1\nkind: Pod\nmetadata: {name: bad, namespace: web}\nspec: {containers: [{name: a, image: evil.io/x}]}\n' >bad.yaml
run "${secrets[@]}" bad.yaml
same "a denied pod: exit status" "$status" 1
same "a denied pod needs nothing" "$err $(grep -c evil out)" "bad.yaml:1: Pod bad is denied and pulls nothing: its secrets are left out 0"
run "${secrets[@]}" nowhere.yaml
same "input that is not there" "$status" 2

# ---- Secrets ---------------------------------------------------------------------------------

cat >config.json <<END
{"auths": {"https://index.docker.io/v1/": {"auth": "$(auth hub)"}, "harbor.corp": {"username": "h", "password": "$word"},
  "ghcr.io/acme/": {"auth": "$(auth gh)", "email": "a@b"}, "ghcr.io/other": {"auth": "$(auth other)"},
  "quay.io": {"auth": "$(auth q)"}, "example.com": {"identitytoken": "$word"}}}
END
run "${secrets[@]}" -n night pods.yaml namespaces.yaml --from config.json -o json
same "Secrets: exit status" "$status $err" "0 "
check "Secrets: a List of the right type" jq -e '.kind == "List" and (.items | length) == 9 and all(.items[];
    .apiVersion == "v1" and .kind == "Secret" and .type == "kubernetes.io/dockerconfigjson" and (.data | keys) == [".dockerconfigjson"])' out >/dev/null
same "Secrets: only what covers its images" "$(keys_of web regcred)" '["ghcr.io/acme/","quay.io"]'
same "Secrets: for" "$(keys_of airbyte harbor-cred)" '["harbor.corp"]'
same "Secrets: as the kubelet reads it" "$(config_of airbyte harbor-cred)" "{\"auths\":{\"harbor.corp\":{\"auth\":\"$(auth h)\"}}}"
run "${secrets[@]}" -n night pods.yaml namespaces.yaml --from config.json
check "Secrets: no password in the clear" bash -c '! grep -q "$1" out' - "$word"
cp out once.yaml
run "${secrets[@]}" -n night namespaces.yaml pods.yaml --from config.json
same_file "Secrets: the order of files changes nothing" out once.yaml
same "Secrets: documents" "$(grep -c '^---$' once.yaml) $(grep -c '^kind: Secret$' once.yaml)" "8 9"

# Secrets are a source themselves, in any of their forms, and give the same again.
run "${secrets[@]}" -n night pods.yaml namespaces.yaml --from once.yaml
same_file "from Secrets in YAML" out once.yaml
{ echo 'apiVersion: v1'; echo 'kind: List'; echo 'items:'; sed '/^---$/d; s/^apiVersion/- &/; s/^[^-]/  &/' once.yaml; } >list.yaml
run "${secrets[@]}" -n night pods.yaml namespaces.yaml --from list.yaml
same_file "from a List" out once.yaml
jq -c .auths config.json >old.dockercfg
run "${secrets[@]}" -n night pods.yaml namespaces.yaml --from old.dockercfg
same_file "from an old .dockercfg" out once.yaml
printf 'apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ntype: kubernetes.io/dockercfg\nstringData:\n  .dockercfg: %s\n' \
    "'$(cat old.dockercfg)'" >string.yaml
run "${secrets[@]}" -n night pods.yaml namespaces.yaml --from string.yaml
same_file "from stringData of type dockercfg" out once.yaml
run given "$(cat config.json)" "${secrets[@]}" -n night pods.yaml namespaces.yaml --from -
same_file "from standard input" out once.yaml

# Docker Hub, and what is not covered.
printf 'apiVersion: pullgate/v1\nkind: ImagePolicy\nmetadata: {name: hub}\nspec: {approved: [docker.io, gcr.io], imagePullSecrets: [c]}\n' >hub.rules.yaml
printf 'apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: hub}\nspec: {containers: [{name: a, image: nginx}, {name: b, image: gcr.io/x}]}\n' >hub.yaml
run "$POLICYCTL" secrets -p hub.rules.yaml --from config.json -o json hub.yaml
same "Docker Hub has docker login's key" "$(keys_of hub c)" '["https://index.docker.io/v1/"]'
same "no credential: exit status" "$status" 1
same "no credential" "$err" "policyctl: config.json has no credential for gcr.io/x, which the secret c of namespace hub serves (hub.yaml:1)"
run "${secrets[@]}" --from config.json
same "globs are left out: exit status" "$status" 4
matches "globs are left out" "$err" 'policyctl: the secret regcred is left out for namespace \* \(rules.yaml:[0-9]+\): give the namespaces, as kubectl get namespaces -o yaml prints them'
same "globs are left out: the others are there" "$(grep -c '^kind: Secret$' out)" 3

# Names that YAML could read as something else come back.
printf 'apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: "123"}\nspec: {imagePullSecrets: [{name: "true"}], containers: [{name: a, image: nginx}]}\n' >odd.yaml
run "$POLICYCTL" secrets -p hub.rules.yaml --from config.json odd.yaml
cp out odd.out
run "$POLICYCTL" parse x # any run: only to show that out is another
check "odd names stay strings" python3 - odd.out <<'END'
import sys, yaml
docs = list(yaml.safe_load_all(open(sys.argv[1])))
assert [(d["metadata"]["namespace"], d["metadata"]["name"]) for d in docs] == [("123", "c"), ("123", "true")], docs
END

# ---- a password on standard input --------------------------------------------------------------

for end in '' $'\n' $'\r\n'; do
    run given "$word$end" "${secrets[@]}" -n night pods.yaml -o json --username robot --password-stdin --registry ghcr.io \
        --registry harbor.corp/hub
    same "password, and ${#end} bytes of line end" "$(config_of airbyte harbor-cred)" \
        "{\"auths\":{\"harbor.corp/hub\":{\"auth\":\"$(auth robot)\"}}}"
done
matches "password: what it does not cover" "$err" 'policyctl: <stdin> has no credential for quay.io/tools/b'
run given "$word" "$POLICYCTL" secrets -p hub.rules.yaml -o json --username robot --password-stdin --registry docker.io hub.yaml
same "password: Docker Hub" "$(keys_of hub c)" '["https://index.docker.io/v1/"]'
run "${secrets[@]}" pods.yaml --username robot --password-stdin --registry ghcr.io
same "no password" "$status $out $err" "2  policyctl: the password on standard input is empty"
mistake "--username alone" 'policyctl: --username needs --password-stdin' --username a
mistake "no registry" 'policyctl: --username needs --registry' --username a --password-stdin
mistake "no user" 'policyctl: --password-stdin needs --username' --password-stdin
mistake "registry of nobody" 'policyctl: --registry needs --username' --registry ghcr.io
mistake "an empty user" 'policyctl: --username is empty' --username '' --password-stdin --registry a.io
mistake "a user with a colon" 'policyctl: --username contains a colon' --username a:b --password-stdin --registry a.io
mistake "two sources" 'policyctl: --from and --username exclude each other' --from config.json --username a
mistake "standard input twice" 'policyctl: standard input cannot hold manifests and --from' --from - -
mistake "standard input twice" 'policyctl: standard input cannot hold manifests and a password' --username a --password-stdin \
    --registry a.io -
mistake "-o table of objects" 'policyctl: -o table shows needs' -o table --from config.json
mistake "-o yaml of needs" 'policyctl: -o yaml prints objects' -o yaml
mistake "no rule file" 'policyctl: .*nowhere' -p nowhere

# ---- sources that are none -----------------------------------------------------------------------

refused() { # NAME REGEX: source.json is refused, and nothing of it is shown
    mistake "$1" "$2" --from source.json pods.yaml
    check "$1: no password" bash -c '! grep -rqF "$1" out err' - "$word"
}
mistake "a source that is not there" 'policyctl: cannot open nowhere.json' --from nowhere.json
printf '{"auths": {"a:%s@ghcr.io": {"auth": "%s"}}}' "$word" "$(printf '%s' "$word" | base64 -w0)" >source.json
refused "auth without a colon" '^policyctl: source.json: \.dockerconfigjson:1:[0-9]+: "\*\*\*@ghcr.io": auth has no colon after decoding'
printf '{"auths": {"ghcr.io": {"auth": "%s-"}}}' "$word" >source.json
refused "auth that is not base64" '"ghcr.io": auth is not base64: its byte [0-9]+ of [0-9]+$'
printf '{"auths": {"ghcr.io": {"password": "%s",}}}' "$word" >source.json
refused "no JSON" 'not JSON: a key in double quotes was expected$'
printf '{"auths": {}, "credsStore": "desktop"}' >source.json
refused "only helpers" 'policyctl: source.json: only credential helpers, which the kubelet cannot ask'
printf '{"auths": {"ghcr.io": {"identitytoken": "%s"}}}' "$word" >source.json
refused "only a token" 'policyctl: source.json: only an identity token, which the kubelet ignores'
printf '{}' >source.json
refused "nothing" 'policyctl: source.json: no credential$'
printf 'kind: Secret\ntype: Opaque\nstringData: {.dockerconfigjson: %s}' "$word" >source.json
refused "a Secret of another type" 'policyctl: source.json: no Secret of type kubernetes.io/dockerconfigjson'
printf 'kind: Secret\ntype: kubernetes.io/dockerconfigjson\ndata: {.dockerconfigjson: "?%s"}' "$word" >source.json
refused "a Secret that is not base64" 'policyctl: source.json: data "\.dockerconfigjson" of a Secret is not base64: its byte 0'
printf 'kind: ConfigMap\ndata: {a: %s}' "$word" >source.json
refused "no Secret" 'policyctl: source.json: no credential$'
printf 'kind: Secret\ndata: [\n' >source.json
refused "no YAML" 'policyctl: source.json'

# ---- ExternalSecrets, kubeseal -----------------------------------------------------------------

run "${secrets[@]}" -n night pods.yaml --external-secrets vault -o json
same "ExternalSecrets: exit status" "$status" 4
same "ExternalSecrets: one" "$(jq -c '.items[] | select(.metadata.namespace == "web")' out)" \
    '{"apiVersion":"external-secrets.io/v1","kind":"ExternalSecret","metadata":{"name":"regcred","namespace":"web"},"spec":{"refreshInterval":"1h0m0s","secretStoreRef":{"kind":"ClusterSecretStore","name":"vault"},"target":{"name":"regcred","creationPolicy":"Owner","template":{"type":"kubernetes.io/dockerconfigjson","data":{".dockerconfigjson":"{{ .config | toString }}"}}},"data":[{"secretKey":"config","remoteRef":{"key":"regcred"}}]}}'
run "${secrets[@]}" -n night pods.yaml --external-secrets SecretStore/here --remote-key pull/all
same "ExternalSecrets: the store" "$(sed -n '/secretStoreRef/{n;p;n;p}' out | sort -u | xargs)" "kind: SecretStore name: here"
same "ExternalSecrets: the key" "$(grep -c '      key: pull/all$' out)" "$(grep -c '^kind: ExternalSecret$' out)"
mistake "--remote-key alone" 'policyctl: --remote-key needs --external-secrets' --remote-key a
mistake "a store and credentials" 'policyctl: --external-secrets takes no credentials' --external-secrets a --from config.json

mkdir "it's"
cp pods.yaml "it's/pods.yaml"
run "${secrets[@]}" -n night --from config.json --sealed "it's/pods.yaml"
same "kubeseal: the command" "$status $out" "0 policyctl secrets -p rules.yaml -n night --from config.json -- 'it'\''s/pods.yaml' | kubeseal --format yaml >sealed-secrets.yaml"
mkdir bin
ln -s "$POLICYCTL" bin/policyctl
printf '#!/bin/sh\ncat\n' >bin/kubeseal
chmod +x bin/kubeseal
PATH=$work/bin:$PATH bash -o pipefail -c "$out" 2>/dev/null
"${secrets[@]}" -n night pods.yaml --from config.json >unsealed.yaml 2>/dev/null
same_file "kubeseal: the command is the one that prints Secrets" sealed-secrets.yaml unsealed.yaml
mistake "--sealed alone" 'policyctl: --sealed needs --from or --username' --sealed

finish
