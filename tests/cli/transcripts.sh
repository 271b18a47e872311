#!/usr/bin/env bash
# What policyctl prints, to the byte: tests/cli/expected/<name>; explain, images, lint and apply have scripts of their
# own. With BLESS=1 the files are written anew; read the difference before it is committed.
. "$(dirname "$0")/lib.sh"
cd "$tests/cli/input" || exit 1

mask='' # a script of sed: what differs from run to run
transcript() { # NAME STATUS COMMAND...
    local name=$1 expected_status=$2
    shift 2
    run "$@"
    { cat "$work/out"; sed 's/^/stderr: /' "$work/err"; } | sed -E "$mask" >"$work/both"
    [ "${BLESS:-}" != 1 ] || cp "$work/both" "$tests/cli/expected/$name"
    same "$name: exit status" $status "$expected_status"
    same_file "$name" "$work/both" "$tests/cli/expected/$name"
}

test=("$POLICYCTL" test -p rules.yaml --now 2026-11-20)
for format in text yaml diff json; do
    transcript "many.$format" 1 "${test[@]}" -o $format many.yaml
done
check "many.json: is JSON, with the promised keys" jq -e '
    (.objects | length) == 7 and .summary.objects == 7
    and ([.objects[] | has("file", "index", "line", "verdict", "rule", "images", "reasons", "patch")] | all)
    and ([.objects[].images[] | has("path", "container", "before", "after", "line", "column")] | all)
    and .summary.images == (.summary | .rewritten + .denied + .warned + .unchanged)
' "$work/out" >/dev/null
for format in text json yaml diff; do
    transcript "good.$format" 0 "${test[@]}" -o $format good.yaml
done
transcript pods.text 1 "${test[@]}" pods.json
transcript validate.text 1 "${test[@]}" --endpoint validate many.yaml
transcript update.text 1 "${test[@]}" --operation UPDATE many.yaml
transcript expired.text 1 "${test[@]}" --now 2027-01-01 many.yaml
transcript broken.text 2 "${test[@]}" good.yaml broken.yaml pods.json
transcript folder.text 2 "${test[@]}" .
transcript review.text 1 "$POLICYCTL" test -p ../../golden/captured/rules.yaml -n ignored \
    ../../data/reviews/pod-create-full.json
transcript parse.text 1 "$POLICYCTL" parse nginx airbyte/source-x:1 GHCR.io/a/b:1@sha256:0 \
    registry:5000/x "ghcr.io/a/b:v1@sha256:$(printf '0123456789abcdef%.0s' 1 2 3 4)" 'a b' $'new\nline'
transcript parse.json 1 "$POLICYCTL" parse -o json nginx registry:5000/x:1 'a"b' ''
transcript review.json 1 "$POLICYCTL" review -p rules.yaml --now 2026-11-20 \
    ../../golden/malformed/duplicate-image/review.json

# ---- verbs whose output has times, keys or versions in it -------------------------------------

cat >"$work/a.test.yaml" <<END
apiVersion: pullgate/v1
kind: PolicyTest
policy: $PWD/rules.yaml
cases:
  - {name: kept, namespace: team, object: &pod {kind: Pod, apiVersion: v1, spec: {containers: [{name: a, image: x}]}},
     expect: {images: {a: ghcr.io/acme-data/x}}}
  - {name: missed, namespace: team, object: *pod, expect: {verdict: deny, message: no such}}
END
mask="s#$work/##g; s#$PWD/##g; s/[0-9]+[.][0-9]+s/TIME/; s/(time=\"|\"seconds\":)[0-9.]+/\1TIME/g"
for format in text junit json; do
    transcript verify.$format 1 "$POLICYCTL" verify -o $format "$work/a.test.yaml"
done
transcript verify-v.text 1 "$POLICYCTL" verify -v "$work/a.test.yaml"
mask='s/ +[0-9.]+ (ns|us|ms)/ TIME/g; s/("[a-zA-Z0-9]+Ns"|"perSecond"):[0-9.]+/\1:TIME/g; s/^(engine|review)( +[0-9]+) +[0-9]+/\1\2 RATE/'
for format in text json; do
    transcript bench.$format 0 "$POLICYCTL" bench -p rules.yaml --iterations 10 --now 2026-11-20 -o $format many.yaml
done
mask="s#$work/##g; s/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]+Z/DATE/g; s/^(serial: +)[0-9a-f]+$/\1HEX/; s/([0-9a-fA-F]{2}:?){16,}/HEX/g; s/^[A-Za-z0-9+/=]{100,}$/BASE64/; s/[0-9]+ days/DAYS/g; s/CA [0-9a-f]{8}/CA HEX/"
transcript certs-init 0 "$POLICYCTL" certs init --dir "$work/tls" --dns other.example
transcript certs-check 0 "$POLICYCTL" certs check --dir "$work/tls"
transcript certs-check-name 1 "$POLICYCTL" certs check --dir "$work/tls" --name elsewhere
transcript certs-show 0 "$POLICYCTL" certs show --dir "$work/tls"
transcript certs-rotate 0 "$POLICYCTL" certs rotate --dir "$work/tls" --dry-run
transcript certs-bundle 0 "$POLICYCTL" certs bundle --dir "$work/tls"
mask='s/[0-9]+([.][0-9a-z]+)+(-[0-9a-z-]+)?/VERSION/g; s/\([^)]*\)/(COMMIT)/'
transcript version 0 "$POLICYCTL" version
mask=''
for shell in bash zsh fish; do
    transcript completion.$shell 0 "$POLICYCTL" completion $shell
done
all_help() {
    "$POLICYCTL" help
    for verb in $("$POLICYCTL" --help | sed -n '/^Verbs:/,/^$/s/^  \([a-z]*\)  .*/\1/p'); do
        printf '\n---- %s ----\n' "$verb"
        "$POLICYCTL" help "$verb"
    done
}
transcript help 0 all_help
finish
