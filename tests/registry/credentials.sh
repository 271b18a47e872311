#!/usr/bin/env bash
# policyctl images --check --secrets: each image is asked for with the credentials that the kubelet would use.
. "$(dirname "$0")/lib.sh"
distribution=$(tool distribution)
{
    htpasswd_line alice wonderland
    htpasswd_line bob builder
} >htpasswd
http='' start_distribution "$distribution" locked "auth: {htpasswd: {realm: r, path: $work/htpasswd}}"
host=127.0.0.1:$port
for repository in team/app hub/library/nginx; do push "http://$host" $repository 1 --user alice:wonderland >/dev/null; done

# secret NAMESPACE NAME KEY USER PASSWORD [KEY USER PASSWORD...]: a Secret, as kubectl prints it
secret() {
    local namespace=$1 name=$2 entries='{}'
    shift 2
    while (($# > 0)); do
        entries=$(jq -c --arg k "$1" --arg u "$2" --arg p "$3" '.[$k] = {username: $u, password: $p}' <<<"$entries")
        shift 3
    done
    jq -n -c --arg ns "$namespace" --arg name "$name" --argjson auths "$entries" \
        '{apiVersion: "v1", kind: "Secret", metadata: {namespace: $ns, name: $name}, type: "kubernetes.io/dockerconfigjson",
          data: {".dockerconfigjson": ({auths: $auths} | tojson | @base64)}}'
}

dump() { # OBJECT...: dump.json, a List
    printf '%s\n' "$@" | jq -s '{apiVersion: "v1", kind: "List", items: .}' >dump.json
}

pod() { # NAMESPACE IMAGE [SECRET...]
    jq -n -c --arg ns "$1" --arg image "$2" '{apiVersion: "v1", kind: "Pod", metadata: {name: "a", namespace: $ns},
        spec: {imagePullSecrets: [$ARGS.positional[] | {name: .}], containers: [{name: "a", image: $image}]}}' --args "${@:3}" |
        jq -c 'if .spec.imagePullSecrets == [] then del(.spec.imagePullSecrets) else . end'
}

