#!/usr/bin/env bash
# Usage of policyctl: help, mistakes and how they are reported, exit statuses, output that cannot be written.
. "$(dirname "$0")/lib.sh"
cd "$tests/cli/input" || exit 1

# One complaint; notes on the input and the line that is meant are allowed beside it.
is_one_line() {
    [ "$(grep -c '^policyctl: ' "$work/err")" = 1 ]
}

# A mistake: exit status 2, nothing on standard output, one line that says what to do.
mistake() { # NAME REGEX ARGUMENT...
    local name=$1 regex=$2
    shift 2
    run "$POLICYCTL" "$@"
    same "$name: exit status" $status 2
    same "$name: standard output" "$out" ""
    check "$name: one line ($err)" is_one_line
    matches "$name: text" "$err" "$regex"
}

mistake "unknown verb" '^policyctl: unknown verb "frobnicate"; try policyctl --help$' frobnicate
mistake "misspelt verb" '^policyctl: unknown verb "reviw"; did you mean review\?$' reviw
mistake "misspelt verb" '^policyctl: unknown verb "tests"; did you mean test\?$' tests
for swapped in tset:test tets:test lnit:lint prase:parse bnech:bench; do
    mistake "swapped letters" "^policyctl: unknown verb \"${swapped%:*}\"; did you mean ${swapped#*:}\\?\$" "${swapped%:*}"
done
for swapped in quite:quiet ouput:output nwo:now; do
    mistake "swapped letters in a flag" "unknown option \"--${swapped%:*}\"; did you mean --${swapped#*:}\\?\$" test "--${swapped%:*}"
done
mistake "misspelt flag" '^policyctl: unknown option "--polcy"; did you mean --policy\?$' test --polcy x
mistake "misspelt flag behind a file" 'unknown option "--endpont"; did you mean --endpoint\?$' \
    test -p rules.yaml good.yaml --endpont mutate
mistake "unknown flag" '^policyctl: unknown option "--frobnicate"; try --help$' test --frobnicate
mistake "unknown letter" '^policyctl: unknown option "-Z"; try --help$' test -Z
mistake "flag of another verb" 'unknown option "--operation"' review --operation CREATE
mistake "value missing" '^policyctl: --policy needs a value: FILE$' test --policy
mistake "value for a switch" '^policyctl: --fail-on-warn takes no value$' test --fail-on-warn=maybe
mistake "wrong word" '^policyctl: --output: found "xml", expected text, json, yaml, diff, junit, sarif, github, tap$' \
    test -p rules.yaml -o xml good.yaml
mistake "wrong word" '--operation: found "DELETE", expected CREATE, UPDATE$' \
    test -p rules.yaml --operation DELETE good.yaml
mistake "wrong time" '--now: found "2026-02-30", expected a date such as ' \
    test -p rules.yaml --now 2026-02-30 good.yaml
mistake "wrong number" '--days: found "many", expected a whole number$' certs init -d "$work/c" --days many
mistake "number out of range" '--days: 0 is out of range, expected 1 to ' certs init -d "$work/c" --days 0
mistake "no rule file" '^policyctl: no rule file: give -p FILE or set PULLGATE_POLICY' test good.yaml
mistake "no such rule file" '^policyctl: cannot open nowhere\.yaml: No such file or directory$' \
    test -p nowhere.yaml good.yaml
mistake "rule file that is not a policy" '^policyctl: good\.yaml:1:' test -p good.yaml good.yaml
mistake "no input" '^policyctl: no input: give files, folders or - for standard input$' test -p rules.yaml
mistake "two reviews" '^policyctl: more than one review' review -p rules.yaml a.json b.json
mistake "no image" '^policyctl: no image: give references, or - for standard input$' parse
mistake "no action" '^policyctl: expected one action: init, rotate, check, show or bundle$' certs
mistake "misspelt action" '^policyctl: unknown action "chek"; did you mean check$' certs chek
mistake "no folder" '^policyctl: --dir is missing' certs init

