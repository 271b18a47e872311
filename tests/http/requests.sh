#!/usr/bin/env bash
# What the daemon answers to requests that are right, wrong, too large, or of another protocol.
. "$(dirname "$0")/lib.sh"
cd "$tests/golden/captured" || exit 1
certs=$work/certs
make_certs "$certs"
start_daemon requests ready --policy rules.yaml --max-body 64KiB
review=$tests/data/reviews/pod-create.json
json='Content-Type: application/json'

# ---- the right ones --------------------------------------------------------------------------

post "$review" "$url/mutate"
same "a review" "$code" 200
same_file "a review: body" "$work/body" pod-create/mutate.json
head_has "a review: type" '^content-type: application/json$'
head_has "a review: not to be kept by caches" '^cache-control: no-store$'
for query in '?timeout=10s' '?timeout=1s&x=y' '?timeout=never' '?' '?timeout=99999999999999999999s'; do
    post "$review" "$url/mutate$query"
    same "query $query" "$code" 200
done
post "$review" "$url/validate?timeout=3s"
same_file "validate: body" "$work/body" pod-create/validate.json
trace=00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01 # W3C's own example
post "$review" "$url/mutate" --header "traceparent: $trace"
same "with a traceparent" "$code" 200
post "$review" "$url/mutate" --header 'traceparent: "no\trace"'
same "with what is no traceparent" "$code" 200
for type in 'application/json; charset=utf-8' 'APPLICATION/JSON' 'application/json ;x=y'; do
    ask --header "Content-Type: $type" --data-binary "@$review" "$url/mutate"
    same "type $type" "$code" 200
done
ask --header "$json" --header 'Transfer-Encoding: chunked' --data-binary "@$review" "$url/mutate"
same "chunked" "$code" 200
same_file "chunked: body" "$work/body" pod-create/mutate.json
ask --http1.0 --header "$json" --data-binary "@$review" "$url/mutate"
same "HTTP/1.0" "$code" 200
post "$tests/golden/malformed/duplicate-image/review.json" "$url/mutate"
same "a key twice: an answer, no error" "$code $(jq -c '[.response.allowed, .response.status.code]' "$work/body")" \
    '200 [false,422]'

# An error is a metav1.Status, whose message the API server shows: it repeats the HTTP status.
is_status() { # NAME REASON
    same "$1: a Status" "$(jq -r '[.kind, .status, .reason, .code] | join(" ")' "$work/body")" \
        "Status Failure $2 $code"
}

# ---- other methods and paths -----------------------------------------------------------------

for method in GET PUT DELETE PATCH OPTIONS; do
    ask --request $method "$url/mutate"
    same "$method /mutate" "$code" 405
    head_has "$method /mutate: Allow" '^allow: post$'
    is_status "$method /mutate" MethodNotAllowed
done
ask --head "$url/validate"
same "HEAD /validate" "$code" 405
post "$review" "$url/healthz"
same "POST /healthz" "$code" 405
head_has "POST /healthz: Allow" '^allow: get, head$'
for path in / /nope /mutate/ //mutate /mutat /mutate/x /MUTATE /mutate%00 /mutate/../nope /.; do
    ask --path-as-is --header "$json" --data-binary "@$review" "$url$path"
    same "POST $path" "$code" 404
    is_status "POST $path" NotFound
done

# ---- other bodies ----------------------------------------------------------------------------

for type in text/plain application/x-www-form-urlencoded application/jsonx application/yaml; do
    ask --header "Content-Type: $type" --data-binary "@$review" "$url/mutate"
    same "type $type" "$code" 415
    is_status "type $type" UnsupportedMediaType
done
ask --header 'Content-Type:' --data-binary "@$review" "$url/mutate"
same "no type" "$code" 415

