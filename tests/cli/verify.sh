#!/usr/bin/env bash
# policyctl verify: suites of rule files. The shipped examples keep what their suites promise; every kind of
# expectation is seen failing; suites that are not suites are refused with their place.
. "$(dirname "$0")/lib.sh"
cd "$tests/.." || exit 1

no_times() {
    sed -E 's/[0-9]+\.[0-9]+s/0.00s/g'
}

# ---- the examples ----------------------------------------------------------------------------

run "$POLICYCTL" verify policies/examples
same "examples: exit status" $status 0
same "examples: standard error" "$err" ""
same "examples: text" "$(no_times <"$work/out")" "$(
    for name in airbyte allow-list astronomer audit-only; do
        printf 'ok  \tpolicies/examples/tests/%s.test.yaml\t0.00s\n' $name
    done
    echo PASS
)"
same "examples: each has a suite" \
    "$(for f in policies/examples/*.yaml; do [ -e "policies/examples/tests/$(basename "$f" .yaml).test.yaml" ] || echo "$f"; done)" ""
run "$POLICYCTL" test --summary -p policies/examples/airbyte.yaml policies/examples/tests/airbyte.test.yaml
same "a suite is no rule file of the folder above it" "$status $(tail -n 1 <<<"$out")" \
    "0 1 object, 0 images: 0 rewritten, 0 denied, 0 warned, 0 unchanged"

# ---- expectations, met and missed ------------------------------------------------------------

cd "$work" || exit 1
mkdir -p suites/deep
cat >rules.yaml <<'END'
apiVersion: pullgate/v1
kind: ImagePolicy
metadata: {name: verify}
spec:
  registry: ghcr.io/acme-data
  imagePullSecrets: [regcred]
  rules:
    - {name: lab, match: {namespaces: [lab]}, mode: warn}
    - {name: who, match: {users: [ann], groups: [ops], serviceAccounts: [runner]}}
    - {name: all}
END
cat >suites/pods.yaml <<'END'
apiVersion: v1
kind: Pod
metadata: {name: one}
spec: {containers: [{name: app, image: nginx:1}]}
---
apiVersion: v1
kind: Pod
metadata: {name: two}
spec: {containers: [{name: app, image: redis:7}, {name: side, image: busybox}]}
END
cat >suites/review.json <<'END'
{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {"uid": "1", "operation": "CREATE",
 "namespace": "lab", "kind": {"group": "", "version": "v1", "kind": "Pod"},
 "resource": {"group": "", "version": "v1", "resource": "pods"},
 "object": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "r"}, "spec": {"containers": [{"name": "c", "image": "quay.io/x"}]}}}}
END
head_of() {
    printf 'apiVersion: pullgate/v1\nkind: PolicyTest\npolicy: ../rules.yaml\ncases:\n'
}
pod='{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: app, image: nginx:1}]}}'
bad='{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: app, image: quay.io/x:1}]}}'

no_reasons() { # they are looked at below
    grep -v '^        reason: '
}

# NAME EXPECT-THAT-HOLDS EXPECT-THAT-DOES-NOT FAILURE (line:column and text) SUBJECT...
holds() {
    local name=$1 met=$2 missed=$3 failure=$4 subject=$5
    { head_of; printf '  - name: it\n    expect: {%s}\n    %s\n' "$met" "$subject"; } >suites/met.test.yaml
    run "$POLICYCTL" verify suites/met.test.yaml
    same "$name: met ($err)" "$status $(no_times <<<"$out" | tr '\t\n' '  ')" "0 ok   suites/met.test.yaml 0.00s PASS "
    { head_of; printf '  - name: it\n    expect: {%s}\n    %s\n' "$missed" "$subject"; } >suites/missed.test.yaml
    run "$POLICYCTL" verify suites/missed.test.yaml
    same "$name: missed: exit status" $status 1
    check "$name: missed: with the reason" grep -q '^        reason: .' "$work/out"
    same "$name: missed" "$(no_times <<<"$out" | no_reasons)" "--- FAIL: it (0.00s)
    suites/missed.test.yaml:$failure
FAIL	suites/missed.test.yaml	0.00s
FAIL"
}
holds verdict 'verdict: allow' 'verdict: deny' '6:23: verdict: found "allow", expected "deny"' "object: $pod"
holds verdict 'verdict: deny' 'verdict: allow' '6:23: verdict: found "deny", expected "allow"' "object: $bad"
holds rule 'rule: all' 'rule: lab' '6:20: rule: found "all", expected "lab"' "object: $pod"
holds code 'code: not-approved' 'code: denied' '6:20: code: found "not-approved", expected "denied"' "object: $bad"
holds "code, without reasons" 'rule: all' 'code: denied' '6:20: code: found nothing, expected "denied"' "object: $pod"
holds message 'message: "^container .app.*quay\\.io"' 'message: no such words' \
    "$(printf '6:23: message: found "container \\"app\\": image \\"quay.io/x:1\\" comes from quay.io, which is not approved (rule \\"all\\", suites/../rules.yaml:10); approved: \\"ghcr.io/acme-data\\"", expected "no such words"')" "object: $bad"
