#!/usr/bin/env bash
# The daemon makes its own certificate with a CA: what it serves, when it is renewed, what a change of CA does,
# which CAs are refused.
. "$(dirname "$0")/lib.sh"
cd "$work" || exit 1
svc=pullgate.pullgate.svc certs=one
printf 'apiVersion: pullgate/v1\nkind: ImagePolicy\nspec:\n  registry: one.example\n' >rules.yaml
review=$tests/data/reviews/pod-create.json
make_ca() { # FOLDER OPTION...: as policyctl makes it
    "$POLICYCTL" certs init --dir "$@" >certs.out || fail "certs init" "$(cat certs.out)"
}
mount_ca() { # FOLDER: what is in the Secret from now on, in one step
    mkdir "secret/..$1"
    cp "$1/ca.crt" "$1/ca.key" "secret/..$1"
    ln -sfn "..$1" secret/..next
    mv -T secret/..next secret/..data
}
make_ca one
mkdir secret
ln -s ..data/ca.crt secret/ca.crt
ln -s ..data/ca.key secret/ca.key
mount_ca one
ca=(--tls-ca-cert secret/ca.crt --tls-ca-key secret/ca.key)
tls=("${ca[@]}" --tls-name "$svc" --poll 1s)

served() { # what a new connection gets
    openssl s_client -connect "127.0.0.1:$port" -servername "$svc" </dev/null 2>/dev/null | openssl x509 "$@"
}
print_of() { served -noout -fingerprint -sha256 | cut -d= -f2 | tr -d : | tr A-F a-f; }
verifies() { # CA: the chain, the name and the dates, as OpenSSL sees them
    openssl s_client -connect "127.0.0.1:$port" -servername "$svc" -CAfile "$1" -verify_return_error \
        -verify_hostname "$svc" </dev/null >/dev/null 2>&1
}
verifies_not() { ! verifies "$1"; }
is_served() { [ "$(print_of)" = "$1" ]; }
answers() { # CA: curl trusts it alone
    code=$(curl --silent --max-time 30 --cacert "$1" --resolve "$svc:$port:127.0.0.1" --output body --write-out '%{http_code}' \
        --header 'Content-Type: application/json' --data-binary "@$review" "https://$svc:$port/mutate")
    [ "$code" = 200 ]
}
count() { complete_lines "$log" | grep -c "\"event\":\"$1\""; }

# ---- what it serves --------------------------------------------------------------------------

find one secret -type f -exec sha256sum {} + | sort >before
start_daemon serves ready --policy rules.yaml
check "the chain verifies" verifies one/ca.crt
check "reviews are answered" answers one/ca.crt
same "the name is the only one" "$(served -noout -ext subjectAltName | tail -n 1 | tr -d ' ')" "DNS:$svc"
matches "for servers" "$(served -noout -ext extendedKeyUsage,keyUsage | tr '\n' ' ')" \
    'Key Usage: critical +Digital Signature .*TLS Web Server Authentication'
matches "P-256" "$(served -noout -text)" 'NIST CURVE: P-256'
dates() { # the seconds from now of both
    local at
    for at in startdate enddate; do echo $(($(date -d "$(served -noout -$at | cut -d= -f2)" +%s) - $(date +%s))); done
}
mapfile -t life < <(dates)
check "backdated by an hour (${life[0]})" [ "${life[0]}" -le -3600 -a "${life[0]}" -gt -3700 ]
check "for seven days (${life[1]})" [ "${life[1]}" -le 604800 -a "${life[1]}" -gt 604700 ]
same "is logged" "$(logged certificate_made names):$(logged certificate_made sha256)" "$svc:$(print_of)"
matches "renewal is announced at two thirds" "$(logged certificate_made renewedIn)" '^(403200|40319.)$'
same "the CA is logged" "$(logged certificate_made caSha256)" \
    "$(openssl x509 -noout -fingerprint -sha256 -in one/ca.crt | cut -d= -f2 | tr -d : | tr A-F a-f)"
