#!/usr/bin/env bash
# The golden cases through `policyctl review`: the same bytes as the libraries and the daemon.
. "$(dirname "$0")/../cli/lib.sh"

# No output on standard error besides what the rule file itself is warned of.
quiet() {
    ! grep -v '^rules\.yaml:[0-9]*:[0-9]*: warning: ' "$work/err"
}

for rules in "$tests"/golden/*/rules.yaml; do
    suite=$(basename "$(dirname "$rules")")
    cd "$(dirname "$rules")" || exit 1
    for expected in */mutate.json */validate.json; do
        name=${expected%/*} endpoint=$(basename "$expected" .json)
        review=$name/review.json
        [ -f "$review" ] || review=$tests/data/reviews/$name.json
        run "$POLICYCTL" review -p rules.yaml --endpoint "$endpoint" --now 2026-11-20 "$review"
        grep -q '"allowed":true' "$expected"
        same "$suite/$name $endpoint: exit status" $status $?
        same_file "$suite/$name $endpoint" "$work/out" "$expected"
        check "$suite/$name $endpoint: standard error" quiet
    done
done
finish
