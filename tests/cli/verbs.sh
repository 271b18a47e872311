#!/usr/bin/env bash
# What the verbs explain, images, lint and apply print, to the byte: tests/cli/expected/<name>. With BLESS=1 the
# files are written anew; read the difference before it is committed.
. "$(dirname "$0")/lib.sh"
cd "$tests/cli/input" || exit 1

transcript() { # NAME STATUS COMMAND...
    local name=$1 expected_status=$2
    shift 2
    run "$@"
    { cat "$work/out"; sed 's/^/stderr: /' "$work/err"; } >"$work/both"
    [ "${BLESS:-}" != 1 ] || cp "$work/both" "$tests/cli/expected/$name"
    same "$name: exit status" $status "$expected_status"
    same_file "$name" "$work/both" "$tests/cli/expected/$name"
}
given() { # TEXT COMMAND...: with the text as standard input
    local text=$1
    shift
    printf "$text" | "$@"
}
digest=$(printf '0123456789abcdef%.0s' 1 2 3 4)

# ---- images ----------------------------------------------------------------------------------

images=("$POLICYCTL" images -p rules.yaml --now 2026-11-20)
for format in table json skopeo-sync skopeo-copy; do
    transcript "images.$format" 1 "${images[@]}" -o $format many.yaml good.yaml
done
list="# as abctl images manifest prints them\nairbyte/source-faker:6.2.1\nbusybox\n\nairbyte/source-faker:6.2.1\n"
list+="ghcr.io/acme-data/there:1\nnginx:1.25@sha256:$digest\nredis@sha256:$digest\nquay.io/x:1\nBusybox\n"
for format in table json skopeo-sync skopeo-copy; do
    transcript "images-list.$format" 1 given "$list" "${images[@]}" -n team -o $format -
done
check "images -o json: is JSON" given "$list" bash -c '"$0" "$@" 2>/dev/null | jq -e ".images and (.denied | length) == 2"' \
    "${images[@]}" -n team -o json - >/dev/null
run "${images[@]}" -n team "$work/no-such-file"
same "images: a file that is not there" $status 2
printf -- '---\napiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: 1.25}]}\n---
apiVersion: v1\nkind: Pod\nmetadata: {name: b}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: c}
spec: {containers: [{name: c, image: ""}, {name: d, image: redis}]}\n' >"$work/odd.yaml"
run "${images[@]}" -n team -o json "$work/odd.yaml"
same "images: what cannot be read is denied" "$status $(jq -c '[(.images | length), (.denied | length)]' <<<"$out")" '1 [1,3]'
same "images: and told, each at its place" "$(sed "s|^$work/||" <<<"$err" | cut -d: -f1-4)" "odd.yaml:5:38: deny
odd.yaml:7:1: deny
odd.yaml:14:38: deny"
printf 'busybox\n' >"$work/word.yaml"
printf 'busy\001box\nredis\n' >"$work/bytes"
for file in word.yaml bytes; do
    run "${images[@]}" -n team "$work/$file"
    same "images: $file is a manifest, if a broken one" "$status" 2
done
printf 'busybox\n' >"$work/list.txt"
run "${images[@]}" -n team -o skopeo-copy "$work/list.txt"
same "images: a list in a file" "$status $out" \
    "0 skopeo copy --all docker://docker.io/library/busybox docker://ghcr.io/acme-data/busybox"
run given '{"apiVersion":"v1","kind":"Pod","spec":{"containers":[{"name":"a","image":"x"}]}}' \
    "${images[@]}" -n team -o skopeo-copy -
same "images: JSON is not a list" "$status $out" \
    "0 skopeo copy --all docker://docker.io/library/x docker://ghcr.io/acme-data/x"
marked='\xef\xbb\xbf'
run given "${marked}busybox\r\nredis" "${images[@]}" -n team -o skopeo-copy -
same "images: a list with a byte order mark" "$status $err $(awk '{print $5}' <<<"$out" | tr '\n' ' ')" \
    "0  docker://ghcr.io/acme-data/busybox docker://ghcr.io/acme-data/redis "
run given "$marked"'{"apiVersion":"v1","kind":"Pod","spec":{"containers":[{"name":"a","image":"x"}]}}' \
    "${images[@]}" -n team -o skopeo-copy -
same "images: JSON with a byte order mark is not a list" "$status $err $(awk '{print $5}' <<<"$out")" \
    "0  docker://ghcr.io/acme-data/x"
synced="airbyte/source-x:1.2\nairbyte/worker:2\nnginx\nnginx:latest\nredis:7\nredis:7@sha256:$digest\n"
synced+="redis@sha256:$digest\nquay.io/tools/a:1\nquay.io/other/b:1\nquay.io/other/b:2\n"
printf 'apiVersion: pullgate/v1\nkind: ImagePolicy\nmetadata: {name: sync}\nspec: {registry: ghcr.io/acme-data,
    mirrors: {quay.io/tools: harbor.example/tools, quay.io/other/b: harbor.example/renamed}}\n' >"$work/sync.rules.yaml"