ask() { # MANIFEST... [-- OPTION...]: objects, one each
    : >pods.json
    while (($# > 0)) && [ "$1" != -- ]; do
        printf '%s\n' "$1" >>pods.json
        shift
    done
    (($# == 0)) || shift
    run "$POLICYCTL" images -p "${rules:-open.yaml}" --check -o json --secrets dump.json "$@" pods.json
    holds_none "${last:-}" wonderland builder swordfish "$(printf 'alice:wonderland' | base64)"
}

is() { # NAME STATUS CREDENTIAL
    last=$1
    same "$1: $(field reason)$err" "$(field status)" "$2"
    same "$1: credential" "$(field credential)" "$3"
}

dump "$(secret team good $host alice wonderland)" "$(secret team wrong $host alice swordfish)" \
    "$(secret team both $host alice swordfish $host/team bob builder)" "$(secret team elsewhere other.example alice wonderland)" \
    "$(secret team port 127.0.0.1 alice wonderland)" "$(secret other good $host alice wonderland)" \
    '{"apiVersion":"v1","kind":"Secret","metadata":{"namespace":"team","name":"broken"},"type":"kubernetes.io/dockerconfigjson","data":{".dockerconfigjson":"e30gYQ=="}}' \
    "$(secret team opaque $host alice wonderland | jq -c '.type = "Opaque"')" \
    '{"apiVersion":"v1","kind":"ServiceAccount","metadata":{"namespace":"team","name":"default"},"imagePullSecrets":[{"name":"good"}]}'
app=$host/team/app:1

ask "$(pod team $app good)"
is "the pod's own secret" exists "Secret team/good, key $host"
ask "$(pod team $app wrong)"
is "a wrong password" "no access" "Secret team/wrong, key $host"
ask "$(pod team $app wrong good)"
is "the second one of two" exists "Secret team/good, key $host"
ask "$(pod team $app both)"
is "the longer key is first" exists "Secret team/both, key $host/team"
ask "$(pod team $app elsewhere)"
is "no key covers it: anonymous" "no access" ""
ask "$(pod team $app port)"
is "a key without the port does not cover it" "no access" ""
ask "$(pod team $app opaque)"
is "a secret of another type is none" "no access" ""
ask "$(pod team $app absent)"
is "a secret that is not there" "no access" ""
matches "a secret that is not there: which" "$(field reason)" 'not in the dump: team/absent$'
ask "$(pod team $app good broken)"
is "a secret that does not decode" "no access" ""
matches "a secret that does not decode: which" "$(field reason)" '^Secret team/broken cannot be decoded'
ask "$(pod team $app)"
is "the secrets of the ServiceAccount" exists "Secret team/good, key $host"
ask "$(pod other $app)"
is "not those of another namespace" "no access" ""
ask "$(pod other $app good)"
is "a secret of the pod's namespace" exists "Secret other/good, key $host"
ask "$(pod team $app wrong)"
is "its own list hides that of the ServiceAccount" "no access" "Secret team/wrong, key $host"

# Two pods of one image, and each with its own secrets: two rows.
ask "$(pod team $app good)" "$(pod other $app)"
same "two pods, two rows" "$(jq -r '.images[].check.status' "$work/out" | tr '\n' ,)" "no access,exists,"

# What the policy adds, where the policy sends it.
printf 'apiVersion: pullgate/v1\nkind: ImagePolicy\nmetadata: {name: m}\nspec: {mirrors: {docker.io: "%s/hub"}, imagePullSecrets: [{name: good, for: "%s"}]}\n' \
    "$host" "$host" >mirror.yaml
rules=mirror.yaml
ask "$(pod other nginx:1)"
is "the secret that the policy adds" exists "Secret other/good, key $host"
same "the image that the node pulls" "$(jq -r '.images[0].target' "$work/out")" "$host/hub/library/nginx:1"
ask '{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d","namespace":"other"},"spec":{"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"nginx:1"}]}}}}'
is "a pod of a template gets it too" exists "Secret other/good, key $host"
echo nginx:1 >names.list
run "$POLICYCTL" images -p mirror.yaml --check --secrets dump.json -n other -o json names.list
is "a name in a list" exists "Secret other/good, key $host"

# docker's config.json: for sources alone where there is a dump.
printf '{"auths":{"%s":{"username":"bob","password":"builder"}},"credsStore":"pass"}' "$host" >docker.json
rules=open.yaml
check_images "$app" -- --docker-config docker.json
is "docker's config.json" exists "docker.json, key $host"
matches "its helpers are not run" "$err" 'docker.json: credHelpers and credsStore are programs, which are not run'
ask "$(pod team $app wrong)" -- --docker-config docker.json
is "with a dump it is not for what nodes pull" "no access" "Secret team/wrong, key $host"

# Input that cannot be read.
printf '{"auths":{"%s":{"auth":"!"}}}' "$host" >docker.json
check_images "$app" -- --docker-config docker.json
matches "auth that is not base64" "$status $err" '^2 policyctl: docker.json: auth: expected base64 of user:password$'
echo '[' >docker.json
check_images "$app" -- --docker-config docker.json
matches "no JSON" "$status $err" '^2 policyctl: docker.json:.*found no JSON'
echo 'a: [' >dump.json
run "$POLICYCTL" images -p open.yaml --check --secrets dump.json images.list
matches "a dump that cannot be read" "$status $err" '^2 .*--secrets: a part of dump.json cannot be read'
run "$POLICYCTL" images -p open.yaml --check --secrets none.json images.list
matches "no dump" "$status $err" '^2 .*none.json'

# Options that do not fit.
usage() { # NAME EXPECTED OPTION...
    local name=$1 expected=$2
    shift 2
    run "$POLICYCTL" images -p open.yaml "$@" images.list
    matches "$name" "$status $err" "^2 policyctl: $expected"
}
usage "--platform without --check" '--platform needs --check' --platform linux/amd64
usage "--secrets without --check" '--secrets needs --check' --secrets dump.json
usage "--missing in a table" '--missing needs -o skopeo-copy' --missing
usage "no platform" '--platform: found "linux", expected OS/ARCH' --check --platform linux
usage "an empty platform" '--platform: found ' --check --platform ''
usage "a certificate without its key" '--client-cert and --client-key need each other' --check --client-cert a
finish
