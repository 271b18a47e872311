#!/usr/bin/env bash
# What policyctl test and parse print, to the byte: tests/cli/expected/<name>. With BLESS=1 the files are written
# anew; read the difference before it is committed.
. "$(dirname "$0")/lib.sh"
cd "$tests/cli/input" || exit 1

transcript() { # NAME STATUS COMMAND...
    local name=$1 expected_status=$2
    shift 2
    run "$@"
    { cat "$work/out"; sed 's/^/stderr: /' "$work/err"; } >"$work/both"
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
finish
