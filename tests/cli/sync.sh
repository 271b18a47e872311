#!/usr/bin/env bash
# policyctl sync --dry-run: a plan from dumps, as text and JSON; what it refuses; that it prints no value of a Secret.
. "$(dirname "$0")/lib.sh"
cd "$tests/cli/sync" || exit 1

transcript() { # NAME STATUS COMMAND...
    local name=$1 expected_status=$2
    shift 2
    run "$@"
    { cat "$work/out"; sed 's/^/stderr: /' "$work/err"; } >"$work/both"
    [ "${BLESS:-}" != 1 ] || cp "$work/both" "$tests/cli/expected/$name"
    same "$name: exit status" $status "$expected_status"
    same_file "$name" "$work/both" "$tests/cli/expected/$name"
}

sync=("$POLICYCTL" sync --dry-run -p rules.yaml)

transcript sync.text 1 "${sync[@]}" dump.json
transcript sync.annotated 1 "${sync[@]}" --annotated 'plat*' --respect-value dump.json
transcript sync.json 1 "${sync[@]}" --annotated platform -o json dump.json
run "${sync[@]}" --annotated platform -o json dump.json
printf '%s' "$out" >"$work/json"
check "json: one document, its actions sorted" jq -e '.actions | length > 5 and . == sort_by(.namespace, .name)' \
    "$work/json" >/dev/null
check "json: every action has its words" jq -e \
    'all(.actions[]; (.verb | IN("apply", "recreate", "delete", "report")) and .reason != "" and .message != "")' \
    "$work/json" >/dev/null

# Standard input, several dumps, Lists without kinds, YAML: the same plan.
expected=$("${sync[@]}" dump.json)
same "standard input" "$("${sync[@]}" - <dump.json)" "$expected"
jq '{kind: "SecretList", items: [.items[] | select(.kind == "Secret") | del(.kind)]}' dump.json >"$work/secrets.json"
jq '{kind: "NamespaceList", items: [.items[] | select(.kind == "Namespace") | del(.kind)]}' dump.json >"$work/namespaces.json"
same "two dumps" "$("${sync[@]}" "$work/secrets.json" "$work/namespaces.json")" "$expected"
same "one behind the other" "$(cat "$work/namespaces.json" "$work/secrets.json" | "${sync[@]}" -)" "$expected"
jq -c '.items[]' dump.json | sed 's/^/---\n/' >"$work/stream.yaml"
same "documents of YAML" "$("${sync[@]}" "$work/stream.yaml")" "$expected"

# What a plan applies, applied: the second plan has nothing to do. The copies are made by hand, with their marks.
mark() { # NAMESPACE NAME SOURCE-NAMESPACE SOURCE-NAME
    printf 'pullgate\0%s\0%s\0%s\0%s\0' "$3" "$4" "$1" "$2" | sha256sum | cut -c1-32
}
sha() { printf '%s' "$1" | sha256sum | cut -d ' ' -f 1; }
value=$(sha 'e30=')
content=$(printf '%s.dockerconfigjson\0%s' "$(sha kubernetes.io/dockerconfigjson)" "$value" | sha256sum | cut -d ' ' -f 1)
copy() { # NAMESPACE [MARK]
    printf '{"kind": "Secret", "type": "kubernetes.io/dockerconfigjson", "data": {".dockerconfigjson": "e30="}, "metadata":
        {"name": "regcred", "namespace": "%s", "labels": {"app.kubernetes.io/managed-by": "pullgate", "pullgate.dev/copy": "%s",
        "pullgate.dev/source-namespace": "platform", "pullgate.dev/source-name": "regcred"}, "annotations":
        {"pullgate.dev/source": "platform/regcred", "pullgate.dev/content-sha256": "%s"}}}' \
        "$1" "${2:-$(mark "$1" regcred platform regcred)}" "$content"
}
jq '.items |= map(select(.kind == "Namespace" or (.metadata.namespace == "platform" and .metadata.name == "regcred")))' \
    dump.json >"$work/start.json"
{ cat "$work/start.json"; copy airbyte; copy team-a; } >"$work/done.json"
run "${sync[@]}" "$work/done.json"
same "applied: nothing to do" "$status $out" "0 report team-z/regcred: the namespace is terminating
1 action; 2 of 2 copies are current"
{ cat "$work/done.json"; copy other; } >"$work/more.json"
run "${sync[@]}" "$work/more.json"
same "a copy that nothing requests" "$status ${out%%$'\n'*}" \
    "1 delete other/regcred: nothing requests a copy here of platform/regcred"
{ cat "$work/start.json"; copy airbyte "$(mark other regcred platform regcred)"; copy team-a; } >"$work/hand.json"
run "${sync[@]}" "$work/hand.json"
same "a copy of a copy is foreign" "$status ${out%%;*}" \
    "1 report airbyte/regcred: another Secret has this name, a copy that was made by hand or by another pullgate-sync"
