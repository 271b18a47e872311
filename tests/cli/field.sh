#!/usr/bin/env bash
# Files as people have them: custom resources, OpenShift, holes, repositories with much besides manifests, templates
# that were not rendered, what other programs print. What policyctl says of each, to the byte, is in
# tests/cli/expected/field-<name>; with BLESS=1 these are written anew.
. "$(dirname "$0")/lib.sh"
cd "$tests/cli/field" || exit 1

transcript() { # NAME STATUS COMMAND...
    local name=field-$1 expected_status=$2
    shift 2
    run "$@"
    { cat "$work/out"; sed 's/^/stderr: /' "$work/err"; } | sed -E 's/[0-9]+[.][0-9]+s/TIME/; s/(time="|"seconds":)[0-9.]+/\1TIME/g' >"$work/both"
    [ "${BLESS:-}" != 1 ] || cp "$work/both" "$tests/cli/expected/$name"
    same "$name: exit status" $status "$expected_status"
    same_file "$name" "$work/both" "$tests/cli/expected/$name"
}

test=("$POLICYCTL" test -p rules.yaml)

# ---- what is not judged ----------------------------------------------------------------------

for format in text json yaml diff junit github tap; do
    transcript custom.$format 0 "${test[@]}" -o $format custom.yaml
done
run "${test[@]}" -o sarif custom.yaml
check "sarif: a note for each, at the image" jq -e '
    [.runs[0].results[] | select(.ruleId == "not-judged" and .level == "note")] | length == 10
    and .[0].locations[0].physicalLocation.region == {startLine: 10, startColumn: 18, endLine: 10, endColumn: 38}
' "$work/out" >/dev/null
run "${test[@]}" -o json custom.yaml parts.yaml openshift.yaml holes.yaml silent.yaml
check "json: none that was not looked at is allowed" jq -e '
    ([.objects[] | select(.verdict == "not-judged") | .notJudged.places > 0 and (.notJudged.seen | length > 0)] | all)
    and .summary.notJudged == ([.objects[] | select(.verdict == "not-judged")] | length)
    and .summary.notJudged == 23
' "$work/out" >/dev/null
transcript parts.text 0 "${test[@]}" parts.yaml
transcript silent.text 0 "${test[@]}" --summary --strict silent.yaml
transcript openshift.text 1 "${test[@]}" openshift.yaml
transcript holes.text 1 "${test[@]}" holes.yaml
transcript custom.explain 0 "$POLICYCTL" explain -p rules.yaml custom.yaml
transcript custom.explain-json 0 "$POLICYCTL" explain -o json -p rules.yaml custom.yaml
transcript custom.images 0 "$POLICYCTL" images -p rules.yaml custom.yaml
transcript custom.apply 0 "$POLICYCTL" apply -p rules.yaml custom.yaml
same_file "apply leaves what is not judged as it is" "$work/out" custom.yaml
for verb in test explain images apply; do
    run "$POLICYCTL" $verb -p rules.yaml --strict custom.yaml
    same "$verb --strict: exit status" $status 1
    run "$POLICYCTL" $verb -p rules.yaml --strict silent.yaml
    same "$verb --strict, nothing to judge: exit status" $status 0
done
run "${test[@]}" --strict --fail-on-warn --quiet custom.yaml
same "quiet: still ten lines" "$(grep -c ': not judged: ' <<<"$out")" 10
run "${test[@]}" --strict openshift.yaml holes.yaml
same "denied and not judged: exit status" $status 1
jq -n --slurpfile o <(jq '.' <<<'{"apiVersion":"argoproj.io/v1alpha1","kind":"Rollout","metadata":{"name":"r"},
    "spec":{"template":{"spec":{"containers":[{"name":"c","image":"evil.example/x:1"}]}}}}') '
    {apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", request: {uid: "u", operation: "CREATE",
     kind: {group: "argoproj.io", version: "v1alpha1", kind: "Rollout"},
     resource: {group: "argoproj.io", version: "v1alpha1", resource: "rollouts"}, name: "r", namespace: "n", object: $o[0]}}' \
    >"$work/review.json"
