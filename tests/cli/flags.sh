#!/usr/bin/env bash
# Flags of policyctl test: what is shown, when it fails, who asks, how many files at a time.
. "$(dirname "$0")/lib.sh"
input=$tests/cli/input
cd "$work" || exit 1
cp "$input"/{rules,many,good}.yaml .
test=("$POLICYCTL" test -p rules.yaml --now 2026-11-20)

expect() { # NAME STATUS STDOUT STDERR ARGUMENT...: texts to the byte
    local name=$1 expected=$2 expected_out=$3 expected_err=$4
    shift 4
    run "${test[@]}" "$@"
    same "$name: exit status" $status "$expected"
    same "$name: standard output" "$out" "$expected_out"
    same "$name: standard error" "$err" "$expected_err"
}

# ---- what is shown ---------------------------------------------------------------------------

run "${test[@]}" many.yaml
all=$out
note=$err
chosen=$(grep -E '^[^ ]+ (deny|warn): ' <<<"$all")
summary=$(tail -n 1 <<<"$all")
matches "there is something of each" "$all" 'rewrite:.*deny:.*warn:.*note:.*secret:'
expect "--quiet" 1 "$chosen" "$note" --quiet many.yaml
expect "-q" 1 "$chosen" "$note" -q many.yaml
expect "--quiet --summary" 1 "$chosen
$summary" "$note" --quiet --summary many.yaml
expect "--quiet, all well" 0 "" "" --quiet good.yaml
one="1 object, 1 image: 0 rewritten, 0 denied, 0 warned, 1 unchanged"
expect "all well: silence" 0 "" "" good.yaml
expect "all well, --summary" 0 "$one" "" --summary good.yaml
printf 'kind: [\n' >broken.yaml
run "${test[@]}" good.yaml broken.yaml
same "not all could be read: a summary" "$status $out" "2 $one"
rm broken.yaml
expect "--summary changes nothing in text" 1 "$all" "$note" --summary many.yaml
for format in yaml diff tap github sarif junit; do
    run "${test[@]}" -o $format many.yaml
    plain=$out
    expect "-o $format --summary: on standard error" 1 "$plain" "$note
$summary" -o $format --summary many.yaml
done

# ---- colours ---------------------------------------------------------------------------------

colored=$("${test[@]}" --color always many.yaml 2>/dev/null)
same "--color always: nothing but colours is added" "$(sed 's/\x1b\[[0-9;]*m//g' <<<"$colored")" "$all"
same "--color always: the words alone" \
    "$(grep -o $'\x1b\\[1;3[123]m[a-z]*\x1b\\[0m' <<<"$colored" | tr -d '\033' | sort -u | tr '\n' ' ')" \
    "[1;31mdeny[0m [1;32mrewrite[0m [1;33mwarn[0m "
same "--color never" "$("${test[@]}" --color never many.yaml 2>/dev/null)" "$all"
same "no colour for a file" "$("${test[@]}" many.yaml 2>/dev/null)" "$all"
same "no colour in formats for machines" "$("${test[@]}" --color always -o junit many.yaml 2>/dev/null | grep -c $'\x1b')" 0
cat >terminal.py <<'END'
# Runs a command with a terminal for its output; shows what the terminal got.
import os, pty, sys
os.environ.pop("NO_COLOR", None)
os.environ.update(dict(a.split("=", 1) for a in sys.argv[1].split(",") if a))
pty.spawn(sys.argv[2:])
END
on_terminal() { # VARIABLES COMMAND...
    python3 terminal.py "$@" </dev/null
}
same "on a terminal: coloured" "$(on_terminal "" "${test[@]}" many.yaml | grep -c $'\x1b\\[1;31mdeny')" 1
same "on a terminal: NO_COLOR" "$(on_terminal NO_COLOR=1 "${test[@]}" many.yaml | grep -c $'\x1b')" 0
same "on a terminal: NO_COLOR empty is not set" "$(on_terminal NO_COLOR= "${test[@]}" many.yaml | grep -c $'\x1b\\[1;31mdeny')" 1
same "on a terminal: --color always wins over NO_COLOR" \
    "$(on_terminal NO_COLOR=1 "${test[@]}" --color always many.yaml | grep -c $'\x1b\\[1;31mdeny')" 1
