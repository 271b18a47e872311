#!/usr/bin/env bash
# Who may speak, and how: client certificates, versions, ciphers.
. "$(dirname "$0")/lib.sh"
cd "$work" || exit 1
certs=$work/certs
make_certs "$certs"
review=$tests/data/reviews/pod-create.json
printf 'apiVersion: pullgate/v1\nkind: ImagePolicy\nspec: {registry: one.example}\n' >rules.yaml

authority() { # NAME
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -out "$1.crt" \
        -subj "/CN=$1" -days 2 2>/dev/null
}
client() { # NAME CA [EXTENDED_KEY_USAGE]
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -subj "/CN=$1" \
        -out "$1.csr" 2>/dev/null
    openssl x509 -req -in "$1.csr" -CA "$2.crt" -CAkey "$2.key" -CAcreateserial -days 2 -out "$1.crt" \
        -extfile <(echo "extendedKeyUsage=${3:-clientAuth}") 2>/dev/null
}
authority ca-one
authority ca-two
client kube-apiserver-1 ca-one
client somebody ca-one
client kube-apiserver-2 ca-two
client kube-apiserver-3 ca-one serverAuth

asks_as() { # NAME: the status that a client with that certificate gets ("" for none)
    local option=()
    [ -z "$1" ] || option=(--cert "$1.crt" --key "$1.key")
    post "$review" "$url/mutate" "${option[@]}"
    echo "$code"
}
answers() { # NAME STATUS
    [ "$(asks_as "$1")" = "$2" ]
}

start_daemon mtls ready --policy rules.yaml --client-ca ca-one.crt --client-name 'kube-apiserver-*'
same "the API server" "$(asks_as kube-apiserver-1)" 200
same "without a certificate" "$(asks_as "")" 403
same "of another name" "$(asks_as somebody)" 403
same "of another CA" "$(asks_as kube-apiserver-2)" 403
same "for another purpose" "$(asks_as kube-apiserver-3)" 403
ask "http://127.0.0.1:$probes/readyz"
same "probes need none" "$code" 200
cp ca-two.crt new && mv new ca-one.crt
await "the CA is replaced" answers kube-apiserver-2 200
same "and the old one's clients are out" "$(asks_as kube-apiserver-1)" 403

# A set that is refused as a whole leaves no trace: what is reported is what is served.
told() { # what metric, /readyz and log say of the certificate in force
    local metric
    metric=$(curl --silent "http://127.0.0.1:$probes/metrics" |
        awk '$1 == "pullgate_certificate_expiry_seconds" {print int($2 / 86400 + 0.5)}')
    curl --silent "http://127.0.0.1:$probes/readyz?verbose" >"$work/readyz"
    printf '%s|%s|%s' "$metric" "$(sed -n 's/.*certificate.*valid until //p' "$work/readyz")" "$(logged certificate_loaded sha256)"
}
: >ca-one.crt
await "an empty CA: is logged" is_logged certificate_kept
matches "an empty CA: why" "$(logged certificate_kept file) $(logged certificate_kept error)" \
    '^ca-one\.crt client CA: the file is empty'
same "an empty CA: no client is accepted for it" "$(asks_as "") $(asks_as kube-apiserver-2)" "403 200"
before=$(told)
matches "refused set: there is something to tell" "$before" '^365\|[0-9].*\|[0-9a-f]{64}$'
echo garbage >new && mv new ca-one.crt
"$POLICYCTL" certs rotate --dir "$certs" --force --days 30 >/dev/null
kept=$(grep -c '"event":"certificate_kept"' "$log")
kill -HUP "$pid"
await "refused set: is logged" is_logged certificate_kept $((kept + 1))
same "refused set: the old one is kept" "$(told)" "$before"
same "refused set: the file is named" "$(logged certificate_kept file)" ca-one.crt
matches "refused set: and what is wrong" "$(logged certificate_kept error)" '^client CA: '
stop_daemon
same "exit status" $status 0

# ---- versions and ciphers -------------------------------------------------------------------------

speaks() { # s_client OPTION...: true when a handshake succeeds
    openssl s_client -connect "127.0.0.1:$port" "$@" </dev/null >"$work/tls" 2>&1 &&
        grep -qE 'Cipher is (TLS_|ECDHE)' "$work/tls"
}
refuses() {
    ! speaks "$@"
}
start_daemon tls ready --policy rules.yaml
check "TLS 1.3" speaks -tls1_3
check "TLS 1.2" speaks -tls1_2
check "no TLS 1.1" refuses -tls1_1 -cipher 'ALL:@SECLEVEL=0'
check "no TLS 1.0" refuses -tls1 -cipher 'ALL:@SECLEVEL=0'
for suite in AES128-GCM-SHA256 AES256-SHA ECDHE-ECDSA-AES256-SHA ECDHE-ECDSA-AES128-SHA256 \
    DHE-RSA-AES256-GCM-SHA384 NULL-SHA256 ADH-AES256-GCM-SHA384; do
    check "no $suite" refuses -tls1_2 -cipher "$suite:@SECLEVEL=0"
done
for suite in ECDHE-ECDSA-AES256-GCM-SHA384 ECDHE-ECDSA-AES128-GCM-SHA256 ECDHE-ECDSA-CHACHA20-POLY1305; do
    check "$suite" speaks -tls1_2 -cipher "$suite"
