#!/usr/bin/env bash
# policyctl bench: that it measures what it was given, keeps figures and compares them. No figure is judged here.
. "$(dirname "$0")/lib.sh"
cp "$tests"/cli/input/{rules,many,good}.yaml "$work" && cd "$work" || exit 1
bench=("$POLICYCTL" bench -p rules.yaml --iterations 20 --warmup 2 --now 2026-11-20)
review=$tests/data/reviews/pod-create.json

run "${bench[@]}" many.yaml
same "text: exit status ($err)" $status 0
matches "text" "$out" '^7 objects, 0 of them reviews; each 20 times, 1 at a time
 +decisions +per second +mean +p50 +p95 +p99 +max
engine +140 +[1-9][0-9]* .* (ns|us|ms)$'
same "text: no review, no row" "$(grep -c ^review <<<"$out")" 0
run "${bench[@]}" good.yaml "$review"
same "review: exit status ($err)" $status 0
matches "review" "$out" '^2 objects, 1 of them reviews;.*engine +40 .*review +20 '

run "${bench[@]}" -o json many.yaml "$review"
check "json: figures in their order" jq -e '.objects == 8 and .reviews == 1 and .iterations == 20 and .warmup == 2
    and .concurrency == 1 and .engine.decisions == 160 and .review.decisions == 20
    and ([.engine, .review][] | .perSecond > 0 and .p50Ns > 0 and .p50Ns <= .p95Ns and .p95Ns <= .p99Ns
         and .p99Ns <= .maxNs and .meanNs <= .maxNs)' "$work/out" >"$work/jq"
run "${bench[@]}" -o json -c 3 many.yaml
check "threads share the iterations" jq -e '.engine.decisions == 140 and .concurrency == 3' "$work/out" >"$work/jq"
run "${bench[@]}" -o json --iterations 1 -c 8 --warmup 0 good.yaml
check "more threads than iterations" jq -e '.engine.decisions == 1' "$work/out" >"$work/jq"
run "${bench[@]}" -o json "$tests/golden/malformed/duplicate-image/review.json"
check "a malformed review is nothing for the engine" jq -e '.engine == null and .review.decisions == 20' "$work/out" >"$work/jq"

# ---- keeping and comparing -------------------------------------------------------------------

run "${bench[@]}" --save base.json -o json many.yaml
same_file "--save keeps what -o json shows" base.json "$work/out"
compared() { # NAME STATUS REGEX FILTER [ARGUMENT...]: against base.json, changed by jq
    local name=$1 expected=$2 regex=$3 filter=$4
    shift 4
    jq -c "$filter" base.json >was.json
    run "${bench[@]}" --compare was.json "$@" many.yaml
    same "$name: exit status" $status "$expected"
    matches "$name" "$out$err" "$regex"
}
compared "much faster than then" 0 'engine: p50 +1000[.]0 ms -> .*, -[0-9.]+ %$' '.engine.p50Ns = 1000000000'
compared "much slower than then" 1 'engine: p50 +1 ns -> .*, \+[0-9.]+ %: too slow$' '.engine.p50Ns = 1'
compared "a threshold that allows it" 0 'engine: p50 +1 ns -> .* %$' '.engine.p50Ns = 1' --threshold 1000000
compared "in JSON the comparison is on standard error" 1 '\}engine: p50 .*too slow$' '.engine.p50Ns = 1' -o json
check "and JSON stays JSON" jq -e .engine.p50Ns "$work/out" >"$work/jq"
compared "other objects" 2 'policyctl: was\.json: objects: 3 then, 7 now: the figures cannot be compared' '.objects = 3'
compared "other threads" 2 'concurrency: 1 then, 2 now: the figures cannot be compared' . -c 2
compared "no figures" 2 'not written by policyctl bench --save: objects is missing' '{}'
compared "figures of nothing" 2 'was\.json: .*p50Ns is missing' '.engine = {}'

# ---- the worst objects -----------------------------------------------------------------------