matches "the seconds that its CA has" "$(logged ca_loaded secondsLeft)" '^315[0-9]{6}$'
check "ready" is_readyz 200
check "metric: the CA's end" [ "$(metric pullgate_certificate_ca_expiry_seconds)" -gt $((3649 * 86400)) ]
same "metric: the certificate's life" "$(metric pullgate_certificate_lifetime_seconds)" $((604800 + 3600))
same "no warning" "$(grep '"level":"warn"' "$log")" ""
find one secret -type f -exec sha256sum {} + | sort >after
same_file "no file was written" after before

# ---- reloads ---------------------------------------------------------------------------------

first=$(print_of)
kill -HUP "$pid"
await "SIGHUP: the CA is read" is_logged ca_loaded 2
same "SIGHUP: the certificate stays" "$(print_of)" "$first"
broken() { # NAME REASON LINE: of the files that are mounted
    local kept
    kept=$(count certificate_kept)
    mount_ca "$1"
    await "$1: is logged" is_logged certificate_kept $((kept + 1))
    matches "$1: reason" "$(logged certificate_kept error)" "$2"
    same "$1: file and line" "$(logged certificate_kept file):$(logged certificate_kept line)" "$3"
    same "$1: the certificate stays" "$(print_of)" "$first"
}
mkdir garbage mixed
cp one/ca.key garbage
{ cat one/ca.crt; echo '-----BEGIN CERTIFICATE-----'; echo '!!!!'; echo '-----END CERTIFICATE-----'; } >garbage/ca.crt
broken garbage '^CA: PEM block 2: damaged PEM' "secret/ca.crt:$(($(wc -l <one/ca.crt) + 1))"
make_ca two
cp one/ca.crt mixed
cp two/ca.key mixed
broken mixed '^CA key: it belongs to none of the 1 certificates' secret/ca.key:0
make_ca elsewhere --namespace elsewhere
broken elsewhere "^CA: its name constraints exclude $svc" secret/ca.crt:1
check "broken files: it is ready" is_readyz 200
loaded=$(count ca_loaded)
mount_ca two
await "another CA: is read" is_logged ca_loaded $((loaded + 1))
await "another CA: a certificate of its own, at once" verifies two/ca.crt
check "another CA: the old one is not trusted by it" verifies_not one/ca.crt
check "another CA: reviews are answered" answers two/ca.crt
stop_daemon
same "exit status" $status 0

# ---- a change of CA: Secret and caBundle in any order --------------------------------------------

# Before, `one` is everywhere; then policyctl has made `both`. caBundle is what the client trusts.
rm -r secret/..?*
mount_ca one
start_daemon rotates ready --policy rules.yaml
first=$(print_of)
cp -r one both
"$POLICYCTL" certs rotate --dir both --new-ca >rotated.out || fail "certs rotate" "$(cat rotated.out)"
same "rotate: the pair of files stays" "$(cmp one/tls.crt both/tls.crt 2>&1)" ""
check "caBundle first: the certificate in use" verifies both/ca.crt
check "Secret later: it is the same" verifies one/ca.crt
mount_ca both
await "Secret: is read" is_logged ca_loaded 2
same "Secret: with both CAs" "$(logged ca_loaded cas):$(logged ca_loaded keys)" 2:2
same "Secret: the certificate stays" "$(print_of)" "$first"
check "Secret first: the certificate in use" verifies one/ca.crt
check "caBundle later: it is the same" verifies both/ca.crt
stop_daemon
start_daemon between ready --policy rules.yaml
check "a replica that starts in between: caBundle before" verifies one/ca.crt
check "a replica that starts in between: caBundle after" verifies both/ca.crt
# The end of the overlap: the old CA goes. What it has signed is replaced at once.
head -n "$(grep -n -m1 'END CERT' both/ca.crt | cut -d: -f1)" both/ca.crt >new.crt
mkdir last
cp new.crt last/ca.crt
cp both/ca.key last
mount_ca last
await "the old CA is gone: a certificate of the new one" verifies new.crt
check "the old CA is gone: also with both in caBundle" verifies both/ca.crt
stop_daemon