# A body that is not an AdmissionReview: a metav1.Status with the reason.
bad() { # NAME BODY REGEX
    printf '%s' "$2" >"$work/bad"
    post "$work/bad" "$url/mutate"
    same "$1" "$code" 400
    is_status "$1" BadRequest
    matches "$1: message" "$(jq -r .message "$work/body")" "$3"
}
bad "empty" '' 'the body is empty'
bad "blank" ' ' 'unexpected end of text'
bad "garbage" 'hello' 'unexpected character .h., expected a value'
bad "YAML" 'kind: AdmissionReview' 'unexpected character'
bad "cut short before it says who it is" '{"kind":"AdmissionReview","request":{"ui' 'unexpected end of text'
bad "a list" '[]' 'expected an object, found an array'
bad "a pod" '{"kind":"Pod","apiVersion":"v1"}' 'kind is "Pod", expected "AdmissionReview"'
bad "another version" '{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v2","request":{"uid":"x"}}' \
    'apiVersion is "admission.k8s.io/v2"'
bad "no request" '{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1"}' '/request is missing'
bad "no uid" '{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{}}' '/request/uid is missing'
bad "an answer instead of a question" "$(cat pod-create/mutate.json)" '/request is missing'

# ---- too large -------------------------------------------------------------------------------

# The body is read to its end and the connection goes on, or Go's client would see a reset.
head -c 200000 /dev/zero | tr '\0' ' ' >"$work/large"
two() { # OPTION...: a large one, then a good one, on one connection if that is possible
    curl --silent --cacert "$certs/ca.crt" --header "$json" --header 'Expect:' "$@" --output /dev/null \
        --data-binary "@$work/large" --write-out '%{http_code} %{num_connects}\n' "$url/mutate" \
        --next --silent --cacert "$certs/ca.crt" --header "$json" --output /dev/null \
        --data-binary "@$review" --write-out '%{http_code} %{num_connects}\n' "$url/mutate"
}
same "too large, then a good one" "$(two)" $'413 1\n200 0'
same "too large in chunks, then a good one" "$(two --header 'Transfer-Encoding: chunked')" $'413 1\n200 0'
ask --header "$json" --header 'Expect: 100-continue' --data-binary "@$work/large" "$url/mutate"
same "too large, and asks first" "$code" 413
head -c 65536 /dev/zero | tr '\0' ' ' >"$work/most"
post "$work/most" "$url/mutate"
same "as large as may be: read" "$code" 400
printf ' ' >>"$work/most"
post "$work/most" "$url/mutate"
same "a byte more" "$code" 413
is_status "a byte more" RequestEntityTooLarge

# ---- kept connections ------------------------------------------------------------------------

for i in $(seq 50); do
    printf 'url = "%s/mutate?timeout=10s"\ncacert = "%s/ca.crt"\nsilent\n' "$url" "$certs"
    printf 'header = "%s"\ndata-binary = "@%s"\noutput = "%s/kept.%s"\n' "$json" "$review" "$work" "$i"
    printf 'write-out = "%%{http_code} %%{num_connects}\\n"\n'
    [ "$i" = 50 ] || echo next
done >"$work/fifty"
curl --config "$work/fifty" >"$work/codes"
same "fifty requests: answers" "$(grep -c '^200 ' "$work/codes")" 50
same "fifty requests: connections" "$(awk '{ n += $2 } END { print n }' "$work/codes")" 1
same "fifty requests: bytes" "$(cat "$work"/kept.* | sort -u)" "$(cat pod-create/mutate.json)"

# ---- the bytes of a real API server ----------------------------------------------------------

# As they were sent, to a path that is none here; then with our path. Three on one connection.
for name in pod-create pod-create-full pod-update-set-image; do
    raw=$tests/data/reviews/$name.http
    dial
    say "$raw"
    hear
    same "$name.http as captured: /mutate/capture" "$code" 404
    sed '1s|/mutate/capture|/mutate|' "$raw" >"$work/raw"
    say "$work/raw"
    hear
    same "$name.http" "$code" 200
    same_file "$name.http: body" "$work/body" "$name/mutate.json"
    sed '1s|/mutate/capture|/validate|' "$raw" >"$work/raw"
    say "$work/raw"
    hear
    same "$name.http to /validate" "$code" 200
    same_file "$name.http to /validate: body" "$work/body" "$name/validate.json"
    hang_up
done