holds images 'images: {app: "ghcr.io/acme-data/nginx:1"}' 'images: {app: nginx:1}' \
    '6:28: images: app: found "ghcr.io/acme-data/nginx:1", expected "nginx:1"' "object: $pod"
holds "images, no such container" 'rule: all' 'images: {apt: nginx:1}' \
    '6:23: images: apt: found "no such container", expected "nginx:1"' "object: $pod"
holds secrets 'secrets: [regcred]' 'secrets: []' '6:23: secrets: found "[regcred]", expected "[]"' "object: $pod"
holds "secrets, more" 'secrets: [regcred]' 'secrets: [regcred, more]' \
    '6:23: secrets: found "[regcred]", expected "[regcred, more]"' "object: $pod"
holds namespace 'verdict: warn, rule: lab' 'verdict: deny' '6:23: verdict: found "warn", expected "deny"' \
    "namespace: lab
    object: $bad"
holds "user, groups and serviceAccount" 'rule: who' 'rule: all' '6:20: rule: found "who", expected "all"' \
    "user: ann
    groups: [devs, ops]
    serviceAccount: runner
    object: $pod"
holds "endpoint" 'verdict: deny, code: not-rewritten' 'verdict: allow' '6:23: verdict: found "deny", expected "allow"' \
    "endpoint: validate
    object: $pod"
holds "operation: secrets stay on UPDATE" 'secrets: []' 'secrets: [regcred]' \
    '6:23: secrets: found "[]", expected "[regcred]"' \
    "operation: UPDATE
    object: $pod"
holds "file of several objects" 'images: {one/app: "ghcr.io/acme-data/nginx:1", side: ghcr.io/acme-data/busybox}' \
    'images: {app: "ghcr.io/acme-data/nginx:1"}' \
    '6:28: images: app: found "ghcr.io/acme-data/redis:7", expected "ghcr.io/acme-data/nginx:1"' "file: pods.yaml"
holds "file by its whole path" 'verdict: allow' 'rule: lab' '6:20: rule: found "all", expected "lab"' "file: $work/suites/pods.yaml"
holds review 'verdict: warn, rule: lab' 'verdict: allow' '6:23: verdict: found "warn", expected "allow"' "review: review.json"

fails() { # NAME FAILURE SUBJECT: of a case whose subject is at fault
    { head_of; printf '  - name: it\n    expect: {verdict: allow}\n    %s\n' "$3"; } >suites/fault.test.yaml
    run "$POLICYCTL" verify suites/fault.test.yaml
    same "$1: exit status" $status 1
    matches "$1: $out" "$out" "--- FAIL: it .*$2"
}
fails "no such file" 'file: found "cannot open suites/gone.yaml: No such file' 'file: gone.yaml'
printf -- '---\n' >suites/empty.yaml
fails "a file without objects" 'file: found "no objects"' 'file: empty.yaml'
fails "a review that is none" 'review: found "Pod", expected "AdmissionReview"' 'review: pods.yaml'
fails "an object that is none" 'object: found ".*kind is missing"' 'object: {metadata: {name: x}}'

# ---- running ---------------------------------------------------------------------------------

{ head_of
    printf '  - {name: first of all, expect: {verdict: allow}, object: %s}\n' "$pod"
    printf '  - {name: second, expect: {verdict: allow}, object: %s}\n' "$bad"
    printf '  - {name: third, expect: {verdict: deny}, object: %s}\n' "$bad"; } >suites/three.test.yaml
rm suites/{met,missed,fault}.test.yaml
{ head_of | sed 's|\.\./|../../|'; printf '  - {name: below, expect: {verdict: allow}, object: %s}\n' "$pod"; } >suites/deep/d.test.yaml
run "$POLICYCTL" verify -v suites
same "folders: exit status" $status 1
same "-v" "$(no_times <<<"$out" | no_reasons)" "=== RUN   below
--- PASS: below (0.00s)
ok  	suites/deep/d.test.yaml	0.00s
=== RUN   first of all
--- PASS: first of all (0.00s)
=== RUN   second
--- FAIL: second (0.00s)
    suites/three.test.yaml:6:38: verdict: found \"deny\", expected \"allow\"
=== RUN   third
--- PASS: third (0.00s)
FAIL	suites/three.test.yaml	0.00s
FAIL"
run "$POLICYCTL" verify --run 'first|third' suites/three.test.yaml
same "--run: what fails is not run" "$status $(no_times <<<"$out" | tr '\t\n' '  ')" "0 ok   suites/three.test.yaml 0.00s PASS "
run "$POLICYCTL" verify --run '^sec' suites
same "--run: exit status" $status 1
matches "--run: suites without cases to run" "$out" 'd\.test\.yaml	[0-9.]+s \[no cases to run\]'