mistake "no format" '^policyctl: no format: give its name and files$' import
mistake "version of what" '^policyctl: unexpected argument "extra"$' version extra
mistake "help on two" '^policyctl: unexpected argument "extra"$' help test extra
mistake "a schema of what" '^policyctl: --schema reads nothing: found "extra"$' lint --schema extra

run "$POLICYCTL"
same "no verb: exit status" $status 2
same "no verb: standard output" "$out" ""
matches "no verb: overview" "$err" '^Usage: policyctl VERB '

for word in --help -h help; do
    run "$POLICYCTL" $word
    same "$word: exit status" $status 0
    same "$word: standard error" "$err" ""
    matches "$word: overview" "$out" '^Usage: policyctl VERB '
done
verbs=$("$POLICYCTL" --help | sed -n 's/^  \([a-z]*\)  .*/\1/p')
matches "the verbs" "$verbs" test.*review.*parse.*certs.*help.*version
for verb in $verbs; do
    run "$POLICYCTL" "$verb" --help
    same "$verb --help: exit status" $status 0
    same "$verb --help: standard error" "$err" ""
    matches "$verb --help: usage" "$out" "^Usage: policyctl $verb"
    same "$verb --help: lines wider than 96" "$(awk 'length > 96' "$work/out")" ""
done
for verb in test review parse certs; do
    run "$POLICYCTL" "$verb" --frobnicate --help
    same "$verb: a mistake before --help" $status 2
    run "$POLICYCTL" "$verb" -h
    same "$verb -h: exit status" $status 0
    matches "$verb --help: names the flag" "$out" '-h, --help'
done
run "$POLICYCTL" help test
same "help VERB: as VERB --help" "$status $out" "0 $("$POLICYCTL" test --help)"
mistake "help on no verb" '^policyctl: unknown verb "tests"; did you mean test\?$' help tests

# Every example of every --help is run, beside what stands for helm, kubectl, skopeo and abctl.
mkdir -p "$work/bin" "$work/examples/manifests" "$work/examples/suites"
cp rules.yaml "$work/examples" && cp many.yaml "$work/examples/pods.yaml" && cp good.yaml pods.json "$work/examples/manifests"
cat ../dumps/dump.json "$tests/cli/sync/dump.json" >"$work/examples/dump.json"
cp "$tests/cli/sync/rules.yaml" "$work/examples/sync-rules.yaml"
cp "$tests/data/reviews/pod-create.json" "$work/examples/review.json"
printf 'nginx\nredis:7\n' >"$work/examples/images.txt"
printf 'global: {image: {registry: ghcr.io/acme}}\n' >"$work/examples/values.yaml"
printf 'apiVersion: pullgate/v1\nkind: PolicyTest\npolicy: ../rules.yaml\ncases:\n- name: refused\n  namespace: team
  object: {apiVersion: v1, kind: Pod, spec: {containers: [{name: a, image: gcr.io/x}]}}\n  expect: {verdict: deny}\n' \
    >"$work/examples/suites/a.test.yaml"