same "on a terminal: --color never" "$(on_terminal "" "${test[@]}" --color never many.yaml | grep -c $'\x1b')" 0

# ---- a summary for a terminal -----------------------------------------------------------------

same "on a terminal: all well, a summary" "$(on_terminal "" "${test[@]}" good.yaml | tr -d '\r')" "$one"
same "on a terminal: all well, quiet" "$(on_terminal "" "${test[@]}" -q good.yaml)" ""

# ---- folders ---------------------------------------------------------------------------------

mkdir circle && cp many.yaml circle/a.yaml && mkfifo circle/pipe.yaml
ln -s . circle/x
ln -s ../circle circle/y
ln -s a.yaml circle/same.yaml
run timeout 20 "${test[@]}" -o json circle
same "a folder with links in circles, and a FIFO: each file once" "$status $(jq -c '[.objects[].file] | unique' <<<"$out")" \
    '1 ["circle/a.yaml","circle/same.yaml"]'
ln -s nothing circle/gone.yaml
run timeout 20 "${test[@]}" -q circle circle
same "a link to nothing is reported, each time it is asked for" "$status $(grep -c gone.yaml <<<"$err")" "2 2"

# ---- inputs without objects ------------------------------------------------------------------

printf -- '---\n# nothing\n---\n' >empty.yaml
mkdir hollow && cp empty.yaml hollow/a.yaml
zero="0 objects, 0 images: 0 rewritten, 0 denied, 0 warned, 0 unchanged"
expect "without objects, as it is" 0 "$zero" "" empty.yaml
expect "--require-objects" 1 "$zero" "policyctl: empty.yaml: no objects" --require-objects empty.yaml
expect "--require-objects: each input of its own" 1 "" \
    "policyctl: empty.yaml: no objects
policyctl: hollow: no objects" --require-objects empty.yaml good.yaml hollow
expect "--require-objects: a folder with an object among others" 0 \
    "1 object, 1 image: 0 rewritten, 0 denied, 0 warned, 1 unchanged" "" \
    --require-objects -q --summary good.yaml
expect "--require-objects: what cannot be read is worse" 2 "$zero" \
    "policyctl: cannot open gone.yaml: No such file or directory
policyctl: gone.yaml: no objects" --require-objects gone.yaml
told() { # FORMAT COMMAND...: the inputs without objects are part of it
    run "${test[@]}" --require-objects -o "$1" empty.yaml hollow
    same "--require-objects -o $1: exit status" $status 1
    shift
    check "--require-objects: the document tells" "$@" >/dev/null
}
told tap grep -qx '1\.\.2' "$work/out"
told tap bash -c '[ "$(grep -c "^not ok .*cannot be judged" "$0")" = 2 ]' "$work/out"
told junit grep -q '<testsuites .* tests="2" failures="0" errors="2"' "$work/out"
told github bash -c '[ "$(grep -c "^::error .*no objects" "$0")" = 2 ]' "$work/out"
told json jq -e '[.errors[] | select(.message | test("no objects")).file] == ["empty.yaml", "hollow"]' "$work/out"
told sarif jq -e '.runs[0].invocations[0] | .executionSuccessful == false
    and (.toolExecutionNotifications | length) == 2' "$work/out"

# ---- who asks --------------------------------------------------------------------------------

cat >who.yaml <<'END'
apiVersion: pullgate/v1
kind: ImagePolicy
metadata: {name: who}
spec:
  registry: other.example
  rules:
    - {name: account, match: {serviceAccounts: [builder]}, registry: account.example}
    - {name: user, match: {users: ["system:*"]}, registry: user.example}
    - {name: group, match: {groups: [ops, devs]}, registry: group.example}
    - {name: space, match: {namespaces: [lab]}, registry: space.example}
    - {name: rest}