run "$POLICYCTL" verify -o junit suites
same "junit: exit status" $status 1
check "junit: by its schema ($out)" xmllint --noout --schema "$tests/data/junit.xsd" "$work/out" 2>"$work/xmllint"
same "junit: sums" "$(xmllint --xpath 'concat(/*/@tests, " ", /*/@failures, " ", /*/@errors, " ", count(//testcase), " ", count(//failure))' "$work/out")" "4 1 0 4 1"
run "$POLICYCTL" verify -o json suites
same "json: exit status" $status 1
check "json" jq -e '.summary == {suites: 2, cases: 4, passed: 3, failed: 1, unreadable: 0}
    and (.suites[1].cases[1] | .name == "second" and .line == 6 and (.passed | not)
         and .failures == [{what: "verdict", found: "deny", expected: "allow", line: 6, column: 38}])' "$work/out" >"$work/jq"

run "$POLICYCTL" verify -o sarif suites
same "sarif: exit status" $status 1
cp "$work/out" "$work/sarif"
valid_sarif() {
    python3 -c 'import json, sys, jsonschema
schema, log = (json.load(open(name)) for name in sys.argv[1:])
jsonschema.validators.validator_for(schema)(schema).validate(log)' "$tests/data/sarif/sarif-2.1.0.json" "$1"
}
check "sarif: valid by SARIF's schema" valid_sarif "$work/sarif"
check "sarif: a failure is an error where it was expected otherwise" jq -e '.runs[0]
    | .tool.driver.name == "policyctl verify" and .invocations[0].executionSuccessful
    and (.results | length == 1) and (.results[0] | .ruleId == "verdict" and .level == "error"
        and (.message.text | startswith("verdict: found \"deny\", expected \"allow\"\nreason: "))
        and .locations[0].physicalLocation == {artifactLocation: {uri: "suites/three.test.yaml"}, region: {startLine: 6, startColumn: 38}}
        and .locations[0].logicalLocations[0].fullyQualifiedName == "second")
    and ([.results[] as $r | .tool.driver.rules[$r.ruleIndex].id == $r.ruleId] | all)' "$work/sarif" >"$work/jq"
run "$POLICYCTL" verify -o github suites
same "github: exit status" $status 1
matches "github" "$out" '^::error file=suites/three.test.yaml,line=6,col=38,title=verdict%3A second::verdict: found "deny", expected "allow"%0Areason: [^
]*$'

# ---- mistakes --------------------------------------------------------------------------------

mistake() { # NAME REGEX-OF-STDERR ARGUMENT...
    local name=$1 regex=$2
    shift 2
    run "$POLICYCTL" verify "$@"
    same "$name: exit status" $status 2
    matches "$name" "$err" "$regex"
}
mistake "no suite" '^policyctl: no suite: give files'
mkdir none && cp rules.yaml none/
mistake "a folder without suites" '^policyctl: no suite: no \*\.test\.yaml in none$' none
mistake "no such file" '^policyctl: cannot open gone: No such file' gone
mistake "--run: no expression" '^policyctl: --run: not a regular expression: ' --run '(' suites
mistake "--run: no case" '^policyctl: --run: no case name matches "nothing"$' --run nothing suites
same "--run: no case: what is said last" "$(tail -n 1 <<<"$out")" "no case was run"

refused() { # NAME LINE:COLUMN-AND-TEXT SUITE-TEXT
    printf '%s\n' "$3" >refused.test.yaml
    mistake "$1" "^policyctl: refused\.test\.yaml:$2" refused.test.yaml
    matches "$1: no case is said to pass" "$out" '^FAIL	refused\.test\.yaml	[0-9.]+s \[cannot be run\]
FAIL$'
}
top='apiVersion: pullgate/v1
kind: PolicyTest
policy: rules.yaml'
refused "empty" ' not a suite: the file is empty' ''
refused "no YAML" '3:1: ' 'a: [
b'
refused "a list" '1:1: a suite: expected an object, found an array' '[]'
refused "a second document" '6:1: found a second document' "$top
cases: [{name: a, object: {}, expect: {verdict: allow}}]
---
x: 1"
refused "another version" '1:13: apiVersion: found "v1", expected one of pullgate/v1' 'apiVersion: v1'
refused "another kind" '2:7: kind: found "ImagePolicy", expected one of PolicyTest' 'apiVersion: pullgate/v1
kind: ImagePolicy'
refused "a misspelt key" '4:1: a suite: unknown key "case", expected one of apiVersion, kind, policy, cases; did you mean "cases"\?' "$top
case: []"
refused "no cases" '4:8: cases: found an empty list, expected at least one case' "$top
cases: []"
refused "no policy" '1:1: a suite: policy is missing' 'apiVersion: pullgate/v1
kind: PolicyTest
cases: []'
case_of() {
    printf '%s\ncases:\n  - %s' "$top" "$1"
}
refused "a case without a name" '5:5: a case: name is missing' "$(case_of '{object: {}, expect: {verdict: allow}}')"
refused "a case without expectations" '5:5: a case: expect is missing' "$(case_of '{name: a, object: {}}')"
refused "nothing expected" '5:35: expect: found no key, expected at least one' "$(case_of '{name: a, object: {}, expect: {}}')"
refused "two subjects" '5:5: a case: expected one of object, file and review, found several' \
    "$(case_of '{name: a, object: {}, file: x, expect: {verdict: deny}}')"
