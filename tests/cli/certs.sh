#!/usr/bin/env bash
# policyctl certs, held against the openssl command: what it makes is what OpenSSL reads and trusts.
. "$(dirname "$0")/lib.sh"
cd "$work" || exit 1

field() { # FILE OPTION...: of a certificate
    openssl x509 -noout -in "$@" 2>&1
}
verify() { # CA LEAF NAME
    openssl verify -CAfile "$1" -purpose sslserver -verify_hostname "$3" "$2" >verify.out 2>&1
}
is_pair() { # CERTIFICATE KEY
    [ "$(openssl x509 -noout -pubkey -in "$1")" = "$(openssl pkey -pubout -in "$2" 2>/dev/null)" ]
}

run "$POLICYCTL" certs init -d a --service hook --namespace ns --dns 10.1.2.3 --dns hook.example.com --days 30
same "init: exit status" $status 0
matches "init: text" "$out" '^a: ca\.crt ca\.key tls\.crt tls\.key for hook\.ns\.svc'
same "init: files" "$(ls a | tr '\n' ' ')" "ca.crt ca.key tls.crt tls.key "
same "init: keys are private" "$(stat -c %a a/ca.key a/tls.key | tr '\n' ' ')" "600 600 "
check "init: chain and name" verify a/ca.crt a/tls.crt hook.ns.svc
check "init: further name" verify a/ca.crt a/tls.crt hook.example.com
check "init: another name is refused" bash -c "! openssl verify -CAfile a/ca.crt -verify_hostname other.ns.svc a/tls.crt >/dev/null 2>&1"
check "init: the key fits" is_pair a/tls.crt a/tls.key
check "init: the CA's key fits" is_pair a/ca.crt a/ca.key
matches "init: address" "$(field a/tls.crt -ext subjectAltName)" 'IP Address:10\.1\.2\.3'
matches "init: for servers" "$(field a/tls.crt -ext extendedKeyUsage)" 'TLS Web Server Authentication'
matches "init: the leaf is no CA" "$(field a/tls.crt -text)" 'CA:FALSE'
matches "init: the CA is one" "$(field a/ca.crt -ext basicConstraints)" 'critical.*CA:TRUE, pathlen:0'
matches "init: it may sign for these names alone" "$(field a/ca.crt -ext nameConstraints | tr -d ' \n')" \
    'critical.?Permitted:DNS:hook\.ns\.svcDNS:localhostIP:127\.0\.0\.1/255\.255\.255\.255IP:.*DNS:hook\.example\.com$'
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout evil.key -subj /CN=x -out evil.csr 2>/dev/null
printf 'subjectAltName=DNS:kubernetes.default.svc\n' >evil.ext
openssl x509 -req -in evil.csr -CA a/ca.crt -CAkey a/ca.key -CAcreateserial -days 1 -extfile evil.ext -out evil.crt 2>/dev/null
check "init: what its key signs for another name is refused" \
    bash -c "! openssl verify -CAfile a/ca.crt evil.crt 2>&1 | grep -q ': OK'"
matches "init: P-256" "$(field a/tls.crt -text)" 'NIST CURVE: P-256'
matches "init: valid for 29 days" "$(field a/tls.crt -checkend $((29 * 86400)))" 'will not expire'
matches "init: but not for 31" "$(field a/tls.crt -checkend $((31 * 86400)))" 'will expire'
run "$POLICYCTL" certs init -d a
same "init over existing files: exit status" $status 2
check "init over existing files: they stay" verify a/ca.crt a/tls.crt hook.ns.svc
run "$POLICYCTL" certs init -d a --service hook --namespace ns --key rsa2048 --force
same "init --force: exit status" $status 0
matches "init --key rsa2048" "$(field a/tls.crt -text)" 'Public-Key: \(2048 bit\)'
check "init --force: chain and name" verify a/ca.crt a/tls.crt hook.ns.svc

names=(--service hook --namespace ns)
run "$POLICYCTL" certs check -d a "${names[@]}"
same "check: exit status" $status 0
matches "check: text" "$out" '^ok: .*hook\.ns\.svc.*, 36[45] days left$'
mkdir shown
cp a/ca.crt a/ca.key a/tls.crt a/tls.key shown
chmod 644 shown/tls.key
chmod 602 shown/ca.key
run "$POLICYCTL" certs check -d shown "${names[@]}"
same "check, keys others can read: exit status" $status 0
matches "check, keys others can read: text" "$out" \
    '^ok: .*warning: shown/tls\.key is a private key that others can read \(mode 0644\); run chmod 600 on it.*warning: shown/ca\.key .*mode 0602'
chmod 640 shown/tls.key
chmod 600 shown/ca.key
run "$POLICYCTL" certs check -d shown "${names[@]}"
same "check, a key for owner and group" "$(grep -c warning "$work/out")" 0
run "$POLICYCTL" certs check -d a --service other --namespace ns
same "check, other name: exit status" $status 1
matches "check, other name: text" "$out" '^problem: the certificate lacks the name other\.ns\.svc'
run "$POLICYCTL" certs init -d b "${names[@]}" --days 1
same "init b" $status 0
run "$POLICYCTL" certs check -d a "${names[@]}" --tls-key b/tls.key
same "check, another's key: exit status" $status 1
same "check, another's key: text" "$out$err" 'problem: the key b/tls.key does not match the certificate a/tls.crt'
cp -r a mixed
cp b/tls.crt b/tls.key mixed
run "$POLICYCTL" certs check -d mixed "${names[@]}"
same "check, another CA: exit status" $status 1
matches "check, another CA: text" "$out" 'problem: no chain to ca\.crt'
run "$POLICYCTL" certs check -d nowhere
same "check, not there: exit status" $status 2
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-224 -nodes -keyout odd.key -out odd.crt -subj /CN=x \
    -addext subjectAltName=DNS:hook.ns.svc 2>/dev/null