run "${test[@]}" -o json "$work/review.json"
same "in a review" "$(jq -r '.objects[0].verdict' "$work/out")" not-judged
run "${test[@]}" --strict ../../data/reviews
same "no review of a built-in kind is not judged" "$(grep -c 'not judged: \(Pod\|Deployment\|ReplicaSet\)' <<<"$out")" 0
jq -n '{apiVersion: "config.kubernetes.io/v1", kind: "ResourceList", functionConfig: {spec: {policy: "rules.yaml"}},
    items: [{apiVersion: "argoproj.io/v1alpha1", kind: "Rollout", metadata: {name: "r"}, spec: {image: "evil.example/x:1"}}]}' >"$work/list.json"
run "$POLICYCTL" apply "$work/list.json"
same "a KRM function says so in its results" "$(jq -r '.results[0].severity' "$work/out")" info
# A custom resource with many containers is one line, its places counted.
jq -nc '{apiVersion: "example.com/v1", kind: "Many", metadata: {name: "m"},
    spec: {containers: [range(50000) | {name: "c\(.)", image: "quay.io/a/b:\(.)"}]}}' >"$work/many.json"
run "${test[@]}" "$work/many.json"
same "50000 containers: lines" "$(wc -l <"$work/out")" 2
matches "50000 containers: counted" "$out" 'containers/7/image and 49992 more'

# ---- what is not a manifest ---------------------------------------------------------------------

while read -r file expected; do
    transcript "$file.text" "$expected" "${test[@]}" "$file.yaml"
done <<'END'
template 2
quoted 1
pulled 0
windows 1
gateway 0
operator 0
values 2
END
transcript podlist.text 1 "${test[@]}" podlist.json
transcript repo.text 1 "${test[@]}" repo
transcript repo-v.text 1 "${test[@]}" -v repo
transcript repo.json 1 "${test[@]}" -o json repo
transcript repo.images 1 "$POLICYCTL" images -p rules.yaml repo
transcript repo.apply 1 "$POLICYCTL" apply -p rules.yaml --templates repo
transcript repo.explain 1 "$POLICYCTL" explain -p rules.yaml repo
transcript kustomization.text 2 "${test[@]}" repo/apps/kustomization.yaml repo/apps/shop/kustomization.yaml
transcript compose.text 2 "${test[@]}" repo/compose.yml
transcript chart.text 2 "${test[@]}" repo/charts/redis/Chart.yaml repo/charts/redis/templates/deployment.yaml
transcript template.apply 2 "$POLICYCTL" apply -p rules.yaml template.yaml
transcript pulled.apply 0 "$POLICYCTL" apply -p rules.yaml pulled.yaml
transcript gateway.images 0 "$POLICYCTL" images -p rules.yaml gateway.yaml
run "${test[@]}" repo/apps
same "kustomizations alone do no harm" $status 0
run "${test[@]}" --strict repo/vendor
same "--strict: a template that was not rendered" $status 1
run "${test[@]}" --require-objects repo/vendor
same "--require-objects: skipped files are no objects" $status 1
run "$POLICYCTL" bench -p rules.yaml --iterations 1 repo
same "bench skips them too" $status 0

mkdir -p "$work/odd"
cp repo/apps/shop/deploy.yaml "$work/odd/a.yaml"
printf 'apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {containers: [\n' >"$work/odd/broken.yaml"
run "${test[@]}" "$work/odd"
same "a broken manifest in a folder is reported" $status 2
printf 'kind: Pod\nmetadata: {name: x}\nspec: {containers: []}\n' >"$work/odd/broken.yaml"
run "${test[@]}" "$work/odd"
same "a manifest without apiVersion is reported" $status 2
{ cat repo/apps/shop/deploy.yaml; printf -- '---\nname: x\n'; } >"$work/odd/broken.yaml"
run "${test[@]}" "$work/odd"
same "what is not an object beside objects is reported" $status 2
{ cat repo/vendor/old/loose.yaml; printf -- '---\n'; sed 's/nginx/evil.example\/x/' repo/apps/shop/deploy.yaml; } >"$work/odd/broken.yaml"
run "${test[@]}" "$work/odd"
same "an object beside a template is judged" $status 1
matches "an object beside a template: the template is reported" "$err" 'broken.yaml: note: skipped, a template'
printf '\xff\xfe' >"$work/odd/broken.yaml"
printf 'a: 1\n' | iconv -t utf-16le >>"$work/odd/broken.yaml"
run "${test[@]}" "$work/odd"
same "other text in UTF-16 is skipped" $status 0
chmod 000 "$work/odd/broken.yaml"
[ "$(id -u)" = 0 ] || { run "${test[@]}" "$work/odd"; same "a file that cannot be read is reported" $status 2; }