refused "no subject" '5:5: a case: expected one of object, file and review, found none' "$(case_of '{name: a, expect: {verdict: deny}}')"
refused "a misspelt expectation" '5:36: expect: unknown key "verdikt", .*did you mean "verdict"' \
    "$(case_of '{name: a, object: {}, expect: {verdikt: deny}}')"
refused "a misspelt verdict" '5:45: verdict: found "denyy", expected one of allow, not-judged, warn, deny; did you mean "deny"' \
    "$(case_of '{name: a, object: {}, expect: {verdict: denyy}}')"
refused "no code" '5:42: code: found "not-aproved", expected one of .*did you mean "not-approved"' \
    "$(case_of '{name: a, object: {}, expect: {code: not-aproved}}')"
refused "no expression" '5:45: message: not a regular expression: ' "$(case_of '{name: a, object: {}, expect: {message: "("}}')"
refused "an image that is not a string" '5:48: images: expected a string, found a number' \
    "$(case_of '{name: a, object: {}, expect: {images: {x: 1}}}')"
refused "a secret that is not a string" '5:46: secrets: expected a string, found null' \
    "$(case_of '{name: a, object: {}, expect: {secrets: [null]}}')"
refused "a wrong type" '5:23: groups: expected an array, found a string' "$(case_of '{name: a, groups: ops, object: {}, expect: {}}')"
refused "no operation" '5:26: operation: found "DELETE", expected one of CREATE, UPDATE' \
    "$(case_of '{name: a, operation: DELETE, object: {}, expect: {}}')"
refused "no time" '5:20: now: found "soon", expected a date' "$(case_of '{name: a, now: soon, object: {}, expect: {verdict: deny}}')"
refused "a review that names a requester" '5:21: user: a review has its own; remove this key' \
    "$(case_of '{name: a, user: "x", review: r.json, expect: {verdict: deny}}')"
refused "a duplicate name" '6:5: name: "a" is used twice, first in line 5' "$(case_of '{name: a, object: {}, expect: {verdict: deny}}
  - {name: a, object: {}, expect: {verdict: deny}}')"
printf '%s\n' "$(case_of '{name: a, object: {}, expect: {verdict: deny}}')" | sed 's/policy: rules/policy: gone/' >gone.test.yaml
mistake "no such rule file" '^policyctl: gone\.test\.yaml:3:9: cannot open gone\.yaml: No such file' gone.test.yaml
run "$POLICYCTL" verify gone.test.yaml suites/deep
same "the others are run all the same" "$status $(grep -c '^ok' <<<"$out") $(tail -n 1 <<<"$out")" "2 1 FAIL"
run "$POLICYCTL" verify -o junit gone.test.yaml
same "junit: a suite that cannot be run is an error" \
    "$(xmllint --xpath 'concat(/*/@tests, " ", /*/@errors, " ", count(//error))' "$work/out")" "1 1 1"
check "junit: and by its schema" xmllint --noout --schema "$tests/data/junit.xsd" "$work/out" 2>"$work/xmllint"
run "$POLICYCTL" verify -o sarif gone.test.yaml
check "sarif: so it is there" jq -e '.runs[0] | (.results | length) == 0 and (.invocations[0] | (.executionSuccessful | not)
    and (.toolExecutionNotifications[0].locations[0].physicalLocation == {artifactLocation: {uri: "gone.test.yaml"}, region: {startLine: 3, startColumn: 9}}))' \
    "$work/out" >"$work/jq"
check "sarif: and by its schema" valid_sarif "$work/out"
run "$POLICYCTL" verify -o github gone.test.yaml
matches "github: so it is there" "$out" '^::error file=gone.test.yaml,line=3,col=9,title=cannot be run::cannot open gone.yaml'
run "$POLICYCTL" verify -o junit --run first suites
check "junit: a suite of which no case ran is left out" xmllint --noout --schema "$tests/data/junit.xsd" "$work/out" 2>"$work/xmllint"
finish
