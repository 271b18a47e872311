#!/usr/bin/env bash
# policyctl images --check against real registries, beside crane and skopeo: the registry of Debian (distribution 2.8),
# distribution 3.1 and crane's own; open, with htpasswd, with a token server, with TLS of `policyctl certs` and client
# certificates; through a proxy.
. "$(dirname "$0")/lib.sh"
crane=$(tool crane)
distribution=$(tool distribution)
declare -A program=([debian]=docker-registry [distribution]=$distribution)
export DOCKER_CONFIG=$work/docker
mkdir docker
user=alice password=wonderland
basic=$(printf '%s:%s' $user $password | base64)

# ---- certificates: the registries', and one of a client --------------------------------------------------

"$POLICYCTL" certs init --dir tls --service registry --namespace registry --dns 127.0.0.1 >/dev/null || fail "certs init"
openssl req -x509 -newkey rsa:2048 -nodes -keyout client.key -out client.crt -subj /CN=node -days 2 2>/dev/null
openssl req -x509 -newkey rsa:2048 -nodes -keyout token.key -out token.crt -subj /CN=tests -days 2 2>/dev/null
htpasswd_line $user $password >htpasswd
start_python token tokens token.key token.crt
token_host=localhost:$port # crane refuses an address that is not the registry's own

# ---- what the others say ---------------------------------------------------------------------------------

# IMAGE: the digest that crane finds, or the word for its error
crane_says() {
    local text
    if text=$("$crane" digest --insecure "$1" 2>&1); then
        echo "$text" | tail -n 1
    else
        verdict_of "$text"
    fi
}

skopeo_says() {
    local text
    if text=$(skopeo inspect --authfile auth.json --raw "${skopeo[@]}" "docker://$1" 2>skopeo.err); then
        # The raw bytes, as the shell keeps them: a manifest does not end in a line end here.
        printf 'sha256:%s\n' "$(printf '%s' "$text" | sha256sum | cut -d' ' -f1)"
    else
        verdict_of "$(cat skopeo.err)"
    fi
}

verdict_of() { # TEXT of an error of either
    case $1 in
    *MANIFEST_UNKNOWN* | *NAME_UNKNOWN* | *"manifest unknown"* | *"name unknown"* | *"404 Not Found"*) echo missing ;;
    *UNAUTHORIZED* | *unauthorized* | *DENIED* | *"401"* | *"403"* | *"authentication required"* | *"access to the resource is denied"*)
        echo "no access" ;;
    *) echo "other: $1" ;;
    esac
}

our_word() { # IMAGE OPTION...: the digest, or the word
    local image=$1 word
    shift
    check_images "$image" -- --platform linux/amd64 "$@"
    word=$(field status)
    [ "$word" != exists ] || word=$(field digest)
    echo "$word"
}

# NAME IMAGE [OPTION...]: all three say the same
agree() {
    local name=$1 image=$2 ours
    shift 2
    ours=$(our_word "$image" "$@")
    same "$name: $image: crane" "$ours" "$(crane_says "$image")"
    same "$name: $image: skopeo" "$ours" "$(skopeo_says "$image")"
}

log_in() { # HOST: crane and skopeo, and docker.json
    mkdir -p docker
    printf '{"auths":{"%s":{"auth":"%s"}}}' "$1" "$basic" | tee docker/config.json auth.json >docker.json
}
log_out() { echo '{}' | tee docker/config.json auth.json >docker.json; }

push_set() { # URL [OPTION...]: what each registry has; leaves $index and $single
    index=$(push "$1" team/app index --platforms linux/amd64,linux/arm64/v8 "${@:2}")
    single=$(push "$1" team/app single --single linux/amd64 "${@:2}")
    push "$1" team/deep/path/app docker --docker --platforms linux/amd64 "${@:2}" >/dev/null
    push "$1" public/app one "${@:2}" >/dev/null
}

# ---- open registries ---------------------------------------------------------------------------------------

skopeo=(--tls-verify=false)
log_out
open_registry() { # NAME: on 127.0.0.1:$port
    local host=127.0.0.1:$port
    push_set "http://$host"
    word_is "$1: index" "$host/team/app:index" exists
    word_is "$1: index, both platforms" "$host/team/app:index" exists --platform linux/amd64,linux/arm64
    same "$1: index, its digest" "$(field digest)" "$index"
    same "$1: index, its platforms" "$(field 'platforms | join(" ")')" "linux/amd64 linux/arm64/v8"
    word_is "$1: index, a platform it has not" "$host/team/app:index" exists --platform linux/amd64,linux/s390x
    same "$1: a platform it has not: which" "$status $(field 'lacking | join(" ")')" "1 linux/s390x"
    word_is "$1: a single image" "$host/team/app:single" exists --platform linux/amd64
    same "$1: a single image, platform of its configuration" "$(field 'platforms | join(" ")') $(field good)" "linux/amd64 true"
    word_is "$1: by digest" "$host/team/app@$single" exists
    same "$1: by digest, computed" "$(field digest)" "$single"
    word_is "$1: a tag that is not there" "$host/team/app:none" missing
    matches "$1: a tag that is not there: why" "$(field reason)" 'no such tag$'
    word_is "$1: no repository" "$host/team/none:1" missing
    matches "$1: no repository: why" "$(field reason)" 'no repository team/none$'
    word_is "$1: a digest that is not there" "$host/team/app@sha256:$(printf '%064d' 1)" missing
    for image in team/app:index team/app:single "team/app@$index" team/deep/path/app:docker team/app:none team/none:1; do
        agree "$1" "$host/$image"
    done
}
for name in debian distribution; do
    http='' start_distribution "${program[$name]}" "$name"
    open_registry "$name"
