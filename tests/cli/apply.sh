#!/usr/bin/env bash
# policyctl apply: texts changed in place; files, streams, ResourceLists.
. "$(dirname "$0")/lib.sh"
cd "$tests/cli/input" || exit 1

apply=("$POLICYCTL" apply -p rules.yaml --now 2026-11-20)
for name in many.yaml pods.json; do
    for flag in '' --templates; do
        run "${apply[@]}" ${flag:+$flag} $name
        same "$name $flag: exit status" $status 1
        diff -a $name "$work/out" >"$work/both"
        sed 's/^/stderr: /' "$work/err" >>"$work/both"
        [ "${BLESS:-}" != 1 ] || cp "$work/both" "$tests/cli/expected/apply.$name$flag"
        same_file "$name $flag: what is changed" "$work/both" "$tests/cli/expected/apply.$name$flag"
    done
done
printf 'kind: Deployment\napiVersion: apps/v1\nmetadata: {name: a, namespace: team}\nspec:
  template:\n    spec:\n      containers:\n        - image: nginx   # kept\n          name: a\n' >"$work/deployment.yaml"
run "${apply[@]}" "$work/deployment.yaml"
same_file "a template: left alone" "$work/out" "$work/deployment.yaml"
run "${apply[@]}" -t "$work/deployment.yaml"
same "a template, --templates: exit status" $status 0
same "a template, --templates: its image alone" "$(diff "$work/deployment.yaml" "$work/out" | grep '^[<>]')" \
    "<         - image: nginx   # kept
>         - image: ghcr.io/acme-data/nginx   # kept"
tabbed='{\n\t"apiVersion": "v1",\n\t"kind": "Pod",\n\t"metadata": {"name": "a", "namespace": "team"},\n\t"spec": {\n'
tabbed+='\t\t"containers": [\n\t\t\t{"name": "a", "image": "nginx"}\n\t\t]\n\t}\n}\n'
tabbed_flow='apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: team}\nspec: {\n \tcontainers: [\n\t\t{name: a,\timage: nginx}]\n  }\n'
for text in "$tabbed" "${tabbed//\\n/\\r\\n}" "$tabbed_flow"; do
    printf '%b' "$text" >"$work/tabbed"
    run "${apply[@]}" "$work/tabbed"
    same "indented by tabs: exit status" $status 0
    same_file "indented by tabs: the lines that stay" <(sed '/imagePullSecrets/d; s#ghcr.io/acme-data/##' "$work/out") "$work/tabbed"
    check "indented by tabs: has the pull secret" grep -q imagePullSecrets "$work/out"
done
check "hundreds of styles" python3 -B "$tests/cli/apply_styles.py" "$POLICYCTL"
check "anchors and merges at random" python3 -B "$tests/cli/apply_merges.py" "$POLICYCTL" 800
check "styles at random" python3 -B "$tests/cli/apply_random.py" "$POLICYCTL" 1000

# ---- in place --------------------------------------------------------------------------------

pod='apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: team}\nspec:\n  containers: [{name: a, image: %s}]\n'
mkdir -p "$work/folder/sub"
# shellcheck disable=SC2059 # the pod is a format
for image in nginx gcr.io/x ghcr.io/acme-data/y; do
    printf "$pod" $image >"$work/folder/sub/${image##*/}.yaml"
done
cp good.yaml "$work/folder/good.yaml"
chmod 640 "$work/folder/sub/nginx.yaml"
ln -s sub/nginx.yaml "$work/folder/link.yml"
cp -a "$work/folder" "$work/before"
run "${apply[@]}" -i "$work/folder"
same "--in-place: exit status" $status 1
same "--in-place: standard output" "$out" ""
same "--in-place: what changed" "$(cd "$work" && diff -rq before folder)" \
    "Files before/link.yml and folder/link.yml differ