cat >costly.yaml <<'end'
apiVersion: pullgate/v1
kind: ImagePolicy
metadata: {name: costly}
spec:
  approved: [docker.io]
  denied: [{regex: '.*/.*/.*/.*evil'}]
  rules:
    - {name: r, match: {groups: ['g*'], users: ['u*']}}
end
run "$POLICYCTL" bench --worst -p costly.yaml -o json
same "worst: exit status ($err)" $status 0
check "worst: the regex is found, and the limit ends it" jq -e '.limit == 10000000
    and ([.worst[] | select(.what == "regex")] | length == 1
         and all(.limited and .verdict == "deny" and .steps == 10000000 and .line == 6
                 and .regex == ".*/.*/.*/.*evil"))' "$work/out" >"$work/jq"
check "worst: copies of one image take next to nothing" jq -e '[.worst[] | select(.what == "one image, many times")]
    | length == 1 and all(.images > 10000 and .steps < 1000)' "$work/out" >"$work/jq"
check "worst: what a rule asks for is varied" jq -e '[.worst[].what] | contains(["many groups", "long user name"])
    and (contains(["many labels"]) | not)' "$work/out" >"$work/jq"
check "worst: no review is larger than the webhook takes" jq -e 'all(.worst[]; .bytes <= 33554432 and .steps <= 10000000)' \
    "$work/out" >"$work/jq"
run "$POLICYCTL" bench --worst -p costly.yaml
matches "worst: text" "$out" '^ +images +bytes +steps +time +verdict
many images .*
regex +[0-9]+ +[0-9]+ +10000000 .* deny \(pattern-limit\)
    costly\.yaml:6: '

# ---- mistakes --------------------------------------------------------------------------------

mistake() { # NAME REGEX ARGUMENT...
    local name=$1 regex=$2
    shift 2
    run "$POLICYCTL" bench "$@"
    same "$name: exit status" $status 2
    matches "$name" "$err" "$regex"
    same "$name: standard output" "$out" ""
}
printf 'x' >no.json
: >empty.yaml
mistake "--worst with files" '--worst makes its own objects: give no files' -p rules.yaml --worst many.yaml
mistake "--worst that is kept" '--worst makes its own objects: .*--save' -p rules.yaml --worst --save x.json
mistake "no input" '^policyctl: no input: ' -p rules.yaml
mistake "no objects" '^policyctl: no objects to measure$' -p rules.yaml empty.yaml
mistake "no rule file" '^policyctl: no rule file' good.yaml
mistake "an object that is none" '^policyctl: rules\.yaml:2:1: |^no\.json:1:1: ' -p rules.yaml no.json
mistake "not there" '^policyctl: cannot open gone\.yaml' -p rules.yaml gone.yaml
mistake "no iterations" 'out of range' -p rules.yaml --iterations 0 good.yaml
mistake "neither is read" '^policyctl: cannot open gone\.yaml.*no\.json:1:1: .*no objects' -p rules.yaml gone.yaml no.json

# The others are measured all the same, those of a broken file too; what is kept would be figures of something else.
printf '%s\n' 'apiVersion: v1' 'kind: Pod' 'metadata: [' '---' >broken.yaml && cat good.yaml >>broken.yaml
run "${bench[@]}" gone.yaml good.yaml broken.yaml no.json many.yaml
same "unreadable inputs beside others: exit status" $status 2
matches "unreadable inputs beside others: figures" "$out" '^9 objects, .*engine +180 '
matches "unreadable inputs beside others: told" "$err" 'gone\.yaml.*broken\.yaml:.*no\.json:1:1: '
run "${bench[@]}" --save partly.json good.yaml gone.yaml
same "figures of a part: exit status" $status 2
matches "figures of a part: told" "$err" 'partly\.json is not written: '
check "figures of a part: not kept" test ! -e partly.json
run "${bench[@]}" --compare no.json good.yaml
same "figures that are no JSON" $status 2
run "${bench[@]}" --save nowhere/base.json good.yaml
same "nowhere to keep them" $status 2
finish