done
start crane '.*serving on port ([0-9]+).*|.*127\.0\.0\.1:([0-9]+).*' "$crane" registry serve --address 127.0.0.1:0
open_registry crane

# ---- htpasswd ----------------------------------------------------------------------------------------------

for name in debian distribution; do
    http='' start_distribution "${program[$name]}" "$name-htpasswd" "auth: {htpasswd: {realm: r, path: $work/htpasswd}}"
    host=127.0.0.1:$port
    push_set "http://$host" --user $user:$password
    log_in "$host"
    word_is "$name, htpasswd: right" "$host/team/app:index" exists --docker-config docker.json
    same "$name, htpasswd: which credential" "$(field credential)" "docker.json, key $host"
    holds_none "$name, htpasswd" $password "$basic"
    for image in team/app:index team/app:none; do
        agree "$name, htpasswd" "$host/$image" --docker-config docker.json
    done
    log_out
    word_is "$name, htpasswd: nobody" "$host/team/app:index" "no access"
    same "$name, htpasswd: nobody: no credential" "$(field credential)" ""
    agree "$name, htpasswd: nobody" "$host/team/app:index"
    printf '{"auths":{"%s":{"username":"%s","password":"looking-glass"}}}' "$host" $user | tee docker/config.json auth.json >docker.json
    word_is "$name, htpasswd: wrong" "$host/team/app:index" "no access" --docker-config docker.json
    same "$name, htpasswd: wrong: which credential" "$(field credential)" "docker.json, key $host"
    holds_none "$name, htpasswd: wrong" looking-glass
    agree "$name, htpasswd: wrong" "$host/team/app:index" --docker-config docker.json
done

# ---- a token server ----------------------------------------------------------------------------------------

for name in debian distribution; do
    http='' start_distribution "${program[$name]}" "$name-token" \
        "auth: {token: {realm: 'http://$token_host/token', service: tests, issuer: tests, rootcertbundle: $work/token.crt}}"
    host=127.0.0.1:$port
    log_in "$host"
    token=$(curl --silent --user $user:$password "http://$token_host/token?service=tests&scope=repository:team/app:pull,push&scope=repository:team/deep/path/app:pull,push&scope=repository:public/app:pull,push" | jq -r .token)
    push_set "http://$host" --token "$token"
    allowed=(--docker-config docker.json --token-host "$token_host")
    word_is "$name, token: right" "$host/team/app:index" exists "${allowed[@]}"
    holds_none "$name, token" $password "$basic" "${token:0:30}" Bearer
    word_is "$name, token: its server is another host" "$host/team/app:index" "cannot tell" --docker-config docker.json
    for image in team/app:index team/app:none team/deep/path/app:docker; do
        agree "$name, token" "$host/$image" "${allowed[@]}"
    done
    log_out
    word_is "$name, token: nobody, public" "$host/public/app:one" exists
    word_is "$name, token: nobody, private" "$host/team/app:index" "no access"
    for image in public/app:one public/app:none team/app:index; do
        agree "$name, token: nobody" "$host/$image"
    done
    printf '{"auths":{"%s":{"username":"%s","password":"jabberwock"}}}' "$host" $user | tee docker/config.json auth.json >docker.json
    word_is "$name, token: wrong" "$host/public/app:one" "no access" "${allowed[@]}"
    matches "$name, token: wrong: why" "$(field reason)" 'token server answers with HTTP status 401: incorrect username or password'
    agree "$name, token: wrong" "$host/team/app:index" "${allowed[@]}"
    printf '{"auths":{"%s":{"identitytoken":"looking-glass"}}}' "$host" >docker.json
    word_is "$name, token: by a refresh token" "$host/team/app:index" exists "${allowed[@]}"
    holds_none "$name, token: by a refresh token" looking-glass
    printf '{"auths":{"%s":{"identitytoken":"jabberwock"}}}' "$host" >docker.json
    word_is "$name, token: by a wrong refresh token" "$host/team/app:index" "no access" "${allowed[@]}"
done

# ---- TLS ---------------------------------------------------------------------------------------------------