printf '%s' '{"auths": {"ghcr.io": {"auth": "dXNlcjpwYXNz"}}}' >"$work/config.json"
"$POLICYCTL" secrets -p rules.yaml --from "$work/config.json" good.yaml >"$work/examples/regcred.yaml" 2>/dev/null
printf 'made-up\n' >"$work/examples/token.txt"
ln -s "$POLICYCTL" "$work/bin/policyctl"
printf '#!/bin/sh\ncat manifests/good.yaml\n' >"$work/bin/helm"
printf '#!/bin/sh\ncat images.txt\n' >"$work/bin/abctl"
printf '#!/bin/sh\ncat >skopeo.got\n' >"$work/bin/skopeo"
cat >"$work/bin/kubectl" <<'KUBECTL'
#!/bin/sh
case " $* " in
*" get secrets,namespaces "*) cat dump.json ;;
*" get "*) echo '{"apiVersion": "v1", "kind": "List", "items": []}' ;;
*) cat >kubectl.got ;;
esac
KUBECTL
cp "$tests/cli/sync/dump.json" "$work/examples/dump.json" && cp "$tests/cli/sync/rules.yaml" "$work/examples/sync-rules.yaml"
# Where an example asks registries, it gets no further than a proxy that is not there.
export HTTPS_PROXY=http://127.0.0.1:1
chmod +x "$work"/bin/*
# With the certificates that an example before makes.
start_webhook() {
    : >"$work/log"
    (cd "$work/examples" && exec "$PULLGATE" --policy rules.yaml --tls-cert tls/tls.crt --tls-key tls/tls.key --listen 127.0.0.1:0 \
        --metrics-listen '' --drain-pause 0) >"$work/audit" 2>"$work/log" &
    pids+=("$!")
    await "a webhook for an example" grep -q '"event":"ready".*}$' "$work/log"
}
n_examples=0
for verb in $verbs; do
    "$POLICYCTL" "$verb" --help | sed -n '/^Examples:/,$s/^  //p' | sed -e ':a' -e '/|$/{N;s/\n */ /;ba' -e '}' >"$work/lines"
    check "$verb --help: has an example" [ -s "$work/lines" ]
    while IFS= read -r line; do
        if [[ $line = *'--server '* ]]; then
            start_webhook
            line=${line//9443/$(jq -r 'select(.event == "ready") | .port' "$work/log")}
        fi
        n_examples=$((n_examples + 1))
        run env -C "$work/examples" PATH="$work/bin:$PATH" bash -o pipefail -c "$line"
        check "$verb: example: $line ($status $err)" [ "$status" -le 1 ]
    done <"$work/lines"
done
unset HTTPS_PROXY
check "there are examples" [ $n_examples -ge 20 ]
check "the example for kubectl gave it something" grep -q MutatingWebhookConfiguration "$work/examples/kubectl.got"

for words in --version version; do
    run "$POLICYCTL" $words
    same "$words: exit status" $status 0
    matches "$words: text" "$out" '^policyctl [0-9]+\.[0-9]+\.[0-9]+ .*libyaml [0-9.]+$'
done

# ---- exit statuses ---------------------------------------------------------------------------

expect() { # NAME STATUS ARGUMENT...
    local name=$1 expected=$2
    shift 2
    run "$POLICYCTL" "$@"
    same "$name: exit status" $status "$expected"
}
reviews=$tests/data/reviews
expect "all allowed" 0 test -p rules.yaml good.yaml
expect "something denied" 1 test -p rules.yaml pods.json
expect "denied and unreadable" 2 test -p rules.yaml pods.json broken.yaml
expect "input that is not there" 2 test -p rules.yaml nowhere.yaml good.yaml
: >"$work/empty.yaml"
expect "no objects at all" 0 test -p rules.yaml "$work/empty.yaml"
warned='{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: a, image: gcr.io/x}]}}'
printf '%s' "$warned" >"$work/warned.yaml"
expect "warned" 0 test -p rules.yaml -n lab "$work/warned.yaml"
expect "warned, --fail-on-warn" 3 test -p rules.yaml -n lab --fail-on-warn "$work/warned.yaml"
expect "allowed, --fail-on-warn" 0 test -p rules.yaml --fail-on-warn good.yaml
expect "denied, --fail-on-warn" 1 test -p rules.yaml -n team --fail-on-warn "$work/warned.yaml"
expect "review: allowed" 0 review -p ../../golden/captured/rules.yaml "$reviews/pod-create.json"
expect "review: denied" 1 review -p ../../golden/captured/rules.yaml "$reviews/pod-create-full.json"
expect "review: denied by /validate" 1 review -p ../../golden/captured/rules.yaml --endpoint validate \
    "$reviews/pod-create.json"
expect "review: malformed object" 1 review -p ../../golden/captured/rules.yaml \
    ../../golden/malformed/duplicate-image/review.json
expect "review: no review" 2 review -p rules.yaml good.yaml
printf '{"kind": "AdmissionReview",\n "apiVersion": "v9", "request": {}}' >"$work/v9.json"
mistake "review: of another version" "^policyctl: $work/v9\\.json:2:16: not an AdmissionReview: apiVersion is \"v9\", expected .*
 \"apiVersion\": \"v9\".*
 {15}\\^\$" review -p rules.yaml "$work/v9.json"
expect "review: not there" 2 review -p rules.yaml nowhere.json
expect "review: empty" 2 review -p rules.yaml /dev/null
expect "parse: valid" 0 parse nginx ghcr.io/a/b:1
expect "parse: one is not" 1 parse nginx NGINX
PULLGATE_POLICY=rules.yaml expect "rule file by environment" 0 test good.yaml
PULLGATE_POLICY=nowhere.yaml expect "flag before environment" 0 test -p rules.yaml good.yaml

rules_of() { # ARGUMENT...: the rule of each object
    "$POLICYCTL" test -p rules.yaml -o json "$@" | jq -r '[.objects[].rule] | join(" ")'
}
same "-n: for objects that name no namespace" "$(rules_of -n lab "$work/warned.yaml")" soft
same "-n: not for those that do" "$(rules_of -n lab pods.json)" "strict strict"
sed 's/\[lab\]/[default]/' rules.yaml >"$work/default.yaml"
same "no -n: namespace default, as kubectl has it" "$(rules_of "$work/warned.yaml") $(rules_of -p "$work/default.yaml" "$work/warned.yaml")" " soft"
same "no -n: what has no pods has no namespace" \
    "$(printf 'apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n' >"$work/ns.yaml"
        "$POLICYCTL" test -p rules.yaml -o json "$work/ns.yaml" | jq -c '[.objects[0].namespace]')" '[""]'