run "${sync[@]}" --instance other "$work/done.json"
same "of another instance" "$status $(grep -c 'another Secret' <<<"$out")" "1 2"
jq 'del(.items[] | select(.kind == "Secret"))' "$work/start.json" >"$work/gone.json"
{ cat "$work/gone.json"; copy airbyte; } >"$work/gone-copy.json"
run "${sync[@]}" "$work/gone-copy.json"
matches "a source that is gone" "$status $out" \
    $'^1 delete airbyte/regcred: its source is gone: platform/regcred\nreport platform/regcred: this source is not there'

# Usage, and input that cannot be read: 2, and no plan.
mistake() { # NAME STDERR-REGEX WORD...
    local name=$1 regex=$2
    shift 2
    run "$POLICYCTL" sync "$@"
    same "$name: status, and nothing on standard output" "$status $out" "2 "
    matches "$name: message" "$err" "$regex"
}
mistake "no --dry-run" '^policyctl: --dry-run is missing: ' -p rules.yaml dump.json
mistake "no rule file" '^policyctl: no rule file' --dry-run dump.json
mistake "no dump" '^policyctl: no input: give the output of kubectl get' --dry-run -p rules.yaml
mistake "no namespaces" '^policyctl: no Namespace in the input' --dry-run -p rules.yaml "$work/secrets.json"
mistake "no such file" 'nowhere' --dry-run -p rules.yaml nowhere.json
printf '{"kind": "List", "items": [{"kind": "Namespace", "metadata": {"name": "a"}},\n  {"kind": "Secret", "metadata": {"name": "b"}}]}' >"$work/bad.json"
mistake "a Secret without a namespace" 'bad.json:2:3: Secret b has no namespace' --dry-run -p rules.yaml "$work/bad.json"
head -c 500 dump.json >"$work/cut.json"
mistake "a dump that ends too early" 'cut.json' --dry-run -p rules.yaml "$work/cut.json"
printf 'hello\n' >"$work/hello"
mistake "no dump at all" 'not an object of the cluster' --dry-run -p rules.yaml "$work/hello"

# ---- render sync -------------------------------------------------------------------------------

render=("$POLICYCTL" render sync --image registry.example/pullgate-sync:1)
transcript render-sync.yaml 0 "${render[@]}" -p rules.yaml
transcript render-sync-annotated.yaml 0 "${render[@]}" -p rules.yaml -n images --annotated platform --annotated astronomer \
    --name harbor --name regcred --respect-value
"${render[@]}" -p rules.yaml --wide >"$work/wide"
same "wide: every Secret of the cluster, said to the program too" \
    "$(grep -c -e resourceNames: -e ALL_COPIES "$work/wide") $(grep -c '^  - regcred' "$work/wide")" "2 1"
render_mistake() { # NAME STDERR-REGEX WORD...
    local name=$1 regex=$2
    shift 2
    run "$POLICYCTL" render "$@"
    same "render $name: status, and nothing on standard output" "$status $out" "2 "
    matches "render $name: message" "$err" "$regex"
}
image=(--image registry.example/pullgate:1)
render_mistake "without an image" '--image is missing' sync -p rules.yaml
render_mistake "without a rule file" 'no rule file' sync "${image[@]}"
render_mistake "of certificates" '--certs has no meaning for render sync$' sync "${image[@]}" -p rules.yaml --certs tls
render_mistake "of the webhook with --wide" '--wide has no meaning without the word sync: ' "${image[@]}" -p rules.yaml --wide
render_mistake "annotations without names" '--annotated without --name: ' sync "${image[@]}" -p rules.yaml --annotated platform
render_mistake "globs" '--annotated p\* is not a name' sync "${image[@]}" -p rules.yaml --annotated 'p*' --name a
render_mistake "nothing to copy" 'nothing to copy: ' sync "${image[@]}" -p ../input/rules.yaml
render_mistake "a second word" 'unexpected argument "now"' sync now "${image[@]}" -p rules.yaml

# No output has a value, or what is in it.
password=$(head -c 9 /dev/urandom | base64 | tr '/+' 'ab')
auth=$(printf 'user:%s' "$password" | base64)
for text in "{\"auths\": {\"a.io\": {\"auth\": \"$auth\"}}}" "{\"auths\": {\"a.io\": {\"auth\": \"$auth\", \"password\": \"$password\"" \
    "{\"auths\": {\"a.io\": {\"auth\": \"$auth*\"}}}"; do
    encoded=$(printf '%s' "$text" | base64 -w 0)
    jq --arg v "$encoded" '(.items[] | select(.kind == "Secret") | .data[".dockerconfigjson"]) = $v' dump.json >"$work/secret.json"
    for form in text json; do
        "${sync[@]}" --annotated platform -o $form "$work/secret.json" >"$work/all" 2>&1
        same "no password in $form" "$(grep -cF -e "$password" -e "$auth" -e "$encoded" "$work/all")" 0
    done
done
finish
