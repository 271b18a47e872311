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
check "hundreds of styles" python3 "$tests/cli/apply_styles.py" "$POLICYCTL"
check "styles at random" python3 "$tests/cli/apply_random.py" "$POLICYCTL" 1000

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
same "--in-place of standard input" "$status $err" "2 policyctl: --in-place needs files, and - is standard input"

# ---- what cannot be done ---------------------------------------------------------------------

run "${apply[@]}" good.yaml broken.yaml
same "a file that is no YAML: exit status" $status 2
same_file "a file that is no YAML: the other one" "$work/out" good.yaml
run "${apply[@]}" nowhere.yaml
same "no such file" "$status $out $err" "2  policyctl: cannot open nowhere.yaml: No such file or directory"
iconv -f UTF-8 -t UTF-16 good.yaml >"$work/wide.yaml"
run "${apply[@]}" "$work/wide.yaml"
same "UTF-16" "$status $out $err" "2  policyctl: $work/wide.yaml: text in UTF-16, expected UTF-8"
printf 'x: &i nginx\n%b' "$(printf "${pod//\{name: a, image: %s\}/{name: a, image: *i\}}")" >"$work/anchor.yaml"
run "${apply[@]}" "$work/anchor.yaml"
same "an anchor used elsewhere: exit status" "$status $out" "2 "
matches "an anchor used elsewhere: text" "$err" 'anchor.yaml:1:7: this value stands in 2 places'
cp "$work/anchor.yaml" "$work/anchor-before.yaml"
run "${apply[@]}" -i "$work/anchor.yaml"
same_file "an anchor used elsewhere: the file stays" "$work/anchor.yaml" "$work/anchor-before.yaml"

# ---- several files, one stream ---------------------------------------------------------------

run "${apply[@]}" good.yaml good.yaml
same_file "two files" "$work/out" <(cat good.yaml <(echo ---) good.yaml)
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
function_of gcr.io/x:1
same "KRM, denied: exit status" $? 1
python3 -c 'import json, sys, yaml; print(json.dumps(yaml.safe_load(sys.stdin)))' <"$work/out" >"$work/json"
same "KRM, denied: results" "$(jq -c '.results[] | [.severity, .resourceRef.name, .field.path, .field.currentValue,
    .field.proposedValue]' "$work/json")" \
    '["error","a","spec.containers[0].image","gcr.io/x:1","ghcr.io/acme-data/x:1"]'
same "KRM, denied: the items" "$(jq -r '.items[].spec.containers[].image' "$work/json")" gcr.io/x:1
{ resource_list rules.yaml gcr.io/x:1 && printf 'results:\n- message: from another function\n'; } |
    "$POLICYCTL" apply - 2>/dev/null | python3 -c 'import sys, yaml; print(len(yaml.safe_load(sys.stdin)["results"]))' >"$work/out"
same "KRM: results are added to those of others" "$(cat "$work/out")" 2
resource_list nowhere.yaml nginx | "$POLICYCTL" apply - >"$work/out" 2>"$work/err"
same "KRM: no such rule file" "$? $(cat "$work/out" "$work/err")" \
    "2 policyctl: cannot open nowhere.yaml: No such file or directory"
resource_list nowhere.yaml nginx | "${apply[@]}" - >"$work/out" 2>&1
same "KRM: -p goes first" $? 0
# kustomize itself runs it, where there is one that may run programs (kubectl's may not).
if command -v kustomize >/dev/null; then
    mkdir "$work/kustomize" && cp good.yaml rules.yaml "$work/kustomize" && cd "$work/kustomize" || exit 1
    printf '#!/bin/sh\nexec "%s" apply -\n' "$POLICYCTL" >run && chmod +x run
    printf 'resources: [good.yaml]\ntransformers: [pullgate.yaml]\n' >kustomization.yaml
    printf 'apiVersion: example.com/v1\nkind: Pullgate\nmetadata:\n  name: p\n  annotations:
    config.kubernetes.io/function: "exec: {path: ./run}"\nspec: {policy: rules.yaml}\n' >pullgate.yaml
    sed -i 's#ghcr.io/acme-data/app:1#app:1#' good.yaml
    run kustomize build --enable-alpha-plugins --enable-exec .
    same "kustomize: exit status" "$status $err" "0 "
    matches "kustomize: image" "$out" 'image: ghcr.io/acme-data/app:1'
fi
finish