# ---- what is left out ------------------------------------------------------------------------

seen() { # FOLDER [OPTION...]: names of the files whose objects were looked at
    local folder=$1
    shift
    "${test[@]}" -o json "$@" "$folder" 2>/dev/null | jq -r '.objects[].file' | sed "s#^$folder/*##" | sort -u | tr '\n' ' '
}
tree=$work/tree
for file in a.yaml b.yaml 'c d.yaml' sub/a.yaml sub/deep/a.yaml sub/deep/b.json other/x.yml '#odd.yaml' '!odd.yaml'; do
    mkdir -p "$(dirname "$tree/$file")"
    jq -nc '{apiVersion: "v1", kind: "Pod", spec: {containers: [{name: "c", image: "nginx"}]}}' >"$tree/$file"
done
all='!odd.yaml #odd.yaml a.yaml b.yaml c d.yaml other/x.yml sub/a.yaml sub/deep/a.yaml sub/deep/b.json '
same "all of a folder" "$(seen "$tree")" "$all"
while IFS='|' read -r glob expected; do
    same "--exclude $glob" "$(seen "$tree" --exclude "$glob")" "$expected"
    printf '%s\n' "$glob" >"$tree/.pullgateignore"
    case $glob in '#'* | '!'*) ;; *) same ".pullgateignore $glob" "$(seen "$tree")" "$expected" ;; esac
    rm "$tree/.pullgateignore"