END
pod() { # SPEC-KEYS
    printf 'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {%s containers: [{name: a, image: x}]}\n' "$1" >pod.yaml
}
goes_to() { # NAME HOST ARGUMENT...
    local name=$1 host=$2
    shift 2
    run "$POLICYCTL" test -p who.yaml -o json "$@" pod.yaml
    same "$name" "$(jq -r '.objects[0].images[0].after' "$work/out")" "$host.example/x"
}
pod ''
goes_to "nobody" other
goes_to "--service-account" account --service-account builder
goes_to "--service-account of no rule" other --service-account default
goes_to "--user" user --user system:admin
goes_to "--group" group --group guests --group devs
goes_to "--namespace" space --namespace lab
goes_to "-n" space -n lab
pod 'serviceAccountName: own,'
goes_to "--service-account: what the spec names wins" other --service-account builder
pod 'serviceAccount: own,'
goes_to "--service-account: also by the older name" other --service-account builder
pod 'serviceAccountName: default,'
goes_to "--service-account: also default" other --service-account builder
pod 'serviceAccountName: builder,'
goes_to "the spec's own account" account
pod 'serviceAccountName: "",'
goes_to "--service-account: an empty name is none" account --service-account builder
printf 'apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: a}\nspec: {jobTemplate: {spec: {template: {spec: {containers: [{name: a, image: x}]}}}}}\n' >pod.yaml
run "$POLICYCTL" test -p who.yaml -o json --service-account builder pod.yaml
same "--service-account: of a template" "$(jq -r '.objects[0].rule' "$work/out")" account

# ---- many files ------------------------------------------------------------------------------

mkdir crowd
for i in $(seq 1000 1299); do
    case $((i % 10)) in
    3) printf 'kind: [\n' ;;
    7) cat many.yaml ;;
    *) printf 'apiVersion: v1\nkind: Pod\nmetadata: {name: p%s, namespace: team}\nspec: {containers: [{name: a, image: "img:%s"}]}\n' $i $i ;;
    esac >crowd/f$i.yaml
done
for format in text json yaml diff junit sarif github tap; do
    "${test[@]}" -o $format --jobs 1 crowd >"$work/one.$format" 2>"$work/one.err"
    for jobs in 2 3 8; do
        "${test[@]}" -o $format --jobs $jobs crowd gone crowd/f1000.yaml >"$work/some" 2>"$work/some.err"
        same "-o $format --jobs $jobs: exit status" $? 2
        "${test[@]}" -o $format -j $jobs crowd >"$work/some" 2>"$work/some.err"
        same_file "-o $format --jobs $jobs: the same bytes as by one" "$work/some" "$work/one.$format"
        same_file "-o $format --jobs $jobs: the same errors as by one" "$work/some.err" "$work/one.err"
    done
done
same "files in the order of their names" "$(grep -o '^crowd/f[0-9]*' one.text | uniq | sort -c 2>&1)" ""
same "all files" "$(grep -o '^crowd/f[0-9]*' one.text | uniq | wc -l)" 270
for jobs in 0 65 x -1; do
    run "${test[@]}" --jobs $jobs good.yaml
    same "--jobs $jobs" $status 2
done
"${test[@]}" --jobs 4 -o json crowd 2>/dev/null | head -n 1 >first
same "a reader that goes away" "${PIPESTATUS[0]} $(cat first)" '2 {"objects":['

# The bar is drawn at most ten times a second: a pipe in the middle is not filled before that.
mkfifo slow.yaml
good=() && for _ in $(seq 150); do good+=(good.yaml); done
{ sleep 0.15 && cat good.yaml; } >slow.yaml &
bar=$(on_terminal "" bash -c 'exec "$@" >/dev/null' - "${test[@]}" --jobs 1 "${good[@]}" slow.yaml "${good[@]}")
wait $!
matches "progress: a bar" "$bar" $'\r\\[#{20} {20}\\] 151 of 301 files'
same "progress: nothing is left of it" "${bar: -4}" $'\r\e[K'
same "progress: not for few files" "$(on_terminal "" bash -c 'exec "$@" >/dev/null' - "${test[@]}" good.yaml)" ""
same "progress: not when quiet" \
    "$(on_terminal "" bash -c 'exec "$@" >/dev/null' - "${test[@]}" -q crowd crowd | grep -c ' of 600 files')" 0
same "progress: not in a file" "$("${test[@]}" crowd crowd 2>&1 >/dev/null | grep -c ' of 600 files')" 0
finish