# Without the old key the new CA signs: caBundle has to come first.
mkdir lost
cp both/ca.crt lost
openssl pkey -in both/ca.key -out lost/ca.key 2>/dev/null
rm -r secret/..?*
mount_ca lost
start_daemon lost ready --policy rules.yaml
check "without the old key: caBundle after" verifies both/ca.crt
check "without the old key: not caBundle before" verifies_not one/ca.crt
stop_daemon

# ---- renewal -----------------------------------------------------------------------------------

rm -r secret/..?*
mount_ca one
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout clients.key -out clients.crt -subj /CN=clients 2>/dev/null
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout client.key -subj /CN=client -out client.csr 2>/dev/null
openssl x509 -req -in client.csr -CA clients.crt -CAkey clients.key -CAcreateserial -out client.crt 2>/dev/null
cp clients.crt mounted-clients.crt
start_daemon renews ready --policy rules.yaml --tls-leaf-lifetime 6s --client-ca mounted-clients.crt
status_of() { # CURL_OPTION...
    curl --silent --max-time 30 --cacert one/ca.crt --resolve "$svc:$port:127.0.0.1" --output body --write-out '%{http_code}' \
        "$@" "https://$svc:$port/healthz"
}
matches "renewal in four seconds" "$(logged certificate_made renewedIn)" '^[34]$'
first=$(print_of)
dial -servername "$svc" -cert client.crt -key client.key
kept=$(count certificate_kept)
echo garbage >garbage.crt
mkdir gone
cp garbage.crt gone/ca.crt
cp one/ca.key gone
mount_ca gone
await "files that are broken by then: are reported" is_logged certificate_kept $((kept + 1))
await "renewed all the same" is_logged certificate_made 3
check "another certificate" [ "$(print_of)" != "$first" ]
check "of the same CA" verifies one/ca.crt
same "clients need a certificate as before" "$(status_of)" 403
same "and are known as before" "$(status_of --cert client.crt --key client.key)" 200
printf 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n' >raw
say raw
hear
same "an old connection lives on" "$code" 200
hang_up
check "metric: it is counted" [ "$(metric certwatcher_read_certificate_total)" -ge 4 ]
check "ready" is_readyz 200
stop_daemon

# ---- a CA that ends ----------------------------------------------------------------------------

rm -r secret/..?*
make_ca short --ca-days 20
mount_ca short
start_daemon short ready --policy rules.yaml
same "a CA with 20 days left: is reported" "$(logged ca_expires_soon level):$(logged ca_expires_soon file)" warn:secret/ca.crt
check "a CA with 20 days left: metric" [ "$(metric pullgate_certificate_ca_expiry_seconds)" -le $((20 * 86400)) ]
stop_daemon
start_daemon cut ready --policy rules.yaml --tls-leaf-lifetime 720h
check "the certificate ends with its CA" [ "$(logged certificate_made secondsLeft)" -le $((20 * 86400)) ]
matches "and is made again in a day" "$(logged certificate_made renewedIn)" '^(86400|8639.)$'
stop_daemon

# ---- refusals ----------------------------------------------------------------------------------

