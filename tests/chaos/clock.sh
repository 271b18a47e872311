#!/usr/bin/env bash
# The wall clock jumps by years under load: exemptions and the certificate's age follow it there and back,
# deadlines do not mind.
. "$(dirname "$0")/lib.sh"
: "${CLOCK_SHIM_SO:?the built clock_shim}"
day=86400 year=$((365 * 86400))
jump() { # SECONDS from true time
    printf '%+015d\n' "$1" | dd of=clock conv=notrunc status=none
}
jump 0
# An exemption that ends in ten days.
cat >rules.yaml <<END
apiVersion: pullgate/v1
kind: ImagePolicy
spec:
  registry: one.example
  exemptions:
    - {images: ["quay.io/**"], reason: a move, owner: us, until: $(date -d '+10 days' +%F)}
END
jq '.request.object.spec.containers[0].image = "quay.io/a/b:1"' "$review" >exempt.json
is_exempt() { # true or false
    post exempt.json "$url/validate"
    [ "$code" = 200 ] && [ "$(jq .response.allowed "$work/body")" = "$1" ]
}

export CLOCK_SHIM=$work/clock
PULLGATE_WRAP="env LD_PRELOAD=$CLOCK_SHIM_SO ${PULLGATE_WRAP:-}"
start_daemon clock ready --policy rules.yaml --poll 200ms --header-timeout 60s --request-timeout 60s
know_level one.example
start_good 20 one.example
check "the exemption holds" is_exempt true
for _ in $(seq "$(rounds 1 3)"); do
    jump $((11 * day))
    check "11 days on: the exemption has ended" is_exempt false
    check "11 days on: the certificate is good" is_readyz 200
    good_goes_on "11 days on"
    jump $((20 * year))
    check "20 years on: not ready" is_readyz 503
    matches "20 years on: why" "$body" '\[-\] certificate: expired'
    good_goes_on "20 years on"
    jump $((-60 * year)) # before 1970
    check "60 years back: the exemption holds" is_exempt true
    check "60 years back: the certificate is not old" is_readyz 200
    good_goes_on "60 years back"
    jump 0
    check "true time: the exemption holds" is_exempt true
    check "true time: ready" is_readyz 200
    good_goes_on "true time"
done
await "the end of the certificate is reported" is_logged certificate_expired
# A reminder of the future does not silence those of the present.
told=$(grep -c '"event":"certificate_expires_soon"' "$log")
jump $((300 * day))
await "65 days are left: told" is_logged certificate_expires_soon $((told + 1))
jump 0

# A request that is under way while the clock jumps far beyond all deadlines, and back.
{ sed '/^\r$/,$d' "$tests/data/reviews/pod-create.http" | sed '1s|/mutate/capture|/mutate|'; printf 'Expect: 100-continue\r\n\r\n'; } >slow.head
sed '1,/^\r$/d' "$tests/data/reviews/pod-create.http" >body.raw
dial
say slow.head
hear
same "under way: the header is read" "$code" 100
jump $((2 * year))
good_goes_on "under way: two years on"
jump $((-2 * year))
good_goes_on "under way: two years back"
say body.raw
hear
same "under way: answered" "$code" 200
hang_up
forget "$raw_pid"
jump 0
stop_good clock

# A certificate whose time has not come waits on the disk; no one has to touch it again.
printf '%+015d\n' $((30 * day)) >later
CLOCK_SHIM=later LD_PRELOAD=$CLOCK_SHIM_SO "$POLICYCTL" certs rotate --dir "$certs" --force >/dev/null
await "a certificate of the future: is reported" is_logged certificate_kept
matches "a certificate of the future: why" "$(logged certificate_kept error)" '^it is not valid before .* in use is valid until '
loaded=$(grep -c '"event":"certificate_loaded"' "$log")
jump $((31 * day))
await "its time has come: taken" is_logged certificate_loaded $((loaded + 1))
jump 0
back_at_level clock
end_daemon clock
same "audit lines are JSON with a time, whatever the clock says" \
    "$(jq -r '.time | test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z$")' "$audit" 2>&1 | sort -u)" true

# A certificate that the daemon makes itself follows the clock, there and back.
tls=(--tls-ca-cert "$certs/ca.crt" --tls-ca-key "$certs/ca.key" --tls-name 127.0.0.1)
start_daemon own ready --policy rules.yaml --poll 200ms
is_made() { # COUNT: so many, the last for seven days
    is_logged certificate_made "$1" && [ "$(logged certificate_made secondsLeft)" -gt 604700 ] && is_readyz 200
}
jump $((5 * day))
await "own: five days on: renewed" is_made 2
jump $((-2 * year))
await "own: two years back: made anew" is_made 3
jump $((20 * year))
await "own: 20 years on: the CA has expired" is_logged certificate_kept
same "own: 20 years on: why" "$(logged certificate_kept error)" "CA: it has expired, expected one that is valid"
await "own: 20 years on: not ready" is_readyz 503
await "own: 20 years on: the CA is reported" is_logged ca_expired
jump 0
await "own: true time: made anew" is_made 4
is_trusted() {
    openssl s_client -connect "127.0.0.1:$port" -CAfile "$certs/ca.crt" -verify_return_error -verify_ip 127.0.0.1 </dev/null >/dev/null 2>&1
}
check "own: true time: it is trusted" is_trusted
stop_daemon
same "own: exit status" $status 0
finish
