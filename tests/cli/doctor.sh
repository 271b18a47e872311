#!/usr/bin/env bash
# policyctl doctor: each code provoked by a dump and gone after its mend, in every format; what it refuses.
. "$(dirname "$0")/lib.sh"
cd "$tests/cli/dumps" || exit 1

doctor=("$POLICYCTL" doctor -p doctor.yaml)
check "the codes" python3 "$tests/cli/doctor.py" "$POLICYCTL" "$work"

# The page of codes is what the table of the program says.
"$POLICYCTL" --help-mdoc codes >"$work/CODES.md"
[ "${BLESS:-}" != 1 ] || cp "$work/CODES.md" "$tests/../deploy/CODES.md"
same_file "deploy/CODES.md" "$work/CODES.md" "$tests/../deploy/CODES.md"

# The formats, by independent readers.
for format in junit sarif json; do
    run "${doctor[@]}" -o $format dump.json
    same "$format: exit status" $status 1
    cp "$work/out" "$work/$format"
done
check "junit: by its schema" xmllint --noout --schema "$tests/data/junit.xsd" "$work/junit" 2>"$work/xmllint"
same "junit: the same findings as json; warnings and errors fail" \
    "$(xmllint --xpath 'concat(/*/@tests, " ", /*/@failures, " ", count(//testcase), " ", count(//failure))' "$work/junit")" \
    "$(jq -r '.findings | [length, (map(select(.level != "note")) | length)] | "\(.[0]) \(.[1]) \(.[0]) \(.[1])"' "$work/json")"
check "sarif: valid by SARIF's schema" python3 -c 'import json, sys, jsonschema
schema, log = (json.load(open(name)) for name in sys.argv[1:])
jsonschema.validators.validator_for(schema)(schema).validate(log)' "$tests/data/sarif/sarif-2.1.0.json" "$work/sarif"
check "sarif: the same findings as json" jq -e --slurpfile json "$work/json" '
    [.runs[0].results[] | [.ruleId, .level]] == [$json[0].findings[] | [.code, .level]]' "$work/sarif" >/dev/null
check "json: its keys" jq -e '.findings | length > 2 and all(.code and .level and .object and .message and .effect and .mend)
    and any(.rule.file == "doctor.yaml" and .rule.line > 0 and .rule.name == "airbyte-jobs")' "$work/json" >/dev/null
run "${doctor[@]}" -o json dump.json dump.json
same "a dump read twice" "$(jq '.findings | length > 0' "$work/out")" true

mistake() { # NAME REGEX ARGUMENT...
    local name=$1 regex=$2
    shift 2
    run "$@"
    same "$name: exit status" $status 2
    same "$name: standard output" "$out" ""
    matches "$name" "$err" "$regex"
}
mistake "no dump" '^policyctl: no dump: give files, - for standard input, or --cluster$' "${doctor[@]}"
mistake "a dump beside --cluster" '^policyctl: --cluster reads no dump: found "dump.json"$' "${doctor[@]}" --cluster dump.json
mistake "--context without --cluster" '^policyctl: --context and --kubeconfig need --cluster$' "${doctor[@]}" --context a dump.json
mistake "no such dump" '^policyctl: cannot open nowhere\.json: No such file' "${doctor[@]}" nowhere.json
mistake "an empty dump" '^policyctl: /dev/null is empty, expected what kubectl get -o json prints$' "${doctor[@]}" /dev/null
mistake "no rule file" '^policyctl: no rule file' "$POLICYCTL" doctor dump.json
mistake "no such kubectl" '^policyctl: cannot run /nowhere/kubectl: No such file' env KUBECTL=/nowhere/kubectl "${doctor[@]}" --cluster
mistake "a kubectl that fails" '^policyctl: kubectl get namespaces: ' env KUBECTL=false "${doctor[@]}" --cluster
mistake "values that are none" 'not values of a chart' "${doctor[@]}" --values <(echo '[a]') dump.json
run env KUBECTL=false "${doctor[@]}" --cluster -v --context 'a b' --kubeconfig c -n d
matches "-v: the commands" "$err" "^false --kubeconfig c --context 'a b' get namespaces --request-timeout=1m -o json"

run "$POLICYCTL" help PG999
same "help: no such code" "$status" 2
run "$POLICYCTL" help pg104
matches "help: a code" "$out" '^PG104 secret-broken \(error\)'
run "$POLICYCTL" help secret-broken
matches "help: a code by its word" "$out" '^PG104 '
run "$POLICYCTL" help codes
same "help codes: lines wider than 96" "$(awk 'length > 96' "$work/out")" ""
finish