done
check_groups() { # NAME: others cost a client nothing to ask for, and us up to half a second
    local group
    for group in X25519 P-256 P-384; do
        check "$1: group $group" speaks -groups "$group"
    done
    for group in P-521 X448 ffdhe2048 ffdhe3072 ffdhe4096 ffdhe6144 ffdhe8192; do
        check "$1: no group $group" refuses -groups "$group"
    done
    check "$1: a group among others" speaks -groups ffdhe8192:P-521:P-384
}
check_groups "all ciphers"
check "both ciphers" speaks -tls1_3 -ciphersuites TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256
check "the server prefers" grep -q 'Cipher is TLS_AES_128_GCM_SHA256' "$work/tls"
check "TLS 1.2 again" speaks -tls1_2
check "no compression" grep -q 'Compression: NONE' "$work/tls"
check "secure renegotiation alone" grep -q 'Secure Renegotiation IS supported' "$work/tls"
(printf 'R\n'; sleep 1) | timeout 20 openssl s_client -connect "127.0.0.1:$port" -tls1_2 >"$work/renegotiate" 2>&1
check "a client cannot renegotiate" grep -qiE 'no renegotiation|unexpected message|handshake failure|closed|errno|read:' "$work/renegotiate"
openssl s_client -connect "127.0.0.1:$port" -alpn h2,http/1.1 </dev/null >"$work/alpn" 2>&1
check "HTTP/1.1 is agreed upon" grep -q 'ALPN protocol: http/1.1' "$work/alpn"
stop_daemon
start_daemon tls13 ready --policy rules.yaml --tls-min 1.3 --tls-ciphers AES-128-GCM
check "--tls-min 1.3: TLS 1.3" speaks -tls1_3
check "--tls-min 1.3: no TLS 1.2" refuses -tls1_2
check_groups "--tls-ciphers"
check "--tls-ciphers: the one" speaks -tls1_3 -ciphersuites TLS_AES_128_GCM_SHA256
check "--tls-ciphers: no other" refuses -tls1_3 -ciphersuites TLS_AES_256_GCM_SHA384
stop_daemon
# With RSA there is more that a client could ask for; and more than 2048 bits are slow.
for bits in 2048 3072; do
    mkdir "rsa$bits"
    openssl req -x509 -newkey "rsa:$bits" -nodes -keyout "rsa$bits/tls.key" -out "rsa$bits/tls.crt" -days 2 \
        -subj "/CN=h" -addext "subjectAltName=DNS:h" 2>/dev/null
done
ec_certs=$certs
certs=rsa2048 start_daemon rsa2048 ready --policy rules.yaml
certs=$ec_certs
for suite in DHE-RSA-AES128-GCM-SHA256 DHE-RSA-AES256-GCM-SHA384 AES128-GCM-SHA256 AES256-GCM-SHA384; do
    check "RSA: no $suite" refuses -tls1_2 -cipher "$suite:@SECLEVEL=0"
done
check "RSA: ECDHE" speaks -tls1_2 -cipher ECDHE-RSA-AES128-GCM-SHA256
same "RSA 2048: no warning" "$(grep -c certificate_key_slow "$log")" 0
stop_daemon
certs=rsa3072 start_daemon rsa3072 ready --policy rules.yaml
certs=$ec_certs
same "RSA 3072: a warning" "$(logged certificate_key_slow key)" "RSA 3072"
stop_daemon
for more in +GROUP-FFDHE8192 +GROUP-ALL +DHE-RSA +RSA; do
    run "$PULLGATE" --policy rules.yaml --tls-ciphers "AES-128-GCM:$more" --tls-cert "$certs/tls.crt" \
        --tls-key "$certs/tls.key" --listen 127.0.0.1:0 --metrics-listen ''
    same "$more in a cipher: exit status" $status 2
    matches "$more in a cipher: text" "$(jq -r 'select(.event == "cannot_start").error' <<<"$err")" \
        "^--tls-ciphers: found \"AES-128-GCM:\\$more\", expected AES-128-GCM, AES-256-GCM or"
done
run "$PULLGATE" --policy rules.yaml --tls-ciphers AES-265-GCM --tls-cert "$certs/tls.crt" --tls-key "$certs/tls.key" \
    --listen 127.0.0.1:0 --metrics-listen ''
same "a cipher that is none: exit status" $status 2
matches "a cipher that is none: text" "$err" 'did you mean AES-256-GCM'
run "$PULLGATE" --policy rules.yaml --client-name x --tls-cert "$certs/tls.crt" --tls-key "$certs/tls.key" \
    --listen 127.0.0.1:0 --metrics-listen ''
same "a name without a CA: exit status" $status 2
: >none.crt
run timeout 60 "$PULLGATE" --policy rules.yaml --client-ca none.crt --tls-cert "$certs/tls.crt" --tls-key "$certs/tls.key" \
    --listen 127.0.0.1:0 --metrics-listen ''
same "an empty client CA: exit status" $status 2
run "$PULLGATE" --policy rules.yaml --client-ca ca-one.crt --tls-cert "$certs/tls.crt" --tls-key "$certs/tls.key" \
    --listen 127.0.0.1:0 --metrics-listen ''
same "a client CA that is none: exit status" $status 2
same "a client CA that is none: the file is named" "$(jq -r 'select(.event == "cannot_start").file' <<<"$err")" ca-one.crt
finish
