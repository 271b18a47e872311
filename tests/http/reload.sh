#!/usr/bin/env bash
# Rules and certificates change under a running daemon: what is broken is not taken, and said.
. "$(dirname "$0")/lib.sh"
cd "$work" || exit 1
certs=$work/certs
make_certs "$certs"
review=$tests/data/reviews/pod-create.json

rules() { # REGISTRY
    printf 'apiVersion: pullgate/v1\nkind: ImagePolicy\nspec:\n  registry: %s\n' "$1" >rules.new
    mv rules.new rules.yaml
}
image() { # what nginx becomes
    post "$review" "$url/mutate"
    jq -r '.response.patch // ""' "$work/body" | base64 -d | jq -r '.[0].value'
}
image_is() {
    [ "$(image)" = "$1" ]
}

# ---- rules -----------------------------------------------------------------------------------

rules one.example
start_daemon reload ready --policy rules.yaml
same "before" "$(image)" one.example/nginx:1.14.2
first=$(logged rules_loaded sha256)
same "the file's own digest" "$first" "$(sha256sum <rules.yaml | cut -d' ' -f1)"
rules two.example
kill -HUP "$pid"
await "SIGHUP: new rules" image_is two.example/nginx:1.14.2
await "SIGHUP: is logged" is_logged rules_loaded 2
same "SIGHUP: logged digest" "$(logged rules_loaded sha256)" "$(sha256sum <rules.yaml | cut -d' ' -f1)"

loaded=$(grep -c '"event":"rules_loaded"' "$log")
kill -HUP "$pid"
await "SIGHUP without a change: read all the same" is_logged rules_loaded $((loaded + 1))

printf 'apiVersion: pullgate/v1\nkind: ImagePolicy\nspec:\n  regsitry: three.example\n' >rules.new
mv rules.new rules.yaml
kill -HUP "$pid"
await "broken rules: are logged" is_logged rules_kept
same "broken rules: file" "$(logged rules_kept file)" rules.yaml
same "broken rules: line and column" "$(logged rules_kept line):$(logged rules_kept column)" 4:3
matches "broken rules: text" "$(logged rules_kept error)" 'unknown key "regsitry" in spec.*did you mean "registry"'
same "broken rules: the last good ones hold" "$(image)" two.example/nginx:1.14.2
check "broken rules: ready all the same" is_readyz 200

kept=$(grep -c '"event":"rules_kept"' "$log")
rm rules.yaml
kill -HUP "$pid"
await "no rules: are logged" is_logged rules_kept $((kept + 1))
same "no rules: the last good ones hold" "$(image)" two.example/nginx:1.14.2

rules four.example
kill -HUP "$pid"
await "good again: new rules" image_is four.example/nginx:1.14.2
check "it is still the same process" kill -0 "$pid"
await "audit lines carry the rules' digest" last_audited_is policySha256 "$(sha256sum <rules.yaml | cut -d' ' -f1)"

# ---- certificate -----------------------------------------------------------------------------

served() { # fingerprint of what a new connection gets
    openssl s_client -connect "127.0.0.1:$port" </dev/null 2>/dev/null | openssl x509 -noout -fingerprint -sha256
}
on_disk() {
    openssl x509 -noout -fingerprint -sha256 -in "$certs/tls.crt"
}
before=$(on_disk)
check "certificate: as on disk" served_is_disk
dial # a connection of before
"$POLICYCTL" certs rotate --dir "$certs" --service pullgate --namespace pullgate --dns 127.0.0.1 \
    --dns localhost --force >/dev/null
check "certificate: another one on disk" [ "$(on_disk)" != "$before" ]
kill -HUP "$pid"
await "certificate: new connections see the new one" served_is_disk
matches "certificate: logged" "$(logged certificate_loaded sha256)" "^$(on_disk | cut -d= -f2 | tr -d : | tr A-F a-f)$"
printf 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n' >raw
say raw
hear
same "certificate: the old connection lives on" "$code" 200
hang_up
same "certificate: and curl trusts it" "$(image)" four.example/nginx:1.14.2

new=$(on_disk)
cp "$certs/tls.crt" good.crt
echo garbage >"$certs/tls.crt"
kill -HUP "$pid"
await "broken certificate: is logged" is_logged certificate_kept
same "broken certificate: the old one is served" "$(served)" "$new"
mv good.crt "$certs/tls.crt"
"$POLICYCTL" certs init --dir other >/dev/null
kept=$(grep -c '"event":"certificate_kept"' "$log")
cp "$certs/tls.key" good.key
cp other/tls.key "$certs/tls.key"
kill -HUP "$pid"
await "another's key: is logged" is_logged certificate_kept $((kept + 1))
same "another's key: the old pair is served" "$(served)" "$new"

# What GnuTLS takes and no client can shake hands with.
kept_since() { # REASON
    [[ $(logged certificate_kept error) =~ $1 ]]
}
refused_pair() { # NAME REASON: of odd.crt and odd.key
    cp odd.key "$certs/tls.key" && cp odd.crt "$certs/tls.crt"
    kill -HUP "$pid"
    await "$1: is logged with the reason" kept_since "$2"
    same "$1: the file" "$(logged certificate_kept file)" "$certs/tls.crt"
    same "$1: the old pair is served" "$(served)" "$new"
}
cp "$certs/tls.crt" good.crt
openssl req -x509 -newkey rsa:2048 -nodes -keyout odd.key -out odd.crt -subj /CN=x -addext subjectAltName=IP:127.0.0.1 \
    -addext keyUsage=critical,keyEncipherment 2>/dev/null