transcript images-sync.skopeo-sync 4 given "$synced" "$POLICYCTL" images -p "$work/sync.rules.yaml" -o skopeo-sync -
cp "$work/out" "$work/sync.yaml"
if command -v skopeo >/dev/null; then
    read -r -a sync < <(sed -n '1s/^# skopeo sync //p' "$work/sync.yaml")
    (cd "$work" && skopeo sync --dry-run "${sync[@]}" 2>&1) | sed -n 's/.* to="docker:\/\/\(.*\)"/\1/p' | sort >"$work/lands"
    sed -n 's/^      - "\([^"]*\)" # \([^:@]*\).*/\1 \2/p' "$work/sync.yaml" |
        sed 's/^\(sha256:[^ ]*\) \(.*\)/\2@\1/; t; s/\(.*\) \(.*\)/\2:\1/' | sort >"$work/looks"
    check "images: skopeo sync has something to do" [ -s "$work/lands" ]
    same_file "images: skopeo sync puts it where the policy looks" "$work/lands" "$work/looks"
fi
run "${images[@]}" -n team - </dev/null
same "images: nothing" "$status $out" "0 IMAGE  FROM"

# ---- explain ---------------------------------------------------------------------------------

explain=("$POLICYCTL" explain --now 2026-11-20)
transcript explain.text 1 "${explain[@]}" -p rules.yaml many.yaml
transcript explain.json 1 "${explain[@]}" -p rules.yaml -o json many.yaml
check "explain -o json: is JSON" jq -e --slurp 'length == 7 and all(has("verdict", "rules", "images", "reasons"))' \
    "$work/out" >/dev/null
transcript explain-image.text 1 "${explain[@]}" -p ../rules/explain.yaml -n team -l app=a,tier=gold \
    --service-account runner --user jane --group dev --group ops \
    nginx quay.io/acme/tool:1 "ghcr.io/evil/x@sha256:$digest" ghcr.io/ok/app registry.example/lib/x:1 docker.io/x NGINX
run "${explain[@]}" -p ../rules/explain.yaml -n team -l app=a,tier=gold --service-account runner --user jane \
    --group ops -o json nginx
same "explain -o json: each question of a rule" "$(jq -r '[.rules[0].questions[] | "\(.what) \(.holds)"] | join(", ")' \
    "$work/out")" "namespace true, service account false, user false, groups true, labels true"
transcript explain-unmatched.text 1 "${explain[@]}" -p ../rules/explain.yaml nginx
transcript explain-update.text 1 "${explain[@]}" -p rules.yaml --operation UPDATE good.yaml many.yaml
transcript explain-expired.text 1 "$POLICYCTL" explain --now 2027-02-01 -p rules.yaml -n team quay.io/tool:1
mkdir "$work/rules"
printf '%s\n' 'apiVersion: pullgate/v1' 'kind: ImagePolicy' 'spec:' '  registry: r.example/own' \
    '  mirrors: {docker.io/x: m.example/x}' '  denied: [docker.io/x/evil]' >"$work/rules/1.yaml"
printf '%s\n' 'apiVersion: pullgate/v1' 'kind: ImagePolicy' 'spec:' '  rules: []' \
    '  exemptions: [{images: [q.example], reason: r, owner: o}]' >"$work/rules/2.yaml"
run "${explain[@]}" -p "$work/rules" m.example/x/evil nginx q.example/x
matches "explain: a denial through a mirror" "$out" \
    'denied +by "docker.io/x/evil" \([^)]*1.yaml:6\), through mirrors as docker.io/x/evil'
matches "explain: a registry is not a mirror" "$out" "denied +by no pattern \(not an image of Docker Hub: the registry is not a mirror of docker.io\)"
matches "explain: an exemption of another file" "$out" \
    'exempted +no, the exemption of [^ ]*2.yaml:5 applies only to the rules of its own file \(scope: file\)'
run "${explain[@]}" -p "$work/rules" -o json m.example/x/evil
same "explain -o json: a denial through a mirror" "$(jq -r '.images[0].denied.as' <<<"$out")" docker.io/x/evil
run "${explain[@]}" -p rules.yaml --labels a nginx
same "explain: labels that are none" "$status $err" '2 policyctl: --labels: found "a", expected key=value'
run "${explain[@]}" -p rules.yaml no-such-file.yaml
same "explain: a manifest that is not there is not an image" \
    "$status $err" "2 policyctl: cannot open no-such-file.yaml: No such file or directory"
# It is the decision that is explained: the same verdicts and images as test gives.
for verb in test explain; do
    "$POLICYCTL" $verb -o json -p rules.yaml --now 2026-11-20 many.yaml good.yaml pods.json 2>/dev/null |
        jq -c '(.objects // [.])[] | [.name, .verdict, .rule, [.images[].after], [.reasons[].message]]' >"$work/$verb"
done
same_file "explain and test agree" "$work/explain" "$work/test"
check "there are objects" [ "$(wc -l <"$work/test")" -gt 8 ]
# What "<<" merges is judged as kubectl reads it, and is where it is written.
transcript merges.text 1 "$POLICYCTL" test -p rules.yaml --now 2026-11-20 merges.yaml
transcript merges.yaml 1 "$POLICYCTL" test -p rules.yaml --now 2026-11-20 -o yaml merges.yaml
finish
