#!/usr/bin/env bash
# The golden cases through `policyctl review`: the same bytes as the libraries and the daemon.
#
#   cli.sh [FOLDER]     of suites; tests/golden when not given
. "$(dirname "$0")/../cli/lib.sh"

# No output on standard error besides what the rule file itself is warned of.
quiet() {
    ! grep -v '^rules\.yaml:[0-9]*:[0-9]*: warning: ' "$work/err"
}

# What is no review is no answer, either: exit status 2 and why.
no_review() { # WHAT EXPECTED
    same "$1: exit status" $status 2
    same "$1: standard output" "$out" ""
    check "$1: standard error" grep -qF -- "$(cat "$2")" "$work/err"
}

shopt -s nullglob
for rules in "${1:-$tests/golden}"/*/rules.yaml; do
    suite=$(basename "$(dirname "$rules")")
    cd "$(dirname "$rules")" || exit 1
    for expected in */mutate.json */validate.json */mutate.error */validate.error; do
        name=${expected%/*} endpoint=$(basename "${expected%.*}")
        review=$name/review.json
        [ -f "$review" ] || review=$tests/data/reviews/$name.json
        run "$POLICYCTL" review -p rules.yaml --endpoint "$endpoint" --now 2026-11-20 "$review"
        if [ "${expected##*.}" = error ]; then
            no_review "$suite/$name $endpoint" "$expected"
            continue
        fi
        grep -q '"allowed":true' "$expected"
        same "$suite/$name $endpoint: exit status" $status $?
        same_file "$suite/$name $endpoint" "$work/out" "$expected"
        check "$suite/$name $endpoint: standard error" quiet
    done
done
finish