done <<'END'
a.yaml|!odd.yaml #odd.yaml b.yaml c d.yaml other/x.yml sub/deep/b.json 
/a.yaml|!odd.yaml #odd.yaml b.yaml c d.yaml other/x.yml sub/a.yaml sub/deep/a.yaml sub/deep/b.json 
./a.yaml|!odd.yaml #odd.yaml b.yaml c d.yaml other/x.yml sub/deep/b.json 
sub|!odd.yaml #odd.yaml a.yaml b.yaml c d.yaml other/x.yml 
sub/|!odd.yaml #odd.yaml a.yaml b.yaml c d.yaml other/x.yml 
a.yaml/|!odd.yaml #odd.yaml a.yaml b.yaml c d.yaml other/x.yml sub/a.yaml sub/deep/a.yaml sub/deep/b.json 
sub/**|!odd.yaml #odd.yaml a.yaml b.yaml c d.yaml other/x.yml 
sub/*.yaml|!odd.yaml #odd.yaml a.yaml b.yaml c d.yaml other/x.yml sub/deep/a.yaml sub/deep/b.json 
**/deep|!odd.yaml #odd.yaml a.yaml b.yaml c d.yaml other/x.yml sub/a.yaml 
**/a.yaml|!odd.yaml #odd.yaml b.yaml c d.yaml other/x.yml sub/deep/b.json 
sub/**/a.yaml|!odd.yaml #odd.yaml a.yaml b.yaml c d.yaml other/x.yml sub/deep/b.json 
deep/a.yaml|!odd.yaml #odd.yaml a.yaml b.yaml c d.yaml other/x.yml sub/a.yaml sub/deep/a.yaml sub/deep/b.json 
[ab].yaml|!odd.yaml #odd.yaml c d.yaml other/x.yml sub/deep/b.json 
[!a].yaml|!odd.yaml #odd.yaml a.yaml c d.yaml other/x.yml sub/a.yaml sub/deep/a.yaml sub/deep/b.json 
?.y*ml|!odd.yaml #odd.yaml c d.yaml sub/deep/b.json 
c d.yaml|!odd.yaml #odd.yaml a.yaml b.yaml other/x.yml sub/a.yaml sub/deep/a.yaml sub/deep/b.json 
\#odd.yaml|!odd.yaml a.yaml b.yaml c d.yaml other/x.yml sub/a.yaml sub/deep/a.yaml sub/deep/b.json 
\!odd.yaml|#odd.yaml a.yaml b.yaml c d.yaml other/x.yml sub/a.yaml sub/deep/a.yaml sub/deep/b.json 
#odd.yaml|!odd.yaml a.yaml b.yaml c d.yaml other/x.yml sub/a.yaml sub/deep/a.yaml sub/deep/b.json 
!odd.yaml|#odd.yaml a.yaml b.yaml c d.yaml other/x.yml sub/a.yaml sub/deep/a.yaml sub/deep/b.json 
[a.yaml|!odd.yaml #odd.yaml a.yaml b.yaml c d.yaml other/x.yml sub/a.yaml sub/deep/a.yaml sub/deep/b.json 
**|
END
same "several globs" "$(seen "$tree" --exclude sub --exclude '*odd*')" 'a.yaml b.yaml c d.yaml other/x.yml '
printf '# all but one\r\n\r\n*.yaml  \r\n!/b.yaml\r\n' >"$tree/.pullgateignore"
same "lines: comments, blanks, CRLF, back again" "$(seen "$tree")" 'b.yaml other/x.yml sub/deep/b.json '
printf '!a.yaml\nb.json\n' >"$tree/sub/.pullgateignore"
same "the file of a subfolder has the last word there" "$(seen "$tree")" 'b.yaml other/x.yml sub/a.yaml sub/deep/a.yaml '
same "--exclude has the last word" "$(seen "$tree" --exclude sub/a.yaml)" 'b.yaml other/x.yml sub/deep/a.yaml '
printf 'sub\n!sub/a.yaml\n' >"$tree/.pullgateignore"
same "nothing comes back of a folder that is out" "$(seen "$tree")" '!odd.yaml #odd.yaml a.yaml b.yaml c d.yaml other/x.yml '
printf 'sub/**\n!sub/a.yaml\n' >"$tree/.pullgateignore"
same "but of one whose files are out" "$(seen "$tree")" '!odd.yaml #odd.yaml a.yaml b.yaml c d.yaml other/x.yml sub/a.yaml '
same "from the folder given on" "$(seen "$tree/sub")" 'a.yaml deep/a.yaml '
printf 'a.yaml\n' >"$tree/.pullgateignore"
run "${test[@]}" -o json --exclude a.yaml "$tree/a.yaml"
same "what is named itself is taken" "$(jq '.objects | length' "$work/out")" 1
for verb in apply images explain; do
    run "$POLICYCTL" $verb -p rules.yaml --exclude '*.yaml' --exclude '*.json' --exclude '*.yml' "$tree"
    same "$verb --exclude: nothing is left" "$(grep -c nginx <<<"$out")" 0
    same "$verb --exclude: exit status" $status 0
done
rm "$tree/.pullgateignore"
mkdir "$tree/.pullgateignore"
run "${test[@]}" "$tree"
same "a .pullgateignore that cannot be read is reported" $status 2

# ---- verify, and what a format cannot say ----------------------------------------------------

transcript verify.text 1 "$POLICYCTL" verify -v suite
transcript verify.json 1 "$POLICYCTL" verify -o json suite
transcript verify.junit 1 "$POLICYCTL" verify -o junit suite
for i in $(seq 120); do
    printf 'docker.io/team%d/app:%d\nquay.io/team%d/app:%d\n' $((i % 7)) "$i" $((i % 3)) "$i"
done >"$work/names.txt"
images=("$POLICYCTL" images -p rules.yaml)
run "${images[@]}" -o skopeo-sync "$work/names.txt"
same "skopeo-sync: exit status where it cannot say all" $status 4
matches "skopeo-sync: the number" "$err" 'policyctl: 200 of 240 images left out'
same "skopeo-sync: what it says" "$(grep -c '^      - ' <<<"$out")" 40
for format in table json skopeo-copy; do
    run "${images[@]}" -o $format "$work/names.txt"
    same "$format: exit status" $status 0
done
printf 'quay.io/team/app:1\n' >"$work/one.txt"
run "${images[@]}" -o skopeo-sync "$work/one.txt"
same "skopeo-sync: all said" $status 0
{ cat "$work/names.txt"; echo other.example/x:1; } >"$work/denied.txt"
run "${images[@]}" -o skopeo-sync "$work/denied.txt"
same "skopeo-sync: a denial weighs more" $status 1
run "$POLICYCTL" apply -p rules.yaml repo/apps
same "apply: templates get no pull secrets, said once" "$(grep -c 'get no imagePullSecrets' <<<"$err")" 1
run "$POLICYCTL" apply -p rules.yaml repo/apps repo/apps
same "apply: once for all files" "$(grep -c 'get no imagePullSecrets' <<<"$err")" 1
finish
