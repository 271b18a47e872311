#!/usr/bin/env bash
# policyctl images --check and a registry that is hostile: what it says, and that it gets neither time, nor memory, nor
# a credential that is not its own.
. "$(dirname "$0")/lib.sh"
start_python thief thief
thief=$port
start_python hostile hostile "$thief"
host=127.0.0.1:$port
auth=$(printf 'mallory:swordfish' | base64)
printf '{"auths":{"%s":{"auth":"%s"}}}' "$host" "$auth" >docker.json
login=(--docker-config docker.json)

reason_is() { # NAME REGEX
    matches "$1" "$(field reason)" "$2"
}

word_is "a good one" "$host/good:1" exists
same "good: HEAD, no digest" "$(field digest)" ""

# ---- bodies and headers ---------------------------------------------------------------------------

word_is "an endless body" "$host/endless:1" "cannot tell" --platform linux/amd64
reason_is "an endless body: why" 'too large$'
word_is "endless headers" "$host/headers:1" "cannot tell"
reason_is "endless headers: why" 'too large$'
word_is "a gzip bomb is bytes" "$host/bomb:1" "cannot tell" --platform linux/amd64
reason_is "a gzip bomb: why" 'found no JSON'
word_is "a page of a login" "$host/html:1" "cannot tell" --platform linux/amd64
word_is "deep JSON" "$host/deep:1" "cannot tell" --platform linux/amd64
word_is "manifest and index in one" "$host/both:1" "cannot tell" --platform linux/amd64
word_is "a body that is cut off" "$host/cut:1" unreachable --platform linux/amd64
word_is "no HTTP" "$host/garbage:1" unreachable
word_is "no answer" "$host/silent:1" unreachable
word_is "a byte now and then" "$host/slow:1" unreachable --timeout 1s --platform linux/amd64
reason_is "a byte now and then: why" 'no answer in time'

# ---- digests --------------------------------------------------------------------------------------

word_is "other bytes than the digest's" "$host/digest@sha256:$(printf '%064d' 7)" "cannot tell"
reason_is "other bytes: why" 'other bytes: their digest is sha256:'

# ---- redirects, realms ----------------------------------------------------------------------------

word_is "a loop of redirects" "$host/loop:1" "cannot tell"
reason_is "a loop: why" 'more than 10 redirects'
word_is "a redirect to a metadata service" "$host/redirect-meta:1" "cannot tell"
word_is "a redirect to a file" "$host/redirect-file:1" "cannot tell"
word_is "a realm of a metadata service" "$host/metadata:1" "cannot tell"
word_is "a redirect to another host" "$host/redirect:1" exists "${login[@]}"
same "a redirect to another host is followed" "$(grep -c '^request /v2/redirect' thief.log)" 1
word_is "a realm of another host" "$host/foreign:1" "cannot tell" "${login[@]}"
matches "a realm of another host: why" "$(field reason)" "give --token-host if that is right: http://127.0.0.1:$thief/token\$"
same "a realm of another host is not asked" "$(grep -c '^request /token' thief.log)" 0
word_is "a realm with a user" "$host/user:1" "cannot tell" "${login[@]}"
printf '{"auths":{"%s":{"identitytoken":"swordfish"}}}' "$host" >token.json
word_is "a realm of another host, with a refresh token" "$host/foreign:1" "cannot tell" --docker-config token.json
word_is "an anonymous token of another host" "$host/foreign:1" "no access"
same "an anonymous token of another host is taken" "$(grep -c '^request /token' thief.log)" 1
word_is "a token that ends the header" "$host/inject:1" "cannot tell" "${login[@]}"
word_is "tokens that never help" "$host/forever:1" "no access" "${login[@]}"
same "nothing was stolen" "$(grep '^stolen' thief.log)" ""
word_is "a token host that is allowed gets the credential" "$host/foreign:1" "no access" "${login[@]}" --token-host "127.0.0.1:$thief"
same "and it alone" "$(grep '^stolen' thief.log | sort -u)" "stolen Basic $auth"
check_images "$host/"{good,redirect,foreign,inject,forever,metadata}:1 -- "${login[@]}"
holds_none "-v" swordfish "$auth" 'Bearer t'

# ---- patience -------------------------------------------------------------------------------------

word_is "Retry-After" "$host/retry:1" exists
same "Retry-After: it is asked twice" "$(grep -c 'http:.*/retry/' "$work/err")" 2
word_is "down" "$host/down:1" "cannot tell"
same "down: it is asked four times" "$(grep -c 'http:.*/down/' "$work/err")" 4
word_is "a rate limit of hours" "$host/limit:1" "cannot tell"
same "a rate limit of hours: it is asked once" "$(grep -c 'http:.*/limit/' "$work/err")" 1
same "a rate limit: what it is" "$(field rateLimit)" "100 in 21600 s, 0 left"
reason_is "a rate limit: why" '429 \(rate limit\); Retry-After: 21600 s$'
check_images "$host/warns:1"
run "$POLICYCTL" images -p open.yaml --check images.list
matches "a warning is shown, escaped" "$out" 'exists; warning: 299 - "to be \\x1b\[31mswitched off"'

# ---- addresses ------------------------------------------------------------------------------------

word_is "a metadata service as registry" 169.254.169.254/x:1 unreachable
reason_is "a metadata service: why" 'is not asked'
word_is "the same by its name" metadata.google.internal/x:1 unreachable
word_is "nobody listens" 127.0.0.1:1/x:1 unreachable
reason_is "nobody listens: why" 'Connection refused'
word_is "no such host" no-such-host.invalid/x:1 unreachable
reason_is "no such host: why" 'the host is not found'
for i in $(seq 20); do echo "no-such-host.invalid/x:$i"; done >many.list
run "$POLICYCTL" images -p open.yaml --check -v --connections 1 -o json many.list
same "a dead host is not asked for each image" "$(grep -c invalid "$work/err")" 3
same "and each is unreachable" "$(jq -r '.images[].check.status' "$work/out" | sort | uniq -c | tr -s ' ')" " 20 unreachable"
finish