for verb in "test -o json" "explain -o json" "images -o json" "apply"; do
    # shellcheck disable=SC2086 # the verb and its arguments are words
    "$POLICYCTL" $verb -p "$work/default.yaml" "$work/warned.yaml" >"$work/without" 2>&1
    # shellcheck disable=SC2086
    "$POLICYCTL" $verb -n default -p "$work/default.yaml" "$work/warned.yaml" >"$work/with" 2>&1
    same_file "$verb: without -n as with -n default" "$work/without" "$work/with"
done

# ---- pipes for files: <(...) of shells -------------------------------------------------------

for verb in test apply images secrets explain bench; do
    run "$POLICYCTL" $verb -p <(cat rules.yaml) <(cat good.yaml)
    same "$verb: rule file and input from pipes ($err)" $status 0
done
run "$POLICYCTL" images -p <(cat rules.yaml) -n team -o skopeo-copy <(printf 'redis:7\n')
same "images: a list from a pipe" "$status $out" \
    "0 skopeo copy --all docker://docker.io/library/redis:7 docker://ghcr.io/acme-data/redis:7"
run "$POLICYCTL" lint <(cat rules.yaml)
same "lint: a rule file from a pipe" "$status" 0
run "$POLICYCTL" review -p <(cat ../../golden/captured/rules.yaml) <(cat "$reviews/pod-create.json")
same "review: from pipes" $status 0
run "$POLICYCTL" test -p <(printf 'kind: [\n') good.yaml
same "a broken rule file from a pipe: exit status" $status 2
matches "a broken rule file from a pipe: text" "$err" '^policyctl: /dev/fd/[0-9]+:[0-9]+:[0-9]+: '
run "$POLICYCTL" test -p <(yes '# more than a rule file may have') good.yaml
same "an endless rule file: exit status" $status 2
matches "an endless rule file: text" "$err" 'is larger than the 8388608 bytes allowed$'

# ---- apiVersions -----------------------------------------------------------------------------

