#!/usr/bin/env bash
# Instructions of one review, stage by stage, as cachegrind counts them: a figure that does not swing.
# Prints figures; judges none.
#
#   instructions.sh [BENCH_REVIEW]      build/release/bin/bench_review when not given; needs valgrind
set -eu
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bench=${1:-$here/../../build/release/bin/bench_review}
few=20 many=220

instructions() { # STAGE COUNT REVIEW
    valgrind --tool=cachegrind --cache-sim=no --cachegrind-out-file=/dev/null \
        "$bench" --stage "$1" "$2" "$3" 2>&1 | awk '/I *refs:/ {gsub(",", "", $NF); print $NF}'
}

each() { # STAGE REVIEW: of one request up to that stage
    echo $((($(instructions "$1" $many "$2") - $(instructions "$1" $few "$2")) / (many - few)))
}

for review in "$here"/reviews/*.json; do
    printf '%s: ' "${review##*/}"
    before=$(each copy "$review")
    first=$before
    for stage in parse decode decide encode audit; do
        now=$(each $stage "$review")
        printf '%s %d, ' $stage $((now - before))
        before=$now
    done
    printf 'all %d instructions\n' $((before - first))
done