log_out
for name in debian distribution; do
    http="  tls: {certificate: $work/tls/tls.crt, key: $work/tls/tls.key, clientcas: [$work/client.crt]}" \
        start_distribution "${program[$name]}" "$name-tls"
    host=127.0.0.1:$port
    client=(--client-cert client.crt --client-key client.key)
    word_is "$name, TLS: all that is needed" "$host/team/app:1" missing --ca tls/ca.crt "${client[@]}"
    word_is "$name, TLS: another CA" "$host/team/app:1" unreachable "${client[@]}"
    matches "$name, TLS: another CA: why" "$(field reason)" 'not trusted here; give --ca'
    word_is "$name, TLS: no client certificate" "$host/team/app:1" unreachable --ca tls/ca.crt
    word_is "$name, TLS: not by plain HTTP" "$host/team/app:1" "cannot tell" --plain-http "$host"
    mkdir -p certs.d
    cp tls/ca.crt certs.d/ca.crt && cp client.crt certs.d/client.cert && cp client.key certs.d/client.key
    skopeo=(--cert-dir "$work/certs.d")
    same "$name, TLS: skopeo" "$(skopeo_says "$host/team/app:1")" missing
done
check_images "$host/team/app:1" -- --ca open.yaml
matches "a CA that is none: why" "$status$err" '^2.*--ca'

# ---- through a proxy, to names that are not of this machine ------------------------------------------------

http='' start_distribution docker-registry behind
push "http://127.0.0.1:$port" team/app one >/dev/null
start_python proxy proxy "$port"
export http_proxy=http://127.0.0.1:$port
word_is "by a proxy" registry.test/team/app:one exists --plain-http registry.test
same "by a proxy: it was asked" "$(grep -c '^proxied http://registry.test/v2/team/app/manifests/one$' proxy.log)" 1
NO_PROXY=.test word_is "not by the proxy" registry.test/team/app:one unreachable --plain-http registry.test
word_is "a metadata service is not asked of a proxy" metadata.google.internal/x:1 unreachable --plain-http metadata.google.internal
word_is "nor by its address" 169.254.169.254/x:1 unreachable --plain-http 169.254.169.254
same "the proxy was not asked for it" "$(grep -cE 'metadata|169\.254' proxy.log)" 0
unset http_proxy

# ---- after rewriting, and against the source ------------------------------------------------------------------

http='' start_distribution docker-registry upstream
upstream=127.0.0.1:$port
http='' start_distribution "$distribution" mirror
mirror=127.0.0.1:$port
printf 'apiVersion: pullgate/v1\nkind: ImagePolicy\nmetadata: {name: m}\nspec: {mirrors: {"%s": "%s/hub"}}\n' "$upstream" "$mirror" >mirror.yaml
for tag in same moved gone; do push "http://$upstream" team/app $tag --platforms linux/amd64,linux/arm64 --salt $tag >/dev/null; done
push "http://$mirror" hub/team/app same --platforms linux/amd64,linux/arm64 --salt same >/dev/null
push "http://$mirror" hub/team/app moved --platforms linux/amd64 --salt older >/dev/null
rules=mirror.yaml
check_images "$upstream/team/app:"{same,moved,gone,nowhere}
same "after rewriting: words" "$(jq -r '.images[] | [.target, .check.status] | join(" ")' "$work/out")" \
    "$mirror/hub/team/app:gone missing
$mirror/hub/team/app:moved exists
$mirror/hub/team/app:nowhere missing
$mirror/hub/team/app:same exists"
check_images "$upstream/team/app:"{same,moved,gone,nowhere} -- --against-source
same "against the source" "$status $(jq -r '.images[] | (.source | sub(".*:"; "")) + " " + (.check.source | sub(":.*"; ""))' "$work/out" | tr '\n' ,)" \
    "1 gone exists,moved differs,nowhere missing,same same,"
run "$POLICYCTL" images -p mirror.yaml -o skopeo-copy --missing images.list
same "to be copied: what is missing" "$status $out" "1 skopeo copy --all docker://$upstream/team/app:gone docker://$mirror/hub/team/app:gone
skopeo copy --all docker://$upstream/team/app:nowhere docker://$mirror/hub/team/app:nowhere"
same "to be copied: nothing else to report" "$err" ""
grep -v nowhere images.list >some.list
run "$POLICYCTL" images -p mirror.yaml -o skopeo-copy --missing --against-source some.list
same "to be copied: what differs too" "$(grep -o '/team/app:[a-z]* ' <<<"$out" | tr -d '\n')" "/team/app:gone /team/app:moved "
sed 's/skopeo copy/& --src-tls-verify=false --dest-tls-verify=false/' <<<"$out" >copies.sh
run bash copies.sh
same "the copies are made$err" "$status" 0
run "$POLICYCTL" images -p mirror.yaml -o skopeo-copy --missing --against-source some.list
same "then nothing is to be copied" "$status$out$err" 0
run "$POLICYCTL" images -p mirror.yaml --check --against-source --platform linux/amd64,linux/arm64 some.list
same "and all is well" "$status $(awk '{print $3}' "$work/out" | tr '\n' ' ')" "0 CHECK exists exists exists "
run "$POLICYCTL" images -p mirror.yaml -o skopeo-sync --missing images.list
same "skopeo sync: what is missing" "$(grep -c '^      - ' "$work/out")" 1
finish
