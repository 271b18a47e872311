#!/usr/bin/env bash
# policyctl lint: what it finds, in every format; the JSON Schema against the loader.
. "$(dirname "$0")/lib.sh"
cd "$tests/cli/rules" || exit 1

transcript() { # NAME STATUS COMMAND...
    local name=$1 expected_status=$2
    shift 2
    run "$@"
    { sed 's/"semanticVersion":"[^"]*"/"semanticVersion":"..."/' "$work/out"; sed 's/^/stderr: /' "$work/err"; } >"$work/both"
    [ "${BLESS:-}" != 1 ] || cp "$work/both" "$tests/cli/expected/$name"
    same "$name: exit status" $status "$expected_status"
    same_file "$name" "$work/both" "$tests/cli/expected/$name"
}

lint=("$POLICYCTL" lint --now 2026-11-20)
broken=$tests/cli/input/broken.yaml
for format in text json junit sarif github; do
    transcript "lint.$format" 2 "${lint[@]}" -o $format lint.yaml misspelt.yaml empty.yaml exempts.yaml secret.yaml sources.yaml names.yaml nowhere.yaml
    [ $format != json ] || cp "$work/out" "$work/json"
    [ $format != junit ] || cp "$work/out" "$work/junit"
    [ $format != sarif ] || cp "$work/out" "$work/sarif"
done
transcript lint.mistakes 2 "${lint[@]}" mistakes.yaml patterns.yaml
run "${lint[@]}" -o json mistakes.yaml
same "json: all mistakes of a file" "$(jq -c '[.summary, (.findings | map(.line) | unique | length)]' "$work/out")" \
    '[{"errors":27,"warnings":3,"notes":0},20]'
for verb in 'test good.yaml' 'explain nginx'; do
    # shellcheck disable=SC2086 # a verb and its operand
    run "$POLICYCTL" $verb -p mistakes.yaml
    same "$verb: tells all mistakes" "$status $(grep -c '^policyctl: mistakes.yaml:' <<<"$err")" "2 27"
done
mkdir "$work/folder" && cp mistakes.yaml "$work/folder/a.yaml" && printf 'a: b: c\n' >"$work/folder/b.yaml" && cp misspelt.yaml "$work/folder/c.yaml"
run "${lint[@]}" -o json "$work/folder"
same "a folder: mistakes of all its files" "$(jq -r '.findings[] | select(.level == "error") | .file' "$work/out" | sed 's/.*\///' | sort | uniq -c | tr -s ' \n' ' ')" \
    " 27 a.yaml 1 b.yaml 1 c.yaml "
run "$POLICYCTL" lint --now 2026-11-20 "$tests/../policies/examples/audit-only.yaml"
matches "the two names of one image" "$status $out" '0 .*"nginx" becomes harbor.corp.example/hub/nginx, but "docker.io/nginx", the same image, becomes harbor.corp.example/hub/library/nginx'
run "${lint[@]}" -o github ./empty.yaml "$PWD/empty.yaml"
same "github: paths as the repository has them" "$(cut -d, -f1 <<<"$out" | sort -u)" "::warning file=empty.yaml"
check "json: every finding has a reason and a fix" jq -e '.findings | length > 20
    and all(.file != "" and .id != "" and .message != "" and .fix != "" and (.level | IN("note", "warning", "error")))' \
    "$work/json" >/dev/null
check "sarif: the same findings as json" jq -e --slurpfile json "$work/json" '
    [.runs[0].results[] | [.ruleId, .level, .message.text]] == [$json[0].findings[] | [.id, .level, .message]]
    and (.runs[0] | [.results[] as $r | .tool.driver.rules[$r.ruleIndex].id == $r.ruleId] | all)' "$work/sarif" >/dev/null

check "junit: by its schema" xmllint --noout --schema "$tests/data/junit.xsd" "$work/junit" 2>"$work/xmllint"
same "junit: the same findings as json; warnings and errors fail" \
    "$(xmllint --xpath 'concat(/*/@tests, " ", /*/@failures, " ", /*/@errors, " ", count(//testcase), " ", count(//failure))' "$work/junit")" \
    "$(jq -r '.findings | [length, (map(select(.level != "note")) | length), 0] | "\(.[0]) \(.[1]) \(.[2]) \(.[0]) \(.[1])"' "$work/json")"
run "${lint[@]}" -o junit "$tests/../policies/examples/airbyte.yaml" empty.yaml
same "junit: a file without findings is a case that passed" "$status $(grep -c '<testcase name="no findings" .*/airbyte.yaml"/>' "$work/out")" "1 1"
check "sarif: valid by SARIF's schema" python3 -c 'import json, sys, jsonschema
schema, log = (json.load(open(name)) for name in sys.argv[1:])
checker = jsonschema.validators.validator_for(schema)(schema)
assert not checker.is_valid({**log, "version": "2.0.0"})
checker.validate(log)' "$tests/data/sarif/sarif-2.1.0.json" "$work/sarif"
same "sarif: no site of its own is made up" "$(grep -c 'informationUri\|helpUri' "$work/sarif")" 0

# Every id there is, is found somewhere here, where its comment says so.
jq -r '.runs[0].tool.driver.rules[].id' "$work/sarif" | sort >"$work/ids"
jq -r '.findings[].id' "$work/json" | sort -u >"$work/found"
same "ids that no file here shows" "$(comm -23 "$work/ids" "$work/found" | tr '\n' ' ')" \
    "invalid-syntax not-checked too-large "