run "$POLICYCTL" certs check --tls-cert odd.crt --tls-key odd.key "${names[@]}"
same "check, a curve of no TLS: exit status" $status 1
matches "check, a curve of no TLS: text" "$out" 'problem: no client can use the certificate: .*expected ECDSA P-256'
echo garbage >mixed/tls.crt
run "$POLICYCTL" certs check -d mixed "${names[@]}"
same "check, garbage: exit status" $status 2
same "check, garbage: standard output" "$out" ""

run "$POLICYCTL" certs show -d a
same "show: exit status" $status 0
serial=$(field a/tls.crt -serial | cut -d= -f2)
digest=$(field a/tls.crt -fingerprint -sha256 | cut -d= -f2 | tr -d :)
matches "show: serial" "${out^^}" "SERIAL: +${serial^^}"
matches "show: sha256" "${out^^}" "SHA256: +${digest^^}"
run "$POLICYCTL" certs show --tls-cert a/ca.crt
matches "show: a CA" "$out" 'kind: +CA,'

run "$POLICYCTL" certs bundle -d a
same "bundle: one line" "$(wc -l <"$work/out")" 1
same "bundle: is ca.crt" "$(base64 -d <"$work/out" | openssl x509 -noout -fingerprint)" \
    "$(field a/ca.crt -fingerprint)"

# ---- rotation --------------------------------------------------------------------------------

run "$POLICYCTL" certs init -d kept "${names[@]}" --key rsa2048 --days 90
run "$POLICYCTL" certs rotate -d kept --force
same "rotate, a leaf of RSA and 90 days: exit status" $status 0
matches "rotate: keeps the kind of key" "$(field kept/tls.crt -text)" 'Public-Key: \(2048 bit\)'
matches "rotate: keeps the length of life" "$(field kept/tls.crt -checkend $((91 * 86400)))" 'will expire'
matches "rotate: all of it" "$(field kept/tls.crt -checkend $((89 * 86400)))" 'will not expire'
run "$POLICYCTL" certs rotate -d kept --force --key p256 --days 20
matches "rotate --key: another kind" "$(field kept/tls.crt -text)" 'NIST CURVE: P-256'
matches "rotate --days: another length" "$(field kept/tls.crt -checkend $((21 * 86400)))" 'will expire'
run "$POLICYCTL" certs init -d cut "${names[@]}" --days 90 --ca-days 29
run "$POLICYCTL" certs rotate -d cut --new-ca
matches "rotate: not a length that the CA cut" "$(field cut/tls.crt -checkend $((360 * 86400)))" 'will not expire'
before=$(field a/tls.crt -serial)
run "$POLICYCTL" certs rotate -d a "${names[@]}"
same "rotate, nothing due: exit status" $status 0
same "rotate, nothing due: stays" "$(field a/tls.crt -serial)" "$before"
run "$POLICYCTL" certs rotate -d a "${names[@]}" --force --dry-run
same "rotate --dry-run: stays" "$(field a/tls.crt -serial)" "$before"
run "$POLICYCTL" certs rotate -d a "${names[@]}" --force
same "rotate --force: exit status" $status 0
check "rotate --force: another one" [ "$(field a/tls.crt -serial)" != "$before" ]
check "rotate --force: chain and name" verify a/ca.crt a/tls.crt hook.ns.svc
check "rotate --force: the key fits" is_pair a/tls.crt a/tls.key
cp a/tls.crt old.crt
cp a/ca.crt old-ca.crt
names_before=$(field a/tls.crt -ext subjectAltName)
run "$POLICYCTL" certs rotate -d a --force
same "rotate without names: exit status" $status 0
same "rotate without names: keeps those it has" "$(field a/tls.crt -ext subjectAltName)" "$names_before"
run "$POLICYCTL" certs rotate -d a "${names[@]}" --force
same "rotate with the same names: keeps them, too" "$(field a/tls.crt -ext subjectAltName)" "$names_before"
run "$POLICYCTL" certs rotate -d a "${names[@]}" --new-ca --force
same "rotate --new-ca: exit status" $status 0
same "rotate --new-ca: both CAs in the bundle" "$(grep -c BEGIN a/ca.crt)" 2
same "rotate --new-ca: and their keys" "$(grep -c BEGIN a/ca.key)" 2
check "rotate --new-ca: the new CA's key comes first" is_pair a/ca.crt a/ca.key
check "rotate --new-ca: new certificate is trusted with the old bundle" verify old-ca.crt a/tls.crt hook.ns.svc
check "rotate --new-ca: old certificate is still trusted" verify a/ca.crt old.crt hook.ns.svc
check "rotate --new-ca: new certificate is trusted" verify a/ca.crt a/tls.crt hook.ns.svc
run "$POLICYCTL" certs check -d a "${names[@]}"
same "rotate --new-ca: check" $status 0
run "$POLICYCTL" certs bundle -d a
same "rotate --new-ca: bundle holds both" "$(base64 -d <"$work/out" | grep -c BEGIN)" 2
finish