refused_pair "a key that may not sign" 'no client can use it: .*digitalSignature'
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-224 -nodes -keyout odd.key -out odd.crt -subj /CN=x \
    -addext subjectAltName=IP:127.0.0.1 2>/dev/null
refused_pair "a curve of no TLS" 'no client can use it: .*expected ECDSA P-256'

# Expired or not valid yet, while the one in use is.
mkdir past
printf '[ca]\ndefault_ca = it\n[it]\ndatabase = past/index\nnew_certs_dir = past\ndefault_md = sha256\npolicy = any
x509_extensions = leaf\nrand_serial = yes\n[any]\ncommonName = supplied\n[leaf]\nsubjectAltName = IP:127.0.0.1\n' >past/conf
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout odd.key -subj /CN=x -out past/csr 2>/dev/null
signed() { # START END: odd.crt
    : >past/index
    openssl ca -batch -selfsign -config past/conf -keyfile odd.key -notext -startdate "$1" -enddate "$2" -in past/csr \
        -out odd.crt 2>/dev/null
}
signed 20990102030405Z 21000101000000Z
refused_pair "a pair of the future" '^it is not valid before 2099-01-02T03:04:05Z, the one in use is valid until 20'
signed 20240101000000Z 20250102030405Z
refused_pair "an expired pair" '^it expired at 2025-01-02T03:04:05Z, the one in use is valid until 20'
stop_daemon
start_daemon expired ready --policy rules.yaml
same "an expired pair at the start: is taken" "$(served)" "$(on_disk)"
same "an expired pair at the start: is reported" "$(logged certificate_expired level)" warn
signed 20990102030405Z 21000101000000Z
cp odd.crt "$certs/tls.crt"
kill -HUP "$pid"
await "an expired pair in use: one of the future is as good" served_is_disk
ask "http://127.0.0.1:$probes/readyz?verbose"
matches "one of the future: readyz" "$body" 'certificate: valid until 2100-01-01T00:00:00Z, but not before 2099-01-02T03:04:05Z'
cp good.key "$certs/tls.key" && cp good.crt "$certs/tls.crt"
kill -HUP "$pid"
await "an expired pair in use: a good one is taken" served_is_disk
stop_daemon
same "exit status" $status 0

# ---- a start without valid rules -------------------------------------------------------------

{ printf 'apiVersion: pullgate/v1\nkind: ImagePolicy\nspec:\n  mode: strict\n' && printf '  key%d: 1\n' {1..10}; } >rules.yaml
start_daemon broken waiting_for_rules --policy rules.yaml
same "broken at the start: logged with its place" \
    "$(logged rules_invalid file):$(logged rules_invalid line):$(logged rules_invalid column)" rules.yaml:4:9
same "broken at the start: further errors, up to eight in all" \
    "$(grep '"event":"rules_error"' "$log" | jq -r .line | tr '\n' ' ')$(logged rules_errors_left_out errors)" "5 6 7 8 9 10 11 3"
check "broken at the start: not ready" is_readyz 503
matches "broken at the start: the reason" "$body" '\[-\] rules: no valid rules are loaded'
ask "http://127.0.0.1:$probes/healthz"
same "broken at the start: alive" "$code" 200
for path in mutate validate; do
    post "$review" "$url/$path"
    same "broken at the start: /$path" "$code" 503
    head_has "broken at the start: /$path may be asked again" '^retry-after: [0-9]+$'
    matches "broken at the start: /$path says why" "$(jq -r .message "$work/body")" 'no valid rules'
done
rules five.example
kill -HUP "$pid"
await "mended: ready" is_readyz 200
same "mended: answers" "$(image)" five.example/nginx:1.14.2
stop_daemon
same "mended: exit status" $status 0
same "broken at the start: nothing was decided before" "$(wc -l <"$audit")" 1

# ---- without a signal: files are watched -----------------------------------------------------

# As Kubernetes mounts a ConfigMap: the file is a link into ..data, which is a link that is replaced.
mkdir -p mounted/..1
mv rules.yaml mounted/..1/rules.yaml
ln -s ..1 mounted/..data
ln -s ..data/rules.yaml mounted/rules.yaml
start_daemon watched ready --policy mounted/rules.yaml --poll 1s
same "mounted: before" "$(image)" five.example/nginx:1.14.2
mkdir mounted/..2
sed 's/five/seven/' mounted/..1/rules.yaml >mounted/..2/rules.yaml
ln -s ..2 mounted/..next
mv -T mounted/..next mounted/..data
rm -r mounted/..1
await "mounted: the new rules" image_is seven.example/nginx:1.14.2
sed 's/seven/eight/' mounted/..2/rules.yaml >rules.new
cat rules.new >mounted/..2/rules.yaml
await "rewritten in place: the new rules" image_is eight.example/nginx:1.14.2
"$POLICYCTL" certs rotate --dir "$certs" --service pullgate --namespace pullgate --dns 127.0.0.1 \
    --dns localhost --force >/dev/null
await "rotated: the new certificate" served_is_disk
stop_daemon
same "watched: exit status" $status 0

# ---- a folder of rules -----------------------------------------------------------------------

mkdir folder
rules five.example
mv rules.yaml folder/10.yaml
start_daemon folder ready --policy folder
same "folder: before" "$(image)" five.example/nginx:1.14.2
sed 's/five/six/' folder/10.yaml >folder/.new
mv folder/.new folder/05.yaml
sed -i 's/^kind.*/&\nmetadata: {name: six}/' folder/05.yaml
kill -HUP "$pid"
await "folder: a file before the others" image_is six.example/nginx:1.14.2
stop_daemon
same "folder: exit status" $status 0
finish
