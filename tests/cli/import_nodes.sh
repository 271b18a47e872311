#!/usr/bin/env bash
# policyctl import registries beside the library of CRI-O and podman: where images are pulled from, and which are
# blocked, for every registries.conf of import/registries that it reads, but for what the notes name.
. "$(dirname "$0")/lib.sh"
: "${ORACLES:?the folder of the oracles}"
cd "$tests/cli/import/registries" || exit 1

digest=sha256:$(printf '0123456789abcdef%.0s' 1 2 3 4)
cat >"$work/images" <<END
docker.io/library/nginx:1
docker.io/org/x:1
ghcr.io/a/b:1
quay.io/org/x:1
quay.io/org:1
quay.io/organ/x:1
quay.io:443/x/y:1
registry.redhat.io/ubi8@$digest
untrusted.example/x:1
untrusted.example/team/x:1
untrusted.example:443/x:1
untrusted.example:5000/x:1
untrusted.example.org/x:1
evil.example/x:1
a.evil.example/x:1
a.b.evil.example/x:1
a.evil.example:5000/x:1
END

# IMAGE RESULT, as the oracle prints it.
ours() { # RULES
    jq -R '{apiVersion: "v1", kind: "Pod", metadata: {name: "p", namespace: "n"}, spec: {containers: [{name: "c", image: .}]}}' \
        "$work/images" | "$POLICYCTL" test -p "$1" -o json - |
        jq -r '.objects[] | "\(.images[0].before) \(if .verdict == "deny" then "denied" else .images[0].after end)"'
}

for conf in mirrors.conf aliases.conf; do
    "$POLICYCTL" import registries $conf >"$work/rules.yaml"
    ours "$work/rules.yaml" >"$work/ours"
    "$ORACLES/registries" "$PWD/$conf" <"$work/images" >"$work/theirs"
    same "$conf: images" "$(wc -l <"$work/theirs")" "$(wc -l <"$work/images")"
    same_file "$conf" "$work/ours" "$work/theirs"
done

# What the note of mirrors by digest names: tags are rewritten as well.
"$POLICYCTL" import registries mirrors.conf >"$work/rules.yaml"
echo registry.redhat.io/ubi8:1 >"$work/images"
same "a tag, ours" "$(ours "$work/rules.yaml")" "registry.redhat.io/ubi8:1 mirror.corp.example:5000/redhat/ubi8:1"
same "a tag, theirs" "$("$ORACLES/registries" "$PWD/mirrors.conf" <"$work/images")" "registry.redhat.io/ubi8:1 registry.redhat.io/ubi8:1"
finish