versioned() { # NAME STATUS REGEX APIVERSION KIND
    printf '%s\nkind: %s\nmetadata: {name: a, namespace: team}\nspec: {containers: [{name: a, image: x}], template: {spec: {containers: [{name: a, image: x}]}}}\n' \
        "$4" "$5" >"$work/versioned.yaml"
    run "$POLICYCTL" test -p rules.yaml -q "$work/versioned.yaml" good.yaml
    same "$1: exit status" $status "$2"
    matches "$1: text" "$err" "$3"
}
versioned "right" 0 '^$' 'apiVersion: apps/v1' Deployment
versioned "of old" 0 '^$' 'apiVersion: apps/v1beta2' Deployment
versioned "of another's group" 0 '^$' 'apiVersion: batch.example.com/v2' Job
versioned "of another kind" 0 '^$' 'apiVersion: v1' Service
versioned "wrong version" 2 ':1:1: apiVersion of a Deployment: found "apps/v9", expected apps/v1' 'apiVersion: apps/v9' Deployment
versioned "wrong group" 2 ':1:1: apiVersion of a Pod: found "apps/v1", expected v1' 'apiVersion: apps/v1' Pod
versioned "no group" 2 ':1:1: apiVersion of a CronJob: found "v1", expected batch/v1' 'apiVersion: v1' CronJob
versioned "none" 2 ':2:1: apiVersion of a Pod: found none, expected v1' '# none' Pod
printf 'apiVersion: v1\nkind: PodList\nitems:\n- metadata: {name: a, namespace: team}\n  spec: {containers: [{name: a, image: gcr.io/x}]}\n- {kind: Service, apiVersion: v1}\n' \
    >"$work/list.yaml"
run "$POLICYCTL" test -p rules.yaml -o json "$work/list.yaml"
same "items of a PodList are pods" "$status $(jq -c '[.objects[] | .kind, .apiVersion, .verdict, .line]' "$work/out")" \
    '1 ["Pod","v1","deny",4,"Service","v1","allow",6]'
run "$POLICYCTL" test -p ../../golden/captured/rules.yaml -o json "$reviews/pod-create.json"
same "an AdmissionReview: the object's line" "$(jq '.objects[0].line' "$work/out")" \
    "$(grep -n '^ *"object": {' "$reviews/pod-create.json" | cut -d: -f1)"

# ---- standard input and output ---------------------------------------------------------------

"$POLICYCTL" test -p rules.yaml --summary - <good.yaml >"$work/out" 2>&1
same "test from standard input" "$? $(cat "$work/out")" \
    "0 1 object, 1 image: 0 rewritten, 0 denied, 0 warned, 1 unchanged"
(cd ../../golden/captured && "$POLICYCTL" review -p rules.yaml <"$reviews/pod-create.json") >"$work/out"
same "review from standard input: exit status" $? 0
same_file "review from standard input" "$work/out" "$tests/golden/captured/pod-create/mutate.json"
for verb in "test -p rules.yaml many.yaml" "test -p rules.yaml -o json many.yaml" \
    "review -p ../../golden/captured/rules.yaml $reviews/pod-create.json" "parse nginx" "parse --help" version; do
    # shellcheck disable=SC2086 # the verb and its arguments are words
    "$POLICYCTL" $verb >&- 2>"$work/err"
    same "$verb, standard output closed: exit status" $? 2
    check "$verb, standard output closed: one line ($(cat "$work/err"))" is_one_line
    "$POLICYCTL" $verb >/dev/full 2>"$work/err"
    same "$verb, no room for output: exit status" $? 2
    check "$verb, no room for output: one line ($(cat "$work/err"))" is_one_line
done
for _ in $(seq 200); do cat many.yaml; echo ---; done >"$work/long.yaml"
"$POLICYCTL" test -p rules.yaml -o json "$work/long.yaml" 2>"$work/err" | head -n 1 >"$work/out"
statuses=("${PIPESTATUS[@]}")
same "head takes one line: exit status" "${statuses[0]}" 2
same "head takes one line: the line" "$(cat "$work/out")" '{"objects":['
matches "head takes one line: text" "$(cat "$work/err")" 'standard output: cannot write: Broken pipe$'
finish