grep -nE '# [a-z]+-' lint.yaml | while IFS=: read -r line text; do
    for id in $(grep -oE '[a-z]+(-[a-z]+)+' <<<"${text##*#}"); do
        grep -qx "$id" "$work/ids" && ! jq -e --arg id "$id" --argjson line "$line" \
            'any(.findings[]; .id == $id and .line == $line)' "$work/json" >/dev/null &&
            echo "line $line: $id"
    done
done >"$work/unfound"
same "findings that lint.yaml announces" "$(cat "$work/unfound")" ""

# ---- exit statuses and options ---------------------------------------------------------------

expect() { # NAME STATUS ARGUMENT...
    local name=$1 expected=$2
    shift 2
    run "${lint[@]}" "$@"
    same "$name: exit status" $status "$expected"
}
expect "clean" 0 "$tests/../policies/examples/airbyte.yaml"
same "clean: text" "$out" "0 errors, 0 warnings, 0 notes"
expect "notes alone" 0 "$tests/../policies/examples/allow-list.yaml"
expect "notes alone, --strict" 1 --strict "$tests/../policies/examples/allow-list.yaml"
expect "warnings" 1 lint.yaml
expect "no YAML" 2 "$broken"
matches "no YAML: text" "$out" "broken.yaml:4:5: error: .*\[invalid-syntax\]"
expect "an error and warnings" 2 lint.yaml misspelt.yaml
expect "a folder" 2 .
expect "no operand" 2
same "no operand: text" "$err" "policyctl: no rule file: give files, folders or - for standard input"
expect "unknown id" 2 --ignore pod-label-only lint.yaml
same "unknown id: text" "$err" 'policyctl: --ignore: unknown id "pod-label-only"; did you mean pod-labels-only?'
expect "ignored" 0 --ignore no-rules empty.yaml
expect "not ignored" 1 empty.yaml
"${lint[@]}" - <empty.yaml >"$work/out"
same "standard input" "$? $(head -n 1 "$work/out")" \
    "1 <stdin>:1:1: warning: no rules: every pod is allowed [no-rules]"
printf 'apiVersion: pullgate/v1\nkind: ImagePolicy\nspec: {mode: audit, "ä😀": 1}\n' >"$work/error.yaml"
"${lint[@]}" - <"$work/error.yaml" >"$work/out"
same "standard input: the line of an error" "$? $(sed -n '2,3p' "$work/out")" \
    $'2 spec: {mode: audit, "ä😀": 1}\n                    ^'
soon='{apiVersion: pullgate/v1, kind: ImagePolicy, spec: {approved: [a.example],
    exemptions: [{images: [b.example], reason: r, owner: o, until: 2026-12-20}]}}'
printf '%s' "$soon" >"$work/soon.yaml"
expect "ends in 31 days" 0 "$work/soon.yaml"
expect "ends in 31 days, --soon-days 31" 1 --soon-days 31 "$work/soon.yaml"
expect "has ended" 1 --now 2026-12-21 "$work/soon.yaml"
matches "has ended: text" "$out" '\[expired-exemption\]'
expect "ends today" 1 --now 2026-12-20 "$work/soon.yaml"
matches "ends today: text" "$out" 'ends in 1 day, on 2026-12-20 \[exemption-ends-soon\]'

# What the finding says is so: a denial by another name of a registry refuses images of either, as the plain one does.
for denied in registry-1.docker.io/evil docker.io/evil; do
    printf '{apiVersion: pullgate/v1, kind: ImagePolicy, spec: {approved: ["**"], denied: [%s]}}' $denied >"$work/d.yaml"
    for image in registry-1.docker.io/evil/x docker.io/evil/x; do
        "$POLICYCTL" explain -p "$work/d.yaml" $image >/dev/null
        printf '%s ' $?
    done
done >"$work/found"
same "denied by alias, by plain name" "$(cat "$work/found")" "1 1 1 1 "

# Columns: of a rule file in bytes, of SARIF in UTF-16 units.
printf '%s\n' 'apiVersion: pullgate/v1' 'kind: ImagePolicy' \
    'spec: {message: "ä€😀", approved: ["*a.example/**"]}' >"$work/wide.yaml"
expect "wide" 1 "$work/wide.yaml"
matches "wide: bytes" "$out" 'wide.yaml:3:41: warning'
run "${lint[@]}" -o sarif "$work/wide.yaml"
same "wide: UTF-16" "$(jq -c '.runs[0].results[0].locations[0].physicalLocation.region' "$work/out")" \
    '{"startLine":3,"startColumn":36}'

# ---- the schema ------------------------------------------------------------------------------

run "$POLICYCTL" lint --schema
same "schema: exit status" $status 0
check "schema: is JSON" jq -e '."$schema" and .properties.spec' "$work/out" >/dev/null
if python3 -c 'import jsonschema, yaml' 2>/dev/null; then
    check "schema and loader agree" python3 "$tests/cli/schema.py" "$POLICYCTL" \
        "$tests"/../policies/examples/*.yaml lint.yaml explain.yaml
else
    fail "schema and loader agree" "python3-jsonschema and python3-yaml are needed"
fi
finish