Files before/sub/nginx.yaml and folder/sub/nginx.yaml differ
Files before/sub/y.yaml and folder/sub/y.yaml differ"
same "--in-place: permissions" "$(stat -c %a "$work/folder/sub/nginx.yaml")" 640
check "--in-place: a link stays one" [ -L "$work/folder/link.yml" ]
same "--in-place: nothing left behind" "$(find "$work/folder" -name '.*')" ""
inodes=$(stat -c %i "$work"/folder/sub/*.yaml)
run "${apply[@]}" -i "$work/folder"
same "--in-place, again: no file is written" "$(stat -c %i "$work"/folder/sub/*.yaml)" "$inodes"
run "${apply[@]}" -i -
same "--in-place of standard input" "$status $err" "2 policyctl: --in-place needs files; - is standard input"

# ---- what cannot be done ---------------------------------------------------------------------

run "${apply[@]}" good.yaml broken.yaml
same "a file that is no YAML: exit status" $status 2
same_file "a file that is no YAML: the other one" "$work/out" good.yaml
run "${apply[@]}" nowhere.yaml
same "no such file" "$status $out $err" "2  policyctl: cannot open nowhere.yaml: No such file or directory"
iconv -f UTF-8 -t UTF-16 good.yaml >"$work/wide.yaml"
run "${apply[@]}" "$work/wide.yaml"
same "UTF-16" "$status $out $err" "2  policyctl: $work/wide.yaml: text in UTF-16, expected UTF-8"
for mark in '\xef\xbb\xbf' '\xff\xfe'; do
    { printf '%b' "\xef\xbb\xbf$mark" && cat good.yaml; } >"$work/twice.yaml"
    run "${apply[@]}" "$work/twice.yaml"
    same "two marks" "$status $out $err" "2  policyctl: $work/twice.yaml: two byte order marks, expected at most one"
done
printf 'x: &i nginx\n%b' "$(printf "${pod//\{name: a, image: %s\}/{name: a, image: *i\}}")" >"$work/anchor.yaml"
run "${apply[@]}" "$work/anchor.yaml"
same "an anchor used elsewhere: exit status" "$status $out" "2 "
matches "an anchor used elsewhere: text" "$err" 'anchor.yaml:1:7: this value is used in 2 places'
cp "$work/anchor.yaml" "$work/anchor-before.yaml"
run "${apply[@]}" -i "$work/anchor.yaml"
same_file "an anchor used elsewhere: the file stays" "$work/anchor.yaml" "$work/anchor-before.yaml"

# ---- merges ----------------------------------------------------------------------------------

merged() { # NAME TEXT CHANGES
    printf '%b' "$2" >"$work/merged.yaml"
    run "${apply[@]}" "$work/merged.yaml"
    same "$1: exit status" $status 0
    same "$1: what is changed" "$(diff "$work/merged.yaml" "$work/out" | grep '^[<>]')" "$3"
    cp "$work/out" "$work/applied.yaml"
    run "${apply[@]}" "$work/applied.yaml"
    same_file "$1: applied again" "$work/out" "$work/applied.yaml"
}
head='apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: team}\nspec:\n  imagePullSecrets: [{name: regcred}]\n  containers:\n'
merged "an anchor among the containers changes for all" \
    "$head    - &base\n      name: one\n      image: nginx\n    - <<: *base\n      name: two\n" \
    "<       image: nginx
>       image: ghcr.io/acme-data/nginx"
merged "an anchor that is no container stays" \
    "x-base: &base {image: nginx}\n$head    - <<: *base # shared\n      name: two\n    - {<<: *base, name: three}\n" \
    ">       image: ghcr.io/acme-data/nginx
<     - {<<: *base, name: three}
>     - {<<: *base, image: ghcr.io/acme-data/nginx, name: three}"
merged "one of its own, behind the merge" \
    "x-base: &base {image: nginx}\n$head    - name: two\n      <<: [*base, {name: x}]\n      image: redis\n" \
    "<       image: redis
>       image: ghcr.io/acme-data/redis"
merged "a chain of merges: written where it first differs" \
    "x-a: &a {image: nginx}\nx-b: &b\n  <<: *a\n  tty: true\n$head    - &c {<<: *b, name: two}\n    - {<<: *c, name: three}\n" \
    "<     - &c {<<: *b, name: two}
>     - &c {<<: *b, image: ghcr.io/acme-data/nginx, name: two}"
printf '%b' "x-base: &base {image: nginx}\n$head    - name: two\n      image: redis\n      <<: *base\n" >"$work/merged.yaml"
run "${apply[@]}" "$work/merged.yaml"
same "one before the merge: exit status" "$status $out" "2 "
matches "one before the merge: is reported" "$err" 'merged.yaml:9: note: "<<" overrides this key in kubectl'
matches "one before the merge: text" "$err" 'merged.yaml:9:7: "image" is before a "<<"'
cat >"$work/two.yaml" <<'LIST'
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Pod
  metadata: {name: a, namespace: team}
  spec: &spec
    serviceAccountName: x
    containers: [{name: a, image: ghcr.io/acme-data/y}]
- apiVersion: v1
  kind: Pod
  metadata: {name: b, namespace: team}
  spec:
    <<: *spec
    containers: [{name: b, image: ghcr.io/acme-data/z}]
LIST
run "${apply[@]}" "$work/two.yaml"
same "pull secrets of a merged pod spec: once" "$status $(diff "$work/two.yaml" "$work/out" | grep '^[<>]')" \
    "0 >     imagePullSecrets:
>       - name: regcred"
sed -i 's/^    serviceAccountName/    imagePullSecrets: [{name: own}]\n&/; 0,/namespace: team/s//namespace: elsewhere/' "$work/two.yaml"
run "${apply[@]}" "$work/two.yaml"
same "pull secrets of a merged pod spec: beside the merge" "$status $(diff "$work/two.yaml" "$work/out" | grep '^[<>]')" \
    "0 >     imagePullSecrets:
>       - name: own
>       - name: regcred"

# ---- several files, one stream ---------------------------------------------------------------

run "${apply[@]}" good.yaml good.yaml
same_file "two files" "$work/out" <(cat good.yaml <(echo ---) good.yaml)
# Several JSON values in a row, and a byte order mark, are read at the head of a stream alone.
value='{"apiVersion":"v1","kind":"Pod","metadata":{"name":"%s","namespace":"team"},"spec":{"containers":[{"name":"a","image":"nginx"}]}}'
# shellcheck disable=SC2059 # the value is a format
{ printf "$value$value\n \n$value" a b c >"$work/values.json" && printf "\xef\xbb\xbf---\n$value" d >"$work/marked.yaml"; }
for order in 'values.json marked.yaml' 'marked.yaml values.json' 'values.json values.json' 'marked.yaml marked.yaml'; do
    # shellcheck disable=SC2086 # a list of files
    (cd "$work" && "${apply[@]}" -p "$tests/cli/input/rules.yaml" $order) >"$work/stream"
    # shellcheck disable=SC2086 # a list of files
    names=$(cd "$work" && cat $order | grep -o '"name":"[b-d]"\|"name":"a","namespace"' | cut -c9)
    run "$POLICYCTL" test -p rules.yaml -o json "$work/stream"
    same "a stream of $order: is read again" "$status $err" "0 "
    same "a stream of $order: its objects" "$(jq -r '.objects[].name' <<<"$out")" "$names"
done
run "${apply[@]}" "$work/values.json"
same "values of one file: stay a row" "$status $(grep -c '^---' "$work/out") $(wc -l <"$work/out")" "0 0 2"
"${apply[@]}" - <good.yaml >"$work/out"
same_file "from standard input, as Helm has it" "$work/out" good.yaml
"${apply[@]}" - <good.yaml >/dev/full 2>/dev/null
same "no room for output" $? 2

# ---- a KRM function --------------------------------------------------------------------------

resource_list() { # POLICY IMAGE
    cat <<LIST
apiVersion: config.kubernetes.io/v1
kind: ResourceList
functionConfig:
  apiVersion: example.com/v1
  kind: Pullgate
  spec: {policy: $1}
items:
- apiVersion: v1
  kind: Pod
  metadata:
    name: a
    namespace: team
    annotations:
      internal.config.kubernetes.io/index: '0'
  spec:
    containers:
    - name: a
      image: $2 # why
LIST
}
function_of() { # IMAGE
    resource_list rules.yaml "$1" | "$POLICYCTL" apply - >"$work/out" 2>"$work/err"
}
function_of nginx:1
same "KRM: exit status" "$? $(cat "$work/err")" "0 "
same "KRM: what is changed" "$(resource_list rules.yaml nginx:1 | diff - "$work/out" | grep '^[<>]')" \
    ">     imagePullSecrets:
>     - name: regcred
<       image: nginx:1 # why
>       image: ghcr.io/acme-data/nginx:1 # why"
function_of docker.io/x:1
same "KRM, denied: exit status" $? 1
python3 -c 'import json, sys, yaml; print(json.dumps(yaml.safe_load(sys.stdin)))' <"$work/out" >"$work/json"
same "KRM, denied: results" "$(jq -c '.results[] | [.severity, .resourceRef.name, .field.path, .field.currentValue,
    .field.proposedValue]' "$work/json")" \
    '["error","a","spec.containers[0].image","docker.io/x:1","ghcr.io/acme-data/x:1"]'
same "KRM, denied: the items" "$(jq -r '.items[].spec.containers[].image' "$work/json")" docker.io/x:1
{ resource_list rules.yaml docker.io/x:1 && printf 'results:\n- message: from another function\n'; } |
    "$POLICYCTL" apply - 2>/dev/null | python3 -c 'import sys, yaml; print(len(yaml.safe_load(sys.stdin)["results"]))' >"$work/out"
same "KRM: results are added to those of others" "$(cat "$work/out")" 2
resource_list nowhere.yaml nginx | "$POLICYCTL" apply - >"$work/out" 2>"$work/err"
same "KRM: no such rule file" "$? $(cat "$work/out" "$work/err")" \
    "2 policyctl: cannot open nowhere.yaml: No such file or directory"
resource_list nowhere.yaml nginx | "${apply[@]}" - >"$work/out" 2>&1
same "KRM: -p goes first" $? 0

# ---- the samples the README shows ------------------------------------------------------------

samples=$tests/../deploy/samples
mkdir "$work/bin" && ln -s "$POLICYCTL" "$work/bin/policyctl"
export PATH=$work/bin:$PATH
cp -r "$samples/kustomize" "$work/sample" && cd "$work/sample" || exit 1
wanted=ghcr.io/acme-data/airbyte/source-postgres:3.6.11

# As helm template prints charts: documents with their sources, hooks, empty ones.
for name in one two; do
    printf -- '---\n# Source: chart/templates/%s.yaml\n' $name
    sed "s/source-postgres}/$name}/" deployment.yaml
    printf -- '---\n# Source: chart/templates/empty-%s.yaml\n' $name
done >chart.yaml
note="policyctl: note: pod templates get no imagePullSecrets, which would take the place of their service account's; the webhook adds them to each pod"
for namespace in airbyte elsewhere; do
    PULLGATE_POLICY=$tests/../policies/examples/airbyte.yaml NAMESPACE=$namespace "$samples/post-render" <chart.yaml >"$work/$namespace" 2>"$work/err"
    same "post-render: exit status" "$? $(cat "$work/err")" "0 $([ $namespace != airbyte ] || echo "$note")"
done
same "post-render: what is changed" "$(diff chart.yaml "$work/airbyte" | grep -c '^> .*ghcr.io/acme-data/.* # pinned by hand')" 2
same "post-render: nothing else" "$(diff chart.yaml "$work/airbyte" | grep -c '^>')" 2
same_file "post-render: a namespace of no rule" "$work/elsewhere" chart.yaml

# kustomize calls the function so: its resources as items, the transformer as functionConfig.
{
    printf 'apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n- '
    sed '2,$s/^/  /' deployment.yaml
    printf 'functionConfig:\n'
    sed 's/^/  /' pullgate.yaml
} >list.yaml
./pullgate-fn <list.yaml >"$work/out" 2>"$work/err"
same "pullgate-fn: exit status" "$? $(cat "$work/err")" "0 $note"
same "pullgate-fn: what is changed" "$(diff list.yaml "$work/out" | grep '^>')" ">             image: $wanted   # pinned by hand"

image_of() { # COMMAND...: the image kustomize prints in the end
    "$@" 2>"$work/err" | sed -n 's/^ *\(- \)*image: //p'
}
if command -v kustomize >/dev/null; then
    same "kustomize" "$(image_of kustomize build --enable-alpha-plugins --enable-exec .)" $wanted
fi
finish