mistake() { # NAME REGEX ARGUMENT...
    local name=$1 regex=$2
    shift 2
    run "$PULLGATE" --policy rules.yaml "$@"
    same "$name: exit status" $status 2
    same "$name: lines" "$(wc -l <"$work/err")" 1
    matches "$name: text" "$err" "$regex"
}
pair=(--tls-cert one/tls.crt --tls-key one/tls.key)
mistake "a CA without its key" '^pullgate: --tls-ca-cert is given without --tls-ca-key$' --tls-ca-cert secret/ca.crt --tls-name $svc
mistake "a CA's key alone" '^pullgate: --tls-ca-key is given without --tls-ca-cert$' --tls-ca-key secret/ca.key --tls-name $svc
mistake "a certificate without its key" '^pullgate: --tls-cert is given without --tls-key$' --tls-cert one/tls.crt
mistake "both" '^pullgate: found --tls-cert together with --tls-ca-cert, expected ' "${ca[@]}" "${pair[@]}" --tls-name $svc
mistake "no name" '^pullgate: --tls-name is missing: ' "${ca[@]}"
mistake "a lifetime" '^pullgate: --tls-leaf-lifetime: 0s is out of range' "${ca[@]}" --tls-name $svc --tls-leaf-lifetime 0s
PULLGATE_TLS_CA_CERT=secret/ca.crt mistake "from the environment" '^pullgate: --tls-ca-cert is given without --tls-ca-key$'

cannot() { # NAME REGEX: with the files in the folder NAME
    run timeout 60 "$PULLGATE" --policy rules.yaml --listen 127.0.0.1:0 --metrics-listen 127.0.0.1:0 --tls-ca-cert "$1/ca.crt" \
        --tls-ca-key "$1/ca.key" --tls-name "$svc"
    same "$1: exit status" $status 2
    matches "$1: text" "$(jq -r 'select(.event == "cannot_start") | "\(.file):\(.line): \(.error)"' "$work/err")" "$2"
}
odd() { # NAME OPTION...: a CA of openssl, after one that has nothing to do with it
    mkdir "$1"
    openssl req -x509 -nodes -keyout "$1/ca.key" -out odd.crt -subj "/CN=$1" -days 30 "${@:2}" 2>/dev/null
    cat one/ca.crt odd.crt >"$1/ca.crt"
}
p256=(-newkey ec -pkeyopt ec_paramgen_curve:P-256)
second=$(($(wc -l <one/ca.crt) + 1))
cannot nowhere 'nowhere/ca\.crt: No such file'
cannot mixed '^mixed/ca\.key:0: CA key: it belongs to none'
cannot elsewhere '^elsewhere/ca\.crt:1: CA: its name constraints exclude'
odd leaf "${p256[@]}" -addext basicConstraints=critical,CA:FALSE
cannot leaf "^leaf/ca\.crt:$second: CA: it is not a CA, expected basic constraints CA:TRUE"
odd usage "${p256[@]}" -addext keyUsage=critical,cRLSign
cannot usage "^usage/ca\.crt:$second: CA: its key usage lacks keyCertSign"
odd weak -newkey rsa:1024
cannot weak "^weak/ca\.crt:$second: CA: its key is too weak .*, expected ECDSA P-256.* RSA of 2048 bits"
odd fits "${p256[@]}" -addext keyUsage=critical,keyCertSign
tls=(--tls-ca-cert fits/ca.crt --tls-ca-key fits/ca.key --tls-name "$svc")
start_daemon fits ready --policy rules.yaml
check "a CA of another maker, the second in the file" verifies odd.crt
stop_daemon
mkdir past
cp one/ca.key past
printf '[ca]\ndefault_ca = it\n[it]\ndatabase = past/index\nnew_certs_dir = past\ndefault_md = sha256\npolicy = any
x509_extensions = root\nrand_serial = yes\n[any]\ncommonName = supplied\n[root]\nbasicConstraints = critical,CA:TRUE\n' >past/conf
: >past/index
openssl req -new -key one/ca.key -subj /CN=past -out past/csr
openssl ca -batch -selfsign -config past/conf -keyfile one/ca.key -notext -startdate 20240101000000Z -enddate 20250101000000Z \
    -in past/csr -out past/ca.crt 2>/dev/null
cannot past '^past/ca\.crt:1: CA: it has expired, expected one that is valid$'
finish