# Where the body ends must be clear: two lengths, or a length and chunks, are refused.
unclear() { # NAME HEADER...
    local name=$1
    shift
    { printf 'POST /mutate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n'
        printf '%s\r\n' "$@"
        printf '\r\n0\r\n\r\n'; } >"$work/raw"
    dial
    say "$work/raw"
    hear
    same "$name" "$code" 400
    hang_up
}
unclear "two lengths" 'Content-Length: 5' 'Content-Length: 6'
unclear "length and chunks" 'Content-Length: 5' 'Transfer-Encoding: chunked'
unclear "another transfer coding" 'Transfer-Encoding: gzip'

# ---- TLS -------------------------------------------------------------------------------------

for version in 1.2 1.3; do
    post "$review" --tlsv$version --tls-max $version "$url/mutate"
    same "TLS $version" "$code" 200
done
tls() { # OPTION...: what openssl says of a handshake
    openssl s_client -connect "127.0.0.1:$port" -CAfile "$certs/ca.crt" "$@" </dev/null 2>&1
}
# The client sends its hello and gets no session; that it would offer the version is the second check.
for version in tls1 tls1_1; do
    told=$(tls -$version -cipher 'ALL:@SECLEVEL=0')
    matches "-$version is refused" "$told" 'Cipher is \(NONE\)'
    matches "-$version is offered" "$told" 'written 1[0-9][0-9] bytes'
done
matches "TLS 1.2 by openssl" "$(tls -tls1_2)" 'Cipher is ECDHE-'
matches "TLS 1.3 by openssl" "$(tls -tls1_3)" 'New, TLSv1\.3, Cipher is TLS_AES'
matches "RSA key exchange is refused" "$(tls -tls1_2 -cipher 'AES128-SHA:@SECLEVEL=0')" 'Cipher is \(NONE\)'
matches "ALPN" "$(tls -alpn h2,http/1.1)" 'ALPN protocol: http/1\.1|No ALPN negotiated'
matches "ALPN, nothing in common" "$(tls -alpn h2)" 'Verify return code: 0'
matches "by name" "$(tls -servername pullgate.pullgate.svc -verify_hostname pullgate.pullgate.svc)" 'Verify return code: 0'
code=$(curl --silent --max-time 10 --output /dev/null --write-out '%{http_code}' "http://127.0.0.1:$port/healthz")
same "HTTP without TLS" "$code" 000
code=$(curl --silent --max-time 10 --output /dev/null --write-out '%{http_code}' "$url/healthz")
same "a client that does not trust the CA" "$code" 000
post "$review" "$url/mutate"
same "and all goes on" "$code" 200

# ---- probes ----------------------------------------------------------------------------------

plain=http://127.0.0.1:$probes
for base in "$url" "$plain"; do
    ask "$base/healthz"
    same "$base/healthz" "$code $body" "200 ok"
    ask "$base/readyz"
    same "$base/readyz" "$code $body" "200 ok"
    ask "$base/readyz?verbose"
    matches "$base/readyz?verbose" "$body" '\[\+\] rules: 1 in force since '
    ask --head "$base/readyz"
    same "HEAD $base/readyz" "$code" 200
    ask --request POST "$base/readyz"
    same "POST $base/readyz" "$code" 405
done
post "$review" "$plain/mutate"
same "no reviews without TLS" "$code" 404

# ---- audit -----------------------------------------------------------------------------------

stop_daemon
same "exit status" $status 0
check "audit lines are JSON" jq -e --slurp 'length > 60 and all(.event == "decision")' "$audit" >/dev/null
same "audit lines with a traceparent" "$(jq -r 'select(.traceparent).traceparent' "$audit")" "$trace
\"no\\trace\""
same "audit lines of the malformed one" \
    "$(jq -c 'select(.verdict == "deny" and .endpoint == "mutate" and .reasons[0].code == "malformed")' "$audit" | wc -l)" 1
same "log lines are JSON" "$(jq -c 'select((.time and .level and .event) | not)' "$log")" ""
same "requests that are no reviews are logged" "$(jq -r 'select(.event == "review_refused") | .code' "$log" | sort -u | tr '\n' ' ')" \
    "schema syntax "
finish
